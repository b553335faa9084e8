"""The tables of docs/performance.md from what the races wrote.

python -m benchmarks.page results/race-*.json
"""

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


if __name__ == "__main__":
    for path in sys.argv[1:]:
        race = json.loads(pathlib.Path(path).read_text())
        print(f"{markdown(race)}\n\n{quality(race)}\n")
