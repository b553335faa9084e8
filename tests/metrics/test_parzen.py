"""Parzen windows against one Gaussian by hand and a direct sum in float64."""

import math

import numpy as np
import pytest

from gan_lowlevel.metrics import parzen as module
from gan_lowlevel.metrics.parzen import SIGMAS, log_likelihoods, parzen


def direct(x: np.ndarray, centres: np.ndarray, sigma: float) -> float:
    """log of the mean of N Gaussian densities at x, summed as the formula stands, with exact sums."""
    height = (sigma * math.sqrt(2 * math.pi)) ** -len(x)
    squares = [math.fsum((x.astype(float) - s.astype(float)) ** 2) for s in centres]
    densities = [height * math.exp(-square / (2 * sigma**2)) for square in squares]
    return math.log(math.fsum(densities) / len(centres))


def test_one_centre_is_one_gaussian():
    # ‖x - s‖² = 9 + 16 = 25, σ = 5, d = 2: -25/50 - 2 log 5 - log 2π
    found = log_likelihoods(np.array([[3.0, 4.0]]), np.zeros((1, 2)), [5.0])
    assert found[0, 0] == pytest.approx(-0.5 - 2 * math.log(5) - math.log(2 * math.pi), abs=1e-12)


def test_two_centres_are_half_of_each():
    # At one of two centres 1 apart, σ = 1, d = 1: log((1 + e^-½)/2) - log √2π
    found = log_likelihoods(np.zeros((1, 1)), np.array([[0.0], [1.0]]), [1.0])
    expected = math.log((1 + math.exp(-0.5)) / 2) - 0.5 * math.log(2 * math.pi)
    assert found[0, 0] == pytest.approx(expected, abs=1e-12)


def test_blocks_agree_with_the_direct_sum(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 7)
    random = np.random.default_rng(0)
    rows, centres = random.random((20, 30), np.float32), random.random((50, 30), np.float32)
    found = log_likelihoods(rows, centres, [0.3, 1.0])
    expected = [[direct(x, centres, sigma) for x in rows] for sigma in (0.3, 1.0)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


def test_rows_far_from_every_centre_are_finite():
    # 784 pixels that are all wrong, σ = 0.1: -784/0.02 nats, where e^-39,200 is 0 in float64
    found = log_likelihoods(np.ones((1, 784)), np.zeros((3, 784)), [0.1])
    assert found[0, 0] == pytest.approx(-784 / 0.02 - 784 * math.log(0.1 * math.sqrt(2 * math.pi)), rel=1e-12)


def test_a_copy_of_each_row_scores_the_kernels_own_height():
    rows = np.eye(784, dtype=np.float32)[:4] * 100  # so far apart that each has one centre
    expected = -math.log(4) - 784 * math.log(0.1 * math.sqrt(2 * math.pi))
    np.testing.assert_allclose(log_likelihoods(rows, rows, [0.1])[0], expected, atol=1e-9)


def test_the_score_is_of_the_sigma_that_validation_likes_best():
    random = np.random.default_rng(1)
    centres, validation, test = (random.normal(0, 0.3, (count, 2)) for count in (500, 200, 100))
    seen = parzen(centres, validation, test)
    by_sigma = [np.mean([direct(x, centres, sigma) for x in validation]) for sigma in SIGMAS]
    assert seen.sigma == SIGMAS[int(np.argmax(by_sigma))]
    scores = np.array([direct(x, centres, seen.sigma) for x in test])
    assert seen.mean == pytest.approx(scores.mean(), abs=1e-10)
    assert seen.stderr == pytest.approx(scores.std() / 10, abs=1e-10)  # √100 rows


def test_the_protocols_sigmas():
    assert len(SIGMAS) == 10
    assert (SIGMAS[0], SIGMAS[-1]) == (pytest.approx(0.1), 1.0)
    assert SIGMAS[1] / SIGMAS[0] == pytest.approx(10 ** (1 / 9))
