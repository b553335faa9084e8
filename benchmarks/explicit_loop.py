"""The explicit loop against the articles' own ways of driving the same networks, in turns in one run.

    python -m benchmarks.explicit_loop --model=mlp --input_data_dir=DIR   # feed_dict, as the first article
    python -m benchmarks.explicit_loop --model=parabola   # Keras train_on_batch, as the last one

Prints steps per second of each round and the median ratio with its spread. Each contestant runs in a process of its
own that is woken for its turns only, so that they share the machine's noise and nothing else.
"""

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator

BATCH, SEED = 256, 0


def ours(settings: list[str]) -> Callable[[int], None]:
    """The package's explicit loop with its own recipe."""
    from gan_lowlevel import command, data
    from gan_lowlevel.commandline import read_config

    command.start_tensorflow()
    import tensorflow as tf

    from gan_lowlevel import gan, loop, networks, sessions, system

    config = read_config(settings)
    game = networks.GAMES[config.model](config)
    rows = data.rows(data.load(config), config, game.output_range, game.data_shape)
    tf.Graph().as_default().__enter__()
    session = tf.compat.v1.Session(config=sessions.session_config(system.cores()))
    explicit = loop.ExplicitLoop(session, gan.build(config, game), game, config, rows)
    session.run(tf.compat.v1.global_variables_initializer())
    return lambda step: explicit.play(step)


def article(settings: list[str]) -> Callable[[int], None]:
    """mlp as its article drives it: feed_dict, log of probabilities, one run an update, one z for ever.

    Its batches are those of TensorFlow 1's MNIST reader, which it uses: float images, copied in a new order at each
    epoch's beginning, 5,000 of 60,000 kept aside.
    """
    return feed_dict(settings, as_the_article=True)


def feed_dict(settings: list[str], as_the_article: bool = False) -> Callable[[int], None]:
    """The same at its leanest, and with the work that ours does: fresh z for every update, rows gathered by batch."""
    from gan_lowlevel import command, data
    from gan_lowlevel.commandline import read_config

    command.start_tensorflow()
    import numpy as np
    import tensorflow as tf

    from gan_lowlevel import sessions, system
    from gan_lowlevel.networks import mlp

    v1 = tf.compat.v1
    config = read_config(settings)
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
    session = v1.Session(config=sessions.session_config(system.cores()))
    session.run(v1.global_variables_initializer())
    random = np.random.default_rng(SEED)
    once = random.uniform(-1.0, 1.0, size=(BATCH, 100))

    def latent() -> np.ndarray:
        return once if as_the_article else random.uniform(-1.0, 1.0, size=(BATCH, 100))

    def batches() -> Iterator[np.ndarray]:
        kept = images[: len(images) * 11 // 12] if as_the_article else images
        while True:
            order = random.permutation(len(kept))
            shuffled = kept[order] if as_the_article else None
            for first in range(0, len(order) - BATCH + 1, BATCH):
                rows = slice(first, first + BATCH)
                yield shuffled[rows] if as_the_article else images[order[rows]]

    following = batches()

    def play(step: int) -> None:
        session.run([d_train, d_loss], feed_dict={x: next(following), z: latent()})
        for _ in range(2):
            session.run([g_train, g_loss], feed_dict={z: latent()})

    return play


def train_on_batch(settings: list[str]) -> Callable[[int], None]:
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


def _contestant(make: Callable, settings: list[str], wake) -> None:
    play, step = make(settings), 0
    while (steps := wake.recv()) is not None:
        began = time.perf_counter()
        for step in range(step, step + steps):  # noqa: B020 - goes on where the last turn ended
            play(step)
        step += 1
        wake.send(steps / (time.perf_counter() - began))


def race(model: str, settings: list[str], rounds: int) -> None:
    """Warm up, then give each contestant its turn, round after round."""
    contestants = {
        "mlp": ((ours, 300), (feed_dict, 300), (article, 300)),
        "parabola": ((ours, 3000), (train_on_batch, 60)),
    }[model]
    lanes = []
    context = multiprocessing.get_context("spawn")
    for make, steps in contestants:
        here, there = context.Pipe()
        context.Process(target=_contestant, args=(make, settings, there), daemon=True).start()
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
    parser.add_argument("--input_data_dir", default="", help="folder of MNIST; empty: the embedded digits")
    arguments = parser.parse_args()
    flags = [f"--model={arguments.model}", f"--input_data_dir={arguments.input_data_dir}"]
    race(arguments.model, flags, arguments.rounds)
