"""The digit classifier: its file, what it says of digits, its training and the command that trains it."""

import gzip
import hashlib
import io
import json
import os
import pathlib
import runpy
import struct
import sys
import zipfile

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel import command, draws
from gan_lowlevel.commandline import read_record
from gan_lowlevel.data import embedded, mnist
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.metrics import digits, digits_training
from gan_lowlevel.train_digits import TrainDigitsConfig, digits_of, main

v1 = tf.compat.v1

pytestmark = pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
# Weights and biases: 5x5x1x16 + 16, 5x5x16x48 + 48, 768x64 + 64, 64x10 + 10.
PARAMETERS = 416 + 19_248 + 49_216 + 650


@pytest.fixture(scope="module")
def real() -> embedded.Dataset:
    return embedded.load()


def scaled(images: np.ndarray) -> np.ndarray:
    """uint8 [N, 28, 28, 1] as classify wants them."""
    return images[..., 0].astype(np.float32) / 255


def about() -> dict:
    with np.load(digits.FILE, allow_pickle=False) as file:
        return json.loads(str(file[digits.ABOUT]))


# The file


def test_the_file_is_small_and_holds_plain_arrays_alone():
    assert digits.FILE.stat().st_size <= 400_000
    with zipfile.ZipFile(digits.FILE) as archive:
        for name in archive.namelist():
            with archive.open(name) as member:  # raises for pickled objects
                np.lib.format.read_array(member, allow_pickle=False)


def test_the_weights_are_the_networks():
    weights = digits.read()
    assert {name: list(array.shape) for name, array in weights.items()} == digits.shapes()
    assert sum(array.size for array in weights.values()) == PARAMETERS == about()["parameters"]
    assert {array.dtype for array in weights.values()} == {np.dtype(np.float32)}
    assert all(np.isfinite(array).all() for array in weights.values())


def test_the_module_says_how_its_file_was_made_and_what_it_reaches():
    text, made = digits.__doc__, about()
    shown = next(line for line in text.splitlines() if line.startswith("python -m"))
    flags = [read_record(TrainDigitsConfig, line.split()[3:]) for line in (shown, made["command"])]
    assert flags[0] == flags[1]
    assert f"{100 * made['accuracy']:.2f} % of the {made['test_digits']:,} test digits" in text
    assert made["accuracy"] >= 0.99
    assert made["test_digits"] == 10_000


@pytest.fixture
def another_file(monkeypatch, tmp_path):
    """Put other bytes, or None for none, in the file's place; with `named` under their own SHA-256."""

    def put(content: bytes | None, named: bool = False) -> None:
        path = tmp_path / "digits.npz"
        if content is not None:
            path.write_bytes(content)
        monkeypatch.setattr(digits, "FILE", path)
        if named:
            monkeypatch.setattr(digits, "SHA256", hashlib.sha256(content).hexdigest())
        digits.read.cache_clear()

    yield put
    digits.read.cache_clear()


def refusal(content: bytes | None, put, named: bool = False) -> str:
    put(content, named)
    with pytest.raises(Failure) as caught:
        digits.classify(np.zeros((1, 28, 28), np.float32))
    assert caught.value.code == Exit.DATA
    assert str(digits.FILE) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_damaged_file_is_refused_in_a_sentence(another_file):
    good = digits.FILE.read_bytes()
    assert "cannot be read (No such file" in refusal(None, another_file)
    assert "has 0 bytes of the SHA-256 e3b0c442" in refusal(b"", another_file)  # that of nothing
    assert f"has {len(good) - 1:,} bytes" in refusal(good[:-1], another_file)
    middle = len(good) // 2
    flipped = good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :]
    assert f"has {len(good):,} bytes" in refusal(flipped, another_file)
    another_file(good)
    assert digits.classify(np.zeros((1, 28, 28), np.float32)).features.shape == (1, 64)


def test_weights_of_another_network_are_refused(another_file):
    weights = digits.read() | {"dense_2/biases": np.zeros(11, np.float32)}
    content = io.BytesIO()
    np.savez(content, **weights)
    said = refusal(content.getvalue(), another_file, named=True)
    assert "'dense_2/biases': [11]" in said
    assert "'dense_2/biases': [10]" in said


def test_equal_weights_are_equal_bytes(tmp_path):
    weights = {"b": np.arange(3, dtype=np.float32), "a": np.ones((2, 2), np.float32)}
    sha256 = digits.write(tmp_path / "one.npz", weights, {"seed": 3})
    assert digits.write(tmp_path / "two.npz", weights, {"seed": 3}) == sha256
    assert hashlib.sha256((tmp_path / "two.npz").read_bytes()).hexdigest() == sha256
    assert digits.write(tmp_path / "two.npz", weights, {"seed": 4}) != sha256


# What it says of digits


def test_digits_that_it_was_trained_on_are_recognised(real):
    """They are MNIST's training digits: this tells that the right weights come to the right places, no more."""
    images = np.concatenate([real.images, real.held_out_images])
    labels = np.concatenate([real.labels, real.held_out_labels])
    got = digits.classify(scaled(images))
    assert got.features.shape == (5000, 64)
    assert got.probabilities.shape == (5000, 10)
    assert got.features.dtype == got.probabilities.dtype == np.float32
    assert (got.probabilities.argmax(axis=1) == labels).mean() >= 0.99
    assert got.probabilities.min() >= 0
    # Ten numbers in [0, 1], each off by a few roundings of 2^-24.
    np.testing.assert_allclose(got.probabilities.sum(axis=1, dtype=np.float64), 1, atol=1e-6)
    assert got.features.std(axis=0).min() > 0.1  # none is dead


def test_the_probabilities_follow_from_the_features_and_the_file(real):
    got = digits.classify(scaled(real.images[:20]))
    weights = digits.read()
    logits = got.features.astype(np.float64) @ weights["dense_2/weights"] + weights["dense_2/biases"]
    wanted = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(got.probabilities, wanted, rtol=1e-3, atol=1e-7)


def test_all_test_digits():
    if not os.environ.get("GAN_LOWLEVEL_DATA"):
        pytest.skip("GAN_LOWLEVEL_DATA names no folder with mnist/ in it")
    data = mnist.load(pathlib.Path(os.environ["GAN_LOWLEVEL_DATA"]) / "mnist", download=False)
    got = digits.classify(scaled(data.test_images))
    accuracy = (got.probabilities.argmax(axis=1) == data.test_labels).mean()
    assert accuracy >= 0.990
    assert accuracy == pytest.approx(about()["accuracy"], abs=3e-4)  # on other kernels a close call may fall otherwise


def test_an_images_bits_do_not_hang_on_how_many_come_with_it(real):
    images = scaled(real.images[:1234])  # two blocks of 500 and a part of one
    whole = digits.classify(images)
    for count in (0, 1, 499, 500, 501):
        part = digits.classify(images[:count])
        assert np.array_equal(part.features, whole.features[:count])
        assert np.array_equal(part.probabilities, whole.probabilities[:count])


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (np.zeros((2, 28, 28), np.float64), "float64"),
        (np.zeros((2, 28, 28), np.uint8), "uint8"),
        (np.zeros((2, 784), np.float32), "[2, 784]"),
        (np.zeros((2, 28, 28, 1), np.float32), "[2, 28, 28, 1]"),
        (np.full((2, 28, 28), -0.1, np.float32), "-0.1"),
        (np.full((2, 28, 28), 255, np.float32), "255"),
        (np.full((2, 28, 28), np.nan, np.float32), "nan"),
    ],
)
def test_other_images_are_refused(images, said):
    with pytest.raises(ValueError, match="wanted; got") as caught:
        digits.classify(images)
    assert said in str(caught.value)


# Training


def evaluated(*tensors) -> list[np.ndarray]:
    with v1.Session() as session:
        return session.run(tensors)


def test_cross_entropy_is_the_mean_of_minus_log_p():
    with tf.Graph().as_default():
        # p(3) = e^0/(10 e^0) = 1/10; then p(1) = e^(log 9)/(e^(log 9) + 9) = 1/2.
        logits = tf.constant([[0.0] * 10, [0.0, np.log(9.0), *[0.0] * 8]], tf.float32)
        even, each = evaluated(
            digits_training.cross_entropy(logits, tf.constant([3, 1])), digits.log_probabilities(logits)
        )
    assert even == pytest.approx((np.log(10) + np.log(2)) / 2, rel=1e-6)
    np.testing.assert_allclose(each[0], np.full(10, -np.log(10)), rtol=1e-6)


def test_cross_entropy_of_a_sure_mistake_is_finite_and_has_a_gradient():
    with tf.Graph().as_default():
        logits = tf.constant([[200.0, *[0.0] * 9]])
        loss = digits_training.cross_entropy(logits, tf.constant([5]))
        came, gradient = evaluated(loss, tf.gradients(loss, logits)[0])
    assert came == pytest.approx(200)  # log(e^200 + 9) - 0; p(5) itself is 0 in float32
    assert gradient[0].tolist() == [1, 0, 0, 0, 0, -1, 0, 0, 0, 0]  # p - (1 where y)


def test_a_picture_is_moved_by_its_own_pixels():
    pictures = np.zeros((5, 28, 28, 1), np.float32)
    pictures[:, 10, 20] = 1
    pictures[4, 0, 27] = 1
    by = [[0, 0], [2, 0], [0, -1], [-2, 2], [-1, 1]]
    with tf.Graph().as_default():
        (came,) = evaluated(digits_training.moved(tf.constant(pictures), tf.constant(by)))
    # Down and to the right; the fifth picture's corner leaves it.
    assert np.argwhere(came).tolist() == [[0, 10, 20, 0], [1, 12, 20, 0], [2, 10, 19, 0], [3, 8, 22, 0], [4, 9, 21, 0]]


def test_dropout_is_for_training_alone():
    pictures = tf.float32, [3, 28, 28, 1]
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(*pictures)
        trained = digits.network(x, draws.Masks(draws.origin(0, draws.Stream.DIGITS, 0), "train"), 0.5)
        with v1.variable_scope("", reuse=True):
            measured = digits.network(x)
        session.run(v1.global_variables_initializer())
        trained, measured = session.run((trained, measured), {x: np.random.default_rng(0).random((3, 28, 28, 1))})
    assert np.array_equal(trained[0], measured[0])  # the features are those before dropout
    assert not np.array_equal(trained[1], measured[1])


@pytest.mark.parametrize("part", ["REACH", "DROPOUT"])
def test_digits_train_moved_and_with_dropout(monkeypatch, real, part):
    settings = {"epochs": 1, "batch_size": 20, "learning_rate": 0.0, "seed": 0, "threads": 1, "say": lambda line: None}
    with_it = digits_training.train(real.images[:20], real.labels[:20], **settings)
    monkeypatch.setattr(digits_training, part, 0)
    without = digits_training.train(real.images[:20], real.labels[:20], **settings)
    assert all(np.array_equal(without.weights[name], array) for name, array in with_it.weights.items())
    assert abs(with_it.losses[0] - without.losses[0]) > 1e-3  # nats, of the same weights and digits


# The command


def write_mnist(folder: pathlib.Path, images: np.ndarray, labels: np.ndarray, tests: int) -> pathlib.Path:
    """The four files, with the last `tests` digits for testing."""
    parts = {"train": slice(None, -tests), "t10k": slice(-tests, None)}
    folder.mkdir()
    for name in mnist.FILES:
        part = parts[name.partition("-")[0]]
        if "images" in name:
            content = struct.pack(">4I", 2051, len(images[part]), 28, 28) + images[part].tobytes()
        else:
            content = struct.pack(">2I", 2049, len(labels[part])) + labels[part].tobytes()
        (folder / name).write_bytes(gzip.compress(content, 1))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory, real) -> pathlib.Path:
    """600 digits to train with, 100 to test with, of all classes, in MNIST's files."""
    chosen = np.random.default_rng(0).permutation(4500)[:700]
    return write_mnist(tmp_path_factory.mktemp("data") / "mnist", real.images[chosen], real.labels[chosen], tests=100)


@pytest.fixture
def ends(monkeypatch, capsys, tmp_path):
    """Run the command as `python -m` does, in an empty folder: its exit code, standard output and standard error."""
    monkeypatch.setattr(command, "start_tensorflow", lambda: None)  # it turns eager mode off for all other tests
    monkeypatch.chdir(tmp_path)

    def run(*argv: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["train_digits", *argv])
        with pytest.raises(SystemExit) as ended:
            runpy.run_module("gan_lowlevel.train_digits", run_name="__main__")
        return ended.value.code, *capsys.readouterr()

    return run


def test_an_npz_of_labelled_digits_is_the_same_data(folder, tmp_path, real):
    files = mnist.load(folder, download=False)
    named = {"x_train": files.images, "y_train": files.labels, "x_test": files.test_images, "y_test": files.test_labels}
    np.savez(tmp_path / "a.npz", **named)
    found = digits_of(TrainDigitsConfig(input_data_dir=str(tmp_path / "a.npz")))
    assert found.sha256() == files.sha256()
    assert np.array_equal(found.test_labels, files.test_labels)
    for name in ("y_train", "y_test", "x_test"):
        np.savez(tmp_path / "a.npz", **{other: rows for other, rows in named.items() if other != name})
        with pytest.raises(Failure, match="should hold digits 28x28 with labels 0 to 9, and others to test with"):
            digits_of(TrainDigitsConfig(input_data_dir=str(tmp_path / "a.npz")))


def test_a_short_training_learns_repeats_bitwise_and_leaves_what_classify_takes(ends, folder, real):
    argv = [f"--input_data_dir={folder}", "--nodownload", "--epochs=4", "--batch_size=20", "--threads=2"]
    code, out, err = ends(*argv, "--out=new/one.npz")
    assert (code, err) == (0, "")
    losses = [float(line.split()[-1]) for line in out.splitlines() if line.startswith("epoch")]
    assert len(losses) == 4
    assert losses[0] < np.log(10)  # that of who knows nothing, p = 1/10
    assert losses[-1] < losses[0] / 2
    assert ends(*argv, "--out=two.npz")[0] == 0
    content = pathlib.Path("new/one.npz").read_bytes()
    assert content == pathlib.Path("two.npz").read_bytes()
    assert f"has {len(content):,} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}" in out
    assert ends(*argv, "--seed=1", "--out=two.npz")[0] == 0
    assert content != pathlib.Path("two.npz").read_bytes()

    with np.load("new/one.npz", allow_pickle=False) as file:
        made = json.loads(str(file[digits.ABOUT]))
        weights = {name: file[name] for name in file if name != digits.ABOUT}
    assert made["command"] == (
        "python -m gan_lowlevel.train_digits --input_data_dir=DIR --out=FILE --epochs=4 --batch_size=20 "
        "--learning_rate=0.002 --seed=0 --threads=2"
    )
    data = mnist.load(folder, download=False)
    sure = digits.classify(scaled(data.test_images), weights).probabilities
    right = int((sure.argmax(axis=1) == data.test_labels).sum())
    assert (made["accuracy"], made["test_digits"]) == (right / 100, 100)
    assert f"{right} of 100 test digits right" in out
    assert right >= 50
    assert not np.array_equal(sure, digits.classify(scaled(data.test_images)).probabilities)  # not the package's


def test_a_loss_that_is_no_number_ends_with_its_own_code_and_writes_nothing(ends, folder, monkeypatch, tmp_path):
    finite = digits_training.cross_entropy
    monkeypatch.setattr(digits_training, "cross_entropy", lambda logits, labels: finite(logits, labels) * np.nan)
    code, _, err = ends(f"--input_data_dir={folder}", "--out=one.npz", "--epochs=2")
    assert code == Exit.NAN
    assert "the loss is nan in epoch 1: give a smaller --learning_rate" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "--input_data_dir is wanted"),
        (["--input_data_dir=mnist"], "--out is wanted"),
        (["--input_data_dir=mnist", "--out=."], "--out wants a file"),
        (["--epochs=0"], "--epochs"),
        (["--model=mlp"], "unknown flag --model"),
    ],
)
def test_wrong_flags(ends, tmp_path, argv, said):
    code, out, err = ends(*argv)
    assert (code, out) == (1, "")
    assert said in err
    assert len(err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_no_digits_is_no_training(tmp_path):
    with pytest.raises(Failure, match=r"train-images-idx3-ubyte\.gz") as caught:
        main(TrainDigitsConfig(input_data_dir=str(tmp_path / "none"), out=str(tmp_path / "f.npz"), download=False))
    assert caught.value.code == Exit.DATA


def test_the_help(ends):
    code, out, err = ends("--help")
    assert (code, err) == (0, "")
    assert "Default: --epochs=40" in " ".join(out.split())
