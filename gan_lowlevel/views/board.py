"""The picture of a game that is played live: D over its points, the forces on G's, V and both losses, what is set.

Only what changes is drawn anew in each frame, over a background that is kept (blitting): several times as fast.
"""

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D

from gan_lowlevel import losses, plots
from gan_lowlevel.data.drawn import Law
from gan_lowlevel.loop import ExplicitLoop
from gan_lowlevel.networks import gaussian
from gan_lowlevel.views import line, plane

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE, TEXT, SMALL = 20, 14, 12  # points of print
D_COLOUR, G_COLOUR = "purple", "green"  # of the players' curves; V is D's
SIDE = 51  # points of D's surface on a side, a quarter of what pictures of a run take
REACH, FURTHEST = 0.1, 0.15  # of the side: nearly all arrows are no longer; the others are cut
NEARLY = 0.9
FADING = 0.98  # by which the scale of arrows may fall from frame to frame: forces that get smaller are seen to
SWARM = (-0.40, -0.12)  # heights between which G's numbers lie, one above the other, for their arrows
LOOKING = (0, 0, 1)  # of a game's `draw`, which decides nothing where D has no dropout
ROOM = 1.5  # by which axes grow

AXES_SCALE = {"angles": "xy", "scale_units": "xy", "scale": 1.0}  # of arrows in units of the axes

DOT = {"linestyle": "none", "marker": "o", "markersize": 8}
POINTS = [
    {"label": "real", "color": plots.REAL, **DOT},
    {"label": "fake, and where G's loss pushes it", "color": plots.FAKE, **DOT},
]


class Board:
    """What is drawn on a figure of 12.8 x 7.2 inches.

    keys: said at its foot, each with what it does. knobs: the keys of what can be set, in its order.
    """

    def __init__(
        self,
        figure: "Figure",
        loop: ExplicitLoop,
        law: Law,
        keys: tuple[tuple[str, str], ...] = (),
        knobs: tuple[str, ...] = (),
    ):
        self._canvas, self._background, self._scale = figure.canvas, None, 0.0
        self._stage = (_Strip if loop.game.data_shape == (1,) else _Square)(figure, loop, law)
        self._painted: list[Artist] = []
        ideal = losses.IDEAL_G_LOSS[loop.config.g_loss]
        of_g = (G_COLOUR, ideal, "log 2" if ideal > 0 else "−log 2")
        self._charts = [
            _Chart(figure, 0.64, {"V(D, G)": (D_COLOUR, losses.IDEAL_VALUE, "−log 4")}),
            _Chart(figure, 0.315, {"D's loss": (D_COLOUR, losses.IDEAL_D_LOSS, "log 4"), "G's loss": of_g}),
        ]
        figure.text(0.7825, 0.24, "updates of both players", fontsize=SMALL, ha="center")
        figure.text(0.05, 0.94, loop.config.model, fontsize=TITLE, fontweight="bold")
        foot = "          ".join(rf"$\bf{{{key}}}$  {act}" for key, act in keys)
        figure.text(0.5, 0.025, foot, fontsize=SMALL, ha="center")
        self._said = figure.text(0.985, 0.945, "", fontsize=TEXT, ha="right", animated=True)
        figure.text(0.635, 0.075, "\n".join(knobs), fontsize=TEXT, linespacing=1.35)
        left = 0.68 if knobs else 0.635
        self._knobs = figure.text(left, 0.075, "", fontsize=TEXT, linespacing=1.35, animated=True)
        self._median = figure.text(0.985, 0.148, "", fontsize=SMALL, ha="right", animated=True)
        self._canvas.mpl_connect("draw_event", self._keep)

    def show(
        self, real: np.ndarray, fake: np.ndarray, force: np.ndarray, curves: list[tuple], said: str, *knobs: str
    ) -> np.ndarray:
        """Draw a frame: what it shows, uint8 [height, width, 3], until the next.

        real, fake: points [n, entries]. force: -dL_G/dx of each fake's own loss. curves: updates of both players so
        far, V, D's loss and G's. said, knobs: where the game stands, and what can be set.
        """
        for artist in self._painted:
            artist.remove()
        lengths = np.linalg.norm(force, axis=1, keepdims=True)
        self._scale = max(float(np.quantile(lengths, NEARLY)), FADING * self._scale) or 1.0
        arrows = force * (REACH / self._scale) / np.maximum(lengths * (REACH / self._scale / FURTHEST), 1.0)
        self._painted = self._stage.paint(real, fake, arrows)
        for artist in self._painted:
            artist.set_animated(True)
        self._said.set_text(said)
        self._knobs.set_text("\n".join(knobs))
        self._median.set_text(f"median force {np.median(lengths):.3g}")
        columns = np.array(curves, np.float64)
        values = columns[:, 1:2], columns[:, 2:]
        grown = [chart.set(columns[:, 0], of) for chart, of in zip(self._charts, values, strict=True)]
        if any(grown) or self._background is None:
            self._canvas.draw()
        else:
            self._canvas.restore_region(self._background)
            self._draw_moving()
            self._canvas.blit(self._canvas.figure.bbox)
        return np.asarray(self._canvas.buffer_rgba())[:, :, :3]

    def _keep(self, event: object) -> None:
        """All was drawn, but for what moves: at first, in another size, or with other axes."""
        self._background = self._canvas.copy_from_bbox(self._canvas.figure.bbox)
        self._draw_moving()

    def _draw_moving(self) -> None:
        charts = [artist for chart in self._charts for artist in chart.moving]
        for artist in (*self._painted, *charts, self._said, self._knobs, self._median):
            self._canvas.figure.draw_artist(artist)


class _Square:
    """Points in the plane over D's surface."""

    def __init__(self, figure: "Figure", loop: ExplicitLoop, law: Law):
        self._loop, (low, high) = loop, law.bounds
        self._axis = np.linspace(low, high, SIDE, dtype=np.float32)
        self._axes = figure.add_axes((0.05, 0.12, 0.4275, 0.76), xlim=(low, high), ylim=(low, high), aspect="equal")
        self._axes.tick_params(labelsize=SMALL)
        self._axes.locator_params(nbins=4)
        _legend(self._axes, [*POINTS, {"label": "D = ½", "color": "black"}])
        _colours(figure, (0.4925, 0.12, 0.013, 0.76))

    def paint(self, real: np.ndarray, fake: np.ndarray, arrows: np.ndarray) -> "list[Artist]":
        """What is new of it. arrows: [n, entries], in sides of the axes."""
        d = plane.over(self._axis, self._loop, LOOKING)
        scale = 1.0 / (self._axis[-1] - self._axis[0])
        return plots.paint_surface(self._axes, self._axis, d, real, fake, arrows, scale, size=4.5)


class _Strip:
    """Numbers on a line: figure 1 of Goodfellow et al. 2014 over D's colours, and under its curves the numbers."""

    def __init__(self, figure: "Figure", loop: ExplicitLoop, law: Law):
        self._loop, self._law, (low, high) = loop, law, law.bounds
        self._axes = figure.add_axes((0.05, 0.305, 0.43, 0.575), xlim=(low, high), ylim=(SWARM[0] - 0.04, 1.1))
        self._axes.set_yticks([0.0, 0.5, 1.0])
        self._below = figure.add_axes((0.05, 0.12, 0.43, 0.13), xlim=(gaussian.LOW, gaussian.HIGH), ylim=(0, 1))
        self._below.set_yticks([0, 1], ["z", "x"])
        for axes in (self._axes, self._below):
            axes.tick_params(labelsize=SMALL)
        densities = [{**style, "label": name} for name, style in plots.DENSITIES.items()]
        _legend(self._axes, [POINTS[0], {**POINTS[1], "label": "fake"}, *densities])
        _colours(figure, (0.4925, 0.305, 0.013, 0.575))

    def paint(self, real: np.ndarray, fake: np.ndarray, arrows: np.ndarray) -> "list[Artist]":
        """What is new of it. arrows: [n, entries], in sides of the axes."""
        (low, high), (bottom, top) = self._axes.get_xlim(), self._axes.get_ylim()
        seen = line.see(self._loop, self._law, LOOKING)
        colours = {"cmap": "coolwarm", "vmin": 0, "vmax": 1, "alpha": 0.45}
        image = self._axes.imshow(seen.d[np.newaxis], extent=(low, high, bottom, top), aspect="auto", **colours)
        heights, arrows = np.linspace(*SWARM, len(fake)), arrows[:, 0] * (high - low)
        jsd = f"JSD\n{seen.measures.jsd:z.3f}\nD's bound\n{seen.measures.bound:z.3f}".replace("-", "−")
        return [
            image,
            *plots.paint_densities(self._axes, seen.x, seen.p_data, seen.p_g, seen.d, seen.best_d),
            *self._axes.plot(real[:, 0], np.full(len(real), -0.05), "|", markersize=9, color=plots.REAL),
            self._axes.quiver(fake[:, 0], heights, arrows, 0 * arrows, width=0.003, **AXES_SCALE),
            *self._axes.plot(fake[:, 0], heights, "o", markersize=4.5, color=plots.FAKE),
            self._below.text(1.03, 1.0, jsd, transform=self._below.transAxes, va="top", fontsize=SMALL),
            *plots.paint_images(self._below, seen.z, seen.g, seen.x),
        ]


class _Chart:
    """Curves over the updates of both players, each with its ideal; the axes grow as they need."""

    def __init__(self, figure: "Figure", bottom: float, curves: dict[str, tuple[str, float, str]]):
        self._axes = figure.add_axes((0.635, bottom, 0.295, 0.225))
        self._axes.tick_params(labelsize=SMALL)
        self._axes.locator_params(nbins=5)
        self._axes.grid(alpha=0.3)
        self._limits, self._curves, self.moving = None, [], []
        for i, (name, (colour, ideal, words)) in enumerate(curves.items()):
            self._axes.axhline(ideal, color=colour, linestyle="--", linewidth=1.5)
            at = {"transform": self._axes.get_yaxis_transform(), "color": colour}
            side = ("bottom", "top")[i] if len(curves) > 1 else "center"  # apart, however little room there is
            self._axes.text(1.015, ideal, words, va=side, fontsize=SMALL, **at)
            (curve,) = self._axes.plot([], [], color=colour, linewidth=2, marker="o", markevery=[-1], animated=True)
            now = figure.text(0.635 + 0.16 * i, bottom + 0.24, "", color=colour, fontsize=TEXT, animated=True)
            self._curves.append((name, curve, now))
            self.moving += [curve, now]

    def set(self, updates: np.ndarray, values: np.ndarray) -> bool:
        """Take the curves over updates [N], [N, curves]; whether the axes are others than before."""
        for (name, curve, now), column in zip(self._curves, values.T, strict=True):
            curve.set_data(updates, column)
            now.set_text(f"{name} {column[-1]:z.4f}".replace("-", "−"))
        finite = values[np.isfinite(values)]
        low, high = finite.min(initial=0.0), finite.max(initial=0.0)
        limits = 0, _room(updates[-1], 40), -_room(-low, 2) if low < 0 else 0, _room(high, 2) if high > 0 else 0
        if limits == self._limits:
            return False
        self._limits = limits
        self._axes.axis(limits)
        return True


def _room(value: float, least: float) -> float:
    """`least`, or so often ROOM times that as is at least `value`."""
    return least * ROOM ** max(0, math.ceil(math.log(max(value, least) / least, ROOM)))


def _colours(figure: "Figure", place: tuple[float, float, float, float]) -> None:
    """What D's colours say."""
    axes = figure.add_axes(place, xticks=[])
    axes.imshow(np.linspace(0, 1, 101)[:, np.newaxis], origin="lower", extent=(0, 1, 0, 1), aspect="auto",
                cmap="coolwarm", alpha=0.8, interpolation="bilinear")  # fmt: skip
    axes.yaxis.tick_right()
    axes.set_yticks([0, 0.5, 1], ["D = 0\nfake", "½", "D = 1\nreal"], fontsize=SMALL)


def _legend(axes: "Axes", entries: list[dict]) -> None:
    handles = [Line2D([], [], **entry) for entry in entries]
    where = {"loc": "lower left", "bbox_to_anchor": (-0.02, 0.99), "ncols": len(handles), "frameon": False}
    axes.legend(handles=handles, fontsize=SMALL, handletextpad=0.4, columnspacing=1.2, handlelength=1.6, **where)
