"""Multiply-adds of one step, counted from the networks: what their formulas say, and what ours carries out.

python -m benchmarks.products  # checks itself, and prints the table
"""

import dataclasses
import math

from gan_lowlevel.config import Config


@dataclasses.dataclass(frozen=True)
class Layer:
    """A layer with weights: its products for one row, which its two gradients have too."""

    weights: tuple[int, ...]
    positions: int = 1  # where the weights are applied: a convolution's outputs, a transposed one's inputs

    @property
    def products(self) -> int:
        """Forward, for one row."""
        return math.prod(self.weights) * self.positions


@dataclasses.dataclass(frozen=True)
class Players:
    """The layers of both players, the first one first."""

    g: tuple[Layer, ...]
    d: tuple[Layer, ...]


def _dense(*widths: int) -> tuple[Layer, ...]:
    return tuple(Layer((widths[i], widths[i + 1])) for i in range(len(widths) - 1))


WRITTEN = {
    "mlp": Players(g=_dense(100, 128, 784), d=_dense(784, 128, 1)),
    "mlp_deep": Players(g=_dense(100, 256, 512, 1024, 784), d=_dense(784, 1024, 512, 256, 1)),
    "dcgan": Players(
        g=(
            *_dense(100, 12544),
            Layer((5, 5, 256, 128), 7 * 7),
            Layer((5, 5, 128, 64), 7 * 7),
            Layer((5, 5, 64, 32), 14 * 14),
            Layer((5, 5, 32, 1), 28 * 28),
        ),
        d=(Layer((5, 5, 1, 64), 14 * 14), Layer((5, 5, 64, 128), 7 * 7), *_dense(6272, 1)),
    ),
    "dog": Players(
        g=(*_dense(1000, 1024, 8192), Layer((5, 5, 128, 64), 32 * 32), Layer((5, 5, 64, 3), 64 * 64)),
        d=(Layer((5, 5, 3, 64), 64 * 64), Layer((5, 5, 64, 128), 28 * 28), *_dense(25088, 1024, 1)),
    ),
    "parabola": Players(g=_dense(5, 15, 2), d=_dense(2, 25, 1)),
}

# Ours convolves the small picture in the place of the upsampled one: 3x3 taps, and filters for each pixel of a block.
EXECUTED = WRITTEN | {
    "dog": dataclasses.replace(
        WRITTEN["dog"],
        g=(*_dense(1000, 1024, 8192), Layer((3, 3, 128, 16 * 64), 8 * 8), Layer((3, 3, 64, 4 * 3), 32 * 32)),
    )
}


def a_step(config: Config, executed: bool = False) -> int:
    """Multiply-adds of one step of the recipe; a gradient has as many as its layer's forward pass.

    An update of D: G forward, D forward and its weights' gradients on real and on fake, and the gradients by the
    inputs of all its layers but the first. An update of G: both forward, the gradients by the inputs of all of D's
    layers and of all of G's but the first, and by G's weights.
    """
    players = (EXECUTED if executed else WRITTEN)[config.model]
    g, d = _sum(players.g), _sum(players.d)
    d_update = g + 2 * (d + d + _sum(players.d[1:]))
    g_update = g + d + d + g + _sum(players.g[1:])
    g_rows = config.batch_size * (2 if config.model == "parabola" else 1)
    return config.d_step * config.batch_size * d_update + config.g_step * g_rows * g_update


def _sum(layers: tuple[Layer, ...]) -> int:
    return sum(layer.products for layer in layers)


def check() -> None:
    """Hold the layers to the parameters that the sources print."""
    assert _sum(WRITTEN["mlp"].g) == 100 * 128 + 128 * 784
    # Weights and biases make the parameters that the sources print; dcgan's and dog's have batch norm besides.
    parameters = {
        name: [sum(math.prod(layer.weights) for layer in layers) for layers in (players.g, players.d)]
        for name, players in WRITTEN.items()
    }
    assert parameters["mlp"] == [114_064 - 128 - 784, 100_609 - 128 - 1]
    assert parameters["mlp_deep"] == [1_486_352 - 256 - 512 - 1024 - 784, 1_460_225 - 1024 - 512 - 256 - 1]
    assert parameters["dcgan"] == [2_344_864 - 12544 - 4 * (256 + 128 + 64 + 32), 212_673 - 1]
    assert parameters["dog"] == [9_664_259 - 1024 - 8192 - 4 * 8192 - 64 - 3, 25_901_953 - 64 - 128 - 1024 - 1]
    assert parameters["parabola"] == [122 - 15 - 2, 101 - 25 - 1]
    upsampled, small = WRITTEN["dog"].g[2:], EXECUTED["dog"].g[2:]
    assert [25 * after.products for after in small] == [9 * before.products for before in upsampled]


if __name__ == "__main__":
    from gan_lowlevel.commandline import read_config

    check()
    for name in WRITTEN:
        recipe = read_config([f"--model={name}"])
        counts = [a_step(recipe, executed) / 1e6 for executed in (False, True)]
        print(f"{name:10} {counts[0]:12,.3f} million multiply-adds a step as written, {counts[1]:12,.3f} as executed")
