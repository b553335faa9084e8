"""Run a lesson of the course in the terminal, list the lessons, or grade the exercises that somebody hands in.

python -m gan_lowlevel.lesson 4
python -m gan_lowlevel.lesson --list
python -m gan_lowlevel.lesson --grade=FILE

The first shows a lesson cell by cell, runs its code, and leaves its pictures in logs/lessons/04 and what it trains in
logs/lessons. Where it asks for a prediction it waits for Enter, at a terminal. Ctrl-C ends it.

The third takes a .py or a notebook, finds the exercises in it by the names of their functions, and prints a line for
each and a score. THIS RUNS WHAT IS HANDED IN, with your rights and no sandbox: its imports, its functions, its classes
and its names for constants, and nothing else of the file. The exit code is 0 when all exercises of those lessons are
right, 1 when some are not, 3 when the file can't be read.
"""

import dataclasses
import functools
import pathlib

from gan_lowlevel import command
from gan_lowlevel.commandline import read_record
from gan_lowlevel.config import setting
from gan_lowlevel.course import folder, grading, pages, terminal
from gan_lowlevel.errors import Exit
from gan_lowlevel.output import say


@dataclasses.dataclass(frozen=True, kw_only=True)
class LessonConfig:
    """Every setting of the command."""

    number: int = setting(
        0, int, "The lesson to run, or the one to grade; may be typed without its name. 0: none, or all.",
        low=0, high=folder.MOST,
    )  # fmt: skip
    list: bool = setting(False, bool, "List the lessons: number, title, minutes, exercises.")
    grade: str = setting("", str, "A .py or .ipynb with exercises, which are run and graded.")
    time_limit: int = setting(60, int, "Seconds that an exercise may take under --grade.", low=1, high=86_400)


def main(config: LessonConfig) -> Exit:
    """Grade, run or list."""
    if config.grade:
        return _grade(config)
    if config.number and not config.list:
        page = pages.read(config.number)
        terminal.run(page)
        return Exit.DONE
    for number in folder.pages():
        page = pages.read(number)
        say(f"{number:>2}  {page.title}, {page.minutes} minutes: {', '.join(page.exercises)}")
    say("\nrun one   python -m gan_lowlevel.lesson 1")
    return Exit.DONE


def _grade(config: LessonConfig) -> Exit:
    path = pathlib.Path(config.grade)
    say(f"{path}: its functions run on this machine as they were handed in, each for at most {config.time_limit} s")
    grades = grading.grade(path, config.number, config.time_limit)
    wide = max(len(grade.name) for grade in grades)
    for grade in grades:
        say(f"{grade.number:<5} {grade.name:<{wide}}  {grade.said}")
    right = sum(grade.right for grade in grades)
    say(f"score {right} of {len(grades)}")
    return Exit.DONE if right == len(grades) else Exit.FLAGS


if __name__ == "__main__":
    command.run(
        command="lesson [NUMBER]",
        purpose=__doc__.strip(),
        record=LessonConfig,
        body=main,
        read=functools.partial(read_record, LessonConfig, bare="number"),
        defaults=lambda argv: dataclasses.asdict(LessonConfig()),
    )
