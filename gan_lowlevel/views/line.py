"""Numbers on a line, with a known density: figure 1 of Goodfellow et al. 2014, and what it shows as figures."""

from typing import ClassVar, NamedTuple

import numpy as np
from scipy.special import expit

from gan_lowlevel import plots
from gan_lowlevel.data.gaussian import Gaussian
from gan_lowlevel.loop import ExplicitLoop, Report
from gan_lowlevel.metrics import densities
from gan_lowlevel.networks import gaussian
from gan_lowlevel.views.scene import Scene

BINS = 800  # of the line that pictures show
LATENTS = 4096  # intervals of z, whose law G pushes forward
ARROWS = 40  # intervals of z between which figure 1 draws its lines


class Seen(NamedTuple):
    """Both players as figure 1 shows them, and what is measured of them over the whole line."""

    x: np.ndarray  # [BINS], rising
    p_data: np.ndarray  # densities there
    p_g: np.ndarray
    d: np.ndarray  # D(x)
    best_d: np.ndarray
    z: np.ndarray  # [ARROWS + 1], of its lines to G(z)
    g: np.ndarray
    measures: densities.DensityMeasures

    @property
    def curves(self) -> dict[str, np.ndarray]:
        """All but the measures, as gan_lowlevel.plots takes them."""
        return {name: values for name, values in self._asdict().items() if name != "measures"}


def see(loop: ExplicitLoop, law: Gaussian, draw: tuple[int, int, int]) -> Seen:
    """Both players as they are now, D without real x. `draw` decides D's masks, as a game's `draw` does."""
    gan, session = loop.gan, loop.session
    edges = np.linspace(*law.bounds, BINS + 1)
    x, z = densities.middles(edges), np.linspace(gaussian.LOW, gaussian.HIGH, LATENTS + 1)
    g = session.run(gan.play.fake, {gan.z: z[:, np.newaxis], gan.training: False})[:, 0]
    logits = session.run(gan.play.real_logits, {gan.x: x[:, np.newaxis], gan.draw: draw})[:, 0].astype(np.float64)
    p_data, p_g = densities.masses(law.cdf, edges), densities.pushed_forward(g, edges)
    inner, some = slice(1, -1), slice(None, None, LATENTS // ARROWS)  # the outer bins go on for ever
    return Seen(
        x=x[inner],
        p_data=law.pdf(x[inner]),
        p_g=p_g[inner] / np.diff(edges),
        d=expit(logits[inner]),
        best_d=densities.best_d(p_data, p_g)[inner],
        z=z[some],
        g=g[some],
        measures=densities.measure(p_data, p_g, logits),
    )


class Line:
    """The view of a game whose rows are numbers."""

    charts: ClassVar = {
        "mean |D − D*|": ["density/D_off_best"],
        "V(D*) − V(D), what D has left to learn": ["density/V_best_minus_V"],
    }

    def __init__(self, scene: Scene):
        self._scene = scene

    def start(self, step: int) -> None:
        """Nothing is known before training."""

    def samples(self, step: int) -> None:
        """Figure 1: both densities, D and the best D, and the lines from z to G(z)."""
        seen = self._seen(step)
        title = f"after {step:,} steps: JSD {seen.measures.jsd:z.3f}, by D at least {seen.measures.bound:z.3f}"
        picture = plots.figure_one(**seen.curves, title=title)
        self._scene.keep(f"samples/{self._scene.run.sample(step).name}", "samples/fake", step, picture)

    def views(self, step: int) -> None:
        """Figure 1 has them all: its lines are the walk through z."""

    def measures(self, step: int) -> dict[str, float]:
        """The divergence itself, beside the bound that D gives of it, and what D has left to learn."""
        measures = self._seen(step).measures
        return {
            "jsd/quadrature": measures.jsd,
            "jsd/bound_quadrature": measures.bound,
            "density/V_best_minus_V": measures.gap,
            "density/D_off_best": measures.off,
        }

    def accuracies(self, step: int, report: Report) -> tuple[str, float, float]:
        """On fresh rows."""
        return self._scene.accuracies(step)

    def _seen(self, step: int) -> Seen:
        return see(self._scene.loop, self._scene.data, self._scene.draw(step, 1))
