"""Points from 8 Gaussians on a circle or 25 on a grid."""

import itertools

import numpy as np
import pytest
from scipy import stats

from gan_lowlevel.config import MIXTURES
from gan_lowlevel.data import mixture
from gan_lowlevel.data.mixture import Mixture


def test_the_settings_know_every_mixture():
    assert set(MIXTURES) == set(mixture.STDDEVS) == set(mixture.BOUNDS)


def test_the_ring_is_eight_modes_on_the_unit_circle():
    half = np.sqrt(0.5)  # cos 45°
    expected = [(1, 0), (half, half), (0, 1), (-half, half), (-1, 0), (-half, -half), (0, -1), (half, -half)]
    np.testing.assert_allclose(Mixture("ring").centres, expected, atol=1e-15)
    assert Mixture("ring").stddev == 0.01


def test_the_grid_is_25_modes():
    found = {tuple(centre) for centre in Mixture("grid").centres}
    assert found == set(itertools.product((-4, -2, 0, 2, 4), repeat=2))
    assert Mixture("grid").stddev == 0.05


@pytest.mark.parametrize("name", MIXTURES)
def test_points_lie_about_all_centres_alike(name):
    law = Mixture(name)
    points = law.points(seed=0, first=0, count=20_000).astype(np.float64)
    centres = law.centres
    nearest = ((points[:, np.newaxis] - centres) ** 2).sum(axis=2).argmin(axis=1)
    assert stats.chisquare(np.bincount(nearest, minlength=len(centres))).pvalue > 1e-5  # each as likely as the others
    scaled = (points - centres[nearest]) / law.stddev
    for axis in (0, 1):
        assert stats.kstest(scaled[:, axis], "norm").statistic < 2.5 / np.sqrt(20_000)  # 1e-5, as for the Gaussians
    # Independent of each other and of the mode: standard error of a correlation 1/sqrt(n).
    for a, b in ((scaled[:, 0], scaled[:, 1]), (scaled[:, 0], nearest), (scaled[:, 1], nearest)):
        assert abs(np.corrcoef(a, b)[0, 1]) < 5 / np.sqrt(20_000)


def test_100_000_points_train():
    assert Mixture("ring").trained == Mixture("grid").trained == 100_000
    assert "100,000 fixed points from 8 Gaussians" in Mixture("ring").description
    assert "100,000 fixed points from 25 Gaussians" in Mixture("grid").description
