"""Measures by nearest neighbours: precision, recall, density, coverage; the training row nearest to a sample."""

import math
from typing import NamedTuple

import numpy as np

K = 5
BLOCK = 2**21  # entries of the table that `nearest` turns to floats at a time, 8 MB


class Estimate(NamedTuple):
    """A mean over rows, and its standard error."""

    value: float
    stderr: float


class Manifolds(NamedTuple):
    """How two sets of features lie in each other's neighbourhoods; all in [0, 1] but density, which is about 1 for
    equal laws and may be higher."""

    precision: Estimate  # share of fakes in the real manifold
    recall: Estimate  # share of real rows in the fakes' manifold
    density: Estimate  # real balls around a fake, over k
    coverage: Estimate  # share of real balls with a fake in them


def manifolds(real: np.ndarray, fake: np.ndarray, k: int = K) -> Manifolds:
    """Measures of `fake` [M, F] against `real` [N, F]; both want more than k rows, and equal numbers to compare.

    The ball B(x) reaches from a row x to its k-th nearest neighbour in its own set, its surface included.
    precision = mean_j 1[f_j in any B(r_i)], recall = mean_i 1[r_i in any B(f_j)]: Kynkäänniemi et al. 2019.
    density = mean_j |{i: f_j in B(r_i)}| / k, coverage = mean_i 1[any f_j in B(r_i)]: Naeem et al. 2020.
    Standard errors: std/√rows of what the mean is over, the other set being as it is.
    Raises ValueError for k rows or fewer.
    """
    from sklearn.metrics import pairwise_distances_chunked  # a second, which who asks for `nearest` alone does not wait

    if min(len(real), len(fake)) <= k:
        raise ValueError(f"more than {k} rows of each are wanted, got {len(real)} real and {len(fake)} fake")
    real_radius, fake_radius = radii(real, k), radii(fake, k)
    balls, recalled, covered = np.zeros(len(fake)), [], []  # balls: real ones around each fake

    def count(distances: np.ndarray, first: int) -> None:
        inside = distances <= real_radius[first : first + len(distances), np.newaxis]  # [rows, M]
        balls[:] += inside.sum(axis=0)
        covered.append(inside.any(axis=1))
        recalled.append((distances <= fake_radius).any(axis=1))

    for _ in pairwise_distances_chunked(real, fake, reduce_func=count):
        pass
    return Manifolds(
        precision=_mean(balls > 0),
        recall=_mean(np.concatenate(recalled)),
        density=_mean(balls / k),
        coverage=_mean(np.concatenate(covered)),
    )


def radii(features: np.ndarray, k: int = K) -> np.ndarray:
    """Distance of each row to its k-th nearest neighbour among the others: float [N]."""
    from sklearn.metrics import pairwise_distances_chunked

    def kth(distances: np.ndarray, first: int) -> np.ndarray:
        rows = np.arange(len(distances))
        distances[rows, first + rows] = np.inf  # no neighbour of itself
        return np.partition(distances, k - 1, axis=1)[:, k - 1]

    return np.concatenate(list(pairwise_distances_chunked(features, reduce_func=kth)))


def _mean(each: np.ndarray) -> Estimate:
    return Estimate(float(np.mean(each)), float(np.std(each) / math.sqrt(len(each))))


def nearest(
    rows: np.ndarray, table: np.ndarray, output_range: tuple[float, float], own: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The row of `table` that is nearest to each of `rows`: indices int64 [n], Euclidean distances float64 [n].

    rows: float [n, d], pixels in output_range. table: uint8 [N, d], pixels of which 0 and 255 mean its two ends; read
    in blocks, so that it may be mapped from a file. Distances are those of output_range. own: int [n], a row of the
    table for each row that is not looked at, itself.
    Which is nearest is found in float32: of rows t whose squared distances differ by less than 1e-6 ‖t‖² it may be any.
    The distance itself is exact.
    """
    low, high = output_range
    pixels = ((np.asarray(rows, np.float64) - low) * (255 / (high - low))).astype(np.float32)  # the table's own scale
    indices, least = np.zeros(len(rows), np.int64), np.full(len(rows), np.inf, np.float32)
    count = max(BLOCK // table.shape[1], 1)
    for first in range(0, len(table), count):
        block = table[first : first + count].astype(np.float32)  # [count, d]
        scores = pixels @ block.T  # [n, count]
        scores *= -2
        scores += np.vecdot(block, block)  # ‖t‖² - 2 x·t, the distance's square without ‖x‖²
        if own is not None:
            inside = np.flatnonzero((own >= first) & (own < first + len(block)))
            scores[inside, own[inside] - first] = np.inf
        best = scores.argmin(axis=1)
        lower = scores[np.arange(len(rows)), best] < least
        indices[lower] = first + best[lower]
        least = np.minimum(least, scores.min(axis=1))
    found = table[indices].astype(np.float64) - pixels
    return indices, np.sqrt(np.vecdot(found, found)) * ((high - low) / 255)


def memorised(samples: np.ndarray, unseen: np.ndarray) -> Estimate:
    """Mean distance of samples to their nearest training rows over that of real rows which never trained: [n], [m].

    1: as near to the training rows as new data are. 0: copies of them; far above 1: not near any data. A sample that is
    smoother than data are is nearer too (the mean of all rows is nearer to each than the others are), so that only
    sharp samples below 1 are copies: look at them beside their nearest rows.
    After Meehan, Chaudhuri and Dasgupta 2020 ("A Non-Parametric Test to Detect Data-Copying in Generative Models"),
    who compare the same two sets of distances by ranks. Standard error by the delta method for a ratio of two means.
    """
    above, below = _mean(samples), _mean(unseen)
    if not below.value:  # held-out rows that are training rows say nothing
        return Estimate(math.nan, math.nan)
    relative = above.stderr / above.value if above.value else 0.0
    ratio = above.value / below.value
    return Estimate(ratio, ratio * math.hypot(relative, below.stderr / below.value))
