"""Pictures of a lesson: shown in a notebook; in a terminal saved, and their paths said."""

import io
import pathlib
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from gan_lowlevel import system
from gan_lowlevel.course import folder
from gan_lowlevel.output import say
from gan_lowlevel.screen import in_notebook

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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


def save(picture: "Figure | Image.Image", title: str = "") -> pathlib.Path:
    """Save a figure or a picture as the next one of this lesson, and say where."""
    global _saved
    _saved += 1
    path = _place / f"figure_{_saved}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    file = io.BytesIO()
    picture.save(file, "PNG") if isinstance(picture, Image.Image) else picture.savefig(file, format="png")
    system.write_atomically(path, file.getvalue(), durable=False)
    say(f"[{title or 'picture'}: {path}]")
    return path
