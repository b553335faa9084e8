"""The tables of a sweep: which figures, their means and spreads, and that a terminal holds them."""

import csv
import io
import math

import pytest

from gan_lowlevel.comparison import WIDTH, Result, table_csv, text, trials_csv


def trial(d_step: int, seed: int, exit_code: int | None = 0, said: str = "", **figures: float) -> Result:
    name = f"d_step-{d_step}_seed-{seed}"
    return Result(name, {"d_step": d_step}, seed, exit_code, said, figures)


RESULTS = [
    trial(1, 0, D_loss=1.0, other=5.0),
    trial(1, 1, D_loss=2.0, other=5.0),
    trial(1, 2, D_loss=3.0, other=math.pi),
    trial(2, 0, D_loss=4.0),
    trial(2, 1, 4, "D_loss is nan at step 7", D_loss=100.0),
    trial(2, 2, None),
]


def lines(content: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content)))


def test_a_row_for_each_point_with_means_and_spreads_over_finished_trials():
    one, two = lines(table_csv(RESULTS))
    assert (one["d_step"], one["finished"], one["failed"]) == ("1", "3", "0")
    assert float(one["D_loss mean"]) == 2.0
    assert float(one["D_loss std"]) == 1.0  # of 1, 2, 3: squares 1 + 0 + 1, over n - 1 = 2
    assert (two["d_step"], two["finished"], two["failed"]) == ("2", "1", "1")
    assert float(two["D_loss mean"]) == 4.0  # the failed one's 100 does not count
    assert two["D_loss std"] == ""  # one trial has no spread
    assert two["other mean"] == ""


def test_every_trial_with_its_last_figures():
    found = lines(trials_csv(RESULTS))
    assert [line["trial"] for line in found] == [result.name for result in RESULTS]
    assert [line["exit_code"] for line in found] == ["0", "0", "0", "0", "4", ""]
    assert found[4]["said"] == "D_loss is nan at step 7"
    assert [line["D_loss"] for line in found] == ["1", "2", "3", "4", "100", ""]
    assert float(found[2]["other"]) == pytest.approx(math.pi, abs=1e-8)


def test_printed_are_the_usual_measures_quality_and_what_failed():
    printed = text([*RESULTS, trial(3, 0, **{"quality/modes": 8.0, "jsd/bound_held_out": 0.25})])
    head = printed.splitlines()[0].split()
    assert head == ["d_step", "finished", "failed", "D_loss", "quality/modes", "jsd/bound_held_out"]
    assert printed.splitlines()[1].split() == ["1", "3", "0", "2", "±", "1", "-", "-"]
    assert printed.splitlines()[2].split() == ["2", "1", "1", "4", "-", "-"]
    assert "d_step-2_seed-1: exit code 4, D_loss is nan at step 7" in printed
    assert "d_step-2_seed-2:" not in printed  # not trained yet is not failed


@pytest.mark.parametrize("measures", [3, 6, 30])
def test_a_wide_table_becomes_several_that_fit(measures):
    names = [f"quality/measure_{i}" for i in range(measures)]
    results = [trial(1, seed, **dict.fromkeys(names, -1.23456e-5 * (seed + 1))) for seed in (0, 1)]
    results.append(trial(2, 0, 4, "a long sentence " * 20))
    printed = text(results)
    assert max(map(len, printed.splitlines())) <= WIDTH
    words = printed.split()
    assert [word for word in words if word.startswith("quality/")] == names
    assert words.count("d_step") == words.count("failed")  # each table says which point of the grid a row is
    # Four columns and their gaps go into 120: 6 + 8 + 6 + 4 x 20 ("-1.852e-05 ± 8.7e-06") + 6 x 2 = 112.
    assert words.count("d_step") == -(-measures // 4)
