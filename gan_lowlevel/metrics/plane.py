"""Measures of generated points against the function that they should lie on. Points are [N, 2], (x, y)."""

import math
from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

from gan_lowlevel.data import parabola

NEAR = 0.02  # of the curve, in y
BINS = 20  # of x over the data's domain
FILLED = 25 / 5000  # share of all points near the curve that fills a bin
COLLAPSED = 0.05  # energy distance above which a generator counts as collapsed


class PlaneMeasures(NamedTuple):
    """The first two alone are blind: a generator that always says (0, 0) has 0 and 1."""

    error: float  # mean |y - x²|
    near: float  # share of points within NEAR of the curve
    energy: float  # energy distance to the real points; 0 for equal laws
    bins: int  # of BINS, those that are filled


def energy_distance(a: np.ndarray, b: np.ndarray) -> float:
    """2 E|A - B| - E|A - A'| - E|B - B'|, Székely and Rizzo 2013; at least 0, and 0 for equal laws alone."""
    return 2 * _mean_distance(a, b) - _mean_distance(a, a) - _mean_distance(b, b)


def _mean_distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(_mean_distances(a, b).mean())


def _mean_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Of each row of a to all of b: float64 [len(a)]."""
    blocks = np.array_split(a, max(len(a) // 500, 1))  # 500 rows at a time: memory stays small
    return np.concatenate([cdist(block, b).mean(axis=1) for block in blocks])


def measure(points: np.ndarray, real: np.ndarray) -> PlaneMeasures:
    """All measures of `points` against as many `real` ones."""
    x, y = points.astype(np.float64).T
    distance = np.abs(y - parabola.function(x))
    near = distance <= NEAR
    counts, _ = np.histogram(x[near], bins=BINS, range=(parabola.LOW, parabola.HIGH))
    return PlaneMeasures(
        error=float(distance.mean()),
        near=float(near.mean()),
        energy=energy_distance(points, real),
        bins=int((counts >= FILLED * len(points)).sum()),
    )


class PlaneErrors(NamedTuple):
    """Standard errors over the generated points, the real ones being as they are."""

    error: float
    near: float
    energy: float


def stderrs(points: np.ndarray, real: np.ndarray) -> PlaneErrors:
    """Of `measure`: std/√N of the means, and for the energy distance that of each point's own part in it,
    2 E|a - B| - 2 E|a - A'|, the first term of Hoeffding's decomposition; about 0 where both laws are equal."""
    x, y = points.astype(np.float64).T
    distance = np.abs(y - parabola.function(x))
    part = 2 * _mean_distances(points, real) - 2 * _mean_distances(points, points)
    root = math.sqrt(len(points))
    return PlaneErrors(
        error=float(distance.std()) / root,
        near=float((distance <= NEAR).std()) / root,
        energy=float(part.std()) / root,
    )
