"""Train what docs/results.md has a row for, measure it, and write results/TABLE.json.

python -m benchmarks.tables games --mnist=DIR --photos=PHOTOS --logdir=logs/results --only=mlp
python -m benchmarks.tables study-parabola --logdir=logs/results

The same command again goes on where it was stopped. --collect trains nothing and writes down what is finished.
`python -m docs.results` makes the page of what was written.
"""

import argparse
import json
import math
import pathlib
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
from PIL import Image

from benchmarks import centres, report
from benchmarks.rows import FOLDERS, STUDIES, TABLES, Row, Study
from docs.drawing import png
from gan_lowlevel import __version__, runs
from gan_lowlevel.errors import Exit
from gan_lowlevel.runs import Run

ROOT = pathlib.Path(__file__).parent.parent
RESULTS = ROOT / "results"
CURVE = 400  # points of a curve that are kept at the most
GRIDS = ROOT / "docs" / "pictures" / "results"
SIDE = 320  # pixels of a grid at the most


def main(argv: list[str]) -> None:
    """One table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__.partition("\n")[0])
    parser.add_argument("table", choices=[*TABLES, *(study.name for study in STUDIES)])
    parser.add_argument("--mnist", default="")
    parser.add_argument("--photos", default="")
    parser.add_argument("--logdir", default="logs/results", type=pathlib.Path)
    parser.add_argument("--only", default="", help="one row of the table")
    parser.add_argument("--collect", action="store_true", help="train nothing")
    parser.add_argument("--code", default=_commit(), help="the commit that trained, where it is not this one")
    typed = parser.parse_args(argv)
    folders = {"mnist": typed.mnist, "photos": typed.photos}
    path = RESULTS / f"{typed.table}.json"
    old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if typed.table in TABLES:
        rows = dict(old.get("rows", {}))
        for row in TABLES[typed.table]:
            if typed.only in ("", row.name):
                found = measured(row, typed.logdir, folders, typed.collect)
                if found["runs"]:
                    rows[row.name] = found
        content = {"rows": {row.name: rows[row.name] for row in TABLES[typed.table] if row.name in rows}}
        if typed.table == "paper":
            content["centres"] = centres.measured(typed.mnist) if typed.mnist else old.get("centres")
    else:
        study = next(study for study in STUDIES if study.name == typed.table)
        content = studied(study, typed.logdir, typed.collect)
    write(path, {"code": typed.code} | content)


def write(path: pathlib.Path, content: dict[str, Any]) -> None:
    """The file of a table, with what one must know to believe it; a line a run."""
    facts = {"version": __version__, "machine": report.machine(threads=1)}
    text = json.dumps(facts | content, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(_compact(text) + "\n", encoding="utf-8")
    print(f"left in {path.relative_to(ROOT)}")


def measured(row: Row, logdir: pathlib.Path, folders: dict[str, str], collect: bool) -> dict[str, Any]:
    """The row's command, and what each of its finished runs came to."""
    found = []
    for seed in row.seeds:
        run = Run(logdir / row.run_name(seed))
        if not collect and not _finished(run):
            if row.data and not folders[row.data]:
                sys.exit(f"{row.name} wants --{row.data}=DIR")
            command = row.command(seed)
            if row.data:
                command = command.replace(f"={FOLDERS[row.data]}", f"={shlex.quote(folders[row.data])}")
            _run(f"{command} --logdir={logdir} --run_name={row.run_name(seed)}")
        if _finished(run):
            print(f"{run.directory.name}: finished", flush=True)
            found.append({"seed": seed} | of_run(run, row, curves=seed == row.seeds[0]))
    if row.judge and found:
        draw_grids(row, found, logdir)
    return {
        "command": row.command(row.seeds[0]),
        "evaluation": row.evaluation,
        "seeds": [one["seed"] for one in found],
        "runs": found,
    }


def of_run(run: Run, row: Row, curves: bool) -> dict[str, Any]:
    """Length, seconds, last figures and measures of a finished run; its curves, and lines such as its article's."""
    columns = runs.read_columns(run.metrics)
    evaluation = _evaluated(run, columns["step"][-1], row.evaluation, row.average)
    found = {
        "steps": int(columns["step"][-1]),
        "seconds": at_median_speed(columns),
        "figures": {name: _short(figure.mean) for name, figure in runs.recent(columns).items()},
        "measures": {
            name: {key: _short(figure[key]) for key in ("value", "stderr", "real", "noise", "n")}
            for name, figure in evaluation.items()
        },
    }
    if row.line_every:
        at = np.arange(row.line_every, columns["step"][-1] + 1, row.line_every)
        found["lines"] = _taken(columns, np.searchsorted(columns["step"], at, side="right") - 1)
    if row.line_every and curves:
        found["curves"] = _taken(columns, np.unique(np.linspace(0, len(columns["step"]) - 1, CURVE).astype(int)))
    if row.walk:
        found["walk"] = walked(run, ("parzen", "frechet"), row.average)
    return found


def _taken(columns: dict[str, np.ndarray], rows: np.ndarray) -> dict[str, list]:
    names = ("step", "D_loss", "G_loss", "accuracy/real", "accuracy/fake")
    return {name: [_short(number) for number in columns[name][rows]] for name in names}


def ranked(row: Row, found: list[dict[str, Any]]) -> dict[str, int]:
    """Seeds of the best, the median and the worst run by the row's judge; of a single run, it alone."""
    order = [one["seed"] for one in sorted(found, key=lambda one: one["measures"][row.judge]["value"])]
    if len(order) < 3:
        return (
            dict(zip(("best", "worst"), (order[0], order[-1]), strict=True)) if len(order) == 2 else {"only": order[0]}
        )
    return {"best": order[0], "median": order[(len(order) - 1) // 2], "worst": order[-1]}


def draw_grids(row: Row, found: list[dict[str, Any]], logdir: pathlib.Path) -> None:
    """The last samples of the best, the median and the worst run, side by side with their seeds."""
    GRIDS.mkdir(parents=True, exist_ok=True)
    for old in GRIDS.glob(f"samples-{row.name}-*.png"):
        old.unlink()
    for place, seed in ranked(row, found).items():
        run = Run(logdir / row.run_name(seed))
        grid = run.evaluation(row.average) / "generated" / "grid.png"
        _run(
            f"python -m gan_lowlevel.generate --run={run.directory} --average={row.average} --nosingles "
            f"--out={grid.parent}"
        )
        picture = Image.open(grid, formats=["PNG"]).convert("RGB")
        picture.thumbnail((SIDE, SIDE))
        (GRIDS / f"samples-{row.name}-{place}.png").write_bytes(png(picture))


def studied(study: Study, logdir: pathlib.Path, collect: bool) -> dict[str, Any]:
    """What each trial of a sweep came to."""
    if not collect:
        _run(f"{study.command} --logdir={logdir}", check=False)  # a trial that breaks is a result
    found, references = [], {}
    for path in sorted((logdir / study.name).glob("*/trial.json")):
        noted = json.loads(path.read_text())
        run = Run(path.parent)
        columns = runs.read_columns(run.metrics)
        if noted["exit_code"] not in (Exit.DONE, Exit.NAN):
            continue
        steps = columns["step"][-1] if columns["step"].size else 0  # no row: it broke before one was due
        done = noted["exit_code"] == Exit.DONE  # one that broke has no last figures
        last = {name: _short(figure.mean) for name, figure in runs.recent(columns).items()} if done else {}
        settings = runs.read_settings(run)
        trial = {
            "g_loss": settings.g_loss,
            "d_step": settings.d_step,
            "g_step": settings.g_step,
            "seed": settings.seed,
            "exit": noted["exit_code"],
            "steps": int(steps),
            "seconds": _seconds(columns, steps),
        }
        if study.evaluation and done:
            evaluation = _evaluated(run, steps, study.evaluation)
            walk = walked(run, evaluation)
            references = {
                kind: {f"measures/{name}": _short(figure[kind]) for name, figure in evaluation.items()}
                for kind in ("real", "noise")
            }
            columns |= {f"measures/{name}": np.array(values, float) for name, values in walk.items()}  # None is NaN
            last |= {f"measures/{name}": _short(figure["value"]) for name, figure in evaluation.items()}
        found.append(trial | reached(study, columns, last) | {"figures": last})
    bounds = {"good": study.good._asdict(), "collapsed": study.collapsed._asdict()}
    facts = {"command": study.command, "evaluation": study.evaluation} | bounds
    return facts | {"references": references, "trials": found}


def walked(run: Run, names: Iterable[str], average: int = 1) -> dict[str, list]:
    """These measures of every evaluated checkpoint, beside its "step", ascending; None where one is not known."""
    from gan_lowlevel import evaluations

    points = sorted(evaluations.curves(run, average).items())
    walk = {name: [_short(values.get(f"evaluation/{name}")) for _, values in points] for name in names}
    return {"step": [step for step, _ in points]} | walk


def reached(study: Study, columns: dict[str, np.ndarray], last: dict[str, float | None]) -> dict[str, Any]:
    """The first known step at which the quality is good, with its seconds of training; None where it never is.
    Whether the last figures still are, and whether they say that it collapsed."""
    of_steps = "measures/step" if study.good.tag.startswith("measures/") else "step"  # a measure has its checkpoints'
    known = zip(columns.get(of_steps, ()), columns.get(study.good.tag, ()), strict=False)
    step = next((step for step, value in known if study.good.holds(value)), None)
    return {
        "good_step": None if step is None else int(step),
        "good_seconds": None if step is None else _seconds(columns, step),
        "good_at_end": study.good.holds(last.get(study.good.tag)),
        "collapsed": study.collapsed.holds(last.get(study.collapsed.tag)),
    }


def at_median_speed(columns: dict[str, np.ndarray]) -> float:
    """Seconds that the steps take at the median of the speeds that were recorded: a pause does not count."""
    return _short(float(columns["step"][-1] / np.nanmedian(columns["speed/steps_per_second"])))


def _seconds(columns: dict[str, np.ndarray], until: float) -> float:
    """Of training up to that step: each stretch of steps at the speed that it was recorded with."""
    steps, speed = np.minimum(columns["step"], until), columns.get("speed/steps_per_second", np.array([]))
    return _short(float(np.nansum(np.diff(steps, prepend=0) / speed)))


def _finished(run: Run) -> bool:
    if not run.flags.exists() or run.undrawn.exists():
        return False
    steps = runs.read_columns(run.metrics)["step"]
    return steps.size > 0 and steps[-1] == runs.read_settings(run).max_steps


def _evaluated(run: Run, step: float, command: str, average: int = 1) -> dict[str, Any]:
    """The measures of the run's last step, taken where they are not there yet."""
    path = run.evaluation(average).with_suffix(".json")
    if not path.exists() or next(iter(json.loads(path.read_text()).values()))["step"] != step:
        _run(f"{command} --run={run.directory}")
    return json.loads(path.read_text())


def _run(command: str, check: bool = True) -> None:
    print(f"$ {command}", flush=True)
    done = subprocess.run([sys.executable, *shlex.split(command)[1:]], cwd=ROOT, stdin=subprocess.DEVNULL)
    if check and done.returncode:
        sys.exit(done.returncode)


def _commit() -> str:
    asked = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return asked.stdout.strip() or "unknown"


def _short(number: float | None) -> float | int | None:
    if number is None or not math.isfinite(number):
        return None
    return number if isinstance(number, int) else float(f"{number:.6g}")


def _compact(text: str) -> str:
    """JSON whose innermost lists and records stand on one line."""
    return re.sub(r"[\[{][^\[\]{}]*[\]}]", lambda found: re.sub(r"\s*\n\s*", " ", found[0]), text)


if __name__ == "__main__":
    main(sys.argv[1:])
