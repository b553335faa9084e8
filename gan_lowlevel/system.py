"""What differs between operating systems: locks, signals, fsync of a directory, caches, cores, a quiet import."""

import contextlib
import ctypes
import errno
import importlib
import os
import pathlib
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from typing import IO, BinaryIO

from gan_lowlevel.errors import Exit, Failure

SIGNALS = {signal.SIGINT: Exit.INTERRUPTED, signal.SIGTERM: Exit.TERMINATED}
LEFT_OVER = 86_400  # seconds after which a half-written file has no living owner
TWICE = 0.2  # seconds in which a signal that comes again is the same: timeout(1) sends each to a process and its group
_PR_SET_PDEATHSIG = 1  # of Linux's prctl, see its manual page

_UMASK = os.umask(0o077)  # asked for by setting one: here, before there is another thread that makes a file
os.umask(_UMASK)

_scratch: set[str] = set()  # files and folders of this process that have no final name yet
_ending = threading.RLock()  # held where such a file is made, and for good by what ends the process


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


def cache_directory(make: bool = True) -> pathlib.Path:
    """The user's own cache folder for this program, mode 0700 whatever it was; with `make` made if it is missing.

    XDG_CACHE_HOME, else LOCALAPPDATA (Windows), else ~/.cache; no relative path, by the XDG specification.
    Raises OSError where there is none, and where it is another user's, who could put anything into it.
    """
    bases = (os.environ.get("XDG_CACHE_HOME", ""), os.environ.get("LOCALAPPDATA", ""), os.path.expanduser("~/.cache"))
    base = next(filter(os.path.isabs, bases), None)
    if base is None:  # no HOME, and a user whom the system does not know, as in a container
        raise FileNotFoundError(errno.ENOENT, "no home folder to keep a cache in", bases[-1])
    directory = pathlib.Path(base) / "gan_lowlevel"
    if make:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = os.stat(directory)
    if os.name == "posix":
        if status.st_uid != os.geteuid():
            raise PermissionError(errno.EPERM, "the cache folder is another user's", str(directory))
        if status.st_mode & 0o077:
            os.chmod(directory, 0o700)
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


def fsync(path: pathlib.Path) -> None:
    """Force a file, or a directory's list of names, to the disk. Raises OSError, which names it."""
    if os.name == "nt" and os.path.isdir(path):  # Windows opens no directory; its rename is journalled
        return
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        with naming(path):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
                error.strerror = f"{os.strerror(errno.ENOSPC)} ({wanted}{free})"
        raise


@contextlib.contextmanager
def scratch(path: os.PathLike | str) -> Iterator[None]:
    """Have `path` removed when the block ends, or a signal ends the process within it; where it is still there."""
    name = os.fspath(path)
    with _ending:
        _scratch.add(name)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            _remove(name)
        _scratch.discard(name)


def _remove(path: os.PathLike | str) -> None:
    """A file, or a folder with all that is in it. Raises OSError."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


@contextlib.contextmanager
def published(path: pathlib.Path, durable: bool = True, label: str = "", size: int | None = None) -> Iterator[BinaryIO]:
    """A new file that takes the name `path` once the block has ended well; else what was there stays.

    So it does where the process ends meanwhile; where the machine does, if `durable`, which costs milliseconds. Until
    then its name is one that nobody can guess, with `label` in it, or with that of `path`. `size`: bytes that it will
    have, if they are known, for whom the disk refuses it.
    """
    # 50 signs are at most 200 of the 255 bytes that a name may have.
    prefix = f".{(label or path.name)[:50]}."
    with naming(path, size), _ending:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=".tmp")
        _scratch.add(temporary)
    try:
        with scratch(temporary):
            os.close(descriptor)
            with open(temporary, "w+b") as file:  # not by the descriptor, which would be the file's name
                yield file
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            os.chmod(temporary, 0o666 & ~_UMASK)  # mkstemp gives 0600; these are for all whom the user lets in
            os.replace(temporary, path)
    except OSError as error:
        if error.filename in (None, temporary, str(path)):  # a full disk says it of no file
            with naming(path, size):  # here, where what is free is counted without the temporary file
                raise
        raise
    if durable:
        fsync(path.parent)


def write_atomically(path: pathlib.Path, content: bytes, durable: bool = True) -> None:
    """Replace `path` by `content`: after a crash the old file stands or the new one, never a part of it."""
    with published(path, durable, size=len(content)) as file:
        file.write(content)


@contextlib.contextmanager
def published_folder(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A new folder, filled by the block, that takes the name `path` once that has ended well; else nothing is left.

    `path` is not there yet. What is in the folder is on the disk before it has its name, so that it is whole or not
    there, also where the machine ends meanwhile. Until then its name is one that nobody can guess.
    """
    with naming(path), _ending:
        unfinished = tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name[:50]}.", suffix=".tmp")
        _scratch.add(unfinished)
    with scratch(unfinished):
        try:
            yield pathlib.Path(unfinished)
            for each in (*sorted(pathlib.Path(unfinished).rglob("*"), reverse=True), pathlib.Path(unfinished)):
                fsync(each)
            os.chmod(unfinished, 0o777 & ~_UMASK)  # mkdtemp gives 0700
            os.rename(unfinished, path)
        except OSError as error:
            if error.filename is None or str(error.filename).startswith(unfinished):
                with naming(path):
                    raise
            raise
    fsync(path.parent)


def forget_temporaries(folder: pathlib.Path, keep: str = "", older: float = 0.0) -> None:
    """Remove what `published` and `published_folder` had not ended in a folder when their process was killed.

    No other may write there now, but for files whose names begin with `keep`, or where only what is `older`, in
    seconds, is removed.
    """
    for path in folder.glob(".*.????????.tmp"):
        if not (keep and path.name.startswith(f".{keep}")):
            with contextlib.suppress(FileNotFoundError):  # another process forgets too
                if not older or time.time() - path.stat().st_mtime > older:
                    _remove(path)


_HELD = (errno.EACCES, errno.EDEADLK) if os.name == "nt" else (errno.EWOULDBLOCK,)  # by another process


@contextlib.contextmanager
def lock(directory: pathlib.Path, flag: str = "--run_name") -> Iterator[None]:
    """Hold a directory for this process alone; the lock dies with its owner, also over kill -9.

    The directory itself is locked, where the system can, as a lock file may be deleted while it is held; else, as on
    Windows and some network file systems, its file `.lock` is. Raises Failure(IN_USE), naming the flag that names
    another place, where another process holds it.
    """
    with contextlib.ExitStack() as held:
        file = held.enter_context(_lock_file(directory)) if os.name == "nt" else None
        try:
            if file:
                import msvcrt  # exists on Windows alone

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


@contextlib.contextmanager
def signals_to(act: Callable[[Exit], None]) -> Iterator[None]:
    """Have `act` called with its exit code for each Ctrl-C and SIGTERM of the block.

    In a thread of its own, since Python would call it in the main thread alone, and not before that comes back from
    TensorFlow. Nothing is raised anywhere, so that no library's code can swallow it or show it.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)

    def watch() -> None:
        while number := reader.recv(1):
            if number[0] in SIGNALS:
                act(SIGNALS[number[0]])

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    handlers = {number: signal.signal(number, lambda *_: None) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before)
        writer.close()
        thread.join()
        reader.close()


def end(code: Exit) -> None:
    """End the process here and now, with no file left that has no final name yet."""
    _ending.acquire()
    try:
        for path in list(_scratch):  # the main thread may end one meanwhile
            with contextlib.suppress(OSError):
                _remove(path)
    finally:
        os._exit(code)


def end_with_parent(parent: int) -> None:
    """Have the system kill this process, and what it becomes, when its parent ends; at once where it has ended.

    `parent` is the parent's number, and its thread that started this process is what counts. On Linux alone: other
    systems know nothing like it, and this process lives on there.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # before that call
            signal.raise_signal(signal.SIGKILL)


def signal_name(number: int) -> str:
    """SIGKILL for 9; real-time signals have no name."""
    return {known.value: known.name for known in signal.Signals}.get(number, f"signal {number}")


class StopRequest:
    """Ctrl-C and SIGTERM as a wish: the loop asks `exit_code` after each step, saves, and ends with it.

    A second signal of the same kind ends the process at once.
    """

    def __init__(self):
        self.exit_code: Exit | None = None
        self._came: dict[Exit, float] = {}

    def _wish(self, code: Exit) -> None:
        now = time.monotonic()
        if now - self._came.setdefault(code, now) > TWICE:
            end(code)
        self.exit_code = code

    @contextlib.contextmanager
    def installed(self) -> Iterator["StopRequest"]:
        """Catch the signals for as long as the block lasts."""
        with signals_to(self._wish):
            yield self


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
