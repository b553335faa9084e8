"""parabola: points on the one-dimensional function y = x².

Source: "如何用 Keras 从头搭建一维生成对抗网络", an article translated from J. Brownlee's on one-dimensional GANs.
Recipe: flags/parabola.flags. G has 122 parameters, D 101.
"""

import tensorflow as tf

from gan_lowlevel import draws
from gan_lowlevel.config import Config
from gan_lowlevel.layers import constant, dense, glorot_uniform, he_uniform
from gan_lowlevel.networks.game import Game, maskless, modeless

HIDDEN = {"weights": he_uniform(), "biases": constant(0.0)}
OUTPUT = {"weights": glorot_uniform(), "biases": constant(0.0)}


def generator(z: tf.Tensor) -> tf.Tensor:
    """G: latent z [B, z_dim] to points (x, y) [B, 2], unbounded."""
    h = tf.nn.relu(dense(z, 15, name="dense_1", **HIDDEN))  # [B, 15]
    return dense(h, 2, name="dense_2", **OUTPUT)  # [B, 2]


def discriminator(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """D: points [B, 2] to the probability that they are real, and its logit, [B, 1] each."""
    h = tf.nn.relu(dense(x, 25, name="dense_1", **HIDDEN))  # [B, 25]
    logits = dense(h, 1, name="dense_2", **OUTPUT)  # [B, 1]
    return tf.sigmoid(logits), logits


def game(config: Config) -> Game:
    """The players with the facts of their source."""
    return Game(
        generator=modeless(generator),
        discriminator=maskless(discriminator),
        latent=draws.normal,
        data_shape=(2,),
        picture_shape=None,
        output_range=(-1.0, 1.0),  # points are not scaled; where pictures show them, the plane is drawn so far
        d_joint=False,
        g_rows=2,
        curves_in_source="The article trains D on real and on fake points apart, with a cross-entropy of "
        "0.6931 each at the ideal point, and prints D's accuracies alone.",
    )
