"""Arrays to pictures: grid, PNG, GIF. Imports no TensorFlow."""

import contextlib
import io
import math
import pathlib
import warnings

import numpy as np
from PIL import Image

FRAMES = 200  # of an animation at the most
MANY_COLOURS = 4096  # a plot has some hundred
LARGEST_FRAME = 2**24  # pixels of a picture that an animation takes; those of runs have far fewer


def to_uint8(values: np.ndarray, output_range: tuple[float, float]) -> np.ndarray:
    """Values in `output_range` to uint8 of the same shape, rounded; what lies outside is clipped, NaN is 0."""
    low, high = output_range
    unit = (np.asarray(values, np.float64) - low) / (high - low)
    return np.round(np.clip(np.nan_to_num(unit), 0.0, 1.0) * 255.0).astype(np.uint8)


def grid(images: np.ndarray, columns: int | None = None) -> np.ndarray:
    """Images uint8 [N, H, W, C] to one picture, uint8, row by row, a white line of 1 pixel between them.

    `columns`: as near a square as N allows where it is not given.
    """
    count, height, width, channels = images.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    picture = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, channels), 255, np.uint8)
    for i, image in enumerate(images):
        top, left = (i // columns) * (height + 1), (i % columns) * (width + 1)
        picture[top : top + height, left : left + width] = image
    return picture


def png(picture: np.ndarray) -> bytes:
    """A picture uint8 [H, W, C], C 1 or 3, as the bytes of a PNG file."""
    file = io.BytesIO()
    Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture).save(file, "PNG")
    return file.getvalue()


def gif(frames: list[pathlib.Path], milliseconds: int = 150, most: int = FRAMES) -> bytes:
    """PNG files as the bytes of one animation, the last frame held for a second; empty where none is a PNG.

    Of more than `most` frames that many are taken, evenly, first and last among them. One that is damaged is left out.
    """
    if len(frames) > most:
        frames = [frames[round(i * (len(frames) - 1) / (most - 1))] for i in range(most)]
    images = []
    for frame in frames:  # a GIF has palettes; made here, they keep memory and open files few
        # Pillow raises a dozen kinds on a damaged file; of its other formats some start programs.
        with (
            contextlib.suppress(Exception),
            warnings.catch_warnings(action="ignore"),
            Image.open(frame, formats=("PNG",)) as image,
        ):
            if image.width * image.height <= LARGEST_FRAME:
                images.append(_with_palette(image))
    if not images:
        return b""
    durations = [milliseconds] * (len(images) - 1) + [1000]
    file = io.BytesIO()
    images[0].save(file, "GIF", save_all=True, append_images=images[1:], duration=durations, loop=0)
    return file.getvalue()


def _with_palette(image: Image.Image) -> Image.Image:
    """The best 256 colours where that is quick; a photograph's would take a fifth of a second."""
    if image.mode == "RGB" and image.getcolors(MANY_COLOURS) is None:
        return image.quantize(256, method=Image.Quantize.FASTOCTREE)
    return image.convert("P", palette=Image.Palette.ADAPTIVE)
