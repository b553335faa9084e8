"""The pages of the project as text, and what stands on them: commands, links, blocks, tables."""

import ast
import collections
import pathlib
import re
from typing import NamedTuple

from gan_lowlevel.course import folder
from gan_lowlevel.course import pages as lessons

ROOT = pathlib.Path(__file__).parent.parent
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))
}
LESSONS = {number: "\n\n".join(cell.source for cell in lessons.read(number).cells) for number in folder.pages()}
PROGRAMS = ("python -m", "pip", "tensorboard", "docker", "curl")  # of which a sentence may show a line


def commands() -> list[str]:
    """Every use of a command of the package on any page and in any lesson, in blocks and in sentences."""
    texts = (*PAGES.values(), *LESSONS.values())
    found = {one for text in texts for one in re.findall(r"python -m gan_lowlevel\.[^`\n]*", text)}
    return sorted(one.rstrip() for one in found)


def typed() -> list[str]:
    """Every other command for a shell, those that `&&` joins apart: lines of blocks, and code in sentences."""
    found: set[str] = set()
    for text in (*PAGES.values(), *LESSONS.values()):
        for block in re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            found |= set(block.splitlines())
        code = re.findall(r"`([^`\n]+)`", "".join(prose(text)))
        found |= {line for line in code if line.startswith(tuple(f"{program} " for program in PROGRAMS))}
    parts = {part for line in found for part in re.split(r"\s*&&\s*", line) if part}
    return sorted(part for part in parts if not part.startswith("python -m gan_lowlevel."))


def links() -> list[tuple[str, str]]:
    """Every (page, target within the project); what stands in blocks is code."""
    return sorted(
        {
            (page, target)
            for page, text in PAGES.items()
            for target in re.findall(r"\]\(([^):]+)\)", "".join(prose(text)))
        }
    )


def blocks(text: str) -> list[str]:
    """The fenced blocks, with the language that they name, and the indented ones."""
    fenced = re.findall(r"^```.*?^```", text, re.DOTALL | re.MULTILINE)
    return fenced + re.findall(r"^ {4}\S.*$", "".join(prose(text)), re.MULTILINE)


def prose(text: str) -> list[str]:
    """What stands between the fenced blocks."""
    return re.split(r"^```.*?^```", text, flags=re.DOTALL | re.MULTILINE)


def rows(text: str) -> list[str]:
    """The rows of all tables, in their order."""
    return re.findall(r"^\|.*\|$", "".join(prose(text)), re.MULTILINE)


def sections(text: str) -> list[str]:
    """The text from each heading to the next, whatever their levels; first what comes before any."""
    marked = re.sub(
        r"^```.*?^```", lambda block: block[0].replace("\n#", "\n\\#"), text, flags=re.DOTALL | re.MULTILINE
    )
    return re.split(r"^(?=#+ )", marked, flags=re.MULTILINE)


class Facts(NamedTuple):
    """What a translation must not change, as often as it comes."""

    numbers: collections.Counter
    names: collections.Counter  # code within the lines: commands, flags, files
    targets: collections.Counter  # of links and pictures, without the folder


def facts(text: str) -> Facts:
    """Those of a piece of prose, or of a row. Numbers are what has digits, with their sign; not those in code."""
    outside = re.sub(r"`[^`\n]*`|\]\([^)]*\)", " ", "".join(prose(text)))
    return Facts(
        numbers=collections.Counter(re.findall(r"[-−]?\d+(?:[.,]\d+)*", outside)),
        names=collections.Counter(re.findall(r"`([^`\n]+)`", "".join(prose(text)))),
        targets=collections.Counter(
            re.sub(r".*/", "", one) for one in re.findall(r"\]\(([^)#]+)", "".join(prose(text)))
        ),
    )


def messages(po: str) -> dict[str, str]:
    """The text of a .po file: translations by their original; without its header."""
    found = re.findall(r'^msgid ((?:".*"\n)+)msgstr ((?:".*"\n)+)', po + "\n", re.MULTILINE)
    texts = [["".join(map(ast.literal_eval, part.split("\n")[:-1])) for part in pair] for pair in found]
    return {original: translation for original, translation in texts if original}


def anchors(text: str) -> set[str]:
    """What a link within the page may name: its headings, as GitHub writes them."""
    headings = re.findall(r"^#+ (.*)$", "".join(prose(text)), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
