"""What lies in results/*.json, and where the pages are."""

import json
import pathlib
from typing import Any

from benchmarks.rows import STUDIES, TABLES

ROOT = pathlib.Path(__file__).parents[2]
RESULTS, PAGE = ROOT / "results", ROOT / "docs" / "results.md"
READMES = {"en": ROOT / "README.md", "zh": ROOT / "README.zh-CN.md"}
PICTURES = ROOT / "docs" / "pictures" / "results"

Table = dict[str, Any]


def load(name: str) -> Table:
    """A file of results; empty where it is not there."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def load_all() -> dict[str, Table]:
    """Every table, every study, and what the articles print of their runs."""
    return {name: load(name) for name in (*TABLES, "articles", *(study.name for study in STUDIES))}


def rows(tables: dict[str, Table], name: str) -> dict[str, Table]:
    """The rows of a table that have runs."""
    return tables[name].get("rows", {})


def measure(row: Table, name: str) -> list[float]:
    """One measure of each of a row's runs, where it could be taken."""
    return [run["measures"][name]["value"] for run in row["runs"] if run["measures"][name]["value"] is not None]


def figure(row: Table, name: str) -> list[float]:
    """One last figure of each of a row's runs."""
    return [run["figures"][name] for run in row["runs"]]
