"""Answers to lesson 1."""

import numpy as np

from gan_lowlevel.course import Exercise


def value_of_batch(d_real, d_fake):
    return np.mean(np.log(d_real)) + np.mean(np.log(1 - d_fake))


def _one_mean_of_sums(d_real, d_fake):
    return np.mean(np.log(d_real) + np.log(1 - d_fake))


def _forgets_that_a_fake_is_right_at_0(d_real, d_fake):
    return np.mean(np.log(d_real)) + np.mean(np.log(d_fake))


def _sums(d_real, d_fake):
    return np.sum(np.log(d_real)) + np.sum(np.log(1 - d_fake))


def _one_mean_of_all(d_real, d_fake):
    return np.mean(np.concatenate([np.log(d_real), np.log(1 - d_fake)]))


def _minus(d_real, d_fake):
    return -value_of_batch(d_real, d_fake)


def _logarithm_of_the_mean(d_real, d_fake):
    return np.log(np.mean(d_real)) + np.log(1 - np.mean(d_fake))


def value_from_loss(loss, convention):
    if convention == "half":
        return -2 * loss
    return -loss


def _loss_as_it_is(loss, convention):
    return -loss


def _halves_again(loss, convention):
    return -loss / 2 if convention == "half" else -loss


def _forgets_the_sign(loss, convention):
    return 2 * loss if convention == "half" else loss


def smoothed_d_loss(d_real, d_fake, label):
    on_real = -label * np.log(d_real) - (1 - label) * np.log(1 - d_real)
    on_fake = -np.log(1 - d_fake)
    return np.mean(on_real) + np.mean(on_fake)


def _label_on_the_right_answer_alone(d_real, d_fake, label):
    return -label * np.mean(np.log(d_real)) - np.mean(np.log(1 - d_fake))


def _smooths_fakes_too(d_real, d_fake, label):
    on_real = -label * np.log(d_real) - (1 - label) * np.log(1 - d_real)
    on_fake = -label * np.log(1 - d_fake) - (1 - label) * np.log(d_fake)
    return np.mean(on_real) + np.mean(on_fake)


def _half(d_real, d_fake, label):
    return smoothed_d_loss(d_real, d_fake, label) / 2


def _hard_labels(d_real, d_fake, label):
    return -np.mean(np.log(d_real)) - np.mean(np.log(1 - d_fake))


def _probabilities(random):
    rows = random.integers(1, 9)
    return random.uniform(0.02, 0.98, (rows, 1)), random.uniform(0.02, 0.98, (rows, 1))


EXERCISES = [
    Exercise(
        answer=value_of_batch,
        inputs=_probabilities,
        hints=(
            "Two means, added: one over real rows, one over fakes. V is never positive.",
            "np.mean(np.log(d_real)) is the first term; in the second, D is right about a fake with probability 1 - D.",
        ),
        wrong=(_forgets_that_a_fake_is_right_at_0, _sums, _one_mean_of_all, _minus, _logarithm_of_the_mean),
        right=(_one_mean_of_sums,),
    ),
    Exercise(
        answer=value_from_loss,
        inputs=lambda random: (random.uniform(0, 3), str(random.choice(["sum", "half"]))),
        hints=(
            "D's loss is -V where it is the sum; at D = 1/2 your function must say -1.3863 to 1.3863.",
            "Half of the sum: V is minus twice the number. At D = 1/2 that is -1.3863 for 0.6931.",
        ),
        wrong=(_loss_as_it_is, _halves_again, _forgets_the_sign),
        right=(lambda loss, convention: -loss * {"sum": 1, "half": 2}[convention],),
    ),
    Exercise(
        answer=smoothed_d_loss,
        inputs=lambda random: (*_probabilities(random), random.uniform(0.6, 1)),
        hints=(
            "A real row with label s costs -s log D - (1 - s) log(1 - D): both terms count.",
            "Fakes keep the label 0 and cost -log(1 - D). Take the mean over each kind of rows, and add the two.",
        ),
        wrong=(_label_on_the_right_answer_alone, _smooths_fakes_too, _half, _hard_labels),
    ),
]
