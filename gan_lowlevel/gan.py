"""The graph of the game: D connected twice, theta_D and theta_G, one update a player.

`connect` and the updates are functions of tensors x and z. `build` calls them on placeholders, for a loop that runs
one update per session.run.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gan_lowlevel import draws, losses
from gan_lowlevel.config import Config
from gan_lowlevel.networks.game import Game

v1 = tf.compat.v1


class Play(NamedTuple):
    """Both players connected on one x and one z; probabilities in (0, 1) and logits, [B, 1] each."""

    fake: tf.Tensor  # G(z) [B, *data_shape]
    d_real: tf.Tensor  # D(x)
    d_fake: tf.Tensor  # D(G(z))
    real_logits: tf.Tensor
    fake_logits: tf.Tensor


class DReport(NamedTuple):
    """What D's update sees before it is applied; scalars."""

    d_loss: tf.Tensor
    value: tf.Tensor  # V(D, G)
    d_real: tf.Tensor  # mean D(x)
    d_fake: tf.Tensor  # mean D(G(z))
    accuracy_real: tf.Tensor  # share of x with D(x) > 1/2
    accuracy_fake: tf.Tensor  # share of G(z) with D(G(z)) <= 1/2


class GReport(NamedTuple):
    """What G's update sees before it is applied; a scalar."""

    g_loss: tf.Tensor


class Theta(NamedTuple):
    """The trainable variables, a list for each player."""

    d: list[tf.Variable]
    g: list[tf.Variable]


@dataclasses.dataclass(frozen=True)
class Gan:
    """The game on placeholders: feed x and draw, fetch a train op and its report."""

    x: tf.Tensor  # [B, *data_shape], float32 in the game's output_range
    draw: tf.Tensor  # int64 [3]: stream, step, update; decides z
    z: tf.Tensor  # [B, z_dim]; drawn as `draw` says, or fed
    play: Play
    theta: Theta
    d_report: DReport
    g_report: GReport
    d_train: tf.Operation
    g_train: tf.Operation
    both_train: tf.Operation | None  # updates=simultaneous: both gradients at the same weights and z, then both applied


def connect(game: Game, x: tf.Tensor, z: tf.Tensor) -> Play:
    """G on z, D on x, and the same D, weights shared, on G(z)."""
    with v1.variable_scope("generator"):
        fake = game.generator(z)
    with v1.variable_scope("discriminator"):
        d_real, real_logits = game.discriminator(x)
    with v1.variable_scope("discriminator", reuse=True):
        d_fake, fake_logits = game.discriminator(fake)
    return Play(fake=fake, d_real=d_real, d_fake=d_fake, real_logits=real_logits, fake_logits=fake_logits)


def split_theta() -> Theta:
    """theta_D and theta_G by scope, proved to partition the trainables. Raises ValueError where they do not."""
    theta = Theta(d=v1.trainable_variables("discriminator/"), g=v1.trainable_variables("generator/"))
    strays = {v.name for v in v1.trainable_variables()} - {v.name for v in theta.d + theta.g}
    if strays or not theta.d or not theta.g:
        raise ValueError(
            f"theta_D ({len(theta.d)} variables) and theta_G ({len(theta.g)}) must partition the trainables, "
            f"these belong to neither: {sorted(strays)}; make them under generator/ or discriminator/"
        )
    return theta


def d_objective(config: Config, play: Play) -> DReport:
    """D's loss, and what there is to see of it."""
    with v1.name_scope("d_loss"):
        value = losses.value(play.real_logits, play.fake_logits, config.log_form)
        return DReport(
            d_loss=losses.d_loss(value),
            value=value,
            d_real=tf.reduce_mean(play.d_real),
            d_fake=tf.reduce_mean(play.d_fake),
            accuracy_real=tf.reduce_mean(tf.cast(play.real_logits > 0, tf.float32)),
            accuracy_fake=tf.reduce_mean(tf.cast(play.fake_logits <= 0, tf.float32)),
        )


def g_objective(config: Config, play: Play) -> GReport:
    """G's loss."""
    with v1.name_scope("g_loss"):
        return GReport(g_loss=losses.G_LOSSES[config.g_loss](play.fake_logits, config.log_form))


def optimizer(config: Config, learning_rate: float) -> v1.train.Optimizer:
    """One player's optimizer, of the kind that the settings name."""
    if config.optimizer == "adam":
        return v1.train.AdamOptimizer(learning_rate, config.beta1, beta2=0.999, epsilon=config.epsilon)
    return v1.train.MomentumOptimizer(learning_rate, config.momentum, use_nesterov=config.optimizer == "nesterov")


def build(config: Config, game: Game) -> Gan:
    """The whole game in the current graph, on placeholders; seeds the graph's initial weights."""
    v1.set_random_seed(config.seed)
    x = v1.placeholder(tf.float32, [None, *game.data_shape], name="x")
    draw = v1.placeholder(tf.int64, [3], name="draw")
    with v1.name_scope("latent"):
        stream, step, update = tf.unstack(draw)
        drawn = game.latent([config.batch_size, config.z_dim], draws.key(config.seed, stream, step, update))
    z = v1.placeholder_with_default(drawn, [None, config.z_dim], name="z")

    play = connect(game, x, z)
    theta = split_theta()
    d_report, g_report = d_objective(config, play), g_objective(config, play)

    # Each optimizer under its own scope: the names of its variables must not hang on the order of building.
    with v1.name_scope("d_optimizer"):
        d_optimizer = optimizer(config, config.d_learning_rate)
        d_gradients = d_optimizer.compute_gradients(d_report.d_loss, var_list=theta.d)
        d_train = d_optimizer.apply_gradients(d_gradients)
    with v1.name_scope("g_optimizer"):
        g_optimizer = optimizer(config, config.g_learning_rate)
        g_gradients = g_optimizer.compute_gradients(g_report.g_loss, var_list=theta.g)
        g_train = g_optimizer.apply_gradients(g_gradients)
    both_train = None
    if config.updates == "simultaneous":
        with v1.name_scope("both"):
            with tf.control_dependencies([gradient for gradient, _ in d_gradients + g_gradients]):
                d_applied = d_optimizer.apply_gradients(d_gradients)
            with tf.control_dependencies([d_applied]):
                both_train = g_optimizer.apply_gradients(g_gradients)

    return Gan(
        x=x,
        draw=draw,
        z=z,
        play=play,
        theta=theta,
        d_report=d_report,
        g_report=g_report,
        d_train=d_train,
        g_train=g_train,
        both_train=both_train,
    )


def latents(game: Game, z_dim: int, seeds: list[int]) -> np.ndarray:
    """One z for each seed, a function of that seed alone: float32 [len(seeds), z_dim]."""
    with tf.Graph().as_default(), v1.Session() as session:
        each = tf.map_fn(
            lambda seed: game.latent([z_dim], draws.key(seed, draws.Stream.SAMPLE, 0, 0)),
            tf.constant(seeds, tf.int64),
            fn_output_signature=tf.float32,
        )
        return session.run(each)


def session_config(threads: int) -> v1.ConfigProto:
    """Both of TensorFlow's thread pools at `threads`; another count gives other last bits."""
    return v1.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)
