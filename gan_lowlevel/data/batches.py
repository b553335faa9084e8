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


class Batches:
    """The endless concatenation of epochs, cut into batches of B.

    images: uint8 [N, ...]. batch_size: B, which may exceed N. output_range: (low, high), what 0 and 255 become.
    shape: what a row is reshaped to, e.g. (784,).
    An epoch's last rows, where they fill no batch, share one with the next epoch's first rows.
    Raises ValueError for no images, other types than uint8, B below 1, or a shape of another size than a row's.
    """

    def __init__(
        self,
        images: np.ndarray,
        batch_size: int,
        seed: int,
        output_range: tuple[float, float],
        shape: tuple[int, ...],
    ):
        if images.dtype != np.uint8 or not len(images):
            raise ValueError(f"uint8 images, one or more, are wanted; got {images.dtype} {list(images.shape)}")
        if batch_size < 1:
            raise ValueError(f"a batch size of 1 or more is wanted; got {batch_size}")
        if math.prod(images.shape[1:]) != math.prod(shape):
            raise ValueError(f"rows of {list(images.shape[1:])} cannot be reshaped to {list(shape)}")
        self.batch_size = batch_size
        self._rows = images.reshape(len(images), -1)  # [N, pixels], a view
        self._shape = tuple(shape)
        # Two: a batch may lie across the border of two epochs.
        self._order = functools.lru_cache(maxsize=2)(functools.partial(permutation, seed, count=len(images)))
        # low + (high - low) v / 255. The sum is exact for whole low and high, so that (0, 1) gives v / 255 and
        # (-1, 1) gives (v - 127.5) / 127.5, each rounded correctly to float32.
        low, high = output_range
        v = np.arange(256, dtype=np.float64)
        self._pixels = ((low * (255 - v) + high * v) / 255).astype(np.float32)  # [256]

    def indices(self, k: int) -> np.ndarray:
        """The rows of batch k = 0, 1, ...: int64 [B], positions k B to (k + 1) B of the concatenated epochs."""
        position, end = int(k) * self.batch_size, (int(k) + 1) * self.batch_size
        parts = []
        while position < end:
            epoch, offset = divmod(position, len(self._rows))
            parts.append(self._order(epoch)[offset : offset + end - position])
            position += len(parts[-1])
        return np.concatenate(parts, dtype=np.int64)  # a copy: the epoch's order stays as it is

    def batch(self, k: int) -> np.ndarray:
        """Batch k: float32 [B, *shape], in output_range."""
        rows = self._rows.take(self.indices(k), axis=0)  # uint8 [B, pixels]
        return self._pixels.take(rows).reshape(self.batch_size, *self._shape)
