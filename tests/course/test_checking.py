"""The checker: what it calls equal, what it shows, when it helps."""

import sys
import types

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel.course import Exercise, Hole, check, checking, exercise
from gan_lowlevel.course.checking import verdict

v1 = tf.compat.v1


def double(a):
    return a * 2


def exercise_of(answer=double, inputs=lambda random: (random.normal(size=3),), **facts) -> Exercise:
    return Exercise(answer, inputs, ("The first.", "The second."), (), **facts)


@pytest.fixture
def lesson(monkeypatch):
    """A lesson 50 with one exercise, and no tries so far."""
    monkeypatch.setattr(checking, "exercises", lambda number: {"double": exercise_of()} if number == 50 else {})
    monkeypatch.setattr(checking, "_tries", checking.Counter())


def handed_in(body):
    """A student's function of the exercise's name."""
    return types.FunctionType(body.__code__, globals(), "double")


def test_two_hints_then_the_answer(lesson, capsys):
    said = []
    for _ in range(4):
        check(50, handed_in(lambda a: a * 3))
        said.append(capsys.readouterr().out)
    assert all("not yet: double differs on random input 1\n" in one for one in said)
    assert "hint 1 of 2: The first." in said[0]
    assert "hint 2 of 2: The second." in said[1]
    for one in said[2:]:
        assert "the answer:\n\ndef double(a):\n    return a * 2\n" in one
    assert "return a * 2" not in said[0] + said[1]


def test_a_hole_and_a_right_answer_are_no_tries(lesson, capsys):
    def raises(a):
        raise Hole

    def not_implemented(a):
        raise NotImplementedError

    for body in (lambda a: ..., lambda a: None, raises, not_implemented, lambda a: a + a):
        check(50, types.FunctionType(body.__code__, {"Hole": Hole}, "double"))
    said = capsys.readouterr().out.splitlines()
    assert said == [*["still open: double returns nothing yet"] * 2, *["still open: double"] * 2,
                    "right: double agrees on 100 random inputs"]  # fmt: skip
    check(50, handed_in(lambda a: a))
    assert "hint 1 of 2" in capsys.readouterr().out


def test_a_name_that_no_exercise_has(lesson, capsys):
    check(50, lambda a: a)
    assert capsys.readouterr().out == "no exercise of lesson 50 is called <lambda>: there are double.\n"


def test_the_first_input_on_which_both_differ():
    one = exercise_of(inputs=lambda random: (random.integers(0, 10),), answer=lambda number: number)
    came = verdict(one, lambda number: -1 if number > 5 else number)
    random, i = np.random.default_rng(checking.SEED), 1
    while (number := random.integers(0, 10)) <= 5:
        i += 1
    assert came.heading.endswith(f"differs on random input {i}")
    assert came.lines == (("number", str(number)), ("yours", "-1"), ("wanted", str(number)))


def test_inputs_are_the_same_each_time_and_nobody_writes_into_them():
    def writes(a):
        a *= 2
        return a

    def empties(a):
        a *= 0
        return a

    assert verdict(exercise_of(), writes).state == "right"
    firsts = {verdict(exercise_of(), body).lines[0] for body in (empties, lambda a: 0, lambda a: 1)}
    assert len(firsts) == 1


@pytest.mark.parametrize(
    ("came", "wanted", "right"),
    [
        (1.0, np.float32(1), True),
        (np.array(1.0), 1, True),
        (1 + 5e-7, 1.0, True),  # the tolerance is 1e-6
        (1 + 5e-6, 1.0, False),
        (float("nan"), float("nan"), True),
        (float("-inf"), float("-inf"), True),
        (float("-inf"), -1e30, False),
        (np.zeros(3), np.zeros((3, 1)), False),
        (np.zeros((1, 3)), np.zeros((3, 1)), False),
        (0.0, np.zeros(2), False),
        (True, True, True),
        (False, True, False),
        ("a", "a", True),
        ("a", "b", False),
        ("1", 1, False),
        ((1, 2), (1, 2), True),
        ([1, 2], (1, 2), True),
        ((1, 2), (2, 1), False),
        ((1, 2), (1, 2, 3), False),
        ({"a": 1, "b": (2, 3)}, {"b": [2, 3], "a": 1}, True),
        ({"a": 1}, {"b": 1}, False),
        (1, {"a": 1}, False),
        pytest.param(object(), 1, False, id="object-1-False"),
    ],
    ids=str,
)
def test_what_is_equal(came, wanted, right):
    one = exercise_of(answer=lambda: wanted, inputs=lambda random: ())
    assert verdict(one, lambda: came).state == ("right" if right else "wrong")


def test_a_result_of_other_parts_is_told_by_its_parts():
    one = exercise_of(answer=lambda: {"a": 1, "b": 2}, inputs=lambda random: ())
    assert verdict(one, lambda: 3).lines == (("yours has", "one value"), ("wanted", "2 values: ['a'], ['b']"))
    assert verdict(one, lambda: {"a": 1, "b": 3}).lines == (("yours at ['b']", "3"), ("wanted at ['b']", "2"))


def test_an_exception_is_one_line_beside_its_input():
    came = verdict(exercise_of(), lambda a: a.upper())
    assert came.state == "wrong"
    assert came.lines[-1][0] == "it raised"
    assert came.lines[-1][1].startswith("AttributeError: ")
    assert "\n" not in came.lines[-1][1]
    longer = verdict(exercise_of(), lambda a: exec("raise ValueError('x\\n' * 10000)"))
    assert len(longer.lines[-1][1]) < 2 * checking.LONGEST


def test_arrays_are_shown_with_their_shape():
    came = verdict(exercise_of(inputs=lambda random: (np.array([[0.5], [2.0]]),)), lambda a: 1)
    assert came.lines == (
        ("a", "[[0.5], [2. ]], shape [2, 1]"),
        ("yours", "1"),
        ("wanted", "[[1.], [4.]], shape [2, 1]"),
    )


# Tensors


def scaled(a, factor):
    weight = v1.get_variable("weight", [], initializer=v1.constant_initializer(3.0))
    return {"product": weight * a * factor, "name": weight.op.name, "weight": weight}


TENSORS = exercise_of(scaled, lambda random: (random.normal(size=(2, 1)).astype(np.float32), 2), graph=True, tries=3)


def test_tensors_are_evaluated_each_time_in_a_fresh_graph():
    def other(a, factor):
        assert tf.is_tensor(a)
        assert factor == 2  # a whole number may be a shape
        return {"product": a * 6.0, "name": "weight", "weight": tf.constant(3.0)}

    assert verdict(TENSORS, scaled).state == "right"
    assert verdict(TENSORS, other).state == "right"


def test_a_graph_that_differs_or_can_not_be_built():
    came = verdict(TENSORS, lambda a, factor: {"product": a, "name": "weight", "weight": 3.0})
    assert came.state == "wrong"
    assert came.lines[2][0] == "yours at ['product']"
    assert verdict(TENSORS, lambda a, factor: a).lines[2] == ("yours has", "one value")
    assert verdict(TENSORS, lambda a, factor: tf.matmul(a, a)).lines[-1][0] == "it raised"
    assert verdict(TENSORS, lambda a, factor: ...).state == "open"


def test_answers_are_loaded_by_path_and_once():
    assert exercise.exercises(1) is exercise.exercises(1)
    assert "answers_01" not in sys.modules
