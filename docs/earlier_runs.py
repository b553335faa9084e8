"""Runs that lie with lessons 10 and 12, in docs/lessons/data, made anew and cut down to what the lessons show.

python -m docs.earlier_runs DIR [NAME ...]

DIR is the folder of MNIST's four files. All of these runs are made, or those that are named: half a minute to eight
minutes each on one core. Kept of each are its metrics.csv, some grids of samples, and an event file with its curves,
their layout and a few pictures. Its settings, cards, graph and histograms are left out: they are large, and of the runs
of lesson 12 they would say what is to be found out.
"""

import argparse
import io
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

from PIL import Image
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.proto.types_pb2 import DT_FLOAT
from tensorboard.summary.writer.record_writer import RecordWriter

from gan_lowlevel import system
from gan_lowlevel.errors import Exit

ROOT = pathlib.Path(__file__).parent.parent
DATA = ROOT / "docs" / "lessons" / "data"
EVENTS = "events.out.tfevents.0.lessons"

DCGAN = "--model=dcgan --input_data_dir={mnist} --batch_size=32 --epochs=0 --theory_every=100 --theory_rows=250"
FEW = f"{DCGAN} --train_rows=500 --max_steps=1200 --summary_every=10 --sample_every=100 --views_every=0"
BROKEN = "--model=mlp --dataset=embedded --max_steps=1250 --theory_rows=500 --sample_every=250 --views_every=0 \
--summary_every={} --theory_every={}"
FLAGS = {
    "dcgan": f"{DCGAN} --max_steps=2000 --summary_every=25 --sample_every=250 --views_every=1000",
    "dropout": f"{FEW} --d_dropout=0.3",
    "no_dropout": f"{FEW} --d_dropout=0",
    "run_a": BROKEN.format(25, 50) + " --d_learning_rate=0.00002",
    "run_b": BROKEN.format(25, 50) + " --d_step=10",
    "run_c": BROKEN.format(1, 1) + " --d_learning_rate=0.05 --log_form=literal --engine=explicit",
    "run_d": BROKEN.format(25, 50) + " --g_loss=minimax",
    "run_e": BROKEN.format(25, 50) + " --d_step=0",
}
ALWAYS = "--threads=1 --seed=0 --save_every=0"
KEPT = {  # the steps whose pictures are kept, by the beginning of a run's name
    "dcgan": (250, 1000, 2000),
    "dropout": (200, 1200),
    "no_dropout": (200, 1200),
    "run_c": (0,),
    "run": (1250,),
}
PICTURES = ("samples/fake", "samples/real", "views/saturation")
LAYOUT = "custom_scalars__config__"
CONSTANT = ("value/minus_log_4", "ideal/", "jsd/log_2")  # curves of which two points are enough
DROPPED = ("speed/",)
SHADES = 16


def main() -> None:
    """Make the runs that are named, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m docs.earlier_runs", description=__doc__.partition("\n")[0])
    parser.add_argument("mnist", metavar="DIR", help="the folder of MNIST's four files")
    parser.add_argument("names", nargs="*", type=_known, metavar="NAME", help=f"one of {', '.join(FLAGS)}")
    typed = parser.parse_args()
    for name in typed.names or FLAGS:
        with tempfile.TemporaryDirectory() as logs:
            flags = [flag.format(mnist=typed.mnist) for flag in shlex.split(f"{FLAGS[name]} {ALWAYS}")]
            command = [sys.executable, "-m", "gan_lowlevel.main", *flags, f"--logdir={logs}", f"--run_name={name}"]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            if done.returncode not in (Exit.DONE, Exit.NAN):
                sys.exit(done.stderr.strip().splitlines()[-1])
            keep(pathlib.Path(logs) / name, DATA / name)
        size = sum(path.stat().st_size for path in (DATA / name).rglob("*") if path.is_file())
        print(f"{name}: {size / 1000:.0f} KB")


def _known(name: str) -> str:
    if name not in FLAGS:
        raise argparse.ArgumentTypeError(f"no such run: {name}")
    return name


def keep(run: pathlib.Path, folder: pathlib.Path) -> None:
    """Make `folder` of what is kept of a run, in the place of what was there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(run / "metrics.csv", folder)
    steps = next(steps for name, steps in KEPT.items() if folder.name.startswith(name))
    for path in sorted((run / "samples").glob("step_*.png")):
        if int(path.stem.removeprefix("step_")) in steps and "dcgan" in FLAGS[folder.name]:
            (folder / "samples").mkdir(exist_ok=True)
            system.write_atomically(folder / "samples" / path.name, small(path.read_bytes()))
    with open(folder / EVENTS, "wb") as file:
        writer = RecordWriter(file)
        for event in merged(run, steps):
            writer.write(event.SerializeToString())


def merged(run: pathlib.Path, steps: tuple[int, ...]) -> list[Event]:
    """An event for each step with all that is kept of it, and before them those that begin the file."""
    begin, points = [], {}
    for path in sorted(run.glob("events.out.tfevents.*")):
        for content in RawEventFileLoader(str(path)).Load():
            event = Event.FromString(content)
            if event.WhichOneof("what") in ("file_version", "session_log"):
                begin.append(event)
            for value in event.summary.value:
                if is_kept(value, event.step, steps):
                    points.setdefault(value.tag, []).append((event, value))
    by_step = {}
    for tag, found in points.items():
        for event, value in found[:1] + found[1:][-1:] if tag.startswith(CONSTANT) else found:
            if value.HasField("image"):
                value.image.encoded_image_string = small(value.image.encoded_image_string)
            into = by_step.setdefault(event.step, Event(wall_time=event.wall_time, step=event.step))
            into.summary.value.append(value)
    return [*begin, *(by_step[step] for step in sorted(by_step))]


def is_kept(value: Summary.Value, step: int, steps: tuple[int, ...]) -> bool:
    """Whether a value is a point of a curve, the layout of curves, or a picture of one of those steps."""
    if value.HasField("image"):
        return value.tag == "samples/real" or (value.tag in PICTURES and step in steps)
    if value.tag == LAYOUT:
        return True
    # TensorBoard's scalars are tensors of a float without dimensions.
    is_scalar = value.tensor.dtype == DT_FLOAT and not value.tensor.tensor_shape.dim
    return is_scalar and not value.tag.startswith(DROPPED)


def small(png: bytes) -> bytes:
    """The upper half of a grey picture, four rows of a grid's eight, or a whole one in colours; in SHADES of them."""
    with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
        if picture.mode == "L":
            picture = picture.crop((0, 0, picture.width, (picture.height + 1) // 2))
            picture = picture.point([round(grey * (SHADES - 1) / 255) * 255 // (SHADES - 1) for grey in range(256)])
        else:
            picture = picture.convert("RGB").quantize(SHADES, dither=Image.Dither.NONE)
        file = io.BytesIO()
        picture.save(file, format="PNG", optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    main()
