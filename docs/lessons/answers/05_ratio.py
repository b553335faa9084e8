"""Answers to lesson 5."""

import numpy as np
import tensorflow as tf

from gan_lowlevel import losses
from gan_lowlevel.course import Exercise

v1 = tf.compat.v1


def smallest_gan(theta, psi, rate, d_step, g_step, steps):
    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    for _ in range(steps):
        for _ in range(d_step):
            psi += rate * -theta * sigmoid(psi * theta)  # D climbs
        for _ in range(g_step):
            theta -= rate * -psi * sigmoid(psi * theta)  # G goes down
    return theta, psi


def _played(theta, psi, rate, order, d_sign=1, g_sign=1):
    """The game with its updates in the order of the letters, "DDG", each at the newest weights."""
    for player in order:
        force = 1 / (1 + np.exp(-psi * theta))
        if player == "D":
            psi += d_sign * rate * -theta * force
        else:
            theta -= g_sign * rate * -psi * force
    return theta, psi


def _by_letters(theta, psi, rate, d_step, g_step, steps):
    return _played(theta, psi, rate, ("D" * d_step + "G" * g_step) * steps)


def _g_first(theta, psi, rate, d_step, g_step, steps):
    return _played(theta, psi, rate, ("G" * g_step + "D" * d_step) * steps)


def _one_update_each(theta, psi, rate, d_step, g_step, steps):
    return _played(theta, psi, rate, "DG" * steps)


def _numbers_swapped(theta, psi, rate, d_step, g_step, steps):
    return _played(theta, psi, rate, ("D" * g_step + "G" * d_step) * steps)


def _all_of_d_first(theta, psi, rate, d_step, g_step, steps):
    return _played(theta, psi, rate, "D" * (d_step * steps) + "G" * (g_step * steps))


def _d_goes_down(theta, psi, rate, d_step, g_step, steps):
    return _played(theta, psi, rate, ("D" * d_step + "G" * g_step) * steps, d_sign=-1)


def _g_climbs(theta, psi, rate, d_step, g_step, steps):
    return _played(theta, psi, rate, ("D" * d_step + "G" * g_step) * steps, g_sign=-1)


def energy(a, b):
    def mean_distance(a, b):
        return np.mean(np.linalg.norm(a[:, np.newaxis] - b[np.newaxis], axis=2))

    return 2 * mean_distance(a, b) - mean_distance(a, a) - mean_distance(b, b)


def _by_loops(a, b):
    def mean_distance(a, b):
        return sum(np.sqrt(((one - other) ** 2).sum()) for one in a for other in b) / (len(a) * len(b))

    return 2 * mean_distance(a, b) - mean_distance(a, a) - mean_distance(b, b)


def _mean(a, b):
    return np.mean(np.linalg.norm(a[:, np.newaxis] - b[np.newaxis], axis=2))


def _once(a, b):
    return _mean(a, b) - _mean(a, a) - _mean(b, b)


def _squared(a, b):
    def mean_square(a, b):
        return np.mean(((a[:, np.newaxis] - b[np.newaxis]) ** 2).sum(axis=2))

    return 2 * mean_square(a, b) - mean_square(a, a) - mean_square(b, b)


def _without_itself(a, b):
    within = sum(_mean(one, one) * len(one) / max(len(one) - 1, 1) for one in (a, b))
    return 2 * _mean(a, b) - within


def _of_means(a, b):
    return 2 * np.linalg.norm(a.mean(axis=0) - b.mean(axis=0))


def k_updates(x, w, rate, k):
    weight = v1.get_variable("w", initializer=w)
    step = tf.no_op()
    for _ in range(k):
        with tf.control_dependencies([step]):
            loss = losses.d_loss_real(weight * x)
            step = v1.train.GradientDescentOptimizer(rate).minimize(loss, var_list=[weight])
    with tf.control_dependencies([step]):
        return weight.read_value()


def _without_a_variable(x, w, rate, k):
    for _ in range(k):
        w = w - rate * tf.gradients(losses.d_loss_real(w * x), w)[0]
    return w


def _one_gradient_for_all(x, w, rate, k):
    weight = v1.get_variable("w", initializer=w)
    [gradient] = tf.gradients(losses.d_loss_real(weight * x), [weight])
    step = tf.no_op()
    for _ in range(k):
        with tf.control_dependencies([step]):
            step = v1.assign_sub(weight, rate * gradient).op
    with tf.control_dependencies([step]):
        return weight.read_value()


def _one_update(x, w, rate, k):
    return k_updates(x, w, rate, 1)


def _one_too_many(x, w, rate, k):
    return k_updates(x, w, rate, k + 1)


def _climbs(x, w, rate, k):
    return k_updates(x, w, -rate, k)


def _a_large_step(x, w, rate, k):
    return k_updates(x, w, rate * k, 1)


def _game(random):
    theta, psi = random.uniform(0.5, 2, 2) * random.choice([-1, 1], 2)
    d_step, g_step = random.permutation([random.integers(2, 6), 1])
    return (
        float(theta),
        float(psi),
        float(random.uniform(0.05, 0.3)),
        int(d_step),
        int(g_step),
        int(random.integers(2, 6)),
    )


def _points(random):
    n, m = random.integers(2, 7, 2)
    return random.normal(size=(n, 2)), random.normal(size=(m, 2)) + random.uniform(-1, 1, 2)


def _updates(random):
    x = (random.choice([-1, 1]) * random.uniform(0.5, 3, (random.integers(2, 6), 1))).astype(np.float32)
    w, rate = np.array(random.normal(), np.float32), np.array(random.uniform(0.3, 1), np.float32)
    return x, w, rate, int(random.integers(2, 6))


EXERCISES = [
    Exercise(
        answer=smallest_gan,
        inputs=_game,
        hints=(
            "Two loops inside the loop over steps; each update reads the other player's newest weight, and its own.",
            "psi += rate * (-theta * sigma), d_step times; then theta -= rate * (-psi * sigma), g_step times; "
            "sigma = 1/(1 + exp(-psi * theta)) anew each time.",
        ),
        wrong=(_g_first, _one_update_each, _numbers_swapped, _all_of_d_first, _d_goes_down, _g_climbs),
        right=(_by_letters,),
    ),
    Exercise(
        answer=energy,
        inputs=_points,
        hints=(
            "a[:, np.newaxis] - b[np.newaxis] is [n, m, d]: the difference of every pair.",
            "np.linalg.norm(..., axis=2).mean() is one mean distance; the result is twice the first minus both others.",
        ),
        wrong=(_once, _squared, _without_itself, _of_means),
        right=(_by_loops,),
    ),
    Exercise(
        answer=k_updates,
        inputs=_updates,
        hints=(
            "A Python loop that describes k losses and k updates, each under a control dependency on the one before.",
            "Inside it: step = v1.train.GradientDescentOptimizer(rate).minimize(losses.d_loss_real(weight * x)); "
            "return weight.read_value() under a control dependency on the last step.",
        ),
        wrong=(_one_gradient_for_all, _one_update, _one_too_many, _climbs, _a_large_step),
        right=(_without_a_variable,),
        tolerance=1e-5,
        tries=20,
        graph=True,
    ),
]
