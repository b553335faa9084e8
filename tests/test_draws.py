"""Draws: the same bits whatever compiles them, pure functions of seed, stream and row, and the laws they claim."""

import math
import zlib

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel import draws
from gan_lowlevel.draws import Masks, Stream

v1 = tf.compat.v1

ORIGINS = [(0, Stream.D_LATENT, 0), (7, Stream.G_LATENT, 12345), (2**31 - 1, Stream.CHECK, 10**12)]
SIDE = 2**8
N = SIDE**2  # numbers in a check of a law
# A figure of N numbers may lie this many of its standard errors off. Origins are fixed, so a check that passes once
# passes always: five leaves room for any right law (one in 1.7 million figures lies further off), for no wrong one.
STANDARD_ERRORS = 5
SIZES = [1, 4, 5, 33]  # entries of a row: Philox makes four words at a time, which 5 and 33 do not use up


def drawn(function, *origins: tuple[int, int, int]) -> list[np.ndarray]:
    """`function` of one origin after another. They are fed: with constant ones nothing would be left to compile."""
    with tf.Graph().as_default(), v1.Session() as session:
        fed = v1.placeholder(tf.int64, [2])
        result = function(fed)
        return [session.run(result, {fed: draws.origin(*origin)}) for origin in origins]


def compiled(function):
    """The same function, compiled by XLA and called inside a graph."""
    return tf.function(function, jit_compile=True)


def uniform(rows: int, entries: int):
    return lambda origin: draws.uniform(rows, entries, origin)


def normal(rows: int, entries: int):
    return lambda origin: draws.normal(rows, entries, origin)


def kept(rows: int, entries: int, *, rate: float = 0.5, connection: str = "real", layer: str = "dropout_1"):
    return lambda origin: Masks(origin, connection).kept(rate, tf.zeros([rows, entries]), layer)


# Where bits come from


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 after Salmon et al. 2011, fig. 2 and table 2, in whole numbers: four words of 32 bits."""
    mask = 2**32 - 1
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & mask, (a >> 32) ^ c[3] ^ k[1], a & mask]
        k = [(k[0] + 0x9E3779B9) & mask, (k[1] + 0xBB67AE85) & mask]
    return c


def words(origin: tuple[int, int, int], rows: int, entries: int, sequence: int = 0) -> np.ndarray:
    """The bits of `rows` rows as draws.py defines them: uint32 [rows, entries].

    Key: the origin's first number; counter: row times counts of a row plus the count, then the sequence. Lower 32 bits
    come first in each.
    """

    def halves(number: int) -> list[int]:
        return [number % 2**32, number >> 32]

    first, row = draws.origin(*origin)
    counts = math.ceil(entries / 4)
    made = [
        [philox(halves((row + i) * counts + count) + halves(sequence), halves(first)) for count in range(counts)]
        for i in range(rows)
    ]
    return np.array(made, np.uint32).reshape(rows, 4 * counts)[:, :entries]


@pytest.mark.parametrize(
    ("counter", "key", "wanted"),
    [  # the known answers that Salmon et al. publish with Random123
        ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([2**32 - 1] * 4, [2**32 - 1] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (  # the digits of pi
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_the_philox_of_these_tests_is_the_published_one(counter, key, wanted):
    assert philox(counter, key) == wanted


# Both halves of the key and of the counter in use; and rows whose counts pass from one half to the other.
FAR = [*ORIGINS, (2**55 - 1, Stream.SAMPLE, 2**32 - 2)]


@pytest.mark.parametrize("entries", SIZES)
def test_uniform_is_made_of_philox_bits(entries):
    # Another TensorFlow must not change a run unseen.
    for origin, u in zip(FAR, drawn(uniform(4, entries), *FAR), strict=True):
        assert np.array_equal(u.astype(np.float64) * 2**24, words(origin, 4, entries) >> 8)  # the upper 24 bits


@pytest.mark.parametrize("entries", SIZES)
def test_normal_is_box_and_mullers_transform_of_the_same_uniforms(entries):
    for origin, x in zip(FAR, drawn(normal(4, entries), *FAR), strict=True):
        first, second = np.split((words(origin, 4, 2 * entries) >> 8) * 2.0**-24, 2, axis=1)
        wanted = np.sqrt(-2 * np.log(1 - first)) * np.cos(2 * np.pi * second)
        # Rounded once to float32; next to a zero of the cosine float64's own rounding, 1e-16 of a radius below 6.
        np.testing.assert_allclose(x, wanted, rtol=2.0**-24, atol=1e-14)


@pytest.mark.parametrize("entries", SIZES)
def test_masks_are_made_of_philox_bits(entries):
    rate = 0.3
    number = zlib.crc32(b"fake/dropout_2")
    draw = kept(4, entries, rate=rate, connection="fake", layer="dropout_2")
    for origin, mask in zip(FAR, drawn(draw, *FAR), strict=True):
        bits = words(origin, 4, math.ceil(entries / 2), number)
        # Two entries from each word, its lower 16 bits first; dropped below the rate on the grid of 2^16.
        halves = np.stack([bits % 2**16, bits >> 16], axis=-1).reshape(4, -1)[:, :entries]
        assert mask.dtype == bool
        assert np.array_equal(mask, halves >= 19_661)  # 0.3 x 65,536 = 19,660.8


# In a plain graph and under XLA


def test_uniform_is_the_same_to_the_bit_in_a_plain_graph_and_under_xla():
    for low, high in ((0.0, 1.0), (-1.0, 1.0)):

        def draw(origin, low=low, high=high):
            return draws.uniform(64, 33, origin, low, high)

        for plain, xla in zip(drawn(draw, *ORIGINS), drawn(compiled(draw), *ORIGINS), strict=True):
            assert plain.dtype == np.float32
            assert plain.tobytes() == xla.tobytes()


def test_tensorflows_own_floats_are_not_the_same_under_xla():
    # Why draws.py makes its own. Should this fail one day, TensorFlow's will do.
    def draw(origin):
        return tf.random.stateless_uniform([64, 33], origin, -1.0, 1.0, alg="philox")

    assert drawn(draw, ORIGINS[1])[0].tobytes() != drawn(compiled(draw), ORIGINS[1])[0].tobytes()


def test_normal_is_the_same_to_the_bit_under_xla_too():
    for plain, xla in zip(drawn(normal(64, 33), *ORIGINS), drawn(compiled(normal(64, 33)), *ORIGINS), strict=True):
        # log and cos in float64 may differ in their last bits; rounded to float32 that shows in one number of 2^28.
        assert plain.tobytes() == xla.tobytes()


def test_masks_are_the_same_under_xla_too():
    draw = kept(64, 33)
    for plain, xla in zip(drawn(draw, *ORIGINS), drawn(compiled(draw), *ORIGINS), strict=True):
        assert np.array_equal(plain, xla)


# A pure function of seed, stream and row


@pytest.mark.parametrize("draw", [uniform, normal, kept])
def test_the_origin_decides_and_nothing_else(draw):
    def among_others(origin):
        v1.random_normal([3])  # a stateful draw: the graph's op counter moves
        return draw(5, 33)(origin)

    alone, again, late = drawn(draw(5, 33), ORIGINS[0], ORIGINS[0], ORIGINS[1])
    assert np.array_equal(alone, again)  # the second run in a session continues no stream
    assert np.array_equal(alone, drawn(among_others, ORIGINS[0])[0])
    assert np.array_equal(late, drawn(draw(5, 33), ORIGINS[1])[0])  # without the runs before it
    assert not np.array_equal(late, alone)


@pytest.mark.parametrize("draw", [uniform, normal, kept])
@pytest.mark.parametrize("entries", SIZES)
@pytest.mark.parametrize("seed_stream_row", ORIGINS)
def test_a_row_is_the_same_alone_and_among_others(draw, entries, seed_stream_row):
    seed, stream, row = seed_stream_row
    (all_rows,) = drawn(draw(10, entries), (seed, stream, row))
    (some,) = drawn(draw(5, entries), (seed, stream, row + 3))
    assert all_rows.shape == (10, entries)
    assert np.array_equal(some, all_rows[3:8])
    singly = drawn(draw(1, entries), *[(seed, stream, row + i) for i in range(10)])
    assert np.array_equal(np.concatenate(singly), all_rows)


@pytest.mark.parametrize("draw", [uniform, normal])
def test_each_part_of_the_origin_matters(draw):
    base = (1, 0, 5)
    others = [(2, 0, 5), (1, 1, 5), (1, 0, 6), (0, 1, 5), (5, 0, 1), (0, 5, 1), (0, 1, 1)]
    others += [(1, 0, 5 + 2**32), (1, 0, 5 + 2**59), (1 + 2**32, 0, 5), (1 + 2**54, 0, 5)]  # every bit of them
    first, *rest = drawn(draw(1, 16), base, *others)
    for other in rest:
        # 256 pairs of numbers from 2^24 values: one of them agrees by chance with probability 256 / 2^24 = 1.5e-5.
        assert not np.isin(first, other).any()


def test_no_number_of_a_sequence_comes_again_in_another_row():
    (u,) = drawn(uniform(64, 5), ORIGINS[1])
    # Of n = 320 numbers on a grid of 2^24, n^2/2^25 = 0.003 pairs agree by chance.
    assert len(np.unique(u)) == u.size


def test_the_parts_of_an_origin_do_not_run_into_each_other():
    # Every bit that `origin` states: seed < 2^55, stream < 2^8; a row of one entry may have any number below 2^63.
    bits = 55, 8, 63
    parts = [tuple(2**bit * (part == i) for i in range(3)) for part in range(3) for bit in range(bits[part])]
    numbers = [draws.origin(*part) for part in parts]
    # Each bit of a part is one bit of the two numbers, and no two are the same: then all origins differ.
    assert sorted(numbers) == sorted([(2**bit, 0) for bit in range(55 + 8)] + [(0, 2**bit) for bit in range(63)])
    assert draws.origin(*(2**bit - 1 for bit in bits)) == (2**63 - 1, 2**63 - 1)  # int64 holds them


def test_an_origin_of_tensors_is_the_origin_of_the_same_integers():
    parts = (2**31 - 1, Stream.G_LATENT, 2**40 + 1)
    with tf.Graph().as_default(), v1.Session() as session:
        tensors = draws.origin(*(tf.constant(part, tf.int64) for part in parts))
        assert session.run(tensors) == draws.origin(*parts)
        # Draws take it as it is, or of integers, or as one tensor.
        taken = [draws.uniform(2, 5, origin) for origin in (tensors, draws.origin(*parts), tf.stack(tensors))]
        first, *others = session.run(taken)
    assert all(np.array_equal(first, other) for other in others)


def test_streams_see_other_numbers_at_the_same_row():
    each = drawn(uniform(1, 256), *[(0, stream, 1) for stream in Stream])
    assert len(each) == 5
    for i, one in enumerate(each):
        for other in each[:i]:
            # Independent: the correlation of 256 pairs has standard error 1/sqrt(256).
            assert abs(np.corrcoef(one[0], other[0])[0, 1]) < STANDARD_ERRORS / math.sqrt(256)


# Masks


@pytest.mark.parametrize("shape", [(5,), (3, 3, 3), (14, 14, 2)])
def test_a_mask_has_the_shape_of_what_it_falls_on(shape):
    (mask,) = drawn(lambda origin: Masks(origin, "real").kept(0.5, tf.zeros([6, *shape]), "dropout_1"), ORIGINS[1])
    (flat,) = drawn(kept(6, math.prod(shape)), ORIGINS[1])
    assert mask.shape == (6, *shape)
    assert np.array_equal(mask.reshape(6, -1), flat)  # entries in the order of memory


def test_layers_connections_rows_and_origins_have_masks_of_their_own():
    def masks(origin):
        h = tf.zeros([20, 10, 5])
        return [
            Masks(origin, connection).kept(0.5, h, layer)
            for connection in ("real", "fake")
            for layer in ("dropout_1", "dropout_2")
        ]

    origins = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 20)]
    each = [mask.reshape(20, 50) for four in drawn(masks, *origins) for mask in four]
    assert len(each) == 4 * 4
    for i, one in enumerate(each):
        for other in each[:i]:
            # Two independent masks of rate 1/2 agree in half of their n = 1000 entries, standard error sqrt(1/4/n).
            assert abs((one == other).mean() - 0.5) < STANDARD_ERRORS * 0.5 / math.sqrt(1000)
        # No row is another, no column either: of 20 rows of 50 bits two agree by chance with probability 2^-42.
        assert len({row.tobytes() for row in one}) == 20
        assert len({column.tobytes() for column in one.T}) > 45  # of 20 bits: 50^2/2^21 = 0.001 pairs agree


@pytest.mark.parametrize("rate", [2.0**-6, 0.3, 0.5, 0.9, 1 - 2.0**-6])
def test_the_share_kept_is_1_minus_the_rate(rate):
    (mask,) = drawn(kept(SIDE, 2 * SIDE, rate=rate), ORIGINS[1])
    # Even and odd entries are of other halves of the words. The grid of 2^16 is off by 2^-17, far below the error.
    for half in (mask[:, ::2], mask[:, 1::2]):
        assert abs(half.mean() - (1 - rate)) < STANDARD_ERRORS * math.sqrt(rate * (1 - rate) / half.size)
    # The halves of a word are independent: covariance 0, standard error rate (1 - rate)/sqrt(N).
    covariance = ((mask[:, ::2] - (1 - rate)) * (mask[:, 1::2] - (1 - rate))).mean()
    assert abs(covariance) < STANDARD_ERRORS * rate * (1 - rate) / math.sqrt(N)


def test_masks_that_nobody_asks_are_not_in_the_graph():
    with tf.Graph().as_default() as graph:
        origin = v1.placeholder(tf.int64, [2])
        before = len(graph.get_operations())
        masks = [Masks(origin, connection) for connection in ("real", "fake")]
        assert len(graph.get_operations()) == before
        masks[0].kept(0.5, tf.zeros([2, 3]), "dropout_1")
        assert sum(op.type == "StatelessRandomUniformFullIntV2" for op in graph.get_operations()) == 1


# Laws


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 1.0)])
def test_uniform_keeps_its_bounds_and_moments(low, high):
    (u,) = drawn(lambda origin: draws.uniform(SIDE, SIDE, origin, low, high), ORIGINS[1])
    assert low <= u.min()
    assert u.max() < high
    width, u = high - low, u.astype(np.float64)
    # Variance of U is width^2/12; of its square about the mean, width^4 (1/80 - 1/144) = width^4/180.
    assert abs(u.mean() - (low + high) / 2) < STANDARD_ERRORS * width / math.sqrt(12 * N)
    assert abs(u.var() - width**2 / 12) < STANDARD_ERRORS * width**2 / math.sqrt(180 * N)
    # Neighbours in a row and in a column are independent: their correlation has standard error 1/sqrt(N).
    for one, other in ((u[:, :-1], u[:, 1:]), (u[:-1], u[1:])):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < STANDARD_ERRORS / math.sqrt(one.size)


def test_uniform_lies_on_the_grid_of_24_bits():
    (u,) = drawn(uniform(SIDE, SIDE), ORIGINS[2])
    numbers = u.astype(np.float64) * 2**24
    assert np.array_equal(numbers, np.round(numbers))
    # All 24 bits are in use, each in half of the numbers: standard error sqrt(1/4 / N).
    shares = [(numbers.astype(np.int64) >> bit & 1).mean() for bit in range(24)]
    np.testing.assert_allclose(shares, 0.5, atol=STANDARD_ERRORS * 0.5 / math.sqrt(N))


def test_normal_has_its_moments_and_its_distribution():
    (x,) = drawn(normal(SIDE, SIDE), ORIGINS[1])
    assert x.dtype == np.float32
    x = x.astype(np.float64).ravel()
    # Standard errors of a normal sample's mean, variance, third and fourth moment: the root of Var(x^k)/N,
    # Var x = 1, Var x^2 = 3 - 1, Var x^3 = 15, Var x^4 = 105 - 9.
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((x**power).mean() - moment) < STANDARD_ERRORS * math.sqrt(variance / N)
    # Kolmogorov: sup |F_N - F| exceeds c/sqrt(N) with probability 2 exp(-2 c^2), 1e-6 for c = 2.7.
    cdf = np.array([0.5 * (1 + math.erf(value / math.sqrt(2))) for value in np.sort(x)])
    assert np.abs(cdf - (np.arange(N) + 0.5) / N).max() < 2.7 / math.sqrt(N)


def test_normal_stays_finite_where_the_uniform_is_at_its_ends(monkeypatch):
    def ends(rows, entries, origin):
        assert (rows, entries) == (1, 2 * 2)
        return tf.constant([[0.0, 1 - 2.0**-24, 0.0, 0.0]])  # u at either end of its grid, the angles 0

    monkeypatch.setattr(draws, "uniform", ends)
    (x,) = drawn(normal(1, 2), ORIGINS[0])
    # Box and Muller: sqrt(-2 log(1 - u)), at u = 0 zero, at u = 1 - 2^-24 sqrt(48 log 2).
    np.testing.assert_allclose(x, [[0.0, math.sqrt(48 * math.log(2))]], rtol=1e-6)


@pytest.mark.parametrize("draw", [draws.uniform, draws.normal])
def test_the_number_of_rows_may_be_a_tensor(draw):
    def as_many_as_the_row(origin):
        return draw(origin[1], 3, origin)

    none, four, seven = drawn(as_many_as_the_row, (0, 0, 0), (0, 0, 4), (0, 0, 7))
    assert [x.shape for x in (none, four, seven)] == [(0, 3), (4, 3), (7, 3)]
    assert np.array_equal(four[3], seven[0])  # row 7 of the sequence
