"""mlp_deep: the deeper MLP GAN on MNIST digits.

Source: "GAN详解与PyTorch MINIST手写数字生成实战", an article of 2021-09-23.
Recipe: flags/mlp_deep.flags. G has 1,486,352 parameters, D 1,460,225.
"""

import math

import tensorflow as tf

from gan_lowlevel import draws, layers
from gan_lowlevel.config import Config
from gan_lowlevel.layers import fan_in_uniform, leaky_relu
from gan_lowlevel.networks.game import Game, maskless, modeless


def dense(h: tf.Tensor, units: int, name: str) -> tf.Tensor:
    """The source library's default layer: weights and biases from U(-1/sqrt(fan_in), 1/sqrt(fan_in))."""
    biases = layers.uniform(1 / math.sqrt(h.shape[1]))
    return layers.dense(h, units, name=name, weights=fan_in_uniform(), biases=biases)


def generator(z: tf.Tensor) -> tf.Tensor:
    """G: latent z [B, z_dim] to pixels [B, 784] in (-1, 1)."""
    h = leaky_relu(dense(z, 256, "dense_1"))  # [B, 256]
    h = leaky_relu(dense(h, 512, "dense_2"))  # [B, 512]
    h = leaky_relu(dense(h, 1024, "dense_3"))  # [B, 1024]
    return tf.tanh(dense(h, 784, "dense_4"))  # [B, 784]


def discriminator(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """D: pixels [B, 784] in [-1, 1] to the probability that they are real, and its logit, [B, 1] each."""
    h = leaky_relu(dense(x, 1024, "dense_1"))  # [B, 1024]
    h = leaky_relu(dense(h, 512, "dense_2"))  # [B, 512]
    h = leaky_relu(dense(h, 256, "dense_3"))  # [B, 256]
    logits = dense(h, 1, "dense_4")  # [B, 1]
    return tf.sigmoid(logits), logits


def game(config: Config) -> Game:
    """The players with the facts of their source."""
    return Game(
        generator=modeless(generator),
        discriminator=maskless(discriminator),
        latent=draws.normal,
        data_shape=(784,),
        picture_shape=(28, 28, 1),
        output_range=(-1.0, 1.0),
        curves_in_source="The article adds both cross-entropies of D, as here; its other loss is −mean log D(G(z)).",
    )
