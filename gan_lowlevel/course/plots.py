"""What the lessons' own plots have in common: panels side by side, a run's curve, an ideal value."""

from typing import TYPE_CHECKING, Any

from gan_lowlevel.course.training import Seen
from gan_lowlevel.plots import FAKE, REAL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FAKE", "IDEAL", "REAL", "curve", "ideal", "panels"]

IDEAL = "0.3"  # the colour of ideal values


def panels(*titles: str, height: float = 3.2, **settings: Any) -> "list[Axes]":
    """Axes side by side, one under each title, together 7 inches wide; plt.show() shows them.

    settings: of matplotlib's Figure.subplots, such as sharey=True.
    """
    from matplotlib import pyplot

    figure = pyplot.figure(figsize=(7.0, height))
    axes = figure.subplots(1, len(titles), squeeze=False, **settings)[0]
    for one, title in zip(axes, titles, strict=True):
        one.set_title(title)
    return list(axes)


def curve(axes: "Axes", run: Seen, tag: str, **style: Any) -> None:
    """A tag of a run over its steps, labelled with its name."""
    steps, values = run.curve(tag)
    axes.plot(steps, values, **({"linewidth": 1.2, "label": tag} | style))
    axes.set_xlabel("step")
    axes.locator_params(axis="x", nbins=4)


def ideal(axes: "Axes", value: float, label: str, **style: Any) -> None:
    """A dashed line at a value that theory says."""
    axes.axhline(value, **({"color": IDEAL, "linestyle": "--", "linewidth": 1, "label": label} | style))
