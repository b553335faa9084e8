"""Points that are drawn: one endless sequence of a seed, any stretch of which is the same however it is cut."""

import numpy as np
import pytest

from gan_lowlevel import data
from gan_lowlevel.commandline import read_config
from gan_lowlevel.data.drawn import FixedPoints, Law, Points, uniform_points, unit, unseen
from gan_lowlevel.data.gaussian import Gaussian
from gan_lowlevel.data.mixture import Mixture
from gan_lowlevel.data.parabola import Parabola
from gan_lowlevel.errors import Exit, Failure

LAWS = [Parabola(), Gaussian("normal"), Gaussian("mixture"), Mixture("ring"), Mixture("grid")]


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_any_stretch_is_of_one_sequence(law):
    whole = law.points(seed=5, first=0, count=100)
    assert whole.dtype == np.float32
    for first, count in ((0, 1), (1, 1), (3, 50), (97, 3), (4, 0)):
        assert np.array_equal(law.points(5, first, count), whole[first : first + count])
    far = law.points(5, 10**12, 7)
    assert np.array_equal(law.points(5, 10**12 + 4, 3), far[4:])
    assert len(np.unique(whole[:, 0])) == 100


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_seeds_and_what_is_held_out_are_sequences_of_their_own(law):
    drawn = [
        law.points(0, 0, 100),
        law.points(1, 0, 100),
        law.points(unseen(0), 0, 100),
        law.points(unseen(1), 0, 100),
    ]
    assert len(np.unique(np.concatenate(drawn)[:, 0])) == 400


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_nearly_all_points_lie_in_what_pictures_show(law):
    low, high = law.bounds
    points = law.points(0, 0, 1000)
    assert (low < points).all()
    assert (points < high).all()
    assert (points.max() - points.min()) > (high - low) / 8  # and they are no dot in it


def test_each_law_has_a_description_and_a_sum_of_its_own():
    assert len({law.description for law in LAWS}) == len({law.sha256() for law in LAWS}) == len(LAWS)
    assert Parabola().sha256() == Parabola().sha256()


def test_unit_leaves_both_ends_out(monkeypatch):
    class Extremes:
        """Of all random words the first and the last."""

        def __init__(self, key):
            pass

        def advance(self, count):
            return self

        def random_raw(self, count):
            return np.array([0, 2**64 - 1], np.uint64)

    monkeypatch.setattr(np.random, "Philox", Extremes)
    assert unit([0, 0], 0, 2).tolist() == [2.0**-54, 1.0 - 2.0**-53]


@pytest.mark.parametrize(
    ("flags", "law"),
    [
        (["--model=parabola"], Parabola()),
        (["--model=gaussian"], Gaussian("normal")),
        (["--model=gaussian", "--density=mixture"], Gaussian("mixture")),
        (["--model=mixture"], Mixture("ring")),
        (["--model=mixture", "--mixture=grid"], Mixture("grid")),
    ],
    ids=str,
)
def test_the_settings_name_the_law_and_its_rows(flags, law):
    config = read_config([*flags, "--seed=3", "--batch_size=7"])
    loaded = data.load(config)
    assert isinstance(loaded, Law)
    assert loaded == law
    entries = law.points(0, 0, 1).shape[1]
    rows = data.rows(loaded, config, law.bounds, (entries,))
    assert rows.table is None
    assert rows.batch(0).shape == (7, entries)
    fixed = rows.batches_in(1) == -(-100_000 // 7) if law.trained else False  # rounded up
    assert fixed == isinstance(law, Mixture)
    if not fixed:  # the sequence itself
        assert np.array_equal(rows.batch(2), law.points(3, 14, 7))


# The endless sequence


@pytest.mark.parametrize("size", [1, 3, 4, 64, 100])
def test_batches_cut_one_sequence(size):
    batches = Points(Parabola(), seed=7, batch_size=size)
    cut = np.concatenate([batches.batch(k) for k in range(20)])
    assert np.array_equal(cut, Parabola().points(seed=7, first=0, count=20 * size))
    assert batches.size(3) == size


@pytest.mark.parametrize("size", [1, 3, 64])
@pytest.mark.parametrize(("first", "count"), [(0, 5), (7, 3), (10**12, 2), (4, 1), (4, 0)])
def test_keys_are_one_batch_after_another(size, first, count):
    batches = Points(Parabola(), seed=7, batch_size=size)
    keys = batches.keys(first, count)
    assert keys.dtype == np.float32
    assert keys.shape == (count, size, 2)
    for i in range(count):
        assert np.array_equal(keys[i], batches.batch(first + i))


def test_uniform_points_fill_the_square_and_differ_by_batch():
    drawn = np.concatenate([uniform_points(seed=0, k=k, count=64) for k in range(100)])
    assert drawn.shape == (6400, 2)
    assert -1 < drawn.min() < -0.99
    assert 0.99 < drawn.max() < 1
    assert np.abs(drawn.mean(axis=0)).max() < 5 * np.sqrt(1 / 3 / 6400)  # five standard errors
    assert len(np.unique(drawn[:, 0])) == 6400


def test_drawn_points_have_no_epochs():
    batches = Points(Parabola(), seed=0, batch_size=64)
    assert batches.epochs_done(10**9) == 0
    with pytest.raises(Failure, match="no epochs") as caught:
        batches.batches_in(3)
    assert caught.value.code == Exit.FLAGS


# Fixed points


def fixed(last_batch: str = "fill", batch_size: int = 4) -> FixedPoints:
    """Points (0, 0.5), (1, 1.5), ... (9, 9.5)."""
    points = np.arange(10, dtype=np.float32)[:, np.newaxis] + np.array([0.0, 0.5], np.float32)
    return FixedPoints(points, batch_size, seed=3, last_batch=last_batch)


def test_an_epoch_has_every_fixed_point_once_in_an_order_of_its_own():
    rows = fixed()
    drawn = np.concatenate([rows.batch(k) for k in range(5)])  # two epochs
    assert drawn.dtype == np.float32
    assert np.array_equal(drawn[:, 1], drawn[:, 0] + 0.5)  # rows stay whole
    for epoch in (drawn[:10, 0], drawn[10:, 0]):
        assert sorted(epoch) == list(range(10))
    assert not np.array_equal(drawn[:10], drawn[10:])
    assert (rows.epochs_done(2), rows.epochs_done(3), rows.epochs_done(5), rows.batches_in(2)) == (0, 1, 2, 5)


def test_fixed_points_have_short_and_dropped_batches_as_pictures_have():
    assert [fixed("short").size(k) for k in range(4)] == [4, 4, 2, 4]
    assert [fixed("drop").size(k) for k in range(4)] == [4, 4, 4, 4]
    assert fixed("drop").batches_in(3) == 6
    with pytest.raises(ValueError, match="no batch of 11"):
        fixed("drop", batch_size=11)


@pytest.mark.parametrize(
    ("last_batch", "first", "count"), [("fill", 0, 7), ("fill", 3, 2), ("drop", 1, 5), ("fill", 2, 0)]
)
def test_keys_are_the_fixed_batches_themselves(last_batch, first, count):
    rows = fixed(last_batch)
    keys = rows.keys(first, count)
    assert keys.dtype == np.float32
    assert keys.shape == (count, 4, 2)
    for i in range(count):
        assert np.array_equal(keys[i], rows.batch(first + i))
