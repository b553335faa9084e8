"""Every exit code, by a process that ends with it; the sentence that goes with it is one line whatever it quotes."""

import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from gan_lowlevel import system
from gan_lowlevel.commandline import read_config
from gan_lowlevel.errors import LONGEST, Exit, Failure, printable
from tests.torture import commands

PARABOLA = ("--model=parabola", "--engine=explicit", "--threads=1", "--sample_every=0", "--theory_every=0")


def ended(process: subprocess.Popen) -> tuple[int, str]:
    """Exit code and standard error."""
    code, _, err = commands.finish(process, timeout=120)
    return code, err


def done(folder):
    return ended(commands.start("main", "--help", cwd=folder))


def flags(folder):
    return ended(commands.start("main", "--max_steps=x", cwd=folder))


def bug(folder):
    (folder / "broken").mkdir()
    (folder / "broken" / "tensorflow.py").write_text("raise RuntimeError('injected')\n")
    code, err = ended(commands.start("main", *PARABOLA, "--dry_run", path=folder / "broken", cwd=folder))
    assert "RuntimeError: injected" in err  # a bug, and no other failure, shows where it is
    return code, err.splitlines()[-1] + "\n"


def data(folder):
    return ended(commands.start("main", "--input_data_dir=.", "--nodownload", cwd=folder))


def disk(folder):
    with open("/dev/full", "w") as full:
        return ended(commands.start("main", "--help", stdout=full, cwd=folder))


def nan(folder):
    return ended(
        commands.start("main", *PARABOLA, "--log_form=literal", "--d_learning_rate=1000", "--max_steps=100", cwd=folder)
    )


def no_good_checkpoint(folder):
    (folder / "run" / "checkpoints" / "ckpt-000000001").mkdir(parents=True)
    (folder / "run" / "flags.txt").write_text(read_config(["--model=parabola"]).flagfile())
    return ended(commands.start("generate", "--run=run", "--out=out", cwd=folder))


def in_use(folder):
    (folder / "logs" / "run").mkdir(parents=True)
    with system.lock(folder / "logs" / "run"):
        return ended(commands.start("main", *PARABOLA, "--run_name=run", cwd=folder))


def peer_lost(folder):
    """A worker of two, the other of which never comes: it waits for ten times --peer_timeout, a second."""
    with socket.create_server(("127.0.0.1", 0)) as here, socket.create_server(("127.0.0.1", 0)) as there:
        addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in (here, there)]
    said = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": 0}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TF_CONFIG", json.dumps(said))
        return ended(commands.start("main", *PARABOLA, "--peer_timeout=1", "--run_name=r", cwd=folder))


def signalled(number: int):
    def end(folder):
        process = commands.start("main", *PARABOLA, "--line_every=1", "--max_steps=1000000000", cwd=folder)
        next(line for line in process.stdout if "D_loss" in line)
        process.send_signal(number)
        code, err = ended(process)
        return code, err

    return end


ENDS = {
    Exit.DONE: done,
    Exit.FLAGS: flags,
    Exit.BUG: bug,
    Exit.DATA: data,
    Exit.DISK: disk,
}
SLOW_ENDS = {
    Exit.NAN: nan,
    Exit.CHECKPOINTS: no_good_checkpoint,
    Exit.IN_USE: in_use,
    Exit.PEER_LOST: peer_lost,
    Exit.INTERRUPTED: signalled(signal.SIGINT),
    Exit.TERMINATED: signalled(signal.SIGTERM),
}


def test_every_code_is_reached_by_a_test():
    assert not ENDS.keys() & SLOW_ENDS.keys()
    assert ENDS.keys() | SLOW_ENDS.keys() == set(Exit)


@pytest.mark.parametrize(
    "code", [*ENDS, *(pytest.param(code, marks=pytest.mark.torture) for code in SLOW_ENDS)], ids=lambda code: code.name
)
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_a_process_ends_with(code, tmp_path):
    came, err = (ENDS | SLOW_ENDS)[code](tmp_path)
    assert came == code, err
    if code in (Exit.DONE, Exit.INTERRUPTED, Exit.TERMINATED):  # a stop that was asked for is no failure
        assert err == ""
    else:
        assert err.startswith("gan_lowlevel: ")
        assert err.count("\n") == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
@pytest.mark.parametrize("redirected", [">&- 2>&-", "2>&-", "2>/dev/full", ">/dev/full 2>/dev/full", "<&- >&- 2>&-"])
def test_whoever_closes_the_streams_still_has_the_code(tmp_path, redirected):
    line = f'exec "{sys.executable}" -m gan_lowlevel.main --input_data_dir=. --nodownload {redirected}'
    environment = commands.environment()
    # No code of Python's own, which ends with 1 where it can't say why, and with 120 where it can't flush.
    assert subprocess.run(["sh", "-c", line], cwd=tmp_path, env=environment, check=False).returncode == Exit.DATA


def test_no_file_of_a_command_takes_the_number_of_a_closed_stream(tmp_path):
    code = (
        "import os\n"
        "from gan_lowlevel import command\n"
        "body = lambda record: os._exit(os.open('file', os.O_CREAT | os.O_WRONLY))\n"
        "command.run('name', 'purpose', None, body, read=lambda argv: None, defaults=None)\n"
    )
    line = f'exec "{sys.executable}" -c "{code}" <&- >&- 2>&-'
    environment = commands.environment()
    assert subprocess.run(["sh", "-c", line], cwd=tmp_path, env=environment, check=False).returncode > 2


def test_a_sentence_is_one_line_that_steers_no_terminal():
    sentence = str(Failure(Exit.FLAGS, "a\nb\r\nc \x1b[31mred\0 \u2028é 数 \udcff"))
    assert sentence == "a b c \\x1b[31mred\\x00  é 数 \\udcff"
    assert sentence.isprintable()


def test_a_sentence_that_quotes_a_whole_file_is_cut_in_its_middle():
    sentence = str(Failure(Exit.FLAGS, f"wanted {'x' * 10**6} to do"))
    assert sentence.startswith("wanted xxx")
    assert sentence.endswith("xxx to do")
    assert len(sentence) == LONGEST + len(" … ")


def test_printable():
    assert printable("für 日 a b") == "für 日 a b"
    assert printable("a\nb\x1b[2J\u202e\udcff") == "a\\nb\\x1b[2J\\u202e\\udcff"
