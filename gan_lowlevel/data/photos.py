"""Photographs of a folder or a zip as squares of one size, decoded once and from then on mapped from a cache file."""

import contextlib
import functools
import os
import sys
from typing import BinaryIO

import numpy as np
import PIL

from gan_lowlevel.data import photo_cache, photo_zip, zips
from gan_lowlevel.data.dataset import Dataset, Hashed, is_held_out
from gan_lowlevel.data.photo_files import Photos, Skipped, decode_all, find
from gan_lowlevel.errors import Exit, Failure, printable

_WANTED = "give --input_data_dir=DIR, a folder or a zip of JPEG, PNG, WebP, BMP or GIF files"
_VERSION = 1  # of the decoding: where it changes, so does this, and caches are made anew


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
    """The photographs of a folder, or a zip, and of the folders in it: uint8 [N, size, size, channels], by name.

    Labels are 0. resize: "stretch" or "crop", see photo_files.decode. mirror: those that train come a second time,
    left to right.
    holdout: this share, by a hash of each name, never trains. Files that do not decode are named on standard error.
    The arrays are read-only and mapped from a cache file, so that a folder larger than memory trains too; where
    none can be written, or dry_run would have to, they are in memory.
    Raises Failure(DATA) for neither folder nor zip, and for fewer rows to train on than `batch_size`.
    """
    path, shown = os.path.expanduser(directory), printable(directory)
    if not directory:
        raise Failure(Exit.DATA, f"this model needs photographs: {_WANTED}.")
    zipped = zips.begins_as_one(path)
    if not zipped and not os.path.isdir(path):
        came = "is a file" if os.path.exists(path) else "does not exist"
        raise Failure(Exit.DATA, f"{shown} {came}, and photographs are wanted: {_WANTED}.")

    with photo_zip.opened(path) if zipped else contextlib.nullcontext(find(path)) as found:
        # First those held out, each part by name.
        found.photos.sort(key=lambda photo: not is_held_out(photo.name, holdout))
        row_shape = (size, size, channels)
        fill = functools.partial(_decode, found, row_shape, resize, mirror, holdout)
        key = photo_cache.key(
            _VERSION, PIL.__version__, os.path.realpath(path), row_shape, resize, mirror, holdout,
            [(photo.name, photo.size, photo.mark) for photo in found.photos],
        )  # fmt: skip
        cache = bool(found.photos) and not dry_run
        stored = photo_cache.read(key, row_shape, touch=cache) if found.photos else None
        if stored is not None and any(file.passing for file in stored.notes.skipped):
            stored = None  # they are tried again; and Windows replaces no file that is still mapped
        if stored is None:
            stored = photo_cache.made(key, row_shape, fill, cache)
        unreadable = found.skipped

    skipped = sorted(unreadable + stored.notes.skipped)
    _name(skipped)
    held_out_images, images = np.split(stored.rows, [stored.notes.held_out])
    remarks = [f"{len(skipped):,} {'file' if len(skipped) == 1 else 'files'} skipped"] if skipped else []
    remarks += [f"{len(held_out_images):,} more held out"] if len(held_out_images) else []
    remarks += ["mirrored"] if mirror else []
    told = f" ({', '.join(remarks)})" if remarks else ""
    what = f"the zip {shown}" if zipped else shown
    if len(images) < batch_size:
        advice = f"add photographs, or say --batch_size={len(images)}" if len(images) else _WANTED
        raise Failure(
            Exit.DATA,
            f"{shown} gives {len(images):,} pictures to train on{told}, and a batch has {batch_size:,}: {advice}.",
        )
    return Hashed(
        images=images,
        labels=np.zeros(len(images), np.uint8),
        held_out_images=held_out_images,
        held_out_labels=np.zeros(len(held_out_images), np.uint8),
        description=f"{len(images) // (1 + mirror):,} photographs from {what} as {size}x{size}x{channels}{told}",
        known_sha256=stored.sha256,
    )


def _decode(
    found: Photos, row_shape: tuple[int, int, int], resize: str, mirror: bool, holdout: float, file: BinaryIO
) -> photo_cache.Notes:
    """Append all rows to `file`, in the order that Notes gives. The photographs: first those that are held out."""
    start = file.tell()
    size, _, channels = row_shape
    skipped = decode_all(found, file.write, size=size, channels=channels, resize=resize)
    count = len(found.photos) - len(skipped)
    names = {photo.name for photo in found.photos} - {file.name for file in skipped}
    held_out = sum(is_held_out(name, holdout) for name in names)
    if mirror:
        photo_cache.mirror(file, start, row_shape, range(held_out, count))
    return photo_cache.Notes(count + mirror * (count - held_out), held_out, skipped)


def _name(skipped: list[Skipped]) -> None:
    for each in skipped:
        print(f"skipped {printable(each.name)}: {each.reason}", file=sys.stderr)
    sys.stderr.flush()
