"""docs/performance.md says what the races wrote, docs/cluster.md what two workers came to."""

import json
import pathlib

import pytest

from benchmarks import page, products, report
from benchmarks.contestants import Settings

ROOT = pathlib.Path(__file__).parent.parent
RACES = sorted((ROOT / "results").glob("race-*.json"))
WORKERS = sorted((ROOT / "results").glob("workers.json"))


def test_every_game_has_raced():
    assert {path.stem.removeprefix("race-") for path in RACES} == set(products.WRITTEN)


@pytest.mark.parametrize("path", RACES, ids=lambda path: path.stem)
def test_the_page_holds_the_tables_of_the_races(path):
    race = json.loads(path.read_text())
    text = (ROOT / "docs" / "performance.md").read_text()
    for line in f"{page.markdown(race)}\n{page.quality(race)}".splitlines():
        assert line in text, f"python -m benchmarks.page {path.relative_to(ROOT)} prints what must stand there"


def test_what_a_race_writes_names_no_folder_of_its_machine(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.argv", ["race", "--model=mlp", "--input_data_dir=/home/me/mnist", "--rounds=1"])
    report.write(str(tmp_path / "race.json"), Settings("mlp", "/home/me/mnist", threads=1), {})
    written = (tmp_path / "race.json").read_text()
    assert "--model=mlp --input_data_dir=DIR --rounds=1" in written
    assert "/home/me" not in written


def test_products_are_those_of_the_layers():
    products.check()


@pytest.mark.parametrize("path", WORKERS, ids=lambda path: path.stem)
def test_the_page_of_several_workers_holds_its_tables(path):
    text = (ROOT / "docs" / "cluster.md").read_text()
    for line in "\n".join(page.tables(json.loads(path.read_text()))).splitlines():
        assert line in text, f"python -m benchmarks.page {path.relative_to(ROOT)} prints what must stand there"


def test_the_arithmetic_of_several_workers():
    rate = {"explicit": {"median": {"1": 20.0, "2": 30.0}, "gain": 1.5}}
    content = {
        # 1 ms for what is short, and 1 ms for each further MB.
        "reduce": {str(size): {"seconds": 1.2e-3 + size * 1e-9, "without": 2e-4} for size in (10**6, 2 * 10**6)},
        "steps": {
            "mlp": {"batch_size": 256, "d_step": 1, "g_step": 2, "gradient_bytes": {"d": 1_500_000, "g": 3_000_000}}
            | rate
            | {"compiled": rate["explicit"]}
        },
    }
    assert page.all_reduce_seconds(content, 1_500_000) == pytest.approx(2.5e-3)  # between
    assert page.all_reduce_seconds(content, 3_000_000) == pytest.approx(4e-3)  # beyond
    assert page.all_reduce_seconds(content, 1_000) == pytest.approx(2e-3)  # none is quicker than the quickest measured
    # One of D and two of G: 2.5 + 2 * 4 = 10.5 ms. Half a step of 50 ms and those are 35.5 ms: 50 / 35.5 = 1.41.
    assert "| `mlp`, 256 | explicit | 20 | 30 | 1.50 | 1.41 |" in page.scaling(content)
    # 7.5 MB a step: 60 ms at 1 Gbit/s, 6 at 10. N = 1 + 50 / 21, 1 + 50 / 120, 1 + 50 / 12.
    assert "| `mlp` | 50 | 7.5 | 10.5 | 3.4 | 1.4 | 5.2 |" in page.takes_over(content)
    assert "| 2,000,000 | 3 | 667 |" in page.all_reduces(content)
