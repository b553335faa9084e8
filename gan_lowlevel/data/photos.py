"""A folder of photographs as squares of one size, decoded once and then read from a cache file, row by row."""

import contextlib
import dataclasses
import hashlib
import io
import json
import os
import pathlib
import sys
import tempfile
import time
from typing import BinaryIO

import numpy as np
import PIL

from gan_lowlevel import system
from gan_lowlevel.data.dataset import Dataset
from gan_lowlevel.data.photo_files import Photo, Skipped, decode_all, find, printable
from gan_lowlevel.errors import Exit, Failure

WANTED = "give --input_data_dir=DIR, a folder of JPEG, PNG, WebP, BMP or GIF files"
NAMED = 20  # skipped files that are named on the console
CACHES = 4  # that are kept, the most recently used
_FORMAT = 1  # of the cache; another number makes all caches anew
_CHUNK = 256  # rows mirrored at a time
_DAY = 86_400  # seconds


@dataclasses.dataclass(frozen=True)
class _Settings:
    size: int
    channels: int
    resize: str
    mirror: bool
    holdout: float


@dataclasses.dataclass(frozen=True)
class _Decoded:
    """rows: uint8 [held_out + train (+ train, mirrored), size, size, channels], in memory or in a file."""

    rows: np.ndarray
    held_out: int
    skipped: list[Skipped]


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
    """The photographs in `directory` and its folders: uint8 [N, size, size, channels], sorted by name; labels are 0.

    resize: "stretch" or "crop", see photo_files.decode. mirror: the N are followed by the same N mirrored left to
    right. holdout: this share, by a hash of each name, never trains. Files that do not decode are named on standard
    error. The arrays are read-only and mapped from a cache file, so that a folder larger than memory trains too;
    with dry_run, or where no cache can be written, they are in memory.
    Raises Failure(DATA) for no folder and for fewer rows than `batch_size`.
    """
    if not directory:
        raise Failure(Exit.DATA, f"this model trains on photographs: {WANTED}.")
    folder = os.path.expanduser(directory)
    if not os.path.isdir(folder):
        came = "is a file" if os.path.exists(folder) else "does not exist"
        raise Failure(Exit.DATA, f"{printable(directory)} {came}, and photographs are wanted: {WANTED}.")

    settings = _Settings(size, channels, resize, mirror, holdout)
    photos, unreadable = find(folder)
    photos.sort(key=lambda photo: not _is_held_out(photo.name, holdout))  # those held out first, each part by name
    key = _key(folder, photos, settings)
    decoded = _read_cache(key, photos, settings, used=not dry_run)
    if decoded is None and photos and not dry_run:
        with contextlib.suppress(OSError):  # full or read-only; on Windows also a file that another process has mapped
            _write_cache(key, photos, settings)
        decoded = _read_cache(key, photos, settings)  # whoever wrote it
    if decoded is None:
        memory = io.BytesIO()
        shape, held_out, skipped = _decode(photos, settings, memory)
        decoded = _Decoded(np.frombuffer(memory.getbuffer(), np.uint8).reshape(shape), held_out, skipped)

    skipped = sorted(unreadable + decoded.skipped)
    _name(skipped)
    held_out_images, images = np.split(decoded.rows, [decoded.held_out])
    notes = [f"{len(skipped):,} {'file' if len(skipped) == 1 else 'files'} skipped"] if skipped else []
    notes += [f"{len(held_out_images):,} more held out"] if len(held_out_images) else []
    notes += ["mirrored"] if mirror else []
    told = f" ({', '.join(notes)})" if notes else ""
    if len(images) < batch_size:
        raise Failure(
            Exit.DATA,
            f"{printable(directory)} gives {len(images):,} pictures to train on{told}, and a batch has {batch_size:,}: "
            + (f"add photographs, or say --batch_size={len(images)}." if len(images) else f"{WANTED}."),
        )
    return Dataset(
        images=images,
        labels=np.zeros(len(images), np.uint8),
        held_out_images=held_out_images,
        held_out_labels=np.zeros(len(held_out_images), np.uint8),
        description=f"{len(images) // (1 + mirror):,} photographs from {printable(directory)} "
        f"as {size}x{size}x{channels}{told}",
    )


def _is_held_out(name: str, holdout: float) -> bool:
    """By its name alone, so that a photograph stays on its side when others come or go."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8]) < holdout * 2**64


def _decode(photos: list[Photo], settings: _Settings, file: BinaryIO) -> tuple[tuple[int, ...], int, list[Skipped]]:
    """Write the rows of _Decoded to where `file` stands; gives their shape, how many are held out, what was skipped.

    `photos`: first those that are held out.
    """
    start = file.tell()
    reasons = decode_all(
        photos, file.write, size=settings.size, channels=settings.channels, resize=settings.resize
    )  # fmt: skip
    skipped = [Skipped(photo.name, reason) for photo, reason in zip(photos, reasons, strict=True) if reason]
    ...
