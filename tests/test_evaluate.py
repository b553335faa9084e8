"""The evaluate command on short runs: what it prints and leaves, over checkpoints, and every way to be refused."""

import json
import os
import pathlib
import runpy
import shutil
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from gan_lowlevel import command, data, evaluate, evaluations, networks, runs, train
from gan_lowlevel.commandline import read_config
from gan_lowlevel.data import embedded, mnist
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.evaluate import EvaluateConfig
from gan_lowlevel.measures import MEASURES
from gan_lowlevel.metrics.parzen import parzen
from gan_lowlevel.sampler import Sampler

pytestmark = pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")

DIGITS = ["parzen", "frechet", "precision", "recall", "density", "coverage", "classifier_score", "class_kl", "classes",
          "memorised"]  # fmt: skip
PHOTOGRAPHS = ["frechet", "precision", "recall", "density", "coverage", "memorised"]
POINTS = ["error", "near", "energy", "bins"]


def digits_npz(path: pathlib.Path, **without: None) -> pathlib.Path:
    """Every fourth of the embedded digits, named as Keras names MNIST's."""
    some = slice(None, None, 4)
    digits = embedded.load()
    named = {"x_train": digits.images, "y_train": digits.labels, "x_test": digits.held_out_images,
             "y_test": digits.held_out_labels}  # fmt: skip
    np.savez(path, **{name: rows[some] for name, rows in named.items() if name not in without})
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> pathlib.Path:
    """Runs of mlp on the embedded digits and an .npz, of parabola and of dcgan on photographs: four steps, all kept."""
    logdir, photos = tmp_path_factory.mktemp("logs"), tmp_path_factory.mktemp("photos")
    npz = digits_npz(photos / "not one of the photographs.npz")
    for i, pixels in enumerate(np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), np.uint8)):
        Image.fromarray(pixels).save(photos / f"{i}.png")
    colours = ("--model=dcgan", "--dataset=photos", f"--input_data_dir={photos}", "--image_size=32", "--channels=3")
    games = {
        "mlp": ("--model=mlp",),
        "array": (f"--input_data_dir={npz}",),
        "parabola": ("--model=parabola",),
        "photos": colours,
    }
    for name, argv in games.items():
        every = ("--max_steps=4", "--batch_size=4", "--save_every=2", "--sample_every=0", "--threads=2")
        config = read_config([*argv, *every, f"--logdir={logdir}", f"--run_name={name}"])
        data_set = data.load(config)
        game = networks.GAMES[config.model](config)
        rows = data.rows(data_set, config, game.output_range, game.data_shape)
        run = runs.locate(config)
        with runs.claimed(run):
            assert train.train(train.resolve(config, rows), game, data_set, rows, run) == Exit.DONE
    return logdir


@pytest.fixture(autouse=True)
def _apart(monkeypatch, tmp_path):
    monkeypatch.setattr(command, "start_tensorflow", lambda: None)  # it turns eager mode off for all other tests
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def logs(trained, tmp_path) -> pathlib.Path:
    """The runs, to be written into."""
    return shutil.copytree(trained, tmp_path / "logs")


@pytest.fixture
def ends(monkeypatch, capsys):
    """Run the command as `python -m` does: its exit code, standard output and standard error."""

    def run(*argv: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["evaluate", *argv])
        with pytest.raises(SystemExit) as ended:
            runpy.run_module("gan_lowlevel.evaluate", run_name="__main__")
        return ended.value.code, *capsys.readouterr()

    return run


def left(run: pathlib.Path) -> dict[str, dict]:
    def refuse(literal):
        raise AssertionError(f"{literal} is no JSON")

    return json.loads((run / "evaluation.json").read_text(), parse_constant=refuse)


def points(run: pathlib.Path, measure: str) -> list[tuple[int, float]]:
    accumulator = EventAccumulator(str(run / "evaluation"))
    accumulator.Reload()
    return [(e.step, e.tensor_proto.float_val[0]) for e in accumulator.Tensors(f"evaluation/{measure}")]


# What is left


def test_into_a_folder_that_a_run_names_nothing_is_downloaded(logs, tmp_path, ends, monkeypatch):
    (tmp_path / "empty").mkdir()
    flags = logs / "mlp" / "flags.txt"
    flags.write_text(flags.read_text().replace("--input_data_dir=\n", f"--input_data_dir={tmp_path / 'empty'}\n"))
    monkeypatch.setattr(mnist, "fetch", None)
    code, _, err = ends(f"--run={logs / 'mlp'}")
    assert code == 3
    assert "nothing may be downloaded into it" in err


@pytest.mark.parametrize(("name", "measures", "n"), [("mlp", DIGITS, 60), ("parabola", POINTS, 60)])
def test_a_table_a_file_and_a_point_on_each_curve(logs, capsys, name, measures, n):
    assert evaluate.main(EvaluateConfig(run=str(logs / name), count=60, seed=5)) == Exit.DONE
    found = left(logs / name)
    assert list(found) == measures
    for measure, figure in found.items():
        assert list(figure) == ["value", "stderr", "real", "noise", "n", "seed", "step"], measure
        assert (figure["n"], figure["seed"], figure["step"]) == (n, 5, 4), measure
        assert None not in (figure["value"], figure["real"], figure["noise"]), measure
        assert points(logs / name, measure) == [(4, pytest.approx(figure["value"], rel=1e-6))]
    out, err = capsys.readouterr()
    lines = out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("measure")) + 2
    assert [line.split()[0] for line in lines[start : start + len(measures)]] == measures
    for line, measure in zip(lines[start:], measures, strict=False):
        assert line.endswith(MEASURES[measure].better)
    assert err == ""


def test_real_digits_are_good_and_noise_is_not(logs):
    evaluate.main(EvaluateConfig(run=str(logs / "mlp"), count=400))
    found = left(logs / "mlp")
    real = {name: figure["real"] for name, figure in found.items()}
    noise = {name: figure["noise"] for name, figure in found.items()}
    for name in ("parzen", "precision", "recall", "coverage", "classifier_score", "classes"):
        assert real[name] > noise[name], name
    for name in ("frechet", "class_kl"):
        assert real[name] < noise[name], name
    assert real["classes"] == 10
    assert real["memorised"] == pytest.approx(1, abs=0.1)
    assert noise["memorised"] > 2
    assert found["parzen"]["value"] < real["parzen"]  # four steps make no digits


def test_parzen_is_that_of_the_same_samples_and_rows(logs):
    evaluate.main(EvaluateConfig(run=str(logs / "mlp"), count=30, seed=3))
    run = runs.Run(logs / "mlp")
    settings = runs.read_settings(run)
    with Sampler(run, settings, networks.GAMES["mlp"](settings)) as sampler:
        samples = sampler.samples(list(range(3, 33)))
    digits = data.load(settings)
    test = digits.held_out_images.reshape(500, 784) / np.float32(255)
    order = data.batches.permutation(0, 0, 4_500)
    validation = digits.images[order[-450:]].reshape(450, 784) / np.float32(255)
    expected = parzen(samples, validation, test)
    found = left(logs / "mlp")["parzen"]
    assert (found["value"], found["stderr"]) == (
        pytest.approx(expected.mean, abs=1e-3), pytest.approx(expected.stderr, abs=1e-3)
    )  # fmt: skip


def test_photographs(logs, capsys):
    assert evaluate.main(EvaluateConfig(run=str(logs / "photos"), count=1000)) == Exit.DONE
    found = left(logs / "photos")
    assert list(found) == PHOTOGRAPHS
    assert {figure["n"] for figure in found.values()} == {20}  # half of the 40
    out = capsys.readouterr().out
    assert "no learned features are used" in out
    assert "20 of the run's own training photographs" in out


def test_a_run_on_an_array_of_labelled_digits_is_measured_as_digits(logs, capsys):
    assert evaluate.main(EvaluateConfig(run=str(logs / "array"), count=30)) == Exit.DONE
    assert list(left(logs / "array")) == DIGITS
    out = capsys.readouterr().out
    assert "1,125 pictures 28x28x1 of uint8 from the array x_train of" in out
    assert "125 digits for parzen, 62 of them for the rest" in out  # 500 / 4, of which 63 are for curves
    settings = runs.read_settings(runs.Run(logs / "array"))
    same = [f"--input_data_dir={settings.input_data_dir}", "--batch_size=4", f"--logdir={logs}", "--run_name=array"]
    runs.locate(read_config([*same, "--max_steps=5"]))  # the same command, which names no data set, goes on
    with pytest.raises(Failure, match="dataset was array, this command says mnist"):
        runs.locate(read_config([same[0][:-4], *same[1:], "--max_steps=5"]))  # a new folder


@pytest.mark.parametrize(("without", "measures"), [({}, DIGITS), ({"y_train": None}, PHOTOGRAPHS)])
def test_other_data_may_be_an_array(logs, tmp_path, capsys, without, measures):
    path = digits_npz(tmp_path / "other.npz", **without)
    assert evaluate.main(EvaluateConfig(run=str(logs / "mlp"), input_data_dir=str(path), count=30)) == Exit.DONE
    assert list(left(logs / "mlp")) == [name for name in measures if name != "memorised"]
    assert "these are not the data that the run trained on" in capsys.readouterr().out


def test_an_array_is_brought_to_the_shape_of_the_runs_pictures(logs, tmp_path):
    path = digits_npz(tmp_path / "other.npz", y_train=None)
    settings = evaluate.data_settings(runs.read_settings(runs.Run(logs / "photos")), str(path))
    assert (settings.dataset, settings.picture()) == ("array", (32, 32, 3))
    assert evaluate.load(settings)[0].images.shape == (1125, 32, 32, 3)


def test_all_checkpoints_are_a_curve_and_the_newest_is_in_the_file(logs, capsys):
    evaluate.main(EvaluateConfig(run=str(logs / "parabola"), count=50, checkpoint="2"))
    assert left(logs / "parabola")["energy"]["step"] == 2
    evaluate.main(EvaluateConfig(run=str(logs / "parabola"), count=60, checkpoint="all"))
    energy = points(logs / "parabola", "energy")
    assert [step for step, _ in energy] == [2, 4]
    assert left(logs / "parabola")["energy"]["step"] == 4
    evaluate.main(EvaluateConfig(run=str(logs / "parabola"), count=60, checkpoint="2"))  # again: replaced, not doubled
    assert points(logs / "parabola", "energy") == energy
    out = capsys.readouterr().out
    assert "1/2 step 2: error " in out
    assert "2/2 step 4: error " in out


def test_a_mean_over_checkpoints_has_figures_and_curves_of_its_own(logs, capsys):
    run = runs.Run(logs / "parabola")
    evaluate.main(EvaluateConfig(run=str(run.directory), count=60))
    before = left(run.directory)
    evaluate.main(EvaluateConfig(run=str(run.directory), count=60, checkpoint="all", average=2))
    of_mean = json.loads((run.directory / "evaluation_average_2.json").read_text())
    assert {figure["step"] for figure in of_mean.values()} == {4}
    assert of_mean["energy"]["value"] != before["energy"]["value"]
    assert of_mean["energy"]["real"] == before["energy"]["real"]
    assert left(run.directory) == before
    assert list(evaluations.curves(run, average=2)) == [4]  # of steps 2 and 4; 2 has none before it
    assert "G the mean of 2 checkpoints" in capsys.readouterr().out


def test_the_same_seed_is_the_same_figures(logs):
    found = []
    for seed in (1, 1, 2):
        evaluate.main(EvaluateConfig(run=str(logs / "parabola"), count=40, seed=seed))
        found.append({name: figure["value"] for name, figure in left(logs / "parabola").items()})
    assert found[0] == found[1] != found[2]


def test_all_passes_over_a_broken_checkpoint(logs, capsys):
    (logs / "parabola/checkpoints/ckpt-000000004/model.index").write_bytes(b"")
    evaluate.main(EvaluateConfig(run=str(logs / "parabola"), count=40, checkpoint="all"))
    assert left(logs / "parabola")["energy"]["step"] == 2
    assert "passed over: " in capsys.readouterr().out


# MNIST itself


@pytest.fixture
def digits(tmp_path) -> pathlib.Path:
    """A folder in MNIST's format: 100 training digits of the embedded ones, 60 for tests."""
    folder, of = tmp_path / "mnist", data.load(read_config([]))
    folder.mkdir()
    for images, labels, rows in (
        (mnist.TRAIN_IMAGES, mnist.TRAIN_LABELS, np.arange(0, 4_500, 45)),
        (mnist.TEST_IMAGES, mnist.TEST_LABELS, np.arange(7, 4_500, 75)),
    ):
        for name, magic, array in ((images, (2051, 28, 28), of.images[rows]), (labels, (2049,), of.labels[rows])):
            header = np.array([magic[0], len(rows), *magic[1:]], ">u4").tobytes()
            (folder / name.removesuffix(".gz")).write_bytes(header + array.tobytes())
    return folder


def test_other_digits_than_the_runs_say_nothing_of_its_memory(logs, digits, capsys):
    assert evaluate.main(EvaluateConfig(run=str(logs / "mlp"), count=40, input_data_dir=str(digits))) == Exit.DONE
    found = left(logs / "mlp")
    assert list(found) == DIGITS[:-1]
    assert found["frechet"]["n"] == 30  # the half of 60 test digits that no curve has seen
    out = capsys.readouterr().out
    assert "60 digits for parzen, 30 of them for the rest" in out
    assert "memorised is left out" in out


# How long


def test_debug_says_how_long_each_part_took(logs, capsys):
    evaluate.main(EvaluateConfig(run=str(logs / "parabola"), count=40, debug=True))
    err = capsys.readouterr().err
    for part in ("data", "samples", "error, near, energy, bins of noise"):
        assert f" s  {part}\n" in err


# Refusals


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        ([], 1, "--run is wanted"),
        (["--run=nowhere"], 1, "nowhere holds no run"),
        (["--run=LOGS/mlp", "--count=11"], 1, "--count=11"),
        (["--run=LOGS/mlp", "--checkpoint=last"], 1, "newest, all or the step of a checkpoint, got 'last'"),
        (["--run=LOGS/mlp", "--average=0"], 1, "--average=0"),
        (["--run=LOGS/mlp", "--average=3"], 1, "--average=3 wants 3 checkpoints up to step 4, "),
        (["--run=LOGS/mlp", "--average=3", "--checkpoint=all"], 1, "--average=3 wants 3 checkpoints up to step 4, "),
        (["--run=LOGS/mlp", "--checkpoint=3"], 1, "has no checkpoint of step 3: give one of 2, 4"),
        (["--run=LOGS/parabola", "--input_data_dir=x"], 1, "this one drew its data (parabola): leave it out"),
        (["--run=LOGS/mlp", "--input_data_dir=LOGS"], 3, "holds photographs, and --model=mlp trains on mnist"),
        (["--run=LOGS/gone"], 3, "the run trained on gone, which is not there"),
        (["--run=LOGS/empty"], 1, "has no checkpoint yet"),
        (["--run=LOGS/empty", "--checkpoint=all"], 1, "has no checkpoint yet"),
        (["--run=LOGS/broken"], 5, "none of the 1 checkpoints"),
        (["--run=LOGS/broken", "--checkpoint=4"], 5, "manifest.json can't be read"),
        (["--run=LOGS/broken", "--checkpoint=all"], 5, "manifest.json can't be read"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_leaves_nothing(ends, logs, argv, code, said):
    (logs / "empty").mkdir()
    (logs / "gone").mkdir()
    (logs / "broken/checkpoints/ckpt-000000004").mkdir(parents=True)
    shutil.copy(logs / "parabola/flags.txt", logs / "broken")
    shutil.copy(logs / "parabola/flags.txt", logs / "empty")
    (logs / "gone/flags.txt").write_text(read_config(["--input_data_dir=gone"]).flagfile())
    before = sorted(map(str, logs.rglob("*")))
    found, _, err = ends(*(argument.replace("LOGS", str(logs)) for argument in argv))
    assert (found, len(err.splitlines())) == (code, 1)
    assert said in err
    assert sorted(map(str, logs.rglob("*"))) == before
    assert os.listdir() == ["logs"]


@pytest.mark.parametrize("checkpoint", ["newest", "all"])
def test_device_gpu_without_a_gpu_is_said_and_not_passed_over(ends, logs, monkeypatch, checkpoint):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: [])
    code, _, err = ends(f"--run={logs / 'parabola'}", f"--checkpoint={checkpoint}", "--device=gpu")
    assert (code, len(err.splitlines())) == (Exit.FLAGS, 1)
    assert "--device=gpu wants a GPU" in err


def test_a_file_where_the_curves_go_is_said_before_anything_is_measured(ends, logs):
    (logs / "parabola/evaluation").write_text("a file")
    code, out, err = ends(f"--run={logs / 'parabola'}", "--count=40")
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert "move it away" in err
    assert not (logs / "parabola/evaluation.json").exists()


def test_where_the_disk_refuses(ends, logs):
    (logs / "parabola/evaluation.json").mkdir()  # no file can take its place
    code, _, err = ends(f"--run={logs / 'parabola'}", "--count=40")
    assert (code, len(err.splitlines())) == (6, 1)


def test_a_run_that_can_not_be_written_into_is_said_before_anything_is_measured(tmp_path, monkeypatch):
    run = tmp_path / "run"
    run.mkdir()
    (run / "flags.txt").write_text("--model=parabola\n")
    monkeypatch.setattr(evaluate.os, "access", lambda path, mode: False)
    monkeypatch.setattr(evaluate, "load", lambda of_data: pytest.fail("it read the data first"))
    with pytest.raises(Failure, match=r"evaluation\.json can't be written") as raised:
        evaluate.main(evaluate.EvaluateConfig(run=str(run)))
    assert raised.value.code == Exit.DISK
