"""Long runs with default summaries: memory, open files and threads stay flat, what is written grows as documented."""

import collections
import os
import pathlib
import statistics
import time
from typing import NamedTuple

from PIL import Image
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from gan_lowlevel import pictures
from gan_lowlevel.errors import Exit
from tests.torture import commands, training

MORE_MEMORY = 32  # MB in which the last third of a run may differ from the first, each a median
A_POINT = 100  # bytes of the event file at the most, for one scalar at one step
A_SAMPLE = 200_000  # bytes of the event file at the most, for one step's grid and histograms
A_ROW = 400  # bytes of metrics.csv at the most
RECORD = 16  # bytes that the event file adds to each event: its length and two checksums


class Look(NamedTuple):
    """A process while it runs."""

    megabytes: float  # that it holds in memory
    files: int  # open ones
    threads: int


def run(amount: int, seed: int, folder: pathlib.Path) -> dict[str, int | float | str]:
    """Train parabola for `amount` steps, and mlp on the embedded digits for a tenth of them."""
    figures: dict[str, int | float | str] = {}
    for game, steps in (("parabola", amount), ("mlp", amount // 10)):
        flags = (f"--model={game}", f"--run_name={game}", f"--max_steps={steps}", f"--seed={seed}")
        process = training.start(folder, *flags)
        run_folder = folder / "logs" / game
        looks = watched(process, run_folder, steps)
        code, _, err = commands.finish(process)
        assert (code, err) == (Exit.DONE, ""), (code, err)
        figures |= {f"{game}: {name}": value for name, value in (flat(looks) | written(run_folder, steps)).items()}
    return figures


def watched(process, run_folder: pathlib.Path, steps: int) -> list[Look]:
    """Looks at the process from the first theory's figures on, when all that it needs is loaded, to its last step."""
    proc, looks = pathlib.Path(f"/proc/{process.pid}"), []
    metrics, last = run_folder / "metrics.csv", run_folder / "samples" / f"step_{steps:08d}.png"
    assert commands.wait(process, lambda: metrics.exists() and b"value/V_held_out" in metrics.read_bytes())
    while commands.wait(process, lambda: True) and not last.exists():
        status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
        open_files = sum(not font(descriptor) for descriptor in (proc / "fd").iterdir())
        looks.append(Look(int(status["VmRSS"].split()[0]) / 1024, open_files, int(status["Threads"])))
        time.sleep(0.005)
    return looks


def font(descriptor: pathlib.Path) -> bool:
    """Whether it is one of matplotlib's fonts, each of which stays open once a picture has used it."""
    try:
        return os.readlink(descriptor).endswith(".ttf")
    except OSError:  # closed meanwhile
        return False


def flat(looks: list[Look]) -> dict[str, int | float]:
    """The first third against the last."""
    third = len(looks) // 3
    assert third >= 3, f"9 looks at least are wanted, {len(looks)} came: ask for more steps"
    first, last = looks[:third], looks[-third:]
    before, after = (statistics.median(look.megabytes for look in part) for part in (first, last))
    assert after - before <= MORE_MEMORY, f"{after:.0f} MB in the last third, {before:.0f} MB in the first"
    figures: dict[str, int | float] = {"MB at first": round(before), "MB at last": round(after)}
    for what in ("files", "threads"):
        # Medians, as a file that is just being written is open for a moment.
        before, after = (statistics.median(getattr(look, what) for look in part) for part in (first, last))
        assert after <= before, f"{after} {what} in the last third, {before} in the first"
        figures[what] = round(after)
    return figures


def written(run_folder: pathlib.Path, steps: int) -> dict[str, int | float]:
    """What grows with the steps is bounded for each step that is recorded."""
    rows = training.rows(run_folder)
    scalars: collections.Counter = collections.Counter()
    others: collections.Counter = collections.Counter()
    points = 0
    [path] = run_folder.glob("events.out.tfevents.*")
    for event in EventFileLoader(str(path)).Load():
        for value in event.summary.value:
            scalar = value.metadata.plugin_data.plugin_name == "scalars"
            points += scalar
            (scalars if scalar else others)[event.step] += event.ByteSize() + RECORD
    del others[0], others[steps]  # with what is written once
    a_point = sum(scalars.values()) / points
    a_sample = max(others.values())
    a_row = (run_folder / "metrics.csv").stat().st_size / len(rows)
    for what, most, came in (("scalar", A_POINT, a_point), ("sample", A_SAMPLE, a_sample), ("row", A_ROW, a_row)):
        assert came <= most, f"{most} bytes a {what} were wanted, {came:.0f} came"
    with Image.open(run_folder / "samples.gif") as gif:
        assert gif.n_frames <= pictures.FRAMES, f"{pictures.FRAMES} frames are the most, samples.gif has {gif.n_frames}"
    return {
        "steps": steps,
        "rows": len(rows),
        "samples": len(list((run_folder / "samples").glob("step_*.png"))),
        "bytes of the event file": path.stat().st_size,
        "bytes a scalar": round(a_point),
        "bytes a sample": a_sample,
        "bytes a row": round(a_row),
        "bytes of samples.gif": (run_folder / "samples.gif").stat().st_size,
    }
