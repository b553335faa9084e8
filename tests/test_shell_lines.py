"""What the pages have a reader type, beside this package's own commands, is what its programs take.

Nothing is run. The flags are read by the program's own parser, where it has one that can be asked; files, ports and
names that a line takes from elsewhere are held against that.
"""

import argparse
import functools
import importlib.util
import inspect
import json
import pathlib
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
import warnings

import pytest
from packaging.requirements import Requirement

from gan_lowlevel import config, servable
from tests import pages
from tests.pages import ROOT

LINES = pages.typed()
FACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TAKE_FILES = ("benchmarks.page",)  # modules whose arguments are files, and no flags


class Parsed(BaseException):
    """The flags are read; whatever follows is left out. No Exception, which some programs catch."""


def python(minus_m: str, module: str, *flags: str) -> None:
    """python -m MODULE; without flags it may be the name of one in a sentence."""
    assert minus_m == "-m"
    spec = importlib.util.find_spec(module)
    assert spec, f"there is no {module}"
    assert not spec.submodule_search_locations or importlib.util.find_spec(f"{module}.__main__"), "it is no program"
    if module == "pytest":
        marks = [mark.partition(":")[0] for mark in FACTS["tool"]["pytest"]["ini_options"]["markers"]]
        assert flags in ((), *(("-m", mark) for mark in marks))
    elif module in TAKE_FILES:
        assert all(list(ROOT.glob(flag)) for flag in flags), "no such file"
    elif flags:
        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings(action="ignore", category=RuntimeWarning):
            parse = argparse.ArgumentParser.parse_args

            def parsed(*arguments):
                parse(*arguments)
                raise Parsed

            patch.setattr(argparse.ArgumentParser, "parse_args", parsed)
            patch.setattr(sys, "argv", [module, *flags])
            with pytest.raises(Parsed):
                runpy.run_module(module, run_name="__main__")


@functools.cache
def pip_options(command: str) -> set[str]:
    helped = subprocess.run([sys.executable, "-m", "pip", "help", command], capture_output=True, text=True, check=True)
    return set(re.findall(r"(?<!\S)--?[a-z][\w-]*", helped.stdout))


def pip(command: str, *words: str) -> None:
    """Flags that pip has, requirements that the project has."""
    assert {word.partition("=")[0] for word in words if word.startswith("-")} <= pip_options(command)
    reader = argparse.ArgumentParser()
    for flag in ("-r", "-d", "--find-links"):
        reader.add_argument(flag)
    reader.add_argument("--no-index", action="store_true")
    reader.add_argument("wanted", nargs="*")
    asked = reader.parse_args(words)
    assert not asked.r or (ROOT / asked.r).is_file()
    if asked.find_links:
        assert any(line.endswith(f" -d {pathlib.PurePath(asked.find_links).name}") for line in LINES), "never filled"
    for one in asked.wanted:
        if one.startswith("."):
            assert set(re.findall(r"\w+", one)) <= FACTS["project"]["optional-dependencies"].keys()
        elif Requirement(one).extras:
            assert f'pip install "{one}"' == config.GPU_INSTALL
            assert f"tensorflow{Requirement(one).specifier}" in (ROOT / "requirements.txt").read_text(encoding="utf-8")


def tensorboard(*flags: str) -> None:
    """By TensorBoard's own parser; a folder of the project is there."""
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of a copy that it brings along
        from tensorboard import program
        from tensorboard.plugins.core import core_plugin
    board = program.TensorBoard(plugins=[core_plugin.CorePluginLoader()])
    board.configure(["tensorboard", *flags])
    assert not board.flags.logdir.startswith("docs") or (ROOT / board.flags.logdir).is_dir()


def served() -> tuple[str, str]:
    """By TF Serving, as the pages start it: address, and model."""
    [words] = [shlex.split(line) for line in LINES if line.startswith("docker run")]
    ports, model = words[words.index("-p") + 1], words[words.index("-e") + 1].removeprefix("MODEL_NAME=")
    return f"localhost:{ports.partition(':')[0]}", model


def docker(run: str, *words: str) -> None:
    """TF Serving's image, with its REST port, and an export where it looks for a model of that name."""
    reader = argparse.ArgumentParser()
    for flag in ("-p", "-v", "-e", "image"):
        reader.add_argument(flag, **({} if flag == "image" else {"required": True}))
    asked = reader.parse_args(words)
    assert (run, asked.image) == ("run", "tensorflow/serving")
    assert asked.p.partition(":")[2] == "8501"
    exported, inside = asked.v.removeprefix("$PWD/").split(":")
    assert any(line.endswith(f"--out={exported}") for line in pages.commands() if ".export" in line)
    assert inside == f"/models/{asked.e.removeprefix('MODEL_NAME=')}"


def curl(d: str, body: str, address: str) -> None:
    """A request to the server that the pages start, for a signature of an export, with all that it takes."""
    asked, (host, model) = json.loads(body), served()
    assert (d, address) == ("-d", f"{host}/v1/models/{model}:predict")
    signatures = dict(re.findall(r'"(\w+)": _signature\(\{(.*?)\}', inspect.getsource(servable)))
    assert list(asked["inputs"]) == re.findall(r'"(\w+)":', signatures[asked["signature_name"]])


def source(script: str) -> None:
    """A virtual environment that the pages make."""
    assert f"python -m venv {script.removesuffix('/bin/activate')}" in LINES


PROGRAMS = {one.__name__: one for one in (python, pip, tensorboard, docker, curl, source)}


def check(line: str) -> None:
    """Raises AssertionError, KeyError or SystemExit for a line that its program would refuse, or that nobody knows."""
    name, *words = shlex.split(line)
    PROGRAMS[name](*words)


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_what_its_program_takes(line):
    check(line)


# As docs/export.md has them.
SERVING = "docker run -p 8501:8501 -v $PWD/exports/NAME:/models/gan -e MODEL_NAME=gan tensorflow/serving"
REQUEST = (
    """curl -d '{"signature_name": "sample", "inputs": {"n": 4, "seed": 0}}' localhost:8501/v1/models/gan:predict"""
)


@pytest.mark.parametrize(
    "line",
    [
        "conda install tensorflow",
        "python -m docs.sites site",
        "python -m docs.web",
        "python -m docs.site site --pagess",
        "python -m docs.earlier_runs DIR run_z",
        "python -m docs.figures --folder=a",
        "python -m benchmarks.race --modell=mlp",
        "python -m benchmarks.page results/races-*.json",
        "python -m pytest -m browsers",
        "python -m venv gan --clean",
        "tensorboard --logdirs=logs",
        "tensorboard --logdir=docs/lesson/data",
        "pip install -r requirement.txt",
        "pip install --no-indexes -r requirements.txt",
        "pip install --no-index --find-links=/media/usb/wheels -r requirements.txt",
        "pip install .[onxx]",
        "pip install tensorflow[and-cuda]~=2.20.0",
        SERVING.replace("/gan", "/gans"),
        SERVING.replace(":8501", ":8500"),
        REQUEST.replace("sample", "samples"),
        REQUEST.replace("seed", "seeds"),
        REQUEST.replace("8501", "8500"),
        "source gans/bin/activate",
    ],
)
def test_a_misspelt_line_is_refused(line):
    with pytest.raises((AssertionError, KeyError, SystemExit)):
        check(line)
