"""Modes found, share of points near them, reverse KL: counted by hand."""

import math

import numpy as np
import pytest

from gan_lowlevel.data.drawn import unseen
from gan_lowlevel.data.mixture import Mixture
from gan_lowlevel.metrics.modes import SAMPLES, measure

CENTRES = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])


def test_counts_by_hand():
    points = np.array([[0, 0], [0, 0.29], [0.1, 0.1], [10, 0.2], [5, 5], [0, 10.31]], np.float32)
    seen = measure(points, CENTRES, stddev=0.1)
    # Within 3 * 0.1: three of the first mode, one of the second; (5, 5) is near none, the last 0.31 off the third.
    assert seen.modes == 2
    assert seen.high_quality == pytest.approx(4 / 6)
    # Shares 3/4 and 1/4 of the near ones against 1/4 each: 3/4 log 3 + 1/4 log 1.
    assert seen.reverse_kl == pytest.approx(0.75 * math.log(3))


def test_near_is_a_circle_of_three_standard_deviations():
    inside, outside = np.array([[0.2, 0.2]]), np.array([[0.22, 0.22]])  # 0.283 and 0.311 off, by each axis less
    assert measure(inside, CENTRES, 0.1).high_quality == 1.0
    assert measure(outside, CENTRES, 0.1).high_quality == 0.0


def test_one_mode_alone_is_the_worst():
    seen = measure(np.zeros((100, 2), np.float32), CENTRES, 0.1)
    assert (seen.modes, seen.high_quality) == (1, 1.0)
    assert seen.reverse_kl == pytest.approx(math.log(4))


def test_all_modes_alike_are_the_best():
    seen = measure(np.repeat(CENTRES, 7, axis=0), CENTRES, 0.1)
    assert (seen.modes, seen.high_quality, seen.reverse_kl) == (4, 1.0, pytest.approx(0.0, abs=1e-15))


def test_no_point_near_any():
    seen = measure(np.full((10, 2), 5.0), CENTRES, 0.1)
    assert (seen.modes, seen.high_quality) == (0, 0.0)
    assert math.isnan(seen.reverse_kl)


@pytest.mark.parametrize("name", ["ring", "grid"])
def test_real_points_find_all(name):
    law = Mixture(name)
    seen = measure(law.points(unseen(0), 0, SAMPLES), law.centres, law.stddev)
    assert seen.modes == len(law.centres)
    # In two dimensions a normal point is within 3 standard deviations with probability 1 - exp(-9/2).
    share = 1 - math.exp(-4.5)
    assert abs(seen.high_quality - share) < 5 * math.sqrt(share * (1 - share) / SAMPLES)
    # 2 n KL is chi-squared with K - 1 degrees of freedom: mean K - 1, variance 2 (K - 1).
    free = len(law.centres) - 1
    assert abs(2 * SAMPLES * seen.reverse_kl - free) < 5 * math.sqrt(2 * free)
