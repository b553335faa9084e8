"""Both losses of G, D's updates against G's."""

import statistics
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from docs.results.files import Table
from docs.results.findings import collapsed, findings, kept, reached, with_loss
from docs.results.panels import panels
from docs.results.words import number, spread, table
from gan_lowlevel.errors import Exit

LOSSES = {"non_saturating": "C0", "minimax": "C3"}  # of G, and their colours
RATIOS = [(d, g) for d in (1, 2, 5) for g in (1, 2)]  # d_step, g_step


class Shown(NamedTuple):
    """How one study is shown."""

    title: str
    length: str  # of a run beside the recipe's, and what else is not the recipe's
    label: str  # of the picture's axis
    scale: str  # of it
    figures: dict[str, str]  # last ones by tag, and their headings; the first is the quality


SHOWN = {
    "study-parabola": Shown(
        title="parabola",
        length="10 seeds, the recipe's own 10,000 steps.",
        label="energy distance",
        scale="log",
        figures={
            "quality/energy": "energy distance to real points",
            "quality/error": "mean \\|y − x²\\|",
            "quality/bins": "bins of 20",
        },
    ),
    "study-gaussian": Shown(
        title="gaussian",
        length="10 seeds, 10,000 of the recipe's 20,000 steps.",
        label="JSD, nats",
        scale="log",
        figures={
            "jsd/quadrature": "Jensen–Shannon divergence by quadrature, nats",
            "jsd/bound_held_out": "bound of it",
        },
    ),
    "study-ring": Shown(
        title="ring of eight",
        length="10 seeds, 2,000 of the recipe's 400,000 steps: how each begins. The players move in turn, as a ratio "
        "wants; in the recipe both at once.",
        label="share within 3σ",
        scale="linear",
        figures={
            "quality/high_quality": "share of points within 3σ of a mode",
            "quality/modes": "modes of 8",
            "quality/reverse_kl": "reverse KL, nats",
        },
    ),
    "study-mlp": Shown(
        title="mlp on the embedded digits",
        length="3 seeds, 3,000 of the recipe's 10,000 steps. Measured with 2,000 samples on these digits: not to be "
        "compared with the games' figures below.",
        label="Fréchet distance",
        scale="linear",
        figures={
            "measures/frechet": "Fréchet distance in features of a digit classifier",
            "measures/classes": "classes of 10",
            "measures/precision": "precision",
            "measures/recall": "recall",
            "measures/parzen": "Parzen, nats",
            "quality/diversity": "diversity",
        },
    ),
}

TEXT = """\
Minimax, mean log(1 − D(G(z))), against non-saturating, −mean log D(G(z)), at six ratios of updates. All else is the
game's recipe, also its learning rates: a row says what a ratio does to that recipe, not what the best recipe of that
ratio would do. Each figure is of a run's last tenth, of the last checkpoint where `evaluate` takes it; mean ± standard
deviation over seeds. *Reached*: how many runs came at least once to the quality named, the first figure; how many have
it *at the end*; and medians, over those that reached it, of the step and the seconds of training till then. Seconds are
of one core with other work beside and scatter by a factor of five: steps compare better. *Collapsed*: how many end
beyond the bound named. *NaN*: how many broke. Both bounds are ours, those of the digits set with the figures at hand.
The files in `results/` have every measure of every run."""


def section(tables: dict[str, Table]) -> str | None:
    """A table and a picture a game, then what all say."""
    found = {name: tables[name] for name in SHOWN if tables[name].get("trials")}
    if not found:
        return None
    parts = [TEXT]
    for name, one in found.items():
        title = SHOWN[name].title
        command = f"`{one['command']}`"
        if one["evaluation"]:
            command += f", then, of each trial, `{one['evaluation']} --run=logs/NAME`"
        parts += [
            f"### {title}",
            SHOWN[name].length,
            command,
            lines(name, one),
            f"![{title}](pictures/results/{name}.png)",
        ]
    parts.append("### What it says\n\nWritten with the figures at hand, not before.")
    said = findings({SHOWN[name].title: one for name, one in found.items()})
    parts.append("\n".join(f"{i}. {sentence}" for i, sentence in enumerate(said, start=1)))
    return "\n\n".join(parts)


def cells(one: Table) -> dict[tuple[str, int, int], list[Table]]:
    """The trials of each point of the grid."""
    return {
        (loss, d, g): [trial for trial in with_loss(one, loss) if (trial["d_step"], trial["g_step"]) == (d, g)]
        for d, g in RATIOS
        for loss in LOSSES
    }


def lines(name: str, one: Table) -> str:
    """A row a point of the grid."""
    shown = SHOWN[name]
    lost = _bound(one["collapsed"])
    if (tag := one["collapsed"]["tag"]) != one["good"]["tag"]:
        lost = f"{shown.figures[tag]} {lost}"
    head = ["d_step : g_step", "G's loss", *shown.figures.values(), "V", "D(x)", "D(G(z))",
            f"reached {_bound(one['good'])}", "at the end", "step", "seconds", f"collapsed: {lost}", "NaN"]  # fmt: skip
    body = []
    for (loss, d, g), trials in cells(one).items():
        if not trials:
            continue
        good = [trial for trial in trials if trial["good_step"] is not None]
        body.append([
            f"{d} : {g}", loss, *(spread(_of(trials, tag)) for tag in shown.figures),
            *(spread(_of(trials, tag), 2) for tag in ("value/V", "prob/D_x", "prob/D_G_z")), reached(trials),
            str(kept(trials)), *(_median(good, name) for name in ("good_step", "good_seconds")), str(collapsed(trials)),
            str(sum(trial["exit"] == Exit.NAN for trial in trials)),
        ])  # fmt: skip
    body += [
        [kind, "", *(number(values[tag]) if tag in values else "" for tag in shown.figures)] + [""] * 9
        for kind, values in one["references"].items()
    ]
    return table(head, body)


def _median(trials: list[Table], name: str) -> str:
    return number(statistics.median(trial[name] for trial in trials), 2) if trials else "–"


def _bound(one: Table) -> str:
    return f"{'≥' if one['above'] else '≤'} {one['at']:g}"


def _of(trials: list[Table], tag: str) -> list[float]:
    values = [trial["figures"].get(tag) for trial in trials]
    return [value for value in values if value is not None]


def pictures(tables: dict[str, Table]) -> dict[str, Figure]:
    """One a game."""
    return {name: _picture(name, tables[name]) for name in SHOWN if tables[name].get("trials")}


def _picture(name: str, one: Table) -> Figure:
    """Each run a point: quality upright, a column a ratio, colours the losses; collapsed ones hollow."""
    shown, tag, good = SHOWN[name], one["good"]["tag"], one["good"]["at"]
    drawn, (axes,) = panels([f"{shown.title}: {shown.figures[tag]}"], height=4.6)
    for (loss, d, g), trials in cells(one).items():
        place = RATIOS.index((d, g)) + (-0.16 if loss == "non_saturating" else 0.16)
        known = [trial for trial in trials if trial["figures"].get(tag) is not None]
        for offset, trial in zip(np.linspace(-0.1, 0.1, max(len(known), 1)), known, strict=False):
            axes.plot(place + offset, trial["figures"][tag], "o", markersize=6, color=LOSSES[loss],
                      markerfacecolor="none" if trial["collapsed"] else LOSSES[loss])  # fmt: skip
        if known:
            middle = statistics.median(trial["figures"][tag] for trial in known)
            axes.plot([place - 0.14, place + 0.14], [middle, middle], color="black", linewidth=2)
    for loss, colour in LOSSES.items():
        axes.plot([], [], "o", color=colour, label=loss.replace("_", "-"))
    axes.plot([], [], "o", color="0.4", markerfacecolor="none", label="collapsed")
    axes.plot([], [], color="black", linewidth=2, label="median")
    axes.axhline(good, color="0.3", linestyle="--", linewidth=1, label=f"good: {good:g}")
    axes.set_yscale(shown.scale)
    axes.set_xticks(range(len(RATIOS)), [f"{d} : {g}" for d, g in RATIOS])
    axes.set_xlabel("updates of D : updates of G in a step", fontsize=12)
    axes.set_ylabel(shown.label, fontsize=12)
    axes.tick_params(labelsize=12)
    axes.legend(fontsize=10, ncols=5, loc="upper center", bbox_to_anchor=(0.5, -0.16), frameon=False)
    return drawn
