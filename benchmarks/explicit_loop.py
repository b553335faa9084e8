"""The explicit loop against the articles' own ways of driving the same networks, in turns in one run.

    python -m benchmarks.explicit_loop --model=mlp        # against feed_dict, as the first article does
    python -m benchmarks.explicit_loop --model=parabola   # against Keras train_on_batch, as the last one does

Prints steps per second of each round and the median ratio with its spread. Each contestant runs in a process of its
own that is woken for its turns only, so that they share the machine's noise and nothing else.
"""

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator

BATCH, SEED = 256, 0


def ours(model: str) -> Callable[[int], None]:
    """The package's explicit loop with its own recipe and the embedded digits."""
    from gan_lowlevel import command, data
    from gan_lowlevel.commandline import read_config

    command.start_tensorflow()
    import tensorflow as tf

    from gan_lowlevel import gan, loop, networks, system

    config = read_config([f"--model={model}"])
    game = networks.GAMES[model](config)
    rows = data.rows(data.load(config), config, game.output_range, game.data_shape)
    tf.Graph().as_default().__enter__()
    session = tf.compat.v1.Session(config=gan.session_config(system.cores()))
    explicit = loop.ExplicitLoop(session, gan.build(config, game), game, config, rows)
    session.run(tf.compat.v1.global_variables_initializer())
    return lambda step: explicit.play(step)


def feed_dict(model: str, z_for_ever: bool = False) -> Callable[[int], None]:
    """mlp as its article drives it: x and z from NumPy, fed; log of probabilities; one run an update, losses fetched.

    z is drawn for each update, the work that ours does too, or once for ever, as the article's own program has it.
    """
    from gan_lowlevel import command, data
    from gan_lowlevel.commandline import read_config

    command.start_tensorflow()
    import numpy as np
    import tensorflow as tf

    from gan_lowlevel import gan, system
    from gan_lowlevel.networks import mlp

    v1 = tf.compat.v1
    config = read_config(["--model=mlp"])
    images = data.load(config).images.reshape(-1, 784).astype(np.float32) / 255
    x, z = v1.placeholder(tf.float32, [None, 784]), v1.placeholder(tf.float32, [None, 100])
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
    session = v1.Session(config=gan.session_config(system.cores()))
    session.run(v1.global_variables_initializer())
    random = np.random.default_rng(SEED)
    once = random.uniform(-1.0, 1.0, size=(BATCH, 100))

    def latent() -> np.ndarray:
        return once if z_for_ever else random.uniform(-1.0, 1.0, size=(BATCH, 100))

    def batches() -> Iterator[np.ndarray]:
        while True:
            order = random.permutation(len(images))
            for first in range(0, len(order) - BATCH + 1, BATCH):
                yield images[order[first : first + BATCH]]

    following = batches()

    def play(step: int) -> None:
        session.run([d_train, d_loss], feed_dict={x: next(following), z: latent()})
        for _ in range(2):
            session.run([g_train, g_loss], feed_dict={z: latent()})

    return play


def feed_dict_one_z(model: str) -> Callable[[int], None]:
    """The same with one z for ever."""
    return feed_dict(model, z_for_ever=True)


def train_on_batch(model: str) -> Callable[[int], None]:
    """parabola as its article drives it: D on 64 real points, on 64 fake ones, then a stack with frozen D on 128."""
    import keras
    import numpy as np

    layers = keras.layers
    d = keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(25, activation="relu", kernel_initializer="he_uniform"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    d.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    g = keras.Sequential(
        [keras.Input((5,)), layers.Dense(15, activation="relu", kernel_initializer="he_uniform"), layers.Dense(2)]
    )
    d.trainable = False
    stack = keras.Sequential([g, d])
    stack.compile(loss="binary_crossentropy", optimizer="adam")
    random = np.random.default_rng(SEED)
    ones, zeros, all_ones = np.ones((64, 1)), np.zeros((64, 1)), np.ones((128, 1))

    def play(step: int) -> None:
        x = random.random((64, 1)) - 0.5
        d.train_on_batch(np.hstack((x, x * x)), ones)
        d.train_on_batch(g.predict(random.standard_normal((64, 5)), verbose=0), zeros)
        stack.train_on_batch(random.standard_normal((128, 5)), all_ones)

    return play


def _contestant(make: Callable, model: str, wake) -> None:
    play, step = make(model), 0
    while (steps := wake.recv()) is not None:
        began = time.perf_counter()
        for step in range(step, step + steps):  # noqa: B020 - goes on where the last turn ended
            play(step)
        step += 1
        wake.send(steps / (time.perf_counter() - began))


def race(model: str, rounds: int) -> None:
    """Warm up, then give each contestant its turn, round after round."""
    contestants = {
        "mlp": ((ours, 300), (feed_dict, 300), (feed_dict_one_z, 300)),
        "parabola": ((ours, 3000), (train_on_batch, 60)),
    }[model]
    lanes = []
    context = multiprocessing.get_context("spawn")
    for make, steps in contestants:
        here, there = context.Pipe()
        context.Process(target=_contestant, args=(make, model, there), daemon=True).start()
        lanes.append((make.__name__, here, steps))
    ratios = []
    for number in range(-1, rounds):
        rates = []
        for _, lane, steps in lanes:
            lane.send(max(steps // 10, 5) if number < 0 else steps)
            rates.append(lane.recv())
        if number >= 0:  # the round before is warm-up
            ratios.append([rates[0] / rate for rate in rates])
            shown = ", ".join(f"{name} {rate:,.1f} steps/s" for (name, _, _), rate in zip(lanes, rates, strict=True))
            print(f"round {number + 1}: {shown}", flush=True)
    for _, lane, _ in lanes:
        lane.send(None)
    for (name, _, _), of_peer in list(zip(lanes, zip(*ratios, strict=True), strict=True))[1:]:
        print(
            f"{model}: ours over {name}, median of {rounds} rounds {statistics.median(of_peer):.2f} "
            f"(from {min(of_peer):.2f} to {max(of_peer):.2f})"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=("mlp", "parabola"), default="mlp")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    race(arguments.model, arguments.rounds)
