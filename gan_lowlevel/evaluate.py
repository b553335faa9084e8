"""Measure a trained generator: a table, evaluation.json in the run, and a point on each curve of quality.

python -m gan_lowlevel.evaluate --run=logs/NAME --input_data_dir=DIR
python -m gan_lowlevel.evaluate --run=logs/NAME --checkpoint=all
"""

import contextlib
import dataclasses
import functools
import os
import pathlib
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tqdm import tqdm

from gan_lowlevel import command, runs
from gan_lowlevel.commandline import data_sets, read_record, recipe_defaults
from gan_lowlevel.config import (
    ANY_PICTURE,
    PICTURES,
    Config,
    averaged_of_run,
    device_of_run,
    on_device,
    setting,
    settings_of,
)
from gan_lowlevel.errors import Exit, Failure

if TYPE_CHECKING:
    from gan_lowlevel.measures import Estimate, Ground, Rows  # SciPy and scikit-learn take a second

ALL = "all"
LEAST = 12  # samples; a test holds it to the measures' own
MOST = 100_000  # samples


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvaluateConfig:
    """Every setting of the command."""

    run: str = setting("", str, "Folder of a run, such as logs/NAME.")
    input_data_dir: str = setting(
        "",
        str,
        "The data to compare with, a folder, zip or array as in training; empty: the run's own.",
        aliases=("data_dir",),
    )
    checkpoint: str = setting(
        runs.NEWEST,
        str,
        f"Which weights: {runs.NEWEST}, the step of a checkpoint that was kept, or {ALL} of them in their order.",
    )
    average: int = averaged_of_run()
    count: int = setting(
        10_000,
        int,
        "Samples to draw, from seeds --seed, --seed + 1, ...; fewer where a game's measures have no use for more.",
        low=LEAST,
        high=MOST,
    )
    seed: int = setting(
        0, int, "Seed of the first sample; chooses real rows and noise too.", low=0, high=2**31 - 1 - MOST
    )
    device: str = device_of_run()
    debug: bool = setting(False, bool, "Whether to say how long each part took.")


def main(config: EvaluateConfig) -> Exit:
    """Restore, draw, measure, print, write: for each checkpoint that is asked for."""
    if not config.run:
        raise Failure(Exit.FLAGS, f"--run is wanted: {settings_of(EvaluateConfig)['run'].help}")
    wanted = runs.parse_checkpoint(config.checkpoint, also=(ALL,))
    run = runs.Run(pathlib.Path(config.run))
    settings = on_device(runs.read_settings(run), config.device)
    left = run.evaluation(config.average)
    if left.is_file():
        raise Failure(
            Exit.FLAGS,
            f"{left} is a file, and a folder of curves is wanted there: move it away.",
        )
    if not os.access(run.directory, os.W_OK):  # said before minutes of measuring
        raise Failure(
            Exit.DISK,
            f"{left.with_suffix('.json')} can't be written: allow writing in that folder, "
            "then give the same command again.",
        )
    of_data = data_settings(settings, config.input_data_dir)
    clock = Clock(config.debug)
    with clock.timed("data"):
        data_set, sha256 = load(of_data)

    with clock.timed("start of TensorFlow"):
        command.start_tensorflow()
    from gan_lowlevel import evaluations, grounds, networks, sessions
    from gan_lowlevel.checkpoints import kept
    from gan_lowlevel.console import say
    from gan_lowlevel.sampler import Sampler, no_checkpoint

    sessions.refuse_missing_gpu(settings.device)  # of each checkpoint it would be said
    game = networks.GAMES[settings.model](settings.without_dropout())
    steps = [wanted]
    if wanted == ALL:  # of means from the first that has enough before it
        every = kept(run.checkpoints)
        steps = every[config.average - 1 :] or every[-1:]
    if not steps:
        raise no_checkpoint(run)

    ruler, found = None, None
    for i, step in enumerate(steps):
        try:
            sampler = Sampler(run, settings, game, step, config.average)
        except Failure as failure:
            if len(steps) == 1:
                raise
            say(f"passed over: {failure}")
            continue
        with sampler:
            if ruler is None:
                trained = sampler.notes.get("data_sha256") == sha256
                ground = grounds.ground(data_set, of_data, game.output_range, config.count, config.seed, trained)
                say("\n      ".join((f"run   {run.directory}\ndata  {data_set.description}", *ground.notes)))
                ruler = Ruler(ground, clock)
            seeds = list(range(config.seed, config.seed + ground.most))
            with clock.timed("samples"):
                samples = ground.prepare(sampler.samples(seeds))
        values = ruler.estimates(samples, f"step {sampler.step:,}")
        references = {"real": ruler.of_real, "noise": ruler.of_noise}
        found = evaluations.figures(values, **references, seed=config.seed, step=sampler.step)
        evaluations.write(run, found, config.average)
        if len(steps) > 1:
            say(f"{i + 1}/{len(steps)} step {sampler.step:,}: {evaluations.brief(found)}")

    if found is None:
        raise Failure(
            Exit.CHECKPOINTS,
            f"none of the {len(steps)} checkpoints in {run.checkpoints} is good: put a good copy back.",
        )
    newest = next(iter(found.values())).step
    of_mean = f"G the mean of {config.average} checkpoints, " if config.average > 1 else ""
    say(f"\n{run.directory} after {newest:,} steps, {of_mean}samples of seeds {config.seed:,} and up\n")
    say(evaluations.table(found))
    say(f"\n{evaluations.meanings(found)}")
    say(f"\nleft in {run.directory}: {left.name}.json, and curves for TensorBoard in {left.name}/")
    return Exit.DONE


def data_settings(settings: Config, typed: str) -> Config:
    """The run's settings with the data to compare with; `typed` is --input_data_dir.

    Raises Failure(FLAGS) where there is no such choice, Failure(DATA) where the run's own folder is gone.
    """
    if settings.dataset not in PICTURES:
        if typed:
            raise Failure(
                Exit.FLAGS,
                f"--input_data_dir is for runs on pictures, this one drew its data ({settings.dataset}): leave it out.",
            )
        return settings
    if typed:
        return _of_typed(settings, typed)
    own = settings.input_data_dir
    if own and settings.dataset != "embedded" and not pathlib.Path(own).expanduser().exists():
        raise Failure(
            Exit.DATA, f"the run trained on {own}, which is not there: give --input_data_dir=DIR with the same data."
        )
    return dataclasses.replace(settings, download=False)  # a folder that a run names, maybe a stranger's, gets nothing


def _of_typed(settings: Config, typed: str) -> Config:
    """With the data at `typed`, of the run's own kind where it holds that too, in the shape of the run's pictures."""
    from gan_lowlevel.data import looking

    own = "mnist" if settings.dataset == "embedded" else settings.dataset
    found = looking.kinds(typed)
    accepted = data_sets(settings.model, recipe_defaults([f"--model={settings.model}"])["dataset"])
    kind = own if own in found else looking.data_set(typed, settings.model, accepted, named="", default=own)
    size, _, channels = settings.picture()
    shape = {"image_size": size, "channels": channels} if settings.model in ANY_PICTURE else {}
    return dataclasses.replace(settings, dataset=kind, input_data_dir=typed, **shape)


def load(of_data: Config) -> tuple:
    """The data, digits as they came, 28x28x1, and the SHA-256 of what trains in the run's own shape."""
    from gan_lowlevel import data  # after the flags, as all that follows

    data_set = data.load(of_data)
    sha256 = data_set.sha256()
    as_came = dataclasses.replace(of_data, image_size=0, channels=0)
    if of_data.dataset in PICTURES and data_set.digits and as_came.picture() != of_data.picture():
        data_set = data.load(as_came)
    return data_set, sha256


class Ruler:
    """Measures sets of rows on one ground; real rows and noise once."""

    def __init__(self, ground: "Ground", clock: "Clock"):
        self._ground, self._clock = ground, clock

    @functools.cached_property
    def of_real(self) -> "dict[str, Estimate]":
        """Of real rows in the samples' place."""
        return self.estimates(self._ground.real, "real")

    @functools.cached_property
    def of_noise(self) -> "dict[str, Estimate]":
        """Of noise in the samples' place."""
        return self.estimates(self._ground.noise, "noise")

    def estimates(self, rows: "Rows", what: str) -> "dict[str, Estimate]":
        """Every measure of one set, with a bar on a terminal alone."""
        from gan_lowlevel.measures import families, measured

        found: dict[str, Estimate] = {}
        with self._clock.timed(f"features of {what}"):
            rows.seen, self._ground.reference.seen  # noqa: B018  looked at once, and then kept
        shown = tqdm(
            families(self._ground), desc=f"measured: {what}", unit="family", leave=False, dynamic_ncols=True,
            disable=None if sys.stderr else True,
        )  # fmt: skip
        for family in shown:
            with self._clock.timed(f"{', '.join(family.measures)} of {what}"):
                found |= measured(family, rows, self._ground)
        return found


class Clock:
    """Says how long each part took, where somebody wants to know."""

    def __init__(self, shown: bool):
        self._shown = shown

    @contextlib.contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """The time of a block, on standard error."""
        start = time.perf_counter()
        yield
        if self._shown:
            print(f"{time.perf_counter() - start:7.2f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    command.run(
        command="evaluate",
        purpose=__doc__.strip(),
        record=EvaluateConfig,
        body=main,
        read=functools.partial(read_record, EvaluateConfig),
        defaults=lambda argv: dataclasses.asdict(EvaluateConfig()),
    )
