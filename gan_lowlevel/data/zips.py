"""Zips from strangers, read in place: their members by name, none of them ever unpacked onto the disk."""

import contextlib
import errno
import os
import zipfile
from collections.abc import Iterator

from gan_lowlevel.errors import Exit, Failure, printable

MOST_DEFLATED = 1032  # bytes that one deflated byte can stand for
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # of the others a header can ask for gigabytes of memory


def begins_as_one(path: str) -> bool:
    """Whether the path is a file, no pipe, that begins as a zip does."""
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")  # the latter of an empty one


@contextlib.contextmanager
def opened(path: str) -> Iterator[zipfile.ZipFile]:
    """The zip at `path`. Raises Failure(DATA) for what is none, and OSError."""
    try:
        with seeking():
            archive = zipfile.ZipFile(path)
    except OSError:
        raise
    except Exception as error:  # of a damaged directory zipfile raises what it meets
        raise Failure(Exit.DATA, f"{path} is no whole zip ({reason(error)}): give a good copy of it.") from None
    with archive:
        yield archive


@contextlib.contextmanager
def seeking() -> Iterator[None]:
    """Raise BadZipFile where a zip leads before its own beginning, which the system calls an invalid argument."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise zipfile.BadZipFile("its directory leads out of it") from None


def members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The files in it, by name; of two of one name the later one, as everywhere. Hidden ones are left out: those with
    a leading dot, and what macOS adds."""
    return {
        info.filename: info
        for info in archive.infolist()
        if not info.is_dir() and not any(_hidden(part) for part in info.filename.split("/"))
    }


def _hidden(part: str) -> bool:
    return part == "__MACOSX" or (part.startswith(".") and part not in (".", ".."))


def refusal(info: zipfile.ZipInfo) -> str:
    """Why a member is not read, or nothing."""
    if info.flag_bits & 0x1:
        return "it is encrypted"
    if info.compress_type not in METHODS:
        return f"it is compressed by method {info.compress_type}, and deflate or none is wanted"
    held = info.compress_size
    if info.file_size > (held if info.compress_type == zipfile.ZIP_STORED else MOST_DEFLATED * held):
        return f"it claims {info.file_size:,} bytes, more than its {held:,} can stand for"
    return ""


def reason(error: Exception) -> str:
    """The error in a few printable words."""
    return printable(" ".join(str(error).split()) or type(error).__name__)[:200].rstrip(".")
