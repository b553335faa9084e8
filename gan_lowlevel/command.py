"""What every command shares: arguments to a record, the body, an exit code. Imports no TensorFlow."""

import contextlib
import errno
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from gan_lowlevel import system
from gan_lowlevel.commandline import help_text
from gan_lowlevel.errors import Exit, Failure, one_line

Record = TypeVar("Record")

# What to do about what the disk refuses.
_ADVICE = (
    ((errno.ENOSPC, errno.EDQUOT), "make room"),
    ((errno.EROFS, errno.EACCES, errno.EPERM), "allow writing there"),
    ((errno.ENOENT, errno.ENOTDIR), "put back what was moved or removed"),
)


def start_tensorflow() -> None:
    """Import TensorFlow without its chatter and turn it to graphs; called after the flags are read."""
    # Keras, which TensorFlow imports and nothing here uses, would read and write settings in ~/.keras or /tmp/.keras,
    # where anyone can put some.
    os.environ.setdefault("KERAS_HOME", os.devnull)
    system.import_quietly("tensorflow")
    import tensorflow as tf

    tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)  # graphs call much that is marked deprecated
    tf.compat.v1.disable_eager_execution()
    # GPUs would round the factors of float32 products to 10 bits; --precision=bfloat16 is what rounds them.
    tf.config.experimental.enable_tensor_float_32_execution(False)


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
    Ctrl-C and SIGTERM end it at once, wherever the body does not make something else of them.
    """
    system.keep_standard_descriptors()  # first: whatever is opened takes the least number that is free
    with system.signals_to(_stopped):
        code = _code(command, purpose, record, body, read, defaults)
    sys.exit(code)


def _code(command, purpose, record, body, read, defaults) -> Exit:
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
        if error.errno == errno.ENAMETOOLONG:
            code = _say(Exit.FLAGS, f"{error.filename} is longer than a name may be: give a shorter one.")
        else:
            file = error.filename or ("standard output" if _output_refused() else "a file")
            advice = next((do for numbers, do in _ADVICE if error.errno in numbers), "make room or allow access")
            code = _say(Exit.DISK, f"{file}: {error.strerror or error}; {advice}, then give the same command again.")
    except Exception as error:
        code = _unexpected(error)
    if _output_refused():  # its reader left or its disk is full: Python would try once more at its end, and complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _output_refused() -> bool:
    """Whether standard output does not take what it holds."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        return True
    return False


def _stopped(code: Exit) -> None:
    with contextlib.suppress(OSError):  # closed, as by `2>&-`
        os.write(2, b"gan_lowlevel: interrupted.\n" if code == Exit.INTERRUPTED else b"gan_lowlevel: stopped.\n")
    system.end(code)


def _unexpected(error: Exception) -> Exit:
    """What nobody foresaw, which is a bug, unless the machine's memory is what ended."""
    # TensorFlow says the same of a full disk, where Failure(DISK) has been said already.
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return _say(Exit.FLAGS, "this machine has not the memory that these settings ask for: "
                                "give a smaller --batch_size, or less of what was made large.")  # fmt: skip
    with contextlib.suppress(OSError):
        traceback.print_exc()
    return _say(Exit.BUG, "this is a bug of gan_lowlevel: please report it with the lines above.")


def _say(code: Exit, sentence: str) -> Exit:
    try:
        print(f"gan_lowlevel: {one_line(sentence)}", file=sys.stderr, flush=True)
    except OSError:  # whoever closed standard error, or let its disk fill, has the code
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    return code
