"""How the data of a kind are shown and measured while a run goes on: a new kind is one file and one line here."""

from gan_lowlevel.data.dataset import Dataset
from gan_lowlevel.data.drawn import Law
from gan_lowlevel.data.mixture import Mixture
from gan_lowlevel.metrics import modes
from gan_lowlevel.networks.game import Game
from gan_lowlevel.views import grids, plane
from gan_lowlevel.views.grids import Grids
from gan_lowlevel.views.line import Line
from gan_lowlevel.views.plane import Plane
from gan_lowlevel.views.scene import Scene, View


def shown(game: Game, data: Dataset | Law) -> int:
    """How many z stay the same for all pictures of a run, those of the generate command's first seeds."""
    if game.picture_shape:
        return grids.SAMPLES
    return modes.SAMPLES if isinstance(data, Mixture) else plane.POINTS


def of(scene: Scene) -> View:
    """The view of the scene's game: pictures, numbers on a line, or points in the plane."""
    if scene.loop.game.picture_shape:
        return Grids(scene)
    return Line(scene) if scene.loop.game.data_shape == (1,) else Plane(scene)
