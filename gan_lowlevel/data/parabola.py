"""Points on the function y = x², x uniform in (-0.5, 0.5), drawn afresh for each batch; no file."""

import dataclasses

import numpy as np

from gan_lowlevel.data.drawn import Law, unit

LOW, HIGH = -0.5, 0.5


def function(x: np.ndarray) -> np.ndarray:
    """y = x²."""
    return x * x


def points(seed: int, first: int, count: int) -> np.ndarray:
    """Points number first to first + count - 1 of the seed's endless sequence: float32 [count, 2]."""
    x = (LOW + (HIGH - LOW) * unit([seed, 0], first, count)).astype(np.float32)
    return np.stack([x, function(x)], axis=1)


@dataclasses.dataclass(frozen=True)
class Parabola(Law):
    """The data set, where others hold images."""

    description = f"points (x, x²), x uniform in ({LOW}, {HIGH}), drawn afresh for each batch"
    bounds = (-1.0, 1.0)
    points = staticmethod(points)
