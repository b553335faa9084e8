"""The READMEs' two tables: five games, and what the papers print beside ours."""

import re
import statistics

from docs.results import games
from docs.results.files import PICTURES, Table, figure, measure, rows
from docs.results.modes import PACGAN
from docs.results.paper import PRINTED, nats
from docs.results.words import duration, extent, number, percent, seeds, table

OPEN, CLOSE = "<!-- made by python -m docs.results -->", "<!-- end -->"

GAMES_HEAD = {
    "en": ("game", "pictures", "command", "steps, time on one core", "V, D(x), D(G(z)) at its end", "measured", "runs"),
    "zh": ("游戏", "图片", "命令", "步数，单核时间", "结束时的 V、D(x)、D(G(z))", "测得", "运行"),
}


def _games(tables: dict[str, Table], language: str) -> str:
    """A row a game, with the sample grid of its median run."""
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
            ", ".join(extent(figure(row, tag)) for tag in games.PLAYED),
            f"`{judge}` {extent(measure(row, judge))}; real {number(facts['real'])}, noise {number(facts['noise'])}",
            seeds(row),
        ])  # fmt: skip
    return table(GAMES_HEAD[language], lines)


def _grid(name: str) -> str:
    there = {place: f"samples-{name}-{place}.png" for place in ("median", "only", "best")}
    return next(file for file in there.values() if (PICTURES / file).exists())


def _without_seed(text: str) -> str:
    return re.sub(r" --(seed|threads)=\d+", "", text)


COMPARED_HEAD = {
    "en": ("against a paper", "the paper's figure", "ours", "runs"),
    "zh": ("与论文相比", "论文的数字", "我们的数字", "运行"),
}
# table, row: what is compared
COMPARED = {
    ("paper", "goodfellow"): {
        "en": "Goodfellow et al. 2014, its recipe: log-likelihood by Parzen windows, nats",
        "zh": "Goodfellow et al. 2014 及其公布的配置：Parzen 窗对数似然，nats",
    },
    ("paper", "goodfellow_averaged"): {
        "en": "the same runs, G's weights averaged over ten checkpoints",
        "zh": "同样的运行，G 的权重取十个检查点的平均",
    },
    ("modes", "ring"): {
        "en": "PacGAN's plain GAN, ring: modes of 8, points within 3σ",
        "zh": "PacGAN 中的普通 GAN，环：8 个模式中找到的个数，3σ 以内的点",
    },
    ("modes", "grid"): {
        "en": "PacGAN's plain GAN, grid: modes of 25, points within 3σ",
        "zh": "PacGAN 中的普通 GAN，网格：25 个模式中找到的个数，3σ 以内的点",
    },
}


def _compared(tables: dict[str, Table], language: str) -> str:
    """A row for each figure of a paper that we have too."""
    lines = []
    for (name, key), label in COMPARED.items():
        if key not in rows(tables, name):
            continue
        row = rows(tables, name)[key]
        if name == "paper":
            _, value, around, _ = PRINTED[0]
            theirs, ours = f"{value} ± {around:g}", nats(row)
        else:
            _, found, around, near = PACGAN[key]
            theirs = f"{found} ± {around}, {percent([near])}"
            each = zip(measure(row, "modes"), measure(row, "high_quality"), strict=True)
            ours = "; ".join(f"{count}, {percent([share])}" for count, share in each)
        lines.append([label[language], theirs, ours, seeds(row)])
    return table(COMPARED_HEAD[language], lines)


def with_tables(text: str, tables: dict[str, Table], language: str) -> str:
    """A README with its tables made anew, once every game has its row."""
    if not set(games.GAMES) <= rows(tables, "games").keys():
        return text
    before, rest = text.split(OPEN)
    after = rest.split(CLOSE, 1)[1]
    return f"{before}{OPEN}\n{_games(tables, language)}\n\n{_compared(tables, language)}\n{CLOSE}{after}"
