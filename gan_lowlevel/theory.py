"""What the theory says of a run at one moment, measured on rows that do not train.

Nothing here moves a weight: ops beside the game's own, on the same two players.
"""

import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gan_lowlevel import draws, losses
from gan_lowlevel.data.dataset import Rows
from gan_lowlevel.data.drawn import uniform_points, unseen
from gan_lowlevel.loop import ExplicitLoop, batches_played

v1 = tf.compat.v1


class Look(NamedTuple):
    """Both players on one batch, row by row: arrays [n]."""

    real_logits: np.ndarray
    fake_logits: np.ndarray
    d_real: np.ndarray  # D(x), in (0, 1)
    d_fake: np.ndarray  # D(G(z))
    pulls: dict[str, np.ndarray]  # by name of G's loss, |dL/da| of each row's own loss at its logit a


class Theory:
    """Both players seen on held-out x, or where nothing is held out on the step's own, and on fresh z."""

    def __init__(self, loop: ExplicitLoop, held_out: Rows | None):
        self._loop, self._held_out = loop, held_out
        self.rows = "held-out rows" if held_out else "rows that train"
        play, theta = loop.gan.play, loop.gan.theta
        real_logits, fake_logits = play.real_logits, play.fake_logits
        with v1.name_scope("theory"):
            self._value = losses.value(real_logits, fake_logits)
            rows = tf.cast(tf.shape(fake_logits)[0], tf.float32)
            self._norms, self._pulls, self.forces = {}, {}, {}
            for name, g_loss in losses.G_LOSSES.items():  # on one batch and one set of weights
                loss = g_loss(fake_logits)
                self._norms[name] = tf.linalg.global_norm(tf.gradients(loss, theta.g))
                self._pulls[name] = tf.abs(tf.gradients(loss, fake_logits)[0]) * rows  # [B, 1]
                # -dL/dx of each row's own loss, where it would move to: [B, *data_shape]
                self.forces[name] = -tf.gradients(loss, play.fake)[0] * rows
            self._clipped, self._literal_error = _numerics(loop.config.g_loss, real_logits, fake_logits)
            self._spreads = _spreads(loop.gan.x, play.fake, tf.concat([real_logits, fake_logits], axis=0))

    def scalars(self, step: int) -> dict[str, float]:
        """The figures after `step` steps, by tag."""
        session = self._loop.session
        # What D's next update takes, at the weights that it meets: rows that D has just learnt from are put right.
        fetches = (self._value, self._clipped, self._literal_error)
        trained, clipped, error = session.run(fetches, self._loop.d_feed(step, 0))
        value, spreads = session.run((self._value, self._spreads), self._feed(step))
        norms = session.run(self._norms, self._g_feed(step))
        figures = {
            "gradient/minimax": norms["minimax"],
            "gradient/non_saturating": norms["non_saturating"],
            "numerics/clipped": clipped,
            "numerics/literal_error": error,
        } | spreads
        if self._held_out:
            figures |= {
                "value/V_held_out": value,
                "value/V_train": trained,  # at the same weights, unlike value/V
                "jsd/bound_held_out": jsd_bound(value),
                "jsd/log_2": losses.JSD_CEILING,
            }
        return {tag: float(figure) for tag, figure in figures.items()}

    def look(self, step: int) -> Look:
        """Row by row, after `step` steps."""
        play = self._loop.gan.play
        fetches = (play.real_logits, play.fake_logits, play.d_real, play.d_fake, self._pulls)
        *columns, pulls = self._loop.session.run(fetches, self._feed(step))
        return Look(*(column[:, 0] for column in columns), {name: pull[:, 0] for name, pull in pulls.items()})

    def _g_feed(self, step: int) -> dict:
        """z that no update sees, for G as it trains."""
        rows = self._loop.config.theory_rows
        origin = draws.origin(self._loop.config.seed, draws.Stream.CHECK, step * rows)
        return {self._loop.gan.draw: (*origin, rows)}

    def _feed(self, step: int) -> dict:
        """Rows of x that do not train, and as many z that no update sees; fakes as D's updates have them."""
        loop = self._loop
        number = batches_played(loop.config, max(step - 1, 0))
        x = self._held_out.batch(step) if self._held_out else loop.rows.batch(number)[: loop.config.theory_rows]
        origin = draws.origin(loop.config.seed, draws.Stream.CHECK, step * loop.config.theory_rows)
        feed = {loop.gan.x: x, loop.gan.draw: (*origin, len(x))}
        if not loop.game.d_fakes_training:
            feed[loop.gan.training] = False
        if loop.config.fakes == "uniform":
            feed[loop.gan.play.fake] = uniform_points(unseen(loop.config.seed), step, len(x))
        return feed


def jsd_bound(value: float) -> float:
    """(V + log 4)/2, a lower bound of JSD(p_data, p_g) for any D, as V(D) <= V(D*) = -log 4 + 2 JSD (Goodfellow et
    al. 2014, theorem 1). Below 0 it says nothing."""
    return (value - losses.IDEAL_VALUE) / 2


def _spreads(x: tf.Tensor, fake: tf.Tensor, logits: tf.Tensor) -> dict[str, tf.Tensor]:
    """Mean standard deviations, which are 0 where a player gives one answer to everything. Scalars by tag.

    x, fake: [B, *data_shape]; logits: [n, 1]. Of samples from sample to sample, and within each from pixel to pixel,
    as shares of what real data have; of D's logits over real and fake rows together, in nats.
    """

    def spread(rows: tf.Tensor, axis: int) -> tf.Tensor:
        return tf.reduce_mean(tf.math.reduce_std(tf.reshape(rows, [-1, math.prod(rows.shape[1:])]), axis=axis))

    spreads = {"spread/samples": spread(fake, 0) / spread(x, 0), "spread/D_logits": tf.math.reduce_std(logits)}
    if x.shape.rank == 4 or x.shape[1] > 2:  # no points
        spreads["spread/pixels"] = spread(fake, 1) / spread(x, 1)
    return spreads


def _numerics(g_loss: str, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """What the literal form would do to the logarithms of both losses: how many arguments float32 rounds to 0, which
    programs clip, and over all others the largest difference to the stable form, in nats."""
    forms = [(losses.LOG_D, real_logits), (losses.LOG_NOT_D, fake_logits)]
    forms.append((losses.LOG_D if g_loss == "non_saturating" else losses.LOG_NOT_D, fake_logits))  # G's own
    literal = tf.concat([form["literal"](a) for form, a in forms], axis=0)
    stable = tf.concat([form["stable"](a) for form, a in forms], axis=0)
    clipped = tf.math.is_inf(literal)
    error = tf.where(clipped, tf.zeros_like(literal), tf.abs(literal - stable))
    return tf.reduce_sum(tf.cast(clipped, tf.int32)), tf.reduce_max(error)
