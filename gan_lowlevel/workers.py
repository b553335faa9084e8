"""Several processes that train one game: each takes its share of every batch, and all have the same weights.

Synchronous and data-parallel, on TensorFlow's own runtime: a server in each process, collectives between them. x and z
of an update are those of one process, cut by rank. A mean over all rows is the sum of the workers' means, each weighted
by its rows; a gradient the sum of theirs. So a run of several workers is that of one, up to the last bits.

`Alone` is the same for one process, and adds nothing to its graph.
"""

import contextlib
import itertools
import re
import socket
import time
import zlib
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from gan_lowlevel import __version__
from gan_lowlevel.cluster import Cluster
from gan_lowlevel.config import Config, settings_of
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.output import say
from gan_lowlevel.sessions import session_config
from gan_lowlevel.shares import WHOLE, Scalars, Share

v1 = tf.compat.v1

TOGETHER = 0.25  # seconds between two questions whether anyone wants to stop, about
AT_START = 10  # times --peer_timeout that a worker waits for the others to have read their data
NOTICED = 0.9  # share of --peer_timeout after which a peer that is not heard of counts as lost: the rest is for leaving
# What a session says of a peer that died or froze; and what it says where one began anew, but of much else too.
SURELY_LOST = (
    tf.errors.UnavailableError,
    tf.errors.DeadlineExceededError,
    tf.errors.CancelledError,
    tf.errors.AbortedError,
)
PERHAPS_LOST = (tf.errors.FailedPreconditionError, tf.errors.InternalError)
OF_PEERS = re.compile("collective|connect|remote|incarnation", re.IGNORECASE)
POLL = 0.1  # seconds between two looks whether another worker listens
FACTS = 256  # settings that workers compare, at the most
# What may differ between the workers of a run: where things are, and what each machine has.
OWN = ("input_data_dir", "download", "logdir", "run_name", "resume", "dry_run", "threads", "engine", "device",
       "peer_timeout")  # fmt: skip


def lost(error: BaseException | None) -> bool:
    """Whether it tells of another worker that is not heard of any more."""
    if isinstance(error, PERHAPS_LOST):
        return OF_PEERS.search(error.message) is not None
    return isinstance(error, SURELY_LOST)


class Alone:
    """One process: nobody to ask."""

    rank, size = 0, 1

    def session(self, config: Config) -> v1.Session:
        """For the current graph."""
        return v1.Session(config=session_config(config.threads, config.device))

    def placed(self, config: Config, data_sha256: str) -> contextlib.AbstractContextManager:
        """A graph is built in the block: its ops are computed here, for these settings and data."""
        return contextlib.nullcontext()

    def share(self, rows: tf.Tensor | int) -> Share:
        """This worker's share of an update's rows."""
        return WHOLE

    def begin(self, session: v1.Session, *told: int) -> tuple[int, ...]:
        """Have all begin alike: with the weights of rank 0, and with the numbers `told` there, which it gives.

        Raises Failure(FLAGS) where the workers' settings or data differ.
        """
        return told

    def all_can(self, session: v1.Session, this_one: bool) -> bool:
        """Whether every worker can, of whom this one says so."""
        return this_one

    def end(self, session: v1.Session) -> None:
        """Wait until rank 0 has written what it had to."""

    def until(self, start: int, until: int) -> int:
        """The step after which all ask each other again, of those after `start` and up to `until`."""
        return until

    def agree(self, session: v1.Session, done: int, wish: Exit | None) -> Exit | None:
        """Whether to stop after `done` steps, as whoever wishes it: the exit code.

        Of several workers a wish is heard when all ask each other, a quarter of a second later or so.
        """
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
        self._others = {
            f"{job} {index}": cluster.addresses[job][index]
            for job, index in cluster.tasks
            if (job, index) != (cluster.job, cluster.index)
        }
        self._leader = cluster.addresses[leader][first]
        self._graphs, self._last_key = 0, 0
        self._patient = v1.RunOptions(timeout_in_ms=int(1000 * AT_START * self._timeout))
        self._next = 0  # the step after which all ask each other
        self._mark = (0, time.perf_counter())

    def stay(self) -> None:
        """Wait until rank 0 has gone, which may still take from here what the last step summed."""
        last = time.monotonic() + self._timeout
        while self.rank > 0 and time.monotonic() < last:
            if not _listens(self._leader):
                return
            time.sleep(POLL)

    def meet(self) -> None:
        """Wait until all serve, since a session would wait for rank 0 without end. Raises Failure(PEER_LOST)."""
        last, said = time.monotonic() + AT_START * self._timeout, False
        for name, address in self._others.items():
            while not _listens(address):
                if time.monotonic() > last:
                    raise Failure(
                        Exit.PEER_LOST,
                        f"{name} at {address} did not come in {AT_START * self._timeout:g} s: start all "
                        f"{self.size} workers of TF_CONFIG, and see that they reach each other's ports.",
                    )
                if not said:
                    say(f"workers  rank {self.rank} of {self.size} waits for {name} at {address}")
                    said = True
                time.sleep(POLL)

    def session(self, config: Config) -> v1.Session:
        return v1.Session(self._server.target, config=self._session_config)

    @contextlib.contextmanager
    def placed(self, config: Config, data_sha256: str) -> Iterator[None]:
        # Compared by the first collectives of a graph, whose keys do not hang on what the settings make of the rest.
        self._graphs += 1
        self._last_key = 10**6 * self._graphs
        gpu = config.device != "cpu" and bool(tf.config.list_physical_devices("GPU"))
        facts = {"the version of gan_lowlevel": __version__, "the version of TensorFlow": tf.__version__}
        facts |= {name: getattr(config, name) for name in settings_of(Config) if name not in OWN}
        facts |= {"the kind of device": gpu, "the data": data_sha256}
        self._compared = list(facts)
        checks = [zlib.crc32(repr(fact).encode()) for fact in facts.values()]
        with v1.device(self._me):
            with v1.name_scope("compare"):
                mine = tf.constant(checks + [0] * (FACTS - len(checks)), tf.int64)
                self._alike = tf.equal(self.reduce(mine, "Max"), self.reduce(mine, "Min"))
            self._next = 0
            yield

    def share(self, rows: tf.Tensor | int) -> "_Cut":
        return _Cut(self, rows)

    def begin(self, session: v1.Session, *told: int) -> tuple[int, ...]:
        self.meet()
        with v1.name_scope("begin"):
            numbers = self._told(tf.constant(told, tf.int64))
            variables = v1.global_variables() + v1.local_variables()
            heard = [v1.assign(variable, self._told(variable.read_value())) for variable in variables]
            self._asked = v1.placeholder(tf.int64, [2])
            self._answer = self.reduce(self._asked, "Max")
        alike = session.run(self._alike, options=self._patient)
        differing = [name for name, same in zip(self._compared, alike, strict=False) if not same]
        if differing:
            raise Failure(
                Exit.FLAGS,
                f"all workers of a run want the same settings and data, and these of the {self.size} differ in "
                f"{', '.join(differing)}: start them with the same flags.",
            )
        numbers, _ = session.run((numbers, heard), options=self._patient)
        self._mark = (int(numbers[0]), time.perf_counter())
        return tuple(int(number) for number in numbers)

    def all_can(self, session: v1.Session, this_one: bool) -> bool:
        return not session.run(self._answer, {self._asked: (not this_one, 0)}, options=self._patient)[0]

    def end(self, session: v1.Session) -> None:
        session.run(self._answer, {self._asked: (0, 0)}, options=self._patient)

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


def _listens(address: str) -> bool:
    """Whether something does at HOST:PORT."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=1).close()  # an IPv6 address has brackets
    except OSError:
        return False
    return True


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
    try:
        yield workers
    except Failure as failure:
        if failure.code in (Exit.NAN, Exit.FLAGS):  # as all workers have it, after the same message
            workers.stay()
        raise
    workers.stay()


class _Cut(Share):
    """The share of one worker of several: rows `first` to `first + count - 1`, at most one more than another's."""

    def __init__(self, workers: Workers, rows: tf.Tensor | int):
        self._workers = workers
        borders = [rows * rank // workers.size for rank in range(workers.size + 1)]
        # Of fewer rows than workers some have none of their own: such a share is one row that counts nothing, since
        # convolutions want one.
        least, most = (min, max) if isinstance(rows, int) else (tf.minimum, tf.maximum)
        self._first = least(borders[workers.rank], rows - 1)
        self._count = most(borders[workers.rank + 1] - borders[workers.rank], 1)
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
            return self._workers.reduce(self._weight * mine), lambda gradient: self._weight * gradient

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
        means, variances = tf.unstack(self._workers.gathered(tf.stack(moments)), axis=1)  # [size, C] each
        weights = self._weights[:, tf.newaxis]
        mean = tf.reduce_sum(weights * means, axis=0)
        return mean, tf.reduce_sum(weights * (variances + (means - mean) ** 2), axis=0)
