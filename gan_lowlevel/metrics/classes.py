"""Measures of what a classifier sees in samples: class probabilities p(y|x), float [N, C], each row's sum 1."""

import math
from typing import NamedTuple

import numpy as np

PRESENT = 0.01  # share of all samples from which a class counts as there


class ClassMeasures(NamedTuple):
    """Each with its standard error where it is a mean over samples, by the delta method: first order, so that it is 0
    where all classes are equally frequent."""

    score: float  # 1 to C; real data: near C
    score_stderr: float
    kl: float  # nats, 0 to log C
    kl_stderr: float
    classes: int  # with PRESENT or more of the samples


def histogram(probabilities: np.ndarray) -> np.ndarray:
    """Share of samples whose most likely class each is: float64 [C]."""
    count = probabilities.shape[1]
    return np.bincount(probabilities.argmax(axis=1), minlength=count) / len(probabilities)


def kl_to_uniform(shares: np.ndarray) -> float:
    """KL(h ‖ uniform) = log C + Σ h log h, nats; 0 log 0 is 0."""
    return math.log(len(shares)) + float((shares * _log(shares)).sum())


def divergences(probabilities: np.ndarray) -> np.ndarray:
    """KL(p(y|x) ‖ p(y)) of each sample, nats, p(y) being the samples' mean: float64 [N]."""
    p = probabilities.astype(np.float64)
    return (p * (_log(p) - _log(p.mean(axis=0)))).sum(axis=1)


def measure(probabilities: np.ndarray) -> ClassMeasures:
    """score = exp E_x KL(p(y|x) ‖ p(y)), Salimans et al. 2016 (there with Inception's classes); the others of the
    histogram of most likely classes."""
    each, shares = divergences(probabilities), histogram(probabilities)
    root = math.sqrt(len(each))
    score = math.exp(each.mean())
    surprise = _log(shares)[probabilities.argmax(axis=1)]  # log h of each sample's class; its mean is Σ h log h
    return ClassMeasures(
        score=score,
        score_stderr=score * float(each.std()) / root,
        kl=kl_to_uniform(shares),
        kl_stderr=float(surprise.std()) / root,
        classes=int((shares >= PRESENT).sum()),
    )


def _log(p: np.ndarray) -> np.ndarray:
    """log p, and 0 for p = 0, where p log p is 0."""
    return np.log(np.where(p > 0, p, 1.0))
