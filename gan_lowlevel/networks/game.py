"""What one game is: two players, the law of z, and the facts of the network that the data follow."""

import dataclasses
from collections.abc import Callable

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Game:
    """One generator, one discriminator.

    generator: z [B, z_dim] to fake [B, *data_shape], in output_range.
    discriminator: x [B, *data_shape] to (probability, logits), both [B, 1].
    latent: (shape, key) to z, float32.
    data_shape: of one row of x and of G(z). picture_shape: (height, width, channels) of the same row.
    output_range: (low, high) of G's outputs; the data are scaled to it.
    """

    generator: Callable[[tf.Tensor], tf.Tensor]
    discriminator: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
    latent: Callable[[list, tf.Tensor], tf.Tensor]
    data_shape: tuple[int, ...]
    picture_shape: tuple[int, int, int]
    output_range: tuple[float, float]
