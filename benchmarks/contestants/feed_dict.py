"""mlp as TensorFlow 1 is driven in its article: a graph, and rows and z fed to it from NumPy for each update."""

from collections.abc import Iterator

import numpy as np

from benchmarks.contestants import Contestant, Settings, pixels


def feed_dict(settings: Settings) -> Contestant:
    """At its leanest, with the work that ours does: fresh z for every update, rows gathered by batch."""
    return _driven(settings, as_the_article=False)


def feed_dict_article(settings: Settings) -> Contestant:
    """As its article drives it: log of probabilities, one run an update, one z for ever.

    Its batches are those of TensorFlow 1's MNIST reader, which it uses: float images, copied in a new order at each
    epoch's beginning, 5,000 of 60,000 kept aside.
    """
    return _driven(settings, as_the_article=True)


def _driven(settings: Settings, as_the_article: bool) -> Contestant:
    from gan_lowlevel import command

    command.start_tensorflow()
    import tensorflow as tf

    from gan_lowlevel import sessions
    from gan_lowlevel.networks import mlp

    v1 = tf.compat.v1
    config = settings.config()
    images = pixels(config).reshape(-1, 784).astype(np.float32) / 255
    x, z = v1.placeholder(tf.float32, [None, 784]), v1.placeholder(tf.float32, [None, config.z_dim])
    with v1.variable_scope("generator"):
        fake = mlp.generator(z)
    with v1.variable_scope("discriminator"):
        d_real, _ = mlp.discriminator(x)
    with v1.variable_scope("discriminator", reuse=True):
        d_fake, _ = mlp.discriminator(fake)
    d_loss = -tf.reduce_mean(v1.log(d_real) + v1.log(1.0 - d_fake))
    g_loss = -tf.reduce_mean(v1.log(d_fake))
    d_train = v1.train.AdamOptimizer().minimize(d_loss, var_list=v1.trainable_variables("discriminator/"))
    g_train = v1.train.AdamOptimizer().minimize(g_loss, var_list=v1.trainable_variables("generator/"))
    session = v1.Session(config=sessions.session_config(settings.threads))
    session.run(v1.global_variables_initializer())
    random = np.random.default_rng(settings.seed)
    once = random.uniform(-1.0, 1.0, size=(config.batch_size, config.z_dim))

    def latent() -> np.ndarray:
        return once if as_the_article else random.uniform(-1.0, 1.0, size=once.shape)

    def batches() -> Iterator[np.ndarray]:
        kept = images[: len(images) * 11 // 12] if as_the_article else images
        while True:
            order = random.permutation(len(kept))
            shuffled = kept[order] if as_the_article else None
            for first in range(0, len(order) - config.batch_size + 1, config.batch_size):
                rows = slice(first, first + config.batch_size)
                yield shuffled[rows] if as_the_article else images[order[rows]]

    following = batches()
    losses = (0.0, 0.0)

    def play(steps: int) -> None:
        nonlocal losses
        for _ in range(steps):
            _, d = session.run([d_train, d_loss], feed_dict={x: next(following), z: latent()})
            for _ in range(config.g_step):
                _, g = session.run([g_train, g_loss], feed_dict={z: latent()})
            losses = float(d), float(g)

    def sample(count: int) -> np.ndarray:
        return session.run(fake, {z: random.uniform(-1.0, 1.0, size=(count, config.z_dim))})

    return Contestant(play=play, losses=lambda: losses, sample=sample)
