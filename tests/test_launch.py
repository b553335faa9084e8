"""The launcher as a user gives it: what it makes of its flags. What it starts is in test_supervisor.py."""

import contextlib
import os
import pathlib
import signal
import stat
import sys

import pytest

from gan_lowlevel import launch, runs, system
from gan_lowlevel.errors import Exit, Failure
from tests.torture import commands, training

# As nvidia-smi of two cards writes it, one of them cut in parts.
TWO_CARDS = """#!/bin/sh
[ "$*" = -L ] || exit 9
echo 'GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5d5ba0d6)'
echo '  MIG 3g.20gb     Device  0: (UUID: MIG-c7384736)'
echo 'GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-1d5ba0d7)'
"""


@pytest.fixture
def planned(tmp_path):
    """What would be started, with a log directory of this test's own."""

    def planned(*argv: str):
        dashes = () if "--" in argv else ("--",)
        return launch.plan(launch.read([*argv, *dashes, f"--logdir={tmp_path / 'logs'}"]))

    return planned


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """Makes a program of that name the only one."""

    def make(text: str) -> None:
        program = tmp_path / "bin" / "nvidia-smi"
        program.parent.mkdir()
        program.write_text(text)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(program.parent))

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return make


def flags(supervisor) -> list[str]:
    """The flags of training that a worker gets."""
    assert supervisor.command[:3] == (sys.executable, "-m", "gan_lowlevel.main")
    return list(supervisor.command[3:])


def test_a_worker_is_the_same_training_with_its_share_of_the_cores(planned, tmp_path, monkeypatch):
    monkeypatch.setattr(system, "cores", lambda: 8)
    for workers, threads in ((2, 4), (3, 2), (16, 1)):
        found = planned(f"--workers={workers}", "--", "--model=parabola", "--run_name=a")
        assert flags(found) == [
            "--model=parabola", "--run_name=a", f"--logdir={tmp_path / 'logs'}", "--run_name=a", f"--threads={threads}"
        ]  # fmt: skip
        assert list(found.environments) == [{}] * workers
    assert not (tmp_path / "logs").exists()


def test_typed_threads_stay(planned):
    assert [flag for flag in flags(planned("--", "--threads=3")) if flag.startswith("--threads")] == ["--threads=3"]


def test_a_run_without_a_name_gets_one_that_every_start_has(planned):
    named = [flag for flag in flags(planned("--", "--model=parabola")) if flag.startswith("--run_name=parabola-20")]
    assert len(named) == 1


def test_a_restart_goes_on_also_with_what_was_to_be_a_new_run(planned):
    assert planned("--", "--resume=never", "--run_name=a").again == ("--resume=auto",)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--", "--modle=mlp"], "did you mean --model?"),
        (["--", "--d_step=0", "--g_step=0"], "one player at least"),
        (["--", "--dry_run"], "--dry_run is for python -m gan_lowlevel.main"),
        (["--", "--model=parabola", "--live"], "--live is for python -m gan_lowlevel.main"),
        (["--", "--run_name=.."], "--run_name wants"),
        (["--", "--", "--model=mlp"], "leave the -- out"),
        (["--workers=2", "--model=mlp"], "unknown flag --model"),
        (["--workers=2", "--model=mlp"], "come after a bare --"),
        (["--workers=-1"], "a whole number from 0"),
        (["--gpus=0"], "python -m gan_lowlevel.doctor"),
        (["--gpus=all"], "python -m gan_lowlevel.doctor"),
    ],
)
def test_a_wrong_command_is_refused_in_a_sentence(argv, said, nvidia_smi):
    nvidia_smi("#!/bin/sh\nexit 9\n")  # as without a driver
    with pytest.raises(Failure) as failure:
        launch.plan(launch.read(argv))
    assert failure.value.code == Exit.FLAGS
    assert said in str(failure.value)


def test_settings_of_another_run_are_refused_once_by_the_launcher(planned, tmp_path):
    run = runs.Run(tmp_path / "logs" / "a")
    run.directory.mkdir(parents=True)
    run.flags.write_text(launch.read_config(["--model=parabola"]).flagfile())
    with pytest.raises(Failure, match="batch_size was 64, this command says 3"):
        planned("--", "--model=parabola", "--run_name=a", "--batch_size=3")


def test_more_workers_than_memory_holds_are_refused(planned, monkeypatch):
    monkeypatch.setattr(launch.system, "memory", lambda: 3 * 2**30)  # four of LEAST, 0.75 GiB each
    assert len(planned("--workers=4").environments) == 4
    with pytest.raises(
        Failure, match="5 workers want 4 GiB at least, and this machine has 3: give a smaller"
    ) as caught:
        planned("--workers=5")
    assert caught.value.code == Exit.FLAGS


def test_a_worker_of_a_gpu_trains_on_it_or_says_so(planned, nvidia_smi):
    nvidia_smi(TWO_CARDS)
    assert "--device=gpu" in planned("--gpus=all").command
    assert "--device=gpu" not in planned("--workers=2").command


def test_without_nvidia_smi_there_are_no_gpus(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Failure, match="nvidia-smi -L lists none here"):
        launch.assigned_gpus("all")


@pytest.mark.parametrize(("argv", "gpus"), [(["--gpus=all"], "01"), (["--gpus=1"], "1"), (["--gpus=1,0"], "10")])
def test_a_worker_for_each_gpu_which_sees_no_other(planned, nvidia_smi, argv, gpus):
    nvidia_smi(TWO_CARDS)
    visible = [{"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": gpu} for gpu in gpus]
    assert planned(*argv).environments == visible
    assert planned(*argv, f"--workers={len(gpus)}").environments == visible


def test_all_are_those_that_the_user_may_have(planned, nvidia_smi, monkeypatch):
    nvidia_smi(TWO_CARDS)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert [row["CUDA_VISIBLE_DEVICES"] for row in planned("--gpus=all").environments] == ["1"]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--gpus=0,2"], "--gpus wants all, or some of 0,1, each once; got '0,2'"),
        (["--gpus=0,0"], "each once; got '0,0'"),
        (["--gpus=0,"], "each once; got '0,'"),
        (["--gpus=all", "--workers=3"], "--gpus=all is 2; this command says --workers=3"),
    ],
)
def test_gpus_that_are_not_there_or_not_as_many(planned, nvidia_smi, argv, said):
    nvidia_smi(TWO_CARDS)
    with pytest.raises(Failure) as failure:
        planned(*argv)
    assert failure.value.code == Exit.FLAGS
    assert said in str(failure.value)


def test_help_and_a_mistake_answer_at_once(tmp_path):
    helped, wrong = commands.several(
        [["launch", "--help"], ["launch", "--workers=2", "--", "--model=none", f"--logdir={tmp_path / 'logs'}"]],
        env=commands.environment(),
        cwd=commands.ROOT,
    )
    code, out, err, _ = helped
    assert (code, err) == (Exit.DONE, "")
    assert [line.strip() for line in out.splitlines() if line.startswith("  --")] == [
        "--workers", "--gpus", "--max_restarts"
    ]  # fmt: skip
    assert "python -m gan_lowlevel.main --help" in out
    code, out, err, _ = wrong
    assert (code, out) == (Exit.FLAGS, "")
    assert err.startswith("gan_lowlevel: ")
    assert err.count("\n") == 1
    assert not pathlib.Path(tmp_path / "logs").exists()


def workers_of(launcher) -> list[int]:
    """The numbers of the processes that a launcher has started and that live."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            found += [int(path.parent.name)] * (int(parent) == launcher.pid and state != "Z")
    return sorted(found)


@pytest.mark.torture
@pytest.mark.skipif(sys.platform != "linux", reason="workers are found in /proc")
@pytest.mark.parametrize(("workers", "killed"), [(2, 0), (2, 1)])
def test_a_run_whose_workers_are_killed_ends_as_if_undisturbed(tmp_path, workers, killed):
    def start(name: str):
        flags = ("--model=parabola", "--engine=explicit", "--max_steps=600", "--save_every=100", f"--run_name={name}")
        own = (f"--workers={workers}", "--", f"--logdir={tmp_path}", "--threads=1")
        return commands.start("launch", *own, *flags, cache=tmp_path / "cache")

    code, out, err = commands.finish(start("undisturbed"))
    assert (code, err) == (Exit.DONE, ""), out
    launcher, run = start("killed"), tmp_path / "killed"
    for saved in (100, 300):
        assert commands.wait(launcher, (run / "checkpoints" / f"ckpt-{saved:09d}").exists)
        os.kill(workers_of(launcher)[killed], signal.SIGKILL)
        commands.wait(launcher, lambda: len(workers_of(launcher)) < workers)
    code, out, err = commands.finish(launcher)
    assert code == Exit.DONE, err
    assert all(f"[{1 - killed}] gan_lowlevel: another of the 2 workers is lost" in line for line in err.splitlines())
    assert out.count("; starting all again, restart 1 of 3") == 2  # it had saved in between
    assert out.count(f"worker {killed} was killed by SIGKILL") == 2
    training.assert_as_undisturbed(run, tmp_path / "undisturbed", 600)
