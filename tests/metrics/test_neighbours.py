"""Precision, recall, density and coverage on sets made by hand; nearest rows against all distances in float64."""

import time
import tracemalloc

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from threadpoolctl import threadpool_limits  # comes with scikit-learn

from gan_lowlevel.metrics import neighbours
from gan_lowlevel.metrics.neighbours import manifolds, memorised, nearest, radii


def values(real: np.ndarray, fake: np.ndarray, k: int) -> tuple[float, ...]:
    return tuple(estimate.value for estimate in manifolds(real, fake, k))


def line(*x: float) -> np.ndarray:
    return np.array(x)[:, np.newaxis]


def test_radii():
    # 0, 1, 3, 7: nearest others at 1, 1, 2, 4; second nearest at 3, 2, 3, 6
    assert radii(line(0, 1, 3, 7), k=1).tolist() == [1, 1, 2, 4]
    assert radii(line(0, 1, 3, 7), k=2).tolist() == [3, 2, 3, 6]


def test_four_real_and_four_fake_by_hand():
    real, fake = line(0, 1, 3, 7), line(0.5, 2.5, 20, 24)
    # Real balls, k = 1: [-1, 1], [0, 2], [1, 5], [3, 11]. 0.5 lies in two, 2.5 in one, 20 and 24 in none.
    # Fake radii 2, 2, 4, 4: balls [-1.5, 2.5], [0.5, 4.5], [16, 24], [20, 28]: 0, 1 and 3 lie in one, 7 in none.
    # Balls with a fake: the first three.
    seen = manifolds(real, fake, k=1)
    assert (seen.precision.value, seen.recall.value) == (2 / 4, 3 / 4)
    assert (seen.density.value, seen.coverage.value) == (3 / 4, 3 / 4)
    assert seen.precision.stderr == pytest.approx(np.sqrt(0.5 * 0.5 / 4))
    assert seen.recall.stderr == pytest.approx(np.sqrt(0.75 * 0.25 / 4))
    # Balls around the fakes: 2, 1, 0, 0, variance 11/16
    assert seen.density.stderr == pytest.approx(np.sqrt(11 / 16 / 4))


def test_a_set_and_itself():
    rows = np.random.default_rng(0).normal(size=(300, 4))
    precision, recall, density, coverage = values(rows, rows, k=5)
    assert (precision, recall, coverage) == (1, 1, 1)
    assert density == pytest.approx(6 / 5)  # of its 5 nearest and itself in each ball


def test_equal_laws_and_far_ones():
    random = np.random.default_rng(1)
    a, b = random.normal(size=(2, 1000, 2))
    precision, recall, density, coverage = values(a, b, k=5)
    assert min(precision, recall) > 0.95
    assert density == pytest.approx(1, abs=0.1)
    # A real ball holds k fakes in the mean, and none with probability 2^-k: coverage 1 - 1/32 (Naeem et al. 2020)
    assert coverage == pytest.approx(1 - 1 / 32, abs=0.03)
    assert values(a, b + 100, k=5) == (0, 0, 0, 0)


def test_one_mode_of_two():
    random = np.random.default_rng(2)
    mode = random.normal(size=(500, 2))
    real = np.concatenate([mode[:250], mode[250:] + 50])
    precision, recall, _, coverage = values(real, random.normal(size=(500, 2)), k=5)
    assert precision > 0.9
    assert recall == pytest.approx(0.5, abs=0.05)  # the mode that is there
    assert coverage == pytest.approx(0.5, abs=0.05)


def test_too_few_rows():
    with pytest.raises(ValueError, match="more than 5 rows of each"):
        manifolds(np.zeros((5, 2)), np.zeros((6, 2)))


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 1.0)])
def test_nearest_against_all_distances(monkeypatch, low, high):
    monkeypatch.setattr(neighbours, "BLOCK", 13 * 48)  # rows at a time
    random = np.random.default_rng(3)
    rows = random.uniform(low, high, (9, 48)).astype(np.float32)
    table = random.integers(0, 256, (100, 48), np.uint8)
    full = cdist(rows.astype(np.float64), table / 255 * (high - low) + low)
    indices, distances = nearest(rows, table, (low, high))
    assert indices.tolist() == full.argmin(axis=1).tolist()
    np.testing.assert_allclose(distances, full.min(axis=1), rtol=1e-6)


def test_nearest_finds_a_training_row_at_no_distance_and_leaves_it_out_where_it_is_its_own():
    table = np.random.default_rng(4).integers(0, 256, (500, 784), np.uint8)
    own = np.array([499, 0, 250])
    rows = (table[own] / 255).astype(np.float32)
    indices, distances = nearest(rows, table, (0.0, 1.0))
    assert indices.tolist() == own.tolist()
    np.testing.assert_allclose(distances, 0, atol=1e-5)
    indices, distances = nearest(rows, table, (0.0, 1.0), own=own)
    full = cdist(rows.astype(np.float64), table / 255)
    full[range(3), own] = np.inf
    assert indices.tolist() == full.argmin(axis=1).tolist()
    assert distances.min() > 1


def test_nearest_in_one_pixel():
    table = np.array([[0], [100], [255]], np.uint8)
    indices, distances = nearest(np.array([[-0.9], [1.0]]), table, (-1.0, 1.0))
    assert indices.tolist() == [0, 2]
    np.testing.assert_allclose(distances, [0.1, 0.0], atol=1e-6)


@pytest.mark.parametrize(("count", "pixels"), [(60_000, 784), (1_600, 64 * 64 * 3)])
def test_nearest_costs_little_more_than_its_products(count, pixels):
    random = np.random.default_rng(5)
    table = random.integers(0, 256, (count, pixels), np.uint8)
    rows = random.random((64, pixels), np.float32)
    floats = random.random((2_000, pixels), np.float32)

    def seconds(work) -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    whole, products = [], []
    with threadpool_limits(1):  # two that wait for each other take any time where others use the machine
        for _ in range(8):  # in turns, the best of each
            whole.append(seconds(lambda: nearest(rows, table, (0.0, 1.0))))
            products.append(seconds(lambda: rows @ floats.T) * count / len(floats))
    assert min(whole) < 10 * min(products)


def test_nearest_never_holds_the_table_as_floats():
    table, rows = np.zeros((60_000, 784), np.uint8), np.zeros((64, 784), np.float32)
    tracemalloc.start()
    try:
        nearest(rows, table, (0.0, 1.0))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    as_floats = 4 * table.size  # bytes
    assert most < as_floats / 4


def test_memorised():
    # Means 2 and 4, each of deviation 1 over 4 rows: ½ · √((½/2)² + (½/4)²)
    seen = memorised(np.array([1.0, 3.0, 1.0, 3.0]), np.array([3.0, 5.0, 3.0, 5.0]))
    assert seen.value == 0.5
    assert seen.stderr == pytest.approx(0.5 * np.hypot(0.25, 0.125))


def test_memorised_copies():
    assert memorised(np.zeros(3), np.ones(3)) == (0.0, 0.0)
    assert np.isnan(memorised(np.ones(3), np.zeros(3)).value)
