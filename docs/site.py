"""The site, in both languages: python -m docs.site OUT [--pages]

OUT is the English site, OUT/zh the Chinese one; both are served by any web server, and need no other host. The lessons
are executed, in about a quarter of an hour, and what they gave is kept in build/lessons for the other language and for
the next build: after a change of the package, remove that folder. --pages builds without executing anything. Every
warning is an error, and so is a lesson that fails. Wants docs/requirements.txt.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parent.parent
LANGUAGES = {"en": ".", "zh_CN": "zh"}  # and where each is in OUT


def build(language: str, out: pathlib.Path, pages: bool = False) -> None:
    """One language, into its folder. Raises subprocess.CalledProcessError where Sphinx finds fault."""
    made = out / LANGUAGES[language]
    notes = ROOT / "build" / "site" / language  # what Sphinx has read, for the next build
    settings = ["-D", f"language={language}"]
    if pages:
        settings += ["-D", "nb_execution_mode=off"]
    print(f"{language}: docs to {made}", flush=True)
    began = time.monotonic()
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-n", "-b", "html", "-d", str(notes)]
    try:
        subprocess.run([*command, *settings, str(ROOT / "docs"), str(made)], cwd=ROOT, check=True)
    except subprocess.CalledProcessError:
        shutil.rmtree(notes, ignore_errors=True)  # or the next build would not look at what was wrong
        raise
    print(f"{language}: built in {time.monotonic() - began:.0f} s", flush=True)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m docs.site", description=__doc__.splitlines()[0])
    parser.add_argument("out", type=pathlib.Path, metavar="OUT", help="a folder, made where it is missing")
    parser.add_argument("--pages", action="store_true", help="execute no lesson")
    typed = parser.parse_args()
    out = typed.out.absolute()
    try:
        for language in LANGUAGES:
            build(language, out, typed.pages)
    except subprocess.CalledProcessError as failed:
        return failed.returncode
    print(f"look at it: python -m http.server --bind 127.0.0.1 --directory {typed.out} 8000")
    return 0


if __name__ == "__main__":
    sys.exit(main())
