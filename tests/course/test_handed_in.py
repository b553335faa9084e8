"""What is taken of a file that somebody hands in, and how it is graded."""

import ast
import json
import pathlib

import pytest

from gan_lowlevel.course import grading, handed_in
from gan_lowlevel.course.exercise import exercises
from gan_lowlevel.errors import Exit, Failure
from tests.torture import commands

# Lesson 1's exercises: one right, one wrong, one open.
RIGHT = "def value_of_batch(d_real, d_fake):\n    return log(d_real) + log(1 - d_fake)\n"
WRONG = "def value_from_loss(loss, convention):\n    return -loss\n"
OPEN = 'def smoothed_d_loss(d_real, d_fake, label):\n    """D\'s loss."""\n    ...\n'
HELP = "import numpy as np\n\nSCALE = 1.0\n\ndef log(d):\n    return SCALE * np.mean(np.log(d))\n"
NOISE = "print('noise')\nraise SystemExit('what a file does by itself is not run')\n"


def percent(*cells: str) -> str:
    return "\n".join(f"# %%\n{cell}" for cell in ("# [markdown]", *cells))


def notebook(*cells: str) -> str:
    made = [{"cell_type": "code", "id": str(i), "metadata": {}, "source": text.splitlines(keepends=True),
             "outputs": [], "execution_count": None} for i, text in enumerate(cells)]  # fmt: skip
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


FORMS = {
    "plain.py": "".join((HELP, RIGHT, WRONG, OPEN, NOISE)),
    "percent.py": percent(HELP, RIGHT, WRONG, OPEN, NOISE),
    "filled.ipynb": notebook(f"%pip install x\n!ls\n{HELP}", RIGHT, WRONG, OPEN, NOISE),
}


@pytest.fixture
def file(tmp_path):
    def write(content: str | bytes, name: str = "handed.py") -> pathlib.Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


# Reading


@pytest.mark.parametrize("name", FORMS)
def test_functions_imports_and_constants_are_taken_and_nothing_else(file, name):
    taken = handed_in.read(file(FORMS[name], name))
    assert taken.functions == {"log", "value_of_batch", "value_from_loss", "smoothed_d_loss"}
    assert [type(statement) for statement in taken.statements[:2]] == [ast.Import, ast.Assign]
    assert len(taken.statements) == 6
    assert taken.broken == {}


@pytest.mark.parametrize(
    ("line", "taken"),
    [
        ("v1 = tf.compat.v1", True),
        ("EPS: float = 1e-8", True),
        ("x, y = 1, [2, *rest]", True),
        ("from a import b", True),
        ("class A: pass", True),
        ("run = course.trained('')", False),
        ("x = [f(i) for i in y]", False),
        ("x += 1", False),
        ("for i in x: pass", False),
        ("x: int", False),
        ("course.start()", False),
        ("(y := 2)", False),
    ],
)
def test_what_calls_anything_is_not_run(file, line, taken):
    assert len(handed_in.read(file(line)).statements) == taken


def test_a_cell_that_is_no_python_takes_no_other_with_it(file):
    taken = handed_in.read(file(percent(RIGHT, "def value_from_loss(loss:\n    return", OPEN)))
    assert taken.functions == {"value_of_batch", "smoothed_d_loss"}
    assert list(taken.broken) == ["value_from_loss"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.py", b"\xff\xfe\x00"),
        ("a.ipynb", b""),
        ("a.ipynb", b"{"),
        ("a.ipynb", b"[]"),
        ("a.ipynb", b'{"cells": 3}'),
        ("a.ipynb", b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code"}]}'),
        ("a.ipynb", b"[" * 100_000),
        ("a.py", b"x" * (handed_in.LARGEST + 1)),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_damaged_file_is_one_sentence(file, name, content):
    with pytest.raises(Failure) as caught:
        handed_in.read(file(content, name))
    assert caught.value.code == Exit.DATA
    assert len(str(caught.value)) < 500


def test_no_file(tmp_path):
    for path in (tmp_path, tmp_path / "missing.py"):
        with pytest.raises(Failure, match="is no file") as caught:
            handed_in.read(path)
        assert caught.value.code == Exit.DATA


# Grading, in processes


@pytest.mark.parametrize("name", FORMS)
def test_grades(file, name):
    first, second, third = grading.grade(file(FORMS[name], name), lesson=0, seconds=60)
    assert first == ("1.1", "value_of_batch", True, "right")
    assert second[:3] == ("1.2", "value_from_loss", False)
    assert second.said.startswith("not yet: value_from_loss differs on random input ")
    assert "; convention 'half'; yours -" in second.said
    assert second.said.endswith(f"; hint: {exercises(1)['value_from_loss'].hints[0]}")
    assert third == ("1.3", "smoothed_d_loss", False, "still open: smoothed_d_loss returns nothing yet")


def test_a_loop_without_end_and_an_end_of_the_process_leave_the_others_their_grades(file):
    text = HELP + (
        "import os\n"
        "def value_of_batch(d_real, d_fake):\n    while True:\n        pass\n"
        "def value_from_loss(loss, convention):\n    os._exit(0)\n"
        "def smoothed_d_loss(d_real, d_fake, label):\n    print('aloud')\n    raise KeyError('a')\n"
    )
    first, second, third = grading.grade(file(text), lesson=1, seconds=2)
    assert first.said == "it takes longer than 2 s: does a loop not end?"
    assert second.said == "it ends the process"
    assert "; it raised KeyError: 'a'; hint: " in third.said


def test_missing_broken_and_refused_definitions(file):
    text = percent(RIGHT, "def value_from_loss(loss:\n    ...", "@nonsense\n" + OPEN)
    first, second, third = grading.grade(file(text), lesson=0, seconds=60)
    assert "; it raised NameError: name 'log' is not defined; hint: " in first.said
    assert second.said.startswith("no Python: ")
    assert second.said.endswith(", line 1 of it")
    assert third.said == "its definition raised NameError: name 'nonsense' is not defined"
    assert grading.grade(file(HELP + RIGHT), lesson=0, seconds=60)[1].said == "missing"


def test_a_cell_copied_alone_from_a_terminal_is_graded(file):
    """Indented as it is shown there, and without its lesson's imports."""
    text = "    def value_of_batch(d_real, d_fake):\n        return np.log(d_real).mean() + np.log(1 - d_fake).mean()\n"
    assert grading.grade(file(text), lesson=0, seconds=60)[0].said == "right"


def test_a_file_without_exercises(file):
    for lesson, said in ((0, "an exercise of any lesson"), (4, "an exercise of lesson 4")):
        with pytest.raises(Failure, match=said) as caught:
            grading.grade(file(HELP + RIGHT.replace("value_of", "v_of")), lesson, seconds=60)
        assert caught.value.code == Exit.DATA


def test_the_command(file, tmp_path):
    right = HELP + RIGHT + (
        "def value_from_loss(loss, convention):\n    return -loss * (1 + (convention == 'half'))\n"
        "def smoothed_d_loss(d_real, d_fake, label):\n"
        "    return -label * log(d_real) - (1 - label) * log(1 - d_real) - log(1 - d_fake)\n"
    )  # fmt: skip
    all_right, some = file(right, "all_right.py"), file(HELP + RIGHT, "some.py")
    lines = [
        ["lesson", f"--grade={all_right}"],
        ["lesson", "1", "--grade", str(some)],
        ["lesson", f"--grade={tmp_path / 'missing.py'}"],
        ["lesson", "--list"],
        ["lesson"],
        ["lesson", "98"],
        ["lesson", "x"],
        ["lesson", "1", "4"],
        ["lesson", "--help"],
    ]
    came = [found[:3] for found in commands.several(lines, cwd=tmp_path, env=commands.environment())]
    (code, out, err), part, missing, listed, bare, *refused, helped = came
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"{all_right}: its functions run on this machine as they were handed in, each for at most 60 s",
        "1.1   value_of_batch   right",
        "1.2   value_from_loss  right",
        "1.3   smoothed_d_loss  right",
        "score 3 of 3",
    ]
    assert part[0] == 1
    assert part[1].splitlines()[-1] == "score 1 of 3"
    assert part[2] == ""
    assert (missing[0], missing[2].count("\n")) == (3, 1)
    assert listed[0] == 0
    assert " 1  Two players, one value, " in listed[1]
    assert bare == listed
    assert [code for code, _, _ in refused] == [1, 1, 1]
    assert "there is no lesson 98: give one of 1, " in refused[0][2]
    assert "flag --number=x: it wants a whole number from 0 to 99, got 'x'" in refused[1][2].lower()
    assert "only flags are wanted, got '1'" in refused[2][2]
    assert helped[1].startswith("python -m gan_lowlevel.lesson [NUMBER] [--flag=value ...]")
    assert "THIS RUNS WHAT IS HANDED IN" in helped[1]
