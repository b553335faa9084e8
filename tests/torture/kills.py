"""SIGKILL at random moments: a run that is killed and given again ends as one that nothing disturbed."""

import collections
import os
import pathlib
import random
import signal
import time
from typing import NamedTuple

from gan_lowlevel.errors import Exit
from tests.torture import commands, training

KEPT = 3
FLAGS = ("--threads=1", "--summary_every=2", "--sample_every=10", "--theory_every=10", "--theory_rows=32",
         "--views_every=0", "--line_every=0", "--save_every=5", "--embedded_max_steps=0")  # fmt: skip
EVERY = 5  # steps between checkpoints
CASES = (  # engine, game, flags that make it small; the first three have both engines and all games
    ("compiled", "mlp", ("--batch_size=16",)),
    ("explicit", "dcgan", ("--batch_size=2", "--epochs=0")),
    ("compiled", "parabola", ()),
    ("explicit", "mlp", ("--batch_size=16",)),
    ("compiled", "dcgan", ("--batch_size=2", "--epochs=0")),
    ("explicit", "parabola", ()),
)


class Trial(NamedTuple):
    """One case: its run, the undisturbed one, and how it is started."""

    folder: pathlib.Path
    flags: tuple[str, ...]
    steps: int

    @property
    def run(self) -> pathlib.Path:
        return self.folder / "logs" / "killed"

    def start(self, *flags: str, name: str = "killed"):
        return training.start(self.folder, f"--run_name={name}", *self.flags, *flags)

    def unfinished(self) -> list[pathlib.Path]:
        return list((self.run / "checkpoints").glob("*.unfinished"))


def run(amount: int, seed: int, folder: pathlib.Path) -> dict[str, int | float]:
    """Kill runs `amount` times in all, and once more each while its end is drawn."""
    chance = random.Random(seed)
    cases = CASES if amount >= 4 * len(CASES) else CASES[:3]
    figures: collections.Counter = collections.Counter()
    for number, (engine, game, flags) in enumerate(cases):
        kills = amount // len(cases) + (number < amount % len(cases))
        steps = EVERY * (4 * kills + 6) * (5 if game == "parabola" else 1)  # which saves every few milliseconds
        flags = (f"--model={game}", f"--engine={engine}", f"--max_steps={steps}", *flags, *FLAGS)
        trial = Trial(folder / f"{engine}_{game}", flags, steps)
        try:
            one(trial, kills, chance, figures)
        except AssertionError as broken:
            raise AssertionError(f"{engine} {game}, --amount={amount} --seed={seed}: {broken}") from broken
    return {"runs": len(cases), **dict(sorted(figures.items()))}


def one(trial: Trial, kills: int, chance: random.Random, figures: collections.Counter) -> None:
    """Kill one run so often, look at it each time, and let it end."""
    began = time.monotonic()
    process = trial.start("--max_to_keep=1000", name="undisturbed")  # so that each checkpoint can be compared
    sight = trial.folder / "logs" / "undisturbed" / "samples" / "step_00000000.png"
    assert commands.wait(process, sight.exists), commands.finish(process)
    startup = time.monotonic() - began
    code, _, err = commands.finish(process)
    assert (code, err) == (Exit.DONE, ""), (code, err)
    undisturbed = trial.folder / "logs" / "undisturbed"
    wanted = training.checkpoints(undisturbed)

    newest, patience = 0, 0
    for number in range(kills + 1):
        kind = "end" if number == kills else chance.choices(("start", "save", "between"), (3, 5, 2))[0]
        process = trial.start(f"--max_to_keep={KEPT}")
        if kind == "start":
            time.sleep(chance.uniform(0, startup))
        elif kind == "end":
            at_the_end(trial, process, chance)
        else:
            # A run that is killed again and again before its next save comes no further: it lives longer each time.
            saves = min(chance.randrange(2) + patience, 3)
            after = newest + EVERY * saves
            commands.wait(process, lambda after=after: latest(trial) >= after)
            if kind == "save":
                in_a_save(trial, process, chance)
            else:
                time.sleep(chance.uniform(0, 0.1))
        process.kill()
        code, out, err = commands.finish(process)
        assert err == "", f"kill {number} ({kind}): {err}"
        assert "passed over" not in out, f"kill {number}: the kill before left a damaged checkpoint: {out}"
        if code == Exit.DONE:  # it was faster
            figures["ended before a kill"] += 1
            break
        assert code == -signal.SIGKILL, (code, out)
        figures["kills"] += 1
        figures[f"kills, {kind}"] += 1
        stage = stage_of(trial)
        figures["kills inside a save"] += stage != ""
        if stage:
            figures[f"inside a save, {stage}"] += 1
        before, newest = newest, intact(trial, wanted, newest)
        patience = patience + 1 if newest == before else 0
    cache = trial.folder / "cache"
    yesterday = time.time() - 86400
    for path in cache.rglob("*.tmp*"):  # other processes share it: what they may be writing is not removed at once
        os.utime(path, (yesterday, yesterday))
    code, out, err = commands.finish(trial.start(f"--max_to_keep={KEPT}"))
    assert (code, err) == (Exit.DONE, ""), (code, err)
    assert "passed over" not in out, out
    assert intact(trial, wanted, trial.steps) == trial.steps
    training.assert_as_undisturbed(trial.run, undisturbed, trial.steps)
    assert not training.leftovers(cache), f"{cache} holds {training.leftovers(cache)}"


def latest(trial: Trial) -> int:
    """Step of the newest checkpoint, as the names say."""
    return max((int(path.name[5:]) for path in (trial.run / "checkpoints").glob("ckpt-?????????")), default=0)


def in_a_save(trial: Trial, process, chance: random.Random) -> None:
    """Return at one of the moments of a save: its folder is there, has files, has its name, an older one goes."""
    commands.wait(process, trial.unfinished)
    moment, last = chance.randrange(6), latest(trial)

    def reached() -> bool:
        now, folders = latest(trial), trial.unfinished()
        if moment < 4:
            return now > last or sum(1 for folder in folders for _ in folder.glob("*")) >= moment
        if moment == 4:
            return now > last
        return now > last + 2 * EVERY or any(int(folder.name[5:14]) < now for folder in folders)

    commands.wait(process, reached)


def at_the_end(trial: Trial, process, chance: random.Random) -> None:
    """Return while the end of the run is drawn."""
    sight = chance.choice((f"samples/step_{trial.steps:08d}.png", "losses.png", "samples.gif"))
    commands.wait(process, (trial.run / sight).exists)
    time.sleep(chance.uniform(0, 0.1))


def stage_of(trial: Trial) -> str:
    """Where in a save the process was killed, as its leftovers tell; empty outside of one."""
    root = trial.run / "checkpoints"
    for folder in trial.unfinished():
        if int(folder.name[5:14]) < latest(trial):
            return "old ones removed"
        names = [path.name for path in folder.iterdir()]
        return "manifest written" if "manifest.json" in names else "weights written" if names else "folder made"
    pointer = root / "checkpoint"
    if latest(trial) and (not pointer.exists() or f"ckpt-{latest(trial):09d}" not in pointer.read_text()):
        return "named, not pointed to"
    steps = len(list(root.glob("ckpt-?????????")))
    return "pointed to, old ones not removed" if steps > KEPT else ""


def intact(trial: Trial, wanted: dict, before: int) -> int:
    """The newest checkpoint: all that stand there are whole, none is lost that rotation does not remove."""
    found = training.checkpoints(trial.run)
    newest = max(found, default=0)
    assert newest >= before, f"step {before} was saved, the newest checkpoint is {newest}"
    steps = list(range(min(found, default=EVERY), newest + 1, EVERY))
    assert list(found) == steps, f"a checkpoint is lost: {list(found)} are there, {steps} were saved"
    saved = newest // EVERY
    assert min(KEPT, saved) <= len(found) <= KEPT + 1, f"{KEPT} are kept, {list(found)} are there"
    assert found == {step: wanted[step] for step in found}, f"{trial.run} has other weights than the undisturbed run"
    return newest
