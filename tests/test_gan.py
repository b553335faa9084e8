"""The graph of the game: parameter counts, theta_D and theta_G, who changes what, reports, both ways of updating."""

import contextlib
import dataclasses
import math
from collections.abc import Iterator

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel import draws, losses, sessions
from gan_lowlevel import gan as graph
from gan_lowlevel.commandline import read_config
from gan_lowlevel.config import POINTS, Config
from gan_lowlevel.draws import Stream
from gan_lowlevel.layers import constant, variable
from gan_lowlevel.networks import GAMES
from gan_lowlevel.networks.game import Game

v1 = tf.compat.v1

ROWS = 4
MOST = 64  # rows that a step of these tests has


@dataclasses.dataclass(frozen=True)
class Table:
    """A game ready to be played: its graph, with initial weights, in a session of its own."""

    config: Config
    game: Game
    gan: graph.Gan
    session: v1.Session

    def feed(self, step: int = 0, *, stream: Stream = Stream.D_LATENT, rows: int = ROWS) -> dict:
        """x and the draw of an update; x in the game's range, a function of `step`."""
        low, high = self.game.output_range
        x = np.random.default_rng(step).uniform(low, high, (rows, *self.game.data_shape)).astype(np.float32)
        return {self.gan.x: x, self.gan.draw: (*draws.origin(self.config.seed, stream, step * MOST), rows)}

    def values(self, variables: list | None = None) -> dict[str, np.ndarray]:
        """Variables by name; all of them, slots and moving statistics included, unless told."""
        return self.session.run({v.op.name: v for v in variables or v1.global_variables()})


@contextlib.contextmanager
def table(model: str, *argv: str) -> Iterator[Table]:
    config = read_config([f"--model={model}", f"--batch_size={ROWS}", *argv])
    game = GAMES[model](config)
    with tf.Graph().as_default(), v1.Session(config=sessions.session_config(2)) as session:
        gan = graph.build(config, game)
        session.run(v1.global_variables_initializer())
        yield Table(config, game, gan, session)


def changed(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> set[str]:
    """Names of the variables of which a bit changed."""
    assert before.keys() == after.keys()
    return {name for name, value in before.items() if value.tobytes() != after[name].tobytes()}


def names(variables: list) -> set[str]:
    return {v.op.name for v in variables}


# Parameters: a dense layer has (inputs + 1) x outputs, a convolution size^2 x inputs x outputs, and outputs more where
# it has biases; batch norm has gamma and beta, and as many moving figures.

G_LAYERS = {
    "mlp": [101 * 128, 129 * 784],
    "mlp_deep": [101 * 256, 257 * 512, 513 * 1024, 1025 * 784],
    "dcgan": [101 * 12544, 512, 25 * 256 * 128, 256, 25 * 128 * 64, 128, 25 * 64 * 32, 64, 25 * 32 * 1],
    "dog": [1001 * 1024, 1025 * 8192, 2 * 8192, 25 * 128 * 64 + 64, 25 * 64 * 3 + 3],
    "gaussian": [2 * 16, 17 * 16, 17 * 1],
    "goodfellow": [101 * 1200, 1201 * 1200, 1201 * 784],
    "mixture": [2 * 400, 3 * 400 * 400, 4 * 2 * 400, 401 * 2],
    "parabola": [6 * 15, 16 * 2],
}
D_LAYERS = {
    "mlp": [785 * 128, 129 * 1],
    "mlp_deep": [785 * 1024, 1025 * 512, 513 * 256, 257 * 1],
    "dcgan": [25 * 1 * 64, 25 * 64 * 128, 6273 * 1],
    "dog": [25 * 3 * 64 + 64, 25 * 64 * 128 + 128, 25089 * 1024, 1025 * 1],
    "gaussian": [2 * 32, 33 * 32, 33 * 1],
    "goodfellow": [785 * 240 * 5, 241 * 240 * 5, 241 * 1],
    "mixture": [3 * 200 * 5, 201 * 200 * 5, 201 * 200 * 5, 201 * 1],
    "parabola": [3 * 25, 26 * 1],
}
MOVING = {"mlp": 0, "mlp_deep": 0, "dcgan": 2 * (256 + 128 + 64 + 32), "dog": 2 * 8192, "parabola": 0} | {
    "gaussian": 0, "goodfellow": 0, "mixture": 4 * 2 * 400
}  # fmt: skip
# The sources' own totals: G with its moving statistics, D.
TOTALS = {
    "mlp": (114_064, 100_609),
    "mlp_deep": (1_486_352, 1_460_225),
    "dcgan": (2_344_864, 212_673),
    "dog": (9_664_259, 25_901_953),
    "gaussian": (321, 1153),  # ours
    "goodfellow": (2_503_984, 1_231_441),  # counted by hand; the source prints none
    "mixture": (488_002, 405_201),  # counted by hand; the source prints none
    "parabola": (122, 101),
}


@pytest.mark.parametrize("model", GAMES)
def test_parameters_are_the_sources_to_the_unit(model):
    def count(variables: list) -> int:
        return sum(math.prod(v.shape) for v in variables)

    config = read_config([f"--model={model}"])
    with tf.Graph().as_default():
        theta = graph.build(config, GAMES[model](config)).theta
        fixed = [v for v in v1.global_variables("generator/") if "moving" in v.op.name]

        g, d = sum(G_LAYERS[model]), sum(D_LAYERS[model])
        assert count(theta.g) == g
        assert count(theta.d) == d
        assert count(fixed) == MOVING[model]
        assert not any(v.trainable for v in fixed)
        assert (g + MOVING[model], d) == TOTALS[model]
        # The stack of both, in which D is frozen.
        trained, frozen = count(theta.g), count(theta.d) + count(fixed)
        if model == "dcgan":  # as its article prints it
            assert (trained + frozen, trained, frozen) == (2_557_537, 2_343_904, 213_633)
        if model == "parabola":
            assert (trained + frozen, trained, frozen) == (223, 122, 101)


@pytest.mark.parametrize("model", GAMES)
def test_players_fit_each_other_and_the_data(model):
    config = read_config([f"--model={model}"])
    game = GAMES[model](config)
    with tf.Graph().as_default():
        gan = graph.build(config, game)
        assert gan.play.fake.shape.as_list() == gan.x.shape.as_list() == [None, *game.data_shape]
        for logits in (gan.play.d_real, gan.play.d_fake, gan.play.real_logits, gan.play.fake_logits):
            assert logits.shape.as_list() == [None, 1]
        assert all(report.shape.rank == 0 for report in gan.d_report + gan.g_report)
    if game.picture_shape:
        assert math.prod(game.picture_shape) == math.prod(game.data_shape)


@pytest.mark.parametrize(("size", "channels"), [(28, 3), (32, 1), (64, 3)])
def test_dcgan_takes_pictures_of_other_shapes(size, channels):
    with table("dcgan", f"--image_size={size}", f"--channels={channels}") as t:
        fake = t.session.run(t.gan.play.fake, t.feed())
        assert fake.shape == (ROWS, size, size, channels)
        t.session.run(t.gan.d_train.finite, t.feed())
        t.session.run(t.gan.g_train.finite, t.feed())


@pytest.mark.parametrize("model", GAMES)
def test_outputs_lie_in_their_range(model):
    with table(model) as t:
        play, z = t.session.run((t.gan.play, t.gan.z), t.feed())
    low, high = t.game.output_range
    if model not in POINTS:  # they are unbounded
        assert low <= play.fake.min()
        assert play.fake.max() <= high
    for probability, logits in ((play.d_real, play.real_logits), (play.d_fake, play.fake_logits)):
        np.testing.assert_allclose(probability, 1 / (1 + np.exp(-logits)), rtol=1e-6)
    assert z.shape == (ROWS, t.config.z_dim)
    if model in ("mlp", "dcgan", "dog"):  # U(-1, 1): of 400 or more numbers some are beyond 0.9
        assert 0.9 < np.abs(z).max() <= 1
    elif model == "gaussian":  # U(-8, 8): of four numbers one is beyond 1 but with chance 8^-4
        assert 1 < np.abs(z).max() <= 8
    elif model == "goodfellow":  # U(-sqrt 3, sqrt 3): of 400 some are beyond 1.6, but with chance 0.92^400
        assert 1.6 < np.abs(z).max() <= math.sqrt(3)
    else:  # N(0, 1): of 8 numbers or more some are beyond 1
        assert np.abs(z).max() > 1


# Two connections


def test_d_is_connected_twice_on_the_same_weights():
    with table("mlp") as t:
        matmuls = {op.name: op for op in v1.get_default_graph().get_operations() if op.name.endswith("/MatMul")}
        forward = {name: op for name, op in matmuls.items() if "gradients" not in name}
        assert set(forward) == {
            f"{player}/{layer}/MatMul"
            for player in ("generator", "discriminator", "discriminator_1")
            for layer in ("dense_1", "dense_2")
        }
        real, fake = forward["discriminator/dense_1/MatMul"], forward["discriminator_1/dense_1/MatMul"]
        assert real.inputs[0] is t.gan.x
        assert fake.inputs[0] is t.gan.play.fake
        handles = {op.inputs[1].op.inputs[0].op.name for op in (real, fake)}
        assert handles == {"discriminator/dense_1/weights"}


def test_both_connections_say_the_same_of_the_same_rows():
    with table("mlp_deep") as t:
        feed = t.feed()
        play = t.session.run(t.gan.play, {**feed, t.gan.play.fake: feed[t.gan.x]})
    assert np.array_equal(play.real_logits, play.fake_logits)


def test_dropout_masks_belong_to_the_draw_and_differ_between_real_and_fake():
    with table("dcgan", "--d_dropout=0.3") as t:
        feed = t.feed()
        feed[t.gan.play.fake] = feed[t.gan.x]
        logits = [t.gan.play.real_logits, t.gan.play.fake_logits]
        real, fake = t.session.run(logits, feed)
        assert not np.isin(real, fake).any()
        again = t.session.run(logits, feed)
        assert np.array_equal(again, [real, fake])
        other = t.session.run(logits, {**feed, t.gan.draw: t.feed(step=1)[t.gan.draw]})
        assert not np.isin(other, [real, fake]).any()
    with table("dcgan", "--d_dropout=0") as t:
        feed = t.feed()
        play = t.session.run(t.gan.play, {**feed, t.gan.play.fake: feed[t.gan.x]})
        assert np.array_equal(play.real_logits, play.fake_logits)


def test_a_game_draws_z_and_the_masks_that_it_has():
    # dcgan's D has two layers with dropout and is connected twice. A game without dropout pays for no mask.
    for model, argv, masks in (("dcgan", ["--d_dropout=0.3"], 2 * 2), ("dcgan", ["--d_dropout=0"], 0), ("mlp", [], 0)):
        with table(model, *argv):
            drawn = [op for op in v1.get_default_graph().get_operations() if "FullInt" in op.type]
        assert len(drawn) == 1 + masks


# theta_D and theta_G


def test_a_variable_of_neither_player_raises_by_its_name():
    config = read_config(["--model=mlp"])
    for stray in ("stray", "generator_2/w", "elsewhere/discriminator/w"):
        with tf.Graph().as_default():
            v1.get_variable(stray, [1])
            with pytest.raises(ValueError, match=f"'{stray}:0'"):
                graph.build(config, GAMES["mlp"](config))


def test_a_player_without_variables_raises():
    config = read_config(["--model=mlp"])
    with tf.Graph().as_default():
        game = dataclasses.replace(GAMES["mlp"](config), generator=lambda z, training: tf.zeros([tf.shape(z)[0], 784]))
        with pytest.raises(ValueError, match=r"theta_G \(0\)"):
            graph.build(config, game)


def test_a_generator_that_makes_weights_in_the_wrong_place_raises():
    config = read_config(["--model=mlp"])
    mlp = GAMES["mlp"](config)

    def generator(z, training):
        with v1.variable_scope(v1.VariableScope(reuse=False, name="scale")):
            scale = variable("w", [1], constant(1.0))
        return scale * mlp.generator(z, training)

    with tf.Graph().as_default(), pytest.raises(ValueError, match="scale/w"):
        graph.build(config, dataclasses.replace(mlp, generator=generator))


@pytest.mark.parametrize("model", GAMES)
def test_each_update_changes_its_own_player_alone(model):
    with table(model) as t:
        adam = t.config.optimizer == "adam"
        slots = ["Adam", "Adam_1"] if adam else ["Momentum"]
        powers = ["beta1_power", "beta2_power"] if adam else []
        moving = names(v for v in v1.global_variables("generator/") if "moving" in v.op.name)

        def owned(player: str, theta: list) -> set[str]:
            """theta, its slots, and what else the player's optimizer keeps."""
            return {
                *names(theta),
                *(f"{name}/{slot}" for name in names(theta) for slot in slots),
                *(f"{player}_optimizer/{power}" for power in powers),
            }

        d_owned, g_owned = owned("d", t.gan.theta.d), owned("g", t.gan.theta.g)
        before = t.values()
        assert set(before) == d_owned | g_owned | moving

        t.session.run(t.gan.d_train.finite, {**t.feed(), t.gan.training: t.game.d_fakes_training})
        after_d = t.values()
        assert changed(before, after_d) == d_owned

        feed = t.feed(stream=Stream.G_LATENT)
        del feed[t.gan.x]  # G's update needs no real x
        t.session.run(t.gan.g_train.finite, feed)
        assert changed(after_d, t.values()) == g_owned | moving
        assert bool(moving) == (model in ("dcgan", "dog", "mixture"))


def test_gradients_that_exist_and_are_not_applied():
    with table("mlp") as t:
        gan = t.gan
        # D's loss depends on theta_G and G's on theta_D: the gradients are there, and not small.
        for loss, other in ((gan.d_report.d_loss, gan.theta.g), (gan.g_report.g_loss, gan.theta.d)):
            found = tf.gradients(loss, other)
            assert None not in found
            assert all(np.abs(gradient).max() > 1e-6 for gradient in t.session.run(found, t.feed()))
        # G's loss does not see x.
        assert tf.gradients(gan.g_report.g_loss, gan.x) == [None]
        # The half of D's loss that is of real rows does not see G.
        assert set(tf.gradients(losses.d_loss_real(gan.play.real_logits), gan.theta.g)) == {None}


@pytest.mark.parametrize(
    ("model", "updates"), [("mlp", "alternating"), ("mlp", "simultaneous"), ("parabola", "alternating")]
)
def test_variable_names_do_not_hang_on_the_order_of_building(model, updates):
    config = read_config([f"--model={model}", f"--updates={updates}", "--g_step=1"])
    game = GAMES[model](config)
    with tf.Graph().as_default():
        graph.build(config, game)
        built = names(v1.global_variables())
    with tf.Graph().as_default():  # G's optimizer first, and a variable of its own that D's can't be mistaken for
        origin = tf.constant([0, 0], tf.int64)
        x, z = tf.zeros([2, *game.data_shape]), tf.zeros([2, config.z_dim])
        play = graph.connect(game, x, z, training=tf.constant(True), origin=origin)
        theta, optimizer = graph.split_theta(), graph.optimizers(config)
        with v1.name_scope("g_optimizer"):
            graph.g_update(play, graph.g_objective(config, play), theta=theta, optimizer=optimizer.g)
        with v1.name_scope("d_optimizer"):
            graph.d_update(
                config, game, play, graph.d_objective(config, play), origin=origin, theta=theta, optimizer=optimizer.d
            )
        assert names(v1.global_variables()) == built


# Reports

LARGE_STEPS = ["--d_learning_rate=0.01", "--g_learning_rate=0.01"]  # so that an update shows in every report


def mlp_logits(values: dict[str, np.ndarray], x: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """D's logits on x and on G(z), by NumPy in float64."""
    values = {name: value.astype(np.float64) for name, value in values.items()}

    def dense(h, name):
        return h @ values[f"{name}/weights"] + values[f"{name}/biases"]

    def d(rows):
        return dense(np.tanh(dense(rows, "discriminator/dense_1")), "discriminator/dense_2")

    fake = 1 / (1 + np.exp(-dense(np.tanh(dense(z, "generator/dense_1")), "generator/dense_2")))
    return d(x.astype(np.float64)), d(fake)


def parabola_logits(values: dict[str, np.ndarray], x: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values = {name: value.astype(np.float64) for name, value in values.items()}

    def two(h, player):
        h = np.maximum(h @ values[f"{player}/dense_1/weights"] + values[f"{player}/dense_1/biases"], 0)
        return h @ values[f"{player}/dense_2/weights"] + values[f"{player}/dense_2/biases"]

    return two(x.astype(np.float64), "discriminator"), two(two(z.astype(np.float64), "generator"), "discriminator")


def assert_report(report, real: np.ndarray, fake: np.ndarray) -> None:
    """A DReport or a GReport is that of these logits."""
    d_real, d_fake = 1 / (1 + np.exp(-real)), 1 / (1 + np.exp(-fake))
    value = np.log(d_real).mean() + np.log(1 - d_fake).mean()
    wanted = {
        "d_loss": -value,
        "value": value,
        "log_d_real": np.log(d_real).mean(),
        "log_not_d_fake": np.log(1 - d_fake).mean(),
        "d_real": d_real.mean(),
        "d_fake": d_fake.mean(),
        "accuracy_real": (d_real > 0.5).mean(),
        "accuracy_fake": (d_fake <= 0.5).mean(),
        "g_loss": -np.log(d_fake).mean(),
    }
    for name, got in report._asdict().items():
        assert got == pytest.approx(wanted[name], rel=1e-5), name


@pytest.mark.parametrize(("model", "logits_of"), [("mlp", mlp_logits), ("parabola", parabola_logits)])
def test_reports_are_of_the_weights_before_the_update(model, logits_of):
    with table(model, *LARGE_STEPS) as t:
        for train, report in ((t.gan.d_train.finite, t.gan.d_report), (t.gan.g_train.finite, t.gan.g_report)):
            for step in range(5):
                feed = t.feed(step, rows=16)
                before = t.values(t.gan.theta.d + t.gan.theta.g)
                x, z = t.session.run((t.gan.x, t.gan.z), feed)
                _, got = t.session.run((train, report), feed)
                assert_report(got, *logits_of(before, x, z))
                after = t.session.run(report, feed)
                assert abs(after[0] - got[0]) > 1e-3 * abs(got[0])  # an update before the report would be seen


def test_simultaneous_reports_are_of_the_weights_before_the_update():
    with table("mlp", "--updates=simultaneous", "--g_step=1", *LARGE_STEPS) as t:
        for step in range(5):
            feed = t.feed(step, rows=16)
            before = t.values(t.gan.theta.d + t.gan.theta.g)
            x, z = t.session.run((t.gan.x, t.gan.z), feed)
            _, d, g = t.session.run((t.gan.both_train.finite, t.gan.d_report, t.gan.g_report), feed)
            assert_report(d, *mlp_logits(before, x, z))
            assert_report(g, *mlp_logits(before, x, z))


def test_the_losses_are_those_that_the_settings_name():
    for argv, wanted in (
        ([], 17.0),  # non-saturating: -log sigmoid(-17) = 17 + log(1 + e^-17)
        (["--g_loss=minimax"], -math.log1p(math.exp(-17))),  # log(1 - sigmoid(-17))
    ):
        with table("mlp", *argv) as t:
            feed = {t.gan.play.fake_logits: [[-17.0]], t.gan.play.real_logits: [[0.0]]}
            assert t.session.run(t.gan.g_report.g_loss, feed) == pytest.approx(wanted, rel=1e-5)
            assert t.session.run(t.gan.d_report.value, feed) == pytest.approx(math.log(0.5), rel=1e-6)  # + log(1 - 0)
    with table("mlp", "--g_loss=minimax", "--log_form=literal") as t:
        feed = {t.gan.play.fake_logits: [[17.0]], t.gan.play.real_logits: [[0.0]]}
        assert t.session.run((t.gan.g_report.g_loss, t.gan.d_report.value), feed) == (-math.inf, -math.inf)


def test_a_half_counts_as_fake():
    with table("mlp") as t:
        accuracies = (t.gan.d_report.accuracy_real, t.gan.d_report.accuracy_fake)
        logits = [[0.0], [1e-6], [-1e-6], [3.0]]  # D is 1/2, just above, just below, far above
        feed = {t.gan.play.real_logits: logits, t.gan.play.fake_logits: logits}
        assert t.session.run(accuracies, feed) == (2 / 4, 2 / 4)


# Updates


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov"])
def test_momentum_is_as_sutskever_and_nesterov_write_it(optimizer):
    rate, momentum = 0.05, 0.9
    argv = [f"--optimizer={optimizer}", f"--momentum={momentum}", f"--g_learning_rate={rate}"]
    with table("parabola", *argv) as t:
        theta = t.gan.theta.g
        gradients = {v.op.name: tf.gradients(t.gan.g_report.g_loss, v)[0] for v in theta}
        velocity = dict.fromkeys(gradients, 0.0)
        for step in range(3):
            feed = t.feed(step)
            before, g = t.values(theta), t.session.run(gradients, feed)
            t.session.run(t.gan.g_train.finite, feed)
            after = t.values(theta)
            for name, value in before.items():
                velocity[name] = momentum * velocity[name] + g[name]
                ahead = g[name] + momentum * velocity[name] if optimizer == "nesterov" else velocity[name]
                np.testing.assert_allclose(after[name], value - rate * ahead, rtol=1e-6, atol=1e-7, err_msg=name)


@pytest.mark.parametrize("model", ["mlp", "dcgan"])
def test_simultaneous_updates_take_both_gradients_at_the_same_weights(model):
    d_rate, g_rate = 0.3, 0.2
    plain = ["--optimizer=sgd", "--momentum=0", f"--d_learning_rate={d_rate}", f"--g_learning_rate={g_rate}"]
    with table(model, "--updates=simultaneous", "--g_step=1", *plain) as t:
        feed, theta = t.feed(), t.gan.theta
        d_gradients, g_gradients = t.session.run(
            (tf.gradients(t.gan.d_report.d_loss, theta.d), tf.gradients(t.gan.g_report.g_loss, theta.g)), feed
        )
        before = t.values()
        t.session.run(t.gan.both_train.finite, feed)
        after = t.values()
        steps = [(v, d_rate, g) for v, g in zip(theta.d, d_gradients, strict=True)]
        steps += [(v, g_rate, g) for v, g in zip(theta.g, g_gradients, strict=True)]
        for v, rate, gradient in steps:
            wanted = before[v.op.name] - rate * gradient
            # A few roundings of 2^-24 each, of the weight and of its step.
            np.testing.assert_allclose(after[v.op.name], wanted, rtol=1e-6, atol=1e-7, err_msg=v.op.name)
        for name in after:
            if "moving_mean" in name:  # once: from 0 to (1 - momentum) times the batch's mean
                assert np.abs(after[name]).max() > 0
        once = {name: value for name, value in after.items() if "moving" in name}

    # One after the other is something else: G's gradient is then at D's new weights.
    with table(model, *plain) as t:
        t.session.run(t.gan.d_train.finite, t.feed())
        t.session.run(t.gan.g_train.finite, t.feed())
        alternating = t.values()
        name = theta.g[0].op.name
        step = np.abs(after[name] - before[name]).max()
        assert np.abs(alternating[name] - after[name]).max() > 1e-3 * step
        # And the moving statistics moved as often in both: once.
        for name, value in once.items():
            assert np.array_equal(alternating[name], value), name


def test_the_parabola_updates_d_on_real_and_then_on_fake():
    with table("parabola") as t:
        feeds = [t.feed(step, rows=64) for step in range(3)]
        start = t.values(t.gan.theta.d + t.gan.theta.g)
        rows = [t.session.run((t.gan.x, t.gan.play.fake), feed) for feed in feeds]
        for feed in feeds:
            t.session.run(t.gan.d_train.finite, feed)
        got = t.values(t.gan.theta.d)
        # Adam's own count: beta1^(1 + updates), two for each of three steps.
        assert t.values()["d_optimizer/beta1_power"] == pytest.approx(0.9 ** (1 + 2 * 3), rel=1e-6)

    def by_hand(updates: list[list[str]]) -> dict[str, np.ndarray]:
        """theta_D after the same rows, with a graph that has D alone; each run applies one loss."""
        with tf.Graph().as_default(), v1.Session() as session:
            x = v1.placeholder(tf.float32, [None, 2])
            fake = v1.placeholder(tf.float32, [None, 2])
            with v1.variable_scope("discriminator"):
                _, real_logits = t.game.discriminator(x, None)
            with v1.variable_scope("discriminator", reuse=True):
                _, fake_logits = t.game.discriminator(fake, None)
            of = {"real": -tf.reduce_mean(tf.math.log_sigmoid(real_logits))}
            of["fake"] = -tf.reduce_mean(tf.math.log_sigmoid(-fake_logits))
            theta = v1.trainable_variables()
            adam = v1.train.AdamOptimizer(1e-3, 0.9, 0.999, 1e-7)
            train = [adam.minimize(sum(of[name] for name in update)) for update in updates]
            session.run(v1.global_variables_initializer())
            session.run([v.assign(start[v.op.name]) for v in theta])
            for real_rows, fake_rows in rows:
                for op in train:
                    session.run(op, {x: real_rows, fake: fake_rows})
            return session.run({v.op.name: v for v in theta})

    separate, joint = by_hand([["real"], ["fake"]]), by_hand([["real", "fake"]])
    assert changed(start | got, start) == set(got)
    for name, value in separate.items():
        # Adam divides by the gradient's size: its relative rounding, some 2^-24 times the 64 rows, times six steps of
        # 1e-3, is 2e-8; ten times that.
        np.testing.assert_allclose(got[name], value, rtol=1e-6, atol=2e-7, err_msg=name)
    # Real and fake in one update is something else, and so is the other order.
    for other in (joint, by_hand([["fake"], ["real"]])):
        assert max(np.abs(got[name] - value).max() for name, value in other.items()) > 1e-4


def test_dogs_fakes_for_d_are_made_with_moving_statistics():
    with table("dog") as t:
        assert t.game.d_fakes_training is False
        feed = t.feed(rows=3)
        z = t.session.run(t.gan.z, feed)
        moving, batch = (t.session.run(t.gan.play.fake, {t.gan.z: z, t.gan.training: mode}) for mode in (False, True))
        alone = t.session.run(t.gan.play.fake, {t.gan.z: z[:1], t.gan.training: False})
        np.testing.assert_allclose(moving[:1], alone, atol=1e-5)  # free of its neighbours
        assert np.abs(moving - batch).max() > 0.01


# The same seed, the same game


@pytest.mark.parametrize("model", ["mlp_deep", "dcgan"])
def test_the_seed_decides_the_initial_weights(model):
    def weights(*argv: str) -> dict[str, np.ndarray]:
        with table(model, *argv) as t:
            return t.values(t.gan.theta.d + t.gan.theta.g)

    first = weights("--seed=3")
    assert not changed(first, weights("--seed=3"))
    # The graph around them does not matter: other updates, another optimizer, another loss.
    assert not changed(first, weights("--seed=3", "--optimizer=sgd", "--g_loss=minimax", "--d_step=1", "--g_step=1"))
    drawn = {name for name, value in first.items() if not np.isin(value, np.float32([0, 0.1, 1])).all()}
    assert len(drawn) >= 4
    assert changed(first, weights("--seed=4")) == drawn


@pytest.mark.parametrize(("model", "steps"), [("mlp", 5), ("dcgan", 2), ("parabola", 5)])
def test_two_sessions_give_the_same_bits(model, steps):
    def played() -> dict[str, np.ndarray]:
        with table(model) as t:
            for step in range(steps):
                t.session.run(t.gan.d_train.finite, t.feed(step))
                t.session.run(t.gan.g_train.finite, t.feed(step, stream=Stream.G_LATENT))
            return t.values()

    assert not changed(played(), played())


@pytest.mark.parametrize("model", ["mlp", "parabola"])
def test_a_latent_is_a_function_of_its_seed_alone(model):
    config = read_config([f"--model={model}"])
    game = GAMES[model](config)
    z = sessions.latents(game, config.z_dim, [5, 0, 2**31 - 1, 7])
    assert z.shape == (4, config.z_dim)
    assert z.dtype == np.float32
    assert len({row.tobytes() for row in z}) == 4
    for i, seed in enumerate([5, 0, 2**31 - 1, 7]):
        assert np.array_equal(sessions.latents(game, config.z_dim, [seed])[0], z[i])


# What is not finite


def flat_root(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """A D whose logits are 0 and finite while their gradient is not: d sqrt(w)/dw is infinite at w = 0."""
    w = v1.get_variable("root/weights", [1, 1], initializer=v1.zeros_initializer(), use_resource=True)
    b = v1.get_variable("root/biases", [1], initializer=v1.zeros_initializer(), use_resource=True)
    logits = 0.0 * tf.reduce_sum(x, axis=1, keepdims=True) + tf.sqrt(w) + b
    return tf.sigmoid(logits), logits


def first_broken(t: Table, update: graph.Update, feed: dict) -> str:
    finite = t.session.run(update.finite, feed)
    assert finite.shape == (len(update.checked),)
    return update.checked[int(np.argmin(finite))] if not finite.all() else ""


@pytest.mark.parametrize("model", GAMES)
def test_a_sound_update_is_finite_and_each_player_is_asked_for_its_own(model):
    with table(model, "--batch_size=4") as t:
        for update, theta in ((t.gan.d_train, t.gan.theta.d), (t.gan.g_train, t.gan.theta.g)):
            assert first_broken(t, update, t.feed()) == ""
            asked = " ".join(update.checked)
            for variable in theta:
                assert f"by {variable.op.name}" in asked
                assert f"{variable.op.name} after" in asked


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_broken_weight_shows_in_the_first_term_that_reads_it(value):
    with table("mlp") as t:
        biases = next(v for v in t.gan.theta.d if v.op.name == "discriminator/dense_2/biases")
        biases.load(np.full(biases.shape, value, np.float32), t.session)
        # The stable log D(x) = -log(1 + e^-a) is 0 at a = inf, where log(1 - D) = -log(1 + e^a) is not finite.
        wanted = "log(1 - D(G(z)))" if value == np.inf else "log D(x)"
        assert first_broken(t, t.gan.d_train, t.feed()) == wanted


def test_a_gradient_is_named_where_the_loss_is_finite():
    config = read_config(["--model=mlp"])
    game = dataclasses.replace(GAMES["mlp"](config), discriminator=lambda x, masks: flat_root(x))
    with tf.Graph().as_default(), v1.Session() as session:
        gan = graph.build(config, game)
        session.run(v1.global_variables_initializer())
        feed = {gan.x: np.zeros((4, 784), np.float32), gan.draw: (0, 0, 4)}
        finite = session.run(gan.d_train.finite, feed)
    broken = [name for name, good in zip(gan.d_train.checked, finite, strict=True) if not good]
    # V has a gradient of 1/2 - 1/2 = 0 in the logits, and 0 x inf is NaN: of the root, and not of the bias beside it.
    assert broken[0] == "the gradient of D_loss by discriminator/root/weights"
    assert broken[1:] == ["discriminator/root/weights after the update by D_loss"]


def test_a_weight_is_named_where_its_gradient_is_finite():
    # A step of 1e38 along a gradient above 4 leaves float32's range, 3.4e38.
    with table("mlp") as t:
        variable = t.gan.theta.d[0]
        check = graph._Check()
        gradient = tf.ones_like(variable) * 4
        update = check.updated("loss", [(gradient, variable)], variable.assign_sub(1e38 * gradient))
        assert first_broken(t, update, {}) == f"{variable.op.name} after the update by loss"
