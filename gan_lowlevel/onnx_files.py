"""Both players as ONNX files, by tf2onnx, and what onnxruntime makes of them. Wants the extra EXTRA."""

import importlib.util
import logging
import pathlib
from typing import TYPE_CHECKING

import numpy as np

from gan_lowlevel import system
from gan_lowlevel.errors import Exit, Failure

if TYPE_CHECKING:
    from gan_lowlevel.servable import Frozen  # needs TensorFlow

EXTRA = ("tf2onnx>=1.17,<2", "onnx>=1.20,<2", "onnxruntime>=1.23,<2")  # as pyproject.toml has it
OPSET = 18  # of December 2022: old enough for most runtimes
# Of the largest number that comes out: sums of ten thousand products in another order differ by some 1e-6 of it.
TOLERANCE = 1e-5


def refuse_without() -> None:
    """Raise Failure(FLAGS) where the extra is not installed."""
    missing = [name for name in ("tf2onnx", "onnx", "onnxruntime") if importlib.util.find_spec(name) is None]
    if missing:
        wanted = " ".join(f'"{requirement}"' for requirement in EXTRA)
        raise Failure(Exit.FLAGS, f"--format=onnx wants {', '.join(missing)}, not installed here: pip install {wanted}")


def versions() -> dict[str, str]:
    """Of what converts and what checks."""
    import onnx
    import onnxruntime
    import tf2onnx

    return {module.__name__: module.__version__ for module in (tf2onnx, onnx, onnxruntime)}


def write(path: pathlib.Path, player: str, graph: "Frozen") -> None:
    """Convert one player; its file takes any number of rows."""
    import tf2onnx

    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    names = {f"{name}:0": name for name in (*graph.inputs, *graph.outputs)}
    model, _ = tf2onnx.convert.from_graph_def(
        graph.graph,
        name=player,
        input_names=[f"{name}:0" for name in graph.inputs],
        output_names=[f"{name}:0" for name in graph.outputs],
        opset=OPSET,
        tensors_to_rename=names,
    )
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    system.write_atomically(path, model.SerializeToString())


def run(path: pathlib.Path, rows: np.ndarray) -> list[np.ndarray]:
    """What onnxruntime makes of the rows, in the order of the outputs."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: rows})


def difference(path: pathlib.Path, found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference to what this program draws.

    Raises Failure(BUG) where it is beyond TOLERANCE: the file is no copy of the player.
    """
    largest = float(np.abs(found - expected).max())
    if not largest <= TOLERANCE * max(1.0, float(np.abs(expected).max())):  # written so that NaN is beyond
        raise Failure(
            Exit.BUG,
            f"onnxruntime makes of {path.name} what differs by {largest:.3g} from this program's own: "
            "please report it with the versions of tf2onnx and onnxruntime.",
        )
    return largest
