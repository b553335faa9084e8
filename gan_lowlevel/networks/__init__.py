"""The games, by name. A new one is a file here, a row in this table and its recipe, flags/NAME.flags."""

from collections.abc import Callable

from gan_lowlevel.config import Config
from gan_lowlevel.networks import dcgan, dog, gaussian, goodfellow, mixture, mlp, mlp_deep, parabola
from gan_lowlevel.networks.game import Game

GAMES: dict[str, Callable[[Config], Game]] = {
    "dcgan": dcgan.game,
    "dog": dog.game,
    "gaussian": gaussian.game,
    "goodfellow": goodfellow.game,
    "mixture": mixture.game,
    "mlp": mlp.game,
    "mlp_deep": mlp_deep.game,
    "parabola": parabola.game,
}
