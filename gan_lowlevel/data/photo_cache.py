"""Decoded photographs on the disk, for the next start: all rows as an .npy, which is mapped, and a JSON of notes.

Both lie in the user's cache folder. The .npy is put there first and each of the two in one move, so that two processes
that write at once leave the same as one, and a JSON speaks of a whole .npy.
"""

import contextlib
import hashlib
import io
import json
import math
import os
import pathlib
import time
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

import numpy as np

from gan_lowlevel import system
from gan_lowlevel.data.dataset import Dataset
from gan_lowlevel.data.photo_files import Skipped

PROVED = 2**30  # bytes of rows that are held to their hash at each start, about 2 s; more would take minutes
MIRRORED_AT_ONCE = 256  # rows
KEPT = 4  # caches; older ones, by their last use, are deleted
_PREFIX = "photos-"


class Notes(NamedTuple):
    """What the rows are."""

    count: int  # of rows: first those held out, then those that train, then the latter again if mirrored
    held_out: int
    skipped: list[Skipped]
    remark: str = ""  # what the console should say of them


class Stored(NamedTuple):
    """What the cache gives back. rows: uint8 [count, *row_shape], read-only; what is not looked at is not read."""

    rows: np.ndarray
    notes: Notes
    sha256: str  # Dataset's, of the rows that train


def key(*facts: object) -> str:
    """The name of the cache for these facts; repr writes names that are no Unicode, and floats exactly."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


def read(key: str, row_shape: tuple[int, ...], touch: bool) -> Stored | None:
    """The rows of `key`; None where they are missing or, up to PROVED, not what was written. touch: note this use."""
    try:
        npy, notes_file = _paths(key, make=False)
        found = json.loads(notes_file.read_bytes())
        content = found["notes"]
        if found["sha256"] != _proof(content):
            return None
        count, held_out = int(content["count"]), int(content["held_out"])
        skipped = [Skipped(str(name), str(reason), bool(passing)) for name, reason, passing in content["skipped"]]
        rows = np.load(npy, mmap_mode="r", allow_pickle=False)  # raises for a file shorter than its header says
        whole = npy.stat().st_size == rows.offset + rows.nbytes
        if rows.dtype != np.uint8 or rows.shape != (count, *row_shape) or not whole or not 0 <= held_out <= count:
            return None
        wanted = (content["sha256"], content["held_out_sha256"])
        if rows.nbytes <= PROVED and wanted != (dataset_sha256(rows[held_out:]), dataset_sha256(rows[:held_out])):
            return None
        if touch:
            os.utime(notes_file)  # the time of its last use
        remark = str(content.get("remark", ""))
        return Stored(rows, Notes(count, held_out, skipped, remark), content["sha256"])
    except Exception:  # json and NumPy raise a dozen kinds, and a cache that cannot be read is just no cache
        return None


def write(key: str, row_shape: tuple[int, ...], fill: Callable[[BinaryIO], Notes]) -> None:
    """Keep what `fill` writes into a file: count rows of `row_shape`, uint8. Raises OSError.

    Written, not mapped: on a full disk a write is an error, and a store into mapped memory the end of the process.
    """
    npy, notes_file = _paths(key)
    _delete_left_overs(npy.parent)
    with system.published(npy) as file:
        _write_header(file, (0, *row_shape))
        notes = fill(file)
        file.seek(0)
        _write_header(file, (notes.count, *row_shape))  # of the same length: NumPy leaves room for the count
    rows = np.load(npy, mmap_mode="r", allow_pickle=False)
    content = {
        **notes._asdict(),
        "sha256": dataset_sha256(rows[notes.held_out :]),
        "held_out_sha256": dataset_sha256(rows[: notes.held_out]),
    }
    system.write_atomically(notes_file, json.dumps({"notes": content, "sha256": _proof(content)}).encode())
    _delete_old(npy.parent)


def made(key: str, row_shape: tuple[int, ...], fill: Callable[[BinaryIO], Notes], cache: bool) -> Stored:
    """The rows, decoded now: into the cache and mapped from there, or else into memory."""
    if cache:
        with contextlib.suppress(OSError):  # full or read-only; on Windows also a file that another process has mapped
            write(key, row_shape, fill)
        stored = read(key, row_shape, touch=True)  # whoever wrote it
        if stored is not None:
            return stored
    memory = io.BytesIO()
    notes = fill(memory)
    rows = np.frombuffer(memory.getbuffer(), np.uint8).reshape(notes.count, *row_shape)
    rows.flags.writeable = False  # as from the cache
    return Stored(rows, notes, dataset_sha256(rows[notes.held_out :]))


def mirror(file: BinaryIO, start: int, row_shape: tuple[int, int, int], rows: range) -> None:
    """Append these rows of `file`, in which row 0 is at byte `start`, once more, left to right."""
    bytes_a_row = math.prod(row_shape)
    for first in rows[::MIRRORED_AT_ONCE]:
        file.seek(start + first * bytes_a_row)
        content = file.read(min(MIRRORED_AT_ONCE, rows.stop - first) * bytes_a_row)
        images = np.frombuffer(content, np.uint8).reshape(-1, *row_shape)  # [n, height, width, channels]
        file.seek(0, os.SEEK_END)
        file.write(images[:, :, ::-1].tobytes())


def dataset_sha256(images: np.ndarray) -> str:
    """What Dataset.sha256 says of these images; it looks at nothing else."""
    none = images[:0]
    return Dataset(images, none, none, none, description="").sha256()


def _proof(content: dict) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _paths(key: str, make: bool = True) -> tuple[pathlib.Path, pathlib.Path]:
    directory = system.cache_directory(make)
    return directory / f"{_PREFIX}{key}.npy", directory / f"{_PREFIX}{key}.json"


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _delete_old(directory: pathlib.Path) -> None:
    """All but the KEPT most recently used. On Windows one that is mapped stays."""
    with contextlib.suppress(OSError):  # another process deletes too
        by_use = sorted(directory.glob(f"{_PREFIX}*.json"), key=lambda path: path.stat().st_mtime)
        for notes_file in by_use[:-KEPT]:
            notes_file.with_suffix(".npy").unlink(missing_ok=True)
            notes_file.unlink(missing_ok=True)


def _delete_left_overs(directory: pathlib.Path) -> None:
    """What a process that was killed left: half-written files, and an .npy without its JSON."""
    with contextlib.suppress(OSError):
        system.forget_temporaries(directory, older=system.LEFT_OVER)
    for path in directory.glob(f"{_PREFIX}*.npy"):
        with contextlib.suppress(OSError):
            if not path.with_suffix(".json").exists() and time.time() - path.stat().st_mtime > system.LEFT_OVER:
                path.unlink()
