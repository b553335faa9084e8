"""Figures: every mark where its numbers put it, in its colour."""

import warnings

import numpy as np
import pytest

from gan_lowlevel import plots
from tests.colours import near


def middle(where: np.ndarray) -> tuple[float, float]:
    """(mean row, mean column) of what is True."""
    assert where.any()
    rows, columns = np.nonzero(where)
    return rows.mean(), columns.mean()


BLUE, ORANGE = (0x1F, 0x77, 0xB4), (0xFF, 0x7F, 0x0E)  # the first two of matplotlib's cycle, C0 and C1


def test_curves_is_a_picture_of_its_size_and_the_same_for_the_same():
    steps = np.arange(1, 6)
    arguments = (steps, {"a": steps / 5, "b": -steps}, {"a": 1.5, "b": -2.5}, "A title")
    picture = plots.curves(*arguments)
    assert (picture.shape, picture.dtype) == ((450, 800, 3), np.uint8)  # 4.5 x 8 inches of 100 pixels
    assert near(picture, BLUE).any()
    assert near(picture, ORANGE).any()
    np.testing.assert_array_equal(plots.curves(*arguments), picture)


def test_curves_draws_the_ideal_as_a_level_line_in_the_colour_of_its_curve():
    slanted = plots.curves(np.array([1, 2]), {"a": np.array([0.0, 1.0])}, {"a": 0.5}, "")
    rows = near(slanted, BLUE)[:350].sum(axis=1)  # above the legend
    # The dashed line right across 800 pixels, less than half of it gaps, is one row with much of the colour; the
    # curve climbs through 300 rows in 700 columns, a few pixels a row.
    assert rows.max() > 200
    assert np.median(rows[rows > 0]) < 20
    first, last = np.nonzero(rows)[0][[0, -1]]
    assert abs(rows.argmax() - (first + last) / 2) < 5  # 0.5 is half way between the curve's ends, 0 and 1


def test_curves_shows_a_single_figure():
    ideal_alone = near(plots.curves(np.array([5]), {"a": np.array([np.nan])}, {"a": 0.5}, ""), BLUE).sum()
    with_point = near(plots.curves(np.array([5]), {"a": np.array([0.1])}, {"a": 0.5}, ""), BLUE).sum()
    assert with_point > ideal_alone


@pytest.mark.parametrize("values", [[np.nan, 1.0], [np.inf, 1.0], [np.nan, np.nan]])
def test_curves_takes_what_is_not_finite(values):
    assert plots.curves(np.array([1, 2]), {"a": np.array(values)}, {"a": 0.5}, "").shape == (450, 800, 3)


@pytest.mark.parametrize("bound", [1.0, 1.5, 2.6, 12.0])
def test_no_label_of_a_square_picture_is_cut(bound):
    points = np.zeros([1, 2])
    picture = plots.scatter(points, points, "a title", (-bound, bound))
    assert (np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]]) == 255).all()  # its edge is white


def test_line_is_a_line():
    picture = plots.line(np.array([-1.0, 1.0]), np.array([-1.0, 1.0]), "y = x")
    assert (picture.shape, picture.dtype) == ((480, 480, 3), np.uint8)
    rows, columns = np.nonzero(near(picture, BLUE))
    assert np.corrcoef(rows, columns)[0, 1] < -0.99  # up is a smaller row: y = x falls in the picture's coordinates


def test_scatter_is_red_where_it_is_real_and_blue_where_it_is_generated():
    real, fake = np.array([[-0.5, 0.5]]), np.array([[0.5, -0.5]])
    picture = plots.scatter(real, fake, "")
    assert (picture.shape, picture.dtype) == ((480, 480, 3), np.uint8)
    (red_row, red_column), (blue_row, blue_column) = (middle(near(picture, c)) for c in ((255, 0, 0), (0, 0, 255)))
    assert red_row < blue_row  # y = 0.5 is above y = -0.5
    assert red_column < blue_column
    beyond = plots.scatter(np.array([[7.0, 0.0]]), np.array([[0.0, -7.0]]), "")
    assert not near(beyond, (255, 0, 0)).any()  # the plane is [-1, 1]^2 whatever G makes of it
    assert not near(beyond, (0, 0, 255)).any()


AXIS = np.linspace(-1, 1, 21)
NOTHING = np.zeros((0, 2))


def one_force(fake, force) -> dict[str, np.ndarray]:
    return {"a loss": np.array(force, float).reshape(len(fake), 2)}


def test_surface_has_y_upwards_and_its_half_as_a_line():
    values = np.repeat(((AXIS + 1) / 2)[:, None], 21, axis=1)  # D = (y + 1) / 2, 1/2 where y = 0
    fake = np.array([[5.0, 5.0]])  # outside
    picture = plots.surface(AXIS, values, NOTHING, fake, one_force(fake, [[0, 0]]), "")
    assert (picture.shape, picture.dtype) == ((480, 480, 3), np.uint8)
    inside = picture[:, 100:330].astype(int)  # no colour bar, no axis
    redder = inside[:, :, 0] - inside[:, :, 2]
    assert middle(redder > 60)[0] < middle(redder < -60)[0]  # large y, large D, red as what is real, is above
    across = near(inside, (0, 0, 0)).all(axis=1)
    assert across.any()  # the contour, level and right across
    assert middle(redder > 60)[0] < np.nonzero(across)[0].mean() < middle(redder < -60)[0]


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0), (0.6, 0.9), (0.1, 0.4)])
def test_surface_on_one_side_of_its_half_has_no_such_line_and_does_not_warn(low, high):
    fake = np.zeros((1, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = np.linspace(low, high, 25).reshape(5, 5)
        plots.surface(np.linspace(-1, 1, 5), values, NOTHING, fake, one_force(fake, [[0, 0]]), "")


def test_surface_draws_the_forces_of_all_panels_to_one_scale():
    fake, values = np.zeros((1, 2)), np.full((21, 21), 0.5)
    forces = {"long": np.array([[1.0, 0.0]]), "short": np.array([[0.1, 0.0]])}
    picture = plots.surface(AXIS, values, NOTHING, fake, forces, "")
    assert picture.shape == (480, 880, 3)
    plain = plots.surface(AXIS, values, NOTHING, fake, {name: force * 0 for name, force in forces.items()}, "")
    changed = (picture != plain).any(axis=2)
    left, right = changed[:, :440].sum(axis=1).max(), changed[:, 440:].sum(axis=1).max()  # pixels of the arrow's row
    assert left > 3 * right > 0


def test_logits_are_red_for_real_and_blue_for_generated_where_they_lie():
    picture = plots.logits(np.full(50, 2.0), np.full(50, -2.0), "")
    assert picture.shape == (420, 560, 3)
    real, fake = (near(picture[60:350, 80:], colour) for colour in ((255, 127, 127), (127, 127, 255)))  # half shades
    assert middle(fake)[1] < middle(real)[1]


@pytest.mark.parametrize("values", [[np.nan], [np.inf, 1.0], [0.0, 0.0]])
def test_logits_takes_what_is_not_finite_and_what_is_all_alike(values):
    assert plots.logits(np.array(values), np.array(values), "").shape == (420, 560, 3)


def test_saturation_has_one_loss_rising_and_the_other_falling():
    d = np.array([0.1, 0.9])
    picture = plots.saturation(d, {"minimax": d, "non_saturating": 1 - d}, "")
    where = [near(picture, colour) for colour in (BLUE, ORANGE)]
    for curve, rises in zip(where, (True, False), strict=True):
        left, right = middle(curve[:, 60:220])[0], middle(curve[:, 380:550])[0]
        assert (right < left) == rises  # rows count downwards


def test_walk_goes_from_a_dot_to_a_cross():
    paths = np.array([[[-0.5, 0.0], [0.5, 0.0]]])
    picture = plots.walk(paths, NOTHING, "")
    assert picture.shape == (480, 480, 3)
    columns = near(picture, BLUE).any(axis=0).nonzero()[0]
    assert columns.max() - columns.min() > 150  # a line across half of the plane


def test_scatter_takes_the_datas_bounds_and_the_size_of_a_point():
    point, nothing = np.array([[3.0, 0.0]]), np.zeros((0, 2))
    assert not near(plots.scatter(point, nothing, ""), (255, 0, 0)).any()
    wide = near(plots.scatter(point, nothing, "", (-5.0, 5.0)), (255, 0, 0))
    assert middle(wide)[1] > 240  # right of the middle
    assert near(plots.scatter(point, nothing, "", (-5.0, 5.0), size=9), (255, 0, 0)).sum() > 4 * wide.sum()


def test_histogram_is_a_density_beside_the_one_it_should_be():
    x = np.linspace(-1, 1, 101)
    half = np.full(101, 0.5)
    fake = np.linspace(-1, 1, 6001)
    picture = plots.histogram(fake, x, half, "")
    assert (picture.shape, picture.dtype) == ((480, 480, 3), np.uint8)
    green = near(picture, (102, 178, 102))  # green at 0.6 over white
    dotted = near(picture, (0, 0, 0))
    columns = green.any(axis=0)
    assert columns.sum() > 350  # all across
    top = np.nonzero(green[:, 240])[0][0]
    assert dotted[top - 6 : top + 6, 100:400].any()  # both densities are 1/2
    beyond = plots.histogram(np.concatenate([fake, np.full(6001, 9.0)]), x, half, "")
    assert near(beyond, (102, 178, 102)).sum() < 0.6 * green.sum()  # half of the mass is outside


def figure_one(**changed) -> np.ndarray:
    x, z = np.linspace(-2, 2, 401), np.linspace(-8, 8, 9)
    arguments = {
        "x": x, "p_data": np.exp(-((x - 1) ** 2) * 8), "p_g": np.exp(-((x + 1) ** 2) * 8), "d": x * 0 + 0.75,
        "best_d": x * 0 + 0.25, "z": z, "g": z / 8, "title": "",
    }  # fmt: skip
    return plots.figure_one(**arguments | changed)


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
