"""Several workers of one run on this machine: started, shown, watched and started again. Imports no TensorFlow."""

import contextlib
import datetime
import json
import math
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import TextIO

from gan_lowlevel import system
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.runs import Run

HOST = "127.0.0.1"
POLL = 0.05  # seconds between looks at the workers
GRACE = 5.0  # seconds beyond --peer_timeout that a worker has to leave by itself, and then after SIGTERM
SOON = 2.0  # seconds that the others have once one has failed: mostly all do, each with its sentence
LONGEST = 2**16  # characters of a line; a longer one is shown as several
STOPPED = (Exit.INTERRUPTED, Exit.TERMINATED)

_printing = threading.Lock()


class Worker:
    """One process of the run; what it says is shown behind its rank."""

    def __init__(self, rank: int, command: Sequence[str], environment: dict[str, str]):
        self.rank = rank
        self.left = False  # it did not end in time and was ended from here
        self.ended = 0.0  # when that was seen; by the clock of this machine
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gan_lowlevel.tether", str(os.getpid()), *command],
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,  # in which \r ends a line too, as a progress bar's
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # Ctrl-C reaches the launcher alone, which passes it on
        )
        streams = ((self._process.stdout, sys.stdout), (self._process.stderr, sys.stderr))
        self._readers = [threading.Thread(target=self._show, args=pair, daemon=True) for pair in streams]
        for reader in self._readers:
            reader.start()

    @property
    def code(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        code = self._process.poll()
        if code is not None and not self.ended:
            self.ended = time.time()
        return code

    @property
    def lost(self) -> bool:
        """Whether it ended by a signal or for want of a peer: what a restart may mend."""
        return self.code is not None and (self.code < 0 or (self.code > 128 and self.code not in STOPPED))

    @property
    def failed(self) -> bool:
        """Whether it ended with what a restart would only repeat."""
        return self.code is not None and 0 < self.code <= 128 and not self.left

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    def leave(self, at_once: bool) -> None:
        """End it from here."""
        self.left = True
        if at_once:
            self._process.kill()
        else:
            self._process.terminate()

    def close(self) -> None:
        """Kill it where it runs, and show what it has said."""
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join(timeout=GRACE)

    def end_in_words(self) -> str:
        at = datetime.datetime.fromtimestamp(self.ended, datetime.UTC).strftime("%H:%M:%S UTC")
        if self.left:
            return f"worker {self.rank} did not leave by itself and was ended at {at}"
        if self.code < 0:
            return f"worker {self.rank} was killed by {system.signal_name(-self.code)} at {at}"
        why = ", it lost a peer," if self.code == Exit.PEER_LOST else ""
        return f"worker {self.rank} ended with exit code {self.code}{why} at {at}"

    def _show(self, lines: TextIO, stream: TextIO | None) -> None:
        with lines:
            while line := lines.readline(LONGEST):
                _print(f"[{self.rank}] {line}".rstrip(), stream)


def _print(line: str, stream: TextIO | None) -> None:
    """Print a line, whole. Where it can't be, as its reader left, the run goes on unheard."""
    with _printing:
        try:
            if stream is not None:  # closed, as by `>&-`
                stream.write(f"{line}\n")
                stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class Supervisor:
    """All workers of a run; none of them outlives `watch`."""

    def __init__(
        self,
        command: Sequence[str],
        environments: Sequence[dict[str, str]],
        run: Run,
        peer_timeout: float,
        max_restarts: int,
        again: Sequence[str] = (),
    ):
        """`command` starts a worker, whose variables beside TF_CONFIG are its row of `environments`.

        `again` is added from the second start on; peer_timeout in seconds.
        """
        self.command, self.again, self.environments = command, again, environments
        self._run = run
        self._peer_timeout, self._max_restarts = peer_timeout, max_restarts
        self._workers: list[Worker] = []
        self._stop: Exit | None = None  # what a signal asked for
        self._starting = threading.Lock()

    def watch(self) -> int:
        """Start them, wait, start them again where that helps: the run's exit code.

        Raises Failure(PEER_LOST) where it helps no more.
        """
        restarts, flags = 0, ()
        with system.signals_to(self._pass_on):
            try:
                while True:
                    newest = self._newest()
                    self._start(flags)
                    self._wait()
                    for worker in self._workers:
                        worker.close()
                    answer = self._answer()
                    if answer is not None:
                        return answer
                    restarts = 0 if self._newest() > newest else restarts
                    restarts, flags = self._counted(restarts), self.again
            finally:
                for worker in self._workers:
                    worker.close()

    def _start(self, flags: Sequence[str]) -> None:
        """Start every worker, unless a signal came before."""
        with self._starting:
            self._workers = []
            if self._stop:
                return
            ports = free_ports(len(self.environments))
            addresses = [f"{HOST}:{port}" for port in ports]
            count = f"{len(ports)} worker{'s' * (len(ports) > 1)}"
            _print(f"launch   {count} of {self._run.directory}, on {', '.join(addresses)}", sys.stdout)
            for rank, variables in enumerate(self.environments):
                task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": rank}}
                environment = variables | {"TF_CONFIG": json.dumps(task)}
                self._workers.append(Worker(rank, [*self.command, *flags], environment))

    def _pass_on(self, code: Exit) -> None:
        """Each signal goes to each worker: they save and end together, or, where it is the second, end at once."""
        with self._starting:
            self._stop = code
            for worker in self._workers:
                worker.send(code - 128)

    def _wait(self) -> None:
        """Until all have ended: by themselves, else by SIGTERM once one's end left them no more to do, else killed."""
        due, asked = math.inf, False
        while running := [worker for worker in self._workers if worker.code is None]:
            now = time.monotonic()
            due = min(due, now + self._patience())
            if now >= due:
                for worker in running:
                    worker.leave(at_once=asked)
                due, asked = now + GRACE, True
            time.sleep(POLL)

    def _patience(self) -> float:
        """Seconds that those that run still have."""
        if any(worker.failed for worker in self._workers):
            return SOON
        if self._workers[0].code is not None or any(worker.lost for worker in self._workers):
            return self._peer_timeout + GRACE
        return math.inf  # worker 0 draws and saves at its end, when the others have ended

    def _answer(self) -> int | None:
        """The run's exit code now that all have ended; None: they were lost, and can be started again."""
        if not self._workers:  # a signal came before they were started
            return self._stop
        for worker in self._workers:
            if worker.failed:
                _print(f"launch   {worker.end_in_words()}; that is the run's end", sys.stdout)
                return worker.code
        first = self._workers[0]
        if first.code == 0 or (first.code in STOPPED and not first.left):
            return first.code
        if self._stop:  # what had not yet taken the signals is killed by them
            return 128 - first.code if 128 - first.code in STOPPED else Exit.PEER_LOST
        return None

    def _counted(self, restarts: int) -> int:
        """One restart more, said. Raises Failure(PEER_LOST) where that were too many."""
        # What was killed is the reason, and those that lost it as their peer are none.
        lost = [worker for worker in self._workers if worker.lost or worker.left]
        reason = min(lost, key=lambda worker: (worker.code == Exit.PEER_LOST, worker.left, worker.ended))
        if restarts == self._max_restarts:
            raise Failure(
                Exit.PEER_LOST,
                f"{reason.end_in_words()}, after {restarts} restarts without a newer checkpoint in "
                f"{self._run.directory}: what the workers said tells why; then give the same command with "
                f"--run_name={self._run.directory.name} again.",
            )
        restarts += 1
        _print(
            f"launch   {reason.end_in_words()}; starting all again, restart {restarts} of {self._max_restarts}",
            sys.stdout,
        )
        return restarts

    def _newest(self) -> int:
        """The step of the run's newest checkpoint, -1 where there is none."""
        steps = (path.name.removeprefix("ckpt-") for path in self._run.checkpoints.glob("ckpt-*"))
        return max((int(step) for step in steps if step.isdecimal()), default=-1)


def free_ports(count: int) -> list[int]:
    """Ports that nobody has at this moment, each another."""
    with contextlib.ExitStack() as held:  # until all are found, so that none is found twice
        servers = [held.enter_context(socket.create_server((HOST, 0))) for _ in range(count)]
        return [server.getsockname()[1] for server in servers]
