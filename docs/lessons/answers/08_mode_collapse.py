"""Answers to lesson 8."""

import numpy as np
import tensorflow as tf
from scipy.special import rel_entr, xlogy

from gan_lowlevel.course import Exercise
from gan_lowlevel.metrics import modes


def modes_and_quality(points, centres, stddev):
    distances = np.sqrt(((points[:, np.newaxis] - centres) ** 2).sum(axis=2))  # [N, K]
    near = distances < 3 * stddev
    return int(near.any(axis=0).sum()), float(near.any(axis=1).mean())


def _by_the_package(points, centres, stddev):
    found = modes.measure(points, centres, stddev)
    return found.modes, found.high_quality


def _one_stddev(points, centres, stddev):
    return modes_and_quality(points, centres, stddev / 3)


def _every_nearest_mode(points, centres, stddev):
    nearest = ((points[:, np.newaxis] - centres) ** 2).sum(axis=2).argmin(axis=1)
    return len(set(nearest.tolist())), modes_and_quality(points, centres, stddev)[1]


def _squares_for_distances(points, centres, stddev):
    near = ((points[:, np.newaxis] - centres) ** 2).sum(axis=2) < 3 * stddev
    return int(near.any(axis=0).sum()), float(near.any(axis=1).mean())


def _pairs_for_points(points, centres, stddev):
    near = np.sqrt(((points[:, np.newaxis] - centres) ** 2).sum(axis=2)) < 3 * stddev
    return int(near.any(axis=0).sum()), float(near.mean())


def _share_of_modes(points, centres, stddev):
    found, quality = modes_and_quality(points, centres, stddev)
    return found / len(centres), quality


def reverse_kl(counts):
    shares = counts / counts.sum()
    some = shares[shares > 0]
    return np.sum(some * np.log(some * len(counts)))


def _by_rel_entr(counts):
    return rel_entr(counts / counts.sum(), 1 / len(counts)).sum()


def _by_entropy(counts):
    shares = counts / counts.sum()
    return np.log(len(counts)) + xlogy(shares, shares).sum()


def _forward(counts):
    shares = np.maximum(counts / counts.sum(), 1e-12)
    return np.sum(np.log(1 / len(shares) / shares)) / len(shares)


def _entropy(counts):
    some = counts[counts > 0] / counts.sum()
    return -np.sum(some * np.log(some))


def _found_ones_alone(counts):
    some = counts[counts > 0] / counts.sum()
    return np.sum(some * np.log(some * len(some)))


def _nan_where_0(counts):
    shares = counts / counts.sum()
    return np.sum(shares * np.log(shares * len(counts)))


def jsd_of_modes(found, of, pack):
    share = (found / of) ** pack  # of packs of real rows, those whose rows all lie in modes that G has found
    middle = (share + 1) / 2
    lost = (1 - share) * np.log(2)  # no fakes there: log of 1 over 1/2
    return (share * np.log(share / middle) + lost + np.log(1 / middle)) / 2


def _from_the_value(found, of, pack):
    share = (found / of) ** pack
    d = share / (share + 1)
    value = share * np.log(d) + np.log(1 - d)
    return (value + np.log(4)) / 2


def _single_rows(found, of, pack):
    return jsd_of_modes(found, of, 1)


def _packs_times_the_single_one(found, of, pack):
    return pack * jsd_of_modes(found, of, 1)


def _reverse_kl_of_packs(found, of, pack):
    return pack * np.log(of / found)


def _the_value(found, of, pack):
    return 2 * jsd_of_modes(found, of, pack) - np.log(4)


def _forgets_the_lost(found, of, pack):
    share = (found / of) ** pack
    middle = (share + 1) / 2
    return (share * np.log(share / middle) + np.log(1 / middle)) / 2


def packs(rows, pack):
    return tf.reshape(rows, [-1, pack * rows.shape[1]])


def _by_strides(rows, pack):
    return tf.concat([rows[i::pack] for i in range(pack)], axis=1)


def _halves_side_by_side(rows, pack):
    return tf.concat(tf.split(rows, pack, axis=0), axis=1)


def _the_same_row(rows, pack):
    return tf.tile(rows[::pack], [1, pack])


def _transposed(rows, pack):
    three = tf.reshape(rows, [-1, pack, rows.shape[1]])
    return tf.reshape(tf.transpose(three, [0, 2, 1]), [-1, pack * rows.shape[1]])


def _one_axis_more(rows, pack):
    return tf.reshape(rows, [-1, pack, rows.shape[1]])


def _points(random):
    centres = 3 * np.stack(np.meshgrid([-1.0, 0.0, 1.0], [0.0, 1.0]), axis=-1).reshape(-1, 2)  # [6, 2]
    some = random.permutation(6)[: random.integers(1, 6)]
    stddev = random.uniform(0.1, 0.3)
    points = centres[random.choice(some, 40)] + 2 * stddev * random.normal(size=(40, 2))
    return points, centres, stddev


def _counts(random):
    counts = random.integers(1, 400, random.integers(3, 9))
    counts[: random.integers(1, len(counts) - 1)] = 0
    return (random.permutation(counts),)


def _found(random):
    of = int(random.integers(3, 26))
    return int(random.integers(1, of)), of, int(random.integers(2, 5))


def _rows(random):
    pack = int(random.integers(2, 4))
    return random.normal(size=(pack * random.integers(2, 5), random.integers(2, 4))).astype(np.float32), pack


EXERCISES = [
    Exercise(
        answer=modes_and_quality,
        inputs=_points,
        hints=(
            "All distances at once: points[:, np.newaxis] - centres is [N, K, 2]. Compare them with 3 stddev.",
            "With near [N, K]: near.any(axis=0) says of each mode, near.any(axis=1) of each point, whether it counts.",
        ),
        wrong=(_one_stddev, _every_nearest_mode, _squares_for_distances, _pairs_for_points, _share_of_modes),
        right=(_by_the_package,),
    ),
    Exercise(
        answer=reverse_kl,
        inputs=_counts,
        hints=(
            "shares = counts / counts.sum(); the uniform share is 1/K, and K counts the lost modes too.",
            "The sum of s log(s K) over the shares above 0: a lost mode adds nothing.",
        ),
        wrong=(_forward, _entropy, _found_ones_alone, _nan_where_0),
        right=(_by_rel_entr, _by_entropy),
    ),
    Exercise(
        answer=jsd_of_modes,
        inputs=_found,
        hints=(
            "Two places: packs of data have the masses q = (found/of)**pack and 1 - q, packs of fakes 1 and 0.",
            "V of the best D is q log(q/(q + 1)) + (1 - q) log 1 + log(1/(q + 1)); the JSD is (V + log 4)/2.",
        ),
        wrong=(_single_rows, _packs_times_the_single_one, _reverse_kl_of_packs, _the_value, _forgets_the_lost),
        right=(_from_the_value,),
    ),
    Exercise(
        answer=packs,
        inputs=_rows,
        hints=(
            "Rows lie one after another in memory: two short rows in a row are one long row.",
            "tf.reshape with -1 for the number of packs, and pack * rows.shape[1] for their width.",
        ),
        wrong=(_halves_side_by_side, _the_same_row, _transposed, _one_axis_more),
        right=(_by_strides,),
        graph=True,
        tries=20,
    ),
]
