"""Answers to lesson 9."""

import math

import numpy as np
import tensorflow as tf

from gan_lowlevel.course import Exercise


def normalized(h, gamma, beta, moving_mean, moving_variance, training):
    batch_mean, batch_variance = tf.nn.moments(h, axes=[0])
    mean = tf.where(training, batch_mean, moving_mean)
    variance = tf.where(training, batch_variance, moving_variance)
    return gamma * (h - mean) / tf.sqrt(variance + 0.001) + beta


def _by_cond(h, gamma, beta, moving_mean, moving_variance, training):
    mean, variance = tf.cond(
        training,
        lambda: (tf.reduce_mean(h, axis=0), tf.math.reduce_variance(h, axis=0)),
        lambda: (moving_mean, moving_variance),
    )
    return tf.nn.batch_normalization(h, mean, variance, beta, gamma, 0.001)


def _modes_swapped(h, gamma, beta, moving_mean, moving_variance, training):
    return normalized(h, gamma, beta, moving_mean, moving_variance, tf.logical_not(training))


def _always_training(h, gamma, beta, moving_mean, moving_variance, training):
    return normalized(h, gamma, beta, moving_mean, moving_variance, tf.constant(True))


def _over_features(h, gamma, beta, moving_mean, moving_variance, training):
    batch_mean, batch_variance = tf.nn.moments(h, axes=[1], keepdims=True)
    mean = tf.where(training, batch_mean + 0 * moving_mean, moving_mean + 0 * batch_mean)
    variance = tf.where(training, batch_variance + 0 * moving_mean, moving_variance + 0 * batch_mean)
    return gamma * (h - mean) / tf.sqrt(variance + 0.001) + beta


def _by_the_variance(h, gamma, beta, moving_mean, moving_variance, training):
    batch_mean, batch_variance = tf.nn.moments(h, axes=[0])
    mean = tf.where(training, batch_mean, moving_mean)
    return gamma * (h - mean) / (tf.where(training, batch_variance, moving_variance) + 0.001) + beta


def _without_gamma_and_beta(h, gamma, beta, moving_mean, moving_variance, training):
    return normalized(h, 1.0, 0.0, moving_mean, moving_variance, training)


def moved(moving, batch, momentum):
    return momentum * moving + (1 - momentum) * batch


def _weights_swapped(moving, batch, momentum):
    return (1 - momentum) * moving + momentum * batch


def _forgets_the_old(moving, batch, momentum):
    return (1 - momentum) * batch


def _adds_the_batch(moving, batch, momentum):
    return momentum * moving + batch


def _the_mean_of_both(moving, batch, momentum):
    return (moving + batch) / 2


def updates_until(share, momentum):
    return math.ceil(math.log(share) / math.log(momentum))


def _by_counting(share, momentum):
    n = 0
    while momentum**n > share:
        n += 1
    return n


def _one_too_few(share, momentum):
    return math.floor(math.log(share) / math.log(momentum))


def _the_other_way_round(share, momentum):
    return math.ceil(math.log(momentum) / math.log(share))


def _as_if_it_fell_evenly(share, momentum):
    return math.ceil((1 - share) / (1 - momentum))


def _not_whole(share, momentum):
    return math.log(share) / math.log(momentum)


def _layer(random):
    rows, features = random.integers(2, 6), random.integers(1, 4)
    h = random.normal(1, 2, (rows, features))
    gamma, beta, moving_mean = random.normal(size=(3, features))
    arrays = (h, gamma, beta, moving_mean, random.uniform(0.2, 4, features))
    return (*(array.astype(np.float32) for array in arrays), np.array(random.random() < 0.5))


def _statistics(random):
    moving, batch = random.normal(size=(2, random.integers(1, 5)))
    return moving, batch, random.uniform(0.55, 0.99)


EXERCISES = [
    Exercise(
        answer=normalized,
        inputs=_layer,
        hints=(
            "mean, variance = tf.nn.moments(h, axes=[0]) are the batch's, [n] each; tf.where(training, a, b) chooses.",
            "gamma * (h - mean) / tf.sqrt(variance + 0.001) + beta, both moments chosen by tf.where beforehand.",
        ),
        wrong=(_modes_swapped, _always_training, _over_features, _by_the_variance, _without_gamma_and_beta),
        right=(_by_cond,),
        graph=True,
        tries=20,
        tolerance=1e-4,
    ),
    Exercise(
        answer=moved,
        inputs=_statistics,
        hints=(
            "With a momentum near 1 the result is near the old value.",
            "The weight of the old value is momentum, that of the batch 1 - momentum.",
        ),
        wrong=(_weights_swapped, _forgets_the_old, _adds_the_batch, _the_mean_of_both),
        right=(lambda moving, batch, momentum: moving - (1 - momentum) * (moving - batch),),
    ),
    Exercise(
        answer=updates_until,
        inputs=lambda random: (random.uniform(0.001, 0.3), random.uniform(0.8, 0.995)),
        hints=(
            "After n updates the start has the weight momentum**n. Take logarithms.",
            "n is at least log(share)/log(momentum), and a whole number: round up.",
        ),
        wrong=(_one_too_few, _the_other_way_round, _as_if_it_fell_evenly, _not_whole),
        right=(_by_counting,),
    ),
]
