"""Which rows a batch holds, and their pixels in the network's range: pure functions of the seed and the batch's number.

A run that goes on asks for batch k again and gets it; nothing about the order needs to be saved.
"""

import functools
import math

import numpy as np


def permutation(seed: int, epoch: int, count: int) -> np.ndarray:
    """The order of `count` rows in an epoch, int64 [count]: every row once. seed, epoch: 0 to 2^64 - 1.

    Rows sorted by random 64-bit keys. NumPy guarantees a bit generator's raw bits across its versions, and not
    what `Generator.permutation` or `shuffle` make of them: with those, another NumPy could train another run.
    """
    keys = np.random.Philox(key=[seed, epoch]).random_raw(count)
    return np.argsort(keys, kind="stable")  # stable: equal keys too have one order only


class Epochs:
    """Rows 0 to N - 1 in shuffled epochs, one after another, cut into batches of B.

    count: N. batch_size: B.
    last_batch: what becomes of an epoch's last rows where they fill no batch. fill: they share one with the next
    epoch's first rows, and B may exceed N; short: they are a smaller batch; drop: they don't train in that epoch.
    Raises ValueError for B below 1, or drop with fewer rows than a batch.
    """

    def __init__(self, count: int, batch_size: int, seed: int, last_batch: str = "fill"):
        if batch_size < 1:
            raise ValueError(f"a batch size of 1 or more is wanted; got {batch_size}")
        if last_batch == "drop" and count < batch_size:
            raise ValueError(f"{count} rows make no batch of {batch_size}, and incomplete batches are dropped")
        self.batch_size = batch_size
        self._count, self._last_batch = count, last_batch
        # Two: a batch may lie across the border of two epochs.
        self._order = functools.lru_cache(maxsize=2)(functools.partial(permutation, seed, count=count))

    def _in_an_epoch(self) -> int:
        """Batches in an epoch where it shares none with the next."""
        whole, rest = divmod(self._count, self.batch_size)
        return whole + (1 if rest and self._last_batch == "short" else 0)

    def epochs_done(self, batches: int) -> int:
        """Whole epochs after the first `batches` batches."""
        if self._last_batch == "fill":
            return batches * self.batch_size // self._count
        return batches // self._in_an_epoch()

    def batches_in(self, epochs: int) -> int:
        """The fewest batches with that many epochs."""
        if self._last_batch == "fill":
            return -(-epochs * self._count // self.batch_size)  # rounded up
        return epochs * self._in_an_epoch()

    def _span(self, k: int) -> tuple[int, int]:
        """First position and the one behind the last of batch k in the concatenated epochs."""
        if self._last_batch == "fill":
            return k * self.batch_size, (k + 1) * self.batch_size
        epoch, i = divmod(k, self._in_an_epoch())
        first, end = i * self.batch_size, min((i + 1) * self.batch_size, self._count)
        return epoch * self._count + first, epoch * self._count + end

    def size(self, k: int) -> int:
        """Rows of batch k."""
        first, end = self._span(int(k))
        return end - first

    def indices(self, k: int) -> np.ndarray:
        """The rows of batch k = 0, 1, ...: int64 [size(k)], positions in the data."""
        return self._positions(*self._span(int(k)))

    def indices_of(self, k: int, count: int) -> np.ndarray:
        """The rows of batches k to k + count - 1: int64 [count, B]. Each must have B rows."""
        if self._last_batch == "fill":  # one stretch of the concatenated epochs
            positions = self._positions(k * self.batch_size, (k + count) * self.batch_size)
        else:
            positions = np.array([self.indices(k + i) for i in range(count)], np.int64)
        return positions.reshape(count, self.batch_size)

    def _positions(self, first: int, end: int) -> np.ndarray:
        """The rows at `first` to `end - 1` of the concatenated epochs: int64 [end - first]."""
        parts = [np.zeros(0, np.int64)]
        while first < end:
            epoch, offset = divmod(first, self._count)
            parts.append(self._order(epoch)[offset : offset + end - first])
            first += len(parts[-1])
        return np.concatenate(parts)  # a copy: the epoch's order stays as it is


class Batches(Epochs):
    """Images in shuffled epochs, as batches of pixels in the network's range.

    images: uint8 [N, ...]. batch_size: B. output_range: (low, high), what 0 and 255 become.
    shape: what a row is reshaped to, e.g. (784,). last_batch: as in Epochs.
    Raises ValueError for no images, other types than uint8, a shape of another size than a row's, and as Epochs does.
    """

    def __init__(
        self,
        images: np.ndarray,
        batch_size: int,
        seed: int,
        output_range: tuple[float, float],
        shape: tuple[int, ...],
        last_batch: str = "fill",
    ):
        if images.dtype != np.uint8 or not len(images):
            raise ValueError(f"uint8 images, one or more, are wanted; got {images.dtype} {list(images.shape)}")
        if math.prod(images.shape[1:]) != math.prod(shape):
            raise ValueError(f"rows of {list(images.shape[1:])} cannot be reshaped to {list(shape)}")
        super().__init__(len(images), batch_size, seed, last_batch)
        self._rows = images.reshape(len(images), -1)  # [N, pixels], a view
        self._shape = tuple(shape)
        self.output_range = output_range

    @property
    def table(self) -> np.ndarray:
        """All rows, unscaled: uint8 [N, pixels]. `keys` says which of them are a batch."""
        return self._rows

    def keys(self, k: int, count: int) -> np.ndarray:
        """Batches k to k + count - 1 as a loop inside a graph is fed them, the rows' positions in `table`:
        int32 [count, B]. Each must have B rows."""
        return self.indices_of(k, count).astype(np.int32)

    def batch(self, k: int) -> np.ndarray:
        """Batch k: float32 [size(k), *shape], in output_range."""
        rows = self._rows.take(self.indices(k), axis=0)  # uint8 [B, pixels]
        low, high = self.output_range
        x = rows.astype(np.float32)
        if (low, high) != (0, 1):  # exact for whole low and high, as the sums stay whole
            x = x * np.float32(high - low) + np.float32(255 * low)
        x /= np.float32(255)  # the one rounding: v / 255 for (0, 1), (v - 127.5) / 127.5 for (-1, 1)
        return x.reshape(-1, *self._shape)
