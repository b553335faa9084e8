"""What one game is: two players, the law of z, and the facts of the network that data and loop follow."""

import dataclasses
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from gan_lowlevel import draws


@dataclasses.dataclass(frozen=True)
class Game:
    """One generator, one discriminator, and what is no knob.

    generator: (z [B, z_dim], training, a bool scalar) to fake [B, *data_shape] in output_range.
    discriminator: (x [B, *data_shape], its dropout masks) to probability and logits, [B, 1] each.
    latent: (rows, z_dim, origin of the draw) to z, float32 [rows, z_dim].
    data_shape: of one row of x and of G(z). picture_shape: (height, width, channels) of the same row; None for points
    on a line or in the plane.
    output_range: (low, high) of G's outputs; pictures are scaled to it, of points it is what pictures show.
    """

    generator: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    discriminator: Callable[[tf.Tensor, draws.Masks], tuple[tf.Tensor, tf.Tensor]]
    latent: Callable[[tf.Tensor, int, tf.Tensor], tf.Tensor]
    data_shape: tuple[int, ...]
    picture_shape: tuple[int, int, int] | None
    output_range: tuple[float, float]

    # D learns from real and fake in one update; else in two, first from x, then from G(z).
    d_joint: bool = True
    # D's fakes are made as G trains, with batch statistics; else as G draws, with moving ones.
    d_fakes_training: bool = True
    # Rows of z in G's update for each row of x in D's.
    g_rows: int = 1
    # Initial values that the data decide, by the names of their variables: a function of the mean row of what trains,
    # float64 [*data_shape] in output_range. The initializers decide all others.
    initial_of_mean: Callable[[np.ndarray], dict[str, np.ndarray]] | None = None
    # What the game's source calls these curves, and their scale there: for the card that TensorBoard shows.
    curves_in_source: str = ""


def modeless(generator: Callable[[tf.Tensor], tf.Tensor]) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """A generator that is the same in training and in use, as Game wants it."""
    return lambda z, training: generator(z)


def maskless(discriminator: Callable) -> Callable[[tf.Tensor, draws.Masks], tuple[tf.Tensor, tf.Tensor]]:
    """A discriminator without dropout, as Game wants it."""
    return lambda x, masks: discriminator(x)
