"""What a race says: its table, and its JSON with the machine that it ran on."""

import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import statistics
import sys
from typing import Any

from benchmarks import products
from benchmarks.contestants import Settings
from benchmarks.contestants.peak import PRODUCTS as PEAK_PRODUCTS

OURS = "compiled"
FLOPS = 2  # of a multiply-add
PACKAGES = ("tensorflow", "torch", "jax", "jaxlib", "optax", "keras", "numpy")


def summary(settings: Settings, measured: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Ratios, products and shares of each contestant, from the steps a second of its turns."""
    config = settings.config()
    written, executed = (FLOPS * products.a_step(config, executed) / 1e9 for executed in (False, True))  # G a step
    peak = None
    if "peak" in measured:
        peak = FLOPS * PEAK_PRODUCTS / 1e9 * statistics.median(measured["peak"]["steps_per_second"])
    results = {}
    for name, facts in measured.items():
        rates = facts["steps_per_second"]
        result = facts | {"steps_per_second_median": statistics.median(rates)}
        if name == "peak":
            results[name] = result | {
                "gflops": peak,
                "gflops_per_round": [FLOPS * PEAK_PRODUCTS / 1e9 * r for r in rates],
            }
            continue
        if OURS in measured and name != OURS:
            ratios = [ours / rate for ours, rate in zip(measured[OURS]["steps_per_second"], rates, strict=True)]
            result["ours_over_it"] = {
                "rounds": ratios,
                "median": statistics.median(ratios),
                "min": min(ratios),
                "max": max(ratios),
            }
        result["gflops"] = written * statistics.median(rates)
        if peak:
            result["share_of_peak"] = result["gflops"] / peak
        if name in (OURS, "explicit"):
            result["gflops_executed"] = executed * statistics.median(rates)
            if peak:
                result["share_of_peak_executed"] = result["gflops_executed"] / peak
        results[name] = result
    return results


def table(results: dict[str, dict[str, Any]]) -> str:
    """A line a contestant."""
    lines = [
        f"{'contestant':21} {'steps/s':>10}  {'ours over it':>22} {'peak MB':>8} {'1st step s':>10} {'GFLOP/s':>8} "
        f"{'of peak':>8}"
    ]
    for name, result in results.items():
        if name == "peak":
            lines.append(f"{'a 2048x2048 product':21} {'':10}  {'':22} {'':8} {'':10} {result['gflops']:8,.1f}")
            continue
        ratio = result.get("ours_over_it")
        shown = f"{ratio['median']:.2f} ({ratio['min']:.2f} to {ratio['max']:.2f})" if ratio else ""
        share = f"{result['share_of_peak']:8.1%}" if "share_of_peak" in result else ""
        if result.get("gflops_executed", result["gflops"]) != result["gflops"] and share:
            share += f" (executed: {result['share_of_peak_executed']:.1%})"
        lines.append(
            f"{name:21} {result['steps_per_second_median']:10,.2f}  {shown:>22} {result['peak_memory_mb']:8,.0f} "
            f"{result['seconds_to_first_step']:10.1f} {result['gflops']:8,.1f} {share}"
        )
    return "\n".join(line.rstrip() for line in lines)


def machine(threads: int) -> dict[str, Any]:
    """What it ran on."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "threads": threads,
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
    }


def write(path: str, settings: Settings, content: dict[str, Any]) -> None:
    """The JSON: `content`, and what one must know to run it again."""
    facts = known("race") | {
        "model": settings.model,
        "batch_size": settings.config().batch_size,
        "machine": machine(settings.threads),
    }
    pathlib.Path(path).write_text(json.dumps(facts | content, indent=1) + "\n")


def known(program: str) -> dict[str, str]:
    """The command that this process was given, and when."""
    return {
        "command": " ".join(["python", "-m", f"benchmarks.{program}", *map(_without_folder, sys.argv[1:])]),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def _without_folder(argument: str) -> str:
    """The argument as a stranger repeats it: where the data lie is this machine's own affair."""
    return "--input_data_dir=DIR" if argument.startswith("--input_data_dir=") else argument


def _cpu() -> str:
    info = pathlib.Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
