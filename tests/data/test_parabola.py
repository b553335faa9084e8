"""Points on y = x², drawn: one endless sequence, any stretch of which is the same however it is cut."""

import numpy as np
import pytest

from gan_lowlevel.data.parabola import Parabola, Points, points, uniform_points
from gan_lowlevel.errors import Exit, Failure


def test_points_lie_on_the_curve_over_the_whole_domain():
    x, y = points(seed=0, first=0, count=10_000).T
    assert x.dtype == y.dtype == np.float32
    assert np.array_equal(y, x * x)
    assert -0.5 < x.min() < -0.499  # of 10,000 uniform points the least is below -0.499 but with chance 0.999^10,000
    assert 0.499 < x.max() < 0.5
    assert abs(x.mean()) < 5 * np.sqrt(1 / 12 / 10_000)  # five standard errors of a uniform's mean


@pytest.mark.parametrize("size", [1, 3, 4, 64, 100])
def test_batches_cut_one_sequence(size):
    batches = Points(seed=7, batch_size=size)
    cut = np.concatenate([batches.batch(k) for k in range(20)])
    assert np.array_equal(cut, points(seed=7, first=0, count=20 * size))
    assert batches.size(3) == size


@pytest.mark.parametrize("size", [1, 3, 64])
@pytest.mark.parametrize(("first", "count"), [(0, 5), (7, 3), (10**12, 2), (4, 1), (4, 0)])
def test_keys_are_one_batch_after_another(size, first, count):
    batches = Points(seed=7, batch_size=size)
    keys = batches.keys(first, count)
    assert keys.dtype == np.float32
    assert keys.shape == (count, size, 2)
    for i in range(count):
        assert np.array_equal(keys[i], batches.batch(first + i))


def test_another_seed_draws_other_points():
    assert not np.intersect1d(points(0, 0, 100)[:, 0], points(1, 0, 100)[:, 0]).size


def test_uniform_points_fill_the_square_and_differ_by_batch():
    drawn = np.concatenate([uniform_points(seed=0, k=k, count=64) for k in range(100)])
    assert drawn.shape == (6400, 2)
    assert -1 < drawn.min() < -0.99
    assert 0.99 < drawn.max() < 1
    assert np.abs(drawn.mean(axis=0)).max() < 5 * np.sqrt(1 / 3 / 6400)  # five standard errors
    assert len(np.unique(drawn[:, 0])) == 6400


def test_drawn_points_have_no_epochs():
    batches = Points(seed=0, batch_size=64)
    assert batches.epochs_done(10**9) == 0
    with pytest.raises(Failure, match="no epochs") as caught:
        batches.batches_in(3)
    assert caught.value.code == Exit.FLAGS


def test_equal_descriptions_are_equal_data():
    assert Parabola().sha256() == Parabola().sha256()
