"""Who trains together, as the variable TF_CONFIG says it. Imports no TensorFlow.

    {"cluster": {"chief": ["HOST:PORT"], "worker": ["HOST:PORT", ...]}, "task": {"type": "worker", "index": 0}}

as Kubernetes jobs and Vertex AI set it: a chief and workers, or workers alone. Whatever else it says is ignored.
"""

import dataclasses
import json
import os
import re
from typing import Any

from gan_lowlevel.errors import Exit, Failure

JOBS = ("chief", "worker")  # in the order of ranks
ADDRESS = re.compile(r"[^\s,/]+:\d{1,5}")


@dataclasses.dataclass(frozen=True)
class Cluster:
    """All workers of a run, and which of them this process is."""

    addresses: dict[str, list[str]]  # of each job, HOST:PORT
    job: str
    index: int

    @property
    def tasks(self) -> list[tuple[str, int]]:
        """Job and index of each worker, by rank."""
        return [(job, index) for job in JOBS for index in range(len(self.addresses.get(job, [])))]

    @property
    def size(self) -> int:
        """How many they are."""
        return len(self.tasks)

    @property
    def rank(self) -> int:
        """Which of them this is, from 0; 0 writes the run."""
        return self.tasks.index((self.job, self.index))


def read() -> Cluster | None:
    """The cluster of TF_CONFIG; None where it names no other worker. Raises Failure(FLAGS)."""
    text = os.environ.get("TF_CONFIG", "").strip()
    if not text:
        return None
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _refused(f"it is no JSON ({error})") from None
    if not isinstance(said, dict):
        raise _refused("it is no object")
    jobs = said.get("cluster")
    if not jobs:
        return None
    if not isinstance(jobs, dict):
        raise _refused("its cluster is no object")
    addresses = {job: _addresses(job, jobs[job]) for job in JOBS if jobs.get(job)}
    every = [address for job in addresses.values() for address in job]
    if twice := {address for address in every if every.count(address) > 1}:
        raise _refused(f"{min(twice)} is the address of more than one worker")
    task = said.get("task")
    job, index = (task.get("type"), task.get("index", 0)) if isinstance(task, dict) else (None, None)
    if isinstance(index, str) and index.isdecimal():
        index = int(index)
    cluster = Cluster(addresses, job, index)
    if (job, index) not in cluster.tasks or type(index) is not int:
        there = ", ".join(f"{job} {index}" for job, index in cluster.tasks) or "none"
        raise _refused(f"its task is {job} {index}, and its workers are {there}")
    return cluster if cluster.size > 1 else None


def _addresses(job: str, said: Any) -> list[str]:
    if not isinstance(said, list) or not all(map(_is_address, said)):
        raise _refused(f"the addresses of its {job} are {said}, and a list of HOST:PORT is wanted")
    return said


def _is_address(said: Any) -> bool:
    return isinstance(said, str) and bool(ADDRESS.fullmatch(said)) and 0 < int(said.rpartition(":")[2]) < 2**16


def _refused(what: str) -> Failure:
    return Failure(
        Exit.FLAGS,
        f'TF_CONFIG wants {{"cluster": {{"worker": ["HOST:PORT", ...]}}, "task": {{"type": "worker", "index": 0}}}}; '
        f"{what}: mend it, or unset it to train in one process.",
    )
