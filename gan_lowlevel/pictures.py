"""Arrays to pictures: grid, PNG, GIF, curves. Imports no TensorFlow."""

import io
import math
import pathlib

import numpy as np
from PIL import Image


def to_uint8(values: np.ndarray, output_range: tuple[float, float]) -> np.ndarray:
    """Values in `output_range` to uint8 of the same shape, rounded; what lies outside is clipped, NaN is 0."""
    low, high = output_range
    unit = (np.asarray(values, np.float64) - low) / (high - low)
    return np.round(np.clip(np.nan_to_num(unit), 0.0, 1.0) * 255.0).astype(np.uint8)


def grid(images: np.ndarray, columns: int | None = None) -> np.ndarray:
    """Images uint8 [N, H, W, C] to one picture, uint8, row by row, a white line of 1 pixel between them.

    `columns`: as near a square as N allows where it is not given.
    """
    count, height, width, channels = images.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    picture = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, channels), 255, np.uint8)
    for i, image in enumerate(images):
        top, left = (i // columns) * (height + 1), (i % columns) * (width + 1)
        picture[top : top + height, left : left + width] = image
    return picture


def png(picture: np.ndarray) -> bytes:
    """A picture uint8 [H, W, C], C 1 or 3, as the bytes of a PNG file."""
    file = io.BytesIO()
    Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture).save(file, "PNG")
    return file.getvalue()


def gif(frames: list[pathlib.Path], milliseconds: int = 150, most: int = 200) -> bytes:
    """PNG files as the bytes of one animation, the last frame held for a second.

    Of more than `most` frames that many are taken, evenly, first and last among them.
    """
    if len(frames) > most:
        frames = [frames[round(i * (len(frames) - 1) / (most - 1))] for i in range(most)]
    images = []
    for frame in frames:  # a GIF has palettes; made here, they keep memory and open files few
        with Image.open(frame) as image:
            images.append(image.convert("P", palette=Image.Palette.ADAPTIVE))
    durations = [milliseconds] * (len(images) - 1) + [1000]
    file = io.BytesIO()
    images[0].save(file, "GIF", save_all=True, append_images=images[1:], duration=durations, loop=0)
    return file.getvalue()


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
    for points, color in ((real, "red"), (fake, "blue")):
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


def surface(axis: np.ndarray, values: np.ndarray, title: str) -> np.ndarray:
    """Probabilities [N, N] over the square of `axis` [N], y by rows, and their 1/2 contour: uint8 [480, 480, 3]."""
    figure, axes = _square(title, right=0.86)
    image = axes.imshow(values, origin="lower", extent=(axis[0], axis[-1], axis[0], axis[-1]), cmap="coolwarm",
                        vmin=0, vmax=1)  # fmt: skip
    if values.min() < 0.5 < values.max():  # else there is no such line, and matplotlib warns
        axes.contour(axis, axis, values, levels=[0.5], colors="black")
    figure.colorbar(image, cax=figure.add_axes((0.88, 0.23, 0.03, 0.6)))
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
    axes.plot(x, p_data, color="black", linestyle=":", linewidth=2, label="p_data")
    axes.plot(x, p_g, color="green", linewidth=1.2, label="p_g")
    axes.plot(x, d, color="blue", linestyle="--", linewidth=1.5, label="D")
    axes.plot(x, best_d, color="C1", linestyle="-.", linewidth=0.9, label="D* = p_data/(p_data + p_g)")
    axes.set_title(title, fontsize=11, y=1.1)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 0.98), ncols=4, frameon=False, fontsize=9)
    axes.set_xlabel("x = G(z)", labelpad=1)
    axes.grid(alpha=0.3)

    below = figure.add_axes((0.08, 0.1, 0.9, 0.2), xlim=(z[0], z[-1]), ylim=(0, 1), yticks=[])
    onto = z[0] + (g - x[0]) / (x[-1] - x[0]) * (z[-1] - z[0])  # x as the axis of z has it
    rows = np.tile([0.0, 1.0, np.nan], len(z))  # one broken line: faster than one each
    columns = np.stack([z, onto, np.full_like(z, np.nan)], axis=1).ravel()
    below.plot(columns, rows, color="black", linewidth=0.6)
    below.set_xlabel("z", labelpad=1)
    for side in ("left", "right"):
        below.spines[side].set_visible(False)
    return _rendered(figure)


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
    axes.grid(alpha=0.3)
    return figure, axes


def _figure(inches: tuple[float, float], **layout: str):
    from matplotlib.figure import Figure  # here, since it costs a third of a second that a run's start does not have

    return Figure(figsize=inches, dpi=100, **layout)


def _rendered(figure) -> np.ndarray:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()
