"""Fréchet distance against its closed forms."""

import numpy as np
import pytest

from gan_lowlevel.metrics.frechet import Moments, distance, frechet, moments, stderr


def test_diagonal_gaussians():
    a = Moments(np.array([0.0, 0.0]), np.diag([1.0, 9.0]))
    b = Moments(np.array([3.0, 4.0]), np.diag([4.0, 25.0]))
    # ‖μ‖² = 9 + 16; (1 - 2)² + (3 - 5)² of the deviations
    assert distance(a, b) == pytest.approx(25 + 1 + 4, abs=1e-12)


def test_covariances_that_do_not_commute():
    a = Moments(np.zeros(2), np.array([[2.0, 1.0], [1.0, 2.0]]))
    b = Moments(np.zeros(2), np.diag([1.0, 4.0]))
    # A 2x2 matrix's eigenvalues sum to tr and multiply to det: tr √M = √(tr M + 2 √det M), M = Σ_a Σ_b with
    # tr = 2·1 + 2·4 = 10, det = 3·4 = 12.
    cross = np.sqrt(10 + 2 * np.sqrt(12))
    assert distance(a, b) == pytest.approx(4 + 5 - 2 * cross, abs=1e-12)
    assert distance(b, a) == pytest.approx(distance(a, b), abs=1e-12)


def test_samples_of_two_gaussians_come_near_the_closed_form():
    random = np.random.default_rng(0)
    a, b = random.normal(0, 1, (40_000, 3)), random.normal(0.5, 2, (40_000, 3))
    # 3 · (0.5² + (2 - 1)²); a mean's error is 2/√40,000
    assert frechet(a, b) == pytest.approx(3 * 1.25, abs=0.08)


def test_a_set_and_itself():
    features = np.random.default_rng(1).normal(size=(200, 16)).astype(np.float32)
    assert frechet(features, features) == pytest.approx(0, abs=1e-10)


def test_fewer_rows_than_features():
    rows = np.random.default_rng(2).normal(size=(10, 50))
    assert frechet(rows, rows) == pytest.approx(0, abs=1e-5)  # roots of 40 zero eigenvalues that rounding moved
    assert frechet(rows + 2.0, rows) == pytest.approx(50 * 4, abs=1e-5)  # a shift of 2 in each feature alone
    assert frechet(np.zeros((10, 50)), rows) == pytest.approx(
        (rows.mean(axis=0) ** 2).sum() + rows.var(axis=0, ddof=1).sum()
    )  # one point: what is left is the real mean and variance


def test_one_feature():
    seen = moments(np.array([[1.0], [3.0]]))
    assert seen.mean == [2.0]
    assert seen.covariance.tolist() == [[2.0]]  # (1 + 1)/(2 - 1)


def test_stderr_is_the_spread_of_repeated_draws():
    random = np.random.default_rng(3)
    reference = random.normal(0, 1, (1000, 2))
    sets = [random.normal(1, 1, (1000, 2)) for _ in range(60)]
    spread = np.std([frechet(rows, reference) for rows in sets], ddof=1)
    # The shift alone: 2 · 1 · (1/√1000) · √2 = 0.089
    assert spread == pytest.approx(0.089, rel=0.35)
    assert stderr(sets[0], reference, seed=0) == pytest.approx(spread, rel=0.4)
    assert stderr(sets[0], reference, seed=0) == stderr(sets[0], reference, seed=0)
