"""Train a game and record it for TensorBoard.

python -m gan_lowlevel.main --model=mlp --input_data_dir=DIR --d_step=1
"""

import contextlib

from gan_lowlevel import cluster, command, runs, system, xla_cache
from gan_lowlevel.commandline import read_config, recipe_defaults
from gan_lowlevel.config import Config
from gan_lowlevel.errors import Exit


def main(config: Config) -> Exit:
    """Read the data, claim the run, train; or play live."""
    if config.live and not config.dry_run:
        from gan_lowlevel import live

        return live.main(config)
    from gan_lowlevel import data  # after the flags, as all that follows: a wrong flag answers at once

    peers = cluster.read()
    run = runs.locate(config)
    writes = not config.dry_run and (peers is None or peers.rank == 0)
    if writes:
        runs.refuse_claimed(run)  # before TensorFlow takes its seconds
    data_set = data.load(config)
    if not config.dry_run and config.engine != "explicit":
        xla_cache.prepare(config.threads or system.cores())
    command.start_tensorflow()
    from gan_lowlevel import networks, sessions, train, workers

    sessions.refuse_missing_gpu(config.device)
    game = networks.GAMES[config.model](config)
    rows = data.rows(data_set, config, game.output_range, game.data_shape)
    config = train.resolve(config, rows, runs.engine_of(run))
    if config.dry_run:
        train.rehearse(config, game, data_set)
        return Exit.DONE
    with runs.claimed(run, config) if writes else contextlib.nullcontext(), workers.join(peers, config) as all_of_them:
        return train.train(config, game, data_set, rows, run, all_of_them)


if __name__ == "__main__":
    command.run(
        command="main",
        purpose=__doc__.strip(),
        record=Config,
        body=main,
        read=read_config,
        defaults=recipe_defaults,
    )
