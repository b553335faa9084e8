"""The explicit loop: Algorithm 1 of Goodfellow et al. 2014, one session.run per update. This is the one to read."""

import dataclasses
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gan_lowlevel import draws
from gan_lowlevel.config import Config
from gan_lowlevel.data.dataset import Rows
from gan_lowlevel.data.drawn import uniform_points
from gan_lowlevel.draws import Stream
from gan_lowlevel.gan import DReport, Gan, GReport
from gan_lowlevel.networks.game import Game
from gan_lowlevel.workers import ALONE, Alone, Workers

v1 = tf.compat.v1


class Report(NamedTuple):
    """What one step saw: of D's last update and of G's last, before each was applied; what all of them broke."""

    d: DReport
    g: GReport
    finite: np.ndarray  # bool: of each tensor that `checked` names


@dataclasses.dataclass(frozen=True)
class ExplicitLoop:
    """The loop that one reads. Any step can be played at any time: x and z are functions of its number."""

    session: v1.Session
    gan: Gan
    game: Game
    config: Config
    rows: Rows
    rewinds: int = 0  # each takes another stream of z
    workers: Alone | Workers = ALONE

    def play_until(self, start: int, until: int) -> tuple[Report, int]:
        """Play from step `start`, up to `until` at the most: the last step's report, and the next step's number.

        This loop plays one step at a time.
        """
        return self.play(start), start + 1

    def play(self, step: int) -> Report:
        """One step, a round of both players; steps are counted from 0."""
        session, gan = self.session, self.gan
        if self.config.updates == "simultaneous":
            finite, d, g = session.run((gan.both_train.finite, gan.d_report, gan.g_report), self.d_feed(step, 0))
            return Report(d, g, finite)

        finite = []
        for update in range(self.config.d_step):
            d_finite, d = session.run((gan.d_train.finite, gan.d_report), self.d_feed(step, update))
            finite.append(d_finite)
        if self.config.d_step == 0:
            d = session.run(gan.d_report, self.d_feed(step, 0))

        for update in range(self.config.g_step):
            g_finite, g = session.run((gan.g_train.finite, gan.g_report), self.g_feed(step, update))
            finite.append(g_finite)
        if self.config.g_step == 0:
            g = session.run(gan.g_report, self.g_feed(step, 0))
        return Report(d, g, np.concatenate(finite))

    def checked(self) -> list[str]:
        """The tensors of a step that are asked whether they are finite, in the order of their making."""
        config, gan = self.config, self.gan
        if config.updates == "simultaneous":
            return gan.both_train.checked
        return [
            f"{name}, update {number + 1} of {updates} of {player}" if updates > 1 else name
            for player, updates, update in (("D", config.d_step, gan.d_train), ("G", config.g_step, gan.g_train))
            for number in range(updates)
            for name in update.checked
        ]

    def d_feed(self, step: int, update: int) -> dict:
        """x and z of one update of D."""
        gan, number = self.gan, batch_number(self.config, step, update)
        size = self.rows.size(number)
        feed = {gan.x: self.rows.batch(number), gan.draw: (*self.origin(Stream.D_LATENT, step, update), size)}
        if gan.step is not None:
            feed[gan.step] = step
        if not self.game.d_fakes_training:
            feed[gan.training] = False
        if self.config.fakes == "uniform":  # in the place of G(z)
            feed[gan.play.fake] = uniform_points(self.config.seed, number, size)
        return feed

    def g_feed(self, step: int, update: int) -> dict:
        """z of one update of G, as many rows as D's last batch times the game's factor."""
        size = self.rows.size(batch_number(self.config, step, max(self.config.d_step, 1) - 1))
        feed = {self.gan.draw: (*self.origin(Stream.G_LATENT, step, update), size * self.game.g_rows)}
        if self.gan.step is not None:
            feed[self.gan.step] = step
        return feed

    def origin(self, stream: Stream, step: int | tf.Tensor, update: int) -> tuple:
        """Where z and masks of one update begin: each takes as many rows of its stream as a whole batch has."""
        config = self.config
        if config.sampling == "article":  # one z for ever
            return draws.origin(config.seed, draws.rewound(Stream.D_LATENT, self.rewinds), 0)
        updates, rows = config.d_step, config.batch_size
        if stream == Stream.G_LATENT:
            updates, rows = config.g_step, config.batch_size * self.game.g_rows
        return draws.origin(config.seed, draws.rewound(stream, self.rewinds), (step * max(updates, 1) + update) * rows)


def batch_number(config: Config, step: int, update: int) -> int:
    """Which batch of x one update of D sees: a fresh one; the article's way, one for all updates of a step."""
    return step if config.sampling == "article" else step * max(config.d_step, 1) + update


def batches_played(config: Config, steps: int) -> int:
    """Batches of x that the first `steps` steps have seen."""
    return batch_number(config, steps, 0)
