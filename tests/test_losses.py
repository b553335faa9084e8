"""Losses: values, gradients, absent gradients, errors, tables. Everything in nats; a is D's logit, D = sigmoid(a)."""

import math

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel import config, losses

v1 = tf.compat.v1

ROUNDING = 2.0**-24  # of one float32 operation, relative
LOG2 = math.log(2)


def logits(*values: float) -> np.ndarray:
    """[B, 1], float32."""
    return np.array(values, np.float32)[:, None]


def sigmoid(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a.astype(np.float64)))


def run(loss, *values: np.ndarray) -> float:
    """`loss` of fed logits."""
    with tf.Graph().as_default(), v1.Session() as session:
        fed = [v1.placeholder(tf.float32, [None, 1]) for _ in values]
        result = loss(*fed)
        assert result.shape.rank in (0, 2)
        return session.run(result, dict(zip(fed, values, strict=True)))


def gradients(loss, *values: np.ndarray) -> list[np.ndarray | None]:
    """d loss/da for each argument, None where there is none."""
    with tf.Graph().as_default(), v1.Session() as session:
        fed = [v1.placeholder(tf.float32, [None, 1]) for _ in values]
        found = tf.gradients(loss(*fed), fed)
        feed = dict(zip(fed, values, strict=True))
        return [None if gradient is None else session.run(gradient, feed) for gradient in found]


def both(real, fake):
    """D's loss as training takes it."""
    return losses.d_loss(losses.value(real, fake))


# Values


@pytest.mark.parametrize("form", losses.LOG_D)
def test_the_values_at_the_ideal_point(form):
    a = logits(0, 0, 0)  # D = sigmoid(0) = 1/2 on every row
    # V = log 1/2 + log(1 - 1/2) = -log 4, D's loss its negative.
    assert run(lambda r, f: losses.value(r, f, form), a, a) == pytest.approx(-math.log(4), rel=1e-6)
    assert run(lambda r, f: losses.d_loss(losses.value(r, f, form)), a, a) == pytest.approx(math.log(4), rel=1e-6)
    # Its halves, and G's losses: -log 1/2 = log 2, and log(1 - 1/2) = -log 2.
    assert run(lambda r: losses.d_loss_real(r, form), a) == pytest.approx(LOG2, rel=1e-6)
    assert run(lambda f: losses.d_loss_fake(f, form), a) == pytest.approx(LOG2, rel=1e-6)
    assert run(lambda f: losses.non_saturating(f, form), a) == pytest.approx(LOG2, rel=1e-6)
    assert run(lambda f: losses.minimax(f, form), a) == pytest.approx(-LOG2, rel=1e-6)


@pytest.mark.parametrize("form", losses.LOG_D)
def test_the_values_away_from_it(form):
    # logit(p) = log(p/(1 - p)): D is 4/5 and 1/2 on the real rows, 1/4 and 1/3 on the fake ones.
    real, fake = logits(math.log(4), 0), logits(-math.log(3), -LOG2)
    value = (math.log(4 / 5) + math.log(1 / 2)) / 2 + (math.log(3 / 4) + math.log(2 / 3)) / 2
    assert run(lambda r, f: losses.value(r, f, form), real, fake) == pytest.approx(value, rel=1e-6)
    halves = -(math.log(4 / 5) + math.log(1 / 2)) / 2, -(math.log(3 / 4) + math.log(2 / 3)) / 2
    assert run(lambda r: losses.d_loss_real(r, form), real) == pytest.approx(halves[0], rel=1e-6)
    assert run(lambda f: losses.d_loss_fake(f, form), fake) == pytest.approx(halves[1], rel=1e-6)
    assert run(both, real, fake) == pytest.approx(sum(halves), rel=1e-6)  # the sum of its halves, not their mean
    non_saturating = -(math.log(1 / 4) + math.log(1 / 3)) / 2
    assert run(lambda f: losses.non_saturating(f, form), fake) == pytest.approx(non_saturating, rel=1e-6)
    assert run(lambda f: losses.minimax(f, form), fake) == pytest.approx(-halves[1], rel=1e-6)


@pytest.mark.parametrize("a", [17.0, 100.0, -17.0, -100.0])
def test_the_stable_form_is_exact_where_d_rounds(a):
    # log(1 - sigmoid(a)) = -log(1 + e^a) = -a - log(1 + e^-a), in float64.
    log_d, log_not_d = -np.logaddexp(0, -a), -np.logaddexp(0, a)
    assert run(losses.LOG_D["stable"], logits(a))[0, 0] == pytest.approx(log_d, rel=1e-6)
    assert run(losses.LOG_NOT_D["stable"], logits(a))[0, 0] == pytest.approx(log_not_d, rel=1e-6)


@pytest.mark.parametrize("a", [17.0, 100.0])
def test_the_literal_form_is_infinite_where_d_rounds_to_1(a):
    # e^-17 = 4.1e-8 is less than half of float32's spacing above 1, 2^-23: 1 + e^-a is 1, so D is 1, log(1 - D) -inf.
    assert run(tf.sigmoid, logits(a))[0, 0] == 1
    assert run(losses.LOG_NOT_D["literal"], logits(a))[0, 0] == -math.inf
    assert run(lambda f: losses.minimax(f, "literal"), logits(a, 0)) == -math.inf  # one row is enough
    assert run(lambda r, f: losses.value(r, f, "literal"), logits(0), logits(a)) == -math.inf
    (gradient,) = gradients(lambda f: losses.minimax(f, "literal"), logits(a))
    assert np.isnan(gradient[0, 0])  # 0/0
    (gradient,) = gradients(losses.minimax, logits(a))
    assert gradient[0, 0] == pytest.approx(-1, rel=1e-6)


def test_the_literal_form_is_infinite_where_d_rounds_to_0():
    # e^-110 = 1.7e-48 is below float32's smallest number, 2^-149 = 1.4e-45.
    assert run(tf.sigmoid, logits(-110))[0, 0] == 0
    assert run(lambda f: losses.non_saturating(f, "literal"), logits(-110)) == math.inf
    assert run(losses.non_saturating, logits(-110)) == pytest.approx(110, rel=1e-6)


def test_both_forms_agree_as_far_as_float32_allows():
    a = np.linspace(-15, 15, 241, dtype=np.float32)[:, None]
    d = sigmoid(a)
    # D comes rounded by 2^-24 of itself, times a few for the steps to it: 4. That moves log D by as much, and
    # log(1 - D), whose derivative is 1/(1 - D), by D/(1 - D) = e^a times as much, 3e6 times at a = 15.
    # Each form rounds its own result, too.
    error = 4 * ROUNDING
    stable, literal = (run(losses.LOG_D[form], a).astype(np.float64) for form in ("stable", "literal"))
    assert (np.abs(stable - literal) <= error * (1 + np.abs(stable))).all()
    stable, literal = (run(losses.LOG_NOT_D[form], a).astype(np.float64) for form in ("stable", "literal"))
    assert (np.abs(stable - literal) <= error * (1 + np.abs(stable) + d / (1 - d))).all()
    # And the stable one is right.
    np.testing.assert_allclose(stable, np.log1p(-d), rtol=1e-6, atol=1e-7)


# Gradients

A = logits(-100, -17, -3, -0.5, 0, 0.5, 3, 17, 100)


def test_the_gradient_of_the_minimax_loss_dies_where_d_rejects():
    (gradient,) = gradients(losses.minimax, A)
    # d/da log(1 - sigmoid(a)) = -sigmoid(a), a mean over B rows.
    np.testing.assert_allclose(gradient * len(A), -sigmoid(A), rtol=1e-5, atol=1e-30)
    assert abs(gradient[0, 0]) < 1e-30  # a = -100


def test_the_gradient_of_the_non_saturating_loss_lives_where_d_rejects():
    (gradient,) = gradients(losses.non_saturating, A)
    # d/da -log sigmoid(a) = -(1 - sigmoid(a)) = -sigmoid(-a), a mean over B rows.
    np.testing.assert_allclose(gradient * len(A), -sigmoid(-A), rtol=1e-5, atol=1e-30)
    assert gradient[0, 0] * len(A) == pytest.approx(-1)


def test_the_gradients_of_ds_loss():
    fake = A[::-1] + 1
    on_real, on_fake = gradients(both, A, fake)
    np.testing.assert_allclose(on_real * len(A), -sigmoid(-A), rtol=1e-5, atol=1e-30)
    np.testing.assert_allclose(on_fake * len(A), sigmoid(fake), rtol=1e-5, atol=1e-30)
    # Its halves, each of its own rows alone.
    half_real, none = gradients(lambda real, fake: losses.d_loss_real(real), A, fake)
    np.testing.assert_allclose(half_real, on_real, rtol=1e-6)
    assert none is None
    none, half_fake = gradients(lambda real, fake: losses.d_loss_fake(fake), A, fake)
    np.testing.assert_allclose(half_fake, on_fake, rtol=1e-6)
    assert none is None


def test_both_g_losses_rest_at_the_same_point_and_pull_with_different_force():
    at_half = {name: gradients(loss, logits(0, 0))[0] * 2 for name, loss in losses.G_LOSSES.items()}
    for gradient in at_half.values():
        np.testing.assert_allclose(gradient, -0.5, rtol=1e-6)  # -sigmoid(0) and -(1 - sigmoid(0))

    # A G of one parameter t with a = -2 - (t - 1)^2: D rejects it, least so at t = 1. Both losses rest there alone,
    # both pull towards it, and for a = -6 at t = -1 the non-saturating one pulls e^6 times as hard.
    pulls = {
        name: gradients(lambda t, f=loss: f(-2 - (t - 1) ** 2), logits(1, -1, 3))
        for name, loss in losses.G_LOSSES.items()
    }
    for (pull,) in pulls.values():
        assert pull[0, 0] == 0
        assert pull[1, 0] < 0 < pull[2, 0]
    ratio = pulls["non_saturating"][0][1:] / pulls["minimax"][0][1:]
    np.testing.assert_allclose(ratio, math.exp(6), rtol=1e-5)  # (1 - sigmoid(a))/sigmoid(a) = e^-a


# Errors


@pytest.mark.parametrize("shape", [[], [4], [None, 2], [4, 1, 1], [1, 4]])
@pytest.mark.parametrize(
    "loss",
    [
        losses.d_loss_real,
        losses.d_loss_fake,
        losses.non_saturating,
        losses.minimax,
        lambda a: losses.value(a, tf.zeros([4, 1])),
        lambda a: losses.value(tf.zeros([4, 1]), a),
    ],
    ids=["d_loss_real", "d_loss_fake", "non_saturating", "minimax", "value of real", "value of fake"],
)
def test_logits_of_another_shape_are_refused(loss, shape):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=r"\[B, 1\] are wanted, got") as caught:
        loss(v1.placeholder(tf.float32, shape))
    assert str(tf.TensorShape(shape)) in str(caught.value)


def test_unlike_numbers_of_rows_are_refused():
    # A single row would broadcast, in silence.
    for rows in (1, 3):
        with tf.Graph().as_default(), pytest.raises(ValueError, match="compatible"):
            losses.value(tf.zeros([4, 1]), tf.zeros([rows, 1]))


@pytest.mark.parametrize("loss", [losses.value, losses.d_loss_real, losses.non_saturating, losses.minimax])
def test_an_unknown_form_is_refused(loss):
    with tf.Graph().as_default(), pytest.raises(KeyError, match="literally"):
        loss(*[tf.zeros([4, 1])] * (2 if loss is losses.value else 1), log_form="literally")


# Tables


def test_the_tables_hold_what_the_settings_name():
    assert tuple(losses.G_LOSSES) == config.G_LOSSES
    assert tuple(losses.LOG_D) == tuple(losses.LOG_NOT_D) == config.LOG_FORMS
    assert losses.G_LOSSES["minimax"] is losses.minimax
    assert losses.G_LOSSES["non_saturating"] is losses.non_saturating


def test_the_ideal_values_are_the_losses_at_the_ideal_point():
    assert pytest.approx(-math.log(4)) == losses.IDEAL_VALUE
    assert pytest.approx(math.log(4)) == losses.IDEAL_D_LOSS
    assert losses.IDEAL_G_LOSS.keys() == losses.G_LOSSES.keys()
    for name, loss in losses.G_LOSSES.items():
        assert run(loss, logits(0)) == pytest.approx(losses.IDEAL_G_LOSS[name], rel=1e-6)
