"""The doctor: one block, each check by itself, problems with what to do, no word of the user, nothing left behind."""

import errno
import os
import pathlib
import runpy
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from gan_lowlevel import checkups, command, config, doctor, sessions, system, trials
from gan_lowlevel.checkups import Finding
from gan_lowlevel.doctor import DoctorConfig
from gan_lowlevel.errors import Exit, Failure

pytestmark = pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
ROOT = pathlib.Path(__file__).parent.parent
WELL = Finding([("all", "well")], [])


@pytest.fixture(autouse=True)
def _apart(monkeypatch, tmp_path):
    monkeypatch.setattr(command, "start_tensorflow", lambda: None)  # it turns eager mode off for all other tests
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def quick(monkeypatch):
    """Without what takes seconds."""
    for name in ("tensorboard", "xla", "training"):
        monkeypatch.setattr(checkups, name, lambda: WELL)


@pytest.fixture
def ends(monkeypatch, capsys):
    """Run the command as `python -m` does: its exit code, standard output and standard error."""

    def run(*argv: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["doctor", *argv])
        with pytest.raises(SystemExit) as ended:
            runpy.run_module("gan_lowlevel.doctor", run_name="__main__")
        return ended.value.code, *capsys.readouterr()

    return run


def titles(config: DoctorConfig) -> list[str]:
    return [check.title for check in doctor.checks(config)]


def tree(folder: pathlib.Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


# The block


def test_a_well_machine_has_one_block_and_exit_code_0_and_keeps_no_trace(ends, monkeypatch, tmp_path):
    home = tmp_path / "home" / "ada"
    home.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LOGNAME", "ada")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setattr(trials, "GAMES", trials.GAMES[:1])
    (home / "cache" / "gan_lowlevel" / "xla-1").mkdir(parents=True)
    (home / "cache" / "gan_lowlevel" / "xla-1" / "a.pb").write_bytes(bytes(2048))
    before = tree(tmp_path)
    code, out, err = ends(f"--logdir={home}/logs")
    assert (code, err) == (Exit.DONE, ""), out
    assert tree(tmp_path) == before
    lines = out.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == [*titles(DoctorConfig()), "problems: none"]
    for fact in (
        f"tensorflow    {tf.__version__}",
        f"numpy         {np.__version__}",
        f"{system.cores()} of ",
        "~/logs: ",
        "~/cache/gan_lowlevel: ",
        "MB/s written and flushed",
        "compiled by XLA  1 files, 2 KiB",
        "starts   yes, 2.",
        "seen by TensorFlow",
        "compiles  yes",
        "parabola, float32, cpu, explicit  ",
        "parabola, float32, cpu, compiled  ",
        "apart (1e-04 is well)",
    ):
        assert fact in out, fact
    assert "ada" not in out
    assert str(tmp_path / "home") not in out


def test_out_is_the_block_too_and_a_folder_there_is_refused(quick, ends, tmp_path):
    code, out, _ = ends("--out=block.txt")
    assert (tmp_path / "block.txt").read_text() == out
    code, out, err = ends(f"--out={tmp_path}")
    assert (code, out) == (Exit.FLAGS, "")
    assert "--out wants a file" in err


def test_home_and_user_are_replaced_and_their_likes_are_not(monkeypatch):
    monkeypatch.setenv("HOME", "/home/an")
    monkeypatch.setenv("LOGNAME", "an")
    assert doctor.anonymous("/home/an/logs and '/home/an': an /home/anna") == "~/logs and '~': an /home/anna"
    assert doctor.anonymous("/data/an/logs, /data/an") == "/data/USER/logs, /data/USER"
    monkeypatch.setenv("HOME", "/")  # a container's
    assert doctor.anonymous("/logs") == "/logs"


# Each by itself


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("boom\nmore"), "failed:  RuntimeError: boom more"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
        (Failure(Exit.DATA, "a sentence."), "failed:  a sentence."),
    ],
)
def test_a_check_that_fails_ends_no_other_and_shows_no_traceback(error, said, quick, ends, monkeypatch):
    def fails() -> Finding:
        raise error

    monkeypatch.setattr(checkups, "machine", fails)
    code, out, err = ends()
    assert (code, err) == (Exit.FLAGS, "")
    assert said in out
    assert "Traceback" not in out
    shown = [line for line in out.splitlines() if not line.startswith(" ")]
    assert shown == [*titles(DoctorConfig()), "problems"]
    assert out.splitlines()[-1].startswith("  - ")


def test_without_tensorflow_the_rest_is_told(quick, ends, monkeypatch):
    def missing() -> None:
        raise ImportError("no module")

    monkeypatch.setattr(command, "start_tensorflow", missing)
    code, out, err = ends()
    assert (code, err) == (Exit.FLAGS, "")
    assert "looking at TensorFlow failed (ImportError: no module)" in out
    assert out.count("not looked at without TensorFlow") == 3
    assert "cores" in out


# Problems, each with what to do


def test_a_disk_that_is_full_or_read_only_is_a_problem(monkeypatch, tmp_path):
    assert checkups.disk({"runs": tmp_path / "a" / "b"}).problems == []
    assert not (tmp_path / "a").exists()
    with monkeypatch.context() as patch:
        usage = checkups.shutil.disk_usage(tmp_path)
        patch.setattr(checkups.shutil, "disk_usage", lambda path: usage._replace(free=5 * 2**20))
        (problem,) = checkups.disk({"runs": tmp_path}).problems
        assert "for runs, has 5 MiB free" in problem
        assert "make room" in problem

    def refused(**options):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(checkups.tempfile, "TemporaryFile", refused)
    (problem,) = checkups.disk({"runs": tmp_path}).problems
    assert "can't be written (Read-only file system)" in problem


def test_a_cache_that_is_anothers_is_a_problem(monkeypatch):
    def anothers(make: bool):
        raise PermissionError(errno.EPERM, "the cache folder is another user's", "/cache")

    monkeypatch.setattr(system, "cache_directory", anothers)
    (problem,) = checkups.caches().problems
    assert "XDG_CACHE_HOME" in problem


def test_a_package_that_is_missing_is_a_problem(monkeypatch):
    monkeypatch.setattr(checkups, "PACKAGES", ("numpy", "gan-lowlevel-nothing"))
    found = checkups.versions()
    assert ("numpy", np.__version__) in found.facts
    assert found.problems == ["gan-lowlevel-nothing is not installed: pip install -r requirements.txt."]


def test_little_memory_and_a_processor_without_avx_are_problems(monkeypatch):
    assert checkups.machine().problems == []
    monkeypatch.setattr(checkups, "_container_memory", lambda: 2**29)
    monkeypatch.setattr(checkups, "_processor", lambda: ("Old", {"sse"}))
    monkeypatch.setattr(checkups.platform, "machine", lambda: "x86_64")
    found = checkups.machine()
    assert ("container", "at most 512 MiB") in found.facts
    assert [("AVX" in problem, "512 MiB of memory" in problem) for problem in found.problems] == [
        (True, False), (False, True)
    ]  # fmt: skip


def test_tensorboard_that_is_missing_or_does_not_start_is_a_problem(monkeypatch):
    ended = subprocess.CompletedProcess([], 1, stdout="", stderr="warning\nModuleNotFoundError: pkg_resources\n")
    monkeypatch.setattr(checkups.subprocess, "run", lambda *command, **options: ended)
    (problem,) = checkups.tensorboard().problems
    assert "ModuleNotFoundError: pkg_resources" in problem
    assert "pip install --upgrade" in problem
    monkeypatch.setattr(checkups.importlib.util, "find_spec", lambda name: None)
    assert "pip install" in checkups.tensorboard().problems[0]


def test_data_are_looked_at_and_not_changed(tmp_path):
    (tmp_path / "photos").mkdir()
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "photos" / "a.png")
    (tmp_path / "photos" / "b.jpg").write_bytes(b"none")
    before = tree(tmp_path)
    found = checkups.data(str(tmp_path / "photos"))
    assert found.facts == [(str(tmp_path / "photos"), "2 photographs, 1 of 2 tried decode")]
    assert "b.jpg does not decode" in found.problems[0]
    assert "no folder" in checkups.data(str(tmp_path / "nowhere")).problems[0]
    (tmp_path / "empty").mkdir()
    with pytest.raises(Failure, match="lacks") as caught:  # and downloads nothing
        checkups.data(str(tmp_path / "empty"))
    assert caught.value.code == Exit.DATA
    assert tree(tmp_path) == before | {"empty"}


@pytest.fixture
def gpu(monkeypatch):
    """Have TensorFlow say that it sees one, with nothing behind it: what is put there runs on the CPU."""
    one = tf.config.PhysicalDevice("/physical_device:GPU:0", "GPU")
    details = {"device_name": "NVIDIA T4", "compute_capability": (7, 5)}
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: [one])
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda device: details)


def test_a_gpu_is_named(gpu):
    found = checkups.devices()
    assert ("GPUs", "1 seen by TensorFlow") in found.facts
    assert ("GPU:0", "NVIDIA T4, compute capability 7.5") in found.facts
    assert found.problems == []


def test_a_driver_whose_gpu_tensorflow_does_not_see_is_a_problem(monkeypatch, tmp_path):
    (tmp_path / "version").write_text("NVRM version: NVIDIA Kernel Module  550.54\nGCC\n")
    monkeypatch.setattr(checkups, "NVIDIA", (str(tmp_path / "version"),))
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: [])
    found = checkups.devices()
    assert ("driver", "NVIDIA Kernel Module  550.54") in found.facts
    assert config.GPU_INSTALL in found.problems[0]


def test_xla_that_does_not_compile_is_a_problem(monkeypatch):
    def refused(threads: int):
        raise tf.errors.InternalError(None, None, "no kernel image\nmore")

    monkeypatch.setattr(sessions, "session_config", refused)
    found = checkups.xla()
    assert found.facts == [("compiles", "no: no kernel image")]
    assert "--engine=explicit" in found.problems[0]


# Twenty steps


def weights(by: float) -> trials.Played:
    return trials.Played(7.0, {"w": np.zeros(3)}, {"w": np.array([0.0, 0.02, 0.02 + by], np.float32)})


def test_who_ends_elsewhere_or_not_at_all_is_a_problem_and_the_others_are_told(gpu, monkeypatch):
    ends = {
        ("cpu", "explicit"): weights(0.0),
        ("cpu", "compiled"): weights(2 * trials.ENGINES_APART),
        ("gpu", "explicit"): weights(trials.DEVICES_APART / 2),
        ("gpu", "compiled"): weights(float("nan")),
    }

    def play(model, precision, device, engine):
        if (model, device, engine) == ("mlp", "gpu", "explicit"):
            raise tf.errors.InternalError(None, None, "out of order\nmore")
        return ends[device, engine]

    monkeypatch.setattr(trials, "play", play)
    monkeypatch.setattr(trials, "GAMES", (("parabola", "float32"), ("mlp", "float32")))
    lines, problems = trials.trials()
    assert [name for name, _ in lines] == [
        f"{model}, float32, {device}, {engine}"
        for model in ("parabola", "mlp")
        for device in ("cpu", "gpu")
        for engine in ("explicit", "compiled")
    ]
    assert dict(lines)["parabola, float32, gpu, explicit"] == "7 steps/s, 5e-04 apart (1e-03 is well)"
    assert dict(lines)["mlp, float32, gpu, explicit"] == "failed: out of order"
    assert [problem.partition(" ends")[0].partition(" can't")[0] for problem in problems] == [
        "parabola, float32, cpu, compiled",
        "parabola, float32, gpu, compiled",
        "mlp, float32, cpu, compiled",
        "mlp, float32, gpu, explicit",
        "mlp, float32, gpu, compiled",
    ]


def test_who_learns_nothing_is_a_problem(monkeypatch):
    still = weights(0.0)._replace(first=weights(0.0).last)
    monkeypatch.setattr(trials, "play", lambda *what: still._replace(rate=1.0))
    assert [problem.partition(" learns")[0] for problem in trials.trials()[1]] == [
        "parabola, float32, cpu, explicit",
        "mlp, float32, cpu, explicit",
    ]


@pytest.mark.slow
def test_the_whole_of_it_as_a_user_gives_it(tmp_path):
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    ended = subprocess.run(
        [sys.executable, "-m", "gan_lowlevel.doctor"], cwd=tmp_path, env=environment, capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (Exit.DONE, ""), ended.stdout
    assert len(ended.stdout.split(" apart (")) == 1 + 4  # both games' compiled lines, and bfloat16 under both engines
    assert list(tmp_path.iterdir()) == []
