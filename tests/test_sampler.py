"""Restored players: their numbers by hand, and a sample that no neighbour changes, bit for bit."""

import shutil

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel import data, networks, runs, train
from gan_lowlevel import sampler as sampler_module
from gan_lowlevel.commandline import read_config
from gan_lowlevel.data.dataset import Dataset
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.runs import Run
from gan_lowlevel.sampler import BATCH, Sampler
from gan_lowlevel.sessions import latents

PICTURES = {"mlp": (28, 28, 1), "dcgan": (28, 28, 1), "dog": (64, 64, 3)}


@pytest.fixture(scope="module")
def run_of(tmp_path_factory):
    """A run of the model, trained for two steps on a few random pictures."""
    logdir, made = tmp_path_factory.mktemp("logs"), {}

    def run(model: str) -> Run:
        if model not in made:
            argv = [f"--model={model}", "--max_steps=2", "--batch_size=4", "--sample_every=0", "--save_every=1"]
            config = read_config([*argv, "--threads=2", f"--logdir={logdir}", f"--run_name={model}"])
            random = np.random.default_rng(0)
            images, labels = random.integers(0, 256, (8, *PICTURES[model]), np.uint8), np.zeros(8, np.uint8)
            data_set = Dataset(images, labels, images[:0], labels[:0], "random pictures")
            game = networks.GAMES[model](config)
            rows = data.rows(data_set, config, game.output_range, game.data_shape)
            made[model] = runs.locate(config)
            with runs.claimed(made[model]):
                assert train.train(train.resolve(config, rows), game, data_set, rows, made[model]) == Exit.DONE
        return made[model]

    return run


def opened(run: Run, **of: int) -> Sampler:
    settings = runs.read_settings(run).without_dropout()
    return Sampler(run, settings, networks.GAMES[settings.model](settings), **of)


@pytest.fixture(scope="module")
def sampler_of(run_of):
    """A sampler of the model's run, open for the whole module."""
    open_ones = {}

    def sampler(model: str) -> Sampler:
        if model not in open_ones:
            open_ones[model] = opened(run_of(model))
        return open_ones[model]

    yield sampler
    for one in open_ones.values():
        one.__exit__()


def scores(sampler: Sampler, seeds: list[int]) -> np.ndarray:
    return np.concatenate(list(sampler.score_parts(seeds)))


@pytest.fixture(scope="module")
def by_hand(run_of):
    """Samples and D's logits of mlp for seeds 0 to 9, from the checkpoint's weights alone, in float64."""
    run = run_of("mlp")
    weights = tf.train.load_checkpoint(str(run.checkpoints / "ckpt-000000002" / "model"))

    def dense(h: np.ndarray, layer: str) -> np.ndarray:
        return h @ weights.get_tensor(f"{layer}/weights").astype(np.float64) + weights.get_tensor(f"{layer}/biases")

    settings = runs.read_settings(run)
    z = latents(networks.GAMES["mlp"](settings), settings.z_dim, list(range(10))).astype(np.float64)
    logits = dense(np.tanh(dense(z, "generator/dense_1")), "generator/dense_2")
    samples = 1 / (1 + np.exp(-logits))
    return samples, dense(np.tanh(dense(samples, "discriminator/dense_1")), "discriminator/dense_2")[:, 0]


def test_samples_are_the_trained_generators(sampler_of, by_hand):
    samples = sampler_of("mlp").samples(list(range(10)))
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, by_hand[0], rtol=0, atol=1e-6)


def test_scores_are_the_trained_discriminators_logits(sampler_of, by_hand):
    found = scores(sampler_of("mlp"), list(range(10)))
    np.testing.assert_allclose(found, by_hand[1], rtol=1e-5, atol=1e-5)


def test_step(sampler_of):
    assert sampler_of("mlp").step == 2


@pytest.mark.parametrize("model", PICTURES)
@pytest.mark.parametrize("draw", [Sampler.samples, scores])
def test_a_sample_does_not_hang_on_its_neighbours_or_its_place(sampler_of, model, draw):
    sampler = sampler_of(model)
    together = draw(sampler, list(range(72)))  # a whole batch and a part of one
    assert len({row.tobytes() for row in together}) == 72
    for seeds in ([5], [70], list(range(60, 71)), list(range(71, -1, -1)), [5, 63, 5, 64, 5], [*range(1, 71)]):
        drawn = draw(sampler, seeds)
        assert drawn.tobytes() == together[seeds].tobytes(), seeds


@pytest.mark.parametrize("model", PICTURES)
def test_in_range_and_shape(sampler_of, model):
    samples = sampler_of(model).samples([3, 4])
    low = 0 if model == "mlp" else -1
    assert samples.shape == (2, 784) if model == "mlp" else (2, *PICTURES[model])
    assert low < samples.min() < samples.max() < 1


def test_none(sampler_of):
    assert sampler_of("mlp").samples([]).shape == (0, 784)


def test_parts_are_bounded_and_whole(sampler_of, monkeypatch):
    monkeypatch.setattr(sampler_module, "PART", 2 * BATCH)
    seeds = list(range(300))
    parts = list(sampler_of("mlp").parts(seeds))
    assert [len(part) for part in parts] == [128, 128, 44]
    assert [len(part) for part in sampler_of("mlp").score_parts(seeds)] == [128, 128, 44]
    monkeypatch.undo()
    assert np.concatenate(parts).tobytes() == sampler_of("mlp").samples(seeds).tobytes()


def test_seeds_beyond_32_bits(sampler_of):
    assert len({row.tobytes() for row in sampler_of("mlp").samples([5, 5 + 2**31, 5 + 2**32])}) == 3


@pytest.mark.parametrize("model", ["mlp", "dcgan"])  # dcgan's moving statistics are averaged too
def test_of_a_mean_over_checkpoints_the_weights_are_its_and_d_is_the_last_ones(run_of, model):
    run = run_of(model)
    first, last = (tf.train.load_checkpoint(str(run.checkpoints / f"ckpt-00000000{k}" / "model")) for k in (1, 2))
    with opened(run, average=2) as sampler:
        assert sampler.step == 2
        found = sampler.weights()
    moved = 0
    for name, weights in found.items():
        one, other = first.get_tensor(name).astype(np.float64), last.get_tensor(name).astype(np.float64)
        wanted = (one + other) / 2 if name.startswith("generator/") else other
        np.testing.assert_array_equal(weights, wanted.astype(np.float32), err_msg=name)
        moved += not np.array_equal(one, other)
    assert moved > len(found) / 2  # the two checkpoints differ, or nothing was tested


@pytest.mark.parametrize("of", [{"average": 3}, {"average": 2, "step": 1}])
def test_too_few_checkpoints_for_a_mean(run_of, of):
    with pytest.raises(Failure, match=r"checkpoints up to step [12], .* has [12]: give a smaller one") as caught:
        opened(run_of("mlp"), **of)
    assert caught.value.code == Exit.FLAGS


def test_a_run_without_a_checkpoint(run_of, tmp_path):
    shutil.copy(run_of("mlp").flags, tmp_path)
    with pytest.raises(Failure, match="has no checkpoint yet") as caught:
        opened(Run(tmp_path))
    assert caught.value.code == Exit.FLAGS


def test_a_run_without_a_good_checkpoint(run_of, tmp_path, capsys):
    shutil.copytree(run_of("mlp").directory, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy" / "checkpoints" / "ckpt-000000001")
    (tmp_path / "copy" / "checkpoints" / "ckpt-000000002" / "model.index").write_bytes(b"")
    with pytest.raises(Failure, match="none of the 1") as caught:
        opened(Run(tmp_path / "copy"))
    assert caught.value.code == Exit.CHECKPOINTS
    assert "model.index has 0 bytes" in capsys.readouterr().out
