"""mixture: points from 8 Gaussians on a circle or 25 on a grid, of which G may forget some.

Source: the published experiment of Lin et al. 2018, "PacGAN: The power of two samples in generative adversarial
networks", with one sample to a pack, after Srivastava et al. 2017, VEEGAN.
Recipe: flags/mixture.flags. G has 488,002 parameters, of which 3,200 are moving statistics, D 405,201.
"""

import tensorflow as tf

from gan_lowlevel import draws
from gan_lowlevel.config import Config
from gan_lowlevel.data.mixture import BOUNDS
from gan_lowlevel.layers import batch_norm, constant, dense, maxout, normal
from gan_lowlevel.networks.game import Game, maskless

WEIGHTS = normal(mean=0.0, stddev=0.02)
# Epsilon is the default of the source's library, which writes it nowhere.
NORM = {"gamma": constant(1.0), "momentum": 0.95, "epsilon": 1e-4}


def generator(z: tf.Tensor, training: tf.Tensor) -> tf.Tensor:
    """G: latent z [B, z_dim] to points (x, y) [B, 2], unbounded."""
    h = z
    for i in (1, 2, 3, 4):
        h = dense(h, 400, name=f"dense_{i}", weights=WEIGHTS)  # [B, 400], no biases: batch norm has its own
        h = tf.nn.relu(batch_norm(h, training, name=f"batch_norm_{i}", **NORM))
    return dense(h, 2, name="dense_5", weights=WEIGHTS, biases=constant(0.0))  # [B, 2]


def discriminator(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """D: points [B, 2] to the probability that they are real, and its logit, [B, 1] each."""
    h = x
    for i in (1, 2, 3):
        h = maxout(h, 200, 5, name=f"maxout_{i}", weights=WEIGHTS, biases=constant(0.0))  # [B, 200]
    logits = dense(h, 1, name="dense_1", weights=WEIGHTS, biases=constant(0.0))  # [B, 1]
    return tf.sigmoid(logits), logits


def game(config: Config) -> Game:
    """The players with the facts of their source."""
    return Game(
        generator=generator,
        discriminator=maskless(discriminator),
        latent=draws.normal,
        data_shape=(2,),
        picture_shape=None,
        output_range=BOUNDS[config.mixture],  # points are not scaled; pictures show so much of the plane
        curves_in_source="The experiment's discriminator_loss is `D_loss`; its generator_loss adds a term of real "
        "points, which G does not move: 1.3863 at the ideal point, where `G_loss` is 0.6931.",
    )
