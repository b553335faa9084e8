"""The machine's best float32 matrix product, the measure of everybody's share: one step is one product."""

import numpy as np

from benchmarks.contestants import Contestant, Settings

SIZE = 2048
PRODUCTS = SIZE**3  # multiply-adds


def peak(settings: Settings) -> Contestant:
    """[SIZE, SIZE] times [SIZE, SIZE]."""
    from gan_lowlevel import command

    command.start_tensorflow()
    import tensorflow as tf

    from gan_lowlevel import sessions

    random = np.random.default_rng(settings.seed)
    a, b = (tf.compat.v1.get_variable(name, initializer=_factor(random)) for name in "ab")
    one = tf.matmul(a, b)[0, 0]  # an element, so that the product is not pruned and little is copied
    session = tf.compat.v1.Session(config=sessions.session_config(settings.threads))
    session.run(tf.compat.v1.global_variables_initializer())

    def play(steps: int) -> None:
        for _ in range(steps):
            session.run(one)

    return Contestant(play=play, losses=lambda: (0.0, 0.0), sample=lambda count: np.zeros((count, 2), np.float32))


def _factor(random: np.random.Generator) -> np.ndarray:
    return random.standard_normal((SIZE, SIZE), np.float32)
