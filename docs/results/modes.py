"""PacGAN's experiment."""

import statistics

from docs.results.files import Table, figure, measure, rows
from docs.results.words import length, number, percent, seeds, table, whose

# PacGAN's plain GAN, ten runs: modes there are, modes found and their ±, share of points within 3σ.
PACGAN = {"ring": (8, 6.3, 0.5, 0.982), "grid": (25, 17.3, 0.8, 0.948)}

TEXT = """\
Lin et al. 2018 (PacGAN), after Srivastava et al. 2017 (VEEGAN): the row of the GAN without packing. 2,500 points are
drawn; a mode is found with one point within three standard deviations of it. On the grid noise finds nearly all: the
count says something only beside the share within 3σ. Theirs are means of ten runs, ± as they print it; ours are given
run by run."""
HEAD = ("law", "whose", "modes found", "within 3σ", "reverse KL, nats", "runs", "length")


def section(tables: dict[str, Table]) -> str | None:
    """Their line and ours, of each law."""
    found = rows(tables, "modes")
    if not found:
        return None
    lines = []
    for name, row in found.items():
        of, modes, around, near = PACGAN[name]
        law = f"{name}, {of} modes"
        lines.append(
            [law, "PacGAN's plain GAN", f"{modes} ± {around}", percent([near]), "", "10 runs", "400,000 steps"]
        )
        lines.append([law, f"ours, `--mixture={name}`", *_each(row, "value"), seeds(row), length(row)])
        for kind, what in (("real", "real points"), ("noise", "noise")):
            lines.append([law, f"{what} in the samples' place", *_each(row, kind), "", ""])
    return "\n\n".join((TEXT, table(HEAD, lines), _meaning(found), whose("modes", found)))


def _each(row: Table, kind: str) -> list[str]:
    """The three measures: of samples each run's, of what stands in their place the first's."""
    shown = row["runs"] if kind == "value" else row["runs"][:1]
    modes, near, divergence = (
        [run["measures"][name][kind] for run in shown] for name in ("modes", "high_quality", "reverse_kl")
    )
    each = (
        " and ".join(number(value) for value in values)
        for values in (modes, [100 * share for share in near], divergence)
    )
    of_modes, of_near, of_divergence = each
    return [of_modes, f"{of_near} %", of_divergence]


def _meaning(found: dict[str, Table]) -> str:
    """What the table says."""
    shares = [
        f"{100 * statistics.fmean(measure(row, 'modes')) / PACGAN[name][0]:.0f} % of the {name}'s modes, theirs "
        f"{100 * PACGAN[name][1] / PACGAN[name][0]:.0f} %"
        for name, row in found.items()
    ]
    moving = [
        f"on the {name} {' and '.join(number(value) for value in figure(row, 'quality/modes'))} modes, "
        f"{' and '.join(number(100 * value) for value in figure(row, 'quality/high_quality'))} % within 3σ"
        for name, row in found.items()
    ]
    return (
        f"Ours finds {', and '.join(shares)}: a plain GAN loses modes here as it does there. So few runs of ours don't "
        "tell whether the rates differ. Nor does a run stand still: over its last tenth it has in the mean "
        f"{'; '.join(moving)}."
    )
