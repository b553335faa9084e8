"""SIGTERM, Ctrl-C and SIGSTOP at random moments: what a run saves, what every command leaves, how fast it ends."""

import collections
import itertools
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

from gan_lowlevel import system
from gan_lowlevel.errors import Exit
from tests.torture import commands, training

LONGEST = 5.0  # seconds from a signal to the checkpoint
AT_ONCE = 2.0  # seconds from a second signal to the end, on a machine that is busy
# A line is printed after its step, and whether to stop is asked between them: stopped in between, a process has played
# one step more than it has said, and plays another before it asks again.
BEYOND = 2
ENDLESS = 10**9  # steps
STEADY = ("--model=dcgan", "--engine=explicit", "--batch_size=2", "--epochs=0")
GAMES = (  # flags that make a run small and busy; the first two have both engines
    ("--model=mlp", "--engine=compiled", "--batch_size=16"),
    STEADY,  # a step of which takes longer than Python's threads do to take turns
    ("--model=parabola", "--engine=explicit", "--views_every=10"),
    ("--model=parabola", "--engine=compiled"),
)
WHEN = ("training", "stopped and continued", "starting", "twice")
FLAGS = ("--threads=1", "--summary_every=5", "--sample_every=20", "--theory_every=20", "--theory_rows=32",
         "--save_every=50")  # fmt: skip


def run(amount: int, seed: int, folder: pathlib.Path) -> dict[str, int | float]:
    """Send `amount` signals, one to a process: to trainings, and every fourth to another command."""
    chance = random.Random(seed)
    figures: collections.Counter = collections.Counter()
    seconds: dict[str, float] = collections.defaultdict(float)
    trained: list[tuple[pathlib.Path, tuple[str, ...]]] = []
    games = GAMES if amount >= len(GAMES) * len(WHEN) else GAMES[:2]
    try:
        for number in range(amount):
            if number % 4 == 3:
                another_command(folder, trained[0][0], number // 4, chance, figures, seconds)
            else:
                turn = number - number // 4
                trained.append(a_training(folder, games, turn, chance, figures, seconds))
        for run_folder, flags in dict(trained).items():
            goes_on(folder, run_folder, flags, figures)
    except AssertionError as broken:
        raise AssertionError(f"--amount={amount} --seed={seed}: {broken}") from broken
    longest = {f"longest seconds, {what}": round(value, 2) for what, value in sorted(seconds.items())}
    assert seconds["saved"] <= LONGEST, f"saved within {LONGEST} s was wanted, {longest} came"
    assert seconds["ended, twice"] <= AT_ONCE, f"ended within {AT_ONCE} s was wanted, {longest} came"
    return {**dict(sorted(figures.items())), **longest}


def a_training(folder, games, turn, chance, figures, seconds) -> tuple[pathlib.Path, tuple[str, ...]]:
    """One signal to a training that goes on where the turn before with the same settings was stopped."""
    flags = (*games[turn % len(games)], *FLAGS)
    run_folder = folder / "logs" / f"run_{turn % len(games)}"
    before = newest(run_folder)
    # Every game meets every moment in turn; STEADY is first of all stopped and continued.
    when = WHEN[(turn + turn // len(WHEN)) % len(WHEN)]
    number = chance.choice((signal.SIGTERM, signal.SIGINT))
    steps = (f"--max_steps={ENDLESS}", f"--line_every={int(when == 'stopped and continued')}")
    with open(folder / "said", "w") as said:  # which can be read while the process stands still
        process = training.start(folder, f"--run_name={run_folder.name}", *flags, *steps, stdout=said)
    up_to_python(process)
    if when == "starting":
        time.sleep(chance.uniform(0, 6))
    else:
        metrics = run_folder / "metrics.csv"
        lines = len(metrics.read_bytes().splitlines()) if metrics.exists() else 0
        assert commands.wait(process, lambda: metrics.exists() and len(metrics.read_bytes().splitlines()) > lines + 2)
        time.sleep(chance.uniform(0, 1))
    if when == "stopped and continued":
        process.send_signal(signal.SIGSTOP)
        assert commands.wait(process, lambda: stands_still(process))
        known = last_said(folder / "said")
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
    began = last = time.time()
    if when != "stopped and continued":
        process.send_signal(number)
    if when == "twice":
        time.sleep(system.TWICE + chance.uniform(0.05, 0.5))
        last = time.time()
        process.send_signal(number)
    code, _, err = commands.finish(process)
    out = (folder / "said").read_text()
    seconds[f"ended, {when}"] = max(seconds[f"ended, {when}"], time.time() - last)
    ended_by(number, code, err, f"{when}, {flags}")
    after = newest(run_folder)
    assert after >= before, f"{run_folder}: step {before} was saved, the newest checkpoint is {after}"
    if when in ("training", "stopped and continued"):
        assert f"saved at step {after:,} of" in out, out
        assert (run_folder / "losses.png").exists()
        assert not training.leftovers(run_folder), training.leftovers(run_folder)
    if when == "stopped and continued":
        assert after == last_said(folder / "said"), f"step {after} was saved, and the last line is another's: {out}"
        beyond = f"most steps beyond the last line, {games[turn % len(games)][0]}"
        figures[beyond] = max(figures[beyond], after - known)
        assert flags[: len(STEADY)] != STEADY or known <= after <= known + BEYOND, (
            f"{known} was the last step said when the signal was sent, and one of the next {BEYOND} is wanted: {after}"
        )
    if training.checkpoints(run_folder):  # each is whole
        manifest = run_folder / "checkpoints" / f"ckpt-{after:09d}" / "manifest.json"
        seconds["saved"] = max(seconds["saved"], manifest.stat().st_mtime - began)
    figures["signals"] += 1
    figures[f"signals, {when}"] += 1
    return run_folder, flags


def another_command(folder, run_folder, turn, chance, figures, seconds) -> None:
    """One signal to evaluate, generate or sweep: nothing half-written stays."""
    command = ("generate", "evaluate", "sweep")[turn % 3]
    out = folder / f"generated_{turn}"
    flags = {
        "generate": (f"--run={run_folder}", "--count=4000", f"--out={out}", f"--zip={out}.zip"),
        "evaluate": (f"--run={run_folder}",),
        "sweep": (f"--sweep_name=sweep_{turn}", "--model=parabola", "--seeds=0-1", f"--max_steps={ENDLESS}", *FLAGS),
    }[command]
    process = training.start(folder, *flags, command=command)
    up_to_python(process)
    time.sleep(chance.uniform(0, 12))
    number = chance.choice((signal.SIGTERM, signal.SIGINT))
    began = time.monotonic()
    process.send_signal(number)
    code, words, err = commands.finish(process)
    seconds[f"ended, {command}"] = max(seconds[f"ended, {command}"], time.monotonic() - began)
    figures["signals"] += 1
    figures[f"signals, {command}"] += 1
    if code == Exit.DONE and command != "sweep":  # it was faster
        figures[f"{command} was faster"] += 1
    else:
        ended_by(number, code, err, f"{command} {flags}: {words}")
    for place in (run_folder, *folder.glob(f"{out.name}*"), folder / "logs" / f"sweep_{turn}"):
        if place.is_dir():
            assert not training.leftovers(place), training.leftovers(place)
    for picture in itertools.islice(out.glob("*.png"), 5000):
        assert picture.read_bytes().endswith(b"IEND\xaeB`\x82"), f"{picture} is half written"
    for archive in (out / "samples.npz", out.with_suffix(".zip")):
        if archive.exists():
            subprocess.run([sys.executable, "-m", "zipfile", "-t", str(archive)], check=True, capture_output=True)
    if command == "sweep":
        the_sweep_goes_on(folder, flags, words, figures)


def the_sweep_goes_on(folder, flags, words, figures) -> None:
    """Its trials have saved, each in a process that was told to, and the same command ends what it began."""
    sweep = folder / "logs" / flags[0].partition("=")[2]
    trials = [path for path in sweep.glob("*") if path.is_dir()]
    if any((trial / "flags.txt").exists() for trial in trials):
        assert "stopped with 0 of 2 trials finished: the same command goes on" in words, words
    saved = {trial: max(training.checkpoints(trial), default=0) for trial in trials}
    steps = max(saved.values(), default=0) + 10
    again = [flag for flag in flags if not flag.startswith("--max_steps")]
    code, _, err = commands.finish(training.start(folder, *again, f"--max_steps={steps}", command="sweep"))
    assert (code, err) == (Exit.DONE, ""), (code, err)
    for trial, step in saved.items():
        begins = f"goes on from its checkpoint at step {step:,}\n"
        assert not step or begins in (trial / "trial.log").read_text(), f"{trial} did not go on from step {step}"
    figures["sweeps that went on"] += 1


def goes_on(folder, run_folder, flags, figures) -> None:
    """What was stopped so often ends with the variables of a run that nothing disturbed."""
    steps = newest(run_folder) + 10
    undisturbed = run_folder.with_name(f"{run_folder.name}_undisturbed")
    for place in (run_folder, undisturbed):
        process = training.start(folder, f"--run_name={place.name}", f"--max_steps={steps}", *flags)
        code, _, err = commands.finish(process)
        assert (code, err) == (Exit.DONE, ""), (code, err)
    digests = [training.digest(place, steps) for place in (run_folder, undisturbed)]
    assert digests[0] == digests[1], f"{run_folder} has other variables than {undisturbed}"
    figures["runs"] += 1
    figures["steps"] += steps


def newest(run_folder: pathlib.Path) -> int:
    """Step of the newest checkpoint, as the names say."""
    return max((int(path.name[5:]) for path in (run_folder / "checkpoints").glob("ckpt-?????????")), default=0)


def stands_still(process: subprocess.Popen) -> bool:
    """Whether all of its threads are stopped."""
    tasks = pathlib.Path(f"/proc/{process.pid}/task")
    return all("State:\tT" in (task / "status").read_text() for task in tasks.iterdir())


def last_said(lines: pathlib.Path) -> int:
    """The step of the last whole line of losses."""
    return int(re.findall(r"step ([\d,]+):.*\n", lines.read_text())[-1].replace(",", ""))


def up_to_python(process: subprocess.Popen) -> None:
    """Wait until the program has Ctrl-C from Python, whose own start-up of 0.05 s shows a traceback of its own."""
    status = pathlib.Path(f"/proc/{process.pid}/status")

    def caught(number: int) -> bool:
        mask = next(line for line in status.read_text().splitlines() if line.startswith("SigCgt")).split()[1]
        return bool(int(mask, 16) & 1 << (number - 1))

    assert commands.wait(process, lambda: caught(signal.SIGINT))
    assert commands.wait(process, lambda: not caught(signal.SIGINT) or caught(signal.SIGTERM))


def ended_by(number: int, code: int, err: str, what: str) -> None:
    """Its exit code is the signal's, and it says no more than a line."""
    code = 128 - code if code < 0 else code  # as a shell reports a signal that came before there was a handler
    assert code == system.SIGNALS[number], f"{what}: exit code {system.SIGNALS[number]} was wanted, {code} came: {err}"
    assert err in ("", "gan_lowlevel: interrupted.\n", "gan_lowlevel: stopped.\n"), f"{what}: {err}"
