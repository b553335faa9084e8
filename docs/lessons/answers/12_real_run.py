"""Answers to lesson 12. What is broken in its five runs stands in data/faults.json too, with how they were made."""

import numpy as np

from gan_lowlevel.course import Exercise


def smoothed(values, weight):
    last, found = 0.0, []
    for i, value in enumerate(values, start=1):
        last = weight * last + (1 - weight) * value
        found.append(last / (1 - weight**i))
    return np.array(found)


def _as_one_sum(values, weight):
    n = len(values)
    age = np.arange(n)[:, None] - np.arange(n)
    weights = np.where(age >= 0, float(weight) ** np.maximum(age, 0), 0.0)
    return weights @ values / weights.sum(axis=1)


def _drawn_towards_0(values, weight):
    last, found = 0.0, []
    for value in values:
        last = weight * last + (1 - weight) * value
        found.append(last)
    return np.array(found)


def _from_the_first_value(values, weight):
    last, found = values[0], []
    for value in values:
        last = weight * last + (1 - weight) * value
        found.append(last)
    return np.array(found)


def _weights_exchanged(values, weight):
    return smoothed(values, 1 - weight)


def _divides_what_it_carries_on(values, weight):
    last, found = 0.0, []
    for i, value in enumerate(values, start=1):
        last = (weight * last + (1 - weight) * value) / (1 - weight**i)
        found.append(last)
    return np.array(found)


def diagnoses():
    return {"a": "collapsed", "b": "d_too_strong", "c": "nan", "d": "saturated", "e": "d_frozen"}


def _strong_and_saturated_exchanged():
    return diagnoses() | {"b": "saturated", "d": "d_too_strong"}


def _collapsed_and_frozen_exchanged():
    return diagnoses() | {"a": "d_frozen", "e": "collapsed"}


def _one_left_out():
    return {letter: word for letter, word in diagnoses().items() if letter != "c"}


def diagnose(figures):
    if figures["steps"] < figures["max_steps"]:
        return "nan"
    if figures["value/V"] < -np.log(4) - 1:
        return "d_frozen"
    if figures["quality/diversity"] < 0.2:
        return "collapsed"
    if figures["prob/D_x"] - figures["prob/D_G_z"] > 0.8:
        return "saturated" if figures["G_loss"] < 0 else "d_too_strong"
    return "healthy"


def _samples_first(figures):
    if figures["steps"] == figures["max_steps"] and figures["quality/diversity"] < 0.2:
        return "collapsed"
    return diagnose(figures)


def _below_a_coin_at_all(figures):
    if figures["steps"] == figures["max_steps"] and figures["value/V"] < -np.log(4):
        return "d_frozen"
    return diagnose(figures)


def _forgets_the_last_step(figures):
    return diagnose(figures | {"steps": figures["max_steps"]})


def _takes_all_for_saturated(figures):
    word = diagnose(figures)
    return "saturated" if word == "d_too_strong" else word


def _d_x_alone(figures):
    word = diagnose(figures)
    if word in ("healthy", "saturated", "d_too_strong") and figures["prob/D_x"] > 0.8:
        return "saturated" if figures["G_loss"] < 0 else "d_too_strong"
    return word


def _figures_of_random(random):
    gap, low = random.uniform(-0.5, 0.99), random.uniform(0, 0.01)
    steps = int(random.choice([900, 1250], p=[0.1, 0.9]))
    d_fake = random.uniform(0, min(1 - gap, 1)) if gap > 0 else random.uniform(-gap, 1)
    return (
        {
            "steps": steps,
            "max_steps": 1250,
            "value/V": float(random.choice([random.uniform(-1.3, 0), random.uniform(-3.2, -1.4)])),
            "prob/D_x": d_fake + gap,
            "prob/D_G_z": d_fake,
            "G_loss": float(random.choice([random.uniform(0, 8), -low])),
            "quality/diversity": float(
                random.choice([random.uniform(0, 0.19), random.uniform(0.21, 1.1)], p=[0.3, 0.7])
            ),
        },
    )


EXERCISES = [
    Exercise(
        answer=smoothed,
        inputs=lambda random: (random.normal(2, 1, int(random.integers(1, 9))), float(random.uniform(0, 0.99))),
        hints=(
            "Carry on m itself, and divide only what you return by 1 - w**i; at i = 1 that gives y_1 back.",
            "for i, value in enumerate(values, start=1): m = w * m + (1 - w) * value; then append m / (1 - w**i).",
        ),
        wrong=(_drawn_towards_0, _from_the_first_value, _weights_exchanged, _divides_what_it_carries_on),
        right=(_as_one_sum,),
    ),
    Exercise(
        answer=diagnoses,
        inputs=lambda random: (),
        hints=(
            "Look at samples/fake: two runs draw one picture 32 times. V tells them apart: in one of them it falls and "
            "falls, in the other it came back to -log 4.",
            "Of the other three one ends before its last step. In the two that are left D has won: G_loss is large in "
            "one and below 0 in the other.",
        ),
        wrong=(_strong_and_saturated_exchanged, _collapsed_and_frozen_exchanged, _one_left_out),
        tries=1,
    ),
    Exercise(
        answer=diagnose,
        inputs=_figures_of_random,
        hints=(
            "Five ifs in the order of the rules; each returns, so that the first that fits counts.",
            "-log 4 is -np.log(4); rule 2 asks whether value/V is below that, less 1. Rule 4 asks for a difference.",
        ),
        wrong=(
            _samples_first,
            _below_a_coin_at_all,
            _forgets_the_last_step,
            _takes_all_for_saturated,
            _d_x_alone,
        ),
    ),
]
