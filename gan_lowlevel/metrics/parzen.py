"""Log-likelihood of test rows under Parzen windows on generated ones.

Source: Goodfellow et al. 2014, section 5, after Breuleux, Bengio and Vincent 2011; table 1 has 225 ± 2 nats for
adversarial nets on MNIST. The measure favours copies of the training rows and says little in many dimensions (Theis et
al. 2016): it compares with the articles, not more.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

SIGMAS = np.logspace(-1.0, 0.0, 10)
CENTRES = 10_000  # generated rows, by the protocol; more of them raise the score
BLOCK = 1_000  # rows at a time: 80 MB of distances to 10,000 centres


class Parzen(NamedTuple):
    """Nats, with rows in [0, 1]: a generator in (-1, 1) that is not mapped first lies about 543 lower."""

    mean: float  # over the test rows
    stderr: float  # of that mean, std/√rows
    sigma: float  # of SIGMAS, the one with the highest mean on the validation rows


def parzen(centres: np.ndarray, validation: np.ndarray, test: np.ndarray) -> Parzen:
    """Score `test` under windows on `centres`, as wide as `validation` likes best; rows [N, d], [M, d], [T, d]."""
    sigma = float(SIGMAS[log_likelihoods(validation, centres, SIGMAS).mean(axis=1).argmax()])
    scores = log_likelihoods(test, centres, [sigma])[0]
    return Parzen(float(scores.mean()), float(scores.std() / math.sqrt(len(scores))), sigma)


def log_likelihoods(rows: np.ndarray, centres: np.ndarray, sigmas) -> np.ndarray:
    """LL(x) = log mean_i exp(-‖x - s_i‖²/(2σ²)) - d log(σ √(2π)) for each σ and row x: float64 [len(sigmas), rows].

    rows [T, d], centres s [N, d]. All in float64: a float32 product loses a thousandth of a nat at σ = 0.1.
    """
    d = rows.shape[1]
    parts = [
        [_log_mean_exp(squares / (-2 * sigma**2)) - d * math.log(sigma * math.sqrt(2 * math.pi)) for sigma in sigmas]
        for squares in _squared_distances(rows, centres)
    ]
    return np.concatenate(parts, axis=1)


def _squared_distances(rows: np.ndarray, centres: np.ndarray) -> Iterator[np.ndarray]:
    """‖x - s‖² = ‖x‖² - 2 x·s + ‖s‖², BLOCK rows x at a time: float64 [<= BLOCK, N]."""
    centres = centres.astype(np.float64)
    norms = np.vecdot(centres, centres)
    for first in range(0, len(rows), BLOCK):
        block = rows[first : first + BLOCK].astype(np.float64)
        squares = block @ centres.T
        squares *= -2
        squares += np.vecdot(block, block)[:, np.newaxis]
        squares += norms
        yield np.maximum(squares, 0, out=squares)  # rounding makes -1e-13 of a row and itself


def _log_mean_exp(exponents: np.ndarray) -> np.ndarray:
    """log mean exp over the last axis; overwrites what it is given."""
    highest = exponents.max(axis=1)
    exponents -= highest[:, np.newaxis]  # the greatest is e^0: none overflows, one at least is no 0
    return highest + np.log(np.exp(exponents, out=exponents).mean(axis=1))
