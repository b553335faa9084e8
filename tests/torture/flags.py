"""Every flag of every command with values from the edge: let in within its bounds, or one sentence at once."""

import collections
import math
import pathlib
import random

from gan_lowlevel import doctor, evaluate, export, generate, summary, sweep, train_digits
from gan_lowlevel.commandline import read_config
from gan_lowlevel.config import MODELS, Config, Setting, settings_of
from gan_lowlevel.errors import Exit
from tests.torture import commands, training

KEPT = ("dry_run", "download")  # what `own` says of those stays: nothing is written, nothing fetched
MOST_SECONDS = 1.0  # of the process's own time
AT_ONCE = 300  # command lines to a process
STARTED = 99  # exit code of whoever was let in, and imports TensorFlow

# Before the commands, in their process: a sweep is planned and not begun, the doctor starts no other program and reads
# no folder.
PLANNED = f"""
import runpy, sys
from gan_lowlevel import checkups, command, sweep
checkups.tensorboard = checkups.data = lambda *given: checkups.Finding([], [])
run_module = runpy.run_module
def planned(name, **options):
    if name != "gan_lowlevel.sweep":
        return run_module(name, **options)
    command.run(command="sweep", purpose="", record=sweep.SweepConfig, read=sweep.read, defaults=None,
                body=lambda config: sys.exit({STARTED} if sweep.plan(config) else 2))
runpy.run_module = planned
"""

NUMBERS = (
    "0", "-0", "1", "-1", "0.5", "1e30", "-1e30", "1" + "0" * 30, "9" * 5000, "nan", "-nan", "inf", "-inf", "1e400", "",
    " ", "x", "1,5", "1_000", "0x10", "+3", " 3 ", "3\n", "٣", "３", "true", "None", "2147483648", "1e-400",
)  # fmt: skip
TEXTS = (
    "",
    " ",
    "a",
    "a b",
    "two\nlines",
    "a\0b",
    "\x1b[31m",
    "\u2028",
    "\udcff",
    "٣",
    "-1",
    "..",
    "/",
    "a" * 5000,
    "=",
)
SWITCHES = ("", "true", "false", "0", "1", "2", "-1", "yes", "nan", "two\nlines", "٣")


def records() -> dict[str, type]:
    """The settings of each command."""
    return {
        "main": Config,
        "generate": generate.GenerateConfig,
        "evaluate": evaluate.EvaluateConfig,
        "export": export.ExportConfig,
        "summary": summary.SummaryConfig,
        "train_digits": train_digits.TrainDigitsConfig,
        "sweep": sweep.SweepConfig,
        "doctor": doctor.DoctorConfig,
    }


def own(command: str, run: pathlib.Path) -> list[str]:
    """What lets a command in where nothing else is said, and keeps it from writing."""
    return {
        "main": ["--dry_run", "--nodownload", "--model=parabola"],
        "generate": [f"--run={run}", "--out=out"],
        "evaluate": [f"--run={run}"],
        "export": [f"--run={run}", "--out=out"],
        "summary": [],
        "train_digits": ["--input_data_dir=nowhere", "--nodownload", "--out=file"],
        "sweep": ["--model=parabola"],
        "doctor": ["--logdir=nowhere"],
    }[command]


def values(facts: Setting) -> tuple[str, ...]:
    """Texts that a setting is tried with, those at its bounds among them."""
    if facts.kind is bool:
        return SWITCHES
    edges = () if facts.low is None else (facts.low, facts.high, facts.low - 1, facts.high + 1)
    numbers = NUMBERS if facts.kind is not str else ()
    return (*map(str, edges), *map(str, facts.choices), *numbers, *(TEXTS if facts.kind is str else TEXTS[:6]))


def run(amount: int, seed: int, folder: pathlib.Path) -> dict[str, int | float]:
    """`amount` command lines: half with one flag, every one with every value where they are enough, half with two."""
    chance = random.Random(seed)
    trained, stubs, cwd = (folder / name for name in ("run", "stubs", "cwd"))
    for made in (trained, stubs, cwd):
        made.mkdir()
    (trained / "flags.txt").write_text(read_config(["--model=parabola"]).flagfile())
    # Stands before TensorFlow on the path, and ends whoever imports it.
    (stubs / "tensorflow.py").write_text(f"raise SystemExit({STARTED})\n")
    singles = [
        (command, name, text)
        for command, record in records().items()
        for name, facts in settings_of(record).items()
        if name not in KEPT
        for text in values(facts)
    ]
    trials = [[one] for one in chance.sample(singles, min(amount // 2, len(singles)))]
    for command, *typed in chance.choices(singles, k=amount - len(trials)):
        others = [each for each in singles if each[0] == command]
        models = [("main", "model", chance.choice(MODELS))] * (command == "main")
        trials.append([*models, (command, *typed), chance.choice(others)])
    figures: collections.Counter[str] = collections.Counter()
    before, slowest = training.tree(folder), 0.0
    for first in range(0, len(trials), AT_ONCE):
        some = trials[first : first + AT_ONCE]
        lines = [
            [typed[0][0], *own(typed[0][0], trained), *(f"--{name}={text}" for _, name, text in typed)]
            for typed in some
        ]
        environment = commands.environment(stubs, XDG_CACHE_HOME=folder / "cache")
        came = commands.several(lines, PLANNED, cwd=cwd, env=environment)
        for typed, line, (code, out, err, seconds) in zip(some, lines, came, strict=True):
            holds(typed, f"seed {seed}: {line}", code, out, err)
            if code == Exit.FLAGS:
                assert seconds < MOST_SECONDS, f"seed {seed}: {line} took {seconds:.2f} s"
                slowest = max(slowest, seconds)
            figures["refused in a sentence" if code == Exit.FLAGS else "let in"] += 1
        assert training.tree(folder) == before, f"seed {seed}: files were written by one of {lines}"
    return {"command lines": len(trials), **figures, "slowest seconds": round(slowest, 2)}


def holds(typed: list[tuple[str, str, str]], trial: str, code: int, out: str, err: str) -> None:
    """Let in within its bounds, or refused in a sentence."""
    if code in (STARTED, Exit.DONE):
        for command, name, text in typed:
            facts = settings_of(records()[command])[name]
            last = [each for _, other, each in typed if other == name][-1]
            if facts.low is not None and text == last and command != "sweep":
                assert math.isfinite(float(text)), f"{trial}: let in"
                assert facts.low <= float(text) <= facts.high, f"{trial}: let in"
                assert not facts.below_high or float(text) < facts.high, f"{trial}: let in"
        return
    assert code in (Exit.FLAGS, Exit.DATA), f"{trial}: exit {code}, {err}"
    assert out == "", f"{trial}: {out}"
    assert err.startswith("gan_lowlevel: "), f"{trial}: {err}"
    assert err.endswith("\n"), f"{trial}: {err}"
    assert err[:-1].isprintable(), f"{trial}: {err}"
