"""The figures for teaching, docs/pictures/teach/*.svg, from the package's own formulas.

python -m docs.figures [FOLDER]

Letters are drawn as shapes, so that they look the same wherever a file is opened, and large enough for the last row.
The same release of matplotlib draws the same bytes.
"""

import argparse
import io
import pathlib
from collections.abc import Callable

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import FancyBboxPatch
from scipy.special import logit
from scipy.stats import norm

from gan_lowlevel import command
from gan_lowlevel.metrics import densities
from gan_lowlevel.plots import FAKE, REAL

PICTURES = pathlib.Path(__file__).parent / "pictures" / "teach"
SIZE = (12.8, 7.2)  # inches, the shape of a projector's picture
MARGINS = {"w_pad": 0.2, "h_pad": 0.15}  # inches
LARGE, SMALLEST = 24, 20  # points of type: on a screen of 2 m, 20 are 4 cm high
STYLE = {
    "font.size": LARGE,
    "axes.titlesize": LARGE,
    "axes.labelsize": LARGE,
    "xtick.labelsize": SMALLEST,
    "ytick.labelsize": SMALLEST,
    "legend.fontsize": SMALLEST,
    "lines.linewidth": 4,
    "axes.linewidth": 1.5,
    "svg.fonttype": "path",
    "svg.hashsalt": "gan_lowlevel",
}
D, G = "C0", "C1"  # colours of the players; of real and generated data those of the package's plots
LOSS_COLOURS = {"minimax": "C3", "non_saturating": "C2"}
FORMULAS = {"minimax": "log(1 − D(G(z)))", "non_saturating": "−log D(G(z))"}
MEANS = (-1.0, 1.0)  # of the two Gaussians, data and G's, with standard deviation 1
RATIOS = ((5, 1), (1, 1), (1, 2))  # d_step, g_step
UPDATES = 12  # of both players in a row of the last figure


def g_losses(a: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By name, G's loss [N] and its derivative [N] at each logit a [N] of D, in float64."""
    command.start_tensorflow()
    import tensorflow as tf

    from gan_lowlevel import losses

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        logits = tf.constant(a, tf.float64)
        found = {}
        for name, loss in losses.G_LOSSES.items():
            values = tf.map_fn(lambda one, loss=loss: loss(tf.reshape(one, [1, 1])), logits)
            found[name] = (values, tf.gradients(values, logits)[0])
        return session.run(found)


def _game() -> Figure:
    """z to G, both kinds to the same D, and V between the players."""
    figure, axes = _empty()
    _box(axes, (0.6, 5.5), (2.0, 1.0), "data", "white")
    _box(axes, (0.6, 2.9), (2.0, 1.0), "z", "white")
    _box(axes, (3.6, 2.9), (1.6, 1.0), "G", G)
    _box(axes, (7.6, 5.5), (1.6, 1.0), "D", D)
    _box(axes, (7.6, 2.9), (1.6, 1.0), "D", D)
    for start, end in (((2.6, 6.0), (7.6, 6.0)), ((2.6, 3.4), (3.6, 3.4)), ((5.2, 3.4), (7.6, 3.4)),
                       ((9.2, 6.0), (10.4, 6.0)), ((9.2, 3.4), (10.4, 3.4))):  # fmt: skip
        _arrow(axes, start, end)
    axes.text(5.1, 6.25, "x, real", ha="center", color=REAL)
    axes.text(6.4, 3.65, "G(z), fake", ha="center", color=FAKE)
    axes.text(10.5, 6.0, "D(x)", va="center", color=REAL)
    axes.text(10.5, 3.4, "D(G(z))", va="center", color=FAKE)
    axes.plot([8.4, 8.4], [3.9, 5.5], color=D, linestyle=":")
    axes.text(8.6, 4.7, "one D, the same weights", va="center", fontsize=SMALLEST, color=D)
    axes.text(3.7, 1.85, "V(D, G)  =", ha="right", va="center")
    axes.text(5.3, 1.85, "mean log D(x)", ha="center", va="center", color=REAL)
    axes.text(6.95, 1.85, "+", ha="center", va="center")
    axes.text(9.2, 1.85, "mean log(1 − D(G(z)))", ha="center", va="center", color=FAKE)
    axes.text(3.4, 0.7, "D wants V high", ha="center", va="center", color=D, weight="bold")
    axes.text(9.4, 0.7, "G wants V low", ha="center", va="center", color=G, weight="bold")
    return figure


def _losses() -> Figure:
    """Both losses of G against D's logit, and their slopes."""
    a = np.linspace(-6, 6, 241)
    found = g_losses(a)
    figure = Figure(figsize=SIZE, layout=ConstrainedLayoutEngine(**MARGINS))
    left, right = figure.subplots(1, 2)
    for name, (values, slopes) in found.items():
        left.plot(a, values, color=LOSS_COLOURS[name], label=FORMULAS[name])
        right.plot(a, np.abs(slopes), color=LOSS_COLOURS[name])
    left.set(title="G's loss, nats", ylim=(-6.3, 6.3))
    right.set(title="how hard it pulls, |∂L/∂a|", ylim=(-0.03, 1.03))
    for axes in (left, right):
        axes.axvline(0, color="0.6", linewidth=1.5, linestyle="--", zorder=0)
        axes.set(xlabel="D's logit a: below 0 D rejects G(z)", xticks=[-6, -3, 0, 3, 6], xlim=(-6, 6))
        axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def _best_d() -> Figure:
    """D* of two Gaussians, with what V and the divergence are there."""
    edges = np.linspace(-12, 12, 2401)
    p_data, p_g = (densities.masses(norm(mean).cdf, edges) for mean in MEANS)
    x = np.linspace(-5, 5, 401)
    laws = [norm(mean).pdf(x) for mean in MEANS]
    figure, axes = _axes("x", "")
    axes.fill_between(x, laws[0], color=REAL, alpha=0.35, label="p_data")
    axes.fill_between(x, laws[1], color=FAKE, alpha=0.35, label="p_g")
    axes.plot(x, densities.best_d(*laws), color=D, label="D* = p_data / (p_data + p_g)")
    axes.axhline(0.5, color="0.6", linewidth=1.5, linestyle="--", zorder=0)
    best = densities.best_value(p_data, p_g)
    axes.set_title(_signed(f"V(D*, G) = {best:.2f} = −log 4 + 2 JSD, with JSD = {(best + np.log(4)) / 2:.2f}"))
    axes.set(xlim=(-5, 5), ylim=(0, 1.03))
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def _saturation() -> Figure:
    """The pull of both losses where D is almost sure."""
    d = np.logspace(-4, np.log10(0.9), 120)
    found = {name: np.abs(slopes) for name, (_, slopes) in g_losses(logit(d)).items()}
    figure, axes = _axes("D(G(z)): how real G's sample looks to D", "|∂L/∂a|")
    for name, pulls in found.items():
        axes.loglog(d, pulls, color=LOSS_COLOURS[name], label=FORMULAS[name])
    at = np.argmin(np.abs(d - 0.001))
    axes.annotate("", (d[at], found["minimax"][at]), (d[at], found["non_saturating"][at]),
                  arrowprops={"arrowstyle": "<->", "linewidth": 2})  # fmt: skip
    times = found["non_saturating"][at] / found["minimax"][at]
    axes.text(d[at] * 1.15, 0.03, f"{float(f'{times:.1g}'):,.0f} times weaker")
    axes.axvline(0.5, color="0.6", linewidth=1.5, linestyle="--", zorder=0)
    axes.set_title("where D sees through G, the minimax loss hardly pulls")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def _ratio() -> Figure:
    """Who moves when: the updates of some steps, a row for each ratio."""
    figure, axes = _empty()
    for row, (d_step, g_step) in enumerate(RATIOS):
        moves, y = order(d_step, g_step), 5.2 - 2.0 * row
        axes.text(0.1, y + 0.4, f"{d_step} : {g_step}", va="center", weight="bold")
        for i, player in enumerate(moves):
            _box(axes, (1.6 + 0.9 * i, y), (0.8, 0.8), player, {"D": D, "G": G}[player])
        length = d_step + g_step
        for step in range(UPDATES // length):
            left = 1.6 + 0.9 * length * step
            axes.plot([left, left + 0.9 * length - 0.1], [y - 0.2] * 2, color="black", linewidth=2)
        axes.text(1.6 + (0.9 * length - 0.1) / 2, y - 0.62, "a step", ha="center", fontsize=SMALLEST)
    axes.text(0.1, 6.6, "d_step : g_step, the order of updates", va="center")
    return figure


def order(d_step: int, g_step: int) -> list[str]:
    """Whose updates come one after the other, "D" or "G", over whole steps; as many as UPDATES holds."""
    step = ["D"] * d_step + ["G"] * g_step
    return step * (UPDATES // len(step))


DRAWN: dict[str, Callable[[], Figure]] = {
    "game": _game,
    "losses": _losses,
    "best_d": _best_d,
    "saturation": _saturation,
    "ratio": _ratio,
}


def drawn(name: str) -> Figure:
    """One of them."""
    with matplotlib.rc_context(STYLE):
        return DRAWN[name]()


def svg(figure: Figure) -> bytes:
    """As a file, without the date."""
    file = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def _axes(x: str, y: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=SIZE, layout=ConstrainedLayoutEngine(**MARGINS))
    axes = figure.add_subplot(xlabel=x, ylabel=y)
    axes.grid(alpha=0.3)
    return figure, axes


def _empty() -> tuple[Figure, Axes]:
    """A sheet without axes, in inches."""
    figure = Figure(figsize=SIZE)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, SIZE[0]), ylim=(0, SIZE[1]))
    axes.axis("off")
    return figure, axes


def _box(axes: Axes, corner: tuple[float, float], size: tuple[float, float], text: str, colour: str) -> None:
    shape = FancyBboxPatch(corner, *size, boxstyle="round,pad=0,rounding_size=0.12", facecolor=colour, linewidth=2)
    axes.add_patch(shape)
    middle = (corner[0] + size[0] / 2, corner[1] + size[1] / 2)
    axes.text(*middle, text, ha="center", va="center", color="black" if colour == "white" else "white", weight="bold")


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "linewidth": 3, "color": "black",
                                              "mutation_scale": 25, "shrinkA": 0, "shrinkB": 0})  # fmt: skip


def _signed(text: str) -> str:
    """With the minus sign of mathematics."""
    return text.replace("-", "−")


def main() -> None:
    """Draw all of them into the folder."""
    parser = argparse.ArgumentParser(prog="python -m docs.figures", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=PICTURES, metavar="FOLDER", help="of the files")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in DRAWN:
        (folder / f"{name}.svg").write_bytes(svg(drawn(name)))
    print(f"{', '.join(f'{name}.svg' for name in DRAWN)} are in {folder}")


if __name__ == "__main__":
    main()
