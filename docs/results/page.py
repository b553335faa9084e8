"""The page as a whole, and all its pictures."""

from collections.abc import Callable

from matplotlib.figure import Figure

from docs.results import articles, games, modes, paper, study
from docs.results.files import Table

INTRODUCTION = """\
# Results

Made by `python -m docs.results` from `results/*.json`, which `python -m benchmarks.tables` writes; a test holds this
page to those files. Every row has the command that repeats it: `DIR` and `PHOTOS` stand for the folders of data,
further runs differ in `--seed` alone. The same command on the same kind of machine gives the same bits; on another
kind, or with another number of threads, another run of the same recipe. What a source printed says so; everything else
is ours.

{machine}"""

# Each makes its text of all tables, or None where it wants one that is not there.
SECTIONS: dict[str, Callable[[dict[str, Table]], str | None]] = {
    "The paper's table": paper.section,
    "Modes found: PacGAN's experiment": modes.section,
    "Two losses, six ratios": study.section,
    "Five games, measured": games.section,
    "The articles' own numbers": articles.section,
}


def page(tables: dict[str, Table]) -> str:
    """docs/results.md."""
    parts = [INTRODUCTION.format(machine=_machine(tables)).strip()]
    for title, section in SECTIONS.items():
        body = section(tables)
        if body:
            parts.append(f"## {title}\n\n{body}")
    return "\n\n".join(parts) + "\n"


def _machine(tables: dict[str, Table]) -> str:
    known = next((one for one in tables.values() if "machine" in one), None)
    if known is None:
        return ""
    facts = known["machine"]
    return (
        f"Run on {facts['cores']} cores of an {facts['cpu']}, one thread a run, beside other work; the time of a run "
        f"is its steps at the median of the speeds that it recorded. gan_lowlevel {known['version']} at commit "
        f"{', '.join(sorted({one['code'] for one in tables.values() if 'code' in one}))}, "
        f"TensorFlow {facts['versions']['tensorflow']}, Python {facts['python']}."
    )


def draw(tables: dict[str, Table]) -> dict[str, Figure]:
    """Every picture that the tables suffice for, by the name of its file."""
    return paper.pictures(tables) | study.pictures(tables) | articles.pictures(tables)
