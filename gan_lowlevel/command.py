"""What every command shares: arguments to a record, the body, an exit code. Imports no TensorFlow."""

import errno
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from gan_lowlevel import system
from gan_lowlevel.commandline import help_text
from gan_lowlevel.errors import Exit, Failure

Record = TypeVar("Record")

# What to do about what the disk refuses.
_ADVICE = (
    ((errno.ENOSPC, errno.EDQUOT), "make room"),
    ((errno.EROFS, errno.EACCES, errno.EPERM), "allow writing there"),
    ((errno.ENOENT, errno.ENOTDIR), "put back what was moved or removed"),
)


def start_tensorflow() -> None:
    """Import TensorFlow without its chatter and turn it to graphs; called after the flags are read."""
    system.import_quietly("tensorflow")
    import tensorflow as tf

    tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)  # graphs call much that is marked deprecated
    tf.compat.v1.disable_eager_execution()


def run(
    command: str,
    purpose: str,
    record: type[Record],
    body: Callable[[Record], Exit],
    read: Callable[[Sequence[str]], Record],
    defaults: Callable[[Sequence[str]], dict[str, Any]],
) -> None:
    """Run one command on sys.argv and leave the process with its exit code.

    A Failure is its one sentence on standard error; so is what the disk refuses. Only a bug shows a traceback.
    """
    argv = sys.argv[1:]
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that can't show a sign shows another, and the run goes on
            stream.reconfigure(errors="replace")
    try:
        if any(argument in ("-h", "--h", "-help", "--help", "--helpfull", "--helpshort") for argument in argv):
            print(help_text(command, purpose, record, defaults(argv)))
            code = Exit.DONE
        else:
            code = body(read(argv))
        if sys.stdout is not None:  # None: closed, as by `>&-`
            sys.stdout.flush()
    except Failure as failure:
        code = _say(failure.code, str(failure))
    except KeyboardInterrupt:
        code = _say(Exit.INTERRUPTED, "interrupted.")
    except BrokenPipeError:  # the reader of standard output left, as in `... --help | head`
        code = Exit.DONE
    except OSError as error:
        file = error.filename or ("standard output" if _output_refused() else "a file")
        advice = next((do for numbers, do in _ADVICE if error.errno in numbers), "make room or allow access")
        code = _say(Exit.DISK, f"{file}: {error.strerror or error}; {advice}, then give the same command again.")
    except Exception:
        traceback.print_exc()
        code = _say(Exit.BUG, "this is a bug of gan_lowlevel: please report it with the lines above.")
    if _output_refused():  # its reader left or its disk is full: Python would try once more at its end, and complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _output_refused() -> bool:
    """Whether standard output does not take what it holds."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        return True
    return False


def _say(code: Exit, sentence: str) -> Exit:
    line = " ".join(sentence.splitlines())  # a path, or TensorFlow's own words, may hold line breaks
    try:
        print(f"gan_lowlevel: {line}", file=sys.stderr, flush=True)
    except OSError:  # nowhere to say it: the code is left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    return code
