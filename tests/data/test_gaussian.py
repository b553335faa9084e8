"""Numbers from one Gaussian or two: they follow the law whose density and distribution function are given."""

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from gan_lowlevel.config import DENSITIES
from gan_lowlevel.data import gaussian
from gan_lowlevel.data.gaussian import Gaussian

# The laws as figure 1's game has them: share, mean, standard deviation.
LAWS = {"normal": [(1.0, 4.0, 0.5)], "mixture": [(0.5, -2.0, 0.5), (0.5, 2.0, 0.5)]}


def test_the_settings_know_every_density():
    assert set(DENSITIES) == set(gaussian.MEANS) == set(gaussian.BOUNDS) == set(LAWS)


@pytest.mark.parametrize("density", LAWS)
def test_density_and_distribution_function(density):
    law, x = Gaussian(density), np.linspace(-9, 9, 37).reshape(37, 1)
    pdf = sum(share * stats.norm.pdf(x, mean, stddev) for share, mean, stddev in LAWS[density])
    cdf = sum(share * stats.norm.cdf(x, mean, stddev) for share, mean, stddev in LAWS[density])
    np.testing.assert_allclose(law.pdf(x), pdf, rtol=1e-12)
    np.testing.assert_allclose(law.cdf(x), cdf, rtol=1e-12)
    assert law.pdf(x).shape == law.cdf(x).shape == (37, 1)
    low, high = law.bounds
    assert quad(law.pdf, low, high, points=law.means)[0] == pytest.approx(1.0, abs=1e-7)


@pytest.mark.parametrize("density", LAWS)
def test_points_follow_their_law(density):
    law = Gaussian(density)
    points = law.points(seed=0, first=0, count=20_000)
    assert points.shape == (20_000, 1)
    # Kolmogorov and Smirnov: sup |F_n - F| exceeds c/sqrt(n) with probability 2 exp(-2 c²), 1e-5 for c = 2.5.
    assert stats.kstest(points[:, 0], law.cdf).statistic < 2.5 / np.sqrt(20_000)
    # Neighbours know nothing of each other: a correlation of n pairs has standard error 1/sqrt(n).
    assert abs(np.corrcoef(points[:-1, 0], points[1:, 0])[0, 1]) < 5 / np.sqrt(20_000)


def test_points_are_finite_at_the_ends_of_the_unit_interval(monkeypatch):
    ends = np.array([2.0**-54, 0.5 - 2.0**-54, 0.5, 1.0 - 2.0**-53])
    monkeypatch.setattr(gaussian, "unit", lambda key, first, count: ends)
    for density in LAWS:
        assert np.isfinite(Gaussian(density).points(0, 0, 4)).all()
    left, right = Gaussian("mixture").points(0, 0, 4)[1:3, 0]
    assert left > -2  # the upper end of the first Gaussian
    assert right < 2  # and the lower end of the second


def test_descriptions_say_the_law():
    assert Gaussian("normal").description == "numbers from N(4, 0.5²), drawn afresh for each batch"
    assert "1/2 of each of N(-2, 0.5²) + N(2, 0.5²)" in Gaussian("mixture").description
