"""Random draws that are a pure function of (seed, stream, step, update): no state to save, so resume is exact.

Floats are made from Philox bits by hand, because TensorFlow's own float draws differ between a plain graph and
one compiled by XLA for the same key, while its bits are equal in both.
"""

import enum
import math
import zlib
from typing import NamedTuple

import tensorflow as tf


class Stream(enum.IntEnum):
    """Draws at the same step that must not see the same numbers."""

    D_LATENT = 0
    G_LATENT = 1
    SAMPLE = 2
    DATA = 3


def key(seed: int, stream: int, step: int, update: int) -> tuple[int, int]:
    """The key of one draw, two numbers of 64 bits; of Python integers, or of int64 tensors in a compiled loop.

    stream below 2^8, update below 2^16, seed below 2^55, step below 2^47.
    """
    return seed * 2**8 + stream, step * 2**16 + update


class Masks(NamedTuple):
    """Keys of the dropout masks of one connection of D: made where a mask is drawn, so that other games have none."""

    key: tf.Tensor
    connection: str

    def of(self, layer: str) -> tf.Tensor:
        """The key of one layer's mask: int64 [2]."""
        number = zlib.crc32(f"{self.connection}/{layer}".encode())
        return tf.random.fold_in(self.key, tf.constant(number, tf.int64), alg="philox")


def uniform(shape: tf.Tensor | list, key: tf.Tensor, low: float = 0.0, high: float = 1.0) -> tf.Tensor:
    """U[low, high) on a grid of 2^24 points, float32 of `shape`."""
    bits = tf.random.stateless_uniform(shape, key, minval=None, maxval=None, dtype=tf.uint32, alg="philox")
    unit = tf.cast(tf.bitwise.right_shift(bits, tf.constant(8, tf.uint32)), tf.float32) * 2.0**-24
    return low + (high - low) * unit


def normal(shape: tf.Tensor | list, key: tf.Tensor) -> tf.Tensor:
    """N(0, 1), float32 of `shape`, by Box and Muller's transform of two uniforms.

    In float64 and rounded once, because a plain graph and XLA differ in float32's last bits of log and cos.
    """
    unit = tf.cast(uniform(tf.concat([[2], tf.cast(shape, tf.int32)], axis=0), key), tf.float64)
    radius = tf.sqrt(-2.0 * tf.math.log(1.0 - unit[0]))  # 1 - u lies in (0, 1]: the logarithm stays finite
    return tf.cast(radius * tf.cos(2.0 * math.pi * unit[1]), tf.float32)
