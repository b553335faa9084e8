"""Twenty steps of two games on each device under each engine: how fast, and whether all reach the same weights."""

import functools
import time
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gan_lowlevel import data, networks, system
from gan_lowlevel.commandline import read_config
from gan_lowlevel.compiled import CompiledLoop
from gan_lowlevel.data.dataset import Dataset
from gan_lowlevel.data.drawn import Law
from gan_lowlevel.errors import one_line
from gan_lowlevel.gan import build
from gan_lowlevel.loop import ExplicitLoop
from gan_lowlevel.sessions import session_config

v1 = tf.compat.v1

STEPS = 20
# Small products and larger ones, on data that come with the installation; bfloat16 where it can be of use.
GAMES = (("parabola", "float32"), ("mlp", "float32"), ("mlp", "bfloat16"))
ENGINES = ("explicit", "compiled")
# How far a weight may be from where the explicit engine has it on the CPU in float32. Sums in another order differ by
# about 1e-7, which twenty steps of Adam carry on to 1e-5; with another device the draws differ so, too, and of a
# gradient of rounding's size Adam makes a step of its full length, 1e-3. Factors of 8 bits turn a few such more.
ENGINES_APART, DEVICES_APART, PRECISIONS_APART = 1e-4, 1e-3, 1e-2
LEAST_MOVED = 1.5e-2  # by the steps themselves, of which Adam's first are 1e-3 each, or the comparison would say little


class Played(NamedTuple):
    """What the steps came to."""

    rate: float  # steps a second, without the first
    first: dict[str, np.ndarray]  # the weights before
    last: dict[str, np.ndarray]


def trials() -> tuple[list[tuple[str, str]], list[str]]:
    """A line for each game, precision, device and engine, and what is wrong, a sentence each."""
    lines, problems = [], []
    there = ("cpu", "gpu") if tf.config.list_physical_devices("GPU") else ("cpu",)
    references: dict[str, Played] = {}
    for model, precision in GAMES:
        for device in there:
            for engine in ENGINES:
                name = f"{model}, {precision}, {device}, {engine}"
                try:
                    came = play(model, precision, device, engine)
                except Exception as error:  # the others are worth as much
                    reason = one_line(str(getattr(error, "message", error)).strip().partition("\n")[0])
                    lines.append((name, f"failed: {reason}"))
                    problems.append(f"{name} can't be trained here ({reason}): take another --engine or --device.")
                    continue
                reference = references.setdefault(model, came)
                apart, bound = distance(came.last, reference.last), bound_of(precision, device)
                said = "" if came is reference else f", {apart:.0e} apart ({bound:.0e} is well)"
                lines.append((name, f"{came.rate:,.0f} steps/s{said}"))
                if not apart <= bound:  # nor is NaN
                    problems.append(f"{name} ends {apart:.0e} from {model}'s first line, {bound:.0e} is the most: "
                                    "don't trust runs like it, and report this block.")  # fmt: skip
                if came is reference and not distance(came.last, came.first) >= LEAST_MOVED:
                    problems.append(f"{name} learns nothing in {STEPS} steps: report this block.")
    return lines, problems


def bound_of(precision: str, device: str) -> float:
    """How far from the reference a weight may be."""
    if precision != "float32":
        return PRECISIONS_APART
    return ENGINES_APART if device == "cpu" else DEVICES_APART


def play(model: str, precision: str, device: str, engine: str) -> Played:
    """The game's first steps, in a graph of its own; nothing is written."""
    config = read_config([f"--model={model}", f"--precision={precision}", f"--device={device}", "--dry_run"])
    game = networks.GAMES[model](config)
    rows = data.rows(_data(model), config, game.output_range, game.data_shape)
    with tf.Graph().as_default(), v1.Session(config=session_config(system.cores(), device)) as session:
        explicit = ExplicitLoop(session, build(config, game), game, config, rows)
        weights = {variable.op.name: variable for variable in v1.trainable_variables()}
        session.run(v1.global_variables_initializer())
        loop = explicit if engine == "explicit" else CompiledLoop(explicit)
        first = session.run(weights)
        _, done = loop.play_until(0, 1)  # the first takes what has to be built and compiled
        began = time.perf_counter()
        while done < STEPS:
            _, done = loop.play_until(done, STEPS)
        seconds = time.perf_counter() - began
        return Played((STEPS - 1) / seconds, first, session.run(weights))


@functools.cache
def _data(model: str) -> Dataset | Law:
    return data.load(read_config([f"--model={model}", "--dry_run"]))


def distance(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> float:
    """The largest difference of two weights; NaN where one is."""
    return float(np.max([np.abs(a[name] - b[name]).max() for name in a]))
