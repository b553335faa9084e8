"""The minimax game's losses, after Goodfellow et al. 2014, as their own log expressions. Everything in nats.

a is D's logit, D = sigmoid(a). At the ideal point (D = 1/2 everywhere) V is -log 4, D's loss log 4, G's
minimax loss -log 2 and G's non-saturating loss log 2.
"""

import math
from collections.abc import Callable

import tensorflow as tf

# At the ideal point, D = 1/2.
IDEAL_VALUE = 2 * math.log(0.5)  # -log 4
IDEAL_D_LOSS = -IDEAL_VALUE
JSD_CEILING = math.log(2)  # of the Jensen-Shannon divergence, where V is 0
IDEAL_G_LOSS = {"non_saturating": -math.log(0.5), "minimax": math.log(0.5)}

# Forms of log D and of log(1 - D) as functions of the logit. In float32 sigmoid(17) is exactly 1: the literal
# log(1 - D) is -inf there, the stable one -17.
LOG_D: dict[str, Callable] = {
    "stable": lambda a: -tf.math.softplus(-a),
    "literal": lambda a: tf.math.log(tf.sigmoid(a)),
}
LOG_NOT_D: dict[str, Callable] = {
    "stable": lambda a: -tf.math.softplus(a),
    "literal": lambda a: tf.math.log(1.0 - tf.sigmoid(a)),
}


def value(real_logits: tf.Tensor, fake_logits: tf.Tensor, log_form: str = "stable") -> tf.Tensor:
    """V(D, G), eq. 1: E log D(x) + E log(1 - D(G(z))). Logits [B, 1] each; a scalar in (-inf, 0].

    Raises ValueError for logits of another rank or of unlike shapes, which would broadcast.
    """
    _check_logits(real_logits, fake_logits)
    log_d_real = LOG_D[log_form](real_logits)  # [B, 1]
    log_not_d_fake = LOG_NOT_D[log_form](fake_logits)  # [B, 1]
    return tf.reduce_mean(log_d_real + log_not_d_fake)


def d_loss(value: tf.Tensor) -> tf.Tensor:
    """D ascends V: its loss is -V, the sum (not the mean) of its two cross-entropies."""
    return -value


def d_loss_real(real_logits: tf.Tensor, log_form: str = "stable") -> tf.Tensor:
    """-E log D(x), the half of D's loss that real rows decide. Logits [B, 1]; a scalar in [0, inf)."""
    _check_logits(real_logits)
    return -tf.reduce_mean(LOG_D[log_form](real_logits))


def d_loss_fake(fake_logits: tf.Tensor, log_form: str = "stable") -> tf.Tensor:
    """-E log(1 - D(G(z))), the half of D's loss that fake rows decide. Logits [B, 1]; a scalar in [0, inf)."""
    _check_logits(fake_logits)
    return -tf.reduce_mean(LOG_NOT_D[log_form](fake_logits))


def non_saturating(fake_logits: tf.Tensor, log_form: str = "stable") -> tf.Tensor:
    """-E log D(G(z)), section 3: strong gradient where D rejects. Logits [B, 1]; a scalar in [0, inf)."""
    _check_logits(fake_logits)
    return -tf.reduce_mean(LOG_D[log_form](fake_logits))


def minimax(fake_logits: tf.Tensor, log_form: str = "stable") -> tf.Tensor:
    """E log(1 - D(G(z))), eq. 1: saturates where D rejects. Logits [B, 1]; a scalar in (-inf, 0]."""
    _check_logits(fake_logits)
    return tf.reduce_mean(LOG_NOT_D[log_form](fake_logits))


G_LOSSES: dict[str, Callable] = {"non_saturating": non_saturating, "minimax": minimax}


def _check_logits(*logits: tf.Tensor) -> None:
    for one in logits:
        if one.shape.rank != 2 or one.shape[1] != 1:
            raise ValueError(f"logits of shape [B, 1] are wanted, got {one.shape}")
        one.shape.assert_is_compatible_with(logits[0].shape)
