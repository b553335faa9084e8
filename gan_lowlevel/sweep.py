"""Train a grid of settings, each point with several seeds, and compare what came of them.

python -m gan_lowlevel.sweep --model=parabola --d_step=1,2,5 --g_loss=minimax,non_saturating --seeds=0-2
tensorboard --logdir=logs/NAME     (the tab HParams)

Every flag of training is taken too (python -m gan_lowlevel.main --help lists them), each with one value or with several
and commas between; a switch as --mirror=true,false. Each combination is trained with each seed, in a process and a run
of its own. The same command again goes on where it was stopped and tries again what failed. A trial that fails ends no
other; the exit code is then that of the first that failed.
"""

import dataclasses
import itertools
import json
import math
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

from gan_lowlevel import command, comparison, runs, system
from gan_lowlevel.commandline import parse_seeds, read_config, read_lists
from gan_lowlevel.config import RUN_NAME, Config, setting
from gan_lowlevel.errors import Exit, Failure, one_line
from gan_lowlevel.output import say
from gan_lowlevel.runs import Run

MOST = 1000  # trials
POLL = 0.1  # seconds between looks at the processes
SWEEPS_OWN = ("run_name", "resume", "dry_run", "live")  # flags of training that mean nothing for many runs
STOPPED = (Exit.INTERRUPTED, Exit.TERMINATED)  # exit codes of a trial that goes on when it is started again
WHOLE = ("input_data_dir",)  # a path, in which a comma is a comma


@dataclasses.dataclass(frozen=True, kw_only=True)
class SweepConfig:
    """Every setting of the command, and what was typed for the trainings."""

    seeds: str = setting(
        "0", str, "Seeds that each combination is trained with, numbers and ranges such as 0-2 or 3,7.",
        aliases=("seed",),
    )  # fmt: skip
    logdir: str = setting("logs", str, "Folder of the sweep's folder.")
    sweep_name: str = setting(
        "",
        str,
        "The sweep's folder in --logdir, made of [A-Za-z0-9._-]; a sweep that is there goes on. "
        "Empty: sweep, the model and the settings that have several values.",
    )
    jobs: int = setting(
        0,
        int,
        "Processes side by side, which share the cores; 0: as many as there are cores.",
        low=0,
        high=MOST,
    )

    training: dict[str, str] = dataclasses.field(default_factory=dict)  # no flag: text by name of a training's setting


@dataclasses.dataclass(frozen=True)
class Trial:
    """One run of the grid: `flags` are what `main` gets, `config` what it makes of them."""

    point: dict[str, Any]
    flags: tuple[str, ...]
    config: Config

    @property
    def run(self) -> Run:
        return Run(pathlib.Path(self.config.logdir) / self.config.run_name)

    @property
    def outcome(self) -> pathlib.Path:
        """How the last process of the trial ended."""
        return self.run.directory / "trial.json"

    @property
    def log(self) -> pathlib.Path:
        """What its processes wrote."""
        return self.run.directory / "trial.log"


def read(argv: Sequence[str]) -> SweepConfig:
    """The command's settings. Raises Failure(FLAGS); what a training accepts is asked by `plan`."""
    own, training = read_lists(SweepConfig, argv)
    return SweepConfig(**own, training=training)


def plan(config: SweepConfig) -> list[Trial]:
    """Every trial, checked as `main` checks it; writes nothing. Raises Failure(FLAGS)."""
    seeds = parse_seeds(config.seeds, MOST)
    lists = {name: [text] if name in WHOLE else text.split(",") for name, text in config.training.items()}
    swept = [name for name, values in lists.items() if len(values) > 1]
    count = math.prod(map(len, lists.values())) * len(seeds)
    if count > MOST:
        raise Failure(Exit.FLAGS, f"a sweep is {MOST:,} trials at most, this command asks for {count:,}: ask in parts.")
    threads = max(system.cores() // jobs(config, count), 1)
    name = config.sweep_name or "_".join(["sweep", *lists.get("model", [Config.model]), *swept])[:100]
    if config.sweep_name and not RUN_NAME.fullmatch(name):
        raise Failure(
            Exit.FLAGS,
            "--sweep_name wants 1 to 100 of the characters A-Z a-z 0-9 . _ -, the first no dot or dash; "
            f"this command says --sweep_name={name!r}.",
        )

    trials: dict[str, Trial] = {}
    for values in itertools.product(*lists.values()):
        for seed in seeds:
            typed = {"threads": threads, **dict(zip(lists, values, strict=True)), "seed": seed}
            flags = tuple(f"--{flag}={value}" for flag, value in typed.items())
            settings = read_config(flags)
            for flag in SWEEPS_OWN:
                if getattr(settings, flag) != getattr(Config, flag):
                    raise Failure(Exit.FLAGS, f"--{flag} is not for a sweep, which names and resumes its own runs: "
                                              "leave it out, or give --sweep_name.")  # fmt: skip
            point = {flag: getattr(settings, flag) for flag in swept}
            trial = "_".join(f"{flag}-{value}" for flag, value in [*point.items(), ("seed", seed)])
            if not RUN_NAME.fullmatch(trial):
                raise Failure(
                    Exit.FLAGS,
                    f"a trial's folder bears its swept settings, and {trial!r} is no name for one: "
                    "sweep fewer settings at a time.",
                )
            if trial in trials:
                raise Failure(Exit.FLAGS, f"{trial} is asked for twice: give each value and each seed once.")
            place = {"logdir": str(pathlib.Path(config.logdir) / name), "run_name": trial}
            settings = dataclasses.replace(settings, **place)
            settings.check()
            try:
                runs.locate(settings)
            except Failure as failure:
                raise Failure(failure.code, str(failure).replace("--run_name", "--sweep_name")) from None
            flags += tuple(f"--{flag}={value}" for flag, value in place.items())
            trials[trial] = Trial(point, flags, settings)
    return list(trials.values())


def jobs(config: SweepConfig, trials: int) -> int:
    """Processes side by side: no more than trials, whatever of them is finished, so that each keeps its threads."""
    return min(config.jobs or system.cores(), trials)


def main(config: SweepConfig) -> Exit:
    """Train what is not trained yet, print and write the tables.

    A trial that fails ends no other; the command then ends with the code of the first that failed.
    """
    trials = plan(config)
    folder = trials[0].run.directory.parent
    folder.mkdir(parents=True, exist_ok=True)
    with system.lock(folder, "--sweep_name"), system.StopRequest().installed() as stop:
        train(trials, jobs(config, len(trials)), stop)
        results = list(map(result, trials))
        system.write_atomically(folder / "table.csv", comparison.table_csv(results).encode())
        system.write_atomically(folder / "trials.csv", comparison.trials_csv(results).encode())
    say(f"\n{comparison.text(results)}\n\nleft in {folder}: table.csv, trials.csv, a run for each trial")
    say(f"look      tensorboard --logdir={folder}   (the tab HParams)")
    finished = sum(one.exit_code == 0 for one in results)
    if stop.exit_code:
        say(f"stopped with {finished:,} of {len(trials):,} trials finished: the same command goes on")
        return stop.exit_code
    failed = [one for one in results if one.exit_code != 0]
    if failed:
        code = failed[0].exit_code or Exit.TERMINATED  # a stranger stopped it
        raise Failure(
            Exit(code) if code in set(Exit) else Exit.BUG,
            f"{len(failed):,} of {len(trials):,} trials failed, {failed[0].name} with exit code {code}: "
            f"{folder}/*/trial.log say why; the same command tries them again.",
        )
    return Exit.DONE


class Process:
    """One trial's training, as `main` in a process of its own."""

    def __init__(self, trial: Trial):
        self.trial = trial
        trial.run.directory.mkdir(parents=True, exist_ok=True)
        self._before = trial.log.stat().st_size if trial.log.exists() else 0
        self._began = time.monotonic()
        with open(trial.log, "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gan_lowlevel.main", *trial.flags],
                env=os.environ | {"TF_CONFIG": ""},  # a trial is one process, also where several workers are told of
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the sweep alone, which asks each process once to save and end
            )

    def stop(self) -> None:
        """Ask it to save and end."""
        self._process.send_signal(signal.SIGTERM)

    def ended(self) -> bool:
        return self._process.poll() is not None

    def wait(self) -> None:
        self._process.wait()

    def note(self) -> str:
        """Write down how it ended, for the sweep's next start too; in a line."""
        code = self._process.returncode
        code = 128 - code if code < 0 else code  # as a shell reports a signal
        seconds = time.monotonic() - self._began + outcome(self.trial).get("seconds", 0.0)
        words = self.trial.log.read_bytes()[self._before :].decode(errors="replace").splitlines()
        ours = [line for line in words if line.startswith("gan_lowlevel: ")] or words or [""]
        said = one_line(ours[-1].removeprefix("gan_lowlevel: ")) if code else ""
        if self._process.returncode < 0:  # it had no time for words of its own; SIGKILL is also how memory ends
            said = f"ended by {system.signal_name(-self._process.returncode)}"
        length = {name: getattr(self.trial.config, name) for name in ("max_steps", "epochs")}
        content = {"exit_code": code, "seconds": seconds, "said": said, **length}
        system.write_atomically(self.trial.outcome, json.dumps(content, indent=1).encode())
        name = self.trial.run.directory.name
        if code in STOPPED:
            return f"{name}: stopped"
        return f"{name}: failed with exit code {code}, {said}" if code else f"{name}: finished after {seconds:.0f} s"


def train(trials: Sequence[Trial], jobs: int, stop: system.StopRequest) -> None:
    """Train those that are not finished, `jobs` at a time; after a signal, stop those that run and start no more."""
    waiting = [trial for trial in trials if not finished(trial)]
    done = len(trials) - len(waiting)
    if done:
        say(f"{done:,} of {len(trials):,} trials are finished already")
    running: list[Process] = []
    asked = False
    with tqdm(
        total=len(trials), initial=done, unit="trial", dynamic_ncols=True, disable=None if sys.stderr else True
    ) as bar:
        try:
            while running or (waiting and not stop.exit_code):
                while waiting and len(running) < jobs and not stop.exit_code:
                    running.append(Process(waiting.pop(0)))
                if stop.exit_code and not asked:
                    asked = True
                    for process in running:
                        process.stop()
                bar.set_postfix_str(f"{len(running)} running")  # draws the seconds too
                time.sleep(POLL)
                for process in [process for process in running if process.ended()]:
                    running.remove(process)
                    tqdm.write(process.note(), file=sys.stdout)
                    sys.stdout.flush()
                    bar.update()
        finally:  # what the sweep can't write, as on a full disk, ends its processes too
            for process in running:
                process.stop()
            for process in running:
                process.wait()


def outcome(trial: Trial) -> dict[str, Any]:
    """What was noted when the trial's last process ended; empty where nothing was, or nothing that can be read."""
    kinds = {"exit_code": int, "seconds": float, "said": str, "max_steps": int, "epochs": int}
    try:
        noted = json.loads(trial.outcome.read_bytes()) if trial.outcome.is_file() else {}
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(noted, dict) or {name: type(value) for name, value in noted.items()} != kinds:
        return {}
    return noted | {"said": one_line(noted["said"])}


def finished(trial: Trial) -> bool:
    """Whether the trial has been trained to the length that is asked for."""
    noted, config = outcome(trial), trial.config
    length = (noted.get("max_steps"), noted.get("epochs"))
    return noted.get("exit_code") == 0 and length == (config.max_steps, config.epochs) and trial.run.metrics.exists()


def result(trial: Trial) -> comparison.Result:
    """What the trial came to."""
    noted = outcome(trial)
    columns = runs.read_columns(trial.run.metrics)
    figures = {name: last.mean for name, last in runs.recent(columns).items()}
    if columns["step"].size:
        figures["step"] = columns["step"][-1]
    if "seconds" in noted:
        figures["seconds"] = noted["seconds"]
    stopped = noted.get("exit_code") in STOPPED
    return comparison.Result(
        name=trial.run.directory.name,
        point=trial.point,
        seed=trial.config.seed,
        exit_code=None if stopped else noted.get("exit_code"),
        said="" if stopped else noted.get("said", ""),
        figures=figures,
    )


if __name__ == "__main__":
    command.run(
        command="sweep",
        purpose=__doc__.strip(),
        record=SweepConfig,
        body=main,
        read=read,
        defaults=lambda argv: dataclasses.asdict(SweepConfig()),
    )
