"""What the HParams tab gets, as TensorBoard itself serves it: settings, measures, and whether a trial ended."""

import json
import re
import subprocess
import sys
import urllib.request

import numpy as np
import pytest

from gan_lowlevel import data, hparams, networks, runs, train
from gan_lowlevel.commandline import read_config
from gan_lowlevel.config import Config, settings_of
from gan_lowlevel.errors import Exit

ALL = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]


def play(logs, name: str, *flags: str) -> dict[str, float]:
    """Train points for some steps: the last row of the run's metrics.csv."""
    common = ("--model=parabola", f"--logdir={logs}", "--threads=1", "--summary_every=2", "--sample_every=0")
    config = read_config([*common, f"--run_name={name}", *flags])
    game = networks.GAMES[config.model](config)
    data_set = data.load(config)
    rows = data.rows(data_set, config, game.output_range, game.data_shape)
    run = runs.locate(config)
    with runs.claimed(run):
        assert train.train(train.resolve(config, rows), game, data_set, rows, run) in (Exit.DONE, Exit.TERMINATED)
    return {name: column[-1] for name, column in runs.Metrics(run, config.max_steps).columns().items()}


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="module")
def last(logs):
    """The last figures of the trials: one that ended, one of other settings that went on, one that a signal stopped."""
    found = {"minimax": play(logs, "minimax", "--max_steps=4", "--g_loss=minimax", "--d_learning_rate=0.002")}
    play(logs, "resumed", "--max_steps=4")
    found["resumed"] = play(logs, "resumed", "--max_steps=8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train.system.StopRequest, "__init__", stopped_at_once)
        found["stopped"] = play(logs, "stopped", "--max_steps=8", "--summary_every=1")
    return found


def loaded(found: list) -> bool:
    """Whether TensorBoard has read all that the three runs wrote."""
    sessions = [group["sessions"][0] for group in found]
    steps = {
        session["name"]: min((m["trainingStep"] for m in session["metricValues"]), default=0) for session in sessions
    }
    ended = [session.get("status") for session in sessions].count("STATUS_SUCCESS")
    return steps == {"minimax": 4, "resumed": 8, "stopped": 1} and ended == 2


def stopped_at_once(request):
    request.exit_code = Exit.TERMINATED


@pytest.fixture(scope="module", params=["true", "false"])  # TensorBoard reads events with either of two programs
def groups(logs, last, request):
    """The session groups that TensorBoard serves, by name."""
    command = [sys.executable, "-m", "tensorboard.main", f"--logdir={logs}", f"--load_fast={request.param}", "--port=0"]
    board = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    address = next(match[0] for line in board.stderr if (match := re.search(r"http://\S+", line))).rstrip("/")
    wanted = {"allowedStatuses": ALL, "colParams": [], "startIndex": 0, "sliceSize": 100}
    try:
        for _ in range(2000):  # it loads runs in the background
            query = urllib.request.Request(
                f"{address}/data/plugin/hparams/session_groups",
                json.dumps(wanted).encode(),
                {"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(query, timeout=30) as answer:
                found = json.load(answer).get("sessionGroups", [])
            if loaded(found):
                break
        return {group["name"]: group for group in found}
    finally:
        board.kill()
        board.communicate()


def test_every_run_is_one_trial_with_its_settings(groups):
    assert set(groups) == {"minimax", "resumed", "stopped"}
    assert all(len(group["sessions"]) == 1 for group in groups.values())
    trial = groups["minimax"]["hparams"]
    assert (trial["g_loss"], trial["d_learning_rate"], trial["mirror"]) == ("minimax", 0.002, False)
    assert groups["resumed"]["hparams"]["g_loss"] == "non_saturating"


def test_the_measures_are_the_last_figures(groups, last):
    for name, figures in last.items():
        [session] = groups[name]["sessions"]
        served = {metric["name"]["tag"]: metric["value"] for metric in session["metricValues"]}
        for tag in ("D_loss", "G_loss", "value/V", "prob/D_x", "prob/D_G_z"):
            assert served[tag] == np.float32(figures[tag]), (name, tag)
        assert {metric["trainingStep"] for metric in session["metricValues"]} == {figures["step"]}
    assert last["resumed"]["step"] == 8


def test_a_trial_that_a_signal_stopped_is_not_finished(groups):
    status = {name: group["sessions"][0].get("status") for name, group in groups.items()}
    assert status == {"minimax": "STATUS_SUCCESS", "resumed": "STATUS_SUCCESS", "stopped": "STATUS_UNKNOWN"}


def test_settings_are_numbers_texts_and_booleans_and_no_paths():
    found = hparams.settings(read_config(["--model=parabola", "--d_step=3"]))
    kinds = {name: settings_of(Config)[name].kind for name in found}
    assert all(type(value) is kinds[name] for name, value in found.items())
    assert found["d_step"] == 3
    assert {"model", "g_loss", "seed", "beta1", "mirror"} <= set(found)
    assert not {
        "logdir",
        "run_name",
        "resume",
        "input_data_dir",
        "dry_run",
        "save_every",
        "max_steps",
        "threads",
    } & set(found)
