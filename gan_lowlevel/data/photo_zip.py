"""Photographs in a zip, each read in place when it is decoded."""

import contextlib
import io
import threading
import zipfile
from collections.abc import Iterator

from gan_lowlevel.data import zips
from gan_lowlevel.data.photo_files import EXTENSIONS, MAX_BYTES, Photo, Photos, Skipped

_LARGE = 2**25  # bytes; of larger members one is in memory at a time, or it would grow with the cores
_BEGINNING = 64  # bytes
# Of photo_files.FORMATS. A few kilobytes of zip can stand for megabytes of zeros, which are not to be waited for.
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"BM", b"GIF8")

_one_large = threading.Lock()


@contextlib.contextmanager
def opened(path: str) -> Iterator[Photos]:
    """The photographs of the zip at `path`, by extension; it stays open meanwhile. Raises Failure(DATA).

    Their names are names and no paths: nothing is written. Skipped: what is encrypted, compressed in an odd way, or
    too large. What is damaged is found when it is decoded: a member has a CRC-32.
    """
    with zips.opened(path) as archive:
        photos, skipped = [], []
        members = zips.members(archive)
        for name, info in members.items():
            if not name.lower().endswith(EXTENSIONS):
                continue
            why = zips.refusal(info)
            if info.file_size > MAX_BYTES:
                why = f"{info.file_size:,} bytes, more than the {MAX_BYTES:,} that are accepted"
            if why:
                skipped.append(Skipped(name, why))
            else:
                photos.append(Photo(name, name, info.file_size, info.CRC))

        @contextlib.contextmanager
        def member(photo: Photo) -> Iterator[io.BytesIO]:
            with _one_large if photo.size > _LARGE else contextlib.nullcontext():
                yield io.BytesIO(content(archive, members[photo.name]))

        yield Photos(sorted(photos), sorted(skipped), member)


def content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """What a member holds, no more than its declared size; of what does not begin as a picture, its beginning alone.

    Raises whatever zipfile and zlib raise on a damaged one.
    """
    with zips.seeking(), archive.open(info) as file:
        found = file.read(min(_BEGINNING, info.file_size))
        if found.startswith(_SIGNATURES):
            found += file.read(info.file_size - len(found))  # with its last byte zipfile holds it to its CRC-32
            if len(found) < info.file_size:
                raise zipfile.BadZipFile(f"{len(found):,} of its {info.file_size:,} bytes are there")
    return found
