"""What differs between operating systems: locks, signals, fsync of a directory, caches, cores, a quiet import."""

import contextlib
import errno
import importlib
import os
import pathlib
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


def cache_directory(make: bool = True) -> pathlib.Path:
    """The user's own cache folder for this program, mode 0700 whatever it was; with `make` made if it is missing.

    XDG_CACHE_HOME, else LOCALAPPDATA (Windows), else ~/.cache; no relative path, by the XDG specification.
    Raises OSError where there is none, and where it is another user's, who could put anything into it.
    """
    bases = (os.environ.get("XDG_CACHE_HOME", ""), os.environ.get("LOCALAPPDATA", ""), os.path.expanduser("~/.cache"))
    directory = pathlib.Path(next(filter(os.path.isabs, bases), bases[-1])) / "gan_lowlevel"
    if make:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = os.stat(directory)
    if os.name == "posix":
        if status.st_uid != os.geteuid():
            raise PermissionError(errno.EPERM, "the cache folder is another user's", str(directory))
        if status.st_mode & 0o077:
            os.chmod(directory, 0o700)
    return directory


def printable(text: str) -> str:
    """Text whose newlines, escapes and undecodable bytes, which could break or disguise a line, are spelled out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def fsync(path: os.PathLike) -> None:
    """Force a file, or a directory's list of names, to the disk."""
    if os.name == "nt" and os.path.isdir(path):  # Windows opens no directory; its rename is journalled
        return
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: pathlib.Path, content: bytes) -> None:
    """Replace `path` by `content`: after a crash the old file stands or the new one, never a part of it."""
    descriptor, temporary = unfinished(path)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        publish(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)  # a full disk says it of no file
        raise
    fsync(path.parent)


def unfinished(path: pathlib.Path) -> tuple[int, str]:
    """A new file beside `path`, under a name that nobody can guess: its descriptor, open, and its path."""
    # 50 signs are at most 200 of the 255 bytes that a name may have.
    return tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:50]}.", suffix=".tmp")


def publish(temporary: str, path: pathlib.Path) -> None:
    """Give a file that `unfinished` made its name, and the mode of an ordinary new file."""
    os.chmod(temporary, 0o666 & ~_umask())  # mkstemp gives 0600; a run's files are for all whom the user lets in
    os.replace(temporary, path)


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
    with tempfile.TemporaryFile() as chatter:
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
