"""What a path of data is: by its content and names alone, for each game; what is ambiguous, and what is none."""

import pathlib
import re
import time
import zipfile

import numpy as np
import pytest

from gan_lowlevel import commandline, config
from gan_lowlevel.commandline import data_sets, read_config, recipe_defaults
from gan_lowlevel.data import looking, mnist
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.runs import Run, read_settings


def made(folder: pathlib.Path, *names: str) -> pathlib.Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def npz(path: pathlib.Path, *shape: int) -> pathlib.Path:
    with open(path, "wb") as file:
        np.savez(file, images=np.zeros(shape or (4, 28, 28), np.uint8))
    return path


def zipped(path: pathlib.Path, *names: str) -> pathlib.Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    return path


def refusal(*argv: str, code=Exit.DATA) -> str:
    with pytest.raises(Failure) as caught:
        read_config(argv)
    assert caught.value.code == code
    return str(caught.value)


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda at: at / "new", []),
        (lambda at: made(at), []),
        (lambda at: made(at, "README.txt", ".hidden.png"), []),
        (lambda at: made(at, "train-labels.idx1-ubyte"), ["mnist"]),
        (lambda at: made(at, "in/deep/a.JPG"), ["photos"]),
        (lambda at: made(at, mnist.TEST_IMAGES, "in/a.png"), ["mnist", "photos"]),
        (lambda at: made(at, mnist.TEST_IMAGES, "a.zip"), ["mnist"]),
        (lambda at: npz(at / "named.zip"), ["array"]),  # the content counts, not the name
        (lambda at: zipped(at / "a.npz", "in/a.png", "b.txt"), ["photos"]),
        (lambda at: zipped(at / "a.zip", "a.npy", "a.png"), ["array", "photos"]),
        (lambda at: (at / "x").write_bytes(b"\x93NUMPY") and at / "x", ["array"]),
    ],
)
def test_what_is_found(tmp_path, make, found):
    assert looking.kinds(str(make(tmp_path))) == found


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda at: at / "no.npz", "no.npz does not exist: give --input_data_dir=FILE with the path of a file"),
        (lambda at: at / "no.NPY", "does not exist"),
        (lambda at: at / "no.zip", "does not exist"),
        (
            lambda at: made(at, "a.png") / "a.png",
            "is a file, and a folder of IDX files, a folder or zip of",
        ),
        (lambda at: made(at, mnist.TEST_IMAGES) / mnist.TEST_IMAGES, "give the folder that it is in"),
        (lambda at: made(at, "a.txt") / "a.txt", "give one of these"),
        (lambda at: zipped(at / "a.zip", "a.txt", ".b.png"), "is a zip without arrays or photographs"),
        (lambda at: zipped(at / "a.zip"), "is a zip without arrays or photographs"),
        (lambda at: npz(made(at / "in") / "a.npz").parent, "is a folder with a.npz in it: give the file itself"),
        (lambda at: made(at / "in", "a.zip", "b.zip"), "a.zip, b.zip in it: give one of its files"),
    ],
)
@pytest.mark.parametrize("model", ["mlp", "dog"])
def test_what_is_no_data_is_one_sentence_and_makes_nothing(tmp_path, make, said, model):
    (tmp_path / "in").mkdir()
    path = make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert said in refusal(f"--model={model}", f"--input_data_dir={path}")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_that_may_not_be_read_is_one_sentence(tmp_path, monkeypatch):
    def refused(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(looking.zips, "begins_as_one", refused)
    path = npz(tmp_path / "a.npz")
    assert f"{path} can't be read (Permission denied): allow reading it" in refusal(f"--input_data_dir={path}")


def test_a_game_takes_what_it_can_train_on(tmp_path):
    """Every game against every kind: the data set is the one found, or the sentence says what it takes."""
    (tmp_path / "idx").mkdir()
    paths = {
        "mnist": made(tmp_path / "idx", mnist.TEST_IMAGES),
        "photos": zipped(tmp_path / "a.zip", "a.png"),
        "array": npz(tmp_path / "a.npz"),
    }
    for model in config.MODELS:
        accepted = data_sets(model, recipe_defaults([f"--model={model}"])["dataset"])
        for kind, path in paths.items():
            argv = (f"--model={model}", f"--input_data_dir={path}")
            if model in config.POINTS:  # they draw their own, and look at nothing
                assert read_config(argv).dataset == model
            elif kind in accepted:
                assert read_config(argv).dataset == kind
            else:
                assert f"--model={model} trains on {', '.join(accepted)}" in refusal(*argv)


def test_what_is_ambiguous_asks_for_a_name(tmp_path):
    path = made(tmp_path, mnist.TEST_IMAGES, "a.png")
    argv = ("--model=dcgan", f"--input_data_dir={path}")
    assert "holds MNIST's files and photographs: say which is meant, --dataset=mnist or --dataset=photos" in refusal(
        *argv
    )
    for kind in ("mnist", "photos"):
        assert read_config([*argv, f"--dataset={kind}"]).dataset == kind
    assert read_config(["--model=mlp", argv[1]]).dataset == "mnist"  # which trains on no photographs
    assert read_config(["--model=dog", argv[1]]).dataset == "photos"


def test_a_name_that_is_typed_rules_and_is_held_to_what_is_there(tmp_path):
    path = npz(tmp_path / "a.npz")
    argv = ("--model=dcgan", f"--input_data_dir={path}")
    assert "holds an array, and --dataset=photos means photographs: leave that out, or say --dataset=array" in refusal(
        *argv, "--dataset=photos"
    )
    assert read_config([*argv, "--dataset=embedded"]).dataset == "embedded"  # reads no path
    assert (
        read_config(["--model=dcgan", "--dataset=photos", f"--input_data_dir={tmp_path / 'new'}"]).dataset == "photos"
    )


@pytest.mark.parametrize(
    ("shape", "typed", "picture"),
    [
        ((4, 28, 28), [], (28, 28, 1)),
        ((4, 64, 64, 3), [], (64, 64, 3)),
        ((4, 32, 40, 1), [], (32, 32, 1)),
        ((4, 63, 200, 3), [], (32, 32, 3)),
        ((4, 10, 10), [], (28, 28, 1)),
        ((4, 500, 500), [], (64, 64, 1)),
        ((4, 64, 64, 3), ["--image_size=28"], (28, 28, 3)),
        ((4, 28, 28), ["--image_size=64", "--channels=3"], (64, 64, 3)),
    ],
)
def test_dcgan_takes_its_shape_from_the_array_and_writes_it_down(tmp_path, shape, typed, picture):
    path = npz(tmp_path / "a.npz", *shape)
    found = read_config(["--model=dcgan", f"--input_data_dir={path}", *typed])
    assert found.picture() == picture
    path.unlink()
    (tmp_path / "flags.txt").write_text(found.flagfile())
    again = read_settings(Run(tmp_path))  # which looks at nothing, as a run may be a stranger's
    assert again.picture() == picture
    assert again.dataset == "array"


def test_other_games_keep_their_own_shape(tmp_path):
    path = npz(tmp_path / "a.npz", 4, 100, 90, 3)
    assert read_config([f"--input_data_dir={path}"]).picture() == (28, 28, 1)
    assert read_config(["--model=dog", f"--input_data_dir={path}"]).picture() == (64, 64, 3)


def test_flags_of_photographs_are_for_arrays_too(tmp_path):
    path = npz(tmp_path / "a.npz")
    found = read_config([f"--input_data_dir={path}", "--mirror", "--holdout=0.1", "--resize=crop"])
    assert (found.mirror, found.holdout, found.resize) == (True, 0.1, "crop")


def test_of_a_large_folder_some_names_are_looked_at(tmp_path, monkeypatch):
    made(tmp_path, *(f"{i:03}.txt" for i in range(20)), "sub/a.png")
    monkeypatch.setattr(looking, "MOST", 10)
    assert looking.kinds(str(tmp_path)) == []
    (tmp_path / "sub" / "around").symlink_to(tmp_path)
    monkeypatch.setattr(looking, "MOST", 10**6)
    assert looking.kinds(str(tmp_path)) == ["photos"]
    (tmp_path / "sub" / "a.png").unlink()
    began = time.monotonic()
    assert looking.kinds(str(tmp_path)) == []  # links that loop have an end
    assert time.monotonic() - began < 5


def test_where_nothing_is_named_nothing_is_looked_at(monkeypatch):
    monkeypatch.setattr(looking, "kinds", lambda path: pytest.fail(f"{path} is looked at"))
    for model in config.MODELS:
        commandline.read_config([f"--model={model}"])


def test_the_pages_commands_find_what_it_says(tmp_path, monkeypatch):
    """docs/data.md, from top to bottom, on files of those names."""
    monkeypatch.chdir(tmp_path)
    npz(tmp_path / "mnist.npz")
    np.save("digits.npy", np.zeros((4, 28, 28), np.uint8), allow_pickle=False)
    zipped(tmp_path / "faces.zip", "a.png")
    npz(tmp_path / "photos.npz", 4, 64, 64, 3)
    made(tmp_path / "both", mnist.TEST_IMAGES, "a.png")
    page = (pathlib.Path(__file__).parents[2] / "docs" / "data.md").read_text()
    lines = [line.split()[3:] for line in page.splitlines() if line.startswith("python -m gan_lowlevel.main ")]
    assert [read_config(argv).dataset for argv in lines] == ["array", "array", "photos", "array", "photos"]


def test_the_page_names_the_games_that_take_each():
    page = (pathlib.Path(__file__).parents[2] / "docs" / "data.md").read_text()
    accepted = {model: data_sets(model, recipe_defaults([f"--model={model}"])["dataset"]) for model in config.MODELS}
    for kind in ("mnist", "photos", "array"):
        rows = [line for line in page.splitlines() if f"| `{kind}` |" in line]
        takes = {model for model in config.MODELS if kind in accepted[model]}
        assert rows
        assert all(set(re.findall(r"`(\w+)`", line.split("|")[4])) == takes for line in rows)
