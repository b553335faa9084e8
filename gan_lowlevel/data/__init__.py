"""The data sets, one a row: a new one is one file, one row here and its name in config.DATA_SETS."""

from gan_lowlevel.config import Config
from gan_lowlevel.data import embedded, mnist
from gan_lowlevel.data.dataset import Dataset


def _embedded(config: Config) -> Dataset:
    return embedded.load(cache=not config.dry_run)


def _mnist(config: Config) -> Dataset:
    return mnist.load(config.input_data_dir, download=config.download, dry_run=config.dry_run)


DATA_SETS = {"embedded": _embedded, "mnist": _mnist}


def load(config: Config) -> Dataset:
    """The data that a run trains on: MNIST from input_data_dir, or the embedded digits where that is empty.

    With dry_run nothing is downloaded and no cache is written. Raises Failure(DATA).
    """
    return DATA_SETS["mnist" if config.input_data_dir else "embedded"](config)
