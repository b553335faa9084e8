"""Points in the plane from many narrow Gaussians, on a circle or on a grid: does G find them all?

Srivastava et al. 2017 (VEEGAN) and Lin et al. 2018 (PacGAN), whose 100,000 points are drawn once and then fixed.
"""

import dataclasses
from typing import ClassVar

import numpy as np
from scipy.special import ndtri

from gan_lowlevel.data.drawn import Law, unit

STDDEVS = {"ring": 0.01, "grid": 0.05}  # by --mixture
BOUNDS = {"ring": (-1.5, 1.5), "grid": (-5.0, 5.0)}


def centres(mixture: str) -> np.ndarray:
    """Of the Gaussians, float64 [K, 2]: 8 on the unit circle, the first at (1, 0), or 25 at {-4, -2, 0, 2, 4}²."""
    if mixture == "ring":
        angles = np.arange(8) * (2.0 * np.pi / 8)
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)
    axis = np.arange(-4.0, 5.0, 2.0)
    return np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)


@dataclasses.dataclass(frozen=True)
class Mixture(Law):
    """8 Gaussians on the unit circle (ring) or 25 on a grid, each as likely as the others; points are [N, 2]."""

    mixture: str

    trained: ClassVar[int] = 100_000

    @property
    def centres(self) -> np.ndarray:
        """Of the Gaussians, the modes: float64 [K, 2]."""
        return centres(self.mixture)

    @property
    def stddev(self) -> float:
        """Of each Gaussian, along each axis."""
        return STDDEVS[self.mixture]

    @property
    def description(self) -> str:
        where = {"ring": "on the unit circle", "grid": "at {-4, -2, 0, 2, 4}²"}[self.mixture]
        return f"{self.trained:,} fixed points from {len(self.centres)} Gaussians {where}, σ {self.stddev:g}"

    @property
    def bounds(self) -> tuple[float, float]:
        return BOUNDS[self.mixture]

    def points(self, seed: int, first: int, count: int) -> np.ndarray:
        """float32 [count, 2]: a mode drawn for each, and two normal numbers."""
        drawn = unit([seed, 3], 3 * first, 3 * count).reshape(count, 3)
        which = (drawn[:, 0] * len(self.centres)).astype(np.int64)
        return (self.centres[which] + self.stddev * ndtri(drawn[:, 1:])).astype(np.float32)
