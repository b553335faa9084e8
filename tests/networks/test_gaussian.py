"""gaussian: D learns the best D, its bound meets the Jensen-Shannon divergence from below, and p_g comes to p_data."""

import contextlib
import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel import data, draws
from gan_lowlevel.commandline import read_config
from gan_lowlevel.compiled import CompiledLoop
from gan_lowlevel.config import DENSITIES
from gan_lowlevel.data.drawn import unseen
from gan_lowlevel.gan import build
from gan_lowlevel.loop import ExplicitLoop
from gan_lowlevel.metrics import densities
from gan_lowlevel.networks import GAMES, gaussian
from gan_lowlevel.sessions import session_config

v1 = tf.compat.v1


class Table:
    """The game on one graph, whose steps are played as told and then measured."""

    def __init__(self, session: v1.Session, *flags: str):
        cadences = [f"--{what}_every=0" for what in ("summary", "sample", "save", "line")]
        config = read_config(["--model=gaussian", "--threads=1", *cadences, *flags])
        game, self.law = GAMES["gaussian"](config), data.load(config)
        rows = data.rows(self.law, config, game.output_range, game.data_shape)
        self.loop = ExplicitLoop(session, build(config, game), game, config, rows)
        self.engines: dict[int, CompiledLoop] = {}
        self.edges = np.linspace(*self.law.bounds, 801)
        session.run(v1.global_variables_initializer())

    def play(self, steps: int, first: int = 0, g_step: int = 1) -> None:
        if g_step not in self.engines:  # compiled once each
            config = dataclasses.replace(self.loop.config, g_step=g_step)
            self.engines[g_step] = CompiledLoop(dataclasses.replace(self.loop, config=config))
        done = first
        while done < first + steps:
            _, done = self.engines[g_step].play_until(done, first + steps)

    def g(self, z: np.ndarray) -> np.ndarray:
        gan = self.loop.gan
        return self.loop.session.run(gan.play.fake, {gan.z: z[:, np.newaxis]})[:, 0]

    def logits(self, x: np.ndarray) -> np.ndarray:
        gan = self.loop.gan
        feed = {gan.x: x[:, np.newaxis], gan.draw: (0, 0, 1)}
        return self.loop.session.run(gan.play.real_logits, feed)[:, 0].astype(np.float64)

    def measured(self) -> densities.DensityMeasures:
        p_g = densities.pushed_forward(self.g(np.linspace(-8, 8, 4097)), self.edges)
        p_data = densities.masses(self.law.cdf, self.edges)
        return densities.measure(p_data, p_g, self.logits(densities.middles(self.edges)))

    def bound_on_draws(self, count: int) -> tuple[float, float]:
        """(V + log 4)/2 on that many numbers that never trained and as many of G, and its standard error."""
        z = np.random.default_rng(0).uniform(-8, 8, count)
        log_d = -np.logaddexp(0.0, -self.logits(self.law.points(unseen(0), 0, count)[:, 0]))
        log_not_d = -np.logaddexp(0.0, self.logits(self.g(z)))
        error = math.sqrt((log_d.var() + log_not_d.var()) / count)
        return (log_d.mean() + log_not_d.mean() + math.log(4)) / 2, error / 2


@contextlib.contextmanager
def table(*flags: str):
    with tf.Graph().as_default(), v1.Session(config=session_config(1)) as session:
        yield Table(session, *flags)


def assert_d_is_the_best(t: Table, first: int) -> None:
    """After more steps of D alone; of five moments the median, since Adam's steps make D swing about the best D."""
    seen = []
    for i in range(5):
        t.play(1000, first=first + 1000 * i, g_step=0)
        seen.append(t.measured())
    assert np.median([m.off for m in seen]) <= 0.03
    assert 0 <= np.median([m.gap for m in seen]) <= 0.02
    bound, error = t.bound_on_draws(100_000)
    assert error < 0.002
    assert bound <= seen[-1].jsd + 4 * error  # from below
    assert bound == pytest.approx(seen[-1].bound, abs=4 * error + 1e-3)  # what the quadrature says of the same D


# Of both laws seeds whose p_g and p_data overlap from the start.
@pytest.mark.parametrize("seed", [3, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (0, 2))])
@pytest.mark.parametrize("density", DENSITIES)
def test_d_follows_the_best_d_of_a_g_that_stays(density, seed):
    with table(f"--density={density}", f"--seed={seed}", "--g_step=0") as t:
        z = np.linspace(-8, 8, 9)
        start = t.g(z)
        before = t.measured()
        assert before.jsd < math.log(2) - 0.01  # it overlaps: the best D is not only 0 and 1
        assert before.off > 0.1  # there is something to learn
        t.play(3000, g_step=0)
        assert_d_is_the_best(t, first=3000)
        assert np.array_equal(t.g(z), start)


@pytest.mark.parametrize("density", ["normal", pytest.param("mixture", marks=pytest.mark.slow)])
def test_p_g_comes_to_p_data_and_d_still_follows(density):
    with table(f"--density={density}") as t:
        start = t.measured()
        t.play(20_000)
        assert t.measured().jsd < 0.07 < start.jsd
        t.play(5000, first=20_000, g_step=0)
        assert_d_is_the_best(t, first=25_000)


@pytest.mark.slow
@pytest.mark.parametrize("density", DENSITIES)
def test_the_recipe_reaches_its_numbers_on_10_seeds(density, capsys):
    seen = []
    for seed in range(10):
        with table(f"--density={density}", f"--seed={seed}") as t:
            t.play(20_000)
            seen.append(t.measured())
    with capsys.disabled():
        print(f"\n{density}: seed, JSD(p_data, p_g), mean |D - D*|")
        for seed, m in enumerate(seen):
            print(f"{seed:>4}{m.jsd:>8.3f}{m.off:>8.3f}")
    assert np.median([m.jsd for m in seen]) <= 0.06
    assert sum(m.jsd <= 0.08 for m in seen) >= 8


def test_the_latent_is_the_figures():
    config = read_config(["--model=gaussian"])
    assert config.z_dim == 1
    with tf.Graph().as_default(), v1.Session() as session:
        z = session.run(GAMES["gaussian"](config).latent(10_000, 1, draws.origin(0, 0, 0)))
    assert (gaussian.LOW, gaussian.HIGH) == (-8, 8)
    assert -8 <= z.min() < -7.98  # of 10,000 none is below but with chance (1 - 0.02/16)^10,000, 4e-6
    assert 7.98 < z.max() < 8


def test_initial_weights():
    config = read_config(["--model=gaussian"])
    drawn: dict[str, list[np.ndarray]] = {}
    for seed in range(15):  # its layers are small
        with tf.Graph().as_default(), v1.Session() as session:
            theta = build(dataclasses.replace(config, seed=seed), GAMES["gaussian"](config)).theta
            session.run(v1.global_variables_initializer())
            for name, value in session.run({v.op.name: v for v in theta.d + theta.g}).items():
                drawn.setdefault(name, []).append(value.ravel())
    values = {name: np.concatenate(each) for name, each in drawn.items()}

    def glorot(fan_in: int, fan_out: int) -> tuple[float, float]:
        """Standard deviation and bound."""
        return math.sqrt(2 / (fan_in + fan_out)), math.sqrt(6 / (fan_in + fan_out))

    laws = {  # standard deviation and bound
        "generator/dense_1/weights": glorot(1, 16),
        "generator/dense_2/weights": glorot(16, 16),
        "generator/dense_3/weights": (1.0, math.inf),
        "discriminator/dense_1/weights": (1.0, math.inf),
        "discriminator/dense_1/biases": (6 / math.sqrt(3), 6.0),
        "discriminator/dense_2/weights": glorot(32, 32),
        "discriminator/dense_3/weights": glorot(32, 1),
    }
    for name, value in values.items():
        if name not in laws:
            assert (value == 0).all(), name
            continue
        stddev, bound = laws[name]
        assert abs(value.mean()) < 5 * stddev / math.sqrt(len(value)), name
        assert abs(value.std() - stddev) < 5 * stddev / math.sqrt(2 * len(value)), name
        assert np.abs(value).max() <= bound * (1 + 1e-6), name
