"""A game built in this process, to be played step by step and asked anything."""

import contextlib
import shlex
from typing import TYPE_CHECKING, Any

from gan_lowlevel.commandline import read_config

if TYPE_CHECKING:  # they need TensorFlow
    from gan_lowlevel.loop import Report


class Table:
    """The players of one game, their weights initialised, at step 0.

    In a `with` block the game's graph is the default one, so that tensors can be added to it; it may be entered again,
    and stays playable after it.
    """

    def __init__(self, flags: str):
        import tensorflow as tf

        from gan_lowlevel import data, networks, system
        from gan_lowlevel.gan import build
        from gan_lowlevel.loop import ExplicitLoop
        from gan_lowlevel.sessions import initialize, session_config

        v1 = tf.compat.v1
        self.config = read_config(shlex.split(flags))
        self.game = networks.GAMES[self.config.model](self.config)
        source = data.load(self.config)
        self.rows = data.rows(source, self.config, self.game.output_range, self.game.data_shape)
        self.graph = tf.Graph()
        with self.graph.as_default():
            self.gan = build(self.config, self.game)
            config = session_config(self.config.threads or system.cores(), self.config.device)
            self.session = v1.Session(config=config)
            initialize(self.session, self.game, source)
        self.loop = ExplicitLoop(self.session, self.gan, self.game, self.config, self.rows)
        self.step = 0  # the next
        self._entered: list[contextlib.AbstractContextManager] = []

    def play(self, steps: int = 1) -> "list[Report]":
        """Play the next steps: what each saw."""
        reports = [self.loop.play(self.step + i) for i in range(steps)]
        self.step += steps
        return reports

    def run(self, fetches: Any, feed: dict | None = None) -> Any:
        """session.run."""
        return self.session.run(fetches, feed)

    def __enter__(self) -> "Table":
        self._entered.append(self.graph.as_default())
        self._entered[-1].__enter__()
        return self

    def __exit__(self, *exception) -> None:
        self._entered.pop().__exit__(*exception)


def table(flags: str) -> Table:
    """The game that the flags of training name, on drawn points or the embedded digits: `with table(...) as table:`."""
    return Table(flags)
