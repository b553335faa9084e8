"""MNIST, or what has its format, from the four IDX files (LeCun, Cortes and Burges, http://yann.lecun.com/exdb/mnist/)."""

import hashlib
import math
import os
import pathlib
import struct
import zlib
from collections.abc import Mapping
from typing import BinaryIO

import numpy as np

from gan_lowlevel.data.dataset import MAX_COUNT, Dataset, held_out_of
from gan_lowlevel.data.download import MNIST, SHA256, Source, by_hand, fetch
from gan_lowlevel.errors import Exit, Failure

FILES = TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = tuple(SHA256)
_CHUNK = 2**20  # bytes


def load(directory: str, download: bool, dry_run: bool = False, source: Source = MNIST) -> Dataset:
    """The four files of `directory` as a data set: 28x28x1 images; the last of the test images are held out.

    Files that are missing are downloaded from `source`, unless `download` is off or `dry_run` on; only beside files of
    MNIST's own, since Fashion-MNIST and others have the same names.
    Raises Failure(DATA) with one sentence for whatever is missing, broken or not MNIST's format.
    """
    folder = pathlib.Path(os.path.expanduser(directory))
    found = _find(folder)
    missing = [name for name, path in found.items() if path is None]
    if missing:
        _refuse_another(folder, found, missing, source)
    if missing and (dry_run or not download):
        reason = "nothing may be downloaded into it: leave --nodownload out, give evaluate --input_data_dir"
        if dry_run:
            reason = "--dry_run downloads nothing: leave that flag out"
        raise Failure(Exit.DATA, f"{folder} lacks {', '.join(missing)} and {reason}, or {by_hand(folder)}.")
    if missing:
        fetch(missing, folder, source)
    paths = _find(folder)
    images, labels = _pair(paths[TRAIN_IMAGES], paths[TRAIN_LABELS])
    test_images, test_labels = _pair(paths[TEST_IMAGES], paths[TEST_LABELS])
    held_out = held_out_of(len(test_images))
    return Dataset(
        images=images,
        labels=labels,
        held_out_images=test_images[-held_out:],
        held_out_labels=test_labels[-held_out:],
        description=f"MNIST from {folder}: {len(images):,} training images 28x28x1, "
        f"{held_out:,} of the {len(test_images):,} test images held out for curves",
        test_images=test_images,
        test_labels=test_labels,
        digits=True,
    )


def read_idx(path: pathlib.Path, magic: int, item_shape: tuple[int, ...]) -> np.ndarray:
    """An IDX file of bytes, gzipped where its name ends in .gz: uint8 [N, *item_shape], N from 1 to MAX_COUNT.

    The header is big-endian: the magic number (2051 images, 2049 labels), N, and the item's shape.
    Memory is taken for what the file holds, never for what its header claims. Raises Failure(DATA).
    """
    header = struct.Struct(f">{2 + len(item_shape)}I")
    try:
        with open(path, "rb") as plain:
            file = _Gunzip(plain) if path.suffix == ".gz" else plain
            start = file.read(header.size)
            if len(start) < header.size:
                raise _broken(path, f"a header of {header.size} bytes", f"{len(start)} bytes in all")
            found, count, *shape = header.unpack(start)
            if found != magic:
                raise _broken(path, f"the magic number {magic}", f"{found}")
            if tuple(shape) != item_shape:
                raise _broken(path, f"items of {_times(item_shape)}", f"items of {_times(shape)}")
            if not 0 < count <= MAX_COUNT:
                raise _broken(path, f"1 to {MAX_COUNT:,} items", f"a header that claims {count:,}")
            size = count * math.prod(item_shape)
            content = bytearray()
            # Up to one byte too many: that byte tells of more, and reading to the end checks gzip's CRC.
            while chunk := file.read(min(_CHUNK, size + 1 - len(content))):
                content += chunk
    except zlib.error as error:
        raise _broken(path, "a whole gzip file", f"something else ({str(error).rstrip('.')})") from None
    if len(content) != size:
        came = f"only {len(content):,}" if len(content) < size else "more"
        raise _broken(path, f"{size:,} bytes after the header, which claims {count:,} items", came)
    return np.frombuffer(content, np.uint8).reshape(count, *item_shape)


class _Gunzip:
    """Reads a gzip file of one member, as all of these are.

    By zlib itself: Python's gzip walks byte by byte through names, padding and empty members, of which a few megabytes
    take a minute.
    """

    def __init__(self, file: BinaryIO):
        self._file, self._zlib = file, zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)  # 16: with gzip's header and CRC

    def read(self, count: int) -> bytes:
        """The next `count` bytes, fewer at the end. Raises zlib.error."""
        content = bytearray()
        while len(content) < count and not self._zlib.eof:
            zipped = self._zlib.unconsumed_tail or self._file.read(_CHUNK)
            came = self._zlib.decompress(zipped, count - len(content))
            if not zipped and not came and not self._zlib.eof:
                raise zlib.error("it ends too early")
            content += came
        if self._zlib.eof and (self._zlib.unused_data or self._file.read(1)):
            raise zlib.error("more comes after its end")
        return bytes(content)


def _pair(images_path: pathlib.Path, labels_path: pathlib.Path) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 [N, 28, 28, 1] and their labels uint8 [N], each 0 to 9."""
    images = read_idx(images_path, magic=2051, item_shape=(28, 28))
    labels = read_idx(labels_path, magic=2049, item_shape=())
    if len(images) != len(labels):
        raise _broken(labels_path, f"{len(images):,} labels, one for each image of {images_path}", f"{len(labels):,}")
    if labels.max() > 9:
        where = int(labels.argmax())
        raise _broken(labels_path, "labels from 0 to 9", f"{labels[where]} as label number {where:,}")
    return images[..., np.newaxis], labels


def _find(folder: pathlib.Path) -> dict[str, pathlib.Path | None]:
    """The path of each of the four files, by its published name; None for one that may be downloaded.

    Raises Failure(DATA) for a file in the folder's place, and for a folder of other things.
    """
    if not folder.exists():
        return dict.fromkeys(FILES)
    wanted = f"a folder with {', '.join(FILES)} is wanted"
    if not folder.is_dir():
        raise Failure(Exit.DATA, f"{folder} is a file, and {wanted}: give --input_data_dir=FOLDER.")
    paths = {
        name: next((folder / each for each in spellings(name) if (folder / each).is_file()), None) for name in FILES
    }
    others = [entry.name for entry in folder.iterdir() if not entry.name.startswith(".")]  # not .DS_Store and its like
    if others and not any(paths.values()):
        raise Failure(
            Exit.DATA,
            f"{folder} holds {min(others)} and does not look like MNIST; {wanted}: "
            "give that folder, or a new one to have them downloaded into it.",
        )
    return paths


def _refuse_another(
    folder: pathlib.Path, found: Mapping[str, pathlib.Path | None], missing: list[str], source: Source
) -> None:
    """Raise Failure(DATA) where a file that is there is not MNIST's, so that MNIST's others would not fit to it."""
    for name, path in found.items():
        wanted = source.sha256 if path and path.suffix == ".gz" else source.unzipped_sha256
        if path and _sha256(path) != wanted[name]:
            raise Failure(
                Exit.DATA,
                f"{folder} lacks {', '.join(missing)}, and {path.name} in it is not MNIST's own (its SHA-256 is "
                "another), so MNIST's are not put beside it: add the missing files of the same data, or give a new "
                "folder to have MNIST downloaded into it.",
            )


def _sha256(path: pathlib.Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def spellings(name: str) -> list[str]:
    """train-images-idx3-ubyte.gz as it was published, with a dot as some archives have it, and both unzipped."""
    zipped = [name, name.replace("-idx", ".idx")]
    return zipped + [each.removesuffix(".gz") for each in zipped]


def _broken(path: pathlib.Path, wanted: str, came: str) -> Failure:
    return Failure(
        Exit.DATA,
        f"{path} should hold {wanted}, and holds {came}: delete it to have it downloaded again, or replace it.",
    )


def _times(shape) -> str:
    return "x".join(map(str, shape))
