"""Damaged run files: flagfiles, flags.txt, metrics.csv, manifests, a sweep's notes, curves of evaluations.

Whoever reads one gets what is left of it or a Failure of one printable line, as tests/torture/mutants.py holds it.
"""

import json
import pathlib

import numpy as np
from hypothesis import strategies

from gan_lowlevel import comparison, runs, sweep
from gan_lowlevel.commandline import read_config
from gan_lowlevel.config import Config
from gan_lowlevel.errors import Exit, Failure
from tests.torture import mutants

# What a damaged file may hold beside random bytes: what programs trip over.
HOSTILE = (
    b"", b"\n", b"\r", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3", b"\x1b[31m", b"\xe2\x80\xa8", b",", b'"', b"=",
    b"nan", b"-inf", b"1e999", b"-1", b"0", b"9" * 400, b"9" * 5000, b"1_0", "٣".encode(), b"true", b"null",
    b"{", b"}", b"[" * 5000, b"]", b'{"a":' * 3000, b"--", b"--flagfile=", b"--help", b"--nonsense=1", b"--undefok=a",
    b"--model=dog", b"--batch_size=0", b"--run_name=../x", b"--seed", b"#", b"//", b"../../x", b"/etc/passwd", b"%s%n",
    b"\\u0000", b"\\ud800", b"step", b"sha256", b"a" * 100_000, b"\n--" + b"a" * 900,
)  # fmt: skip


def mutants_of(original: bytes) -> strategies.SearchStrategy[bytes]:
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


class Damaged:
    """A file of a run, whole at first; `said` reads it and returns what a person is told."""

    def __init__(self, folder: pathlib.Path):
        self.run = runs.Run(folder / "logs" / "run")
        self.run.checkpoints.mkdir(parents=True)
        self.path = self.made()
        self.case = mutants_of(self.path.read_bytes())
        if self.path.suffix == ".json":
            self.case = strategies.one_of(self.case, jsons().map(lambda value: json.dumps(value).encode()))

    def prepared(self) -> list[bytes]:
        return [self.path.read_bytes(), b""]

    def trial(self, case: bytes) -> bool:
        self.path.write_bytes(case)
        try:
            said, code = self.said(), Exit.DONE
        except Failure as failure:
            said, code = str(failure), failure.code
        assert code in (Exit.DONE, Exit.FLAGS), f"exit code {code}, {said}"
        assert said.isprintable(), repr(said)
        return code == Exit.DONE

    def config(self, *flags: str) -> Config:
        return read_config([*flags, f"--logdir={self.run.directory.parent}", f"--run_name={self.run.directory.name}"])


class Flags(Damaged):
    """flags.txt, as the run's own command and `evaluate` read it."""

    def made(self) -> pathlib.Path:
        self.run.flags.write_text(self.config("--model=parabola").flagfile())
        return self.run.flags

    def said(self) -> str:
        return runs.read_settings(self.run).flagfile().replace("\n", "")


class Flagfile(Damaged):
    """--flagfile of a user's own."""

    def made(self) -> pathlib.Path:
        path = self.run.directory / "mine.flags"
        path.write_text("# mine\n--model=dcgan\n--batch_size 3\n\n// a reason\n--nodownload\n")
        return path

    def said(self) -> str:
        return read_config([f"--flagfile={self.path}"]).flagfile().replace("\n", "")


class Metrics(Damaged):
    """metrics.csv: whatever it holds, columns of numbers by rising steps."""

    def made(self) -> pathlib.Path:
        metrics = runs.Metrics(self.run, 0)
        for step in range(5, 50, 5):
            metrics.add(step, {"D_loss": np.float32(step / 3), "value/V": -step, "prob/D_x": float("nan")})
        return self.run.metrics

    def said(self) -> str:
        columns = runs.read_columns(self.run.metrics)
        runs.recent(columns)
        assert all(column.dtype == np.float64 and column.shape == columns["step"].shape for column in columns.values())
        assert (np.diff(columns["step"]) > 0).all()
        return ""


class Manifest(Damaged):
    """A checkpoint's manifest.json: as it was, or the checkpoint is none."""

    def made(self) -> pathlib.Path:
        from gan_lowlevel import checkpoints  # needs TensorFlow

        self.read = checkpoints._read
        saved = self.run.checkpoints / "ckpt-000000005"
        saved.mkdir()
        for name in checkpoints._FILES:
            (saved / name).write_bytes(name.encode())
        facts = {name: {"bytes": len(name), "sha256": checkpoints._sha256(saved / name)} for name in checkpoints._FILES}
        manifest = {"step": 5, "files": facts, "notes": {"data_sha256": "0" * 64}}
        own = {"sha256": checkpoints._own_sha256(manifest)}
        (saved / "manifest.json").write_text(json.dumps(manifest | own, indent=1))
        return saved / "manifest.json"

    def trial(self, case: bytes) -> bool:
        return super().trial(case) and not isinstance(self.read(self.path.parent), str)

    def said(self) -> str:
        found = self.read(self.path.parent)
        if isinstance(found, str):
            return found
        whole = (found.step, found.notes) == (5, {"data_sha256": "0" * 64})
        assert whole or "sha256" not in json.loads(self.path.read_bytes()), found
        return ""


class TrialNotes(Damaged):
    """trial.json of a sweep."""

    def made(self) -> pathlib.Path:
        self.one = sweep.Trial({}, (), self.config("--model=parabola"))
        noted = {"exit_code": 4, "seconds": 3.0, "said": "why", "max_steps": 9, "epochs": 0}
        self.one.outcome.write_text(json.dumps(noted))
        return self.one.outcome

    def said(self) -> str:
        sweep.finished(self.one)
        result = sweep.result(self.one)
        printed = comparison.text([result]) + comparison.trials_csv([result]) + comparison.table_csv([result])
        return "".join(printed.split("\n"))


class EventFile(Damaged):
    """An event file of evaluations, of which the curves of all are drawn."""

    def made(self) -> pathlib.Path:
        from gan_lowlevel import evaluations  # needs TensorFlow
        from gan_lowlevel.measures import Estimate

        self.evaluations = evaluations
        one = {"parzen": Estimate(1.0, 0.5, 9)}
        for step in (5, 10):
            evaluations.write(self.run, evaluations.figures(one, real=one, noise=one, seed=0, step=step))
        return evaluations.event_files(self.run)[0]

    def said(self) -> str:
        beside = self.run.directory.parent
        self.evaluations._write_events(beside, self.evaluations.curves(self.run))
        for path in beside.glob("events.out.tfevents.*"):
            path.unlink()
        return ""


KINDS = {
    "flags.txt": Flags,
    "flagfile": Flagfile,
    "metrics.csv": Metrics,
    "manifest.json": Manifest,
    "trial.json": TrialNotes,
    "event file": EventFile,
}


def run(amount: int, seed: int, folder: pathlib.Path) -> dict[str, float | int]:
    """`amount` mutants of each kind of file."""
    return mutants.figures("tests.torture.settings", dict.fromkeys(KINDS, amount), seed, folder)


if __name__ == "__main__":
    mutants.main(KINDS)
