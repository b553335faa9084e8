"""The runs that lie with the lessons: what is kept of a run, and that what lies there is what lessons say of it."""

import dataclasses
import io
import json
import re
import shlex

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader

from docs import earlier_runs
from gan_lowlevel import pictures
from gan_lowlevel.commandline import read_config
from gan_lowlevel.course import exercise, folder, seen
from gan_lowlevel.summaries import Events

v1 = tf.compat.v1
STEPS = (25, 250, 1250)  # pictures of the last one are kept


def values(directory) -> list[tuple[int, v1.Summary.Value]]:
    events = [
        v1.Event.FromString(content)
        for path in directory.glob("events.out.tfevents.*")
        for content in RawEventFileLoader(str(path)).Load()
    ]
    assert not any(event.WhichOneof("what") in ("graph_def", "meta_graph_def") for event in events)
    return [(event.step, value) for event in events for value in event.summary.value]


@pytest.fixture
def kept(tmp_path):
    """What is kept of a run of three recorded steps, called run_a."""
    run = tmp_path / "logs" / "run_a"
    (run / "samples").mkdir(parents=True)
    (run / "metrics.csv").write_text("step\n25\n")
    grid = np.arange(16 * 8, dtype=np.uint8).reshape(16, 8, 1)
    events = Events(run, tf.Graph(), 0)
    for step in STEPS:
        events.scalars(step, {"value/V": step / 7, "ideal/D": 0.5, "speed/steps_per_second": 9.0})
        events.histograms(step, {"logits/real": np.arange(9.0)})
        events.picture(step, "samples/fake", grid)
        events.picture(step, "views/walk", grid)
        (run / "samples" / f"step_{step:08d}.png").write_bytes(pictures.png(grid))
    events.text(1250, "what_this_run_says", "D is not trained.")
    events.layout(0, {})
    events.close()
    earlier_runs.keep(run, tmp_path / "run_a")
    return tmp_path / "run_a"


def test_curves_their_layout_and_some_pictures_are_kept(kept):
    found = values(kept)
    assert {value.tag for _, value in found} == {"value/V", "ideal/D", "samples/fake", earlier_runs.LAYOUT}
    assert [step for step, value in found if value.tag == "samples/fake"] == [1250]
    curve = {step: value.tensor.float_val[0] for step, value in found if value.tag == "value/V"}
    assert curve == pytest.approx({step: step / 7 for step in STEPS})
    assert (kept / "metrics.csv").read_text() == "step\n25\n"


def test_a_constant_curve_keeps_both_its_ends(kept):
    assert [step for step, value in values(kept) if value.tag == "ideal/D"] == [25, 1250]


def test_half_of_a_grid_is_kept_in_few_greys(kept):
    [content] = {value.image.encoded_image_string for _, value in values(kept) if value.tag == "samples/fake"}
    small = np.asarray(Image.open(io.BytesIO(content))).astype(int)
    whole = np.arange(16 * 8).reshape(16, 8)
    assert small.shape == (8, 8)
    assert np.abs(small - whole[:8]).max() <= 255 / 15 / 2
    assert set(np.unique(small)) <= {17 * shade for shade in range(16)}


# What lies with the lessons.


@pytest.mark.parametrize("name", earlier_runs.FLAGS)
def test_a_run_lies_there_and_is_small(name):
    read_config(shlex.split(earlier_runs.FLAGS[name].format(mnist="mnist") + " " + earlier_runs.ALWAYS)).check()
    run = seen(name)
    assert np.isfinite(run.last("value/V"))
    assert run.picture("samples/fake").size == (231, 116)
    tags = {value.tag for _, value in values(run.run.directory)}
    assert not any("hparams" in tag or "says" in tag or "settings" in tag for tag in tags)
    assert sum(path.stat().st_size for path in run.run.directory.rglob("*") if path.is_file()) < 200_000


def test_no_run_lies_there_that_no_lesson_looks_at():
    lessons = "".join(path.read_text(encoding="utf-8") for path in folder.pages().values())
    for path in folder.data("").iterdir():
        group = path.name.partition("_")[0]  # ring_d1g1_0 is one of ring_...
        assert path.name in earlier_runs.FLAGS or re.search(rf"[\"'/(]{group}\b|{group}_", lessons), path.name


def test_the_faults_of_lesson_12_are_those_of_its_answers_its_rules_and_its_commands():
    faults = json.loads(folder.data("faults.json").read_text(encoding="utf-8"))
    answers = exercise.exercises(12)
    assert {letter: fault["word"] for letter, fault in faults.items()} == answers["diagnoses"].answer()
    healthy = dataclasses.asdict(read_config([]))
    for letter, fault in faults.items():
        flags = earlier_runs.FLAGS[f"run_{letter}"]
        assert fault["flags"] in flags
        changed = dataclasses.asdict(read_config(shlex.split(fault["flags"])))
        assert changed != healthy
        assert diagnosed(f"run_{letter}", 1250) == fault["word"]
    assert diagnosed("dcgan", 2000) == "healthy"


def diagnosed(name: str, max_steps: int) -> str:
    """By the rules of lesson 12."""
    run = seen(name)
    tags = ("value/V", "prob/D_x", "prob/D_G_z", "G_loss", "quality/diversity")
    figures = {tag: run.last(tag) for tag in tags} | {"steps": run.columns["step"][-1], "max_steps": max_steps}
    return exercise.exercises(12)["diagnose"].answer(figures)
