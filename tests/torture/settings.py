"""Damaged run files: flagfiles, flags.txt, metrics.csv, manifests, a sweep's notes, curves of evaluations.

Whoever reads one gets what is left of it or a Failure of one printable line, within 5 s, and writes nothing elsewhere.
"""

import collections
import json
import pathlib
import time
from collections.abc import Callable

import hypothesis
import numpy as np
from hypothesis import strategies

from gan_lowlevel import checkpoints, comparison, evaluations, runs, sweep
from gan_lowlevel.commandline import read_config
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.measures import Estimate
from tests.torture import training

MOST_SECONDS = 5.0
# What a damaged file may hold beside random bytes: what programs trip over.
HOSTILE = (
    b"", b"\n", b"\r", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3", b"\x1b[31m", b"\xe2\x80\xa8", b",", b'"', b"=",
    b"nan", b"-inf", b"1e999", b"-1", b"0", b"9" * 400, b"9" * 5000, b"1_0", "٣".encode(), b"true", b"null",
    b"{", b"}", b"[" * 5000, b"]", b'{"a":' * 3000, b"--", b"--flagfile=", b"--help", b"--nonsense=1", b"--undefok=a",
    b"--model=dog", b"--batch_size=0", b"--run_name=../x", b"--seed", b"#", b"//", b"../../x", b"/etc/passwd", b"%s%n",
    b"\\u0000", b"\\ud800", b"step", b"sha256", b"a" * 100_000, b"\n--" + b"a" * 900,
)  # fmt: skip


def mutants(original: bytes) -> strategies.SearchStrategy[bytes]:
    """The file with up to six cuts, each of which leaves out some bytes and puts others in their place."""
    place = strategies.integers(0, len(original))
    length = strategies.one_of(strategies.integers(0, 4), place)
    new = strategies.one_of(
        strategies.sampled_from(HOSTILE), strategies.binary(max_size=20), place.map(original[:9].__mul__)
    )
    cuts = strategies.lists(strategies.tuples(place, length, new), max_size=6)

    def apply(cuts) -> bytes:
        content = original
        for at, gone, text in cuts:
            content = content[:at] + text + content[at + gone :]
        return content

    return cuts.map(apply)


def jsons() -> strategies.SearchStrategy:
    """Anything that JSON can say, with the names that our files have."""
    names = strategies.sampled_from([
        "step", "files", "notes", "sha256", "bytes", "model.index", "model.data-00000-of-00001", "exit_code", "seconds",
        "said", "max_steps", "epochs",
    ])  # fmt: skip
    leaves = strategies.one_of(
        strategies.none(), strategies.booleans(), strategies.integers(), strategies.floats(), strategies.text(), names
    )
    return strategies.recursive(
        leaves,
        lambda inside: strategies.one_of(
            strategies.lists(inside, max_size=4),
            strategies.dictionaries(strategies.one_of(names, strategies.text(max_size=9)), inside, max_size=6),
        ),
    )


def run(amount: int, seed: int, folder: pathlib.Path) -> dict[str, int | float]:
    """`amount` mutants of each kind of file."""
    figures: collections.Counter[str] = collections.Counter()
    kinds = files(folder / "run")
    around = training.tree(folder)
    slowest = 0.0
    for kind, (path, read) in kinds.items():
        original = path.read_bytes()
        seconds, refused = tried(kind, path, read, amount, seed)
        path.write_bytes(original)
        assert training.tree(folder) == around, f"{kind}: a file was written beside those that were damaged"
        figures[f"{kind}: mutants"], figures[f"{kind}: refused in a sentence"] = len(seconds), refused
        slowest = max(slowest, *seconds)
    return {**figures, "slowest seconds": round(slowest, 2)}


def tried(kind: str, path: pathlib.Path, read: Callable[[], str], amount: int, seed: int) -> tuple[list[float], int]:
    """The seconds that each mutant took, and how many were refused."""
    content = mutants(path.read_bytes())
    if path.suffix == ".json":
        content = strategies.one_of(content, jsons().map(lambda value: json.dumps(value).encode()))
    seconds, refused = [], 0

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=amount, database=None, deadline=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(content)
    def holds(content: bytes) -> None:
        nonlocal refused
        path.write_bytes(content)
        began = time.perf_counter()
        try:
            said, code = read(), Exit.FLAGS
        except Failure as failure:
            said, code = str(failure), failure.code
            refused += 1
        seconds.append(time.perf_counter() - began)
        assert code == Exit.FLAGS, f"{kind}: exit code {code}, {said}"
        assert said.isprintable(), f"{kind}: {said!r}"
        assert seconds[-1] < MOST_SECONDS, f"{kind}: {seconds[-1]:.1f} s"

    holds()
    return seconds, refused


def files(directory: pathlib.Path) -> dict[str, tuple[pathlib.Path, Callable[[], str]]]:
    """A run's files by kind, each whole, and who reads it: it returns what a person is told."""
    run = runs.Run(directory)
    config = read_config(["--model=parabola", f"--logdir={directory.parent}", f"--run_name={directory.name}"])
    saved = run.checkpoints / "ckpt-000000005"
    saved.mkdir(parents=True)
    run.flags.write_text(config.flagfile())
    (directory / "mine.flags").write_text("# mine\n--model=dcgan\n--batch_size 3\n\n// a reason\n--nodownload\n")
    metrics = runs.Metrics(run, 0)
    for step in range(5, 50, 5):
        metrics.add(step, {"D_loss": np.float32(step / 3), "value/V": -step, "prob/D_x": float("nan")})
    for name in checkpoints._FILES:
        (saved / name).write_bytes(name.encode())
    facts = {name: {"bytes": len(name), "sha256": checkpoints._sha256(saved / name)} for name in checkpoints._FILES}
    manifest = {"step": 5, "files": facts, "notes": {"data_sha256": "0" * 64}}
    (saved / "manifest.json").write_text(json.dumps(manifest | {"sha256": checkpoints._own_sha256(manifest)}, indent=1))
    trial = sweep.Trial({}, (), config)
    noted = {"exit_code": 4, "seconds": 3.0, "said": "why", "max_steps": 9, "epochs": 0}
    trial.outcome.write_text(json.dumps(noted))
    one = {"parzen": Estimate(1.0, 0.5, 9)}
    for step in (5, 10):
        evaluations.write(run, evaluations.figures(one, real=one, noise=one, seed=0, step=step))

    def figures() -> str:
        columns = runs.read_columns(run.metrics)
        runs.recent(columns)
        assert all(column.dtype == np.float64 and column.shape == columns["step"].shape for column in columns.values())
        assert (np.diff(columns["step"]) > 0).all()
        return ""

    def proof() -> str:
        found = checkpoints._read(saved)
        if isinstance(found, str):
            return found
        assert (found.step, found.notes) == (5, {"data_sha256": "0" * 64}) or "sha256" not in json.loads(
            (saved / "manifest.json").read_bytes()
        ), found
        return ""

    def notes() -> str:
        sweep.finished(trial)
        result = sweep.result(trial)
        printed = comparison.text([result]) + comparison.trials_csv([result]) + comparison.table_csv([result])
        return "".join(printed.split("\n"))

    def curves() -> str:
        points = evaluations.curves(run)
        evaluations._write_events(directory.parent, points)
        for path in directory.parent.glob("events.out.tfevents.*"):
            path.unlink()
        return ""

    def settings(flagfile: pathlib.Path) -> Callable[[], str]:
        return lambda: read_config([f"--flagfile={flagfile}"]).flagfile().replace("\n", "")

    return {
        "flags.txt": (run.flags, lambda: runs.read_settings(run).flagfile().replace("\n", "")),
        "flagfile": (directory / "mine.flags", settings(directory / "mine.flags")),
        "metrics.csv": (run.metrics, figures),
        "manifest.json": (saved / "manifest.json", proof),
        "trial.json": (trial.outcome, notes),
        "event file": (evaluations.event_files(run)[0], curves),
    }
