"""The digit classifier's training: cross-entropy, Adam, digits moved by a pixel or two."""

import math
import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from gan_lowlevel import draws
from gan_lowlevel.data.batches import Batches
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.metrics.digits import log_probabilities, network
from gan_lowlevel.sessions import session_config

v1 = tf.compat.v1

REACH = 2  # pixels that a digit is moved by at the most, up or down and to a side
DROPOUT = 0.5  # of the features


class Trained(NamedTuple):
    """What training leaves."""

    weights: dict[str, np.ndarray]  # by variable
    losses: list[float]  # mean cross-entropy of each epoch's batches, nats


def cross_entropy(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """-E log p(y|x): logits [B, 10] and labels int [B]; a scalar in [0, inf), nats."""
    return -tf.reduce_mean(tf.gather(log_probabilities(logits), labels, axis=1, batch_dims=1))


def moved(x: tf.Tensor, by: tf.Tensor) -> tf.Tensor:
    """Each picture of [B, H, W, C] moved down and to the right by its own `by`, int32 [B, 2] in [-REACH, REACH].

    What comes in at an edge is 0, black.
    """
    _, height, width, _ = x.shape
    h = tf.pad(x, [[0, 0], [REACH, REACH], [REACH, REACH], [0, 0]])
    h = tf.gather(h, tf.range(height) + REACH - by[:, :1], axis=1, batch_dims=1)
    return tf.gather(h, tf.range(width) + REACH - by[:, 1:], axis=2, batch_dims=1)


def train(
    images: np.ndarray,
    labels: np.ndarray,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    threads: int,
    say: Callable[[str], None],
) -> Trained:
    """Train on uint8 [N, 28, 28, 1] with labels uint8 [N]; the learning rate falls in a line to 0.

    Bitwise the same for the same arguments on the same machine. Each epoch's loss is said.
    Raises Failure(NAN) where it is not finite.
    """
    batches = Batches(images, batch_size, seed=seed, output_range=(0, 1), shape=(28, 28, 1))
    steps = batches.batches_in(epochs)
    with tf.Graph().as_default(), v1.Session(config=session_config(threads, device="cpu")) as session:
        v1.set_random_seed(seed)
        x = v1.placeholder(tf.float32, [batch_size, 28, 28, 1], name="x")
        y = v1.placeholder(tf.int32, [batch_size], name="y")
        origin = v1.placeholder(tf.int64, [2], name="origin")
        rate = v1.placeholder(tf.float32, [], name="rate")
        by = tf.cast(tf.floor(draws.uniform(batch_size, 2, origin, -REACH, REACH + 1)), tf.int32)
        _, logits = network(moved(x, by), draws.Masks(origin, "train"), DROPOUT)
        loss = cross_entropy(logits, y)
        update = v1.train.AdamOptimizer(rate).minimize(loss)
        session.run(v1.global_variables_initializer())

        losses, of_epoch = [], []
        with tqdm(total=steps, unit="it", dynamic_ncols=True, disable=None if sys.stderr else True) as bar:
            for k in range(steps):
                fed = {
                    x: batches.batch(k),
                    y: labels[batches.indices(k)],
                    origin: draws.origin(seed, draws.Stream.DIGITS, k * batch_size),
                    rate: learning_rate * (1 - k / steps),
                }
                _, came = session.run((update, loss), fed)
                of_epoch.append(float(came))
                bar.update()
                if batches.epochs_done(k + 1) > len(losses):
                    losses.append(math.fsum(of_epoch) / len(of_epoch))
                    of_epoch = []
                    if not math.isfinite(losses[-1]):
                        raise Failure(
                            Exit.NAN,
                            f"the loss is {losses[-1]} in epoch {len(losses)}: give a smaller --learning_rate "
                            f"than {learning_rate:g}.",
                        )
                    bar.clear()
                    say(f"epoch {len(losses):>3} of {epochs}: loss {losses[-1]:.4f}")
        return Trained(session.run({v.op.name: v for v in v1.trainable_variables()}), losses)
