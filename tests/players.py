"""Players with random weights, moving statistics among them, in the place of trained ones."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gan_lowlevel import draws, networks
from gan_lowlevel.commandline import read_config
from gan_lowlevel.config import Config
from gan_lowlevel.networks.game import Game
from gan_lowlevel.pretrained import Pretrained
from gan_lowlevel.sampler import Sampler

v1 = tf.compat.v1


class Players(NamedTuple):
    """A game's, as a Sampler takes them."""

    settings: Config
    game: Game
    weights: dict[str, np.ndarray]
    pretrained: Pretrained

    def sampler(self) -> Sampler:
        return Sampler(self.pretrained, self.settings, self.game)


def players(model: str) -> Players:
    """Weights as the game's initializers draw them; whatever would be 0 or 1 is random too."""
    data = ["--input_data_dir=photos"] if model == "dog" else []
    settings = read_config([f"--model={model}", "--threads=2", *data]).without_dropout()
    game, random = networks.GAMES[model](settings), np.random.default_rng(0)
    with tf.Graph().as_default(), v1.Session() as session:
        with v1.variable_scope("generator"):
            fake = game.generator(tf.zeros([1, settings.z_dim]), tf.constant(False))
        with v1.variable_scope("discriminator"):
            game.discriminator(fake, draws.Masks(draws.origin(0, draws.Stream.CHECK, 0), "fake"))
        session.run(v1.global_variables_initializer())
        weights = session.run({variable.op.name: variable for variable in v1.global_variables()})
    for name, weight in weights.items():
        kind = name.rpartition("/")[2]
        if kind == "moving_variance":
            weights[name] = random.uniform(0.5, 2, weight.shape).astype(np.float32)
        elif kind in ("moving_mean", "biases", "beta"):
            weights[name] = random.normal(0, 0.3, weight.shape).astype(np.float32)
    return Players(settings, game, weights, Pretrained(model, settings, 7, {}, weights, {}))
