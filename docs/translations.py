"""The catalogues of the pages that are translated by messages: python -m docs.translations

Takes the messages out of the pages and brings docs/locale/zh_CN up to date: new ones come in empty, those that changed
are marked fuzzy, and what is gone stands at the end. Then it says what is left to translate. The articles and the
README are not here: they are pages of their own. Wants docs/requirements.txt.
"""

import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parent.parent
LOCALE = ROOT / "docs" / "locale"
LANGUAGE = "zh_CN"
PAGES = ("index", "lessons/01_value", "lessons/04_saturation", "lessons/05_ratio", "lessons/07_best_d")


def taken(folder: pathlib.Path) -> None:
    """The messages of every page, as folder/PAGE.pot."""
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "gettext", "-D", "nb_execution_mode=off"]
    subprocess.run([*command, "-d", str(folder / "notes"), str(ROOT / "docs"), str(folder)], cwd=ROOT, check=True)


def left(path: pathlib.Path) -> list[str]:
    """The messages of a catalogue that have no translation, or one of an earlier text."""
    from babel.messages.pofile import read_po  # of docs/requirements.txt, which the tests do without

    with path.open("rb") as file:
        return [message.id for message in read_po(file) if message.id and (not message.string or message.fuzzy)]


def main() -> None:
    """The command."""
    from sphinx_intl import basic  # so too

    with tempfile.TemporaryDirectory() as scratch:
        made, wanted = pathlib.Path(scratch) / "made", pathlib.Path(scratch) / "wanted"
        taken(made)
        for page in PAGES:
            (wanted / page).parent.mkdir(parents=True, exist_ok=True)
            (made / f"{page}.pot").rename(wanted / f"{page}.pot")
        basic.update(str(LOCALE), str(wanted), (LANGUAGE,), line_width=100)
    for page in PAGES:
        path = LOCALE / LANGUAGE / "LC_MESSAGES" / f"{page}.po"
        print(f"{path.relative_to(ROOT)}: {len(left(path))} messages to translate")


if __name__ == "__main__":
    main()
