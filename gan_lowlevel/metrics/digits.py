"""Classes and features of digits, by a classifier of our own: one ruler for all machines.

Its weights are the package's file digits.npz, the same for everyone. MNIST's 60,000 training digits made them, by

python -m gan_lowlevel.train_digits --input_data_dir=DIR --out=FILE --epochs=40 --seed=0 --threads=2

in two minutes on two cores, and they classify 99.54 % of the 10,000 test digits rightly. The command repeats them
bitwise on the same kind of machine; elsewhere it makes others, and what is measured with stays this file.
"""

import functools
import hashlib
import io
import json
import pathlib
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gan_lowlevel import draws, system
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.layers import constant, conv2d, dense, dropout, he_uniform, leaky_relu, max_pool
from gan_lowlevel.sessions import session_config

v1 = tf.compat.v1

FILE = pathlib.Path(__file__).with_name("digits.npz")
SHA256 = "c677e0626b1f1f23875ffdeb441a358bdae85993cf725d854bc7166ef130e586"  # of FILE
CLASSES = 10
FEATURES = 64
BLOCK = 500  # images in a session.run, always: an image's bits must not depend on how many come with it
ABOUT = "about"  # the file's entry that is no weight: JSON, how it was made and what it reaches

_GIVEN = {"weights": he_uniform(), "biases": constant(0.0)}


class Classified(NamedTuple):
    """What the classifier says of N images."""

    features: np.ndarray  # float32 [N, FEATURES], the last layer before the classes
    probabilities: np.ndarray  # float32 [N, CLASSES], p(y|x) of the digits 0 to 9; a row sums to 1


def network(x: tf.Tensor, masks: draws.Masks | None = None, dropout_rate: float = 0.0) -> tuple[tf.Tensor, tf.Tensor]:
    """Pixels [B, 28, 28, 1] in [0, 1] to features [B, FEATURES] and logits [B, CLASSES].

    Two convolutions and two dense layers, after LeCun et al. 1998; 69,530 parameters. masks: for training alone.
    """
    h = leaky_relu(conv2d(x, 16, name="conv_1", padding="VALID", **_GIVEN))  # [B, 24, 24, 16]
    h = max_pool(h, 2, name="max_pool_1")  # [B, 12, 12, 16]
    h = leaky_relu(conv2d(h, 48, name="conv_2", padding="VALID", **_GIVEN))  # [B, 8, 8, 48]
    h = max_pool(h, 2, name="max_pool_2")  # [B, 4, 4, 48]
    h = tf.reshape(h, [-1, 4 * 4 * 48])  # [B, 768]
    features = leaky_relu(dense(h, FEATURES, name="dense_1", **_GIVEN))  # [B, 64]
    h = dropout(features, dropout_rate, masks, name="dropout_1") if masks else features
    return features, dense(h, CLASSES, name="dense_2", **_GIVEN)  # [B, 10]


def log_probabilities(logits: tf.Tensor) -> tf.Tensor:
    """log p(y|x) = a_y - log sum_j exp a_j in nats, finite for finite logits: [B, CLASSES] each."""
    return logits - tf.reduce_logsumexp(logits, axis=1, keepdims=True)


def classify(images: np.ndarray, weights: dict[str, np.ndarray] | None = None) -> Classified:
    """Features and probabilities of digits, float32 [N, 28, 28] in [0, 1], white on black as MNIST's.

    Builds a graph and a session of its own. On one kind of machine an image's bits hang neither on its count of cores
    nor on how many images follow. weights: others than the package's, by variable.
    Raises ValueError for other images, Failure(DATA) where the weights' file is damaged.
    """
    if images.dtype != np.float32 or images.ndim != 3 or images.shape[1:] != (28, 28):
        raise ValueError(f"float32 images [N, 28, 28] are wanted; got {images.dtype} {list(images.shape)}")
    if not ((images >= 0) & (images <= 1)).all():  # written so that NaN is outside
        raise ValueError(f"pixels in [0, 1] are wanted; got {images.min()} to {images.max()}")
    weights = read() if weights is None else weights
    parts = [Classified(np.zeros((0, FEATURES), np.float32), np.zeros((0, CLASSES), np.float32))]
    # Among more threads a sum may be cut in other places: one thread, so that the count of cores changes nothing.
    with tf.Graph().as_default(), v1.Session(config=session_config(threads=1, device="cpu")) as session:
        x = v1.placeholder(tf.float32, [BLOCK, 28, 28, 1], name="x")
        features, logits = network(x)
        classified = Classified(features, tf.nn.softmax(logits))
        # Fed in the place of what the initializers draw.
        session.run(
            v1.global_variables_initializer(), {v.initial_value: weights[v.op.name] for v in v1.global_variables()}
        )
        for first in range(0, len(images), BLOCK):
            part = images[first : first + BLOCK]
            block = np.zeros((BLOCK, 28, 28, 1), np.float32)
            block[: len(part), ..., 0] = part
            parts.append(Classified(*(array[: len(part)] for array in session.run(classified, {x: block}))))
    return Classified(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


# The weights' file.


def shapes() -> dict[str, list[int]]:
    """Of the network's weights, by variable."""
    with tf.Graph().as_default():
        network(v1.placeholder(tf.float32, [None, 28, 28, 1]))
        return {v.op.name: v.shape.as_list() for v in v1.trainable_variables()}


def write(path: pathlib.Path, weights: dict[str, np.ndarray], about: dict) -> str:
    """Replace `path` by these weights, float32 each, with `about` as JSON beside them; returns its SHA-256.

    Equal contents are equal bytes.
    """
    content = io.BytesIO()
    np.savez(content, **weights, **{ABOUT: np.array(json.dumps(about))})
    system.write_atomically(path, content.getvalue())
    return hashlib.sha256(content.getvalue()).hexdigest()


@functools.lru_cache(maxsize=1)
def read() -> dict[str, np.ndarray]:
    """The package's weights, by variable. Raises Failure(DATA) for a file that is not the one that SHA256 names."""
    try:
        content = FILE.read_bytes()
    except OSError as error:
        raise _damaged(f"cannot be read ({error.strerror})") from None
    if (found := hashlib.sha256(content).hexdigest()) != SHA256:
        raise _damaged(f"has {len(content):,} bytes of the SHA-256 {found}")
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        weights = {name: file[name] for name in file if name != ABOUT}
    if (came := {name: list(array.shape) for name, array in weights.items()}) != shapes():
        raise _damaged(f"holds {came}, where the network has {shapes()}")
    return weights


def _damaged(came: str) -> Failure:
    return Failure(
        Exit.DATA,
        f"the digit classifier's weights with the SHA-256 {SHA256} are wanted, and {FILE} {came}: "
        "install this program again.",
    )
