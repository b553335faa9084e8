"""Mutants of files, tried in a process of their own with a watch on seconds, memory and what is written.

Each is used or refused in one printable line: no other exception, nothing longer than SLOWEST, no more memory than what
it holds needs and ROOM, nothing written outside of the trial's own folder. A kind of mutants is a class: made with a
folder, `case` is hypothesis' strategy of its cases, `prepared()` has those that no chance finds, `trial(case)` tries
one and says whether it passed, and `need` is what the last one needs, in MB, where that is much.
"""

import faulthandler
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable

import hypothesis
from hypothesis import strategies as st

from gan_lowlevel.errors import printable
from tests.torture import commands

SLOWEST = 5.0  # seconds of a mutant
ROOM = 200  # MB above need
AT_ONCE = 1000  # mutants in a process

# Damage, as (what, ...); places beyond the end wrap around.
PLACES = st.integers(0, 63) | st.integers(0, 2**20)  # headers are where lies are told
NUMBERS = st.sampled_from([0, 1, 2, 27, 29, 255, 256, 4097, 9000, 65535, 2**31 - 1, 2**31, 2**32 - 1]) | st.integers(
    0, 2**32 - 1
)
FLIPS = st.lists(st.tuples(st.just("flip"), st.integers(64, 2**20), st.integers(0, 7)), min_size=1, max_size=3)
DAMAGE = FLIPS | st.lists(  # what keeps its length passes more doors
    st.tuples(st.just("flip"), PLACES, st.integers(0, 7))
    | st.tuples(st.just("cut"), PLACES)
    | st.tuples(st.just("drop"), PLACES, st.integers(1, 64))
    | st.tuples(st.just("insert"), PLACES, st.binary(min_size=1, max_size=16))
    | st.tuples(st.just("put"), PLACES, NUMBERS, st.sampled_from([">I", "<I", ">H", "<H", "B"]))
    | st.tuples(st.just("repeat"), PLACES, st.integers(1, 64), st.integers(1, 300))
    | st.tuples(st.just("again")),
    min_size=1,
    max_size=6,
)


def damaged(content: bytes, damage: list[tuple]) -> bytes:
    """The content after all of the damage, in its order."""
    found = bytearray(content)
    for what, *facts in damage:
        at = facts[0] % max(len(found), 1) if facts else 0
        if what == "flip" and found:
            found[at] ^= 1 << facts[1]
        elif what == "cut":
            del found[at:]
        elif what == "drop":
            del found[at : at + facts[1]]
        elif what == "insert":
            found[at:at] = facts[1]
        elif what == "put":
            size = struct.calcsize(facts[2])
            found[at : at + size] = struct.pack(facts[2], facts[1] % 256**size)
        elif what == "repeat":
            found[at:at] = bytes(found[at : at + facts[1]]) * facts[2]
        elif what == "again":
            found += bytes(found)
    return bytes(found)


def printable_line(text: str) -> None:
    """One line as the command says it."""
    assert text, "a line is wanted, got nothing"
    assert printable(text) == text, f"one printable line is wanted, got {text!r}"


# In a child process.


def watch_writes(allowed: pathlib.Path) -> list[str]:
    """Every path outside of `allowed` that is made, written, changed or removed from now on goes into this list."""
    inside = (os.path.join(os.path.realpath(allowed), ""), os.devnull)
    seen: list[str] = []
    paths = {"os.mkdir": 1, "os.rmdir": 1, "os.remove": 1, "os.rename": 2, "os.link": 2, "os.symlink": 2,
             "os.truncate": 1, "os.chmod": 1, "os.chown": 1, "os.utime": 1, "shutil.rmtree": 1}  # fmt: skip

    def hook(event: str, arguments: tuple) -> None:
        if event == "open":
            path, mode, flags = arguments
            writes = set(mode or "") & set("wax+") or (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            touched = [path] if writes else []
        else:
            touched = arguments[: paths.get(event, 0)]
        for path in touched:
            if isinstance(path, str | bytes | os.PathLike):  # a number: a file that was opened before
                place = os.path.realpath(os.fsdecode(path))
                if not place.startswith(inside):
                    seen.append(f"{event} {place}")

    sys.addaudithook(hook)
    return seen


def memory(what: str) -> float:
    """MB that this process holds (VmRSS), or held at most since that was last forgotten (VmHWM)."""
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


def child(made: Callable, amount: int, seed: int, folder: pathlib.Path) -> dict[str, float]:
    """Try that many mutants of a kind; AssertionError with the mutant where a promise is broken."""
    sys.dont_write_bytecode = True
    subject = made(folder)
    forget = os.open("/proc/self/clear_refs", os.O_WRONLY)  # 5: the most that was held so far
    outside = watch_writes(folder)
    figures = {"mutants": 0, "passed": 0, "slowest": 0.0, "mb_above_need": 0.0}

    def tried(case, words: str = "") -> None:
        (folder / "case").write_text(words or repr(case))  # for whoever finds this process ended
        os.write(forget, b"5")
        before = memory("VmRSS")
        faulthandler.dump_traceback_later(SLOWEST, exit=True)
        began = time.perf_counter()
        try:
            passed = subject.trial(case)
        finally:
            faulthandler.cancel_dump_traceback_later()
        seconds = time.perf_counter() - began
        above = memory("VmHWM") - before - getattr(subject, "need", 0.0)
        assert above < ROOM, f"{ROOM} MB above need at most are wanted, it took {above:.0f}"
        assert not outside, f"nothing is to be written outside of {folder}, and this was: {outside}"
        figures["mutants"] += 1
        figures["passed"] += passed
        figures["slowest"] = max(figures["slowest"], seconds)
        figures["mb_above_need"] = max(figures["mb_above_need"], above)

    if seed % AT_ONCE == 0:
        for i, case in enumerate(subject.prepared()):
            tried(case, words=f"number {i} of those that were prepared")
    settings = hypothesis.settings(
        max_examples=amount, database=None, deadline=None, suppress_health_check=list(hypothesis.HealthCheck)
    )

    @hypothesis.seed(seed)
    @settings
    @hypothesis.given(subject.case)
    def by_chance(case) -> None:
        tried(case)

    by_chance()
    return figures


def main(kinds: dict[str, Callable]) -> None:
    """Be that process, as the command line says; figures on the last line."""
    kind, amount, seed, folder = sys.argv[1:]
    print(json.dumps(child(kinds[kind], int(amount), int(seed), pathlib.Path(folder))))


# In the torture.


def figures(module: str, amounts: dict[str, int], seed: int, folder: pathlib.Path) -> dict[str, float | int]:
    """Try that many mutants of each kind of a module, AT_ONCE at the most in a process."""
    noted: dict[str, float | int] = {}
    for number, (kind, amount) in enumerate(amounts.items()):
        found = []
        for first in range(0, amount, AT_ONCE):
            place = folder / f"kind-{number}-{first}"
            place.mkdir(parents=True)
            found.append(
                in_a_child(module, kind, min(AT_ONCE, amount - first), AT_ONCE * seed + first // AT_ONCE, place)
            )
            shutil.rmtree(place)
        noted[f"{kind}: mutants"] = sum(one["mutants"] for one in found)
        noted[f"{kind}: used"] = sum(one["passed"] for one in found)
        noted[f"{kind}: slowest seconds"] = round(max(one["slowest"] for one in found), 3)
        noted[f"{kind}: MB above need"] = round(max(one["mb_above_need"] for one in found))
    return noted


def in_a_child(module: str, kind: str, amount: int, seed: int, folder: pathlib.Path) -> dict[str, float]:
    """The figures of `child`, in a process of its own that keeps nothing anywhere else."""
    environment = commands.environment(
        XDG_CACHE_HOME=folder / "cache", HOME=folder / "home", TMPDIR=folder,
        HYPOTHESIS_STORAGE_DIRECTORY=folder / "hypothesis",
    )  # fmt: skip
    command = [sys.executable, "-m", module, kind, str(amount), str(seed), str(folder)]
    ended = subprocess.run(
        command, cwd=commands.ROOT, env=environment, capture_output=True, text=True, check=False, timeout=3600
    )
    if ended.returncode:
        case = (folder / "case").read_text()[:2000] if (folder / "case").exists() else "none yet"
        what = "hung" if "Timeout (" in ended.stderr else "broke a promise"
        raise AssertionError(
            f"a mutant of {kind} {what} (again: {' '.join(command[1:])} with a folder of your own); the last one was "
            f"{case}\n{ended.stderr[-4000:]}"
        )
    return json.loads(ended.stdout.splitlines()[-1])
