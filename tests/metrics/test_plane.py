"""Measures of points, and the numbers that the parabola game must reach."""

import statistics

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel import data, networks, train
from gan_lowlevel.commandline import read_config
from gan_lowlevel.data import parabola
from gan_lowlevel.gan import build
from gan_lowlevel.loop import ExplicitLoop
from gan_lowlevel.metrics.plane import COLLAPSED, energy_distance, measure, stderrs
from gan_lowlevel.sessions import latents, session_config

REAL = parabola.points(seed=10**6, first=0, count=5000)


def test_energy_distance_of_two_points_and_one():
    a, b = np.array([[0.0, 0.0], [0.0, 2.0]]), np.array([[0.0, 0.0]])
    # E|A - B| = (0 + 2)/2 = 1; E|A - A'| = (0 + 2 + 2 + 0)/4 = 1; E|B - B'| = 0
    assert energy_distance(a, b) == pytest.approx(2 * 1 - 1 - 0)
    assert energy_distance(a, a) == pytest.approx(0, abs=1e-12)


def test_real_points_against_others_of_their_law():
    seen = measure(parabola.points(seed=10**6 + 1, first=0, count=5000), REAL)
    assert seen.error < 1e-7  # y = x² up to float32's last bit, of numbers up to 1/4
    assert seen.near == 1.0
    assert 0 <= seen.energy < 0.001
    assert seen.bins == 20  # 5000/20 = 250 expected in each, 25 wanted
    assert seen.energy <= COLLAPSED


def test_a_generator_that_always_says_zero_has_no_error_and_is_collapsed():
    seen = measure(np.zeros((5000, 2), np.float32), REAL)
    assert (seen.error, seen.near) == (0.0, 1.0)
    assert seen.bins == 1
    # E|A - B| is the mean distance of the curve from 0, E|B - B'| that of two of its points, both by quadrature.
    x = np.linspace(-0.5, 0.5, 2001)
    curve = np.stack([x, x * x], axis=1)
    expected = 2 * np.hypot(x, x * x).mean() - np.mean([np.hypot(*(curve - p).T).mean() for p in curve[::20]])
    assert seen.energy == pytest.approx(expected, abs=0.005)
    assert seen.energy > COLLAPSED


def test_points_off_the_curve_fill_no_bin():
    points = parabola.points(seed=3, first=0, count=5000) + np.array([0.0, 0.03], np.float32)
    seen = measure(points, REAL)
    assert (seen.near, seen.bins) == (0.0, 0)
    assert seen.error == pytest.approx(0.03, abs=1e-6)


def test_stderrs_by_hand():
    # On the curve and 1 above it: errors 0 and 1, deviation ½ over √2 points; near 1 and 0, the same.
    points, real = np.array([[0.0, 0.0], [0.0, 1.0]]), np.array([[0.0, 0.0]])
    seen = stderrs(points, real)
    assert (seen.error, seen.near) == (pytest.approx(0.5 / np.sqrt(2)), pytest.approx(0.5 / np.sqrt(2)))
    # Parts 2 E|a - B| - 2 E|a - A'|: 2·0 - 2·½ and 2·1 - 2·½, deviation 1
    assert seen.energy == pytest.approx(1 / np.sqrt(2))


def test_stderr_of_the_energy_distance_is_the_spread_of_repeated_draws():
    drawn = [parabola.points(seed, 0, 500) + np.array([0.3, 0.1], np.float32) for seed in range(100)]
    spread = np.std([energy_distance(points, REAL[:1000]) for points in drawn])
    assert stderrs(drawn[0], REAL[:1000]).energy == pytest.approx(spread, rel=0.25)


def trained(seed: int) -> np.ndarray:
    """5000 points of the recipe's generator after its 10,000 steps."""
    config = read_config(["--model=parabola", f"--seed={seed}"])
    game = networks.GAMES["parabola"](config)
    rows = data.rows(data.load(config), config, game.output_range, game.data_shape)
    config = train.resolve(config, rows)
    z = latents(game, config.z_dim, list(range(5000)))
    with tf.Graph().as_default(), tf.compat.v1.Session(config=session_config(config.threads)) as session:
        gan = build(config, game)
        session.run(tf.compat.v1.global_variables_initializer())
        loop = ExplicitLoop(session, gan, game, config, rows)
        for step in range(config.max_steps):
            loop.play(step)
        return session.run(gan.play.fake, {gan.z: z})


@pytest.mark.slow
def test_the_recipe_reaches_its_numbers_on_16_seeds(capsys):
    seen = [measure(trained(seed), REAL) for seed in range(16)]
    with capsys.disabled():
        print("\nseed  mean |y - x²|  within 0.02  energy distance  bins of 20")
        for seed, m in enumerate(seen):
            collapsed = "  collapsed" if m.energy > COLLAPSED else ""
            print(f"{seed:>4}{m.error:>15.4f}{m.near:>13.3f}{m.energy:>17.4f}{m.bins:>12}{collapsed}")
        print(f"{sum(m.energy > COLLAPSED for m in seen)} of {len(seen)} seeds collapsed (energy distance above 0.05)")
    assert statistics.median(m.error for m in seen) <= 0.013
    assert statistics.median(m.near for m in seen) >= 0.78
    assert statistics.median(m.energy for m in seen) <= 0.010
    assert sum(m.bins >= 18 for m in seen) >= 8
