"""The cards: what a run's last figures say, each remark on its own side of its rule."""

import dataclasses
import math
import re

import numpy as np
import pytest

from gan_lowlevel import cards, losses, networks
from gan_lowlevel.commandline import read_config
from gan_lowlevel.config import G_LOSSES, MODELS
from gan_lowlevel.errors import Failure

LEVEL = {"prob/D_x": 0.5, "prob/D_G_z": 0.5, "value/V": -math.log(4)}
WINNING = {"prob/D_x": 0.95, "prob/D_G_z": 0.05, "value/V": 2 * math.log(0.95)}


def said(figures: dict[str, float], *argv: str) -> str:
    return "\n".join(" / ".join(remark) for remark in cards.remarks(read_config(list(argv)), figures))


@pytest.mark.parametrize("g_loss", G_LOSSES)
def test_the_reading_card_has_this_loss_and_its_ideal_value(g_loss):
    text = cards.reading(g_loss, "What the article says.")
    assert cards.G_FORMULAS[g_loss] in text
    assert f"| {losses.IDEAL_G_LOSS[g_loss]:.4f} |" in text
    assert "What the article says." in text
    assert "1.3706, at D = 0.4375" in text  # -(0.875 log 0.4375 + 0.125 log 0.5625) - log 0.5625, TF-GAN's smoothing
    assert -(0.875 * math.log(0.4375) + 1.125 * math.log(0.5625)) == pytest.approx(1.3706, abs=1e-4)


@pytest.mark.parametrize("model", MODELS)
def test_every_game_says_what_its_source_calls_the_curves(model):
    assert networks.GAMES[model](read_config([f"--model={model}"])).curves_in_source.endswith(".")


def test_recent_figures_are_those_of_the_run_with_their_scatter_beside():
    assert cards.recent({"step": np.arange(20.0), "a": np.arange(20.0)}) == {"a": 18.5, "a:std": 0.5}


def test_nothing_is_said_of_what_was_not_recorded():
    assert cards.remarks(read_config([]), {}) == []


@pytest.mark.parametrize(
    ("figures", "finding"),
    [
        (LEVEL, "The players are level"),
        (WINNING, "D is winning"),
        (LEVEL | {"prob/D_x": 0.7, "prob/D_G_z": 0.3, "value/V": -0.7}, "D is ahead, and G follows"),
        (LEVEL | {"prob/D_x": 0.4, "prob/D_G_z": 0.6, "value/V": math.log(0.4) + math.log(0.4)}, "G is ahead"),
    ],
)
def test_who_is_winning(figures, finding):
    assert said(figures).startswith(finding)


def test_advice_changes_the_ratio_that_the_run_has():
    assert "`--g_step=3`" in said(WINNING)  # mlp has 1 to 2
    assert "`--d_step=4`" in said(WINNING, "--d_step=5")
    assert "`--g_loss=non_saturating`" in said(WINNING, "--g_loss=minimax")
    assert "--g_loss" not in said(WINNING)


@pytest.mark.parametrize(
    ("name", "below", "above", "finding"),
    [
        ("jsd/bound_held_out", 0.009, 0.011, "of 0.693 that there can be"),
        ("quality/energy", 0.049, 0.051, "G has collapsed"),
        ("G_loss:std", 0.49, 0.51, "G's loss swings"),
        ("numerics/clipped", 0.0, 0.5, "Float32 rounds D to 0 or 1"),
    ],
)
def test_a_remark_above_its_rule_and_none_below(name, below, above, finding):
    assert finding in said(LEVEL | {name: above})
    assert finding not in said(LEVEL | {name: below})


def test_a_bound_below_0_says_nothing_and_the_card_says_so():
    assert "says nothing" in said({"jsd/bound_held_out": -0.011})


@pytest.mark.parametrize("bound", [-0.009, 0.0, 0.009])
def test_a_bound_about_0_blames_no_d(bound):
    assert said({"jsd/bound_held_out": bound}).startswith("The bound of the divergence is 0 within its scatter")


def test_a_gap_that_digits_learnt_by_heart_leave_is_no_victory_of_d():
    memorised = {"prob/D_x": 0.86, "prob/D_G_z": 0.14, "value/V": -0.41}  # mlp on the embedded digits, 10,000 steps
    assert said(memorised).startswith("D is ahead, and G follows")
    lost = {"prob/D_x": 0.92, "prob/D_G_z": 0.1, "value/V": -0.24}  # the same under the minimax loss
    assert said(lost).startswith("D is winning")


@pytest.mark.parametrize("quality", [{"quality/energy": 0.051}, {"quality/diversity": 0.49}])
def test_level_players_with_samples_unlike_real_data_are_no_ideal_game(quality):
    assert said(LEVEL | quality).startswith("The players are level, as in an ideal game, but this is none")
    assert "`--d_learning_rate`" in said(LEVEL | quality).splitlines()[0]


def test_level_players_with_samples_like_real_data():
    assert "the samples decide" in said(LEVEL | {"quality/energy": 0.049, "quality/diversity": 0.51})


def test_alike_samples_and_a_saturated_gradient_are_below_their_rule():
    assert "G's samples are alike" in said({"quality/diversity": 0.49})
    assert said({"quality/diversity": 0.51}) == ""
    saturated = {"gradient/minimax": 0.09, "gradient/non_saturating": 1.0}
    assert "`--g_loss=non_saturating`" in said(saturated, "--g_loss=minimax")
    assert "The minimax loss is saturated" in said(saturated, "--g_loss=minimax")
    assert "The minimax loss would be saturated" in said(saturated)
    assert "which this run follows" in said(saturated)
    assert said(saturated | {"gradient/minimax": 0.11}) == ""
    assert "0.000" in said({"gradient/minimax": 0.0, "gradient/non_saturating": 0.0})  # no division by 0


def test_a_d_that_knows_its_data_by_heart():
    assert "by heart" in said({"value/V_train": -0.1, "value/V_held_out": -0.41})
    assert said({"value/V_train": -0.1, "value/V_held_out": -0.39}) == ""


def test_the_literal_form_is_told_to_be_left():
    assert "`--log_form=stable`" in said({"numerics/clipped": 3.0}, "--log_form=literal")
    assert "--log_form" not in said({"numerics/clipped": 3.0})


def test_the_card_shows_the_figures_and_every_remark_with_its_rule():
    figures = WINNING | {"D_loss": 0.1026, "G_loss": 3.0}
    text = cards.says(read_config([]), figures, 2000)
    assert "After 2,000 steps" in text
    assert "| `value/V` | `D_loss` | `G_loss` | `prob/D_x` | `prob/D_G_z` |" in text
    assert "| -0.1026 | 0.1026 | 3.0000 | 0.9500 | 0.0500 |" in text
    assert text.count("*Rule: ") == len(cards.remarks(read_config([]), figures)) == 1


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("steps", [(), ("--d_step=0",), ("--g_step=0",), ("--d_step=3",)], ids=str)
def test_no_advice_is_one_that_the_program_refuses(model, steps):
    try:
        config = read_config([f"--model={model}", *steps])
        config.check()
    except Failure:
        pytest.skip("no such game")
    worst = {"quality/energy": 1.0, "quality/diversity": 0.0, "G_loss:std": 9.0, "numerics/clipped": 1.0}
    worst |= {"value/V_train": -0.1, "value/V_held_out": -2.0}
    for state in (LEVEL, WINNING, LEVEL | {"value/V": -5.0}):
        for remark in cards.remarks(config, state | worst):
            for name, value in re.findall(r"`--(\w+)=(\w+)`", remark.advice):
                value = int(value) if value.isdigit() else value
                dataclasses.replace(config, **{name: value}).check()  # raises Failure where it is refused


def test_nothing_is_advised_of_the_ratio_where_it_is_fixed():
    assert "_step" not in said(WINNING, "--model=mixture")  # both players move at once
    assert "_step" not in said(WINNING, "--model=parabola", "--fakes=uniform", "--g_step=0")


def test_a_g_that_does_not_train_is_not_blamed_nor_a_d_that_sees_no_row_twice():
    assert said({"quality/energy": 1.0}, "--model=parabola", "--g_step=0") == ""
    assert said({"value/V_train": -0.1, "value/V_held_out": -2.0}, "--model=parabola") == ""


@pytest.mark.parametrize(("name", "value"), [("quality/high_quality", 0.49), ("jsd/quadrature", 0.11)])
def test_level_players_are_no_ideal_game_where_samples_are_known_to_be_unlike_data(name, value):
    assert "but this is none" in said(LEVEL | {name: value})


def test_no_advice_against_another_where_d_is_winning_and_g_has_collapsed():
    advice = said(WINNING | {"quality/diversity": 0.1, "quality/energy": 1.0})
    assert "`--g_step=3`" in advice  # mlp's 2 and one more
    assert "--d_step" not in advice


def test_modes_and_a_known_divergence_are_read_aloud():
    assert "found 7 modes, and 0.25 of its samples" in said({"quality/modes": 7.0, "quality/high_quality": 0.25})
    assert "known: 0.053" in said({"jsd/quadrature": 0.053})


@pytest.mark.parametrize(
    ("tag", "threshold", "finding", "still"),
    [
        ("spread/D_logits", 1e-4, "D is dead", "--d_step=0"),
        ("gradient/non_saturating", 1e-6, "G is flat", "--g_step=0"),
        ("spread/samples", 0.01, "G's samples are constant", "--g_step=0"),
        ("spread/pixels", 0.01, "G's pictures are of one colour each", "--g_step=0"),
    ],
)
def test_a_warning_is_said_below_its_threshold_of_a_player_that_learns(tag, threshold, finding, still):
    assert cards.warnings(read_config([]), {tag: 1.1 * threshold}) == []
    (warning,) = cards.warnings(read_config([]), {tag: 0.9 * threshold})
    assert warning.finding.startswith(finding)
    assert re.search(r"\d", warning.finding)  # with its figure
    assert warning.advice
    assert finding in said({tag: 0.9 * threshold})  # on the card as well
    assert cards.warnings(read_config([still]), {tag: 0.0}) == []
