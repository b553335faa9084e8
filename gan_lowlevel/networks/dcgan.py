"""dcgan: a deep convolutional GAN on MNIST digits, or on pictures of another shape.

Source: an article on DCGAN with MNIST that prints layer tables and 50 epochs, after Radford et al. 2016.
Recipe: flags/dcgan.flags. For 28x28x1, G has 2,344,864 parameters, of which 960 are moving statistics, D 212,673.
"""

import functools

import tensorflow as tf

from gan_lowlevel import draws
from gan_lowlevel.config import Config
from gan_lowlevel.layers import batch_norm, constant, conv2d, conv2d_transpose, dense, dropout, leaky_relu, normal
from gan_lowlevel.networks.game import Game

# The source says variance 0.02; the paper that it follows has the standard deviation.
WEIGHTS = normal(mean=0.0, stddev=0.02)
NORM = {"gamma": normal(mean=1.0, stddev=0.02), "momentum": 0.99, "epsilon": 1e-3}


def generator(z: tf.Tensor, training: tf.Tensor, size: int, channels: int) -> tf.Tensor:
    """G: latent z [B, z_dim] to pixels [B, size, size, channels] in (-1, 1). Shapes below are for size 28."""
    quarter = size // 4
    h = dense(z, quarter * quarter * 256, name="dense_1", weights=WEIGHTS, biases=constant(0.0))  # [B, 12544]
    h = tf.reshape(h, [-1, quarter, quarter, 256])  # [B, 7, 7, 256]
    h = leaky_relu(batch_norm(h, training, name="batch_norm_1", **NORM))
    h = conv2d_transpose(h, 128, name="conv_transpose_1", weights=WEIGHTS)  # [B, 7, 7, 128]
    h = leaky_relu(batch_norm(h, training, name="batch_norm_2", **NORM))
    h = conv2d_transpose(h, 64, name="conv_transpose_2", weights=WEIGHTS, stride=2)  # [B, 14, 14, 64]
    h = leaky_relu(batch_norm(h, training, name="batch_norm_3", **NORM))
    h = conv2d_transpose(h, 32, name="conv_transpose_3", weights=WEIGHTS, stride=2)  # [B, 28, 28, 32]
    h = leaky_relu(batch_norm(h, training, name="batch_norm_4", **NORM))
    return tf.tanh(conv2d(h, channels, name="conv_1", weights=WEIGHTS))  # [B, 28, 28, channels]


def discriminator(x: tf.Tensor, masks: draws.Masks, dropout_rate: float) -> tuple[tf.Tensor, tf.Tensor]:
    """D: pixels [B, 28, 28, C] in [-1, 1] to the probability that they are real, and its logit, [B, 1] each."""
    h = leaky_relu(conv2d(x, 64, name="conv_1", weights=WEIGHTS, stride=2))  # [B, 14, 14, 64]
    h = dropout(h, dropout_rate, masks, name="dropout_1")
    h = leaky_relu(conv2d(h, 128, name="conv_2", weights=WEIGHTS, stride=2))  # [B, 7, 7, 128]
    h = dropout(h, dropout_rate, masks, name="dropout_2")
    h = tf.reshape(h, [-1, h.shape[1] * h.shape[2] * 128])  # [B, 6272]
    logits = dense(h, 1, name="dense_1", weights=WEIGHTS, biases=constant(0.0))  # [B, 1]
    return tf.sigmoid(logits), logits


def game(config: Config) -> Game:
    """The players for pictures of the settings' shape, with the facts of their source."""
    size, _, channels = shape = config.picture()
    return Game(
        generator=functools.partial(generator, size=size, channels=channels),
        discriminator=functools.partial(discriminator, dropout_rate=config.d_dropout),
        latent=functools.partial(draws.uniform, low=-1.0, high=1.0),
        data_shape=shape,
        picture_shape=shape,
        output_range=(-1.0, 1.0),
        curves_in_source="The article's d_loss is the mean over one joint batch, half of `D_loss`: 0.6931 at "
        "the ideal point; its g_loss is `G_loss`.",
    )
