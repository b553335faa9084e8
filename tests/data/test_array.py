"""Arrays of pictures: which of a file is meant, what values become, test rows, labels, shapes, and every refusal."""

import pathlib
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

from gan_lowlevel.data import array, array_files, mnist, photo_cache
from gan_lowlevel.data.dataset import Dataset
from gan_lowlevel.errors import Exit, Failure

DRAWN = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)
TESTS = np.random.default_rng(1).integers(0, 256, (6, 28, 28), np.uint8)
LABELS = np.arange(20) % 10


@pytest.fixture(autouse=True)
def caches(tmp_path, monkeypatch) -> pathlib.Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "gan_lowlevel"


@pytest.fixture
def saved(tmp_path):
    """Save one array as an .npy, or several as an .npz, and give its path."""

    def save(rows: np.ndarray | None = None, **named: np.ndarray) -> pathlib.Path:
        path = tmp_path / ("a.npz" if rows is None else "a.npy")
        with open(path, "wb") as file:
            np.savez(file, **named) if rows is None else np.lib.format.write_array(file, rows)
        return path

    return save


def load(path, **settings) -> Dataset:
    common = {"size": 28, "channels": 1, "resize": "stretch", "mirror": False, "holdout": 0.0, "dry_run": False}
    return array.load(str(path), **common | settings)


def refusal(path, **settings) -> str:
    with pytest.raises(Failure) as caught:
        load(path, **settings)
    assert caught.value.code == Exit.DATA
    return str(caught.value)


# Values


@pytest.mark.parametrize(
    ("rows", "remark"),
    [
        (DRAWN, ""),
        (DRAWN[..., np.newaxis], ""),
        (DRAWN.astype(">i8"), ""),
        (np.asfortranarray(DRAWN), ""),
        ((DRAWN / 255).astype(np.float32), " (0 to 1 as 0 to 255)"),
        ((DRAWN / 255).astype(np.float16), " (0 to 1 as 0 to 255)"),
        (DRAWN / 127.5 - 1, " (-1 to 1 as 0 to 255)"),
        ((DRAWN / 127.5 - 1).astype(">f4"), " (-1 to 1 as 0 to 255)"),
    ],
    ids=["uint8", "uint8, C 1", "int64", "Fortran's order", "float32", "float16", "float64, signed", "float32, signed"],
)
def test_the_pixels_are_those_that_were_saved(saved, rows, remark):
    path = saved(rows)
    got = load(path)
    assert got.images.dtype == np.uint8
    assert np.array_equal(got.images[..., 0], DRAWN)
    assert len(got.held_out_images) == 0
    assert got.description == f"20 pictures 28x28x1 of {rows.dtype} from the array {path}{remark}"


def test_bool_is_black_and_white_and_nearly_black_is_said(saved):
    bits = DRAWN % 2
    assert np.array_equal(load(saved(bits.astype(bool))).images[..., 0], 255 * bits)
    assert "its largest value is 1 of 255: nearly black" in load(saved(bits)).description


def test_test_rows_of_floats_are_scaled_as_those_that_train(saved):
    tests = np.zeros((4, 28, 28))  # by itself 0 to 1, and black
    got = load(saved(x_train=DRAWN / 127.5 - 1, x_test=tests))
    assert set(got.test_images.ravel().tolist()) == {128}  # 0 is the middle of -1 to 1: 127.5, to even


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (np.full((3, 28, 28), np.nan), "holds NaN or infinite values"),
        (np.full((3, 28, 28), -np.inf), "holds NaN or infinite values"),
        (DRAWN.astype(np.float32), "from 0 to 255, and 0 to 1, or -1 to 1 is wanted: save a.astype(np.uint8)"),
        (DRAWN / 15.9375, "holds float64 from 0 to 16, and 0 to 1, or -1 to 1 is wanted: save a / 16"),
        (np.linspace(-2, 1, 784).reshape(1, 28, 28), "holds float64 from -2 to 1, and 0 to 1, or -1 to 1 is wanted"),
        (DRAWN.astype(np.int16) - 1, "holds int16 from -1 to 254, and 0 to 255 is wanted"),
        (DRAWN.astype(np.uint64) + 1, "holds uint64 from 1 to 256, and 0 to 255 is wanted"),
        (DRAWN.astype(complex), "of complex128, and numbers [N, H, W] or [N, H, W, C], C 1 or 3, are wanted"),
        (np.full((3, 28, 28), "a"), "of <U1, and numbers"),
        (DRAWN.astype([("a", "u1")]), "and numbers [N, H, W]"),
        (DRAWN.reshape(20, 784), "the shape [20, 784] of uint8, and numbers"),
        (DRAWN.reshape(20, 784), "are wanted: save a.reshape(-1, 28, 28)"),
        (np.zeros((5, 3, 32, 32), np.uint8), "colours last: save np.moveaxis(a, 1, -1)"),
        (np.zeros((5, 32, 32, 4), np.uint8), "C 1 or 3, are wanted"),
        (np.zeros((32, 32, 3), np.uint8), "this looks like one picture"),
        (np.zeros((0, 32, 32), np.uint8), "1 to 2,000,000 pictures are wanted"),
        (np.zeros((9, 7, 32), np.uint8), "pictures of 8x8 to 64 MiB each are wanted"),
        (np.zeros((), np.uint8), "the shape [] of uint8"),
    ],
)  # fmt: skip
def test_what_is_no_array_of_pictures_is_one_sentence(saved, rows, said, caches):
    sentence = refusal(saved(rows))
    assert said in sentence
    assert "a.npy" in sentence
    assert not list(caches.glob("*"))


def test_objects_are_refused_and_never_unpickled(tmp_path):
    with open(tmp_path / "a.npy", "wb") as file:
        np.lib.format.write_array(file, np.array([Trap()], object), allow_pickle=True)
    assert "holds Python objects, which may be programs and are not read" in refusal(tmp_path / "a.npy")


class Trap:
    def __reduce__(self):
        return pytest.fail, ("it was unpickled",)


# Damage


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda content: content[:-1], "its header claims [20, 28, 28] of uint8, 15,680 bytes, and 15,679 follow"),
        (lambda content: content + b"x", "15,680 bytes, and 15,681 follow"),
        (lambda content: content[:30], "is damaged"),
        (lambda content: content[:6] + b"\x09" + content[7:], "is damaged (version 9.0 of the format"),
        (lambda content: content.replace(b"(20, 28, 28)", b"(-2, 28, 28)"), "a shape of [-2, 28, 28]"),
        (lambda content: content.replace(b"(20, 28, 28)", b"(9**9,28,28)"), "is damaged"),
        (lambda content: content.replace(b"(20, 28, 28), }", b"(20000000000000"), "is damaged"),
        (lambda content: b"", "is damaged"),
    ],
)
def test_a_damaged_npy_is_one_sentence(saved, change, said):
    path = saved(DRAWN)
    path.write_bytes(change(path.read_bytes()))
    assert said in refusal(path)


def test_a_claim_takes_no_memory(saved, monkeypatch):
    path = saved(DRAWN)
    head = path.read_bytes()[:128].replace(b"(20, 28, 28), }            ", b"(2000000, 28000, 28000), } ")
    path.write_bytes(head)
    monkeypatch.setattr(array_files, "stretches", lambda _array: pytest.fail("nothing is to be read"))
    assert "1,568,000,000,000,000 bytes, and 0 follow" in refusal(path)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_flipped_bit_in_an_npz_is_found(tmp_path, compressed):
    path = tmp_path / "a.npz"
    (np.savez_compressed if compressed else np.savez)(path, x=DRAWN)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert "x.npy in " in (sentence := refusal(path)) or "x in " in sentence
    assert "is damaged" in sentence


def test_members_that_are_encrypted_or_of_an_odd_method_or_lie_are_refused(tmp_path, saved):
    path = saved(x=DRAWN)
    content = path.read_bytes()
    start = content.index(b"PK\x01\x02")  # the directory: flags at 8, method at 10, sizes at 20 and 24
    path.write_bytes(content[: start + 8] + b"\x01" + content[start + 9 :])
    assert "x.npy in" in refusal(path)
    assert "it is encrypted" in refusal(path)
    path.write_bytes(content[: start + 24] + struct.pack("<I", 2**31) + content[start + 28 :])
    assert "it claims 2,147,483,648 bytes, more than its 15,808 can stand for" in refusal(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x.npy", b"x")
    assert "compressed by method 14, and deflate or none is wanted" in refusal(path)


# Which arrays are meant


def test_kerass_mnist_holds_out_the_last_of_its_test_rows(saved):
    path = saved(x_train=DRAWN, y_train=LABELS, x_test=TESTS, y_test=np.arange(6))
    got = load(path)
    assert np.array_equal(got.images[..., 0], DRAWN)
    assert np.array_equal(got.labels, LABELS)
    assert np.array_equal(got.test_images[..., 0], TESTS)
    assert np.array_equal(got.held_out_images[..., 0], TESTS[3:])  # half, as of MNIST's fewer than 10,000
    assert got.test_labels.tolist() == [0, 1, 2, 3, 4, 5]
    assert got.held_out_labels.tolist() == [3, 4, 5]
    assert got.digits
    assert got.description == (
        f"20 pictures 28x28x1 of uint8 from the array x_train of {path} "
        "(3 of the 6 test rows x_test held out for curves)"
    )
    assert got.sha256() == Dataset(got.images, *[got.labels] * 3, "").sha256()  # of what trains alone
    assert load(path, holdout=0.5).sha256() == got.sha256()  # the test rows are enough


@pytest.mark.parametrize(
    ("named", "name", "digits"),
    [
        ({"arr_0": DRAWN}, "arr_0", False),
        ({"images": DRAWN, "labels": LABELS}, "images", True),
        ({"images": DRAWN, "labels": LABELS + 1}, "images", False),  # up to 10
        ({"images": DRAWN, "labels": LABELS[:-1]}, "images", False),
        ({"images": DRAWN, "labels": LABELS, "weights": LABELS}, "images", False),  # which?
        ({"images": DRAWN[:, :14], "labels": LABELS}, "images", False),
        ({"pictures": DRAWN, "names": np.array(["a"] * 20), "flat": DRAWN.reshape(20, -1)}, "pictures", False),
        ({"x": DRAWN, "masks": DRAWN}, "x", False),
        ({"x_train": DRAWN, "x_val": TESTS}, "x_train", False),
        ({"x_test": DRAWN, "y_test": LABELS}, "x_test", True),
        ({"samples": DRAWN / 255, "seeds": np.arange(20) + 300}, "samples", False),
    ],
)
def test_the_pictures_are_found_among_other_arrays(saved, named, name, digits):
    got = load(saved(**named))
    assert f"from the array {name} of" in got.description
    assert len(got.images) == 20
    assert got.digits is digits


def test_several_that_could_be_meant_are_named(saved):
    assert "several arrays that could be the pictures (a, b): save the one that is meant" in refusal(
        saved(a=DRAWN, b=TESTS)
    )
    assert "holds no array" in refusal(saved())
    assert "[20] of int64" in refusal(saved(labels=LABELS))


# Shapes, sides, cache


def test_other_shapes_become_squares_as_photographs_do(saved):
    wide = np.zeros((2, 10, 30, 3), np.uint8)
    wide[:, :, :10, 0], wide[:, :, 10:20, 1], wide[:, :, 20:, 2] = 255, 255, 255  # red, green, blue
    path = saved(wide)
    assert set(map(tuple, load(path, size=10, channels=3, resize="crop").images[0].reshape(-1, 3).tolist())) == {
        (0, 255, 0)
    }
    whole = load(path, size=10, channels=3)
    want = np.asarray(Image.fromarray(wide[0]).resize((10, 10), Image.Resampling.BILINEAR))
    assert np.array_equal(whole.images[0], want)
    assert "10x30x3 of uint8" in whole.description
    assert "(brought to 10x10x3)" in whole.description
    assert load(path, size=10, channels=1, resize="crop").images[0, 5, 5, 0] == round(0.587 * 255)  # ITU-R BT.601
    grey = load(saved(DRAWN), size=28, channels=3).images
    assert np.array_equal(grey, DRAWN[..., np.newaxis].repeat(3, axis=3))


def test_a_row_stays_on_its_side_and_none_is_on_two(saved):
    got = load(saved(images=DRAWN, labels=LABELS), holdout=0.3, mirror=True)
    rows = [row.tobytes() for row in DRAWN]
    out = [rows.index(row.tobytes()) for row in got.held_out_images]
    count = 20 - len(out)
    train = [rows.index(row.tobytes()) for row in got.images[:count]]
    assert 0 < len(out) < 20
    assert sorted(out + train) == list(range(20))
    assert np.array_equal(got.images[count:], got.images[:count, :, ::-1])
    assert got.labels.tolist() == [i % 10 for i in train] * 2
    assert got.held_out_labels.tolist() == [i % 10 for i in out]
    fewer = load(saved(images=DRAWN[:15]), holdout=0.3)
    assert [rows.index(row.tobytes()) for row in fewer.held_out_images] == [i for i in out if i < 15]
    assert f"({len(out)} more held out; mirrored)" in got.description


def test_the_second_start_reads_the_cache_and_another_file_does_not(saved, caches, monkeypatch):
    path = saved(DRAWN / 255)
    first = load(path, dry_run=True)
    assert not list(caches.glob("*"))
    load(path)
    monkeypatch.setattr(photo_cache, "made", lambda *_, **__: pytest.fail("the cache is to be read"))
    again = load(path)
    assert isinstance(again.images, np.memmap)
    assert (again.sha256(), again.description) == (first.sha256(), first.description)
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(caches.parent))
    assert load(saved(DRAWN[:9] / 255)).sha256() != first.sha256()


@pytest.mark.parametrize("bytes_at_once", [1, 2 * 784, 2**22])
def test_rows_read_in_stretches_are_all_rows(saved, monkeypatch, bytes_at_once):
    monkeypatch.setattr(array_files, "_STRETCH", bytes_at_once)
    got = load(saved(x_train=DRAWN, x_test=TESTS), dry_run=True)
    assert np.array_equal(got.images[..., 0], DRAWN)
    assert np.array_equal(got.test_images[..., 0], TESTS)


def test_of_the_same_rows_idx_files_and_an_npz_are_the_same_data(saved, tmp_path):
    folder = tmp_path / "idx"
    folder.mkdir()
    arrays = (DRAWN, LABELS.astype(np.uint8), TESTS, np.arange(6, dtype=np.uint8))
    for name, rows in zip(mnist.FILES, arrays, strict=True):
        head = struct.pack(f">{1 + rows.ndim}I", 2051 if rows.ndim == 3 else 2049, *rows.shape)
        (folder / name.removesuffix(".gz")).write_bytes(head + rows.tobytes())
    idx = mnist.load(str(folder), download=False)
    got = load(saved(**dict(zip(("x_train", "y_train", "x_test", "y_test"), arrays, strict=True))))
    assert got.sha256() == idx.sha256()
    for name in ("images", "labels", "held_out_images", "held_out_labels", "test_images", "test_labels"):
        assert np.array_equal(getattr(got, name), getattr(idx, name)), name


def test_no_file_is_one_sentence(tmp_path):
    assert "an array is wanted, and none is named" in refusal("")
    assert "is no file: give --input_data_dir=FILE" in refusal(tmp_path)
