"""mlp: the original MLP GAN on MNIST digits.

Source: "GANs实现 (Generative Adversarial Networks)", an article of 2017-08-18, after Goodfellow et al. 2014.
Recipe: flags/mlp.flags. G has 114,064 parameters, D 100,609.
"""

import functools

import tensorflow as tf

from gan_lowlevel import draws
from gan_lowlevel.config import Config
from gan_lowlevel.layers import constant, dense, truncated_normal
from gan_lowlevel.networks.game import Game, maskless, modeless

INITIAL = {"weights": truncated_normal(stddev=0.1), "biases": constant(0.1)}


def generator(z: tf.Tensor) -> tf.Tensor:
    """G: latent z [B, z_dim] to pixels [B, 784] in (0, 1)."""
    h = tf.tanh(dense(z, 128, name="dense_1", **INITIAL))  # [B, 128]
    return tf.sigmoid(dense(h, 784, name="dense_2", **INITIAL))  # [B, 784]


def discriminator(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """D: pixels [B, 784] in [0, 1] to the probability that they are real, and its logit, [B, 1] each."""
    h = tf.tanh(dense(x, 128, name="dense_1", **INITIAL))  # [B, 128]
    logits = dense(h, 1, name="dense_2", **INITIAL)  # [B, 1]
    return tf.sigmoid(logits), logits


def game(config: Config) -> Game:
    """The players with the facts of their source."""
    return Game(
        generator=modeless(generator),
        discriminator=maskless(discriminator),
        latent=functools.partial(draws.uniform, low=-1.0, high=1.0),
        data_shape=(784,),
        picture_shape=(28, 28, 1),
        output_range=(0.0, 1.0),
        curves_in_source="The article's `D_loss` and `G_loss` are these two, in this scale.",
    )
