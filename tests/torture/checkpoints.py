"""Damaged checkpoints: the newest good one is used, a bad one is named, and where none is good nothing begins anew."""

import collections
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from gan_lowlevel import checkpoints, commandline, gan, networks, runs
from gan_lowlevel.errors import Exit, Failure
from tests.torture import commands, training

v1 = tf.compat.v1

STEPS = (5, 10, 15, 20)
FLAGS = (
    "--model=parabola", "--engine=explicit", "--threads=1", "--save_every=5", "--summary_every=5", "--sample_every=0",
    "--theory_every=0",
)  # fmt: skip
OTHERS = {"game": ("--model=gaussian",), "shape": ("--z_dim=7",)}  # of which each has weights that this run has not


def run(amount: int, seed: int, folder: pathlib.Path) -> dict[str, int]:
    """Damage one run's checkpoints `amount` times in this process, and for each 500 of those a run from outside."""
    chance = random.Random(seed)
    originals = {"whole": trained(folder)} | {name: saved(folder / name, flags) for name, flags in OTHERS.items()}
    kinds = collections.Counter()
    outcomes = collections.Counter()
    with Player(folder / "logs" / "whole").playing() as player:
        for trial in range(amount):
            root = folder / "damaged"
            shutil.rmtree(root, ignore_errors=True)
            shutil.copytree(originals["whole"], root)
            done = [damage(chance, root, originals) for _ in range(chance.choice((1, 1, 1, 2, 3, 6)))]
            kinds.update(done)
            outcomes[player.holds(root, originals["whole"], f"seed {seed}, trial {trial}: {', '.join(done)}")] += 1
    for i in range(max(amount // 500, 1)):
        from_outside(chance, folder, f"seed {seed}, run {i} from outside")
    return {"damages": kinds.total(), **dict(sorted(kinds.items())), **outcomes}


def trained(folder: pathlib.Path) -> pathlib.Path:
    """The checkpoints of a new run."""
    process = training.start(folder, *FLAGS, "--run_name=whole", f"--max_steps={STEPS[-1]}")
    code, _, err = commands.finish(process)
    assert (code, err) == (Exit.DONE, ""), err
    return folder / "logs" / "whole" / "checkpoints"


def saved(root: pathlib.Path, flags: tuple[str, ...]) -> pathlib.Path:
    """Checkpoints of the same steps, of the untrained players that other settings make."""
    root.mkdir()
    config = commandline.read_config([*FLAGS, *flags])
    with tf.Graph().as_default(), v1.Session() as session:
        gan.build(config, networks.GAMES[config.model](config))
        states = checkpoints.Checkpoints(root, session)
        session.run(v1.global_variables_initializer())
        for step in STEPS:
            states.save(step, {}, max_to_keep=len(STEPS))
    return root


class Player:
    """The run's own graph in this process, in which checkpoints are restored."""

    def __init__(self, directory: pathlib.Path):
        config = runs.read_settings(runs.Run(directory))
        with tf.Graph().as_default() as self._graph:
            gan.build(config, networks.GAMES[config.model](config))
            self._session = v1.Session(graph=self._graph)
            self._states = checkpoints.Checkpoints(directory / "checkpoints", self._session)
            self._variables = {v.op.name: v for v in v1.global_variables()}
            self._untouched = {v: tf.fill(v.shape, tf.cast(-1, v.dtype.base_dtype)) for v in self._variables.values()}
            self._reset = [v1.assign(v, value) for v, value in self._untouched.items()]

    @contextlib.contextmanager
    def playing(self) -> Iterator["Player"]:
        """The graph and its session."""
        with self._graph.as_default(), self._session:
            yield self

    def holds(self, root: pathlib.Path, original: pathlib.Path, trial: str) -> str:
        """Restore from the damaged `root`, and hold what comes to what is left of `original` there."""
        names = sorted((name for name in os.listdir(root) if re.fullmatch(r"ckpt-\d{9}", name)), reverse=True)
        good = [name for name in names if is_whole(root / name, original / name)]
        newer = names[: names.index(good[0])] if good else names
        self._session.run(self._reset)
        self._states.root = root
        said = []
        say, checkpoints.say = checkpoints.say, said.append
        try:
            found = self._states.restore()
        except Failure as failure:
            found = failure
        finally:
            checkpoints.say = say
        assert [line.partition(" is passed over: ")[0] for line in said] == [str(root / name) for name in newer], (
            f"{trial}: wanted {newer} named, came {said}"
        )
        assert all(line.isprintable() and line.endswith(".") for line in said), f"{trial}: {said}"
        weights = self._session.run(self._variables)
        if good:
            assert isinstance(found, checkpoints.Checkpoint), f"{trial}: wanted {good[0]}, came {found}"
            assert found.step == int(good[0][5:]), f"{trial}: wanted {good[0]}, came {found.step}"
            reader = tf.train.load_checkpoint(str(original / good[0] / "model"))
            expected = {name: reader.get_tensor(name) for name in weights}
        else:
            code = getattr(found, "code", None)
            assert code == (Exit.CHECKPOINTS if names else None), f"{trial}: none is good of {names}, came {found}"
            expected = {name: np.full_like(value, -1) for name, value in weights.items()}
        for name, value in weights.items():
            assert value.tobytes() == expected[name].tobytes(), f"{trial}: {name} is neither restored nor untouched"
        return "newest used" if good and not newer else "older used" if good else "refused" if names else "none there"


def is_whole(folder: pathlib.Path, original: pathlib.Path) -> bool:
    """Whether all that was saved is there as it was; what lies beside it does not count."""
    if not folder.is_dir() or not original.is_dir():
        return False
    for path in original.iterdir():
        try:
            content = (folder / path.name).read_bytes() if (folder / path.name).is_file() else b""
        except OSError:
            return False
        if path.name != "manifest.json":
            if content != path.read_bytes():
                return False
            continue
        try:
            if json.loads(content) != json.loads(path.read_bytes()):
                return False
        except ValueError:
            return False
    return True


def from_outside(chance: random.Random, folder: pathlib.Path, trial: str) -> None:
    """As a user meets it: the newest damaged, then all of them, then none there any more."""
    logs, flags = folder / "logs", (*FLAGS, "--run_name=outside", f"--max_steps={STEPS[-1]}")
    run = logs / "outside"
    shutil.rmtree(run, ignore_errors=True)
    shutil.copytree(logs / "whole", run)
    newest = run / "checkpoints" / f"ckpt-{STEPS[-1]:09d}"
    flip(chance, chance.choice(sorted(newest.iterdir())))
    code, out, err = commands.finish(training.start(folder, *flags))
    assert (code, err) == (Exit.DONE, ""), f"{trial}: {err}"
    assert f"{newest} is passed over: " in out, f"{trial}: {out}"
    assert f"goes on from its checkpoint at step {STEPS[-2]}" in out, f"{trial}: {out}"
    assert training.digest(run, STEPS[-1]) == training.digest(logs / "whole", STEPS[-1]), f"{trial}: other weights"
    for path in (run / "checkpoints").glob("ckpt-*"):
        flip(chance, chance.choice(sorted(path.iterdir())))
    refused(folder, flags, run, "is good", trial)
    shutil.rmtree(run / "checkpoints")
    (run / "checkpoints").mkdir()
    refused(folder, flags, run, "none any more", trial)


def refused(folder: pathlib.Path, flags: tuple[str, ...], run: pathlib.Path, said: str, trial: str) -> None:
    """The command must end with that sentence and touch no file of the run."""
    before = training.tree(run)
    code, out, err = commands.finish(training.start(folder, *flags))
    assert code == Exit.CHECKPOINTS, f"{trial}: wanted exit 5, came {code}: {out}{err}"
    assert said in err, f"{trial}: {err}"
    assert err.count("\n") == 1, f"{trial}: {err}"
    assert training.tree(run) == before, f"{trial}: files were touched"


# The damages: each takes the checkpoints' folder, and says by its name what it did.


def damage(chance: random.Random, root: pathlib.Path, originals: dict[str, pathlib.Path]) -> str:
    """One of them, at random; where an earlier one left nothing to damage, none."""
    kind = chance.choice(list(KINDS))
    folders = [path for path in sorted(root.glob("ckpt-*")) if path.is_dir() and not path.is_symlink()]
    files = [path for folder in folders for path in sorted(folder.iterdir()) if path.is_file()]
    if files:
        KINDS[kind](chance, root, chance.choice(files), originals)
    return kind


def flip(chance: random.Random, path: pathlib.Path) -> None:
    """One bit."""
    content = bytearray(path.read_bytes())
    if content:
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(content)


def in_manifest(chance, root, path, originals) -> None:
    flip(chance, path.parent / "manifest.json") if (path.parent / "manifest.json").is_file() else None


def cut(chance, root, path, originals) -> None:
    os.truncate(path, chance.randrange(path.stat().st_size + 1))


def grow(chance, root, path, originals) -> None:
    path.write_bytes(path.read_bytes() + chance.randbytes(chance.randrange(1, 100)))


def zeros(chance, root, path, originals) -> None:
    """As some file systems leave a file after a loss of power."""
    path.write_bytes(bytes(path.stat().st_size))


def swap_files(chance, root, path, originals) -> None:
    others = [other for other in root.glob(f"ckpt-*/{path.name}") if other.is_file() and other != path]
    if others:
        other = chance.choice(sorted(others))
        mine, its = path.read_bytes(), other.read_bytes()
        path.write_bytes(its), other.write_bytes(mine)


def swap_folders(chance, root, path, originals) -> None:
    other = root / f"ckpt-{chance.choice(STEPS):09d}"
    if other.is_dir() and other != path.parent:
        path.parent.rename(root / "aside")
        other.rename(path.parent)
        (root / "aside").rename(other)


def rename(chance, root, path, originals) -> None:
    new = root / chance.choice(("ckpt-000000099", "ckpt-000000001", "ckpt-5", "ckpt-000000007.unfinished", "copy"))
    if not new.exists():
        path.parent.rename(new)


def state_file(chance, root, path, originals) -> None:
    """TensorFlow's own, empty, foreign, or no file."""
    state = root / "checkpoint"
    if state.is_dir():
        return
    state.unlink(missing_ok=True)
    if chance.random() < 0.2:
        state.mkdir()
    else:
        state.write_bytes(chance.choice((b"", b'model_checkpoint_path: "/etc/passwd"\n', chance.randbytes(100))))


def foreign(chance, root, path, originals) -> None:
    """A checkpoint of the same step, whole, of another game or of other shapes."""
    other = originals[chance.choice(list(OTHERS))] / path.parent.name
    if other.is_dir():
        shutil.rmtree(path.parent)
        shutil.copytree(other, path.parent)


def foreign_weights(chance, root, path, originals) -> None:
    """The files of another run under this one's manifest."""
    other = originals[chance.choice(list(OTHERS))] / path.parent.name / path.name
    if other.is_file():
        path.write_bytes(other.read_bytes())


def extra(chance, root, path, originals) -> None:
    where = chance.choice((root, path.parent))
    (where / f"extra{chance.randrange(9)}.data-00000-of-00001").write_bytes(chance.randbytes(50))


def folder_for_file(chance, root, path, originals) -> None:
    path.unlink()
    path.mkdir()


def link(chance, root, path, originals) -> None:
    """To itself elsewhere, to another file, or to nothing."""
    aside = root / f"aside-{path.parent.name}-{path.name}"
    path.rename(aside)
    path.symlink_to(chance.choice((aside, "/dev/zero", "/etc/passwd", path, root / "nowhere")))


def pipe(chance, root, path, originals) -> None:
    path.unlink()
    os.mkfifo(path)


KINDS = {
    "bit flips": lambda chance, root, path, originals: flip(chance, path),
    "bit flips in manifests": in_manifest,
    "files cut off": cut,
    "files grown": grow,
    "files of zeros": zeros,
    "files missing": lambda chance, root, path, originals: path.unlink(),
    "files swapped": swap_files,
    "folders missing": lambda chance, root, path, originals: shutil.rmtree(path.parent),
    "folders swapped": swap_folders,
    "folders renamed": rename,
    "state files": state_file,
    "other runs' checkpoints": foreign,
    "other runs' weights": foreign_weights,
    "extra files": extra,
    "folders for files": folder_for_file,
    "links": link,
    "pipes": pipe,
}
