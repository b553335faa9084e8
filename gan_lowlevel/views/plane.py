"""Points in the plane: scatter, D's surface with the forces on G's points, walks between two z."""

import numpy as np

from gan_lowlevel import plots
from gan_lowlevel.data import parabola
from gan_lowlevel.loop import Report
from gan_lowlevel.metrics import plane
from gan_lowlevel.views.scene import Scene

POINTS = 100  # real and generated points in a scatter; the source's number
MEASURED = 1000  # points that quality is measured on
SIDE = 101  # points of D's surface on a side
WALKS, WALK_STEPS = 6, 40


class Plane:
    """The view of a game whose rows are (x, y)."""

    def __init__(self, scene: Scene):
        self._scene = scene
        self._real = scene.data.points(scene.loop.config.seed, 0, POINTS)

    def start(self, step: int) -> None:
        """The function itself."""
        x = np.linspace(parabola.LOW, parabola.HIGH, 101)
        self._scene.keep("function.png", "samples/function", step, plots.line(x, parabola.function(x), "y = x²"))

    def samples(self, step: int) -> None:
        """Real points and G's, or what else D learns to refuse."""
        scene, name = self._scene, self._scene.run.sample(step).name
        fakes, what = self._fakes()
        reach = scene.data.reach
        beyond = int((np.abs(fakes) > reach).any(axis=1).sum())
        title = f"after {step:,} steps: real red, {what} blue{f', {beyond} outside' if beyond else ''}"
        scene.keep(f"samples/{name}", "samples/fake", step, plots.scatter(self._real, fakes, title, reach))

    def views(self, step: int) -> None:
        """D over the plane and where it pushes G's points, under both losses; a walk."""
        scene, gan, name = self._scene, self._scene.loop.gan, self._scene.run.sample(step).name
        axis = np.linspace(-scene.data.reach, scene.data.reach, SIDE, dtype=np.float32)
        grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)  # (x, y), y by rows
        d = scene.loop.session.run(gan.play.d_real, {gan.x: grid, gan.draw: scene.draw(step, 1)})
        fakes, what = self._fakes()
        feed = {gan.play.fake: fakes, gan.z: scene.z, gan.draw: scene.draw(step, 1), gan.training: False}
        forces = scene.loop.session.run(scene.theory.forces, feed)
        panels = {f"−∂L/∂x, {g_loss} loss": force for g_loss, force in forces.items()}
        title = f"D after {step:,} steps, line: D = ½; real red, {what} blue"
        picture = plots.surface(axis, d.reshape(SIDE, SIDE), self._real, fakes, panels, title)
        scene.keep(f"surface/{name}", "views/surface", step, picture)
        title = f"after {step:,} steps: G on lines from z to z"
        paths = scene.walks(WALKS, WALK_STEPS)
        scene.events.picture(step, "views/walk", plots.walk(paths, self._real, title, scene.data.reach))

    def measures(self, step: int) -> dict[str, float]:
        """Those of the metrics for points on the function, on fresh z and fresh real points."""
        scene, gan = self._scene, self._scene.loop.gan
        feed = {gan.draw: scene.draw(step, MEASURED), gan.training: False}
        fakes = scene.loop.session.run(gan.play.fake, feed)
        real = scene.data.points(scene.loop.config.seed + 2**31, 0, MEASURED)  # of no run's own seed
        measured = plane.measure(fakes, real)
        return {f"quality/{name}": float(figure) for name, figure in measured._asdict().items()}

    def accuracies(self, step: int, report: Report) -> tuple[str, float, float]:
        """On fresh points, as many as the source takes."""
        return self._scene.accuracies(step)

    def _fakes(self) -> tuple[np.ndarray, str]:
        """POINTS fakes that D learns to refuse, and what they are."""
        config = self._scene.loop.config
        if config.fakes == "uniform":
            return parabola.uniform_points(config.seed, 0, POINTS), "uniform"
        return self._scene.fakes(self._scene.z), "generated"
