"""Answers to lesson 3."""

import numpy as np
import tensorflow as tf

from gan_lowlevel import losses
from gan_lowlevel.course import Exercise

v1 = tf.compat.v1


def split(names):
    d = [name for name in names if name.startswith("discriminator/")]
    g = [name for name in names if name.startswith("generator/")]
    return {"d": d, "g": g, "strays": [name for name in names if name not in d + g]}


def _by_the_first_part(names):
    parts = {"d": [], "g": [], "strays": []}
    players = {"discriminator": "d", "generator": "g"}
    for name in names:
        parts[players.get(name.partition("/")[0], "strays")].append(name)
    return parts


def _by_substring(names):
    d = [name for name in names if "discriminator" in name]
    g = [name for name in names if "generator" in name and name not in d]
    return {"d": d, "g": g, "strays": [name for name in names if name not in d + g]}


def _by_letter(names):
    d = [name for name in names if "d" in name]
    return {"d": d, "g": [name for name in names if name not in d], "strays": []}


def _without_the_slash(names):
    d = [name for name in names if name.startswith("discriminator")]
    g = [name for name in names if name.startswith("generator")]
    return {"d": d, "g": g, "strays": [name for name in names if name not in d + g]}


def _the_rest_is_g(names):
    d = [name for name in names if name.startswith("discriminator/")]
    return {"d": d, "g": [name for name in names if name not in d], "strays": []}


def pulled_d(p_data, p_g):
    return (p_data + p_g) / (p_data + 2 * p_g)


def _as_one_minus(p_data, p_g):
    return 1 - p_g / (p_data + 2 * p_g)


def _best_d(p_data, p_g):
    return p_data / (p_data + p_g)


def _one_third(p_data, p_g):
    return p_data / (p_data + 2 * p_g)


def _upside_down(p_data, p_g):
    return p_g / (p_data + 2 * p_g)


def _always_two_thirds(p_data, p_g):
    return 2 / 3 + 0 * p_data


def g_step(z, w_g, w_d, rate):
    generator = v1.get_variable("generator/w", initializer=w_g)
    discriminator = v1.get_variable("discriminator/w", initializer=w_d)
    loss = losses.non_saturating(discriminator * (generator * z))
    step = v1.train.GradientDescentOptimizer(rate).minimize(loss, var_list=[generator])
    with tf.control_dependencies([step]):
        return generator.read_value(), discriminator.read_value()


def _by_gradients(z, w_g, w_d, rate):
    generator = v1.get_variable("generator/w", initializer=w_g)
    discriminator = v1.get_variable("discriminator/w", initializer=w_d)
    loss = losses.non_saturating(discriminator * generator * z)
    [gradient] = tf.gradients(loss, [generator])
    step = v1.assign_sub(generator, rate * gradient)
    with tf.control_dependencies([step]):
        return generator.read_value(), discriminator.read_value()


def _frozen_d(z, w_g, w_d, rate):
    generator = v1.get_variable("generator/w", initializer=w_g)
    discriminator = v1.get_variable("discriminator/w", initializer=w_d)
    loss = losses.non_saturating(tf.stop_gradient(discriminator) * generator * z)
    step = v1.train.GradientDescentOptimizer(rate).minimize(loss)
    with tf.control_dependencies([step]):
        return generator.read_value(), discriminator.read_value()


def _variant(loss_of=losses.non_saturating, moves=("generator",), after=True):
    """One step with another loss, other weights, or read before it."""

    def g_step(z, w_g, w_d, rate):
        weights = {
            "generator": v1.get_variable("generator/w", initializer=w_g),
            "discriminator": v1.get_variable("discriminator/w", initializer=w_d),
        }
        loss = loss_of(weights["discriminator"] * weights["generator"] * z)
        step = v1.train.GradientDescentOptimizer(rate).minimize(loss, var_list=[weights[name] for name in moves])
        with tf.control_dependencies([step] if after else []):
            return tuple(weight.read_value() for weight in weights.values())

    return g_step


_no_var_list = _variant(moves=("generator", "discriminator"))
_moves_d = _variant(moves=("discriminator",))
_minimax = _variant(loss_of=losses.minimax)
_climbs = _variant(loss_of=lambda logits: -losses.non_saturating(logits))
_read_before = _variant(after=False)


def _names(random):
    """Names of both players, of layers that sound like the other player, and strays."""
    players = ["discriminator", "generator"]
    layers = ["dense_1", "discriminating", "regenerator", "conv_2", "generator_block"]
    tops = [*players, *players, "discriminator_1", "encoder", "generator_ema"]
    names = {
        f"{random.choice(tops)}/{random.choice(layers)}/{random.choice(['weights', 'biases'])}"
        for _ in range(random.integers(3, 12))
    }
    return ([str(name) for name in random.permutation(sorted(names))],)


def _one_step(random):
    z = random.normal(size=(random.integers(2, 9), 1)).astype(np.float32)
    w_g, w_d = (np.array(random.choice([-1, 1]) * random.uniform(0.5, 2), np.float32) for _ in range(2))
    return z, w_g, w_d, float(random.choice([0.1, 0.5, 1.0]))


EXERCISES = [
    Exercise(
        answer=split,
        inputs=_names,
        hints=(
            'Where does "discriminator_1/dense_1/weights" belong, where "generator/discriminating/weights"?',
            'name.startswith("discriminator/"), with the slash; a stray is in neither of the two lists.',
        ),
        wrong=(_by_substring, _by_letter, _without_the_slash, _the_rest_is_g),
        right=(_by_the_first_part,),
    ),
    Exercise(
        answer=pulled_d,
        inputs=lambda random: tuple(random.uniform(0.05, 3, (2, random.integers(1, 6)))),
        hints=(
            "The derivative by D is -p_data/D + p_g/(1 - D) - p_g/D: put it to 0 and multiply by D (1 - D).",
            "(p_data + p_g)(1 - D) = p_g D; solve for D.",
        ),
        wrong=(_best_d, _one_third, _upside_down, _always_two_thirds),
        right=(_as_one_minus,),
    ),
    Exercise(
        answer=g_step,
        inputs=_one_step,
        hints=(
            'Two v1.get_variable("generator/w", initializer=w_g), a loss, and an optimizer that gets var_list.',
            "step = v1.train.GradientDescentOptimizer(rate).minimize(loss, var_list=[generator]).",
        ),
        wrong=(_no_var_list, _moves_d, _minimax, _climbs, _read_before),
        right=(_by_gradients, _frozen_d),
        tolerance=1e-5,
        tries=20,
        graph=True,
    ),
]
