"""The figures for teaching are drawn from the package's formulas, in large type, and lie as they are drawn now."""

import functools
import math
import re
import types
import xml.etree.ElementTree as ET

import matplotlib
import numpy as np
import pytest
from matplotlib.text import Text
from scipy.special import expit

from docs import figures
from gan_lowlevel.commandline import read_config
from gan_lowlevel.loop import ExplicitLoop

drawn = functools.cache(figures.drawn)
FILES = {path.stem: path for path in figures.PICTURES.glob("*")}


def lines(name: str, panel: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The curves of one panel; straight lines are helps for the eye."""
    return [one.get_data() for one in drawn(name).axes[panel].lines if len(one.get_xdata()) > 2]


def test_all_of_them_are_there():
    assert FILES.keys() == figures.DRAWN.keys()
    assert {path.suffix for path in FILES.values()} == {".svg"}


@pytest.mark.parametrize("name", figures.DRAWN)
def test_a_file_is_what_is_drawn_and_needs_nothing_else(name):
    found = FILES[name].read_bytes()
    root = ET.fromstring(found)
    assert len(found) < 100_000
    assert not list(root.iter("{http://www.w3.org/2000/svg}text"))  # no font is asked for
    assert all(value.startswith("#") for one in root.iter() for key, value in one.items() if key.endswith("}href"))
    drawn_by = re.search(rb"Matplotlib v([\d.]+)", found)[1].decode()
    if drawn_by == matplotlib.__version__:  # another release sets other letters
        assert figures.svg(drawn(name)) == found


@pytest.mark.parametrize("name", figures.DRAWN)
def test_type_is_large(name):
    texts = [one for one in drawn(name).findobj(Text) if one.get_text()]
    assert len(texts) >= 5
    assert min(one.get_fontsize() for one in texts) >= 20


def test_both_losses_and_their_slopes_are_the_paper_s():
    (a, minimax), (_, non_saturating) = sorted(lines("losses", 0), key=lambda one: one[1][0])
    np.testing.assert_allclose(minimax, np.log(1 - expit(a)), atol=1e-9)
    np.testing.assert_allclose(non_saturating, -np.log(expit(a)), atol=1e-9)
    (a, rising), (_, falling) = sorted(lines("losses", 1), key=lambda one: one[1][0])
    np.testing.assert_allclose(rising, expit(a), atol=1e-9)  # d/da log(1 - sigmoid(a)) = -sigmoid(a)
    np.testing.assert_allclose(falling, 1 - expit(a), atol=1e-9)


def test_the_best_d_is_that_of_two_gaussians():
    [(x, best)] = lines("best_d", 0)
    np.testing.assert_allclose(best, expit(-2 * x), atol=1e-9)  # log N(x; -1, 1)/N(x; 1, 1) = -2x
    value = float(re.search(r"= (−[\d.]+) =", drawn("best_d").axes[0].get_title())[1].replace("−", "-"))
    assert -math.log(4) < value < 0
    assert value == pytest.approx(np.trapezoid(_integrand(x), x), abs=5e-3)


def _integrand(x: np.ndarray) -> np.ndarray:
    data, g = (np.exp(-((x - mean) ** 2) / 2) / math.sqrt(2 * math.pi) for mean in (-1, 1))
    return data * np.log(data / (data + g)) + g * np.log(g / (data + g))


def test_saturation_is_a_factor_of_d():
    weak, strong = sorted(lines("saturation", 0), key=lambda one: one[1][0])
    np.testing.assert_allclose(strong[1] / weak[1], (1 - weak[0]) / weak[0], rtol=1e-9)


@pytest.mark.parametrize(("d_step", "g_step"), figures.RATIOS)
def test_the_order_of_updates_is_the_loop_s(monkeypatch, d_step, g_step):
    played = []

    class Session:
        def run(self, fetches, feed):
            played.append(fetches[0])
            return [True], None

    for feed in ("d_feed", "g_feed"):
        monkeypatch.setattr(ExplicitLoop, feed, lambda *_: {})
    d_train, g_train = (types.SimpleNamespace(finite=player) for player in "DG")
    gan = types.SimpleNamespace(d_train=d_train, g_train=g_train, d_report=None, g_report=None)
    config = read_config(["--model=mlp", f"--d_step={d_step}", f"--g_step={g_step}"])
    loop = ExplicitLoop(Session(), gan, None, config, None)
    for step in range(figures.UPDATES // (d_step + g_step)):
        loop.play(step)
    assert figures.order(d_step, g_step) == played
