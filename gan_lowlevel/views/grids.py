"""Pictures: grids of samples, walks between two z, and the training picture nearest to each sample."""

from typing import ClassVar

import numpy as np
from scipy.spatial.distance import pdist

from gan_lowlevel import pictures, system
from gan_lowlevel.loop import Report
from gan_lowlevel.metrics.neighbours import nearest
from gan_lowlevel.views.scene import Scene

SAMPLES, COLUMNS = 64, 8  # in a grid
WALKS, WALK_STEPS = 8, 10


class Grids:
    """The view of a game that draws pictures."""

    charts: ClassVar = {"distance of samples from each other, of real ones' (1 is good)": ["quality/diversity"]}

    def __init__(self, scene: Scene):
        self._scene = scene
        rows = scene.loop.rows
        batches = [rows.batch(k) for k in range(-(-len(scene.z) // max(rows.size(0), 1)))]
        self._real = np.concatenate(batches)[: len(scene.z)]
        different = np.unique(self._real.reshape(len(self._real), -1), axis=0)  # few rows come more than once
        self._apart = pdist(different).mean() if len(different) > 1 else 0.0

    def start(self, step: int) -> None:
        """A grid of real pictures."""
        self._scene.events.picture(step, "samples/real", pictures.grid(self._images(self._real)))

    def samples(self, step: int) -> None:
        """One grid from the same z each time; where the settings say so, each picture of it too."""
        scene = self._scene
        path, images = scene.run.sample(step), self._images(scene.fakes(scene.z))
        scene.keep(f"samples/{path.name}", "samples/fake", step, pictures.grid(images))
        if scene.loop.config.save_single_samples:
            path.with_suffix("").mkdir(exist_ok=True)
            for seed, image in enumerate(images):
                single = path.with_suffix("") / f"seed_{seed:08d}.png"
                system.write_atomically(single, pictures.png(image), durable=False)

    def views(self, step: int) -> None:
        """A walk in each row; samples, and under each the nearest picture that trains."""
        scene = self._scene
        walks = scene.walks(WALKS, WALK_STEPS)
        scene.events.picture(step, "views/walk", pictures.grid(self._images(walks), columns=WALK_STEPS))

        fakes, table = scene.fakes(scene.z), scene.loop.rows.table
        found, _ = nearest(fakes.reshape(len(fakes), -1), table, scene.loop.game.output_range)
        images = self._images(fakes)
        near = table[found].reshape(images.shape)
        # Rows of samples, each over the row of their neighbours.
        both = np.stack([rows.reshape(-1, COLUMNS, *images.shape[1:]) for rows in (images, near)], axis=1)
        picture = pictures.grid(both.reshape(-1, *images.shape[1:]), columns=COLUMNS)
        scene.events.picture(step, "views/nearest", picture)

    def measures(self, step: int) -> dict[str, float]:
        """How far apart samples lie from each other, as a share of what real pictures do: 0 where all are one."""
        fakes = self._scene.fakes(self._scene.z)
        apart = pdist(fakes.reshape(len(fakes), -1)).mean()
        return {"quality/diversity": apart / self._apart} if self._apart else {}

    def accuracies(self, step: int, report: Report) -> tuple[str, float, float]:
        """Those of the step."""
        return "", report.d.accuracy_real, report.d.accuracy_fake

    def _images(self, rows: np.ndarray) -> np.ndarray:
        game = self._scene.loop.game
        return pictures.to_uint8(rows.reshape(-1, *game.picture_shape), game.output_range)
