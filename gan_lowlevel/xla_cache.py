"""What XLA has compiled, kept in the user's cache folder for the next start. Imports no TensorFlow.

It is machine code, so it is used for one processor and one TensorFlow only, and not at all where a file is not what was
written.
"""

import contextlib
import hashlib
import importlib.metadata
import os
import pathlib
import platform

from gan_lowlevel import system

KEPT = 64  # files, the newest; each is about half a megabyte


def prepare() -> None:
    """Have TensorFlow keep what it compiles; before it is imported. Where there is no room for it, it is not kept."""
    with contextlib.suppress(OSError):
        directory = _directory()
        directory.mkdir(mode=0o700, exist_ok=True)
        _forget_unsealed(directory)
        flags = os.environ.get("TF_XLA_FLAGS", "")
        if not any(sign.isspace() for sign in str(directory)):  # TensorFlow would take it for the end of the flag
            os.environ["TF_XLA_FLAGS"] = f"--tf_xla_persistent_cache_directory={directory} {flags}"  # a user's own wins


def seal() -> None:
    """Note the hash of each file that was written since; one without is not used again."""
    with contextlib.suppress(OSError):
        for path in _directory().glob("*.pb"):
            if not _seal_of(path).exists():
                system.write_atomically(_seal_of(path), _hash(path))


def _directory() -> pathlib.Path:
    """For this processor and this TensorFlow."""
    cpu = pathlib.Path("/proc/cpuinfo")
    described = cpu.read_text() if cpu.exists() else platform.processor()
    features = sorted({line for line in described.splitlines() if line.startswith(("model name", "flags", "Features"))})
    key = repr((platform.machine(), features or described, importlib.metadata.version("tensorflow")))
    return system.cache_directory() / f"xla-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def _forget_unsealed(directory: pathlib.Path) -> None:
    """Remove files that are not what was sealed, and all but the newest."""
    newest = sorted(directory.glob("*.pb"), key=lambda path: path.stat().st_mtime, reverse=True)
    for number, path in enumerate(newest):
        seal = _seal_of(path)
        if number >= KEPT or not seal.exists() or seal.read_bytes() != _hash(path):
            path.unlink(missing_ok=True)
            seal.unlink(missing_ok=True)


def _seal_of(path: pathlib.Path) -> pathlib.Path:
    return path.with_suffix(".sha256")


def _hash(path: pathlib.Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).hexdigest().encode()
