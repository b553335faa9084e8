"""Numbers, rows and their runs as text."""

import itertools
import math
import statistics
from collections.abc import Callable, Sequence

from benchmarks.rows import TABLES
from docs.results.files import PICTURES, Table

SMALL = 1e-4  # below it a number is written with its power of ten


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
    """Mean ± standard deviation over runs (n - 1), with the digits that it allows; of one run its value alone."""
    if not values:
        return "–"
    if len(values) == 1:
        return number(values[0], digits)
    deviation = statistics.stdev(values)
    mean = statistics.fmean(values)
    if 0 < deviation < SMALL:
        return f"{number(mean, 4)} ± {number(deviation)}"
    decimals = max(1 - math.floor(math.log10(deviation)), 0) if deviation > 0 else 0
    return f"{mean:,.{decimals}f} ± {deviation:,.{decimals}f}".replace("-", "−")


def percent(shares: Sequence[float]) -> str:
    """`spread` of shares, in percent."""
    return f"{spread([100 * share for share in shares])} %"


def extent(values: Sequence[float], write: Callable[[float], str] = number) -> str:
    """Median (lowest to highest); of one run its value alone, of none a dash."""
    if len(values) < 2:
        return write(values[0]) if values else "–"
    return f"{write(statistics.median(values))} ({write(min(values))} to {write(max(values))})"


def duration(seconds: float) -> str:
    """As one says it."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Of Markdown."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *lines))


def seeds(row: Table) -> str:
    """How many runs, and which."""
    found = row["seeds"]
    if len(found) == 1:
        return f"1 run, seed {found[0]}"
    return f"{len(found)} runs, seeds {found[0]}–{found[-1]}"


def length(row: Table) -> str:
    """Steps, and the time of the row's median run."""
    seconds = statistics.median(run["seconds"] for run in row["runs"])
    return f"{row['runs'][0]['steps']:,} steps, {duration(seconds)}"


def whose(name: str, found: dict[str, Table]) -> str:
    """Of each row of a table: what is its source's, what is ours, what must be known to believe it, its command."""
    return "\n".join(
        f"- `{row.name}`. The source's: {row.source}. Ours: {row.ours}. {row.note + ' ' if row.note else ''}"
        f"`{found[row.name]['command']}`, then `{found[row.name]['evaluation']} --run=logs/NAME`"
        for row in TABLES[name]
        if row.name in found
    )


PLACES = {"only": "the one run", "best": "best run", "median": "median run", "worst": "worst run"}
JUDGES = {"frechet": "Fréchet distance", "energy": "energy distance"}


def samples(name: str) -> list[str]:
    """A row's pictures side by side, with what ranks them; nothing where there are none."""
    judge = JUDGES[next(row.judge for row in itertools.chain(*TABLES.values()) if row.name == name)]
    shown = [place for place in PLACES if (PICTURES / f"samples-{name}-{place}.png").exists()]
    grids = [f"![{name}, {place}](pictures/results/samples-{name}-{place}.png)" for place in shown]
    heads = [f"`{name}`, {PLACES[place]}" + (f" by {judge}" if place != "only" else "") for place in shown]
    return [table(heads, [grids])] if shown else []
