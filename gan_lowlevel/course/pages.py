"""A lesson's page: what stands in its .py, cell by cell. Imports no TensorFlow."""

import pathlib
import re
from typing import NamedTuple

import jupytext

from gan_lowlevel.course import folder

PREDICT = "**Predict, then look.**"  # how the cell begins that stands before one whose output is hidden at first


class Cell(NamedTuple):
    """One cell: text, or code."""

    kind: str  # markdown or code
    source: str
    tags: tuple[str, ...]
    line: int  # of the file, where its source begins, from 1


class Page(NamedTuple):
    """One lesson."""

    number: int
    path: pathlib.Path
    cells: list[Cell]

    @property
    def title(self) -> str:
        """Without its number."""
        return re.match(r"# \d+\. (.+)", self.cells[0].source)[1]

    @property
    def minutes(self) -> int:
        """That it takes, as its first cell says."""
        return int(re.search(r"(\d+)\s+minutes", self.cells[0].source)[1])

    @property
    def exercises(self) -> list[str]:
        """Names of the functions to write, in their order."""
        cells = [cell.source for cell in self.cells if "exercise" in cell.tags]
        return [re.search(r"^def (\w+)", source, re.MULTILINE)[1] for source in cells]


def read(number: int) -> Page:
    """A lesson. Raises Failure(FLAGS) where there is no such one."""
    path = folder.page(number)
    text = path.read_text(encoding="utf-8")
    lines = [i + 2 for i, line in enumerate(text.splitlines()) if line.startswith("# %%")]
    cells = zip(_cells(text, "py:percent"), lines, strict=True)
    return Page(number, path, [cell._replace(line=line) for cell, line in cells])


def unedited(page: Page) -> bool:
    """Whether its code is that of the notebook beside it, which differs in the cell that installs the package alone."""
    notebook = page.path.with_suffix(".ipynb")
    return notebook.is_file() and _code(page.cells) == _code(_cells(notebook.read_text(encoding="utf-8"), "ipynb"))


def _cells(text: str, form: str) -> list[Cell]:
    """As jupytext reads them, which does not say in which line each begins."""
    cells = jupytext.reads(text, fmt=form).cells
    return [Cell(cell.cell_type, cell.source, tuple(cell.metadata.get("tags", ())), line=0) for cell in cells]


def _code(cells: list[Cell]) -> list[str]:
    return [cell.source for cell in cells if cell.kind == "code" and "install" not in cell.tags]
