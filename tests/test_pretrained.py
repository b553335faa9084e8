"""What comes with the package: small, whole, the same bits everywhere, and worth looking at."""

import pathlib
import tomllib

import numpy as np
import pytest

from gan_lowlevel import networks, pretrained
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.metrics import digits
from gan_lowlevel.sampler import Sampler
from tests.players import players

MOST = 300_000  # bytes of all files together
ROOT = pathlib.Path(__file__).parents[1]


def sampler(name: str) -> Sampler:
    own = pretrained.read(name)
    return Sampler(own, own.settings, networks.GAMES[name](own.settings))


def test_files_are_small_and_come_with_an_installation():
    files = sorted(pretrained.FOLDER.glob("*.npz"))
    assert [path.stem for path in files] == sorted(pretrained.SHA256)
    assert sum(path.stat().st_size for path in files) <= MOST
    packaged = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    assert packaged["gan_lowlevel.networks"] == ["*.npz"]


@pytest.mark.parametrize("name", sorted(pretrained.SHA256))
def test_weights_are_those_of_both_players(name):
    own, game = pretrained.read(name), players(name)
    assert {n: (w.shape, w.dtype) for n, w in own.weights.items()} == {
        n: (w.shape, np.dtype(np.float32)) for n, w in game.weights.items()
    }
    assert own.settings.model == own.card["game"] == name
    assert own.step == own.card["steps"] == own.settings.max_steps
    assert len(own.notes["data_sha256"]) == 64
    assert str(own) == f"the package's {name}"


def test_mlp_draws_digits():
    with sampler("mlp") as own:
        images = own.samples(list(range(500))).reshape(-1, 28, 28)
        said = digits.classify(images).probabilities
        # The classifier is sure of real digits, 0.99, and of blobs is not.
        assert said.max(axis=1).mean() > 0.85
        assert len(np.unique(said.argmax(axis=1))) >= 8
        scores = np.concatenate(list(own.score_parts(list(range(500)))))
    assert scores.std() > 0.1  # D tells good from bad, so that --nice chooses


def test_parabola_draws_points_on_the_curve():
    with sampler("parabola") as own:
        points = own.samples(list(range(1000)))
    assert np.abs(points[:, 1] - points[:, 0] ** 2).mean() < 0.02  # of noise in the square 0.6
    assert points[:, 0].min() < -0.4
    assert points[:, 0].max() > 0.4


def test_eight_bits_are_half_a_step_from_the_weight():
    random = np.random.default_rng(0)
    weights = {
        "a/weights": random.normal(0, 1, (50, 40)).astype(np.float32),
        "a/kernel": random.normal(0, 1, (3, 3, 20, 8)).astype(np.float32) * np.arange(8, dtype=np.float32),
        "a/biases": random.normal(0, 1, 40).astype(np.float32),
    }
    packed = pretrained.packed(weights)
    again = pretrained.unpacked(packed)
    assert set(again) == set(weights)
    assert packed["a/weights"].dtype == packed["a/kernel"].dtype == np.int8
    assert again["a/biases"].tobytes() == weights["a/biases"].tobytes()
    for name in ("a/weights", "a/kernel"):
        step = np.abs(weights[name]).max(axis=tuple(range(weights[name].ndim - 1))) / 127
        assert again[name].dtype == np.float32
        assert (np.abs(again[name] - weights[name]) <= 0.5001 * step).all()
        assert (np.abs(packed[name]).reshape(-1, packed[name].shape[-1]).max(axis=0) == 127 * (step > 0)).all()


def test_equal_weights_are_equal_bytes():
    weights = players("parabola").weights
    assert pretrained.content(weights, {"a": 1}) == pretrained.content(dict(weights), {"a": 1})


@pytest.mark.parametrize(("content", "said"), [(None, "can't be read"), (b"x", "has 1 bytes of the SHA-256")])
def test_a_damaged_file_is_a_sentence(tmp_path, monkeypatch, content, said):
    if content is not None:
        (tmp_path / "mlp.npz").write_bytes(content)
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path)
    with pytest.raises(Failure, match=said) as caught:
        pretrained.read("mlp")
    assert caught.value.code == Exit.DATA
    assert pretrained.SHA256["mlp"] in str(caught.value)
