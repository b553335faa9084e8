"""Points against the modes of a mixture: how many G has found, how near its points lie, how evenly they are shared."""

from typing import NamedTuple

import numpy as np
from scipy.special import rel_entr

SAMPLES = 2500  # that the measures are defined on, in the sources
NEAR = 3.0  # standard deviations


class ModeMeasures(NamedTuple):
    """Of the mixture's K modes, Srivastava et al. 2017 (VEEGAN) and Lin et al. 2018 (PacGAN), both of SAMPLES points.

    The first two alone are blind to how often each mode comes.
    """

    modes: int  # of K, those with a point, or more, within NEAR of it
    high_quality: float  # share of points within NEAR of the mode next to them
    # KL(modes of those points || uniform), nats: 0 where all modes come equally often, log K where one alone comes; NaN
    # where no point is near any.
    reverse_kl: float


def measure(points: np.ndarray, centres: np.ndarray, stddev: float) -> ModeMeasures:
    """All measures of points [N, d] against modes at centres [K, d], standard deviation `stddev` along each axis."""
    squares = ((points[:, np.newaxis].astype(np.float64) - centres) ** 2).sum(axis=2)  # [N, K]
    near = squares.min(axis=1) < (NEAR * stddev) ** 2
    counts = np.bincount(squares.argmin(axis=1)[near], minlength=len(centres))
    with np.errstate(invalid="ignore"):
        shares = counts / counts.sum()
    return ModeMeasures(
        modes=int((counts > 0).sum()),
        high_quality=float(near.mean()),
        reverse_kl=float(rel_entr(shares, 1.0 / len(centres)).sum()),
    )
