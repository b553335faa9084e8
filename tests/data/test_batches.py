"""Order, coverage and exact pixel values of the batches."""

import fractions
import hashlib

import numpy as np
import pytest

from gan_lowlevel.data.batches import Batches, permutation


def numbered(count: int) -> np.ndarray:
    """Images 2x2 whose pixels all are the row's number: uint8 [count, 2, 2, 1]."""
    return np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None, None], (count, 2, 2, 1)).copy()


def batches(count: int, batch_size: int, seed: int = 0, output_range=(0, 1), shape=(4,)) -> Batches:
    return Batches(numbered(count), batch_size, seed=seed, output_range=output_range, shape=shape)


@pytest.mark.parametrize(("count", "batch_size"), [(10, 4), (10, 5), (10, 10), (10, 23), (1, 3), (7, 1)])
def test_batches_are_the_epochs_one_after_the_other(count, batch_size):
    b = batches(count, batch_size)
    wanted = 3 * max(1, batch_size // count + 1)  # epochs, of which three at least are crossed
    stream = np.concatenate([permutation(0, epoch, count) for epoch in range(wanted)])
    whole = len(stream) // batch_size  # batches that these epochs fill
    got = np.concatenate([b.indices(k) for k in range(whole)])
    assert np.array_equal(got, stream[: whole * batch_size])
    assert b.indices(0).shape == (batch_size,)
    assert b.indices(0).dtype == np.int64


@pytest.mark.parametrize("epoch", [0, 1, 1000])
def test_an_epoch_holds_every_row_once(epoch):
    assert sorted(permutation(5, epoch, 100)) == list(range(100))


def test_seed_and_epoch_each_make_another_order():
    orders = {tuple(permutation(seed, epoch, 50)) for seed in (0, 1, 2**31 - 1) for epoch in (0, 1, 2)}
    assert len(orders) == 9  # also (0, 1) and (1, 0) differ


def test_the_order_is_that_of_philox_bits():
    # Philox 4x64-10 on key (7, 2), written out from Salmon et al. 2011 in whole numbers, free of NumPy.
    mask = 2**64 - 1

    def block(counter):
        c, k = [counter, 0, 0, 0], [7, 2]
        for _ in range(10):
            a, b = 0xD2E7470EE14C6C93 * c[0], 0xCA5A826395121157 * c[2]
            c = [(b >> 64) ^ c[1] ^ k[0], b & mask, (a >> 64) ^ c[3] ^ k[1], a & mask]
            k = [(k[0] + 0x9E3779B97F4A7C15) & mask, (k[1] + 0xBB67AE8584CAA73B) & mask]
        return c

    keys = [key for counter in (1, 2, 3) for key in block(counter)]  # NumPy counts before it draws: from 1
    assert permutation(7, 2, 12).tolist() == sorted(range(12), key=keys.__getitem__)


def test_equal_keys_keep_their_order(monkeypatch):
    class Same:
        def __init__(self, key):
            pass

        def random_raw(self, count):
            return np.arange(count, dtype=np.uint64) % 2  # 0 1 0 1 ...: NumPy's unstable sort mixes these up

    monkeypatch.setattr(np.random, "Philox", Same)
    assert permutation(0, 0, 100).tolist() == [*range(0, 100, 2), *range(1, 100, 2)]


def test_a_batch_depends_on_its_number_alone():
    straight, jumping = batches(10, 4), batches(10, 4)
    in_order = [straight.indices(k) for k in range(9)]
    for k in (8, 0, 5, 5, 2, 7, 1):
        assert np.array_equal(jumping.indices(k), in_order[k])


def test_a_late_batch_is_found_without_walking_there():
    b = batches(10, 4)
    k = 10**15  # position 4e15, in epoch 4e14 at offset 0
    assert np.array_equal(b.indices(k), permutation(0, 4 * 10**14, 10)[:4])


def test_the_caller_may_write_into_indices():
    b = batches(10, 4)
    first = b.indices(0).copy()
    b.indices(0)[:] = 0
    assert np.array_equal(b.indices(0), first)


def test_an_epoch_is_sorted_once(monkeypatch):
    sorts = []
    argsort = np.argsort
    monkeypatch.setattr(np, "argsort", lambda *args, **kwargs: sorts.append(1) or argsort(*args, **kwargs))
    b = batches(10, 4)
    for k in range(5):  # 20 rows: epochs 0 and 1; batch 2 lies across their border
        b.indices(k)
    assert len(sorts) == 2
    b.indices(2)
    assert len(sorts) == 2  # both are kept


@pytest.mark.parametrize("output_range", [(0, 1), (-1, 1), (0.0, 1.0), (-1.0, 1.0), (0, 255)])
def test_each_pixel_value_is_rounded_once(output_range):
    low, high = output_range
    images = np.arange(256, dtype=np.uint8).reshape(1, 256)
    got = Batches(images, 1, seed=0, output_range=output_range, shape=(256,)).batch(0)[0]
    assert got.dtype == np.float32
    for v in range(256):
        exact = fractions.Fraction(low) + fractions.Fraction(high - low) * v / 255
        distance = abs(fractions.Fraction(float(got[v])) - exact)
        for neighbour in (np.nextafter(got[v], np.float32(-np.inf)), np.nextafter(got[v], np.float32(np.inf))):
            assert distance <= abs(fractions.Fraction(float(neighbour)) - exact), v
    assert (got[0], got[255]) == (low, high)


@pytest.mark.parametrize("shape", [(4,), (2, 2), (2, 2, 1)])
def test_a_batch_holds_the_rows_of_its_indices(shape):
    b = batches(10, 4, output_range=(0, 255), shape=shape)  # where pixels keep their value: the row's number
    for k in range(6):
        got = b.batch(k)
        assert got.shape == (4, *shape)
        assert got.dtype == np.float32
        assert np.array_equal(got, np.broadcast_to(b.indices(k).reshape(4, *[1] * len(shape)), got.shape))


def test_pixels_keep_their_places():
    image = np.arange(6, dtype=np.uint8).reshape(1, 2, 3)
    got = Batches(image, 2, seed=0, output_range=(0, 255), shape=(6,)).batch(0)
    assert got.tolist() == [[0, 1, 2, 3, 4, 5]] * 2


def test_the_images_stay_as_they_are():
    images = numbered(10)
    before = hashlib.sha256(images).digest()
    Batches(images, 4, seed=0, output_range=(-1, 1), shape=(4,)).batch(0)[:] = 7
    assert hashlib.sha256(images).digest() == before


@pytest.mark.parametrize(
    ("images", "batch_size", "shape", "words"),
    [
        (np.zeros((3, 2, 2), np.float32), 1, (4,), "uint8 images"),
        (np.zeros((0, 2, 2), np.uint8), 1, (4,), "one or more"),
        (np.zeros((3, 2, 2), np.uint8), 0, (4,), "batch size of 1 or more"),
        (np.zeros((3, 2, 2), np.uint8), 1, (5,), r"\[2, 2\] cannot be reshaped to \[5\]"),
    ],
)
def test_what_cannot_be_a_batch_is_refused(images, batch_size, shape, words):
    with pytest.raises(ValueError, match=words):
        Batches(images, batch_size, seed=0, output_range=(0, 1), shape=shape)


IMAGES = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1)  # ten rows, each known by its pixel


def policy(last_batch: str, batch_size: int = 4) -> Batches:
    return Batches(IMAGES, batch_size, seed=0, output_range=(0.0, 255.0), shape=(1,), last_batch=last_batch)


@pytest.mark.parametrize(
    ("last_batch", "sizes", "epochs_done", "batches_in_3"),
    [
        # 10 rows in batches of 4. fill: 4, 4, then 2 and 2 of the next epoch; after 3 batches 12 rows, one epoch;
        # after 5 batches 20 rows, two epochs; 3 epochs are 30 rows, 7.5 batches, rounded up.
        ("fill", [4, 4, 4, 4, 4, 4], [0, 0, 0, 1, 1, 2, 2], 8),
        # short: 4, 4, 2 in each epoch.
        ("short", [4, 4, 2, 4, 4, 2], [0, 0, 0, 1, 1, 1, 2], 9),
        # drop: 4, 4 in each epoch.
        ("drop", [4, 4, 4, 4, 4, 4], [0, 0, 1, 1, 2, 2, 3], 6),
    ],
)
def test_what_becomes_of_an_epochs_incomplete_batch(last_batch, sizes, epochs_done, batches_in_3):
    batches = policy(last_batch)
    assert [batches.size(k) for k in range(6)] == sizes
    assert [len(batches.batch(k)) for k in range(6)] == sizes
    assert [batches.epochs_done(n) for n in range(7)] == epochs_done
    assert batches.batches_in(3) == batches_in_3


@pytest.mark.parametrize(("last_batch", "in_an_epoch"), [("short", 3), ("drop", 2)])
def test_epochs_that_share_no_batch_begin_anew(last_batch, in_an_epoch):
    batches, filled = policy(last_batch), policy("fill")
    for epoch in range(3):
        rows = np.concatenate([batches.indices(epoch * in_an_epoch + i) for i in range(in_an_epoch)])
        assert len(set(rows)) == len(rows) == {"short": 10, "drop": 8}[last_batch]
        order = np.concatenate([filled.indices(k) for k in range(10)])[10 * epoch : 10 * epoch + len(rows)]
        assert rows.tolist() == order.tolist()  # the same order of the epoch, cut otherwise


@pytest.mark.parametrize(
    ("last_batch", "batch_size", "first", "count"),
    [
        ("fill", 4, 0, 9),  # 36 rows of ten: across three borders, one of them inside a batch
        ("fill", 4, 2, 1),  # that batch alone
        ("fill", 4, 7, 0),
        ("fill", 23, 1, 4),  # each over three epochs or more
        ("fill", 4, 10**15, 3),
        ("short", 4, 0, 2),
        ("short", 4, 3, 2),
        ("short", 5, 0, 7),  # whole batches only: across epochs
        ("short", 4, 2, 0),  # none, where the next one is a short one
        ("drop", 4, 0, 7),  # two in an epoch: across three borders
        ("drop", 4, 1, 2),
        ("drop", 4, 1, 0),
    ],
)
def test_keys_are_the_indices_of_one_batch_after_another(last_batch, batch_size, first, count):
    batches = policy(last_batch, batch_size)
    keys = batches.keys(first, count)
    assert keys.dtype == np.int32
    assert keys.shape == (count, batch_size)
    for i in range(count):
        assert np.array_equal(keys[i], batches.indices(first + i))
        # Rows of `table` by their pixel, which the range leaves as it is.
        assert np.array_equal(batches.table[keys[i]].astype(np.float32), batches.batch(first + i))
    again = keys.copy()
    keys[:] = -1  # the caller may write into them
    assert np.array_equal(batches.keys(first, count), again)


@pytest.mark.parametrize(("first", "count"), [(2, 1), (1, 2), (0, 6)])
def test_keys_of_a_short_batch_are_refused(first, count):
    with pytest.raises(ValueError, match=r"reshape|inhomogeneous"):  # 4, 4, 2 rows in each epoch
        policy("short").keys(first, count)


def test_mnist_in_dcgans_batches_is_469_a_last_one_of_96():
    images = np.zeros((60_000, 1, 1, 1), np.uint8)
    batches = Batches(images, 128, seed=0, output_range=(0, 1), shape=(1,), last_batch="short")
    assert batches.batches_in(1) == 469  # 468 x 128 = 59,904
    assert batches.size(468) == 96
    assert batches.size(469) == 128


def test_dropping_needs_a_whole_batch():
    with pytest.raises(ValueError, match="10 rows make no batch of 11"):
        policy("drop", batch_size=11)
