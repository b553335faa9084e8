"""Trained players that come with the package, in eight bits a weight. Imports no TensorFlow.

networks/mlp.npz and networks/parabola.npz are the weights of G and D, the same for everyone. Their runs and files were
made by

python -m gan_lowlevel.main --model=mlp --input_data_dir=DIR --max_steps=100000 --seed=0 --threads=2 --run_name=mlp
python -m gan_lowlevel.main --model=parabola --seed=0 --threads=2 --run_name=parabola
python -m gan_lowlevel.evaluate --run=logs/mlp --input_data_dir=DIR
python -m gan_lowlevel.evaluate --run=logs/parabola
python -m gan_lowlevel.export --run=logs/mlp --format=npz --out=DIR
python -m gan_lowlevel.export --run=logs/parabola --format=npz --out=ANOTHER

from all of MNIST (LeCun and Cortes, CC BY-SA 3.0) and from drawn points. The commands repeat them bitwise on the same
kind of machine; elsewhere they make others, and what is drawn from stays these files.
"""

import dataclasses
import hashlib
import io
import json
import pathlib
from typing import Any

import numpy as np

from gan_lowlevel import runs
from gan_lowlevel.commandline import read_config
from gan_lowlevel.config import Config, flag_text
from gan_lowlevel.errors import Exit, Failure

FOLDER = pathlib.Path(__file__).with_name("networks")
SHA256 = {
    "mlp": "4af08322457ec4430482751a4236bc58af0a1e452ead50a5ee6cf8f732bda8fd",
    "parabola": "6fa842879b11b5c0438d6ce38780b5bc4129187fb8d9debf80cdafba629956fb",
}  # of each file
FILE = "weights.npz"  # as an export calls it
CARD = "card"  # the file's entry that is no weight: the export's card, as JSON
SCALE = ":scale"  # after a weight's name: what one unit of its eight bits stands for, in each of its last axis
SMALL = 1000  # entries; an array of fewer stays float32


@dataclasses.dataclass(frozen=True)
class Pretrained:
    """Players in the place of a run's: what a checkpoint of theirs would hold and note."""

    name: str
    settings: Config
    step: int
    notes: dict[str, Any]
    weights: dict[str, np.ndarray]  # float32, by variable
    card: dict[str, Any]

    def __str__(self) -> str:
        return f"the package's {self.name}"


def read(name: str) -> Pretrained:
    """The players of that name. Raises Failure(FLAGS) for another, Failure(DATA) for a file that is damaged."""
    if name not in SHA256:
        raise Failure(Exit.FLAGS, f"--pretrained wants one of {', '.join(sorted(SHA256))}, got {name!r}.")
    path = FOLDER / f"{name}.npz"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _damaged(path, name, f"can't be read ({error.strerror})") from None
    if (found := hashlib.sha256(content).hexdigest()) != SHA256[name]:
        raise _damaged(path, name, f"has {len(content):,} bytes of the SHA-256 {found}")
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        arrays = {entry: file[entry] for entry in file}
    card = json.loads(arrays.pop(CARD).item())
    return Pretrained(
        name=name,
        settings=read_config([flag_text(setting, value) for setting, value in card["settings"].items()]),
        step=card["steps"],
        notes={"data_sha256": card["data"]["sha256"]},
        weights=unpacked(arrays),
        card=card,
    )


def refuse_unclear(run: str, name: str, checkpoint: str, average: int) -> None:
    """Raise Failure(FLAGS) unless --run or --pretrained says whose players are wanted.

    `checkpoint` and `average`, as typed, are a run's alone.
    """
    if not run and not name:
        raise Failure(
            Exit.FLAGS,
            "--run is wanted, the folder of a run such as logs/NAME, or --pretrained, one of "
            f"{', '.join(sorted(SHA256))}.",
        )
    if run and name:
        raise Failure(
            Exit.FLAGS, f"give --run or --pretrained, not both; this command says --run={run} --pretrained={name}."
        )
    for flag, typed in (("--checkpoint", checkpoint != runs.NEWEST), ("--average", average != 1)):
        if name and typed:
            raise Failure(Exit.FLAGS, f"{flag} is for --run, what comes with the package has one: leave it out.")


def players(run: str, name: str) -> tuple[runs.Run | Pretrained, Config]:
    """Those of --run, else of --pretrained, with their settings. Raises Failure where there are none."""
    if run:
        found = runs.Run(pathlib.Path(run))
        return found, runs.read_settings(found)
    own = read(name)
    return own, own.settings


def _damaged(path: pathlib.Path, name: str, came: str) -> Failure:
    return Failure(
        Exit.DATA, f"weights with the SHA-256 {SHA256[name]} are wanted, and {path} {came}: install this program again."
    )


def content(weights: dict[str, np.ndarray], card: dict[str, Any]) -> bytes:
    """The file of these weights. Equal weights and cards are equal bytes."""
    file = io.BytesIO()
    np.savez_compressed(file, **packed(weights), **{CARD: np.array(json.dumps(card))})
    return file.getvalue()


def packed(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Each large array in eight bits a weight, -127 to 127 times the scale of its unit, which is its last axis."""
    arrays = {}
    for name, weight in weights.items():
        if weight.size < SMALL:
            arrays[name] = weight
            continue
        largest = np.abs(weight).max(axis=tuple(range(weight.ndim - 1)))  # [units]
        scale = (np.where(largest > 0, largest, 1) / 127).astype(np.float32)
        arrays[name] = np.rint(weight / scale).astype(np.int8)
        arrays[name + SCALE] = scale
    return arrays


def unpacked(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The weights again, float32: one product each, so that they are the same bits everywhere."""
    return {
        name: array.astype(np.float32) * arrays[name + SCALE] if name + SCALE in arrays else array
        for name, array in arrays.items()
        if not name.endswith(SCALE)
    }
