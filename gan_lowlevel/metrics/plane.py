"""Measures of generated points against the function that they should lie on. Points are [N, 2], (x, y)."""

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

    @property
    def collapsed(self) -> bool:
        """Whether the points miss most of the law, however near the curve they lie."""
        return self.energy > COLLAPSED


def energy_distance(a: np.ndarray, b: np.ndarray) -> float:
    """2 E|A - B| - E|A - A'| - E|B - B'|, Székely and Rizzo 2013; at least 0, and 0 for equal laws alone."""
    return 2 * _mean_distance(a, b) - _mean_distance(a, a) - _mean_distance(b, b)


def _mean_distance(a: np.ndarray, b: np.ndarray) -> float:
    blocks = np.array_split(a, max(len(a) // 500, 1))  # 500 rows at a time: memory stays small
    return float(sum(cdist(block, b).sum() for block in blocks) / (len(a) * len(b)))


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
