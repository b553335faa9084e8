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
from typing import IO, ClassVar

from gan_lowlevel.errors import Exit, Failure


def cores() -> int:
    """CPU cores that this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):  # Linux: respects containers and taskset
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory() -> int | None:
    """Bytes of memory that this machine, or this container, has; None where the system does not say."""
    if not hasattr(os, "sysconf"):
        return None
    limit = pathlib.Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text().strip() if limit.is_file() else ""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(physical, int(text)) if text.isdecimal() else physical


def cache_directory() -> pathlib.Path:
    """The user's own cache folder for this program, mode 0700, made if it is missing.

    XDG_CACHE_HOME, else LOCALAPPDATA (Windows), else ~/.cache. Raises OSError where it cannot be made.
    """
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or os.path.expanduser("~/.cache")
    directory = pathlib.Path(base) / "gan_lowlevel"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory


def keep_standard_descriptors() -> None:
    """Point those of 0, 1 and 2 that are closed, as by `2>&-`, to nowhere.

    The next file that is opened would take the number, and be written what TensorFlow says there.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the least number that is free


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


_HELD = (errno.EACCES, errno.EDEADLK) if os.name == "nt" else (errno.EWOULDBLOCK,)  # by another process


@contextlib.contextmanager
def lock(directory: pathlib.Path, flag: str = "--run_name") -> Iterator[None]:
    """Hold a directory for this process alone; the lock dies with its owner, also over kill -9.

    The directory itself is locked, where the system can, as a lock file may be deleted while it is held; else, as on
    Windows and some network file systems, its file `.lock` is. Raises Failure(IN_USE), naming the flag that names
    another place, where another process holds it.
    """
    with contextlib.ExitStack() as held:
        try:
            if os.name == "nt":
                import msvcrt  # exists on Windows alone

                file = held.enter_context(_lock_file(directory))
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                _flock(directory, held)
        except OSError as error:
            if error.errno not in _HELD:
                raise
            raise Failure(
                Exit.IN_USE,
                f"{directory} is in use by another process: wait for it to end, or give another {flag}.",
            ) from None
        yield


def _flock(directory: pathlib.Path, held: contextlib.ExitStack) -> None:
    import fcntl  # exists on POSIX alone

    descriptor = os.open(directory, os.O_RDONLY)  # closed in what this process starts, as all that Python opens
    held.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            raise
        fcntl.flock(held.enter_context(_lock_file(directory)), fcntl.LOCK_EX | fcntl.LOCK_NB)


def _lock_file(directory: pathlib.Path) -> IO:
    return open(directory / ".lock", "a")


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
