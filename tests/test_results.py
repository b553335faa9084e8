"""docs/results.md and the READMEs' tables say what the files of results say."""

import math
import re

import numpy as np
import pytest

from benchmarks import rows, tables
from docs.results import page, readme, study, words
from docs.results.files import PAGE, PICTURES, READMES, load_all
from gan_lowlevel.commandline import read_config

FILES = load_all()
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_is_made_of_the_files():
    assert page.page(FILES) == TEXT, "python -m docs.results makes it anew"


@pytest.mark.parametrize("language", READMES)
def test_the_readmes_tables_are_made_of_the_files(language):
    text = READMES[language].read_text(encoding="utf-8")
    assert readme.with_tables(text, FILES, language) == text, "python -m docs.results makes it anew"


def test_every_picture_of_the_page_is_there_and_every_one_that_is_there_is_shown():
    shown = set(re.findall(r"\]\(pictures/results/([^)]+)\)", TEXT))
    assert shown == {path.name for path in PICTURES.glob("*.png")}
    assert shown >= {f"{name}.png" for name in page.draw(FILES)}


@pytest.mark.parametrize("name", [name for name in rows.TABLES if FILES[name].get("rows")])
def test_a_row_has_the_command_of_its_runs(name):
    for row in rows.TABLES[name]:
        written = FILES[name]["rows"].get(row.name)
        if written is None:
            continue
        assert (written["command"], written["evaluation"]) == (row.command(row.seeds[0]), row.evaluation)
        assert written["seeds"] == [run["seed"] for run in written["runs"]]
        assert set(written["seeds"]) <= set(row.seeds)
        flags = written["command"].split()[3:]
        config = read_config([flag for flag in flags if not flag.startswith("--input_data_dir")])
        assert config.threads == 1
        assert len({run["steps"] for run in written["runs"]}) == 1  # all of one length


@pytest.mark.parametrize("one", [one for one in rows.STUDIES if FILES[one.name]], ids=lambda one: one.name)
def test_a_study_has_every_trial_of_its_grid(one):
    written = FILES[one.name]
    assert (written["command"], written["evaluation"]) == (one.command, one.evaluation)
    assert (written["good"], written["collapsed"]) == (one.good._asdict(), one.collapsed._asdict())
    first, last = map(int, one.seeds.split("-"))
    wanted = {(loss, d, g, seed) for loss in study.LOSSES for d, g in study.RATIOS for seed in range(first, last + 1)}
    found = [tuple(trial[key] for key in ("g_loss", "d_step", "g_step", "seed")) for trial in written["trials"]]
    assert sorted(found) == sorted(wanted)


@pytest.mark.parametrize("one", rows.STUDIES, ids=lambda one: one.name)
def test_what_a_study_is_judged_by_is_shown_the_quality_first(one):
    shown = list(study.SHOWN[one.name].figures)
    assert shown[0] == one.good.tag
    assert one.collapsed.tag in shown


ENERGY = rows.Study("one", "", "0", rows.Bound("quality/energy", 0.005), rows.Bound("quality/energy", 0.05, above=True))


def test_the_first_good_moment_is_found_in_steps_and_seconds():
    columns = {
        "step": np.array([100.0, 200.0, 300.0, 400.0]),
        "speed/steps_per_second": np.array([50.0, 100.0, 100.0, 200.0]),
        "quality/energy": np.array([0.2, math.nan, 0.004, 0.06]),
    }
    # 100 steps at 50 a second, then twice 100 at 100 a second.
    assert tables.reached(ENERGY, columns, {"quality/energy": 0.06}) == {
        "good_step": 300,
        "good_at_end": False,
        "good_seconds": 4.0,
        "collapsed": True,
    }
    columns["quality/energy"] = np.array([0.2, 0.1, 0.1, 0.04])
    nowhere = {"good_step": None, "good_seconds": None, "good_at_end": False, "collapsed": False}
    assert tables.reached(ENERGY, columns, {"quality/energy": 0.04}) == nowhere
    assert tables.reached(ENERGY, columns, {"quality/energy": None}) == nowhere
    del columns["quality/energy"]  # a trial that broke before the first
    assert tables.reached(ENERGY, columns, {}) == nowhere


def test_a_pause_does_not_count_as_time():
    columns = {"step": np.array([100.0, 200.0, 300.0]), "speed/steps_per_second": np.array([50.0, 0.01, 50.0])}
    assert tables.at_median_speed(columns) == 6.0  # 300 steps at 50 a second


def test_where_more_is_better_good_is_above_and_another_figure_tells_collapse():
    good, collapsed = rows.Bound("quality/high_quality", 0.5, above=True), rows.Bound("quality/modes", 4)
    columns = {"step": np.array([10.0, 20.0]), "speed/steps_per_second": np.array([10.0, 10.0])}
    columns["quality/high_quality"] = np.array([0.4, 0.6])
    one = rows.Study("one", "", "0", good, collapsed)
    for modes in (4.0, 4.1):
        assert tables.reached(one, columns, {"quality/modes": modes, "quality/high_quality": 0.5}) == {
            "good_step": 20,
            "good_seconds": 2.0,
            "good_at_end": True,
            "collapsed": modes == 4.0,
        }


def test_a_measure_of_checkpoints_has_its_own_steps():
    one = rows.Study("one", "", "0", rows.Bound("measures/frechet", 350), rows.Bound("measures/classes", 3))
    assert one.evaluation
    columns = {"step": np.array([10.0, 20.0, 30.0, 40.0]), "speed/steps_per_second": np.array([10.0, 5.0, 10.0, 10.0])}
    columns |= {"measures/step": np.array([25.0, 40.0]), "measures/frechet": np.array([350.0, 100.0])}
    # 10 steps at 10 a second, 10 at 5, and half of the next 10 at 10.
    assert tables.reached(one, columns, {"measures/classes": 8, "measures/frechet": 351}) == {
        "good_step": 25,
        "good_seconds": 3.5,
        "good_at_end": False,
        "collapsed": False,
    }


def test_best_median_and_worst_are_by_the_judge():
    row = rows.Row("one", "", range(5), "", "", judge="frechet")
    found = [{"seed": seed, "measures": {"frechet": {"value": value}}} for seed, value in enumerate([5, 1, 9, 3, 7])]
    assert tables.ranked(row, found) == {"best": 1, "median": 0, "worst": 2}
    assert tables.ranked(row, found[:1]) == {"only": 0}


@pytest.mark.parametrize(
    ("values", "text"),
    [([1.0, 2.0, 3.0], "2.0 ± 1.0"), ([150.0, 170.0], "160 ± 14"), ([0.001, 0.003], "0.0020 ± 0.0014"), ([5.0], "5.00"),
     ([], "–"), ([-1.0, -3.0], "−2.0 ± 1.4"), ([8, 8], "8 ± 0"), ([-1e-7, -3e-7], "−2e−07 ± 1e−07"),
     ([1.0, 1 - 2e-6], "1.0000 ± 1e−06")],
)  # fmt: skip
def test_a_spread_has_the_digits_that_it_knows(values, text):
    assert words.spread(values) == text
