"""Every command that stands on a page is typed, cut short, where the data that it names are."""

import importlib.util
import pathlib
import re
import shlex
import struct
import subprocess
import sys
import zipfile
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from gan_lowlevel.data import embedded
from gan_lowlevel.errors import Exit
from tests import pages
from tests.torture import commands as run_commands

pytestmark = pytest.mark.site

BARE = ("evaluate", "export", "generate", "launch", "sweep", "lesson")  # without a flag they are words of a sentence
# What is not typed here, and what types it instead.
ELSEWHERE = {
    r"--live\b": "a window on a virtual screen, tests/test_live_on_screen.py",
    r"\.lesson \d+$": "the lessons themselves: the site's build executes every cell",
    r"\.lesson --(grade|list)": "handed-in files and the list, tests/course",
    r"--gpus=all": "the plan for GPUs, tests/test_launch.py",
    r"\.launch --workers=2 -- --model=parabola": "the very line, tests/test_readme.py",
    r"\.doctor": "tests/test_doctor.py",
    r"--help$": "tests/test_commandline.py",
}
STEPS = 4


class Typed(NamedTuple):
    """A command as it stands on a page, and as it is typed here."""

    written: str
    module: str
    flags: list[str]

    @property
    def model(self) -> str:
        """The game that it trains."""
        return (re.search(r"--model=(\w+)", self.written) or ["", "mlp"])[1]


def shortened(command: str) -> Typed:
    """With as few steps, rows and trials as show that it works, and with a name of its own for the run."""
    _, _, module, *flags = shlex.split(command)
    module = module.removeprefix("gan_lowlevel.")
    name = "run_" + re.sub(r"\W+", "_", command)[-80:]
    short = [f"--max_steps={STEPS}", "--epochs=0", "--threads=2"]
    few = ["--batch_size=8"] if re.search(r"dcgan|dog", command) else ["--batch_size=32"]
    if module == "main":
        named = [] if any(flag.startswith("--run_name") for flag in flags) else [f"--run_name={name}"]
        flags = [*flags, *short, *few, *named]
    elif module == "launch":
        flags = [*flags, *short, *few]
    elif module == "sweep":
        first, *others = [flag for flag in flags if "," in flag]
        flags = [flag for flag in flags if "," not in flag] + [one.partition(",")[0] for one in others]
        flags = [*flags, ",".join(first.split(",")[:2]), *short, "--seeds=0", f"--sweep_name={name}"]
    elif module == "evaluate":
        flags = [re.sub(r"--average=.*", "--average=2", flag) for flag in flags]
    elif module == "generate":
        flags = [re.sub(r"--count=.*", "--count=64", flag) for flag in flags]
    elif module == "export":
        flags = [re.sub(r"--checkpoint=.*", f"--checkpoint={STEPS}", flag) for flag in flags]
    elif module == "train_digits":
        flags = [*flags, "--epochs=1"]
    return Typed(command, module, flags)


def elsewhere(command: str) -> bool:
    """Whether it is none of this test's."""
    bare = re.fullmatch(r"python -m gan_lowlevel\.(\w+)", command)
    return (bool(bare) and bare[1] in BARE) or any(re.search(pattern, command) for pattern in ELSEWHERE)


def all_typed() -> list[Typed]:
    return [shortened(command) for command in pages.commands() if not elsewhere(command)]


def digits() -> tuple[np.ndarray, np.ndarray]:
    """600 real digits in any order, uint8 [600, 28, 28], and their classes."""
    data = embedded.load(cache=False)
    order = np.random.default_rng(0).permutation(len(data.images))[:600]
    return data.images[order, :, :, 0], data.labels[order]


def lay_out(folder: pathlib.Path) -> None:
    """All data that the pages name: DIR, PHOTOS, both, and files."""
    images, labels = digits()
    for place in ("DIR", "PHOTOS", "both"):
        (folder / place).mkdir()
    for name, part in (("train", slice(400)), ("t10k", slice(400, None))):
        for place in ("DIR", "both"):
            for kind, rows, magic in (("images-idx3", images[part], 2051), ("labels-idx1", labels[part], 2049)):
                header = struct.pack(f">{1 + rows.ndim}I", magic, *rows.shape)
                (folder / place / f"{name}-{kind}-ubyte").write_bytes(header + rows.astype(np.uint8).tobytes())
    np.savez(folder / "mnist.npz", x_train=images[:400], y_train=labels[:400], x_test=images[400:],
             y_test=labels[400:])  # fmt: skip
    np.save(folder / "digits.npy", images)
    random = np.random.default_rng(1)
    photos = random.integers(0, 256, [60, 64, 64, 3], np.uint8)
    np.savez(folder / "photos.npz", photos)
    for place in ("PHOTOS", "both"):
        for i, photo in enumerate(photos):
            Image.fromarray(photo).resize((80, 70)).save(folder / place / f"{i}.png")
    with zipfile.ZipFile(folder / "faces.zip", "w") as archive:
        for path in (folder / "PHOTOS").iterdir():
            archive.write(path, path.name)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> pathlib.Path:
    """A folder with the data, and the runs logs/NAME, logs/digits and that of lesson 11, as the pages suppose them."""
    folder = tmp_path_factory.mktemp("typed")
    lay_out(folder)
    ended = [f"--max_steps={STEPS}", "--batch_size=32"]
    runs = [
        [
            "main",
            "--input_data_dir=DIR",
            "--run_name=NAME",
            f"--max_steps={STEPS}",
            "--batch_size=32",
            "--save_every=1",
        ],
        ["main", "--run_name=digits", *ended],
        ["main", "--logdir=logs/lessons", "--run_name=measured", *ended],
    ]
    for code, _, error, _ in run_commands.several(runs, cwd=folder, env=run_commands.environment()):
        assert (code, error) == (Exit.DONE, "")
    return folder


def of(*modules: str) -> list[Typed]:
    return [typed for typed in all_typed() if typed.module in modules]


def run(commands: list[Typed], folder: pathlib.Path) -> dict[str, tuple[int, str]]:
    """What went wrong, by the command as the page has it."""
    written = [[one.module, *one.flags] for one in commands]
    ended = run_commands.several(written, cwd=folder, env=run_commands.environment())
    return {
        one.written: (code, error)
        for one, (code, _, error, _) in zip(commands, ended, strict=True)
        if code != Exit.DONE or error
    }


@pytest.mark.parametrize("models", [("dcgan",), ("dog",), ("parabola", "gaussian", "mixture"),
                                    ("mlp", "mlp_deep", "goodfellow")], ids=" ".join)  # fmt: skip
def test_a_training_begins_and_ends(place, models):
    chosen = [one for one in of("main") if one.model in models]
    assert {one.model for one in chosen} == set(models)
    assert run(chosen, place) == {}


def test_a_run_is_measured_drawn_and_exported(place):
    onnx = importlib.util.find_spec("tf2onnx") is not None
    chosen = [one for one in of("evaluate", "generate", "export") if onnx or "--format=onnx" not in one.written]
    assert len(chosen) > 8
    assert run(chosen, place) == {}


def test_tables_are_printed_and_digits_learned(place):
    assert run(of("summary", "train_digits"), place) == {}


@pytest.mark.parametrize("typed", of("sweep", "launch"), ids=lambda typed: typed.module)
def test_several_processes_train(place, typed):
    done = subprocess.run(
        [sys.executable, "-m", f"gan_lowlevel.{typed.module}", *typed.flags],
        cwd=place, env=run_commands.environment(), capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (Exit.DONE, "")


def test_every_command_is_typed_or_known_to_be_typed_elsewhere():
    typed = {one.module for one in all_typed()}
    assert typed == {"main", "evaluate", "generate", "export", "summary", "train_digits", "sweep", "launch"}
    for pattern in ELSEWHERE:
        assert any(re.search(pattern, command) for command in pages.commands()), pattern
