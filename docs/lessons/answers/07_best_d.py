"""Answers to lesson 7."""

import numpy as np
import tensorflow as tf
from scipy.special import rel_entr, xlogy

from gan_lowlevel.course import Exercise


def best_d(p_data, p_g):
    return p_data / (p_data + p_g)


def _of_fakes(p_data, p_g):
    return p_g / (p_data + p_g)


def _ratio(p_data, p_g):
    return p_data / np.maximum(p_g, 1e-9)


def _better_guess(p_data, p_g):
    return np.where(p_data > p_g, 1.0, 0.0)


def _density_itself(p_data, p_g):
    return p_data


def best_value(p_data, p_g):
    both = p_data + p_g
    real, fake = p_data > 0, p_g > 0
    first = np.sum(p_data[real] * np.log(p_data[real] / both[real]))
    second = np.sum(p_g[fake] * np.log(p_g[fake] / both[fake]))
    return first + second


def _by_jsd(p_data, p_g):
    m = (p_data + p_g) / 2
    return -np.log(4) + rel_entr(p_data, m).sum() + rel_entr(p_g, m).sum()


def _by_xlogy(p_data, p_g):
    d = p_data / (p_data + p_g)
    return np.sum(xlogy(p_data, d) + xlogy(p_g, 1 - d))


def _nan_where_0(p_data, p_g):
    d = p_data / (p_data + p_g)
    return np.sum(p_data * np.log(d) + p_g * np.log(1 - d))


def _jsd_and_not_v(p_data, p_g):
    return (best_value(p_data, p_g) + np.log(4)) / 2


def _mean_and_not_sum(p_data, p_g):
    return best_value(p_data, p_g) / len(p_data)


def _forgets_the_fakes(p_data, p_g):
    return np.sum(xlogy(p_data, p_data / (p_data + p_g)))


def _data_twice(p_data, p_g):
    d = p_data / (p_data + p_g)
    return np.sum(xlogy(p_data, d) + xlogy(p_data, 1 - d + 1e-300))


def jsd_from_value(value):
    return (value + np.log(4)) / 2


def _not_halved(value):
    return value + np.log(4)


def _only_v_halved(value):
    return value / 2 + np.log(4)


def _wrong_ideal(value):
    return (value + np.log(2)) / 2


def _wrong_sign(value):
    return (-value - np.log(4)) / 2


def best_logits(x, mean_data, mean_g, stddev):
    return ((x - mean_g) ** 2 - (x - mean_data) ** 2) / (2 * stddev**2)


def _as_a_line(x, mean_data, mean_g, stddev):
    slope = (mean_data - mean_g) / stddev**2
    return slope * x - slope * (mean_data + mean_g) / 2


def _upside_down(x, mean_data, mean_g, stddev):
    return -best_logits(x, mean_data, mean_g, stddev)


def _the_probability(x, mean_data, mean_g, stddev):
    return tf.sigmoid(best_logits(x, mean_data, mean_g, stddev))


def _stddev_for_variance(x, mean_data, mean_g, stddev):
    return ((x - mean_g) ** 2 - (x - mean_data) ** 2) / (2 * stddev)


def _without_the_half(x, mean_data, mean_g, stddev):
    return ((x - mean_g) ** 2 - (x - mean_data) ** 2) / stddev**2


def _densities(random):
    places = random.integers(2, 7)
    p_data, p_g = random.uniform(0.01, 1, (2, places))
    p_data[0], p_g[-1] = random.choice([0, p_data[0]]), random.choice([0, p_g[-1]])
    return p_data, p_g


def _masses(random):
    p_data, p_g = random.uniform(0.05, 1, (2, random.integers(3, 7)))
    p_data[0] = p_g[-1] = 0
    return p_data / p_data.sum(), p_g / p_g.sum()


EXERCISES = [
    Exercise(
        answer=best_d,
        inputs=_densities,
        hints=(
            "Where only data are it is 1, where only fakes are it is 0, where both are equal it is 1/2.",
            "The share of real rows among all rows: p_data over the sum of both.",
        ),
        wrong=(_of_fakes, _ratio, _better_guess, _density_itself),
        right=(lambda p_data, p_g: 1 - p_g / (p_data + p_g),),
    ),
    Exercise(
        answer=best_value,
        inputs=_masses,
        hints=(
            "D = p_data/(p_data + p_g); then the sum of p_data log D + p_g log(1 - D). 0 log 0 is NaN in NumPy.",
            "Take each sum over the places where its own mass is above 0, such as p_data[p_data > 0].",
        ),
        wrong=(_nan_where_0, _jsd_and_not_v, _mean_and_not_sum, _forgets_the_fakes, _data_twice),
        right=(_by_jsd, _by_xlogy),
    ),
    Exercise(
        answer=jsd_from_value,
        inputs=lambda random: (random.uniform(-np.log(4), 0),),
        hints=(
            "V = -log 4 is to give 0, V = 0 is to give log 2.",
            "Solve V = -log 4 + 2 JSD for the JSD.",
        ),
        wrong=(_not_halved, _only_v_halved, _wrong_ideal, _wrong_sign),
        right=(lambda value: value / 2 + np.log(2),),
    ),
    Exercise(
        answer=best_logits,
        inputs=lambda random: (
            random.uniform(-3, 3, (random.integers(1, 6), 1)).astype(np.float32),
            random.uniform(-2, 2),
            random.uniform(-2, 2),
            random.uniform(0.5, 2),
        ),
        hints=(
            "log of the density: -(x - mean)^2/(2 stddev^2), and a term that is the same in both and drops out.",
            "a* = ((x - mean_g)^2 - (x - mean_data)^2)/(2 stddev^2): a straight line in x.",
        ),
        wrong=(_upside_down, _the_probability, _stddev_for_variance, _without_the_half),
        right=(_as_a_line,),
        graph=True,
        tries=20,
        tolerance=1e-4,
    ),
]
