"""The package's two engines, with its own recipes."""

import numpy as np

from benchmarks.contestants import Contestant, Settings, normal_latent, shown


def compiled(settings: Settings) -> Contestant:
    """Many steps a session.run."""
    return _engine(settings, compiled=True)


def explicit(settings: Settings) -> Contestant:
    """One session.run an update: the loop to read."""
    return _engine(settings, compiled=False)


def _engine(settings: Settings, compiled: bool) -> Contestant:
    from gan_lowlevel import command, data

    command.start_tensorflow()
    import tensorflow as tf

    from gan_lowlevel import gan, loop, networks, sessions
    from gan_lowlevel.compiled import CompiledLoop

    config = settings.config()
    game = networks.GAMES[config.model](config)
    rows = data.rows(data.load(config), config, game.output_range, game.data_shape)
    tf.Graph().as_default().__enter__()
    session = tf.compat.v1.Session(config=sessions.session_config(settings.threads))
    players = gan.build(config, game)
    session.run(tf.compat.v1.global_variables_initializer())
    engine = explicit = loop.ExplicitLoop(session, players, game, config, rows)
    if compiled:
        engine = CompiledLoop(explicit)
    done, report = 0, None
    random = np.random.default_rng(settings.seed)

    def play(steps: int) -> None:
        nonlocal done, report
        until = done + steps
        while done < until:
            report, done = engine.play_until(done, until)

    def sample(count: int) -> np.ndarray:
        shape = (count, config.z_dim)
        z = random.standard_normal(shape) if normal_latent(config.model) else random.uniform(-1.0, 1.0, shape)
        return shown(config.model, session.run(players.play.fake, {players.z: z, players.training: False}))

    return Contestant(
        play=play,
        losses=lambda: (float(report.d.d_loss), float(report.g.g_loss)),
        sample=sample,
        prepare=engine.compile if compiled else lambda: None,
    )
