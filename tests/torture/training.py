"""What runs leave, read and compared; a training in a folder of its own."""

import csv
import hashlib
import json
import logging
import pathlib
import subprocess

import numpy as np
import tensorflow as tf
from tensorboard.backend.event_processing import plugin_event_accumulator as accumulators
from tensorboard.util import tb_logging

from tests.torture import commands

OWN_FOR_EACH_PROCESS = ("how_to_read_these_curves", "samples/real", "samples/function", "custom_scalars", "_hparams_/",
                        "__run_graph__")  # fmt: skip


def start(folder: pathlib.Path, *flags: object, command: str = "main", **options) -> subprocess.Popen:
    """A command with its logs and its cache in `folder`."""
    logdir = [f"--logdir={folder / 'logs'}"] if command in ("main", "sweep") else []
    return commands.start(command, *logdir, *flags, cache=folder / "cache", **options)


def digest(run: pathlib.Path, step: int) -> str:
    """SHA-256 over all variables of a checkpoint, names and bits."""
    reader = tf.train.load_checkpoint(str(run / "checkpoints" / f"ckpt-{step:09d}" / "model"))
    sha256 = hashlib.sha256()
    for name in sorted(reader.get_variable_to_shape_map()):
        sha256.update(name.encode() + np.ascontiguousarray(reader.get_tensor(name)).tobytes())
    return sha256.hexdigest()


def checkpoints(run: pathlib.Path) -> dict[int, dict[str, str]]:
    """Of each checkpoint the SHA-256 of its weights by file; its manifest is held to them."""
    found = {}
    for directory in sorted((run / "checkpoints").glob("ckpt-?????????")):
        files = {path.name: sha256 for path in directory.glob("model.*") if (sha256 := _sha256(path))}
        manifest = json.loads((directory / "manifest.json").read_bytes())
        noted = {name: fact["sha256"] for name, fact in manifest["files"].items()}
        assert noted == files, f"{directory} is damaged: {noted} wanted, {files} came"
        found[int(directory.name[5:])] = files
    return found


def rows(run: pathlib.Path) -> list[dict[str, str]]:
    """metrics.csv, a row a dict."""
    with open(run / "metrics.csv", newline="") as file:
        return list(csv.DictReader(file))


def tree(folder: pathlib.Path) -> dict[str, str]:
    """Every file below a folder with the hash of its content."""
    return {str(path.relative_to(folder)): _sha256(path) for path in folder.rglob("*") if path.is_file()}


def events(run: pathlib.Path) -> dict[str, list[tuple[int, bytes]]]:
    """What TensorBoard's own reader keeps of a run: by tag, each step and its content."""
    tb_logging.get_logger().setLevel(logging.ERROR)  # it warns of each restart
    reader = accumulators.EventAccumulator(str(run), size_guidance={accumulators.TENSORS: 0})
    reader.Reload()
    return {
        tag: [(event.step, event.tensor_proto.SerializeToString()) for event in reader.Tensors(tag)]
        for tag in reader.Tags()[accumulators.TENSORS]
    }


MARKS = (".lock", ".saved", ".undrawn")  # of a run; the last is gone once all is drawn


def leftovers(folder: pathlib.Path) -> list[str]:
    """What no process should leave below a folder: names that are not final."""
    names = (str(path.relative_to(folder)) for path in folder.rglob("*") if path.name not in MARKS)
    return sorted(name for name in names if ".tmp" in name or "unfinished" in name or "/." in f"/{name}")


def assert_as_undisturbed(run: pathlib.Path, undisturbed: pathlib.Path, step: int) -> None:
    """Variables, figures, pictures and events of the run are those of one that nothing disturbed, each step once."""
    assert digest(run, step) == digest(undisturbed, step), f"{run} has other variables than {undisturbed}"
    ours, theirs = rows(run), rows(undisturbed)
    for row in (*ours, *theirs):
        del row["speed/steps_per_second"]
    assert ours == theirs, f"{run}/metrics.csv has other rows than {undisturbed}"
    pictures = [
        {name: sha256 for name, sha256 in tree(folder).items() if name.endswith((".png", ".gif"))}
        for folder in (run, undisturbed)
    ]
    assert pictures[0] == pictures[1], f"{run} has other pictures than {undisturbed}"
    ours, theirs = events(run), events(undisturbed)
    assert ours.keys() == theirs.keys(), f"{run} has other tags than {undisturbed}"
    for tag, points in ours.items():
        steps = [step for step, _ in points]
        assert len(set(steps)) == len(steps), f"{run}: {tag} stands more than once at a step: {steps}"
        if tag == "speed/steps_per_second":
            assert steps == [step for step, _ in theirs[tag]], f"{run}: {tag} has other steps: {steps}"
        elif not tag.startswith(OWN_FOR_EACH_PROCESS):
            assert points == theirs[tag], f"{run}: {tag} has other points than {undisturbed}, at steps {steps}"
    assert not (run / ".undrawn").exists(), f"{run} says that its end is not drawn"
    assert not leftovers(run), f"{run} holds {leftovers(run)}"


def _sha256(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
