"""What a run survives, tried at length: kills, signals, full disks, damaged files, wrong settings, long runs.

python -m tests.torture [--parts=kills,signals] [--amount=N] [--seed=0] [--folder=DIR]

Each part tries its promise `amount` times (its own long amount where none is given), with random choices that --seed
repeats, and ends at the first one that is broken with what was wanted, what came and how to try it again. Figures go to
results/reliability.json, from which docs/reliability.md is held; the short forms are `python -m pytest -m torture`.
"""

import argparse
import datetime
import json
import pathlib
import platform
import sys
import tempfile
import time
import unittest

from tests.torture.parts import PARTS

RESULTS = pathlib.Path(__file__).parents[2] / "results" / "reliability.json"


def machine() -> str:
    """What it ran on, in a few words."""
    cpu = pathlib.Path("/proc/cpuinfo")
    names = [line for line in cpu.read_text().splitlines() if line.startswith("model name")] if cpu.exists() else []
    name = names[0].partition(":")[2].strip() if names else platform.processor()
    return f"{len(names) or 1} cores of {name}, {platform.system()}, Python {platform.python_version()}"


def main() -> None:
    """Run the parts that are asked for, one after the other, and note each as it ends."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__.partition("\n")[0])
    parser.add_argument("--parts", default=",".join(PARTS), help="which, with commas between them")
    parser.add_argument("--amount", type=int, help="how many trials of each part")
    parser.add_argument("--seed", type=int, default=0, help="of every random choice")
    parser.add_argument("--folder", type=pathlib.Path, help="where the trials leave their files; else they are removed")
    asked = parser.parse_args()
    unknown = set(asked.parts.split(",")) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    for name in asked.parts.split(","):
        amount = asked.amount or PARTS[name].long
        print(f"{name}: {amount:,} trials, seed {asked.seed}", flush=True)
        began = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="torture-") as temporary:
            folder = (asked.folder or pathlib.Path(temporary)) / name
            folder.mkdir(parents=True, exist_ok=True)
            try:
                figures = PARTS[name].run(amount=amount, seed=asked.seed, folder=folder)
            except unittest.SkipTest as reason:
                print(f"{name}: skipped, {reason}", flush=True)
                continue
        seconds = round(time.perf_counter() - began)
        note(name, {"amount": amount, "seed": asked.seed, "seconds": seconds, "figures": figures})
        print(f"{name}: held, {seconds} s, {json.dumps(figures)}", flush=True)


def note(part: str, found: dict) -> None:
    """Put one part's figures into results/reliability.json."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    date = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
    results[part] = {"date": date, "machine": machine(), **found}
    RESULTS.write_text(json.dumps(dict(sorted(results.items())), indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
