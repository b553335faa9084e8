"""A folder of photographs as squares of one size, decoded once and from then on mapped from a cache file."""

import contextlib
import dataclasses
import functools
import hashlib
import io
import os
import sys
from typing import BinaryIO

import numpy as np
import PIL

from gan_lowlevel.data import photo_cache
from gan_lowlevel.data.dataset import Dataset
from gan_lowlevel.data.photo_files import Photo, Skipped, decode_all, find
from gan_lowlevel.errors import Exit, Failure, printable

_WANTED = "give --input_data_dir=DIR, a folder of JPEG, PNG, WebP, BMP or GIF files"
_VERSION = 1  # of the decoding: where it changes, so does this, and caches are made anew
_MIRRORED_AT_ONCE = 256  # rows


@dataclasses.dataclass(frozen=True)
class Photographs(Dataset):
    """A data set that was hashed when its cache was written: a folder larger than memory takes minutes."""

    known_sha256: str

    def sha256(self) -> str:
        return self.known_sha256


def load(
    directory: str,
    *,
    size: int,
    channels: int,
    resize: str,
    mirror: bool,
    holdout: float,
    batch_size: int,
    dry_run: bool,
) -> Dataset:
    """The photographs of a folder and of the folders in it: uint8 [N, size, size, channels], by name; labels are 0.

    resize: "stretch" or "crop", see photo_files.decode. mirror: those that train come a second time, left to right.
    holdout: this share, by a hash of each name, never trains. Files that do not decode are named on standard error.
    The arrays are read-only and mapped from a cache file, so that a folder larger than memory trains too; where
    none can be written, or dry_run would have to, they are in memory.
    Raises Failure(DATA) for no folder, and for fewer rows to train on than `batch_size`.
    """
    folder, shown = os.path.expanduser(directory), printable(directory)
    if not directory:
        raise Failure(Exit.DATA, f"this model needs photographs: {_WANTED}.")
    if not os.path.isdir(folder):
        came = "is a file" if os.path.exists(folder) else "does not exist"
        raise Failure(Exit.DATA, f"{shown} {came}, and a folder of photographs is wanted: {_WANTED}.")

    photos, unreadable = find(folder)
    photos.sort(key=lambda photo: not is_held_out(photo.name, holdout))  # first those held out, each part by name
    row_shape = (size, size, channels)
    fill = functools.partial(_decode, photos, row_shape, resize, mirror, holdout)
    key = photo_cache.key(
        _VERSION, PIL.__version__, os.path.realpath(folder), row_shape, resize, mirror, holdout,
        [(photo.name, photo.size, photo.mtime_ns) for photo in photos],
    )  # fmt: skip
    cache = bool(photos) and not dry_run
    stored = photo_cache.read(key, row_shape, touch=cache) if photos else None
    if stored is not None and any(file.passing for file in stored.notes.skipped):
        stored = None  # they are tried again; and Windows replaces no file that is still mapped
    if stored is None:
        stored = _made(key, row_shape, fill, cache)

    skipped = sorted(unreadable + stored.notes.skipped)
    _name(skipped)
    held_out_images, images = np.split(stored.rows, [stored.notes.held_out])
    remarks = [f"{len(skipped):,} {'file' if len(skipped) == 1 else 'files'} skipped"] if skipped else []
    remarks += [f"{len(held_out_images):,} more held out"] if len(held_out_images) else []
    remarks += ["mirrored"] if mirror else []
    told = f" ({', '.join(remarks)})" if remarks else ""
    if len(images) < batch_size:
        advice = f"add photographs, or say --batch_size={len(images)}" if len(images) else _WANTED
        raise Failure(
            Exit.DATA,
            f"{shown} gives {len(images):,} pictures to train on{told}, and a batch has {batch_size:,}: {advice}.",
        )
    return Photographs(
        images=images,
        labels=np.zeros(len(images), np.uint8),
        held_out_images=held_out_images,
        held_out_labels=np.zeros(len(held_out_images), np.uint8),
        description=f"{len(images) // (1 + mirror):,} photographs from {shown} as {size}x{size}x{channels}{told}",
        known_sha256=stored.sha256,
    )


def is_held_out(name: str, holdout: float) -> bool:
    """By its name alone: a photograph stays on its side whatever others come or go."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") < holdout * 2**64


def _made(key: str, row_shape: tuple[int, ...], fill, cache: bool) -> photo_cache.Stored:
    """The rows, decoded now: into the cache and mapped from there, or else into memory."""
    if cache:
        with contextlib.suppress(OSError):  # full or read-only; on Windows also a file that another process has mapped
            photo_cache.write(key, row_shape, fill)
        stored = photo_cache.read(key, row_shape, touch=True)  # whoever wrote it
        if stored is not None:
            return stored
    memory = io.BytesIO()
    notes = fill(memory)
    rows = np.frombuffer(memory.getbuffer(), np.uint8).reshape(notes.count, *row_shape)
    rows.flags.writeable = False  # as from the cache
    return photo_cache.Stored(rows, notes, photo_cache.dataset_sha256(rows[notes.held_out :]))


def _decode(
    photos: list[Photo], row_shape: tuple[int, ...], resize: str, mirror: bool, holdout: float, file: BinaryIO
) -> photo_cache.Notes:
    """Append all rows to `file`, in the order that Notes gives. `photos`: first those that are held out."""
    start = file.tell()
    size, _, channels = row_shape
    skipped = decode_all(photos, file.write, size=size, channels=channels, resize=resize)
    count = len(photos) - len(skipped)
    names = {photo.name for photo in photos} - {file.name for file in skipped}
    held_out = sum(is_held_out(name, holdout) for name in names)
    train = range(held_out, count)
    for first in train[::_MIRRORED_AT_ONCE] if mirror else ():
        bytes_a_row = size * size * channels
        file.seek(start + first * bytes_a_row)
        content = file.read(min(_MIRRORED_AT_ONCE, count - first) * bytes_a_row)
        rows = np.frombuffer(content, np.uint8).reshape(-1, *row_shape)  # [n, height, width, channels]
        file.seek(0, os.SEEK_END)
        file.write(rows[:, :, ::-1].tobytes())
    return photo_cache.Notes(count + mirror * len(train), held_out, skipped)


def _name(skipped: list[Skipped]) -> None:
    for each in skipped:
        print(f"skipped {printable(each.name)}: {each.reason}", file=sys.stderr)
    sys.stderr.flush()
