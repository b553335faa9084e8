"""Answers to lesson 4."""

import numpy as np
import tensorflow as tf

from gan_lowlevel import losses
from gan_lowlevel.course import Exercise


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def pulls(a):
    d = 1 / (1 + np.exp(-a))
    return -d, -(1 - d)


def _upwards(a):
    return sigmoid(a), 1 - sigmoid(a)


def _swapped(a):
    return -(1 - sigmoid(a)), -sigmoid(a)


def _by_d_and_not_by_the_logit(a):
    return -1 / (1 - sigmoid(a)), -1 / sigmoid(a)


def _through_the_sigmoid_twice(a):
    slope = sigmoid(a) * (1 - sigmoid(a))
    return -slope, -slope


def gradients_by_logits(fake_logits):
    minimax = losses.minimax(fake_logits)
    non_saturating = losses.non_saturating(fake_logits)
    return {
        "minimax": tf.gradients(minimax, fake_logits)[0],
        "non_saturating": tf.gradients(non_saturating, fake_logits)[0],
    }


def _by_formula(fake_logits):
    rows = tf.cast(tf.shape(fake_logits)[0], tf.float32)
    d = tf.sigmoid(fake_logits)
    return {"minimax": -d / rows, "non_saturating": -(1 - d) / rows}


def _forgets_the_mean(fake_logits):
    d = tf.sigmoid(fake_logits)
    return {"minimax": -d, "non_saturating": -(1 - d)}


def _one_loss_twice(fake_logits):
    [gradient] = tf.gradients(losses.non_saturating(fake_logits), fake_logits)
    return {"minimax": gradient, "non_saturating": gradient}


def _sum_of_both(fake_logits):
    [both] = tf.gradients([losses.minimax(fake_logits), losses.non_saturating(fake_logits)], fake_logits)
    return {"minimax": both, "non_saturating": both}


def _the_losses_themselves(fake_logits):
    return {"minimax": losses.minimax(fake_logits), "non_saturating": losses.non_saturating(fake_logits)}


def one_step(w, z, rate):
    d = 1 / (1 + np.exp(-w * z))
    return w - rate * np.mean(-d * z), w - rate * np.mean(-(1 - d) * z)


def _climbs(w, z, rate):
    d = sigmoid(w * z)
    return w + rate * np.mean(-d * z), w + rate * np.mean(-(1 - d) * z)


def _forgets_the_chain(w, z, rate):
    d = sigmoid(w * z)
    return w - rate * np.mean(-d), w - rate * np.mean(-(1 - d))


def _sums_the_batch(w, z, rate):
    d = sigmoid(w * z)
    return w - rate * np.sum(-d * z), w - rate * np.sum(-(1 - d) * z)


def _gradients_alone(w, z, rate):
    d = sigmoid(w * z)
    return np.mean(-d * z), np.mean(-(1 - d) * z)


EXERCISES = [
    Exercise(
        answer=pulls,
        inputs=lambda random: (random.uniform(-6, 6, (random.integers(1, 6), 1)),),
        hints=(
            "With D = 1/(1 + exp(-a)) the slope of log(1 - D) by a is -D. Return two arrays of a's shape.",
            "The other one's slope is -(1 - D). Both are negative: descent moves the logit up.",
        ),
        wrong=(_upwards, _swapped, _by_d_and_not_by_the_logit, _through_the_sigmoid_twice),
        right=(lambda a: (-sigmoid(a), sigmoid(a) - 1), lambda a: [-sigmoid(a), -sigmoid(-a)]),
    ),
    Exercise(
        answer=gradients_by_logits,
        inputs=lambda random: (random.uniform(-6, 6, (random.integers(1, 6), 1)).astype(np.float32),),
        hints=(
            "losses.minimax(fake_logits) is a scalar tensor; tf.gradients(scalar, tensor) is a list with one gradient.",
            'Return {"minimax": tf.gradients(losses.minimax(fake_logits), fake_logits)[0], ...}, the other likewise.',
        ),
        wrong=(_forgets_the_mean, _one_loss_twice, _sum_of_both, _the_losses_themselves),
        right=(_by_formula,),
        graph=True,
        tries=20,
    ),
    Exercise(
        answer=one_step,
        inputs=lambda random: (
            random.normal(),
            random.normal(size=(random.integers(2, 6), 1)),
            random.uniform(0.05, 1),
        ),
        hints=(
            "The gradient by w is the mean over the batch of pull times z, with D = 1/(1 + exp(-w z)).",
            "Descent: w - rate * mean(-D * z) under the minimax loss, w - rate * mean(-(1 - D) * z) under the other.",
        ),
        wrong=(_climbs, _forgets_the_chain, _sums_the_batch, _gradients_alone),
    ),
]
