"""PacGAN's experiment."""

import statistics

from docs.results.files import Table, measure, rows
from docs.results.words import length, percent, seeds, spread, table, whose

# PacGAN's plain GAN, ten runs: modes there are, modes found and their ±, share of points within 3σ.
PACGAN = {"ring": (8, 6.3, 0.5, 0.982), "grid": (25, 17.3, 0.8, 0.948)}

TEXT = """\
Lin et al. 2018 (PacGAN), after Srivastava et al. 2017 (VEEGAN): the row of the GAN without packing. 2,500 points are
drawn; a mode is found with one point within three standard deviations of it. Of real points 98.9 % lie so near. Theirs
are means of ten runs, ± as they print it; ours say how many runs they are of."""
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
        lines.append([
            law, f"ours, `--mixture={name}`", spread(measure(row, "modes")),
            percent(measure(row, "high_quality")), spread(measure(row, "reverse_kl")),
            seeds(row), length(row),
        ])  # fmt: skip
    return "\n\n".join((TEXT, table(HEAD, lines), _meaning(found), whose("modes", found)))


def _meaning(found: dict[str, Table]) -> str:
    """What the table says."""
    shares = [
        f"{100 * statistics.fmean(measure(row, 'modes')) / PACGAN[name][0]:.0f} % of the {name}'s modes, theirs "
        f"{100 * PACGAN[name][1] / PACGAN[name][0]:.0f} %"
        for name, row in found.items()
    ]
    return (
        f"Ours finds {', and '.join(shares)}: a plain GAN loses modes here as it does there. So few runs of ours don't "
        "tell whether the rates differ."
    )
