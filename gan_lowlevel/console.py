"""What a person reads while a run goes on: the start, the bar or log lines, the end."""

import platform
import shlex
import shutil
import sys
import time

import numpy as np
import tensorflow as tf
from tqdm import tqdm

import gan_lowlevel
from gan_lowlevel import cards, losses
from gan_lowlevel.config import Config, flag_text
from gan_lowlevel.data.dataset import Dataset
from gan_lowlevel.errors import Exit
from gan_lowlevel.gan import Theta
from gan_lowlevel.loop import Report
from gan_lowlevel.output import say
from gan_lowlevel.runs import Run, read_columns

BAR = "{desc}{percentage:.0f}% {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_noinv_fmt}{postfix}]"
WIDE = 140  # columns that a bar with all figures takes
LINE_EVERY = 10.0  # seconds between log lines where there is no terminal to draw a bar on


def print_start(config: Config, theta: Theta, data: Dataset, devices: list[str], workers: int = 1) -> None:
    """Versions, model, data, plan and devices, a line each."""
    count = {player: sum(v.shape.num_elements() for v in variables) for player, variables in theta._asdict().items()}
    say(
        f"gan_lowlevel {gan_lowlevel.__version__} on Python {platform.python_version()}, "
        f"TensorFlow {tf.__version__}, NumPy {np.__version__}"
    )
    say(f"model    {config.model}: G {count['g']:,} parameters that train, D {count['d']:,}")
    say(f"data     {data.description}")
    say(
        f"plan     {config.max_steps:,} steps, each {config.d_step} of D and {config.g_step} of G, "
        f"batches of {config.batch_size}, {config.g_loss} G loss"
    )
    if config.embedded_length:
        say(
            f"length   {config.max_steps:,} steps, the recipe's own for the embedded digits; "
            "type --max_steps or --epochs for another"
        )
    products = "" if config.precision == "float32" else f", products in {config.precision}"
    threads = f"{config.threads} CPU threads{' a worker' if workers > 1 else ''}"
    say(f"device   {', '.join(devices)}, {threads}{products}")
    if workers > 1:
        say(f"workers  {workers}, each with its share of every batch; rank 0 writes the run")


def print_run(run: Run, start: int, rewinds: int, rank: int) -> None:
    """Where the run lives, where it begins, and with which stream of z if not the first."""
    if rank:
        say(f"worker   rank {rank} begins at step {start:,}")
        return
    begins = f"goes on from its checkpoint at step {start:,}" if start else "begins at step 0"
    if not start and run.flags.exists():
        begins = "has no checkpoint yet and begins at step 0"
    begins += f", with the z of rewind {rewinds}" if rewinds else ""
    say(f"run      {run.directory} {begins}")


def print_settings(config: Config) -> None:
    """The whole plan, as the flags.txt that the run would write."""
    say(f"\nsettings\n{''.join(f'  {line}' for line in config.flagfile().splitlines(keepends=True))}")


class Progress:
    """A bar with steps/s, time left, V, D(x) and D(G(z)) on a terminal, a log line now and then elsewhere."""

    def __init__(self, start: int, last: int, line_every: int, shown: bool = True):
        self._start, self._last, self._silent = start, last, not shown
        self._began = self._shown = time.perf_counter()
        self._bar = None
        if shown and sys.stderr is not None and sys.stderr.isatty():
            self._bar = tqdm(total=last, initial=start, unit="it", dynamic_ncols=True, bar_format=BAR)
        self._lines, self._by_epochs = bool(line_every), line_every == -1
        self._report: Report | None = None
        self._first = True
        self.seconds = 0.0

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *exception) -> None:
        self.seconds = time.perf_counter() - self._began
        if self._bar is not None:
            if self._report is not None:  # what it showed last is some steps old
                self._bar.set_postfix_str(self._brief(self._report))
            self._bar.close()

    def show(self, step: int, place: str, report: Report) -> None:
        """Called when steps were played; cheap where nothing is to be shown. `place`: which epoch and batch."""
        self._report = report
        if self._silent:
            return
        if self._bar is not None:
            if self._bar.update(step - self._bar.n):  # it has just redrawn itself
                self._bar.set_description_str(f"{place}: " if place else "", refresh=False)
                self._bar.set_postfix_str(self._brief(report))
            return
        now = time.perf_counter()
        at_the_end = step == self._last and not self._lines  # where lines are asked for, one is due there
        if self._first or at_the_end or now - self._shown >= LINE_EVERY:
            rate = (step - self._start) / (now - self._began)
            left = (self._last - step) / rate
            pace = "the first" if self._first else f"{rate:.1f} steps/s, {left:,.0f} s left"
            self._first, self._shown = False, now
            say(
                f"{place + ', ' if place else ''}step {step:,}/{self._last:,}, {pace}: "
                f"{_value(report)}, {_losses(report)}"
            )

    def _brief(self, report: Report) -> str:
        """What fits: everything on a wide terminal, on a narrow one what the game's article shows."""
        if shutil.get_terminal_size().columns >= WIDE:
            return f"{_value(report)}, {_losses(report)}"
        return _losses(report) if self._by_epochs else _value(report)

    def line(self, text: str) -> None:
        """One line above the bar."""
        if self._silent:
            return
        if self._bar is None:
            say(text)
        else:
            tqdm.write(text, file=sys.stdout)


def _value(report: Report) -> str:
    d = report.d
    return f"V {d.value:z.3f}, D(x) {d.d_real:.2f}, D(G(z)) {d.d_fake:.2f}"  # z: never -0.000


def _losses(report: Report) -> str:
    d, g = report.d, report.g
    accuracy = (d.accuracy_real + d.accuracy_fake) / 2
    return f"D_loss {d.d_loss:z.3f}, accuracy {accuracy:.2f}, G_loss {g.g_loss:z.3f}"


def print_already_there(config: Config, run: Run, step: int) -> None:
    """Nothing to train: the run has as many steps as were asked for, or more."""
    say(f"{run.directory} has {step:,} steps already, {config.max_steps:,} were asked for: nothing was trained.")
    _print_next(config, run, step)


def print_end(
    config: Config, run: Run, report: Report, step: int, seconds: float, stopped: Exit | None, rewinds: int
) -> None:
    """The last figures beside their ideal values, what they say, what was left, and what to type next."""
    ended = f"stopped by {'Ctrl-C' if stopped == Exit.INTERRUPTED else 'SIGTERM'} and saved" if stopped else "finished"
    rewound = f", with the z of rewind {rewinds}" if rewinds else ""
    say(f"\n{ended} at step {step:,} of {config.max_steps:,} after {seconds:.0f} s{rewound}\n")
    say(f"{'':<10}{'now':>9}{'ideal':>9}   (ideal: real and generated alike, D = 1/2)")
    for name, now, ideal in (
        ("V(D, G)", report.d.value, losses.IDEAL_VALUE),
        ("D_loss", report.d.d_loss, losses.IDEAL_D_LOSS),
        ("G_loss", report.g.g_loss, losses.IDEAL_G_LOSS[config.g_loss]),
        ("D(x)", report.d.d_real, 0.5),
        ("D(G(z))", report.d.d_fake, 0.5),
    ):
        say(f"{name:<10}{now:>z9.4f}{ideal:>9.4f}")
    remarks = cards.remarks(config, cards.recent(read_columns(run.metrics)))
    if remarks:
        say("\nwhat the last figures say (means over the last tenth of what was recorded)")
    for remark in remarks:
        advice = f" Try {remark.advice}.".replace("`", "") if remark.advice else ""
        say(f"  - {remark.finding}{advice}")
    last_grid = f"samples/{run.sample(step).name}" if run.sample(step).exists() else "samples/"
    say(f"\nleft in {run.directory}")
    for name, what in (
        (last_grid, "grids of generated pictures from the same z each time; all of them: samples.gif"),
        ("losses.png, metrics.csv", "both losses over steps; every scalar"),
        ("checkpoints/, flags.txt", "the weights; the settings, which repeat the run"),
        ("events.out.tfevents.*", "what TensorBoard shows"),
    ):
        say(f"  {name:<27}{what}")
    _print_next(config, run, step)


def _print_next(config: Config, run: Run, step: int) -> None:
    directory = shlex.quote(str(run.directory))
    logdir = shlex.quote(config.logdir)
    steps = 2 * step if step >= config.max_steps else config.max_steps
    say("\nnext")
    say(f"  look      tensorboard --logdir={logdir} --samples_per_plugin=images=1000")
    say(f"  generate  python -m gan_lowlevel.generate --run={directory} --seeds=0-63 --out={directory}/generated")
    say(
        f"  go on     python -m gan_lowlevel.main --flagfile={directory}/flags.txt --logdir={logdir} "
        f"--run_name={run.directory.name} {flag_text('max_steps', steps)}"
    )
