"""Measures of class probabilities, by hand."""

import numpy as np
import pytest

from gan_lowlevel.metrics.classes import histogram, kl_to_uniform, measure


def test_every_class_as_often_and_sure():
    seen = measure(np.repeat(np.eye(10, dtype=np.float32), 7, axis=0))
    assert seen.score == pytest.approx(10)  # exp KL(one ‖ uniform) = exp log 10
    assert seen.kl == pytest.approx(0, abs=1e-12)
    assert seen.classes == 10
    assert (seen.score_stderr, seen.kl_stderr) == (pytest.approx(0), pytest.approx(0))


def test_one_class_alone():
    seen = measure(np.tile(np.eye(10)[3], (50, 1)))
    assert (seen.score, seen.classes) == (pytest.approx(1), 1)
    assert seen.kl == pytest.approx(np.log(10))


def test_a_classifier_that_knows_nothing():
    assert measure(np.full((40, 10), 0.1)).score == pytest.approx(1)


def test_three_of_one_and_one_of_another():
    seen = measure(np.eye(10)[[0, 0, 0, 1]])
    # KL(one ‖ (¾, ¼, 0, ...)) is log 4/3 thrice and log 4 once; its mean is the entropy of (¾, ¼)
    entropy = 0.75 * np.log(4 / 3) + 0.25 * np.log(4)
    assert seen.score == pytest.approx(np.exp(entropy))
    assert seen.kl == pytest.approx(np.log(10) - entropy)
    # log ¾ with probability ¾, log ¼ with ¼: deviation (log 3) √(¾ · ¼), over √4
    deviation = np.log(3) * np.sqrt(3 / 16) / 2
    assert seen.kl_stderr == pytest.approx(deviation)
    assert seen.score_stderr == pytest.approx(np.exp(entropy) * deviation)


def test_a_class_counts_from_one_percent_on():
    labels = np.repeat([0, 1, 2], [189, 9, 2])  # 2 of 200: 1 %
    assert measure(np.eye(10)[labels]).classes == 3
    assert measure(np.eye(10)[np.repeat([0, 1, 2], [190, 9, 1])]).classes == 2


def test_histogram_and_its_divergence():
    shares = histogram(np.array([[0.6, 0.4], [0.2, 0.8], [0.9, 0.1], [0.7, 0.3]]))
    assert shares.tolist() == [0.75, 0.25]
    assert kl_to_uniform(shares) == pytest.approx(0.75 * np.log(1.5) + 0.25 * np.log(0.5))


def test_stderr_of_the_score_is_the_spread_of_repeated_draws():
    random = np.random.default_rng(0)
    law = np.array([0.5, 0.2, 0.1, 0.1, 0.05, 0.05, 0, 0, 0, 0])

    def drawn() -> np.ndarray:
        return 0.9 * np.eye(10)[random.choice(10, 500, p=law)] + 0.01

    seen = [measure(drawn()) for _ in range(200)]
    assert seen[0].score_stderr == pytest.approx(np.std([s.score for s in seen]), rel=0.25)
    assert seen[0].kl_stderr == pytest.approx(np.std([s.kl for s in seen]), rel=0.25)
