"""What a run survives, tried at length: kills, signals, full disks, damaged files, wrong settings, long runs.

python -m tests.torture [--parts=kills,signals] [--amount=N] [--seed=0] [--folder=DIR]

Each part tries its promise `amount` times (its own long amount where none is given), with random choices that --seed
repeats, and ends at the first one that is broken with what was wanted, what came and how to try it again. Without
--amount its figures go to results/reliability.json and into the table of docs/reliability.md. The short forms are
`python -m pytest -m torture`.
"""

import argparse
import datetime
import json
import pathlib
import platform
import re
import sys
import tempfile
import time
import unittest

from gan_lowlevel import system

ROOT = pathlib.Path(__file__).parents[2]
RESULTS = ROOT / "results" / "reliability.json"
PAGE = ROOT / "docs" / "reliability.md"
HEAD = "| part | trials | seed | what came of them | seconds | on |\n|---|---|---|---|---|---|\n"


def machine() -> str:
    """What it ran on, in a few words."""
    cpu = pathlib.Path("/proc/cpuinfo")
    names = [line for line in cpu.read_text().splitlines() if line.startswith("model name")] if cpu.exists() else []
    name = names[0].partition(":")[2].strip() if names else platform.processor()
    return f"{len(names) or 1} cores of {name}, {platform.system()}, Python {platform.python_version()}"


def main() -> None:
    """Run the parts that are asked for, one after the other, and note each as it ends."""
    system.import_quietly(
        "tests.torture.parts"
    )  # with TensorFlow, in this process; commands.py starts others as a user
    from tests.torture.parts import PARTS

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
        if asked.amount is None:  # a try of another length is none that is published
            note(name, {"amount": amount, "seed": asked.seed, "seconds": seconds, "figures": figures})
        print(f"{name}: held, {seconds} s, {json.dumps(figures)}", flush=True)


def note(part: str, found: dict) -> None:
    """Put one part's figures into results/reliability.json, and the table of all into the page."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    date = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
    results[part] = {"date": date, "machine": machine(), **found}
    results = dict(sorted(results.items()))
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    page = PAGE.read_text()
    PAGE.write_text(re.sub(re.escape(HEAD) + r"(?:\|.*\n)*", lambda _: table(results), page))


def table(results: dict) -> str:
    """The figures of all parts, a row a part."""
    rows = []
    for part, one in results.items():
        figures = ", ".join(f"{name} {_written(figure)}" for name, figure in one["figures"].items())
        where = f"{one['date']}, {one['machine']}"
        rows.append(f"| {part} | {one['amount']:,} | {one['seed']} | {figures} | {one['seconds']:,} | {where} |\n")
    return HEAD + "".join(rows)


def _written(figure: float | str) -> str:
    return f"{figure:,}" if isinstance(figure, int | float) else figure


if __name__ == "__main__":
    sys.exit(main())
