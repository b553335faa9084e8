"""Learning rates and momentum over steps: by hand, in both kinds of graph, and not at all where nothing changes."""

import math

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel import gan, schedules
from gan_lowlevel.commandline import read_config
from gan_lowlevel.loop import ExplicitLoop
from gan_lowlevel.networks import GAMES

v1 = tf.compat.v1

PLAIN = ["--model=mlp", "--optimizer=sgd", "--d_learning_rate=0.05", "--g_learning_rate=0.1", "--momentum=0.5"]
PAPERS = ["--learning_rate_decay=1.000004", "--learning_rate_floor=1e-5", "--final_momentum=0.7"]
PAPERS += ["--momentum_steps=125000"]


def test_what_does_not_change_is_the_number_of_the_settings():
    config = read_config(PLAIN)
    assert not schedules.scheduled(config)
    assert schedules.learning_rate(config, 0.1) == 0.1
    assert schedules.momentum(config) == 0.5
    decaying = read_config([*PLAIN, "--learning_rate_decay=1.1"])
    assert schedules.scheduled(decaying)
    assert schedules.momentum(decaying) == 0.5
    rising = read_config([*PLAIN, "--momentum_steps=10"])
    assert schedules.scheduled(rising)
    assert schedules.learning_rate(rising, 0.1) == 0.1


def test_a_graph_without_a_schedule_has_no_op_more():
    def ops(*flags: str) -> int:
        config = read_config([*PLAIN, *flags])
        with tf.Graph().as_default() as graph:
            built = gan.build(config, GAMES["mlp"](config))
            assert (built.step is None) is (not flags)
            names = {op.name for op in graph.get_operations()}
            assert ("step" in names) is bool(flags)
            return len(names)

    assert ops() < ops(*PAPERS)


# By hand: 1.000004^k is e^(k log 1.000004), and log 1.000004 = 4e-6 - 8e-12.
DECAY = 4e-6 - 8e-12 + 4**3 / 3 * 1e-18


@pytest.mark.parametrize(
    ("step", "rate", "momentum"),
    [
        (0, 0.1, 0.5),
        (1, 0.1 / 1.000004, 0.5 + 0.2 / 125_000),
        (500, 0.1 * math.exp(-500 * DECAY), 0.5008),  # an epoch
        (62_500, 0.1 * math.exp(-62_500 * DECAY), 0.6),
        (125_000, 0.1 * math.exp(-125_000 * DECAY), 0.7),  # 0.0607
        (250_000, 0.1 * math.exp(-250_000 * DECAY), 0.7),  # 0.0368
        (10**9, 1e-6, 0.7),  # the floor
    ],
)
@pytest.mark.parametrize("by_xla", [False, True])
def test_rate_and_momentum_of_the_paper_at_a_step(step, rate, momentum, by_xla):
    config = read_config([*PLAIN, *PAPERS])

    def both(step: tf.Tensor) -> list[tf.Tensor]:
        with schedules.at(step):
            return [schedules.learning_rate(config, 0.1)(), schedules.momentum(config)()]

    with tf.Graph().as_default(), v1.Session() as session:
        fed = v1.placeholder(tf.int64, [])
        got = session.run(
            tf.function(both, jit_compile=True, autograph=False)(fed) if by_xla else both(fed), {fed: step}
        )
    assert [each.dtype for each in got] == [np.float32] * 2
    np.testing.assert_allclose(got, [rate, momentum], rtol=1e-7)  # float32's last bit is 6e-8 at the least


def test_both_players_decay_by_the_same_share_of_their_own_rate():
    config = read_config([*PLAIN, "--learning_rate_decay=1.5", "--learning_rate_floor=0.2"])
    with tf.Graph().as_default(), v1.Session() as session:
        for initial in (config.d_learning_rate, config.g_learning_rate):
            with schedules.at(tf.constant(2, tf.int64)):
                assert session.run(schedules.learning_rate(config, initial)()) == pytest.approx(initial / 2.25)
            with schedules.at(tf.constant(9, tf.int64)):
                assert session.run(schedules.learning_rate(config, initial)()) == pytest.approx(initial * 0.2)


def moved(*flags: str, steps: range) -> list[dict[str, np.ndarray]]:
    """How far each step moves each weight; the first one is played as by a run that goes on there."""

    class Rows:
        def size(self, k: int) -> int:
            return 4

        def batch(self, k: int) -> np.ndarray:
            return np.random.default_rng(k).uniform(0, 1, (4, 784)).astype(np.float32)

    config = read_config([*PLAIN, "--batch_size=4", "--g_step=1", *flags])
    game = GAMES["mlp"](config)
    with tf.Graph().as_default(), v1.Session() as session:
        players = gan.build(config, game)
        session.run(v1.global_variables_initializer())
        weights = {v.op.name: v for v in players.theta.d + players.theta.g}
        loop, found = ExplicitLoop(session, players, game, config, Rows()), []
        before = session.run(weights)
        for step in steps:
            loop.play(step)
            after = session.run(weights)
            found.append({name: after[name].astype(np.float64) - before[name] for name in weights})
            before = after
        return found


@pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
def test_an_update_is_that_of_its_steps_rate(updates):
    flags = [f"--updates={updates}", "--momentum=0"]
    (plain,) = moved(*flags, steps=range(3, 4))
    (decayed,) = moved(*flags, "--learning_rate_decay=2", steps=range(3, 4))
    for name, movement in plain.items():
        if updates == "alternating" and name.startswith("generator/"):
            continue  # its gradient is of another D
        # Weights of size 1 are rounded to 2^-24.
        np.testing.assert_allclose(decayed[name], movement / 2**3, rtol=1e-5, atol=2.0**-22, err_msg=name)
        assert np.abs(movement).max() > 1e-3


def test_the_momentum_is_that_of_its_step():
    # Step 10 begins with nothing remembered, so that its momentum, 10/11 of 0.5, shows nowhere: after it both runs
    # have the same weights. What step 11 moves more than without momentum is half of what step 10 moved.
    line = ["--momentum=0", "--final_momentum=0.5", "--momentum_steps=11"]
    first, second = moved("--updates=simultaneous", *line, steps=range(10, 12))
    _, without = moved("--updates=simultaneous", "--momentum=0", steps=range(10, 12))
    for name, movement in second.items():
        np.testing.assert_allclose(movement - without[name], first[name] / 2, rtol=1e-4, atol=2.0**-21, err_msg=name)


def test_adam_decays_too():
    flags = ["--optimizer=adam", "--beta1=0.9"]
    (plain,) = moved(*flags, steps=range(1))
    (decayed,) = moved(*flags, "--learning_rate_decay=2", steps=range(1, 2))
    # Adam's first step is its rate, whatever the gradient of a size is: x differs, and the largest movement does not.
    name = "discriminator/dense_2/weights"
    assert np.abs(decayed[name]).max() == pytest.approx(np.abs(plain[name]).max() / 2, rel=1e-3)
