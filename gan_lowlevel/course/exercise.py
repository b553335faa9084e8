"""An exercise: the answer, the random inputs that a try is held against it on, hints, and typical mistakes."""

import functools
import importlib.util
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from gan_lowlevel.course import folder


class Hole(Exception):
    """Raised by an exercise that nobody has filled in."""


class Exercise(NamedTuple):
    """One function to write; its name is the answer's.

    Results are numbers, arrays, strings and bools, or tuples, lists and dicts of those; with `graph`, tensors too: the
    arrays and numbers among the arguments then come as constants of a graph made for the try.
    """

    answer: Callable
    inputs: Callable[[np.random.Generator], tuple]  # the arguments of one try
    hints: tuple[str, str]
    wrong: tuple[Callable, ...]  # typical mistakes, two at least, each of which is refused
    right: tuple[Callable, ...] = ()  # other ways to write the answer
    tolerance: float = 1e-6  # relative and absolute
    tries: int = 100
    graph: bool = False  # a try then takes some 20 ms: a fifth of the tries will do

    @property
    def name(self) -> str:
        return self.answer.__name__


@functools.cache
def exercises(number: int) -> dict[str, Exercise]:
    """A lesson's exercises by name, from its file of answers; that imports what the answers need."""
    path = folder.answers(number)
    spec = importlib.util.spec_from_file_location(f"answers_{number:02}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: list[Exercise] = module.EXERCISES
    return {exercise.name: exercise for exercise in found}


def flat(result: Any, place: str = "") -> dict[str, Any]:
    """What a result consists of, by place: "" for a single one, "[0]" or "['name']" inside tuples and dicts."""
    if isinstance(result, dict):
        parts = {f"{place}[{key!r}]": part for key, part in result.items()}
    elif isinstance(result, (tuple, list)):
        parts = {f"{place}[{i}]": part for i, part in enumerate(result)}
    else:
        return {place: result}
    return {at: leaf for where, part in parts.items() for at, leaf in flat(part, where).items()}
