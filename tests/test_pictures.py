"""Arrays to pictures: every pixel where it belongs, every file one that Pillow can read."""

import io
import time
import warnings

import numpy as np
import pytest
from PIL import Image

from gan_lowlevel import pictures


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def numbered(count: int, height: int, width: int, channels: int = 1) -> np.ndarray:
    """Images [count, H, W, C] in which no two pixels of one image are alike, and no image is like another."""
    size = height * width * channels
    return (np.arange(count * size) % 251).astype(np.uint8).reshape(count, height, width, channels)


@pytest.mark.parametrize(
    ("value", "output_range", "expected"),
    [
        (0.0, (0, 1), 0),
        (1.0, (0, 1), 255),
        (0.25, (0, 1), 64),  # 63.75 rounds up, where a cast alone would cut it to 63
        (0.3, (0, 1), 76),  # 76.5 - rounding of 0.3 itself is below it: 76.49999
        (0.1, (0, 1), 26),  # 25.5 of a 0.1 that is a little more than 1/10
        (-1.0, (-1, 1), 0),
        (1.0, (-1, 1), 255),
        (-0.5, (-1, 1), 64),  # a quarter of the range, as above
        (0.5, (-1, 1), 191),  # 191.25
        (-0.001, (0, 1), 0),
        (1.001, (0, 1), 255),
        (-7.0, (-1, 1), 0),
        (7.0, (-1, 1), 255),
        (np.inf, (0, 1), 255),
        (-np.inf, (-1, 1), 0),
        (np.nan, (0, 1), 0),
    ],
)
def test_to_uint8(value, output_range, expected):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a cast of NaN warns, and its result is anything
        picture = pictures.to_uint8(np.full((2, 3), value, np.float64), output_range)
    assert picture.dtype == np.uint8
    assert picture.tolist() == [[expected] * 3] * 2


@pytest.mark.parametrize("output_range", [(0.0, 1.0), (-1.0, 1.0)])
def test_to_uint8_gives_back_every_byte(output_range):
    low, high = output_range
    values = (np.arange(256) / 255 * (high - low) + low).astype(np.float32)
    assert pictures.to_uint8(values, output_range).tolist() == list(range(256))


@pytest.mark.parametrize(
    ("count", "given", "rows", "columns"),
    [(1, None, 1, 1), (2, None, 1, 2), (4, None, 2, 2), (5, None, 2, 3), (64, None, 8, 8), (65, None, 8, 9),
     (6, 2, 3, 2), (7, 2, 4, 2), (3, 5, 1, 5)],
)  # fmt: skip
def test_grid_is_as_near_a_square_as_the_count_allows(count, given, rows, columns):
    height, width = 2, 3
    picture = pictures.grid(numbered(count, height, width), given)
    # that many images and a line of one pixel between any two
    assert picture.shape == (rows * height + (rows - 1), columns * width + (columns - 1), 1)


@pytest.mark.parametrize("channels", [1, 3])
def test_grid_places_row_by_row_on_white(channels):
    images = numbered(5, 2, 3, channels)
    picture = pictures.grid(images)  # 2 rows of 3 columns
    expected = np.full((2 + 1 + 2, 3 + 1 + 3 + 1 + 3, channels), 255)
    expected[0:2, 0:3], expected[0:2, 4:7], expected[0:2, 8:11] = images[0], images[1], images[2]
    expected[3:5, 0:3], expected[3:5, 4:7] = images[3], images[4]  # the sixth place stays white
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, expected)


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
def test_png_is_exact(channels, mode):
    picture = numbered(1, 5, 7, channels)[0]
    image = opened(pictures.png(picture))
    assert (image.format, image.mode, image.size) == ("PNG", mode, (7, 5))
    np.testing.assert_array_equal(np.asarray(image).reshape(5, 7, channels), picture)


def frames(folder, count: int) -> list:
    """Grey PNG files, frame i all of the grey 10 i."""
    paths = [folder / f"step_{i:08d}.png" for i in range(count)]
    for i, path in enumerate(paths):
        path.write_bytes(pictures.png(np.full((4, 6, 1), 10 * i, np.uint8)))
    return paths


def greys(image: Image.Image) -> list[int]:
    """The grey of each frame's corner."""
    found = []
    for i in range(image.n_frames):
        image.seek(i)
        found.append(image.convert("L").getpixel((0, 0)))
    return found


def test_gif_shows_each_frame_and_holds_the_last(tmp_path):
    image = opened(pictures.gif(frames(tmp_path, 4), milliseconds=150))
    assert (image.format, image.size, image.n_frames) == ("GIF", (6, 4), 4)
    assert greys(image) == [0, 10, 20, 30]
    assert image.info["loop"] == 0  # for ever
    durations = []
    for i in range(4):
        image.seek(i)
        durations.append(image.info["duration"])
    assert durations == [150, 150, 150, 1000]


@pytest.mark.parametrize("content", ["noise", "cut", "jpeg", "empty"])
def test_gif_leaves_out_what_is_no_png(tmp_path, content):
    paths = frames(tmp_path, 3)
    whole = paths[1].read_bytes()
    jpeg = io.BytesIO()
    Image.new("RGB", (8, 8)).save(jpeg, "JPEG")
    contents = {"noise": b"noise", "cut": whole[:40], "jpeg": jpeg.getvalue(), "empty": b""}
    paths[1].write_bytes(contents[content])
    assert opened(pictures.gif(paths)).n_frames == 2
    assert pictures.gif([paths[1]]) == b""


def test_gif_of_one_frame(tmp_path):
    image = opened(pictures.gif(frames(tmp_path, 1)))
    assert (image.format, image.n_frames) == ("GIF", 1)


def test_gif_takes_evenly_from_more_than_the_most(tmp_path):
    every = frames(tmp_path, 9)
    assert greys(opened(pictures.gif(every, most=9))) == [0, 10, 20, 30, 40, 50, 60, 70, 80]
    assert greys(opened(pictures.gif(every, most=5))) == [0, 20, 40, 60, 80]  # each second one, both ends
    assert greys(opened(pictures.gif(every, most=2))) == [0, 80]


def test_gif_of_photographs_is_near_them_and_quick(tmp_path):
    y, x = np.mgrid[:256, :256]
    picture = np.stack([y, x, (x + y) // 2], axis=-1).astype(np.uint8)  # 65,536 colours
    (tmp_path / "a.png").write_bytes(pictures.png(picture))
    began = time.process_time()
    image = opened(pictures.gif([tmp_path / "a.png"] * 200))
    assert time.process_time() - began < 5
    difference = np.asarray(image.convert("RGB"), np.float64) - picture
    assert np.sqrt(np.mean(difference**2)) < 255 / 16  # 256 colours are 6.3 levels a channel


def test_gif_of_colours(tmp_path):
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for path, colour in zip(paths, ([255, 0, 0], [0, 0, 255]), strict=True):
        path.write_bytes(pictures.png(np.full((4, 6, 3), colour, np.uint8)))
    image = opened(pictures.gif(paths))
    assert image.n_frames == 2
    assert image.convert("RGB").getpixel((0, 0)) == (255, 0, 0)
    image.seek(1)
    assert image.convert("RGB").getpixel((0, 0)) == (0, 0, 255)
