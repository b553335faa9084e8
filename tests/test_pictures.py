"""Arrays to pictures: every pixel where it belongs, every file one that Pillow can read."""

import io
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


def test_gif_of_one_frame(tmp_path):
    image = opened(pictures.gif(frames(tmp_path, 1)))
    assert (image.format, image.n_frames) == ("GIF", 1)


def test_gif_takes_evenly_from_more_than_the_most(tmp_path):
    every = frames(tmp_path, 9)
    assert greys(opened(pictures.gif(every, most=9))) == [0, 10, 20, 30, 40, 50, 60, 70, 80]
    assert greys(opened(pictures.gif(every, most=5))) == [0, 20, 40, 60, 80]  # each second one, both ends
    assert greys(opened(pictures.gif(every, most=2))) == [0, 80]


def test_gif_of_colours(tmp_path):
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for path, colour in zip(paths, ([255, 0, 0], [0, 0, 255]), strict=True):
        path.write_bytes(pictures.png(np.full((4, 6, 3), colour, np.uint8)))
    image = opened(pictures.gif(paths))
    assert image.n_frames == 2
    assert image.convert("RGB").getpixel((0, 0)) == (255, 0, 0)
    image.seek(1)
    assert image.convert("RGB").getpixel((0, 0)) == (0, 0, 255)


def near(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """Where a picture has that colour, but for the smoothing of edges: bool [H, W]."""
    return np.abs(picture.astype(int) - colour).max(axis=2) < 30


def middle(where: np.ndarray) -> tuple[float, float]:
    """(mean row, mean column) of what is True."""
    assert where.any()
    rows, columns = np.nonzero(where)
    return rows.mean(), columns.mean()


BLUE, ORANGE = (0x1F, 0x77, 0xB4), (0xFF, 0x7F, 0x0E)  # the first two of matplotlib's cycle, C0 and C1


def test_curves_is_a_picture_of_its_size_and_the_same_for_the_same():
    steps = np.arange(1, 6)
    arguments = (steps, {"a": steps / 5, "b": -steps}, {"a": 1.5, "b": -2.5}, "A title")
    picture = pictures.curves(*arguments)
    assert (picture.shape, picture.dtype) == ((450, 800, 3), np.uint8)  # 4.5 x 8 inches of 100 pixels
    assert near(picture, BLUE).any()
    assert near(picture, ORANGE).any()
    np.testing.assert_array_equal(pictures.curves(*arguments), picture)
    assert opened(pictures.png(picture)).size == (800, 450)


def test_curves_draws_the_ideal_as_a_level_line_in_the_colour_of_its_curve():
    slanted = pictures.curves(np.array([1, 2]), {"a": np.array([0.0, 1.0])}, {"a": 0.5}, "")
    rows = near(slanted, BLUE)[:350].sum(axis=1)  # above the legend
    # The dashed line right across 800 pixels, less than half of it gaps, is one row with much of the colour; the
    # curve climbs through 300 rows in 700 columns, a few pixels a row.
    assert rows.max() > 200
    assert np.median(rows[rows > 0]) < 20
    first, last = np.nonzero(rows)[0][[0, -1]]
    assert abs(rows.argmax() - (first + last) / 2) < 5  # 0.5 is half way between the curve's ends, 0 and 1


def test_curves_shows_a_single_figure():
    ideal_alone = near(pictures.curves(np.array([5]), {"a": np.array([np.nan])}, {"a": 0.5}, ""), BLUE).sum()
    with_point = near(pictures.curves(np.array([5]), {"a": np.array([0.1])}, {"a": 0.5}, ""), BLUE).sum()
    assert with_point > ideal_alone


@pytest.mark.parametrize("values", [[np.nan, 1.0], [np.inf, 1.0], [np.nan, np.nan]])
def test_curves_takes_what_is_not_finite(values):
    assert pictures.curves(np.array([1, 2]), {"a": np.array(values)}, {"a": 0.5}, "").shape == (450, 800, 3)


def test_line_is_a_line():
    picture = pictures.line(np.array([-1.0, 1.0]), np.array([-1.0, 1.0]), "y = x")
    assert (picture.shape, picture.dtype) == ((480, 480, 3), np.uint8)
    rows, columns = np.nonzero(near(picture, BLUE))
    assert np.corrcoef(rows, columns)[0, 1] < -0.99  # up is a smaller row: y = x falls in the picture's coordinates


def test_scatter_is_red_where_it_is_real_and_blue_where_it_is_generated():
    real, fake = np.array([[-0.5, 0.5]]), np.array([[0.5, -0.5]])
    picture = pictures.scatter(real, fake, "")
    assert (picture.shape, picture.dtype) == ((480, 480, 3), np.uint8)
    (red_row, red_column), (blue_row, blue_column) = (middle(near(picture, c)) for c in ((255, 0, 0), (0, 0, 255)))
    assert red_row < blue_row  # y = 0.5 is above y = -0.5
    assert red_column < blue_column
    beyond = pictures.scatter(np.array([[7.0, 0.0]]), np.array([[0.0, -7.0]]), "")
    assert not near(beyond, (255, 0, 0)).any()  # the plane is [-1, 1]^2 whatever G makes of it
    assert not near(beyond, (0, 0, 255)).any()


def test_surface_has_y_upwards_and_its_half_as_a_line():
    axis = np.linspace(-1, 1, 21)
    values = np.repeat(((axis + 1) / 2)[:, None], 21, axis=1)  # D = (y + 1) / 2, 1/2 where y = 0
    picture = pictures.surface(axis, values, "")
    assert (picture.shape, picture.dtype) == ((480, 480, 3), np.uint8)
    inside = picture[:, 100:330].astype(int)  # no colour bar, no axis
    redder = inside[:, :, 0] - inside[:, :, 2]
    assert middle(redder > 60)[0] < middle(redder < -60)[0]  # large y, large D, red as what is real, is above
    across = near(inside, (0, 0, 0)).all(axis=1)
    assert across.any()  # the contour, level and right across
    assert middle(redder > 60)[0] < np.nonzero(across)[0].mean() < middle(redder < -60)[0]


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0), (0.6, 0.9), (0.1, 0.4)])
def test_surface_on_one_side_of_its_half_has_no_such_line_and_does_not_warn(low, high):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pictures.surface(np.linspace(-1, 1, 5), np.linspace(low, high, 25).reshape(5, 5), "")


def test_scatter_takes_the_datas_bounds_and_the_size_of_a_point():
    point, nothing = np.array([[3.0, 0.0]]), np.zeros((0, 2))
    assert not near(pictures.scatter(point, nothing, ""), (255, 0, 0)).any()
    wide = near(pictures.scatter(point, nothing, "", (-5.0, 5.0)), (255, 0, 0))
    assert middle(wide)[1] > 240  # right of the middle
    assert near(pictures.scatter(point, nothing, "", (-5.0, 5.0), size=9), (255, 0, 0)).sum() > 4 * wide.sum()


def test_histogram_is_a_density_beside_the_one_it_should_be():
    x = np.linspace(-1, 1, 101)
    half = np.full(101, 0.5)
    fake = np.linspace(-1, 1, 6001)
    picture = pictures.histogram(fake, x, half, "")
    assert (picture.shape, picture.dtype) == ((480, 480, 3), np.uint8)
    green = near(picture, (102, 178, 102))  # green at 0.6 over white
    dotted = near(picture, (0, 0, 0))
    columns = green.any(axis=0)
    assert columns.sum() > 350  # all across
    top = np.nonzero(green[:, 240])[0][0]
    assert dotted[top - 6 : top + 6, 100:400].any()  # both densities are 1/2
    beyond = pictures.histogram(np.concatenate([fake, np.full(6001, 9.0)]), x, half, "")
    assert near(beyond, (102, 178, 102)).sum() < 0.6 * green.sum()  # half of the mass is outside


def figure_one(**changed) -> np.ndarray:
    x, z = np.linspace(-2, 2, 401), np.linspace(-8, 8, 9)
    arguments = {
        "x": x, "p_data": np.exp(-((x - 1) ** 2) * 8), "p_g": np.exp(-((x + 1) ** 2) * 8), "d": x * 0 + 0.75,
        "best_d": x * 0 + 0.25, "z": z, "g": z / 8, "title": "",
    }  # fmt: skip
    return pictures.figure_one(**arguments | changed)


def test_figure_one_has_all_four_curves_where_they_belong():
    picture = figure_one()
    assert (picture.shape, picture.dtype) == ((480, 640, 3), np.uint8)
    above = picture[75:276]  # below the legend, above the axis
    green, blue, orange = (near(above, colour) for colour in ((0, 128, 0), (0, 0, 255), ORANGE))
    assert np.nonzero(green[:100])[1].mean() < 250  # p_g has its top at x = -1, left
    black = near(above[:100, 60:620], (0, 0, 0))
    assert np.nonzero(black)[1].mean() + 60 > 390  # p_data at x = 1, right
    assert middle(blue)[0] < middle(orange)[0]  # D = 0.75 is above D* = 0.25
    assert blue.sum(axis=1).max() > 300  # both level, right across
    assert orange.any(axis=0)[100:600].sum() > 200


def test_figure_one_draws_lines_from_z_up_to_g_of_z():
    def ends(g: float) -> tuple[float, float]:
        """Mean columns of the lines' ends, just below the upper axis and just above the lower one."""
        below = near(figure_one(g=np.full(9, g)), (0, 0, 0))[290:450]
        rows = np.nonzero(below.sum(axis=1) > 400)[0]  # both axes
        return np.nonzero(below[rows[0] + 4])[0].mean() if rows.size else 0, rows

    (left, rows), (right, _) = ends(-1.0), ends(1.0)
    assert len(rows) >= 2
    # From x = -1 to x = 1 is half the axis, which has 0.9 of 640 pixels; a little below it the lines are nearer.
    assert right - left == pytest.approx(0.5 * 0.9 * 640, abs=45)


def test_figure_one_takes_gaps_and_what_lies_outside():
    gaps = np.full(401, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = figure_one(best_d=gaps, g=np.linspace(-50, 50, 9))
    assert not near(picture[75:276], ORANGE).any()
    assert (picture[:, :30] == 255).all() or near(
        picture[330:390, :45], (255, 255, 255)
    ).all()  # no line leaves its axes
