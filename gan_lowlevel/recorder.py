"""What a run leaves while it goes on: scalars, pictures, histograms, lines; at its end the curves and the GIF."""

import contextlib
import re
import shutil
import time

import numpy as np

from gan_lowlevel import cards, console, losses, pictures, plots, system, tables, views
from gan_lowlevel.config import ENDLESS, Config
from gan_lowlevel.data.dataset import Dataset, Rows
from gan_lowlevel.loop import ExplicitLoop, Report, batches_played
from gan_lowlevel.runs import Metrics, Run
from gan_lowlevel.sessions import latents
from gan_lowlevel.summaries import Events, first_step, scalar_tags
from gan_lowlevel.theory import Theory
from gan_lowlevel.views import Scene
from gan_lowlevel.workers import lost


class Clock:
    """When something is due: at multiples of a cadence, at epochs' ends, at the last step."""

    def __init__(self, config: Config, rows: Rows):
        self._config, self._rows = config, rows

    def epoch(self, step: int) -> int:
        """Whole epochs after `step` steps."""
        return self._rows.epochs_done(batches_played(self._config, step))

    def place(self, step: int) -> str:
        """The epoch and the batch of it that `step` steps end with; empty where the game does not count in epochs."""
        if self._config.line_every != -1:
            return ""
        epoch = self.epoch(step - 1)
        first = -(-self._rows.batches_in(epoch) // batches_played(self._config, 1))  # steps before it, rounded up
        return f"epoch {epoch + 1:,}, batch {step - first:,}"

    def due(self, step: int, every: int) -> bool:
        """Whether it is time after `step` steps; `every` is a cadence of the settings."""
        return self.following(step - 1, every) == step

    def following(self, step: int, every: int) -> int:
        """The first step after `step` at which something of that cadence is due."""
        last = self._config.max_steps
        if every == -1:
            a_step = batches_played(self._config, 1)
            return min(last, -(-self._rows.batches_in(self.epoch(step) + 1) // a_step))  # rounded up
        return min(last, (step // every + 1) * every) if every else last

    def next_due(self, step: int) -> int:
        """The first step after `step` at which anything is."""
        return min(self.following(step, every) for every in self._config.cadences())


class Bystander:
    """What a worker that writes nothing has in the place of a Recorder."""

    def __enter__(self) -> "Bystander":
        return self

    def __exit__(self, *exception) -> None:
        pass

    def finish(self) -> None:
        pass

    def record(self, step: int, report: Report) -> list[str]:
        return []

    def flush(self) -> None:
        pass

    def line(self, step: int, report: Report) -> str:
        return ""


class Recorder:
    """Writes into the run's directory what the settings ask for; leave the block to have all of it on disk."""

    def __init__(self, loop: ExplicitLoop, clock: Clock, run: Run, data: Dataset, held_out: Rows | None, start: int):
        self._loop, self._clock, self._run = loop, clock, run
        self._undrawn = run.undrawn.exists() and start == loop.config.max_steps  # its end, which the disk refused
        run.undrawn.touch()
        self._forget_later_pictures(start)
        self._metrics = Metrics(run, start)
        if self._metrics.lost:
            console.say(f"warning  {self._metrics.lost}")
        self._theory = Theory(loop, held_out)
        self._events = Events(run.directory, loop.session.graph, start)
        z = latents(loop.game, loop.config.z_dim, list(range(views.shown(loop.game, data))))
        self._view = views.of(Scene(loop, self._theory, data, run, self._events, z))
        self._start, self._mark = start, (start, time.perf_counter())
        self._finished = False
        self._warned: set[str] = set()  # rules that hold, and were said
        self._read = start  # the step of the last figures that were read aloud

        begins = first_step(start)
        self._events.trial_begins(begins, loop.config)
        self._events.layout(begins, self._view.charts)
        card = cards.reading(loop.config.g_loss, loop.game.curves_in_source)
        self._events.text(begins, "how_to_read_these_curves", card)
        self._view.start(begins)
        if start == 0:
            self._samples(0)

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *exception) -> None:
        # The first failure is the one to tell: what comes of closing after it is left out.
        with contextlib.suppress(*[OSError] if exception[0] else []):
            try:
                if not lost(exception[1]):  # then this worker leaves at once, and what goes on will draw
                    self.finish()
            finally:
                self._events.close()

    def finish(self) -> None:
        """Draw the curves and the GIF, read the last figures aloud; what is asked again is not done again."""
        if self._finished:
            return
        self._finished = True
        config = self._loop.config
        columns = self._metrics.columns()
        played = np.isfinite(columns.get("value/minus_log_4", np.zeros(0)))  # else a row of theory's alone
        last = int(columns["step"][-1]) if columns["step"].size else 0
        frames = sorted(self._run.sample(0).parent.glob("step_*.png"), key=lambda path: (len(path.name), path.name))
        if animation := pictures.gif(frames):
            system.write_atomically(self._run.directory / "samples.gif", animation)
        if played.any():
            steps = columns["step"][played]
            ideals = {"D_loss": losses.IDEAL_D_LOSS, "G_loss": losses.IDEAL_G_LOSS[config.g_loss]}
            series = {tag: columns[tag][played] for tag in ideals}
            picture = plots.curves(steps, series, ideals, f"{config.model}: both losses, {config.g_loss} G")
            content = pictures.png(picture)
            system.write_atomically(self._run.directory / "losses.png", content)
            if steps[-1] > self._start or self._undrawn:  # else the process before has shown them
                self._events.png(int(steps[-1]), "losses", content)
        self._read_aloud(columns)
        if last == config.max_steps:  # not so where a signal or a failure ends the run
            self._events.trial_ends(config.max_steps)
        for table in tables.tables(self._loop.game, config.z_dim):
            self._events.png(config.max_steps, f"network/{table.name}", tables.drawn(table))
        self._events.flush()
        self._run.undrawn.unlink(missing_ok=True)

    def record(self, step: int, report: Report) -> list[str]:
        """Whatever is due after `step` steps. Gives warnings, a line each, once for as long as they hold."""
        config, due = self._loop.config, self._clock.due
        scalars: dict[str, float] = {}
        warnings = []
        if due(step, config.summary_every):
            since, then = self._mark
            self._mark = (step, time.perf_counter())
            scalars |= scalar_tags(report.d, report.g, config.g_loss, (step - since) / (self._mark[1] - then))
        if due(step, config.theory_every):
            theory = self._theory.scalars(step)
            scalars |= theory | self._view.measures(step)
            warnings = self._new(cards.warnings(config, theory), step)
        if scalars:
            self._events.scalars(step, scalars)
            self._events.flush()
            self._metrics.add(step, scalars)
        if due(step, config.sample_every):
            self._samples(step)
        if due(step, config.views_every):
            self._views(step)
        return warnings

    def _new(self, warnings: list[cards.Remark], step: int) -> list[str]:
        before, self._warned = self._warned, {warning.rule for warning in warnings}
        return [
            f"warning  step {step:,}: {warning.finding} Try {warning.advice}.".replace("`", "")
            for warning in warnings
            if warning.rule not in before
        ]

    def flush(self) -> None:
        """Hand the events so far to the system, before a checkpoint says that they are there."""
        self._events.flush()

    def line(self, step: int, report: Report) -> str:
        """Losses and D's accuracies after `step` steps."""
        epochs = self._loop.config.dataset not in ENDLESS
        head = f"{f'epoch {self._clock.epoch(step - 1) + 1:,}, ' if epochs else ''}step {step:,}"
        rows, real, fake = self._view.accuracies(step, report)
        return (
            f"{head}: D_loss {report.d.d_loss:z.4f}, G_loss {report.g.g_loss:z.4f}, "
            f"D's accuracy on {rows}real {real:.2f}, on {rows}fake {fake:.2f}"
        )

    def _forget_later_pictures(self, start: int) -> None:
        """Remove what an earlier process drew beyond `start`, the step that it could last save."""
        for path in (*self._run.directory.glob("samples/step_*"), *self._run.directory.glob("surface/step_*")):
            drawn = re.fullmatch(r"step_(\d{8,})(\.png)?", path.name)  # and nothing else that lies there
            if drawn and int(drawn[1]) > start:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _samples(self, step: int) -> None:
        """What G draws; every weight, and D's logits on the x and z of the step's first update of D."""
        self._view.samples(step)
        gan = self._loop.gan
        feed = self._loop.d_feed(max(step - 1, 0), 0)
        weights, real, fake = self._loop.session.run(
            ({v.op.name: v for v in gan.theta.d + gan.theta.g}, gan.play.real_logits, gan.play.fake_logits), feed
        )
        self._events.histograms(step, weights | {"logits/real": real, "logits/fake": fake})

    def _views(self, step: int) -> None:
        """D as a classifier, what both losses of G make of what it says, and the view's own."""
        look = self._theory.look(step)
        title = f"after {step:,} steps, on {self._theory.rows}"
        both = plots.logits(look.real_logits, look.fake_logits, f"D's logits {title}")
        self._events.picture(step, "views/logits", both)
        pulls = plots.saturation(look.d_fake, look.pulls, f"G's pull on D's logit {title}")
        self._events.picture(step, "views/saturation", pulls)
        labels = np.repeat([True, False], [len(look.real_logits), len(look.fake_logits)])
        self._events.pr_curve(step, "D_as_a_classifier", labels, np.concatenate([look.d_real, look.d_fake]))
        self._view.views(step)
        self._read_aloud(self._metrics.columns())

    def _read_aloud(self, columns: dict[str, np.ndarray]) -> None:
        last = int(columns["step"][-1]) if columns["step"].size else 0
        if last > self._read:  # each step's figures once
            self._read = last
            self._events.text(last, "what_this_run_says", cards.says(self._loop.config, cards.recent(columns), last))
