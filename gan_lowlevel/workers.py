"""Several processes that train one game: each takes its share of every batch, and all have the same weights.

Synchronous and data-parallel, on TensorFlow's own runtime: a server in each process, collectives between them. x and z
of an update are those of one process, cut by rank. A mean over all rows is the sum of the workers' means, each weighted
by its rows; a gradient the sum of theirs. So a run of several workers is that of one, up to the last bits.

`Alone` is the same for one process, and adds nothing to its graph.
"""

import contextlib
import itertools
import socket
import time
import zlib
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from gan_lowlevel.cluster import Cluster
from gan_lowlevel.config import Config, settings_of
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.sessions import session_config
from gan_lowlevel.shares import WHOLE, Scalars, Share

v1 = tf.compat.v1

TOGETHER = 0.25  # seconds between two questions whether anyone wants to stop, about
AT_START = 10  # times --peer_timeout that a worker waits for the others to have read their data
NOTICED = 0.9  # share of --peer_timeout after which a peer that is not heard of counts as lost: the rest is for leaving
# What a session says of a peer that died, froze, or began anew.
LOST = (
    tf.errors.UnavailableError,
    tf.errors.DeadlineExceededError,
    tf.errors.CancelledError,
    tf.errors.FailedPreconditionError,
    tf.errors.AbortedError,
    tf.errors.InternalError,
)
# What may differ between the workers of a run: where things are, and what each machine has.
OWN = ("input_data_dir", "download", "logdir", "run_name", "resume", "dry_run", "threads", "engine", "device",
       "peer_timeout")  # fmt: skip


class Alone:
    """One process: nobody to ask."""

    rank, size = 0, 1

    def session(self, config: Config) -> v1.Session:
        """For the current graph."""
        return v1.Session(config=session_config(config.threads, config.device))

    def placed(self) -> contextlib.AbstractContextManager:
        """Where the ops of the block are computed."""
        return contextlib.nullcontext()

    def share(self, rows: tf.Tensor | int) -> Share:
        """This worker's share of an update's rows."""
        return WHOLE

    def begin(self, session: v1.Session, config: Config, data_sha256: str, *told: int) -> tuple[int, ...]:
        """Have all begin alike: with the weights of rank 0, and with the numbers `told` there, which it gives.

        Raises Failure(FLAGS) where the workers' settings or data differ.
        """
        return told

    def until(self, start: int, until: int) -> int:
        """The step after which all ask each other again, of those after `start` and up to `until`."""
        return until

    def agree(self, session: v1.Session, done: int, wish: Exit | None) -> Exit | None:
        """Whether to stop after `done` steps, as whoever wishes it: the exit code."""
        return wish


ALONE = Alone()


class Workers:
    """The workers of a cluster, for this process, which serves the others from now on."""

    def __init__(self, cluster: Cluster, config: Config):
        """Raises Failure(PEER_LOST) where its own address can't be served."""
        self.rank, self.size = cluster.rank, cluster.size
        self._timeout = config.peer_timeout
        self.local_statistics = config.batch_statistics == "local"
        self._me = f"/job:{cluster.job}/task:{cluster.index}"
        leader, first = cluster.tasks[0]
        self._session_config = session_config(config.threads, config.device)
        self._session_config.experimental.collective_group_leader = f"/job:{leader}/replica:0/task:{first}"
        self._session_config.device_filters.append(self._me)  # nobody else touches these variables
        # Not by the collectives' own timeout_seconds, of which each leaves a thread asleep for as long.
        self._session_config.operation_timeout_in_ms = int(1000 * NOTICED * self._timeout)
        try:
            self._server = v1.train.Server(
                v1.train.ClusterSpec(cluster.addresses),
                job_name=cluster.job,
                task_index=cluster.index,
                config=self._session_config,
            )
        except tf.errors.OpError as error:
            own = cluster.addresses[cluster.job][cluster.index]
            raise Failure(
                Exit.PEER_LOST,
                f"{own}, the address of {cluster.job} {cluster.index} in TF_CONFIG, can't be served "
                f"({error.message.strip().rstrip('.')}): free its port, or give another to all workers.",
            ) from None
        host, _, port = cluster.addresses[leader][first].rpartition(":")
        self._leader = (host.strip("[]"), int(port))  # an IPv6 address stands in brackets
        self._last_key = 0
        self._next = 0  # the step after which all ask each other
        self._mark = (0, time.perf_counter())

    def stay(self) -> None:
        """Wait until rank 0 has gone, which may still take from here what the last step summed."""
        last = time.monotonic() + self._timeout
        while self.rank > 0 and time.monotonic() < last:
            try:
                socket.create_connection(self._leader, timeout=1).close()
            except OSError:
                return
            time.sleep(0.1)

    def session(self, config: Config) -> v1.Session:
        return v1.Session(self._server.target, config=self._session_config)

    @contextlib.contextmanager
    def placed(self) -> Iterator[None]:
        with v1.device(self._me):
            self._next = 0
            yield

    def share(self, rows: tf.Tensor | int) -> "_Cut":
        return _Cut(self, rows)

    def begin(self, session: v1.Session, config: Config, data_sha256: str, *told: int) -> tuple[int, ...]:
        names = [name for name in settings_of(Config) if name not in OWN]
        facts = [zlib.crc32(repr(getattr(config, name)).encode()) for name in names]
        facts.append(int(data_sha256[:15], 16))
        with v1.name_scope("begin"):
            mine = tf.constant(facts, tf.int64)
            alike = tf.equal(self.reduce(mine, "Max"), self.reduce(mine, "Min"))
            numbers = self._told(tf.constant(told, tf.int64))
            variables = v1.global_variables() + v1.local_variables()
            heard = [v1.assign(variable, self._told(variable.read_value())) for variable in variables]
            # Asked after every step or so, with one number from rank 0.
            self._asked = v1.placeholder(tf.int64, [2])
            self._answer = self.reduce(self._asked, "Max")
        patient = v1.RunOptions(timeout_in_ms=int(1000 * AT_START * self._timeout))
        same = session.run(alike, options=patient)
        differing = [name for name, agreed in zip([*names, "the data"], same, strict=True) if not agreed]
        if differing:
            raise Failure(
                Exit.FLAGS,
                f"all workers of a run want the same settings and data, and these of the {self.size} differ in "
                f"{', '.join(differing)}: start them with the same flags.",
            )
        numbers, _ = session.run((numbers, heard), options=patient)
        self._mark = (int(numbers[0]), time.perf_counter())
        return tuple(int(number) for number in numbers)

    def until(self, start: int, until: int) -> int:
        return min(until, max(self._next, start + 1))

    def agree(self, session: v1.Session, done: int, wish: Exit | None) -> Exit | None:
        if done < self._next:
            return None
        following = 0
        if self.rank == 0:  # which alone says when to ask again: clocks differ
            since, then = self._mark
            now = time.perf_counter()
            self._mark = (done, now)
            following = done + max(int(TOGETHER * (done - since) / (now - then)), 1)
        code, self._next = (int(said) for said in session.run(self._answer, {self._asked: (wish or 0, following)}))
        return Exit(code) if code else None

    def reduce(self, values: tf.Tensor, merge: str = "Add") -> tf.Tensor:
        """Of the values of all workers, entry by entry, their sum, or as `merge` says."""
        return tf.raw_ops.CollectiveReduceV2(
            input=values, ordering_token=[], merge_op=merge, final_op="Id", **self._common()
        )

    def gathered(self, values: tf.Tensor) -> tf.Tensor:
        """Those of each worker: [size, *shape of values]."""
        mine = tf.reshape(tf.one_hot(self.rank, self.size), [-1] + [1] * values.shape.rank)
        return self._sum(mine * values)

    def _sum(self, values: tf.Tensor) -> tf.Tensor:
        """The sum of all workers' values, through which gradients pass: one by a worker's value is the sum of what
        all workers' losses have by the sum."""

        @tf.custom_gradient
        def summed(mine: tf.Tensor) -> tuple:
            return self.reduce(mine), self.reduce

        return summed(values)

    def _told(self, value: tf.Tensor) -> tf.Tensor:
        """That of rank 0, to the bit."""
        if self.rank == 0:
            return tf.raw_ops.CollectiveBcastSendV2(input=value, **self._common())
        return tf.raw_ops.CollectiveBcastRecvV2(T=value.dtype, shape=value.shape.as_list(), **self._common())

    def _common(self) -> dict[str, Any]:
        # A key of its own for each collective: all workers build the same graph, so the same ones meet.
        self._last_key += 1
        return {
            "group_size": self.size,
            "group_key": 1,
            "instance_key": self._last_key,
            "communication_hint": "auto",  # a ring; NCCL where the values are on GPUs
        }


@contextlib.contextmanager
def join(cluster: Cluster | None, config: Config) -> Iterator[Alone | Workers]:
    """The workers of the cluster, or this process alone.

    Raises Failure(PEER_LOST) as Workers does, Failure(FLAGS) where a batch has no row for each of them.
    """
    if cluster is None:
        yield ALONE
        return
    if config.batch_size < cluster.size:
        raise Failure(
            Exit.FLAGS,
            f"--batch_size={config.batch_size} has no row for each of {cluster.size} workers: give a larger one, or "
            "start fewer workers.",
        )
    workers = Workers(cluster, config)
    lost = False
    try:
        yield workers
    except Failure as failure:
        lost = failure.code == Exit.PEER_LOST
        raise
    finally:
        if not lost:
            workers.stay()


class _Cut(Share):
    """The share of one worker of several: rows `first` to `first + count - 1`, at most one more than another's."""

    def __init__(self, workers: Workers, rows: tf.Tensor | int):
        self._workers = workers
        borders = [rows * rank // workers.size for rank in range(workers.size + 1)]
        self._first, end = borders[workers.rank], borders[workers.rank + 1]
        self._count = end - self._first
        counts = [after - before for before, after in itertools.pairwise(borders)]
        self._weights = tf.cast(tf.stack(counts), tf.float32) / tf.cast(rows, tf.float32)  # [size]
        self._weight = self._weights[workers.rank]

    def cut(self, rows: tf.Tensor) -> tf.Tensor:
        return rows[self._first : self._first + self._count]

    def origin(self, origin: tf.Tensor) -> tf.Tensor:
        sequence, row = tf.unstack(tf.cast(tf.convert_to_tensor(origin, tf.int64), tf.int64))
        return tf.stack([sequence, row + tf.cast(self._first, tf.int64)])

    def mean(self, scalars: Scalars) -> Scalars:
        @tf.custom_gradient
        def mean(mine: tf.Tensor) -> tuple:
            # A share without rows has no mean, and no weight.
            weighted = tf.where(self._weight > 0, self._weight * mine, tf.zeros_like(mine))
            return self._workers.reduce(weighted), lambda gradient: self._weight * gradient

        return type(scalars)(*tf.unstack(mean(tf.stack(scalars))))

    def sum(self, gradients: list[tuple]) -> list[tuple]:
        there = [(gradient, variable) for gradient, variable in gradients if gradient is not None]
        if not there:
            return gradients
        # All in one: a collective has its price, however small it is.
        flat = self._workers.reduce(tf.concat([tf.reshape(gradient, [-1]) for gradient, _ in there], axis=0))
        parts = tf.split(flat, [variable.shape.num_elements() for _, variable in there])
        return [(tf.reshape(part, variable.shape), variable) for part, (_, variable) in zip(parts, there, strict=True)]

    def moments(self, h: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        mine = super().moments(h)
        return mine if self._workers.local_statistics else self._combined(mine)

    def moving_moments(self, moments: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        return self._combined(moments) if self._workers.local_statistics else moments

    def _combined(self, moments: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        """Of the moments of each worker's rows, those of all rows."""
        mine = tf.where(self._weight > 0, tf.stack(moments), tf.zeros_like(moments[0]))
        means, variances = tf.unstack(self._workers.gathered(mine), axis=1)  # [size, C] each
        weights = self._weights[:, tf.newaxis]
        mean = tf.reduce_sum(weights * means, axis=0)
        return mean, tf.reduce_sum(weights * (variances + (means - mean) ** 2), axis=0)
