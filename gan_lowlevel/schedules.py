"""Learning rates and momentum that change with the steps: functions of the step's number alone, with no state to save.

An optimizer asks for them wherever it is applied, and `at` says which step that is: a placeholder of the explicit loop,
or a tensor inside the compiled one. What does not change is the plain number that the settings say, and no op.

TensorFlow's momentum, m <- momentum m + gradient and w <- w - rate m, scales older gradients with today's rate;
v <- momentum v - rate gradient and w <- w + v, as other libraries have it, with the rate of their own step. A gradient
k steps old counts decay^k times as much there: of a decay of 1.000004, a share of 1e-5 of an update.
"""

import contextlib
import math
from collections.abc import Callable, Iterator

import tensorflow as tf

from gan_lowlevel.config import Config

v1 = tf.compat.v1

_STEPS = "steps"  # the graph collection of the step whose update is applied now


def scheduled(config: Config) -> bool:
    """Whether anything changes with the steps."""
    return config.learning_rate_decay > 1 or config.momentum_steps > 0


@contextlib.contextmanager
def at(step: tf.Tensor | None) -> Iterator[None]:
    """What the block applies is of this step, an int64 scalar; None where nothing is scheduled."""
    steps = v1.get_collection_ref(_STEPS)
    steps.append(step)
    try:
        yield
    finally:
        steps.pop()


def learning_rate(config: Config, initial: float | tf.Tensor) -> float | tf.Tensor | Callable[[], tf.Tensor]:
    """initial / decay^step, never below initial floor: `initial`, or what an optimizer calls for a float32 scalar.

    initial: a number, or a float64 scalar that is fed.
    """
    if config.learning_rate_decay == 1:
        return initial

    def rate() -> tf.Tensor:
        # In float64, as draws.normal: 1.000004 has three digits in float32, and XLA's exp another last bit.
        left = tf.exp(_step() * -math.log(config.learning_rate_decay))
        return tf.cast(initial * tf.maximum(left, config.learning_rate_floor), tf.float32)

    return rate


def momentum(config: Config) -> float | Callable[[], tf.Tensor]:
    """A straight line from momentum to final_momentum, there at momentum_steps: a number, or a float32 scalar."""
    if config.momentum_steps == 0:
        return config.momentum

    def now() -> tf.Tensor:
        way = tf.minimum(_step() * (1 / config.momentum_steps), 1.0)
        return tf.cast(config.momentum + (config.final_momentum - config.momentum) * way, tf.float32)

    return now


def _step() -> tf.Tensor:
    return tf.cast(v1.get_collection(_STEPS)[-1], tf.float64)
