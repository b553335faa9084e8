"""The runs and the pictures of docs/reading.md, from the commands that stand there.

python -m docs.reading [FOLDER]

Trains every run that the page names, one after the other, in a temporary folder or in FOLDER, where runs that are there
already are taken as they are. Draws docs/pictures/reading/, writes results/reading.json (seconds, exit codes, last
figures, what the card says) and prints the lines of it that the page must have.
"""

import io
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.util.tensor_util import make_ndarray

from docs.drawing import png
from gan_lowlevel import cards, losses, runs
from gan_lowlevel.commandline import read_config
from gan_lowlevel.plots import FAKE, REAL

ROOT = pathlib.Path(__file__).parent.parent
PAGE = ROOT / "docs" / "reading.md"
PICTURES = ROOT / "docs" / "pictures" / "reading"
RESULTS = ROOT / "results" / "reading.json"

LOG_4, LOG_2 = -losses.IDEAL_VALUE, -losses.IDEAL_VALUE / 2
D, G, IDEAL, OTHER = "C0", "C1", "0.3", "C2"  # colours: of D's curves, of G's, of ideal values, of what is neither


class Seen(NamedTuple):
    """What one run left."""

    columns: dict[str, np.ndarray]  # of metrics.csv
    pictures: dict[str, Image.Image]  # the last of each tag
    tensors: dict[str, list[tuple[int, np.ndarray]]]  # histograms and PR curves by tag: step, values


def commands(page: str) -> dict[str, str]:
    """The page's training commands by their --run_name; one to a line, in blocks."""
    found = re.findall(r"^(python -m gan_lowlevel\.main .*--run_name=(\w+).*)$", page, re.MULTILINE)
    return {name: command for command, name in found}


def trained(command: str, logdir: pathlib.Path) -> dict[str, Any]:
    """Run one command to its end, or take what it left before: its seconds, exit code, figures and remarks."""
    module, *flags = shlex.split(command)[2:]
    config = read_config(flags)
    notes = logdir / f"{config.run_name}.json"
    if notes.exists():
        return json.loads(notes.read_text())
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", module, *flags, f"--logdir={logdir}"], cwd=ROOT, capture_output=True, text=True
    )
    seconds = time.perf_counter() - began
    figures = cards.recent(runs.read_columns(runs.Run(logdir / config.run_name).metrics))
    figures = {name: float(f"{figure:.6g}") for name, figure in figures.items()}
    found = {
        "command": command,
        "seconds": round(seconds),
        "exit": done.returncode,
        "error": done.stderr.strip().splitlines()[-1] if done.returncode else "",
        "says": [remark.finding for remark in cards.remarks(config, figures)],
        "figures": figures,
    }
    notes.write_text(json.dumps(found))
    return found


def seen(run: runs.Run) -> Seen:
    """Read what a run left."""
    images, tensors, plugins = {}, {}, {}
    for path in sorted(run.directory.glob("events.out.tfevents.*")):
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                plugin = plugins.setdefault(value.tag, value.metadata.plugin_data.plugin_name)  # only the first has it
                if plugin == "images":
                    images[value.tag] = make_ndarray(value.tensor)[-1]  # width, height, PNG
                elif plugin in ("histograms", "pr_curves"):
                    tensors.setdefault(value.tag, []).append((event.step, make_ndarray(value.tensor)))
    opened = {tag: Image.open(io.BytesIO(png)).convert("RGB") for tag, png in images.items()}
    return Seen(runs.read_columns(run.metrics), opened, tensors)


def table(found: dict[str, dict[str, Any]]) -> str:
    """The page's table of runs."""
    lines = ["| run | seconds | exit code | V | D(x) | D(G(z)) | G_loss |", "|---|---|---|---|---|---|---|"]
    for name, one in found.items():
        cells = (
            f"{one['figures'][tag]:.2f}".replace("-", "−") for tag in ("value/V", "prob/D_x", "prob/D_G_z", "G_loss")
        )
        lines.append(f"| `{name}` | {one['seconds']} | {one['exit']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def quoted(one: dict[str, Any]) -> list[str]:
    """What a run says, as the page quotes it: what the card finds, of a run that failed the error."""
    return [f"> {one['error']}"] if one["error"] else [f"> - {finding}" for finding in one["says"]]


# The pictures: one function each, of all runs by name.


def _panels(titles: list[str], height: float = 3.2, **settings: Any) -> tuple[Figure, list]:
    figure = Figure(figsize=(9, height), dpi=100, layout="constrained")
    axes = figure.subplots(1, len(titles), squeeze=False, **settings)[0]
    for one, title in zip(axes, titles, strict=True):
        one.set_title(title, fontsize=10)
        one.set_xlabel("step")
        one.locator_params(axis="x", nbins=4)
        one.grid(alpha=0.3)
    return figure, list(axes)


def _curve(axes, run: Seen, tag: str, **style: Any) -> None:
    known = np.isfinite(run.columns[tag])
    style = {"linewidth": 1.2, "label": tag} | style
    axes.plot(run.columns["step"][known], run.columns[tag][known], **style)


def _ideal(axes, value: float, label: str, **style: Any) -> None:
    axes.axhline(value, **({"color": IDEAL, "linestyle": "--", "linewidth": 1, "label": label} | style))


def _legend(axes) -> None:
    axes.legend(fontsize=8, framealpha=0.8)


def _both_losses(axes, run: Seen, ideal_g: float) -> None:
    _curve(axes, run, "D_loss", color=D)
    _curve(axes, run, "G_loss", color=G)
    _ideal(axes, LOG_4, f"ideal/D_loss {LOG_4:.4f}", color=D)
    _ideal(axes, ideal_g, f"ideal/G_loss {ideal_g:.4f}", color=G)
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
        _curve(one, run[name], "value/V", color="black")
        _curve(one, run[name], "value/log_D_x", color=REAL)
        _curve(one, run[name], "value/log_not_D_G_z", color=FAKE)
        _ideal(one, -LOG_4, f"value/minus_log_4 {-LOG_4:.4f}")
        one.set(ylabel="nats", ylim=(-2, 0.05))
        _legend(one)
    return figure


def _chances(axes, run: Seen) -> None:
    _curve(axes, run, "prob/D_x", color=REAL)
    _curve(axes, run, "prob/D_G_z", color=FAKE)
    _ideal(axes, 0.5, "ideal/D ½")
    axes.set_ylim(-0.02, 1.02)
    _legend(axes)


def _probabilities(run: dict[str, Seen]) -> Figure:
    figure, axes = _panels(["points: mean D", "digits: mean D", "digits: D's accuracies"], sharey=True)
    _chances(axes[0], run["points"])
    _chances(axes[1], run["digits"])
    _curve(axes[2], run["digits"], "accuracy/real", color=REAL)
    _curve(axes[2], run["digits"], "accuracy/fake", color=FAKE)
    _ideal(axes[2], 0.5, "½")
    _legend(axes[2])
    return figure


def _bound(run: dict[str, Seen]) -> Figure:
    figure, axes = _panels(["digits: the bound on held-out digits", "digits: V on both kinds of digits"])
    _curve(axes[0], run["digits"], "jsd/bound_held_out", color="black")
    _ideal(axes[0], LOG_2, f"jsd/log_2 {LOG_2:.4f}, the ceiling", color=OTHER)
    _ideal(axes[0], 0.0, "0, the ideal value")
    axes[0].set_ylabel("nats")
    _curve(axes[1], run["digits"], "value/V_train", color="0.6")
    _curve(axes[1], run["digits"], "value/V_held_out", color="black")
    _ideal(axes[1], -LOG_4, "value/minus_log_4")
    for one in axes:
        _legend(one)
    return figure


def _gradients(run: dict[str, Seen]) -> Figure:
    names = ("points", "digits", "saturated")
    titles = ["points: equal", "digits: minimax weaker", "saturated: minimax gone"]
    figure, axes = _panels(titles, sharey=True)
    for one, name in zip(axes, names, strict=True):
        _curve(one, run[name], "gradient/minimax", color="C3")
        _curve(one, run[name], "gradient/non_saturating", color=OTHER)
        one.set_yscale("log")
        _legend(one)
    axes[0].set_ylabel("norm of ∂L_G/∂θ_G")
    return figure


def _numerics(run: dict[str, Seen]) -> Figure:
    figure, axes = _panels(["D_loss: literal ends, stable goes on", "numerics/clipped: arguments that round to 0"])
    _curve(axes[0], run["stable"], "D_loss", color=D, label="stable")
    _curve(axes[0], run["nan"], "D_loss", color="C3", label="nan: the last finite loss", marker=".", linewidth=2)
    last = run["nan"].columns["step"][-1] + 1
    axes[0].axvline(last, color="C3", linestyle=":", label=f"step {last:.0f}: inf, exit code 4")
    axes[0].set(yscale="log", ylabel="nats")
    _curve(axes[1], run["stable"], "numerics/clipped", color=D, label="stable: would be −inf", marker=".")
    axes[1].axvline(last, color="C3", linestyle=":", label=f"step {last:.0f}")
    for one in axes:
        one.set_xlim(0, 60)
        _legend(one)
    return figure


def _quality(run: dict[str, Seen]) -> Figure:
    figure, axes = _panels(["quality/energy of points", "quality/diversity of digits"])
    _curve(axes[0], run["points"], "quality/energy", color=OTHER, label="points")
    _curve(axes[0], run["collapsed"], "quality/energy", color="C3", label="collapsed")
    _ideal(axes[0], 0.05, "0.05, beyond it the card speaks")
    axes[0].set_yscale("log")
    _curve(axes[1], run["digits"], "quality/diversity", color=OTHER, label="digits")
    _curve(axes[1], run["collapsed_digits"], "quality/diversity", color="C3", label="collapsed_digits")
    _ideal(axes[1], 1.0, "1, as real digits")
    axes[1].set_ylim(0, 1.3)
    for one in axes:
        _legend(one)
    return figure


def _weights(run: dict[str, Seen]) -> Figure:
    tags = ["generator/dense_2/weights", "logits/real", "logits/fake"]
    figure, axes = _panels([f"digits: {tag}" for tag in tags], height=3.4)
    for one, tag in zip(axes, tags, strict=True):
        taken = run["digits"].tensors[tag]
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
        _, values = run[name].tensors["D_as_a_classifier/pr_curves"][-1]
        *_, precision, recall = values  # [6, thresholds]
        kept = recall > 0
        one.plot(recall[kept], precision[kept], color=D, linewidth=1.5)
        _ideal(one, 0.5, "½")
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
    _curve(axes[0], run["d_too_weak"], "value/V", color="black")
    _ideal(axes[0], -LOG_4, "value/minus_log_4")
    axes[0].set_ylabel("nats")
    _legend(axes[0])
    _chances(axes[1], run["d_too_weak"])
    return figure


def _collapsed(run: dict[str, Seen]) -> Figure:
    figure, axes = _panels(["collapsed: both losses", "collapsed: the points", "points: the points"], height=3.4)
    _both_losses(axes[0], run["collapsed"], LOG_2)
    for one, name in zip(axes[1:], ("collapsed", "points"), strict=True):
        one.imshow(run[name].pictures["samples/fake"])
        one.axis("off")
    return figure


def _saturated(run: dict[str, Seen]) -> Figure:
    figure, axes = _panels(["saturated: both losses", "saturated: mean D"])
    _both_losses(axes[0], run["saturated"], -LOG_2)
    _chances(axes[1], run["saturated"])
    return figure


def _samples(run: dict[str, Seen]) -> Figure:
    shown = {"real digits": run["digits"].pictures["samples/real"]}
    names = ("digits", "d_too_strong", "saturated", "collapsed_digits")
    shown |= {name: run[name].pictures["samples/fake"] for name in names}
    figure, axes = _panels(list(shown), height=2.2)
    for one, picture in zip(axes, shown.values(), strict=True):
        one.imshow(picture, cmap="gray")
        one.axis("off")
    return figure


def _figure_one(run: dict[str, Seen]) -> Image.Image:
    return run["figure_one"].pictures["samples/fake"]


def _densities(run: dict[str, Seen]) -> Figure:
    one = run["figure_one"]
    figure, axes = _panels(["figure_one: JSD, and D's bounds from below", "figure_one: what D has left to learn"])
    _curve(axes[0], one, "jsd/bound_held_out", color="0.7")
    _curve(axes[0], one, "jsd/quadrature", color="black")
    _curve(axes[0], one, "jsd/bound_quadrature", color=D)
    axes[0].set_ylabel("nats")
    _curve(axes[1], one, "density/D_off_best", color=D)
    _curve(axes[1], one, "density/V_best_minus_V", color="black")
    for panel in axes:
        panel.set_yscale("symlog", linthresh=0.01)
        _ideal(panel, 0.0, "0")
        _legend(panel)
    return figure


def _modes(run: dict[str, Seen]) -> Figure:
    one = run["ring"]
    figure, axes = _panels(["ring: the samples", "ring: modes found", "ring: shares"], height=3.4)
    axes[0].imshow(one.pictures["samples/fake"])
    axes[0].axis("off")
    _curve(axes[1], one, "quality/modes", color=OTHER)
    _ideal(axes[1], 8.0, "8")
    axes[1].set_ylim(0, 8.5)
    _curve(axes[2], one, "quality/high_quality", color=OTHER)
    _curve(axes[2], one, "quality/reverse_kl", color="C3")
    _ideal(axes[2], 1 - np.exp(-9 / 2), "0.9889, as data", color=OTHER)
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
        picture = run["digits"].pictures[tag]
        if tag == "views/nearest":  # rows of eight samples over rows of eight neighbours: the first two pairs
            picture = picture.crop((0, 0, picture.width, picture.height // 4))
        axes.imshow(picture)
        axes.set_title(f"digits: {title}", fontsize=10)
        axes.axis("off")
    return figure


def _stacked(tag: str, *names: str) -> Callable[[dict[str, Seen]], Image.Image]:
    """The runs' own pictures of one tag, one above the other, each as TensorBoard shows it."""

    def stack(run: dict[str, Seen]) -> Image.Image:
        pictures = [run[name].pictures[tag] for name in names]
        whole = Image.new("RGB", (pictures[0].width, sum(picture.height for picture in pictures)), "white")
        for i, picture in enumerate(pictures):
            whole.paste(picture, (0, sum(earlier.height for earlier in pictures[:i])))
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


def main(logdir: pathlib.Path) -> None:
    """Train, draw, write, print."""
    found = {}
    for name, command in commands(PAGE.read_text(encoding="utf-8")).items():
        found[name] = trained(command, logdir)
        print(f"{name}: {found[name]['seconds']} s, exit code {found[name]['exit']}", flush=True)
    RESULTS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    run = {name: seen(runs.Run(logdir / name)) for name in found}
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, draw in DRAWN.items():
        (PICTURES / f"{name}.png").write_bytes(png(draw(run)))
    print(table(found))
    for name, one in found.items():
        print(f"\n{name}", *quoted(one), sep="\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(pathlib.Path(sys.argv[1]).absolute())
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(pathlib.Path(folder))
