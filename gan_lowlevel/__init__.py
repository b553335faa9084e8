"""The definitive low-level GAN: TensorFlow 1.x-style graphs that run on today's TensorFlow 2."""

import importlib.util
import signal
import sys

__version__ = "0.1.0"

if sys.argv[:1] == ["-m"]:  # a command, about to be imported: until it takes the signals, Ctrl-C shows no traceback
    signal.signal(signal.SIGINT, signal.SIG_DFL)

if not (3, 11) <= sys.version_info[:2] <= (3, 13):  # the versions that TensorFlow 2.21 and this code both run on
    sys.exit(
        f"gan_lowlevel runs on Python 3.11, 3.12 or 3.13, this is Python {sys.version_info[0]}.{sys.version_info[1]}: "
        "make a virtual environment with one of those."
    )

# Asked here, since each module imports what it needs before any command can catch the failure.
_NEEDED = ("absl", "jupytext", "matplotlib", "mlxtend", "numpy", "PIL", "rich", "scipy", "sklearn", "tensorboard",
           "tensorflow", "threadpoolctl", "tqdm")  # fmt: skip
_missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
if _missing:
    sys.exit(f"gan_lowlevel wants {', '.join(_missing)}, not installed here: pip install -r requirements.txt")
