"""goodfellow against the published configuration that it repeats: every number of it, and two steps in float64."""

import math
from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel import draws, sessions
from gan_lowlevel import gan as graph
from gan_lowlevel.commandline import read_config
from gan_lowlevel.data.dataset import Dataset
from gan_lowlevel.loop import ExplicitLoop, Report
from gan_lowlevel.networks import GAMES, goodfellow

v1 = tf.compat.v1

ROWS = 8
FIRST, STEPS = 100_000, 2  # where rate and momentum are far from those of the beginning
LAYERS = ("dropout_1", "dropout_2", "dropout_3")


def test_the_recipe_is_the_published_one():
    config = read_config(["--model=goodfellow"])
    assert (config.batch_size, config.z_dim, config.train_rows) == (100, 100, 50_000)
    assert (config.optimizer, config.g_learning_rate) == ("sgd", 0.1)
    assert config.d_learning_rate == 0.1 / 2  # its objective of D is half of our loss
    assert (config.learning_rate_decay, config.learning_rate_floor * 0.1) == (1.000004, pytest.approx(1e-6))
    assert (config.momentum, config.final_momentum) == (0.5, 0.7)
    assert config.momentum_steps == 250 * 50_000 // 100
    assert (config.updates, config.d_step, config.g_step) == ("simultaneous", 1, 1)
    assert (config.g_loss, config.sampling, config.log_form) == ("non_saturating", "fresh", "stable")
    assert (1 - config.d_input_dropout, 1 - config.d_dropout) == (0.8, 0.5)  # kept


def test_z_is_uniform_with_variance_one():
    config = read_config(["--model=goodfellow"])
    with tf.Graph().as_default(), v1.Session() as session:
        z = session.run(GAMES["goodfellow"](config).latent(1000, config.z_dim, draws.origin(0, 0, 0)))
    assert z.shape == (1000, 100)
    assert 0.999 * math.sqrt(3) < np.abs(z).max() <= math.sqrt(3)
    # Five standard errors: the variance of z² of that law is 9/5 - 1.
    assert abs(z.mean()) < 5 / math.sqrt(z.size)
    assert abs(np.square(z).mean() - 1) < 5 * math.sqrt(0.8 / z.size)


class Played(NamedTuple):
    """Two steps of our loop."""

    images: np.ndarray  # that train, [N, 28, 28, 1]
    initial: dict[str, np.ndarray]  # weights by name
    start: dict[str, np.ndarray]  # the same, D's ten times as large
    end: dict[str, np.ndarray]
    x: list[np.ndarray]
    z: list[np.ndarray]
    masks: list[dict[str, list[np.ndarray]]]  # of each step, by connection: the three layers' kept entries
    reports: list[Report]


class Digits(NamedTuple):
    """Rows of x."""

    def size(self, k: int) -> int:
        return ROWS

    def batch(self, k: int) -> np.ndarray:
        return np.random.default_rng(k).uniform(0, 1, (ROWS, 784)).astype(np.float32)


@pytest.fixture(scope="module")
def played() -> Played:
    config = read_config(["--model=goodfellow", f"--batch_size={ROWS}"])
    game = GAMES["goodfellow"](config)
    images = np.random.default_rng(1).integers(0, 256, (20, 28, 28, 1), np.uint8)
    images[:, 0, 0], images[:, 0, 1] = 0, 255
    none = np.zeros(0, np.uint8)
    with tf.Graph().as_default(), v1.Session() as session:
        gan = graph.build(config, game)
        sessions.initialize(session, game, Dataset(images, none, images[:0], none, "random"))
        loop = ExplicitLoop(session, gan, game, config, Digits())
        kept = {
            connection: [
                draws.Masks(gan.draw[:2], connection).kept(rate, tf.zeros([ROWS, width]), layer)
                for layer, rate, width in zip(LAYERS, (0.2, 0.5, 0.5), (784, 240, 240), strict=True)
            ]
            for connection in ("real", "fake")
        }
        weights = {v.op.name: v for v in gan.theta.g + gan.theta.d}
        initial = session.run(weights)
        for variable in gan.theta.d:  # else D is 1/2 everywhere, and gradients differences of nearly equal numbers
            variable.load(10 * initial[variable.op.name], session)
        start, x, z, masks, reports = session.run(weights), [], [], [], []
        for step in range(FIRST, FIRST + STEPS):
            seen = session.run((gan.x, gan.z, kept), loop.d_feed(step, 0))
            for those, each in zip((x, z, masks), seen, strict=True):
                those.append(each)
            reports.append(loop.play(step))
        return Played(images, initial, start, session.run(weights), x, z, masks, reports)


def test_initial_weights(played):
    for name, value in played.initial.items():
        if name.endswith("weights"):
            bound = 0.05 if name.startswith("generator/") else 0.005
            # The outermost of n numbers of U(-b, b) is beyond b (1 - 14/n) but with a chance of e^-14.
            assert bound * (1 - 14 / value.size) <= np.abs(value).max() <= bound, name
            # Five standard errors of mean and mean square: b/√(3 n), and b² √(4/45/n).
            assert abs(value.mean()) < 5 * bound / math.sqrt(3 * value.size), name
            assert abs(np.square(value).mean() - bound**2 / 3) < 5 * bound**2 * math.sqrt(4 / 45 / value.size), name
        elif name != "generator/dense_3/biases":
            assert not value.any(), name


def test_the_output_biases_are_the_logits_of_the_pixels_means(played):
    biases = played.initial["generator/dense_3/biases"]
    means = played.images.reshape(20, 784).mean(axis=0) / 255
    assert (means[0], means[1]) == (0, 1)
    assert biases[0] == pytest.approx(math.log(1e-7), rel=1e-6)  # clipped
    assert biases[1] == pytest.approx(-math.log(1e-7), rel=1e-6)
    np.testing.assert_allclose(1 / (1 + np.exp(-biases[2:].astype(np.float64))), means[2:], rtol=1e-6)


def test_a_pixel_that_is_a_fifth_white_has_the_bias_minus_log_4():
    # log(0.2/0.8)
    assert goodfellow.initial_of_mean(np.array([0.2]))["generator/dense_3/biases"] == pytest.approx(-math.log(4))


def test_masks_keep_four_fifths_of_the_pixels_and_half_of_the_hidden_units(played):
    for of_step in played.masks:
        for layers in of_step.values():
            for kept, share in zip(layers, (0.8, 0.5, 0.5), strict=True):
                assert abs(kept.mean() - share) < 5 * math.sqrt(share * (1 - share) / kept.size)
    first, second = played.masks[:2]
    assert not np.array_equal(first["real"][0], first["fake"][0])
    assert not np.array_equal(first["real"][0], second["real"][0])


class Twin:
    """The configuration's step in float64, with its own objectives, rates and form of momentum."""

    def __init__(self, start: dict[str, np.ndarray]):
        self.w = {name: tf.Variable(value.astype(np.float64)) for name, value in start.items()}
        self.v = {name: np.zeros(value.shape) for name, value in start.items()}

    def affine(self, h: tf.Tensor, layer: str, pieces: slice = slice(None)) -> tf.Tensor:
        return h @ self.w[f"{layer}/weights"][:, pieces] + self.w[f"{layer}/biases"][pieces]

    def generate(self, z: np.ndarray) -> tf.Tensor:
        h = tf.nn.relu(self.affine(tf.constant(z, tf.float64), "generator/dense_1"))
        return tf.sigmoid(self.affine(tf.nn.relu(self.affine(h, "generator/dense_2")), "generator/dense_3"))

    def logits(self, x: tf.Tensor, masks: list[np.ndarray]) -> tf.Tensor:
        h = x * masks[0] * 1.25
        for i in (1, 2):
            pieces = [self.affine(h, f"discriminator/maxout_{i}", slice(piece, None, 5)) for piece in range(5)]
            h = tf.reduce_max(tf.stack(pieces), axis=0) * masks[i] * 2.0
        return self.affine(h, "discriminator/dense_1")

    def step(self, number: int, x: np.ndarray, z: np.ndarray, masks: dict[str, list[np.ndarray]]) -> tuple:
        """Both objectives, before the weights move."""
        with tf.GradientTape(persistent=True) as tape:
            real = self.logits(tf.constant(x, tf.float64), masks["real"])
            fake = self.logits(self.generate(z), masks["fake"])
            d = 0.5 * (tf.reduce_mean(tf.math.softplus(-real)) + tf.reduce_mean(tf.math.softplus(fake)))
            g = tf.reduce_mean(tf.math.softplus(-fake))
        gradients = {
            name: tape.gradient(g if name.startswith("generator/") else d, variable).numpy()
            for name, variable in self.w.items()
        }
        rate = max(0.1 / 1.000004**number, 1e-6)
        momentum = 0.5 + (0.7 - 0.5) * min(number / (250 * 500), 1)
        for name, gradient in gradients.items():
            self.v[name] = momentum * self.v[name] - rate * gradient
            self.w[name].assign_add(self.v[name])
        return float(d), float(g)


def test_two_steps_are_the_configurations(played):
    twin = Twin(played.start)
    for i in range(STEPS):
        masks = {name: [kept.astype(np.float64) for kept in layers] for name, layers in played.masks[i].items()}
        d, g = twin.step(FIRST + i, played.x[i], played.z[i], masks)
        assert 2 * d == pytest.approx(played.reports[i].d.d_loss, rel=1e-5)
        assert g == pytest.approx(played.reports[i].g.g_loss, rel=1e-5)
    for name, variable in twin.w.items():
        moved, start = variable.numpy() - played.start[name], played.end[name].astype(np.float64) - played.start[name]
        # Weights are rounded to 2^-24 of their size; gradients differ by float32's rounding through six layers.
        rounding = STEPS * 2.0**-24 * np.abs(played.start[name]).max()
        apart, size = math.sqrt(np.square(moved - start).mean()), math.sqrt(np.square(moved).mean())
        assert apart <= 1e-4 * size + rounding, name
        assert size > 30 * rounding, name  # else that would say nothing
