"""What the loop, the pictures and the run's record need to know of a data set."""

import dataclasses
import hashlib
from typing import Protocol

import numpy as np

HELD_OUT = 5_000  # test pictures kept for curves; the others are left to whoever wants pictures that no curve has seen
MAX_COUNT = 2_000_000  # items in a file; more is a broken header


class Rows(Protocol):
    """The rows of x that train, as batches numbered 0, 1, 2, ...: each a function of its number and the seed."""

    def size(self, k: int) -> int:
        """Rows of batch k."""

    def batch(self, k: int) -> np.ndarray:
        """Batch k: float32 [size(k), *data_shape] in the network's range."""

    @property
    def table(self) -> np.ndarray | None:
        """Where there is one, uint8 [N, pixels], all rows that train, unscaled, for a graph to hold."""

    def keys(self, k: int, count: int) -> np.ndarray:
        """Batches k to k + count - 1, all of batch_size rows, as a loop inside a graph is fed them: [count, B], rows of
        `table`, or [count, B, *data_shape], the batches themselves."""

    def epochs_done(self, batches: int) -> int:
        """Whole passes over the data after that many batches; 0 for ever where data are drawn."""

    def batches_in(self, epochs: int) -> int:
        """The fewest batches with that many passes. Raises Failure(FLAGS) where data are drawn."""


@dataclasses.dataclass(frozen=True)
class Dataset:
    """Images in memory, or mapped into it, as they came, unscaled.

    images: uint8 [N, H, W, C], what trains; labels: uint8 [N].
    held_out_images, held_out_labels: the same for what never trains, for curves only.
    description: one line for the console.
    test_images, test_labels: the whole published test set, the held-out images among them; None where there is none.
    left_out_images: the training pictures after those of `images`, which don't train; None where all do.
    digits: whether each picture is a digit of 28x28 before it was resized, so that a classifier of digits may judge.
    """

    images: np.ndarray
    labels: np.ndarray
    held_out_images: np.ndarray
    held_out_labels: np.ndarray
    description: str
    test_images: np.ndarray | None = dataclasses.field(default=None, kw_only=True)
    test_labels: np.ndarray | None = dataclasses.field(default=None, kw_only=True)
    left_out_images: np.ndarray | None = dataclasses.field(default=None, kw_only=True)
    digits: bool = dataclasses.field(default=False, kw_only=True)

    def sha256(self) -> str:
        """Of what trains, pixels and shape: a run goes on only with the data that it began with."""
        digest = hashlib.sha256(repr(self.images.shape).encode())
        digest.update(np.ascontiguousarray(self.images))
        return digest.hexdigest()


@dataclasses.dataclass(frozen=True)
class Hashed(Dataset):
    """A data set that was hashed when its cache was written: one larger than memory takes minutes."""

    known_sha256: str = dataclasses.field(kw_only=True)

    def sha256(self) -> str:
        return self.known_sha256


def held_out_of(tests: int) -> int:
    """How many of that many test pictures are kept for curves, the last ones: of fewer than 10,000 half."""
    return min(HELD_OUT, (tests + 1) // 2)


def is_held_out(name: str, holdout: float) -> bool:
    """By its name alone: a picture stays on its side whatever others come or go."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") < holdout * 2**64
