"""Fidelity to the sources: each game against a twin in Keras that is built and driven as its article does it.

The twin starts with our initial weights and sees our x and z. G(z), D(x), D(G(z)), both losses and every variable are
compared over three full steps. Keras runs eagerly here, our graph in a session of its own, so eager execution must not
have been disabled in this process.
"""

import abc
import itertools
import math
from typing import NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers as kl

from gan_lowlevel import gan as graph
from gan_lowlevel import sessions
from gan_lowlevel.commandline import read_config
from gan_lowlevel.config import Config
from gan_lowlevel.loop import ExplicitLoop
from gan_lowlevel.networks import GAMES

v1 = tf.compat.v1

STEPS = 3


# Ours


class Step(NamedTuple):
    """One step of our loop: what each update saw, and what the last one of each player reported."""

    d_rounds: list[tuple[np.ndarray, np.ndarray]]  # x and z
    g_rounds: list[np.ndarray]  # z
    d_loss: float
    g_loss: float


class Played(NamedTuple):
    """Three steps of our loop."""

    start: dict[str, np.ndarray]  # variables by name
    end: dict[str, np.ndarray]
    first: graph.Play  # on x and z of the first update of D, before it
    last: graph.Play  # on the same x and z, after the third step
    steps: list[Step]


class Uniform(NamedTuple):
    """Rows of x in the game's range."""

    batch_size: int
    shape: tuple[int, ...]
    low: float
    high: float

    def size(self, k: int) -> int:
        return self.batch_size

    def batch(self, k: int) -> np.ndarray:
        shape = (self.batch_size, *self.shape)
        return np.random.default_rng(k).uniform(self.low, self.high, shape).astype(np.float32)


def play(config: Config) -> Played:
    game = GAMES[config.model](config)
    with tf.Graph().as_default(), v1.Session(config=sessions.session_config(2)) as session:
        gan = graph.build(config, game)
        session.run(v1.global_variables_initializer())
        rows = Uniform(config.batch_size, game.data_shape, *game.output_range)
        loop = ExplicitLoop(session, gan, game, config, rows)

        optimizers_own = ("/Adam", "/Adam_1", "/Momentum", "_power")
        variables = {v.op.name: v for v in v1.global_variables() if not v.op.name.endswith(optimizers_own)}
        start, first = session.run(variables), session.run(gan.play, loop.d_feed(0, 0))
        played = []
        for step in range(STEPS):
            d_rounds = [session.run((gan.x, gan.z), loop.d_feed(step, update)) for update in range(config.d_step)]
            g_rounds = [session.run(gan.z, loop.g_feed(step, update)) for update in range(config.g_step)]
            report = loop.play(step)
            played.append(Step(d_rounds, g_rounds, report.d.d_loss, report.g.g_loss))
        return Played(start, session.run(variables), first, session.run(gan.play, loop.d_feed(0, 0)), played)


# The twins


class Twin(abc.ABC):
    """G and D in Keras, with the article's initial weights until ours are copied in, and the article's driving."""

    def __init__(self, config: Config, seed: int = 1):
        assert tf.executing_eagerly(), "something disabled eager execution in this process: Keras trains nothing then"
        keras.utils.set_random_seed(seed)
        self.config = config
        self.g, self.d = self.generator(), self.discriminator()
        self.prepare()

    @abc.abstractmethod
    def generator(self) -> keras.Model: ...

    @abc.abstractmethod
    def discriminator(self) -> keras.Model: ...

    @abc.abstractmethod
    def prepare(self) -> None:
        """Compile, or make optimizers."""

    @abc.abstractmethod
    def step(self, step: Step) -> tuple[float, float]:
        """One step as the article drives it; the last d_loss and g_loss, in our units."""

    def fakes(self, z: np.ndarray) -> np.ndarray:
        """G(z) as the article makes D's fakes."""
        return self.g.predict_on_batch(z)

    def adam(self, rate: float, **more) -> keras.optimizers.Adam:
        return keras.optimizers.Adam(rate, beta_1=self.config.beta1, **{"epsilon": self.config.epsilon, **more})

    def stacked(self, optimizer: keras.optimizers.Optimizer) -> keras.Model:
        """G and then D, which is frozen."""
        self.d.trainable = False
        stack = keras.Sequential([self.g, self.d])
        stack.compile(loss="binary_crossentropy", optimizer=optimizer)
        return stack

    def train_d(self, x: np.ndarray, label: float | np.ndarray) -> float:
        """One batch of D. In the articles' Keras a compiled D goes on training whatever `trainable` says later."""
        self.d.trainable = True
        return float(self.d.train_on_batch(x, np.broadcast_to(label, (len(x), 1)), return_dict=True)["loss"])

    def train_stack(self, z: np.ndarray) -> float:
        """One batch of the stack, with the label "real"."""
        self.d.trainable = False
        return float(self.stack.train_on_batch(z, np.ones((len(z), 1)), return_dict=True)["loss"])


class Mlp(Twin):
    """The article is TensorFlow 1 code: both losses written out, tf.train.AdamOptimizer() for each."""

    def layers(self, inputs: int, units: int) -> keras.Model:
        initial = {
            "kernel_initializer": keras.initializers.TruncatedNormal(stddev=0.1),
            "bias_initializer": keras.initializers.Constant(0.1),
        }
        hidden, output = kl.Dense(128, "tanh", **initial), kl.Dense(units, "sigmoid", **initial)
        return keras.Sequential([keras.Input((inputs,)), hidden, output])

    def generator(self):
        return self.layers(100, 784)

    def discriminator(self):
        return self.layers(784, 1)

    def prepare(self):
        # Its defaults: learning rate 0.001, beta1 0.9, beta2 0.999, epsilon 1e-8, which Keras's Adam adds to the same
        # root, sqrt(v), with the same rate sqrt(1 - beta2^t)/(1 - beta1^t).
        self.d_adam, self.g_adam = (keras.optimizers.Adam(1e-3, 0.9, 0.999, 1e-8) for _ in range(2))

    def step(self, step):
        for x, z in step.d_rounds:
            with tf.GradientTape() as tape:
                d_loss = -tf.reduce_mean(tf.math.log(self.d(x)) + tf.math.log(1.0 - self.d(self.g(z))))
            theta = self.d.trainable_variables
            self.d_adam.apply(tape.gradient(d_loss, [v.value for v in theta]), theta)
        for z in step.g_rounds:
            with tf.GradientTape() as tape:
                g_loss = -tf.reduce_mean(tf.math.log(self.d(self.g(z))))
            theta = self.g.trainable_variables
            self.g_adam.apply(tape.gradient(g_loss, [v.value for v in theta]), theta)
        return float(d_loss), float(g_loss)


class MlpDeep(Twin):
    """The article is PyTorch code: D's gradients of two cross-entropies are added up, then applied; then G."""

    def layers(self, sizes: list[int], activation: str) -> keras.Model:
        model = keras.Sequential([keras.Input((sizes[0],))])
        for inputs, units in itertools.pairwise(sizes):
            bound = 1 / math.sqrt(inputs)  # nn.Linear's default, weights and biases
            initial = [keras.initializers.RandomUniform(-bound, bound) for _ in range(2)]
            model.add(kl.Dense(units, kernel_initializer=initial[0], bias_initializer=initial[1]))
            model.add(kl.LeakyReLU(negative_slope=0.2) if units != sizes[-1] else kl.Activation(activation))
        return model

    def generator(self):
        return self.layers([100, 256, 512, 1024, 784], "tanh")

    def discriminator(self):
        return self.layers([784, 1024, 512, 256, 1], "sigmoid")

    def prepare(self):
        self.loss = keras.losses.BinaryCrossentropy()
        self.d_adam, self.g_adam = self.adam(self.config.d_learning_rate), self.adam(self.config.g_learning_rate)

    def step(self, step):
        for x, z in step.d_rounds:
            fakes = self.g(z)  # detached
            with tf.GradientTape() as tape:
                real = self.loss(np.ones((len(x), 1)), self.d(x))
                d_loss = real + self.loss(np.zeros((len(x), 1)), self.d(fakes))
            theta = self.d.trainable_variables
            self.d_adam.apply(tape.gradient(d_loss, [v.value for v in theta]), theta)
        for z in step.g_rounds:
            with tf.GradientTape() as tape:
                g_loss = self.loss(np.ones((len(z), 1)), self.d(self.g(z)))
            theta = self.g.trainable_variables
            self.g_adam.apply(tape.gradient(g_loss, [v.value for v in theta]), theta)
        return float(d_loss), float(g_loss)


class Dcgan(Twin):
    """D on one joint batch, G in a stack with D frozen."""

    def generator(self):
        normal = keras.initializers.RandomNormal(0.0, 0.02)
        plain = {"padding": "same", "use_bias": False, "kernel_initializer": normal}

        def norm():
            return [
                kl.BatchNormalization(gamma_initializer=keras.initializers.RandomNormal(1.0, 0.02)),
                kl.LeakyReLU(negative_slope=0.2),
            ]

        return keras.Sequential(
            [
                keras.Input((100,)),
                kl.Dense(7 * 7 * 256, kernel_initializer=normal),
                kl.Reshape((7, 7, 256)),
                *norm(),
                kl.Conv2DTranspose(128, 5, **plain),
                *norm(),
                kl.Conv2DTranspose(64, 5, strides=2, **plain),
                *norm(),
                kl.Conv2DTranspose(32, 5, strides=2, **plain),
                *norm(),
                kl.Conv2D(1, 5, **plain),
                kl.Activation("tanh"),
            ]
        )

    def discriminator(self):
        normal = keras.initializers.RandomNormal(0.0, 0.02)
        plain = {"strides": 2, "padding": "same", "use_bias": False, "kernel_initializer": normal}
        return keras.Sequential(  # dropout, which has no parameters, is off in this comparison
            [
                keras.Input((28, 28, 1)),
                kl.Conv2D(64, 5, **plain),
                kl.LeakyReLU(negative_slope=0.2),
                kl.Conv2D(128, 5, **plain),
                kl.LeakyReLU(negative_slope=0.2),
                kl.Flatten(),
                kl.Dense(1, "sigmoid", kernel_initializer=normal),
            ]
        )

    def prepare(self):
        # The article averages over the joint batch: half of our D loss, and half its gradient. Adam's step
        # m/(sqrt(v) + epsilon) with m and sqrt(v) halved is that of the whole gradient with epsilon doubled. So the
        # article's D with half our epsilon is exactly ours; at equal epsilon 1e-7 they differ by a share 1e-7/|g|.
        self.d.compile(
            loss="binary_crossentropy",
            optimizer=self.adam(self.config.d_learning_rate, epsilon=self.config.epsilon / 2),
        )
        self.stack = self.stacked(self.adam(self.config.g_learning_rate))

    def fakes(self, z):
        """With batch statistics, which Keras would let move the moving ones: those move in G's own update only."""
        moving = [layer.non_trainable_weights for layer in self.g.layers]
        moving = [variable for variables in moving for variable in variables]
        values = [variable.numpy() for variable in moving]
        fakes = self.g(z, training=True).numpy()
        for variable, value in zip(moving, values, strict=True):
            variable.assign(value)
        return fakes

    def step(self, step):
        for x, z in step.d_rounds:
            labels = np.concatenate([np.ones((len(x), 1)), np.zeros((len(z), 1))])
            d_loss = self.train_d(np.concatenate([x, self.fakes(z)]), labels)
        for z in step.g_rounds:
            g_loss = self.train_stack(z)
        return 2 * d_loss, g_loss


class Dog(Twin):
    """Its code in full: D on one joint batch with fakes by predict, then the stack with D frozen."""

    def generator(self):
        return keras.Sequential(
            [
                keras.Input((1000,)),
                kl.Dense(1024),
                kl.Activation("tanh"),
                kl.Dense(128 * 8 * 8),
                kl.BatchNormalization(),
                kl.Activation("tanh"),
                kl.Reshape((8, 8, 128)),
                kl.UpSampling2D(size=(4, 4)),
                kl.Conv2D(64, (5, 5), padding="same"),
                kl.Activation("tanh"),
                kl.UpSampling2D(size=(2, 2)),
                kl.Conv2D(3, (5, 5), padding="same"),
                kl.Activation("tanh"),
            ]
        )

    def discriminator(self):
        return keras.Sequential(
            [
                keras.Input((64, 64, 3)),
                kl.Conv2D(64, (5, 5), padding="same"),
                kl.Activation("tanh"),
                kl.MaxPooling2D(pool_size=(2, 2)),
                kl.Conv2D(128, (5, 5)),
                kl.Activation("tanh"),
                kl.MaxPooling2D(pool_size=(2, 2)),
                kl.Flatten(),
                kl.Dense(1024),
                kl.Activation("tanh"),
                kl.Dense(1),
                kl.Activation("sigmoid"),
            ]
        )

    def prepare(self):
        # One learning rate for both players. The mean over the joint batch is half of our D loss, so under SGD the
        # recipe's rate for our D is half of the article's.
        sgd = {"learning_rate": 5e-4, "momentum": 0.9, "nesterov": True}
        assert self.config.g_learning_rate == 5e-4
        assert self.config.d_learning_rate == 5e-4 / 2
        assert (self.config.optimizer, self.config.momentum) == ("nesterov", 0.9)
        self.d.compile(loss="binary_crossentropy", optimizer=keras.optimizers.SGD(**sgd))
        self.stack = self.stacked(keras.optimizers.SGD(**sgd))

    def step(self, step):
        for x, z in step.d_rounds:
            labels = np.array([1.0] * len(x) + [0.0] * len(z))[:, None]
            d_loss = self.train_d(np.concatenate([x, self.fakes(z)]), labels)
        for z in step.g_rounds:
            g_loss = self.train_stack(z)
        return 2 * d_loss, g_loss


class Parabola(Twin):
    """Its code in full: D on a batch of real points, then on one of fakes; then the stack on twice as many z."""

    def generator(self):
        hidden = kl.Dense(15, activation="relu", kernel_initializer="he_uniform")
        return keras.Sequential([keras.Input((5,)), hidden, kl.Dense(2, activation="linear")])

    def discriminator(self):
        hidden = kl.Dense(25, activation="relu", kernel_initializer="he_uniform")
        return keras.Sequential([keras.Input((2,)), hidden, kl.Dense(1, activation="sigmoid")])

    def prepare(self):
        self.d.compile(loss="binary_crossentropy", optimizer="adam")
        self.stack = self.stacked("adam")

    def step(self, step):
        for x, z in step.d_rounds:
            fakes = self.fakes(z)
            # What our report says is of D before both updates; the article's second loss is of D between them.
            before = keras.losses.BinaryCrossentropy()(np.zeros((len(z), 1)), self.d(fakes))
            d_loss = self.train_d(x, 1.0) + float(before)
            self.train_d(fakes, 0.0)
        for z in step.g_rounds:
            assert len(z) == 2 * len(x)
            g_loss = self.train_stack(z)
        return d_loss, g_loss


TWINS = {"dcgan": Dcgan, "dog": Dog, "mlp": Mlp, "mlp_deep": MlpDeep, "parabola": Parabola}


class Case(NamedTuple):
    """A run to compare, and the share of its three steps' movement by which the twin may differ.

    Both sum the same numbers in float32, in other orders: gradients agree to some 1e-6 of their size. Two things make
    more of that. Adam moves an entry by about its learning rate however small the gradient, so the few entries whose
    gradient is next to nothing may move apart. And where a pre-activation within rounding of 0 falls on the other side,
    (leaky) ReLU has another slope, where two pixels tie, max pooling another winner: one flip changes the gradients
    before it by one over the root of the number of its peers. tanh has no such place. dcgan has 260,000 such places,
    each within some 1e-6 of a number of size 1, and batch norm spreads each flip over all rows: one in three steps has
    been seen, with a share of 0.03.
    """

    model: str
    argv: list[str]
    share: float


CASES = {
    "mlp": Case("mlp", ["--batch_size=16"], 1e-3),
    "mlp, the article's sampling": Case("mlp", ["--batch_size=16", "--sampling=article"], 1e-3),
    "mlp_deep": Case("mlp_deep", ["--batch_size=8"], 1e-2),
    "dcgan": Case("dcgan", ["--batch_size=8", "--d_dropout=0"], 5e-2),
    # An epsilon as large as the gradients, so that what is said of half an epsilon decides.
    "dcgan, large epsilon": Case("dcgan", ["--batch_size=8", "--d_dropout=0", "--epsilon=1e-3"], 1e-2),
    "dog": Case("dog", ["--batch_size=4"], 1e-2),
    "parabola": Case("parabola", [], 1e-2),
}


def by_our_names(twin: Twin, ours: dict[str, np.ndarray]) -> dict[str, keras.Variable]:
    """The twin's variables by our names: layer after layer, and in each the same order."""
    found = {}
    for player, model in (("generator", twin.g), ("discriminator", twin.d)):
        named = [name for name in ours if name.startswith(f"{player}/")]
        found |= dict(zip(named, model.weights, strict=True))
    assert found.keys() == ours.keys()
    for name, variable in found.items():
        assert tuple(variable.shape) == ours[name].shape, name
    return found


def size(values: np.ndarray) -> float:
    """Root of the mean square."""
    return math.sqrt(np.square(values, dtype=np.float64).mean())


def compare(case: Case, ours: Played, twin: Twin) -> None:
    """Play the twin and hold it to ours."""
    theirs = by_our_names(twin, ours.start)
    for name, variable in theirs.items():
        variable.assign(ours.start[name])

    x, z = ours.steps[0].d_rounds[0]
    fake = twin.fakes(z)
    # Outputs of size 1 at the same weights: float32 rounding through up to five layers.
    np.testing.assert_allclose(ours.first.fake, fake, atol=1e-5)
    np.testing.assert_allclose(ours.first.d_real, twin.d.predict_on_batch(x), atol=1e-5)
    np.testing.assert_allclose(ours.first.d_fake, twin.d.predict_on_batch(fake), atol=1e-5)

    for number, step in enumerate(ours.steps):
        d_loss, g_loss = twin.step(step)
        # At the same weights in the first step; then what the variables differ by shows here as well, but averaged.
        rtol = 1e-5 if number == 0 else 0.1 * case.share
        assert d_loss == pytest.approx(step.d_loss, rel=rtol)
        assert g_loss == pytest.approx(step.g_loss, rel=rtol)

    for name, variable in theirs.items():
        start, end = ours.start[name], ours.end[name]
        # A movement below the rounding of a weight of size 1 says nothing: a bias before batch norm has gradient 0.
        assert size(variable.numpy() - end) <= case.share * size(end - start) + 2.0**-24, name
    fake = twin.fakes(z)
    np.testing.assert_allclose(ours.last.fake, fake, atol=case.share)
    np.testing.assert_allclose(ours.last.d_real, twin.d.predict_on_batch(x), atol=case.share)
    np.testing.assert_allclose(ours.last.d_fake, twin.d.predict_on_batch(fake), atol=case.share)


ARTICLES = {"mlp", "mlp_deep", "dcgan", "dog", "parabola"}


def test_every_game_has_a_twin_and_is_compared():
    assert TWINS.keys() == {case.model for case in CASES.values()} == ARTICLES
    assert GAMES.keys() >= ARTICLES


@pytest.mark.parametrize("name", CASES)
def test_three_steps_are_those_of_the_article(name):
    case = CASES[name]
    config = read_config([f"--model={case.model}", *case.argv])
    ours = play(config)
    # All has moved, the moving statistics too, or equality would say nothing.
    assert all(not np.array_equal(ours.start[name], ours.end[name]) for name in ours.start)
    compare(case, ours, TWINS[case.model](config))


class Joint(Parabola):
    """D on real and fake points in one batch, as in other articles."""

    def step(self, step):
        ((x, z),) = step.d_rounds
        labels = np.concatenate([np.ones((len(x), 1)), np.zeros((len(z), 1))])
        d_loss = 2 * self.train_d(np.concatenate([x, self.fakes(z)]), labels)
        return d_loss, self.train_stack(step.g_rounds[0])


class Reversed(Parabola):
    """D on fake points, then on real ones."""

    def step(self, step):
        ((x, z),) = step.d_rounds
        fakes = self.fakes(z)
        before = keras.losses.BinaryCrossentropy()(np.ones((len(x), 1)), self.d(x))
        d_loss = self.train_d(fakes, 0.0) + float(before)
        self.train_d(x, 1.0)
        return d_loss, self.train_stack(step.g_rounds[0])


@pytest.mark.parametrize("other", [Joint, Reversed])
def test_a_twin_that_is_driven_otherwise_is_told_apart(other):
    case = CASES["parabola"]
    config = read_config(["--model=parabola"])
    with pytest.raises(AssertionError):
        compare(case, play(config), other(config))


@pytest.mark.parametrize("model", TWINS)
def test_initial_weights_follow_the_laws_of_the_article(model):
    config = read_config([f"--model={model}", "--batch_size=2"])
    times = 50 if model == "parabola" else 1  # its layers have 25 to 75 weights: too few to tell two laws apart
    drawn: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}  # ours and theirs, by name
    for seed in range(times):
        ours = initial(config, seed)
        for name, variable in by_our_names(TWINS[model](config, seed), ours).items():
            drawn.setdefault(name, []).append((ours[name].ravel()[:100_000], variable.numpy().ravel()[:100_000]))
    for name, draws in drawn.items():
        one, other = (np.sort(np.concatenate(values)) for values in zip(*draws, strict=True))
        if len(np.unique(other)) == 1 < len(other):  # a constant
            assert np.array_equal(one, other), name
            continue
        # Kolmogorov and Smirnov: sup |F - F'| of two samples of n exceeds c sqrt(2/n) with probability 2 exp(-2 c^2),
        # 1e-6 for c = 2.7.
        n = len(one)
        both = np.concatenate([one, other])
        apart = np.abs(np.searchsorted(one, both, "right") - np.searchsorted(other, both, "right")) / n
        assert apart.max() < 2.7 * math.sqrt(2 / n), name
        if n >= 1000:
            # The outermost number: within 1 % of a uniform law's bound or of two standard deviations where the law ends
            # there; of a normal law 3.2 to 4.5 standard deviations, give or take 0.4.
            assert np.abs(one).max() == pytest.approx(np.abs(other).max(), rel=0.25), name


def initial(config: Config, seed: int) -> dict[str, np.ndarray]:
    """Our initial variables by name, without the optimizers'."""
    game = GAMES[config.model](config)
    with tf.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(seed)
        x, z = tf.zeros([1, *game.data_shape]), tf.zeros([1, config.z_dim])
        graph.connect(game, x, z, training=tf.constant(True), origin=tf.constant([0, 0], tf.int64))
        session.run(v1.global_variables_initializer())
        return session.run({v.op.name: v for v in v1.global_variables()})
