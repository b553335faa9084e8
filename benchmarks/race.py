"""Our engines against other ways to train the same games, in turns on one machine.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.race --model=mlp --input_data_dir=DIR

Every contestant plays the game's own recipe: the same networks, batch, optimizers and learning rates, float32, fresh z
for every update, data in memory, as many threads. Each lives in a process of its own and plays a number of steps, fixed
after its warm-up, in turns: A B C, A B C, ...
"""

import argparse
import contextlib
import importlib.util
import os
import sys
from typing import Any

from benchmarks import quality, report
from benchmarks.contestants import ALL, CONTESTANTS, Settings
from benchmarks.lanes import Lane
from gan_lowlevel import system
from gan_lowlevel.errors import Failure


def main() -> None:
    """Read the arguments, race, print and write."""
    arguments = _arguments()
    settings = Settings(arguments.model, arguments.input_data_dir, arguments.threads or system.cores())
    names = _names(arguments)
    try:
        results = report.summary(settings, _race(settings, names, arguments.rounds, arguments.turn_seconds))
        print(report.table(results), flush=True)
        content = {"rounds": arguments.rounds, "contestants": results}
        if arguments.quality:
            judged = [name for name in names if name != "peak" and (arguments.only or name in quality.CONTESTANTS)]
            content["quality"] = quality.measure(settings, judged)
    except (Failure, RuntimeError) as error:
        _refuse(str(error))
    path = arguments.json or f"race-{arguments.model}.json"
    report.write(path, settings, content)
    print(f"written to {path}")


def _race(settings: Settings, names: list[str], rounds: int, turn_seconds: float) -> dict[str, dict[str, Any]]:
    """What each contestant's turns gave."""
    measured = {}
    with contextlib.ExitStack() as ends:
        lanes = []
        for name in names:  # one after the other: none is started while another compiles
            lane = ends.enter_context(Lane(name, settings))
            lanes.append(lane)
            first = lane.first_step()
            steps = lane.multiple(lane.warm_up() * turn_seconds)
            print(f"{name}: first step after {first:.1f} s, {steps:,} steps a turn", flush=True)
            measured[name] = {"seconds_to_first_step": first, "steps_a_turn": steps, "steps_per_second": []}
        for number in range(rounds):
            for lane in lanes:
                measured[lane.name]["steps_per_second"].append(_turn(lane, measured[lane.name]["steps_a_turn"]))
            rates = ", ".join(f"{name} {facts['steps_per_second'][-1]:,.2f}" for name, facts in measured.items())
            print(f"round {number + 1}, steps/s: {rates}", flush=True)
        for lane in lanes:
            d_loss, g_loss = lane.ask("losses")
            measured[lane.name] |= {"peak_memory_mb": lane.ask("memory"), "last_losses": {"d": d_loss, "g": g_loss}}
    return measured


def _turn(lane: Lane, steps: int) -> float:
    """Steps a second."""
    if lane.name == "peak":  # what the machine can do is its best product, not the mean of all
        return 1 / lane.ask("best", steps)
    return steps / lane.ask("play", steps)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.race", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", choices=ALL, default="mlp")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--turn_seconds", type=float, default=6.0, help="how long a turn lasts, about")
    parser.add_argument("--input_data_dir", default="", help="folder of MNIST (empty: the embedded digits), or photos")
    parser.add_argument("--threads", type=int, default=2, help="of every contestant; 0: one per core")
    parser.add_argument("--only", default="", help=f"comma list of {', '.join(CONTESTANTS)}")
    parser.add_argument("--json", default="", help="results; empty: race-MODEL.json in the current folder")
    parser.add_argument("--quality", action="store_true", help="also measure seconds to a quality; mlp, parabola")
    arguments = parser.parse_args()
    if arguments.rounds < 1 or arguments.turn_seconds <= 0 or arguments.threads < 0:
        parser.error("--rounds wants 1 or more, --turn_seconds more than 0, --threads 0 or more")
    if arguments.quality and arguments.model not in quality.JUDGES:
        parser.error(f"--quality is measured for {' and '.join(quality.JUDGES)}, this command says {arguments.model}")
    return arguments


def _names(arguments: argparse.Namespace) -> list[str]:
    """The contestants of this race, in order. Ends the process where one can't take part."""
    able = [name for name, entry in CONTESTANTS.items() if arguments.model in entry.models]
    names = arguments.only.split(",") if arguments.only else able
    for name in names:
        if name not in able:
            _refuse(f"--only names {name!r}; --model={arguments.model} has {', '.join(able)}")
    if arguments.model == "dog" and not os.path.isdir(os.path.expanduser(arguments.input_data_dir)):
        _refuse("--model=dog needs photographs: give --input_data_dir=DIR, a folder of them")
    for name in names:
        missing = [library for library in CONTESTANTS[name].libraries if importlib.util.find_spec(library) is None]
        if missing:
            _refuse(
                f"{name} needs {' and '.join(missing)}: pip install -r benchmarks/requirements.txt, "
                "or leave it out with --only"
            )
    return names


def _refuse(sentence: str) -> None:
    print(f"race: {' '.join(sentence.split())}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()
