"""How the data of a kind are shown and measured while a run goes on: a new kind is one file and one line here."""

from gan_lowlevel.views.grids import Grids
from gan_lowlevel.views.plane import Plane
from gan_lowlevel.views.scene import Scene, View


def of(scene: Scene) -> View:
    """The view of the scene's game: pictures, or points in the plane."""
    return Grids(scene) if scene.loop.game.picture_shape else Plane(scene)
