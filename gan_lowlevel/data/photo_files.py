"""Photographs from strangers: which files of a folder are meant, and the pixels of one of them."""

import collections
import concurrent.futures
import contextlib
import os
import stat
import threading
import warnings
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from tqdm import tqdm

from gan_lowlevel import system
from gan_lowlevel.errors import printable

EXTENSIONS = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".gif")
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF")  # Pillow's others, some of which start programs, are never tried
MAX_PIXELS = 2**28 // 3  # 89 million, 256 MiB as RGB; a header that claims more is no photograph
MAX_BYTES = 2**28  # of a file, which some decoders read whole: 256 MiB
_LARGE = 2**25  # pixels; larger ones are decoded one at a time, or memory would grow with the cores
_DRAFT = 4  # a JPEG is decoded at 1/2, 1/4 or 1/8 where that leaves 4 times the wanted size: 10 times faster for
# 7 megapixels, and the result differs by 1 of 255 on average; 500x375 to 64x64 is decoded in full
_BAND = 2**22  # pixels that are made opaque at a time: whole copies of a large picture would take a gigabyte
_AT_ONCE = 1024  # files handed to the threads at a time: a million of them would hold a gigabyte

_one_large = threading.Lock()


class Photo(NamedTuple):
    """A file, or a member of a zip, that should be a photograph."""

    name: str  # relative to the folder, with / on every system
    path: str  # of a file; of a member its name
    size: int  # bytes
    mark: int  # another one where the content is another: of a file its time of change in ns, of a member its CRC-32


class Skipped(NamedTuple):
    """A file that is no photograph, though its name says so."""

    name: str
    reason: str
    passing: bool = False  # a fault of the machine, such as no right to read it: another time may go well


class Photos(NamedTuple):
    """What a folder or a zip holds, each list sorted by name."""

    photos: list[Photo]
    skipped: list[Skipped]
    # What Pillow opens, for as long as it is entered: the path of a file, or the bytes of a member.
    opened: Callable[[Photo], contextlib.AbstractContextManager[str | BinaryIO]]


def find(directory: str) -> Photos:
    """The photographs of a folder and of the folders in it, by extension.

    Left out: what is hidden (a leading dot), links to a folder that was read already, and links to a folder
    that they lie in, which would loop. Skipped: what cannot be read, is no regular file, or is too large.
    """
    photos, skipped, read = [], [], set()
    # Links wait until all folders are read, so that a photograph has its own name and not that of a link to it.
    folders, links = collections.deque([""]), collections.deque()
    while folders or links:
        folder = (folders or links).popleft()
        path = os.path.join(directory, *folder.split("/"))
        target = os.path.realpath(path)
        if target in read or _loops(path, target):
            continue
        read.add(target)
        try:
            with os.scandir(path) as entries:
                entries = sorted(entries, key=lambda entry: entry.name)  # a disk's own order differs from disk to disk
        except OSError as error:
            skipped.append(_skipped(folder or ".", error))
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            name = f"{folder}/{entry.name}".lstrip("/")
            with contextlib.suppress(OSError):  # a link to itself: no folder
                if entry.is_dir():
                    (links if entry.is_symlink() else folders).append(name)
                    continue
            if name.lower().endswith(EXTENSIONS):
                found = _photo(name, entry.path)
                (photos if isinstance(found, Photo) else skipped).append(found)
    return Photos(sorted(photos), sorted(skipped), lambda photo: contextlib.nullcontext(photo.path))


def decode(file: str | BinaryIO, *, size: int, channels: int, resize: str) -> np.ndarray:
    """One photograph as uint8 [size, size, channels]: upright, 8 bits, RGB or grey, antialiased bilinear.

    resize: "stretch" takes all of it, "crop" the square in its middle. What is transparent becomes white, as on the
    page that cut-out pictures are made for; the colour beneath is whatever the program that saved it left there.
    Raises whatever Pillow raises on a broken file, of any kind.
    """
    with Image.open(file, formats=FORMATS) as image:  # reads the header alone
        large = image.width * image.height > _LARGE
        with _one_large if large else contextlib.nullcontext():
            image.draft("RGB", (_DRAFT * size, _DRAFT * size))  # JPEG alone
            ImageOps.exif_transpose(image, in_place=True)
            rgb = _opaque(image)
        return squared(rgb, size=size, channels=channels, resize=resize)


def squared(picture: Image.Image, *, size: int, channels: int, resize: str) -> np.ndarray:
    """A picture of 8 bits, RGB or grey, as uint8 [size, size, channels]; resize as in `decode`."""
    mode = "RGB" if channels == 3 else "L"
    if picture.mode != mode:
        picture = picture.convert(mode)  # to grey 0.299 R + 0.587 G + 0.114 B: a grey stays as it was
    side = min(picture.size)
    left, top = (picture.width - side) / 2, (picture.height - side) / 2
    box = (left, top, left + side, top + side) if resize == "crop" else None
    return np.asarray(picture.resize((size, size), Image.Resampling.BILINEAR, box)).reshape(size, size, channels)


def decode_all(found: Photos, write: Callable[[np.ndarray], object], **settings) -> list[Skipped]:
    """`write` each photograph in turn, as `decode` gives it with these settings; gives those that do not decode.

    Threads on all cores: Pillow lets go of Python's lock while it decodes and resizes. A bar on a terminal.
    """

    def attempt(photo: Photo) -> np.ndarray | Skipped:
        try:
            with found.opened(photo) as file:
                return decode(file, **settings)
        except Exception as error:  # Pillow, and zlib, raise a dozen kinds on a stranger's file
            return _skipped(photo.name, error)

    photos, skipped = found.photos, []
    bar = tqdm(total=len(photos), desc="photographs", unit="file", disable=None)  # None: only on a terminal
    with bar, _strict_pillow(), concurrent.futures.ThreadPoolExecutor(system.cores()) as pool:
        for start in range(0, len(photos), _AT_ONCE):
            for result in pool.map(attempt, photos[start : start + _AT_ONCE]):
                if isinstance(result, Skipped):
                    skipped.append(result)
                else:
                    write(result)
                bar.update()
    return skipped


def _skipped(name: str, error: Exception) -> Skipped:
    """The error in one short line; parts of it may be the file's own bytes."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    if isinstance(error, UnidentifiedImageError):  # whose text is the path
        words = "no JPEG, PNG, WebP, BMP or GIF in it"
    if isinstance(error, (Image.DecompressionBombWarning, Image.DecompressionBombError)):
        words = f"more than the {MAX_PIXELS:,} pixels that are accepted"
    passing = isinstance(error, MemoryError) or getattr(error, "errno", None) is not None  # Pillow's own have no number
    return Skipped(name, printable(words)[:200], passing)


def _photo(name: str, path: str) -> Photo | Skipped:
    try:
        status = os.stat(path)
    except OSError as error:  # a link to nothing, or to itself
        return _skipped(name, error)
    if not stat.S_ISREG(status.st_mode):  # a pipe would never end
        return Skipped(name, "no regular file")
    if status.st_size > MAX_BYTES:
        return Skipped(name, f"{status.st_size:,} bytes, more than the {MAX_BYTES:,} that are accepted")
    return Photo(name, path, status.st_size, status.st_mtime_ns)


def _loops(path: str, target: str) -> bool:
    """Whether a link lies inside the folder that it leads to."""
    inside = os.path.join(os.path.realpath(os.path.dirname(path)), "")
    return os.path.islink(path) and inside.startswith(os.path.join(target, ""))


def _opaque(image: Image.Image) -> Image.Image:
    """Any mode as RGB of 8 bits, on white. One copy of the picture, or none."""
    if image.mode == "RGB" and not image.has_transparency_data:
        return image
    opaque = Image.new("RGB", image.size)
    rows = max(_BAND // image.width, 1)
    for top in range(0, image.height, rows):
        box = (0, top, image.width, min(top + rows, image.height))
        opaque.paste(_opaque_band(image.crop(box)), box)
    return opaque


def _opaque_band(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits in 16 or 32, which Pillow would clip; 65535 / 257 = 255
        image = Image.fromarray(np.rint(np.asarray(image) / 257).astype(np.uint8))
    if image.has_transparency_data:  # alpha, or one colour that means transparent
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


@contextlib.contextmanager
def _strict_pillow():
    """Beyond MAX_PIXELS Pillow raises, at the header and in every thread; its remarks on metadata are not shown."""
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before
