"""Runs what somebody handed in, in a process of its own, and writes a line of JSON for each exercise.

python -m gan_lowlevel.course.judge FILE NUMBER:NAME ...

It is started by `grading`, which ends it when it takes too long. What the functions print goes nowhere.
"""

import ast
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

    import numpy

    from gan_lowlevel.course import handed_in, start
    from gan_lowlevel.course.checking import verdict
    from gan_lowlevel.course.exercise import exercises

    names: dict = {"__name__": "handed_in", "np": numpy}  # a cell that is copied alone lacks its lesson's imports
    refused: dict[str, str] = {}
    for statement in handed_in.read(pathlib.Path(path)).statements:
        try:
            exec(compile(ast.Module([statement], []), path, "exec"), names)
        except Exception as error:  # whoever needs what an import or a constant would have been raises NameError
            refused[getattr(statement, "name", "")] = f"its definition raised {type(error).__name__}: {error}"
    asked = [(name, exercises(int(number))[name]) for number, _, name in (one.partition(":") for one in wanted)]
    if "tensorflow" in sys.modules or any(exercise.graph for _, exercise in asked):  # seconds: not for NumPy alone
        start()
        names.setdefault("tf", sys.modules["tensorflow"])
    write("begun")
    for name, exercise in asked:
        if name not in names:
            write("wrong", refused.get(name, "missing"))
            continue
        came = verdict(exercise, names[name])
        hint = [f"hint: {exercise.hints[0]}"] if came.state == "wrong" else []
        write(came.state, "; ".join([came.heading, *(f"{what} {text}" for what, text in came.lines), *hint]))


if __name__ == "__main__":
    main(*sys.argv[1:])
