"""Checkpoints that survive a crash: a directory each, published by one rename, proved by a manifest.

checkpoints/ckpt-000001000/ holds TensorFlow's own `model.index` and `model.data-*` and a `manifest.json` with step,
sizes, SHA-256, what the run notes, and a SHA-256 of its own. Inside are variables alone, so that equal states are equal
bytes. The file checkpoints/checkpoint points TensorFlow's own readers to the newest; this module never reads it.
"""

import dataclasses
import errno
import hashlib
import json
import os
import pathlib
import re
import shutil
from typing import Any, BinaryIO

import tensorflow as tf
from google.protobuf import text_format

from gan_lowlevel import system
from gan_lowlevel.errors import Exit, Failure, one_line
from gan_lowlevel.output import say

v1 = tf.compat.v1

_NAME = re.compile(r"ckpt-(\d{9,})", re.ASCII)
_FILES = ("model.data-00000-of-00001", "model.index")  # as TensorFlow names them
_MANIFEST_MOST = 2**20  # bytes; a whole one has under a thousand
_UNFINISHED = ".unfinished"
_BESIDE = 2**14  # bytes of a checkpoint that are no weights, about


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """One good checkpoint: `prefix` is what tf.train.load_checkpoint takes, `notes` what the run wrote beside it."""

    step: int
    prefix: str
    notes: dict[str, Any]


class NotFinite(Exception):
    """The variable of that name is NaN or infinite somewhere."""


class Checkpoints:
    """The checkpoints under `root`, for the variables of the current graph and a global_step beside them."""

    def __init__(self, root: pathlib.Path, session: v1.Session):
        self.root = root
        self._session = session
        self._global_step = v1.train.get_or_create_global_step()
        self._variables = v1.global_variables()
        with v1.name_scope("checkpoint"):
            self._saver = v1.train.Saver(self._variables, max_to_keep=None)
            floats = [variable for variable in self._variables if variable.dtype.is_floating]
            self._finite = {v.op.name: tf.reduce_all(tf.math.is_finite(v)) for v in floats}

    def check_finite(self) -> None:
        """Raise NotFinite for a variable that is not: nothing that could be saved."""
        broken = [name for name, finite in self._session.run(self._finite).items() if not finite]
        if broken:
            raise NotFinite(broken[0])

    def save(self, step: int, notes: dict[str, Any], max_to_keep: int) -> None:
        """Write the variables as they are after `step` steps, then remove all but the newest `max_to_keep`.

        A good checkpoint of the same step is left as it is. Raises Failure(DISK) where it can't be written; the older
        checkpoints stay.
        """
        final = self.root / f"ckpt-{step:09d}"
        if final.exists():
            found = _read(final)
            if isinstance(found, Checkpoint) and not _misfit(found.prefix, self._variables):
                return
        try:
            self._write(final, step, notes)
        except (OSError, tf.errors.OpError) as error:
            shutil.rmtree(self._unfinished(final), ignore_errors=True)
            raise self._refused(final, step, error) from None
        _remove_old(self.root, step, max_to_keep)

    def _refused(self, final: pathlib.Path, step: int, error: OSError | tf.errors.OpError) -> Failure:
        """What the disk said of a save, and what to do."""
        if not self.root.exists():
            return Failure(
                Exit.DISK,
                f"{self.root} is gone, so step {step:,} can't be saved: put it back, then give the same command again.",
            )
        words = str(getattr(error, "strerror", None) or getattr(error, "message", None) or error).splitlines()
        # TensorFlow tells of its graph too, at length: the line that names the file says what happened to it.
        reason = next((line.strip() for line in words if _UNFINISHED in line), words[0])
        room, advice = "", "make room or allow access"
        if isinstance(error, tf.errors.ResourceExhaustedError) or getattr(error, "errno", None) == errno.ENOSPC:
            size = sum(variable.shape.num_elements() * variable.dtype.size for variable in self._variables) + _BESIDE
            room = f", it takes about {size:,} bytes and {shutil.disk_usage(self.root).free:,} are free"
            reason, advice = reason.rpartition("; ")[2], "make room"
        return Failure(
            Exit.DISK,
            f"{final} can't be written ({reason}){room}; older checkpoints are untouched: "
            f"{advice}, then give the same command again.",
        )

    def _unfinished(self, final: pathlib.Path) -> pathlib.Path:
        return self.root / f"{final.name}{_UNFINISHED}"

    def _write(self, final: pathlib.Path, step: int, notes: dict[str, Any]) -> None:
        self._remove_leftovers()
        unfinished = self._unfinished(final)
        unfinished.mkdir()
        self._global_step.load(step, self._session)
        self._saver.save(self._session, str(unfinished / "model"), write_meta_graph=False, write_state=False)
        files = {}
        for path in (unfinished / name for name in _FILES):
            files[path.name] = {"bytes": path.stat().st_size, "sha256": _sha256(path)}
            system.fsync(path)
        manifest = {"step": step, "files": files, "notes": notes}
        manifest |= {"sha256": _own_sha256(manifest)}
        system.write_atomically(unfinished / "manifest.json", json.dumps(manifest, indent=1).encode())
        if os.path.lexists(final):  # a broken one, named when it was passed over
            _remove(final)
        os.rename(unfinished, final)
        system.fsync(self.root)

    def settle(self, step: int) -> None:
        """What a process that was killed in a save of the newest good `step`, or after it, has left undone."""
        self._remove_leftovers()
        _point(self.root, [name for name in _names(self.root) if _step(name) <= step])

    def _remove_leftovers(self) -> None:
        for leftover in self.root.glob(f"*{_UNFINISHED}"):  # of a killed process: the run is claimed by this one
            _remove(leftover)

    def restore(self, step: int | None = None) -> Checkpoint | None:
        """Load the newest good checkpoint; each newer one that is not is named on the console. With `step` that one.

        None, and nothing loaded, where there is no checkpoint at all. Raises Failure(CHECKPOINTS) where there are,
        and none is good, Failure(FLAGS) where none is of that step. The run may be training meanwhile: what its
        rotation removes is no longer asked for, and what has come since is looked for.
        """
        names, seen = _names(self.root), set()
        if step is not None and names:
            return self._restore_one(step, names)
        while new := [name for name in names if name not in seen]:
            for name in new:
                found = self._load(name)
                if isinstance(found, Checkpoint):
                    return found
                if os.path.lexists(self.root / name):
                    say(one_line(f"{self.root / name} is passed over: {found}."))
            seen |= set(new)
            names = _names(self.root)
        if names:
            raise Failure(
                Exit.CHECKPOINTS,
                f"none of the {len(names)} checkpoints in {self.root} is good: put a good copy back, "
                "or give another --run_name to begin anew.",
            )
        return None

    def _restore_one(self, step: int, names: list[str]) -> Checkpoint:
        name = f"ckpt-{step:09d}"
        if name not in names:
            raise Failure(
                Exit.FLAGS,
                f"{self.root} has no checkpoint of step {step:,}: give one of {', '.join(map(str, kept(self.root)))}.",
            )
        found = self._load(name)
        if isinstance(found, str):
            raise Failure(Exit.CHECKPOINTS, f"{self.root / name} is not good: {found}; give the step of another.")
        return found

    def _load(self, name: str) -> Checkpoint | str:
        """Load one, or say what is wrong with it and load nothing."""
        found = _read(self.root / name)
        problem = _misfit(found.prefix, self._variables) if isinstance(found, Checkpoint) else found
        if problem:
            return problem
        try:
            self._saver.restore(self._session, found.prefix)
        except tf.errors.OpError as error:
            return f"TensorFlow can't read it ({error})"
        except ValueError:
            if os.path.exists(f"{found.prefix}.index"):
                raise
            return "it was removed meanwhile"
        return found


def kept(root: pathlib.Path) -> list[int]:
    """The steps of the checkpoints under `root`, good or not, oldest first."""
    return [_step(name) for name in reversed(_names(root))]


def _remove_old(root: pathlib.Path, step: int, max_to_keep: int) -> None:
    """Keep the newest `max_to_keep` up to `step`, and point TensorFlow's own readers to the last."""
    names = [name for name in _names(root) if _step(name) <= step]
    _point(root, names[:max_to_keep])  # first: it never names what is gone
    for name in reversed(names[max_to_keep:]):  # killed in between, it leaves no gap
        removed = root / f"{name}{_UNFINISHED}"  # killed in between, it is a leftover and no damaged checkpoint
        os.rename(root / name, removed)
        _remove(removed)


def _point(root: pathlib.Path, names: list[str]) -> None:
    """Have TensorFlow's own readers find these checkpoints, newest first."""
    paths = [f"{name}/model" for name in reversed(names)]
    root = root.absolute()  # a relative one would go into each name
    state = text_format.MessageToString(v1.train.generate_checkpoint_state_proto(str(root), paths[-1], paths)).encode()
    pointer = root / "checkpoint"
    if not pointer.is_file() or pointer.read_bytes() != state:
        system.write_atomically(pointer, state)


def _names(root: pathlib.Path) -> list[str]:
    """Checkpoints under `root`, newest first."""
    found = [name for name in os.listdir(root) if _NAME.fullmatch(name)] if root.is_dir() else []
    return sorted(found, key=_step, reverse=True)


def _step(name: str) -> int:
    return int(_NAME.fullmatch(name)[1])


def _remove(path: pathlib.Path) -> None:
    """Whatever stands there: a folder, or what somebody put in its place."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _read(directory: pathlib.Path) -> Checkpoint | str:
    """The checkpoint in `directory`, its files proved by its manifest, or what is wrong with it."""
    try:
        with _open_file(directory / "manifest.json") as file:
            manifest = json.loads(file.read(_MANIFEST_MOST))
        if not _is_manifest(manifest):
            return "its manifest.json is damaged"
    except OSError as error:
        return f"its manifest.json can't be read ({error.strerror})"
    except (ValueError, RecursionError):
        return "its manifest.json is damaged"
    if directory.name != f"ckpt-{manifest['step']:09d}":
        return f"its manifest.json is of another step ({manifest['step']})"
    for name in _FILES:
        wanted = manifest["files"][name]
        try:
            with _open_file(directory / name) as file:
                size = os.fstat(file.fileno()).st_size
                if size != wanted["bytes"]:
                    return f"{name} has {size:,} bytes, its manifest says {wanted['bytes']:,}"
                if hashlib.file_digest(file, "sha256").hexdigest() != wanted["sha256"]:
                    return f"{name} is damaged (its SHA-256 is not the manifest's)"
        except OSError as error:
            return f"{name} can't be read ({error.strerror})"
    return Checkpoint(step=manifest["step"], prefix=str(directory / "model"), notes=manifest["notes"])


def _is_manifest(manifest: Any) -> bool:
    """Whether it says what a manifest says, and is what was written; one of an earlier version has no SHA-256."""
    if not isinstance(manifest, dict) or manifest.keys() - {"sha256"} != {"step", "files", "notes"}:
        return False
    step, files, notes = manifest["step"], manifest["files"], manifest["notes"]
    if type(step) is not int or not isinstance(files, dict) or not isinstance(notes, dict):
        return False
    if files.keys() != set(_FILES) or not all(map(_is_fact, files.values())):
        return False
    return "sha256" not in manifest or manifest["sha256"] == _own_sha256(manifest)


def _is_fact(fact: Any) -> bool:
    """Of one file."""
    wanted = {"bytes": int, "sha256": str}
    return isinstance(fact, dict) and {name: type(value) for name, value in fact.items()} == wanted


def _own_sha256(manifest: dict[str, Any]) -> str:
    """Of all that a manifest says but this."""
    rest = {name: value for name, value in manifest.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _open_file(path: pathlib.Path) -> BinaryIO:
    """Open a file to read. Raises OSError, also where something else bears its name: a pipe would wait for ever."""
    if os.path.lexists(path) and not path.is_file():
        raise OSError(errno.EINVAL, "no file", str(path))
    return open(path, "rb")


def _misfit(prefix: str, variables: list) -> str:
    """How the file's variables differ from the graph's, empty where they don't.

    Asked before restoring, because a resource variable takes a tensor of another shape without a word.
    """
    try:
        reader = v1.train.NewCheckpointReader(prefix)
        shapes, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        return f"TensorFlow can't read it ({error})"
    for variable in variables:
        name, shape = variable.op.name, variable.shape.as_list()
        if name not in shapes:
            return f"it lacks {name}"
        if shapes[name] != shape:
            return f"its {name} has shape {shapes[name]}, the graph's {shape}"
        if dtypes[name] != variable.dtype.base_dtype:
            return f"its {name} is {dtypes[name].name}, the graph's {variable.dtype.base_dtype.name}"
    return ""


def _sha256(path: pathlib.Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
