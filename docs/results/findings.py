"""What the study says: sentences, each with its figures of every game that was studied."""

import statistics
from collections.abc import Callable

from scipy import stats

from docs.results.files import Table
from docs.results.words import number
from gan_lowlevel.errors import Exit

Studies = dict[str, Table]  # by the game's title
LOSSES = {"minimax": "minimax", "non_saturating": "non-saturating"}  # of G, and how a sentence calls them


def findings(found: Studies) -> list[str]:
    """All sentences."""
    return [sentence(found) for sentence in SENTENCES]


def with_loss(one: Table, loss: str) -> list[Table]:
    """The trials of one loss of G."""
    return [trial for trial in one["trials"] if trial["g_loss"] == loss]


def collapsed(trials: list[Table]) -> int:
    """How many ended collapsed."""
    return sum(trial["collapsed"] for trial in trials)


def kept(trials: list[Table]) -> int:
    """How many have the quality at the end."""
    return sum(trial["good_at_end"] for trial in trials)


def reached(trials: list[Table]) -> str:
    """How many came to the quality once at least, of how many."""
    return f"{sum(trial['good_step'] is not None for trial in trials)} of {len(trials)}"


def _ratio(found: Studies) -> str:
    counts = []
    for title, one in found.items():
        lost = []
        for loss, called in LOSSES.items():
            ratios: dict[tuple[int, int], list[Table]] = {}
            for trial in with_loss(one, loss):
                ratios.setdefault((trial["d_step"], trial["g_step"]), []).append(trial)
            lost += [
                f"{collapsed(runs)} of {len(runs)} {called} at {d} : {g}"
                for (d, g), runs in ratios.items()
                if collapsed(runs)
            ]
        counts.append(f"{title}: {', '.join(lost) or 'none of ' + str(len(one['trials']))}")
    return f"**Which ratio collapses depends on the game and on the loss.** Collapsed runs: {'; '.join(counts)}."


def _loss(found: Studies) -> str:
    counts = []
    for title, one in found.items():
        runs = {called: with_loss(one, loss) for loss, called in LOSSES.items()}
        counts.append(
            f"{title}: " + ", ".join(f"{reached(some)} / {kept(some)} {called}" for called, some in runs.items())
        )
    return (
        "**The non-saturating loss is the safer one**, but on parabola, where it makes no difference. Runs that come "
        f"to the quality named once / have it at the end: {'; '.join(counts)}."
    )


def _second_update(found: Studies) -> str:
    counts = []
    for title, one in found.items():
        by_updates = []
        for updates in (1, 2):
            runs = [trial for trial in with_loss(one, "minimax") if trial["g_step"] == updates]
            ended = [trial["figures"]["prob/D_G_z"] for trial in runs if trial["figures"]]
            said = f"{statistics.median(ended):.2f}" if ended else "–"
            by_updates.append(f"{reached(runs)} at {'one' if updates == 1 else 'two'}, where D(G(z)) is {said}")
        counts.append(f"{title}: {', '.join(by_updates)}")
    return (
        "**Where D wins minimax lags, and a second update of G in a step helps it**, though not at every ratio; on "
        "parabola, where D does not win, it does harm. The gradient is small where D(G(z)) is. Minimax runs that reach "
        f"the quality by updates of G: {'; '.join(counts)}."
    )


def _v(found: Studies) -> str:
    counts = []
    for title, one in found.items():
        sign, tag = -1 if one["good"]["above"] else 1, one["good"]["tag"]
        ranks = []
        for loss, called in LOSSES.items():
            runs = [trial["figures"] for trial in with_loss(one, loss) if trial["figures"].get(tag) is not None]
            rank = stats.spearmanr([run["value/V"] for run in runs], [sign * run[tag] for run in runs]).statistic
            ranks.append(f"{number(float(rank), 2)} {called}")
        counts.append(f"{title}: {', '.join(ranks)}")
    return (
        "**How much V tells of G depends on the game and on the loss.** Rank correlation of V at the end with how bad "
        "G is, which would be 1 if V put the runs in the right order (Spearman, all ratios together): "
        f"{'; '.join(counts)}. A D that can't keep up with a collapsed G says ½ too."
    )


def _nothing_breaks(found: Studies) -> str:
    trials = [trial for one in found.values() for trial in one["trials"]]
    broken = sum(trial["exit"] == Exit.NAN for trial in trials)
    return (
        f"**{broken or 'None'} broke**: {broken} of {len(trials):,} runs ended with NaN or infinity, of either loss, "
        "with log D and log(1 − D) taken from the logits. Literal logarithms, `--log_form=literal`, were "
        "not tried here."
    )


SENTENCES: tuple[Callable[[Studies], str], ...] = (_ratio, _loss, _second_update, _v, _nothing_breaks)
