"""The compiled loop is held to the explicit one: same draws, same batches, same numbers up to the last bits."""

import contextlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

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


STEEP = ["--learning_rate_decay=1.1", "--momentum_steps=10"]  # a schedule that shows in few steps


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


def bits(values: dict[str, np.ndarray]) -> dict[str, bytes]:
    return {name: value.tobytes() for name, value in values.items()}


@pytest.fixture
def photographs(tmp_path) -> str:
    """A flag that names a folder of seventy pictures: a whole batch of dog."""
    noise = np.random.default_rng(0)
    for i in range(70):
        small = Image.fromarray(noise.integers(0, 256, (5, 7, 3), np.uint8))
        small.resize((70, 50), Image.Resampling.BICUBIC).save(tmp_path / f"{i}.png")
    return f"--input_data_dir={tmp_path}"


@pytest.mark.parametrize(
    ("flags", "steps", "tolerance"),
    [
        # Sums in another order differ in their last bits, about 1e-7; 200 steps of Adam carry that on.
        (["--model=mlp"], 200, 1e-4),
        (["--model=parabola"], 200, 1e-4),
        # Where a LeakyReLU's argument lies within rounding of 0, the loops may see it on other sides, and Adam's first
        # steps make of the least gradient a step of their full length: a batch of 8 has seldom such an argument.
        (["--model=mlp_deep", "--batch_size=8"], 10, 1e-5),
        (["--model=mlp", "--batch_size=16", "--sampling=article"], 50, 1e-4),
        (["--model=mlp", "--batch_size=16", "--sampling=article", "--d_step=2"], 50, 1e-4),
        (["--model=mlp", "--batch_size=16", "--updates=simultaneous", "--g_step=1"], 50, 1e-4),
        (["--model=mlp", "--batch_size=16", "--g_loss=minimax", "--optimizer=nesterov", "--momentum=0.5"], 50, 1e-4),
        (["--model=mlp", "--batch_size=16", "--d_step=3", "--g_step=0", "--optimizer=sgd"], 50, 1e-4),
        (["--model=mlp", "--batch_size=16", "--log_form=literal", "--seed=5"], 20, 1e-4),
        (["--model=parabola", "--d_step=0"], 50, 1e-4),
        (["--model=parabola", "--d_step=2", "--g_step=3"], 50, 1e-4),
        (["--model=parabola", "--g_step=0", "--fakes=uniform"], 50, 1e-4),
        # Units of D saturated on every row have gradients of rounding's size, of which Adam makes full steps.
        (["--model=gaussian", "--density=mixture"], 100, 1e-3),
        (["--model=mixture", "--mixture=grid"], 20, 1e-4),
        # Rates and momentum that change much within the test's steps. Of its bits the first step's masks decide most.
        (["--model=goodfellow", "--batch_size=8", *STEEP], 20, 1e-6),
        (["--model=mlp", "--batch_size=16", "--d_step=2", "--learning_rate_decay=1.1"], 20, 1e-4),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_both_loops_reach_the_same_numbers(flags, steps, tolerance):
    one, report = explicit(steps, *flags)
    other, other_report = compiled(steps, *flags)
    assert largest_difference(one, other) <= tolerance
    moved = explicit(1, *flags)[0]
    assert largest_difference(one, moved) > 100 * tolerance  # the steps do far more than the loops differ
    np.testing.assert_allclose([*report.d[:4], *report.g], [*other_report.d[:4], *other_report.g], atol=1e-3)
    # A logit within rounding of 0 may count on either side.
    np.testing.assert_allclose(report.d[4:], other_report.d[4:], atol=2 / 8)


@pytest.mark.parametrize(
    "flags",
    [
        ["--model=dcgan", "--batch_size=4"],
        ["--model=dcgan", "--batch_size=4", "--d_step=2", "--g_step=2", "--g_loss=minimax"],
        ["--model=dcgan", "--batch_size=4", "--updates=simultaneous"],
        ["--model=dog", "--batch_size=4"],
    ],
    ids=" ".join,
)
def test_convolutional_games_reach_the_same_bits(flags, photographs):
    # No XLA there: the same kernels, chained otherwise. Dropout masks and moving averages are among the numbers.
    data_flags = [photographs] if "--model=dog" in flags else []
    one, _ = explicit(10, *flags, *data_flags)
    other, _ = compiled(10, *flags, *data_flags)
    assert bits(one) == bits(other)
    moved = explicit(1, *flags, *data_flags)[0]
    assert largest_difference(one, moved) > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("model", ["dcgan", "dog"])
def test_convolutional_games_reach_the_same_bits_at_full_size(model, photographs):
    flags = [f"--model={model}"] if model == "dcgan" else ["--model=dog", photographs]
    assert bits(explicit(10, *flags)[0]) == bits(compiled(10, *flags)[0])


@pytest.mark.slow
def test_mlp_deep_reaches_the_same_numbers_at_full_size_for_most_seeds():
    # For some seeds an argument of a LeakyReLU changes sides, see above; twice the learning rate is then the most that
    # a weight can be off by a step. Seen here: three of six seeds without any such argument.
    apart = [
        largest_difference(explicit(10, *flags)[0], compiled(10, *flags)[0])
        for flags in (["--model=mlp_deep", f"--seed={seed}"] for seed in range(6))
    ]
    assert sorted(apart)[1] <= 1e-5
    assert max(apart) <= 10 * 2 * 0.0002


def test_data_that_the_graph_can_not_hold_are_fed(monkeypatch):
    flags = ("--model=mlp", "--batch_size=16", "--d_step=2")
    held, _ = compiled(10, *flags)
    monkeypatch.setattr("gan_lowlevel.compiled.TABLE_BYTES", 0)
    fed, _ = compiled(10, *flags)
    assert bits(fed) == bits(held)


@pytest.mark.parametrize(
    ("model", "steps"),
    [
        *(("mlp", 30), ("parabola", 30), ("mlp_deep", 30), ("dcgan", 6), ("gaussian", 30), ("mixture", 20)),
        pytest.param("goodfellow", 10, marks=pytest.mark.slow),
    ],
)
def test_any_cut_into_chunks_gives_the_same_bits(model, steps):
    flags = (f"--model={model}", "--batch_size=8")
    whole, _ = compiled(steps, *flags)
    for steps_a_chunk in (1, 4):
        cut, _ = compiled(steps, *flags, steps_a_chunk=steps_a_chunk)
        assert bits(whole) == bits(cut)
    other, _ = compiled(steps, *flags, "--summary_every=3")  # another cadence, another program: no longer chunks
    assert bits(whole) == bits(other)


def test_a_schedule_does_not_hang_on_the_cut():
    flags = ("--model=mlp", "--batch_size=8", "--updates=simultaneous", "--g_step=1", "--optimizer=sgd", *STEEP)
    whole, _ = compiled(20, *flags)
    cut, _ = compiled(20, *flags, steps_a_chunk=7)
    assert bits(whole) == bits(cut)
    plain, _ = compiled(20, *flags, "--learning_rate_decay=1")
    assert largest_difference(whole, plain) > 1e-6


def test_the_explicit_loop_plays_what_has_another_size():
    # 4,500 rows in batches of 1,000: the fifth of each epoch has 500.
    flags = ("--model=mlp", "--batch_size=1000", "--last_batch=short", "--g_step=1")
    one, _ = explicit(11, *flags)
    other, _ = compiled(11, *flags)
    assert largest_difference(one, other) <= 1e-4


def test_where_no_batch_is_whole_the_explicit_loop_plays_all():
    flags = ("--model=mlp", "--batch_size=5000", "--last_batch=short", "--d_step=2")  # 4,500 rows
    assert bits(explicit(2, *flags)[0]) == bits(compiled(2, *flags)[0])


def test_a_loss_that_is_not_finite_ends_the_chunk_at_its_step():
    # D's first steps are so long that it takes G's fakes for real without a doubt; the literal log(1 - D) is then -inf.
    flags = ("--model=mlp", "--batch_size=16", "--log_form=literal", "--optimizer=sgd", "--d_learning_rate=5")

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


@pytest.mark.parametrize("flags", [("--d_step=2", "--g_step=3"), ("--updates=simultaneous", "--g_step=1")])
def test_a_gradient_that_is_not_finite_ends_the_chunk_and_has_its_name(flags):
    # tanh(inf - inf) is NaN: G(z) is, and with it what D makes of it.
    with table("--model=mlp", "--batch_size=8", *flags) as t:
        loop = CompiledLoop(t.loop)
        report, done = loop.play_until(0, 1)
        assert (done, report.finite.all(), len(report.finite)) == (1, True, len(t.loop.checked()))
        weights = next(v for v in t.loop.gan.theta.g if v.op.name == "generator/dense_1/weights")
        weights.load(np.full(weights.shape, np.inf, np.float32), t.loop.session)
        loop._rate = 1000.0
        report, stopped = loop.play_until(1, 1000)
        assert stopped == 2
        explicit = t.loop.checked()[int(np.argmin(report.finite))]
        assert explicit.startswith("log(1 - D(G(z)))")


def test_a_chunk_lasts_about_its_seconds(monkeypatch):
    monkeypatch.setattr("gan_lowlevel.compiled.SECONDS", 0.5)
    with table("--model=parabola") as t:
        loop = CompiledLoop(t.loop)
        before = t.values()
        assert loop.compile() > 0
        assert bits(t.values()) == bits(before)
        _, done = loop.play_until(0, 10**6)
        assert done == 1  # how fast a step is, it learns from the first
        loop._rate = 100.0
        _, done = loop.play_until(1, 10**6)
        assert done == 1 + 50  # half a second at 100 steps a second
