"""What the samples of a run are measured against: test rows, training rows, noise. Imports no TensorFlow by itself.

Kinds of data in a table: a new one is a function and a row of GROUNDS.
"""

import functools
from collections.abc import Callable

import numpy as np

from gan_lowlevel.config import Config
from gan_lowlevel.data.batches import permutation
from gan_lowlevel.data.dataset import Dataset
from gan_lowlevel.data.drawn import Law
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.measures import COMPARED, CURVE, DIGITS, LEAST, LINE, MODES, PHOTOGRAPHS, STRANGERS, Ground, Rows

SIDE = 28  # of a digit
SMALL = 8  # height and width that photographs are compared at
VALIDATION = slice(50_000, 51_000)  # of MNIST's training images, by the Parzen protocol
NOISE = 2**32  # the second word of noise's key: no epoch's, which order the rows
FRESH = 2**40  # seeds from here on are no run's: points of theirs never trained


def ground(data: Dataset | Law, settings: Config, output_range: tuple[float, float], count: int, seed: int,
           trained: bool) -> Ground:  # fmt: skip
    """Of a run with these settings, of which `count` samples are wanted; `seed` chooses real rows and noise.

    data: digits 28x28x1 whatever the run's own shape, other pictures in the run's. output_range: of the samples.
    trained: whether these are the data that the run trained on; else nothing is said of what it memorised.
    Raises Failure(DATA) where there are too few rows.
    """
    return GROUNDS[settings.dataset](data, settings, output_range, count, seed, trained)


def _digits(data: Dataset, settings: Config, output_range, count: int, seed: int, trained: bool) -> Ground:
    """Test digits against samples, with our own classifier's features.

    For Parzen windows all test digits and the protocol's validation rows; every other comparison has those test digits
    that no curve has seen. Digits of another shape are brought back to 28x28 grey ones, samples alone: the real ones
    are everywhere the same.
    """
    whole = data.held_out_images if data.test_images is None else data.test_images
    unseen = whole if data.test_images is None else whole[: len(whole) - len(data.held_out_images)]
    _enough(min(len(unseen), len(data.images)), "digits to compare with")
    unseen = unseen[_order(unseen, seed)]
    train = data.images if data.left_out_images is None else np.concatenate([data.images, data.left_out_images])
    order = permutation(0, 0, len(train))  # the embedded digits are sorted by class
    validation, rest = order[-min(1_000, len(order) // 10) :], order[: -min(1_000, len(order) // 10)]
    notes = [f"test data: {len(whole):,} digits for parzen, {len(unseen):,} of them for the rest"]
    if len(train) >= VALIDATION.stop:
        validation = np.arange(len(train))[VALIDATION]
        rest = np.delete(np.arange(len(train)), VALIDATION)
    if data.test_images is None:
        notes = [
            f"test data: {len(whole):,} held-out digits, which the curves have seen; parzen too is on these, not on "
            f"MNIST's 10,000, with {len(validation)} training digits for validation and windows on {len(rest):,} real "
            "digits under 'real'; for MNIST's own give --input_data_dir=DIR"
        ]
    if settings.picture() != (SIDE, SIDE, 1):
        notes.append(f"samples of {_times(settings.picture())} are measured as grey digits of {SIDE}x{SIDE}")
    real = train[rest[_order(rest, seed)][:count]]
    if not trained:
        notes.append("these are not the data that the run trained on: memorised is left out")

    def prepare(samples: np.ndarray) -> Rows:
        images = unit(samples, output_range).reshape(-1, *settings.picture())
        return _digit_rows(resized(images.mean(axis=3, keepdims=True), SIDE))

    strangers, others = np.array_split(unseen, 2)
    return Ground(
        kind=DIGITS,
        most=count,
        prepare=prepare,
        reference=_digit_rows(_scaled(unseen)),
        real=_digit_rows(_scaled(real), _scaled(strangers)),
        noise=_digit_rows(noise((count, SIDE, SIDE, 1), seed)),
        seed=seed,
        table=data.images.reshape(len(data.images), -1),
        unseen=_digit_rows(_scaled(others)) if trained else None,
        validation=_scaled(train[validation]).reshape(len(validation), -1),
        test=_scaled(whole).reshape(len(whole), -1),
        notes=tuple(notes),
    )


def _digit_rows(images: np.ndarray, strangers: np.ndarray | None = None) -> Rows:
    strangers = images if strangers is None else strangers
    return Rows(images.reshape(len(images), -1), classified, strangers[:STRANGERS].reshape(-1, SIDE * SIDE))


def classified(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What our digit classifier sees in float32 [N, 784] in [0, 1]: features [N, F] and probabilities [N, 10]."""
    from gan_lowlevel.metrics import digits  # needs TensorFlow

    return tuple(digits.classify(values.reshape(-1, SIDE, SIDE)))


def _photographs(data: Dataset, settings: Config, output_range, count: int, seed: int, trained: bool) -> Ground:
    """Real photographs against samples, pixels of SMALL x SMALL as features: colours and layout, no more.

    Held-out photographs are the test data; where the run held none out, one half of those that trained is.
    """
    train, held_out = data.images, data.held_out_images
    what = "photographs" if settings.dataset == "photos" else "pictures"
    notes = [f"no learned features are used: frechet to coverage compare pixels of {SMALL}x{SMALL}"]
    if len(held_out) >= LEAST:
        reference, real = held_out[_order(held_out, seed)], train[_order(train, seed)[:COMPARED]]
        of_reference = None
        notes.append(f"test data: the {len(held_out):,} {what} that the run held out")
    else:
        of_reference, of_real = np.array_split(_order(train, seed), 2)
        reference, real = train[of_reference[:COMPARED]], train[of_real[:COMPARED]]
        notes.append(
            f"test data: {len(reference):,} of the run's own training {what}, as it held {len(held_out)} out "
            f"(--holdout) and {LEAST} are wanted; under 'real' are others of them"
        )
    _enough(min(len(reference), len(real)), f"{what} to compare with")
    most = min(count, len(reference), COMPARED)
    if not trained:
        notes.append("these are not the data that the run trained on: memorised is left out")

    def rows(images: np.ndarray, strangers: np.ndarray | None = None, own: np.ndarray | None = None) -> Rows:
        strangers = (images if strangers is None else strangers)[:STRANGERS]
        small = resized(images, SMALL).reshape(len(images), -1)
        return Rows(
            small, strangers=strangers.reshape(len(strangers), -1), own=None if own is None else own[:STRANGERS]
        )

    reference, real = _scaled(reference), _scaled(real)
    if of_reference is None:
        strangers, others = np.array_split(reference, 2)
        as_real, unseen = rows(real, strangers), rows(others)
    else:  # each has itself among the rows that train
        as_real, unseen = rows(real, own=of_real), rows(reference, own=of_reference)
    return Ground(
        kind=PHOTOGRAPHS,
        most=most,
        prepare=lambda samples: rows(unit(samples, output_range).reshape(-1, *settings.picture())),
        reference=rows(reference),
        real=as_real,
        noise=rows(noise((most, *settings.picture()), seed)),
        seed=seed,
        table=train.reshape(len(train), -1),
        unseen=unseen if trained else None,
        notes=tuple(notes),
    )


def _points(kind: str, data: Law, settings: Config, output_range, count: int, seed: int, trained: bool) -> Ground:
    """Points of the law that no run has drawn; noise is uniform in what pictures show of each axis."""
    n = min(count, COMPARED)
    reference, real = (data.points(FRESH + 2 * seed + i, 0, n) for i in (0, 1))
    low, high = data.bounds
    return Ground(
        kind=kind,
        most=n,
        prepare=Rows,
        reference=Rows(reference),
        real=Rows(real),
        noise=Rows(low + (high - low) * noise(real.shape, seed)),
        seed=seed,
        law=data,
        notes=("test data: fresh draws, which no run has seen",),
    )


def _array(data: Dataset, *facts) -> Ground:
    """Digits where labels say so and enough are held out; else as photographs, of whatever the pictures are."""
    unseen = len(data.held_out_images)
    if data.test_images is not None:
        unseen = len(data.test_images) - unseen
    if data.digits and unseen >= LEAST:
        return _digits(data, *facts)
    return _photographs(data, *facts)


GROUNDS: dict[str, Callable[..., Ground]] = {
    "array": _array,
    "embedded": _digits,
    "gaussian": functools.partial(_points, LINE),
    "mixture": functools.partial(_points, MODES),
    "mnist": _digits,
    "parabola": functools.partial(_points, CURVE),
    "photos": _photographs,
}


# Pixels.


def unit(samples: np.ndarray, output_range: tuple[float, float]) -> np.ndarray:
    """Samples in output_range to float32 of [0, 1], what lies outside clipped."""
    low, high = output_range
    return np.clip((samples - np.float32(low)) / np.float32(high - low), 0, 1).astype(np.float32)


def resized(images: np.ndarray, size: int) -> np.ndarray:
    """float32 [N, H, W, C] to [N, size, size, C], each pixel a mean of those that it stands for."""
    if images.shape[1:3] == (size, size):
        return images
    from PIL import Image  # here, since most runs resize nothing

    planes = np.moveaxis(images, 3, 1).reshape(-1, *images.shape[1:3])  # [N C, H, W]
    small = [np.asarray(Image.fromarray(plane).resize((size, size), Image.Resampling.BOX)) for plane in planes]
    return np.moveaxis(np.stack(small).reshape(len(images), -1, size, size), 1, 3)


def noise(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Pixels uniform in [0, 1): float32."""
    return np.random.Generator(np.random.Philox(key=[seed, NOISE])).random(shape, np.float32)


def _scaled(images: np.ndarray) -> np.ndarray:
    return images.astype(np.float32) / np.float32(255)


def _order(rows: np.ndarray, seed: int) -> np.ndarray:
    return permutation(seed, 1, len(rows))


def _times(shape) -> str:
    return "x".join(map(str, shape))


def _enough(count: int, what: str) -> None:
    if count < LEAST:
        raise Failure(Exit.DATA, f"at least {LEAST} {what} are wanted, the data give {count}: give more data.")
