"""docs/performance.md says what the races wrote."""

import json
import pathlib

import pytest

from benchmarks import page, products, report
from benchmarks.contestants import Settings

ROOT = pathlib.Path(__file__).parent.parent
RACES = sorted((ROOT / "results").glob("race-*.json"))


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
