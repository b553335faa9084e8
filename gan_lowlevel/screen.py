"""Where a picture that moves is shown: a window, or a notebook's cell. Imports no TensorFlow."""

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from gan_lowlevel import pictures
from gan_lowlevel.errors import Exit, Failure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INCHES = (12.8, 7.2)  # at 100 pixels each, on any screen


def window(title: str) -> "tuple[Figure, Callable[[], bool]]":
    """A figure with a window of its own, not shown yet, and whether that is still open.

    Of matplotlib's toolkits the one that it finds. Raises Failure(FLAGS) where there is no toolkit or no display.
    """
    figure, why = None, ""
    try:
        import matplotlib
        from matplotlib import pyplot

        matplotlib.rcParams["toolbar"] = "None"  # what it offers is for figures that stand still
        figure = pyplot.figure(figsize=INCHES, dpi=100)
    except Exception as error:  # each toolkit has its own
        why = f": {error}"
    # Agg, the last resort, has no toolkit; nor have the backends of notebooks and browsers, whose loop is elsewhere.
    # Those on Cairo keep no background.
    canvas = figure and figure.canvas
    if canvas is None or not canvas.required_interactive_framework or not canvas.supports_blit:
        backend = os.environ.get("MPLBACKEND")
        said = f"MPLBACKEND={backend}{why}" if backend else "it finds no display, or no toolkit"
        raise Failure(
            Exit.FLAGS,
            f"--live wants a window, and matplotlib opens none here ({said}): give it a screen (over ssh: ssh -X) and "
            "a toolkit (Debian: apt-get install python3-tk; anywhere: pip install PySide6), or play in a notebook: "
            'from gan_lowlevel import live; live.play("--model=parabola", steps=500).',
        )
    canvas.manager.set_window_title(title)
    canvas.mpl_disconnect(canvas.manager.key_press_handler_id)  # its own keys, of which g draws a grid
    return figure, lambda: pyplot.fignum_exists(figure.number)


def page() -> "Figure":
    """A figure without a window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=INCHES, dpi=100)
    FigureCanvasAgg(figure)
    return figure


def in_notebook() -> bool:
    """Whether a kernel runs this, which shows what it is given; IPython on a terminal has none."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def cell() -> Callable[[np.ndarray], None]:
    """What shows a picture in the notebook's cell that runs, in the place of the one before; elsewhere nothing."""
    if not in_notebook():
        return lambda picture: None
    from IPython import display

    handle = display.DisplayHandle()
    shown = [handle.display]

    def show(picture: np.ndarray) -> None:
        shown.pop()(display.Image(pictures.png(picture)))
        shown.append(handle.update)

    return show
