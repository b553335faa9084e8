"""Train the digit classifier that evaluation measures with, and test it on all of MNIST's test digits.

python -m gan_lowlevel.train_digits --input_data_dir=DIR --out=FILE
"""

import dataclasses
import functools
import pathlib
import platform
import time
from typing import TYPE_CHECKING

import numpy as np

from gan_lowlevel import command, system
from gan_lowlevel.commandline import read_record
from gan_lowlevel.config import flag_text, setting, settings_of
from gan_lowlevel.errors import Exit, Failure

if TYPE_CHECKING:
    from gan_lowlevel.data.dataset import Dataset


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainDigitsConfig:
    """Every setting of the command."""

    input_data_dir: str = setting(
        "",
        str,
        "Folder of the four MNIST files, downloaded into it where it lacks them; or an .npz of digits 28x28 with "
        "labels, such as x_train, y_train, x_test, y_test.",
        aliases=("data_dir",),
    )
    download: bool = setting(True, bool, "Whether missing MNIST files may be downloaded.")
    out: str = setting("", str, "File for the weights, an .npz of float32 arrays; what was there is replaced.")
    epochs: int = setting(40, int, "Length as passes over the training digits.", low=1, high=10_000)
    batch_size: int = setting(100, int, "Digits in an update.", low=1, high=65536)
    learning_rate: float = setting(
        0.002, float, "Adam's learning rate at the start; it falls in a line to 0.", low=0, high=1000
    )
    seed: int = setting(0, int, "Seed of weights, order, shifts and dropout.", low=0, high=2**31 - 1)
    threads: int = setting(
        0, int, "CPU threads of TensorFlow; other counts give other last bits. 0: one per core.", low=0, high=1024
    )


def main(config: TrainDigitsConfig) -> Exit:
    """Read the digits, train, test, write."""
    for name in ("input_data_dir", "out"):
        if not getattr(config, name):
            raise Failure(Exit.FLAGS, f"--{name} is wanted: {settings_of(TrainDigitsConfig)[name].help}")
    out = pathlib.Path(config.out)
    if out.is_dir():
        raise Failure(Exit.FLAGS, f"--out wants a file, {out} is a folder: give {out / 'digits.npz'}.")
    out.parent.mkdir(parents=True, exist_ok=True)
    data = digits_of(config)
    print(data.description, flush=True)
    threads = config.threads or system.cores()

    command.start_tensorflow()
    import tensorflow as tf

    from gan_lowlevel.metrics import digits, digits_training

    began = time.monotonic()
    trained = digits_training.train(
        data.images,
        data.labels,
        epochs=config.epochs,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        seed=config.seed,
        threads=threads,
        say=functools.partial(print, flush=True),
    )
    seconds = time.monotonic() - began
    probabilities = digits.classify(data.test_images[..., 0].astype(np.float32) / 255, trained.weights).probabilities
    right = int((probabilities.argmax(axis=1) == data.test_labels).sum())
    about = {
        "command": repeated(dataclasses.replace(config, threads=threads)),
        "accuracy": right / len(data.test_labels),
        "test_digits": len(data.test_labels),
        "parameters": sum(array.size for array in trained.weights.values()),
        "data_sha256": data.sha256(),
        "made_with": f"TensorFlow {tf.__version__}, NumPy {np.__version__} on {platform.machine()}",
    }
    sha256 = digits.write(out, trained.weights, about)
    print(
        f"{about['parameters']:,} parameters, trained in {seconds:.0f} s: {right:,} of {len(data.test_labels):,} test "
        f"digits right, {100 * about['accuracy']:.2f} %\n{out} has {out.stat().st_size:,} bytes, SHA-256 {sha256}"
    )
    return Exit.DONE


def digits_of(config: TrainDigitsConfig) -> "Dataset":
    """Labelled digits to train and to test with. Raises Failure(DATA)."""
    from gan_lowlevel.data import array, looking, mnist  # after the flags: a wrong flag answers at once

    path = config.input_data_dir
    if "array" not in looking.kinds(path):
        return mnist.load(path, download=config.download)
    data = array.load(path, size=28, channels=1, resize="stretch", mirror=False, holdout=0.0, dry_run=False)
    if not data.digits or data.test_images is None:
        raise Failure(
            Exit.DATA,
            f"{path} should hold digits 28x28 with labels 0 to 9, and others to test with, as x_train, y_train, "
            "x_test and y_test, and does not: give such an .npz, or a folder of MNIST's files.",
        )
    return data


def repeated(config: TrainDigitsConfig) -> str:
    """The command that gives the same weights again, for whoever has the data in DIR."""
    own = dataclasses.asdict(config) | {"input_data_dir": "DIR", "out": "FILE"}
    return " ".join(
        [
            "python -m gan_lowlevel.train_digits",
            *(flag_text(name, value) for name, value in own.items() if name != "download"),
        ]
    )


if __name__ == "__main__":
    command.run(
        command="train_digits",
        purpose=__doc__.strip(),
        record=TrainDigitsConfig,
        body=main,
        read=functools.partial(read_record, TrainDigitsConfig),
        defaults=lambda argv: dataclasses.asdict(TrainDigitsConfig()),
    )
