"""What the study says: sentences, each with its figures of every game that was studied."""

import statistics
from collections.abc import Callable

from docs.results.files import Table
from docs.results.words import number

Studies = dict[str, Table]  # by the game's title


def findings(found: Studies) -> list[str]:
    """All sentences."""
    return [sentence(found) for sentence in SENTENCES]


def with_loss(one: Table, loss: str) -> list[Table]:
    """The trials of one loss of G."""
    return [trial for trial in one["trials"] if trial["g_loss"] == loss]


def collapsed(trials: list[Table]) -> int:
    """How many ended collapsed."""
    return sum(trial["collapsed"] for trial in trials)


def reached(trials: list[Table]) -> str:
    """How many came to the quality once at least, of how many."""
    return f"{sum(trial['good_step'] is not None for trial in trials)} of {len(trials)}"


def _ratio(found: Studies) -> str:
    counts = []
    for title, one in found.items():
        more = [trial for trial in one["trials"] if trial["g_step"] > trial["d_step"]]
        rest = [trial for trial in one["trials"] if trial["g_step"] <= trial["d_step"]]
        by_loss = [collapsed(with_loss(one, loss)) for loss in ("minimax", "non_saturating")]
        counts.append(
            f"{title}: {collapsed(more)} of {len(more)} with one update of D to two of G, {collapsed(rest)} of "
            f"{len(rest)} elsewhere, {by_loss[0]} with minimax, {by_loss[1]} with the other loss"
        )
    return f"**The ratio decides, not the loss.** Collapsed runs: {'; '.join(counts)}."


def _more_of_d(found: Studies) -> str:
    counts = []
    for title, one in found.items():
        two, same = (
            [trial for trial in one["trials"] if (trial["d_step"], trial["g_step"]) == ratio]
            for ratio in ((2, 1), (1, 1))
        )
        counts.append(f"{title}: {_came(two)} at 2 : 1, {_came(same)} at 1 : 1")
    return f"**One more update of D pays for itself.** Runs that reach the quality named: {'; '.join(counts)}."


def _came(trials: list[Table]) -> str:
    seconds = [trial["good_seconds"] for trial in trials if trial["good_step"] is not None]
    return f"{reached(trials)}" + (f" (median {number(statistics.median(seconds), 2)} s)" if seconds else "")


def _minimax(found: Studies) -> str:
    counts = []
    for title, one in found.items():
        minimax, other = (
            [trial for trial in with_loss(one, loss) if trial["d_step"] == 5] for loss in ("minimax", "non_saturating")
        )
        said = [trial["figures"]["prob/D_G_z"] for trial in minimax if "prob/D_G_z" in trial["figures"]]
        counts.append(
            f"{title}: {reached(minimax)} with minimax, {reached(other)} with the other loss, at a mean D(G(z)) of "
            f"{statistics.fmean(said):.2f}"
        )
    return (
        "**Minimax is no handicap where D never rejects.** Its gradient vanishes where D(G(z)) is near 0; with five "
        f"updates of D these reach the quality: {'; '.join(counts)}."
    )


def _blind(found: Studies) -> str:
    counts = []
    for title, one in found.items():
        lost, sound = (
            [
                trial["figures"]["value/V"]
                for trial in one["trials"]
                if trial["collapsed"] is kind and trial["exit"] == 0
            ]
            for kind in (True, False)
        )
        if lost and sound:
            ends = [f"{number(statistics.median(kind), 4)} of {len(kind)}" for kind in (lost, sound)]
            counts.append(f"{title}: {ends[0]} collapsed, {ends[1]} sound runs")
    return (
        "**V near −log 4 is no proof of quality.** A D that can't keep up with a collapsed G says ½ too. V at the end, "
        f"in the median: {'; '.join(counts)}."
    )


def _nothing_breaks(found: Studies) -> str:
    trials = [trial for one in found.values() for trial in one["trials"]]
    broken = sum(trial["exit"] != 0 for trial in trials)
    return (
        f"**Stable logarithms do not break.** {broken} of {len(trials):,} runs ended with NaN or infinity, of either "
        "loss, with log D and log(1 − D) taken from the logits."
    )


SENTENCES: tuple[Callable[[Studies], str], ...] = (_ratio, _more_of_d, _minimax, _blind, _nothing_breaks)
