"""What trials came to, side by side: a row for each point of the grid, means and spreads over its seeds.

Imports no TensorFlow.
"""

import csv
import dataclasses
import io
import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

WIDTH = 120  # columns of a terminal
SHOWN = ("D_loss", "G_loss", "value/V", "prob/D_x", "prob/D_G_z")  # printed, beside all that begins as below
SHOWN_UNDER = ("quality/", "jsd/bound", "jsd/quadrature", "density/")


@dataclasses.dataclass(frozen=True)
class Result:
    """One trial: its place in the grid, how it ended, and its last figures."""

    name: str
    point: dict[str, Any]  # the settings that were swept
    seed: int
    exit_code: int | None  # None: not trained to its end yet
    said: str  # its last line on standard error where it failed
    figures: dict[str, float]


def table_csv(results: Sequence[Result]) -> str:
    """A line for each point of the grid: its settings, how many trials finished and failed, every measure's mean
    and standard deviation over the finished ones."""
    names = _measures(results)
    head = [*results[0].point, "finished", "failed", *(f"{name} {what}" for name in names for what in ("mean", "std"))]
    lines = []
    for group in _points(results):
        spreads = [number for name in names for number in _spread(group, name)]
        lines.append([*group[0].point.values(), *_counts(group), *map(_digits, spreads)])
    return _csv([head, *lines])


def trials_csv(results: Sequence[Result]) -> str:
    """A line for each trial, with its last figures."""
    names = _measures(results)
    head = ["trial", *results[0].point, "seed", "exit_code", "said", *names]
    return _csv(
        [head]
        + [
            [
                result.name,
                *result.point.values(),
                result.seed,
                "" if result.exit_code is None else result.exit_code,
                result.said,
                *(_digits(result.figures.get(name, math.nan)) for name in names),
            ]
            for result in results
        ]
    )


def text(results: Sequence[Result]) -> str:
    """The table for a terminal, in several where one is too wide, and what the failed trials said."""
    groups = _points(results)
    keys = [*results[0].point, "finished", "failed"]
    left = _column_texts(keys, [[*group[0].point.values(), *_counts(group)] for group in groups], str.ljust)
    names = [name for name in _measures(results) if name in (*SHOWN, "seconds") or name.startswith(SHOWN_UNDER)]
    right = _column_texts(names, [[_cell(*_spread(group, name)) for name in names] for group in groups], str.rjust)

    parts: list[list[list[str]]] = [[]]
    for column in right:
        if parts[-1] and sum(len(cells[0]) + 2 for cells in (*left, *parts[-1], column)) - 2 > WIDTH:
            parts.append([])
        parts[-1].append(column)
    tables = ["\n".join("  ".join(cells).rstrip() for cells in zip(*left, *part, strict=True)) for part in parts]
    tables.append("each measure: mean ± standard deviation of the finished trials' last figures")
    for result in results:
        if result.exit_code:
            line = f"{result.name}: exit code {result.exit_code}, {result.said}"
            tables.append(textwrap.fill(line, WIDTH, subsequent_indent="  "))
    return "\n\n".join(tables)


def _points(results: Sequence[Result]) -> list[list[Result]]:
    """The trials of each point of the grid."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(repr(result.point), []).append(result)
    return list(groups.values())


def _measures(results: Sequence[Result]) -> list[str]:
    """Every measure that a trial has, those that are printed first."""
    names = dict.fromkeys(name for result in results for name in result.figures)
    return [name for name in SHOWN if name in names] + [name for name in names if name not in SHOWN]


def _counts(group: Sequence[Result]) -> tuple[int, int]:
    """Trials that finished, trials that failed."""
    return sum(result.exit_code == 0 for result in group), sum(bool(result.exit_code) for result in group)


def _spread(group: Sequence[Result], name: str) -> tuple[float, float]:
    """Mean and standard deviation (of a sample: n - 1) over finished trials; NaN where there are none, or one."""
    values = [result.figures[name] for result in group if result.exit_code == 0 and name in result.figures]
    mean = float(np.mean(values)) if values else math.nan
    return mean, float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def _cell(mean: float, deviation: float) -> str:
    if math.isnan(mean):
        return "-"
    return f"{mean:.4g}" if math.isnan(deviation) else f"{mean:.4g} ± {deviation:.2g}"


def _column_texts(names: Sequence[str], rows: Sequence[Sequence[Any]], justify) -> list[list[str]]:
    """For each name its column's texts, the name first, all of one width."""
    columns = [[name, *(str(row[i]) for row in rows)] for i, name in enumerate(names)]
    return [[justify(cell, max(map(len, column))) for cell in column] for column in columns]


def _digits(number: float) -> str:
    return "" if math.isnan(number) else f"{number:.9g}"


def _csv(lines: list[list]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()
