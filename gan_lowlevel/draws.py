"""Random draws that are a pure function of (seed, stream, row): no state to save, so resume is exact.

A stream of a seed is an endless sequence of rows. A loop that plays one update draws the rows of that update, one that
plays a thousand draws theirs at once, and both have the same numbers. Floats are made from Philox bits by hand, because
TensorFlow's own float draws differ between a plain graph and one compiled by XLA, while its bits are equal in both.
"""

import enum
import math
import zlib
from typing import NamedTuple

import tensorflow as tf


class Stream(enum.IntEnum):
    """Sequences of rows, so that draws of the same step do not see the same numbers."""

    D_LATENT = 0
    G_LATENT = 1
    SAMPLE = 2
    CHECK = 3  # for D's accuracies on the console
    DIGITS = 4  # the digit classifier's shifts and dropout masks


def rewound(stream: Stream, rewinds: int) -> int:
    """The stream that stands for another after so many rewinds, at most 15."""
    return stream + 16 * rewinds


def origin(seed: int, stream: int, row: int) -> tuple[int, int]:
    """Where a draw begins, two numbers of 64 bits: which sequence, and its first row there. Of Python integers, or of
    int64 tensors in a compiled loop.

    stream below 2^8, seed below 2^55; row times a row's entries below 2^63.
    """
    return seed * 2**8 + stream, row


def uniform(
    rows: int | tf.Tensor, entries: int, origin: tf.Tensor | tuple, low: float = 0.0, high: float = 1.0
) -> tf.Tensor:
    """U[low, high) on a grid of 2^24 points: float32 [rows, entries]."""
    bits = _bits(rows, entries, origin)
    return low + (high - low) * (
        tf.cast(tf.bitwise.right_shift(bits, tf.constant(8, tf.uint32)), tf.float32) * 2.0**-24
    )


def normal(rows: int | tf.Tensor, entries: int, origin: tf.Tensor | tuple) -> tf.Tensor:
    """N(0, 1) by Box and Muller's transform of two uniforms: float32 [rows, entries].

    In float64 and rounded once, because a plain graph and XLA differ in float32's last bits of log and cos.
    """
    first, second = tf.split(tf.cast(uniform(rows, 2 * entries, origin), tf.float64), 2, axis=1)
    radius = tf.sqrt(-2.0 * tf.math.log(1.0 - first))  # 1 - u lies in (0, 1]: the logarithm stays finite
    return tf.cast(radius * tf.cos(2.0 * math.pi * second), tf.float32)


class Masks(NamedTuple):
    """The dropout masks of one connection of D: drawn where a layer asks, so that other games have none."""

    origin: tf.Tensor | tuple
    connection: str

    def kept(self, rate: float, h: tf.Tensor, layer: str) -> tf.Tensor:
        """One layer's mask: bool of the shape of h [B, ...], false with probability `rate`.

        On a grid of 2^16 points, two entries from each 32 bits.
        """
        entries = math.prod(h.shape[1:])
        number = zlib.crc32(f"{self.connection}/{layer}".encode())
        bits = _bits(tf.shape(h)[0], -(-entries // 2), self.origin, number)
        halves = tf.reshape(tf.bitcast(bits, tf.uint16), [-1, 2 * bits.shape[1]])[:, :entries]
        return tf.reshape(halves >= tf.constant(min(round(rate * 2**16), 2**16 - 1), tf.uint16), [-1, *h.shape[1:]])


def _bits(rows: int | tf.Tensor, words: int, origin: tf.Tensor | tuple, sequence: int = 0) -> tf.Tensor:
    """Random bits of the sequence with that number: uint32 [rows, words].

    Philox turns each count into four words; a row begins with a count of its own.
    """
    counts = -(-words // 4)
    key, row = tf.unstack(tf.cast(tf.convert_to_tensor(origin, tf.int64), tf.uint64))
    bits = tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=tf.stack([tf.cast(rows, tf.int32), 4 * counts]),
        key=[key],
        counter=[row * tf.constant(counts, tf.uint64), tf.constant(sequence, tf.uint64)],
        alg=tf.random.Algorithm.PHILOX.value,
        dtype=tf.uint32,
    )
    return bits[:, :words]
