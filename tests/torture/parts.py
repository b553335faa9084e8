"""The parts of the torture, one a row: a new one is one file and one row here."""

from collections.abc import Callable
from typing import NamedTuple

from tests.torture import checkpoints, disk, flags, kills, settings, together


class Part(NamedTuple):
    """run(amount=, seed=, folder=) tries a promise that often: figures by name, or AssertionError where broken."""

    run: Callable[..., dict[str, int | float | str]]
    long: int  # trials in the full torture
    short: int  # trials in CI


PARTS = {
    "checkpoints": Part(checkpoints.run, long=5000, short=200),
    "disk": Part(disk.run, long=110, short=10),
    "flags": Part(flags.run, long=20_000, short=400),
    "kills": Part(kills.run, long=100, short=6),
    "settings": Part(settings.run, long=5000, short=300),
    "together": Part(together.run, long=20, short=1),
}
