"""Grades of what somebody handed in: one an exercise. Imports no TensorFlow; the functions run in another process."""

import json
import os
import pathlib
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import IO, NamedTuple

from gan_lowlevel.course import folder, handed_in, pages
from gan_lowlevel.errors import Exit, Failure

BEGIN = 300  # seconds in which TensorFlow is imported and the file's own imports and definitions are made


class Grade(NamedTuple):
    """Of one exercise."""

    number: str  # such as 4.2
    name: str
    right: bool
    said: str  # right, open, missing, or in what it differs


def grade(path: pathlib.Path, lesson: int, seconds: int) -> list[Grade]:
    """Of every exercise of one lesson; 0: of each lesson whose exercises the file has. Runs the file's functions.

    seconds: that an exercise may take. Raises Failure(DATA) where the file can't be read, or has no exercise.
    """
    found = handed_in.read(path)
    there = found.functions | found.broken.keys()
    known = {number: pages.read(number).exercises for number in ([lesson] if lesson else folder.pages())}
    known = {number: names for number, names in known.items() if not there.isdisjoint(names)}
    if not known:
        of = f"lesson {lesson}" if lesson else "any lesson"
        raise Failure(
            Exit.DATA, f"{path} has no function that is an exercise of {of}: keep the names of the exercises."
        )
    numbered = [(number, i + 1, name) for number, names in known.items() for i, name in enumerate(names)]
    wanted = [f"{number}:{name}" for number, _, name in numbered if name in found.functions]
    came = dict(zip(wanted, _judged(path, wanted, seconds), strict=True))
    grades = []
    for number, i, name in numbered:
        state, said = came.get(f"{number}:{name}", ("missing", found.broken.get(name, "missing")))
        grades.append(Grade(f"{number}.{i}", name, state == "right", "right" if state == "right" else said))
    return grades


def _judged(path: pathlib.Path, wanted: Sequence[str], seconds: int) -> list[tuple[str, str]]:
    """State, and what is to say, of each; a process that had to be ended is followed by one for the rest."""
    came: list[tuple[str, str]] = []
    while len(came) < len(wanted):
        came += _one_process(path, wanted[len(came) :], seconds)
    return came


def _one_process(path: pathlib.Path, wanted: Sequence[str], seconds: int) -> list[tuple[str, str]]:
    """Until all are judged, or one takes too long or ends the process: that one is the last."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gan_lowlevel.tether", str(os.getpid()),
         sys.executable, "-m", "gan_lowlevel.course.judge", str(path), *wanted],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    )  # fmt: skip
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_pass_on, args=(process.stdout, lines), daemon=True).start()
    came: list[tuple[str, str]] = []
    try:
        if not _line(lines, BEGIN):
            return [("wrong", "what it imports or defines ends the process, or does not end")] * len(wanted)
        for _ in wanted:
            line = _line(lines, seconds)
            if not line:
                said = (
                    "it ends the process" if line == "" else f"it takes longer than {seconds} s: does a loop not end?"
                )
                return [*came, ("wrong", said)]
            came.append(tuple(json.loads(line)))
    finally:
        process.kill()
        process.wait()
    return came


def _pass_on(output: IO[str], lines: queue.Queue[str]) -> None:
    for line in output:
        lines.put(line)
    lines.put("")


def _line(lines: queue.Queue[str], seconds: float) -> str | None:
    """The next line of the process; empty where it has ended, None where none came in time."""
    try:
        return lines.get(timeout=seconds)
    except queue.Empty:
        return None
