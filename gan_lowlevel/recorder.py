"""What a run leaves while it goes on: scalars, pictures, histograms, lines; at its end the curves and the GIF."""

import re
import shutil
import time

import numpy as np
import tensorflow as tf
from scipy.special import expit

from gan_lowlevel import draws, losses, pictures, system, tables
from gan_lowlevel.data import parabola
from gan_lowlevel.data.dataset import Dataset
from gan_lowlevel.data.drawn import Law, uniform_points
from gan_lowlevel.loop import ExplicitLoop, Report, batches_played
from gan_lowlevel.metrics import densities, modes
from gan_lowlevel.networks import gaussian
from gan_lowlevel.runs import Metrics, Run
from gan_lowlevel.sessions import latents
from gan_lowlevel.summaries import Events, scalar_tags

SAMPLES = 64  # pictures in a grid; their z are those of the generate command's seeds 0 to 63
POINTS = 100  # real and generated points in a scatter, and in a line's accuracies; the source's number
BINS, LATENTS = 800, 4096  # of a line that pictures show; intervals of z, whose law G pushes forward
LINES = 40  # intervals of z between which figure 1 draws its lines


class Clock:
    """When something is due: at multiples of a cadence, at epochs' ends, at the last step."""

    def __init__(self, loop: ExplicitLoop):
        self._loop = loop

    def epoch(self, step: int) -> int:
        """Whole epochs after `step` steps."""
        return self._loop.rows.epochs_done(batches_played(self._loop.config, step))

    def place(self, step: int) -> str:
        """The epoch and the batch of it that `step` steps end with; empty where the game does not count in epochs."""
        config = self._loop.config
        if config.line_every != -1:
            return ""
        epoch = self.epoch(step - 1)
        first = -(-self._loop.rows.batches_in(epoch) // batches_played(config, 1))  # steps before it, rounded up
        return f"epoch {epoch + 1:,}, batch {step - first:,}"

    def due(self, step: int, every: int) -> bool:
        """Whether it is time after `step` steps; `every` is a cadence of the settings."""
        return self.following(step - 1, every) == step

    def following(self, step: int, every: int) -> int:
        """The first step after `step` at which something of that cadence is due."""
        config, last = self._loop.config, self._loop.config.max_steps
        if every == -1:
            a_step = batches_played(config, 1)
            return min(last, -(-self._loop.rows.batches_in(self.epoch(step) + 1) // a_step))  # rounded up
        return min(last, (step // every + 1) * every) if every else last

    def next_due(self, step: int) -> int:
        """The first step after `step` at which anything is."""
        config = self._loop.config
        cadences = (config.summary_every, config.sample_every, config.save_every, config.line_every)
        return min(self.following(step, every) for every in cadences)


class Recorder:
    """Writes into the run's directory what the settings ask for; leave the block to have all of it on disk."""

    def __init__(self, loop: ExplicitLoop, clock: Clock, run: Run, graph: tf.Graph, start: int, data: Dataset | Law):
        self._loop, self._clock, self._run, self._data = loop, clock, run, data
        self._in_plane = loop.game.picture_shape is None
        self._forget_later_pictures(start)
        self._metrics = Metrics(run, start)
        self._events = Events(run.directory, graph, start)
        shown = {"parabola": POINTS, "mixture": modes.SAMPLES}.get(loop.config.model, SAMPLES)
        self._z = latents(loop.game, loop.config.z_dim, list(range(shown)))
        self._mark = (start, time.perf_counter())
        self._finished = False

        self._events.reading_card(start, loop.config.g_loss)
        if loop.config.model == "parabola":
            x = np.linspace(parabola.LOW, parabola.HIGH, 101)
            self._keep("function.png", "samples/function", start, pictures.line(x, parabola.function(x), "y = x²"))
        elif not self._in_plane:
            self._events.picture(start, "samples/real", self._grid(loop.rows.batch(0)[:SAMPLES]))
        if start == 0:
            self._samples(0)
            self._histograms(0)

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *exception) -> None:
        self.finish()
        self._events.close()

    def finish(self) -> None:
        """Draw the curves and the GIF and hand all events to the system; what is asked again is not done again."""
        if self._finished:
            return
        self._finished = True
        config = self._loop.config
        columns = self._metrics.columns()
        if columns["step"].size:
            ideals = {"D_loss": losses.IDEAL_D_LOSS, "G_loss": losses.IDEAL_G_LOSS[config.g_loss]}
            series = {tag: columns[tag] for tag in ideals}
            title = f"{config.model}: both losses, {config.g_loss} G"
            picture = pictures.curves(columns["step"], series, ideals, title)
            self._keep("losses.png", "losses", int(columns["step"][-1]), picture)
        frames = sorted(self._run.sample(0).parent.glob("step_*.png"), key=lambda path: (len(path.name), path.name))
        if frames:
            system.write_atomically(self._run.directory / "samples.gif", pictures.gif(frames))
        for table in tables.tables(self._loop.game, config.z_dim):
            self._events.png(config.max_steps, f"network/{table.name}", tables.drawn(table))
        self._events.flush()

    def record(self, step: int, report: Report) -> None:
        """Whatever is due after `step` steps."""
        config = self._loop.config
        if self._clock.due(step, config.summary_every):
            since, then = self._mark
            self._mark = (step, time.perf_counter())
            scalars = scalar_tags(report.d, report.g, (step - since) / (self._mark[1] - then))
            self._events.scalars(step, scalars)
            self._metrics.add(step, scalars)
        if self._clock.due(step, config.sample_every):
            self._samples(step)
            self._histograms(step)
        if self._clock.due(step, config.save_every):
            self._events.flush()

    def line(self, step: int, report: Report) -> str:
        """Losses and D's accuracies after `step` steps; for points, on fresh ones, as many as the source takes."""
        epoch = self._clock.epoch(step)
        head = f"epoch {epoch:,}, step {step:,}" if epoch else f"step {step:,}"
        real, fake, rows = report.d.accuracy_real, report.d.accuracy_fake, ""
        if self._in_plane:
            real, fake = self._accuracies(step)
            rows = f"{POINTS} "
        return (
            f"{head}: D_loss {report.d.d_loss:.4f}, G_loss {report.g.g_loss:.4f}, "
            f"D's accuracy on {rows}real {real:.2f}, on {rows}fake {fake:.2f}"
        )

    def _forget_later_pictures(self, start: int) -> None:
        """Remove what an earlier process drew beyond `start`, the step that it could last save."""
        for path in (*self._run.directory.glob("samples/step_*"), *self._run.directory.glob("surface/step_*")):
            drawn = re.fullmatch(r"step_(\d{8,})(\.png)?", path.name)  # and nothing else that lies there
            if drawn and int(drawn[1]) > start:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _accuracies(self, step: int) -> tuple[float, float]:
        """D's, on POINTS rows of x that come next in training and on as many fakes."""
        loop, gan = self._loop, self._loop.gan
        number = batches_played(loop.config, step)
        batches = -(-POINTS // loop.config.batch_size)
        x = np.concatenate([loop.rows.batch(number + i) for i in range(batches)])[:POINTS]
        feed = {gan.x: x, gan.draw: self._draw(step, POINTS)}
        if loop.config.fakes == "uniform":
            feed[gan.play.fake] = uniform_points(loop.config.seed, number, POINTS)
        seen = loop.session.run(gan.d_report, feed)
        return seen.accuracy_real, seen.accuracy_fake

    def _samples(self, step: int) -> None:
        gan, path = self._loop.gan, self._run.sample(step)
        if self._loop.config.model == "gaussian":
            self._keep(f"samples/{path.name}", "samples/fake", step, self._figure_one(step))
            return
        rows = self._loop.session.run(gan.play.fake, {gan.z: self._z, gan.training: False})
        if self._in_plane:
            if self._loop.config.model == "mixture":
                measures = modes.measure(rows, self._data.centres, self._data.stddev)
                self._events.scalars(step, {f"modes/{name}": value for name, value in measures._asdict().items()})
            real = self._data.points(self._loop.config.seed, 0, len(rows))
            what = "generated"
            if self._loop.config.fakes == "uniform":  # what D learns to refuse
                rows, what = uniform_points(self._loop.config.seed, 0, POINTS), "uniform"
            low, high = self._data.bounds
            beyond = int(((rows < low) | (rows > high)).any(axis=1).sum())
            outside = f", {beyond} outside" if beyond else ""
            title = f"after {step:,} steps: real red, {what} blue{outside}"
            scatter = pictures.scatter(real, rows, title, (low, high), size=3 if len(rows) == POINTS else 1.5)
            self._keep(f"samples/{path.name}", "samples/fake", step, scatter)
            self._keep(f"surface/{path.name}", "samples/surface", step, self._surface(step))
            return
        self._keep(f"samples/{path.name}", "samples/fake", step, self._grid(rows))
        if self._loop.config.save_single_samples:
            path.with_suffix("").mkdir(exist_ok=True)
            for seed, image in enumerate(self._images(rows)):
                (path.with_suffix("") / f"seed_{seed:08d}.png").write_bytes(pictures.png(image))

    def _surface(self, step: int) -> np.ndarray:
        """D's probability over the plane."""
        gan, axis = self._loop.gan, np.linspace(*self._data.bounds, 101, dtype=np.float32)
        plane = np.stack(np.meshgrid(axis, axis), axis=-1)  # [101, 101, 2]: (x, y), y by rows
        d = self._loop.session.run(gan.play.d_real, {gan.x: plane.reshape(-1, 2), gan.draw: self._draw(step, 1)})
        return pictures.surface(axis, d.reshape(101, 101), f"D(x) after {step:,} steps, line: D = 1/2")

    def _figure_one(self, step: int) -> np.ndarray:
        """Both densities, D and the best D over the line; its measures become scalars."""
        gan, law = self._loop.gan, self._data
        edges = np.linspace(*law.bounds, BINS + 1)
        x, z = densities.middles(edges), np.linspace(gaussian.LOW, gaussian.HIGH, LATENTS + 1)
        g, logits = (
            self._loop.session.run(fetch, {tensor: rows[:, np.newaxis], gan.draw: self._draw(step, 1)})[:, 0]
            for fetch, tensor, rows in ((gan.play.fake, gan.z, z), (gan.play.real_logits, gan.x, x))
        )
        p_data, p_g = densities.masses(law.cdf, edges), densities.pushed_forward(g, edges)
        measures = densities.measure(p_data, p_g, logits.astype(np.float64))
        self._events.scalars(step, {f"density/{name}": value for name, value in measures._asdict().items()})
        inner, every = slice(1, -1), slice(None, None, LATENTS // LINES)
        return pictures.figure_one(
            x=x[inner],
            p_data=law.pdf(x[inner]),
            p_g=p_g[inner] / np.diff(edges),
            d=expit(logits[inner]),
            best_d=densities.best_d(p_data, p_g)[inner],
            z=z[every],
            g=g[every],
            title=f"after {step:,} steps: JSD {measures.jsd:.3f}, by D at least {measures.bound:.3f}",
        )

    def _draw(self, step: int, rows: int) -> tuple[int, int, int]:
        return *draws.origin(self._loop.config.seed, draws.Stream.CHECK, step * POINTS), rows

    def _images(self, rows: np.ndarray) -> np.ndarray:
        game = self._loop.game
        return pictures.to_uint8(rows.reshape(-1, *game.picture_shape), game.output_range)

    def _grid(self, rows: np.ndarray) -> np.ndarray:
        return pictures.grid(self._images(rows))

    def _keep(self, name: str, tag: str, step: int, picture: np.ndarray) -> None:
        """A picture as a file of the run and in TensorBoard."""
        path = self._run.directory / name
        path.parent.mkdir(exist_ok=True)
        system.write_atomically(path, pictures.png(picture))
        self._events.picture(step, tag, picture)

    def _histograms(self, step: int) -> None:
        """Every weight, and D's logits on the x and z of the step's first update of D."""
        gan = self._loop.gan
        feed = self._loop.d_feed(max(step - 1, 0), 0)
        weights, real, fake = self._loop.session.run(
            ({v.op.name: v for v in gan.theta.d + gan.theta.g}, gan.play.real_logits, gan.play.fake_logits), feed
        )
        self._events.histograms(step, weights | {"logits/real": real, "logits/fake": fake})
