"""Training processes for the torture: started as a user does, ended, and what they left compared."""

import csv
import hashlib
import os
import pathlib
import subprocess
import sys

import numpy as np
import tensorflow as tf

ROOT = pathlib.Path(__file__).parents[2]


def start(folder: pathlib.Path, *flags: str) -> subprocess.Popen:
    """`python -m gan_lowlevel.main` with its logs and its cache in `folder`."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    command = [sys.executable, "-m", "gan_lowlevel.main", f"--logdir={folder / 'logs'}", *flags]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen, timeout: float = 600) -> tuple[int, str, str]:
    """Exit code, standard output and standard error, once it has ended."""
    out, err = process.communicate(timeout=timeout)
    return process.returncode, out, err


def digest(run: pathlib.Path, step: int) -> str:
    """SHA-256 over all variables of a checkpoint, names and bits."""
    reader = tf.train.load_checkpoint(str(run / "checkpoints" / f"ckpt-{step:09d}" / "model"))
    sha256 = hashlib.sha256()
    for name in sorted(reader.get_variable_to_shape_map()):
        sha256.update(name.encode() + np.ascontiguousarray(reader.get_tensor(name)).tobytes())
    return sha256.hexdigest()


def rows(run: pathlib.Path) -> list[dict[str, str]]:
    """metrics.csv, a row a dict."""
    with open(run / "metrics.csv", newline="") as file:
        return list(csv.DictReader(file))


def tree(folder: pathlib.Path) -> dict[str, str]:
    """Every file below a folder with the hash of its content."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
