"""The compiled loop is held to the explicit one: same draws, same batches, same numbers up to the last bits."""

import contextlib

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel import data, networks
from gan_lowlevel.commandline import read_config
from gan_lowlevel.compiled import CompiledLoop
from gan_lowlevel.gan import build
from gan_lowlevel.loop import ExplicitLoop
from gan_lowlevel.sessions import session_config

v1 = tf.compat.v1


class Table:
    """A game laid out: its loop, and the values of all variables that a checkpoint would hold."""

    def __init__(self, *flags: str):
        config = read_config([*flags, "--threads=2"])
        game = networks.GAMES[config.model](config)
        rows = data.rows(data.load(config), config, game.output_range, game.data_shape)
        self.session = v1.Session(config=session_config(config.threads))
        self.loop = ExplicitLoop(self.session, build(config, game), game, config, rows)
        self.variables = {v.op.name: v for v in v1.global_variables()}
        self.session.run(v1.global_variables_initializer())

    def values(self) -> dict[str, np.ndarray]:
        return self.session.run(self.variables)


@contextlib.contextmanager
def table(*flags: str):
    with tf.Graph().as_default():
        laid = Table(*flags)
        with laid.session:
            yield laid


def explicit(steps: int, *flags: str):
    with table(*flags) as t:
        for step in range(steps):
            report = t.loop.play(step)
        return t.values(), report


def compiled(steps: int, *flags: str, steps_a_chunk: int = 10**6):
    with table(*flags) as t:
        loop, done = CompiledLoop(t.loop), 0
        assert set(t.variables) == {v.op.name for v in v1.global_variables()}  # no optimizer made weights of its own
        while done < steps:
            report, done = loop.play_until(done, min(done + steps_a_chunk, steps))
        return t.values(), report


def largest_difference(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> float:
    assert a.keys() == b.keys()
    return max(float(np.abs(a[name].astype(np.float64) - b[name]).max()) for name in a)


@pytest.fixture
def _full_speed(monkeypatch):
    """Chunks as long as the test asks for, not as long as half a second."""
    monkeypatch.setattr("gan_lowlevel.compiled.SECONDS", 10**9)


pytestmark = pytest.mark.usefixtures("_full_speed")


@pytest.mark.parametrize(
    ("flags", "steps", "tolerance"),
    [
        # Sums in another order differ in their last bits, about 1e-7; 200 steps of Adam carry that on.
        (["--model=mlp"], 200, 1e-4),
        (["--model=parabola"], 200, 1e-4),
        (["--model=mlp", "--batch_size=16", "--sampling=article"], 50, 1e-4),
        (["--model=mlp", "--batch_size=16", "--updates=simultaneous", "--g_step=1"], 50, 1e-4),
        (["--model=mlp", "--batch_size=16", "--g_loss=minimax", "--optimizer=nesterov", "--momentum=0.5"], 50, 1e-4),
        (["--model=mlp", "--batch_size=16", "--d_step=3", "--g_step=0", "--optimizer=sgd"], 50, 1e-4),
        (["--model=mlp", "--batch_size=16", "--log_form=literal", "--seed=5"], 20, 1e-4),
        (["--model=parabola", "--d_step=0"], 50, 1e-4),
        (["--model=parabola", "--g_step=0", "--fakes=uniform"], 50, 1e-4),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_both_loops_reach_the_same_numbers(flags, steps, tolerance):
    one, report = explicit(steps, *flags)
    other, other_report = compiled(steps, *flags)
    assert largest_difference(one, other) <= tolerance
    moved = explicit(1, *flags)[0]
    assert largest_difference(one, moved) > 100 * tolerance  # the steps do far more than the loops differ
    np.testing.assert_allclose([*report.d, *report.g], [*other_report.d, *other_report.g], atol=1e-3)


def test_convolutions_masks_and_moving_averages_too():
    flags = ("--model=dcgan", "--batch_size=8")
    one, _ = explicit(3, *flags)
    other, _ = compiled(3, *flags)
    assert largest_difference(one, other) <= 5e-5
    moved = explicit(1, *flags)[0]
    assert largest_difference(one, moved) > 1e-3  # the moving statistics alone move by hundredths


@pytest.mark.parametrize("model", ["mlp", "parabola"])
def test_any_cut_into_chunks_gives_the_same_bits(model):
    flags = (f"--model={model}", "--batch_size=16")
    whole, _ = compiled(30, *flags)
    for steps_a_chunk in (1, 7):
        cut, _ = compiled(30, *flags, steps_a_chunk=steps_a_chunk)
        assert {name: value.tobytes() for name, value in whole.items()} == {
            name: value.tobytes() for name, value in cut.items()
        }


def test_the_explicit_loop_plays_what_has_another_size():
    # 4,500 rows in batches of 1,000: the fifth of each epoch has 500.
    flags = ("--model=mlp", "--batch_size=1000", "--last_batch=short", "--g_step=1")
    one, _ = explicit(11, *flags)
    other, _ = compiled(11, *flags)
    assert largest_difference(one, other) <= 1e-4


def test_a_loss_that_is_not_finite_ends_the_chunk_at_its_step():
    # D gets sure within some hundred steps, and the literal log(1 - D) is then -inf.
    flags = ("--model=mlp", "--batch_size=16", "--log_form=literal", "--d_learning_rate=0.5")

    def broken(report) -> bool:
        return not np.isfinite([report.d.d_loss, report.g.g_loss]).all()

    with table(*flags) as t:  # a step at a time: the same bits, and the step at which it breaks
        loop, done, report = CompiledLoop(t.loop), 0, None
        while done < 1000 and not (report and broken(report)):
            report, done = loop.play_until(done, done + 1)
    assert 1 < done < 1000
    with table(*flags) as t:
        loop = CompiledLoop(t.loop)
        loop._rate = 1.0  # known, so that the chunk is as long as it may be
        report, stopped = loop.play_until(0, 1000)
    assert broken(report)
    assert stopped == done


def test_a_chunk_lasts_about_its_seconds(monkeypatch):
    monkeypatch.setattr("gan_lowlevel.compiled.SECONDS", 0.5)
    with table("--model=parabola") as t:
        loop = CompiledLoop(t.loop)
        assert loop.compile() > 0
        assert largest_difference(t.values(), t.values()) == 0
        _, done = loop.play_until(0, 10**6)
        assert done == 1  # how fast a step is, it learns from the first
        loop._rate = 100.0
        _, done = loop.play_until(1, 10**6)
        assert done == 1 + 50  # half a second at 100 steps a second
