"""Who races: a module for each library, a function for each contestant, named as here.

Each function takes Settings and returns a Contestant. Imports none of the libraries: the race's own process reads this.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from gan_lowlevel.commandline import read_config
from gan_lowlevel.config import Config

ALL = ("dcgan", "dog", "mlp", "mlp_deep", "parabola")
CONVOLUTIONAL = ("dcgan", "dog")


@dataclasses.dataclass(frozen=True)
class Entry:
    """Where a contestant is written, what it plays and what must be installed for it."""

    module: str
    models: tuple[str, ...]
    libraries: tuple[str, ...]


CONTESTANTS = {
    "compiled": Entry("ours", ALL, ("tensorflow",)),  # "ours" in the ratios
    "explicit": Entry("ours", ALL, ("tensorflow",)),
    "torch_eager": Entry("pytorch", ALL, ("torch",)),
    "torch_channels_last": Entry("pytorch", CONVOLUTIONAL, ("torch",)),
    "torch_compile": Entry("pytorch", ALL, ("torch",)),
    "jax_step": Entry("jax_loop", ALL, ("jax", "optax")),
    "jax_scan": Entry("jax_loop", ALL, ("jax", "optax")),
    "keras_train_on_batch": Entry("keras_loop", ("dcgan", "dog", "mlp_deep", "parabola"), ("keras", "tensorflow")),
    "feed_dict": Entry("feed_dict", ("mlp",), ("tensorflow",)),
    "feed_dict_article": Entry("feed_dict", ("mlp",), ("tensorflow",)),
    "peak": Entry("peak", ALL, ("tensorflow",)),
}


@dataclasses.dataclass(frozen=True)
class Settings:
    """What all contestants of a race share."""

    model: str
    input_data_dir: str
    threads: int
    seed: int = 0

    def config(self) -> Config:
        """The game's own recipe; every batch is whole, so that all steps are the same work, and nothing is recorded."""
        flags = [f"--model={self.model}", f"--input_data_dir={self.input_data_dir}", f"--seed={self.seed}"]
        flags += [f"--{what}_every=0" for what in ("summary", "sample", "save", "line")]
        flags += ["--last_batch=fill"] if self.model == "dcgan" else []
        return read_config([*flags, f"--threads={self.threads}"])


@dataclasses.dataclass(frozen=True)
class Contestant:
    """One way to train a game."""

    play: Callable[[int], None]  # that many steps, done when it returns
    losses: Callable[[], tuple[float, float]]  # of the last step: D's, G's
    sample: Callable[[int], np.ndarray]  # that many rows of G, as it draws: float32, pixels in [0, 1] or points
    prepare: Callable[[], None] = lambda: None  # compiles what is compiled; plays no step
    chunk: int = 1  # it plays multiples of so many steps


def normal_latent(model: str) -> bool:
    """Whether z is N(0, 1); else it is uniform in (-1, 1)."""
    return model in ("mlp_deep", "parabola")


def lowest(model: str) -> float:
    """What a black pixel is to the players; white is 1."""
    return 0.0 if model == "mlp" else -1.0


def g_rows(config: Config) -> int:
    """Rows of z in one update of G."""
    return config.batch_size * (2 if config.model == "parabola" else 1)


def pixels(config: Config) -> np.ndarray:
    """The pictures that train, in memory: uint8 [N, H, W, C]; for points one that nobody reads."""
    from gan_lowlevel import data

    if config.model == "parabola":
        return np.zeros((1, 1, 1, 1), np.uint8)
    return np.array(data.load(config).images)


def shown(model: str, rows: np.ndarray) -> np.ndarray:
    """G's rows as `sample` gives them."""
    return rows if model == "parabola" else (rows - lowest(model)) / (1.0 - lowest(model))
