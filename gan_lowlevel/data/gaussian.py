"""Numbers from a Gaussian, or from two of them, drawn afresh for each batch: a law whose density is known."""

import dataclasses
from typing import ClassVar

import numpy as np
from scipy.special import ndtr, ndtri

from gan_lowlevel.data.drawn import Law, unit

MEANS = {"normal": (4.0,), "mixture": (-2.0, 2.0)}  # by --density; each of several as likely as the others
STDDEV = 0.5
# What pictures show: eight standard deviations beyond the means, and 0, near which a fresh G begins.
BOUNDS = {"normal": (0.0, 8.0), "mixture": (-6.0, 6.0)}


@dataclasses.dataclass(frozen=True)
class Gaussian(Law):
    """N(4, 0.5²) or ½ N(-2, 0.5²) + ½ N(2, 0.5²), by the name of its density; points are [N, 1]."""

    density: str

    stddev: ClassVar[float] = STDDEV

    @property
    def means(self) -> np.ndarray:
        """Of the Gaussians, float64 [K]."""
        return np.array(MEANS[self.density])

    @property
    def description(self) -> str:
        each = " + ".join(f"N({mean:g}, {STDDEV:g}²)" for mean in self.means)
        share = f"1/{len(self.means)} of each of " if len(self.means) > 1 else ""
        return f"numbers from {share}{each}, drawn afresh for each batch"

    @property
    def bounds(self) -> tuple[float, float]:
        return BOUNDS[self.density]

    def points(self, seed: int, first: int, count: int) -> np.ndarray:
        """float32 [count, 1]: which of the Gaussians, and where in it, from one uniform number each."""
        scaled = unit([seed, 2], first, count) * len(self.means)
        which = scaled.astype(np.int64)  # its whole part; the rest is uniform in [0, 1)
        inside = np.maximum(scaled - which, 2.0**-54)  # ndtri(0) is -inf
        return (self.means[which] + STDDEV * ndtri(inside)).astype(np.float32)[:, np.newaxis]

    def pdf(self, x: np.ndarray) -> np.ndarray:
        """The density at x [...]: float64 of the same shape."""
        from_means = (np.asarray(x, np.float64)[..., np.newaxis] - self.means) / STDDEV
        return (np.exp(-0.5 * from_means**2) / (STDDEV * np.sqrt(2.0 * np.pi))).mean(axis=-1)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        """The probability of (-∞, x] for x [...]: float64 of the same shape."""
        return ndtr((np.asarray(x, np.float64)[..., np.newaxis] - self.means) / STDDEV).mean(axis=-1)
