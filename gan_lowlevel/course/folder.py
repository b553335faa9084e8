"""Where the lessons lie: pages, answers, data of earlier runs. Imports no TensorFlow."""

import pathlib

from gan_lowlevel.errors import Exit, Failure

_PACKAGE = pathlib.Path(__file__).parent.parent
# In a checkout the lessons stand in docs; an installed package carries them inside.
LESSONS = next(path for path in (_PACKAGE / "lessons", _PACKAGE.parent / "docs" / "lessons") if path.is_dir())
LOGS = pathlib.Path("logs") / "lessons"  # what lessons train, and the pictures of those that run in a terminal
MOST = 99  # a lesson's number has two digits


def pages() -> dict[int, pathlib.Path]:
    """The lessons that are there, by number."""
    return {int(path.stem[:2]): path for path in sorted(LESSONS.glob("[0-9][0-9]_*.py"))}


def page(number: int) -> pathlib.Path:
    """A lesson's .py. Raises Failure(FLAGS) where there is no such lesson."""
    found = pages()
    if number not in found:
        there = ", ".join(map(str, found))
        raise Failure(Exit.FLAGS, f"there is no lesson {number}: give one of {there}; --list names them.")
    return found[number]


def answers(number: int) -> pathlib.Path:
    """The answers to a lesson's exercises. Raises Failure(FLAGS) where there is no such lesson."""
    return LESSONS / "answers" / page(number).name


def data(name: str) -> pathlib.Path:
    """The folder of an earlier run that a lesson looks at."""
    return LESSONS / "data" / name
