"""Photographs in a zip: the same rows as of the folder, nothing unpacked, and what is damaged or odd is named."""

import contextlib
import io
import os
import pathlib
import struct
import threading
import zipfile

import numpy as np
import pytest
from PIL import Image

from gan_lowlevel.data import photo_zip, photos
from gan_lowlevel.errors import Exit, Failure


@pytest.fixture(autouse=True)
def caches(tmp_path, monkeypatch) -> pathlib.Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "gan_lowlevel"


@pytest.fixture
def folder(tmp_path) -> pathlib.Path:
    """Twelve pictures of noise in three folders."""
    folder = tmp_path / "photos"
    drawn = np.random.default_rng(0).integers(0, 256, (12, 9, 11, 3), np.uint8)
    for i, pixels in enumerate(drawn):
        path = folder / ("", "in/", "in/deep/")[i % 3] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return folder


def zipped(folder: pathlib.Path, method=zipfile.ZIP_DEFLATED) -> pathlib.Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", method) as archive:
        for file in sorted(folder.rglob("*"), reverse=True):  # folders are members too, and the order is another
            archive.write(file, file.relative_to(folder))
    return path


def load(path, **settings):
    common = {"size": 8, "channels": 3, "resize": "stretch", "mirror": False, "holdout": 0.0, "batch_size": 1}
    return photos.load(str(path), **common | {"dry_run": False} | settings)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_is_the_folder_that_it_was_made_of(folder, caches, method):
    settings = {"mirror": True, "holdout": 0.3, "resize": "crop"}
    path = zipped(folder, method)
    got, wanted = load(path, **settings), load(folder, **settings)
    assert len(got.held_out_images) > 0
    assert got.sha256() == wanted.sha256()
    assert np.array_equal(got.images, wanted.images)
    assert np.array_equal(got.held_out_images, wanted.held_out_images)
    assert got.description == wanted.description.replace(str(folder), f"the zip {path}")
    assert sorted(os.listdir(folder.parent)) == ["cache", "photos", "photos.zip"]
    assert len(list(caches.glob("photos-*.npy"))) == 2


def test_the_second_start_decodes_nothing_and_another_zip_everything(folder, monkeypatch):
    path = zipped(folder)
    first = load(path)
    content = photo_zip.content
    read = []
    monkeypatch.setattr(photo_zip, "content", lambda *facts: read.append(facts) or content(*facts))
    assert load(path).sha256() == first.sha256()
    assert read == []
    Image.new("RGB", (11, 9)).save(folder / "0.png")
    assert load(zipped(folder)).sha256() != first.sha256()
    assert len(read) == 12


def test_what_is_hidden_is_left_out_and_names_are_but_names(folder, capsys, tmp_path):
    path = zipped(folder)
    picture = (folder / "0.png").read_bytes()
    with zipfile.ZipFile(path, "a") as archive:
        for name in ("__MACOSX/0.png", "in/._0.png", ".hidden.png", "in/.dir/a.png", "notes.txt"):
            archive.writestr(name, b"none of a picture")
        for name in ("../../up.png", "/abs.png", "./here.PNG"):
            archive.writestr(name, picture)
        archive.writestr("bad\n\x1b[2J.png", b"")
    assert len(load(path).images) == 12 + 3
    assert capsys.readouterr().err == "skipped bad\\n\\x1b[2J.png: no JPEG, PNG, WebP, BMP or GIF in it\n"
    assert not (tmp_path.parent / "up.png").exists()


def test_of_a_bomb_of_zeros_the_beginning_is_read(folder, monkeypatch, capsys):
    with zipfile.ZipFile(path := zipped(folder), "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.png", bytes(2**26))
    read, whole = [], zipfile.ZipExtFile.read
    monkeypatch.setattr(zipfile.ZipExtFile, "read", lambda file, n=-1: read.append(n) or whole(file, n))
    assert len(load(path).images) == 12
    assert capsys.readouterr().err == "skipped bomb.png: no JPEG, PNG, WebP, BMP or GIF in it\n"
    assert 0 < max(read) < 2**20


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF"])
def test_every_format_is_read(tmp_path, kind):
    file = io.BytesIO()
    Image.new("RGB", (9, 9), "red").save(file, kind)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.jpg", file.getvalue())  # the content counts
    assert np.abs(load(tmp_path / "a.zip").images.astype(int) - (255, 0, 0)).max() <= 2


def test_of_two_members_of_one_name_the_later_counts(folder):
    path = zipped(folder)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.write(folder / "3.png", "0.png")
    rows = {row.tobytes() for row in load(path).images}
    wanted = {row.tobytes() for row in load(folder).images}
    assert len(load(path).images) == 12
    assert (len(wanted), len(rows)) == (12, 11)  # 3.png is twice there
    assert rows < wanted


def damaged(content: bytes, name: bytes, at: int, new: bytes) -> bytes:
    """With `new` at that place of the entry of `name` in the directory."""
    entry = content.index(name, content.index(b"PK\x01\x02")) - 46
    return content[: entry + at] + new + content[entry + at + len(new) :]


@pytest.mark.parametrize(
    ("at", "new", "why"),
    [
        (8, b"\x01\x00", "it is encrypted"),
        (10, b"\x0e\x00", "it is compressed by method 14, and deflate or none is wanted"),
        (16, b"\0\0\0\0", "Bad CRC-32"),
        (24, struct.pack("<I", 2**28 + 1), "268,435,457 bytes, more than the 268,435,456 that are accepted"),
        (24, struct.pack("<I", 2**28), "it claims 268,435,456 bytes, more than its"),
    ],
    ids=["encrypted", "LZMA", "checksum", "too large", "lying"],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_member_that_can_not_be_read_is_named_and_skipped(folder, capsys, at, new, why, dry_run):
    path = zipped(folder)
    path.write_bytes(damaged(path.read_bytes(), b"in/deep/2.png", at, new))
    for _ in range(2):
        assert len(load(path, dry_run=dry_run).images) == 11
        line = capsys.readouterr().err
        assert line.startswith(f"skipped in/deep/2.png: {why}")
        assert line.count("\n") == 1


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_misplaced_member_is_named_and_skipped(folder, capsys, dry_run):
    path = zipped(folder)
    with zipfile.ZipFile(path) as archive:  # five bytes into itself: elsewhere zipfile may refuse its neighbour too
        offset = struct.pack("<I", archive.getinfo("in/deep/2.png").header_offset + 5)
    path.write_bytes(damaged(path.read_bytes(), b"in/deep/2.png", 42, offset))
    assert len(load(path, dry_run=dry_run).images) == 11
    assert capsys.readouterr().err.startswith("skipped in/deep/2.png: Bad magic number")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lambda whole: whole[: len(whole) // 2], "is no whole zip (File is not a zip file): give a good copy of it"),
        (lambda whole: b"no zip", "is a file, and photographs are wanted"),
        (lambda whole: b"PK\x05\x06" + bytes(18), "gives 0 pictures to train on"),
    ],
)
def test_what_is_no_zip_of_photographs_is_one_sentence(folder, content, said):
    path = zipped(folder)
    path.write_bytes(content(path.read_bytes()))
    with pytest.raises(Failure) as caught:
        load(path)
    assert caught.value.code == Exit.DATA
    assert said in str(caught.value)


@pytest.mark.parametrize(("large", "alone"), [(0, True), (2**25, False)])
def test_large_members_are_in_memory_one_at_a_time(folder, monkeypatch, large, alone):
    monkeypatch.setattr(photo_zip, "_LARGE", large)
    inside, most = [], []
    lock, content = threading.Lock(), photo_zip.content

    @contextlib.contextmanager
    def counted():
        with lock:
            inside.append(1)
            most.append(len(inside))
        yield
        with lock:
            inside.pop()

    meeting = threading.Barrier(2)

    def read(*facts):
        with counted():
            if not alone and len(most) <= 2:
                meeting.wait(10)  # two at a time, or the barrier breaks
            return content(*facts)

    monkeypatch.setattr(photo_zip, "content", read)
    monkeypatch.setattr("gan_lowlevel.data.photo_files.system.cores", lambda: 2)
    assert len(load(zipped(folder)).images) == 12
    assert max(most) == (1 if alone else 2)
