"""A sweep as a user gives it: the grid that it trains, what it leaves, how it goes on, fails and stops."""

import csv
import pathlib
import shutil
import subprocess

import pytest

from gan_lowlevel import sweep, system
from gan_lowlevel.errors import Exit, Failure
from tests.torture import training
from tests.torture.commands import finish

SHORT = ("--model=parabola", "--max_steps=6", "--summary_every=2", "--sample_every=0")


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """Starts `python -m gan_lowlevel.sweep` with a log directory and a cache of this file's own."""
    base = tmp_path_factory.mktemp("sweep")

    def start(*flags: str) -> subprocess.Popen:
        return training.start(base, *flags, command="sweep")

    start.logs = base / "logs"
    return start


def lines(path: pathlib.Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def times(folder: pathlib.Path) -> dict[str, int]:
    """When each file below a folder was written."""
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


# The grid


def planned(*flags: str) -> list[sweep.Trial]:
    return sweep.plan(sweep.read(flags))


def test_every_combination_with_every_seed_has_a_run_of_its_own():
    trials = planned("--model=parabola", "--d_step=1,2", "--g_loss=minimax,non_saturating", "--seeds=0-1", "--jobs=1")
    assert [trial.run.directory.name for trial in trials] == [
        f"d_step-{d_step}_g_loss-{g_loss}_seed-{seed}"
        for d_step in (1, 2)
        for g_loss in ("minimax", "non_saturating")
        for seed in (0, 1)
    ]
    assert {trial.run.directory.parent for trial in trials} == {pathlib.Path("logs/sweep_parabola_d_step_g_loss")}
    last = trials[-1]
    assert last.point == {"d_step": 2, "g_loss": "non_saturating"}
    assert (last.config.model, last.config.d_step, last.config.seed) == ("parabola", 2, 1)
    assert last.config.threads == system.cores()  # one process has them all


def test_processes_share_the_cores(monkeypatch):
    monkeypatch.setattr(system, "cores", lambda: 8)
    for flags, threads in ((("--seeds=0-15",), 1), (("--seeds=0-15", "--jobs=3"), 2), (("--seeds=0-1",), 4)):
        assert {trial.config.threads for trial in planned(*flags)} == {threads}
    assert {trial.config.threads for trial in planned("--threads=5", "--jobs=100")} == {5}


def test_flags_of_training_in_every_spelling(tmp_path):
    flagfile = tmp_path / "flags.txt"  # as a run leaves it
    flagfile.write_text("--model=dcgan\n--d_step=3\n--seed=7\n--nodry_run\n--nomirror\n--input_data_dir=a,b\n")
    [trial] = planned(f"--flagfile={flagfile}")
    assert (trial.config.d_step, trial.config.seed, trial.config.input_data_dir) == (3, 7, "a,b")
    trials = planned(f"--flagfile={flagfile}", "--dataset=photos", "--mirror=true,false", "--d_steps", "1,2")
    assert [(trial.config.mirror, trial.config.d_step) for trial in trials] == [
        (True, 1), (True, 2), (False, 1), (False, 2)
    ]  # fmt: skip
    assert [trial.config.mirror for trial in planned("--model=dcgan", "--dataset=photos", "--mirror")] == [True]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--d_step=1,x"], "--d_step=x: it wants a whole number"),
        (["--d_step=1,"], "--d_step="),
        (["--g_loss=minimax,hinge"], "one of non_saturating, minimax"),
        (["--model=mlp,nonsense"], "one of dcgan"),
        (["--d_step=0,1", "--g_step=0,1"], "one player at least"),  # one combination of four
        (["--modle=mlp"], "did you mean --model?"),
        (["--seeds=2-1"], "--seeds wants"),
        (["--seeds=0-1000"], "more than 1,000"),
        (["--seeds=0-500", "--d_step=1,2"], "asks for 1,002"),
        (["--d_step=1,01"], "d_step-1_seed-0 is asked for twice"),
        (["--seeds=3,3"], "seed-3 is asked for twice"),
        (["--run_name=a"], "--run_name is not for a sweep"),
        (["--resume=never"], "--resume is not for a sweep"),
        (["--dry_run"], "--dry_run is not for a sweep"),
        (["--model=parabola", "--live"], "--live is not for a sweep"),
        (["--sweep_name=.."], "--sweep_name wants"),
        (["--jobs=-1"], "--jobs=-1"),
        (["stray"], "'stray'"),
    ],
)
def test_a_wrong_sweep_is_refused_in_a_sentence(flags, said):
    with pytest.raises(Failure) as failure:
        planned(*flags)
    assert failure.value.code == Exit.FLAGS
    assert said in str(failure.value)


def test_a_wrong_sweep_ends_at_once_and_writes_nothing(start):
    code, out, err = finish(start("--sweep_name=wrong", *SHORT, "--d_step=1,2,x"))
    assert (code, out) == (Exit.FLAGS, "")
    assert err.startswith("gan_lowlevel: ")
    assert err.count("\n") == 1
    assert not (start.logs / "wrong").exists()


def test_help_names_its_own_flags_and_says_how_the_others_are_given(start):
    code, out, err = finish(start("--help"))
    assert (code, err) == (Exit.DONE, "")
    listed = [line.strip() for line in out.splitlines() if line.startswith("  --")]
    assert listed == ["--seeds, --seed", "--logdir", "--sweep_name", "--jobs"]
    assert "python -m gan_lowlevel.main --help" in out
    assert "--mirror=true,false" in out


def test_a_second_sweep_in_the_same_folder_is_refused(tmp_path):
    config = sweep.read([*SHORT, f"--logdir={tmp_path}", "--sweep_name=s"])
    (tmp_path / "s").mkdir()
    with system.lock(tmp_path / "s"), pytest.raises(Failure, match=r"in use by .* another --sweep_name") as caught:
        sweep.main(config)
    assert caught.value.code == Exit.IN_USE
    assert list((tmp_path / "s").iterdir()) == []


@pytest.mark.parametrize(("number", "name"), [(9, "SIGKILL"), (35, "signal 35")])  # a real-time signal
def test_a_trial_that_a_signal_ended_says_which(tmp_path, monkeypatch, number, name):
    [trial] = planned(*SHORT, f"--logdir={tmp_path}")
    monkeypatch.setattr(sweep.sys, "executable", shutil.which("false"))
    process = sweep.Process(trial)
    process.wait()
    process._process.returncode = -number
    assert f"failed with exit code {128 + number}, ended by {name}" in process.note()
    assert sweep.outcome(trial)["said"] == f"ended by {name}"


def test_a_trial_is_one_process_where_several_workers_are_told_of(tmp_path, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"worker": ["a:1", "b:1"]}}')
    monkeypatch.setenv("KEPT", "yes")
    started = []
    monkeypatch.setattr(sweep.subprocess, "Popen", lambda *arguments, env, **options: started.append(env))
    [trial] = planned(*SHORT, f"--logdir={tmp_path}")
    sweep.Process(trial)
    [env] = started
    assert (env["TF_CONFIG"], env["KEPT"]) == ("", "yes")


@pytest.mark.parametrize("content", [
    b"", b"[", b"[" * 10**5, b"3", b"[]", b'{"exit_code": 0}', b'{"exit_code": [0], "seconds": 1.0, "said": "", '
    b'"max_steps": 6, "epochs": 0}', b'{"exit_code": 0, "seconds": "1", "said": "", "max_steps": 6, "epochs": 0}',
])  # fmt: skip
def test_notes_that_can_not_be_read_are_none(tmp_path, content):
    [trial] = planned(*SHORT, f"--logdir={tmp_path}")
    trial.run.directory.mkdir(parents=True)
    trial.outcome.write_bytes(content)
    assert sweep.outcome(trial) == {}
    assert not sweep.finished(trial)
    assert sweep.result(trial).exit_code is None


# Training


@pytest.fixture(scope="module")
def trained(start):
    """A finished sweep of two trials, and what it printed."""
    code, out, err = finish(start("--sweep_name=trained", *SHORT, "--g_loss=minimax,non_saturating"))
    assert (code, err) == (Exit.DONE, ""), out
    return start.logs / "trained", out


def test_a_sweep_leaves_runs_and_tables(trained):
    folder, out = trained
    names = ["g_loss-minimax_seed-0", "g_loss-non_saturating_seed-0"]
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == names
    for name, line in zip(names, lines(folder / "trials.csv"), strict=True):
        last = lines(folder / name / "metrics.csv")[-1]
        assert (line["trial"], line["exit_code"], line["step"]) == (name, "0", "6")
        assert {tag: line[tag] for tag in last} == last
        assert float(line["seconds"]) > 0
        assert "finished at step 6 of 6" in (folder / name / "trial.log").read_text()
        assert f"{name}: finished" in out
    rows = lines(folder / "table.csv")
    assert [row["g_loss"] for row in rows] == ["minimax", "non_saturating"]
    assert {(row["finished"], row["failed"]) for row in rows} == {("1", "0")}
    printed = out[out.index("\ng_loss ") :].splitlines()
    assert printed[1].split()[:3] == ["g_loss", "finished", "failed"]
    for row, line in zip(rows, printed[2:], strict=False):
        assert line.split()[3] == f"{float(row['D_loss mean']):.4g}"
    assert "tensorboard --logdir=" in out


def test_the_same_sweep_again_trains_only_what_is_new(start, trained):
    folder, _ = trained
    before = times(folder)
    code, out, err = finish(start("--sweep_name=trained", *SHORT, "--g_loss=minimax,non_saturating"))
    assert (code, err) == (Exit.DONE, "")
    assert "2 of 2 trials are finished already" in out
    after = times(folder)
    assert {name for name in after if after[name] != before.get(name)} == {"table.csv", "trials.csv"}

    code, out, err = finish(start("--sweep_name=trained", *SHORT, "--g_loss=minimax,non_saturating", "--max_steps=8"))
    assert (code, err) == (Exit.DONE, "")
    assert [line["step"] for line in lines(folder / "trials.csv")] == ["8", "8"]
    for name in ("g_loss-minimax_seed-0", "g_loss-non_saturating_seed-0"):
        assert "goes on from its checkpoint at step 6" in (folder / name / "trial.log").read_text()


def test_a_sweep_of_other_settings_wants_another_name(start, trained):
    folder, _ = trained
    before = times(folder)
    flags = ("--sweep_name=trained", *SHORT, "--g_loss=minimax,non_saturating", "--batch_size=3")
    code, out, err = finish(start(*flags))
    assert (code, out) == (Exit.FLAGS, "")
    assert "batch_size was 64, this command says 3" in err
    assert "another --sweep_name" in err
    assert times(folder) == before


def test_a_trial_that_fails_ends_no_other_and_shows_why(start):
    # At this rate D's first update makes its logits so large that the literal logarithm is not finite.
    flags = ("--sweep_name=fails", *SHORT, "--log_form=literal", "--d_learning_rate=1000,0.001", "--jobs=1")
    code, out, err = finish(start(*flags))
    assert code == Exit.NAN
    assert err.count("\n") == 1
    assert "1 of 2 trials failed, d_learning_rate-1000.0_seed-0 with exit code 4" in err
    failed, finished = lines(start.logs / "fails" / "trials.csv")
    assert (failed["exit_code"], finished["exit_code"]) == ("4", "0")
    assert " is not finite at step 1" in failed["said"]
    assert [(row["finished"], row["failed"]) for row in lines(start.logs / "fails" / "table.csv")] == [
        ("0", "1"), ("1", "0")
    ]  # fmt: skip
    table = out[out.index("\nd_learning_rate ") : out.index("\nleft in ")]
    assert "d_learning_rate-1000.0_seed-0: exit code 4, " in table
    assert " is not finite at step 1" in table
    assert max(map(len, table.splitlines())) <= 120
