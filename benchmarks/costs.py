"""What a step costs, and what the rest of a run does: batch size, data size, recording, memory, start.

    python -m benchmarks.costs --what=batch,data,recording,memory,start --mnist=DIR --photos=DIR

Prints a table each and writes costs.json. Each figure is of a process of its own.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

import numpy as np

SECONDS = 1.5  # of playing, for one figure
# What is recorded once an epoch, with an epoch as long as that of all of MNIST, on whatever data.
EPOCHS = "--sample_every={0} --save_every={0} --line_every={0}"


def batch(mnist: str, photos: str) -> Iterator[tuple[str, dict]]:
    """Milliseconds of a step of mlp against the batch size."""
    for size in (8, 16, 32, 64, 128, 256, 512, 1024):
        flags = ["--model=mlp", f"--batch_size={size}"]
        each = {engine: 1000 / _in_a_process(_rate, engine, flags, 0) for engine in ("compiled", "explicit")}
        yield f"batch of {size}", {f"{engine}_ms": round(ms, 3) for engine, ms in each.items()}


def data(mnist: str, photos: str) -> Iterator[tuple[str, dict]]:
    """Milliseconds of a step of mlp against the number of digits."""
    for count in (5_000, 60_000, 1_000_000):
        each = {
            engine: 1000 / _in_a_process(_rate, engine, ["--model=mlp"], count) for engine in ("compiled", "explicit")
        }
        yield f"{count:,} digits", {f"{engine}_ms": round(ms, 3) for engine, ms in each.items()}


def recording(mnist: str, photos: str) -> Iterator[tuple[str, dict]]:
    """Share of a run that default summaries, samples and checkpoints take: the same run with and without, in turns."""
    games = {
        "mlp": (3, ["--max_steps=6000"]),
        "mlp_deep": (3, ["--max_steps=1800", *EPOCHS.format(600).split()]),
        "dcgan": (1, ["--max_steps=469", *EPOCHS.format(469).split()]),
        "parabola": (3, ["--max_steps=10000"]),
    }
    if photos:
        games["dog"] = (1, ["--max_steps=100", f"--input_data_dir={photos}"])
    without = [f"--{what}_every=0" for what in ("summary", "sample", "save", "line", "theory", "views")]
    for model, (rounds, flags) in games.items():
        shares = []
        for _ in range(rounds):
            run = [f"--model={model}", "--engine=compiled", *flags]
            bare, full = _training_seconds([*run, *without]), _training_seconds(run)
            shares.append((full - bare) / full)
        yield (
            model,
            {"share": round(statistics.median(shares), 4), "from": round(min(shares), 4), "to": round(max(shares), 4)},
        )


def memory(mnist: str, photos: str) -> Iterator[tuple[str, dict]]:
    """Resident memory of a run of 100,000 steps at its tenths."""
    with tempfile.TemporaryDirectory() as logdir:
        flags = ["--model=parabola", "--max_steps=100000", "--line_every=10000", f"--logdir={logdir}"]
        process = _main(flags)
        seen = [
            _resident(process.pid) for line in process.stdout if line.startswith("step ") and "D's accuracy" in line
        ]
        _ended_well(process)
    growth = seen[-1] / seen[1] - 1
    yield "parabola, 100,000 steps", {"megabytes": seen, "growth_from_20_000": round(growth, 4)}


def start(mnist: str, photos: str) -> Iterator[tuple[str, dict]]:
    """Seconds from the command to the first step, with an empty cache and with what that start has left there."""
    games = dict.fromkeys(("mlp", "mlp_deep", "dcgan"), f"--input_data_dir={mnist}") | {"parabola": ""}
    if photos:
        games["dog"] = f"--input_data_dir={photos}"
    for model, where in games.items():
        with tempfile.TemporaryDirectory() as scratch:
            flags = [
                f"--model={model}",
                "--engine=compiled",
                "--max_steps=1",
                f"--logdir={scratch}",
                *([where] if where else []),
            ]
            figures = {}
            for name in ("cold", "cached"):
                began = time.perf_counter()
                process = _main(flags, XDG_CACHE_HOME=scratch)
                next(line for line in process.stdout if "step 1/1" in line)
                figures[f"{name}_s"] = round(time.perf_counter() - began, 2)
                process.stdout.read()
                _ended_well(process)
        yield model, figures


WHAT = {"batch": batch, "data": data, "recording": recording, "memory": memory, "start": start}


def _rate(engine: str, flags: list[str], count: int) -> float:
    """Steps a second of an engine; on `count` drawn digits, or on the embedded ones for 0."""
    from gan_lowlevel import command

    command.start_tensorflow()
    import tensorflow as tf

    from gan_lowlevel import data, gan, networks, sessions
    from gan_lowlevel.commandline import read_config
    from gan_lowlevel.compiled import CompiledLoop
    from gan_lowlevel.data.batches import Batches
    from gan_lowlevel.loop import ExplicitLoop

    config = read_config([*flags, "--threads=2", "--summary_every=0", "--sample_every=0", "--save_every=0"])
    game = networks.GAMES[config.model](config)
    rows = data.rows(data.load(config), config, game.output_range, game.data_shape)
    if count:
        images = np.random.default_rng(0).integers(0, 256, (count, 784), np.uint8)
        rows = Batches(images, config.batch_size, config.seed, game.output_range, game.data_shape)
    session = tf.compat.v1.Session(config=sessions.session_config(config.threads))
    loop = ExplicitLoop(session, gan.build(config, game), game, config, rows)
    session.run(tf.compat.v1.global_variables_initializer())
    if engine == "compiled":
        loop = CompiledLoop(loop)
        loop.compile()
    done, began, since = 0, time.perf_counter(), 0
    while (now := time.perf_counter()) < began + 2 * SECONDS:
        if now < began + SECONDS / 2:  # warm-up
            since, mark = done, now
        _, done = loop.play_until(done, 10**9)
    return (done - since) / (time.perf_counter() - mark)


def _in_a_process(function, *arguments) -> float:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def _main(flags: list[str], **environment: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "gan_lowlevel.main", *flags]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ | environment
    )


def _training_seconds(flags: list[str]) -> float:
    """Of one run, from its first step to its end with all that it records."""
    with tempfile.TemporaryDirectory() as logdir:
        process, first = _main([*flags, f"--logdir={logdir}"]), 0.0
        for line in process.stdout:
            if line.startswith("engine "):
                first = time.perf_counter()
        _ended_well(process)
        return time.perf_counter() - first


def _ended_well(process: subprocess.Popen) -> None:
    if process.wait():
        raise RuntimeError(f"{' '.join(process.args)} ended with exit code {process.returncode}")


def _resident(pid: int) -> float:
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--what", default=",".join(WHAT), help="comma list")
    parser.add_argument("--mnist", default="", help="folder of MNIST; empty: the embedded digits")
    parser.add_argument("--photos", default="", help="folder of photographs; empty: dog is left out")
    parser.add_argument("--json", default="costs.json")
    wanted = parser.parse_args()
    results: dict[str, dict] = {}
    for what in wanted.what.split(","):
        if what not in WHAT:
            parser.error(f"--what wants some of {', '.join(WHAT)}, got {what!r}")
        print(f"\n{WHAT[what].__doc__.strip()}", flush=True)
        for name, figures in WHAT[what](wanted.mnist, wanted.photos):
            print(f"  {name:24} {', '.join(f'{key} {value}' for key, value in figures.items())}", flush=True)
            results.setdefault(what, {})[name] = figures
    pathlib.Path(wanted.json).write_text(json.dumps(results, indent=1) + "\n")
