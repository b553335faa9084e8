"""Workers started, shown, watched and started again: with small programs that stand for the training."""

import contextlib
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import time

import pytest

from gan_lowlevel import supervisor
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.runs import Run
from tests.torture import commands

# What each stand-in begins with: its rank, and which start of the rank this is, from 1.
BEGIN = """
import json, os, pathlib, select, signal, sys
signal.alarm(30)  # whatever is waited for, none waits for ever
folder = pathlib.Path(sys.argv[1])
config = os.environ["TF_CONFIG"]
rank = json.loads(config)["task"]["index"]
log = folder / f"starts-{rank}"
before = log.read_text() if log.exists() else ""
log.write_text(before + json.dumps([os.getpid(), json.loads(config), sys.argv[2:]]) + chr(10))
start = before.count(chr(10)) + 1
def kill(number=signal.SIGKILL):
    os.kill(os.getpid(), number)
"""

# A launcher in a process of its own: its folder, its stand-in, its workers.
LAUNCHER = """
import sys
from tests.test_supervisor import main
sys.exit(main(*sys.argv[1:]))
"""


def supervise(folder: pathlib.Path, script: str, workers: int = 2, **facts) -> supervisor.Supervisor:
    facts = {"peer_timeout": 20.0, "max_restarts": 3} | facts
    return supervisor.Supervisor(
        command=[sys.executable, "-c", BEGIN + script, str(folder)],
        environments=[{"OWN": str(rank)} for rank in range(workers)],
        run=Run(folder / "run"),
        **facts,
    )


def main(folder: str, script: str) -> int:
    return supervise(pathlib.Path(folder), script).watch()


@contextlib.contextmanager
def launched(folder: pathlib.Path, script: str):
    """A launcher of two stand-ins, which say "ready" each; they are ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(folder), script],
        env=commands.environment(), cwd=commands.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        said = ""
        while said.count("ready") < 2:
            assert select.select([process.stdout], [], [], 20)[0], said
            line = process.stdout.readline()
            assert line, process.stderr.read()
            said += line
        yield process
    finally:
        process.kill()
        process.communicate()


def starts(folder: pathlib.Path) -> list[list[list]]:
    """By rank, of each of its starts its number as a process, its TF_CONFIG and its arguments."""
    return [[json.loads(line) for line in path.read_text().splitlines()] for path in sorted(folder.glob("starts-*"))]


def lives(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        status = pathlib.Path(f"/proc/{pid}/stat")
        return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def all_gone(folder: pathlib.Path) -> bool:
    """Whether no worker that was ever started lives, within seconds."""
    pids = [pid for rank in starts(folder) for pid, _, _ in rank]
    until = time.monotonic() + 20
    while any(map(lives, pids)) and time.monotonic() < until:
        select.select([], [], [], 0.005)
    return bool(pids) and not any(map(lives, pids))


@pytest.fixture
def soon(monkeypatch):
    """Whoever does not leave by itself is ended soon."""
    monkeypatch.setattr(supervisor, "SOON", 0.2)
    monkeypatch.setattr(supervisor, "GRACE", 0.2)


# What is started


def test_each_worker_knows_all_and_itself_and_has_nothing_of_the_terminal(tmp_path, capfd):
    script = "print(os.environ['OWN'], sys.stdin.read() == '', os.getsid(0) == os.getpid())"
    assert supervise(tmp_path, script, workers=3).watch() == Exit.DONE
    clusters = []
    for rank, [[_, config, arguments]] in enumerate(starts(tmp_path)):
        assert config["task"] == {"type": "worker", "index": rank}
        assert arguments == []
        clusters.append(config["cluster"])
    [workers] = clusters[0].values()
    assert clusters == [{"worker": workers}] * 3
    assert len(set(workers)) == 3
    assert all(re.fullmatch(r"127\.0\.0\.1:\d{4,5}", address) for address in workers)
    out, err = capfd.readouterr()
    first, *rest = out.splitlines()
    assert first == f"launch   3 workers of {tmp_path / 'run'}, on {', '.join(workers)}"
    assert sorted(rest) == [f"[{rank}] {rank} True True" for rank in range(3)]
    assert err == ""


def test_ports_are_free_and_each_another():
    ports = supervisor.free_ports(50)
    assert len(set(ports)) == 50


# Restarts


@pytest.mark.parametrize("killed", range(3))
def test_a_killed_worker_has_all_started_again(tmp_path, capsys, killed):
    script = f"if start == 1: kill() if rank == {killed} else sys.exit(138)"
    assert supervise(tmp_path, script, workers=3, again=["--again"]).watch() == Exit.DONE
    out = capsys.readouterr().out
    assert re.search(
        rf"^launch   worker {killed} was killed by SIGKILL at \d\d:\d\d:\d\d UTC; "
        r"starting all again, restart 1 of 3$", out, re.MULTILINE
    )  # fmt: skip
    for first, second in starts(tmp_path):
        assert first[1]["cluster"] != second[1]["cluster"]  # ports anew
        assert (first[2], second[2]) == ([], ["--again"])


@pytest.mark.parametrize("code", [138, 137, 139])
def test_so_do_codes_that_say_the_same(tmp_path, capsys, code):
    assert supervise(tmp_path, f"if start == 1: sys.exit({code})").watch() == Exit.DONE
    assert f"ended with exit code {code}" in capsys.readouterr().out


def test_restarts_have_an_end(tmp_path, capsys):
    with pytest.raises(Failure) as failure:
        supervise(tmp_path, "kill() if rank else sys.exit(138)", max_restarts=2).watch()
    assert failure.value.code == Exit.PEER_LOST
    assert "worker 1 was killed by SIGKILL" in str(failure.value)
    assert "after 2 restarts without a newer checkpoint" in str(failure.value)
    assert [len(rank) for rank in starts(tmp_path)] == [3, 3]
    assert "restart 2 of 2" in capsys.readouterr().out


def test_a_newer_checkpoint_begins_the_count_anew(tmp_path, capsys):
    script = """
if rank == 0 and start in (1, 2, 4):
    (folder / "run" / "checkpoints" / f"ckpt-{start:09d}").mkdir(parents=True)
    (folder / "run" / "checkpoints" / f"ckpt-{start + 1:09d}.unfinished").mkdir()
kill()
"""
    with pytest.raises(Failure):
        supervise(tmp_path, script, max_restarts=2).watch()
    # The starts 1, 2 and 4 saved, 3, 5 and 6 did not: two in a row after the fourth are too many.
    assert re.findall(r"restart (\d) of 2", capsys.readouterr().out) == ["1", "1", "2", "1", "2"]
    assert [len(rank) for rank in starts(tmp_path)] == [6, 6]


def test_a_frozen_worker_is_ended_once_the_others_have_left(tmp_path, capsys, soon):
    script = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if start == 1: kill(signal.SIGSTOP) if rank == 1 else sys.exit(138)
"""
    assert supervise(tmp_path, script, peer_timeout=0.1).watch() == Exit.DONE
    assert "worker 1 did not leave by itself and was ended at " in capsys.readouterr().out
    assert all_gone(tmp_path)


def test_the_others_have_their_time_to_leave(tmp_path, soon):
    # Each asked to leave before its time would end with 143 and write no mark.
    script = f"""
if start == 1 and rank == 0: kill()
if start == 1:
    select.select([], [], [], {3 * 0.2})
    (folder / "left").touch()
    sys.exit(138)
"""
    assert supervise(tmp_path, script, peer_timeout=20).watch() == Exit.DONE
    assert (tmp_path / "left").exists()


# The run's end


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 7])
def test_what_a_restart_would_repeat_is_the_end(tmp_path, capsys, soon, code):
    script = f"sys.exit({code}) if rank == {code % 2} else signal.pause()"
    began = time.monotonic()
    assert supervise(tmp_path, script).watch() == code
    assert time.monotonic() - began < 15  # below --peer_timeout, and below the alarm of the stand-ins
    assert [len(rank) for rank in starts(tmp_path)] == [1, 1]
    assert f"worker {code % 2} ended with exit code {code} at " in capsys.readouterr().out
    assert all_gone(tmp_path)


def test_a_failure_counts_also_where_another_left_first(tmp_path):
    script = """
if rank == 0: sys.exit(138)
while not (folder / "starts-0").exists(): select.select([], [], [], 0.005)
first = json.loads((folder / "starts-0").read_text())[0]
while True:
    try:
        os.kill(first, 0)
    except ProcessLookupError:  # and its end was seen
        sys.exit(4)
    select.select([], [], [], 0.005)
"""
    assert supervise(tmp_path, script).watch() == Exit.NAN


def test_who_takes_no_sigterm_is_killed(tmp_path, soon):
    script = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if rank == 0:
    (folder / "deaf").touch()
    while True: signal.pause()
while not (folder / "deaf").exists(): select.select([], [], [], 0.005)
sys.exit(3)
"""
    began = time.monotonic()
    assert supervise(tmp_path, script).watch() == Exit.DATA
    assert time.monotonic() - began < 15
    assert all_gone(tmp_path)


@pytest.mark.parametrize("code", [0, 143])
def test_worker_0_draws_and_saves_after_the_others_have_ended(tmp_path, soon, code):
    # Longer than what others have once one is lost.
    script = f"""
if rank == 0:
    select.select([], [], [], {2 * (0.1 + 0.2)})
    (folder / "drawn").touch()
sys.exit({code})
"""
    assert supervise(tmp_path, script, peer_timeout=0.1).watch() == code
    assert (tmp_path / "drawn").exists()


def test_once_worker_0_is_done_so_is_the_run(tmp_path, soon):
    assert supervise(tmp_path, "if rank: signal.pause()", peer_timeout=0.1).watch() == Exit.DONE
    assert all_gone(tmp_path)


# What the workers say

SAYS = """
out, err = sys.stdout.buffer, sys.stderr.buffer
out.write(b"one\\r\\ntwo\\r50%\\r100%\\n\\n\\xff\\xfe\\n\\xc3\\xa9\\n" + b"x" * 150000 + b"\\nno end")
err.write(b"aside\\n")
"""


def test_every_line_bears_its_rank(tmp_path, capfd):
    assert supervise(tmp_path, SAYS, workers=1).watch() == Exit.DONE
    out, err = capfd.readouterr()
    most = supervisor.LONGEST
    assert out.splitlines()[1:] == [
        "[0] one", "[0] two", "[0] 50%", "[0] 100%", "[0]", "[0] \ufffd\ufffd", "[0] é",
        f"[0] {'x' * most}", f"[0] {'x' * most}", f"[0] {'x' * (150000 - 2 * most)}", "[0] no end",
    ]  # fmt: skip
    assert err == "[0] aside\n"


def test_lines_of_several_workers_stay_whole(tmp_path, capfd):
    script = """
for number in range(2000):
    sys.stdout.write(f"{number} ")
    sys.stdout.flush()
    sys.stdout.write(f"{number} end{chr(10)}")
"""
    assert supervise(tmp_path, script).watch() == Exit.DONE
    lines = capfd.readouterr().out.splitlines()[1:]
    for rank in range(2):
        assert [line for line in lines if line.startswith(f"[{rank}]")] == [
            f"[{rank}] {i} {i} end" for i in range(2000)
        ]
    assert len(lines) == 4000


def test_a_run_whose_reader_left_goes_on(tmp_path):
    script = "print('ready', flush=True); print('x' * 10**6); (folder / f'done-{rank}').touch()"
    with launched(tmp_path, script) as process:
        process.stdout.close()
        assert process.wait(20) == Exit.DONE
    assert {path.name for path in tmp_path.glob("done-*")} == {"done-0", "done-1"}


# Signals, and the launcher's own end

SAVES = """
def save(number, _):
    print("saved", number, flush=True)
    sys.exit(128 + number)
signal.signal(signal.SIGINT, save)
signal.signal(signal.SIGTERM, save)
print("ready", flush=True)
while True: signal.pause()
"""
SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_passed_on_and_the_exit_code_is_the_runs(tmp_path, number):
    with launched(tmp_path, SAVES) as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
        assert process.returncode == 128 + number, err
    assert sorted(out.splitlines()) == [f"[{rank}] saved {number.value}" for rank in range(2)]
    assert [len(rank) for rank in starts(tmp_path)] == [1, 1]


@pytest.mark.parametrize("number", SIGNALS)
def test_so_is_a_second_one(tmp_path, number):
    script = """
def second(number, _):
    os._exit(128 + number)
def first(number, _):
    signal.signal(number, second)
    print("asked", flush=True)
for number in (signal.SIGINT, signal.SIGTERM): signal.signal(number, first)
print("ready", flush=True)
while True: signal.pause()
"""
    with launched(tmp_path, script) as process:
        process.send_signal(number)
        asked = [process.stdout.readline() for _ in range(2)]
        assert sorted(asked) == ["[0] asked\n", "[1] asked\n"]
        assert process.poll() is None
        process.send_signal(number)
        assert process.wait(20) == 128 + number


@pytest.mark.parametrize(
    ("left", "code"), [("kill(number)", 143), ("kill(signal.SIGINT)", 130), ("os._exit(138)", 138), ("kill()", 138)]
)
def test_whoever_was_asked_to_stop_starts_nothing_again(tmp_path, left, code):
    script = f"""
def leave(number, _):
    for asked in (signal.SIGINT, signal.SIGTERM): signal.signal(asked, signal.SIG_DFL)
    {left}
signal.signal(signal.SIGTERM, leave)
print("ready", flush=True)
while True: signal.pause()
"""
    with launched(tmp_path, script) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == code
    assert [len(rank) for rank in starts(tmp_path)] == [1, 1]


def test_a_signal_between_two_starts_is_the_end(tmp_path):
    watched = supervise(tmp_path, "")
    watched._pass_on(Exit.TERMINATED)
    assert watched.watch() == Exit.TERMINATED
    assert starts(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems end no process with its parent")
def test_no_worker_outlives_a_launcher_that_is_killed(tmp_path):
    with launched(tmp_path, "print('ready', flush=True)\nwhile True: signal.pause()") as process:
        assert all(lives(pid) for [[pid, _, _]] in starts(tmp_path))
        process.kill()
        process.wait(20)
        assert all_gone(tmp_path)


def test_nor_one_that_breaks(tmp_path, monkeypatch):
    def broken(self):
        if len(starts(tmp_path)) == 2:
            raise OSError("broken")
        return 60.0

    monkeypatch.setattr(supervisor.Supervisor, "_patience", broken)
    with pytest.raises(OSError, match="broken"):
        supervise(tmp_path, "signal.pause()").watch()
    assert all_gone(tmp_path)
