"""Runs that a lesson looks at: trained by it, or lying with the lessons."""

import concurrent.futures
import io
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

import gan_lowlevel
from gan_lowlevel import runs, system
from gan_lowlevel.commandline import read_config
from gan_lowlevel.config import Config
from gan_lowlevel.course import folder
from gan_lowlevel.errors import Exit, Failure, one_line
from gan_lowlevel.output import say
from gan_lowlevel.runs import Run

NOTE = "lesson.json"  # in a run's folder: what a lesson asked for, and how it ended
RESULTS = (Exit.DONE, Exit.NAN)  # exit codes of a training that has something to show


class Seen(NamedTuple):
    """What a run left."""

    run: Run
    columns: dict[str, np.ndarray]  # of metrics.csv, float64 [rows] by tag; NaN where a tag was not recorded
    exit: int  # its exit code
    said: str  # why it failed, in a sentence; empty where it did not

    def curve(self, tag: str) -> tuple[np.ndarray, np.ndarray]:
        """Steps and values of a tag, where it was recorded and finite. Raises Failure(DATA) for an unknown one."""
        if tag not in self.columns:
            raise Failure(Exit.DATA, f"{self.run.metrics} has no {tag!r}, it has {', '.join(self.columns)}.")
        known = np.isfinite(self.columns[tag])
        return self.columns["step"][known], self.columns[tag][known]

    def last(self, tag: str) -> float:
        """Mean over the last tenth of what was recorded. Raises Failure(DATA) where nothing was."""
        self.curve(tag)
        recent = runs.recent(self.columns)
        if tag not in recent:
            raise Failure(Exit.DATA, f"{self.run.metrics} has no finite figure of {tag!r}.")
        return recent[tag].mean

    def picture(self, tag: str) -> Image.Image:
        """The last picture of a tag in the event files. Raises Failure(DATA) where there is none."""
        from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
        from tensorboard.util.tensor_util import make_ndarray

        last = None
        for path in sorted(self.run.directory.glob("events.out.tfevents.*")):
            for event in EventFileLoader(str(path)).Load():
                for value in event.summary.value:
                    if value.tag == tag:
                        last = value
        if last is None:
            raise Failure(Exit.DATA, f"the event files in {self.run.directory} have no picture {tag!r}.")
        return Image.open(io.BytesIO(make_ndarray(last.tensor)[-1]), formats=["PNG"])  # after its width and height

    def samples(self) -> Image.Image:
        """The last grid of samples. Raises Failure(DATA) where there is none."""
        grids = sorted(self.run.sample(0).parent.glob("step_*.png"))
        if not grids:
            raise Failure(Exit.DATA, f"{self.run.directory} has no samples.")
        return Image.open(grids[-1], formats=["PNG"])


def seen(name: str) -> Seen:
    """What an earlier run left, which lies with the lessons. Raises Failure(DATA) where there is none."""
    run = Run(folder.data(name))
    if not run.metrics.exists():
        raise Failure(Exit.DATA, f"{run.directory} holds no run: the lessons' data are incomplete; install them anew.")
    return _seen(run)


def trained(commands: str | Sequence[str]) -> Seen | list[Seen]:
    """Train as the flags say, each in a process of its own under logs/lessons; several side by side.

    A --run_name is wanted. A run of that name and these settings that has ended is taken as it is; one of other
    settings that a lesson has made is made anew. A training that ends by NaN is a result; one that can't be trained
    raises its Failure.
    """
    if isinstance(commands, str):
        return _all([commands])[0]
    return _all(commands)


def _all(commands: Sequence[str]) -> list[Seen]:
    jobs = min(len(commands), system.cores())
    threads = [f"--threads={max(system.cores() // jobs, 1)}"] if jobs > 1 else []
    plans = [_plan([*threads, *shlex.split(command)]) for command in commands]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        ended = list(pool.map(_train, *zip(*plans, strict=True)))
    found = [_seen(Run(folder.LOGS / config.run_name)) for _, config in plans]
    for one, new in zip(found, ended, strict=True):
        say(_line(one, new))
    return found


def _plan(flags: list[str]) -> tuple[list[str], Config]:
    flags = [*flags, f"--logdir={folder.LOGS}"]
    config = read_config(flags)
    config.check()
    if not config.run_name:
        raise Failure(Exit.FLAGS, f"--run_name is wanted, a name for the run in {folder.LOGS}.")
    return flags, config


def _train(flags: list[str], config: Config) -> bool:
    """Whether something was trained: it may have ended before."""
    run = Run(folder.LOGS / config.run_name)
    asked = {"version": gan_lowlevel.__version__, "settings": config.flagfile()}
    asked |= {name: getattr(config, name) for name in ("max_steps", "epochs")}
    before = _note(run)
    if before.items() >= asked.items() and before.get("exit") in RESULTS and run.metrics.exists():
        return False
    if before and not before.items() >= asked.items():
        with system.lock(run.directory):
            shutil.rmtree(run.directory)
    run.directory.mkdir(parents=True, exist_ok=True)
    if before or not run.holds_a_run():  # of what no lesson has begun training itself says whether it goes on
        _write(run, asked)
    began = time.monotonic()
    command = [sys.executable, "-m", "gan_lowlevel.main", *flags]
    done = subprocess.run(
        [sys.executable, "-m", "gan_lowlevel.tether", str(os.getpid()), *command],
        env=os.environ | {"TF_CONFIG": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    lines = done.stderr.strip().splitlines() or [f"it ended with exit code {done.returncode}"]
    said = one_line(lines[-1].removeprefix("gan_lowlevel: ")) if done.returncode else ""
    if done.returncode not in RESULTS:
        raise Failure(Exit(done.returncode) if done.returncode in set(Exit) else Exit.BUG, said)
    _write(run, asked | {"exit": done.returncode, "said": said, "seconds": round(time.monotonic() - began)})
    return True


def _note(run: Run) -> dict[str, Any]:
    """What a lesson has noted in the run's folder; empty where nothing, or nothing that can be read."""
    try:
        note = json.loads((run.directory / NOTE).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return note if isinstance(note, dict) else {}


def _write(run: Run, note: dict[str, Any]) -> None:
    system.write_atomically(run.directory / NOTE, json.dumps(note, indent=1).encode(), durable=False)


def _seen(run: Run) -> Seen:
    note = _note(run)
    return Seen(run, runs.read_columns(run.metrics), note.get("exit", 0), note.get("said", ""))


def _line(seen: Seen, new: bool) -> str:
    steps = seen.columns["step"]
    took = f"in {_note(seen.run)['seconds']} s" if new else "trained before"
    ended = f", exit code {seen.exit}: {seen.said}" if seen.exit else ""
    last = f"{steps[-1]:,.0f} steps" if steps.size else "no step"
    return f"{seen.run.directory}: {last} {took}{ended} (tensorboard --logdir={folder.LOGS})"
