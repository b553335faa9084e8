"""Draw samples from a trained generator: the same picture for the same seed on any day.

python -m gan_lowlevel.generate --run=logs/NAME --seeds=0-63 --out=DIR
python -m gan_lowlevel.generate --run=logs/NAME --count=10000 --zip=FILE
python -m gan_lowlevel.generate --pretrained=mlp --out=DIR
"""

import contextlib
import dataclasses
import functools
import pathlib
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from gan_lowlevel import command, pictures, plots, pretrained, runs, system
from gan_lowlevel.commandline import SEEDS, parse_seeds, read_record
from gan_lowlevel.config import POINTS, averaged_of_run, device_of_run, on_device, setting
from gan_lowlevel.errors import Exit, Failure

if TYPE_CHECKING:
    from gan_lowlevel.data.drawn import Law
    from gan_lowlevel.networks.game import Game  # needs TensorFlow

Sink = Callable[[list[int], np.ndarray], None]  # takes seeds and their samples, part after part

MOST = 1_000_000  # draws in one call
IN_GRID = 4096  # a grid of more is a picture that few programs open


@dataclasses.dataclass(frozen=True, kw_only=True)
class GenerateConfig:
    """Every setting of the command; of seeds and count one is None, or both."""

    run: str = setting("", str, "Folder of a run, such as logs/NAME.")
    pretrained: str = setting(
        "", str, f"In place of --run, weights that come with the package: {' or '.join(sorted(pretrained.SHA256))}."
    )
    checkpoint: str = setting(
        runs.NEWEST, str, f"Which weights: {runs.NEWEST}, or the step of a checkpoint that was kept."
    )
    average: int = averaged_of_run()
    seeds: str | None = setting(
        None, str, "Seeds of the latents, a list of numbers and ranges such as 0-63 or 3,7,10-19."
    )
    count: int | None = setting(
        None, int, "How many samples, from seeds 0, 1, 2, ...; in place of --seeds.", low=1, high=MOST
    )
    out: str = setting("", str, "Folder for grid.png, seed_*.png and samples.npz; made if it is missing.")
    singles: bool = setting(True, bool, "Whether each sample is also a picture of its own in --out; points never are.")
    zip: str = setting(
        "",
        str,
        "A zip file to write, with a PNG of each sample. Like --out it is a path of its own, not one inside --out, "
        "which may then be left out.",
    )
    nice: int = setting(
        1,
        int,
        "Candidates for each sample: in the place of seed s comes the one of seeds K s to K s + K - 1 that D scores "
        "highest. 1: seed s itself.",
        low=1,
        high=1000,
    )
    device: str = device_of_run()


def wanted_seeds(config: GenerateConfig) -> list[int]:
    """The seeds that --seeds or --count ask for, 0 to 63 where neither does. Raises Failure(FLAGS)."""
    if config.count is not None and config.seeds is not None:
        raise Failure(
            Exit.FLAGS,
            f"give --seeds or --count, not both; this command says --seeds={config.seeds} --count={config.count}.",
        )
    seeds = list(range(config.count)) if config.count else parse_seeds("0-63" if config.seeds is None else config.seeds)
    if len(seeds) * config.nice > MOST:
        raise Failure(
            Exit.FLAGS,
            f"{len(seeds):,} samples and --nice={config.nice} ask for more than {MOST:,} draws: ask in parts.",
        )
    if config.nice * (max(seeds) + 1) > SEEDS:  # whatever is chosen is a seed that --seeds takes
        raise Failure(
            Exit.FLAGS,
            f"--nice={config.nice} wants seeds below {SEEDS // config.nice:,}, got {max(seeds):,}: "
            "give smaller seeds or a smaller --nice.",
        )
    return seeds


def nicest(seeds: list[int], each: int, score_parts: Callable[[list[int]], Iterable[np.ndarray]]) -> list[int]:
    """For each seed s the one of its candidates, seeds each s to each s + each - 1, with the highest score.

    Of equal scores the first. Candidates are a function of s alone, so that a choice does not hang on its neighbours.
    """
    candidates = [each * seed + i for seed in seeds for i in range(each)]
    scores = np.concatenate(list(score_parts(candidates))).reshape(len(seeds), each)
    return [each * seed + int(best) for seed, best in zip(seeds, scores.argmax(axis=1), strict=True)]


def main(config: GenerateConfig) -> Exit:
    """Restore the run's players, draw, write."""
    pretrained.refuse_unclear(config.run, config.pretrained, config.checkpoint, config.average)
    if not config.out and not config.zip:
        raise Failure(Exit.FLAGS, "--out is wanted, a folder for grid.png, seed_*.png and samples.npz, or --zip=FILE.")
    seeds = wanted_seeds(config)
    step = runs.parse_checkpoint(config.checkpoint)
    run, settings = pretrained.players(config.run, config.pretrained)
    settings = on_device(settings, config.device)
    whose = str(run.directory if config.run else run)
    out, archive = pathlib.Path(config.out), pathlib.Path(config.zip)
    if config.out and out.exists() and not out.is_dir():
        raise Failure(Exit.FLAGS, f"--out wants a folder, {out} is a file: give another.")
    if config.zip and settings.model in POINTS:
        raise Failure(Exit.FLAGS, f"--zip is for pictures, {whose} draws points: leave it out, give --out.")
    if config.zip and archive.is_dir():
        raise Failure(Exit.FLAGS, f"--zip wants a file, {archive} is a folder: give {archive / 'images.zip'}.")

    command.start_tensorflow()
    from gan_lowlevel import data, networks
    from gan_lowlevel.sampler import Sampler

    # D scores with all of its weights: dropout is for training.
    game = networks.GAMES[settings.model](settings.without_dropout())
    with Sampler(run, settings, game, step, config.average) as sampler, contextlib.ExitStack() as files:
        sinks: list[Sink] = []  # opened before anything is drawn: what can't be written is said at once
        left = []
        if config.out:
            of_points = None
            if settings.model in POINTS:
                law, title = data.load(settings), f"after {sampler.step:,} steps"
                of_points = functools.partial(picture_of_points, law, settings.seed, title)
            sinks.append(files.enter_context(folder(out, len(seeds), game, config.singles, of_points)))
            singles = ", seed_*.png" if config.singles and game.picture_shape else ""
            left.append(f"{out} (grid.png, samples.npz{singles})")
        if config.zip:
            sinks.append(files.enter_context(zipped(archive, game)))
            left.append(str(archive))
        if config.nice > 1:
            seeds = nicest(seeds, config.nice, functools.partial(shown, sampler.score_parts, "scored"))
        done = 0
        for samples in shown(sampler.parts, "drawn", seeds):
            for sink in sinks:
                sink(seeds[done : done + len(samples)], samples)
            done += len(samples)

    if done > IN_GRID and config.out:
        print(f"grid.png shows the first {IN_GRID:,}")
    of_mean = f", the mean of {config.average} checkpoints," if config.average > 1 else ""
    print(f"{done:,} samples of {whose} after {sampler.step:,} steps{of_mean} are in {' and '.join(left)}")
    return Exit.DONE


def shown(parts: Callable[[list[int]], Iterable[np.ndarray]], what: str, seeds: list[int]) -> Iterator[np.ndarray]:
    """The parts for the seeds, with a bar on a terminal."""
    with tqdm(
        total=len(seeds), unit="sample", desc=what, dynamic_ncols=True, disable=None if sys.stderr else True
    ) as bar:
        for part in parts(seeds):
            yield part
            bar.update(len(part))


# What is left; each may be larger than memory.


def picture_of_points(law: "Law", seed: int, title: str, points: np.ndarray) -> np.ndarray:
    """Numbers [N, 1] as a histogram beside the law's density, points [N, 2] as a scatter with as many real ones."""
    if points.shape[1] == 1:
        x = np.linspace(*law.bounds, 401)
        return plots.histogram(points[:, 0], x, law.pdf(x), f"{title}: generated green, density dotted")
    real = law.points(seed, 0, len(points))
    return plots.scatter(real, points, f"{title}: real red, generated blue", law.bounds)


@contextlib.contextmanager
def folder(
    out: pathlib.Path,
    count: int,
    game: "Game",
    singles: bool,
    of_points: Callable[[np.ndarray], np.ndarray] | None,
) -> Iterator[Sink]:
    """samples.npz, grid.png, and a picture of each sample; for points one picture, which `of_points` makes."""
    out.mkdir(parents=True, exist_ok=True)
    shown_in_grid: list[np.ndarray] = []
    with npz(out / "samples.npz", (count, *game.data_shape)) as add_rows:

        def add(seeds: list[int], samples: np.ndarray) -> None:
            add_rows(seeds, samples)
            views = samples if of_points else images(samples, game)
            shown_in_grid.append(views[: max(IN_GRID - sum(map(len, shown_in_grid)), 0)])
            if singles and not of_points:
                for seed, image in zip(seeds, views, strict=True):
                    system.write_atomically(out / picture_name(seed), pictures.png(image), durable=False)

        yield add
        views = np.concatenate(shown_in_grid)
        system.write_atomically(out / "grid.png", pictures.png((of_points or pictures.grid)(views)))


@contextlib.contextmanager
def zipped(path: pathlib.Path, game: "Game") -> Iterator[Sink]:
    """One zip of a PNG for each seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written: set[int] = set()  # a seed may be asked for twice
    with system.published(path) as file, zipfile.ZipFile(file, "w") as archive:  # uncompressed: a PNG is

        def add(seeds: list[int], samples: np.ndarray) -> None:
            for seed, image in zip(seeds, images(samples, game), strict=True):
                if seed not in written:
                    with system.naming(path):
                        archive.writestr(_member(picture_name(seed)), pictures.png(image))
                    written.add(seed)

        yield add


@contextlib.contextmanager
def npz(path: pathlib.Path, shape: tuple[int, ...]) -> Iterator[Sink]:
    """What np.load reads: samples, float32 of `shape` once all rows are added, and seeds, int64."""
    all_seeds: list[int] = []
    with system.published(path) as file, zipfile.ZipFile(file, "w") as archive:
        with archive.open(_member("samples.npy"), "w", force_zip64=True) as member:
            header = {"descr": "<f4", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(member, header)

            def add(seeds: list[int], samples: np.ndarray) -> None:
                all_seeds.extend(seeds)
                with system.naming(path):
                    member.write(np.ascontiguousarray(samples, "<f4").data)

            yield add
        with archive.open(_member("seeds.npy"), "w") as member:
            np.lib.format.write_array(member, np.array(all_seeds, np.int64))


def images(samples: np.ndarray, game: "Game") -> np.ndarray:
    """Rows of G(z) as pictures, uint8 [N, H, W, C]."""
    return pictures.to_uint8(samples.reshape(-1, *game.picture_shape), game.output_range)


def picture_name(seed: int) -> str:
    """Of the file with that seed's sample."""
    return f"seed_{seed:08d}.png"


def _member(name: str) -> zipfile.ZipInfo:
    """Of an archive, with ZipInfo's own fixed date, so that equal contents are equal bytes."""
    member = zipfile.ZipInfo(name)
    member.create_system, member.external_attr = 3, 0o644 << 16  # Unix, wherever it is written
    return member


if __name__ == "__main__":
    command.run(
        command="generate",
        purpose=__doc__.strip(),
        record=GenerateConfig,
        body=main,
        read=functools.partial(read_record, GenerateConfig),
        defaults=lambda argv: dataclasses.asdict(GenerateConfig(seeds="0-63", count=64)),
    )
