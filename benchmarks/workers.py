"""What a second worker gains: steps a second of one worker and of two, and what an all-reduce between them takes.

    python -m benchmarks.workers --input_data_dir=DIR --json=results/workers.json

Each worker has one core, its own, and both share the batch that the one has alone. Prints a line a figure. The tables
of docs/cluster.md are made of the JSON by python -m benchmarks.page.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from benchmarks import report
from gan_lowlevel.commandline import read_config
from gan_lowlevel.runs import Run, read_columns
from gan_lowlevel.supervisor import HOST, free_ports

STEPS = {"mlp": 1500, "mlp_deep": 300, "dcgan": 20}  # of one turn, some 10 s of one core
ENGINES = ("explicit", "compiled")
PARTS = 5  # of a turn, each with a rate of its own; the first, in which caches fill, is left out
BYTES = (1_000, 10_000, 100_000, 400_000, 1_000_000, 4_000_000, 10_000_000, 40_000_000)  # of float32 vectors
SECONDS = 1.0  # that the all-reduces of one length take in a round, about, at GUESS
GUESS = 5e8  # bytes a second


def steps(cores: list[int], rounds: int, where: str) -> dict[str, Any]:
    """Steps a second of each game and engine with one worker and with two, in turns."""
    results: dict[str, Any] = {}
    for model in STEPS:
        for engine in ENGINES:
            rates: dict[int, list[float]] = {1: [], 2: []}
            for _ in range(rounds):
                for count, measured in rates.items():
                    rate, said = _turn(model, engine, cores[:count], where)
                    measured.append(rate)
            one, two = (statistics.median(rates[count]) for count in (1, 2))
            print(f"{model}, {engine}: 1 worker {one:,.2f} steps/s, 2 workers {two:,.2f}, {two / one:.2f} times")
            facts = results.setdefault(model, _facts(model, said))
            facts[engine] = {
                "steps_per_second": {str(count): measured for count, measured in rates.items()},
                "median": {"1": one, "2": two},
                "gain": two / one,
                "played": re.search(r"^engine +(.*)$", said, re.MULTILINE)[1],  # by two, which may have stepped aside
            }
    return results


def _turn(model: str, engine: str, cores: list[int], where: str) -> tuple[float, str]:
    """Steps a second of one run, a worker for each core; and what worker 0 said."""
    with tempfile.TemporaryDirectory() as logdir:
        part = STEPS[model] // PARTS
        flags = [f"--model={model}", f"--engine={engine}", f"--max_steps={PARTS * part}", f"--summary_every={part}"]
        flags += [f"--{what}_every=0" for what in ("sample", "save", "line", "theory", "views")]
        flags += [f"--input_data_dir={where}", f"--logdir={logdir}", "--run_name=run", "--threads=1"]
        addresses = [f"{HOST}:{port}" for port in free_ports(len(cores))]
        workers = []
        for rank, core in enumerate(cores):
            config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": rank}}
            variables = {"TF_CONFIG": json.dumps(config)} if len(cores) > 1 else {}
            with open(pathlib.Path(logdir) / f"worker-{rank}.log", "w") as log, _Pinned(core):
                command = [sys.executable, "-m", "gan_lowlevel.main", *flags]
                workers.append(subprocess.Popen(command, env=os.environ | variables, stdout=log, stderr=log))
        codes = [worker.wait() for worker in workers]
        said = [(pathlib.Path(logdir) / f"worker-{rank}.log").read_text() for rank in range(len(cores))]
        if any(codes):
            raise RuntimeError(f"{model}: workers ended with exit codes {codes}\n" + "\n".join(said))
        rates = read_columns(Run(pathlib.Path(logdir) / "run").metrics)["speed/steps_per_second"]
        return statistics.median(rates[1:].tolist()), said[0]


class _Pinned:
    """What is started in the block runs on one core."""

    def __init__(self, core: int):
        self._core, self._all = core, os.sched_getaffinity(0)

    def __enter__(self) -> None:
        os.sched_setaffinity(0, {self._core})

    def __exit__(self, *exception) -> None:
        os.sched_setaffinity(0, self._all)


def _facts(model: str, said: str) -> dict[str, Any]:
    """What a step of the game sends: updates, and bytes of the gradients of each player."""
    config = read_config([f"--model={model}"])
    g, d = (
        4 * int(text.replace(",", "")) for text in re.search(r": G ([\d,]+) parameters.*, D ([\d,]+)", said).groups()
    )
    return {
        "batch_size": config.batch_size,
        "d_step": config.d_step,
        "g_step": config.g_step,
        "gradient_bytes": {"d": d, "g": g},
    }


def reduce(cores: list[int], rounds: int) -> dict[str, dict[str, float]]:
    """Seconds of a run with one ring all-reduce between two processes, and of the same without it, by bytes."""
    context = multiprocessing.get_context("spawn")
    ports = free_ports(2)
    here, there = context.Pipe(duplex=False)
    processes = []
    for rank, core in enumerate(cores[:2]):
        processes.append(context.Process(target=_rank, args=(rank, ports, core, rounds, there), daemon=True))
        processes[-1].start()
    there.close()
    try:
        seconds = here.recv()
    except EOFError:
        raise RuntimeError("a process of the all-reduce ended without an answer") from None
    for process in processes:
        process.join()
    results = {}
    for size, (alone, together) in seconds.items():
        results[str(size)] = {"seconds": statistics.median(together), "without": statistics.median(alone)}
        print(f"{size:12,} bytes: {1e3 * results[str(size)]['seconds']:8.3f} ms, "
              f"without all-reduce {1e3 * results[str(size)]['without']:8.3f} ms", flush=True)  # fmt: skip
    return results


def _rank(rank: int, ports: list[int], core: int, rounds: int, pipe) -> None:
    """One of the two processes; the first answers with {bytes: (seconds of each run without, with)}."""
    os.sched_setaffinity(0, {core})
    from gan_lowlevel import command

    command.start_tensorflow()
    import tensorflow as tf

    v1 = tf.compat.v1
    settings = v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=2)
    settings.experimental.collective_group_leader = "/job:worker/replica:0/task:0"
    settings.device_filters.append(f"/job:worker/task:{rank}")
    settings.operation_timeout_in_ms = 60_000  # not the collectives' own, which keep a thread each for as long
    spec = v1.train.ClusterSpec({"worker": [f"{HOST}:{port}" for port in ports]})
    server = v1.train.Server(spec, job_name="worker", task_index=rank, config=settings)
    runs = {}
    with tf.device(f"/job:worker/task:{rank}/device:CPU:0"):
        for key, size in enumerate(BYTES, start=1):
            vector = v1.get_variable(f"vector_{key}", [size // 4], initializer=v1.ones_initializer())
            summed = tf.raw_ops.CollectiveReduceV2(
                input=vector,
                group_size=2,
                group_key=1,
                instance_key=key,
                ordering_token=[],
                merge_op="Add",
                final_op="Id",
                communication_hint="ring",
                timeout_seconds=0.0,
            )
            runs[size] = (tf.identity(vector)[0], summed[0])  # one entry, so that little is copied to Python
    with v1.Session(server.target, config=settings) as session:
        session.run(v1.global_variables_initializer())
        seconds: dict[int, tuple[list[float], list[float]]] = {size: ([], []) for size in BYTES}
        for number in range(1 + rounds):
            for size, operations in runs.items():
                times = max(min(round(SECONDS * GUESS / size), 200), 5)
                for operation, into in zip(operations, seconds[size], strict=True):
                    for _ in range(times if number else 3):  # the first round is a warm-up
                        began = time.perf_counter()
                        value = session.run(operation)
                        into += [time.perf_counter() - began] * bool(number)
                if value != 2.0:
                    raise RuntimeError(f"1 + 1 came to {value}")
        if rank == 0:
            pipe.send(seconds)
            pipe.close()
    os._exit(0)  # a server has no end of its own


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.workers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--what", default="reduce,steps", help="comma list")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--input_data_dir", default="", help="folder of MNIST; empty: the embedded digits")
    parser.add_argument("--json", default="workers.json")
    wanted = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2:
        parser.error("two cores are wanted, and a system that lets a process choose one, as Linux")
    content: dict[str, Any] = {"rounds": wanted.rounds}
    for what in wanted.what.split(","):
        if what == "reduce":
            content["reduce"] = reduce(cores, wanted.rounds)
        elif what == "steps":
            content["steps"] = steps(cores, wanted.rounds, wanted.input_data_dir)
        else:
            parser.error(f"--what wants some of reduce, steps; got {what!r}")
    known = report.known("workers") | {"machine": report.machine(threads=1)}
    pathlib.Path(wanted.json).write_text(json.dumps(known | content, indent=1) + "\n")
    print(f"written to {wanted.json}")


if __name__ == "__main__":
    main()
