"""Every page tells the truth: its commands parse, its links lead somewhere."""

import functools
import pathlib
import shlex
import zipfile

import numpy as np
import pytest

from gan_lowlevel import doctor, evaluate, export, generate, launch, lesson, summary, sweep, train_digits
from gan_lowlevel.commandline import read_config, read_record
from tests import pages
from tests.pages import ROOT

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


def stand_in(path: pathlib.Path) -> None:
    """A file such as a command brings: what it is is looked at."""
    if path.suffix in (".npz", ".npy"):
        with open(path, "wb") as file:
            (np.savez if path.suffix == ".npz" else np.save)(file, np.zeros((2, 28, 28), np.uint8))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.png", b"")


@pytest.mark.parametrize("command", pages.commands())
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


@pytest.mark.parametrize(("page", "target"), pages.links())
def test_a_link_leads_somewhere(page, target):
    path, _, anchor = target.partition("#")
    led = ROOT / page if not path else (ROOT / page).parent / path
    assert led.exists()
    if anchor:
        assert anchor in pages.anchors(led.read_text(encoding="utf-8"))
