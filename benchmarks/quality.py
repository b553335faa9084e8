"""Seconds of training until G is good enough; drawing and judging do not count.

parabola: until the energy distance of 5,000 points to real ones is NEAR or less.
mlp: until 2,000 digits hold eight classes, each at least SHARE of them, by a vote of the nearest real digits.
"""

import dataclasses
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.contestants import Settings
from benchmarks.lanes import Lane

CONTESTANTS = ("compiled", "torch_eager", "jax_scan")  # others where --only names them
SEEDS = {"parabola": range(5), "mlp": range(1)}
EVERY, MOST = 250, 20_000  # steps

POINTS, NEAR = 5_000, 0.005
DIGITS, CLASSES, SHARE, NEIGHBOURS = 2_000, 8, 0.01, 5


def measure(settings: Settings, names: list[str]) -> dict[str, dict[str, Any]]:
    """Of each contestant, seconds and steps of each seed (None: not within MOST), and their median."""
    count, good = JUDGES[settings.model]()
    results = {}
    for name in names:
        runs = [_train(name, dataclasses.replace(settings, seed=seed), count, good) for seed in SEEDS[settings.model]]
        reached = [run for run in runs if run["seconds"] is not None]
        results[name] = {"runs": runs, "reached": len(reached), "of": len(runs)}
        for what in ("seconds", "steps", "seconds_with_start"):
            results[name][what] = statistics.median(run[what] for run in reached) if reached else None
        print(f"quality {line(name, results[name])}", flush=True)
    return results


def line(name: str, result: dict[str, Any]) -> str:
    """One contestant's result in words."""
    reached = f"{result['reached']} of {result['of']} within {MOST:,} steps"
    if not result["reached"]:
        return f"{name}: {reached}"
    return (
        f"{name}: {result['seconds']:.2f} s of training ({result['seconds_with_start']:.1f} s with start and "
        f"compilation), {result['steps']:,.0f} steps, median of those that reached it: {reached}"
    )


def _train(name: str, settings: Settings, count: int, good: Callable[[np.ndarray], bool]) -> dict[str, Any]:
    seconds, steps, reached = 0.0, 0, False
    with Lane(name, settings) as lane:
        lane.ask("prepare")
        start = time.perf_counter() - lane.began
        while steps < MOST and not reached:
            seconds += lane.ask("play", EVERY)
            steps += EVERY
            reached = good(lane.ask("sample", count))
    if not reached:
        return {"seed": settings.seed, "seconds": None, "steps": None, "seconds_with_start": None}
    return {"seed": settings.seed, "seconds": seconds, "steps": steps, "seconds_with_start": start + seconds}


def _plane() -> tuple[int, Callable[[np.ndarray], bool]]:
    from gan_lowlevel.data import parabola
    from gan_lowlevel.metrics import plane

    real = parabola.points(seed=999, first=0, count=POINTS)  # of a seed that trains nobody
    return POINTS, lambda points: plane.energy_distance(points, real) <= NEAR


def _digits() -> tuple[int, Callable[[np.ndarray], bool]]:
    from gan_lowlevel.data import embedded

    data = embedded.load()
    real = np.concatenate([data.images, data.held_out_images]).reshape(-1, 784).astype(np.float32) / 255
    labels = np.concatenate([data.labels, data.held_out_labels])
    squares = (real * real).sum(1)

    def good(digits: np.ndarray) -> bool:
        distances = squares - 2 * digits.reshape(-1, 784) @ real.T  # but for what all of a row share
        nearest = labels[np.argpartition(distances, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]]  # [DIGITS, NEIGHBOURS]
        votes = (nearest[:, :, None] == np.arange(10)).sum(1)  # [DIGITS, 10]
        counts = np.bincount(votes.argmax(1), minlength=10)
        return int((counts >= SHARE * len(digits)).sum()) >= CLASSES

    return DIGITS, good


JUDGES = {"mlp": _digits, "parabola": _plane}
