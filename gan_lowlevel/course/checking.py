"""A student's function held against the answer on random inputs."""

import copy
import inspect
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from gan_lowlevel.course.exercise import Exercise, Hole, exercises, flat
from gan_lowlevel.errors import one_line
from gan_lowlevel.output import say

LONGEST = 300  # characters of a value that is shown
SEED = 9  # of the random inputs

_tries: Counter[tuple[int, str]] = Counter()  # wrong ones by lesson and exercise, in this process


class Verdict(NamedTuple):
    """What came of a function."""

    state: str  # right, open or wrong
    heading: str
    lines: tuple[tuple[str, str], ...] = ()  # of what it differs in: the input, yours, what is wanted

    @property
    def said(self) -> str:
        """For whoever wrote it."""
        wide = max((len(name) for name, _ in self.lines), default=0)
        return "\n".join([self.heading, *(f"  {name:<{wide}}  {text}" for name, text in self.lines)])


def check(number: int, function: Callable) -> None:
    """Hold a function against the answer of the lesson's exercise of its name, and say what came of it.

    Wrong for the first and second time brings a hint, for the third the answer.
    """
    known, name = exercises(number), function.__name__
    if name not in known:
        say(f"no exercise of lesson {number} is called {name}: there are {', '.join(known)}.")
        return
    came = verdict(known[name], function)
    say(came.said)
    if came.state == "wrong":
        _tries[number, name] += 1
        say(_help(known[name], _tries[number, name]))


def _help(exercise: Exercise, wrong: int) -> str:
    if wrong <= len(exercise.hints):
        return f"hint {wrong} of {len(exercise.hints)}: {exercise.hints[wrong - 1]}"
    return f"the answer:\n\n{inspect.getsource(exercise.answer)}"


def verdict(exercise: Exercise, function: Callable) -> Verdict:
    """What comes of a function on the exercise's random inputs, which are the same each time."""
    random = np.random.default_rng(SEED)
    for i in range(exercise.tries):
        given = exercise.inputs(random)
        with np.errstate(all="ignore"):
            wanted = _called(exercise, exercise.answer, given)
            try:
                came = _called(exercise, function, given)
            except (Hole, NotImplementedError):
                return Verdict("open", f"still open: {exercise.name}")
            except Exception as error:
                said = _short(f"{type(error).__name__}: {one_line(str(error).strip())}")
                return _wrong_on(exercise, i, given, [("it raised", said)])
        if came is None:
            return Verdict("open", f"still open: {exercise.name} returns nothing yet")
        if (lines := _difference(exercise, wanted, came)) is not None:
            return _wrong_on(exercise, i, given, lines)
    return Verdict("right", f"right: {exercise.name} agrees on {exercise.tries} random inputs")


def _called(exercise: Exercise, function: Callable, given: tuple) -> dict[str, Any] | None:
    """The parts of a result by place; None where there is none."""
    given = copy.deepcopy(given)  # what one function writes into its arguments the other does not see
    if exercise.graph:
        return _of_graph(function, given)
    return _parts(function(*given))


def _parts(result: Any) -> dict[str, Any] | None:
    return None if result is None or result is ... else flat(result)


def _of_graph(function: Callable, given: tuple) -> dict[str, Any] | None:
    """What a function that makes tensors comes to, its variables at their initial values."""
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(SEED)
        given = (tf.constant(one) if isinstance(one, (np.ndarray, float)) else one for one in given)
        parts = _parts(function(*given))
        if parts is None:
            return None
        tensors = {at: part for at, part in parts.items() if tf.is_tensor(part) or isinstance(part, tf.Variable)}
        session.run(v1.global_variables_initializer())
        return parts | session.run(tensors) if tensors else parts


def _difference(exercise: Exercise, wanted: dict[str, Any], came: dict[str, Any]) -> list[tuple[str, str]] | None:
    """None where both agree, else what to show of them."""
    if wanted.keys() != came.keys():
        return [("yours has", _places(came)), ("wanted", _places(wanted))]
    for at in wanted:
        if not _equal(wanted[at], came[at], exercise.tolerance):
            where = f" at {at}" if at else ""
            return [(f"yours{where}", _value(came[at])), (f"wanted{where}", _value(wanted[at]))]
    return None


def _places(parts: dict[str, Any]) -> str:
    return "one value" if list(parts) == [""] else f"{len(parts)} values: {', '.join(parts)}"


def _equal(wanted: Any, came: Any, tolerance: float) -> bool:
    try:
        wanted, came = np.asarray(wanted), np.asarray(came)
    except Exception:  # what is no array, such as a tensor that nobody has run
        return False
    if wanted.shape != came.shape:
        return False
    if wanted.dtype.kind in "biuf" and came.dtype.kind in "biuf":
        return np.allclose(came, wanted, rtol=tolerance, atol=tolerance, equal_nan=True)
    return wanted.dtype.kind == came.dtype.kind and bool(np.all(wanted == came))


def _wrong_on(exercise: Exercise, i: int, given: tuple, lines: list[tuple[str, str]]) -> Verdict:
    names = inspect.signature(exercise.answer).parameters
    inputs = [(name, _value(one)) for name, one in zip(names, given, strict=False)]
    return Verdict("wrong", f"not yet: {exercise.name} differs on random input {i + 1}", (*inputs, *lines))


def _value(value: Any) -> str:
    if isinstance(value, (np.ndarray, np.generic)) and value.ndim:
        shape = f"[{', '.join(map(str, value.shape))}]"
        text = f"{np.array2string(value, precision=6, threshold=20, separator=', ')}, shape {shape}"
    else:
        text = repr(value.item() if isinstance(value, (np.ndarray, np.generic)) else value)
    return _short(" ".join(text.split()))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
