"""Train one run with several workers on this machine, and start them again when one is lost.

python -m gan_lowlevel.launch --workers=2 -- --model=mlp --input_data_dir=DIR
python -m gan_lowlevel.launch --gpus=all -- --model=dcgan --input_data_dir=DIR

After the bare -- come the flags of training (python -m gan_lowlevel.main --help lists them). Each worker is that
command in a process of its own; together they train what one process would, and worker 0 alone writes the run. Every
line bears the number of its worker. When one is killed, freezes or can't be reached, the others leave within
--peer_timeout, and all are started again and go on from the newest checkpoint. Ctrl-C and SIGTERM are passed on: the
run is saved and ends. The exit code is the run's. Each worker listens on a port of its own for the others, on all
addresses of this machine and without a password: only where whoever can reach them is trusted.
"""

import dataclasses
import os
import re
import subprocess
import sys
from collections.abc import Sequence

from gan_lowlevel import command, runs, system
from gan_lowlevel.commandline import read_config, read_record
from gan_lowlevel.config import setting
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.supervisor import Supervisor

LEAST = 3 * 2**28  # bytes of memory that a worker takes, whatever it trains


@dataclasses.dataclass(frozen=True, kw_only=True)
class LaunchConfig:
    """Every setting of the command, and the flags of training."""

    workers: int = setting(
        0, int, "Processes that share each batch, and the cores; 0: one per GPU of --gpus, 2 without.", low=0, high=1000
    )
    gpus: str = setting(
        "", str, "One worker for each of these GPUs: all, or numbers of nvidia-smi such as 0,1. Empty: none."
    )
    max_restarts: int = setting(
        3, int, "Restarts in a row, after which no newer checkpoint came, before giving up.", low=0, high=10**6
    )

    training: tuple[str, ...] = ()  # no flag: what comes after the bare --


def read(argv: Sequence[str]) -> LaunchConfig:
    """The command's settings. Raises Failure(FLAGS); what training accepts is asked by `plan`."""
    own, dashes, training = _split(list(argv))
    try:
        config = read_record(LaunchConfig, own)
    except Failure as failure:
        hint = "" if dashes else " Flags of training come after a bare --."
        raise Failure(failure.code, f"{failure}{hint}") from None
    return dataclasses.replace(config, training=tuple(training))


def _split(argv: list[str]) -> tuple[list[str], bool, list[str]]:
    at = argv.index("--") if "--" in argv else len(argv)
    return argv[:at], at < len(argv), argv[at + 1 :]


def plan(config: LaunchConfig) -> Supervisor:
    """What is to be started, checked as `main` checks it; writes nothing. Raises Failure(FLAGS)."""
    training = read_config(config.training)
    if training.dry_run:
        raise Failure(Exit.FLAGS, "--dry_run is for python -m gan_lowlevel.main, which needs no workers for it.")
    if training.live:
        raise Failure(Exit.FLAGS, "--live is for python -m gan_lowlevel.main: it is played by one process.")
    run = runs.locate(training)
    gpus = assigned_gpus(config.gpus)
    workers = config.workers or len(gpus) or 2
    if gpus and workers != len(gpus):
        raise Failure(
            Exit.FLAGS,
            f"one worker per GPU is wanted, and --gpus={config.gpus} is {len(gpus)}; this command says "
            f"--workers={workers}: leave it out.",
        )
    there = system.memory()
    if there and workers * LEAST > there:
        raise Failure(
            Exit.FLAGS,
            f"{workers} workers want {workers * LEAST / 2**30:,.0f} GiB at least, and this machine has "
            f"{there / 2**30:,.0f}: give a smaller --workers.",
        )
    flags = [f"--run_name={run.directory.name}"]  # a new run's name is of now, and a restart is to go on with it
    if not training.threads:
        flags.append(f"--threads={max(system.cores() // workers, 1)}")
    if gpus and training.device == "auto":
        flags.append("--device=gpu")  # a worker whose TensorFlow sees none says so, and does not train on the CPU
    visible = [{"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": gpu} for gpu in gpus]  # counts as nvidia-smi
    return Supervisor(
        command=(sys.executable, "-m", "gan_lowlevel.main", *config.training, *flags),
        again=("--resume=auto",),  # --resume=never is said of what was there before
        environments=visible or [{}] * workers,
        run=run,
        peer_timeout=training.peer_timeout,
        max_restarts=config.max_restarts,
    )


def assigned_gpus(text: str) -> list[str]:
    """The GPUs that --gpus names, as CUDA_VISIBLE_DEVICES does. Raises Failure(FLAGS)."""
    if not text:
        return []
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, errors="replace", timeout=60)
        there = re.findall(r"^GPU (\d+):", listed.stdout, re.MULTILINE) if listed.returncode == 0 else []
    except (OSError, subprocess.TimeoutExpired):
        there = []
    if not there:
        raise Failure(
            Exit.FLAGS,
            f"--gpus={text} wants GPUs, and nvidia-smi -L lists none here: python -m gan_lowlevel.doctor says what "
            "there is, --workers=2 trains without.",
        )
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    named = (allowed.split(",") if allowed else there) if text == "all" else text.split(",")
    if len(set(named)) < len(named) or (text != "all" and set(named) - set(there)):
        raise Failure(Exit.FLAGS, f"--gpus wants all, or some of {','.join(there)}, each once; got {text!r}.")
    return named


def main(config: LaunchConfig) -> int:
    """Start the workers and watch them to the run's end."""
    return plan(config).watch()


if __name__ == "__main__":
    command.run(
        command="launch",
        purpose=__doc__.strip(),
        record=LaunchConfig,
        body=main,
        read=read,
        defaults=lambda argv: dataclasses.asdict(LaunchConfig()),
    )
