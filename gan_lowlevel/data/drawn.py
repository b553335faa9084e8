"""Data that are drawn: points that follow a law, any stretch of which is a function of the seed; no file."""

import abc
import dataclasses
import hashlib
from typing import ClassVar

import numpy as np

from gan_lowlevel.data.batches import Epochs
from gan_lowlevel.errors import Exit, Failure

_WORDS = 4  # random words that the generator makes at a time
_NEVER = 2**31  # above every seed that a run can have


def unit(key: list[int], first: int, count: int) -> np.ndarray:
    """Numbers first to first + count - 1 of the key's sequence: float64 [count] in (0, 1), both ends left out.

    Raw bits of a counter-based generator: any stretch costs its own length, and other versions of NumPy draw the same.
    """
    bits = np.random.Philox(key=key).advance(first // _WORDS).random_raw(first % _WORDS + count)[first % _WORDS :]
    middles = ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    return np.minimum(middles, 1.0 - 2.0**-53)  # the last one would round to 1


def uniform_points(seed: int, k: int, count: int) -> np.ndarray:
    """Batch k of points uniform in [-1, 1]²: float32 [count, 2]. What D can learn to refuse without any G."""
    return (2.0 * unit([seed, 1], 2 * k * count, 2 * count) - 1.0).astype(np.float32).reshape(count, 2)


def unseen(seed: int) -> int:
    """The seed of points that no run trains on, and which the curves of that run see."""
    return _NEVER + seed


@dataclasses.dataclass(frozen=True)
class Law(abc.ABC):
    """The data set of a game of points, where other games have images: what is drawn, in a row of its own module."""

    # How many points train, the first of the sequence, in shuffled epochs; None: the endless sequence, no point twice.
    trained: ClassVar[int | None] = None

    @property
    @abc.abstractmethod
    def description(self) -> str:
        """One line for the console, with every number of the law."""

    @property
    @abc.abstractmethod
    def bounds(self) -> tuple[float, float]:
        """What pictures show of each axis."""

    @abc.abstractmethod
    def points(self, seed: int, first: int, count: int) -> np.ndarray:
        """Points number first to first + count - 1 of the seed's endless sequence: float32 [count, entries]."""

    def sha256(self) -> str:
        """Of what is drawn: the description."""
        return hashlib.sha256(self.description.encode()).hexdigest()


@dataclasses.dataclass(frozen=True)
class Points:
    """The endless sequence cut into batches of B; no epochs."""

    law: Law
    seed: int
    batch_size: int

    def size(self, k: int) -> int:
        """Rows of batch k."""
        return self.batch_size

    def batch(self, k: int) -> np.ndarray:
        """Batch k = 0, 1, ...: float32 [B, entries]."""
        return self.law.points(self.seed, int(k) * self.batch_size, self.batch_size)

    table = None  # nothing to look up: what a loop inside a graph is fed is the batch itself

    def keys(self, k: int, count: int) -> np.ndarray:
        """Batches k to k + count - 1 as a loop inside a graph is fed them: float32 [count, B, entries]."""
        points = self.law.points(self.seed, k * self.batch_size, count * self.batch_size)
        return points.reshape(count, self.batch_size, points.shape[1])

    def epochs_done(self, batches: int) -> int:
        """0: no point comes twice."""
        return 0

    def batches_in(self, epochs: int) -> int:
        """There are none: raises Failure(FLAGS)."""
        raise Failure(Exit.FLAGS, f"drawn points have no epochs, --epochs={epochs} came: give --max_steps.")


class FixedPoints(Epochs):
    """Points [N, entries], float32, in shuffled epochs; `last_batch` as in Batches."""

    table = None  # as many bytes as the numbers that would look them up

    def __init__(self, points: np.ndarray, batch_size: int, seed: int, last_batch: str = "fill"):
        super().__init__(len(points), batch_size, seed, last_batch)
        self._points = points

    def batch(self, k: int) -> np.ndarray:
        """Batch k = 0, 1, ...: float32 [size(k), entries]."""
        return self._points.take(self.indices(k), axis=0)

    def keys(self, k: int, count: int) -> np.ndarray:
        """Batches k to k + count - 1 as a loop inside a graph is fed them: float32 [count, B, entries]. Each must have
        B rows."""
        return self._points.take(self.indices_of(k, count), axis=0)
