"""The table of measures: every key has its row, each family fits, n is what it says, and estimates are finite."""

import math

import numpy as np
import pytest

from gan_lowlevel import evaluate, measures
from gan_lowlevel.data import parabola
from gan_lowlevel.data.gaussian import Gaussian
from gan_lowlevel.data.mixture import Mixture
from gan_lowlevel.measures import FAMILIES, MEASURES, Estimate, Family, Ground, Rows, families, measured


def ground(kind: str, **facts) -> Ground:
    """30 rows of 4 features; probabilities say class 3."""
    random = np.random.default_rng(0)

    def rows() -> Rows:
        values = random.random((30, 4), np.float32)
        return Rows(values, lambda values: (values, np.eye(10)[[3] * len(values)]), strangers=values[:10])

    table = random.integers(0, 256, (50, 4), np.uint8)
    made = {name: rows() for name in ("reference", "real", "noise", "unseen")}
    made |= {"table": table, "validation": made["real"].values[:5], "test": made["reference"].values} | facts
    return Ground(kind=kind, most=30, prepare=Rows, seed=0, **made)


def test_every_measure_has_its_row_and_one_family():
    named = [name for family in FAMILIES for name in family.measures]
    assert named == list(MEASURES)


def test_the_least_rows_are_the_commands():
    assert evaluate.LEAST == measures.LEAST == 2 * (5 + 1)  # more than k = 5 in each half


@pytest.mark.parametrize("kind", [measures.DIGITS, measures.PHOTOGRAPHS])
def test_families_give_what_their_rows_promise(kind):
    base = ground(kind)
    for family in families(base):
        found = measured(family, base.noise, base)
        assert tuple(found) == family.measures
        assert all(estimate.value is not None for estimate in found.values())
        assert {estimate.n for estimate in found.values()} == {10 if family.measures == ("memorised",) else 30}


def test_points():
    real = Rows(parabola.points(1, 0, 500))
    base = ground(measures.CURVE, reference=real)
    (family,) = families(base)
    found = measured(family, Rows(parabola.points(2, 0, 400)), base)
    assert tuple(found) == ("error", "near", "energy", "bins") == family.measures
    assert found["near"] == Estimate(1.0, 0.0, 400)
    assert found["bins"] == Estimate(20, None, 400)


def test_points_of_a_mixture_are_held_against_its_modes():
    law = Mixture("ring")
    real = Rows(law.points(1, 0, 3000))
    base = ground(measures.MODES, reference=real, law=law)
    (family,) = families(base)
    found = measured(family, real, base)
    assert tuple(found) == ("modes", "high_quality", "reverse_kl") == family.measures
    assert found["modes"] == Estimate(8, None, 2500)  # as many points as the sources take
    share = 1 - math.exp(-4.5)  # of a Gaussian in the plane within 3 standard deviations: 1 - exp(-3²/2)
    assert abs(found["high_quality"].value - share) < 5 * found["high_quality"].stderr
    alone = measured(family, Rows(np.tile(np.float32([[1.0, 0.0]]), (100, 1))), base)
    assert alone["reverse_kl"].value == pytest.approx(math.log(8))
    assert alone["reverse_kl"].stderr == 0.0  # all points are one


def test_numbers_on_a_line_are_held_against_their_law():
    law = Gaussian("normal")
    base = ground(measures.LINE, reference=Rows(law.points(1, 0, 100)), law=law)
    (family,) = families(base)
    real, far = (measured(family, Rows(rows), base)["jsd"] for rows in (law.points(2, 0, 5000), np.full((50, 1), 7.9)))
    assert 0 < real.value < 0.01
    assert real.stderr < real.value
    assert far.value == pytest.approx(math.log(2), abs=1e-6)  # no mass in common


def test_kinds():
    names = {kind: [name for family in families(ground(kind)) for name in family.measures] for kind in
             (measures.DIGITS, measures.PHOTOGRAPHS, measures.CURVE)}  # fmt: skip
    assert "parzen" in names[measures.DIGITS]
    assert {"parzen", "classes"}.isdisjoint(names[measures.PHOTOGRAPHS])
    assert names[measures.CURVE] == ["error", "near", "energy", "bins"]


def test_memorised_is_not_measured_on_other_data():
    names = [name for family in families(ground(measures.DIGITS, unseen=None)) for name in family.measures]
    assert "memorised" not in names
    assert "coverage" in names


def test_classes_of_one_class_alone():
    base = ground(measures.DIGITS)
    found = measures._classes(base.noise, base)
    assert found["classifier_score"].value == pytest.approx(1)
    assert found["class_kl"].value == pytest.approx(np.log(10))
    assert found["classes"] == (1, None, 30)


def test_as_many_rows_of_one_set_as_of_the_other():
    base = ground(measures.DIGITS)
    few = Rows(base.reference.values[:20], base.reference.look)
    found = measured(FAMILIES[1], few, base)["frechet"]
    assert found.n == 20
    assert found.value == pytest.approx(0, abs=1e-6)  # the same 20 rows, not 20 against 30


def test_what_is_not_finite_is_not_known():
    family = Family(("bad",), (measures.DIGITS,), lambda rows, ground: {"bad": Estimate(np.nan, np.inf, 3)})
    base = ground(measures.DIGITS)
    assert measured(family, base.noise, base) == {"bad": Estimate(None, None, 3)}


def test_rows_are_looked_at_once():
    looks = []
    rows = Rows(np.zeros((2, 2)), lambda values: (looks.append(len(values)) or values, None))
    assert rows.seen is rows.seen
    assert looks == [2]
