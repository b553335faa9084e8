"""The README tells the truth: its commands parse, its example runs, its tables are the code's."""

import functools
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile

import numpy as np
import pytest

from gan_lowlevel import doctor, evaluate, export, generate, launch, lesson, summary, sweep, train_digits
from gan_lowlevel.commandline import read_config, read_record
from gan_lowlevel.config import MODELS
from gan_lowlevel.errors import Exit
from tests.torture import commands as run_commands

ROOT = pathlib.Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROSE = {path.relative_to(ROOT): path.read_text(encoding="utf-8") for path in
         (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))}  # fmt: skip
READERS = {
    "main": read_config,
    "launch": lambda argv: read_config(launch.read(argv).training),
    "generate": functools.partial(read_record, generate.GenerateConfig),
    "evaluate": functools.partial(read_record, evaluate.EvaluateConfig),
    "export": functools.partial(read_record, export.ExportConfig),
    "summary": functools.partial(read_record, summary.SummaryConfig),
    "sweep": sweep.read,
    "doctor": functools.partial(read_record, doctor.DoctorConfig),
    "lesson": functools.partial(read_record, lesson.LessonConfig, bare="number"),
    "train_digits": functools.partial(read_record, train_digits.TrainDigitsConfig),
}


def commands() -> list[str]:
    """Every use of a command of the package, in blocks and in sentences."""
    found = [match for text in PROSE.values() for match in re.findall(r"python -m gan_lowlevel\.[^`\n]*", text)]
    return sorted(set(found))


def links() -> list[str]:
    """Every path that a text links to; what stands in blocks is code."""
    texts = [re.sub(r"```.*?```", "", text, flags=re.DOTALL) for text in PROSE.values()]
    return [path for text in texts for path in re.findall(r"\]\(([^)#:]+)\)", text)]


def test_the_two_commands_of_a_fresh_machine_stand_on_lines_of_their_own():
    lines = README.splitlines()
    assert "pip install -r requirements.txt && python -m gan_lowlevel.main" in lines
    assert "pip install -r requirements.txt && python -m pytest" in lines


def stand_in(path: pathlib.Path) -> None:
    """A file such as a command brings: what it is is looked at."""
    if path.suffix in (".npz", ".npy"):
        with open(path, "wb") as file:
            (np.savez if path.suffix == ".npz" else np.save)(file, np.zeros((2, 28, 28), np.uint8))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.png", b"")


@pytest.mark.parametrize("command", commands())
def test_a_command_parses(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, _, module, *flags = shlex.split(command)
    name = module.removeprefix("gan_lowlevel.")
    assert (ROOT / "gan_lowlevel" / f"{name}.py").is_file()
    if "--help" in flags:
        return
    for flag in flags:
        if flag.startswith("--input_data_dir="):
            stand_in(tmp_path / flag.partition("=")[2])
    recorded = tmp_path / "flags.txt"  # stands for the flags.txt of a run
    recorded.write_text(read_config([]).flagfile())
    READERS[name]([flag.replace("logs/NAME/flags.txt", str(recorded)) for flag in flags])


def test_every_game_has_its_row_and_its_full_recipe():
    for model in ("mlp", "mlp_deep", "dcgan", "dog", "parabola"):
        assert model in MODELS
        assert f"| `{model}` |" in README
        assert model == "mlp" or f"--model={model}" in README


def test_no_figure_is_left_open():
    assert re.findall(r"\b[A-Z]+_(?:TIME|END|FULL|RATIO|TABLE|CAPTION)\b", README) == []


def test_the_table_of_exit_codes_is_the_enum():
    table = re.search(r"\| exit code \|.*?\n\n", README, re.DOTALL)[0]
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)] == sorted(Exit)


@pytest.mark.parametrize("path", links())
def test_a_link_leads_somewhere(path):
    assert (ROOT / path).exists() or (ROOT / "docs" / path).exists()


def test_another_game_is_one_file_one_flagfile_and_one_row(tmp_path):
    example = README.split("## Another game")[1].split("\n## ")[0]
    blocks = re.findall(r"```\w+\n(.*?)```", example, re.DOTALL)
    network, recipe, imported, row = blocks
    for part in ("gan_lowlevel", "flags"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "gan_lowlevel/networks/mlp_relu.py").write_text(network, encoding="utf-8")
    (tmp_path / "flags/mlp_relu.flags").write_text(recipe, encoding="utf-8")
    table = tmp_path / "gan_lowlevel/networks/__init__.py"
    text = table.read_text(encoding="utf-8")
    text = text.replace("from gan_lowlevel.networks import", f"{imported}from gan_lowlevel.networks import", 1)
    text = text.replace('    "parabola"', f'{row}    "parabola"')
    table.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "gan_lowlevel.main", "--model=mlp_relu", "--max_steps=20", "--run_name=own"]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, timeout=120)
    assert done.returncode == Exit.DONE, done.stderr
    # G: 64 x 256 + 256 + 256 x 784 + 784; D: 784 x 256 + 256 + 256 + 1
    assert "mlp_relu: G 218,128 parameters" in done.stdout
    assert "D 201,217" in done.stdout
    assert (tmp_path / "logs/own/samples/step_00000020.png").exists()


def test_a_model_is_taken_elsewhere_by_the_very_lines(tmp_path):
    section = README.split("## Take a model elsewhere")[1].split("\n## ")[0]
    [(_, shell), (_, plain)] = re.findall(r"```(sh|python)\n(.*?)```", section, re.DOTALL)
    lines = [shlex.split(line) for line in shell.strip().splitlines()]
    assert [line[:2] for line in lines] == [["python", "-m"]] * 2
    flags = [[module.removeprefix("gan_lowlevel."), *flags] for _, _, module, *flags in lines]
    for code, _, err, _ in run_commands.several(flags, cwd=tmp_path, env=run_commands.environment()):
        assert (code, err) == (Exit.DONE, "")
    # As a program that has TensorFlow alone would run it, with what its comments say asked after it.
    asked = """
import numpy as np
drawn = np.load("pictures/samples.npz", allow_pickle=False)["samples"]
print(images.dtype.name, tuple(images.shape), 0 <= images.numpy().min() < images.numpy().max() <= 1)
print(same.numpy().tobytes() == drawn.tobytes(), probability.dtype.name, tuple(probability.shape))
"""
    hidden = "import sys\nsys.modules['gan_lowlevel'] = None\n"
    done = subprocess.run([sys.executable, "-I", "-c", hidden + plain + asked], cwd=tmp_path, capture_output=True,
                          text=True, check=False, timeout=120)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "float32 (16, 28, 28, 1) True\nTrue float32 (16,)\n"


@pytest.mark.workers
def test_two_workers_train_by_the_very_line(tmp_path):
    section = README.split("## Several workers")[1].split("\n## ")[0]
    [line] = re.search(r"```sh\n(.*?)```", section, re.DOTALL)[1].strip().splitlines()
    assert line.startswith("python -m gan_lowlevel.launch --workers=2 -- ")
    command = [sys.executable, *shlex.split(line)[1:]]
    done = subprocess.run(command, cwd=tmp_path, env=run_commands.environment(), capture_output=True, text=True,
                          check=False, timeout=300)  # fmt: skip
    assert (done.returncode, done.stderr) == (Exit.DONE, "")
    assert re.search(r"^\[1\] worker   rank 1 begins at step 0$", done.stdout, re.MULTILINE)
    assert "[0] engine   explicit, since XLA compiles no messages between workers on CPUs\n" in done.stdout
    assert re.search(r"^\[0\] finished at step 2,000 of 2,000 after", done.stdout, re.MULTILINE)
    assert (tmp_path / "logs/two/checkpoints/ckpt-000002000").is_dir()


def test_an_installed_package_has_every_folder():
    facts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "gan_lowlevel").rglob("__init__.py")}
    inside = {".".join(folder.parts) for folder in folders}
    inside |= {"gan_lowlevel.flags", "gan_lowlevel.lessons", "gan_lowlevel.lessons.answers"}  # they lie beside it
    assert set(facts["packages"]) == inside
