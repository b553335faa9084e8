"""Arrays from strangers: which an .npy or .npz holds, which of them are pictures, and their rows, read in stretches.

The headers (NumPy's format, numpy.lib.format) are checked before anything is read; no pickle is.
"""

import contextlib
import math
import os
import re
import warnings
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

from gan_lowlevel.data import zips
from gan_lowlevel.data.dataset import MAX_COUNT
from gan_lowlevel.errors import Exit, Failure, printable

MAGIC = b"\x93NUMPY"
WANTED = "numbers [N, H, W] or [N, H, W, C], C 1 or 3, are wanted"
LEAST_SIDE = 8  # pixels of height and width
MAX_ROW = 2**26  # bytes of a picture: 64 MiB
MAX_ARRAYS = 1000  # in an .npz
_STRETCH = 2**22  # bytes that are read at a time
_MEANT = ("images", "x", "x_train", "train_images", "train_x", "data", "samples", "arr_0")  # where several could be


class Array(NamedTuple):
    """One array of a file, as its header says."""

    path: str
    member: str  # in an .npz; empty for an .npy
    shape: tuple[int, ...]
    dtype: np.dtype
    fortran: bool
    offset: int  # bytes before its numbers
    held: int  # bytes after them

    @property
    def name(self) -> str:
        """For the console."""
        return printable(self.member.removesuffix(".npy"))

    @property
    def shown(self) -> str:
        """The same with its file."""
        return f"{self.name} in {printable(self.path)}" if self.member else printable(self.path)

    @property
    def picture_shape(self) -> tuple[int, int, int]:
        """(H, W, C) of a row."""
        height, width, *channels = self.shape[1:]
        return height, width, channels[0] if channels else 1


class Meant(NamedTuple):
    """The arrays of a file, by what they are for."""

    images: Array
    labels: Array | None
    test_images: Array | None
    test_labels: Array | None


def meant(path: str) -> Meant:
    """The pictures of an .npy or .npz, and their labels and test rows where it has them.

    Test rows are those with "test" in their name; labels the one array of whole numbers as long as the pictures.
    Raises Failure(DATA) where nothing, or more than one array, could be the pictures, or they are none.
    """
    found = arrays(path)
    pictures = [each for each in found if len(each.shape) in (3, 4) and each.dtype.kind in "buif"]
    tests = [each for each in pictures if _of_test(each)]
    train = [each for each in pictures if each not in tests and not re.search("val", each.name.lower())]
    train, tests = (train, tests) if train else (pictures, [])
    if len(train) > 1:
        train = [each for each in train if each.name.lower() in _MEANT] or train
    if len(train) > 1:
        names = ", ".join(each.name for each in train[:10])
        raise Failure(
            Exit.DATA,
            f"{printable(path)} holds several arrays that could be the pictures ({names}): save the one that is meant "
            "as an .npy, or name it images.",
        )
    images = train[0] if train else _nearest(path, found)
    test_images = tests[0] if len(tests) == 1 else None
    for each in (images, test_images):
        if each is not None:
            _check(each)
    return Meant(
        images,
        _labels(found, images, of_test=_of_test(images)),
        test_images,
        test_images and _labels(found, test_images, of_test=True),
    )


def arrays(path: str) -> list[Array]:
    """Every array of an .npy or .npz, of whatever kind. Raises Failure(DATA) for damaged ones."""
    if not zips.begins_as_one(path):
        with open(path, "rb") as file:
            return [_header(file, path, "", os.path.getsize(path))]
    with zips.opened(path) as archive:
        members = {name: info for name, info in zips.members(archive).items() if name.endswith(".npy")}
        if len(members) > MAX_ARRAYS:
            raise Failure(
                Exit.DATA, f"{printable(path)} holds {len(members):,} arrays: one of pictures [N, H, W] is wanted."
            )
        found = []
        for name, info in members.items():
            if why := zips.refusal(info):
                raise Failure(Exit.DATA, f"{printable(name)} in {printable(path)} can't be read, as {why}.")
            with _telling(f"{printable(name)} in {printable(path)}"), archive.open(info) as file:
                found.append(_header(file, path, name, info.file_size))
    return found


def stretches(array: Array) -> Iterator[np.ndarray]:
    """The rows in their order, some at a time: [n, *array.shape[1:]] of its dtype.

    With the last of a zip's, zipfile holds the whole member to its CRC-32. Raises Failure(DATA).
    """
    bytes_a_row = array.held // max(array.shape[0], 1)
    rows_a_stretch = max(_STRETCH // max(bytes_a_row, 1), 1)
    with _telling(array.shown), _numbers(array) as file:
        if array.fortran:  # the first axis runs fastest: no row is there before all are
            content = _read(file, array.held)
            whole = np.frombuffer(content, array.dtype).reshape(array.shape, order="F")
            yield from (whole[i : i + rows_a_stretch] for i in range(0, len(whole), rows_a_stretch))
        else:
            for first in range(0, array.shape[0], rows_a_stretch):
                count = min(rows_a_stretch, array.shape[0] - first)
                content = _read(file, count * bytes_a_row)
                yield np.frombuffer(content, array.dtype).reshape(count, *array.shape[1:])


def labels(array: Array | None) -> np.ndarray | None:
    """Labels as uint8 [N]; None where there are none, or others than 0 to 255."""
    if array is None:
        return None
    found = np.concatenate(list(stretches(array)))
    return found.astype(np.uint8) if found.min() >= 0 and found.max() <= 255 else None


@contextlib.contextmanager
def _numbers(array: Array) -> Iterator[BinaryIO]:
    """The file, or the member, from its first number on."""
    if not array.member:
        with open(array.path, "rb") as file:
            file.seek(array.offset)
            yield file
        return
    with zips.opened(array.path) as archive, archive.open(array.member) as file:
        _read(file, array.offset)
        yield file


def _read(file: BinaryIO, count: int) -> bytes:
    content = file.read(count)
    if len(content) < count:
        raise EOFError("it ends too early")
    return content


@contextlib.contextmanager
def _telling(what: str) -> Iterator[None]:
    """What zipfile, zlib and NumPy raise on damaged bytes, as Failure(DATA)."""
    try:
        with zips.seeking():
            yield
    except (Failure, OSError):
        raise
    except MemoryError:
        raise Failure(Exit.DATA, f"{what} is more than this machine's memory takes.") from None
    except Exception as error:
        raise Failure(Exit.DATA, f"{what} is damaged ({zips.reason(error)}): give a good copy of it.") from None


def _header(file: BinaryIO, path: str, member: str, size: int) -> Array:
    """What stands at the beginning of an .npy of `size` bytes. Raises Failure(DATA)."""
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    shown = f"{printable(member)} in {printable(path)}" if member else printable(path)
    with _telling(shown), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's remark on headers of Python 2
        version = np.lib.format.read_magic(file)
        if version not in readers:
            raise ValueError(f"version {version[0]}.{version[1]} of the format, 1.0 or 2.0 is wanted")
        shape, fortran, dtype = readers[version](file)
        if any(type(side) is not int or side < 0 for side in shape):
            raise ValueError(f"a shape of {list(shape)}")
        offset = file.tell()
    held = size - offset
    wanted = math.prod(shape) * dtype.itemsize
    if not dtype.hasobject and held != wanted:  # a pickle has any length, and is read by nobody
        raise Failure(
            Exit.DATA,
            f"{shown} is damaged: its header claims {_text(shape)} of {dtype}, {wanted:,} bytes, and {held:,} follow.",
        )
    return Array(path, member, tuple(shape), dtype, fortran, offset, held)


def _check(array: Array) -> None:
    """Raise Failure(DATA) where the header is that of no pictures."""
    shape, shown = array.shape, array.shown
    came = f"{shown} has the shape {_text(shape)} of {array.dtype}"
    if array.dtype.hasobject:
        raise Failure(Exit.DATA, f"{shown} holds Python objects, which may be programs and are not read: {WANTED}.")
    if array.dtype.kind not in "buif" or array.dtype.itemsize > 8:
        raise Failure(Exit.DATA, f"{came}, and {WANTED}.")
    advice = ""
    if len(shape) == 2 and (side := math.isqrt(shape[1])) ** 2 == shape[1]:
        advice = f": save a.reshape(-1, {side}, {side})"
    elif len(shape) == 4 and shape[1] in (1, 3) and shape[3] not in (1, 3):
        advice = ", colours last: save np.moveaxis(a, 1, -1)"
    elif len(shape) == 3 and shape[2] in (1, 3, 4):
        advice = "; this looks like one picture"
    if len(shape) not in (3, 4) or advice or (len(shape) == 4 and shape[3] not in (1, 3)):
        raise Failure(Exit.DATA, f"{came}, and {WANTED}{advice}.")
    if not 0 < shape[0] <= MAX_COUNT:
        raise Failure(Exit.DATA, f"{came}, and 1 to {MAX_COUNT:,} pictures are wanted.")
    if min(shape[1:3]) < LEAST_SIDE or array.held // shape[0] > MAX_ROW:
        raise Failure(
            Exit.DATA, f"{came}, and pictures of {LEAST_SIDE}x{LEAST_SIDE} to {MAX_ROW // 2**20} MiB each are wanted."
        )


def _nearest(path: str, found: list[Array]) -> Array:
    """Where none is an array of pictures: the largest, which `_check` refuses with what it lacks."""
    if not found:
        raise Failure(Exit.DATA, f"{printable(path)} holds no array: {WANTED}.")
    return max(found, key=lambda array: array.held)


def _labels(found: list[Array], images: Array, of_test: bool) -> Array | None:
    fitting = [
        each
        for each in found
        if each.shape == images.shape[:1] and each.dtype.kind in "iu" and _of_test(each) == of_test
    ]
    return fitting[0] if len(fitting) == 1 else None


def _of_test(array: Array) -> bool:
    return "test" in array.name.lower()


def _text(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]"
