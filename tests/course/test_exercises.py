"""Every exercise of every lesson: its checker takes the answer and refuses the typical mistakes."""

import inspect

import pytest

from gan_lowlevel.course import folder, pages
from gan_lowlevel.course.checking import verdict
from gan_lowlevel.course.exercise import exercises

NUMBERS = list(folder.pages())
FOUND = [(number, exercise) for number in NUMBERS for exercise in exercises(number).values()]
ACCEPTED = [(exercise, right) for _, exercise in FOUND for right in (exercise.answer, *exercise.right)]
REFUSED = [(exercise, wrong) for _, exercise in FOUND for wrong in exercise.wrong]


def named(value) -> str:
    return getattr(value, "__name__", None) or getattr(value, "name", None) or str(value)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_page_asks_for_what_the_answers_have(number):
    assert pages.read(number).exercises == list(exercises(number))


def test_a_name_is_one_exercise():
    names = [exercise.name for _, exercise in FOUND]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("exercise", "right"), ACCEPTED, ids=named)
def test_an_answer_is_right(exercise, right):
    exercise = exercise._replace(tries=5) if exercise.graph else exercise  # of some 20 ms
    came = verdict(exercise, right)
    assert came.said == f"right: {exercise.name} agrees on {exercise.tries} random inputs"


@pytest.mark.parametrize(("exercise", "wrong"), REFUSED, ids=named)
def test_a_mistake_is_refused_with_what_differs(exercise, wrong):
    came = verdict(exercise, wrong)
    assert came.state == "wrong"
    assert came.heading.startswith(f"not yet: {exercise.name} differs on random input ")
    inputs = list(inspect.signature(exercise.answer).parameters)
    assert [name for name, _ in came.lines[: len(inputs)]] == inputs
    assert len(came.lines) > len(inputs)


@pytest.mark.parametrize("exercise", [exercise for _, exercise in FOUND], ids=named)
def test_a_hole_is_open_and_two_hints_and_two_mistakes_are_there(exercise):
    assert verdict(exercise, lambda *_: ...).state == "open"
    assert verdict(exercise, lambda *_: None).state == "open"
    assert len(exercise.hints) == 2
    assert all(map(str.strip, exercise.hints))
    assert len(exercise.wrong) >= 2
