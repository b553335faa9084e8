"""A lesson read in a terminal: text, code, what the code says, where its pictures are. Imports no TensorFlow."""

import ast
import re
import sys
from typing import Any

from rich.console import Console
from rich.markdown import Markdown

from gan_lowlevel.course import figures, folder, formulas, listings, pages
from gan_lowlevel.course.pages import Cell, Page
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.output import say

WIDE = 100  # columns of text at the most


def run(page: Page) -> None:
    """Show and run a lesson cell by cell; where it asks for a prediction, a person at a terminal is waited for.

    Raises Failure(FLAGS) for an exception in a lesson that was edited; an unedited one's is a bug, and goes through.
    """
    figures.save_to(folder.LOGS / f"{page.number:02}")
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = listings.COLUMNS
    names: dict[str, Any] = {"__name__": "__main__"}
    asked = False
    for cell in page.cells:
        console.print()
        if cell.kind == "markdown":
            text = Markdown(_text(cell.source), code_theme=listings.THEME, hyperlinks=False)
            console.print(text, width=min(console.width, WIDE))
            asked = cell.source.startswith(pages.PREDICT)
            continue
        console.print(listings.listing(cell.source, indent=4))
        console.print()
        if asked and "hide-output" in cell.tags:
            _wait()
        asked = False
        try:
            _play(cell, page, names)
        except Failure:
            raise
        except Exception as error:
            if pages.unedited(page):
                raise
            raise Failure(Exit.FLAGS, f"{_place(error, cell, page)}: {type(error).__name__}: {error}") from None
    say(
        f"\nexercises  copy {page.path} to a FILE.py of your own, fill in its {len(page.exercises)} functions, and\n"
        f"           python -m gan_lowlevel.lesson {page.number} --grade=FILE.py"
    )


def _text(source: str) -> str:
    from_root = source.replace("](../../", "](").replace("](../", "](docs/")  # links, from where the command is typed
    return formulas.shown(re.sub(r"<!--.*?-->|</?\w+>", "", from_root, flags=re.DOTALL))


def _wait() -> None:
    if sys.stdin is None or not sys.stdin.isatty():
        return
    try:
        input("Enter shows what it says. ")
    except EOFError:
        say()


def _play(cell: Cell, page: Page, names: dict[str, Any]) -> None:
    """Run a cell; as in a notebook, the value of its last line is shown."""
    source = "\n" * (cell.line - 1) + cell.source  # so that a traceback says the file's own lines
    lines = ast.parse(source, str(page.path))
    last = lines.body.pop() if lines.body and isinstance(lines.body[-1], ast.Expr) else None
    exec(compile(lines, str(page.path), "exec"), names)
    if last is not None:
        value = eval(compile(ast.Expression(last.value), str(page.path), "eval"), names)
        if value is not None and not cell.source.rstrip().endswith(";"):
            say(repr(value))


def _place(error: Exception, cell: Cell, page: Page) -> str:
    """File and line where a cell broke off."""
    line, trace = cell.line, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == str(page.path):
            line = trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename == str(page.path):
        line = error.lineno or line
    return f"{page.path}, line {line}"
