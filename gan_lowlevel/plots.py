"""Figures to pictures: curves, points, D's surface, what both losses say of each sample. Imports no TensorFlow."""

import numpy as np

REAL, FAKE = "red", "blue"  # of points in the plane, as the source of that game has them


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
    figure, axes = _axes((4.8, 4.8), xlabel="x", ylabel="y", title=title)
    axes.plot(x, y, color="C0")
    return _rendered(figure)


def scatter(real: np.ndarray, fake: np.ndarray, title: str, reach: float = 1.0) -> np.ndarray:
    """Points [N, 2], real red and generated blue, in [-reach, reach]²: a picture, uint8 [480, 480, 3]."""
    figure, axes = _axes((4.8, 4.8), xlabel="x", ylabel="y", title=title)
    axes.scatter(real[:, 0], real[:, 1], s=9, color=REAL)
    axes.scatter(fake[:, 0], fake[:, 1], s=9, color=FAKE)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach))
    return _rendered(figure)


def walk(paths: np.ndarray, real: np.ndarray, title: str, reach: float = 1.0) -> np.ndarray:
    """Paths [n, steps, 2] in the plane, a line each from a dot to a cross, over real points [N, 2]: uint8
    [480, 480, 3]."""
    figure, axes = _axes((4.8, 4.8), xlabel="x", ylabel="y", title=title)
    axes.scatter(real[:, 0], real[:, 1], s=4, color=REAL, alpha=0.3)
    for i, path in enumerate(paths):
        axes.plot(path[:, 0], path[:, 1], color=f"C{i}", linewidth=1)
        axes.plot(*path[0], "o", *path[-1], "x", color=f"C{i}", markersize=5)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach))
    return _rendered(figure)


def surface(
    axis: np.ndarray,
    values: np.ndarray,
    real: np.ndarray,
    fake: np.ndarray,
    forces: dict[str, np.ndarray],
    title: str,
) -> np.ndarray:
    """D over the plane, and where it pushes G's points: a picture, uint8 [480, 480 panels, 3], a panel for each force.

    values: probabilities [N, N] over the square of `axis` [N], y by rows, with their 1/2 contour. real, fake: points
    [n, 2]. forces: by name of G's loss, -dL_G/dx at each fake point, [n, 2]; all panels draw arrows to one scale, so
    that a loss that saturates shows.
    """
    figure = _figure((4.8 * len(forces), 4.8), title)
    low, high = axis[0], axis[-1]
    longest = max(float(np.hypot(*force.T).max()) for force in forces.values()) or 1.0
    panels = figure.subplots(1, len(forces), squeeze=False)[0]
    for axes, (name, force) in zip(panels, forces.items(), strict=True):
        image = axes.imshow(
            values, origin="lower", extent=(low, high, low, high), cmap="coolwarm", vmin=0, vmax=1, alpha=0.8
        )
        if values.min() < 0.5 < values.max():  # else there is no such line, and matplotlib warns
            axes.contour(axis, axis, values, levels=[0.5], colors="black")
        axes.scatter(real[:, 0], real[:, 1], s=4, color=REAL)
        axes.scatter(fake[:, 0], fake[:, 1], s=4, color=FAKE)
        # The longest arrow of all panels is a sixth of the side.
        scale = 6 * longest / (high - low)
        axes.quiver(*fake.T, *force.T, angles="xy", scale_units="xy", scale=scale, width=0.003)
        axes.set(xlim=(low, high), ylim=(low, high), xlabel="x", ylabel="y", title=name)
    figure.colorbar(image, ax=panels, shrink=0.7, label="D")
    return _rendered(figure)


def logits(real: np.ndarray, fake: np.ndarray, title: str) -> np.ndarray:
    """D's logits [N] of real and of generated rows, as two histograms over one axis: uint8 [450, 800, 3].

    Left of 0 D says fake, right of it real; where both histograms are one, D can't tell.
    """
    figure, axes = _axes((8, 4.5), xlabel="D's logit: below 0 fake, above 0 real", ylabel="rows", title=title)
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
    """How hard each sample pulls at its logit a, |dL_G/da|, over what D says of it: uint8 [450, 800, 3].

    d_fake: D(G(z)) [N]. pulls: by name of G's loss, [N]; `minimax` lies on the curve σ(a) = D, `non_saturating` on
    1 − σ(a) = 1 − D.
    """
    figure, axes = _axes((8, 4.5), xlabel="D(G(z))", ylabel="|∂L/∂a| of each sample", title=title)
    d = np.linspace(0, 1, 2)
    for i, (name, curve, formula) in enumerate((("minimax", d, "σ(a)"), ("non_saturating", 1 - d, "1 − σ(a)"))):
        axes.plot(d, curve, color=f"C{i}", linewidth=1, label=formula)
        axes.plot(d_fake, pulls[name], ".", color=f"C{i}", markersize=5, label=f"{name}, mean {pulls[name].mean():.3g}")
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.legend(frameon=False)
    return _rendered(figure)


def _axes(inches: tuple[float, float], title: str, **labels: str):
    figure = _figure(inches, "")
    axes = figure.add_subplot(title=title, **labels)
    axes.grid(alpha=0.3)
    return figure, axes


def _figure(inches: tuple[float, float], title: str):
    from matplotlib.figure import Figure  # here, since it costs a third of a second that a run's start does not have

    figure = Figure(figsize=inches, dpi=100, layout="constrained")
    if title:
        figure.suptitle(title)
    return figure


def _rendered(figure) -> np.ndarray:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()
