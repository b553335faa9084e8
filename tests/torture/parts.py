"""The parts of the torture, one a row: a new one is one file and one row here."""

from collections.abc import Callable
from typing import NamedTuple

from tests.torture import disk, kills


class Part(NamedTuple):
    """run(amount=, seed=, folder=) tries a promise that often: figures by name, or AssertionError where broken."""

    run: Callable[..., dict[str, int | float | str]]
    long: int  # trials in the full torture
    short: int  # trials in CI


PARTS = {
    "disk": Part(disk.run, long=110, short=10),
    "kills": Part(kills.run, long=100, short=6),
}
