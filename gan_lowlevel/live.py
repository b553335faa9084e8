"""A game of points, played before one's eyes.

python -m gan_lowlevel.main --model=parabola --live     in a window, which names its keys
live.play("--model=parabola", steps=500)                in a notebook, redrawn in place

It is the explicit loop, one session.run an update. No run is read or written. Imports TensorFlow where a game begins.
"""

import contextlib
import dataclasses
import shlex
import time
from typing import Any

import numpy as np

from gan_lowlevel import cluster, command, knobs, screen, system
from gan_lowlevel.commandline import read_config
from gan_lowlevel.config import Config
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.output import say

MEASURED, SEEN = 300, 100  # real points, and z, that V and the losses are of, and that the picture shows
FRAME = 0.04  # seconds of play between two pictures
HEARING = 0.01  # seconds in which the window then hears of keys
KEPT = 2000  # points of a curve; at more every second one is dropped


class Match:
    """The game on the explicit loop, whose knobs may be turned between two updates.

    The n-th update of a player draws the x and z that it draws in a run: with the recipe's own ratio and rates the
    weights are those of `--engine=explicit`, bit for bit.
    """

    def __init__(self, config: Config):
        system.import_quietly("tensorflow")
        import tensorflow.compat.v1 as v1

        from gan_lowlevel import data, gan, networks, sessions, train
        from gan_lowlevel.loop import ExplicitLoop
        from gan_lowlevel.theory import Theory

        self.law, game = data.load(config), networks.GAMES[config.model](config)
        rows = data.rows(self.law, config, game.output_range, game.data_shape)
        self.config = config = train.resolve(config, rows)
        self.knobs = knobs.Knobs(config)
        self._x = self.law.points(data.unseen(config.seed), 0, MEASURED)
        self._z = sessions.latents(game, config.z_dim, list(range(MEASURED)))
        with v1.Graph().as_default() as graph:
            self._rates = gan.Rates(*(v1.placeholder(v1.float64, [], f"{player}_learning_rate") for player in "dg"))
            built = gan.build(config, game, rates=self._rates)
            train.refuse_too_large(config, game)
            session = v1.Session(graph=graph, config=sessions.session_config(config.threads, config.device))
            # Updates are counted by player: the k-th of each is in this loop's step k.
            self.loop = ExplicitLoop(session, built, game, dataclasses.replace(config, d_step=1, g_step=1), rows)
            self._force = Theory(self.loop, None).forces[config.g_loss]
            sessions.initialize(session, game, self.law)
            variables = v1.global_variables()
            self._first = dict(zip([v.initializer for v in variables], session.run(variables), strict=True))
        self.start_over()

    def start_over(self) -> None:
        """The first weights, no update, a pause; the knobs stay as they are."""
        self.loop.session.run(list(self._first), {assign.inputs[1]: value for assign, value in self._first.items()})
        self.steps, self.d_updates, self.g_updates = 0, 0, 0
        self.playing, self.broken = False, ""  # what is not finite
        self.curves: list[tuple] = []  # updates of both players so far, V, D's loss, G's loss

    def d(self) -> None:
        """One update of D."""
        self._update(self.loop.gan.d_train, self.loop.d_feed(self.d_updates, 0), d=1)

    def g(self) -> None:
        """One update of G."""
        self._update(self.loop.gan.g_train, self.loop.g_feed(self.g_updates, 0), g=1)

    def step(self) -> None:
        """d_step updates of D, then g_step of G; of one each both at once, where the settings say so."""
        if self.config.updates == "simultaneous" and self.knobs.d_step == self.knobs.g_step == 1:
            self._update(self.loop.gan.both_train, self.loop.d_feed(self.d_updates, 0), d=1, g=1)
        else:
            for update in [self.d] * self.knobs.d_step + [self.g] * self.knobs.g_step:
                update()
        self.steps += 1

    def _update(self, update: Any, feed: dict, d: int = 0, g: int = 0) -> None:
        if self.broken:
            return
        feed |= {self._rates.d: self.knobs.d_learning_rate, self._rates.g: self.knobs.g_learning_rate}
        feed |= {} if self.loop.gan.step is None else {self.loop.gan.step: self.steps}
        finite = self.loop.session.run(update.finite, feed)
        self.d_updates, self.g_updates = self.d_updates + d, self.g_updates + g
        self.broken = "" if finite.all() else update.checked[int(np.argmin(finite))]

    def over(self) -> bool:
        """Whether no step follows but after `start_over`."""
        return bool(self.broken) or self.steps >= self.config.max_steps

    def play_for(self, seconds: float, until: float = float("inf")) -> None:
        """Steps while it is playing, for so long, and up to that step."""
        end = time.perf_counter() + seconds
        while self.playing and time.perf_counter() < end:
            self.step()
            self.playing = self.steps < until and not self.over()

    def press(self, key: str) -> None:
        """What knobs.KEYS and knobs.KNOBS say, by matplotlib's names of them. A single update pauses."""
        if key == " ":
            self.playing = not self.playing and not self.over()
        elif key in ("d", "g"):
            self.playing = False
            (self.d if key == "d" else self.g)()
        elif key == "r":
            self.start_over()
        elif key == "0":
            self.knobs.as_the_recipe()
        else:
            self.knobs.press(key)

    def look(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Real points, G's and the force on each of those, [SEEN, entries]: of the same x and z each time, in an update
        of G. V and both losses of them go to the curves. Where something is not finite, what was seen before it."""
        if not self.broken:
            gan = self.loop.gan
            fetches = (gan.play.fake, self._force, gan.d_report, gan.g_report)
            fake, force, d, g = self.loop.session.run(fetches, {gan.x: self._x, gan.z: self._z})
            self._seen = self._x[:SEEN], fake[:SEEN], force[:SEEN]
            self.curves.append((self.d_updates + self.g_updates, d.value, d.d_loss, g.g_loss))
            if len(self.curves) > KEPT:
                del self.curves[1:-1:2]
        return self._seen

    def says(self) -> list[str]:
        """Where the game stands, and what is set."""
        state = "the last step: r starts over" if self.over() else "playing" if self.playing else "paused"
        said = f"step {self.steps:,} · {self.d_updates:,} updates of D, {self.g_updates:,} of G · {state}"
        return [f"{self.broken} is not finite: r starts over" if self.broken else said, *self.knobs.said()]

    def board(self, figure: Any, *keys: Any) -> Any:
        """A Board on that figure, for `show`."""
        from gan_lowlevel.views.board import Board

        return Board(figure, self.loop, self.law, *keys)

    def show(self, board: Any) -> np.ndarray:
        """A frame on that Board: what it shows, uint8 [720, 1280, 3] at first, until the next."""
        return board.show(*self.look(), self.curves, *self.says())


def main(config: Config) -> Exit:
    """Open the window and play until it is closed. Raises Failure(FLAGS) where none can be opened."""
    if cluster.read():
        raise Failure(Exit.FLAGS, "--live is played by one process: unset TF_CONFIG, which names others.")
    figure, is_open = screen.window(f"gan_lowlevel: {config.model}")  # before TensorFlow takes its seconds
    command.start_tensorflow()
    match, pressed = Match(config), []
    say(f"live     {config.model}, in a window; no run is read or written")
    for key, act in (*knobs.KEYS, *zip(knobs.KNOBS, match.knobs.said(), strict=True)):
        say(f"{key:9}{act}")
    match.show(board := match.board(figure, knobs.KEYS, knobs.KNOBS))
    figure.canvas.mpl_connect("key_press_event", lambda event: pressed.append(event.key or ""))
    figure.canvas.manager.show()
    while is_open() and "q" not in pressed:
        keys, pressed[:] = pressed[:], []
        lines = _frame(match, keys)
        if keys or lines or match.playing:
            match.show(board)
        figure.canvas.start_event_loop(HEARING)
        for line in lines:  # by now on the screen too
            say(line)
    return Exit.DONE


def _frame(match: Match, keys: list[str]) -> list[str]:
    """Press the keys, then play on: a line for each key that changed anything, and one where play ended by itself."""
    lines = []
    for key in [*keys, ""]:
        before = match.says()
        match.press(key) if key else match.play_for(FRAME)
        if match.says() != before and (key or not match.playing):
            lines.append(f"{'space' if key == ' ' else key:9}{' · '.join(match.says())}")
    return lines


def play(game: Match | str, steps: int) -> Match:
    """In a notebook: play so many steps, redrawn in place. Interrupting the cell ends it early.

    game: flags of `main`, such as "--model=parabola --d_step=2"; or what an earlier call gave, to go on, maybe after
    `d()`, `g()` or with other `knobs`. Elsewhere nothing is shown; `picture` is what would be. Raises Failure(FLAGS).
    """
    match = Match(read_config(["--live", *shlex.split(game)])) if isinstance(game, str) else game
    board, redraw = match.board(screen.page()), screen.cell()
    match.playing, until = steps > 0 and not match.over(), match.steps + steps
    with contextlib.suppress(KeyboardInterrupt):
        while match.playing:
            match.play_for(FRAME, until)
            redraw(match.show(board))
    match.playing = False
    return match


def picture(match: Match) -> np.ndarray:
    """The players as they are now: uint8 [720, 1280, 3]."""
    return match.show(match.board(screen.page()))
