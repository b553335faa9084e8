"""Answers to lesson 11."""

import numpy as np

from gan_lowlevel.course import Exercise


def parzen_score(x, samples, sigma):
    exponents = -np.sum((x - samples) ** 2, axis=1) / (2 * sigma**2)
    largest = exponents.max()
    log_mean = largest + np.log(np.mean(np.exp(exponents - largest)))
    return log_mean - len(x) * np.log(sigma * np.sqrt(2 * np.pi))


def _by_logaddexp(x, samples, sigma):
    exponents = -(np.linalg.norm(x - samples, axis=1) ** 2) / (2 * sigma**2)
    log_mean = np.logaddexp.reduce(exponents) - np.log(len(samples))
    return log_mean - 0.5 * len(x) * np.log(2 * np.pi * sigma**2)


def _as_it_stands(x, samples, sigma):
    exponents = -np.sum((x - samples) ** 2, axis=1) / (2 * sigma**2)
    return np.log(np.mean(np.exp(exponents))) - len(x) * np.log(sigma * np.sqrt(2 * np.pi))


def _sum_of_windows(x, samples, sigma):
    return parzen_score(x, samples, sigma) + np.log(len(samples))


def _mean_of_logarithms(x, samples, sigma):
    exponents = -np.sum((x - samples) ** 2, axis=1) / (2 * sigma**2)
    return exponents.mean() - len(x) * np.log(sigma * np.sqrt(2 * np.pi))


def _one_dimension(x, samples, sigma):
    return parzen_score(x, samples, sigma) + (len(x) - 1) * np.log(sigma * np.sqrt(2 * np.pi))


def _forgets_the_two(x, samples, sigma):
    exponents = -np.sum((x - samples) ** 2, axis=1) / sigma**2
    largest = exponents.max()
    log_mean = largest + np.log(np.mean(np.exp(exponents - largest)))
    return log_mean - len(x) * np.log(sigma * np.sqrt(2 * np.pi))


def frechet_of_diagonals(mean_a, variance_a, mean_b, variance_b):
    shift = np.sum((mean_a - mean_b) ** 2)
    return shift + np.sum(variance_a + variance_b - 2 * np.sqrt(variance_a * variance_b))


def _by_deviations(mean_a, variance_a, mean_b, variance_b):
    return np.sum((mean_a - mean_b) ** 2) + np.sum((np.sqrt(variance_a) - np.sqrt(variance_b)) ** 2)


def _without_root(mean_a, variance_a, mean_b, variance_b):
    return np.sum((mean_a - mean_b) ** 2) + np.sum(variance_a + variance_b - 2 * variance_a * variance_b)


def _of_means_alone(mean_a, variance_a, mean_b, variance_b):
    return np.sum((mean_a - mean_b) ** 2)


def _distance_of_variances(mean_a, variance_a, mean_b, variance_b):
    return np.sum((mean_a - mean_b) ** 2) + np.sum((variance_a - variance_b) ** 2)


def _root_of_the_shift(mean_a, variance_a, mean_b, variance_b):
    return np.linalg.norm(mean_a - mean_b) + np.sum((np.sqrt(variance_a) - np.sqrt(variance_b)) ** 2)


def precision(real, fake, k):
    among = np.linalg.norm(real[:, None] - real[None], axis=2)  # [N, N]
    radius = np.sort(among, axis=1)[:, k]  # the 0th is the row itself
    apart = np.linalg.norm(fake[:, None] - real[None], axis=2)  # [M, N]
    return np.mean((apart <= radius).any(axis=1))


def _one_by_one(real, fake, k):
    inside = 0
    for one in fake:
        for i, row in enumerate(real):
            others = np.delete(real, i, axis=0)
            radius = sorted(np.sqrt(((row - others) ** 2).sum(1)))[k - 1]
            if np.sqrt(((one - row) ** 2).sum()) <= radius:
                inside += 1
                break
    return inside / len(fake)


def _itself_as_a_neighbor(real, fake, k):
    radius = np.sort(np.linalg.norm(real[:, None] - real[None], axis=2), axis=1)[:, k - 1]
    apart = np.linalg.norm(fake[:, None] - real[None], axis=2)
    return np.mean((apart <= radius).any(axis=1))


def _recall(real, fake, k):
    return precision(fake, real, k)


def _balls_of_fakes(real, fake, k):
    radius = np.sort(np.linalg.norm(fake[:, None] - fake[None], axis=2), axis=1)[:, k]
    apart = np.linalg.norm(fake[:, None] - real[None], axis=2)
    return np.mean((apart <= radius[:, None]).any(axis=1))


def _coverage(real, fake, k):
    radius = np.sort(np.linalg.norm(real[:, None] - real[None], axis=2), axis=1)[:, k]
    apart = np.linalg.norm(fake[:, None] - real[None], axis=2)
    return np.mean((apart <= radius).any(axis=0))


def memorised(samples, unseen, training):
    def distance(rows):
        return np.linalg.norm(rows[:, None] - training[None], axis=2).min(axis=1).mean()

    return distance(samples) / distance(unseen)


def _nearest(rows, training):
    return np.linalg.norm(rows[:, None] - training[None], axis=2).min(axis=1)


def _squared(samples, unseen, training):
    return (_nearest(samples, training) ** 2).mean() / (_nearest(unseen, training) ** 2).mean()


def _upside_down(samples, unseen, training):
    return _nearest(unseen, training).mean() / _nearest(samples, training).mean()


def _to_the_mean_row(samples, unseen, training):
    def mean(rows):
        return np.linalg.norm(rows[:, None] - training[None], axis=2).mean()

    return mean(samples) / mean(unseen)


def _nearest_samples(samples, unseen, training):
    return _nearest(training, samples).mean() / _nearest(training, unseen).mean()


def _windows_of_random(random):
    d = int(random.choice([2, 50, 784]))
    return random.random(d), random.random((int(random.integers(2, 9)), d)), float(random.uniform(0.1, 0.3))


def _gaussians_of_random(random):
    features = int(random.integers(1, 6))
    a, b = ((random.normal(size=features), random.uniform(0.1, 4, features)) for _ in range(2))
    return *a, *b


def _sets_of_random(random):
    real, fake = random.normal(size=(int(random.integers(7, 13)), 2)), random.normal(0.5, 1.5, (12, 2))
    return real, fake[: int(random.integers(7, 13))], int(random.integers(1, 6))


def _rows_of_random(random):
    return random.random((4, 3)), random.random((5, 3)), random.random((int(random.integers(3, 9)), 3))


EXERCISES = [
    Exercise(
        answer=parzen_score,
        inputs=_windows_of_random,
        hints=(
            "Exponents are -sum((x - s)**2) / (2 sigma**2), one for each sample; subtract the largest before np.exp, "
            "and add it again after np.log.",
            "It is the mean of the windows, so there is a 1/N; the last term counts all d pixels.",
        ),
        wrong=(_as_it_stands, _sum_of_windows, _mean_of_logarithms, _one_dimension, _forgets_the_two),
        right=(_by_logaddexp,),
    ),
    Exercise(
        answer=frechet_of_diagonals,
        inputs=_gaussians_of_random,
        hints=(
            "The trace of a diagonal matrix is the sum of its entries: sum up v_a + v_b - 2 sqrt(v_a v_b).",
            "The first term is the squared length of the difference of the means, without a root.",
        ),
        wrong=(_without_root, _of_means_alone, _distance_of_variances, _root_of_the_shift),
        right=(_by_deviations,),
    ),
    Exercise(
        answer=precision,
        inputs=_sets_of_random,
        hints=(
            "First a radius for each real row: sort its distances to all real rows; the first of them is 0, to itself.",
            "Then the distances of each fake to each real row, [M, N], held against the radius of the real row; any, "
            "and the mean over the fakes.",
        ),
        wrong=(_itself_as_a_neighbor, _recall, _balls_of_fakes, _coverage),
        right=(_one_by_one,),
    ),
    Exercise(
        answer=memorised,
        inputs=_rows_of_random,
        hints=(
            "For each row the smallest of its distances to the training rows; then the mean over rows.",
            "Distances, not their squares; samples above, unseen rows below.",
        ),
        wrong=(_squared, _upside_down, _to_the_mean_row, _nearest_samples),
    ),
]
