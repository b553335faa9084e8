"""--precision=bfloat16: what is rounded and what is not, how far it leads, what a run goes on with."""

import contextlib

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel import data, layers, losses, networks
from gan_lowlevel.checkpoints import Checkpoints
from gan_lowlevel.commandline import read_config
from gan_lowlevel.compiled import CompiledLoop
from gan_lowlevel.gan import build
from gan_lowlevel.loop import ExplicitLoop
from gan_lowlevel.sessions import session_config

v1 = tf.compat.v1

UNIT = 2.0**-8  # the most that rounding to bfloat16, of 8 binary digits, changes a number, relative
# One step of a player takes each row through two layers of G and two of D, and back: eight products in a row at the
# most, of two factors and a result that are rounded each.
A_STEP = 8 * 3 * UNIT
SGD = ("--optimizer=sgd", "--d_learning_rate=0.1", "--g_learning_rate=0.1")  # a step is the gradient's multiple
GIVEN = {"weights": layers.normal(0.0, 1.0), "biases": layers.normal(0.0, 1.0)}
PRODUCTS = {"MatMul", "Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter", "BatchMatMulV2", "BatchMatMulV3"}


@contextlib.contextmanager
def table(*flags: str):
    """The explicit loop of a game on data that come with the installation, and all variables by name."""
    config = read_config([*flags, "--threads=2"])
    game = networks.GAMES[config.model](config)
    with tf.Graph().as_default(), v1.Session(config=session_config(config.threads)) as session:
        rows = data.rows(data.load(config), config, game.output_range, game.data_shape)
        loop = ExplicitLoop(session, build(config, game), game, config, rows)
        variables = {v.op.name: v for v in v1.global_variables()}
        session.run(v1.global_variables_initializer())
        yield loop, variables


def played(steps: int, *flags: str, engine=lambda loop: loop):
    """All variables before, after, and the last report."""
    with table(*flags) as (loop, variables):
        first, engine, done = loop.session.run(variables), engine(loop), 0
        while done < steps:
            report, done = engine.play_until(done, steps)
        return first, loop.session.run(variables), report


def largest(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> float:
    assert a.keys() == b.keys()
    return max(float(np.abs(a[name] - b[name]).max()) for name in a)


def bits(values: dict[str, np.ndarray]) -> dict[str, bytes]:
    return {name: value.tobytes() for name, value in values.items()}


# What is rounded

LAYERS = {
    "dense": (lambda h: layers.dense(h, 3, name="l", **GIVEN), (5, 7)),
    "maxout": (lambda h: layers.maxout(h, 3, 4, name="l", **GIVEN), (5, 7)),
    "conv2d": (lambda h: layers.conv2d(h, 4, name="l", stride=2, **GIVEN), (2, 7, 6, 3)),
    "upsample_conv2d": (lambda h: layers.upsample_conv2d(h, 4, 2, names=("u", "l"), **GIVEN), (2, 5, 5, 3)),
    "conv2d_transpose": (
        lambda h: layers.conv2d_transpose(h, 4, name="l", weights=GIVEN["weights"], stride=2), (2, 5, 4, 3)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_a_layers_product_is_of_rounded_factors_and_all_else_is_float32(name):
    layer, shape = LAYERS[name]
    h = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    came = {}
    for precision in ("float32", "bfloat16"):
        with tf.Graph().as_default(), v1.Session(config=session_config(1)) as session:
            v1.set_random_seed(0)
            layers.compute_in(precision)
            x = v1.placeholder(tf.float32, [None, *shape[1:]])
            y = layer(x)
            w = next(v for v in v1.trainable_variables() if v.op.name == "l/weights")
            ones = [v for v in v1.global_variables() if "biases" in v.op.name]
            gradients = tf.gradients(tf.reduce_sum(y), [x, w])
            assert {t.dtype.base_dtype for t in (y, *gradients, *v1.global_variables())} == {tf.float32}
            session.run(v1.global_variables_initializer())
            values = session.run((y, *gradients), {x: h})
            # The same sum of magnitudes, which bounds what each rounding of a factor can change.
            for v in (w, *ones):
                v.load(np.abs(session.run(v)), session)
            came[precision] = values, session.run((y, *gradients), {x: np.abs(h)})
    magnitudes = came["float32"][1]
    if name == "maxout":  # the largest piece may be another; its own magnitude is the least bound
        magnitudes = [np.full_like(magnitudes[0], magnitudes[0].max())]
    for exact, rounded, magnitude in zip(came["float32"][0], came["bfloat16"][0], magnitudes, strict=False):
        apart = np.abs(exact - rounded)
        assert (apart <= 3.1 * UNIT * np.abs(magnitude)).all()  # two factors and the result; 3.1: products of errors
        # Rounding a few dozen random factors to 8 digits shows; the gradient by x of a sum may be of few terms.
        assert apart.max() > UNIT**2 * np.abs(magnitude).max()


@pytest.mark.parametrize("model", ["mlp", "dcgan", "dog"])
def test_of_a_game_the_products_alone_are_bfloat16(model):
    config = read_config([f"--model={model}", "--batch_size=4", "--precision=bfloat16"])
    with tf.Graph().as_default() as graph:
        gan = build(config, networks.GAMES[model](config))
        products = [op for op in graph.get_operations() if op.type in PRODUCTS]
        rounded = [op for op in graph.get_operations() if any(t.dtype == tf.bfloat16 for t in op.outputs)]
        variables = v1.global_variables()  # the optimizers' own and moving statistics among them
    assert len(products) > 10
    assert {op.get_attr("T") for op in products} == {tf.bfloat16}
    # What moves numbers and rounds none comes with them.
    assert {op.type for op in rounded} <= PRODUCTS | {"Cast", "Identity", "Const"}
    assert {v.dtype.base_dtype for v in variables} == {tf.float32}
    play = gan.play
    seen = (play.fake, play.d_real, play.d_fake, play.real_logits, play.fake_logits, *gan.d_report, *gan.g_report)
    assert {t.dtype for t in seen} == {tf.float32}


def test_float32_has_no_operation_more():
    config = read_config(["--model=mlp"])
    graphs = []
    for setting in (lambda precision: None, layers.compute_in):  # as if there were no such setting
        with pytest.MonkeyPatch.context() as patch, tf.Graph().as_default() as graph:
            patch.setattr("gan_lowlevel.gan.compute_in", setting)
            build(config, networks.GAMES["mlp"](config))
            graphs.append(graph.as_graph_def())
    assert graphs[0] == graphs[1]
    assert "BFLOAT16" not in str(graphs[1])


# How far it leads


@pytest.mark.parametrize(("model", "engine"), [("mlp", ExplicitLoop), ("parabola", CompiledLoop)])
def test_a_step_is_float32s_and_the_compiled_ones_within_rounding(model, engine):
    first, exact, _ = played(1, f"--model={model}", *SGD)
    _, rounded, _ = played(1, f"--model={model}", *SGD, "--precision=bfloat16")
    step = largest(exact, first)
    assert largest(rounded, exact) <= A_STEP * step
    if engine is CompiledLoop:
        _, compiled, _ = played(1, f"--model={model}", *SGD, "--precision=bfloat16", engine=engine)
        assert largest(compiled, rounded) <= A_STEP * step
    assert largest(rounded, exact) > UNIT**2 * step  # it is rounded at all
    assert {value.dtype for value in rounded.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize(("model", "steps"), [("mlp", 60), ("parabola", 200)])
def test_a_short_training_learns_as_in_float32(model, steps):
    flags = (f"--model={model}", "--batch_size=32")
    exact, rounded = (played(steps, *flags, f"--precision={each}")[2] for each in ("float32", "bfloat16"))
    learnt = exact.d.value - losses.IDEAL_VALUE  # D has left D = 1/2, where V is -log 4 and it knows nothing
    assert learnt > 0.1
    assert abs(rounded.d.value - exact.d.value) < 0.1 * learnt
    assert abs(rounded.g.g_loss - exact.g.g_loss) < 0.1 * exact.g.g_loss


def test_a_convolutional_game_learns_and_its_engines_agree_to_the_bit():
    flags = ("--model=dcgan", "--batch_size=4", "--precision=bfloat16", "--d_dropout=0")
    with table(*flags) as (loop, variables):
        losses_of_d = [loop.play(step).d.d_loss for step in range(4)]
        last = loop.session.run(variables)
    assert losses_of_d[-1] < losses_of_d[0]
    assert bits(played(4, *flags, engine=CompiledLoop)[1]) == bits(last)


# What a run goes on with


def test_a_run_in_two_parts_ends_as_the_whole_to_the_bit(tmp_path):
    flags = ("--model=mlp", "--batch_size=4", "--precision=bfloat16")
    with table(*flags) as (loop, variables):
        states = Checkpoints(tmp_path, loop.session)
        for step in range(2):
            loop.play(step)
        states.save(2, {}, 1)
        loop.play(2)
        whole = loop.session.run(variables)
    with table(*flags) as (loop, variables):
        assert Checkpoints(tmp_path, loop.session).restore().step == 2
        loop.play(2)
        assert bits(loop.session.run(variables)) == bits(whole)
