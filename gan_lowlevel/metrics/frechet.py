"""Fréchet distance between the Gaussians that have the means and covariances of two sets of features.

Source: Fréchet 1957, Dowson and Landau 1982; on a network's features Heusel et al. 2017 (there Inception's, and called
FID: other features give other numbers). It falls as sets grow: sets of equal sizes compare (Bińkowski et al. 2018).
"""

from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

RESAMPLES = 40  # for the standard error


class Moments(NamedTuple):
    """Of a set of features."""

    mean: np.ndarray  # float64 [F]
    covariance: np.ndarray  # float64 [F, F], divided by N - 1


def moments(features: np.ndarray) -> Moments:
    """Of features [N, F], N from 2."""
    rows = features.astype(np.float64)
    return Moments(rows.mean(axis=0), np.atleast_2d(np.cov(rows, rowvar=False)))


def distance(a: Moments, b: Moments) -> float:
    """‖μ_a - μ_b‖² + tr(Σ_a + Σ_b - 2 (Σ_a Σ_b)^½), at least 0.

    The last trace is that of the symmetric (Σ_a^½ Σ_b Σ_a^½)^½, whose eigenvalues are real also where covariances are
    singular, as they are of fewer rows than features; those that rounding makes negative are 0.
    """
    return _distance(a, _root(a.covariance), b)


def _distance(a: Moments, root: np.ndarray, b: Moments) -> float:
    eigenvalues = np.linalg.eigvalsh(root @ b.covariance @ root)
    cross = np.sqrt(np.maximum(eigenvalues, 0)).sum()
    shift = a.mean - b.mean
    return max(float(shift @ shift + np.trace(a.covariance) + np.trace(b.covariance) - 2 * cross), 0.0)


def frechet(features: np.ndarray, reference: np.ndarray) -> float:
    """Distance of the set `features` [N, F] from `reference` [M, F]."""
    return distance(moments(reference), moments(features))


def stderr(features: np.ndarray, reference: np.ndarray, seed: int) -> float:
    """Of `frechet`, by bootstrap over `features`: the deviation of RESAMPLES distances, each of as many rows drawn with
    replacement. Their mean lies above the distance, by the bias that fewer different rows have."""
    of_reference, draws = moments(reference), np.random.Generator(np.random.Philox(key=[seed, len(features)]))
    root = _root(of_reference.covariance)
    drawn = (features[draws.integers(len(features), size=len(features))] for _ in range(RESAMPLES))
    with threadpool_limits(1, user_api="blas"):  # two threads wait longer for each other than such matrices take
        return float(np.std([_distance(of_reference, root, moments(rows)) for rows in drawn], ddof=1))


def _root(covariance: np.ndarray) -> np.ndarray:
    """The symmetric square root of a positive semi-definite matrix [F, F]."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
