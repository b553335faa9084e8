"""Code as a lesson shows it: highlighted, in a notebook or in a terminal."""

import inspect
import sys
from typing import TYPE_CHECKING, Any

from gan_lowlevel.screen import in_notebook

if TYPE_CHECKING:
    from rich.syntax import Syntax

THEME = "ansi_dark"  # of code in a terminal: its own colours
COLUMNS = 124  # of code where there is no terminal to say how many it has


def source(thing: Any) -> None:
    """Show the package's own code of a function or a class, as it stands in its file."""
    text = inspect.getsource(thing)
    if in_notebook():
        from IPython.display import Code, display

        display(Code(text, language="python"))
        return
    from rich.console import Console

    Console(highlight=False, width=None if sys.stdout.isatty() else COLUMNS).print(listing(text, indent=2))


def listing(text: str, indent: int) -> "Syntax":
    """Python as a terminal shows it, in its own colours."""
    from rich.syntax import Syntax

    return Syntax(text, "python", theme=THEME, background_color="default", padding=(0, indent), word_wrap=True)
