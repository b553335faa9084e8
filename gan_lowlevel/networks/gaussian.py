"""gaussian: numbers from a Gaussian or two, a game in which p_data, p_g and the best D are known.

Source: figure 1 of Goodfellow et al. 2014, which shows such a game and gives no sizes; layers and recipe are ours.
Recipe: flags/gaussian.flags. G has 321 parameters, D 1,153.
"""

import functools

import tensorflow as tf

from gan_lowlevel import draws
from gan_lowlevel.config import Config
from gan_lowlevel.data.gaussian import BOUNDS
from gan_lowlevel.layers import constant, dense, glorot_uniform, normal, uniform
from gan_lowlevel.networks.game import Game, maskless, modeless

LAYER = {"weights": glorot_uniform(), "biases": constant(0.0)}
# Of D's first layer: w x + b is 0 all over the axis. With b = 0 all units would turn at x = 0, where no data are.
SPREAD = {"weights": normal(mean=0.0, stddev=1.0), "biases": uniform(6.0)}
# Of G's last layer: a fresh p_g reaches the data, or the best D would be 0 or 1 and nothing else.
WIDE = {"weights": normal(mean=0.0, stddev=1.0), "biases": constant(0.0)}
LOW, HIGH = -8.0, 8.0  # of z


def generator(z: tf.Tensor) -> tf.Tensor:
    """G: latent z [B, z_dim] to numbers [B, 1], unbounded."""
    h = tf.tanh(dense(z, 16, name="dense_1", **LAYER))  # [B, 16]
    h = tf.tanh(dense(h, 16, name="dense_2", **LAYER))  # [B, 16]
    return dense(h, 1, name="dense_3", **WIDE)  # [B, 1]


def discriminator(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """D: numbers [B, 1] to the probability that they are real, and its logit, [B, 1] each."""
    h = tf.tanh(dense(x, 32, name="dense_1", **SPREAD))  # [B, 32]
    h = tf.tanh(dense(h, 32, name="dense_2", **LAYER))  # [B, 32]
    logits = dense(h, 1, name="dense_3", **LAYER)  # [B, 1]
    return tf.sigmoid(logits), logits


def game(config: Config) -> Game:
    """The players with the facts of their source."""
    return Game(
        generator=modeless(generator),
        discriminator=maskless(discriminator),
        latent=functools.partial(draws.uniform, low=LOW, high=HIGH),
        data_shape=(1,),
        picture_shape=None,
        output_range=BOUNDS[config.density],  # numbers are not scaled; pictures show so much of the axis
        curves_in_source="No article: figure 1 of the 2014 paper shows D and densities, and no losses.",
    )
