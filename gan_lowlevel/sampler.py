"""Both trained players, restored from a run's directory alone, or the package's own: G draws samples, D scores them."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from gan_lowlevel import draws
from gan_lowlevel.checkpoints import Checkpoint, Checkpoints, kept
from gan_lowlevel.config import Config
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.layers import compute_in
from gan_lowlevel.networks.game import Game
from gan_lowlevel.pretrained import Pretrained
from gan_lowlevel.runs import Run, lost_checkpoints
from gan_lowlevel.sessions import latents, session_config

v1 = tf.compat.v1

BATCH = 64  # always: a sample must not depend on how many others are drawn with it
PART = 8 * BATCH  # what `parts` holds in memory at a time


class Sampler:
    """The players of the run's newest good checkpoint, or of that at `step`, or those that come with the package.

    With `average` G's weights, moving statistics among them, are the mean over so many checkpoints, the last of them
    that one: both players circle about what they would settle at, and the mean lies nearer to it (Yazici et al. 2019).
    D's are those of the last.

    A context, as its session is. Afterwards `step` is the checkpoint's, and `notes` what the run noted beside it.

    G uses its moving statistics. D's dropout, if the game was built with any, has one mask for ever: build the game
    without_dropout. Raises Failure(FLAGS) where the run has no checkpoint, none of that step or too few for a mean,
    Failure(CHECKPOINTS) where it has and none is good, or one that a mean wants is not.
    """

    def __init__(self, run: Run | Pretrained, config: Config, game: Game, step: int | None = None, average: int = 1):
        self._game, self._z_dim = game, config.z_dim
        with tf.Graph().as_default() as graph:
            compute_in(config.precision)
            self._z = v1.placeholder(tf.float32, [BATCH, config.z_dim], name="z")
            with v1.variable_scope("generator"):
                self._fake = game.generator(self._z, tf.constant(False))  # [BATCH, *data_shape]
            with v1.variable_scope("discriminator"):
                # The logits, since float32 rounds the probabilities of many good fakes to the same 1.
                masks = draws.Masks(draws.origin(config.seed, draws.Stream.CHECK, 0), "fake")
                _, self._logits = game.discriminator(self._fake, masks)
            self._variables = v1.global_variables()
            self._session = v1.Session(graph=graph, config=session_config(config.threads, config.device))
            try:
                found = self._restored(run, step, average)
            except Failure:
                self._session.close()
                raise
        self.step, self.notes = found.step, found.notes

    def _restored(self, run: Run | Pretrained, step: int | None, average: int) -> Checkpoint | Pretrained:
        if isinstance(run, Pretrained):
            # Fed in the place of what the initializers draw.
            given = {variable.initial_value: run.weights[variable.op.name] for variable in self._variables}
            self._session.run(v1.variables_initializer(self._variables), given)
            return run
        checkpoints = Checkpoints(run.checkpoints, self._session)
        found = checkpoints.restore(step)
        if found is None:
            raise no_checkpoint(run)
        if average > 1:
            self._average(checkpoints, found.step, average)
        return found

    def _average(self, checkpoints: Checkpoints, last: int, count: int) -> None:
        """Put the mean over the `count` checkpoints up to `last` in the place of G's weights."""
        steps = [step for step in kept(checkpoints.root) if step <= last][-count:]
        if len(steps) < count:
            raise Failure(
                Exit.FLAGS,
                f"--average={count} wants {count} checkpoints up to step {last:,}, {checkpoints.root} has "
                f"{len(steps)}: give a smaller one, or train with a smaller --save_every or a larger --max_to_keep.",
            )
        weights = [variable for variable in self._variables if variable.op.name.startswith("generator/")]
        totals = [np.zeros(variable.shape.as_list(), np.float64) for variable in weights]
        for step in steps:  # ends with `last`, whose D stays
            checkpoints.restore(step)
            for total, weight in zip(totals, self._session.run(weights), strict=True):
                total += weight
        for variable, total in zip(weights, totals, strict=True):
            variable.load((total / count).astype(np.float32), self._session)

    def __enter__(self) -> "Sampler":
        return self

    def __exit__(self, *exception) -> None:
        self._session.close()

    def parts(self, seeds: list[int]) -> Iterator[np.ndarray]:
        """G(z) for the z of each seed, in order, at most PART at a time: float32 [<= PART, *data_shape]."""
        return self._parts(self._fake, seeds)

    def samples(self, seeds: list[int]) -> np.ndarray:
        """G(z) for the z of each seed: float32 [len(seeds), *data_shape] in the game's output_range."""
        return np.concatenate([np.zeros((0, *self._game.data_shape), np.float32), *self.parts(seeds)])

    def score_parts(self, seeds: list[int]) -> Iterator[np.ndarray]:
        """D's logit of G(z) for the z of each seed, in order: float32 [<= PART]; the higher, the more real to D."""
        for part in self._parts(self._logits, seeds):
            yield part[:, 0]

    def weights(self) -> dict[str, np.ndarray]:
        """Every variable of both players, moving statistics among them, by name."""
        return self._session.run({variable.op.name: variable for variable in self._variables})

    def _parts(self, fetch: tf.Tensor, seeds: list[int]) -> Iterator[np.ndarray]:
        for first in range(0, len(seeds), PART):
            z = latents(self._game, self._z_dim, seeds[first : first + PART])
            padded = np.zeros((-(-len(z) // BATCH) * BATCH, self._z_dim), np.float32)  # whole batches
            padded[: len(z)] = z
            batches = padded.reshape(-1, BATCH, self._z_dim)
            yield np.concatenate([self._session.run(fetch, {self._z: batch}) for batch in batches])[: len(z)]


def no_checkpoint(run: Run) -> Failure:
    """What to say of a run that has none, or none any more."""
    if run.saved.exists():
        return lost_checkpoints(run)
    return Failure(Exit.FLAGS, f"{run.directory} has no checkpoint yet: train it to its first, see --save_every.")
