"""Train a game and record it for TensorBoard.

python -m gan_lowlevel.main --model=mlp --input_data_dir=DIR --d_step=1
"""

import dataclasses
import math

from gan_lowlevel import command, runs, system
from gan_lowlevel.commandline import read_config, recipe_defaults
from gan_lowlevel.config import Config
from gan_lowlevel.data.dataset import Dataset
from gan_lowlevel.errors import Exit


def resolve(config: Config, data: Dataset) -> Config:
    """The settings with their length in steps and their threads in figures.

    One epoch is as many batches of x as D's updates need to see each row once.
    """
    rows_a_step = config.batch_size * (max(config.d_step, 1) if config.sampling == "fresh" else 1)
    steps = config.max_steps or math.ceil(config.epochs * len(data.images) / rows_a_step)
    return dataclasses.replace(config, max_steps=steps, epochs=0, threads=config.threads or system.cores())


def main(config: Config) -> Exit:
    """Read the data, claim the run, train."""
    from gan_lowlevel import data  # after the flags, as all that follows: a wrong flag answers at once

    run = runs.locate(config)
    data_set = data.load(config)
    config = resolve(config, data_set)
    command.start_tensorflow()
    from gan_lowlevel import console, gan, networks, train

    game = networks.GAMES[config.model]
    if config.dry_run:
        theta = gan.build(config, game).theta
        console.print_start(config, theta, data_set, run, start=0)
        console.print_tables(theta)
        console.print_settings(config)
        return Exit.DONE
    with runs.claimed(run):
        return train.train(config, game, data_set, run)


if __name__ == "__main__":
    command.run(
        command="main",
        purpose=__doc__.strip(),
        record=Config,
        body=main,
        read=read_config,
        defaults=recipe_defaults,
    )
