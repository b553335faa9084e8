"""Figures to pictures: curves, points, D's surface, what both losses say of each sample. Imports no TensorFlow."""

import logging
import warnings
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # it costs a third of a second that a run's start does not have
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # on a slow machine it tells of its font cache

REAL, FAKE = "red", "blue"  # of points in the plane, as the source of that game has them
DENSITIES = {  # the curves of figure 1 of Goodfellow et al. 2014
    "p_data": {"color": "black", "linestyle": ":", "linewidth": 2},
    "p_g": {"color": "green", "linewidth": 1.2},
    "D": {"color": "blue", "linestyle": "--", "linewidth": 1.5},
    "D*": {"color": "C1", "linestyle": "-.", "linewidth": 0.9, "label": "D* = p_data/(p_data + p_g)"},
}


def curves(steps: np.ndarray, series: dict[str, np.ndarray], ideals: dict[str, float], title: str) -> np.ndarray:
    """Curves over steps, with the ideal value of each as a dashed line of its colour: a picture, uint8 [450, 800, 3].

    series: values [N] by label; ideals: a value for each of the labels.
    """
    figure, axes = _axes((8, 4.5), xlabel="step", ylabel="nats", title=title)
    for i, (label, values) in enumerate(series.items()):
        marker = "." if len(values) == 1 else ""
        axes.plot(steps, values, color=f"C{i}", linewidth=1, marker=marker, label=label)
        axes.axhline(ideals[label], color=f"C{i}", linestyle="--", linewidth=1,
                     label=f"{label} at the ideal point, {ideals[label]:.4f}")  # fmt: skip
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return _rendered(figure)


def line(x: np.ndarray, y: np.ndarray, title: str) -> np.ndarray:
    """y [N] over x [N] as one line: a picture, uint8 [480, 480, 3]."""
    figure, axes = _square(title)
    axes.plot(x, y, color="C0")
    return _rendered(figure)


def scatter(
    real: np.ndarray, fake: np.ndarray, title: str, bounds: tuple[float, float] = (-1.0, 1.0), size: float = 3.0
) -> np.ndarray:
    """Points [N, 2], real red and generated blue, within `bounds` of both axes: a picture, uint8 [480, 480, 3].

    size: diameter of a point, in points of print.
    """
    figure, axes = _square(title)
    for points, color in ((real, REAL), (fake, FAKE)):
        axes.plot(points[:, 0], points[:, 1], "o", markersize=size, color=color)
    axes.set(xlim=bounds, ylim=bounds)
    return _rendered(figure)


def histogram(fake: np.ndarray, x: np.ndarray, density: np.ndarray, title: str) -> np.ndarray:
    """Numbers [N] as the green bars of a density, over x [M], rising, with the density that they should have, [M]:
    a picture, uint8 [480, 480, 3]. What lies outside of x is not shown, and counts."""
    figure, axes = _square(title)
    counts, edges = np.histogram(fake, bins=60, range=(x[0], x[-1]))
    axes.stairs(counts / (max(len(fake), 1) * np.diff(edges)), edges, fill=True, color="green", alpha=0.6)
    axes.plot(x, density, color="black", linestyle=":", linewidth=2)
    axes.set(ylabel="density", xlim=(x[0], x[-1]))
    return _rendered(figure)


def walk(paths: np.ndarray, real: np.ndarray, title: str, bounds: tuple[float, float] = (-1.0, 1.0)) -> np.ndarray:
    """Paths [n, steps, 2] in the plane, a line each from a dot to a cross, over real points [N, 2]: uint8
    [480, 480, 3]."""
    figure, axes = _square(title)
    axes.plot(real[:, 0], real[:, 1], "o", markersize=2, color=REAL, alpha=0.3)
    for i, path in enumerate(paths):
        axes.plot(path[:, 0], path[:, 1], color=f"C{i}", linewidth=1)
        axes.plot(*path[0], "o", *path[-1], "x", color=f"C{i}", markersize=5)
    axes.set(xlim=bounds, ylim=bounds)
    return _rendered(figure)


def surface(
    axis: np.ndarray,
    values: np.ndarray,
    real: np.ndarray,
    fake: np.ndarray,
    forces: dict[str, np.ndarray],
    title: str,
) -> np.ndarray:
    """D over the plane, and where it pushes G's points: a picture, uint8 [480, 480 + 400 (panels - 1), 3], a panel for
    each force.

    values: probabilities [N, N] over the square of `axis` [N], y by rows, with their 1/2 contour. real, fake: points
    [n, 2]. forces: by name of G's loss, -dL_G/dx at each fake point, [n, 2]; all panels draw arrows to one scale, so
    that a loss that saturates shows.
    """
    inches = 4.8 + 4.0 * (len(forces) - 1)
    figure = _figure((inches, 4.8))
    figure.suptitle(title, fontsize=10)
    low, high = axis[0], axis[-1]
    longest = max(float(np.hypot(*force.T).max()) for force in forces.values()) or 1.0
    scale = 6 * longest / (high - low)  # the longest arrow of all panels is a sixth of the side
    for i, (name, force) in enumerate(forces.items()):
        axes = figure.add_axes(((0.5 + 4.0 * i) / inches, 0.11, 3.5 / inches, 3.5 / 4.8), xlabel="x")
        image, *_ = paint_surface(axes, axis, values, real, fake, force, scale)
        axes.set(xlim=(low, high), ylim=(low, high))
        axes.locator_params(nbins=4)  # short labels: the margin has no room for others
        axes.set_title(name, fontsize=10)
    figure.colorbar(image, cax=figure.add_axes((1 - 0.6 / inches, 0.11, 0.12 / inches, 3.5 / 4.8)))
    return _rendered(figure)


def paint_surface(
    axes: "Axes",
    axis: np.ndarray,
    values: np.ndarray,
    real: np.ndarray,
    fake: np.ndarray,
    force: np.ndarray,
    scale: float,
    size: float = 2.0,
) -> "list[Artist]":
    """One panel of `surface`: what was painted, the image first.

    scale: of `force`, what an arrow as long as one unit of the axes stands for. size: diameter of a point, in points of
    print.
    """
    low, high = axis[0], axis[-1]
    colours = {"cmap": "coolwarm", "vmin": 0, "vmax": 1, "alpha": 0.8, "interpolation": "bilinear"}
    painted = [axes.imshow(values, origin="lower", extent=(low, high, low, high), **colours)]
    if values.min() < 0.5 < values.max():  # else there is no such line, and matplotlib warns
        painted.append(axes.contour(axis, axis, values, levels=[0.5], colors="black"))
    painted.append(axes.quiver(*fake.T, *force.T, angles="xy", scale_units="xy", scale=scale, width=0.003))
    for points, color in ((real, REAL), (fake, FAKE)):
        painted += axes.plot(points[:, 0], points[:, 1], "o", markersize=size, color=color)
    return painted


def logits(real: np.ndarray, fake: np.ndarray, title: str) -> np.ndarray:
    """D's logits [N] of real and of generated rows, as two histograms over one axis: uint8 [420, 560, 3].

    Left of 0 D says fake, right of it real; where both histograms are one, D can't tell.
    """
    figure, axes = _axes((5.6, 4.2), xlabel="D's logit: below 0 fake, above 0 real", ylabel="rows", title=title)
    both = np.concatenate([real, fake])
    both = both[np.isfinite(both)]
    low, high = (both.min(), both.max()) if both.size else (-1.0, 1.0)
    edges = np.linspace(min(low, -0.1), max(high, 0.1), 41)
    for values, label, colour in ((real, "real", REAL), (fake, "generated", FAKE)):
        axes.hist(values[np.isfinite(values)], bins=edges, color=colour, alpha=0.5, label=label)
    axes.axvline(0.0, color="black", linewidth=1, linestyle="--", label="D = ½")
    axes.legend(frameon=False)
    return _rendered(figure)


def saturation(d_fake: np.ndarray, pulls: dict[str, np.ndarray], title: str) -> np.ndarray:
    """How hard each sample pulls at its logit a, |dL_G/da|, over what D says of it: uint8 [420, 560, 3].

    d_fake: D(G(z)) [N]. pulls: by name of G's loss, [N]; `minimax` lies on the curve σ(a) = D, `non_saturating` on
    1 − σ(a) = 1 − D.
    """
    figure, axes = _axes((5.6, 4.2), xlabel="D(G(z))", ylabel="|∂L/∂a| of each sample", title=title)
    d = np.linspace(0, 1, 2)
    for i, (name, curve, formula) in enumerate((("minimax", d, "σ(a)"), ("non_saturating", 1 - d, "1 − σ(a)"))):
        axes.plot(d, curve, color=f"C{i}", linewidth=1, label=formula)
        axes.plot(d_fake, pulls[name], ".", color=f"C{i}", markersize=5, label=f"{name}, mean {pulls[name].mean():.3g}")
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.legend(frameon=False)
    return _rendered(figure)


def figure_one(
    *,
    x: np.ndarray,
    p_data: np.ndarray,
    p_g: np.ndarray,
    d: np.ndarray,
    best_d: np.ndarray,
    z: np.ndarray,
    g: np.ndarray,
    title: str,
) -> np.ndarray:
    """Figure 1 of Goodfellow et al. 2014: a picture, uint8 [480, 640, 3].

    Above, over x [N], rising: the densities of data and of G, D and the best D. Below, a line from each z [M], evenly
    spaced, to its x = G(z), `g` [M]: where the lines meet, p_g is large. What lies outside of x is cut off.
    """
    figure = _figure((6.4, 4.8))
    axes = figure.add_axes((0.08, 0.42, 0.9, 0.44), xlim=(x[0], x[-1]), ylim=(0, 1.1))
    paint_densities(axes, x, p_data, p_g, d, best_d)
    axes.set_title(title, fontsize=11, y=1.1)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 0.98), ncols=4, frameon=False, fontsize=9)
    axes.set_xlabel("x = G(z)", labelpad=1)
    axes.grid(alpha=0.3)

    below = figure.add_axes((0.08, 0.1, 0.9, 0.2), xlim=(z[0], z[-1]), ylim=(0, 1), yticks=[])
    paint_images(below, z, g, x)
    below.set_xlabel("z", labelpad=1)
    for side in ("left", "right"):
        below.spines[side].set_visible(False)
    return _rendered(figure)


def paint_densities(
    axes: "Axes", x: np.ndarray, p_data: np.ndarray, p_g: np.ndarray, d: np.ndarray, best_d: np.ndarray
) -> "list[Artist]":
    """The upper part of `figure_one`: its four curves, labelled."""
    curves = zip(DENSITIES.items(), (p_data, p_g, d, best_d), strict=True)
    return [axes.plot(x, values, **{"label": name, **style})[0] for (name, style), values in curves]


def paint_images(axes: "Axes", z: np.ndarray, g: np.ndarray, x: np.ndarray) -> "list[Artist]":
    """The lower part of `figure_one`: its lines from z to G(z), on the axis of z."""
    onto = z[0] + (g - x[0]) / (x[-1] - x[0]) * (z[-1] - z[0])  # x as the axis of z has it
    rows = np.tile([0.0, 1.0, np.nan], len(z))  # one broken line: faster than one each
    columns = np.stack([z, onto, np.full_like(z, np.nan)], axis=1).ravel()
    return axes.plot(columns, rows, color="black", linewidth=0.6)


def _axes(inches: tuple[float, float], **labels: str):
    figure = _figure(inches, layout="constrained")
    axes = figure.add_subplot(**labels)
    axes.grid(alpha=0.3)
    return figure, axes


def _square(title: str, right: float = 0.97):
    """Axes in a square picture. Their margins are fixed: to have them found takes as long as the picture itself."""
    figure = _figure((4.8, 4.8))
    width = right - 0.13
    axes = figure.add_axes((0.13, 0.53 - width / 2, width, width), xlabel="x", ylabel="y")
    axes.set_title(title, fontsize=10)
    axes.locator_params(nbins=5)  # short labels: the margin has no room for others
    axes.grid(alpha=0.3)
    return figure, axes


def _figure(inches: tuple[float, float], **layout: str):
    from matplotlib.figure import Figure  # here, since it costs a third of a second that a run's start does not have

    return Figure(figsize=inches, dpi=100, **layout)


def _rendered(figure) -> np.ndarray:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():  # on a machine that is busy matplotlib remarks that its legends take long
        warnings.simplefilter("ignore")
        canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()
