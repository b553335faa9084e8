"""Pictures of an .npy or .npz as squares of one size, made once and from then on mapped from a cache file."""

import functools
import os
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np
import PIL
from PIL import Image
from tqdm import tqdm

from gan_lowlevel.data import photo_cache
from gan_lowlevel.data.array_files import Array, Meant, labels, meant, stretches
from gan_lowlevel.data.dataset import Dataset, Hashed, held_out_of, is_held_out
from gan_lowlevel.data.photo_files import squared
from gan_lowlevel.errors import Exit, Failure, printable

DIGIT = (28, 28, 1)
_VERSION = 1  # of the reading: where it changes, so does this, and caches are made anew
_OVER = 1e-5  # beyond 0, 1 or -1 that rounding may have brought a float


class Scale(NamedTuple):
    """What becomes 0 and what 255."""

    low: float
    high: float
    largest: float  # value that there is


def load(path: str, *, size: int, channels: int, resize: str, mirror: bool, holdout: float, dry_run: bool) -> Dataset:
    """The pictures of an .npy or .npz, numbers [N, H, W] or [N, H, W, C]: uint8 [N, size, size, channels].

    Whole numbers are 0 to 255, bool is 0 and 255; floats are [0, 1], or [-1, 1] where one is negative, and become 0 to
    255. resize and mirror as of photographs. Held out are the last of the test rows, where the file has some, as of
    MNIST; else the share `holdout` of the rows, by a hash of each one's number. Mapped or in memory as photographs are.
    Raises Failure(DATA) for whatever else the file holds, NaN included.
    """
    shown, path = printable(path), os.path.expanduser(path)
    if not os.path.isfile(path):
        came = f"{shown} is no file" if path else "none is named"
        raise Failure(Exit.DATA, f"an array is wanted, and {came}: give --input_data_dir=FILE, an .npz or .npy.")
    found = meant(path)
    row_shape = (size, size, channels)
    changed = os.stat(path)
    key = photo_cache.key(
        "array", _VERSION, PIL.__version__, os.path.realpath(path), changed.st_size, changed.st_mtime_ns, found,
        row_shape, resize, mirror, holdout,
    )  # fmt: skip
    fill = functools.partial(_fill, found, row_shape, resize, mirror, holdout)
    stored = photo_cache.read(key, row_shape, touch=not dry_run)
    if stored is None:
        stored = photo_cache.made(key, row_shape, fill, cache=not dry_run)

    first, images = np.split(stored.rows, [stored.notes.held_out])
    if not len(images):
        raise Failure(Exit.DATA, f"--holdout={holdout} leaves none of the pictures of {shown} to train: give less.")
    tests = found.test_images is not None
    kept = held_out_of(len(first)) if tests else len(first)
    held_out_images = first[len(first) - kept :]
    of_train, of_tests = labels(found.labels), labels(found.test_labels)
    known, out = of_train is not None, _held_out(found, holdout)
    digits = found.images.picture_shape == DIGIT and known and int(of_train.max()) <= 9
    of_train = np.zeros(len(out), np.uint8) if of_train is None else of_train
    if tests:
        digits = digits and of_tests is not None and int(of_tests.max()) <= 9
        of_first = np.zeros(len(first), np.uint8) if of_tests is None else of_tests
    else:
        of_first = of_train[out]
    return Hashed(
        images=images,
        labels=np.tile(of_train[~out], 1 + mirror),
        held_out_images=held_out_images,
        held_out_labels=of_first[len(first) - kept :],
        description=_description(found, shown, stored.notes, row_shape, mirror, kept),
        test_images=first if tests else None,
        test_labels=of_first if tests else None,
        digits=digits,
        known_sha256=stored.sha256,
    )


def _held_out(found: Meant, holdout: float) -> np.ndarray:
    """Which rows of the pictures never train: bool [N]. None where there are test rows."""
    share = 0.0 if found.test_images else holdout
    return np.array([is_held_out(str(i), share) if share else False for i in range(found.images.shape[0])], bool)


def _fill(
    found: Meant, row_shape: tuple[int, int, int], resize: str, mirror: bool, holdout: float, file: BinaryIO
) -> photo_cache.Notes:
    """Append all rows to `file`: those of the test, or held out, then those that train, then these mirrored."""
    start = file.tell()
    scale, of_tests = _scales(found)
    out, first = _held_out(found, holdout), 0
    total = found.images.shape[0] + (found.test_images.shape[0] if found.test_images else 0)
    with tqdm(total=total, desc="pictures", disable=None) as bar:  # None: only on a terminal

        def add(array: Array, scale: Scale, wanted: np.ndarray) -> int:
            for rows in _pixels(array, scale, wanted):
                file.write(_squares(rows, row_shape, resize).data)
                bar.update(len(rows))
            return int(wanted.sum())

        if found.test_images:
            first = add(found.test_images, of_tests, np.ones(found.test_images.shape[0], bool))
        elif out.any():
            first = add(found.images, scale, out)
        train = add(found.images, scale, ~out)
    if mirror:
        photo_cache.mirror(file, start, row_shape, range(first, first + train))
    return photo_cache.Notes(first + train * (1 + mirror), first, [], _remark(found.images, scale))


def _scales(found: Meant) -> tuple[Scale, Scale | None]:
    """Of the pictures and of the test rows; one for both where both are floats."""
    tests = found.test_images
    if tests and tests.dtype.kind == found.images.dtype.kind:
        return (scale_of(found.images, tests),) * 2
    return scale_of(found.images), tests and scale_of(tests)


def scale_of(*arrays: Array) -> Scale:
    """By all values of arrays of one kind. Raises Failure(DATA) for NaN, and for a range that is none of pixels."""
    array, low, high = arrays[0], np.inf, -np.inf
    for each in arrays:
        for rows in stretches(each):
            low, high = np.minimum(low, rows.min()), np.maximum(high, rows.max())  # NaN stays NaN
    wanted = "0 to 1, or -1 to 1" if array.dtype.kind == "f" else "0 to 255"
    came = f"{array.shown} holds {array.dtype} from {low:g} to {high:g}, and {wanted} is wanted"
    if not np.isfinite([low, high]).all():
        raise Failure(Exit.DATA, f"{array.shown} holds NaN or infinite values, and {wanted} is wanted.")
    if array.dtype.kind == "b":
        return Scale(0, 1, 255 * float(high))
    if array.dtype.kind in "iu":
        if low < 0 or high > 255:
            raise Failure(Exit.DATA, f"{came}: scale it, and save it as uint8.")
        return Scale(0, 255, float(high))
    least = 0 if low >= -_OVER else -1
    if low < -1 - _OVER or high > 1 + _OVER:
        advice = "save a.astype(np.uint8)" if 127 < high <= 255 else f"save a / {high:g}"
        advice = advice if low >= 0 else "scale it"
        raise Failure(Exit.DATA, f"{came}: {advice}.")
    return Scale(least, 1, float(high - least) / (1 - least) * 255)


def _pixels(array: Array, scale: Scale, wanted: np.ndarray) -> Iterator[np.ndarray]:
    """The rows that are wanted, bool [N], some at a time: uint8 [n, H, W, C]."""
    first = 0
    for rows in stretches(array):
        chosen = rows[wanted[first : first + len(rows)]]
        first += len(rows)
        if array.dtype.kind == "f":
            chosen = chosen.astype(np.float32 if array.dtype.itemsize < 8 else np.float64)
            chosen = np.rint(np.clip((chosen - scale.low) * (255 / (scale.high - scale.low)), 0, 255))
        if array.dtype.kind == "b":
            chosen = (chosen.view(np.uint8) != 0) * np.uint8(255)  # a stranger's bool is any byte
        yield chosen.astype(np.uint8).reshape(-1, *array.picture_shape)


def _squares(rows: np.ndarray, row_shape: tuple[int, int, int], resize: str) -> np.ndarray:
    """uint8 [n, H, W, C] to [n, *row_shape]."""
    if rows.shape[1:] == row_shape or not len(rows):
        return np.ascontiguousarray(rows)
    size, _, channels = row_shape
    planes = rows[..., 0] if rows.shape[3] == 1 else rows
    return np.stack([squared(Image.fromarray(i), size=size, channels=channels, resize=resize) for i in planes])


def _remark(array: Array, scale: Scale) -> str:
    """How values became pixels, where that is not plain, and whether they are nearly black."""
    remarks = []
    if array.dtype.kind == "f":
        remarks.append(f"{scale.low:g} to {scale.high:g} as 0 to 255")
    if array.dtype.kind in "iu" and scale.largest <= 1:
        remarks.append(f"its largest value is {scale.largest:g} of 255: nearly black")
    return ", ".join(remarks)


def _description(
    found: Meant, shown: str, notes: photo_cache.Notes, row_shape: tuple[int, int, int], mirror: bool, kept: int
) -> str:
    array, first = found.images, notes.held_out
    train = (notes.count - first) // (1 + mirror)
    name = f"the array {array.name} of {shown}" if array.member else f"the array {shown}"
    shape = "x".join(map(str, array.picture_shape))
    remarks = [notes.remark] if notes.remark else []
    if array.picture_shape != row_shape:
        remarks.append(f"brought to {'x'.join(map(str, row_shape))}")
    if found.test_images:
        remarks.append(f"{kept:,} of the {first:,} test rows {found.test_images.name} held out for curves")
    elif first:
        remarks.append(f"{first:,} more held out")
    remarks += ["mirrored"] if mirror else []
    told = f" ({'; '.join(remarks)})" if remarks else ""
    return f"{train:,} pictures {shape} of {array.dtype} from {name}{told}"
