"""A run's directory: its settings (flags.txt), figures (metrics.csv) and pictures. Imports no TensorFlow."""

import contextlib
import csv
import dataclasses
import datetime
import io
import math
import os
import pathlib
import re
import shutil
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

from gan_lowlevel import system
from gan_lowlevel.commandline import read_config
from gan_lowlevel.config import Config
from gan_lowlevel.errors import Exit, Failure

NEWEST = "newest"  # what --checkpoint says of the newest good one

MOST_STEPS = 10**12  # as --max_steps
PATTERNS = "*?[" if os.name == "nt" else "*?[\\"  # TensorFlow takes a checkpoint's path for a pattern of names
MOST_SETTINGS = 2**16  # bytes of a flags.txt
MOST_LINE = 2**20  # bytes of a line of a metrics.csv

LAST = 0.1  # share of the recorded steps that a run's last figures are means of


@dataclasses.dataclass(frozen=True)
class Run:
    """Where a run's files are."""

    directory: pathlib.Path

    @property
    def flags(self) -> pathlib.Path:
        return self.directory / "flags.txt"

    @property
    def checkpoints(self) -> pathlib.Path:
        return self.directory / "checkpoints"

    @property
    def metrics(self) -> pathlib.Path:
        return self.directory / "metrics.csv"

    @property
    def undrawn(self) -> pathlib.Path:
        """There from the start of a training until what is drawn at its end is there."""
        return self.directory / ".undrawn"

    def sample(self, step: int) -> pathlib.Path:
        """The grid drawn after `step` steps."""
        return self.directory / "samples" / f"step_{step:08d}.png"

    def evaluation(self, average: int = 1) -> pathlib.Path:
        """Curves of evaluations, NAME/evaluation in TensorBoard, of means over so many checkpoints a folder each.

        The newest one's figures are beside it, in a file of its name and .json.
        """
        return self.directory / ("evaluation" if average == 1 else f"evaluation_average_{average}")

    @property
    def saved(self) -> pathlib.Path:
        """There once a checkpoint was saved: without one, and with this, they are lost."""
        return self.directory / ".saved"

    def holds_a_run(self) -> bool:
        """Empty, its folders are none: a full disk may have refused flags.txt. A link may lead to anything."""
        return self.flags.exists() or self.checkpoints.is_symlink() or any(self.checkpoints.glob("ckpt-*"))


def locate(config: Config) -> Run:
    """The run that the settings name; a new one is named by model and UTC time.

    Raises Failure(FLAGS) where its directory holds a run that --resume=never or other settings keep it from
    going on. Writes nothing.
    """
    logdir = pathlib.Path(config.logdir)
    if logdir.exists() and not logdir.is_dir():
        raise Failure(Exit.FLAGS, f"--logdir={logdir} is a file: give a folder, which is made if it is missing.")
    refuse_patterns(logdir, "--logdir")
    if not config.run_name:
        name = datetime.datetime.now(datetime.UTC).strftime(f"{config.model}-%Y%m%d-%H%M%S")
        taken = (name, *(f"{name}-{i}" for i in range(2, 1000)))
        return Run(next(logdir / name for name in taken if not (logdir / name).exists()))
    run = Run(logdir / config.run_name)
    _refuse_another(config, run)
    return run


def _refuse_another(config: Config, run: Run) -> None:
    """Raise Failure(FLAGS) where the directory holds a run that these settings do not go on with."""
    if not run.holds_a_run():
        return
    refuse_links(run)
    if config.resume == "never":
        raise Failure(
            Exit.FLAGS,
            f"{run.directory} holds a run and --resume=never keeps it from going on: "
            "give another --run_name, or leave --resume out.",
        )
    if run.flags.exists():
        differences = config.differences(read_settings(run))
        if differences:
            raise Failure(
                Exit.FLAGS,
                f"{run.directory} was begun with other settings: {'; '.join(differences)}; "
                "give its own settings to go on, or another --run_name for a new run.",
            )


def lost_checkpoints(run: Run) -> Failure:
    """What to say of a run that has saved and has no checkpoint any more."""
    return Failure(
        Exit.CHECKPOINTS,
        f"{run.directory} had checkpoints, and {run.checkpoints} has none any more: put them back to go on, or give "
        "another --run_name to begin anew.",
    )


def read_settings(run: Run) -> Config:
    """The settings in a run's flags.txt. Raises Failure(FLAGS) where there are none, or none that can be read."""
    if not run.flags.is_file():
        raise Failure(
            Exit.FLAGS,
            f"{run.directory} holds no run (no flags.txt): give the folder of a run, such as logs/NAME.",
        )
    refuse_patterns(run.directory, "--run")
    refuse_links(run)
    try:
        return read_config(_recorded(run.flags), look=False)
    except Failure as failure:
        raise Failure(Exit.FLAGS, f"{run.flags} can't be read as settings: {failure}") from None


def refuse_patterns(directory: pathlib.Path, flag: str) -> None:
    """Raise Failure(FLAGS) for a path below which TensorFlow would find no checkpoint again."""
    if sign := next((sign for sign in PATTERNS if sign in str(directory)), ""):
        raise Failure(
            Exit.FLAGS,
            f"{flag}={directory} has a {sign}, which TensorFlow takes for a pattern of names when it reads "
            "checkpoints: give a path without it, such as one from inside that folder.",
        )


def _recorded(path: pathlib.Path) -> list[str]:
    """The lines of a flags.txt, comments left out. Raises Failure(FLAGS).

    Not read as a flagfile, which may lead to other files: the run may be a stranger's.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(MOST_SETTINGS + 1)
        if len(content) > MOST_SETTINGS:
            raise Failure(Exit.FLAGS, f"{MOST_SETTINGS:,} bytes at most are wanted, it has more.")
        lines = [line.removesuffix("\r") for line in content.decode().split("\n")]
    except UnicodeDecodeError as error:
        raise Failure(Exit.FLAGS, f"text is wanted, a flag a line; this is none: {error}.") from None
    except OSError as error:
        raise Failure(Exit.FLAGS, f"{error.strerror}.") from None
    lines = [line for line in lines if line.strip() and not line.startswith(("#", "//"))]
    for line in lines:
        if line.strip().lstrip("-").startswith("flagfile"):
            raise Failure(Exit.FLAGS, "it leads to another file by --flagfile: take that line out of it.")
    return lines


def refuse_links(run: Run) -> None:
    """Raise Failure(FLAGS) where something in the run's folder leads out of it, or is no file and no folder.

    A run may be a stranger's: what reads or goes on with it stays in its folder.
    """
    folders = [run.directory] if run.directory.is_dir() else []
    while folders:
        # Gone since it was listed: a training that runs renames and removes what it has saved.
        with contextlib.suppress(FileNotFoundError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif not entry.is_file(follow_symlinks=False) and os.path.lexists(entry):
                    what = "is a link" if entry.is_symlink() else "is a pipe, a socket or a device"
                    raise Failure(
                        Exit.FLAGS,
                        f"{entry.path} {what}, and a run's folder holds files and folders alone: "
                        "put what is meant in its place, or take it away.",
                    )


def parse_checkpoint(text: str, also: tuple[str, ...] = ()) -> int | str | None:
    """The step that --checkpoint names, None for the newest, one of `also` as it is. Raises Failure(FLAGS)."""
    if text in also:
        return text
    if text == NEWEST:
        return None
    if not re.fullmatch(r"\d{1,12}", text, re.ASCII):
        words = ", ".join((NEWEST, *also))
        raise Failure(Exit.FLAGS, f"--checkpoint wants {words} or the step of a checkpoint, got {text!r}.")
    return int(text)


def engine_of(run: Run) -> str:
    """The engine that the run was begun with; auto for a new run."""
    return read_settings(run).engine if run.flags.exists() else "auto"


def refuse_claimed(run: Run) -> None:
    """Raise Failure(IN_USE) where another process holds the run. Writes nothing; `claimed` asks again."""
    if run.directory.is_dir():
        with system.lock(run.directory):
            pass


@contextlib.contextmanager
def claimed(run: Run, config: Config | None = None) -> Iterator[None]:
    """Make the run's directories and hold them for this process alone.

    Raises Failure(IN_USE), Failure(FLAGS) where something else bears the run's name, or, with `config`, where another
    process has begun another run there since `locate`.
    """
    if run.directory.exists() and not run.directory.is_dir():
        raise Failure(Exit.FLAGS, f"{run.directory} is no folder: give another --run_name.")
    run.directory.mkdir(parents=True, exist_ok=True)
    system.fsync(run.directory.parent)  # what is saved in it is safe from a loss of power once its own name is
    with system.lock(run.directory):
        if config:
            _refuse_another(config, run)
        run.sample(0).parent.mkdir(exist_ok=True)
        run.checkpoints.mkdir(exist_ok=True)
        for folder in (run.directory, run.sample(0).parent, run.directory / "surface", run.checkpoints):
            system.forget_temporaries(folder, keep="evaluation")  # which needs no claim
        forget_evaluations(run)
        yield


def forget_evaluations(run: Run) -> None:
    """Remove what an evaluation had not ended when it was killed; what is recent may be that of one that runs."""
    for folder in (run.directory, *run.directory.glob("evaluation*/")):
        system.forget_temporaries(folder, older=system.LEFT_OVER)


class Metrics:
    """metrics.csv: `step`, then a column per scalar tag; each step stands once, also after a crash."""

    def __init__(self, run: Run, start: int):
        """Go on after `start` steps: later rows, and a torn last one, are dropped.

        Where damage takes rows up to `start`, the old file is kept beside it, and `lost` says so in a line.
        """
        self._path = run.metrics
        self._tags: list[str] = []
        self.lost = ""
        if self._path.exists():
            self._tags, rows, damaged = _read_rows(self._path)
            last = rows[-1][0] if rows else 0
            if damaged and (last < start or not self._tags):
                aside = self._path.with_name(f"{self._path.name}.damaged")
                with open(self._path, "rb") as old, system.published(aside) as copy:
                    shutil.copyfileobj(old, copy)
                of = f"after step {last:,}" if rows else "from its first line on"
                self.lost = f"{self._path} is damaged {of}: those figures are lost; the file as it was is {aside.name}"
            kept = [row for row in rows if row[0] <= start]
            system.write_atomically(self._path, _csv_text([["step", *self._tags], *map(_row_text, kept)]))

    def add(self, step: int, scalars: dict[str, float]) -> None:
        """Append one row, flushed to the system; NaN in the columns that it has no figure for."""
        new = [tag for tag in scalars if tag not in self._tags]
        if new:
            self._retitle([*self._tags, *new])
        row = _csv_text([_row_text([step, *(scalars.get(tag, math.nan) for tag in self._tags)])])
        with system.naming(self._path, len(row)), open(self._path, "r+b") as file:  # "ab" would make a lost file anew
            file.seek(0, os.SEEK_END)
            file.write(row)

    def _retitle(self, tags: list[str]) -> None:
        """Give the file these columns: it is new, its header is damaged, or an earlier version had other tags.

        What an older row has no figure for is NaN.
        """
        if self._tags:
            os.stat(self._path)  # raises where it was removed: what it held is not to be lost without a word
        old = self.columns()
        unknown = np.full(old["step"].shape, math.nan)
        rows = zip(old["step"], *(old.get(tag, unknown) for tag in tags), strict=True)
        system.write_atomically(self._path, _csv_text([["step", *tags], *map(_row_text, rows)]))
        self._tags = tags

    def columns(self) -> dict[str, np.ndarray]:
        """Every column by name, float64 [rows]."""
        return read_columns(self._path)


def read_columns(path: pathlib.Path) -> dict[str, np.ndarray]:
    """Every column of a metrics.csv by name, float64 [rows]; `step` alone, with no rows, where there is no file."""
    tags, rows, _damaged = _read_rows(path)
    table = np.array(rows, np.float64).reshape(len(rows), len(tags) + 1)
    return {name: table[:, i] for i, name in enumerate(["step", *tags])}


class Recent(NamedTuple):
    """Of one column, over the last LAST of its finite figures, one at least."""

    mean: float
    std: float


def recent(columns: dict[str, np.ndarray]) -> dict[str, Recent]:
    """A run's last figures, by column; a single step's are of one batch and scatter. What has none is left out."""
    figures = {}
    for name, column in columns.items():
        finite = column[np.isfinite(column)]
        if name != "step" and finite.size:
            tail = finite[-math.ceil(LAST * len(finite)) :]
            figures[name] = Recent(float(tail.mean()), float(tail.std()))
    return figures


def _row_text(row: list[float]) -> list[str]:
    return [str(int(row[0])), *(f"{number:.9g}" for number in row[1:])]  # 9 digits hold a float32 exactly


def _csv_text(lines: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue().encode()


def _read_rows(path: pathlib.Path) -> tuple[list[str], list[list[float]], bool]:
    """Tags, the rows up to the first that is torn or damaged, and whether it is damage that ends them.

    Nothing of a file that is no table of steps, of which no more than a line is read.
    """
    tags: list[str] = []
    rows: list[list[float]] = []
    if not path.is_file() or not path.stat().st_size:  # or made, and the process killed before the first byte
        return tags, rows, False
    with open(path, "rb") as file, contextlib.suppress(csv.Error, ValueError):
        lines = csv.reader(_whole_lines(file))
        header = next(lines, [])
        if header[:1] != ["step"] or len(set(header)) < len(header):
            return tags, rows, True
        tags = header[1:]
        for line in lines:
            step = int(line[0]) if len(line) == len(header) else -1
            if not (rows[-1][0] if rows else -1) < step <= MOST_STEPS:
                return tags, rows, True
            rows.append([step, *map(float, line[1:])])
        return tags, rows, bool(file.read(1))  # behind a line that is too long
    return tags, rows, True


def _whole_lines(file: BinaryIO) -> Iterator[str]:
    """Up to one that has no end, or none within MOST_LINE."""
    while (line := file.readline(MOST_LINE)).endswith(b"\n"):
        yield line.decode(errors="replace")
