"""The tables of docs/performance.md from what the races wrote, those of docs/cluster.md from what workers.py wrote.

python -m benchmarks.page results/race-*.json results/workers.json
"""

import itertools
import json
import pathlib
import sys
from typing import Any

NAMES = {
    "compiled": "**ours, compiled**",
    "explicit": "ours, explicit",
    "torch_eager": "PyTorch eager",
    "torch_channels_last": "PyTorch channels-last",
    "torch_compile": "PyTorch `torch.compile`",
    "jax_step": "JAX `jit` step",
    "jax_scan": "JAX `lax.scan`",
    "keras_train_on_batch": "Keras `train_on_batch`",
    "feed_dict": "feed_dict, at its leanest",
    "feed_dict_article": "feed_dict, as in the article",
}
HEAD = "| {} | steps/s | ours over it, median (min to max) | memory, MB | first step, s | GFLOP/s | share of peak |"


def markdown(race: dict[str, Any]) -> str:
    """The table of one race."""
    lines = [HEAD.format(f"`{race['model']}`, batch {race['batch_size']}"), "|---|---|---|---|---|---|---|"]
    for name, result in race["contestants"].items():
        if name == "peak":
            lines.append(f"| a 2048×2048 product | | | | | {result['gflops']:.0f} | |")
            continue
        ratio = result.get("ours_over_it")
        shown = f"{ratio['median']:.2f} ({ratio['min']:.2f} to {ratio['max']:.2f})" if ratio else ""
        share = f"{result['share_of_peak']:.0%}"
        if result.get("gflops_executed", result["gflops"]) != result["gflops"]:
            share += f", executed {result['share_of_peak_executed']:.0%}"
        rate = result["steps_per_second_median"]
        cells = (
            NAMES[name],
            f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}",
            shown,
            f"{result['peak_memory_mb']:,.0f}",
            f"{result['seconds_to_first_step']:.1f}",
            f"{result['gflops']:.3g}",
            share,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def quality(race: dict[str, Any]) -> str:
    """What the race measured of seconds to a quality; empty where it did not."""
    lines = []
    for name, result in race.get("quality", {}).items():
        reached = f"{result['reached']} of {result['of']}"
        seconds, started = (
            f"{result[key]:.2f}" if result["reached"] else "–" for key in ("seconds", "seconds_with_start")
        )
        lines.append(f"| `{race['model']}` | {NAMES[name]} | {seconds} | {started} | {reached} |")
    return "\n".join(lines)


NETWORKS = {"1 Gbit/s": 1.25e8, "10 Gbit/s": 1.25e9}  # bytes a second


def all_reduces(content: dict[str, Any]) -> str:
    """The table of measured all-reduces."""
    lines = ["| float32 vector, bytes | all-reduce of two processes, ms | MB/s |", "|---|---|---|"]
    for size in map(int, content["reduce"]):
        seconds = all_reduce_seconds(content, size)
        lines.append(f"| {size:,} | {1e3 * seconds:.3g} | {size / seconds / 1e6:,.0f} |")
    return "\n".join(lines)


def all_reduce_seconds(content: dict[str, Any], size: int) -> float:
    """Of two processes, on a line between the measured lengths that are next, and beyond them."""
    measured = {int(text): facts["seconds"] - facts["without"] for text, facts in content["reduce"].items()}
    pairs = list(itertools.pairwise(sorted(measured.items())))
    (low, first), (high, second) = next((pair for pair in pairs if size <= pair[1][0]), pairs[-1])
    return max(first + (second - first) * (size - low) / (high - low), min(measured.values()))


def scaling(content: dict[str, Any]) -> str:
    """The table of what a second core with a worker of its own gains."""
    lines = ["| game, global batch | engine | 1 worker, steps/s | 2 workers, steps/s | gain | by the arithmetic |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    for model, facts in content["steps"].items():
        for engine in ("explicit", "compiled"):
            one, two = (facts[engine]["median"][count] for count in "12")
            least = 1 / one / (0.5 / one + sum(each_step(content, facts)))
            lines.append(
                f"| `{model}`, {facts['batch_size']} | {engine} | {one:.3g} | {two:.3g} | {facts[engine]['gain']:.2f} "
                f"| {least:.2f} |"
            )
    return "\n".join(lines)


def each_step(content: dict[str, Any], facts: dict[str, Any]) -> list[float]:
    """Seconds that two workers spend on the all-reduces of each player in a step."""
    gradients = facts["gradient_bytes"]
    return [facts[f"{player}_step"] * all_reduce_seconds(content, gradients[player]) for player in ("d", "g")]


def takes_over(content: dict[str, Any]) -> str:
    """The table of how many workers spend as long on the all-reduces as on their share of a step.

    A step of T seconds is T / N of each of N workers. A ring sends 2 (N - 1) / N of a vector from each, so its time
    is that of two, C, times 2 (N - 1) / N; both are equal at N = 1 + T / 2C. On a network that carries B bytes a
    second, C is bytes / B.
    """
    columns = " | ".join(f"N at {name}" for name in NETWORKS)
    lines = [
        f"| game | T, one core, ms | gradients a step, MB | C on this machine, ms | N on this machine | {columns} |",
        "|---|---|---|---|---|" + "---|" * len(NETWORKS),
    ]
    for model, facts in content["steps"].items():
        step = 1 / facts["explicit"]["median"]["1"]
        sent = sum(facts[f"{player}_step"] * facts["gradient_bytes"][player] for player in ("d", "g"))
        here = sum(each_step(content, facts))
        workers = [1 + step / (2 * seconds) for seconds in (here, *(sent / rate for rate in NETWORKS.values()))]
        cells = (f"`{model}`", f"{1e3 * step:.3g}", f"{sent / 1e6:.3g}", f"{1e3 * here:.3g}",
                 *(f"{number:.1f}" for number in workers))  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def tables(content: dict[str, Any]) -> list[str]:
    """What the page of a file of results holds."""
    if "reduce" in content:
        return [all_reduces(content), scaling(content), takes_over(content)]
    return [markdown(content), quality(content)]


if __name__ == "__main__":
    for path in sys.argv[1:]:
        print("\n\n".join(tables(json.loads(pathlib.Path(path).read_text()))) + "\n")
