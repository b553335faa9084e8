"""dog: 64x64 colour photographs of dogs.

Source: an article that explains GANs by forging pictures of dogs, with Keras code in full.
Recipe: flags/dog.flags. G has 9,664,259 parameters, of which 16,384 are moving statistics, D 25,901,953.
"""

import functools

import tensorflow as tf

from gan_lowlevel import draws
from gan_lowlevel.config import Config
from gan_lowlevel.layers import batch_norm, constant, conv2d, dense, glorot_uniform, max_pool, upsample_conv2d
from gan_lowlevel.networks.game import Game, maskless

INITIAL = {"weights": glorot_uniform(), "biases": constant(0.0)}


def generator(z: tf.Tensor, training: tf.Tensor) -> tf.Tensor:
    """G: latent z [B, z_dim] to photographs [B, 64, 64, 3] in (-1, 1)."""
    h = tf.tanh(dense(z, 1024, name="dense_1", **INITIAL))  # [B, 1024]
    h = dense(h, 8192, name="dense_2", **INITIAL)  # [B, 8192]
    h = tf.tanh(batch_norm(h, training, name="batch_norm_1", gamma=constant(1.0), momentum=0.99, epsilon=1e-3))
    h = tf.reshape(h, [-1, 8, 8, 128])  # [B, 8, 8, 128]
    h = tf.tanh(upsample_conv2d(h, 64, 4, names=("upsample_1", "conv_1"), **INITIAL))  # [B, 32, 32, 64]
    return tf.tanh(upsample_conv2d(h, 3, 2, names=("upsample_2", "conv_2"), **INITIAL))  # [B, 64, 64, 3]


def discriminator(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """D: photographs [B, 64, 64, 3] in [-1, 1] to the probability that they are real, and its logit, [B, 1] each."""
    # tanh grows: taken after the pooling it gives the same numbers, for a quarter of the work.
    h = conv2d(x, 64, name="conv_1", **INITIAL)  # [B, 64, 64, 64]
    h = tf.tanh(max_pool(h, 2, name="max_pool_1"))  # [B, 32, 32, 64]
    h = conv2d(h, 128, name="conv_2", padding="VALID", **INITIAL)  # [B, 28, 28, 128]
    h = tf.tanh(max_pool(h, 2, name="max_pool_2"))  # [B, 14, 14, 128]
    h = tf.reshape(h, [-1, 25088])  # [B, 25088]
    h = tf.tanh(dense(h, 1024, name="dense_1", **INITIAL))  # [B, 1024]
    logits = dense(h, 1, name="dense_2", **INITIAL)  # [B, 1]
    return tf.sigmoid(logits), logits


def game(config: Config) -> Game:
    """The players with the facts of their source."""
    return Game(
        generator=generator,
        discriminator=maskless(discriminator),
        latent=functools.partial(draws.uniform, low=-1.0, high=1.0),
        data_shape=(64, 64, 3),
        picture_shape=(64, 64, 3),
        output_range=(-1.0, 1.0),
        d_fakes_training=False,  # the source calls predict
        curves_in_source="The article's d_loss averages over real and fake together, half of `D_loss`: 0.6931 "
        "at the ideal point; its g_loss is `G_loss`.",
    )
