"""Empty figures for the page's pictures."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure


def panels(titles: list[str], height: float = 3.6, **settings: Any) -> tuple[Figure, list[Axes]]:
    """Axes side by side under their titles; `settings` are those of Figure.subplots."""
    drawn = Figure(figsize=(9, height), dpi=100, layout="constrained")
    axes = drawn.subplots(1, len(titles), squeeze=False, **settings)[0]
    for one, title in zip(axes, titles, strict=True):
        one.set_title(title, fontsize=11)
        one.grid(alpha=0.3)
    return drawn, list(axes)
