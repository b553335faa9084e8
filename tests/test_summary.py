"""The summary command: the tables of a recipe and of changed settings, its flags, what it leaves and what not."""

import os
import pathlib
import runpy
import subprocess
import sys

import pytest
from PIL import Image

import gan_lowlevel
from gan_lowlevel import command
from gan_lowlevel.config import MODELS

pytestmark = pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
PACKAGE = pathlib.Path(gan_lowlevel.__file__).parent


@pytest.fixture
def ends(monkeypatch, capsys, tmp_path):
    """Run a command as `python -m` does, in an empty folder: its exit code, standard output and standard error."""
    monkeypatch.setattr(command, "start_tensorflow", lambda: None)  # it turns eager mode off for all other tests
    monkeypatch.chdir(tmp_path)

    def run(module: str, *argv: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", [module, *argv])
        with pytest.raises(SystemExit) as ended:
            runpy.run_module(f"gan_lowlevel.{module}", run_name="__main__")
        return ended.value.code, *capsys.readouterr()

    return run


def totals(out: str) -> list[tuple[int, int, int]]:
    """All, trainable and not trainable of each table."""
    numbers = [
        int(line.split()[-1].replace(",", ""))
        for line in out.splitlines()
        if line.startswith(("all ", "trainable ", "not trainable "))
    ]
    return list(zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True))


NUMBERS = {
    "mlp": [(114_064, 114_064, 0), (100_609, 100_609, 0), (214_673, 114_064, 100_609)],
    "mlp_deep": [(1_486_352, 1_486_352, 0), (1_460_225, 1_460_225, 0), (2_946_577, 1_486_352, 1_460_225)],
    "dcgan": [(2_344_864, 2_343_904, 960), (212_673, 212_673, 0), (2_557_537, 2_343_904, 213_633)],
    "dog": [
        (9_664_259, 9_647_875, 16_384),
        (25_901_953, 25_901_953, 0),
        (9_664_259 + 25_901_953, 9_647_875, 16_384 + 25_901_953),
    ],
    "gaussian": [(321, 321, 0), (1153, 1153, 0), (1474, 321, 1153)],
    "goodfellow": [(2_503_984, 2_503_984, 0), (1_231_441, 1_231_441, 0), (3_735_425, 2_503_984, 1_231_441)],
    "mixture": [(488_002, 484_802, 3200), (405_201, 405_201, 0), (893_203, 484_802, 3200 + 405_201)],
    "parabola": [(122, 122, 0), (101, 101, 0), (223, 122, 101)],
}


@pytest.mark.parametrize("model", sorted(NUMBERS))
def test_the_recipes_tables(ends, model, tmp_path):
    code, out, err = ends("summary", f"--model={model}")
    assert (code, err) == (0, "")
    assert totals(out) == NUMBERS[model]
    assert list(tmp_path.iterdir()) == []


def test_mlp_where_no_model_is_named(ends):
    assert totals(ends("summary")[1]) == NUMBERS["mlp"]


def test_another_z_dim(ends):
    (g, *_), d, _ = totals(ends("summary", "--model=mlp", "--z_dim=7")[1])
    assert g == NUMBERS["mlp"][0][0] - (100 - 7) * 128
    assert d == NUMBERS["mlp"][1]


@pytest.mark.parametrize(
    ("flags", "size", "channels"),
    [(["--image_size=32", "--channels=3"], 32, 3), (["--dataset=photos"], 64, 3), (["--channels=3"], 28, 3)],
)
def test_pictures_of_another_shape(ends, flags, size, channels):
    out = ends("summary", "--model=dcgan", *flags)[1]
    assert f"[B, {size}, {size}, {channels}]" in out
    quarter = size // 4
    dense = 101 * quarter * quarter * 256 - 101 * 7 * 7 * 256
    conv = 5 * 5 * 32 * (channels - 1)
    assert totals(out)[0][0] == NUMBERS["dcgan"][0][0] + dense + conv
    d_conv, d_dense = 5 * 5 * 64 * (channels - 1), 128 * (quarter * quarter - 7 * 7)
    assert totals(out)[1][0] == NUMBERS["dcgan"][1][0] + d_conv + d_dense


def test_layers_stand_in_the_table(ends):
    lines = [" ".join(line.split()) for line in ends("summary", "--model=dcgan")[1].splitlines()]
    for line in (
        "conv_transpose_2 conv2d_transpose [B, 14, 14, 64] 204,800",
        "batch_norm_1 batch_norm, leaky_relu [B, 7, 7, 256] 1,024",
        "dense_1 dense, sigmoid [B, 1] 6,273",
        "generator G [B, 28, 28, 1] 2,344,864",
        "discriminator D, frozen [B, 1] 212,673",
    ):
        assert line in lines


def test_plot(ends, tmp_path):
    code, out, _ = ends("summary", "--model=parabola", "--plot=a/b")
    assert code == 0
    assert totals(out) == NUMBERS["parabola"]
    assert "a/b" in out.splitlines()[-1]
    assert {path.name for path in (tmp_path / "a/b").iterdir()} == {"generator.png", "discriminator.png", "stack.png"}
    for path in (tmp_path / "a/b").iterdir():
        with Image.open(path) as image:
            assert image.format == "PNG"
            assert image.width > 600


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--model=nonsense"], "dcgan"),
        (["--batch_size=3"], "unknown flag --batch_size"),
        (["--z_dim=0"], "--z_dim=0"),
        (["--zdim=3"], "did you mean --z_dim?"),
        (["--model=mlp", "--image_size=32"], "--image_size and --channels are for dcgan"),
        (["stray"], "'stray'"),
    ],
)
def test_wrong_flags(ends, argv, said, tmp_path):
    code, out, err = ends("summary", *argv)
    assert (code, out) == (1, "")
    assert said in err
    assert len(err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_contradictory_flags_answer_before_tensorflow(tmp_path):
    (tmp_path / "tensorflow.py").write_text("import os\nos._exit(99)\n")
    path = os.pathsep.join([str(tmp_path), str(PACKAGE.parent)])
    ended = subprocess.run(
        [sys.executable, "-m", "gan_lowlevel.summary", "--model=dog", "--channels=1"],
        env=os.environ | {"PYTHONPATH": path}, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (1, "")
    assert len(ended.stderr.splitlines()) == 1


def test_a_plot_that_can_not_be_written(ends, tmp_path):
    (tmp_path / "file").touch()
    code, _, err = ends("summary", "--model=parabola", "--plot=file/plots")
    assert code == 6
    assert "file" in err
    assert len(err.splitlines()) == 1


def test_help_names_this_commands_flags_with_the_models_defaults(ends):
    code, out, _ = ends("summary", "--help", "--model=dog")
    assert code == 0
    listed = [line.strip() for line in out.splitlines() if line.startswith("  --")]
    assert listed == ["--model", "--dataset", "--image_size", "--channels", "--z_dim", "--plot"]
    assert "Default: --z_dim=1000 " in " ".join(out.split())


def test_a_rehearsal_prints_the_same_tables(ends, tmp_path):
    tables = ends("summary", "--model=parabola", "--z_dim=6")[1]
    code, out, _ = ends("main", "--model=parabola", "--z_dim=6", "--dry_run")
    assert code == 0
    assert tables.strip() in out
    assert list(tmp_path.iterdir()) == []


def test_every_game_is_here():
    assert set(NUMBERS) == set(MODELS)
