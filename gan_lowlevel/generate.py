"""Draw samples from a trained generator: the same picture for the same seed on any day.

python -m gan_lowlevel.generate --run=logs/NAME --seeds=0-63 --out=DIR
"""

import dataclasses
import functools
import io
import pathlib
import re

import numpy as np

from gan_lowlevel import command, pictures, runs, system
from gan_lowlevel.commandline import read_record
from gan_lowlevel.config import setting, settings_of
from gan_lowlevel.errors import Exit, Failure

MOST = 1_000_000  # seeds in one call


@dataclasses.dataclass(frozen=True, kw_only=True)
class GenerateConfig:
    """Every setting of the command."""

    run: str = setting("", str, "Folder of a run, such as logs/NAME.")
    seeds: str = setting("0-63", str, "Seeds of the latents, a list of numbers and ranges such as 0-63 or 3,7,10-19.")
    out: str = setting("", str, "Folder for grid.png, seed_*.png and samples.npz; made if it is missing.")
    singles: bool = setting(True, bool, "Whether each sample is also a picture of its own.")


def parse_seeds(text: str) -> list[int]:
    """The seeds in their order, each from 0 to 2^31 - 1. Raises Failure(FLAGS)."""
    seeds: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,10})(?:-(\d{1,10}))?\s*", part, re.ASCII)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last or last >= 2**31:
            raise Failure(
                Exit.FLAGS,
                f"--seeds wants numbers and ranges from 0 to {2**31 - 1:,}, such as 0-63 or 3,7,10-19; "
                f"{part!r} is neither.",
            )
        if len(seeds) + last - first + 1 > MOST:
            raise Failure(Exit.FLAGS, f"--seeds={text} asks for more than {MOST:,} samples: ask in parts.")
        seeds += range(first, last + 1)
    return seeds


def main(config: GenerateConfig) -> Exit:
    """Restore the run's newest good generator, draw, write."""
    for name in ("run", "out"):
        if not getattr(config, name):
            raise Failure(Exit.FLAGS, f"--{name} is wanted: {settings_of(GenerateConfig)[name].help}")
    seeds = parse_seeds(config.seeds)
    run = runs.Run(pathlib.Path(config.run))
    settings = runs.read_settings(run)

    command.start_tensorflow()
    from gan_lowlevel import networks
    from gan_lowlevel.sampler import Sampler

    game = networks.GAMES[settings.model]
    with Sampler(run, settings, game) as sampler:
        samples = sampler.samples(seeds)

    out = pathlib.Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    images = pictures.to_uint8(samples.reshape(-1, *game.picture_shape), game.output_range)
    system.write_atomically(out / "grid.png", pictures.png(pictures.grid(images)))
    if config.singles:
        for seed, image in zip(seeds, images, strict=True):
            (out / f"seed_{seed:08d}.png").write_bytes(pictures.png(image))
    arrays = io.BytesIO()
    np.savez(arrays, samples=samples, seeds=np.array(seeds, np.int64))
    system.write_atomically(out / "samples.npz", arrays.getvalue())

    left = "grid.png, samples.npz" + (f", {len(seeds):,} seed_*.png" if config.singles else "")
    print(f"{len(seeds):,} samples of {run.directory} after {sampler.step:,} steps are in {out}: {left}")
    return Exit.DONE


if __name__ == "__main__":
    command.run(
        command="generate",
        purpose=__doc__.strip(),
        record=GenerateConfig,
        body=main,
        read=functools.partial(read_record, GenerateConfig),
        defaults=lambda argv: dataclasses.asdict(GenerateConfig()),
    )
