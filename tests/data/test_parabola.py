"""Points on y = x², drawn."""

import numpy as np

from gan_lowlevel.data.parabola import points


def test_points_lie_on_the_curve_over_the_whole_domain():
    x, y = points(seed=0, first=0, count=10_000).T
    assert x.dtype == y.dtype == np.float32
    assert np.array_equal(y, x * x)
    assert -0.5 < x.min() < -0.499  # of 10,000 uniform points the least is below -0.499 but with chance 0.999^10,000
    assert 0.499 < x.max() < 0.5
    assert abs(x.mean()) < 5 * np.sqrt(1 / 12 / 10_000)  # five standard errors of a uniform's mean


def test_another_seed_draws_other_points():
    assert not np.intersect1d(points(0, 0, 100)[:, 0], points(1, 0, 100)[:, 0]).size
