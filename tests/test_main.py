"""The main command as a user gives it: a process of its own, real digits, from its first line to what it leaves."""

import json
import signal
import subprocess

import pytest
import tensorflow as tf
from PIL import Image

from gan_lowlevel import command, main, system
from gan_lowlevel.commandline import read_config
from gan_lowlevel.errors import Exit, Failure
from tests.torture import training
from tests.torture.commands import finish
from tests.torture.training import digest, rows, tree

QUICK = ("--batch_size=16", "--threads=1", "--summary_every=5", "--sample_every=10", "--save_every=10")


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """Starts `python -m gan_lowlevel.main` with a log directory and a cache of this file's own."""
    base = tmp_path_factory.mktemp("main")

    def start(*flags: str, **options) -> subprocess.Popen:
        return training.start(base, *flags, **options)

    start.logs = base / "logs"
    return start


@pytest.fixture(scope="module")
def undisturbed(start):
    """A run of 40 steps that nothing disturbs, and what it printed."""
    code, out, err = finish(start("--run_name=undisturbed", "--max_steps=40", *QUICK))
    assert code == Exit.DONE, err
    return start.logs / "undisturbed", out, err


def test_the_console_tells_a_newcomer_what_runs_what_was_left_and_what_to_type_next(undisturbed):
    run, out, err = undisturbed
    assert err == ""  # no warning, no chatter of TensorFlow
    for fact in (
        f"TensorFlow {tf.__version__}",
        "G 114,064",
        "D 100,609",
        "4,500 real MNIST digits",
        "--input_data_dir=DIR",  # how to get all of MNIST
        "40 steps",
        "device   CPU, 1 CPU threads",
        str(run),
        "-1.3863",  # the ideal V, 2 log 1/2
        "0.6931",  # the ideal non-saturating G loss, -log 1/2
        "samples/step_00000040.png",
        "tensorboard --logdir=",
        f"python -m gan_lowlevel.generate --run={run}",
        "--run_name=undisturbed --max_steps=80",
    ):
        assert fact in out, fact


def test_a_run_leaves_what_it_says(undisturbed):
    run, _, _ = undisturbed
    assert sorted(path.name for path in (run / "samples").iterdir()) == [
        f"step_{step:08d}.png" for step in (0, 10, 20, 30, 40)
    ]
    with Image.open(run / "samples" / "step_00000040.png") as grid:
        assert grid.size == (8 * 28 + 7, 8 * 28 + 7)  # 64 digits and a line of one pixel between them
    with Image.open(run / "samples.gif") as gif:
        assert gif.n_frames == 5
    with Image.open(run / "losses.png") as curves:
        assert curves.format == "PNG"
    assert [row["step"] for row in rows(run)] == [str(step) for step in range(5, 41, 5)]
    assert all(float(row["D_loss"]) == -float(row["value/V"]) for row in rows(run))
    assert len(list(run.glob("events.out.tfevents.*"))) == 1
    reader = tf.train.load_checkpoint(str(run / "checkpoints"))  # TensorFlow's own reader finds the newest
    assert reader.get_tensor("global_step") == 40
    assert reader.get_variable_to_shape_map()["generator/dense_2/weights"] == [128, 784]
    flags = (run / "flags.txt").read_text().splitlines()
    assert "--batch_size=16" in flags
    assert not any(line.startswith(("--logdir", "--run_name", "--resume")) for line in flags)


def test_a_finished_run_says_so_and_changes_nothing(start, undisturbed):
    run, _, _ = undisturbed
    before = tree(run)
    code, out, err = finish(start("--run_name=undisturbed", "--max_steps=40", *QUICK))
    assert (code, err) == (Exit.DONE, "")
    assert "40 steps already" in out
    assert tree(run) == before


def test_its_flagfile_repeats_a_run_bit_for_bit(start, undisturbed):
    run, _, _ = undisturbed
    code, _, err = finish(start(f"--flagfile={run / 'flags.txt'}", "--run_name=repeated"))
    assert (code, err) == (Exit.DONE, "")
    assert digest(start.logs / "repeated", 40) == digest(run, 40)


def test_a_run_that_is_killed_ends_as_if_undisturbed(start, undisturbed):
    process = start("--run_name=killed", "--max_steps=40", "--line_every=1", *QUICK)
    for line in process.stdout:
        if line.startswith("step 17:") or ", step 17:" in line:  # 7 steps are lost and played again
            break
    process.kill()
    assert finish(process)[0] == -signal.SIGKILL
    code, out, err = finish(start("--run_name=killed", "--max_steps=40", "--line_every=1", *QUICK))
    assert (code, err) == (Exit.DONE, "")
    assert "goes on from its checkpoint at step " in out
    training.assert_as_undisturbed(start.logs / "killed", undisturbed[0], 40)


def test_a_signal_saves_first(start):
    process = start("--run_name=stopped", "--max_steps=1000000", "--line_every=1", "--engine=explicit", *QUICK)
    for line in process.stdout:
        if "step 13:" in line:
            break
    process.send_signal(signal.SIGTERM)
    returned, out, err = finish(process)
    assert (returned, err) == (Exit.TERMINATED, "")
    saved = int(out.rpartition("saved at step ")[2].split()[0].replace(",", ""))
    assert saved >= 13
    assert (start.logs / "stopped" / "checkpoints" / f"ckpt-{saved:09d}").is_dir()
    assert (start.logs / "stopped" / "losses.png").exists()


def test_a_compiled_run_goes_on_bit_for_bit_and_under_the_explicit_loop(start):
    for name, lengths in (("compiled", (20,)), ("compiled_cut", (7, 20))):
        for steps in lengths:
            flags = (f"--run_name={name}", "--engine=compiled", f"--max_steps={steps}", *QUICK)
            code, out, err = finish(start(*flags))
            assert (code, err) == (Exit.DONE, "")
            assert "engine   compiled" in out
    assert digest(start.logs / "compiled_cut", 20) == digest(start.logs / "compiled", 20)
    # What was decided when the run began stays, whatever length follows.
    code, out, err = finish(start("--run_name=compiled", "--max_steps=22", *QUICK))
    assert (code, err) == (Exit.DONE, "")
    assert "engine   compiled" in out
    code, out, err = finish(start("--run_name=compiled", "--engine=explicit", "--max_steps=30", *QUICK))
    assert (code, err) == (Exit.DONE, "")
    assert "goes on from its checkpoint at step 20" not in out
    assert "goes on from its checkpoint at step 22" in out
    assert "engine   explicit" in out
    assert "--engine=explicit\n" in (start.logs / "compiled" / "flags.txt").read_text()


def test_what_was_compiled_is_kept_for_the_next_start(start):
    def kept() -> dict[str, int]:
        folders = (start.logs.parent / "cache" / "gan_lowlevel").glob("xla-*")
        return {path.name: path.stat().st_mtime_ns for folder in folders for path in folder.glob("*.pb")}

    flags = (*QUICK, "--engine=compiled", "--max_steps=3", "--batch_size=7")  # as in no other test
    before = kept()
    assert finish(start("--run_name=compiles", *flags))[0] == Exit.DONE
    first = kept()
    assert first.keys() > before.keys()
    assert finish(start("--run_name=compiles_not", *flags))[0] == Exit.DONE
    assert kept() == first
    assert digest(start.logs / "compiles", 3) == digest(start.logs / "compiles_not", 3)


def test_other_settings_or_data_are_refused_with_what_differs(start, undisturbed):
    run, _, _ = undisturbed
    before = tree(run)
    code, out, err = finish(start("--run_name=undisturbed", "--max_steps=80", "--g_step=3", *QUICK))
    assert (code, out) == (Exit.FLAGS, "")
    assert "g_step was 2, this command says 3" in err
    manifest = run / "checkpoints" / "ckpt-000000040" / "manifest.json"
    original = manifest.read_text()
    other = json.loads(original)
    del other["sha256"]  # of the manifest itself, as in an earlier version's
    other["notes"]["data_sha256"] = "0" * 64
    manifest.write_text(json.dumps(other))
    code, _, err = finish(start("--run_name=undisturbed", "--max_steps=80", *QUICK))
    manifest.write_text(original)
    assert code == Exit.FLAGS
    assert "other data" in err
    assert tree(run) == before


def test_a_run_without_checkpoint_begins_at_step_0_and_says_so(start, undisturbed):
    run, _, _ = undisturbed
    begun = start.logs / "begun"
    begun.mkdir()
    (begun / "flags.txt").write_bytes((run / "flags.txt").read_bytes())
    code, out, _ = finish(start("--run_name=begun", "--max_steps=10", *QUICK))
    assert code == Exit.DONE
    assert "begins at step 0" in out
    assert (begun / "checkpoints" / "ckpt-000000010").is_dir()


def test_nan_stops_the_run_and_keeps_the_last_good_checkpoint(start):
    # Once D is sure, its probability rounds to 1 in float32 and the literal log(1 - D) is -inf.
    flags = ("--run_name=nan", "--log_form=literal", "--d_learning_rate=0.5", "--max_steps=1000", *QUICK)
    code, out, err = finish(start(*flags))
    assert code == Exit.NAN, out + err
    assert err.count("\n") == 1
    assert "log(1 - D(G(z))) is not finite" in err
    assert "--log_form=stable" in err
    stopped_at = int(err.split(" at step ")[1].split()[0].replace(",", ""))
    assert stopped_at > 20
    saved = sorted(path.name for path in (start.logs / "nan" / "checkpoints").glob("ckpt-*"))
    assert saved[-1] == f"ckpt-{(stopped_at - 1) // 10 * 10:09d}"  # --save_every=10


def test_a_run_in_use_is_refused_before_tensorflow_is_imported(start, undisturbed, tmp_path):
    run, _, _ = undisturbed
    (tmp_path / "tensorflow.py").write_text("raise SystemExit(99)\n")  # whoever imports it ends so
    flags = ("--run_name=undisturbed", "--max_steps=80", *QUICK)
    with system.lock(run):
        code, out, err = finish(start(*flags, path=tmp_path))
        assert (code, out) == (Exit.IN_USE, "")
        assert "is in use by another process" in err
        assert finish(start(*flags, "--dry_run", path=tmp_path))[0] == 99  # a rehearsal disturbs nobody
    assert finish(start(*flags, path=tmp_path))[0] == 99


def test_device_gpu_without_a_gpu_is_refused_and_makes_no_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(command, "start_tensorflow", lambda: None)  # it turns eager mode off for all other tests
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: [])
    flags = ("--model=parabola", "--engine=explicit", f"--logdir={tmp_path / 'logs'}", "--run_name=on_gpu")
    with pytest.raises(Failure, match="--device=gpu wants a GPU") as caught:
        main.main(read_config([*flags, "--device=gpu"]))
    assert caught.value.code == Exit.FLAGS
    assert not (tmp_path / "logs").exists()


def test_the_embedded_digits_own_length_is_said_in_a_line(start):
    code, out, _ = finish(start("--dry_run"))
    assert code == Exit.DONE
    assert "length   10,000 steps, the recipe's own for the embedded digits" in out


def test_dry_run_prints_plan_and_tables_and_writes_nothing(start):
    before = tree(start.logs)
    code, out, err = finish(start("--dry_run", "--run_name=dry", "--epochs=2"))
    assert (code, err) == (Exit.DONE, "")
    assert "36 steps" in out  # 2 epochs of 4,500 rows in batches of 256: 9,000/256 = 35.2, rounded up
    assert "100,480" in out  # D's first layer: 784 x 128 + 128
    assert "--d_learning_rate=0.001" in out
    assert tree(start.logs) == before
    assert not (start.logs / "dry").exists()
