"""Pictures of a lesson: shown in a notebook; in a terminal saved, and their paths said."""

import inspect
import io
import pathlib
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from gan_lowlevel import pictures, system
from gan_lowlevel.course import folder
from gan_lowlevel.output import say

THEME = "ansi_dark"  # of code in a terminal: its own colours
CODE = 124  # columns of code where there is no terminal to say how many it has

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.syntax import Syntax

STYLE = {
    "figure.figsize": (7.0, 3.5),  # 700 pixels wide
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.titlesize": 10,
    "legend.fontsize": 8,
    "legend.framealpha": 0.8,
    "image.cmap": "gray",
}

_place = folder.LOGS / "pictures"  # of what is run by itself
_saved = 0  # pictures of this process


def in_notebook() -> bool:
    """Whether a kernel runs this, which shows what it is given."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")


def save_to(place: pathlib.Path) -> None:
    """Where pictures are saved from now on, counted from 1."""
    global _place, _saved
    _place, _saved = place, 0


def prepare() -> None:
    """Have plt.show() show figures in a notebook, and save them elsewhere; set their size and style."""
    import matplotlib

    if not in_notebook():
        matplotlib.use("module://gan_lowlevel.course.backend")
    elif "inline" not in matplotlib.get_backend():
        matplotlib.use("module://matplotlib_inline.backend_inline")
    matplotlib.rcParams.update(STYLE)


def show(picture: "Figure | Image.Image | np.ndarray", title: str = "") -> None:
    """Show a figure, or a picture, also as uint8 [H, W, C]; `title` stands above it."""
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture)
    if not in_notebook():
        save(picture, title)
        return
    from IPython.display import display
    from matplotlib import pyplot

    if title:
        print(title)
    display(picture)
    if not isinstance(picture, Image.Image):
        pyplot.close(picture)  # or it would be shown once more at the cell's end


def source(thing: Any) -> None:
    """Show the package's own code of a function or a class, as it stands in its file."""
    text = inspect.getsource(thing)
    if in_notebook():
        from IPython.display import Code, display

        display(Code(text, language="python"))
        return
    from rich.console import Console

    Console(highlight=False, width=None if sys.stdout.isatty() else CODE).print(code(text, indent=2))


def code(text: str, indent: int) -> "Syntax":
    """Python as a terminal shows it, in its own colours."""
    from rich.syntax import Syntax

    return Syntax(text, "python", theme=THEME, background_color="default", padding=(0, indent), word_wrap=True)


def save(picture: Any, title: str = "") -> pathlib.Path:
    """Save a figure or a picture as the next one of this lesson, and say where."""
    global _saved
    _saved += 1
    path = _place / f"figure_{_saved}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(picture, Image.Image):
        content = pictures.png(np.atleast_3d(np.asarray(picture)))
    else:
        content = _rendered(picture)
    system.write_atomically(path, content, durable=False)
    say(f"[{title or 'picture'}: {path}]")
    return path


def _rendered(figure: "Figure") -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
