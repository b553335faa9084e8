"""Points in the plane: scatter, D's surface with the forces on G's points, walks between two z."""

import numpy as np

from gan_lowlevel import plots
from gan_lowlevel.data import parabola
from gan_lowlevel.data.drawn import uniform_points, unseen
from gan_lowlevel.data.mixture import Mixture
from gan_lowlevel.loop import ExplicitLoop, Report
from gan_lowlevel.metrics import modes, plane
from gan_lowlevel.views.scene import Scene

POINTS = 100  # real and generated points in a scatter; the source's number
MEASURED = 1000  # points on the function that quality is measured on; of mixtures, as many as their sources take
SIDE = 101  # points of D's surface on a side
WALKS, WALK_STEPS = 6, 40

# Measures by the title of their chart.
CURVE_CHARTS = {
    "mean |y − x²|": ["quality/error"],
    f"share within {plane.NEAR} of the curve": ["quality/near"],
    f"energy distance to real points (above {plane.COLLAPSED}: collapsed)": ["quality/energy"],
    f"bins of x that are filled, of {plane.BINS}": ["quality/bins"],
}
MODES_CHARTS = {
    "modes found": ["quality/modes"],
    "share within 3σ of a mode": ["quality/high_quality"],
    "reverse KL over modes": ["quality/reverse_kl"],
}


def over(axis: np.ndarray, loop: ExplicitLoop, draw: tuple[int, int, int]) -> np.ndarray:
    """D over the square of `axis` [N]: float32 [N, N], y by rows. `draw` decides its masks, as a game's `draw` does."""
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)  # (x, y), y by rows
    d = loop.session.run(loop.gan.play.d_real, {loop.gan.x: grid, loop.gan.draw: draw})
    return d.reshape(len(axis), len(axis))


class Plane:
    """The view of a game whose rows are (x, y)."""

    def __init__(self, scene: Scene):
        self._scene = scene
        self._real = scene.data.points(scene.loop.config.seed, 0, len(scene.z))
        self._modes = isinstance(scene.data, Mixture)
        self.charts = MODES_CHARTS if self._modes else CURVE_CHARTS
        (scene.run.directory / "surface").mkdir(exist_ok=True)
        self._size = 3.0 if len(self._real) <= POINTS else 1.5  # of a point in a picture

    def start(self, step: int) -> None:
        """The function itself, where there is one."""
        if isinstance(self._scene.data, parabola.Parabola):
            x = np.linspace(parabola.LOW, parabola.HIGH, 101)
            self._scene.keep("function.png", "samples/function", step, plots.line(x, parabola.function(x), "y = x²"))

    def samples(self, step: int) -> None:
        """Real points and G's, or what else D learns to refuse."""
        scene, name = self._scene, self._scene.run.sample(step).name
        fakes, what = self._fakes()
        low, high = scene.data.bounds
        beyond = int(((fakes < low) | (fakes > high)).any(axis=1).sum())
        title = f"after {step:,} steps: real red, {what} blue{f', {beyond} outside' if beyond else ''}"
        picture = plots.scatter(self._real, fakes, title, scene.data.bounds, self._size)
        scene.keep(f"samples/{name}", "samples/fake", step, picture)

    def views(self, step: int) -> None:
        """D over the plane and where it pushes G's points, under both losses; a walk."""
        scene, gan, name = self._scene, self._scene.loop.gan, self._scene.run.sample(step).name
        axis = np.linspace(*scene.data.bounds, SIDE, dtype=np.float32)
        d = over(axis, scene.loop, scene.draw(step, 1))
        fakes, what = self._fakes()
        fakes, real = fakes[:POINTS], self._real[: 3 * POINTS]
        forces = scene.loop.session.run(scene.theory.forces, {gan.play.fake: fakes, gan.draw: scene.draw(step, 1)})
        panels = {f"−∂L/∂x, {g_loss} loss": force for g_loss, force in forces.items()}
        title = f"D after {step:,} steps, line: D = ½; real red, {what} blue"
        picture = plots.surface(axis, d, real, fakes, panels, title)
        scene.keep(f"surface/{name}", "views/surface", step, picture)
        title = f"after {step:,} steps: G on lines from z to z"
        paths = scene.walks(WALKS, WALK_STEPS)
        scene.events.picture(step, "views/walk", plots.walk(paths, self._real, title, scene.data.bounds))

    def measures(self, step: int) -> dict[str, float]:
        """On fresh z: against fresh points of the function, or against the modes of a mixture."""
        scene, gan = self._scene, self._scene.loop.gan
        count = modes.SAMPLES if self._modes else MEASURED
        feed = {gan.draw: scene.draw(step, count), gan.training: False}
        fakes = scene.loop.session.run(gan.play.fake, feed)
        if self._modes:
            measured = modes.measure(fakes, scene.data.centres, scene.data.stddev)
        else:
            measured = plane.measure(fakes, scene.data.points(unseen(scene.loop.config.seed), 0, count))
        return {f"quality/{name}": float(figure) for name, figure in measured._asdict().items()}

    def accuracies(self, step: int, report: Report) -> tuple[str, float, float]:
        """On fresh points, as many as the source takes."""
        return self._scene.accuracies(step)

    def _fakes(self) -> tuple[np.ndarray, str]:
        """Fakes that D learns to refuse, and what they are."""
        config, z = self._scene.loop.config, self._scene.z
        if config.fakes == "uniform":
            return uniform_points(config.seed, 0, len(z)), "uniform"
        return self._scene.fakes(z), "generated"
