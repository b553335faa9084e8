"""Weights, matmuls and convolutions by hand. Pictures are [B, H, W, C].

Every variable is made by `variable` under the current variable scope, so that a second connection with reuse=True
shares it. Every layer with a shape or parameters of its own notes itself for the layer tables.
"""

import contextlib
import functools
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gan_lowlevel import draws
from gan_lowlevel.shares import WHOLE, Share

v1 = tf.compat.v1

Initializer = Callable[..., Callable]  # (seed=...) to a TensorFlow initializer

LAYERS = "layers"  # the graph collection of Notes, in the order of connection
MOVING = "moving"  # the graph collection of moving statistics, each with its next value
PRECISION = "precision"  # the graph collection of the type that products are taken in; empty: float32


_SHARES = "shares"  # the graph collection of the Share whose rows are connected now


class Note(NamedTuple):
    """A row of a layer table."""

    scope: str  # full variable scope, generator/dense_1
    kind: str
    output_shape: tuple[int | None, ...]  # None: the batch
    trainable: int  # parameters
    fixed: int  # moving statistics


# Initializers.


def constant(value: float) -> Initializer:
    """The same value everywhere."""
    return lambda seed: v1.constant_initializer(value)


def normal(mean: float, stddev: float) -> Initializer:
    """N(mean, stddev^2)."""
    return functools.partial(v1.random_normal_initializer, mean=mean, stddev=stddev)


def truncated_normal(stddev: float) -> Initializer:
    """N(0, stddev^2), redrawn beyond two standard deviations."""
    return functools.partial(v1.truncated_normal_initializer, stddev=stddev)


def uniform(bound: float) -> Initializer:
    """U(-bound, bound)."""
    return functools.partial(v1.random_uniform_initializer, minval=-bound, maxval=bound)


def fan_in_uniform() -> Initializer:
    """U(-1/sqrt(fan_in), 1/sqrt(fan_in))."""
    return functools.partial(v1.variance_scaling_initializer, scale=1 / 3, mode="fan_in", distribution="uniform")


def he_uniform() -> Initializer:
    """U(-sqrt(6/fan_in), sqrt(6/fan_in)), He et al. 2015."""
    return functools.partial(v1.variance_scaling_initializer, scale=2.0, mode="fan_in", distribution="uniform")


def glorot_uniform() -> Initializer:
    """U(-b, b) with b = sqrt(6/(fan_in + fan_out)), Glorot and Bengio 2010."""
    return functools.partial(v1.variance_scaling_initializer, scale=1.0, mode="fan_avg", distribution="uniform")


def variable(name: str, shape: list[int], initializer: Initializer, trainable: bool = True) -> tf.Variable:
    """A float32 variable under the current variable scope; with reuse=True there, the one already made.

    Its initial value depends on the graph's seed and on its own full name, not on what else the graph holds.
    Raises ValueError where reuse and existence do not match.
    """
    full_name = f"{v1.get_variable_scope().name}/{name}"
    seed = zlib.crc32(full_name.encode()) & 0x7FFFFFFF
    return v1.get_variable(name, shape, tf.float32, initializer(seed=seed), trainable=trainable)


def _note(kind: str, output: tf.Tensor, shape: tuple[int | None, ...] | None = None) -> tf.Tensor:
    """Note the layer of the current scope with its variables; returns its output.

    shape: the layer's own, where `output` is of another.
    """
    scope = v1.get_variable_scope().name
    # Its own variables alone: an optimizer made before this connection keeps its slots a level below.
    own = [v for v in v1.global_variables(f"{scope}/") if v.name.count("/") == scope.count("/") + 1]
    trainable = sum(v.shape.num_elements() for v in own if v.trainable)
    fixed = sum(v.shape.num_elements() for v in own if not v.trainable)
    v1.add_to_collection(LAYERS, Note(scope, kind, shape or tuple(output.shape), trainable, fixed))
    return output


# Layers with weights.


def compute_in(precision: str) -> None:
    """Have all layers that this graph gets from now on multiply in `precision`: float32 or bfloat16."""
    if precision != "float32":
        v1.add_to_collection(PRECISION, precision)


def product(multiply: Callable, h: tf.Tensor, w: tf.Tensor) -> tf.Tensor:
    """multiply(h, w) of float32, as float32; in bfloat16 both factors and the result are rounded to its 8 bits.

    The only place where anything is: weights and what lies between two products, activations, batch norm, logits and
    losses, stay float32. bfloat16 has float32's exponents, so that no gradient vanishes that would not anyway.
    Micikevicius et al. 2018, Kalamkar et al. 2019.
    """
    for precision in v1.get_collection(PRECISION):
        return tf.cast(multiply(tf.cast(h, precision), tf.cast(w, precision)), tf.float32)
    return multiply(h, w)


def dense(h: tf.Tensor, units: int, *, name: str, weights: Initializer, biases: Initializer | None = None) -> tf.Tensor:
    """h W + b: [B, n] to [B, units], with W [n, units] and b [units] under the scope `name`.
    `biases` None: none are added."""
    with v1.variable_scope(name):
        h = product(tf.matmul, h, variable("weights", [h.shape[1], units], weights))  # [B, units]
        if biases:
            h = h + variable("biases", [units], biases)
        return _note("dense", h)


def maxout(h: tf.Tensor, units: int, pieces: int, *, name: str, weights: Initializer, biases: Initializer) -> tf.Tensor:
    """The largest of `pieces` affine functions for each unit: [B, n] to [B, units]; Goodfellow et al. 2013.

    W [n, units * pieces] and b [units * pieces]; the pieces of a unit are neighbours.
    """
    with v1.variable_scope(name):
        w = variable("weights", [h.shape[1], units * pieces], weights)
        h = product(tf.matmul, h, w) + variable("biases", [units * pieces], biases)  # [B, units * pieces]
        return _note("maxout", tf.reduce_max(tf.reshape(h, [-1, units, pieces]), axis=2))  # [B, units]


def conv2d(
    h: tf.Tensor,
    filters: int,
    *,
    name: str,
    weights: Initializer,
    biases: Initializer | None = None,
    size: int = 5,
    stride: int = 1,
    padding: str = "SAME",
) -> tf.Tensor:
    """Convolution with W [size, size, C, filters]: [B, H, W, C] to [B, H/stride, W/stride, filters] for SAME padding,
    [B, (H - size)/stride + 1, ...] for VALID. `biases` None: none are added."""
    with v1.variable_scope(name):
        w = variable("weights", [size, size, h.shape[3], filters], weights)
        convolve = functools.partial(tf.nn.conv2d, strides=stride, padding=padding)
        h = product(convolve, h, w)  # [B, H', W', filters]
        if biases:
            h = tf.nn.bias_add(h, variable("biases", [filters], biases))
        return _note("conv2d", h)


def upsample_conv2d(
    h: tf.Tensor,
    filters: int,
    times: int,
    *,
    names: tuple[str, str],
    weights: Initializer,
    biases: Initializer,
    size: int = 5,
) -> tf.Tensor:
    """A SAME convolution with W [size, size, C, filters] of the nearest-neighbour upsampled picture:
    [B, H, W, C] to [B, H times, W times, filters]. times: 2 or more. names: of the upsampling and of the convolution.

    The upsampled picture repeats its pixels, so one multiplication serves all taps that see the same pixel: row p of
    each `times` rows of the result reads, by tap k, the small picture's row at a distance of
    (p + k - (size - 1) // 2) // times from its own. Summing W's taps by that distance makes a small convolution whose
    output depth is the rows and columns p.
    For 5x5 weights it has 3x3 taps, 2.8 times fewer products than the large one.
    """
    upsampling, convolution = names
    _, height, width, channels = h.shape
    with v1.variable_scope(upsampling):
        h = _note("upsample", h, (None, height * times, width * times, channels))
    with v1.variable_scope(convolution):
        w = variable("weights", [size, size, channels, filters], weights)
        phase, tap = np.arange(times)[:, None], np.arange(size)
        distance = (phase + tap - (size - 1) // 2) // times  # [times, size]
        reach = int(np.abs(distance).max())
        reads = np.equal(distance, np.arange(-reach, reach + 1)[:, None, None]).astype(
            np.float32
        )  # [taps, times, size]
        summed = tf.einsum("apk,bql,klcf->abcpqf", reads, reads, w)  # [taps, taps, C, times, times, filters]
        taps = 2 * reach + 1
        summed = tf.reshape(summed, [taps, taps, channels, times**2 * filters])
        h = product(functools.partial(tf.nn.conv2d, strides=1, padding="SAME"), h, summed)
        h = tf.nn.depth_to_space(h, times)  # [B, H times, W times, filters]
        h = tf.nn.bias_add(h, variable("biases", [filters], biases))
        return _note("conv2d", h)


def conv2d_transpose(
    h: tf.Tensor, filters: int, *, name: str, weights: Initializer, size: int = 5, stride: int = 1
) -> tf.Tensor:
    """The gradient of a SAME convolution with W [size, size, filters, C], without biases:
    [B, H, W, C] to [B, H stride, W stride, filters]."""
    with v1.variable_scope(name):
        _, height, width, channels = h.shape
        w = variable("weights", [size, size, filters, channels], weights)
        shape = tf.stack([tf.shape(h)[0], height * stride, width * stride, filters])
        convolve = functools.partial(tf.nn.conv2d_transpose, output_shape=shape, strides=stride, padding="SAME")
        h = product(convolve, h, w)
        h.set_shape([None, height * stride, width * stride, filters])
        return _note("conv2d_transpose", h)


@contextlib.contextmanager
def rows_of(share: Share) -> Iterator[None]:
    """What the block connects has the rows of this share: batch norm asks it for the moments of all."""
    shares = v1.get_collection_ref(_SHARES)
    shares.append(share)
    try:
        yield
    finally:
        shares.pop()


def batch_norm(
    h: tf.Tensor,
    training: tf.Tensor,
    *,
    name: str,
    gamma: Initializer,
    momentum: float = 0.99,
    epsilon: float = 1e-3,
) -> tf.Tensor:
    """gamma (h - mean)/sqrt(variance + epsilon) + beta per feature, the last axis; Ioffe and Szegedy 2015.

    training (bool scalar): mean and biased variance of the batch, or else the moving ones. The moving averages' next
    values, momentum m + (1 - momentum) batch, go to the collection MOVING with their variables: the player who owns
    the layer assigns them, and nobody else.
    """
    with v1.variable_scope(name):
        features = [h.shape[-1]]
        scale = variable("gamma", features, gamma)
        shift = variable("beta", features, constant(0.0))
        moving_mean = variable("moving_mean", features, constant(0.0), trainable=False)
        moving_variance = variable("moving_variance", features, constant(1.0), trainable=False)
        share = (v1.get_collection(_SHARES) or [WHOLE])[-1]
        batch_mean, batch_variance = moments = share.moments(h)
        for moving, batch in zip((moving_mean, moving_variance), share.moving_moments(moments), strict=True):
            v1.add_to_collection(MOVING, (moving, moving - (1.0 - momentum) * (moving - batch)))
        mean = tf.where(training, batch_mean, moving_mean)
        variance = tf.where(training, batch_variance, moving_variance)
        factor = scale * tf.math.rsqrt(variance + epsilon)  # [features]
        return _note("batch_norm", h * factor + (shift - mean * factor))


# Layers without weights.


def leaky_relu(h: tf.Tensor, slope: float = 0.2) -> tf.Tensor:
    """h where h > 0, else slope h."""
    return tf.nn.leaky_relu(h, slope)


def max_pool(h: tf.Tensor, size: int, *, name: str) -> tf.Tensor:
    """The largest of each size x size window: [B, H, W, C] to [B, H // size, W // size, C]."""
    with v1.variable_scope(name):
        return _note("max_pool", tf.nn.max_pool2d(h, size, size, padding="VALID"))


def dropout(h: tf.Tensor, rate: float, masks: draws.Masks, *, name: str) -> tf.Tensor:
    """Each entry 0 with probability `rate`, else divided by 1 - rate; Srivastava et al. 2014."""
    with v1.variable_scope(name):
        if rate > 0:
            kept = masks.kept(rate, h, name)
            h = h * (tf.cast(kept, tf.float32) / (1.0 - rate))
        return _note("dropout", h)
