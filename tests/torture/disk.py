"""Disks that are full, read-only or gone: one sentence that names the file, exit 6, and nothing is lost.

After room is made the same command goes on and ends as a run that nothing disturbed. Small disks are tmpfs in a mount
namespace of a process of its own, so that none is left behind; where `unshare` can't make one, the part is skipped.
"""

import concurrent.futures
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time
import unittest
import zipfile
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image

from gan_lowlevel import checkpoints
from gan_lowlevel.errors import Exit
from tests.torture import commands, training

STEPS = 120
PAGE = 4096  # bytes, of which a tmpfs is made
WHOLE = (".png", ".gif", ".txt", ".csv", ".json")  # files that are written whole, and so are known to the byte
PIPE = 4096  # bytes that a training is ahead of its reader, at the most
NAMESPACES = (("unshare", "--mount"), ("unshare", "--user", "--map-root-user", "--mount"))
RECORDS = ("--summary_every=5", "--sample_every=20", "--save_every=20", "--theory_every=40", "--max_to_keep=2")
GAMES = {  # by name, the flags: weights that are most of what a run writes, and weights that are next to nothing of it
    "mlp": ("--model=mlp", "--engine=compiled", "--batch_size=16", "--threads=1", *RECORDS),
    "parabola": ("--model=parabola", "--engine=explicit", "--batch_size=16", "--threads=1", *RECORDS),
}
LOAD = """
import sys
from gan_lowlevel.data import embedded, photos
settings = dict(size=28, channels=3, resize="crop", mirror=True, holdout=0.1, batch_size=4, dry_run=False)
print(embedded.load().sha256(), photos.load(sys.argv[1], **settings).sha256())
"""  # both data sets, through their caches


def run(amount: int, seed: int, folder: pathlib.Path) -> dict[str, int | float | str]:
    """The part, in a mount namespace of its own. Raises SkipTest where none can be had."""
    (folder / "probe").mkdir()
    for namespace in NAMESPACES:
        probe = [*namespace, "mount", "-t", "tmpfs", "tmpfs", folder / "probe"]
        if shutil.which("unshare") and subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            break
    else:
        raise unittest.SkipTest("small disks want `unshare --mount`, as root or with user namespaces, to mount a tmpfs")
    ended = subprocess.run(
        [*namespace, sys.executable, "-m", "tests.torture.disk", str(amount), str(seed), folder],
        cwd=commands.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


class Ended(NamedTuple):
    """A process that has ended."""

    code: int
    out: str
    err: str


class Trial(NamedTuple):
    """A place for one trial: a disk of its own to fill, a folder beside it, and random choices."""

    disk: pathlib.Path
    beside: pathlib.Path
    undisturbed: pathlib.Path
    chance: random.Random

    def start(self, command: str, *flags: object, cache: pathlib.Path | None = None, **more) -> subprocess.Popen:
        """`python -m gan_lowlevel.COMMAND`, with a cache that is beside the disk unless another is given."""
        return commands.start(command, *flags, cache=cache or self.undisturbed / "cache", **more)

    def give(self, command: str, *flags: object, **more) -> Ended:
        """The same to its end."""
        return Ended(*commands.finish(self.start(command, *flags, **more)))

    def load(self, cache: pathlib.Path) -> subprocess.Popen:
        """Load the digits and forty photographs, and print their SHA-256."""
        folder = self.beside / "photos"
        if not folder.exists():
            folder.mkdir()
            pixels = np.random.default_rng(0).integers(0, 256, (40, 30, 40, 3), dtype=np.uint8)
            for i, each in enumerate(pixels):
                Image.fromarray(each).save(folder / f"{i}.png")
        return subprocess.Popen(
            [sys.executable, "-c", LOAD, folder],
            env=commands.environment(XDG_CACHE_HOME=cache), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def train(self, game: str, *flags: object, **more) -> Ended:
        """Train the run `game` on the disk."""
        return self.give("main", *GAMES[game], *self.place(game), *flags, **more)

    def place(self, game: str) -> tuple[str, ...]:
        return f"--max_steps={STEPS}", f"--logdir={self.disk}", f"--run_name={game}"

    def leave(self, room: int) -> pathlib.Path:
        """Fill the disk up to about `room` bytes; the file that fills it."""
        ballast = self.beside / "disk" / "ballast"
        status = os.statvfs(self.disk)
        with open(ballast, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(status.f_bavail * status.f_frsize - room, 1))
        return ballast


def refused(ended: Ended, *names: object) -> str:
    """The one sentence of a command that the disk has refused something, which bears one of the names."""
    lines = ended.err.splitlines()
    assert (ended.code, len(lines)) == (Exit.DISK, 1), f"exit 6 and one sentence are wanted, got {ended}"
    assert lines[0].startswith("gan_lowlevel: "), ended
    assert any(str(name) in lines[0] for name in names), f"none of {names} is in the sentence: {lines[0]}"
    assert "give the same command again" in lines[0], lines[0]
    return lines[0]


def full(ended: Ended, *names: object) -> str:
    """The same of a disk without room: it names a file below one of the names, what is free and what that file wants.

    Archives and event files, which grow as they are written, don't know what they will want.
    """
    sentence = refused(ended, *names)
    assert "No space left on device" in sentence, sentence
    file = re.match(r"gan_lowlevel: (.+?)(: | can't be written )", sentence)
    assert file, f"a file is wanted before all else in the sentence: {sentence}"
    assert any(file[1].startswith(str(name)) for name in names), f"none of {names} holds {file[1]}"
    path = pathlib.Path(file[1])
    checkpoint = path.name.startswith("ckpt-")
    grows = path.name.startswith("events.") or path.suffix in (".npz", ".zip")
    assert checkpoint or grows or path.suffix in WHOLE, f"no file that a command writes: {path}"
    number = "[0-9,]+"
    room = (f"it takes about {number} bytes and {number} are free" if checkpoint else f"\\({number} bytes are free\\)"
            if grows else f"\\({number} bytes are wanted, {number} bytes are free\\)")  # fmt: skip
    assert re.search(room, sentence), f"wanted {room}, came {sentence}"
    return sentence


def done(ended: Ended) -> None:
    """A command that went well, without a word on standard error."""
    assert (ended.code, ended.err) == (Exit.DONE, ""), f"exit 0 without a word is wanted, got {ended}"


def sound(run: pathlib.Path) -> None:
    """Every checkpoint is good, and nothing lies half-written in the run."""
    folder = run / "checkpoints"
    for name in os.listdir(folder) if folder.is_dir() else []:
        if name.startswith("ckpt-"):
            assert isinstance(checkpoints._read(folder / name), checkpoints.Checkpoint), f"{folder / name} is not good"
    whole(run)


def whole(folder: pathlib.Path) -> None:
    """Pictures and archives that can be read to their end, and no temporary files."""
    for path in folder.rglob("*"):
        assert not path.name.endswith((".tmp", ".unfinished")), f"{path} is left over"
        if path.suffix in (".png", ".gif"):
            with Image.open(path) as image:
                image.load()
        if path.suffix in (".npz", ".zip"):
            assert zipfile.ZipFile(path).testzip() is None, path


def same(run: pathlib.Path, wanted: pathlib.Path) -> None:
    """A run has what another has, and the same checkpoints."""
    training.assert_as_undisturbed(run, wanted, STEPS)
    assert training.checkpoints(run) == training.checkpoints(wanted), f"{run} has other checkpoints than {wanted}"


# The trials. Each gives what it has tried.


def fills(trial: Trial) -> str:
    """The disk of a training is full, once or twice; then there is room."""
    game = trial.chance.choice(list(GAMES))
    wanted = trial.undisturbed / game
    used = sum(path.stat().st_size for path in wanted.rglob("*") if path.is_file())
    rooms = sorted(trial.chance.randrange(used) for _ in range(trial.chance.choice((1, 2))))
    for room in rooms:
        ballast = trial.leave(room)
        ended = trial.train(game)
        if ended.code == Exit.DONE:  # it was enough
            done(ended)
        else:
            full(ended, trial.disk / game)
        sound(trial.disk / game)
        ballast.unlink()
    done(trial.train(game))
    same(trial.disk / game, wanted)
    return f"{game} with {' and '.join(f'{room:,}' for room in rooms)} bytes"


@contextlib.contextmanager
def midway(trial: Trial, game: str):
    """A training that has gone a random way, and has to wait until the block ends."""
    process = trial.start("main", *GAMES[game], *trial.place(game), "--line_every=1")
    fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, PIPE)
    way = trial.chance.randrange(15, STEPS // 2)
    for line in iter(process.stdout.readline, ""):
        way -= "D_loss" in line
        if way == 0:
            break
    yield process


def vanishes(trial: Trial) -> str:
    """A folder is taken away while the training goes on, and is put back; or for good."""
    game = trial.chance.choice(list(GAMES))
    run = trial.disk / game
    lost = run / trial.chance.choice([".", "checkpoints", "samples"])
    away = trial.disk / "away"
    with midway(trial, game) as process:
        lost.rename(away)
    refused(Ended(*commands.finish(process)), lost.resolve())
    assert not lost.exists(), f"{lost} was made anew"
    away.rename(lost)
    sound(run)
    done(trial.train(game, "--line_every=1"))
    same(run, trial.undisturbed / game)
    return f"{lost.relative_to(trial.disk)} vanished"


def read_only(trial: Trial) -> str:
    """A folder becomes read-only while the training goes on; the same command is refused until it is no longer."""
    game = trial.chance.choice(list(GAMES))
    run = trial.disk / game
    shut = run / trial.chance.choice([".", "checkpoints", "samples"])
    with midway(trial, game) as process:
        mount("--bind", shut, shut)
        mount("-o", "remount,bind,ro", shut)
    refused(Ended(*commands.finish(process)), shut.resolve())
    refused(trial.train(game), run)
    umount(shut)
    sound(run)
    done(trial.train(game))
    same(run, trial.undisturbed / game)
    return f"{shut.relative_to(trial.disk)} read-only"


def after(trial: Trial, command: str, flags: tuple, room: int, names: tuple, left: Callable[[], None]) -> None:
    """A command on a disk with that room, on one that is read-only, and on one that is well."""
    ballast = trial.leave(room)
    full(trial.give(command, *flags), *names)
    whole(trial.disk)
    ballast.unlink()
    mount("--bind", trial.disk, trial.disk)
    mount("-o", "remount,bind,ro", trial.disk)
    refused(trial.give(command, *flags), *names)
    umount(trial.disk)
    done(trial.give(command, *flags))
    whole(trial.disk)
    left()


def generates(trial: Trial) -> str:
    """Samples into a folder and an archive."""
    out, archive = trial.disk / "out", trial.disk / "archive.zip"
    flags = (f"--run={trial.undisturbed / 'mlp'}", "--count=100", f"--out={out}", f"--zip={archive}")

    def left() -> None:
        assert len(zipfile.ZipFile(archive).namelist()) == len(list(out.glob("seed_*.png"))) == 100
        assert np.load(out / "samples.npz")["samples"].shape == (100, 784)

    room = trial.chance.randrange(300_000)  # the samples alone take 313,600
    after(trial, "generate", flags, room, (out, archive), left)
    return f"generate with {room:,} bytes"


def draws_tables(trial: Trial) -> str:
    """The layers as boxes."""
    room = trial.chance.randrange(60_000)
    names = [f"{name}.png" for name in ("generator", "discriminator", "stack")]

    def left() -> None:
        assert all((trial.disk / "drawn" / name).exists() for name in names)

    after(trial, "summary", (f"--plot={trial.disk / 'drawn'}",), room, (trial.disk / "drawn",), left)
    return f"summary --plot with {room:,} bytes"


def evaluates(trial: Trial) -> str:
    """Measures of a run that lies on the disk."""
    run = trial.disk / "run"
    shutil.copytree(trial.undisturbed / "parabola", run)

    def left() -> None:
        assert json.loads((run / "evaluation.json").read_text())
        assert len(list((run / "evaluation").glob("events.*"))) == 1

    room = trial.chance.choice([0, PAGE])  # evaluation.json takes one, and its curves another
    after(trial, "evaluate", (f"--run={run}", "--count=100"), room, (run,), left)
    return f"evaluate with {room:,} bytes"


def sweeps(trial: Trial) -> str:
    """A sweep of one run, or of two at once."""
    seeds = trial.chance.choice(("0", "0-1"))
    flags = ("--model=parabola", "--max_steps=3", "--batch_size=16", "--threads=1", f"--seeds={seeds}", "--jobs=2",
             f"--logdir={trial.disk}", "--sweep_name=s")  # fmt: skip

    def left() -> None:
        assert (trial.disk / "s" / "table.csv").exists()

    room = trial.chance.randrange(300_000)
    ballast = trial.leave(room)
    ended = trial.give("sweep", *flags)
    bars = ended.err.replace("\r", "\n").splitlines()
    refused(ended._replace(err=bars[-1] if bars else ""), trial.disk / "s")
    ballast.unlink()
    done(trial.give("sweep", *flags))
    left()
    return f"sweep with {room:,} bytes"


def says(trial: Trial) -> str:
    """Standard output on a disk that is full."""
    ballast = trial.leave(0)
    logs = trial.beside / "logs"
    flags = (*GAMES["parabola"], f"--max_steps={STEPS}", f"--logdir={logs}", "--run_name=parabola")
    with open(trial.disk / "log", "w") as log:
        refused(trial.give("main", *flags, stdout=log), "standard output")
    ballast.unlink()
    with open(trial.disk / "log", "w") as log:
        done(trial.give("main", *flags, stdout=log))
    same(logs / "parabola", trial.undisturbed / "parabola")
    return "standard output"


def caches(trial: Trial) -> str:
    """A cache folder that is full, or read-only: the training goes on without."""
    shut, room = trial.chance.random() < 0.3, trial.chance.randrange(2_000_000)
    wanted = loaded(trial.load(trial.undisturbed / "cache"))
    ballast = trial.leave(room)
    if shut:
        mount("--bind", trial.disk, trial.disk)
        mount("-o", "remount,bind,ro", trial.disk)
    logs = trial.beside / "logs"
    done(trial.give("main", *GAMES["mlp"], f"--max_steps={STEPS}", f"--logdir={logs}", "--run_name=mlp",
                    cache=trial.disk))  # fmt: skip
    same(logs / "mlp", trial.undisturbed / "mlp")
    assert loaded(trial.load(trial.disk)) == wanted
    if shut:
        umount(trial.disk)
    ballast.unlink()
    trial.leave(trial.chance.randrange(30_000))  # the rows of the photographs alone take 150,000
    assert loaded(trial.load(trial.disk)) == wanted
    whole(trial.disk)
    return f"a cache {'that is read-only' if shut else f'with {room:,} bytes'}"


def at_once(trial: Trial) -> str:
    """Processes start at once with an empty cache folder: all end well, and the cache serves the next."""
    wanted = loaded(trial.load(trial.undisturbed / "cache"))
    logs = trial.beside / "logs"
    flags = (*GAMES["mlp"], f"--max_steps={STEPS}", f"--logdir={logs}")
    loads = [trial.load(trial.disk) for _ in range(2)]
    trainings = [trial.start("main", *flags, f"--run_name={i}", cache=trial.disk) for i in range(2)]
    assert [loaded(process) for process in loads] == 2 * [wanted]
    for process in trainings:
        done(Ended(*commands.finish(process)))
    before = files(trial.disk)
    done(trial.give("main", *flags, "--run_name=next", cache=trial.disk))
    for name in ("0", "1", "next"):
        same(logs / name, trial.undisturbed / "mlp")
    assert loaded(trial.load(trial.disk)) == wanted
    assert files(trial.disk) == before, f"the cache was not used: {files(trial.disk).items() ^ before.items()}"
    for path in trial.disk.rglob("*.pb"):
        assert path.with_suffix(".sha256").read_text() == hashlib.sha256(path.read_bytes()).hexdigest(), path
    whole(trial.disk)
    return "four at once"


def loaded(process: subprocess.Popen) -> str:
    """What Trial.load has printed: the SHA-256 of both data sets."""
    ended = Ended(*commands.finish(process))
    done(ended)
    return ended.out


def files(folder: pathlib.Path) -> dict[str, int]:
    """Every file of a cache that is written once, with its inode; the JSON of photographs is touched at each use."""
    return {
        str(path.relative_to(folder)): path.stat().st_ino
        for path in folder.rglob("*")
        if path.is_file() and path.name != "probe"
    }


def mount(*arguments: object) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


def umount(path: pathlib.Path) -> None:
    subprocess.run(["umount", str(path)], check=True)


TRIALS = (fills, vanishes, at_once, generates, says, evaluates, read_only, caches, draws_tables, sweeps, fills)


def main(amount: int, seed: int, folder: pathlib.Path) -> None:
    """In the namespace: the runs that nothing disturbs, then the trials, two at a time; figures on the last line."""
    whole_folder = folder / "undisturbed"
    plain = Trial(whole_folder, folder, whole_folder, random.Random(seed))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for ended in pool.map(plain.train, GAMES):
            done(ended)

        def attempt(i: int) -> str:
            beside = folder / f"trial-{i}"
            disk = beside / "disk"
            disk.mkdir(parents=True)
            mount("-t", "tmpfs", "-o", "size=32m", "tmpfs", disk)
            logs = disk / "logs"
            logs.mkdir()
            kind = TRIALS[i % len(TRIALS)]
            try:
                began = time.perf_counter()
                told = kind(Trial(logs, beside, whole_folder, random.Random(f"{seed} {i}")))
                print(f"{kind.__name__}: {told}, {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
                return told
            except Exception as error:
                raise AssertionError(f"trial {i} of seed {seed}, {kind.__name__}: {error}") from error

        tried = list(pool.map(attempt, range(amount)))
    for each in tried:
        print(each)
    kinds = [TRIALS[i % len(TRIALS)].__name__ for i in range(amount)]
    print(json.dumps({kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3]))
