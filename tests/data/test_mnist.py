"""The IDX reader on good files and on files broken in every way; which files a folder must hold."""

import dataclasses
import gzip
import hashlib
import os
import pathlib
import struct
import tracemalloc

import numpy as np
import pytest

from gan_lowlevel import config, data
from gan_lowlevel.commandline import read_config
from gan_lowlevel.data import download, mnist
from gan_lowlevel.errors import Exit, Failure

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = mnist.FILES
NEVER = download.Source(mirrors=["http://127.0.0.1:1/"], rounds=0)  # a download asked of it fails without a connection


def images_file(count: int, magic: int = 2051, height: int = 28, width: int = 28, claimed: int | None = None) -> bytes:
    """An IDX file of `count` images; all pixels of image i are i mod 256."""
    header = struct.pack(">4I", magic, count if claimed is None else claimed, height, width)
    return header + b"".join(bytes([i % 256]) * (height * width) for i in range(count))


def labels_file(count: int, magic: int = 2049, claimed: int | None = None) -> bytes:
    """An IDX file of `count` labels: 0, 1, ..., 9, 0, ..."""
    return struct.pack(">2I", magic, count if claimed is None else claimed) + bytes(i % 10 for i in range(count))


def good(train: int = 12, test: int = 6) -> dict[str, bytes]:
    """The four files, not yet zipped, by their published names."""
    return {
        TRAIN_IMAGES: images_file(train),
        TRAIN_LABELS: labels_file(train),
        TEST_IMAGES: images_file(test),
        TEST_LABELS: labels_file(test),
    }


def write(folder: pathlib.Path, files: dict[str, bytes]) -> pathlib.Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return folder


def load(folder: pathlib.Path, **kwargs):
    return mnist.load(str(folder), **{"download": True, "source": NEVER} | kwargs)


def refusal(call, *args, **kwargs) -> str:
    """The sentence of the Failure(DATA) that the call must end with."""
    with pytest.raises(Failure) as caught:
        call(*args, **kwargs)
    assert caught.value.code == Exit.DATA
    assert "\n" not in str(caught.value)
    return str(caught.value)


SPELLINGS = {
    "published": lambda name: name,
    "dotted": lambda name: name.replace("-idx", ".idx"),
    "plain": lambda name: name.removesuffix(".gz"),
    "dotted plain": lambda name: name.replace("-idx", ".idx").removesuffix(".gz"),
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_a_good_folder(tmp_path, spelling):
    folder = write(tmp_path / "mnist", {spelling(name): content for name, content in good().items()})
    got = load(folder, download=False)
    assert got.images.shape == (12, 28, 28, 1)
    assert got.images.dtype == got.labels.dtype == got.held_out_images.dtype == np.uint8
    assert np.array_equal(got.images, np.broadcast_to(np.arange(12).reshape(12, 1, 1, 1), (12, 28, 28, 1)))
    assert got.labels.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    assert got.held_out_images[:, 0, 0, 0].tolist() == [3, 4, 5]  # the last half of 6
    assert got.held_out_labels.tolist() == [3, 4, 5]
    assert got.test_images[:, 0, 0, 0].tolist() == got.test_labels.tolist() == [0, 1, 2, 3, 4, 5]  # all of them
    wanted = "12 training images 28x28x1, 3 of the 6 test images held out for curves"
    assert got.description == f"MNIST from {folder}: {wanted}"


def test_spellings_may_be_mixed(tmp_path):
    names = [spelling(name) for spelling, name in zip(SPELLINGS.values(), good(), strict=True)]
    folder = write(tmp_path / "mnist", dict(zip(names, good().values(), strict=True)))
    assert len(load(folder, download=False).images) == 12


def test_rows_and_columns_keep_their_places(tmp_path):
    pixels = np.arange(2 * 28 * 28) % 251  # no period of 28 or 784
    content = struct.pack(">4I", 2051, 2, 28, 28) + bytes(pixels.tolist())
    path = write(tmp_path, {TRAIN_IMAGES: content}) / TRAIN_IMAGES
    assert np.array_equal(mnist.read_idx(path, 2051, (28, 28)), pixels.reshape(2, 28, 28))


@pytest.mark.parametrize(
    ("test", "held_out"),
    [(1, 1), (2, 1), (9, 5), (9_998, 4_999), (10_000, 5_000), (10_002, 5_000)],  # half, and never more than 5,000
)
def test_held_out_images_are_the_last(tmp_path, test, held_out):
    got = load(write(tmp_path, good(test=test)))
    assert len(got.held_out_images) == len(got.held_out_labels) == held_out
    assert got.held_out_labels[-1] == (test - 1) % 10


def cut(content: bytes) -> bytes:
    return content[:-1]


def wrong_crc(content: bytes) -> bytes:
    return content[:-8] + bytes([content[-8] ^ 1]) + content[-7:]  # a gzip ends with CRC-32 and length, 4 bytes each


BROKEN = {  # which file, what stands in it before it is zipped, and what the sentence says of it
    "empty": (TRAIN_IMAGES, b"", "a header of 16 bytes, and holds 0 bytes in all"),
    "half a header": (TRAIN_LABELS, labels_file(1)[:7], "a header of 8 bytes, and holds 7 bytes in all"),
    "labels for images": (TRAIN_IMAGES, labels_file(100), "the magic number 2051, and holds 2049"),
    "images for labels": (TEST_LABELS, images_file(6), "the magic number 2049, and holds 2051"),
    "32x32": (TEST_IMAGES, images_file(6, height=32, width=32), "items of 28x28, and holds items of 32x32"),
    "56x14": (TEST_IMAGES, images_file(6, height=56, width=14), "items of 28x28, and holds items of 56x14"),
    "no images": (TRAIN_IMAGES, images_file(0), "1 to 2,000,000 items, and holds a header that claims 0"),
    "no labels": (TRAIN_LABELS, labels_file(0), "1 to 2,000,000 items, and holds a header that claims 0"),
    "too many": (TRAIN_LABELS, labels_file(9, claimed=2_000_001), "and holds a header that claims 2,000,001"),
    "short": (
        TRAIN_IMAGES,
        cut(images_file(12)),
        "9,408 bytes after the header, which claims 12 items, and holds only ",
    ),
    "long": (
        TRAIN_IMAGES,
        images_file(12) + b"\0",
        "9,408 bytes after the header, which claims 12 items, and holds more",
    ),
    "long labels": (TRAIN_LABELS, labels_file(13, claimed=12), "12 bytes after the header, which claims 12 items"),
    "fewer labels": (TRAIN_LABELS, labels_file(11), "12 labels, one for each image of"),
    "label 10": (TRAIN_LABELS, labels_file(11, claimed=12) + b"\x0a", "and holds 10 as label number 11"),
}  # 9,408 = 12 x 28 x 28


@pytest.mark.parametrize("spelling", ["published", "plain"])
@pytest.mark.parametrize(("name", "content", "words"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_named_with_what_it_holds(tmp_path, name, content, words, spelling):
    files = {SPELLINGS[spelling](key): value for key, value in (good() | {name: content}).items()}
    sentence = refusal(load, write(tmp_path, files))
    assert sentence.startswith(f"{tmp_path / SPELLINGS[spelling](name)} should hold ")
    assert words in sentence
    assert sentence.endswith("delete it to have it downloaded again, or replace it.")


ZIPPED = gzip.compress(images_file(12))
BROKEN_GZIP = {
    "cut in its data": ZIPPED[: len(ZIPPED) // 2],
    "cut in its end": cut(ZIPPED),
    "cut in its header": ZIPPED[:5],
    "wrong CRC": wrong_crc(ZIPPED),
    "wrong data": ZIPPED[:12] + b"\xff" * 10 + ZIPPED[22:],
    "no gzip": images_file(12),
    "two members": ZIPPED + ZIPPED,
    "more after its end": ZIPPED + b"\0",
    "a name of 4 MB, of which no end comes": b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * 2**22,
    "100,000 empty members": gzip.compress(b"") * 100_000,
    "a web page": b"<!DOCTYPE html><title>403</title>",
}


@pytest.mark.parametrize("content", BROKEN_GZIP.values(), ids=BROKEN_GZIP)
def test_a_broken_gzip_is_named(tmp_path, content):
    path = write(tmp_path, good()) / TRAIN_IMAGES
    path.write_bytes(content)
    sentence = refusal(load, tmp_path)
    assert sentence.startswith(f"{path} should hold a whole gzip file, and holds something else (")
    assert sentence.endswith("delete it to have it downloaded again, or replace it.")


@pytest.mark.parametrize("claimed", [4_000_000_000, 2_000_000])  # beyond the bound, and at it: 1.6 GB of pixels
@pytest.mark.parametrize("name", [TRAIN_IMAGES, TRAIN_IMAGES.removesuffix(".gz")])
def test_a_header_alone_takes_no_memory(tmp_path, name, claimed):
    path = write(tmp_path, {name: images_file(1, claimed=claimed)}) / name
    tracemalloc.start()
    try:
        refusal(mnist.read_idx, path, 2051, (28, 28))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * 2**20  # buffers of gzip and of a chunk, 1 MiB


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    bomb = images_file(1) + bytes(64 * 2**20)  # 64 MiB of zeros after one image, 65 KB zipped
    path = write(tmp_path, {TRAIN_IMAGES: bomb}) / TRAIN_IMAGES
    tracemalloc.start()
    try:
        sentence = refusal(mnist.read_idx, path, 2051, (28, 28))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "784 bytes after the header, which claims 1 items, and holds more" in sentence
    assert peak < 4 * 2**20


def test_a_good_file_is_held_once(tmp_path):
    count = 20_000
    size = count * 28 * 28  # 15.7 MB
    path = tmp_path / TRAIN_IMAGES
    path.write_bytes(gzip.compress(struct.pack(">4I", 2051, count, 28, 28) + bytes(size), 1))
    tracemalloc.start()
    try:
        mnist.read_idx(path, 2051, (28, 28))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.125 * size + 4 * 2**20  # a growing bytearray has an eighth to spare, and the chunk's buffers


@pytest.fixture
def fetched(monkeypatch):
    """In the place of downloads: the names that were asked for, each written as a good file."""
    names = []

    def fetch(wanted, folder, source):
        names.extend(wanted)
        write(folder, {name: good()[name] for name in wanted})

    monkeypatch.setattr(mnist, "fetch", fetch)
    return names


@pytest.mark.parametrize("present", [[], [".DS_Store", ".git"]], ids=["empty", "hidden files"])
def test_an_empty_folder_is_filled(tmp_path, fetched, present):
    for name in present:
        (tmp_path / name).touch()
    assert len(load(tmp_path).images) == 12
    assert fetched == list(mnist.FILES)


def test_a_new_folder_is_filled(tmp_path, fetched):
    assert len(load(tmp_path / "new").images) == 12
    assert fetched == list(mnist.FILES)


def published(folder: pathlib.Path) -> download.Source:
    """A source that published what lies in the folder, zipped and not."""
    sha256 = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in os.listdir(folder)}
    zipped = {name: sha256.get(name, "") for name in mnist.FILES}
    unzipped = {name: sha256.get(SPELLINGS["dotted plain"](name), "") for name in mnist.FILES}
    return dataclasses.replace(NEVER, sha256=zipped, unzipped_sha256=unzipped)


def test_only_what_is_missing_is_downloaded(tmp_path, fetched):
    write(tmp_path, {TRAIN_LABELS: good()[TRAIN_LABELS], "t10k-images.idx3-ubyte": good()[TEST_IMAGES]})
    source = published(tmp_path)
    (tmp_path / "notes.txt").touch()
    assert len(load(tmp_path, source=source).images) == 12
    assert fetched == [TRAIN_IMAGES, TEST_LABELS]


@pytest.mark.parametrize("spelling", ["published", "dotted plain"])
@pytest.mark.parametrize("download", [False, True])
def test_beside_other_data_of_the_same_names_nothing_is_downloaded(tmp_path, fetched, spelling, download):
    write(tmp_path, {TRAIN_LABELS: good()[TRAIN_LABELS], SPELLINGS[spelling](TEST_IMAGES): good()[TEST_IMAGES]})
    source = published(tmp_path)
    (tmp_path / SPELLINGS[spelling](TEST_IMAGES)).write_bytes(b"as Fashion-MNIST's")
    sentence = refusal(load, tmp_path, source=source, download=download)
    assert sentence.startswith(
        f"{tmp_path} lacks {TRAIN_IMAGES}, {TEST_LABELS}, and {SPELLINGS[spelling](TEST_IMAGES)} "
    )
    assert "is not MNIST's own" in sentence
    assert fetched == []


def test_the_unzipped_hashes_are_those_of_the_published_files():
    if not os.environ.get("GAN_LOWLEVEL_DATA"):
        pytest.skip("GAN_LOWLEVEL_DATA names no folder with mnist/ in it")
    for name in mnist.FILES:
        zipped = (pathlib.Path(os.environ["GAN_LOWLEVEL_DATA"]) / "mnist" / name).read_bytes()
        assert hashlib.sha256(zipped).hexdigest() == download.SHA256[name]
        assert hashlib.sha256(gzip.decompress(zipped)).hexdigest() == download.UNZIPPED_SHA256[name]


def test_a_whole_folder_is_left_alone(tmp_path, fetched):
    load(write(tmp_path, good()))
    assert fetched == []


def test_a_broken_file_is_not_downloaded_over(tmp_path, fetched):
    write(tmp_path, good() | {TRAIN_IMAGES: b""})
    refusal(load, tmp_path)
    assert fetched == []


@pytest.mark.parametrize("directory", [False, True], ids=["file", "folder"])
def test_a_folder_of_other_things_gets_nothing(tmp_path, fetched, directory):
    other = tmp_path / "holiday"
    other.mkdir() if directory else other.touch()
    sentence = refusal(load, tmp_path)
    assert sentence.startswith(f"{tmp_path} holds holiday and does not look like MNIST; ")
    assert all(name in sentence for name in mnist.FILES)
    assert fetched == []
    assert list(tmp_path.iterdir()) == [other]


def test_a_folder_is_none_of_the_files(tmp_path, fetched):
    (tmp_path / TRAIN_IMAGES.removesuffix(".gz")).mkdir()  # as an unpacker may leave it
    assert "does not look like MNIST" in refusal(load, tmp_path)


def test_a_file_in_the_folders_place(tmp_path, fetched):
    file = tmp_path / TRAIN_IMAGES
    file.touch()
    sentence = refusal(load, file)
    assert sentence.startswith(f"{file} is a file, and a folder with {TRAIN_IMAGES}, ")
    assert fetched == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"download": False}, "nothing may be downloaded into it: leave --nodownload out"),
        ({"dry_run": True}, "--dry_run downloads nothing: leave that flag out"),
        ({"dry_run": True, "download": False}, "--dry_run downloads nothing: leave that flag out"),
    ],
)
def test_without_a_download_the_sentence_says_what_goes_where(tmp_path, fetched, arguments, reason):
    folder = write(tmp_path, {TRAIN_IMAGES: good()[TRAIN_IMAGES]})
    sentence = refusal(load, folder, source=published(folder), **arguments)
    assert sentence.startswith(f"{folder} lacks {TRAIN_LABELS}, {TEST_IMAGES}, {TEST_LABELS} and {reason}, ")
    assert f"put {', '.join(mnist.FILES)} into {folder} by hand" in sentence
    assert all(mirror in sentence for mirror in download.MIRRORS)
    assert fetched == []


def test_without_a_download_no_folder_is_made(tmp_path):
    refusal(load, tmp_path / "new", download=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("setting", [{"dry_run": True}, {"download": False}])
def test_the_settings_reach_the_loader(tmp_path, fetched, setting):
    folder = tmp_path / "new"
    refusal(data.load, config.Config(dataset="mnist", input_data_dir=str(folder), **setting))
    assert fetched == []
    write(folder, good())
    assert str(folder) in data.load(config.Config(dataset="mnist", input_data_dir=str(folder), **setting)).description


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))  # its name on Windows
    write(tmp_path / "mnist", good())
    assert len(load(pathlib.Path("~/mnist"), download=False).images) == 12


def test_all_of_mnist():
    if not os.environ.get("GAN_LOWLEVEL_DATA"):
        pytest.skip("GAN_LOWLEVEL_DATA names no folder with mnist/ in it")
    got = load(pathlib.Path(os.environ["GAN_LOWLEVEL_DATA"]) / "mnist", download=False)
    assert got.images.shape == (60_000, 28, 28, 1)
    assert got.held_out_images.shape == (5_000, 28, 28, 1)
    assert got.test_images.shape == (10_000, 28, 28, 1)
    # The digits' frequencies in the training set, 60,000 in all, and the first ten labels, as LeCun's page shows them.
    assert np.bincount(got.labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert got.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert round(got.images.mean() / 255, 4) == 0.1307  # the mean that training code everywhere normalises with


# The first rows alone


def test_the_first_rows_train_and_the_others_are_left_out(tmp_path):
    folder = write(tmp_path / "mnist", good())

    def loaded(*flags: str):
        return data.load(read_config([f"--input_data_dir={folder}", *flags]))

    whole, first = loaded(), loaded("--train_rows=5")
    assert first.images[:, 0, 0, 0].tolist() == first.labels.tolist() == [0, 1, 2, 3, 4]
    assert first.left_out_images[:, 0, 0, 0].tolist() == [5, 6, 7, 8, 9, 10, 11]
    assert np.array_equal(first.test_images, whole.test_images)
    assert np.array_equal(first.held_out_images, whole.held_out_images)
    assert first.description == f"{whole.description}; the first 5 of the training pictures train"
    # Of what trains: a folder with those five alone has the same.
    five = write(tmp_path / "five", good(train=5))
    assert first.sha256() == data.load(read_config([f"--input_data_dir={five}"])).sha256() != whole.sha256()
    for as_many in ("--train_rows=12", "--train_rows=50000"):  # as there are, or more
        assert loaded(as_many).left_out_images is None
        assert loaded(as_many).sha256() == whole.sha256()


def test_the_first_rows_of_an_array_are_not_hashed_anew(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(6 * 784, dtype=np.uint8).reshape(6, 28, 28), allow_pickle=False)

    def loaded(*flags: str):
        return data.load(read_config([f"--input_data_dir={tmp_path / 'a.npy'}", *flags]))

    found = {loaded(*flags).sha256() for flags in ((), ("--train_rows=2",), ("--train_rows=3",), ("--train_rows=6",))}
    assert len(found) == 3  # 6 is all
    assert all(len(bytes.fromhex(each)) == 32 for each in found)
    assert len(loaded("--train_rows=2").images) == len(loaded("--train_rows=2").labels) == 2
