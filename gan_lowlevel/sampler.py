"""A trained generator, restored from a run's directory alone."""

import numpy as np
import tensorflow as tf

from gan_lowlevel.checkpoints import Checkpoints
from gan_lowlevel.config import Config
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.gan import latents, session_config
from gan_lowlevel.networks.game import Game
from gan_lowlevel.runs import Run

v1 = tf.compat.v1

BATCH = 64  # always: a sample must not depend on how many others are drawn with it


class Sampler:
    """G of the run's newest good checkpoint; `step` is that checkpoint's. A context, as its session is.

    Raises Failure(FLAGS) where the run has no checkpoint, Failure(CHECKPOINTS) where it has and none is good.
    """

    def __init__(self, run: Run, config: Config, game: Game):
        self._game, self._z_dim = game, config.z_dim
        with tf.Graph().as_default() as graph:
            self._z = v1.placeholder(tf.float32, [BATCH, config.z_dim], name="z")
            with v1.variable_scope("generator"):
                self._fake = game.generator(self._z)  # [BATCH, *data_shape]
            self._session = v1.Session(graph=graph, config=session_config(config.threads))
            found = Checkpoints(run.checkpoints, self._session).restore()
        if found is None:
            raise Failure(
                Exit.FLAGS, f"{run.directory} has no checkpoint yet: train it to its first, see --save_every."
            )
        self.step = found.step

    def __enter__(self) -> "Sampler":
        return self

    def __exit__(self, *exception) -> None:
        self._session.close()

    def samples(self, seeds: list[int]) -> np.ndarray:
        """G(z) for the z of each seed: float32 [len(seeds), *data_shape] in the game's output_range."""
        parts = [np.zeros((0, *self._game.data_shape), np.float32)]
        for first in range(0, len(seeds), BATCH):
            z = latents(self._game, self._z_dim, seeds[first : first + BATCH])
            padded = np.zeros((BATCH, self._z_dim), np.float32)
            padded[: len(z)] = z
            parts.append(self._session.run(self._fake, {self._z: padded})[: len(z)])
        return np.concatenate(parts)
