"""What somebody hands in, a .py or a notebook: its functions, without running what else it does."""

import ast
import pathlib
import re
import textwrap
import warnings
from typing import NamedTuple

import jupytext

from gan_lowlevel.errors import Exit, Failure, one_line

LARGEST = 10**7  # bytes; a notebook carries its pictures
_RUNS = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)


class HandedIn(NamedTuple):
    """The parts of a file that its functions need."""

    statements: list[ast.stmt]  # imports, functions, classes, and names given to what calls nothing
    broken: dict[str, str]  # functions in a cell that is no Python, by name: why

    @property
    def functions(self) -> set[str]:
        """The names of those that can be called."""
        return {statement.name for statement in self.statements if isinstance(statement, ast.FunctionDef)}


def read(path: pathlib.Path) -> HandedIn:
    """Raises Failure(DATA) for what is no file, no notebook and no text; runs nothing."""
    statements: list[ast.stmt] = []
    broken: dict[str, str] = {}
    for source in _cells(path):
        source = "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in source.split("\n"))
        source = textwrap.dedent(source)  # what is copied from a terminal is indented
        try:
            statements += [statement for statement in ast.parse(source).body if _kept(statement)]
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            said = f"{error.msg}, line {error.lineno} of it" if isinstance(error, SyntaxError) else str(error)
            names = re.findall(r"^def\s+(\w+)", source, re.MULTILINE)
            broken |= dict.fromkeys(names, f"no Python: {said}")
    return HandedIn(statements, broken)


def _cells(path: pathlib.Path) -> list[str]:
    """The code of each cell."""
    notebook = path.suffix.lower() == ".ipynb"
    try:
        if not path.is_file():
            raise Failure(Exit.DATA, f"{path} is no file: give the .py or the .ipynb with the exercises.")
        with open(path, "rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise Failure(Exit.DATA, f"{path} has more than {LARGEST:,} bytes: give the exercises without outputs.")
        with warnings.catch_warnings(action="ignore"):  # of old kinds of notebooks
            cells = jupytext.reads(content.decode("utf-8-sig"), fmt="ipynb" if notebook else "py:percent").cells
        return [cell.source for cell in cells if cell.cell_type == "code"]
    except Failure:
        raise
    except OSError as error:
        raise Failure(Exit.DATA, f"{path} can't be read: {error.strerror}.") from None
    except Exception as error:  # of a damaged notebook the reader raises many kinds
        kind = "notebook" if notebook else "text in UTF-8"
        raise Failure(Exit.DATA, f"{path} can't be read as {kind}: {one_line(str(error))[:200]}.") from None


def _kept(statement: ast.stmt) -> bool:
    if isinstance(statement, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)):
        return True
    if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
        return not any(isinstance(node, _RUNS) for node in ast.walk(statement.value))
    return False
