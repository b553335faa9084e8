"""Layers against NumPy in float64, initial weights against their formulas, sharing, notes."""

import itertools
import math

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel import draws, layers
from gan_lowlevel.layers import Note

v1 = tf.compat.v1

ROUNDING = 2.0**-24  # of one float32 operation, relative
GIVEN = {"weights": layers.normal(0.0, 1.0), "biases": layers.normal(0.0, 1.0)}


def random(*shape: int, seed: int = 0) -> np.ndarray:
    """N(0, 1), float32."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def evaluate(layer, *inputs: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """What `layer` makes of the inputs in a graph of its own, and its variables by name, all in float64."""
    with tf.Graph().as_default(), v1.Session() as session:
        placeholders = [v1.placeholder(tf.float32, [None, *x.shape[1:]]) for x in inputs]
        output = layer(*placeholders)
        session.run(v1.global_variables_initializer())
        variables = {v.op.name: v for v in v1.global_variables()}
        out, values = session.run((output, variables), dict(zip(placeholders, inputs, strict=True)))
    assert output.shape.rank == out.ndim  # what the graph knows of the shape is true
    assert all(known in (None, came) for known, came in zip(output.shape, out.shape, strict=True))
    return out.astype(np.float64), {name: value.astype(np.float64) for name, value in values.items()}


def assert_equal_to_rounding(got: np.ndarray, wanted: np.ndarray, magnitudes: np.ndarray, terms: int) -> None:
    """A float32 sum of `terms` products is off by at most terms * 2^-24 * the sum of their magnitudes."""
    assert got.shape == wanted.shape
    bound = (terms + 2) * ROUNDING * magnitudes
    assert (np.abs(got - wanted) <= bound).all(), np.abs(got - wanted).max()


# Dense


def test_dense_is_h_times_w_plus_b():
    h = random(5, 7)
    got, values = evaluate(lambda h: layers.dense(h, 3, name="dense_1", **GIVEN), h)
    w, b = values["dense_1/weights"], values["dense_1/biases"]
    assert w.shape == (7, 3)
    assert b.shape == (3,)
    assert np.abs(b).min() > 0  # left out, they would be missed below
    wanted = np.array([[sum(h[i, k] * w[k, j] for k in range(7)) + b[j] for j in range(3)] for i in range(5)])
    assert_equal_to_rounding(got, wanted, np.abs(h) @ np.abs(w) + np.abs(b), terms=8)


def test_dense_without_biases_is_h_times_w():
    h = random(5, 7)
    got, values = evaluate(lambda h: layers.dense(h, 3, name="dense_1", weights=GIVEN["weights"]), h)
    assert set(values) == {"dense_1/weights"}
    w = values["dense_1/weights"]
    wanted = np.array([[sum(h[i, k] * w[k, j] for k in range(7)) for j in range(3)] for i in range(5)])
    assert_equal_to_rounding(got, wanted, np.abs(h) @ np.abs(w), terms=7)


def test_maxout_is_the_largest_of_each_units_pieces():
    h = random(6, 7)
    got, values = evaluate(lambda h: layers.maxout(h, 3, 4, name="maxout_1", **GIVEN), h)
    w, b = values["maxout_1/weights"], values["maxout_1/biases"]
    assert w.shape == (7, 3 * 4)
    assert b.shape == (3 * 4,)
    pieces = h.astype(np.float64) @ w + b  # [6, 12]
    wanted = np.array([[max(row[4 * unit : 4 * unit + 4]) for unit in range(3)] for row in pieces])
    bounds = np.abs(h) @ np.abs(w) + np.abs(b)
    magnitudes = np.array([[max(row[4 * unit : 4 * unit + 4]) for unit in range(3)] for row in bounds])
    assert_equal_to_rounding(got, wanted, magnitudes, terms=8)


def test_the_gradient_of_maxout_goes_to_the_largest_piece_alone():
    h = random(1, 7)
    with tf.Graph().as_default(), v1.Session() as session:
        y = layers.maxout(tf.constant(h), 3, 4, name="maxout_1", **GIVEN)
        w, b = v1.trainable_variables()
        session.run(v1.global_variables_initializer())
        gradient, w, b = session.run((tf.gradients(y, b)[0], w, b))
    largest = (h @ w + b).reshape(3, 4).argmax(axis=1)
    assert np.array_equal(gradient.reshape(3, 4), np.eye(4)[largest])


# Convolutions


def margins(size: int, stride: int, length: int, padding: str) -> tuple[int, int]:
    """Output length of a convolution along one axis, and zeroes before the first input.

    SAME: ceil(length/stride) outputs, the zeroes they need halved between both ends, the odd one behind.
    VALID: no zeroes, the outputs whose window lies inside.
    """
    if padding == "VALID":
        return (length - size) // stride + 1, 0
    outputs = math.ceil(length / stride)
    return outputs, max((outputs - 1) * stride + size - length, 0) // 2


def convolution(x: np.ndarray, w: np.ndarray, stride: int, padding: str) -> np.ndarray:
    """y[b, i, j, f] = sum over u, v, c of x[b, stride i + u - pad, stride j + v - pad, c] w[u, v, c, f]."""
    rows, columns = x.shape[1:3]
    size, filters = w.shape[0], w.shape[3]
    out_rows, pad_rows = margins(size, stride, rows, padding)
    out_columns, pad_columns = margins(size, stride, columns, padding)
    y = np.zeros((len(x), out_rows, out_columns, filters))
    for i, j, u, v in itertools.product(range(out_rows), range(out_columns), range(size), range(size)):
        row, column = stride * i + u - pad_rows, stride * j + v - pad_columns
        if 0 <= row < rows and 0 <= column < columns:
            y[:, i, j] += x[:, row, column] @ w[u, v]
    return y


@pytest.mark.parametrize("biases", [None, layers.normal(0.0, 1.0)], ids=["plain", "biases"])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(
    ("size", "stride", "rows", "columns"), [(5, 1, 7, 6), (5, 2, 8, 8), (5, 2, 7, 9), (4, 2, 6, 5), (3, 3, 7, 8)]
)
def test_conv2d_is_the_direct_sum(size, stride, rows, columns, padding, biases):
    x = random(2, rows, columns, 3)
    got, values = evaluate(
        lambda x: layers.conv2d(
            x, 4, name="c", weights=GIVEN["weights"], biases=biases, size=size, stride=stride, padding=padding
        ),
        x,
    )
    assert set(values) == ({"c/weights", "c/biases"} if biases else {"c/weights"})
    w, b = values["c/weights"], values.get("c/biases", np.zeros(4))
    assert w.shape == (size, size, 3, 4)
    wanted = convolution(x, w, stride, padding) + b
    magnitudes = convolution(np.abs(x), np.abs(w), stride, padding) + np.abs(b)
    assert_equal_to_rounding(got, wanted, magnitudes, terms=size * size * 3 + 1)


def repeated(x, times: int):
    """Nearest neighbour: each pixel `times` times in either direction."""
    return x.repeat(times, axis=1).repeat(times, axis=2)


# Those of dog, then other factors, sizes and odd pictures, some smaller than the weights.
UPSAMPLED = [
    (4, 5, 8, 8),
    (2, 5, 5, 4),
    (3, 5, 5, 3),
    (2, 3, 3, 5),
    (3, 3, 1, 2),
    (4, 3, 3, 1),
    (2, 7, 5, 3),
    (2, 1, 3, 2),
]


@pytest.mark.parametrize(("times", "size", "rows", "columns"), UPSAMPLED)
def test_upsample_conv2d_is_the_direct_sum_over_the_repeated_picture(times, size, rows, columns):
    x = random(2, rows, columns, 3)
    got, values = evaluate(lambda x: layers.upsample_conv2d(x, 4, times, names=("u", "c"), **GIVEN, size=size), x)
    assert set(values) == {"c/weights", "c/biases"}
    w, b = values["c/weights"], values["c/biases"]
    assert w.shape == (size, size, 3, 4)
    assert np.abs(b).min() > 0  # left out, they would be missed below
    large = repeated(x, times)
    assert got.shape == (2, rows * times, columns * times, 4)
    wanted = convolution(large, w, 1, "SAME") + b
    magnitudes = convolution(np.abs(large), np.abs(w), 1, "SAME") + np.abs(b)
    assert_equal_to_rounding(got, wanted, magnitudes, terms=size * size * 3 + 1)


@pytest.mark.parametrize(("times", "size", "rows", "columns"), UPSAMPLED)
def test_upsample_conv2d_has_the_gradients_of_the_convolution_of_the_repeated_picture(times, size, rows, columns):
    x = random(2, rows, columns, 3)
    upstream = random(2, rows * times, columns * times, 4, seed=1)  # other for each output, or a wrong place would hide
    with tf.Graph().as_default(), v1.Session() as session:
        h = tf.constant(x)
        y = layers.upsample_conv2d(h, 4, times, names=("u", "c"), **GIVEN, size=size)
        w, b = v1.trainable_variables()
        session.run(v1.global_variables_initializer())
        got = session.run(tf.gradients(y, [h, w, b], upstream))
        start = session.run(w)

        def direct(x: np.ndarray, w: np.ndarray, upstream: np.ndarray) -> list[np.ndarray]:
            """TensorFlow's gradients of its own convolution in float64."""
            h, w, b = (tf.constant(value, tf.float64) for value in (x, w, np.zeros(4)))
            large = tf.repeat(tf.repeat(h, times, axis=1), times, axis=2)
            y = tf.nn.conv2d(large, w, strides=1, padding="SAME") + b
            return session.run(tf.gradients(y, [h, w, b], tf.constant(upstream, tf.float64)))

        wanted = direct(x, start, upstream)
        magnitudes = direct(*(np.abs(value) for value in (x, start, upstream)))  # linear in each
    # Products that a pixel's gradient sums: all taps of all copies; a weight's: all outputs.
    pixel, weight = (size * times) ** 2 * 4, 2 * rows * columns * times**2
    for one, two, magnitude, terms in zip(got, wanted, magnitudes, (pixel, weight, weight), strict=True):
        assert_equal_to_rounding(one, two, magnitude, terms)


def test_upsample_conv2d_notes_both_its_layers():
    with tf.Graph().as_default():
        h = v1.placeholder(tf.float32, [None, 8, 7, 6])
        with v1.variable_scope("generator"):
            layers.upsample_conv2d(h, 5, 4, names=("upsample_1", "conv_1"), **GIVEN, size=3)
        assert notes() == [
            Note("generator/upsample_1", "upsample", (None, 4 * 8, 4 * 7, 6), 0, 0),
            Note("generator/conv_1", "conv2d", (None, 4 * 8, 4 * 7, 5), 3 * 3 * 6 * 5 + 5, 0),
        ]


def transposed_convolution(x: np.ndarray, w: np.ndarray, stride: int) -> np.ndarray:
    """y[b, stride i + u - pad, stride j + v - pad, f] += sum over c of x[b, i, j, c] w[u, v, f, c], inside only.

    pad: what the SAME convolution from y to x has before its first input, (size - stride)/2 rounded down.
    """
    count, rows, columns, _ = x.shape
    size, filters = w.shape[0], w.shape[2]
    y = np.zeros((count, rows * stride, columns * stride, filters))
    pad = max(size - stride, 0) // 2
    for i, j, u, v in itertools.product(range(rows), range(columns), range(size), range(size)):
        row, column = stride * i + u - pad, stride * j + v - pad
        if 0 <= row < y.shape[1] and 0 <= column < y.shape[2]:
            y[:, row, column] += x[:, i, j] @ w[u, v].T
    return y


@pytest.mark.parametrize(("size", "stride"), [(5, 1), (5, 2), (4, 2), (3, 2), (2, 3)])
def test_conv2d_transpose_is_the_direct_sum(size, stride):
    x = random(2, 3, 4, 3)
    got, values = evaluate(
        lambda x: layers.conv2d_transpose(x, 4, name="t", weights=GIVEN["weights"], size=size, stride=stride), x
    )
    assert set(values) == {"t/weights"}  # no biases
    w = values["t/weights"]
    assert w.shape == (size, size, 4, 3)
    wanted = transposed_convolution(x, w, stride)
    magnitudes = transposed_convolution(np.abs(x), np.abs(w), stride)
    assert_equal_to_rounding(got, wanted, magnitudes, terms=size * size * 3)


@pytest.mark.parametrize("stride", [1, 2])
def test_conv2d_transpose_is_the_gradient_of_conv2d(stride):
    x = random(2, 3, 4, 3)
    y = random(2, 3 * stride, 4 * stride, 4, seed=1)

    def difference(x, y):
        transposed = layers.conv2d_transpose(x, 4, name="t", weights=GIVEN["weights"], stride=stride)
        with v1.variable_scope("t", reuse=True):
            w = v1.get_variable("weights")  # [5, 5, 4, 3]: as a convolution's, from 4 channels to 3
        forth = tf.nn.conv2d(y, w, strides=stride, padding="SAME")  # as x
        (back,) = tf.gradients(forth, y, grad_ys=x)
        # As adjoints, too: <conv(y), x> = <y, transposed(x)>, a sum over each row of the batch.
        axes = [1, 2, 3]
        inner = tf.reduce_sum(forth * x, axes) - tf.reduce_sum(y * transposed, axes)
        magnitude = tf.reduce_sum(tf.abs(forth * x), axes)
        return tf.stack([tf.reduce_max(tf.abs(transposed - back), axes), inner / magnitude])

    (gradient, adjoint), _ = evaluate(difference, x, y)
    # At most 5 * 5 * 3 products of normal numbers, each below 5 * 5, in either order of summation.
    assert (gradient < 75 * 25 * ROUNDING).all()
    assert (np.abs(adjoint) < 1e-4).all()


# Batch normalization


def normalized(h: np.ndarray, mean: np.ndarray, variance: np.ndarray, values: dict, epsilon: float) -> np.ndarray:
    return values["n/gamma"] * (h - mean) / np.sqrt(variance + epsilon) + values["n/beta"]


@pytest.mark.parametrize("shape", [(8, 3), (4, 2, 5, 3)])
def test_batch_norm_in_training_and_in_use(shape):
    momentum, epsilon, steps = 0.9, 1e-3, 4
    axes = tuple(range(len(shape) - 1))  # all but the features
    batches = [3.0 + 2.0 * random(*shape, seed=seed).astype(np.float64) for seed in range(steps)]
    with tf.Graph().as_default(), v1.Session() as session:
        h = v1.placeholder(tf.float32, [None, *shape[1:]])
        training = v1.placeholder(tf.bool, [])
        output = layers.batch_norm(
            h, training, name="n", gamma=layers.normal(1.0, 0.5), momentum=momentum, epsilon=epsilon
        )
        updates = [v1.assign(*moved) for moved in v1.get_collection(layers.MOVING)]
        variables = {v.op.name: v for v in v1.global_variables()}
        session.run(v1.global_variables_initializer())
        session.run(v1.trainable_variables("n/beta")[0].assign([-1.0, 0.0, 2.0]))
        start = session.run(variables)
        assert np.array_equal(start["n/moving_mean"], [0, 0, 0])
        assert np.array_equal(start["n/moving_variance"], [1, 1, 1])
        assert [v.op.name for v in v1.trainable_variables()] == ["n/gamma", "n/beta"]

        mean, variance = np.zeros(3), np.ones(3)
        for batch in batches:
            # Training: this batch's mean and biased variance, sum of squares over the number of rows.
            count = batch.size // 3
            batch_mean = batch.sum(axes) / count
            batch_variance = ((batch - batch_mean) ** 2).sum(axes) / count
            wanted = normalized(batch, batch_mean, batch_variance, start, epsilon)
            got, _ = session.run((output, updates), {h: batch, training: True})
            np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5)
            mean = momentum * mean + (1 - momentum) * batch_mean
            variance = momentum * variance + (1 - momentum) * batch_variance

        now = session.run(variables)
        # Each step rounds the moving figures a few times: some 2^-24 of them, times the steps.
        np.testing.assert_allclose(now["n/moving_mean"], mean, rtol=4 * steps * ROUNDING)
        np.testing.assert_allclose(now["n/moving_variance"], variance, rtol=4 * steps * ROUNDING)
        # The unbiased variance would be off by its factor count/(count - 1), far beyond that tolerance.
        assert np.array_equal(now["n/gamma"], start["n/gamma"])

        # In use: the moving figures, a row's output free of its neighbours, and nothing moves.
        wanted = normalized(batches[0], mean, variance, now, epsilon)
        got = session.run(output, {h: batches[0], training: False})
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(session.run(output, {h: batches[0][:1], training: False}), got[:1], atol=1e-6)
        session.run(output, {h: batches[0], training: True})  # without the updates: they hang on the player's train op
        for name, value in session.run(variables).items():
            assert value.tobytes() == now[name].tobytes(), name


@pytest.mark.parametrize("mode", [True, False])
def test_batch_norm_far_from_0_loses_no_more_than_rounding(mode):
    # Features about 30 with deviation 1: h factor + (shift - mean factor) is a difference of two numbers of 30 factor.
    h = 30.0 + random(64, 3)
    epsilon = 1e-3

    def normal(h):
        return layers.batch_norm(h, tf.constant(mode), name="n", gamma=layers.normal(1.0, 0.5), epsilon=epsilon)

    got, values = evaluate(normal, h)
    h = h.astype(np.float64)
    mean, variance = (h.mean(axis=0), h.var(axis=0)) if mode else (np.zeros(3), np.ones(3))
    wanted = normalized(h, mean, variance, values, epsilon)
    # A handful of roundings of the larger of the two numbers; the batch's mean and variance are sums of 64 terms.
    larger = np.abs(values["n/gamma"]) / np.sqrt(variance + epsilon) * np.abs(h)
    assert (np.abs(got - wanted) <= 64 * ROUNDING * larger).all()


@pytest.mark.parametrize("momentum", [0.99, 0.5])
def test_the_moving_statistics_take_the_momentum_of_the_call(momentum):
    with tf.Graph().as_default(), v1.Session() as session:
        h = tf.constant([[1.0], [5.0]])  # mean 3, biased variance 4
        layers.batch_norm(h, tf.constant(True), name="n", gamma=layers.constant(1.0), momentum=momentum)
        session.run(v1.global_variables_initializer())
        session.run([v1.assign(*moved) for moved in v1.get_collection(layers.MOVING)])
        _, _, mean, variance = session.run(v1.global_variables())
    assert mean == pytest.approx((1 - momentum) * 3, rel=1e-6)  # from 0
    assert variance == pytest.approx(momentum * 1 + (1 - momentum) * 4, rel=1e-6)  # from 1


# Dropout


def masks(origin=(0, 1, 2), connection: str = "real") -> draws.Masks:
    return draws.Masks(tf.constant(draws.origin(*origin), tf.int64), connection)


def dropped(h, rate: float, *, origin=(0, 1, 2), connection: str = "real", name: str = "dropout_1") -> np.ndarray:
    got, values = evaluate(lambda h: layers.dropout(h, rate, masks(origin, connection), name=name), h)
    assert not values
    return got


@pytest.mark.parametrize("shape", [(200, 150), (200, 3, 5, 10)])
@pytest.mark.parametrize("rate", [0.3, 0.5, 0.9])
def test_dropout_zeroes_the_rate_and_scales_the_rest(rate, shape):
    h = 1.0 + np.abs(random(*shape))  # never 0
    got = dropped(h, rate)
    kept = got != 0
    np.testing.assert_allclose(got[kept], (h / (1 - rate))[kept], rtol=1e-6)
    # A share of n independent entries has standard error sqrt(rate (1 - rate)/n); five of them.
    assert abs((~kept).mean() - rate) < 5 * math.sqrt(rate * (1 - rate) / h.size)


def test_dropout_at_rate_0_is_the_input():
    h = random(20, 30)
    assert np.array_equal(dropped(h, 0.0), h)


def test_the_gradient_passes_where_the_mask_does():
    h = random(20, 30)
    kept = dropped(np.ones_like(h), 0.3) != 0
    gradient, _ = evaluate(lambda h: tf.gradients(layers.dropout(h, 0.3, masks(), name="dropout_1"), h)[0], h)
    np.testing.assert_allclose(gradient, kept / 0.7, rtol=1e-6)


def test_the_mask_is_a_function_of_origin_connection_and_name():
    h = np.ones((50, 40), np.float32)
    mask = dropped(h, 0.5)
    assert np.array_equal(dropped(h, 0.5), mask)
    with tf.Graph().as_default(), v1.Session() as session:  # the mask that draws.py gives under that name
        assert np.array_equal(session.run(masks().kept(0.5, tf.constant(h), "dropout_1")), mask != 0)
    assert np.array_equal(dropped(h[:10], 0.5, origin=(0, 1, 2 + 7)), mask[7:17])  # row by row
    others = [
        dropped(h, 0.5, name="dropout_2"),
        dropped(h, 0.5, connection="fake"),
        dropped(h, 0.5, origin=(1, 1, 2)),
        dropped(h, 0.5, origin=(0, 2, 2)),
        dropped(h, 0.5, origin=(0, 1, 2 + 50)),
    ]
    for other in others:
        # Two independent masks of rate 1/2 agree in half of their n entries, standard error sqrt(1/4/n).
        assert abs((other == mask).mean() - 0.5) < 5 * 0.5 / math.sqrt(h.size)
    # Not the same mask for every row or every column.
    assert len({tuple(row) for row in mask}) == 50
    assert len({tuple(column) for column in mask.T}) == 40


# Layers without weights


def test_leaky_relu_keeps_what_is_above_0_and_scales_the_rest():
    h = np.array([[-10.0, -0.5, 0.0, 0.25, 3.0]], np.float32)
    got, _ = evaluate(layers.leaky_relu, h)
    np.testing.assert_allclose(got, [[-2.0, -0.1, 0.0, 0.25, 3.0]], rtol=1e-7)  # slope 0.2
    got, _ = evaluate(lambda h: layers.leaky_relu(h, 0.01), h)
    np.testing.assert_allclose(got, [[-0.1, -0.005, 0.0, 0.25, 3.0]], rtol=1e-7)
    got, _ = evaluate(lambda h: tf.gradients(layers.leaky_relu(h), h)[0], h)
    np.testing.assert_allclose(got, [[0.2, 0.2, 0.2, 1.0, 1.0]], rtol=1e-7)  # at 0 the slope below it


@pytest.mark.parametrize(("rows", "columns", "size"), [(4, 6, 2), (5, 7, 2), (7, 8, 3), (3, 3, 3)])
def test_max_pool_takes_whole_windows(rows, columns, size):
    x = random(2, rows, columns, 3) - 10.0  # below 0: a window padded with zeroes would show
    got, values = evaluate(lambda x: layers.max_pool(x, size, name="p"), x)
    assert not values
    assert got.shape == (2, rows // size, columns // size, 3)
    for i, j in itertools.product(range(rows // size), range(columns // size)):
        window = x[:, i * size : (i + 1) * size, j * size : (j + 1) * size]
        assert np.array_equal(got[:, i, j], window.max(axis=(1, 2)))


# Initial weights


def initial(initializer, shape: list[int], *, seed: int = 0, scope: str = "s", name: str = "w", before=None):
    with tf.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(seed)
        if before:
            before()
        with v1.variable_scope(scope):
            w = layers.variable(name, shape, initializer)
        session.run(w.initializer)
        return session.run(w).astype(np.float64)


DENSE, CONV = [300, 200], [5, 5, 40, 60]
# fan_in of a kernel: inputs that one output sums over; fan_out: outputs that one input reaches.
FANS = {tuple(DENSE): (300, 200), tuple(CONV): (5 * 5 * 40, 5 * 5 * 60)}


@pytest.mark.parametrize("shape", [DENSE, CONV])
@pytest.mark.parametrize(
    ("initializer", "bound"),
    [
        (layers.uniform(0.07), lambda fan_in, fan_out: 0.07),
        (layers.fan_in_uniform(), lambda fan_in, fan_out: 1 / math.sqrt(fan_in)),
        (layers.he_uniform(), lambda fan_in, fan_out: math.sqrt(6 / fan_in)),
        (layers.glorot_uniform(), lambda fan_in, fan_out: math.sqrt(6 / (fan_in + fan_out))),
    ],
    ids=["uniform", "fan_in_uniform", "he_uniform", "glorot_uniform"],
)
def test_uniform_initial_weights_fill_their_bounds(initializer, bound, shape):
    w = initial(initializer, shape)
    b = bound(*FANS[tuple(shape)])
    # The outermost of n uniform numbers lies within 20/n of the bound's width except once in e^20 = 5e8 times.
    assert b * (1 - 40 / w.size) < w.max() <= b * (1 + 1e-6)
    assert b * (1 - 40 / w.size) < -w.min() <= b * (1 + 1e-6)
    # Standard deviation b/sqrt(3); mean of n: b/sqrt(3n), variance of n: (2b)^2/sqrt(180 n), five of each.
    assert abs(w.mean()) < 5 * b / math.sqrt(3 * w.size)
    assert abs(w.var() - b**2 / 3) < 5 * (2 * b) ** 2 / math.sqrt(180 * w.size)


def test_normal_initial_weights_have_mean_and_standard_deviation():
    w = initial(layers.normal(1.0, 0.02), DENSE)
    # Standard errors of n: of the mean stddev/sqrt(n), of the standard deviation stddev/sqrt(2n). Five of each;
    # a variance of 0.02 would be a standard deviation of 0.14.
    assert abs(w.mean() - 1.0) < 5 * 0.02 / math.sqrt(w.size)
    assert abs(w.std() - 0.02) < 5 * 0.02 / math.sqrt(2 * w.size)
    assert np.abs(w - 1.0).max() > 3 * 0.02  # of 60,000 normal numbers 160 lie further off: not truncated


def test_truncated_normal_initial_weights_end_at_two_standard_deviations():
    w = initial(layers.truncated_normal(0.1), DENSE)
    assert 0.19 < np.abs(w).max() <= 0.2
    # Cut at c = 2: variance 1 - 2 c phi(c)/(2 Phi(c) - 1), with phi and Phi of N(0, 1).
    phi, within = math.exp(-2.0) / math.sqrt(2 * math.pi), math.erf(2 / math.sqrt(2))
    stddev = 0.1 * math.sqrt(1 - 4 * phi / within)  # 0.0880
    assert abs(w.mean()) < 5 * stddev / math.sqrt(w.size)
    assert abs(w.std() - stddev) < 5 * stddev / math.sqrt(2 * w.size)  # thin tails: below the normal law's error


def test_constant_initial_weights():
    assert (initial(layers.constant(0.1), [7]) == np.float32(0.1)).all()


ALL = [
    layers.normal(0.0, 1.0),
    layers.truncated_normal(1.0),
    layers.uniform(1.0),
    layers.fan_in_uniform(),
    layers.he_uniform(),
    layers.glorot_uniform(),
]


@pytest.mark.parametrize("initializer", ALL)
def test_initial_weights_depend_on_seed_and_full_name_alone(initializer):
    def crowd():
        """Other ops and variables, random ones among them, made first."""
        tf.random.normal([4])
        v1.get_variable("other", [3], initializer=v1.random_normal_initializer())
        layers.variable("w", [30, 20], layers.normal(0.0, 1.0))

    w = initial(initializer, [30, 20])
    assert np.array_equal(initial(initializer, [30, 20]), w)
    assert np.array_equal(initial(initializer, [30, 20], before=crowd), w)
    for other in (
        initial(initializer, [30, 20], seed=1),
        initial(initializer, [30, 20], scope="t"),
        initial(initializer, [30, 20], name="v"),
    ):
        # 600 independent pairs: the correlation has standard error 1/sqrt(600).
        assert abs(np.corrcoef(other.ravel(), w.ravel())[0, 1]) < 5 / math.sqrt(600)


# Sharing


def test_a_second_connection_shares_the_weights():
    x, y = random(3, 4), random(3, 4, seed=1)

    def twice(x, y):
        with v1.variable_scope("discriminator"):
            first = layers.dense(x, 2, name="dense_1", **GIVEN)
        with v1.variable_scope("discriminator", reuse=True):
            second = layers.dense(y, 2, name="dense_1", **GIVEN)
        return tf.stack([first, second])

    (first, second), values = evaluate(twice, x, y)
    assert set(values) == {"discriminator/dense_1/weights", "discriminator/dense_1/biases"}
    w, b = values["discriminator/dense_1/weights"], values["discriminator/dense_1/biases"]
    np.testing.assert_allclose(first, x @ w + b, atol=1e-5)
    np.testing.assert_allclose(second, y @ w + b, atol=1e-5)


def test_a_misspelt_second_connection_raises():
    with tf.Graph().as_default():
        h = tf.zeros([1, 4])
        with v1.variable_scope("discriminator"):
            layers.dense(h, 2, name="dense_1", **GIVEN)
        with v1.variable_scope("discriminator", reuse=True), pytest.raises(ValueError, match="dense_l/weights"):
            layers.dense(h, 2, name="dense_l", **GIVEN)
        assert len(v1.global_variables()) == 2  # and makes no weights


def test_a_second_connection_of_another_shape_raises():
    with tf.Graph().as_default():
        layers.dense(tf.zeros([1, 4]), 2, name="dense_1", **GIVEN)
        with v1.variable_scope("", reuse=True), pytest.raises(ValueError, match="dense_1/weights"):
            layers.dense(tf.zeros([1, 5]), 2, name="dense_1", **GIVEN)


def test_the_same_name_twice_without_reuse_raises():
    with tf.Graph().as_default():
        layers.dense(tf.zeros([1, 4]), 2, name="dense_1", **GIVEN)
        with pytest.raises(ValueError, match="dense_1/weights"):
            layers.dense(tf.zeros([1, 4]), 2, name="dense_1", **GIVEN)


# Notes


def notes() -> list[Note]:
    return v1.get_collection(layers.LAYERS)


def test_each_layer_notes_scope_kind_shape_and_parameters():
    with tf.Graph().as_default():
        h = v1.placeholder(tf.float32, [None, 6])
        true = tf.constant(True)
        with v1.variable_scope("generator"):
            h = layers.dense(h, 4 * 4 * 3, name="dense_1", **GIVEN)
            h = tf.reshape(h, [-1, 4, 4, 3])
            h = layers.batch_norm(h, true, name="batch_norm_1", gamma=layers.constant(1.0))
            h = layers.conv2d_transpose(h, 5, name="conv_transpose_1", weights=GIVEN["weights"], stride=2)
            h = layers.upsample_conv2d(h, 6, 2, names=("upsample_1", "conv_1"), **GIVEN)
            h = layers.conv2d(h, 7, name="conv_10", weights=GIVEN["weights"], size=3)  # its name begins as conv_1's
            h = layers.conv2d(h, 2, name="conv_2", **GIVEN, size=3, stride=2)
            h = layers.max_pool(h, 2, name="max_pool_1")
            layers.dropout(h, 0.5, masks(), name="dropout_1")
            h = layers.dense(v1.placeholder(tf.float32, [None, 6]), 5, name="dense_2", weights=GIVEN["weights"])
            layers.maxout(h, 3, 4, name="maxout_1", **GIVEN)
        assert notes() == [
            Note("generator/dense_1", "dense", (None, 48), 6 * 48 + 48, 0),
            Note("generator/batch_norm_1", "batch_norm", (None, 4, 4, 3), 3 + 3, 3 + 3),
            Note("generator/conv_transpose_1", "conv2d_transpose", (None, 8, 8, 5), 5 * 5 * 5 * 3, 0),
            Note("generator/upsample_1", "upsample", (None, 16, 16, 5), 0, 0),
            Note("generator/conv_1", "conv2d", (None, 16, 16, 6), 5 * 5 * 5 * 6 + 6, 0),
            Note("generator/conv_10", "conv2d", (None, 16, 16, 7), 3 * 3 * 6 * 7, 0),
            Note("generator/conv_2", "conv2d", (None, 8, 8, 2), 3 * 3 * 7 * 2 + 2, 0),
            Note("generator/max_pool_1", "max_pool", (None, 4, 4, 2), 0, 0),
            Note("generator/dropout_1", "dropout", (None, 4, 4, 2), 0, 0),
            Note("generator/dense_2", "dense", (None, 5), 6 * 5, 0),
            Note("generator/maxout_1", "maxout", (None, 3), (5 + 1) * 3 * 4, 0),
        ]


def test_a_connection_after_the_optimizer_notes_the_same_parameters():
    # As in a game that updates D twice: Adam's slots stand under the weights' names by then.
    with tf.Graph().as_default():
        h = v1.placeholder(tf.float32, [None, 6])
        loss = tf.reduce_sum(layers.dense(h, 3, name="dense_1", **GIVEN))
        v1.train.AdamOptimizer().minimize(loss)
        with v1.variable_scope("", reuse=True):
            layers.dense(h, 3, name="dense_1", **GIVEN)
        first, second = notes()
        assert first == Note("dense_1", "dense", (None, 3), 6 * 3 + 3, 0)
        assert second == first
