"""Laws on a line, known by their masses: p_g, the best D, V and the Jensen-Shannon divergence as sums over bins.

N + 1 edges, rising, cut the line into N + 2 bins, of which the first and the last have no end; masses [N + 2] sum to 1.
All in nats. With bins, JSD and V(D*) are lower bounds of the true ones, which they approach as bins get narrower.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import expit, rel_entr, xlogy


def middles(edges: np.ndarray) -> np.ndarray:
    """Where a function is asked for its value in each bin: the middle, of those without end the one edge. [N + 2]"""
    return np.concatenate([edges[:1], (edges[:-1] + edges[1:]) / 2.0, edges[-1:]])


def masses(cdf: Callable[[np.ndarray], np.ndarray], edges: np.ndarray) -> np.ndarray:
    """The probability of each bin under the law with that distribution function: float64 [N + 2]."""
    return np.diff(cdf(edges), prepend=0.0, append=1.0)


def pushed_forward(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The law of G(z), z uniform in an interval: values [M + 1] are G at evenly spaced z, ends included.

    Between two of them G counts as straight: each of the M segments spreads its mass 1/M evenly over what it covers,
    which is the change of variables p_g(x) = sum over z with G(z) = x of p_z(z)/|G'(z)|. float64 [N + 2].
    """
    values = np.asarray(values, np.float64)
    low, high = np.minimum(values[:-1], values[1:]), np.maximum(values[:-1], values[1:])
    first, last = np.searchsorted(edges, low, "right"), np.searchsorted(edges, high, "right")  # the ends' bins
    within = first == last
    found = np.bincount(first[within], minlength=len(edges) + 1).astype(np.float64)

    low, high, first, last = (ends[~within] for ends in (low, high, first, last))
    density = 1.0 / (high - low)  # of a segment's own mass
    found += np.bincount(first, weights=(edges[first] - low) * density, minlength=len(found))
    found += np.bincount(last, weights=(high - edges[last - 1]) * density, minlength=len(found))
    # Bins between both, which are covered whole: so many per length as have begun before and not ended.
    more = last > first + 1
    begun = np.bincount(first[more] + 1, weights=density[more], minlength=len(found))
    ended = np.bincount(last[more], weights=density[more], minlength=len(found))
    found[1:-1] += np.cumsum(begun - ended)[1:-1] * np.diff(edges)
    return np.maximum(found, 0.0) / (len(values) - 1)  # a difference of sums may round to below 0


def best_d(p_data: np.ndarray, p_g: np.ndarray) -> np.ndarray:
    """D* = p_data/(p_data + p_g), proposition 1 of Goodfellow et al. 2014; NaN where neither law has mass."""
    with np.errstate(invalid="ignore"):
        return p_data / (p_data + p_g)


def value(p_data: np.ndarray, p_g: np.ndarray, logits: np.ndarray) -> float:
    """V(D, G) = E_data log D + E_g log(1 - D) of the D with those logits, [N + 2], in the bins' middles."""
    return float(-(p_data * np.logaddexp(0.0, -logits) + p_g * np.logaddexp(0.0, logits)).sum())


def best_value(p_data: np.ndarray, p_g: np.ndarray) -> float:
    """V(D*, G) = -log 4 + 2 JSD(p_data, p_g), theorem 1 of Goodfellow et al. 2014."""
    both = p_data + p_g
    return float((xlogy(p_data, p_data) + xlogy(p_g, p_g) - xlogy(p_data, both) - xlogy(p_g, both)).sum())


def jsd(p_data: np.ndarray, p_g: np.ndarray) -> float:
    """JSD = (KL(p_data || m) + KL(p_g || m))/2 with m = (p_data + p_g)/2, Lin 1991: 0 for equal laws, at most log 2."""
    middle = (p_data + p_g) / 2.0
    return float((rel_entr(p_data, middle) + rel_entr(p_g, middle)).sum() / 2.0)


def off_the_best(p_data: np.ndarray, p_g: np.ndarray, d: np.ndarray) -> float:
    """mean |D - D*| under (p_data + p_g)/2, of the D with those probabilities, [N + 2], in the bins' middles."""
    return float(np.abs(d * (p_data + p_g) - p_data).sum() / 2.0)


class DensityMeasures(NamedTuple):
    """What is known of a game on a line at one moment."""

    jsd: float  # JSD(p_data, p_g)
    bound: float  # (V(D, G) + log 4)/2, at most jsd
    gap: float  # V(D*, G) - V(D, G), what D has left to learn: twice jsd - bound
    off: float  # mean |D - D*| under (p_data + p_g)/2


def measure(p_data: np.ndarray, p_g: np.ndarray, logits: np.ndarray) -> DensityMeasures:
    """All measures of the D with those logits, [N + 2], in the bins' middles."""
    v = value(p_data, p_g, logits)
    return DensityMeasures(
        jsd=jsd(p_data, p_g),
        bound=(v + np.log(4.0)) / 2.0,
        gap=best_value(p_data, p_g) - v,
        off=off_the_best(p_data, p_g, expit(logits)),
    )
