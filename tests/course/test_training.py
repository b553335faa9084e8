"""Runs that a lesson looks at: trained once, taken again, made anew; what is a result and what is not."""

import json
import pathlib
import subprocess

import numpy as np
import pytest
from PIL import Image

from gan_lowlevel import system
from gan_lowlevel.course import folder, seen, trained, training
from gan_lowlevel.errors import Exit, Failure

SHORT = "--model=parabola --max_steps=20 --run_name=short"
METRICS = "step,value/V,G_loss\n10,-1.5,0.7\n20,-1.25,nan\n"


class Stand:
    """Stands for the process that trains: leaves a metrics.csv, ends with `code`."""

    def __init__(self):
        self.commands: list[list[str]] = []
        self.code, self.said, self.metrics = 0, "", METRICS

    def __call__(self, command, **_) -> subprocess.CompletedProcess:
        flags = dict(flag.removeprefix("--").split("=", 1) for flag in command if flag.startswith("--"))
        self.commands.append(command)
        directory = pathlib.Path(flags["logdir"]) / flags["run_name"]
        if self.metrics:
            (directory / "metrics.csv").write_text(self.metrics)
            (directory / "flags.txt").write_text("")
        return subprocess.CompletedProcess(command, self.code, "", self.said)


@pytest.fixture
def stand(monkeypatch, tmp_path) -> Stand:
    monkeypatch.chdir(tmp_path)
    stand = Stand()
    monkeypatch.setattr(training.subprocess, "run", stand)
    return stand


def test_a_run_is_trained_by_main_and_said_in_a_line(stand, capsys):
    run = trained(SHORT)
    [command] = stand.commands
    assert command[1:3] == ["-m", "gan_lowlevel.tether"]  # it ends with the lesson
    assert command[5:7] == ["-m", "gan_lowlevel.main"]
    assert command[7:] == [*SHORT.split(), f"--logdir={folder.LOGS}"]
    assert run.run.directory == folder.LOGS / "short"
    assert (run.exit, run.said) == (0, "")
    said = capsys.readouterr().out
    assert said == f"{folder.LOGS / 'short'}: 20 steps in 0 s (tensorboard --logdir={folder.LOGS})\n"


def test_what_is_there_is_taken_and_what_differs_is_made_anew(stand, capsys):
    trained(SHORT)
    (folder.LOGS / "short" / "old").write_text("")
    assert trained(SHORT).exit == 0
    assert len(stand.commands) == 1
    assert "20 steps trained before (tensorboard" in capsys.readouterr().out
    trained(f"{SHORT} --g_step=2")
    assert len(stand.commands) == 2
    assert not (folder.LOGS / "short" / "old").exists()
    trained(SHORT.replace("20", "30"))  # a length too
    assert len(stand.commands) == 3


def test_one_that_was_stopped_goes_on(stand):
    stand.code, stand.said = 130, "gan_lowlevel: interrupted.\n"
    with pytest.raises(Failure, match=r"^interrupted\.$") as caught:
        trained(SHORT)
    assert caught.value.code == Exit.INTERRUPTED
    (folder.LOGS / "short" / "kept").write_text("")
    stand.code = 0
    trained(SHORT)
    assert len(stand.commands) == 2
    assert (folder.LOGS / "short" / "kept").exists()


def test_nan_is_a_result(stand, capsys):
    stand.code, stand.said = 4, "something\ngan_lowlevel: G_loss is not finite at step 18.\n"
    for _ in range(2):
        run = trained(SHORT)
        assert (run.exit, run.said) == (4, "G_loss is not finite at step 18.")
        assert "exit code 4: G_loss is not finite at step 18. (tensorboard" in capsys.readouterr().out
    assert len(stand.commands) == 1


@pytest.mark.parametrize("code", [1, 2, 6, 7, 99])
def test_what_can_not_be_trained_is_a_failure(stand, code):
    stand.code, stand.said, stand.metrics = code, "gan_lowlevel: no room.\n", ""
    with pytest.raises(Failure, match="no room") as caught:
        trained(SHORT)
    assert caught.value.code == (code if code in set(Exit) else Exit.BUG)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--model=parabola --max_steps=20", "--run_name is wanted"),
        ("--model=nonsense --run_name=a", "it wants one of"),
        ("--model=parabola --max_steps=20 --epochs=2 --run_name=a", "give --max_steps or --epochs"),
        ("--model=parabola --run_name=../a", "--run_name wants"),
    ],
)
def test_wrong_flags_are_refused_before_anything_is_trained(stand, flags, said):
    with pytest.raises(Failure, match=said) as caught:
        trained([SHORT, flags])
    assert caught.value.code == Exit.FLAGS
    assert stand.commands == []
    assert not folder.LOGS.exists()


def test_several_share_the_cores(stand, monkeypatch):
    monkeypatch.setattr(system, "cores", lambda: 4)
    runs = trained([SHORT, SHORT.replace("short", "other")])
    assert [run.run.directory.name for run in runs] == ["short", "other"]
    assert all("--threads=2" in command for command in stand.commands)


def test_a_strangers_run_of_that_name_is_left_alone(stand):
    directory = folder.LOGS / "short"
    directory.mkdir(parents=True)
    (directory / "flags.txt").write_text("--model=mlp\n")
    stand.code, stand.said, stand.metrics = 1, "gan_lowlevel: begun with other settings.\n", ""
    with pytest.raises(Failure, match="other settings"):
        trained(SHORT)
    assert [path.name for path in directory.iterdir()] == ["flags.txt"]


def test_a_damaged_note_is_none(stand):
    trained(SHORT)
    for text in ("", "[]", "{", "\0", '{"exit": 0}'):
        (folder.LOGS / "short" / training.NOTE).write_text(text)
        trained(SHORT)
    assert len(stand.commands) == 6


# What is seen


def test_columns_curves_and_last_figures(stand):
    run = trained(SHORT)
    assert run.columns["value/V"].tolist() == [-1.5, -1.25]
    steps, values = run.curve("G_loss")
    assert (steps.tolist(), values.tolist()) == ([10.0], [0.7])
    assert run.last("value/V") == -1.25  # a tenth of two rows is one
    with pytest.raises(Failure, match=r"has no 'nonsense', it has step, value/V, G_loss"):
        run.last("nonsense")


def test_the_last_grid(stand):
    run = trained(SHORT)
    with pytest.raises(Failure, match="has no samples"):
        run.samples()
    grids = run.run.sample(0).parent
    grids.mkdir()
    for step, shade in ((20, 200), (3, 100)):
        Image.new("L", (2, 2), shade).save(run.run.sample(step))
    assert np.asarray(run.samples())[0, 0] == 200
    with pytest.raises(Failure, match="no picture 'samples/fake'"):
        run.picture("samples/fake")


def test_a_run_that_lies_with_the_lessons(monkeypatch, tmp_path):
    monkeypatch.setattr(folder, "LESSONS", tmp_path)
    with pytest.raises(Failure, match="holds no run") as caught:
        seen("earlier")
    assert caught.value.code == Exit.DATA
    directory = tmp_path / "data" / "earlier"
    directory.mkdir(parents=True)
    (directory / "metrics.csv").write_text(METRICS)
    assert seen("earlier").last("value/V") == -1.25
    (directory / training.NOTE).write_text(json.dumps({"exit": 4, "said": "NaN"}))
    assert seen("earlier")[2:] == (4, "NaN")
