"""What every view needs: the players, the data, the run's folder and its event file."""

import dataclasses
from typing import Any, Protocol

import numpy as np

from gan_lowlevel import draws, pictures, system
from gan_lowlevel.data.drawn import uniform_points
from gan_lowlevel.loop import ExplicitLoop, Report, batches_played
from gan_lowlevel.runs import Run
from gan_lowlevel.sessions import latents
from gan_lowlevel.summaries import Events
from gan_lowlevel.theory import Theory

CHECKED = 100  # rows that an accuracy on fresh points is of; the source's number


class View(Protocol):
    """One kind of data. Pictures of a step are files of the run and in TensorBoard."""

    charts: dict[str, list[str]]  # the tags of its measures by the title of a chart, measures of one scale in each

    def start(self, step: int) -> None:
        """Pictures that no training changes."""

    def samples(self, step: int) -> None:
        """What G draws from the same z each time."""

    def views(self, step: int) -> None:
        """Pictures that explain."""

    def measures(self, step: int) -> dict[str, float]:
        """Figures of quality by tag, quality/NAME."""

    def accuracies(self, step: int, report: Report) -> tuple[str, float, float]:
        """D's on real and on fake, and what kind of rows they are of, for a line on the console."""


@dataclasses.dataclass(frozen=True)
class Scene:
    """The players as they are now."""

    loop: ExplicitLoop
    theory: Theory
    data: Any  # of gan_lowlevel.data
    run: Run
    events: Events
    z: np.ndarray  # [n, z_dim], those of the generate command's seeds 0 to n - 1

    def fakes(self, z: np.ndarray) -> np.ndarray:
        """G(z) as G draws, with moving statistics: [n, *data_shape]."""
        gan = self.loop.gan
        return self.loop.session.run(gan.play.fake, {gan.z: z, gan.training: False})

    def walks(self, walks: int, steps: int) -> np.ndarray:
        """G on straight lines from z to z, that of seed 2i to that of seed 2i + 1: [walks, steps, *data_shape]."""
        z = latents(self.loop.game, self.loop.config.z_dim, list(range(2 * walks)))
        t = np.linspace(0.0, 1.0, steps, dtype=np.float32)[None, :, None]
        lines = (1 - t) * z[0::2, None] + t * z[1::2, None]  # [walks, steps, z_dim]
        return self.fakes(lines.reshape(walks * steps, -1)).reshape(walks, steps, *self.loop.game.data_shape)

    def keep(self, name: str, tag: str, step: int, picture: np.ndarray) -> None:
        """A picture as a file of the run and in TensorBoard."""
        path = self.run.directory / name  # in a folder that was there at the start: one that is gone is not made anew
        content = pictures.png(picture)
        system.write_atomically(path, content)
        self.events.png(step, tag, content)

    def draw(self, step: int, rows: int) -> tuple[int, int, int]:
        """What decides z and D's masks in a look at the players after `step` steps."""
        return *draws.origin(self.loop.config.seed, draws.Stream.CHECK, step * CHECKED), rows

    def accuracies(self, step: int) -> tuple[str, float, float]:
        """D's, on CHECKED rows of x that come next in training and on as many fakes."""
        loop, gan = self.loop, self.loop.gan
        number = batches_played(loop.config, step)
        batches = -(-CHECKED // loop.config.batch_size)
        x = np.concatenate([loop.rows.batch(number + i) for i in range(batches)])[:CHECKED]
        feed = {gan.x: x, gan.draw: self.draw(step, CHECKED)}
        if loop.config.fakes == "uniform":
            feed[gan.play.fake] = uniform_points(loop.config.seed, number, CHECKED)
        real_logits, fake_logits = loop.session.run((gan.play.real_logits, gan.play.fake_logits), feed)
        return f"{CHECKED} ", np.mean(real_logits > 0), np.mean(fake_logits <= 0)
