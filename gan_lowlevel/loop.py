"""The explicit loop: Algorithm 1 of Goodfellow et al. 2014, one session.run per update. This is the one to read."""

import dataclasses
from typing import NamedTuple

import tensorflow as tf

from gan_lowlevel.config import Config
from gan_lowlevel.data.batches import Batches
from gan_lowlevel.draws import Stream
from gan_lowlevel.gan import DReport, Gan, GReport

v1 = tf.compat.v1


class Report(NamedTuple):
    """What one step saw: of D's last update and of G's last, before each was applied."""

    d: DReport
    g: GReport


@dataclasses.dataclass(frozen=True)
class ExplicitLoop:
    """The loop that one reads. Any step can be played at any time: x and z are functions of its number."""

    session: v1.Session
    gan: Gan
    config: Config
    batches: Batches

    def play(self, step: int) -> Report:
        """One step, a round of both players."""
        session, gan = self.session, self.gan
        if self.config.updates == "simultaneous":
            _, d, g = session.run((gan.both_train, gan.d_report, gan.g_report), self.d_feed(step, 0))
            return Report(d, g)

        for update in range(self.config.d_step):
            _, d = session.run((gan.d_train, gan.d_report), self.d_feed(step, update))
        if self.config.d_step == 0:
            d = session.run(gan.d_report, self.d_feed(step, 0))

        for update in range(self.config.g_step):
            _, g = session.run((gan.g_train, gan.g_report), self.g_feed(step, update))
        if self.config.g_step == 0:
            g = session.run(gan.g_report, self.g_feed(step, 0))
        return Report(d, g)

    def d_feed(self, step: int, update: int) -> dict:
        """x and z of one update of D."""
        if self.config.sampling == "article":  # one batch of x for all updates of a step, one z for ever
            return {self.gan.x: self.batches.batch(step), self.gan.draw: (Stream.D_LATENT, 0, 0)}
        number = step * max(self.config.d_step, 1) + update
        return {self.gan.x: self.batches.batch(number), self.gan.draw: (Stream.D_LATENT, step, update)}

    def g_feed(self, step: int, update: int) -> dict:
        """z of one update of G."""
        if self.config.sampling == "article":
            return {self.gan.draw: (Stream.D_LATENT, 0, 0)}
        return {self.gan.draw: (Stream.G_LATENT, step, update)}
