"""Two at once: a second training is refused and touches nothing; who reads a run that trains gets what it asks for."""

import os
import pathlib
import random
import shutil
import signal
import subprocess

from gan_lowlevel import system
from gan_lowlevel.errors import Exit
from tests.torture import commands, training

FLAGS = (
    "--model=parabola", "--engine=explicit", "--threads=1", "--save_every=5", "--summary_every=5", "--sample_every=0",
    "--theory_every=0", "--max_to_keep=2", "--line_every=5",
)  # fmt: skip
ENDLESS = "--max_steps=1000000000"


def run(amount: int, seed: int, folder: pathlib.Path) -> dict[str, int]:
    """`amount` times: a run that saves all the time, and all that others try meanwhile; then kill -9."""
    chance = random.Random(seed)
    figures = {"refused": 0, "read while it trained": 0, "kill -9": 0}
    logs = folder / "logs"
    for _ in range(amount):
        shutil.rmtree(logs, ignore_errors=True)
        first = training.start(folder, *FLAGS, ENDLESS, "--run_name=one")
        try:
            until_step(first, chance.randrange(5, 50))
            refuse_another(first, folder)
            figures["refused"] += 1
            readers = [
                commands.start("generate", f"--run={logs / 'one'}", f"--out={folder / 'generated'}", "--seeds=0-3"),
                *(commands.start("evaluate", f"--run={logs / 'one'}", "--count=50") for _ in range(2)),
            ]
            for reader in readers:
                code, _, err = commands.finish(reader)
                assert (code, err) == (Exit.DONE, ""), f"{reader.args}: exit {code}, {err}"
                figures["read while it trained"] += 1
            assert first.poll() is None, commands.finish(first)
        finally:
            first.kill()
            commands.finish(first)
        with system.lock(logs / "one"):  # it died with its owner
            figures["kill -9"] += 1
    return figures


def until_step(process: subprocess.Popen, step: int) -> None:
    """Read on until the run says that it has come so far; then go on reading, or its pipe would fill."""
    for line in process.stdout:
        if "D_loss" in line and f"step {step // 5 * 5 + 5}:" in line:
            break
    else:
        raise AssertionError(process.communicate())
    subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)


def refuse_another(first: subprocess.Popen, folder: pathlib.Path) -> None:
    """One other is; while the first stands still every file must stay as it is."""
    os.kill(first.pid, signal.SIGSTOP)
    try:
        before = training.tree(folder / "logs")
        code, out, err = commands.finish(training.start(folder, *FLAGS, ENDLESS, "--run_name=one"))
        assert (code, out) == (Exit.IN_USE, ""), f"wanted exit 7, came {code}: {out}{err}"
        assert "in use by another process" in err, err
        assert err.count("\n") == 1, err
        assert training.tree(folder / "logs") == before, "a refused process touched the run's files"
    finally:
        os.kill(first.pid, signal.SIGCONT)
