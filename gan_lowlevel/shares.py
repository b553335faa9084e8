"""What an update needs to know of the rows of a batch: all are here, or this process has a share of them."""

from typing import NamedTuple, TypeVar

import tensorflow as tf

Scalars = TypeVar("Scalars", bound=NamedTuple)


class Share:
    """All rows of an update, those of one process. Shares of several workers have the same methods."""

    def cut(self, rows: tf.Tensor) -> tf.Tensor:
        """Of rows [B, ...] those of this worker."""
        return rows

    def origin(self, origin: tf.Tensor) -> tf.Tensor:
        """Where the draws of this worker's rows begin, of those that begin at `origin`."""
        return origin

    def mean(self, scalars: Scalars) -> Scalars:
        """Means over all rows, of means over this worker's.

        A gradient through it is what this worker's rows have in it; `sum` adds those of the others.
        """
        return scalars

    def sum(self, gradients: list[tuple]) -> list[tuple]:
        """Gradients with their variables, summed over the workers."""
        return gradients

    def moments(self, h: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Mean and biased variance of each feature, the last axis, over all rows: [C] each."""
        return tf.nn.moments(h, axes=list(range(h.shape.rank - 1)))

    def moving_moments(self, moments: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        """What moving statistics take of an update's `moments`, the same for all workers."""
        return moments


WHOLE = Share()
