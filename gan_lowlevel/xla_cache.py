"""What XLA has compiled, kept in the user's cache folder for the next start. Imports no TensorFlow.

It is machine code, so it is used on one kind of processor, by one TensorFlow and for one number of threads only, and
not at all where a file is not what was written.
"""

import contextlib
import hashlib
import importlib.metadata
import os
import pathlib
import platform
import shutil
import time

from gan_lowlevel import system

KEPT = 64  # files, the newest; each is about half a megabyte
ROOM = 2**26  # bytes that must be free: where TensorFlow can't write a file, it does not compile either
PROBE = 2**20  # bytes, of a file or two
FLAG = "--tf_xla_persistent_cache_directory"
CPU_ALONE = "--tf_xla_persistent_cache_device_types=CPU"  # which GPU it would be for, the folder's name does not say


def prepare(threads: int) -> None:
    """Have TensorFlow keep what it compiles; before it is imported. Where there is no room for it, it is not kept."""
    with contextlib.suppress(OSError, importlib.metadata.PackageNotFoundError):
        directory, flags = _directory(threads), os.environ.get("TF_XLA_FLAGS", "")
        if FLAG in flags or any(sign.isspace() for sign in str(directory)):  # a user's own; the end of a flag
            return
        directory.mkdir(mode=0o700, exist_ok=True)
        _forget_unsealed(directory)
        system.write_atomically(directory / "probe", bytes(PROBE))  # a quota shows in no figure of free bytes
        system.write_atomically(directory / "probe", b"", durable=False)
        if shutil.disk_usage(directory).free > ROOM:
            os.environ["TF_XLA_FLAGS"] = f"{flags} {FLAG}={directory} {CPU_ALONE}".strip()


def seal() -> None:
    """Note the hash of each file that was written since; one without is not used again."""
    with contextlib.suppress(OSError):
        for path in system.cache_directory().glob("xla-*/*.pb"):
            if not _seal_of(path).exists():
                system.write_atomically(_seal_of(path), _hash(path))


def _directory(threads: int) -> pathlib.Path:
    """Of all that decides what XLA makes of a program."""
    cpu = pathlib.Path("/proc/cpuinfo")
    described = cpu.read_text() if cpu.exists() else platform.processor()
    features = sorted({line for line in described.splitlines() if line.startswith(("model name", "flags", "Features"))})
    flags = [os.environ.get(name, "") for name in ("XLA_FLAGS", "TF_XLA_FLAGS")]
    version = importlib.metadata.version("tensorflow")
    key = repr((platform.machine(), features or described, version, threads, flags))
    return system.cache_directory() / f"xla-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def _forget_unsealed(directory: pathlib.Path) -> None:
    """Remove files that are not what was sealed, all but the newest, and what a process did not end writing."""
    newest = sorted(directory.glob("*.pb"), key=lambda path: path.stat().st_mtime, reverse=True)
    for number, path in enumerate(newest):
        seal = _seal_of(path)
        if number >= KEPT or not seal.exists() or seal.read_bytes() != _hash(path):
            path.unlink(missing_ok=True)
            seal.unlink(missing_ok=True)
    for path in directory.glob("*.tmp*"):
        if path.stat().st_mtime < time.time() - 3600:
            path.unlink(missing_ok=True)


def _seal_of(path: pathlib.Path) -> pathlib.Path:
    return path.with_suffix(".sha256")


def _hash(path: pathlib.Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).hexdigest().encode()
