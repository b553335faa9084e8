"""The data sets, one a row: a new one is one file, one row here and its name in config.DATA_SETS."""

import dataclasses
import hashlib

import numpy as np

from gan_lowlevel.config import Config
from gan_lowlevel.data import embedded, mnist
from gan_lowlevel.data.batches import Batches
from gan_lowlevel.data.dataset import Dataset, Hashed, Rows
from gan_lowlevel.data.drawn import FixedPoints, Law, Points, unseen
from gan_lowlevel.data.gaussian import Gaussian
from gan_lowlevel.data.mixture import Mixture
from gan_lowlevel.data.parabola import Parabola
from gan_lowlevel.errors import Exit, Failure


def _array(config: Config) -> Dataset:
    from gan_lowlevel.data import array

    height, _, channels = config.picture()
    return array.load(
        config.input_data_dir,
        size=height,
        channels=channels,
        resize=config.resize,
        mirror=config.mirror,
        holdout=config.holdout,
        dry_run=config.dry_run,
    )


def _embedded(config: Config) -> Dataset:
    return _shaped(embedded.load(cache=not config.dry_run), config)


def _gaussian(config: Config) -> Law:
    return Gaussian(config.density)


def _mixture(config: Config) -> Law:
    return Mixture(config.mixture)


def _mnist(config: Config) -> Dataset:
    if not config.input_data_dir:
        return _embedded(config)
    return _shaped(mnist.load(config.input_data_dir, download=config.download, dry_run=config.dry_run), config)


def _parabola(config: Config) -> Law:
    return Parabola()


def _photos(config: Config) -> Dataset:
    from gan_lowlevel.data import photos

    height, _, channels = config.picture()
    return photos.load(
        config.input_data_dir,
        size=height,
        channels=channels,
        resize=config.resize,
        mirror=config.mirror,
        holdout=config.holdout,
        batch_size=config.batch_size,
        dry_run=config.dry_run,
    )


DATA_SETS = {
    "array": _array,
    "embedded": _embedded,
    "gaussian": _gaussian,
    "mixture": _mixture,
    "mnist": _mnist,
    "parabola": _parabola,
    "photos": _photos,
}


def load(config: Config) -> Dataset | Law:
    """The data that the settings name, read and checked.

    With dry_run nothing is downloaded and no cache is written. Raises Failure(DATA).
    """
    found = DATA_SETS[config.dataset](config)
    return first_rows(found, config.train_rows) if config.train_rows else found


def first_rows(data: Dataset, count: int) -> Dataset:
    """With its first `count` training pictures alone to train; all where it has no more."""
    if count >= len(data.images):
        return data
    facts = {}
    if isinstance(data, Hashed):  # which is not read through again
        facts["known_sha256"] = hashlib.sha256(f"the first {count} of {data.known_sha256}".encode()).hexdigest()
    return dataclasses.replace(
        data,
        images=data.images[:count],
        labels=data.labels[:count],
        left_out_images=data.images[count:],
        description=f"{data.description}; the first {count:,} of the training pictures train",
        **facts,
    )


def rows(data: Dataset | Law, config: Config, output_range: tuple[float, float], shape: tuple[int, ...]) -> Rows:
    """What trains, as batches of rows of `shape` in `output_range`. Raises Failure(DATA) where rows don't make one."""
    if isinstance(data, Law):
        if data.trained is None:
            return Points(data, config.seed, config.batch_size)
        fixed = data.points(config.seed, 0, data.trained)
        return FixedPoints(fixed, config.batch_size, seed=config.seed, last_batch=config.last_batch)
    if config.last_batch == "drop" and len(data.images) < config.batch_size:
        raise Failure(
            Exit.DATA,
            f"{len(data.images):,} pictures make no batch of {config.batch_size}, and --last_batch=drop leaves "
            "incomplete ones out: give more pictures or a smaller --batch_size.",
        )
    return Batches(
        data.images,
        config.batch_size,
        seed=config.seed,
        output_range=output_range,
        shape=shape,
        last_batch=config.last_batch,
    )


def held_out(
    data: Dataset | Law, config: Config, output_range: tuple[float, float], shape: tuple[int, ...]
) -> Rows | None:
    """What never trains, as batches of at most theory_rows; None where nothing is held out."""
    if isinstance(data, Law):
        return Points(data, unseen(config.seed), config.theory_rows)
    count = min(config.theory_rows, len(data.held_out_images))
    if not count:
        return None
    return Batches(data.held_out_images, count, seed=config.seed, output_range=output_range, shape=shape)


def _shaped(data: Dataset, config: Config) -> Dataset:
    """Digits in the size and colours that the settings ask for."""
    height, _, channels = config.picture()
    return dataclasses.replace(
        data,
        images=_resized(data.images, height, channels),
        held_out_images=_resized(data.held_out_images, height, channels),
        test_images=None if data.test_images is None else _resized(data.test_images, height, channels),
    )


def _resized(images: np.ndarray, size: int, channels: int) -> np.ndarray:
    """uint8 [N, 28, 28, 1] to [N, size, size, channels], smoothly; grey stays grey."""
    if images.shape[1] != size:
        from PIL import Image  # here, since most runs resize nothing

        squares = [np.asarray(Image.fromarray(i[:, :, 0]).resize((size, size), Image.BILINEAR)) for i in images]
        images = np.stack(squares)[..., np.newaxis]
    return images if channels == 1 else np.repeat(images, channels, axis=3)
