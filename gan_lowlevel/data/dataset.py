"""One record for every data set: what the loop, the pictures and the run's record need to know of it."""

import dataclasses
import hashlib

import numpy as np


@dataclasses.dataclass(frozen=True)
class Dataset:
    """Images in memory as they came, unscaled.

    images: uint8 [N, H, W, C], what trains; labels: uint8 [N].
    held_out_images, held_out_labels: the same for what never trains, for curves only.
    description: one line for the console.
    """

    images: np.ndarray
    labels: np.ndarray
    held_out_images: np.ndarray
    held_out_labels: np.ndarray
    description: str

    def sha256(self) -> str:
        """Of what trains, pixels and shape: a run goes on only with the data that it began with."""
        digest = hashlib.sha256(repr(self.images.shape).encode())
        digest.update(np.ascontiguousarray(self.images))
        return digest.hexdigest()
