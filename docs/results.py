"""docs/results.md, its pictures, and the README's table, from results/*.json.

python -m docs.results

Prints nothing that is not in those files; `python -m benchmarks.tables TABLE` makes them.
"""

import json
import math
import pathlib
import re
import statistics
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from docs.drawing import png

ROOT = pathlib.Path(__file__).parent.parent
RESULTS, PAGE, README = ROOT / "results", ROOT / "docs" / "results.md", ROOT / "README.md"
PICTURES = ROOT / "docs" / "pictures" / "results"
OPEN, CLOSE = "<!-- made by python -m docs.results -->", "<!-- end -->"
LOSSES = {"non_saturating": "C0", "minimax": "C3"}  # of G, and their colours
RATIOS = [(d, g) for d in (1, 2, 5) for g in (1, 2)]  # d_step, g_step
GAMES = ("mlp", "mlp_deep", "dcgan", "dog", "parabola")

# What others have printed: nats, ± as they print it.
PAPER = (
    ("adversarial nets", 225, 2.0, "Goodfellow et al. 2014, table 1"),
    ("deep GSN", 214, 1.1, "the same table"),
    ("DBN", 138, 2.0, "the same table"),
    ("stacked CAE", 121, 1.6, "the same table"),
)
# PacGAN's plain GAN, ten runs: modes found and their ±, share of points within 3σ.
PACGAN = {"ring": (8, 6.3, 0.5, 0.982), "grid": (25, 17.3, 0.8, 0.948)}

SMALL = 1e-4  # below it a number is written with its power of ten

Table = dict[str, Any]


def load(name: str) -> Table:
    """A file of results; empty where it is not there."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


# Numbers as text.


def number(value: float | None, digits: int = 3) -> str:
    """With so many significant digits, thousands apart, and a true minus."""
    if value is None:
        return "–"
    if isinstance(value, int) or value == 0:
        return f"{value:,.0f}".replace("-", "−")
    if abs(value) < SMALL:
        return f"{value:.0e}".replace("-", "−")
    decimals = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    return f"{value:,.{decimals}f}".replace("-", "−")


def spread(values: Sequence[float], digits: int = 3) -> str:
    """Mean ± standard deviation over runs (n - 1), and how many; of one run its value alone."""
    if not values:
        return "–"
    if len(values) == 1:
        return number(values[0], digits)
    deviation = statistics.stdev(values)
    mean = statistics.fmean(values)
    decimals = max(1 - math.floor(math.log10(deviation)), 0) if deviation > 0 else 0
    return f"{mean:,.{decimals}f} ± {deviation:,.{decimals}f}".replace("-", "−")


def duration(seconds: float) -> str:
    """As one says it."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def measure(row: Table, name: str) -> list[float]:
    """One measure of each of a row's runs."""
    return [run["measures"][name]["value"] for run in row["runs"] if run["measures"][name]["value"] is not None]


def figure(row: Table, name: str) -> list[float]:
    """One last figure of each of a row's runs."""
    return [run["figures"][name] for run in row["runs"]]


def seeds(row: Table) -> str:
    """Which, in words."""
    found = row["seeds"]
    if len(found) == 1:
        return f"1 run, seed {found[0]}"
    return f"{len(found)} runs, seeds {found[0]}–{found[-1]}"


def command(row: Table) -> str:
    """The training of the row's first seed."""
    return f"`{row['command']}`"


# The sections: each from the tables that it wants, or None where they are not there.


def paper(tables: dict[str, Table]) -> str | None:
    """The 2014 paper's table, with ours beside it."""
    rows, games = tables["paper"].get("rows"), tables["games"].get("rows", {})
    if not rows:
        return None
    lines = [
        (float(value), [f"{name}", f"{value} ± {around:g}", "", "", source]) for name, value, around, source in PAPER
    ]
    for name, row in rows.items():
        what = "the paper's network and published recipe" if name == "goodfellow" else "the same, our learning rates"
        lines.append(_scored("`goodfellow`" if name == "goodfellow" else "`goodfellow`, annealed *(ours)*", what, row))
    for name in ("mlp", "mlp_deep", "dcgan"):
        if name in games:
            lines.append(_scored(f"`{name}`", "its article's recipe", games[name]))
    for one in tables["paper"].get("centres") or []:
        name = f"{one['count']:,} {one['what']}, no generator"
        facts = [name, f"{one['parzen']:.1f} ± {one['stderr']:.1f}", "", "", "ours, `benchmarks/centres.py`"]
        lines.append((one["parzen"], facts))
    lines.sort(key=lambda line: -line[0])
    first = next(iter(next(iter(rows.values()))["runs"]))["measures"]["parzen"]
    return "\n\n".join(
        part
        for part in (
            PAPER_TEXT.format(noise=number(first["noise"]), real=number(first["real"], 4)),
            table(["samples", "log-likelihood, nats", "runs", "time a run", "whose"], [line for _, line in lines]),
            "![Parzen windows over epochs](pictures/results/paper.png)",
            *(part for name in rows for part in samples(name)),
            paper_findings(tables),
            *(f"`{name}`: {row['note']}" for name, row in rows.items() if "note" in row),
            "Commands: "
            + "; ".join([command(row) for row in rows.values()])
            + "; k-means: `python -m benchmarks.tables paper --mnist=DIR`.",
        )
        if part
    )


def _scored(name: str, what: str, row: Table) -> tuple[float, list[str]]:
    values = measure(row, "parzen")
    seconds = statistics.median(run["seconds"] for run in row["runs"])
    each = spread(values, 4)
    if len(values) == 1:
        each = f"{values[0]:.1f} ± {row['runs'][0]['measures']['parzen']['stderr']:.1f}"
    steps = f"{row['runs'][0]['steps']:,} steps, {duration(seconds)}"
    return statistics.fmean(values), [name, each, seeds(row), steps, f"ours: {what}"]


PAPER_TEXT = """\
Goodfellow et al. 2014, table 1, and ours by its protocol: trained on the first 50,000 digits, 10,000 samples as the
centres of Gaussian windows, their width chosen on 1,000 validation digits, mean log-likelihood of the 10,000 test
digits. 10,000 other training digits in the samples' place score {real}, uniform noise {noise}. ± after one run is the
standard error over the test digits, after several runs the standard deviation between them."""


def paper_findings(tables: dict[str, Table]) -> str:
    """What the table means."""
    said = []
    rows = tables["paper"]["rows"]
    values = measure(rows["goodfellow"], "parzen")
    best = statistics.fmean(values)
    steps = rows["goodfellow"]["runs"][0]["steps"]
    said.append(
        f"- **The recipe as published**, {steps // 500} epochs of it, ends at {spread(values, 4)} where the paper "
        f"prints 225: {'above' if best >= 225 else f'{225 - best:.0f} nats short of'} it. The configuration does not "
        "say when training was stopped; the curve shows how slowly the score still moves."
    )
    for name, row in rows.items():
        if name != "goodfellow":
            said.append(
                f"- **An honest change** gets to {spread(measure(row, 'parzen'), 4)} in the same number of steps: both "
                "learning rates fall to a twentieth, divided by 1.00003 after each step where the published recipe has "
                "1.000004. Nothing else differs."
            )
    centres = {one["count"]: one for one in tables["paper"].get("centres") or [] if one["what"].startswith("k-means")}
    if centres:
        most = max(centres.values(), key=lambda one: one["parzen"])
        digits = next(one for one in tables["paper"]["centres"] if one["what"] == "training digits")
        said.append(
            f"- **{most['count']:,} k-means centres score {most['parzen']:.0f}**, more than real digits "
            f"({digits['parzen']:.0f}) and than every generator here. A centre is a mean of digits: blurred, it lies "
            "near many. So the measure rewards what lies in the middle of the data, not what looks like the data "
            "(Theis et al. 2016); it holds ours against the paper's figure and says little else."
        )
    return "\n".join(said)


def modes(tables: dict[str, Table]) -> str | None:
    """PacGAN's experiment."""
    rows = tables["modes"].get("rows")
    if not rows:
        return None
    lines = []
    for name, row in rows.items():
        of, found, around, near = PACGAN[name]
        lines.append([f"{name}, {of} modes", "PacGAN's plain GAN", f"{found} ± {around}", f"{near:.1%}", "", "10 runs",
                      "400,000 steps"])  # fmt: skip
        lines.append([
            f"{name}, {of} modes", f"ours, `--mixture={name}`", spread(measure(row, "modes")),
            spread([100 * share for share in measure(row, "high_quality")]) + " %", spread(measure(row, "reverse_kl")),
            seeds(row),
            f"{row['runs'][0]['steps']:,} steps, {duration(statistics.median(run['seconds'] for run in row['runs']))}",
        ])  # fmt: skip
    head = ["law", "whose", "modes found", "within 3σ", "reverse KL, nats", "runs", "length"]
    commands = "; ".join(command(row) for row in rows.values())
    return "\n\n".join((MODES_TEXT, table(head, lines), f"Commands: {commands}."))


MODES_TEXT = """\
Lin et al. 2018 (PacGAN), after Srivastava et al. 2017 (VEEGAN): the row of the GAN without packing. 2,500 points are
drawn; a mode is found with one point within three standard deviations of it. Of real points 98.9 % lie so near. Theirs
are means of ten runs, ± as they print it; ours say how many runs they are of."""


def study(tables: dict[str, Table]) -> str | None:
    """Both losses of G, D's updates against G's."""
    found = {name: one for name in STUDIES if (one := tables[name]).get("trials")}
    if not found:
        return None
    parts = [STUDY_TEXT]
    for name, one in found.items():
        parts.append(f"### {STUDIES[name][0]}")
        parts.append(f"`{one['command']}`")
        parts.append(study_table(name, one))
        parts.append(f"![{STUDIES[name][0]}](pictures/results/{name}.png)")
    parts.append("### What it says")
    parts.append("\n".join(f"{i}. {sentence}" for i, sentence in enumerate(study_findings(found), start=1)))
    return "\n\n".join(parts)


STUDY_TEXT = """\
Minimax, mean log(1 − D(G(z))), against non-saturating, −mean log D(G(z)), at six ratios of updates. All else is the
game's recipe, also its learning rates: a row says what a ratio does to that recipe, not what the best recipe of that
ratio would do. Each figure is of a run's last tenth, mean ± standard deviation over seeds. *Reached*: how many runs
came to the quality named once at least, and the median of their seconds of training on one core (other work beside).
*Collapsed*: how many end beyond the bound named. *NaN*: how many broke."""

# name: title, what is shown, its label, what good and collapsed mean
STUDIES: dict[str, tuple[str, str, str]] = {
    "study-parabola": ("parabola", "energy distance to real points", "energy distance"),
    "study-gaussian": ("gaussian", "Jensen–Shannon divergence by quadrature, nats", "JSD, nats"),
    "study-ring": ("ring of eight", "share of points within 3σ of a mode", "share within 3σ"),
    "study-mlp": ("mlp on the embedded digits", "distance of samples from each other, of real ones'", "diversity"),
}
# What else a row shows, by the name of a last figure, of a measure, and its heading.
ALSO: dict[str, tuple[tuple[str, str], ...]] = {
    "study-parabola": (("quality/error", "mean \\|y − x²\\|"), ("quality/bins", "bins of 20")),
    "study-gaussian": (("jsd/bound_held_out", "bound of it"),),
    "study-ring": (("quality/modes", "modes of 8"), ("quality/reverse_kl", "reverse KL")),
    "study-mlp": (("measures/frechet", "Fréchet"), ("measures/recall", "recall"), ("measures/classes", "classes")),
}


def cells(one: Table) -> dict[tuple[str, int, int], list[Table]]:
    """The trials of each point of the grid."""
    return {
        (loss, d, g): [
            trial for trial in one["trials"] if (trial["g_loss"], trial["d_step"], trial["g_step"]) == (loss, d, g)
        ]
        for d, g in RATIOS
        for loss in LOSSES
    }


def _of(trials: list[Table], name: str) -> list[float]:
    if name.startswith("measures/"):
        values = [trial.get("measures", {}).get(name.removeprefix("measures/")) for trial in trials]
    else:
        values = [trial["figures"].get(name) for trial in trials if trial["exit"] == 0]
    return [value for value in values if value is not None]


def study_table(name: str, one: Table) -> str:
    """A row a point of the grid."""
    beyond = f"collapsed, {'below' if _rising(one) else 'above'} {one['bad']:g}"
    head = ["d_step : g_step", "G's loss", STUDIES[name][1], *(title for _, title in ALSO[name]), "V", "D(x)",
            "D(G(z))", f"reached {one['good']:g}", "seconds", beyond, "NaN"]  # fmt: skip
    lines = []
    for (loss, d, g), trials in cells(one).items():
        if not trials:
            continue
        good = [trial["good_seconds"] for trial in trials if trial["good_step"] is not None]
        others = [spread(_of(trials, also)) for also, _ in ALSO[name]]
        game = [spread(_of(trials, tag), 2) for tag in ("value/V", "prob/D_x", "prob/D_G_z")]
        lines.append([
            f"{d} : {g}", loss, spread(_of(trials, one["tag"])), *others, *game, f"{len(good)} of {len(trials)}",
            number(statistics.median(good), 2) if good else "–",
            str(sum(trial["collapsed"] for trial in trials)), str(sum(trial["exit"] == 4 for trial in trials)),
        ])  # fmt: skip
    return table(head, lines)


def _rising(one: Table) -> bool:
    return one["bad"] < one["good"]


def study_findings(found: dict[str, Table]) -> list[str]:
    """Sentences, each with its figure."""
    return [sentence for finding in FINDINGS if (sentence := finding(found))]


def _collapses_where_g_moves_more(found: dict[str, Table]) -> str | None:
    one = found.get("study-parabola")
    if not one:
        return None
    more = [trial for trial in one["trials"] if trial["g_step"] > trial["d_step"]]
    rest = [trial for trial in one["trials"] if trial["g_step"] <= trial["d_step"]]
    return (
        f"**The ratio decides, not the loss.** With one update of D to two of G {_collapsed(more)} of {len(more)} runs "
        f"of `parabola` collapse, at the other five ratios {_collapsed(rest)} of {len(rest)}. Minimax and "
        f"non-saturating collapse {_collapsed(_with_loss(one, 'minimax'))} and "
        f"{_collapsed(_with_loss(one, 'non_saturating'))} times in {len(_with_loss(one, 'minimax'))} runs each."
    )


def _two_of_d_are_the_surest(found: dict[str, Table]) -> str | None:
    one = found.get("study-parabola")
    if not one:
        return None
    recipe, two = (
        [trial for trial in one["trials"] if (trial["d_step"], trial["g_step"]) == ratio] for ratio in ((1, 1), (2, 1))
    )
    return (
        f"**One more update of D pays for itself.** At 2 : 1 {_came(two)} of {len(two)} runs of `parabola` reach the "
        f"energy distance {one['good']:g}, after {_median_seconds(two)} s of training in the median; at the recipe's "
        f"1 : 1 it is {_came(recipe)} of {len(recipe)}, after {_median_seconds(recipe)} s."
    )


def _minimax_does_not_saturate_everywhere(found: dict[str, Table]) -> str | None:
    one = found.get("study-parabola")
    if not one:
        return None
    cell = {loss: [trial for trial in _with_loss(one, loss) if trial["d_step"] == 5] for loss in LOSSES}
    rejected = statistics.fmean(trial["figures"]["prob/D_G_z"] for trial in cell["minimax"])
    return (
        "**Minimax is no handicap where D never rejects.** Even with five updates of D the mean D(G(z)) of `parabola` "
        f"is {rejected:.2f}, far from 0, where the minimax gradient would vanish: {_came(cell['minimax'])} of "
        f"{len(cell['minimax'])} minimax runs reach the quality there, and {_came(cell['non_saturating'])} of "
        f"{len(cell['non_saturating'])} non-saturating ones."
    )


def _v_is_blind(found: dict[str, Table]) -> str | None:
    one = found.get("study-parabola")
    if not one:
        return None
    lost, sound = ([trial for trial in one["trials"] if trial["collapsed"] is kind] for kind in (True, False))
    middle = [statistics.median(trial["figures"]["value/V"] for trial in trials) for trials in (lost, sound)]
    return (
        f"**V near −log 4 is no proof of quality.** The {len(lost)} collapsed runs of `parabola` end at V = "
        f"{number(middle[0], 4)} in the median, the {len(sound)} sound ones at {number(middle[1], 4)}: a D that can't "
        "keep up with a collapsed G says ½ too."
    )


def _nothing_breaks(found: dict[str, Table]) -> str:
    trials = [trial for one in found.values() for trial in one["trials"]]
    broken = sum(trial["exit"] == 4 for trial in trials)
    return (
        f"**Stable logarithms do not break.** {broken} of {len(trials):,} runs ended with NaN or infinity, of either "
        "loss, with log D and log(1 − D) taken from the logits."
    )


FINDINGS: tuple[Callable[[dict[str, Table]], str | None], ...] = (
    _collapses_where_g_moves_more,
    _two_of_d_are_the_surest,
    _minimax_does_not_saturate_everywhere,
    _v_is_blind,
    _nothing_breaks,
)


def _with_loss(one: Table, loss: str) -> list[Table]:
    return [trial for trial in one["trials"] if trial["g_loss"] == loss]


def _collapsed(trials: list[Table]) -> int:
    return sum(trial["collapsed"] for trial in trials)


def _came(trials: list[Table]) -> int:
    return sum(trial["good_step"] is not None for trial in trials)


def _median_seconds(trials: list[Table]) -> str:
    return number(statistics.median(trial["good_seconds"] for trial in trials if trial["good_seconds"]), 2)


def games(tables: dict[str, Table]) -> str | None:
    """Five games beside real data and noise."""
    rows = tables["games"].get("rows")
    if not rows:
        return None
    parts = [GAMES_TEXT]
    for name in GAMES:
        if name not in rows:
            continue
        row = rows[name]
        seconds = statistics.median(run["seconds"] for run in row["runs"])
        parts.append(f"### {name}")
        steps = row["runs"][0]["steps"]
        parts.append(
            f"{command(row)}: {seeds(row)}, {steps:,} steps, {duration(seconds)} each on one core, other work beside."
            f"{_only_one(row)}"
        )
        one = row["runs"][0]["measures"]
        lines = [
            [measure_name, spread(measure(row, measure_name)), number(facts["real"]), number(facts["noise"])]
            for measure_name, facts in one.items()
        ]
        lines += [[tag, spread(figure(row, tag), 2), "", ""] for tag in ("value/V", "prob/D_x", "prob/D_G_z")]
        parts.append(table(["measure", "samples", "real data", "noise"], lines))
        parts += samples(name)
    return "\n\n".join(parts)


def samples(name: str) -> list[str]:
    """A row's pictures side by side; nothing where there are none."""
    shown = [place for place in ORDER if (PICTURES / f"samples-{name}-{place}.png").exists()]
    grids = [f"![{name}, {place}](pictures/results/samples-{name}-{place}.png)" for place in shown]
    return [table([f"`{name}`, {PLACES[place]}" for place in shown], [grids])] if shown else []


ORDER = ("only", "best", "median", "worst")
PLACES = {"only": "the one run", "best": "best run", "median": "median run", "worst": "worst run"}
GAMES_TEXT = """\
Each game's recipe at the length that its command says, measured by `python -m gan_lowlevel.evaluate` with 10,000
samples (fewer where a measure has no use for more), beside real data and noise in the samples' place. Values are means
± standard deviation over the runs. Pictures: the runs that are best, median and worst by the Fréchet distance
(`parabola`: by the energy distance), unsorted samples of fixed z. [reading.md](reading.md) explains V, D(x) and
D(G(z)); what each measure is says `evaluate` itself."""


def _only_one(row: Table) -> str:
    return " One run: nothing is known of its spread." if len(row["runs"]) == 1 else ""


def articles(tables: dict[str, Table]) -> str | None:
    """The articles' own numbers behind our curves."""
    rows = tables["games"].get("rows", {})
    parts = [ARTICLES_TEXT]
    if "dcgan" in rows:
        parts.append(_dcgan_lines(rows["dcgan"], tables["articles"]["dcgan"]))
        parts.append("![dcgan: the article's 50 epochs and ours](pictures/results/article-dcgan.png)")
    if "parabola" in rows:
        parts.append(_parabola_lines(rows["parabola"], tables["articles"]["parabola"]))
        parts.append("![parabola: the article's five lines and ours](pictures/results/article-parabola.png)")
    return "\n\n".join(parts) if len(parts) > 1 else None


ARTICLES_TEXT = """\
What two of the articles print of their own runs, behind ours, in their scale: the article on DCGAN averages D's cross-
entropy over real and fake digits together, which is half of our `D_loss`."""


def _dcgan_lines(row: Table, article: Table) -> str:
    lines, epochs = row["runs"][0]["lines"], len(row["runs"][0]["lines"]["step"])
    ours = {"d_loss": [loss / 2 for loss in lines["D_loss"]], "g_loss": lines["G_loss"],
            "accuracy": [(real + fake) / 2 for real, fake in
                         zip(lines["accuracy/real"], lines["accuracy/fake"], strict=True)]}  # fmt: skip
    rows = [
        [name, _range(article[name][:epochs]), _range(article[name]), _range(ours[name])]
        for name in ("d_loss", "accuracy", "g_loss")
    ]
    head = ["last batch of an epoch", f"article, epochs 1–{epochs}", "article, all 50", f"ours, epochs 1–{epochs}"]
    return f"`dcgan`, median (lowest to highest):\n\n{table(head, rows)}"


def _parabola_lines(row: Table, article: Table) -> str:
    rows = []
    for i, step in enumerate(article["step"]):
        ours = [_range([run["lines"][f"accuracy/{kind}"][i] for run in row["runs"]]) for kind in ("real", "fake")]
        real, fake = (number(article[f"accuracy_{kind}"][i], 2) for kind in ("real", "fake"))
        rows.append([f"{step:,}", real, ours[0], fake, ours[1]])
    head = ["step", "article, real", "ours, real", "article, fake", "ours, fake"]
    return (
        f"`parabola`, D's accuracy; ours: median (lowest to highest) of {len(row['runs'])} runs:\n\n{table(head, rows)}"
    )


def _range(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


SECTIONS: dict[str, Callable[[dict[str, Table]], str | None]] = {
    "The paper's table": paper,
    "Modes found: PacGAN's experiment": modes,
    "Two losses, six ratios": study,
    "Five games, measured": games,
    "The articles' own numbers": articles,
}

INTRODUCTION = """\
# Results

Made by `python -m docs.results` from `results/*.json`, which `python -m benchmarks.tables` writes; a test holds this
page to those files. Every row has the command that repeats it: `DIR` and `PHOTOS` stand for the folders of data,
further runs differ in `--seed` alone. The same command on the same kind of machine gives the same bits; on another
kind, or with another number of threads, another run of the same recipe. What a source printed says so; everything else
is ours.

{machine}"""


def page(tables: dict[str, Table]) -> str:
    """docs/results.md."""
    known = next((one for one in tables.values() if "machine" in one), None)
    machine = ""
    if known:
        facts = known["machine"]
        machine = (
            f"Run on {facts['cores']} cores of an {facts['cpu']}, one thread a run, beside other work: seconds are "
            f"what they took there. gan_lowlevel {known['version']}, TensorFlow {facts['versions']['tensorflow']}, "
            f"Python {facts['python']}."
        )
    parts = [INTRODUCTION.format(machine=machine).strip()]
    for title, section in SECTIONS.items():
        body = section(tables)
        if body:
            parts.append(f"## {title}\n\n{body}")
    return "\n\n".join(parts) + "\n"


def readme_table(tables: dict[str, Table]) -> str:
    """The README's table: a row a game."""
    rows = tables["games"].get("rows", {})
    lines = []
    for name in GAMES:
        if name not in rows:
            continue
        row = rows[name]
        judge = "energy" if name == "parabola" else "frechet"
        facts = row["runs"][0]["measures"][judge]
        title = "energy distance" if name == "parabola" else "Fréchet"
        seconds = statistics.median(run["seconds"] for run in row["runs"])
        lines.append([
            f"`{name}`", f"![{name}](docs/pictures/{name}.png)", f"`{_without_seed(row['command'])}`",
            f"{row['runs'][0]['steps']:,} in {duration(seconds)}",
            ", ".join(spread(figure(row, tag), 2) for tag in ("value/V", "prob/D_x", "prob/D_G_z")),
            f"{title} {spread(measure(row, judge))} (real {number(facts['real'])}, noise {number(facts['noise'])})",
            seeds(row),
        ])  # fmt: skip
    head = ["game", "pictures", "command", "steps, time on one core", "V, D(x), D(G(z)) at its end", "measured", "runs"]
    return table(head, lines)


def _without_seed(text: str) -> str:
    return re.sub(r" --(seed|threads)=\d+", "", text)


def with_table(readme: str, tables: dict[str, Table]) -> str:
    """The README with its table made anew, once every game has its row."""
    if not set(GAMES) <= tables["games"].get("rows", {}).keys():
        return readme
    before, rest = readme.split(OPEN)
    after = rest.split(CLOSE, 1)[1]
    return f"{before}{OPEN}\n{readme_table(tables)}\n{CLOSE}{after}"


# The pictures.


def draw(tables: dict[str, Table]) -> dict[str, Figure]:
    """Every picture that the tables suffice for, by the name of its file."""
    drawn = {}
    if tables["paper"].get("rows"):
        drawn["paper"] = _paper_picture(tables["paper"])
    for name in STUDIES:
        if tables[name].get("trials"):
            drawn[name] = _study_picture(name, tables[name])
    rows = tables["games"].get("rows", {})
    if "dcgan" in rows:
        drawn["article-dcgan"] = _dcgan_picture(rows["dcgan"], tables["articles"]["dcgan"])
    if "parabola" in rows:
        drawn["article-parabola"] = _parabola_picture(rows["parabola"], tables["articles"]["parabola"])
    return drawn


def _panels(titles: list[str], height: float = 3.6, **settings: Any) -> tuple[Figure, list]:
    drawn = Figure(figsize=(9, height), dpi=100, layout="constrained")
    axes = drawn.subplots(1, len(titles), squeeze=False, **settings)[0]
    for one, title in zip(axes, titles, strict=True):
        one.set_title(title, fontsize=11)
        one.grid(alpha=0.3)
    return drawn, list(axes)


def _paper_picture(content: Table) -> Figure:
    drawn, (axes,) = _panels(["Parzen windows, 10,000 test digits"], height=4)
    for i, (name, row) in enumerate(content["rows"].items()):
        label = "the published recipe" if name == "goodfellow" else "learning rates that fall to a twentieth (ours)"
        for k, run in enumerate(row["runs"]):
            walk = run["walk"]
            axes.plot(np.array(walk["step"]) / 500, walk["parzen"], color=f"C{i}", marker=".",
                      label=f"{label}, {seeds(row)}" if k == 0 else None)  # fmt: skip
    axes.axhline(225, color="0.3", linestyle="--", label="225, the paper's adversarial nets")
    axes.set(xlabel="epoch of 50,000 digits", ylabel="log-likelihood, nats", ylim=(80, None))
    axes.legend(fontsize=10)
    return drawn


def _study_picture(name: str, one: Table) -> Figure:
    """Each run a point: quality upright, a column a ratio, colours the losses; collapsed ones hollow."""
    title, what, label = STUDIES[name]
    drawn, (axes,) = _panels([f"{title}: {what}"], height=4.6)
    for (loss, d, g), trials in cells(one).items():
        place = RATIOS.index((d, g)) + (-0.16 if loss == "non_saturating" else 0.16)
        values = [(trial["figures"].get(one["tag"]), trial["collapsed"]) for trial in trials]
        known = [(value, collapsed) for value, collapsed in values if value is not None]
        offsets = np.linspace(-0.1, 0.1, max(len(known), 1))
        for offset, (value, collapsed) in zip(offsets, known, strict=False):
            axes.plot(place + offset, value, "o", markersize=6, color=LOSSES[loss],
                      markerfacecolor="none" if collapsed else LOSSES[loss])  # fmt: skip
        if known:
            middle = statistics.median(value for value, _ in known)
            axes.plot([place - 0.14, place + 0.14], [middle, middle], color="black", linewidth=2)
    for loss, colour in LOSSES.items():
        axes.plot([], [], "o", color=colour, label=loss.replace("_", "-"))
    axes.plot([], [], "o", color="0.4", markerfacecolor="none", label="collapsed")
    axes.plot([], [], color="black", linewidth=2, label="median")
    axes.axhline(one["good"], color="0.3", linestyle="--", linewidth=1, label=f"good: {one['good']:g}")
    if name in ("study-parabola", "study-gaussian"):
        axes.set_yscale("log")
    axes.set_xticks(range(len(RATIOS)), [f"{d} : {g}" for d, g in RATIOS])
    axes.set_xlabel("updates of D : updates of G in a step", fontsize=12)
    axes.set_ylabel(label, fontsize=12)
    axes.tick_params(labelsize=12)
    axes.legend(fontsize=10, ncols=5, loc="upper center", bbox_to_anchor=(0.5, -0.16), frameon=False)
    return drawn


def _dcgan_picture(row: Table, article: Table) -> Figure:
    drawn, axes = _panels(["d_loss, half of our D_loss", "accuracy of D", "g_loss"])
    curves = row["runs"][0]["curves"]
    epochs = np.array(curves["step"]) / 469
    ours = (
        np.array(curves["D_loss"]) / 2,
        (np.array(curves["accuracy/real"]) + np.array(curves["accuracy/fake"])) / 2,
        np.array(curves["G_loss"]),
    )
    for one, values, name in zip(axes, ours, ("d_loss", "accuracy", "g_loss"), strict=True):
        one.plot(np.arange(1, 51), article[name], "o-", color="0.7", markersize=3, label="the article, 50 epochs")
        one.plot(epochs, values, color="C0", linewidth=1, label="ours")
        one.set_xlabel("epoch")
        one.legend(fontsize=9)
    return drawn


def _parabola_picture(row: Table, article: Table) -> Figure:
    drawn, axes = _panels(["D's accuracy on real points", "D's accuracy on fake points"], sharey=True)
    for one, kind in zip(axes, ("real", "fake"), strict=True):
        for k, run in enumerate(row["runs"]):
            one.plot(run["lines"]["step"], run["lines"][f"accuracy/{kind}"], color="C0", alpha=0.35, linewidth=1,
                     label=f"ours, {seeds(row)}" if k == 0 else None)  # fmt: skip
        one.plot(article["step"], article[f"accuracy_{kind}"], "o-", color="black", label="the article's run")
        one.set(xlabel="step", ylim=(-0.02, 1.02))
        one.legend(fontsize=9)
    return drawn


def main() -> None:
    """Write all."""
    tables = {name: load(name) for name in ("paper", "modes", "games", "articles", *STUDIES)}
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, drawn in draw(tables).items():
        (PICTURES / f"{name}.png").write_bytes(png(drawn))
    PAGE.write_text(page(tables), encoding="utf-8")
    README.write_text(with_table(README.read_text(encoding="utf-8"), tables), encoding="utf-8")


if __name__ == "__main__":
    main()
