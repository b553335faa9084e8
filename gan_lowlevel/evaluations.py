"""What an evaluation leaves in its run: the newest one's figures, as JSON, and a curve of each measure.

`average` is everywhere of how many checkpoints G's weights are the mean; each number has its own file and curves.
"""

import contextlib
import json
import math
import os
import pathlib
import time
from typing import NamedTuple

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.plugins.scalar import summary_v2 as scalars

from gan_lowlevel import system
from gan_lowlevel.event_file import EventFile
from gan_lowlevel.measures import MEASURES, Estimate
from gan_lowlevel.runs import Run, forget_evaluations

v1 = tf.compat.v1


class Figure(NamedTuple):
    """One measure of one checkpoint beside the same of real rows and of noise; None where it is not known."""

    value: float | None
    stderr: float | None
    real: float | None
    noise: float | None
    n: int
    seed: int
    step: int


Figures = dict[str, Figure]  # by measure

MOST = 2**16  # bytes of an evaluation.json; a whole one has under three thousand


def figures(samples: dict[str, Estimate], real: dict[str, Estimate], noise: dict[str, Estimate], seed: int,
            step: int) -> Figures:  # fmt: skip
    """The estimates of the three sets, side by side."""
    return {
        name: Figure(each.value, each.stderr, real[name].value, noise[name].value, each.n, seed, step)
        for name, each in samples.items()
    }


def table(found: Figures) -> str:
    """For a console: a line a measure."""
    lines = [("measure", "value", "", "real", "noise", "n", "seed", "better")]
    for name, figure in found.items():
        around = "" if figure.stderr is None else f"± {_text(figure.stderr, figure.value)}"
        lines.append((
            name, _text(figure.value, figure.value), around, _text(figure.real, figure.real),
            _text(figure.noise, figure.noise), f"{figure.n:,}", str(figure.seed), MEASURES[name].better,
        ))  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    left = (True, False, True, False, False, False, False, True)
    padded = [
        "  ".join(
            cell.ljust(width) if to_left else cell.rjust(width)
            for cell, width, to_left in zip(line, widths, left, strict=True)
        ).rstrip()
        for line in lines
    ]
    return "\n".join([padded[0], "-" * max(map(len, padded)), *padded[1:]])


def meanings(found: Figures) -> str:
    """What each measure is, a line each."""
    width = max(map(len, found))
    return "\n".join(f"{name.ljust(width)}  {MEASURES[name].meaning}" for name in found)


def brief(found: Figures) -> str:
    """One line of the values alone."""
    return ", ".join(f"{name} {_text(figure.value, figure.value)}" for name, figure in found.items())


def _text(number: float | None, of: float | None) -> str:
    """With as many digits as its neighbour `of` has."""
    if number is None or of is None:
        return "?"
    if isinstance(number, int):
        return f"{number:,}"
    size = abs(of)
    return f"{number:,.{1 if size >= 100 else 2 if size >= 10 else 3 if size >= 1 else 4}f}"


# Files.


def write(run: Run, found: Figures, average: int = 1) -> None:
    """Leave one checkpoint's figures: their file anew, and a point on each curve at the checkpoint's step.

    A point of the same step is replaced. Raises OSError where the disk refuses.
    """
    run.evaluation(average).mkdir(exist_ok=True)
    forget_evaluations(run)
    content = {name: figure._asdict() for name, figure in found.items()}
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    system.write_atomically(run.evaluation(average).with_suffix(".json"), text.encode())
    old = event_files(run, average)
    points = curves(run, average)
    for name, figure in found.items():
        points.setdefault(figure.step, {})[f"evaluation/{name}"] = figure.value
    _write_events(run.evaluation(average), points)
    for path in old:  # last: whatever happens, one file has all points
        with contextlib.suppress(OSError):  # Windows removes no file that TensorBoard reads; what is in it is purged
            path.unlink()


def read(run: Run, average: int = 1) -> Figures | None:
    """The figures that the newest evaluation left; None where there are none, or none that can be read."""
    try:
        with open(run.evaluation(average).with_suffix(".json"), "rb") as file:
            content = json.loads(file.read(MOST))
        found = {name: Figure(**content[name]) for name in MEASURES if name in content}
    except (FileNotFoundError, ValueError, TypeError, RecursionError):
        return None
    good = all(_is_number(each) for figure in found.values() for each in figure)
    return found if found and good else None


def _is_number(value: object) -> bool:
    return value is None or (type(value) in (int, float) and math.isfinite(value))


def event_files(run: Run, average: int = 1) -> list[pathlib.Path]:
    """Of evaluations, oldest first; one, unless a process was killed."""
    return sorted(path for path in run.evaluation(average).glob("events.out.tfevents.*") if path.is_file())


def curves(run: Run, average: int = 1) -> dict[int, dict[str, float | None]]:
    """Every point so far, by step and tag."""
    points: dict[int, dict[str, float | None]] = {}
    for path in event_files(run, average):
        # Damaged: what was readable counts. Gone: another evaluation has put its points into a new file.
        with contextlib.suppress(tf.errors.OpError, DecodeError):
            for event in EventFileLoader(str(path)).Load():
                for value in event.summary.value:
                    if value.tag.startswith("evaluation/") and len(value.tensor.float_val) == 1:
                        points.setdefault(event.step, {})[value.tag] = float(value.tensor.float_val[0])
    return points


def _write_events(directory: pathlib.Path, points: dict[int, dict[str, float | None]]) -> None:
    """One file of all points, published by a rename; TensorBoard drops what it had read before."""
    now = time.time_ns()
    name = f"events.out.tfevents.{now // 10**9:010d}.{now}.{os.getpid()}.evaluation"
    # The name of the unfinished file is none that TensorBoard reads.
    with system.published(directory / name, label="evaluation") as unfinished:
        file = EventFile(pathlib.Path(unfinished.name), start=0)  # later, and the old file's points would stay
        for step, values in sorted(points.items()):
            pbs = [scalars.scalar_pb(tag, value) for tag, value in sorted(values.items()) if value is not None]
            for pb in pbs:
                file.add(v1.Event(step=step, summary=v1.Summary.FromString(pb.SerializeToString())))
        file.close()
