"""Several workers as a user starts them: processes with TF_CONFIG; each killed, frozen and cut off in turn."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel.errors import Exit
from tests.torture import commands, training

pytestmark = pytest.mark.workers

STEPS, TIMEOUT = 300, 6
LEAVING = 12  # seconds beyond --peer_timeout that a process may need to end on a busy machine
FLAGS = (
    "--model=parabola",
    "--engine=explicit",
    "--threads=1",
    f"--max_steps={STEPS}",
    "--save_every=20",
    "--summary_every=10",
    "--sample_every=0",
    "--theory_every=0",
    f"--peer_timeout={TIMEOUT}",
)


class Together:
    """Workers of one run in a folder; what is left of them is killed when the block ends."""

    def __init__(self, folder: pathlib.Path, size: int, *flags: str, hosts: list[str] | None = None, prefixes=()):
        self.run = folder / "logs" / "r"
        hosts = hosts or ["127.0.0.1"] * size
        addresses = [f"{host}:{port}" for host, port in zip(hosts, free_ports(size), strict=True)]
        self.processes = []
        for rank in range(size):
            said = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": rank}}
            command = [sys.executable, "-m", "gan_lowlevel.main", f"--logdir={folder / 'logs'}", "--run_name=r"]
            self.processes.append(
                subprocess.Popen(
                    [*(prefixes[rank] if prefixes else []), *command, *FLAGS, *flags],
                    env=commands.environment(TF_CONFIG=json.dumps(said), XDG_CACHE_HOME=folder / "cache"),
                    cwd=commands.ROOT,
                    text=True,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                )
            )

    def __enter__(self) -> "Together":
        return self

    def __exit__(self, *exception) -> None:
        for process in self.processes:
            process.kill()
            process.communicate()

    def saved(self, step: int) -> None:
        """Wait for a checkpoint of that step or a later one."""
        there = commands.wait(self.processes[0], lambda: any(int(path.name[5:]) >= step for path in self.checkpoints()))
        assert there, self.ended()

    def checkpoints(self) -> list[pathlib.Path]:
        return list((self.run / "checkpoints").glob("ckpt-?????????"))

    def ended(self, ranks=None, timeout: float = 120) -> list[tuple[int, str]]:
        """Exit code and standard error of these ranks, all of them if None, in that order."""
        chosen = self.processes if ranks is None else [self.processes[rank] for rank in ranks]
        found = [commands.finish(process, timeout) for process in chosen]
        return [(code, err) for code, _, err in found]


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("0.0.0.0", 0))
        return [one.getsockname()[1] for one in sockets]


def weights(run: pathlib.Path) -> dict[str, np.ndarray]:
    reader = tf.train.load_checkpoint(str(run / "checkpoints" / f"ckpt-{STEPS:09d}" / "model"))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def finished(folder: pathlib.Path, size: int, *flags: str) -> pathlib.Path:
    """The run, trained to its end by so many workers."""
    with Together(folder, size, *flags) as workers:
        assert workers.ended() == [(Exit.DONE, "")] * size
    return workers.run


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> dict[int, pathlib.Path]:
    """By number of workers, the run that nothing disturbs."""
    return {size: finished(tmp_path_factory.mktemp(f"of-{size}"), size) for size in (2, 3)}


def assert_goes_on(folder: pathlib.Path, undisturbed: pathlib.Path, size: int, after: int) -> None:
    """The same commands end the run, with the weights of one that was not disturbed."""
    with Together(folder, size) as workers:
        ended = [commands.finish(process, 120) for process in workers.processes]
    assert [(code, err) for code, _, err in ended] == [(Exit.DONE, "")] * size
    begun = [int(line.rpartition(" ")[2].replace(",", "")) for _, out, _ in ended for line in out.splitlines()
             if line.startswith("worker   rank") or "goes on from its checkpoint" in line]  # fmt: skip
    assert len(begun) == size
    assert len(set(begun)) == 1
    assert begun[0] >= after
    assert training.digest(workers.run, STEPS) == training.digest(undisturbed, STEPS)
    assert not training.leftovers(workers.run)


def test_two_and_three_workers_agree_with_one_process(tmp_path, undisturbed):
    alone = training.start(tmp_path, *FLAGS, "--run_name=r")
    assert commands.finish(alone)[0] == Exit.DONE
    expected = weights(tmp_path / "logs" / "r")
    for run in undisturbed.values():
        found = weights(run)
        assert found.keys() == expected.keys()
        differences = [np.abs(found[name].astype(np.float64) - expected[name]).max() for name in expected]
        assert 0 < max(differences) < 1e-4  # sums in another order; 0: nothing was cut
        assert [row["step"] for row in training.rows(run)] == [
            row["step"] for row in training.rows(tmp_path / "logs/r")
        ]


def test_two_runs_agree_to_the_bit(tmp_path, undisturbed):
    training.assert_as_undisturbed(finished(tmp_path, 2), undisturbed[2], STEPS)


def test_rank_0_alone_writes(tmp_path):
    """A chief and a worker, each with a logs folder of its own, as on machines that share no disk."""
    cluster = {job: [f"127.0.0.1:{port}"] for job, port in zip(("chief", "worker"), free_ports(2), strict=True)}
    processes = []
    for rank, job in enumerate(cluster):
        said = {"cluster": cluster, "task": {"type": job, "index": 0}, "environment": "cloud"}
        processes.append(
            subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "gan_lowlevel.main",
                    f"--logdir={tmp_path / f'of-{rank}'}",
                    "--run_name=r",
                    *FLAGS,
                ],
                env=commands.environment(TF_CONFIG=json.dumps(said), XDG_CACHE_HOME=tmp_path / "cache"),
                cwd=commands.ROOT,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        )
    assert [commands.finish(process)[0] for process in processes] == [Exit.DONE, Exit.DONE]
    assert (tmp_path / "of-0" / "r" / "checkpoints" / f"ckpt-{STEPS:09d}").is_dir()
    assert not (tmp_path / "of-1").exists()


@pytest.mark.parametrize(("size", "rank"), [(2, 0), (2, 1), (3, 2)])
def test_a_killed_worker_sends_the_others_away_and_all_go_on(tmp_path, undisturbed, size, rank):
    with Together(tmp_path, size) as workers:
        workers.saved(60)
        workers.processes[rank].kill()
        killed = time.monotonic()
        ended = workers.ended([other for other in range(size) if other != rank])
    assert time.monotonic() - killed < TIMEOUT + LEAVING
    for code, err in ended:
        assert (code, err.count("\n")) == (Exit.PEER_LOST, 1), err
        assert f"another of the {size} workers is lost" in err
    assert_goes_on(tmp_path, undisturbed[size], size, after=60)


@pytest.mark.parametrize("rank", [0, 1])
def test_a_frozen_worker_sends_the_others_away_and_leaves_when_it_thaws(tmp_path, undisturbed, rank):
    with Together(tmp_path, 2) as workers:
        workers.saved(60)
        frozen, other = workers.processes[rank], 1 - rank
        frozen.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        ((code, err),) = workers.ended([other])
        assert time.monotonic() - began < TIMEOUT + LEAVING
        assert code == Exit.PEER_LOST, err
        frozen.send_signal(signal.SIGCONT)
        ((code, err),) = workers.ended([rank])
        assert code == Exit.PEER_LOST, err
    assert_goes_on(tmp_path, undisturbed[2], 2, after=60)


@pytest.mark.parametrize("rank", [0, 1])
def test_a_worker_that_never_comes_is_not_waited_for_for_ever(tmp_path, rank):
    with Together(tmp_path, 2, "--peer_timeout=1") as workers:
        workers.processes[1 - rank].kill()
        code, out, err = commands.finish(workers.processes[rank])
    assert code == Exit.PEER_LOST, err
    assert f"workers  rank {rank} of 2 waits for worker {1 - rank} at 127.0.0.1:" in out
    assert f"worker {1 - rank} at 127.0.0.1:" in err
    assert "did not come in 10 s: start all 2 workers" in err
    assert not workers.checkpoints()


def test_none_is_done_before_rank_0_has_written_all(tmp_path, undisturbed):
    with Together(tmp_path, 2) as workers:
        # Drawn at the end, before the last checkpoint.
        assert commands.wait(workers.processes[0], (workers.run / "losses.png").exists)
        workers.processes[0].kill()
        ((code, err),) = workers.ended([1])
    assert code == Exit.PEER_LOST, err
    assert_goes_on(tmp_path, undisturbed[2], 2, after=STEPS - 20)


@pytest.mark.parametrize(("rank", "number"), [(0, signal.SIGINT), (1, signal.SIGTERM)])
def test_a_signal_to_any_worker_saves_and_ends_all(tmp_path, undisturbed, rank, number):
    code = Exit.TERMINATED if number == signal.SIGTERM else Exit.INTERRUPTED
    with Together(tmp_path, 2) as workers:
        workers.saved(60)
        workers.processes[rank].send_signal(number)
        assert workers.ended() == [(code, "")] * 2
        newest = max(int(path.name[5:]) for path in workers.checkpoints())
    assert 60 <= newest < STEPS
    assert_goes_on(tmp_path, undisturbed[2], 2, after=newest)


def test_what_is_not_finite_ends_all_with_the_same_sentence(tmp_path):
    with Together(tmp_path, 2, "--optimizer=sgd", "--d_learning_rate=1000", "--g_learning_rate=1000") as workers:
        ended = workers.ended()
    assert [code for code, _ in ended] == [Exit.NAN, Exit.NAN], ended
    assert ended[0][1].partition(";")[0] == ended[1][1].partition(";")[0]
    assert "is not finite at step" in ended[0][1]


def test_all_rewind_together(tmp_path):
    flags = ("--optimizer=sgd", "--d_learning_rate=1000", "--g_learning_rate=1000", "--on_nan=rewind")
    with Together(tmp_path, 2, *flags) as workers:
        ended = [commands.finish(process) for process in workers.processes]
    for code, out, err in ended:
        assert code == Exit.NAN, err
        assert "for the last of 3 rewinds" in err
        assert out.count("with other z") == 3


def test_workers_of_other_flags_are_told_which(tmp_path):
    with Together(tmp_path, 2) as workers, Together(tmp_path / "other", 2, "--seed=1") as others:
        # The second worker of the others' kind, with the address of this run's.
        workers.processes[1].kill()
        others.processes[0].kill()
        others.processes[1].kill()
        said = json.loads(_variable(workers.processes[0], "TF_CONFIG")) | {"task": {"type": "worker", "index": 1}}
        workers.processes[1].communicate()
        workers.processes[1] = subprocess.Popen(
            [sys.executable, "-m", "gan_lowlevel.main", f"--logdir={tmp_path}", "--run_name=o", *FLAGS, "--seed=1"],
            env=commands.environment(TF_CONFIG=json.dumps(said), XDG_CACHE_HOME=tmp_path / "cache"),
            cwd=commands.ROOT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        ended = workers.ended()
    assert [code for code, _ in ended] == [Exit.FLAGS, Exit.FLAGS], ended
    assert all("these of the 2 differ in seed: start them with the same flags" in err for _, err in ended)


def _variable(process: subprocess.Popen, name: str) -> str:
    lines = pathlib.Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
    return next(line.partition(b"=")[2].decode() for line in lines if line.startswith(f"{name}=".encode()))


@pytest.fixture
def two_machines():
    """Two network namespaces joined by one cable: a prefix that runs a command there, an address each, and what pulls
    the cable out."""
    ip = shutil.which("ip")
    names, cable = [f"gan{os.getpid()}{side}" for side in "ab"], [f"v{os.getpid()}{side}" for side in "ab"]
    made = ip and all(subprocess.run([ip, "netns", "add", name], capture_output=True).returncode == 0 for name in names)
    try:
        if not made:
            pytest.skip("network namespaces can't be made here")
        plug = [[ip, "link", "add", cable[0], "type", "veth", "peer", "name", cable[1]]]
        for side, name in enumerate(names):
            inside = [ip, "-n", name]
            plug += [
                [ip, "link", "set", cable[side], "netns", name],
                [*inside, "addr", "add", f"10.213.7.{side + 1}/24", "dev", cable[side]],
                [*inside, "link", "set", cable[side], "up"],
                [*inside, "link", "set", "lo", "up"],
            ]
        for command in plug:
            if subprocess.run(command, capture_output=True).returncode:
                pytest.skip(f"{' '.join(command)} is not allowed here")
        yield (
            [[ip, "netns", "exec", name] for name in names],
            ["10.213.7.1", "10.213.7.2"],
            lambda side: subprocess.run([ip, "-n", names[side], "link", "set", cable[side], "down"], check=True),
        )
    finally:
        for name in names if ip else []:
            subprocess.run([ip, "netns", "del", name], capture_output=True)


@pytest.mark.parametrize("rank", [0, 1])
def test_a_worker_that_is_cut_off_is_lost_and_so_are_the_others_to_it(tmp_path, undisturbed, two_machines, rank):
    prefixes, hosts, pull = two_machines
    with Together(tmp_path, 2, hosts=hosts, prefixes=prefixes) as workers:
        workers.saved(60)
        pull(rank)
        began = time.monotonic()
        ended = workers.ended()
        assert time.monotonic() - began < TIMEOUT + LEAVING
    assert [code for code, _ in ended] == [Exit.PEER_LOST, Exit.PEER_LOST], ended
    assert_goes_on(tmp_path, undisturbed[2], 2, after=60)
