"""Draws: the same bits whatever compiles them, a pure function of the key, and the laws that they claim."""

import math

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel import draws
from gan_lowlevel.draws import Stream

v1 = tf.compat.v1

KEYS = [(0, Stream.D_LATENT, 0, 0), (7, Stream.G_LATENT, 12345, 3), (2**31 - 1, Stream.DATA, 10**12, 999)]
N = 2**16  # numbers in a check of a law
# A figure of N numbers may lie this many of its standard errors off. Keys are fixed, so a check that passes once
# passes always: five leaves room for any right law (one in 1.7 million figures lies further off), for no wrong one.
STANDARD_ERRORS = 5


def drawn(function, *keys: tuple[int, int, int, int]) -> list[np.ndarray]:
    """`function` of one key after another. The keys are fed: with constant ones nothing would be left to compile."""
    with tf.Graph().as_default(), v1.Session() as session:
        fed = v1.placeholder(tf.int64, [2])
        result = function(fed)
        return [session.run(result, {fed: draws.key(*key)}) for key in keys]


def compiled(function):
    """The same function, compiled by XLA and called inside a graph."""
    return tf.function(function, jit_compile=True)


def test_uniform_is_the_same_to_the_bit_in_a_plain_graph_and_under_xla():
    for low, high in ((0.0, 1.0), (-1.0, 1.0)):

        def draw(key, low=low, high=high):
            return draws.uniform([64, 33], key, low, high)

        for plain, xla in zip(drawn(draw, *KEYS), drawn(compiled(draw), *KEYS), strict=True):
            assert plain.dtype == np.float32
            assert plain.tobytes() == xla.tobytes()


def test_tensorflows_own_floats_are_not_the_same_under_xla():
    # Why draws.py makes its own. Should this fail one day, TensorFlow's will do.
    def draw(key):
        return tf.random.stateless_uniform([64, 33], key, -1.0, 1.0, alg="philox")

    assert drawn(draw, KEYS[1])[0].tobytes() != drawn(compiled(draw), KEYS[1])[0].tobytes()


def test_normal_is_the_same_to_the_bit_under_xla_too():
    def draw(key):
        return draws.normal([64, 33], key)

    for plain, xla in zip(drawn(draw, *KEYS), drawn(compiled(draw), *KEYS), strict=True):
        # log and cos in float64 may differ in their last bits; rounded to float32 that shows in one number of 2^28.
        assert plain.tobytes() == xla.tobytes()


def test_the_key_decides_and_nothing_else():
    def among_others(key):
        v1.random_normal([3])  # a stateful draw: the graph's op counter moves
        return draws.uniform([5], key)

    alone, again, late = drawn(lambda key: draws.uniform([5], key), KEYS[0], KEYS[0], KEYS[1])
    assert np.array_equal(alone, again)  # the second run in a session continues no stream
    assert np.array_equal(alone, drawn(among_others, KEYS[0])[0])
    assert np.array_equal(late, drawn(lambda key: draws.uniform([5], key), KEYS[1])[0])  # without the runs before it


@pytest.mark.parametrize("draw", [draws.uniform, draws.normal])
def test_each_part_of_the_key_matters(draw):
    base = (1, 0, 5, 2)
    others = [(2, 0, 5, 2), (1, 1, 5, 2), (1, 0, 6, 2), (1, 0, 5, 3), (0, 1, 5, 2), (1, 0, 2, 5), (5, 0, 1, 2)]
    first, *rest = drawn(lambda key: draw([16], key), base, *others)
    for other in rest:
        # Two of 16 numbers from 2^24 values agree by chance with probability 16 / 2^24 = 1e-6.
        assert not np.isin(first, other).any()


def test_the_parts_of_a_key_do_not_run_into_each_other():
    # Every bit that `key` states: seed < 2^55, stream < 2^8, step < 2^47, update < 2^16.
    bits = 55, 8, 47, 16
    keys = [tuple(2**bit * (part == i) for i in range(4)) for part in range(4) for bit in range(bits[part])]
    words = [draws.key(*key) for key in keys]
    # Each bit of a part is one bit of the two words, and no two are the same: then all keys differ.
    assert sorted(words) == sorted([(2**bit, 0) for bit in range(55 + 8)] + [(0, 2**bit) for bit in range(47 + 16)])
    ends = (2**bit - 1 for bit in bits)
    assert draws.key(*ends) == (2**63 - 1, 2**63 - 1)  # int64 holds them


def test_a_key_of_tensors_is_the_key_of_the_same_integers():
    parts = (2**31 - 1, Stream.G_LATENT, 2**40 + 1, 999)
    with tf.Graph().as_default(), v1.Session() as session:
        assert session.run(draws.key(*(tf.constant(part, tf.int64) for part in parts))) == draws.key(*parts)


def test_streams_see_other_numbers_at_the_same_step():
    each = drawn(lambda key: draws.uniform([256], key), *[(0, stream, 1, 0) for stream in Stream])
    assert len(each) == 4
    for i, one in enumerate(each):
        for other in each[:i]:
            # Independent: the correlation of 256 pairs has standard error 1/sqrt(256).
            assert abs(np.corrcoef(one, other)[0, 1]) < STANDARD_ERRORS / math.sqrt(256)


def test_each_mask_has_a_key_of_its_own_and_makes_it_only_when_asked():
    def keys_of(key):
        before = len(tf.compat.v1.get_default_graph().get_operations())
        real, fake = draws.Masks(key, "real"), draws.Masks(key, "fake")
        assert len(tf.compat.v1.get_default_graph().get_operations()) == before
        return tf.stack([key, *(masks.of(layer) for masks in (real, fake) for layer in ("dropout_1", "dropout_2"))])

    keys, again, other = drawn(keys_of, KEYS[0], KEYS[0], KEYS[1])
    assert keys.shape == (5, 2)
    assert np.array_equal(keys, again)
    assert len({tuple(key) for key in np.concatenate([keys, other])}) == 10


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 1.0)])
def test_uniform_keeps_its_bounds_and_moments(low, high):
    (u,) = drawn(lambda key: draws.uniform([N], key, low, high), KEYS[1])
    assert low <= u.min()
    assert u.max() < high
    width, u = high - low, u.astype(np.float64)
    # Variance of U is width^2/12; of its square about the mean, width^4 (1/80 - 1/144) = width^4/180.
    assert abs(u.mean() - (low + high) / 2) < STANDARD_ERRORS * width / math.sqrt(12 * N)
    assert abs(u.var() - width**2 / 12) < STANDARD_ERRORS * width**2 / math.sqrt(180 * N)
    # Neighbours are independent: their correlation has standard error 1/sqrt(N).
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < STANDARD_ERRORS / math.sqrt(N)


def test_uniform_lies_on_the_grid_of_24_bits():
    (u,) = drawn(lambda key: draws.uniform([N], key), KEYS[2])
    words = u.astype(np.float64) * 2**24
    assert np.array_equal(words, np.round(words))
    # All 24 bits are in use, each in half of the numbers: standard error sqrt(1/4 / N).
    shares = [(words.astype(np.int64) >> bit & 1).mean() for bit in range(24)]
    np.testing.assert_allclose(shares, 0.5, atol=STANDARD_ERRORS * 0.5 / math.sqrt(N))


def test_normal_has_its_moments_and_its_distribution():
    (x,) = drawn(lambda key: draws.normal([N], key), KEYS[1])
    assert x.dtype == np.float32
    x = x.astype(np.float64)
    # Standard errors of a normal sample's mean, variance, third and fourth moment: the root of Var(x^k)/N,
    # Var x = 1, Var x^2 = 3 - 1, Var x^3 = 15, Var x^4 = 105 - 9.
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((x**power).mean() - moment) < STANDARD_ERRORS * math.sqrt(variance / N)
    # Kolmogorov: sup |F_N - F| exceeds c/sqrt(N) with probability 2 exp(-2 c^2), 1e-6 for c = 2.7.
    cdf = np.array([0.5 * (1 + math.erf(value / math.sqrt(2))) for value in np.sort(x)])
    assert np.abs(cdf - (np.arange(N) + 0.5) / N).max() < 2.7 / math.sqrt(N)


def test_normal_stays_finite_where_the_uniform_is_at_its_ends(monkeypatch):
    def ends(shape, key):
        return tf.constant([[0.0, 1 - 2.0**-24], [0.0, 0.0]])  # u at either end of its grid, the angle 0

    monkeypatch.setattr(draws, "uniform", ends)
    (x,) = drawn(lambda key: draws.normal([2], key), KEYS[0])
    # Box and Muller: sqrt(-2 log(1 - u)), at u = 0 zero, at u = 1 - 2^-24 sqrt(48 log 2).
    np.testing.assert_allclose(x, [0.0, math.sqrt(48 * math.log(2))], rtol=1e-6)


def test_the_shape_may_be_a_tensor():
    def draw(key):
        return draws.normal(tf.stack([tf.cast(key[1], tf.int32), 3]), key)  # 2^16 step + update

    assert [x.shape for x in drawn(draw, (0, 0, 0, 4), (0, 0, 0, 7))] == [(4, 3), (7, 3)]
