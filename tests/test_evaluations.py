"""What an evaluation leaves: strict JSON, one point a step on each curve, a table that one can read."""

import json
import os
import pathlib
import re

import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from gan_lowlevel import evaluations, system
from gan_lowlevel.evaluations import Figure, brief, curves, event_files, figures, table, write
from gan_lowlevel.measures import Estimate
from gan_lowlevel.runs import Run


def found(step: int, parzen: float | None = 100.0, recall: float | None = 0.5) -> dict[str, Figure]:
    samples = {"parzen": Estimate(parzen, 2.0, 1000), "recall": Estimate(recall, None, 500)}
    real = {"parzen": Estimate(240.0, 1.0, 900), "recall": Estimate(None, None, 400)}
    return figures(samples, real=real, noise=real, seed=7, step=step)


@pytest.fixture
def run(tmp_path) -> Run:
    return Run(tmp_path)


def seen(accumulator: EventAccumulator, tag: str) -> list[tuple[int, float]]:
    return [(e.step, e.tensor_proto.float_val[0]) for e in accumulator.Tensors(tag)]


def test_figures_stand_beside_each_other():
    assert found(3)["parzen"] == Figure(value=100.0, stderr=2.0, real=240.0, noise=240.0, n=1000, seed=7, step=3)


def test_json(run):
    write(run, found(3, recall=None))

    def refuse(literal):
        raise AssertionError(f"{literal} is no JSON")

    content = json.loads((run.directory / "evaluation.json").read_text(), parse_constant=refuse)
    assert content == {
        "parzen": {"value": 100.0, "stderr": 2.0, "real": 240.0, "noise": 240.0, "n": 1000, "seed": 7, "step": 3},
        "recall": {"value": None, "stderr": None, "real": None, "noise": None, "n": 500, "seed": 7, "step": 3},
    }


def test_a_number_that_is_none_of_jsons_is_refused_and_the_old_file_stays(run):
    write(run, found(3))
    before = (run.directory / "evaluation.json").read_bytes()
    with pytest.raises(ValueError, match="JSON"):
        write(run, found(4, parzen=float("nan")))
    assert (run.directory / "evaluation.json").read_bytes() == before
    assert set(curves(run)) == {3}


def test_what_was_written_is_read(run):
    assert evaluations.read(run) is None
    write(run, found(3, recall=None))
    assert evaluations.read(run) == found(3, recall=None)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"7", b"[" * 20_000, b"\xff", b'{"parzen": 3}', b'{"parzen": {"value": 1}}',
     b'{"parzen": {"value": "<b>", "stderr": 2, "real": 3, "noise": 4, "n": 5, "seed": 6, "step": 7}}',
     b'{"parzen": {"value": NaN, "stderr": 2, "real": 3, "noise": 4, "n": 5, "seed": 6, "step": 7}}',
     b'{"other": {"value": 1, "stderr": 2, "real": 3, "noise": 4, "n": 5, "seed": 6, "step": 7}}'],
)  # fmt: skip
def test_damaged_figures_are_none(run, content):
    (run.directory / "evaluation.json").write_bytes(content)
    assert evaluations.read(run) is None


def test_what_a_killed_evaluation_left_goes_once_it_is_old(run):
    folder = run.directory / "evaluation"
    folder.mkdir()
    left = [run.directory / ".evaluation.json.old_____.tmp", folder / ".evaluation.old_____.tmp"]
    running = [run.directory / ".evaluation.json.new_____.tmp", folder / ".evaluation.new_____.tmp"]
    for path in left + running:
        path.touch()
    for path in left:
        os.utime(path, (0, 0))
    write(run, found(3))
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in running)


def test_curves_are_of_all_steps_and_a_step_is_replaced(run):
    for step, value in ((20, 2.0), (10, 1.0), (20, 5.0), (30, 3.0)):
        write(run, found(step, parzen=value))
    assert len(event_files(run)) == 1
    accumulator = EventAccumulator(str(run.evaluation()))
    accumulator.Reload()
    assert seen(accumulator, "evaluation/parzen") == [(10, 1.0), (20, 5.0), (30, 3.0)]
    assert seen(accumulator, "evaluation/recall") == [(10, 0.5), (20, 0.5), (30, 0.5)]
    assert sorted(os.listdir(run.directory)) == ["evaluation", "evaluation.json"]


def test_a_tensorboard_that_is_open_sees_no_step_twice(run):
    write(run, found(10, parzen=1.0))
    write(run, found(20, parzen=2.0))
    accumulator = EventAccumulator(str(run.evaluation()))
    accumulator.Reload()
    write(run, found(10, parzen=9.0))
    accumulator.Reload()
    assert seen(accumulator, "evaluation/parzen") == [(10, 9.0), (20, 2.0)]


def test_what_is_not_known_is_no_point(run):
    write(run, found(10, recall=None))
    assert curves(run) == {10: {"evaluation/parzen": 100.0}}
    write(run, found(10, recall=0.25))
    write(run, found(10, recall=None))
    assert curves(run) == {10: {"evaluation/parzen": 100.0}}


def test_a_torn_event_file_keeps_its_whole_points(run):
    write(run, found(10, parzen=1.0))
    (path,) = event_files(run)
    path.write_bytes(path.read_bytes()[:-5])
    write(run, found(20, parzen=2.0))
    assert curves(run)[10] == {"evaluation/parzen": 1.0}  # recall was the torn one
    assert curves(run)[20] == {"evaluation/parzen": 2.0, "evaluation/recall": 0.5}


@pytest.mark.parametrize("breaks", ["fsync", "write_atomically"])
def test_a_write_that_fails_leaves_the_old_figures_and_nothing_else(run, monkeypatch, breaks):
    write(run, found(10))
    before = {path: path.read_bytes() for path in run.directory.rglob("*") if path.is_file()}

    def full(*arguments):
        raise OSError(28, "No space left on device", str(arguments[0]))

    monkeypatch.setattr(os if breaks == "fsync" else system, breaks, full)
    with pytest.raises(OSError, match="No space left"):
        evaluations._write_events(run.evaluation(), {}) if breaks == "fsync" else write(run, found(20))
    assert {path: path.read_bytes() for path in run.directory.rglob("*") if path.is_file()} == before


def test_table():
    lines = table({
        "parzen": Figure(-1234.56, 12.3, 243.5, None, 10_000, 7, 3),
        "recall": Figure(0.123456, 0.00456, 0.9, 0.0, 500, 7, 3),
        "classes": Figure(8, None, 10, 1, 10_000, 7, 3),
    }).splitlines()  # fmt: skip
    assert [line.split() for line in lines] == [
        ["measure", "value", "real", "noise", "n", "seed", "better"],
        ["-" * len(lines[1])],
        ["parzen", "-1,234.6", "±", "12.3", "243.5", "?", "10,000", "7", "higher"],
        ["recall", "0.1235", "±", "0.0046", "0.9000", "0.0000", "500", "7", "higher"],
        ["classes", "8", "10", "1", "10,000", "7", "higher"],
    ]
    assert len({line.index("7  higher") for line in lines[2:]}) == 1  # in columns


def test_brief():
    assert brief(found(3, parzen=1.5, recall=None)) == "parzen 1.500, recall ?"


def test_an_unfinished_file_is_none_that_tensorboard_reads(run):
    write(run, found(10))
    pathlib.Path(run.evaluation(), ".unfinished-1").write_bytes(b"torn")
    assert len(event_files(run)) == 1
    accumulator = EventAccumulator(str(run.evaluation()))
    accumulator.Reload()
    assert seen(accumulator, "evaluation/parzen") == [(10, 100.0)]


def test_a_full_disk_is_an_oserror_that_names_the_file_and_leaves_the_old_curves(run, monkeypatch):
    write(run, found(10))
    before = sorted(os.listdir(run.evaluation()))

    def full(*_):
        raise tf.errors.ResourceExhaustedError(None, None, "file; No space left on device")

    monkeypatch.setattr(tf.io, "TFRecordWriter", full)
    with pytest.raises(OSError, match="No space left on device") as raised:
        write(run, found(20))
    assert re.fullmatch(r"events\.out\.tfevents\..*\.evaluation", os.path.basename(raised.value.filename))
    assert sorted(os.listdir(run.evaluation())) == before


def foreign(run, **content) -> None:
    """An event file of somebody else's, whole."""
    with tf.io.TFRecordWriter(str(run.evaluation() / "events.out.tfevents.0.foreign")) as file:
        file.write(tf.compat.v1.Event(step=7, **content).SerializeToString())
        file.write(b"\xff no event")


def test_what_an_evaluation_did_not_write_is_no_point(run):
    write(run, found(10))
    value = tf.compat.v1.Summary.Value
    foreign(run, summary=tf.compat.v1.Summary(value=[
        value(tag="evaluation/parzen", simple_value=3.0), value(tag="D_loss", tensor=tf.make_tensor_proto(1.0)),
    ]))  # fmt: skip
    (run.evaluation() / "events.out.tfevents.1.folder").mkdir()
    points = curves(run)
    assert {step: set(tags) for step, tags in points.items() if tags} == {
        7: {"evaluation/parzen"}, 10: {"evaluation/parzen", "evaluation/recall"}
    }  # fmt: skip
    write(run, found(20))
    assert set(curves(run)) == {7, 10, 20}


def test_a_file_that_another_evaluation_replaces_meanwhile_is_let_go(run, monkeypatch):
    write(run, found(10))
    there = event_files(run)
    monkeypatch.setattr(
        evaluations, "event_files", lambda run, average: [run.evaluation() / "events.out.tfevents.0.gone", *there]
    )
    assert set(curves(run)) == {10}
