"""The parts of the torture, one a row: a new one is one file and one row here."""

from collections.abc import Callable
from typing import NamedTuple

from tests.torture import checkpoints, disk, flags, inputs, kills, long_runs, settings, signals, together


class Part(NamedTuple):
    """run(amount=, seed=, folder=) tries a promise that often: figures by name, or AssertionError where broken."""

    run: Callable[..., dict[str, int | float | str]]
    long: int  # trials in the full torture
    short: int  # trials in CI


PARTS = {
    "checkpoints": Part(checkpoints.run, long=2000, short=120),
    "disk": Part(disk.run, long=30, short=10),
    "flags": Part(flags.run, long=6000, short=400),
    "inputs": Part(inputs.run, long=2000, short=100),
    "kills": Part(kills.run, long=100, short=3),
    "settings": Part(settings.run, long=2000, short=150),
    "together": Part(together.run, long=3, short=1),
    "signals": Part(signals.run, long=25, short=5),
    "long_runs": Part(long_runs.run, long=200_000, short=12_000),  # steps of parabola, ten for one of mlp
}
