"""The page as a whole, all its pictures, and the READMEs' table."""

import re
import statistics
from collections.abc import Callable

from matplotlib.figure import Figure

from docs.results import articles, games, modes, paper, study
from docs.results.files import PICTURES, Table, figure, measure, rows
from docs.results.words import duration, number, seeds, spread, table

OPEN, CLOSE = "<!-- made by python -m docs.results -->", "<!-- end -->"

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
        f"is its steps at the median of the speeds that it recorded. gan_lowlevel {known['version']}, "
        f"TensorFlow {facts['versions']['tensorflow']}, Python {facts['python']}."
    )


def draw(tables: dict[str, Table]) -> dict[str, Figure]:
    """Every picture that the tables suffice for, by the name of its file."""
    return paper.pictures(tables) | study.pictures(tables) | articles.pictures(tables)


HEADS = {
    "en": ("game", "pictures", "command", "steps, time on one core", "V, D(x), D(G(z)) at its end", "measured", "runs"),
    "zh": ("游戏", "图片", "命令", "步数，单核时间", "结束时的 V、D(x)、D(G(z))", "测得", "运行"),
}


def readme_table(tables: dict[str, Table], language: str) -> str:
    """A row a game, with the sample grid of its median run; the table's head is in the README's language."""
    found = rows(tables, "games")
    lines = []
    for name in games.GAMES:
        row = found[name]
        judge = "energy" if name == "parabola" else "frechet"
        facts = row["runs"][0]["measures"][judge]
        seconds = statistics.median(run["seconds"] for run in row["runs"])
        lines.append([
            f"`{name}`", f"![{name}](docs/pictures/results/{_grid(name)})", f"`{_without_seed(row['command'])}`",
            f"{row['runs'][0]['steps']:,}, {duration(seconds)}",
            ", ".join(spread(figure(row, tag)) for tag in games.PLAYED),
            f"`{judge}` {spread(measure(row, judge))} (real {number(facts['real'])}, noise {number(facts['noise'])})",
            seeds(row),
        ])  # fmt: skip
    return table(HEADS[language], lines)


def _grid(name: str) -> str:
    there = {place: f"samples-{name}-{place}.png" for place in ("median", "only", "best")}
    return next(file for file in there.values() if (PICTURES / file).exists())


def _without_seed(text: str) -> str:
    return re.sub(r" --(seed|threads)=\d+", "", text)


def with_table(readme: str, tables: dict[str, Table], language: str) -> str:
    """The README with its table made anew, once every game has its row."""
    if not set(games.GAMES) <= rows(tables, "games").keys():
        return readme
    before, rest = readme.split(OPEN)
    after = rest.split(CLOSE, 1)[1]
    return f"{before}{OPEN}\n{readme_table(tables, language)}\n{CLOSE}{after}"
