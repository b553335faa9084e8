"""What differs between operating systems: locks, signals, fsync of a directory, caches, cores, a quiet import."""

import contextlib
import errno
import importlib
import os
import pathlib
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from typing import ClassVar

from gan_lowlevel.errors import Exit, Failure


def cores() -> int:
    """CPU cores that this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):  # Linux: respects containers and taskset
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cache_directory() -> pathlib.Path:
    """The user's own cache folder for this program, mode 0700, made if it is missing.

    XDG_CACHE_HOME, else LOCALAPPDATA (Windows), else ~/.cache. Raises OSError where it cannot be made.
    """
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or os.path.expanduser("~/.cache")
    directory = pathlib.Path(base) / "gan_lowlevel"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory


def fsync(path: os.PathLike) -> None:
    """Force a file, or a directory's list of names, to the disk."""
    if os.name == "nt" and os.path.isdir(path):  # Windows opens no directory; its rename is journalled
        return
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: pathlib.Path, content: bytes, durable: bool = True) -> None:
    """Replace `path` by `content`: after a crash the old file stands or the new one, never a part of it.

    durable=False: this holds over a kill and a full disk, not over a loss of power; for many small files.
    """
    with naming(path, len(content)):
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=".tmp")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            # mkstemp gives 0600; a run's files are for all whom the user lets in.
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        if durable:
            fsync(path.parent)


@contextlib.contextmanager
def naming(path: pathlib.Path, size: int | None = None) -> Iterator[None]:
    """An OSError of the block bears the name of `path`: it may bear none, or that of a temporary file beside it.

    That of a full disk says how many bytes are free, and that `size` are wanted.
    """
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        del error.filename2  # a rename's other name
        if error.errno == errno.ENOSPC:
            with contextlib.suppress(OSError):
                free = f"{shutil.disk_usage(path.parent).free:,} bytes are free"
                wanted = "" if size is None else f"{size:,} bytes are wanted, "
                error.strerror = f"{error.strerror} ({wanted}{free})"
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextlib.contextmanager
def lock(path: pathlib.Path, flag: str = "--run_name") -> Iterator[None]:
    """Hold `path` for this process alone; the lock dies with its owner, also over kill -9.

    Raises Failure(IN_USE), naming the flag that names another place, where another process holds it.
    """
    with open(path, "a") as file:
        try:
            if os.name == "nt":
                import msvcrt  # exists on Windows alone

                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl  # exists on POSIX alone

                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Failure(
                Exit.IN_USE,
                f"{path.parent} is in use by another process: wait for it to end, or give another {flag}.",
            ) from None
        yield


class StopRequest:
    """Ctrl-C and SIGTERM as a wish: the loop asks `exit_code` after each step, saves, and ends with it.

    A second signal of the same kind ends the process at once.
    """

    _CODES: ClassVar = {signal.SIGINT: Exit.INTERRUPTED, signal.SIGTERM: Exit.TERMINATED}

    def __init__(self):
        self.exit_code: Exit | None = None

    def _handle(self, number, frame):
        self.exit_code = self._CODES[number]
        signal.signal(number, lambda *_: os._exit(self._CODES[number]))

    @contextlib.contextmanager
    def installed(self) -> Iterator["StopRequest"]:
        """Catch the signals for as long as the block lasts."""
        before = {number: signal.signal(number, self._handle) for number in self._CODES}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def import_quietly(module: str) -> None:
    """Import a module that needs TensorFlow, without TensorFlow's start-up chatter on standard error.

    TF_CPP_MIN_LOG_LEVEL does not silence what is logged before TensorFlow's logger is set up, so the
    descriptor itself is turned aside meanwhile; a failed import shows all of it. Whoever sets that
    variable wants to see the log, and does.
    """
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        importlib.import_module(module)
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    if sys.stderr is None:  # closed, as by `2>&-`: nothing to keep quiet
        importlib.import_module(module)
        return
    sys.stderr.flush()
    terminal = os.dup(2)
    with contextlib.ExitStack() as files:
        try:
            chatter = files.enter_context(tempfile.TemporaryFile())
        except OSError:  # every temporary folder is full
            chatter = files.enter_context(open(os.devnull, "r+b"))
        os.dup2(chatter.fileno(), 2)
        try:
            importlib.import_module(module)
        except BaseException:
            chatter.seek(0)
            os.write(terminal, chatter.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
