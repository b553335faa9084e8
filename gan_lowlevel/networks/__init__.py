"""The games, by name. A new one is a file here, a row in this table and its recipe, flags/NAME.flags."""

from gan_lowlevel.networks import mlp
from gan_lowlevel.networks.game import Game

GAMES: dict[str, Game] = {
    "mlp": mlp.GAME,
}
