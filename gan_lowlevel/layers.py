"""Weights and matmuls by hand. Shapes as [B, ...]; every variable is made by `variable`, so that D can share it."""

import functools
import zlib
from collections.abc import Callable

import tensorflow as tf

v1 = tf.compat.v1

Initializer = Callable[..., Callable]


def truncated_normal(stddev: float) -> Initializer:
    """N(0, stddev^2), redrawn beyond two standard deviations."""
    return functools.partial(v1.truncated_normal_initializer, stddev=stddev)


def constant(value: float) -> Initializer:
    """The same value everywhere."""
    return lambda seed: v1.constant_initializer(value)


def variable(name: str, shape: list[int], initializer: Initializer) -> tf.Variable:
    """A trainable float32 variable under the current variable scope; with reuse=True there, the one already made.

    Its initial value depends on the graph's seed and on its own full name, not on what else the graph holds.
    Raises ValueError where reuse and existence do not match.
    """
    full_name = f"{v1.get_variable_scope().name}/{name}"
    seed = zlib.crc32(full_name.encode()) & 0x7FFFFFFF
    return v1.get_variable(name, shape, tf.float32, initializer(seed=seed))


def dense(h: tf.Tensor, units: int, *, name: str, weights: Initializer, biases: Initializer) -> tf.Tensor:
    """h W + b: [B, n] to [B, units], with W [n, units] and b [units] under the scope `name`."""
    with v1.variable_scope(name):
        w = variable("weights", [h.shape[1], units], weights)
        b = variable("biases", [units], biases)
        return tf.matmul(h, w) + b  # [B, units]
