"""goodfellow: the adversarial nets of the 2014 paper on MNIST digits.

Source: Goodfellow et al. 2014, "Generative Adversarial Nets", by the configuration that its authors published.
Recipe: flags/goodfellow.flags. G has 2,503,984 parameters, D 1,231,441.
"""

import functools
import math

import numpy as np
import tensorflow as tf

from gan_lowlevel import draws
from gan_lowlevel.config import Config
from gan_lowlevel.layers import constant, dense, dropout, maxout, uniform
from gan_lowlevel.networks.game import Game, modeless

G_INITIAL = {"weights": uniform(0.05), "biases": constant(0.0)}
D_INITIAL = {"weights": uniform(0.005), "biases": constant(0.0)}
LEAST_MEAN = 1e-7  # of a pixel, and of its distance to 1: most of the border is black in every digit


def generator(z: tf.Tensor) -> tf.Tensor:
    """G: latent z [B, z_dim] to pixels [B, 784] in (0, 1)."""
    h = tf.nn.relu(dense(z, 1200, name="dense_1", **G_INITIAL))  # [B, 1200]
    h = tf.nn.relu(dense(h, 1200, name="dense_2", **G_INITIAL))  # [B, 1200]
    return tf.sigmoid(dense(h, 784, name="dense_3", **G_INITIAL))  # [B, 784]


def discriminator(
    x: tf.Tensor, masks: draws.Masks, input_dropout: float, hidden_dropout: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """D: pixels [B, 784] in [0, 1] to the probability that they are real, and its logit, [B, 1] each."""
    h = dropout(x, input_dropout, masks, name="dropout_1")
    h = maxout(h, 240, 5, name="maxout_1", **D_INITIAL)  # [B, 240]
    h = dropout(h, hidden_dropout, masks, name="dropout_2")
    h = maxout(h, 240, 5, name="maxout_2", **D_INITIAL)  # [B, 240]
    h = dropout(h, hidden_dropout, masks, name="dropout_3")
    logits = dense(h, 1, name="dense_1", **D_INITIAL)  # [B, 1]
    return tf.sigmoid(logits), logits


def initial_of_mean(mean: np.ndarray) -> dict[str, np.ndarray]:
    """G's output biases, the logits of the pixels' means [784]: with weights of 0, G would draw the mean digit."""
    mean = np.clip(mean, LEAST_MEAN, 1 - LEAST_MEAN)
    return {"generator/dense_3/biases": np.log(mean / (1 - mean)).astype(np.float32)}


def game(config: Config) -> Game:
    """The players with the facts of their source."""
    return Game(
        generator=modeless(generator),
        discriminator=functools.partial(
            discriminator, input_dropout=config.d_input_dropout, hidden_dropout=config.d_dropout
        ),
        latent=functools.partial(draws.uniform, low=-math.sqrt(3), high=math.sqrt(3)),
        data_shape=(784,),
        picture_shape=(28, 28, 1),
        output_range=(0.0, 1.0),
        initial_of_mean=initial_of_mean,
        curves_in_source="The paper prints no curves; its configuration's objective of D is half of `D_loss`: 0.6931 "
        "at the ideal point, and G's is `G_loss`.",
    )
