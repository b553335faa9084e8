"""The runs and the pictures of docs/reading.md, from the commands that stand there.

python -m docs.reading [FOLDER]

Trains every run that the page names, one after the other, in a temporary folder or in FOLDER, where runs that are there
already are taken as they are. Draws docs/pictures/reading/, writes results/reading.json (seconds, exit codes, last
figures, what the card says) and prints the lines of it that the page must have.
"""

import argparse
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import time
from typing import Any

from gan_lowlevel import runs
from gan_lowlevel.commandline import read_config

ROOT = pathlib.Path(__file__).parent.parent
PAGE = ROOT / "docs" / "reading.md"
PICTURES = ROOT / "docs" / "pictures" / "reading"
RESULTS = ROOT / "results" / "reading.json"


def commands(page: str) -> dict[str, str]:
    """The page's training commands by their --run_name; one to a line, in blocks."""
    found = re.findall(r"^(python -m gan_lowlevel\.main .*--run_name=(\w+).*)$", page, re.MULTILINE)
    return {name: command for command, name in found}


def trained(command: str, logdir: pathlib.Path) -> dict[str, Any]:
    """Run one command to its end, or take what it left before: its seconds, exit code, figures and remarks."""
    from gan_lowlevel import cards  # and TensorFlow, once the flags are read

    module, *flags = shlex.split(command)[2:]
    config = read_config(flags)
    notes = logdir / f"{config.run_name}.json"
    if notes.exists():
        return json.loads(notes.read_text())
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", module, *flags, f"--logdir={logdir}"], cwd=ROOT, capture_output=True, text=True
    )
    seconds = time.perf_counter() - began
    figures = cards.recent(runs.read_columns(runs.Run(logdir / config.run_name).metrics))
    figures = {name: float(f"{figure:.6g}") for name, figure in figures.items()}
    found = {
        "command": command,
        "seconds": round(seconds),
        "exit": done.returncode,
        "error": done.stderr.strip().splitlines()[-1] if done.returncode else "",
        "says": [remark.finding for remark in cards.remarks(config, figures)],
        "figures": figures,
    }
    notes.write_text(json.dumps(found))
    return found


def table(found: dict[str, dict[str, Any]]) -> str:
    """The page's table of runs."""
    lines = ["| run | seconds | exit code | V | D(x) | D(G(z)) | G_loss |", "|---|---|---|---|---|---|---|"]
    for name, one in found.items():
        cells = (
            f"{one['figures'][tag]:.2f}".replace("-", "−") for tag in ("value/V", "prob/D_x", "prob/D_G_z", "G_loss")
        )
        lines.append(f"| `{name}` | {one['seconds']} | {one['exit']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def quoted(one: dict[str, Any]) -> list[str]:
    """What a run says, as the page quotes it: what the card finds, of a run that failed the error."""
    return [f"> {one['error']}"] if one["error"] else [f"> - {finding}" for finding in one["says"]]


def make(logdir: pathlib.Path) -> None:
    """Train, draw, write, print."""
    from docs.drawing import png
    from docs.reading_pictures import DRAWN
    from gan_lowlevel.course.training import Seen

    found = {}
    for name, command in commands(PAGE.read_text(encoding="utf-8")).items():
        found[name] = trained(command, logdir)
        print(f"{name}: {found[name]['seconds']} s, exit code {found[name]['exit']}", flush=True)
    RESULTS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    run = {}
    for name, one in found.items():
        left = runs.Run(logdir / name)
        run[name] = Seen(left, runs.read_columns(left.metrics), one["exit"], one["error"])
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, draw in DRAWN.items():
        (PICTURES / f"{name}.png").write_bytes(png(draw(run)))
    print(table(found))
    for name, one in found.items():
        print(f"\n{name}", *quoted(one), sep="\n")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m docs.reading", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=pathlib.Path, metavar="FOLDER", help="of the runs, which are kept")
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as scratch:
        make(folder.absolute() if folder else pathlib.Path(scratch))


if __name__ == "__main__":
    main()
