"""The compiled loop: the explicit loop's steps, many of them inside one session.run, compiled by XLA.

The same updates of the same weights on the same draws and batches, chained by control dependencies where the explicit
loop makes one run after the other. Only the order of additions inside a sum differs, and with it the last bits.
"""

import time

import numpy as np
import tensorflow as tf

from gan_lowlevel import draws
from gan_lowlevel.data.parabola import uniform_points
from gan_lowlevel.draws import Stream
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.gan import (
    DReport,
    GReport,
    Play,
    both_update,
    connect,
    d_objective,
    d_on,
    d_update,
    g_objective,
    g_update,
)
from gan_lowlevel.loop import ExplicitLoop, Report, batch_number

v1 = tf.compat.v1

CAPACITY = 4096  # steps that one chunk can have at the most; it is always fed as many, so that it compiles once
FED_BYTES = 2**25  # at the most, for a chunk
TABLE_BYTES = 2**30  # of data that the graph may hold
SECONDS = 0.5  # that a chunk takes, about: the bar, signals and saves wait no longer


class CompiledLoop:
    """Plays an explicit loop's steps in chunks, on its variables. Any cut into chunks gives the same bits."""

    def __init__(self, explicit: ExplicitLoop):
        """Trace the chunk. The graph's other variables must be there already."""
        self._explicit = explicit
        config, rows = explicit.config, explicit.rows
        self._table = None
        if rows.table is not None:
            if rows.table.nbytes > TABLE_BYTES:
                raise Failure(
                    Exit.FLAGS,
                    f"--engine=compiled holds the data in memory, {rows.table.nbytes:,} bytes here, and takes "
                    f"{TABLE_BYTES:,} at the most: leave it out.",
                )
            content = v1.placeholder(tf.uint8, rows.table.shape)
            # A local variable: no checkpoint holds the data.
            self._table = v1.get_local_variable("table", initializer=content, trainable=False, use_resource=True)
            explicit.session.run(self._table.initializer, {content: rows.table})
        key = rows.key(0)
        a_step = max(config.d_step, 1) * key.nbytes
        self._capacity = max(min(CAPACITY, FED_BYTES // a_step), 1)
        updates = [self._capacity, max(config.d_step, 1)]  # of x
        self._start, self._count = v1.placeholder(tf.int64, []), v1.placeholder(tf.int64, [])
        self._keys = v1.placeholder(key.dtype, [*updates, config.batch_size, *key.shape[1:]])
        self._fakes = v1.placeholder(tf.float32, [*updates, config.batch_size, 2] if self._fed_fakes else [])
        chunk = tf.function(self._chunk, jit_compile=True, autograph=False)
        self._played = chunk(self._start, self._count, self._keys, self._fakes)
        self._rate = 0.0  # steps a second, of the chunk before

    @property
    def _fed_fakes(self) -> bool:
        return self._explicit.config.fakes == "uniform"

    def compile(self) -> float:
        """Have XLA compile the chunk now, which plays no step: seconds that it took."""
        began = time.perf_counter()
        self._explicit.session.run(self._played, self._feed(0, 0))
        return time.perf_counter() - began

    def _feed(self, start: int, count: int, keys: np.ndarray | None = None, fakes: np.ndarray | None = None) -> dict:
        return {
            self._start: start,
            self._count: count,
            self._keys: self._empty(self._keys) if keys is None else keys,
            self._fakes: self._empty(self._fakes) if fakes is None else fakes,
        }

    @staticmethod
    def _empty(fed: tf.Tensor) -> np.ndarray:
        return np.zeros(fed.shape, fed.dtype.as_numpy_dtype)

    def play_until(self, start: int, until: int) -> tuple[Report, int]:
        """Play from step `start`, up to `until` at the most: the last step's report, and the next step's number.

        Ends sooner after about SECONDS, at a batch that is smaller than others (which the explicit loop plays, since
        the compiled one has one size), and behind a step whose loss is not finite.
        """
        explicit = self._explicit
        config, rows = explicit.config, explicit.rows
        count, keys, fakes = 0, self._empty(self._keys), self._empty(self._fakes)
        most = min(until - start, self._capacity, max(int(self._rate * SECONDS), 1))
        while count < most:
            numbers = [batch_number(config, start + count, update) for update in range(keys.shape[1])]
            if any(rows.size(number) != config.batch_size for number in numbers):
                break
            keys[count] = [rows.key(number) for number in numbers]
            if self._fed_fakes:
                fakes[count] = [uniform_points(config.seed, number, config.batch_size) for number in numbers]
            count += 1
        if count == 0:
            return explicit.play_until(start, until)
        began = time.perf_counter()
        done, report = explicit.session.run(self._played, self._feed(start, count, keys, fakes))
        self._rate = done / (time.perf_counter() - began)
        return report, start + int(done)

    def _chunk(self, start: tf.Tensor, count: tf.Tensor, keys: tf.Tensor, fakes: tf.Tensor) -> tuple:
        """Steps played, and the report of the last."""
        nothing = Report(DReport(*[tf.constant(0.0)] * 6), GReport(tf.constant(0.0)))

        def going_on(done: tf.Tensor, report: Report) -> tf.Tensor:
            finite = tf.math.is_finite(report.d.d_loss) & tf.math.is_finite(report.g.g_loss)
            return (done < count) & finite

        def body(done: tf.Tensor, _: Report) -> tuple:
            report = self._step(start + done, keys[done], fakes[done] if self._fed_fakes else None)
            return done + 1, report

        return tf.while_loop(going_on, body, (tf.constant(0, tf.int64), nothing))

    def _step(self, step: tf.Tensor, keys: tf.Tensor, fakes: tf.Tensor | None) -> Report:
        """One step, a round of both players. Inside a function TensorFlow keeps reads and writes in this order."""
        config, game, gan = self._explicit.config, self._explicit.game, self._explicit.gan
        for update in range(max(config.d_step, 1)):
            play, key = self._connect(step, update, Stream.D_LATENT, keys[update])
            if fakes is not None:
                play = d_on(game, play, fakes[update], key)
            d = d_objective(config, play)
            if config.updates == "simultaneous":
                g = g_objective(config, play)
                both_update(play, d, g, theta=gan.theta, optimizer=gan.optimizer)
                return Report(d, g)
            if config.d_step:
                d_update(config, game, play, d, key=key, theta=gan.theta, optimizer=gan.optimizer.d)
        for update in range(max(config.g_step, 1)):
            play, _ = self._connect(step, update, Stream.G_LATENT, keys[0])
            g = g_objective(config, play)
            if config.g_step:
                g_update(play, g, theta=gan.theta, optimizer=gan.optimizer.g)
        return Report(d, g)

    def _connect(self, step: tf.Tensor, update: int, stream: Stream, keys: tf.Tensor) -> tuple[Play, tf.Tensor]:
        """Both players on the x of `keys` and the z of one update, and the draw's key."""
        config, game = self._explicit.config, self._explicit.game
        if config.sampling == "article":  # one z for ever
            stream, step, update = Stream.D_LATENT, tf.zeros_like(step), 0
        key = tf.stack(draws.key(config.seed, int(stream), step, update))
        for_d = stream == Stream.D_LATENT
        z = game.latent([config.batch_size * (1 if for_d else game.g_rows), config.z_dim], key)
        training = tf.constant(game.d_fakes_training if for_d else True)
        return connect(game, self._x(keys), z, training=training, key=key, reuse=True), key

    def _x(self, keys: tf.Tensor) -> tf.Tensor:
        """One batch of x: float32 [B, *data_shape] in the game's output_range."""
        if self._table is None:
            return keys
        low, high = self._explicit.game.output_range
        v = tf.cast(tf.gather(self._table, keys), tf.float32)  # 0 to 255
        return tf.reshape((low * (255.0 - v) + high * v) / 255.0, [-1, *self._explicit.game.data_shape])
