"""What a run leaves while it goes on: scalars, grids, histograms, and at its end the curves and the GIF."""

import time

import tensorflow as tf

from gan_lowlevel import losses, pictures, system
from gan_lowlevel.gan import latents
from gan_lowlevel.loop import ExplicitLoop, Report
from gan_lowlevel.networks.game import Game
from gan_lowlevel.runs import Metrics, Run, draw_gif, draw_losses
from gan_lowlevel.summaries import Events, scalar_tags

SAMPLES = 64  # in a grid; their z are those of the generate command's seeds 0 to 63


def due(step: int, every: int, last: int) -> bool:
    """Whether something is to be done after `step` steps: at multiples of `every` (0: none), and at the last."""
    return step == last or (every > 0 and step % every == 0)


class Recorder:
    """Writes into the run's directory what the settings ask for; leave the block to have all of it on disk."""

    def __init__(self, loop: ExplicitLoop, game: Game, run: Run, graph: tf.Graph, start: int):
        self._loop, self._game, self._run = loop, game, run
        self._metrics = Metrics(run, start)
        self._events = Events(run.directory, graph, start)
        self._z = latents(game, loop.config.z_dim, list(range(SAMPLES)))
        self._mark = (start, time.perf_counter())

        self._events.reading_card(start, loop.config.g_loss)
        real = loop.batches.batch(0)[:SAMPLES]
        self._events.picture(start, "samples/real", self._grid(real))
        if start == 0:
            self._samples(0)
            self._histograms(0)

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *exception) -> None:
        self._events.close()
        config = self._loop.config
        ideals = {"D_loss": losses.IDEAL_D_LOSS, "G_loss": losses.IDEAL_G_LOSS[config.g_loss]}
        draw_losses(self._run, self._metrics, ideals, f"{config.model}: both losses, {config.g_loss} G")
        draw_gif(self._run)

    def flush(self) -> None:
        """Hand all events so far to the system."""
        self._events.flush()

    def record(self, step: int, report: Report) -> None:
        """Whatever is due after `step` steps."""
        config = self._loop.config
        if due(step, config.summary_every, config.max_steps):
            since, then = self._mark
            self._mark = (step, time.perf_counter())
            scalars = scalar_tags(report.d, report.g, (step - since) / (self._mark[1] - then))
            self._events.scalars(step, scalars)
            self._metrics.add(step, scalars)
        if due(step, config.sample_every, config.max_steps):
            self._samples(step)
            self._histograms(step)

    def _samples(self, step: int) -> None:
        gan = self._loop.gan
        grid = self._grid(self._loop.session.run(gan.play.fake, {gan.z: self._z}))
        system.write_atomically(self._run.sample(step), pictures.png(grid))
        self._events.picture(step, "samples/fake", grid)

    def _grid(self, rows):
        images = rows.reshape(-1, *self._game.picture_shape)
        return pictures.grid(pictures.to_uint8(images, self._game.output_range))

    def _histograms(self, step: int) -> None:
        """Every weight, and D's logits on the x and z of the step's first update of D."""
        gan = self._loop.gan
        feed = self._loop.d_feed(max(step - 1, 0), 0)
        weights, real, fake = self._loop.session.run(
            ({v.op.name: v for v in gan.theta.d + gan.theta.g}, gan.play.real_logits, gan.play.fake_logits), feed
        )
        self._events.histograms(step, weights | {"logits/real": real, "logits/fake": fake})
