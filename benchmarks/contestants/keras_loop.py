"""The games as articles drive them with Keras: D compiled, and a stack of G and a frozen D, each by train_on_batch."""

import os

import numpy as np

from benchmarks.contestants import Contestant, Settings, g_rows, lowest, normal_latent, pixels, shown


def keras_train_on_batch(settings: Settings) -> Contestant:
    """On TensorFlow, as it comes."""
    from gan_lowlevel import system

    os.environ["KERAS_BACKEND"] = "tensorflow"
    system.import_quietly("tensorflow")
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(settings.threads)
    tf.config.threading.set_inter_op_parallelism_threads(settings.threads)
    keras.utils.set_random_seed(settings.seed)
    config = settings.config()
    batch, low = config.batch_size, lowest(config.model)
    g, d = _players(config.model, config.d_dropout)

    def optimizer(learning_rate: float) -> keras.Optimizer:
        if config.optimizer == "nesterov":
            return keras.optimizers.SGD(learning_rate, momentum=config.momentum, nesterov=True)
        return keras.optimizers.Adam(learning_rate, config.beta1, 0.999, config.epsilon)

    # A joint batch's mean is over twice the rows, half of the recipe's D loss; Adam does not see it, SGD does.
    d_rate = config.d_learning_rate * (2 if config.optimizer == "nesterov" else 1)
    d.compile(loss="binary_crossentropy", optimizer=optimizer(d_rate), metrics=["accuracy"])
    d.trainable = False
    stack = keras.Sequential([g, d])
    stack.compile(loss="binary_crossentropy", optimizer=optimizer(config.g_learning_rate))
    table = pixels(config)
    if config.model == "mlp_deep":
        table = table.reshape(len(table), -1)
    random = np.random.default_rng(settings.seed)
    ones, zeros, joint = np.ones((batch, 1)), np.zeros((batch, 1)), np.repeat([[1.0], [0.0]], batch, axis=0)
    all_ones = np.ones((g_rows(config), 1))

    def real() -> np.ndarray:
        if config.model == "parabola":
            x = random.random((batch, 1)) - 0.5
            return np.hstack((x, x * x))
        rows = table[random.integers(len(table), size=batch)].astype(np.float32)
        return rows * ((1.0 - low) / 255) + low

    def latent(rows: int) -> np.ndarray:
        shape = (rows, config.z_dim)
        return random.standard_normal(shape) if normal_latent(config.model) else random.uniform(-1.0, 1.0, shape)

    def made(z: np.ndarray) -> np.ndarray:
        if config.model == "dcgan":  # with batch statistics
            return np.asarray(g(z, training=True))
        return g.predict(z, verbose=0)

    losses = (0.0, 0.0)

    def play(steps: int) -> None:
        nonlocal losses
        for _ in range(steps):
            d.trainable = True  # Keras 3 asks at the first call, not where the model is compiled
            if config.model == "parabola":
                on_real, _ = d.train_on_batch(real(), ones)
                d.reset_metrics()
                on_fake, _ = d.train_on_batch(made(latent(batch)), zeros)
                d_loss = on_real + on_fake
            else:
                d_loss = 2 * d.train_on_batch(np.concatenate([real(), made(latent(batch))]), joint)[0]
            d.trainable = False
            g_loss = stack.train_on_batch(latent(g_rows(config)), all_ones)
            losses = float(d_loss), float(g_loss)

    def sample(count: int) -> np.ndarray:
        return shown(config.model, g.predict(latent(count), verbose=0))

    return Contestant(play=play, losses=lambda: losses, sample=sample)


def _players(model: str, d_dropout: float):
    """G, and D, which ends in probabilities; their initial weights as the source says."""
    import keras
    from keras import layers

    leaky_relu = lambda: layers.LeakyReLU(negative_slope=0.2)  # noqa: E731
    if model == "mlp_deep":
        uniform = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
        g, d = [keras.Input((100,))], [keras.Input((784,))]
        for g_units, d_units in ((256, 1024), (512, 512), (1024, 256)):
            g += [layers.Dense(g_units, kernel_initializer=uniform), leaky_relu()]
            d += [layers.Dense(d_units, kernel_initializer=uniform), leaky_relu()]
        g.append(layers.Dense(784, activation="tanh", kernel_initializer=uniform))
        d.append(layers.Dense(1, activation="sigmoid", kernel_initializer=uniform))
    elif model == "dcgan":
        normal = keras.initializers.RandomNormal(stddev=0.02)
        conv = {"kernel_size": 5, "padding": "same", "use_bias": False, "kernel_initializer": normal}
        gamma = keras.initializers.RandomNormal(mean=1.0, stddev=0.02)
        norm = lambda: layers.BatchNormalization(momentum=0.99, epsilon=1e-3, gamma_initializer=gamma)  # noqa: E731
        g = [keras.Input((100,)), layers.Dense(12544, kernel_initializer=normal), layers.Reshape((7, 7, 256))]
        for filters, strides in ((128, 1), (64, 2), (32, 2)):
            g += [norm(), leaky_relu(), layers.Conv2DTranspose(filters, strides=strides, **conv)]
        g += [norm(), leaky_relu(), layers.Conv2D(1, activation="tanh", **conv)]
        d = [keras.Input((28, 28, 1))]
        for filters in (64, 128):
            d += [layers.Conv2D(filters, strides=2, **conv), leaky_relu(), layers.Dropout(d_dropout)]
        d += [layers.Flatten(), layers.Dense(1, activation="sigmoid", kernel_initializer=normal)]
    elif model == "dog":
        g = [
            keras.Input((1000,)),
            layers.Dense(1024, activation="tanh"),
            layers.Dense(8192),
            layers.BatchNormalization(momentum=0.99, epsilon=1e-3),
            layers.Activation("tanh"),
            layers.Reshape((8, 8, 128)),
            layers.UpSampling2D(4),
            layers.Conv2D(64, 5, padding="same", activation="tanh"),
            layers.UpSampling2D(2),
            layers.Conv2D(3, 5, padding="same", activation="tanh"),
        ]
        d = [
            keras.Input((64, 64, 3)),
            layers.Conv2D(64, 5, padding="same", activation="tanh"),
            layers.MaxPooling2D(2),
            layers.Conv2D(128, 5, activation="tanh"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(1024, activation="tanh"),
            layers.Dense(1, activation="sigmoid"),
        ]
    else:
        hidden = {"activation": "relu", "kernel_initializer": "he_uniform"}
        g = [keras.Input((5,)), layers.Dense(15, **hidden), layers.Dense(2)]
        d = [keras.Input((2,)), layers.Dense(25, **hidden), layers.Dense(1, activation="sigmoid")]
    return keras.Sequential(g), keras.Sequential(d)
