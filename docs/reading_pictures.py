"""The pictures of docs/reading.md: one function each, of what the page's runs left, by their names."""

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.util.tensor_util import make_ndarray

from gan_lowlevel import losses
from gan_lowlevel.course.plots import FAKE, REAL, curve, ideal
from gan_lowlevel.course.training import Seen

LOG_4, LOG_2 = -losses.IDEAL_VALUE, -losses.IDEAL_VALUE / 2
D, G, OTHER = "C0", "C1", "C2"  # colours: of D's curves, of G's, of what is neither


def picture(run: Seen, tag: str) -> Image.Image:
    """The last picture of a tag, in RGB."""
    return run.picture(tag).convert("RGB")


def tensors(run: Seen, tag: str) -> list[tuple[int, np.ndarray]]:
    """Step and values of each histogram, or precision-recall curve, of a tag."""
    return [
        (event.step, make_ndarray(value.tensor))
        for path in sorted(run.run.directory.glob("events.out.tfevents.*"))
        for event in EventFileLoader(str(path)).Load()
        for value in event.summary.value
        if value.tag == tag
    ]


def _panels(titles: list[str], height: float = 3.2, **settings: Any) -> tuple[Figure, list]:
    figure = Figure(figsize=(9, height), dpi=100, layout="constrained")
    axes = figure.subplots(1, len(titles), squeeze=False, **settings)[0]
    for one, title in zip(axes, titles, strict=True):
        one.set_title(title, fontsize=10)
        one.locator_params(axis="x", nbins=4)
        one.grid(alpha=0.3)
    return figure, list(axes)


def _legend(axes) -> None:
    axes.legend(fontsize=8, framealpha=0.8)


def _both_losses(axes, run: Seen, ideal_g: float) -> None:
    curve(axes, run, "D_loss", color=D)
    curve(axes, run, "G_loss", color=G)
    ideal(axes, LOG_4, f"ideal/D_loss {LOG_4:.4f}", color=D)
    ideal(axes, ideal_g, f"ideal/G_loss {ideal_g:.4f}", color=G)
    axes.set_ylabel("nats")
    _legend(axes)


def _losses(run: dict[str, Seen]) -> Figure:
    figure, axes = _panels(["points: both at their ideal values", "digits: D ahead, G follows"])
    for one, name in zip(axes, ("points", "digits"), strict=True):
        _both_losses(one, run[name], LOG_2)
    return figure


def _value(run: dict[str, Seen]) -> Figure:
    figure, axes = _panels(["points: V reaches −log 4", "digits: V stays above it"], sharey=True)
    for one, name in zip(axes, ("points", "digits"), strict=True):
        curve(one, run[name], "value/V", color="black")
        curve(one, run[name], "value/log_D_x", color=REAL)
        curve(one, run[name], "value/log_not_D_G_z", color=FAKE)
        ideal(one, -LOG_4, f"value/minus_log_4 {-LOG_4:.4f}")
        one.set(ylabel="nats", ylim=(-2, 0.05))
        _legend(one)
    return figure


def _chances(axes, run: Seen) -> None:
    curve(axes, run, "prob/D_x", color=REAL)
    curve(axes, run, "prob/D_G_z", color=FAKE)
    ideal(axes, 0.5, "ideal/D ½")
    axes.set_ylim(-0.02, 1.02)
    _legend(axes)


def _probabilities(run: dict[str, Seen]) -> Figure:
    figure, axes = _panels(["points: mean D", "digits: mean D", "digits: D's accuracies"], sharey=True)
    _chances(axes[0], run["points"])
    _chances(axes[1], run["digits"])
    curve(axes[2], run["digits"], "accuracy/real", color=REAL)
    curve(axes[2], run["digits"], "accuracy/fake", color=FAKE)
    ideal(axes[2], 0.5, "½")
    _legend(axes[2])
    return figure


def _bound(run: dict[str, Seen]) -> Figure:
    figure, axes = _panels(["digits: the bound on held-out digits", "digits: V on both kinds of digits"])
    curve(axes[0], run["digits"], "jsd/bound_held_out", color="black")
    ideal(axes[0], LOG_2, f"jsd/log_2 {LOG_2:.4f}, the ceiling", color=OTHER)
    ideal(axes[0], 0.0, "0, the ideal value")
    axes[0].set_ylabel("nats")
    curve(axes[1], run["digits"], "value/V_train", color="0.6")
    curve(axes[1], run["digits"], "value/V_held_out", color="black")
    ideal(axes[1], -LOG_4, "value/minus_log_4")
    for one in axes:
        _legend(one)
    return figure


def _gradients(run: dict[str, Seen]) -> Figure:
    names = ("points", "digits", "saturated")
    titles = ["points: equal", "digits: minimax weaker", "saturated: minimax gone"]
    figure, axes = _panels(titles, sharey=True)
    for one, name in zip(axes, names, strict=True):
        curve(one, run[name], "gradient/minimax", color="C3")
        curve(one, run[name], "gradient/non_saturating", color=OTHER)
        one.set_yscale("log")
        _legend(one)
    axes[0].set_ylabel("norm of ∂L_G/∂θ_G")
    return figure


def _numerics(run: dict[str, Seen]) -> Figure:
    figure, axes = _panels(["D_loss: literal ends, stable goes on", "numerics/clipped: arguments that round to 0"])
    curve(axes[0], run["stable"], "D_loss", color=D, label="stable")
    curve(axes[0], run["nan"], "D_loss", color="C3", label="nan: the last finite loss", marker=".", linewidth=2)
    last = run["nan"].columns["step"][-1] + 1
    axes[0].axvline(last, color="C3", linestyle=":", label=f"step {last:.0f}: inf, exit code 4")
    axes[0].set(yscale="log", ylabel="nats")
    curve(axes[1], run["stable"], "numerics/clipped", color=D, label="stable: would be −inf", marker=".")
    axes[1].axvline(last, color="C3", linestyle=":", label=f"step {last:.0f}")
    for one in axes:
        one.set_xlim(0, 60)
        _legend(one)
    return figure


def _quality(run: dict[str, Seen]) -> Figure:
    figure, axes = _panels(["quality/energy of points", "quality/diversity of digits"])
    curve(axes[0], run["points"], "quality/energy", color=OTHER, label="points")
    curve(axes[0], run["collapsed"], "quality/energy", color="C3", label="collapsed")
    ideal(axes[0], 0.05, "0.05, beyond it the card speaks")
    axes[0].set_yscale("log")
    curve(axes[1], run["digits"], "quality/diversity", color=OTHER, label="digits")
    curve(axes[1], run["collapsed_digits"], "quality/diversity", color="C3", label="collapsed_digits")
    ideal(axes[1], 1.0, "1, as real digits")
    axes[1].set_ylim(0, 1.3)
    for one in axes:
        _legend(one)
    return figure


def _weights(run: dict[str, Seen]) -> Figure:
    tags = ["generator/dense_2/weights", "logits/real", "logits/fake"]
    figure, axes = _panels([f"digits: {tag}" for tag in tags], height=3.4)
    for one, tag in zip(axes, tags, strict=True):
        taken = tensors(run["digits"], tag)
        for level, (_, buckets) in enumerate(reversed(taken)):  # buckets: low, high, count
            height = buckets[:, 2] / buckets[:, 2].max() * 1.8
            middle, base = buckets[:, :2].mean(axis=1), len(taken) - 1 - level
            colour = {"logits/real": REAL, "logits/fake": FAKE}.get(tag, G)
            one.fill_between(middle, base, base + height, facecolor=colour, edgecolor="white", alpha=0.8, zorder=level)
        one.set(xlabel="", yticks=[0, len(taken) - 1], yticklabels=[f"{taken[0][0]:,}", f"{taken[-1][0]:,}"])
    axes[0].set_ylabel("step")
    return figure


def _precision(run: dict[str, Seen]) -> Figure:
    titles = ["points: little above a coin's ½", "digits: D tells most", "d_too_strong: D tells all"]
    figure, axes = _panels(titles, sharey=True)
    for one, name in zip(axes, ("points", "digits", "d_too_strong"), strict=True):
        _, values = tensors(run[name], "D_as_a_classifier/pr_curves")[-1]
        *_, precision, recall = values  # [6, thresholds]
        kept = recall > 0
        one.plot(recall[kept], precision[kept], color=D, linewidth=1.5)
        ideal(one, 0.5, "½")
        one.set(xlabel="recall", xlim=(0, 1.02), ylim=(0, 1.05))
        _legend(one)
    axes[0].set_ylabel("precision")
    return figure


def _d_too_strong(run: dict[str, Seen]) -> Figure:
    figure, axes = _panels(["d_too_strong: both losses", "d_too_strong: mean D"])
    _both_losses(axes[0], run["d_too_strong"], LOG_2)
    _chances(axes[1], run["d_too_strong"])
    return figure


def _d_too_weak(run: dict[str, Seen]) -> Figure:
    figure, axes = _panels(["d_too_weak: V falls through −log 4", "d_too_weak: mean D"])
    curve(axes[0], run["d_too_weak"], "value/V", color="black")
    ideal(axes[0], -LOG_4, "value/minus_log_4")
    axes[0].set_ylabel("nats")
    _legend(axes[0])
    _chances(axes[1], run["d_too_weak"])
    return figure


def _collapsed(run: dict[str, Seen]) -> Figure:
    figure, axes = _panels(["collapsed: both losses", "collapsed: the points", "points: the points"], height=3.4)
    _both_losses(axes[0], run["collapsed"], LOG_2)
    for one, name in zip(axes[1:], ("collapsed", "points"), strict=True):
        one.imshow(picture(run[name], "samples/fake"))
        one.axis("off")
    return figure


def _saturated(run: dict[str, Seen]) -> Figure:
    figure, axes = _panels(["saturated: both losses", "saturated: mean D"])
    _both_losses(axes[0], run["saturated"], -LOG_2)
    _chances(axes[1], run["saturated"])
    return figure


def _samples(run: dict[str, Seen]) -> Figure:
    shown = {"real digits": picture(run["digits"], "samples/real")}
    names = ("digits", "d_too_strong", "saturated", "collapsed_digits")
    shown |= {name: picture(run[name], "samples/fake") for name in names}
    figure, axes = _panels(list(shown), height=2.2)
    for one, grid in zip(axes, shown.values(), strict=True):
        one.imshow(grid)
        one.axis("off")
    return figure


def _figure_one(run: dict[str, Seen]) -> Image.Image:
    return picture(run["figure_one"], "samples/fake")


def _densities(run: dict[str, Seen]) -> Figure:
    one = run["figure_one"]
    figure, axes = _panels(["figure_one: JSD, and D's bounds from below", "figure_one: what D has left to learn"])
    curve(axes[0], one, "jsd/bound_held_out", color="0.7")
    curve(axes[0], one, "jsd/quadrature", color="black")
    curve(axes[0], one, "jsd/bound_quadrature", color=D)
    axes[0].set_ylabel("nats")
    curve(axes[1], one, "density/D_off_best", color=D)
    curve(axes[1], one, "density/V_best_minus_V", color="black")
    for panel in axes:
        panel.set_yscale("symlog", linthresh=0.01)
        ideal(panel, 0.0, "0")
        _legend(panel)
    return figure


def _modes(run: dict[str, Seen]) -> Figure:
    one = run["ring"]
    figure, axes = _panels(["ring: the samples", "ring: modes found", "ring: shares"], height=3.4)
    axes[0].imshow(picture(one, "samples/fake"))
    axes[0].axis("off")
    curve(axes[1], one, "quality/modes", color=OTHER)
    ideal(axes[1], 8.0, "8")
    axes[1].set_ylim(0, 8.5)
    curve(axes[2], one, "quality/high_quality", color=OTHER)
    curve(axes[2], one, "quality/reverse_kl", color="C3")
    ideal(axes[2], 1 - np.exp(-9 / 2), "0.9889, as data", color=OTHER)
    for panel in axes[1:]:
        _legend(panel)
    return figure


def _walk_and_nearest(run: dict[str, Seen]) -> Figure:
    figure = Figure(figsize=(9, 3.2), dpi=100, layout="constrained")
    for axes, (tag, title) in zip(
        figure.subplots(1, 2, width_ratios=[1, 1.4]),
        {
            "views/walk": "a walk in each row",
            "views/nearest": "samples, and the training digit nearest to each",
        }.items(),
        strict=True,
    ):
        shown = picture(run["digits"], tag)
        if tag == "views/nearest":  # rows of eight samples over rows of eight neighbours: the first two pairs
            shown = shown.crop((0, 0, shown.width, shown.height // 4))
        axes.imshow(shown)
        axes.set_title(f"digits: {title}", fontsize=10)
        axes.axis("off")
    return figure


def _stacked(tag: str, *names: str) -> Callable[[dict[str, Seen]], Image.Image]:
    """The runs' own pictures of one tag, one above the other, each as TensorBoard shows it."""

    def stack(run: dict[str, Seen]) -> Image.Image:
        pictures = [picture(run[name], tag) for name in names]
        whole = Image.new("RGB", (pictures[0].width, sum(one.height for one in pictures)), "white")
        for i, one in enumerate(pictures):
            whole.paste(one, (0, sum(earlier.height for earlier in pictures[:i])))
        return whole

    return stack


DRAWN: dict[str, Callable[[dict[str, Seen]], Figure | Image.Image]] = {
    "losses": _losses,
    "value": _value,
    "probabilities": _probabilities,
    "bound": _bound,
    "gradients": _gradients,
    "saturation": _stacked("views/saturation", "digits", "saturated"),
    "logits": _stacked("views/logits", "points", "digits", "d_too_strong"),
    "precision": _precision,
    "numerics": _numerics,
    "quality": _quality,
    "samples": _samples,
    "walk_and_nearest": _walk_and_nearest,
    "surface": _stacked("views/surface", "points", "collapsed"),
    "weights": _weights,
    "figure_one": _figure_one,
    "densities": _densities,
    "modes": _modes,
    "d_too_strong": _d_too_strong,
    "d_too_weak": _d_too_weak,
    "collapsed": _collapsed,
    "saturated": _saturated,
}
