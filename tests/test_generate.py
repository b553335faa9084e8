"""The generate command: what it leaves, byte for byte, which seeds it chooses, every way to be refused."""

import io
import os
import pathlib
import runpy
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import gan_lowlevel
from gan_lowlevel import command, data, generate, networks, pictures, plots, pretrained, runs, train
from gan_lowlevel import sampler as sampler_module
from gan_lowlevel.commandline import read_config
from gan_lowlevel.config import POINTS
from gan_lowlevel.data import parabola
from gan_lowlevel.data.dataset import Dataset
from gan_lowlevel.data.gaussian import Gaussian
from gan_lowlevel.data.mixture import Mixture
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.generate import GenerateConfig, nicest, wanted_seeds
from gan_lowlevel.sampler import Sampler

pytestmark = pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
PACKAGE = pathlib.Path(gan_lowlevel.__file__).parent


@pytest.fixture(scope="module")
def logs(tmp_path_factory) -> pathlib.Path:
    """Runs of mlp, dcgan and the games of points, two steps each, digits being random pictures."""
    logdir = tmp_path_factory.mktemp("logs")
    images, labels = np.random.default_rng(0).integers(0, 256, (8, 28, 28, 1), np.uint8), np.zeros(8, np.uint8)
    for model in ("mlp", "dcgan", "gaussian", "mixture", "parabola"):
        argv = [f"--model={model}", "--max_steps=2", "--batch_size=4", "--sample_every=0", "--threads=2"]
        argv.append("--save_every=1")
        config = read_config([*argv, f"--logdir={logdir}", f"--run_name={model}"])
        digits = Dataset(images, labels, images[:0], labels[:0], "random pictures")
        data_set = data.load(config) if model in POINTS else digits
        game = networks.GAMES[model](config)
        rows = data.rows(data_set, config, game.output_range, game.data_shape)
        run = runs.locate(config)
        with runs.claimed(run):
            assert train.train(train.resolve(config, rows), game, data_set, rows, run) == Exit.DONE
    return logdir


@pytest.fixture(autouse=True)
def _empty_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(command, "start_tensorflow", lambda: None)  # it turns eager mode off for all other tests
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def draw(logs):
    """Generate from the run of `model`, mlp where none is named."""

    def main(model: str = "mlp", **settings) -> None:
        assert generate.main(GenerateConfig(run=str(logs / model), **settings)) == Exit.DONE

    return main


@pytest.fixture
def ends(monkeypatch, capsys):
    """Run the command as `python -m` does: its exit code, standard output and standard error."""

    def run(*argv: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["generate", *argv])
        with pytest.raises(SystemExit) as ended:
            runpy.run_module("gan_lowlevel.generate", run_name="__main__")
        return ended.value.code, *capsys.readouterr()

    return run


def contents(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir()}


def arrays(folder: str) -> tuple[np.ndarray, np.ndarray]:
    with np.load(pathlib.Path(folder) / "samples.npz", allow_pickle=False) as file:
        assert set(file) == {"samples", "seeds"}
        return file["samples"], file["seeds"]


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


# What is left


def test_the_same_seeds_are_the_same_bytes_on_any_day(draw, logs, monkeypatch):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)  # which a quiet import sets
    draw(seeds="3,7", out="first")
    draw(seeds="3,7", out="second")
    assert contents("first") == contents("second")
    ended = subprocess.run(
        [sys.executable, "-m", "gan_lowlevel.generate", f"--run={logs / 'mlp'}", "--seeds=3,7", "--out=third"],
        env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")
    assert contents("first") == contents("third")
    assert "2 samples" in ended.stdout
    assert "after 2 steps" in ended.stdout


def test_a_run_of_a_gpu_is_drawn_elsewhere_by_device(draw, logs, monkeypatch, tmp_path):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: [])
    run = shutil.copytree(logs / "mlp", tmp_path / "mlp")
    flags = (run / "flags.txt").read_text()
    assert "--device=auto\n" in flags
    (run / "flags.txt").write_text(flags.replace("--device=auto", "--device=gpu"))
    with pytest.raises(Failure, match="--device=gpu wants a GPU") as caught:
        generate.main(GenerateConfig(run=str(run), seeds="3", out="refused"))
    assert caught.value.code == Exit.FLAGS
    assert not pathlib.Path("refused").exists()
    for device in ("auto", "cpu"):
        generate.main(GenerateConfig(run=str(run), seeds="3", out=device, device=device))
        draw(seeds="3", out="own", device=device)
        assert contents(device) == contents("own")


def test_samples_are_drawn_in_the_runs_own_precision(draw, logs, tmp_path):
    run = shutil.copytree(logs / "mlp", tmp_path / "mlp")
    flags = (run / "flags.txt").read_text()
    (run / "flags.txt").write_text(flags.replace("--precision=float32", "--precision=bfloat16"))
    generate.main(GenerateConfig(run=str(run), seeds="3", out="rounded"))
    draw(seeds="3", out="exact")
    # Of pixels in (0, 1); a sum of 128 products, whose factors are rounded by 2^-8 of themselves at the most.
    apart = np.abs(arrays("rounded")[0] - arrays("exact")[0])
    assert 2.0**-16 < apart.max() < 0.05


def test_the_checkpoint_that_is_asked_for(draw, capsys):
    draw(seeds="3", out="newest")
    draw(seeds="3", out="second", checkpoint="2")
    draw(seeds="3", out="first", checkpoint="1")
    assert contents("second") == contents("newest") != contents("first")
    assert "after 1 steps" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("model", "shape", "low"),
    [
        ("mlp", (784,), 0.0),
        ("dcgan", (28, 28, 1), -1.0),
        ("gaussian", (1,), -np.inf),
        ("mixture", (2,), -np.inf),
        ("parabola", (2,), -np.inf),
    ],
)
def test_arrays(draw, model, shape, low):
    draw(model, seeds="9,1,4,1", out="out", singles=False)
    samples, seeds = arrays("out")
    assert seeds.tolist() == [9, 1, 4, 1]
    assert seeds.dtype == np.int64
    assert samples.shape == (4, *shape)
    assert samples.dtype == np.float32
    assert low < samples.min() < samples.max()
    assert model in POINTS or samples.max() < 1.0
    assert samples[1].tobytes() == samples[3].tobytes()
    draw(model, seeds="0-9", out="all", singles=False)
    assert arrays("all")[0][[9, 1, 4, 1]].tobytes() == samples.tobytes()


@pytest.mark.parametrize(("model", "output_range"), [("mlp", (0.0, 1.0)), ("dcgan", (-1.0, 1.0))])
def test_pictures_show_the_samples_in_their_order(draw, model, output_range):
    draw(model, seeds="12,3,5", out="out")
    left = contents("out")
    assert set(left) == {"grid.png", "samples.npz", "seed_00000012.png", "seed_00000003.png", "seed_00000005.png"}
    images = pictures.to_uint8(arrays("out")[0].reshape(-1, 28, 28, 1), output_range)
    assert len(np.unique(images, axis=0)) == 3  # no two are alike
    assert len(np.unique(images)) > 2  # none is black or white
    for seed, image in zip((12, 3, 5), images, strict=True):
        assert np.array_equal(pixels(left[f"seed_{seed:08d}.png"]), image[:, :, 0])
    grid = pixels(left["grid.png"])
    assert grid.shape == (2 * 29 - 1, 2 * 29 - 1)
    for top, left_edge, image in ((0, 0, images[0]), (0, 29, images[1]), (29, 0, images[2])):
        assert np.array_equal(grid[top : top + 28, left_edge : left_edge + 28], image[:, :, 0])


def test_nosingles(draw):
    draw(seeds="0-3", out="out", singles=False)
    assert set(contents("out")) == {"grid.png", "samples.npz"}


def test_count_is_that_many_seeds_from_0(draw):
    draw(count=70, out="counted")
    draw(seeds="0-69", out="listed")
    assert contents("counted") == contents("listed")


def test_64_where_neither_is_said(draw):
    draw(out="out", singles=False)
    assert arrays("out")[1].tolist() == list(range(64))


def test_a_grid_of_1024(draw):
    draw(seeds="0-1023", out="out", singles=False)
    assert pixels(contents("out")["grid.png"]).shape == (32 * 29 - 1, 32 * 29 - 1)


def test_a_grid_ends_where_pictures_grow_too_large(draw, monkeypatch, capsys):
    monkeypatch.setattr(generate, "IN_GRID", 70)
    monkeypatch.setattr(sampler_module, "PART", 64)
    draw(count=150, out="out", singles=False)
    assert len(arrays("out")[0]) == 150
    assert pixels(contents("out")["grid.png"]).shape == (8 * 29 - 1, 9 * 29 - 1)  # 70 pictures in 9 columns
    assert "the first 70" in capsys.readouterr().out


def test_points_are_one_scatter(draw):
    draw("parabola", seeds="0-9", out="out")
    left = contents("out")
    assert set(left) == {"grid.png", "samples.npz"}
    expected = plots.scatter(parabola.points(0, 0, 10), arrays("out")[0], "after 2 steps: real red, generated blue")
    assert np.array_equal(pixels(left["grid.png"]), expected)


def test_points_of_a_mixture_are_one_scatter_of_its_own_plane(draw):
    draw("mixture", seeds="0-9", out="out")
    law = Mixture("ring")
    expected = plots.scatter(
        law.points(0, 0, 10), arrays("out")[0], "after 2 steps: real red, generated blue", (-1.5, 1.5)
    )
    assert np.array_equal(pixels(contents("out")["grid.png"]), expected)


def test_numbers_are_one_histogram(draw):
    draw("gaussian", seeds="0-9", out="out")
    assert set(contents("out")) == {"grid.png", "samples.npz"}
    x = np.linspace(0, 8, 401)
    expected = plots.histogram(
        arrays("out")[0][:, 0], x, Gaussian("normal").pdf(x), "after 2 steps: generated green, density dotted"
    )
    assert np.array_equal(pixels(contents("out")["grid.png"]), expected)


# The zip


def test_zip(draw):
    draw(seeds="8,2-4", zip="deep/images.zip")
    assert set(os.listdir()) == {"deep"}
    draw(seeds="8,2-4", out="out", zip="again.zip")  # both
    assert pathlib.Path("deep/images.zip").read_bytes() == pathlib.Path("again.zip").read_bytes()
    with zipfile.ZipFile("again.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"seed_{seed:08d}.png" for seed in (8, 2, 3, 4)]
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        inside = {name: archive.read(name) for name in archive.namelist()}
    assert inside.items() <= contents("out").items()
    assert set(contents("out")) - set(inside) == {"grid.png", "samples.npz"}


def test_a_zip_holds_a_seed_once(draw):
    draw(seeds="5,1,5", zip="images.zip")
    with zipfile.ZipFile("images.zip") as archive:
        assert archive.namelist() == ["seed_00000005.png", "seed_00000001.png"]


def test_pictures_are_written_part_by_part(draw, monkeypatch):
    monkeypatch.setattr(sampler_module, "PART", 64)
    parts, images = [], generate.images
    monkeypatch.setattr(generate, "images", lambda samples, game: parts.append(len(samples)) or images(samples, game))
    draw(count=200, zip="images.zip")
    assert parts == [64, 64, 64, 8]
    with zipfile.ZipFile("images.zip") as archive:
        assert archive.namelist() == [f"seed_{seed:08d}.png" for seed in range(200)]


@pytest.mark.parametrize("settings", [{"zip": "left/images.zip"}, {"out": "left", "singles": False}])
def test_what_breaks_off_leaves_the_old_files_and_no_others(draw, monkeypatch, settings):
    draw(count=3, **settings)
    before = contents("left")

    def breaks(samples, game):
        raise KeyboardInterrupt

    monkeypatch.setattr(generate, "images", breaks)
    with pytest.raises(KeyboardInterrupt):
        draw(count=4, **settings)
    assert contents("left") == before


# The nice ones


def test_nicest():
    seen = []

    def score_parts(seeds):
        seen.extend(seeds)
        scores = {21: 3.0, 22: 3.0, 0: -1.0, 1: -2.0, 2: -0.5, 15: 9.0}
        yield np.array([scores.get(seed, -5.0) for seed in seeds[:4]])
        yield np.array([scores.get(seed, -5.0) for seed in seeds[4:]])

    assert nicest([7, 0, 5, 3], 3, score_parts) == [21, 2, 15, 9]  # of equals the first
    assert seen == [21, 22, 23, 0, 1, 2, 15, 16, 17, 9, 10, 11]


@pytest.mark.parametrize("model", ["mlp", "dcgan", "mixture", "parabola"])
def test_nice_keeps_what_d_scores_highest(draw, logs, model):
    draw(model, seeds="3,0-9", nice=8, out="nice", singles=False)
    samples, seeds = arrays("nice")
    run = runs.Run(logs / model)
    settings = runs.read_settings(run).without_dropout()
    with Sampler(run, settings, networks.GAMES[model](settings)) as sampler:
        scores = np.concatenate(list(sampler.score_parts(list(range(80))))).reshape(10, 8)
        assert samples.tobytes() == sampler.samples(seeds.tolist()).tobytes()
    best = np.arange(10) * 8 + scores.argmax(axis=1)
    assert seeds.tolist() == [best[3], *best]
    assert (scores.argmax(axis=1) > 0).any()
    assert scores.max(axis=1).mean() > scores.mean()


def test_nice_pictures_bear_the_chosen_seeds(draw):
    draw(count=2, nice=50, out="nice", zip="nice.zip")
    chosen = arrays("nice")[1]
    names = [f"seed_{seed:08d}.png" for seed in chosen]
    assert set(contents("nice")) == {"grid.png", "samples.npz", *names}
    with zipfile.ZipFile("nice.zip") as archive:
        assert archive.namelist() == names
    draw(seeds=",".join(map(str, chosen)), out="plain")
    assert contents("plain") == contents("nice")


# What comes with the package


@pytest.mark.parametrize("model", ["mlp", "parabola"])
def test_the_packages_own_players_draw_before_any_training(model, capsys):
    assert generate.main(GenerateConfig(pretrained=model, seeds="3,7", out="out", singles=False)) == Exit.DONE
    own = pretrained.read(model)
    with Sampler(own, own.settings, networks.GAMES[model](own.settings)) as sampler:
        assert arrays("out")[0].tobytes() == sampler.samples([3, 7]).tobytes()
    assert f"2 samples of the package's {model} after {own.step:,} steps are in out" in capsys.readouterr().out
    assert set(contents("out")) == {"grid.png", "samples.npz"}


def test_the_nice_ones_of_the_package_and_a_zip_of_them():
    assert generate.main(GenerateConfig(pretrained="mlp", count=2, nice=8, zip="images.zip", out="out")) == Exit.DONE
    _, seeds = arrays("out")
    assert (seeds // 8).tolist() == [0, 1]
    own = pretrained.read("mlp")
    with Sampler(own, own.settings, networks.GAMES["mlp"](own.settings)) as sampler:
        scores = np.concatenate(list(sampler.score_parts(list(range(16))))).reshape(2, 8)
    assert (seeds % 8).tolist() == scores.argmax(axis=1).tolist()
    with zipfile.ZipFile("images.zip") as archive:
        assert archive.namelist() == [f"seed_{seed:08d}.png" for seed in seeds]


# A bar


def test_a_bar_on_a_terminal_alone(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    def parts(seeds):
        return (np.zeros(len(part)) for part in np.split(np.array(seeds), 2))

    for stream, drawn in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        assert len(list(generate.shown(parts, "drawn", [1, 2, 3, 4]))) == 2
        assert ("4/4" in stream.getvalue()) == drawn


# Refusals


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"seeds": "0-3", "count": 4}, "give --seeds or --count, not both; this command says --seeds=0-3 --count=4"),
        ({"seeds": "0-63", "count": 64}, "not both"),
        ({"count": 1000, "nice": 1000}, None),
        ({"count": 1001, "nice": 1000}, "more than 1,000,000 draws"),
        ({"seeds": f"{2**30 - 1}", "nice": 2}, None),
        ({"seeds": f"{2**30}", "nice": 2}, "wants seeds below 1,073,741,824, got 1,073,741,824"),
        ({"seeds": f"{2**31 - 1}", "nice": 1}, None),
    ],
)
def test_wanted_seeds(settings, said):
    if said is None:
        assert wanted_seeds(GenerateConfig(**settings))
        return
    with pytest.raises(Failure) as caught:
        wanted_seeds(GenerateConfig(**settings))
    assert caught.value.code == Exit.FLAGS
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--run=nowhere", "--out=out"], "nowhere holds no run"),
        (["--run=LOGS/mlp", "--out=out", "--seeds=0-x"], "--seeds wants"),
        (["--run=LOGS/mlp", "--out=out", "--seeds="], "--seeds wants"),
        (["--run=LOGS/mlp", "--out=out", "--count=0"], "--count=0"),
        (["--run=LOGS/mlp", "--out=out", "--count=1000001"], "--count=1000001"),
        (["--run=LOGS/mlp", "--out=out", "--nice=0"], "--nice=0"),
        (["--run=LOGS/mlp", "--out=out", "--seeds=0-3", "--count=4"], "not both"),
        (["--run=LOGS/mlp"], "--out is wanted"),
        (["--out=out", "--zip=images.zip"], "--run is wanted"),
        (["--run=LOGS/parabola", "--out=out", "--zip=images.zip"], "leave it out"),
        (["--run=LOGS/mlp", "--zip=folder"], "folder is a folder"),
        (["--run=LOGS/mlp", "--out=out", "--checkpoint=3"], "has no checkpoint of step 3: give one of 1, 2"),
        (["--run=LOGS/mlp", "--pretrained=mlp", "--out=out"], "give --run or --pretrained, not both"),
        (["--pretrained=dog", "--out=out"], "--pretrained wants one of mlp, parabola, got 'dog'"),
        (["--pretrained=mlp", "--out=out", "--checkpoint=5"], "--checkpoint is for --run"),
        (["--pretrained=mlp", "--average=2", "--out=out"], "--average is for --run"),
        (["--pretrained=parabola", "--out=out", "--zip=images.zip"], "the package's parabola draws points"),
        (["--run=LOGS/mlp", "--out=out", "--checkpoint=all"], "--checkpoint wants newest or the step"),
    ],
)
def test_wrong_flags_are_one_sentence_and_leave_nothing(ends, logs, argv, said):
    pathlib.Path("folder").mkdir()
    code, out, err = ends(*(argument.replace("LOGS", str(logs)) for argument in argv))
    assert (code, out) == (1, "")
    assert said in err
    assert len(err.splitlines()) == 1
    assert os.listdir() == ["folder"]


def test_a_run_without_a_checkpoint(ends, logs):
    pathlib.Path("run").mkdir()
    shutil.copy(logs / "mlp" / "flags.txt", "run")
    code, out, err = ends("--run=run", "--out=out")
    assert (code, out) == (1, "")
    assert "has no checkpoint yet" in err
    assert len(err.splitlines()) == 1
    assert os.listdir() == ["run"]


def test_a_run_without_a_good_checkpoint(ends, logs):
    shutil.copytree(logs / "mlp", "run")
    for step in (1, 2):
        shutil.rmtree(f"run/checkpoints/ckpt-{step:09d}")
        pathlib.Path(f"run/checkpoints/ckpt-{step:09d}").mkdir()
    code, _, err = ends("--run=run", "--out=out")
    assert code == 5
    assert len(err.splitlines()) == 1
    assert os.listdir() == ["run"]


def test_a_file_for_a_folder_is_refused(ends, logs):
    pathlib.Path("file").write_text("old")
    code, _, err = ends(f"--run={logs / 'mlp'}", "--out=file")
    assert code == 1
    assert "--out wants a folder, file is a file" in err
    assert pathlib.Path("file").read_text() == "old"


@pytest.mark.parametrize("argument", ["--out=file/out", "--zip=file/images.zip"])
def test_what_can_not_be_written_is_said_before_anything_is_drawn(ends, logs, monkeypatch, argument):
    pathlib.Path("file").write_text("old")
    monkeypatch.setattr(Sampler, "parts", None)
    code, _, err = ends(f"--run={logs / 'mlp'}", argument)
    assert code == 6
    assert "file" in err
    assert len(err.splitlines()) == 1
    assert pathlib.Path("file").read_text() == "old"


def test_a_single_picture_is_the_old_one_or_the_new_one(draw, monkeypatch):
    draw(seeds="3", out="out")
    before = contents("out")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left") as raised:
        draw(seeds="3", out="out")
    assert pathlib.Path(raised.value.filename).name == "seed_00000003.png"
    assert contents("out") == before
