"""mixture against the published experiment that it repeats: every number of it, and G and D in NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel import draws
from gan_lowlevel import gan as graph
from gan_lowlevel.commandline import read_config
from gan_lowlevel.networks import GAMES

v1 = tf.compat.v1


def test_the_recipe_is_the_published_one():
    config = read_config(["--model=mixture"])
    assert (config.batch_size, config.epochs, config.max_steps, config.z_dim) == (100, 400, 0, 2)
    assert (config.optimizer, config.beta1, config.epsilon) == ("adam", 0.8, 1e-8)
    assert (config.d_learning_rate, config.g_learning_rate) == (1e-4, 1e-4)
    assert (config.updates, config.d_step, config.g_step) == ("simultaneous", 1, 1)
    assert (config.g_loss, config.sampling) == ("non_saturating", "fresh")


@pytest.mark.parametrize(("flags", "bounds"), [([], (-1.5, 1.5)), (["--mixture=grid"], (-5.0, 5.0))])
def test_pictures_show_all_modes(flags, bounds):
    config = read_config(["--model=mixture", *flags])
    assert GAMES["mixture"](config).output_range == bounds


def test_z_is_normal_in_the_plane():
    config = read_config(["--model=mixture"])
    with tf.Graph().as_default(), v1.Session() as session:
        z = session.run(GAMES["mixture"](config).latent(10_000, config.z_dim, draws.origin(0, 0, 0)))
    assert z.shape == (10_000, 2)
    assert np.abs(z.mean(axis=0)).max() < 5 / 100  # five standard errors, 1/sqrt(10,000) each
    assert np.abs(z.std(axis=0) - 1).max() < 5 / np.sqrt(2 * 10_000)


@pytest.fixture(scope="module")
def played():
    """Initial values, x, z, and what the players make of them with batch statistics; then values after one update."""
    config = read_config(["--model=mixture"])
    with tf.Graph().as_default(), v1.Session() as session:
        gan = graph.build(config, GAMES["mixture"](config))
        session.run(v1.global_variables_initializer())
        variables = {v.op.name: v for v in v1.global_variables()}
        x = np.random.default_rng(0).standard_normal((50, 2)).astype(np.float32)
        feed = {gan.x: x, gan.draw: (*draws.origin(0, 0, 0), 50)}
        start, play, z = session.run((variables, gan.play._replace(moving=[]), gan.z), feed)
        session.run(gan.both_train.finite, feed)
        return start, x, z, play, session.run(variables)


def test_initial_weights(played):
    start, *_ = played
    own = {name: value for name, value in start.items() if "Adam" not in name and "power" not in name}
    for name, value in own.items():
        if name.endswith("weights"):
            # N(0, 0.02²): five standard errors of mean and standard deviation of n numbers.
            assert abs(value.mean()) < 5 * 0.02 / np.sqrt(value.size), name
            assert abs(value.std() - 0.02) < 5 * 0.02 / np.sqrt(2 * value.size), name
        else:
            assert (value == (1.0 if name.endswith(("gamma", "moving_variance")) else 0.0)).all(), name


def test_g_is_four_times_dense_batch_norm_relu_and_a_line(played):
    start, _, z, play, after = played
    h = z.astype(np.float64)
    for i in (1, 2, 3, 4):
        h = h @ start[f"generator/dense_{i}/weights"]
        assert f"generator/dense_{i}/biases" not in start
        mean, variance = h.mean(axis=0), h.var(axis=0)
        # The moving figures begin at 0 and 1 and take 0.05 of the batch's.
        norm = f"generator/batch_norm_{i}"
        np.testing.assert_allclose(after[f"{norm}/moving_mean"], 0.05 * mean, atol=1e-6)
        np.testing.assert_allclose(after[f"{norm}/moving_variance"], 0.95 + 0.05 * variance, atol=1e-6)
        h = np.maximum((h - mean) / np.sqrt(variance + 1e-4), 0.0)
    wanted = h @ start["generator/dense_5/weights"] + start["generator/dense_5/biases"]
    np.testing.assert_allclose(play.fake, wanted, atol=1e-4)


def test_d_is_three_times_maxout_and_a_logit(played):
    start, x, _, play, _ = played
    h = x.astype(np.float64)
    for i in (1, 2, 3):
        h = h @ start[f"discriminator/maxout_{i}/weights"] + start[f"discriminator/maxout_{i}/biases"]
        h = h.reshape(50, 200, 5).max(axis=2)
    wanted = h @ start["discriminator/dense_1/weights"] + start["discriminator/dense_1/biases"]
    np.testing.assert_allclose(play.real_logits, wanted, rtol=1e-4, atol=1e-6)


def test_both_players_move_at_once(played):
    start, *_, after = played
    for name in start:
        if name.endswith("weights"):
            moved = np.abs(after[name].astype(np.float64) - start[name]).max()
            assert moved == pytest.approx(1e-4, rel=0.05), name  # Adam's first step: the learning rate
