"""Every measure of a run's samples: a family of measures is one function here and one row of FAMILIES.

A family is asked three times: of samples, of real rows in their place, of noise. Imports no TensorFlow.
"""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gan_lowlevel.data.drawn import Law
from gan_lowlevel.metrics import classes, densities, frechet, modes, neighbours, plane
from gan_lowlevel.metrics.parzen import CENTRES, parzen

DIGITS, PHOTOGRAPHS, CURVE, MODES, LINE = "digits", "photographs", "curve", "modes", "line"

COMPARED = 5_000  # rows of each set at most where two sets are compared: the distances are biased in N
STRANGERS = 1_000  # rows at most whose nearest training row is looked for
JSD_BINS = 80  # of the line that pictures show
REDRAWN = 40  # bootstrap draws behind a standard error that has no formula
LEAST = 2 * (neighbours.K + 1)  # rows that k nearest neighbours want, in each of two halves


class Estimate(NamedTuple):
    """One measure of one set of rows; what is not known is None."""

    value: float | None
    stderr: float | None
    n: int  # rows of the set that it is of


class Measure(NamedTuple):
    """What a reader of the table is told."""

    better: str
    meaning: str


MEASURES = {
    "parzen": Measure("higher", "log-likelihood of test rows under Parzen windows, nats"),
    "frechet": Measure("lower", "Fréchet distance of features to those of test rows"),
    "precision": Measure("higher", "share of samples among the test rows"),
    "recall": Measure("higher", "share of test rows among the samples"),
    "density": Measure("near 1", "test rows around a sample"),
    "coverage": Measure("higher", "share of test rows with a sample beside them"),
    "classifier_score": Measure("higher", "exp E KL(p(y|x) || p(y)), at most 10"),
    "class_kl": Measure("lower", "KL of the classes' histogram to uniform, nats"),
    "classes": Measure("higher", "classes with 1 % or more of the samples, of 10"),
    "memorised": Measure("near 1", "distance to the nearest training row, over that of unseen real rows; 0: copies"),
    "error": Measure("lower", "mean |y - x²|"),
    "near": Measure("higher", f"share within {plane.NEAR} of the curve"),
    "energy": Measure("lower", f"energy distance to real points; above {plane.COLLAPSED}: collapsed"),
    "bins": Measure("higher", f"bins of x that are filled, of {plane.BINS}"),
    "modes": Measure("higher", f"modes with one of {modes.SAMPLES:,} points within {modes.NEAR:g} σ"),
    "high_quality": Measure("higher", f"share within {modes.NEAR:g} σ of the nearest mode"),
    "reverse_kl": Measure("lower", "KL(modes of those points || uniform), nats"),
    "jsd": Measure("lower", f"Jensen-Shannon divergence of {JSD_BINS} bins to the law's own masses, nats"),
}


@dataclasses.dataclass(frozen=True)
class Rows:
    """A set to be measured.

    values: float32 [N, d], pixels in [0, 1] or points. look: values to features [N, F] and class probabilities [N, 10],
    or None in the place of either. strangers: float32 [<= STRANGERS, pixels], of the set, to be compared with the rows
    that train; own: int [n], which of those each is itself, where they are real and did train.
    """

    values: np.ndarray
    look: Callable[[np.ndarray], tuple] = lambda values: (values, None)
    strangers: np.ndarray | None = None
    own: np.ndarray | None = None

    @functools.cached_property
    def seen(self) -> tuple:
        """Features and probabilities; looked at once, and not where nobody asks."""
        return self.look(self.values)


@dataclasses.dataclass(frozen=True)
class Ground:
    """What the samples of a run are measured against.

    most: samples that there is use for. prepare: samples, float32 [N, *data_shape], to rows.
    reference: real rows, which never trained where there are such. real, noise: sets in the samples' place.
    table: uint8 [N, pixels], the rows that train; unseen: real rows that did not, or that are not their own neighbours,
    None where the run trained on other data. validation, test: float32 [N, d], for Parzen windows. law:
    of drawn points. notes: for the
    reader, a line each.
    """

    kind: str
    most: int
    prepare: Callable[[np.ndarray], Rows]
    reference: Rows
    real: Rows
    noise: Rows
    seed: int
    table: np.ndarray | None = None
    unseen: Rows | None = None
    validation: np.ndarray | None = None
    test: np.ndarray | None = None
    law: Law | None = None
    notes: tuple[str, ...] = ()

    @functools.cached_property
    def unseen_distances(self) -> np.ndarray:
        """Of unseen real rows to the nearest of those that train: float64 [n]."""
        return _distances(self.unseen, self)


def _distances(rows: Rows, ground: Ground) -> np.ndarray:
    return neighbours.nearest(rows.strangers, ground.table, (0.0, 1.0), rows.own)[1]


# The families: (rows, ground) to an estimate of each of their measures.


def _parzen(rows: Rows, ground: Ground) -> dict[str, Estimate]:
    centres = rows.values[:CENTRES]
    found = parzen(centres, ground.validation, ground.test)
    return {"parzen": Estimate(found.mean, found.stderr, len(centres))}


def _compared(rows: Rows, ground: Ground) -> tuple[np.ndarray, np.ndarray]:
    """Features of both, as many rows of the one as of the other."""
    n = min(len(rows.values), len(ground.reference.values), COMPARED)
    return rows.seen[0][:n], ground.reference.seen[0][:n]


def _frechet(rows: Rows, ground: Ground) -> dict[str, Estimate]:
    fake, real = _compared(rows, ground)
    return {"frechet": Estimate(frechet.frechet(fake, real), frechet.stderr(fake, real, ground.seed), len(fake))}


def _manifolds(rows: Rows, ground: Ground) -> dict[str, Estimate]:
    fake, real = _compared(rows, ground)
    found = neighbours.manifolds(real, fake)
    return {name: Estimate(*estimate, len(fake)) for name, estimate in found._asdict().items()}


def _classes(rows: Rows, ground: Ground) -> dict[str, Estimate]:
    n, found = len(rows.values), classes.measure(rows.seen[1])
    return {
        "classifier_score": Estimate(found.score, found.score_stderr, n),
        "class_kl": Estimate(found.kl, found.kl_stderr, n),
        "classes": Estimate(found.classes, None, n),
    }


def _memorised(rows: Rows, ground: Ground) -> dict[str, Estimate]:
    found = neighbours.memorised(_distances(rows, ground), ground.unseen_distances)
    return {"memorised": Estimate(*found, len(rows.strangers))}


def _plane(rows: Rows, ground: Ground) -> dict[str, Estimate]:
    points, n = rows.values, len(rows.values)
    found, errors = plane.measure(points, ground.reference.values), plane.stderrs(points, ground.reference.values)
    return {
        "error": Estimate(found.error, errors.error, n),
        "near": Estimate(found.near, errors.near, n),
        "energy": Estimate(found.energy, errors.energy, n),
        "bins": Estimate(found.bins, None, n),
    }


def _modes(rows: Rows, ground: Ground) -> dict[str, Estimate]:
    points, law = rows.values[: modes.SAMPLES], ground.law
    found = modes.measure(points, law.centres, law.stddev)
    near = math.sqrt(found.high_quality * (1 - found.high_quality) / len(points))
    kl = _redrawn(lambda some: modes.measure(some, law.centres, law.stddev).reverse_kl, points, ground.seed)
    return {
        "modes": Estimate(found.modes, None, len(points)),
        "high_quality": Estimate(found.high_quality, near, len(points)),
        "reverse_kl": Estimate(found.reverse_kl, kl, len(points)),
    }


def _line(rows: Rows, ground: Ground) -> dict[str, Estimate]:
    edges = np.linspace(*ground.law.bounds, JSD_BINS + 1)
    real = densities.masses(ground.law.cdf, edges)

    def jsd(points: np.ndarray) -> float:
        counts = np.bincount(np.searchsorted(edges, points[:, 0], "right"), minlength=len(real))
        return densities.jsd(real, counts / len(points))

    return {"jsd": Estimate(jsd(rows.values), _redrawn(jsd, rows.values, ground.seed), len(rows.values))}


def _redrawn(measure: Callable[[np.ndarray], float], rows: np.ndarray, seed: int) -> float:
    """Standard error by bootstrap, Efron 1979: the measure's spread over draws of as many rows, with replacement."""
    generator = np.random.Generator(np.random.Philox(key=[seed, 2]))
    return float(np.std([measure(rows[generator.integers(0, len(rows), len(rows))]) for _ in range(REDRAWN)], ddof=1))


class Family(NamedTuple):
    """Measures that are found together, and the kinds of data that they fit."""

    measures: tuple[str, ...]
    kinds: tuple[str, ...]
    function: Callable[[Rows, Ground], dict[str, Estimate]]


FAMILIES = (
    Family(("parzen",), (DIGITS,), _parzen),
    Family(("frechet",), (DIGITS, PHOTOGRAPHS), _frechet),
    Family(("precision", "recall", "density", "coverage"), (DIGITS, PHOTOGRAPHS), _manifolds),
    Family(("classifier_score", "class_kl", "classes"), (DIGITS,), _classes),
    Family(("memorised",), (DIGITS, PHOTOGRAPHS), _memorised),
    Family(("error", "near", "energy", "bins"), (CURVE,), _plane),
    Family(("modes", "high_quality", "reverse_kl"), (MODES,), _modes),
    Family(("jsd",), (LINE,), _line),
)


def families(ground: Ground) -> tuple[Family, ...]:
    """Those that fit the run, in their order."""
    fitting = (family for family in FAMILIES if ground.kind in family.kinds)
    return tuple(family for family in fitting if ground.unseen is not None or family.measures != ("memorised",))


def measured(family: Family, rows: Rows, ground: Ground) -> dict[str, Estimate]:
    """The family's estimates, finite or None."""
    return {name: Estimate(*map(_known, estimate)) for name, estimate in family.function(rows, ground).items()}


def _known(number: float | None) -> float | None:
    return None if number is None or not math.isfinite(number) else number
