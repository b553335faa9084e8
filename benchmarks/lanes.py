"""A contestant in a process of its own, woken for its turns only: the race shares the machine's noise, nothing else."""

import importlib
import math
import multiprocessing
import resource
import sys
import time
from typing import Any

from benchmarks.contestants import CONTESTANTS, Settings

WARM_UP = 1.0  # seconds that it lasts at least


class Lane:
    """One contestant's process, a context. Raises RuntimeError with its words where it fails."""

    def __init__(self, name: str, settings: Settings):
        """Start the process; it makes its contestant and waits."""
        context = multiprocessing.get_context("spawn")
        self.name = name
        self.began = time.perf_counter()
        self._pipe, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(name, settings, there), daemon=True)
        self._process.start()
        there.close()  # so that its end is seen here
        self.chunk = self._answer()

    def first_step(self) -> float:
        """Play the first step, or chunk: seconds since the process was started."""
        self.ask("play", self.chunk)
        return time.perf_counter() - self.began

    def warm_up(self) -> float:
        """Play until it is warm: steps a second."""
        steps, seconds = self.chunk, self.ask("play", self.chunk)
        while seconds < WARM_UP:
            steps = self.multiple(min(steps * 10, steps * 1.2 * WARM_UP / seconds))
            seconds = self.ask("play", steps)
        return steps / min(seconds, self.ask("play", steps))

    def multiple(self, steps: float) -> int:
        """The multiple of its chunk that is nearest, at least one."""
        return max(round(steps / self.chunk), 1) * self.chunk

    def ask(self, what: str, count: int = 0) -> Any:
        """Have it do what _Server has a method for, and wait for the answer."""
        self._pipe.send((what, count))
        return self._answer()

    def __enter__(self) -> "Lane":
        return self

    def __exit__(self, *exception) -> None:
        self._pipe.close()
        self._process.join()

    def _answer(self) -> Any:
        try:
            answer = self._pipe.recv()
        except EOFError:
            self._process.join()
            raise RuntimeError(f"{self.name} ended with exit code {self._process.exitcode}") from None
        if isinstance(answer, Exception):
            raise RuntimeError(f"{self.name}: {answer}") from answer
        return answer


class _Server:
    """What the process can be asked for."""

    def __init__(self, name: str, settings: Settings):
        module = importlib.import_module(f"benchmarks.contestants.{CONTESTANTS[name].module}")
        self.contestant = getattr(module, name)(settings)

    def play(self, steps: int) -> float:
        """Seconds that the steps took. Raises ValueError for a loss that is not finite."""
        began = time.perf_counter()
        self.contestant.play(steps)
        seconds = time.perf_counter() - began
        if not all(map(math.isfinite, self.contestant.losses())):
            raise ValueError(f"the losses are {self.contestant.losses()}")
        return seconds

    def best(self, steps: int) -> float:
        """Seconds of the quickest of the steps."""
        return min(self.play(1) for _ in range(steps))

    def prepare(self, _: int) -> None:
        self.contestant.prepare()

    def losses(self, _: int) -> tuple[float, float]:
        return self.contestant.losses()

    def sample(self, count: int) -> Any:
        return self.contestant.sample(count)

    def memory(self, _: int) -> float:
        """The most that the process has held, in megabytes."""
        bytes_each = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * bytes_each / 1e6


def _serve(name: str, settings: Settings, pipe) -> None:
    try:
        server = _Server(name, settings)
        pipe.send(server.contestant.chunk)
        while True:
            what, count = pipe.recv()
            pipe.send(getattr(server, what)(count))
    except (EOFError, KeyboardInterrupt):
        return
    except Exception as error:
        pipe.send(RuntimeError(f"{type(error).__name__}: {error}"))
