"""Measures of laws on a line against closed forms and against quadrature by SciPy."""

import math
import time

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from gan_lowlevel.metrics import densities

EDGES = np.linspace(-10, 10, 2001)
A, B = stats.norm(-1.0, 1.0), stats.norm(1.5, 0.7)


def jsd_by_quadrature() -> float:
    def integrand(x):
        p, q = A.pdf(x), B.pdf(x)
        m = (p + q) / 2
        return (p * math.log(p / m) + q * math.log(q / m)) / 2

    return quad(integrand, -10, 10, points=[-1, 0, 1.5], epsabs=1e-12)[0]


@pytest.fixture
def two():
    return densities.masses(A.cdf, EDGES), densities.masses(B.cdf, EDGES)


# Masses


def test_masses_are_all_of_the_law_with_its_tails():
    masses = densities.masses(stats.norm.cdf, np.array([-1.0, 0.0, 2.0]))
    np.testing.assert_allclose(masses, [stats.norm.cdf(-1), 0.5 - stats.norm.cdf(-1),
                                        stats.norm.cdf(2) - 0.5, stats.norm.sf(2)])  # fmt: skip
    assert densities.middles(np.array([-1.0, 0.0, 2.0])).tolist() == [-1.0, -0.5, 1.0, 2.0]


def test_pushed_forward_by_hand():
    edges = np.array([0.0, 1.0, 2.0, 3.0])
    # Segments 0.5 to 2.5, 2.5 to 2.75, 2.75 to -1.25, a third of the mass each. The first has 1/4, 1/2, 1/4 in the
    # three bins; the second all in the third bin; the last, 4 long, 1.25/4 below 0, 1/4, 1/4, 0.75/4.
    found = densities.pushed_forward(np.array([0.5, 2.5, 2.75, -1.25]), edges)
    expected = np.array([1.25 / 4, 1 / 4 + 1 / 4, 1 / 2 + 1 / 4, 1 / 4 + 1 + 0.75 / 4, 0.0]) / 3
    np.testing.assert_allclose(found, expected, atol=1e-15)


@pytest.mark.parametrize("value", [-5.0, 0.0, 0.5, 1.0, 3.0, 7.0])
def test_a_constant_is_all_in_one_bin(value):
    edges = np.array([0.0, 1.0, 3.0])
    found = densities.pushed_forward(np.full(11, value), edges)
    expected = [value < 0, 0 <= value < 1, 1 <= value < 3, value >= 3]
    assert found.tolist() == expected


def test_segments_across_an_edge_that_are_next_to_nothing_keep_their_mass():
    edges = np.array([0.0, 1.0, 2.0, 3.0])
    values = np.concatenate([np.tile([1.0 - 1e-15, 1.0 + 1e-15], 500), np.tile([0.5, 2.75], 50)])
    found = densities.pushed_forward(values, edges)
    assert found.sum() == pytest.approx(1.0, abs=1e-12)
    # Of 1099 segments 99 are 2.25 long, with 4/9 of their mass in the middle bin, which they cover whole.
    long, step = 99 / 1099, 1 / 1099
    assert found[2] == pytest.approx(long * 4 / 9 + 0.5 * 999 * step, abs=0.2)  # 1 - 1e-15 has few digits left
    assert (found >= 0).all()


def test_pushed_forward_of_the_quantile_function_is_the_law():
    z = np.linspace(0, 1, 200_001)[1:-1]
    found = densities.pushed_forward(A.ppf(z), EDGES)
    np.testing.assert_allclose(found, densities.masses(A.cdf, EDGES), atol=2e-5)  # the ends of z are missing


def test_pushed_forward_of_a_fold_is_the_sum_over_both_branches():
    z = np.linspace(-1, 1, 4097)
    edges = np.linspace(-0.5, 1.5, 81)
    found = densities.pushed_forward(z**2, edges)
    # P(z² <= x) = sqrt(x) for z uniform in (-1, 1). A chord of z² is off by at most (2/4096)²/4 = 6e-8.
    cdf = np.sqrt(np.clip(edges, 0, 1))
    np.testing.assert_allclose(found, np.diff(cdf, prepend=0, append=1), atol=1e-3)
    assert found.sum() == pytest.approx(1.0, abs=1e-12)


def test_pushed_forward_takes_milliseconds():
    values = np.sin(np.linspace(0, 20, 4097))
    best = math.inf
    for _ in range(5):
        begun = time.perf_counter()
        densities.pushed_forward(values, np.linspace(-2, 2, 801))
        best = min(best, time.perf_counter() - begun)
    assert best < 0.01


# The best D, V, JSD


def test_jsd_of_two_known_densities_is_that_by_quadrature(two):
    assert densities.jsd(*two) == pytest.approx(jsd_by_quadrature(), abs=1e-5)


def test_the_value_of_the_best_d_is_minus_log_4_and_twice_the_jsd(two):
    assert densities.best_value(*two) == pytest.approx(-math.log(4) + 2 * jsd_by_quadrature(), abs=2e-5)


def test_equal_laws_have_none_and_disjoint_ones_log_2():
    p = np.array([0.0, 0.25, 0.75, 0.0])
    assert densities.jsd(p, p) == 0.0
    assert densities.best_value(p, p) == pytest.approx(-math.log(4))
    assert densities.jsd(p, np.array([0.5, 0, 0, 0.5])) == pytest.approx(math.log(2))
    assert densities.best_value(p, np.array([0.5, 0, 0, 0.5])) == pytest.approx(0.0, abs=1e-15)


def test_best_d(two):
    x = densities.middles(EDGES)[1:-1]
    near = np.abs(x) < 4
    expected = A.pdf(x) / (A.pdf(x) + B.pdf(x))
    np.testing.assert_allclose(densities.best_d(*two)[1:-1][near], expected[near], atol=1e-3)
    d = densities.best_d(np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.5, 0.0]))
    assert d[:2].tolist() == [1.0, 0.0]
    assert math.isnan(d[2])  # no law is there


def test_no_d_has_a_larger_value_than_the_best(two):
    p, q = two
    best = np.log(np.maximum(p, 1e-300)) - np.log(np.maximum(q, 1e-300))  # D*'s logit, finite where a mass is 0
    assert densities.value(p, q, best) == pytest.approx(densities.best_value(p, q), abs=1e-12)
    for other in (0.9 * best, best + 0.1, np.zeros_like(best)):
        assert densities.value(p, q, other) < densities.best_value(p, q) - 1e-4


def test_value_by_hand():
    # D = 3/4 on a bin with 0.2 and 0.6, 1/2 on one with 0.8 and 0.4.
    logits = np.array([math.log(3), 0.0])
    expected = 0.2 * math.log(3 / 4) + 0.8 * math.log(1 / 2) + 0.6 * math.log(1 / 4) + 0.4 * math.log(1 / 2)
    assert densities.value(np.array([0.2, 0.8]), np.array([0.6, 0.4]), logits) == pytest.approx(expected)
    # Exact where D rounds to 0 or 1: log D of the logit -1000 is -1000.
    assert densities.value(np.array([1.0]), np.array([0.0]), np.array([-1000.0])) == pytest.approx(-1000.0)


def test_off_the_best_by_hand():
    # D* = 1/4 and 2/3; D is 1/2 and 2/3; (p_data + p_g)/2 is 0.4 and 0.6.
    p, q = np.array([0.2, 0.8]), np.array([0.6, 0.4])
    assert densities.off_the_best(p, q, np.array([0.5, 2 / 3])) == pytest.approx(0.25 * 0.4)
    assert densities.off_the_best(p, q, densities.best_d(p, q)) == pytest.approx(0.0, abs=1e-15)


def test_measure_is_all_of_them(two):
    logits = np.linspace(2, -2, len(two[0]))
    seen = densities.measure(*two, logits)
    assert seen.jsd == densities.jsd(*two)
    assert seen.bound == pytest.approx((densities.value(*two, logits) + math.log(4)) / 2)
    assert seen.gap == pytest.approx(2 * (seen.jsd - seen.bound), abs=1e-12)  # V* - V = 2 JSD - 2 bound
    assert seen.off == densities.off_the_best(*two, 1 / (1 + np.exp(-logits)))
    assert 0 < seen.bound < seen.jsd < math.log(2)
