"""The program's commands for the tests: started as a user does, and waited for. Needs no TensorFlow."""

import json
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable

ROOT = pathlib.Path(__file__).parents[2]

# Runs each command of a list, as `python -m` would, in one process: exit code, both outputs and seconds of the
# process's own time of each, as JSON.
SEVERAL = """
import contextlib, io, json, runpy, sys, time
results = []
for module, *argv in json.load(sys.stdin):
    sys.argv = [module, *argv]
    out, err, code = io.StringIO(), io.StringIO(), None
    began = time.process_time()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            runpy.run_module("gan_lowlevel." + module, run_name="__main__")
        except SystemExit as ended:
            code = ended.code
    results.append((code, out.getvalue(), err.getvalue(), time.process_time() - began))
print(json.dumps(results))
"""


def environment(path: str | os.PathLike = "", **variables: str | os.PathLike) -> dict[str, str]:
    """A user's, with this package on the path, and before it what lies in `path`."""
    found = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (str(path), str(ROOT))))}
    found.pop("TF_CPP_MIN_LOG_LEVEL", None)  # whoever sets it wants to see TensorFlow's log
    return found | {name: str(value) for name, value in variables.items()}


def start(
    command: str, *flags: object, cache: pathlib.Path | None = None, path: str | os.PathLike = "", **options
) -> subprocess.Popen:
    """`python -m gan_lowlevel.COMMAND`, with a cache of its own and what lies in `path` before all other modules."""
    variables = {} if cache is None else {"XDG_CACHE_HOME": cache}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT} | options
    return subprocess.Popen(
        [sys.executable, "-m", f"gan_lowlevel.{command}", *map(_argument, flags)],
        env=environment(path, **variables),
        **options,
    )


def _argument(flag: object) -> str | bytes:
    return flag if isinstance(flag, bytes) else str(flag)


def finish(process: subprocess.Popen, timeout: float = 600) -> tuple[int, str, str]:
    """Exit code, standard output and standard error, once it has ended."""
    out, err = process.communicate(timeout=timeout)
    return process.returncode, out, err


def wait(process: subprocess.Popen, condition: Callable[[], bool], timeout: float = 300) -> bool:
    """Whether the condition came to hold before the process ended."""
    until = time.monotonic() + timeout
    while process.poll() is None:
        if condition():
            return True
        assert time.monotonic() < until, f"{process.args} did not come to it in {timeout} s"
        time.sleep(0.0005)
    return False


def several(commands: list[list[str]], before: str = "", **options) -> list[tuple[int | None, str, str, float]]:
    """What each [command, flag, ...] came to, as SEVERAL says, all in one process that first does what `before` says.

    options: of subprocess.run.
    """
    ended = subprocess.run(
        [sys.executable, "-c", before + SEVERAL], input=json.dumps(commands), capture_output=True, text=True,
        check=False, timeout=600, **options,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-4000:]
    return json.loads(ended.stdout)
