"""The compiled loop: the explicit loop's steps, many of them inside one session.run.

The same updates of the same weights on the same draws and batches, chained by control dependencies where the explicit
loop makes one run after the other. XLA compiles them; where there are convolutions, oneDNN's kernels are twice as fast
as XLA's, and the loop stays a plain graph. Only the order of additions inside a sum differs from the explicit loop, and
with it the last bits.
"""

import math
import time

import numpy as np
import tensorflow as tf

from gan_lowlevel import schedules
from gan_lowlevel.data.drawn import uniform_points
from gan_lowlevel.draws import Stream
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
from gan_lowlevel.layers import LAYERS
from gan_lowlevel.loop import ExplicitLoop, Report, batch_number, batches_played
from gan_lowlevel.shares import Share

v1 = tf.compat.v1

CAPACITY = 4096  # steps that one chunk can have at the most; it is always fed as many, so that it compiles once
FED_BYTES = 2**25  # at the most, for a chunk's x and z
TABLE_BYTES = 2**30  # of data that XLA's program may hold; else it is fed the pixels, as a plain graph is
SECONDS = 0.5  # that a chunk takes, about: the bar, signals and saves wait no longer


class CompiledLoop:
    """Plays an explicit loop's steps in chunks, on its variables. Any cut into chunks gives the same bits."""

    def __init__(self, explicit: ExplicitLoop):
        """Trace the chunk. The graph's other variables must be there already."""
        self._explicit = explicit
        config, game, rows = explicit.config, explicit.game, explicit.rows
        self.by_xla = not convolutional()
        self._table = None
        if self.by_xla and rows.table is not None and rows.table.nbytes <= TABLE_BYTES:
            content = v1.placeholder(tf.uint8, rows.table.shape)
            # A local variable: no checkpoint holds the data.
            self._table = v1.get_local_variable("table", initializer=content, trainable=False, use_resource=True)
            explicit.session.run(self._table.initializer, {content: rows.table})

        d_updates, g_updates = max(config.d_step, 1), max(config.g_step, 1)
        g_rows = config.batch_size * game.g_rows
        fed = self._fed(0, 0)  # for its shapes
        a_step = sum(array.itemsize * math.prod(array.shape[1:]) for array in fed)  # bytes
        a_step += 4 * config.z_dim * (d_updates * config.batch_size + g_updates * g_rows)
        most = min([CAPACITY, FED_BYTES // a_step, *(every for every in config.cadences() if every > 0)])
        self._capacity = max(most, 1)
        self._start, self._count = v1.placeholder(tf.int64, []), v1.placeholder(tf.int64, [])
        self._x, self._fakes = (v1.placeholder(array.dtype, [self._capacity, *array.shape[1:]]) for array in fed)
        # All z of the chunk, by the explicit loop's kernels; XLA's own random bits cost as much as a small game's step.
        d_z = self._latents(Stream.D_LATENT, d_updates, config.batch_size)
        g_z = self._latents(Stream.G_LATENT, g_updates, g_rows)
        # An argument: XLA makes of a division by a constant a product with its rounded inverse.
        white = v1.placeholder_with_default(255.0, [])
        chunk = tf.function(self._chunk, jit_compile=self.by_xla, autograph=False)
        self._played = chunk(self._start, self._count, self._x, self._fakes, d_z, g_z, white)
        self._rate = 0.0  # steps a second, of the chunk before

    def compile(self) -> float:
        """Have the chunk compiled now, which plays no step: seconds that it took."""
        began = time.perf_counter()
        self._run(0, 0)
        return time.perf_counter() - began

    def play_until(self, start: int, until: int) -> tuple[Report, int]:
        """Play from step `start`, up to `until` at the most: the last step's report, and the next step's number.

        Ends sooner after about SECONDS, at a batch that is smaller than others (which the explicit loop plays, since
        the compiled one has one size), and behind a step of which anything is not finite.
        """
        config, rows = self._explicit.config, self._explicit.rows
        a_step, first = batches_played(config, 1), batch_number(config, start, 0)
        most = min(until - start, self._capacity)
        if self._explicit.workers.size == 1:  # several have agreed on `until`, for each has its own clock
            most = min(most, max(int(self._rate * SECONDS), 1))
        whole = 0  # batches before the first that is smaller
        while whole < most * a_step and rows.size(first + whole) == config.batch_size:
            whole += 1
        count = whole // a_step
        if count == 0:
            return self._explicit.play_until(start, until)
        began = time.perf_counter()
        done, report = self._run(start, count)
        self._rate = done / (time.perf_counter() - began)
        return report, start + int(done)

    def _run(self, start: int, count: int) -> tuple[int, Report]:
        feed = {self._start: start, self._count: count}
        for placeholder, array in zip((self._x, self._fakes), self._fed(start, count), strict=True):
            feed[placeholder] = np.zeros(placeholder.shape, array.dtype)  # as many as the loop can have
            feed[placeholder][:count] = array
        return self._explicit.session.run(self._played, feed)

    def _fed(self, start: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        """What decides each step's x, and what stands in the place of G's fakes: [count, batches of a step, ...]."""
        config, rows = self._explicit.config, self._explicit.rows
        a_step, first = batches_played(config, 1), batch_number(config, start, 0)
        x = rows.keys(first, count * a_step)
        if rows.table is not None and self._table is None:
            x = rows.table[x]
        fakes = np.zeros([count, a_step, 0], np.float32)
        if config.fakes == "uniform":
            numbers = range(first, first + count * a_step)
            each = [uniform_points(config.seed, number, config.batch_size) for number in numbers]
            fakes = np.array(each, np.float32).reshape(count, a_step, config.batch_size, 2)
        return x.reshape(count, a_step, *x.shape[1:]), fakes

    def _latents(self, stream: Stream, updates: int, rows: int) -> tf.Tensor:
        """z of all updates of a player in the chunk: [capacity, updates, rows, z_dim]."""
        config, latent = self._explicit.config, self._explicit.game.latent
        origin = self._explicit.origin(stream, self._start, 0)
        each = [self._count, updates, rows, config.z_dim]
        if config.sampling == "article":  # one z for ever
            z = tf.broadcast_to(latent(rows, config.z_dim, origin), each)
        else:
            z = tf.reshape(latent(self._count * updates * rows, config.z_dim, origin), each)
        z = tf.pad(z, [[0, self._capacity - self._count], [0, 0], [0, 0], [0, 0]])
        return tf.ensure_shape(z, [self._capacity, updates, rows, config.z_dim])

    def _chunk(self, start, count, x, fakes, d_z, g_z, white) -> tuple[tf.Tensor, Report]:
        """Steps played, and the report of the last."""
        d, g = ([tf.constant(0.0)] * len(fields) for fields in (DReport._fields, GReport._fields))
        nothing = Report(DReport(*d), GReport(*g), tf.ones([len(self._explicit.checked())], tf.bool))

        def going_on(done: tf.Tensor, report: Report) -> tf.Tensor:
            finite = tf.math.is_finite(report.d.d_loss) & tf.math.is_finite(report.g.g_loss)
            return (done < count) & finite & tf.reduce_all(report.finite)

        def body(done: tf.Tensor, _: Report) -> tuple:
            batches = [self._scaled(x[done, batch], white) for batch in range(x.shape[1])]
            step = start + done
            with schedules.at(step):
                report = self._step(step, batches, fakes[done], d_z[done], g_z[done])
            return done + 1, report

        return tf.while_loop(going_on, body, (tf.constant(0, tf.int64), nothing))

    def _step(self, step: tf.Tensor, x: list[tf.Tensor], fakes: tf.Tensor, d_z: tf.Tensor, g_z: tf.Tensor) -> Report:
        """One step, a round of both players. Inside a function TensorFlow keeps reads and writes in this order."""
        config, game, gan = self._explicit.config, self._explicit.game, self._explicit.gan
        finite = []
        share = self._explicit.workers.share(d_z.shape[1])
        facts = {"theta": gan.theta, "share": share}
        for update in range(d_z.shape[0]):
            batch = min(update, len(x) - 1)  # the article's way has one for all
            origin = tf.stack(self._explicit.origin(Stream.D_LATENT, step, update))
            play = self._connect(x[batch], d_z[update], origin, share, game.d_fakes_training)
            if config.fakes == "uniform":
                play = d_on(game, play, fakes[batch], origin, share)
            d = d_objective(config, play, share)
            if config.updates == "simultaneous":
                g = g_objective(config, play, share)
                return Report(d, g, both_update(play, d, g, optimizer=gan.optimizer, **facts).finite)
            if config.d_step:
                played = d_update(config, game, play, d, origin=origin, optimizer=gan.optimizer.d, **facts)
                finite.append(played.finite)
        share = self._explicit.workers.share(g_z.shape[1])
        for update in range(g_z.shape[0]):
            origin = tf.stack(self._explicit.origin(Stream.G_LATENT, step, update))
            play = self._connect(x[0], g_z[update], origin, share, True)
            g = g_objective(config, play, share)
            if config.g_step:
                played = g_update(play, g, theta=gan.theta, optimizer=gan.optimizer.g, share=share)
                finite.append(played.finite)
        return Report(d, g, tf.concat(finite, axis=0))

    def _connect(self, x: tf.Tensor, z: tf.Tensor, origin: tf.Tensor, share: Share, training: bool) -> Play:
        """Both players on x and z, with the weights that there are."""
        game, training = self._explicit.game, tf.constant(training)
        return connect(game, x, z, training=training, origin=origin, share=share, reuse=True)

    def _scaled(self, x: tf.Tensor, white: tf.Tensor) -> tf.Tensor:
        """One batch of x: float32 [B, *data_shape] in the game's output_range."""
        if x.dtype == tf.float32:
            return x
        low, high = self._explicit.game.output_range
        v = tf.cast(x if self._table is None else tf.gather(self._table, x), tf.float32)  # 0 to 255
        return tf.reshape((v * (high - low) + 255.0 * low) / white, [-1, *self._explicit.game.data_shape])


def convolutional() -> bool:
    """Whether the graph has convolutions."""
    return any(note.kind.startswith("conv") for note in v1.get_collection(LAYERS))
