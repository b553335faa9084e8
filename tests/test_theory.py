"""Theory's figures: on rows that do not train, each derived anew here, and nothing moved."""

import contextlib
import dataclasses
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel import data, sessions
from gan_lowlevel import gan as graph
from gan_lowlevel.commandline import read_config
from gan_lowlevel.loop import ExplicitLoop
from gan_lowlevel.networks import GAMES
from gan_lowlevel.theory import Theory, jsd_bound

v1 = tf.compat.v1


class Seen(NamedTuple):
    """A loop's theory, and what it is of."""

    theory: Theory
    loop: ExplicitLoop
    held_out: object

    def values(self) -> dict[str, np.ndarray]:
        return self.loop.session.run({v.op.name: v for v in v1.global_variables()})


@contextlib.contextmanager
def seen(model: str, *argv: str, held_out: bool = True) -> Iterator[Seen]:
    config = read_config([f"--model={model}", "--batch_size=8", "--theory_rows=16", *argv])
    game = GAMES[config.model](config)
    data_set = data.load(config)
    rows = data.rows(data_set, config, game.output_range, game.data_shape)
    aside = data.held_out(data_set, config, game.output_range, game.data_shape) if held_out else None
    with tf.Graph().as_default(), v1.Session(config=sessions.session_config(1)) as session:
        gan = graph.build(config, game)
        loop = ExplicitLoop(session, gan, game, config, rows)
        theory = Theory(loop, aside)
        session.run(v1.global_variables_initializer())
        yield Seen(theory, loop, aside)


def test_the_bound_is_0_at_the_ideal_value_and_log_2_at_the_ceiling():
    assert jsd_bound(2 * math.log(0.5)) == 0  # D = 1/2 everywhere
    assert jsd_bound(0.0) == pytest.approx(math.log(2))  # D never errs: V = 0
    assert jsd_bound(-2.0) < 0  # is drawn, not clipped


@pytest.mark.parametrize("model", ["mlp", "parabola"])
def test_v_is_of_rows_that_do_not_train(model):
    with seen(model) as s:
        step = 3
        x = s.held_out.batch(step)
        assert len(x) == 16
        trained = np.concatenate([s.loop.rows.batch(k) for k in range(600)])  # 4,800: all of the embedded 4,500
        assert not (x.reshape(16, 1, -1)[:, :, :] == trained.reshape(1, len(trained), -1)).all(axis=2).any()
        look, figures = s.theory.look(step), s.theory.scalars(step)
        real, fake = look.real_logits.astype(np.float64), look.fake_logits.astype(np.float64)
        v = -np.log1p(np.exp(-real)).mean() - np.log1p(np.exp(fake)).mean()  # mean log s(a) + mean log(1 - s(a))
        assert figures["value/V_held_out"] == pytest.approx(v, rel=1e-5)
        assert figures["jsd/bound_held_out"] == pytest.approx((v + math.log(4)) / 2, abs=1e-5)
        real, fake = s.loop.session.run((s.loop.gan.play.real_logits, s.loop.gan.play.fake_logits), s.loop.d_feed(3, 0))
        v = (
            -np.log1p(np.exp(-real)).mean() - np.log1p(np.exp(fake)).mean()
        )  # on the batch of the fourth step, which is next
        assert figures["value/V_train"] == pytest.approx(v, rel=1e-5)
        logits = s.loop.session.run(s.loop.gan.play.real_logits, {s.loop.gan.x: x, s.loop.gan.draw: (0, 0, 16)})
        np.testing.assert_allclose(look.real_logits, logits[:, 0], rtol=1e-5, atol=1e-6)


def test_where_nothing_is_held_out_there_is_no_bound_and_the_look_is_on_rows_that_train():
    with seen("mlp", held_out=False) as s:
        assert not {tag for tag in s.theory.scalars(1) if tag.startswith("jsd/") or "held_out" in tag}
        assert len(s.theory.look(1).real_logits) == 8  # one batch
        assert s.theory.rows == "rows that train"


def parabola_gradient(values: dict[str, np.ndarray], z: np.ndarray, slope) -> list[np.ndarray]:
    """dL/dtheta_G by hand, of a loss that is a mean over rows with derivative `slope`(a) in each logit a."""
    w1, b1, w2, b2 = (values[f"generator/dense_{i}/{k}"] for i in (1, 2) for k in ("weights", "biases"))
    v1_, c1, v2, c2 = (values[f"discriminator/dense_{i}/{k}"] for i in (1, 2) for k in ("weights", "biases"))
    h_in = z @ w1 + b1
    h = np.maximum(h_in, 0)
    u_in = (h @ w2 + b2) @ v1_ + c1
    a = np.maximum(u_in, 0) @ v2 + c2  # [B, 1]
    d_x = (slope(a) / len(z) * v2.T * (u_in > 0)) @ v1_.T  # [B, 2]
    d_h = d_x @ w2.T * (h_in > 0)
    return [z.T @ d_h, d_h.sum(axis=0), h.T @ d_x, d_x.sum(axis=0)]


def test_both_gradients_of_g_on_one_batch_and_one_set_of_weights():
    with seen("parabola") as s:
        feed = s.theory._g_feed(5)
        z = s.loop.session.run(s.loop.gan.z, feed).astype(np.float64)
        values = {name: value.astype(np.float64) for name, value in s.values().items()}
        figures = s.theory.scalars(5)
        for name, slope in (
            ("minimax", lambda a: -1 / (1 + np.exp(-a))),  # d log(1 - s(a)) / da = -s(a)
            ("non_saturating", lambda a: -1 / (1 + np.exp(a))),  # d -log s(a) / da = -(1 - s(a))
        ):
            gradient = parabola_gradient(values, z, slope)
            norm = math.sqrt(sum(float((part**2).sum()) for part in gradient))
            assert figures[f"gradient/{name}"] == pytest.approx(norm, rel=1e-4)


def test_each_sample_pulls_at_its_logit_by_d_or_by_1_minus_d():
    with seen("mlp") as s:
        look = s.theory.look(2)
        assert look.d_fake.std() > 0.01
        np.testing.assert_allclose(look.pulls["minimax"], look.d_fake, rtol=1e-5)
        np.testing.assert_allclose(look.pulls["non_saturating"], 1 - look.d_fake, rtol=1e-4)


def test_the_force_is_minus_the_gradient_at_each_point():
    with seen("parabola") as s:
        play, points = s.loop.gan.play, np.array([[0.1, 0.2], [-0.4, 0.3], [0.5, -0.5]], np.float32)

        def loss(x: np.ndarray) -> np.ndarray:
            a = s.loop.session.run(play.fake_logits, {play.fake: x.astype(np.float32)})[:, 0].astype(np.float64)
            return -np.log(1 / (1 + np.exp(-a)))  # of each row, not their mean

        force = s.loop.session.run(s.theory.forces["non_saturating"], {play.fake: points})
        for axis in (0, 1):
            shift = np.zeros(2)
            shift[axis] = 1e-3
            numeric = -(loss(points + shift) - loss(points - shift)) / 2e-3
            np.testing.assert_allclose(force[:, axis], numeric, rtol=0.02, atol=2e-4)


@pytest.mark.parametrize(
    ("g_loss", "real", "fake", "clipped"),
    [
        ("non_saturating", 0.0, 0.0, 0),
        ("non_saturating", 0.0, 20.0, 1),  # s(20) is 1 in float32: log(1 - D) of D's loss, and log D = 0 of G's is fine
        ("minimax", 0.0, 20.0, 2),  # log(1 - D) stands in both losses
        ("non_saturating", -200.0, -200.0, 2),  # s(-200) is 0: log D(x) of D's loss, log D(G(z)) of G's
        ("minimax", -200.0, -200.0, 1),
    ],
)
def test_the_meter_counts_what_the_literal_form_would_clip(g_loss, real, fake, clipped):
    with seen("mlp", f"--g_loss={g_loss}") as s:
        play = s.loop.gan.play
        feed = {play.real_logits: [[real]], play.fake_logits: [[fake]]}
        count, error = s.loop.session.run((s.theory._clipped, s.theory._literal_error), feed)
        assert count == clipped
        assert error < 1e-6


def test_the_meter_shows_how_far_the_literal_form_is_off():
    with seen("mlp") as s:
        play = s.loop.gan.play
        # Float32 has 24 bits: at 16, 1 - s is 2^-23 and not 1.125e-7.
        feed = {play.real_logits: [[0.0]], play.fake_logits: [[16.0]]}
        count, error = s.loop.session.run((s.theory._clipped, s.theory._literal_error), feed)
        assert count == 0
        assert error == pytest.approx(abs(math.log(2**-23) + 16), abs=1e-3)  # stable: -softplus(16) = -16.0000001


def test_looking_moves_nothing():
    with seen("dcgan", "--image_size=28", "--theory_rows=2", "--batch_size=2") as s:
        before = s.values()
        s.theory.scalars(1)
        s.theory.look(1)
        after = s.values()
        assert all(before[name].tobytes() == after[name].tobytes() for name in before)


def test_the_same_step_is_seen_the_same_and_another_on_other_rows():
    with seen("mlp") as s:
        first, again, other = s.theory.look(4), s.theory.look(4), s.theory.look(5)
        np.testing.assert_array_equal(first.fake_logits, again.fake_logits)
        assert (first.fake_logits != other.fake_logits).any()
        assert (first.real_logits != other.real_logits).any()


def test_held_out_rows_meet_the_fakes_that_d_learns_from():
    """dog's D learns from G as it draws, with moving statistics; a fresh G draws other fakes with a batch's own."""
    with seen("mixture", "--batch_size=8") as s:
        game = dataclasses.replace(s.loop.game, d_fakes_training=False)
        drawn = Theory(dataclasses.replace(s.loop, game=game), s.held_out).look(1)
        trained = s.theory.look(1)
        np.testing.assert_array_equal(drawn.real_logits, trained.real_logits)
        assert (drawn.fake_logits != trained.fake_logits).any()


def test_gs_gradient_is_of_gs_own_points_where_d_learns_from_others():
    common = ("--g_step=0",)
    norms = []
    for flags in (common, ("--fakes=uniform", *common)):
        with seen("parabola", *flags) as s:
            norms.append(s.theory.scalars(3)["gradient/non_saturating"])
    assert norms[0] == norms[1]


@pytest.mark.parametrize("model", ["mlp", "parabola", "gaussian"])
def test_spreads_are_0_where_a_player_gives_one_answer_to_everything(model):
    with seen(model) as s:
        x = s.held_out.batch(4).reshape(16, -1).astype(np.float64)
        fakes = s.loop.session.run(s.loop.gan.play.fake, s.theory._feed(4)).reshape(16, -1).astype(np.float64)
        look, figures = s.theory.look(4), s.theory.scalars(4)
        assert figures["spread/samples"] == pytest.approx(fakes.std(axis=0).mean() / x.std(axis=0).mean(), rel=1e-4)
        logits = np.concatenate([look.real_logits, look.fake_logits])
        assert figures["spread/D_logits"] == pytest.approx(logits.std(), rel=1e-4)
        if model == "mlp":
            wanted = fakes.std(axis=1).mean() / x.std(axis=1).mean()
            assert figures["spread/pixels"] == pytest.approx(wanted, rel=1e-4)
        else:
            assert "spread/pixels" not in figures
        for variable in s.loop.gan.theta.d + s.loop.gan.theta.g:
            variable.load(np.zeros(variable.shape, np.float32), s.loop.session)
        figures = s.theory.scalars(4)
        assert all(figures[tag] == 0 for tag in figures if tag.startswith("spread/"))
