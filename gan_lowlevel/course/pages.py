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
    cells = jupytext.reads(text, fmt="py:percent").cells
    return Page(
        number,
        path,
        [
            Cell(cell.cell_type, cell.source, tuple(cell.metadata.get("tags", ())), line)
            for cell, line in zip(cells, lines, strict=True)
        ],
    )


def unedited(page: Page) -> bool:
    """Whether its code is that of the notebook beside it, which differs in the cell that installs the package alone."""
    notebook = page.path.with_suffix(".ipynb")
    if not notebook.is_file():
        return False
    others = jupytext.reads(notebook.read_text(encoding="utf-8"), fmt="ipynb").cells
    return [cell.source for cell in page.cells if cell.kind == "code" and "install" not in cell.tags] == [
        cell.source for cell in others if cell.cell_type == "code" and "install" not in cell.metadata.get("tags", ())
    ]
