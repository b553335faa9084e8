"""Runs what somebody handed in, in a process of its own, and writes a line of JSON for each exercise.

python -m gan_lowlevel.course.judge FILE NUMBER:NAME ...

It is started by `grading`, which ends it when it takes too long. What the functions print goes nowhere.
"""

import contextlib
import json
import os
import pathlib
import sys


def main(path: str, *wanted: str) -> None:
    """A line once the file's definitions are made, then one an exercise, in their order: state, and what is to say."""
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)

    def write(*values: str) -> None:
        lines.write(json.dumps(values) + "\n")
        lines.flush()

    from gan_lowlevel.course import handed_in, start
    from gan_lowlevel.course.checking import verdict
    from gan_lowlevel.course.exercise import exercises

    start()
    names: dict = {"__name__": "handed_in"}
    for statement in handed_in.read(pathlib.Path(path)).statements:
        with contextlib.suppress(Exception):  # whoever needs it raises NameError
            exec(compile(handed_in.ast.Module([statement], []), path, "exec"), names)
    write("begun")
    for one in wanted:
        number, _, name = one.partition(":")
        exercise = exercises(int(number))[name]
        came = verdict(exercise, names.get(name, lambda *_: None))
        write(came.state, "; ".join([came.heading, *(f"{what} {text}" for what, text in came.lines)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
