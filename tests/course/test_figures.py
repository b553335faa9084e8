"""Pictures of a lesson in a terminal."""

import sys
import types

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from PIL import Image

from gan_lowlevel import losses, screen
from gan_lowlevel.course import figures, folder, plots, show, source
from gan_lowlevel.course.training import Seen
from gan_lowlevel.runs import Run


@pytest.fixture(autouse=True)
def _terminal(monkeypatch, tmp_path):
    """A lesson in an empty folder; matplotlib afterwards as it was."""
    monkeypatch.chdir(tmp_path)
    backend = matplotlib.get_backend()
    with matplotlib.rc_context():
        figures.save_to(folder.LOGS / "50")
        figures.prepare()
        yield
    pyplot.close("all")
    matplotlib.use(backend)


def test_plt_show_saves_what_is_open_and_says_where(capsys):
    for _ in range(2):
        pyplot.figure()
        pyplot.plot([1, 2], [3, 4])
    pyplot.show()
    assert pyplot.get_fignums() == []
    paths = [folder.LOGS / "50" / f"figure_{i}.png" for i in (1, 2)]
    assert capsys.readouterr().out == "".join(f"[picture: {path}]\n" for path in paths)
    assert [Image.open(path).size for path in paths] == [(700, 350)] * 2


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("L", (30, 20)),
        Image.new("RGB", (30, 20)),
        np.zeros((20, 30, 1), np.uint8),
        np.zeros((20, 30, 3), np.uint8),
    ],
)
def test_a_picture_is_saved_as_it_is(picture, capsys):
    show(picture, "a title")
    assert capsys.readouterr().out == f"[a title: {folder.LOGS / '50' / 'figure_1.png'}]\n"
    assert Image.open(folder.LOGS / "50" / "figure_1.png").size == (30, 20)


def test_a_picture_with_a_palette_keeps_its_colours():
    show(Image.new("RGB", (3, 2), (255, 128, 0)).quantize(16))
    saved = Image.open(folder.LOGS / "50" / "figure_1.png").convert("RGB")
    np.testing.assert_allclose(saved.getpixel((1, 1)), (255, 128, 0), atol=4)


def test_panels_curves_and_ideals(tmp_path):
    columns = {"step": np.array([1.0, 2, 3]), "value/V": np.array([-1, np.nan, -2])}
    left, right = plots.panels("a", "b", sharey=True)
    plots.curve(left, Seen(Run(tmp_path), columns, 0, ""), "value/V", color="black")
    plots.ideal(right, losses.IDEAL_VALUE, "−log 4")
    [line] = left.get_lines()
    assert (line.get_xdata().tolist(), line.get_label()) == ([1, 3], "value/V")
    assert right.get_lines()[0].get_ydata()[0] == -np.log(4)
    assert (left.get_title(), left.get_xlabel()) == ("a", "step")
    assert left.figure.get_size_inches()[0] == 7


def test_the_packages_own_code_is_shown_whole(capsys):
    source(losses.d_loss)
    shown = capsys.readouterr().out
    assert "def d_loss(value: tf.Tensor) -> tf.Tensor:" in shown
    assert "return -value" in shown


def test_a_kernel_is_told_from_a_terminal(monkeypatch):
    assert not screen.in_notebook()
    for shell, told in ((types.SimpleNamespace(kernel=1), True), (types.SimpleNamespace(), False), (None, False)):
        monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda shell=shell: shell))
        assert screen.in_notebook() is told


def test_a_figure_that_is_given_is_saved():
    figure = pyplot.figure(figsize=(2, 1))
    show(figure)
    assert Image.open(folder.LOGS / "50" / "figure_1.png").size == (200, 100)
