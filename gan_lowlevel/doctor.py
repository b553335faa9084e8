"""Look at this machine: versions, devices, XLA, disk, TensorBoard, 20 steps of training; say what is wrong.

python -m gan_lowlevel.doctor
python -m gan_lowlevel.doctor --out=FILE

One block to paste into a report, which names no user and no home folder. Exits 0 where all is well, else 1. It is the
command that verifies a GPU. Leaves nothing but --out.
"""

import contextlib
import dataclasses
import functools
import getpass
import os
import pathlib
import re
import tempfile
from collections.abc import Callable, Iterator
from typing import NamedTuple

from gan_lowlevel import checkups, command, system
from gan_lowlevel.checkups import Finding
from gan_lowlevel.commandline import read_record
from gan_lowlevel.config import Config, setting
from gan_lowlevel.errors import Exit, Failure, one_line
from gan_lowlevel.output import say


@dataclasses.dataclass(frozen=True, kw_only=True)
class DoctorConfig:
    """Every setting of the command."""

    out: str = setting("", str, "A file to write the block into, beside printing it.")
    logdir: str = setting(Config.logdir, str, "Folder of all runs, whose disk is looked at.")
    input_data_dir: str = setting(
        "", str, "A folder of data to look at, as in training; empty: none.", aliases=("data_dir",)
    )


class Check(NamedTuple):
    """One look at one thing."""

    title: str
    look: Callable[[], Finding]
    wants_tensorflow: bool = False


TENSORFLOW = "TensorFlow"


def checks(config: DoctorConfig) -> list[Check]:
    """All that is looked at, in its order."""
    of_data = [Check("data", lambda: checkups.data(config.input_data_dir))] if config.input_data_dir else []
    return [
        Check("versions", checkups.versions),
        Check("machine", checkups.machine),
        Check("disk", lambda: checkups.disk(checkups.places(config.logdir))),
        Check("caches", checkups.caches),
        *of_data,
        Check("TensorBoard", checkups.tensorboard),
        Check(TENSORFLOW, checkups.tensorflow),
        Check("devices", checkups.devices, wants_tensorflow=True),
        Check("XLA", checkups.xla, wants_tensorflow=True),
        Check(
            "training, 20 steps; apart: the most of a weight from the game's first line",
            checkups.training,
            wants_tensorflow=True,
        ),
    ]


def main(config: DoctorConfig) -> Exit:
    """Look at one thing after the other, print each when it is known, and then what is wrong."""
    out = pathlib.Path(config.out).expanduser()
    if config.out and out.is_dir():
        raise Failure(Exit.FLAGS, f"--out wants a file, {out} is a folder: give {out / 'doctor.txt'}.")
    block: list[str] = []

    def tell(line: str) -> None:
        block.append(anonymous(one_line(line)))
        say(block[-1])

    problems, without = [], False
    with nothing_kept():
        for check in checks(config):
            tell(check.title)
            if check.wants_tensorflow and without:
                tell(f"  not looked at without {TENSORFLOW}")
                continue
            found = attempted(check)
            without |= check.title == TENSORFLOW and bool(found.problems)
            width = max((len(name) for name, _ in found.facts), default=0)
            for name, value in found.facts:
                tell(f"  {name:<{width}}  {value}")
            problems += found.problems
    tell("problems" if problems else "problems: none")
    for problem in problems:
        tell(f"  - {problem}")
    if config.out:
        system.write_atomically(out, "".join(f"{line}\n" for line in block).encode())
    return Exit.FLAGS if problems else Exit.DONE


@contextlib.contextmanager
def nothing_kept() -> Iterator[None]:
    """Matplotlib, which TensorFlow imports, lists the system's fonts in a folder that is gone afterwards."""
    before = os.environ.get("MPLCONFIGDIR")
    with contextlib.ExitStack() as temporary:
        with contextlib.suppress(OSError):  # a full disk is found by looking at it
            folder = temporary.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            os.environ["MPLCONFIGDIR"] = folder
        yield
    if before is None:
        os.environ.pop("MPLCONFIGDIR", None)
    else:
        os.environ["MPLCONFIGDIR"] = before


def attempted(check: Check) -> Finding:
    """What the check finds; where it fails itself, that, in a sentence: the others are worth as much."""
    try:
        return check.look()
    except Failure as failure:
        return Finding([("failed:", str(failure))], [str(failure)])
    except Exception as error:  # whatever a broken installation raises
        reason = f"{type(error).__name__}: {error}".removesuffix(".")
        return Finding(
            [("failed:", reason)], [f"looking at {check.title.partition(',')[0]} failed ({reason}): report this block."]
        )


def anonymous(text: str) -> str:
    """The text with ~ for the home folder, and USER for the user's name inside of paths."""
    home = os.path.expanduser("~")
    for folder in {home, os.path.realpath(home)}:
        if len(pathlib.Path(folder).parts) > 1:  # a container's may be /
            text = re.sub(rf"{re.escape(folder)}(?![\w.-])", "~", text)
    with contextlib.suppress(KeyError, OSError):  # a user whom the system does not know, as in a container
        text = re.sub(rf"(?<=[/\\]){re.escape(getpass.getuser())}(?![\w.-])", "USER", text)
    return text


if __name__ == "__main__":
    command.run(
        command="doctor",
        purpose=__doc__.strip(),
        record=DoctorConfig,
        body=main,
        read=functools.partial(read_record, DoctorConfig),
        defaults=lambda argv: dataclasses.asdict(DoctorConfig()),
    )
