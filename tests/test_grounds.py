"""What samples are measured against: which rows are taken, that none is on two sides, shapes and ranges."""

import dataclasses

import numpy as np
import pytest

from gan_lowlevel import grounds, measures
from gan_lowlevel.commandline import read_config
from gan_lowlevel.config import DATA_SETS
from gan_lowlevel.data import first_rows
from gan_lowlevel.data.dataset import Dataset
from gan_lowlevel.data.gaussian import Gaussian
from gan_lowlevel.data.mixture import Mixture
from gan_lowlevel.data.parabola import Parabola
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.measures import Rows


def numbered(first: int, count: int, shape=(28, 28, 1)) -> np.ndarray:
    """Pictures that bear their number in their first two pixels: uint8 [count, *shape]."""
    images = np.zeros((count, *shape), np.uint8)
    numbers = np.arange(first, first + count)
    images.reshape(count, -1)[:, 0], images.reshape(count, -1)[:, 1] = numbers // 256, numbers % 256
    return images


def numbers(values: np.ndarray) -> list[int]:
    """Of rows, floats in [0, 1]."""
    pixels = np.round(values.reshape(len(values), -1)[:, :2] * 255).astype(int)
    return (pixels[:, 0] * 256 + pixels[:, 1]).tolist()


def mnist(train: int, test: int, held_out: int) -> Dataset:
    images, tests = numbered(0, train), numbered(60_000, test)
    labels = np.zeros(train, np.uint8)
    return Dataset(
        images, labels, tests[-held_out:], labels[:held_out], "numbered", test_images=tests, test_labels=labels[:test]
    )


def ground(data, *argv: str, output_range=(0.0, 1.0), count=200, seed=0, trained=True):
    return grounds.ground(data, read_config(list(argv)), output_range, count, seed, trained)


def test_every_data_set_of_a_recipe_has_its_ground():
    assert set(grounds.GROUNDS) <= set(DATA_SETS)


def test_mnist():
    base = ground(mnist(52_000, 100, 40), "--input_data_dir=anywhere", count=300)
    assert numbers(base.validation) == list(range(50_000, 51_000))  # the protocol's
    assert numbers(base.test) == list(range(60_000, 60_100))  # all of them
    assert sorted(numbers(base.reference.values)) == list(range(60_000, 60_060))  # those that no curve has seen
    real = numbers(base.real.values)
    assert len(set(real)) == 300
    assert set(real) < set(range(52_000)) - set(range(50_000, 51_000))
    halves = numbers(base.real.strangers), numbers(base.unseen.strangers)
    assert sorted(halves[0] + halves[1]) == list(range(60_000, 60_060))
    assert len(halves[0]) == 30
    assert base.table.shape == (52_000, 784)
    assert base.noise.values.shape == (300, 784)
    assert 0 <= base.noise.values.min() < 0.01 < 0.99 < base.noise.values.max() < 1
    assert base.notes == ("test data: 100 digits for parzen, 60 of them for the rest",)


def test_rows_that_are_left_out_validate_and_are_no_memory_of_the_run():
    whole = mnist(52_000, 100, 40)
    base = ground(first_rows(whole, 50_000), "--model=goodfellow", "--input_data_dir=anywhere", count=300)
    assert numbers(base.validation) == list(range(50_000, 51_000))
    assert base.table.shape == (50_000, 784)  # what trained
    # One ruler for all runs, however many rows they train on.
    other = ground(whole, "--input_data_dir=anywhere", count=300)
    for of in ("real", "reference", "noise"):
        assert np.array_equal(getattr(base, of).values, getattr(other, of).values)
    assert np.array_equal(base.test, other.test)


def test_digits_without_a_test_set():
    images, held_out = numbered(0, 4_500), numbered(5_000, 500)
    data = Dataset(images, np.zeros(4_500, np.uint8), held_out, np.zeros(500, np.uint8), "numbered")
    base = ground(data, count=10_000)
    assert sorted(numbers(base.test)) == sorted(numbers(base.reference.values)) == list(range(5_000, 5_500))
    validation, real = numbers(base.validation), numbers(base.real.values)
    assert len(validation) == 450  # a tenth
    assert sorted(validation + real) == list(range(4_500))
    assert max(validation) - min(validation) > 4_000  # of all classes: they are sorted
    assert numbers(base.real.strangers) != sorted(numbers(base.real.strangers))
    assert "which the curves have seen; parzen too is on these, not on MNIST's 10,000" in base.notes[0]


def test_a_seed_chooses():
    data = mnist(3_000, 100, 40)
    bases = [ground(data, "--input_data_dir=x", seed=seed) for seed in (1, 1, 2)]
    for of in ("real", "noise", "reference"):
        first, same, other = (getattr(base, of).values for base in bases)
        assert np.array_equal(first, same)
        assert not np.array_equal(first, other)
    assert np.array_equal(bases[0].validation, bases[2].validation)


def test_samples_come_in_the_unit_range():
    base = ground(mnist(3_000, 100, 40), "--model=mlp_deep", "--input_data_dir=x", output_range=(-1.0, 1.0))
    samples = np.full((15, 784), -1, np.float32)
    samples[:, 1], samples[:, 2] = 1.00001, 0
    rows = base.prepare(samples)
    assert rows.values.dtype == np.float32
    assert rows.values[0, :4].tolist() == [0, 1, 0.5, 0]


def test_digits_of_another_shape_are_brought_back():
    base = ground(
        mnist(3_000, 100, 40), "--model=dcgan", "--input_data_dir=x", "--image_size=64", "--channels=3",
        output_range=(-1.0, 1.0),
    )  # fmt: skip
    samples = np.zeros((20, 64, 64, 3), np.float32)
    samples[..., 0], samples[..., 1], samples[..., 2] = -1, 0, 1  # black, half, white: half in the mean
    rows = base.prepare(samples)
    np.testing.assert_allclose(rows.values, 0.5, atol=1e-6)
    assert rows.values.shape == rows.strangers.shape == (20, 784)
    assert base.notes[-1] == "samples of 64x64x3 are measured as grey digits of 28x28"


def test_resized_is_a_mean():
    images = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    # Rows 0 1 2 3 / 4 5 6 7 / ...: the first quarter is (0 + 1 + 4 + 5)/4
    assert grounds.resized(images, 2)[0, :, :, 0].tolist() == [[2.5, 4.5], [10.5, 12.5]]
    colours = np.stack([images[..., 0], 100 + images[..., 0]], axis=3)
    assert grounds.resized(colours, 2)[0, 1, 0].tolist() == [10.5, 110.5]
    assert grounds.resized(images, 4) is images


def photographs(train: int, held_out: int) -> Dataset:
    images = numbered(0, train + held_out, (16, 16, 3))
    labels = np.zeros(train, np.uint8)
    return Dataset(images[:train], labels, images[train:], np.zeros(held_out, np.uint8), "photographs")


PHOTOS = ("--model=dcgan", "--dataset=photos", "--input_data_dir=x", "--image_size=32")


def test_photographs_with_a_held_out_part():
    base = ground(photographs(100, 40), *PHOTOS)
    assert base.most == 40  # as many samples as there is something to compare with
    assert base.reference.values.shape == (40, 8 * 8 * 3)
    assert sorted(numbers(base.real.strangers) + numbers(base.unseen.strangers)) == list(range(100, 140))
    assert base.unseen.own is None
    assert base.table.shape == (100, 16 * 16 * 3)
    assert "40 photographs that the run held out" in base.notes[1]
    assert "no learned features" in base.notes[0]


def test_photographs_without_one_are_split_and_no_row_is_its_own_neighbour():
    base = ground(photographs(100, 0), *PHOTOS)
    assert base.most == 50
    assert sorted(numbers(base.real.strangers) + numbers(base.unseen.strangers)) == list(range(100))
    assert numbers(base.real.strangers) == base.real.own.tolist()
    assert numbers(base.unseen.strangers) == base.unseen.own.tolist()
    assert base.unseen_distances.min() > 0
    assert "50 of the run's own training photographs" in base.notes[1]


def test_samples_of_photographs_are_small_and_whole():
    base = ground(photographs(100, 40), *PHOTOS, output_range=(-1.0, 1.0))
    rows = base.prepare(np.zeros((40, 32, 32, 3), np.float32))
    assert rows.values.shape == (40, 192)
    assert rows.strangers.shape == (40, 32 * 32 * 3)
    assert rows.seen[0] is rows.values
    assert rows.seen[1] is None
    np.testing.assert_allclose(rows.values, 0.5)


@pytest.mark.parametrize(
    ("law", "model", "kind"),
    [
        (Parabola(), "parabola", measures.CURVE),
        (Mixture("grid"), "mixture", measures.MODES),
        (Gaussian("normal"), "gaussian", measures.LINE),
    ],
    ids=str,
)
def test_points(law, model, kind):
    low, high = law.bounds
    base = ground(law, f"--model={model}", count=10_000, output_range=law.bounds)
    assert (base.kind, base.most, base.law) == (kind, 5_000, law)
    sets = [base.reference.values, base.real.values, base.noise.values]
    entries = law.points(0, 0, 1).shape[1]
    assert all(values.shape == (5_000, entries) for values in sets)
    assert len({values.tobytes() for values in sets}) == 3
    near = (high - low) / 200
    assert low < base.noise.values.min() < low + near
    assert high - near < base.noise.values.max() < high
    assert isinstance(base.prepare(sets[0]), Rows)


@pytest.mark.parametrize("data", [mnist(3_000, 20, 9), photographs(23, 0), photographs(23, 11)])
def test_too_few_rows(data):
    argv = ("--input_data_dir=x",) if data.images.shape[1] == 28 else PHOTOS
    with pytest.raises(Failure, match="to compare with are wanted, the data give 11") as caught:
        ground(data, *argv)
    assert caught.value.code == Exit.DATA


def test_other_data_than_the_runs():
    base = ground(mnist(3_000, 100, 40), "--input_data_dir=x", trained=False)
    assert base.unseen is None
    assert "memorised is left out" in base.notes[-1]


@pytest.mark.parametrize(
    ("tests", "held_out", "kind"),
    [
        (40, 20, measures.DIGITS),
        (20, 10, measures.PHOTOGRAPHS),
        (23, 12, measures.PHOTOGRAPHS),
        (0, 40, measures.DIGITS),
    ],
)
def test_labelled_digits_of_an_array_are_digits_where_enough_are_unseen(tests, held_out, kind):
    data = dataclasses.replace(mnist(200, tests or held_out, held_out), digits=True)
    if not tests:
        data = dataclasses.replace(data, test_images=None, test_labels=None)
    assert ground(data, "--dataset=array").kind == kind
    other = ground(dataclasses.replace(data, digits=False), "--dataset=array")
    assert other.kind == measures.PHOTOGRAPHS
    assert any("pictures" in note for note in other.notes)
