"""Answers to lesson 2."""

import itertools

import numpy as np
import tensorflow as tf

from gan_lowlevel.course import Exercise
from gan_lowlevel.networks import parabola

v1 = tf.compat.v1


def parameters(sizes):
    return sum((sizes[i] + 1) * sizes[i + 1] for i in range(len(sizes) - 1))


def _by_pairs(sizes):
    return sum(n * units + units for n, units in itertools.pairwise(sizes))


def _without_biases(sizes):
    return sum(n * units for n, units in itertools.pairwise(sizes))


def _a_bias_for_each_input(sizes):
    return sum(n * units + n for n, units in itertools.pairwise(sizes))


def _one_bias_a_layer(sizes):
    return sum(n * units + 1 for n, units in itertools.pairwise(sizes))


def _units_alone(sizes):
    return sum(sizes[1:])


def affine(h, initial_weights, initial_biases):
    weights = v1.get_variable("weights", initializer=initial_weights)
    biases = v1.get_variable("biases", initializer=initial_biases)
    return tf.matmul(h, weights) + biases, v1.trainable_variables()


def _by_variable(h, initial_weights, initial_biases):
    weights = v1.Variable(initial_weights, name="weights")
    biases = v1.Variable(initial_biases, name="biases")
    return h @ weights + biases, [weights, biases]


def _under_a_scope(h, initial_weights, initial_biases):
    with v1.variable_scope("dense_1"):
        return affine(h, initial_weights, initial_biases)


def _no_variables(h, initial_weights, initial_biases):
    return tf.matmul(h, initial_weights) + initial_biases, v1.trainable_variables()


def _weights_alone(h, initial_weights, initial_biases):
    weights = v1.get_variable("weights", initializer=initial_weights)
    return tf.matmul(h, weights) + initial_biases, v1.trainable_variables()


def _no_sum(h, initial_weights, initial_biases):
    output, variables = affine(h, initial_weights, initial_biases)
    return output - variables[1], variables


def _made_anew(h, initial_weights, initial_biases):
    """Variables of the right shape, with the values of the default initializer."""
    weights = v1.get_variable("weights", initial_weights.shape)
    biases = v1.get_variable("biases", initial_biases.shape)
    return tf.matmul(h, weights) + biases, v1.trainable_variables()


def _with_an_activation(h, initial_weights, initial_biases):
    output, variables = affine(h, initial_weights, initial_biases)
    return tf.nn.relu(output), variables


def both_logits(x, fake):
    with v1.variable_scope("discriminator"):
        _, real_logits = parabola.discriminator(x)
    with v1.variable_scope("discriminator", reuse=True):
        _, fake_logits = parabola.discriminator(fake)
    return real_logits, fake_logits, len(v1.trainable_variables())


def _reused_in_the_scope(x, fake):
    with v1.variable_scope("discriminator") as scope:
        _, real_logits = parabola.discriminator(x)
        scope.reuse_variables()
        _, fake_logits = parabola.discriminator(fake)
    return real_logits, fake_logits, len(v1.trainable_variables())


def _auto_reuse(x, fake):
    logits = []
    for rows in (x, fake):
        with v1.variable_scope("discriminator", reuse=v1.AUTO_REUSE):
            logits.append(parabola.discriminator(rows)[1])
    return *logits, len(v1.trainable_variables())


def _a_second_d(x, fake):
    with v1.variable_scope("discriminator"):
        _, real_logits = parabola.discriminator(x)
    with v1.variable_scope("discriminator_1"):
        _, fake_logits = parabola.discriminator(fake)
    return real_logits, fake_logits, len(v1.trainable_variables())


def _no_reuse(x, fake):
    with v1.variable_scope("discriminator"):
        _, real_logits = parabola.discriminator(x)
    with v1.variable_scope("discriminator"):
        _, fake_logits = parabola.discriminator(fake)
    return real_logits, fake_logits, len(v1.trainable_variables())


def _probabilities(x, fake):
    with v1.variable_scope("discriminator"):
        d_real, _ = parabola.discriminator(x)
    with v1.variable_scope("discriminator", reuse=True):
        d_fake, _ = parabola.discriminator(fake)
    return d_real, d_fake, len(v1.trainable_variables())


def _swapped(x, fake):
    return both_logits(fake, x)


def _sizes(random):
    return ([int(size) for size in random.integers(1, 200, random.integers(2, 6))],)


def _layer(random):
    rows, n, units = random.integers(2, 6, 3)
    shapes = ((rows, n), (n, units), (units,))
    return tuple(random.normal(size=shape).astype(np.float32) for shape in shapes)


EXERCISES = [
    Exercise(
        answer=parameters,
        inputs=_sizes,
        hints=(
            "A layer from n numbers to `units` has the weights [n, units] and the biases [units].",
            "Sum n * units + units over neighbours in the list: for [5, 15, 2] that is 90 + 32.",
        ),
        wrong=(_without_biases, _a_bias_for_each_input, _one_bias_a_layer, _units_alone),
        right=(_by_pairs,),
    ),
    Exercise(
        answer=affine,
        inputs=_layer,
        hints=(
            'weights = v1.get_variable("weights", initializer=initial_weights), and the biases alike.',
            "tf.matmul(h, weights) + biases is the output; return it and v1.trainable_variables(), in a tuple.",
        ),
        wrong=(_no_variables, _weights_alone, _no_sum, _made_anew, _with_an_activation),
        right=(_by_variable, _under_a_scope),
        tolerance=1e-5,
        tries=20,
        graph=True,
    ),
    Exercise(
        answer=both_logits,
        inputs=lambda random: tuple(random.uniform(-0.5, 0.5, (4, 2)).astype(np.float32) for _ in range(2)),
        hints=(
            'with v1.variable_scope("discriminator"): for x; the same with reuse=True for fake.',
            "parabola.discriminator returns (probability, logits). One D of two layers has four variables.",
        ),
        wrong=(_a_second_d, _no_reuse, _probabilities, _swapped),
        right=(_reused_in_the_scope, _auto_reuse),
        tolerance=1e-5,
        tries=20,
        graph=True,
    ),
]
