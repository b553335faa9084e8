"""Answers to lesson 6."""

import numpy as np
import tensorflow as tf

from gan_lowlevel import losses
from gan_lowlevel.course import Exercise


def log_not_d(a):
    return -np.logaddexp(0, a)


def _by_hand(a):
    return -(np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a))))


def _literal(a):
    return np.log(1 - 1 / (1 + np.exp(-a)))


def _guarded(a):
    return np.log(1 - 1 / (1 + np.exp(-a)) + np.float32(1e-7))


def _softplus_as_it_is_written(a):
    return -np.log(1 + np.exp(a))


def _log_d(a):
    return -np.logaddexp(0, -a)


def _sign(a):
    return np.logaddexp(0, a)


def survives(guard):
    return np.float32(1) - np.float32(guard) < 1


def _by_the_power_of_two(guard):
    return guard > 2**-25


def _in_float64(guard):
    return 1 - guard < 1


def _by_eps(guard):
    return guard > np.finfo(np.float32).eps


def _above_one(guard):
    return np.float32(1) + np.float32(guard) > 1


def _is_positive_itself(guard):
    return np.float32(guard) > 0


def d_loss_of_logits(real_logits, fake_logits):
    loss = tf.reduce_mean(tf.math.softplus(-real_logits)) + tf.reduce_mean(tf.math.softplus(fake_logits))
    return loss, *tf.gradients(loss, [real_logits, fake_logits])


def _by_the_package(real_logits, fake_logits):
    loss = losses.d_loss(losses.value(real_logits, fake_logits))
    return loss, *tf.gradients(loss, [real_logits, fake_logits])


def _by_cross_entropies(real_logits, fake_logits):
    entropy = tf.nn.sigmoid_cross_entropy_with_logits
    loss = tf.reduce_mean(entropy(labels=tf.ones_like(real_logits), logits=real_logits))
    loss += tf.reduce_mean(entropy(labels=tf.zeros_like(fake_logits), logits=fake_logits))
    return loss, *tf.gradients(loss, [real_logits, fake_logits])


def _literal_logarithms(real_logits, fake_logits):
    loss = losses.d_loss(losses.value(real_logits, fake_logits, log_form="literal"))
    return loss, *tf.gradients(loss, [real_logits, fake_logits])


def _guarded_logarithms(real_logits, fake_logits):
    d_real, d_fake = tf.sigmoid(real_logits), tf.sigmoid(fake_logits)
    loss = -tf.reduce_mean(tf.math.log(d_real + 1e-8) + tf.math.log((1 - d_fake) + 1e-8))
    return loss, *tf.gradients(loss, [real_logits, fake_logits])


def _half(real_logits, fake_logits):
    return tuple(part / 2 for part in d_loss_of_logits(real_logits, fake_logits))


def _signs(real_logits, fake_logits):
    return d_loss_of_logits(-real_logits, -fake_logits)


def _swapped(real_logits, fake_logits):
    return d_loss_of_logits(fake_logits, real_logits)


def _loss_alone(real_logits, fake_logits):
    return d_loss_of_logits(real_logits, fake_logits)[0]


def dead_share(h):
    return np.mean(np.all(h == 0, axis=0))


def _by_the_largest(h):
    return (h.max(axis=0) <= 0).sum() / h.shape[1]


def _share_of_zeros(h):
    return np.mean(h == 0)


def _off_for_some_row(h):
    return np.mean(np.any(h == 0, axis=0))


def _rows_that_are_dark(h):
    return np.mean(np.all(h == 0, axis=1))


def _count(h):
    return np.sum(np.all(h == 0, axis=0))


def _sum_is_small(h):
    return np.mean(h.mean(axis=0) < 0.5)


def _logits(random):
    return random.uniform(-120, 120, (random.integers(1, 6), 1)).astype(np.float32)


def _hidden(random):
    rows, units = random.integers(2, 6), random.integers(2, 12)
    h = random.normal(size=(rows, units)) - 9 * (random.random(units) < 0.4)  # some far below 0
    return (np.maximum(h, 0),)


EXERCISES = [
    Exercise(
        answer=log_not_d,
        inputs=lambda random: (_logits(random),),
        hints=(
            "log(1 - sigmoid(a)) = -log(1 + e^a), and e^a leaves float32 at 89: take the largest out first.",
            "log(1 + e^a) = max(a, 0) + log(1 + e^-|a|); NumPy has it as np.logaddexp(0, a).",
        ),
        wrong=(_literal, _guarded, _softplus_as_it_is_written, _log_d, _sign),
        right=(_by_hand,),
        tolerance=1e-5,
    ),
    Exercise(
        answer=survives,
        inputs=lambda random: (float(10 ** random.uniform(-9, -6)),),
        hints=(
            "Python's own numbers are float64, with 53 digits: make both of them np.float32 first.",
            "np.float32(1) - np.float32(guard) < 1; numbers below 1 are 2^-24 apart, and half of that is rounded away.",
        ),
        wrong=(_in_float64, _by_eps, _above_one, _is_positive_itself),
        right=(_by_the_power_of_two,),
    ),
    Exercise(
        answer=d_loss_of_logits,
        inputs=lambda random: tuple(
            random.uniform(-100, 100, (4, 1)).astype(np.float32) * np.float32(random.choice([0.05, 1]))
            for _ in range(2)
        ),
        hints=(
            "-log D = softplus(-a), -log(1 - D) = softplus(a): tf.math.softplus, a mean of each, and their sum.",
            "tf.gradients(loss, [real_logits, fake_logits]) gives both gradients; nothing is divided by 0 in them.",
        ),
        wrong=(_literal_logarithms, _guarded_logarithms, _half, _signs, _swapped, _loss_alone),
        right=(_by_the_package, _by_cross_entropies),
        tolerance=1e-5,
        tries=20,
        graph=True,
    ),
    Exercise(
        answer=dead_share,
        inputs=_hidden,
        hints=(
            "A unit is a column: it is dead if all its rows are 0.",
            "np.all(h == 0, axis=0) is a bool for each unit; the share is its mean.",
        ),
        wrong=(_share_of_zeros, _off_for_some_row, _rows_that_are_dark, _count, _sum_is_small),
        right=(_by_the_largest,),
    ),
]
