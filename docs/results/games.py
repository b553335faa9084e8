"""Five games beside real data and noise."""

from docs.results.files import Table, figure, measure, rows
from docs.results.words import extent, length, number, samples, seeds, table, whose

GAMES = ("mlp", "mlp_deep", "dcgan", "dog", "parabola")
PLAYED = ("value/V", "prob/D_x", "prob/D_G_z")

TEXT = """\
Each game's recipe at the length that its command says, measured by `python -m gan_lowlevel.evaluate` with 10,000
samples (*n*, fewer where a measure compares with as many real rows and has no more of them), beside real data and noise
in the samples' place. Of several runs a value is their median (lowest to highest). Pictures: unsorted samples of fixed
z. [reading.md](reading.md) explains V, D(x) and D(G(z)), `evaluate` each measure. Times are of one core, other work
beside."""


def section(tables: dict[str, Table]) -> str | None:
    """A table a game, and its samples."""
    found = rows(tables, "games")
    if not found:
        return None
    parts = [TEXT]
    for name in GAMES:
        if name in found:
            row = found[name]
            alone = " One run: nothing is known of its spread." if len(row["runs"]) == 1 else ""
            parts += [f"### {name}", f"{seeds(row)}, {length(row)} each.{alone}", whose("games", {name: row})]
            parts += [_measures(row), *samples(name)]
    return "\n\n".join(parts)


def _measures(row: Table) -> str:
    lines = [
        [name, extent(measure(row, name)), number(facts["real"]), number(facts["noise"]), number(facts["n"])]
        for name, facts in row["runs"][0]["measures"].items()
    ]
    lines += [[tag, extent(figure(row, tag)), "", "", ""] for tag in PLAYED]
    return table(["measure", "samples", "real data", "noise", "n"], lines)
