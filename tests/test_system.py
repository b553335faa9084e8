"""Files that survive a crash, the lock, signals, the cache folder, the quiet import."""

import errno
import os
import pathlib
import signal
import stat
import subprocess
import sys
import types

import pytest

import gan_lowlevel
from gan_lowlevel import system, xla_cache
from gan_lowlevel.data import embedded
from gan_lowlevel.errors import Exit, Failure

ENVIRONMENT = os.environ | {"PYTHONPATH": str(pathlib.Path(gan_lowlevel.__file__).parent.parent)}
posix = pytest.mark.skipif(os.name != "posix", reason="POSIX modes and signals")


def child(code: str, *arguments: str) -> subprocess.Popen:
    """A Python of its own, spoken to through pipes."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# write_atomically


def test_write_atomically_makes_and_replaces(tmp_path):
    path = tmp_path / "file"
    for content in (b"old", b"", bytes(range(256)) * 1000):
        system.write_atomically(path, content)
        assert path.read_bytes() == content
        assert list(tmp_path.iterdir()) == [path]


@posix
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_write_atomically_gives_the_mode_of_an_ordinary_new_file(tmp_path, umask, mode):
    code = "import os, pathlib\nfrom gan_lowlevel import system\nmask = os.umask\n"
    code += "del os.umask\n"  # which is all threads' for as long as it is asked for
    code += "system.write_atomically(pathlib.Path('file'), b'x')\n"
    code += f"assert mask({umask}) == {umask}"  # left as it was
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=ENVIRONMENT, umask=umask, check=True)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode  # 0666 & ~umask


def test_write_atomically_takes_the_longest_name(tmp_path):
    for name in ("x" * 255, "日" * 85, "𝒳" * 63):  # NAME_MAX in bytes of UTF-8; the temporary name must not be longer
        system.write_atomically(tmp_path / name, b"x")
        assert (tmp_path / name).read_bytes() == b"x"


@pytest.mark.parametrize("broken", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_write_atomically_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, broken, error):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(*arguments):
        raise error

    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(type(error)):
        system.write_atomically(path, b"new")
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"old"


def test_write_atomically_is_on_the_disk_before_and_after_the_rename(tmp_path, monkeypatch):
    done = []
    replace, fsync = os.replace, os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda fd: (done.append("directory" if stat.S_ISDIR(os.fstat(fd).st_mode) else "file"), fsync(fd))
    )
    monkeypatch.setattr(os, "replace", lambda a, b: (done.append("replace"), replace(a, b)))
    system.write_atomically(tmp_path / "file", b"x")
    assert done == ["file", "replace"] + ["directory"] * (os.name != "nt")


def test_write_atomically_into_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        system.write_atomically(tmp_path / "none" / "file", b"x")


def test_what_can_not_be_forced_to_the_disk_is_named(tmp_path, monkeypatch):
    def fail(descriptor):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output error") as raised:
        system.fsync(tmp_path)
    assert raised.value.filename == str(tmp_path)


# lock

HOLD = """
import pathlib, sys
from gan_lowlevel import system
with system.lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
print("free", flush=True)
sys.stdin.readline()
"""


def test_lock_refuses_a_second_process_until_the_first_is_gone(tmp_path):
    path = tmp_path / "run"
    path.mkdir()
    holder = child(HOLD, str(path))
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Failure) as caught, system.lock(path):
            pytest.fail("held by two")
        assert caught.value.code == Exit.IN_USE
        assert str(path) in str(caught.value)
        assert "--run_name" in str(caught.value)
    finally:
        holder.kill()  # SIGKILL: the holder has no chance to let go
        holder.communicate()
    with system.lock(path):
        pass


@posix
def test_lock_holds_whatever_is_removed_and_leaves_nothing(tmp_path):
    with system.lock(tmp_path):
        for path in tmp_path.iterdir():
            path.unlink()
        tmp_path.rename(tmp_path.parent / "renamed")
        with pytest.raises(Failure) as caught, system.lock(tmp_path.parent / "renamed"):
            pytest.fail("held by two")
        assert caught.value.code == Exit.IN_USE
    assert list((tmp_path.parent / "renamed").iterdir()) == []


@posix
def test_lock_is_not_held_on_by_what_its_owner_started(tmp_path):
    code = HOLD.replace(
        "print(", "import subprocess\n    child = subprocess.Popen(['sleep', '60'])\n    print(child.pid, ", 1
    )
    holder = child(code, str(tmp_path))
    started = int(holder.stdout.readline().split()[0])
    try:
        with pytest.raises(Failure), system.lock(tmp_path):
            pytest.fail("held by two")
        holder.kill()
        holder.wait()
        with system.lock(tmp_path):
            os.kill(started, 0)  # it still lives
    finally:
        os.kill(started, signal.SIGKILL)
        holder.communicate()


@posix
def test_where_no_directory_can_be_locked_a_file_in_it_is(tmp_path, monkeypatch):
    import fcntl

    flock = fcntl.flock

    def no_directories(file, how):
        if stat.S_ISDIR(os.fstat(file if isinstance(file, int) else file.fileno()).st_mode):
            raise OSError(errno.EBADF, "Bad file descriptor")
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", no_directories)
    with system.lock(tmp_path):
        with pytest.raises(Failure) as caught, system.lock(tmp_path):
            pytest.fail("held by two")
        assert caught.value.code == Exit.IN_USE
    with system.lock(tmp_path):
        pass


def test_lock_of_no_folder_is_no_folder_in_use(tmp_path):
    with pytest.raises(FileNotFoundError), system.lock(tmp_path / "none"):
        pass


def test_on_windows_what_can_not_be_opened_is_not_in_use(tmp_path, monkeypatch):
    def locking(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(system, "_HELD", (errno.EACCES, errno.EDEADLK))
    monkeypatch.setitem(sys.modules, "msvcrt", types.SimpleNamespace(LK_NBLCK=2, locking=locking))
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        with pytest.raises(Failure, match="in use"), system.lock(tmp_path):
            pytest.fail("held by two")
        patch.setattr(system, "_lock_file", locking)
        with pytest.raises(PermissionError), system.lock(tmp_path):
            pytest.fail("held")


def test_lock_is_let_go_at_the_end_of_the_block(tmp_path):
    holder = child(HOLD, str(tmp_path))
    try:
        assert holder.stdout.readline() == "held\n"
        holder.stdin.write("\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == "free\n"  # and the holder lives
        with system.lock(tmp_path):
            pass
    finally:
        holder.communicate("\n")


def test_lock_is_let_go_after_an_exception(tmp_path):
    with pytest.raises(ZeroDivisionError), system.lock(tmp_path):
        raise ZeroDivisionError
    with system.lock(tmp_path):
        pass


# Temporary files


def test_what_a_killed_process_left_is_forgotten_and_nothing_else(tmp_path):
    kill = """
import os, pathlib, signal, sys
from gan_lowlevel import system
folder = pathlib.Path(sys.argv[1])
with system.published(folder / "metrics.csv"), system.published(folder / "evaluation.json"):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    process = child(kill, str(tmp_path))
    process.communicate()
    others = [tmp_path / name for name in (".hidden.tmp", "step.abcdefgh.tmp", ".lock", "metrics.csv")]
    for path in others:
        path.touch()
    assert len(list(tmp_path.iterdir())) == len(others) + 2
    system.forget_temporaries(tmp_path, keep="evaluation.json")
    [kept] = set(tmp_path.iterdir()) - set(others)
    assert kept.name.startswith(".evaluation.json.")
    system.forget_temporaries(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(others)


def test_a_folder_is_whole_or_not_there(tmp_path):
    with system.published_folder(tmp_path / "1") as unfinished:
        (unfinished / "inner").mkdir()
        (unfinished / "inner" / "file").write_bytes(b"x")
        assert not (tmp_path / "1").exists()
        assert unfinished.stat().st_mode & 0o777 == 0o700
    assert os.listdir(tmp_path) == ["1"]
    assert (tmp_path / "1" / "inner" / "file").read_bytes() == b"x"
    (tmp_path / "asked").mkdir()
    assert (tmp_path / "1").stat().st_mode == (tmp_path / "asked").stat().st_mode
    with pytest.raises(FileNotFoundError), system.published_folder(tmp_path / "2") as unfinished:
        (unfinished / "none" / "file").touch()
    assert sorted(os.listdir(tmp_path)) == ["1", "asked"]


def test_a_folder_that_the_disk_refuses_is_named_as_it_was_asked_for(tmp_path):
    with pytest.raises(OSError, match="No space left") as raised, system.published_folder(tmp_path / "1") as unfinished:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(unfinished / "inner" / "file"))
    assert raised.value.filename == str(tmp_path / "1")
    assert "bytes are free" in str(raised.value)
    assert os.listdir(tmp_path) == []


FOLDER = """
import os, pathlib, signal, sys
from gan_lowlevel import system
with system.published_folder(pathlib.Path(sys.argv[1]) / "1") as unfinished:
    (unfinished / "inner").mkdir()
    (unfinished / "inner" / "file").touch()
    if sys.argv[2] == "signal":
        system.end(143)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@posix
@pytest.mark.parametrize(("how", "left"), [("signal", 0), ("kill", 1)])
def test_a_process_that_ends_leaves_no_folder_of_that_name(tmp_path, how, left):
    child(FOLDER, str(tmp_path), how).communicate()
    found = os.listdir(tmp_path)
    assert len(found) == left
    assert all(name.startswith(".1.") for name in found)
    system.forget_temporaries(tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_file_that_is_not_durable_is_whole_too(tmp_path, monkeypatch):
    def fail(descriptor):
        pytest.fail("waits for the disk")

    monkeypatch.setattr(os, "fsync", fail)
    system.write_atomically(tmp_path / "file", b"x", durable=False)
    assert (tmp_path / "file").read_bytes() == b"x"
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"x")]


# Signals

SIGNALS = [("SIGINT", 128 + signal.SIGINT), ("SIGTERM", 128 + signal.SIGTERM)]

STOP = """
import signal, sys, time
from gan_lowlevel.system import StopRequest, TWICE
first, second = (signal.Signals[name] for name in sys.argv[1:])
before = signal.getsignal(first)
with StopRequest().installed() as stop:
    assert stop.exit_code is None
    for number in (first, second):
        for _ in range(2):  # as from timeout(1)
            signal.raise_signal(number)
        until = time.monotonic() + 20
        while stop.exit_code != 128 + number and time.monotonic() < until:
            pass
        print(int(stop.exit_code), flush=True)
        while first == second and time.monotonic() < until:
            signal.raise_signal(second)
assert signal.getsignal(first) == before
"""


@posix
@pytest.mark.parametrize(("name", "code"), SIGNALS)
def test_the_first_signal_is_a_wish_and_the_second_ends_at_once(name, code):
    process = child(STOP, name, name)
    out, err = process.communicate()
    assert (process.returncode, out, err) == (code, f"{code}\n", "")


@posix
def test_another_signal_is_another_wish_and_the_handlers_come_back():
    process = child(STOP, "SIGINT", "SIGTERM")
    out, err = process.communicate()
    assert (process.returncode, out, err) == (0, f"{128 + signal.SIGINT}\n{128 + signal.SIGTERM}\n", "")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know nothing like it")
def test_whose_parent_has_ended_already_is_killed_at_once():
    process = child("import os\nfrom gan_lowlevel import system\nsystem.end_with_parent(os.getppid())\n"
                    "print('lives', flush=True)\nsystem.end_with_parent(1 << 22)\nprint('still')")  # fmt: skip
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (-signal.SIGKILL, "lives\n", "")


COMMAND = """
import ctypes, pathlib, sys
from gan_lowlevel import command, system

def body(_):
    with system.published(pathlib.Path(sys.argv[1]) / "file") as file:
        file.write(b"half")
        print("half", flush=True)
        while True:
            ctypes.CDLL(None).sleep(60)  # as a compilation: what the signal wakes sleeps again

command.run("none", "None.", object, body, lambda argv: None, lambda argv: {})
"""


@posix
@pytest.mark.parametrize(("name", "code"), SIGNALS)
def test_a_signal_ends_a_command_at_once_with_a_line_and_no_half_file(tmp_path, name, code):
    (tmp_path / "file").write_bytes(b"old")
    process = child(COMMAND, str(tmp_path))
    assert process.stdout.readline() == "half\n"
    process.send_signal(signal.Signals[name])
    _, err = process.communicate(timeout=20)
    said = {"SIGINT": "interrupted", "SIGTERM": "stopped"}[name]
    assert (process.returncode, err) == (code, f"gan_lowlevel: {said}.\n")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"old")]


@posix
def test_ctrl_c_while_a_command_is_imported_shows_no_traceback(tmp_path):
    (tmp_path / "numpy.py").write_text("import signal\nsignal.raise_signal(signal.SIGINT)\n")
    environment = ENVIRONMENT | {"PYTHONPATH": os.pathsep.join([str(tmp_path), ENVIRONMENT["PYTHONPATH"]])}
    command = [sys.executable, "-m", "gan_lowlevel.main"]
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, "", "")  # 130 to a shell


# The machine


def test_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3, 5, 7}, raising=False)
    assert system.cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert system.cores() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert system.cores() == 1


def test_memory(monkeypatch):
    monkeypatch.setattr(os, "sysconf", lambda name: {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 1000}[name], raising=False)
    monkeypatch.setattr(pathlib.Path, "is_file", lambda path: True)
    for limit, most in (("max\n", 4096 * 1000), ("5000\n", 5000), ("9999999\n", 4096 * 1000)):
        monkeypatch.setattr(pathlib.Path, "read_text", lambda path, limit=limit: limit)
        assert system.memory() == most
    monkeypatch.delattr(os, "sysconf")
    assert system.memory() is None


@posix
def test_a_closed_standard_descriptor_is_no_files_number(tmp_path):
    code = "import os\nfrom gan_lowlevel import system\nsystem.keep_standard_descriptors()\n"
    code += "import sys\nsys.exit(os.open('file', os.O_CREAT | os.O_WRONLY))"
    for redirected in ("", "2>&-", ">&- 2>&-", "<&- 2>&-"):
        line = f"exec {sys.executable} -c '{code.replace(chr(39), chr(34))}' {redirected}"
        assert subprocess.run(["sh", "-c", line], cwd=tmp_path, env=ENVIRONMENT, check=False).returncode > 2


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"])
def test_cache_directory(tmp_path, monkeypatch, variable):
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    if variable == "HOME":
        monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv(variable, str(tmp_path))
    base = tmp_path / ".cache" if variable == "HOME" else tmp_path
    assert system.cache_directory() == base / "gan_lowlevel"
    assert system.cache_directory().is_dir()  # a second call finds it
    if os.name == "posix":
        assert stat.S_IMODE((base / "gan_lowlevel").stat().st_mode) == 0o700


def test_cache_directory_is_no_relative_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert system.cache_directory() == tmp_path / "local" / "gan_lowlevel"
    assert not (tmp_path / "relative").exists()


def test_no_cache_directory_without_a_home_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # no HOME, an unknown user
    for make in (True, False):
        with pytest.raises(OSError, match="no home folder"):
            system.cache_directory(make)
    assert list(tmp_path.iterdir()) == []
    assert len(embedded.load().images) > 0
    xla_cache.prepare(1)
    xla_cache.seal()


@pytest.mark.skipif(os.name != "posix", reason="modes and owners are POSIX's")
@pytest.mark.parametrize("mode", [0o777, 0o755, 0o750, 0o701])
def test_cache_directory_that_others_may_look_into_is_closed(tmp_path, monkeypatch, mode):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "gan_lowlevel").mkdir()
    (tmp_path / "gan_lowlevel").chmod(mode)
    assert stat.S_IMODE(system.cache_directory().stat().st_mode) == 0o700


@pytest.mark.skipif(os.name != "posix", reason="modes and owners are POSIX's")
def test_cache_directory_of_another_user_is_an_oserror(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "gan_lowlevel").mkdir(mode=0o755)
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(OSError, match="another user's"):
        system.cache_directory()
    assert stat.S_IMODE((tmp_path / "gan_lowlevel").stat().st_mode) == 0o755


def test_cache_directory_that_can_not_be_made_is_an_oserror(tmp_path, monkeypatch):
    (tmp_path / "gan_lowlevel").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(OSError, match="gan_lowlevel"):
        system.cache_directory()


# import_quietly

CHATTER = "import os\nos.write(2, b'chatter\\n')\n"


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module of this test's own; its name."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)

    def write(name: str, code: str) -> str:
        (tmp_path / f"{name}.py").write_text(code)
        return name

    yield write
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(path.stem, None)


def test_import_quietly_hides_the_chatter_of_a_good_import(module, capfd):
    system.import_quietly(module("chatting_module", CHATTER + "VALUE = 3\n"))
    assert sys.modules["chatting_module"].VALUE == 3
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"  # standard error is back, and empty until here


@pytest.mark.parametrize("error", ["ImportError('no')", "KeyboardInterrupt()", "SystemExit(3)"])
def test_import_quietly_shows_the_chatter_of_a_failed_import(module, capfd, error):
    with pytest.raises((ImportError, KeyboardInterrupt, SystemExit)):
        system.import_quietly(module("failing_module", CHATTER + f"raise {error}\n"))
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "chatter\nafter\n"


def test_import_quietly_is_not_quiet_for_who_asked_for_the_log(module, capfd, monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    system.import_quietly(module("asked_module", CHATTER))
    assert capfd.readouterr().err == "chatter\n"
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"


def test_write_atomically_names_the_file_and_not_its_temporary_one(tmp_path):
    with pytest.raises(FileNotFoundError) as raised:
        system.write_atomically(tmp_path / "none" / "file", b"x")
    assert raised.value.filename == str(tmp_path / "none" / "file")


def test_a_full_disk_says_what_is_wanted_and_what_is_free(tmp_path, monkeypatch):
    monkeypatch.setattr(system.shutil, "disk_usage", lambda folder: types.SimpleNamespace(free=5000))
    with pytest.raises(OSError, match="No space left on device") as raised, system.naming(tmp_path / "file", 12_345):
        raise OSError(errno.ENOSPC, "No space left on device", "temporary")
    assert raised.value.filename == str(tmp_path / "file")
    assert raised.value.strerror == "No space left on device (12,345 bytes are wanted, 5,000 bytes are free)"


def test_an_import_wants_no_temporary_folder(monkeypatch):
    def none():
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr(system.tempfile, "TemporaryFile", none)
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    system.import_quietly("this")
    assert "this" in sys.modules


@pytest.mark.skipif(os.name == "nt", reason="Windows lets few users make links")
def test_unfinished_files_have_names_that_nobody_can_guess(tmp_path):
    guessed = tmp_path / f".images.zip.{os.getpid()}.tmp"
    guessed.symlink_to(tmp_path / "elsewhere")
    with system.published(tmp_path / "images.zip") as file:
        file.write(b"a zip")
    assert sorted(os.listdir(tmp_path)) == [guessed.name, "images.zip"]


def test_what_is_free_is_counted_without_what_was_half_written(tmp_path, monkeypatch):
    seen = []

    def usage(folder):
        seen.append(os.listdir(folder))
        return types.SimpleNamespace(free=5000)

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(system.shutil, "disk_usage", usage)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device \(3 bytes are wanted, 5,000 bytes are free\)"):
        system.write_atomically(tmp_path / "file", b"new")
    assert seen == [[]]


def test_the_end_comes_though_the_main_thread_ends_a_file_meanwhile(tmp_path):
    code = """
import os, sys, threading
from gan_lowlevel import system
from gan_lowlevel.errors import Exit
system._scratch |= {sys.argv[1] + "/a", sys.argv[1] + "/b"}
os.unlink = lambda path: system._scratch.clear()
ending = threading.Thread(target=system.end, args=(Exit.TERMINATED,))
ending.start()
ending.join()
"""
    ended = child(code, str(tmp_path))
    ended.communicate(timeout=60)
    assert ended.returncode == Exit.TERMINATED
