"""Points on the function y = x², x uniform in (-0.5, 0.5), drawn afresh for each batch; no file."""

import dataclasses
import hashlib

import numpy as np

from gan_lowlevel.errors import Exit, Failure

LOW, HIGH = -0.5, 0.5
_WORDS = 4  # random words that the generator makes at a time


def function(x: np.ndarray) -> np.ndarray:
    """y = x²."""
    return x * x


def points(seed: int, first: int, count: int) -> np.ndarray:
    """Points number first to first + count - 1 of the seed's endless sequence: float32 [count, 2].

    Raw bits of a counter-based generator: any stretch costs its own length, and other versions of NumPy draw the same.
    """
    x = (LOW + (HIGH - LOW) * _unit([seed, 0], first, count)).astype(np.float32)
    return np.stack([x, function(x)], axis=1)


def uniform_points(seed: int, k: int, count: int) -> np.ndarray:
    """Batch k of points uniform in [-1, 1]²: float32 [count, 2]. What D can learn to refuse without any G."""
    return (2.0 * _unit([seed, 1], 2 * k * count, 2 * count) - 1.0).astype(np.float32).reshape(count, 2)


def _unit(key: list[int], first: int, count: int) -> np.ndarray:
    """Numbers first to first + count - 1 of the key's sequence: float64 [count] in (0, 1), both ends left out."""
    bits = np.random.Philox(key=key).advance(first // _WORDS).random_raw(first % _WORDS + count)[first % _WORDS :]
    return ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


@dataclasses.dataclass(frozen=True)
class Points:
    """The sequence cut into batches of B; no epochs."""

    seed: int
    batch_size: int

    def size(self, k: int) -> int:
        """Rows of batch k."""
        return self.batch_size

    def batch(self, k: int) -> np.ndarray:
        """Batch k = 0, 1, ...: float32 [B, 2]."""
        return points(self.seed, int(k) * self.batch_size, self.batch_size)

    table = None  # nothing to look up: what a loop inside a graph is fed is the batch itself

    def keys(self, k: int, count: int) -> np.ndarray:
        """Batches k to k + count - 1 as a loop inside a graph is fed them: float32 [count, B, 2]."""
        return points(self.seed, k * self.batch_size, count * self.batch_size).reshape(count, self.batch_size, 2)

    def epochs_done(self, batches: int) -> int:
        """0: no point comes twice."""
        return 0

    def batches_in(self, epochs: int) -> int:
        """There are none: raises Failure(FLAGS)."""
        raise Failure(Exit.FLAGS, f"drawn points have no epochs, --epochs={epochs} came: give --max_steps.")


@dataclasses.dataclass(frozen=True)
class Parabola:
    """The data set, where others hold images."""

    description: str = f"points (x, x²), x uniform in ({LOW}, {HIGH}), drawn afresh for each batch"
    reach: float = 1.0  # of the plane that pictures show, in each direction

    def points(self, seed: int, first: int, count: int) -> np.ndarray:
        """Points number first to first + count - 1 of the seed's endless sequence: float32 [count, 2]."""
        return points(seed, first, count)

    def sha256(self) -> str:
        """Of what is drawn: the description."""
        return hashlib.sha256(self.description.encode()).hexdigest()
