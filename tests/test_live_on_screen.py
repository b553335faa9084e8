"""A game played live in a window as a user sees it: on a virtual screen, with keys that are pressed."""

import importlib.util
import os
import pathlib
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageGrab

from gan_lowlevel.errors import Exit
from tests.colours import near

pytestmark = pytest.mark.screen

ROOT = pathlib.Path(__file__).parent.parent
SCREENSHOTS = os.environ.get("GAN_LOWLEVEL_SCREENSHOTS")  # folder that gets the pictures of docs/live.md
STEPS = {"parabola": 200, "gaussian": 2000, "mixture": 1300} if SCREENSHOTS else dict.fromkeys(
    ("parabola", "gaussian", "mixture"), 20
)  # fmt: skip
PATIENCE = 900 if SCREENSHOTS else 180  # seconds that anything may take


@pytest.fixture(scope="module")
def display() -> str:
    """A virtual screen's name."""
    for program in ("Xvfb", "xdotool"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program} here: apt-get install xvfb xdotool")
    if not any(map(importlib.util.find_spec, ("tkinter", "PySide6"))):
        pytest.skip("no toolkit here: apt-get install python3-tk, or pip install PySide6")
    reader, writer = os.pipe()
    options = ["-displayfd", str(writer), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
    server = subprocess.Popen(["Xvfb", *options], pass_fds=[writer], stderr=subprocess.DEVNULL)
    os.close(writer)
    with open(reader) as numbers:
        number = numbers.readline().strip()  # once it listens
    yield f":{number}"
    server.terminate()
    server.wait(PATIENCE)


class Player:
    """Who plays: presses keys and reads the console."""

    def __init__(self, display: str, folder: pathlib.Path, *flags: str):
        self._environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
        self._environment |= {"DISPLAY": display, "PYTHONPATH": str(ROOT)}
        self._display = display
        command = [sys.executable, "-m", "gan_lowlevel.main", "--live", *flags]
        self.process = subprocess.Popen(command, cwd=folder, env=self._environment, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=lambda: [self._lines.put(line) for line in self.process.stdout], daemon=True).start()

    def line(self, containing: str) -> str:
        """The next line of the console that has this text."""
        end = time.monotonic() + PATIENCE
        while True:
            line = self._lines.get(timeout=max(end - time.monotonic(), 0.01))
            if containing in line:
                return line

    def xdotool(self, *arguments: str) -> str:
        done = subprocess.run(["xdotool", *arguments], env=self._environment, capture_output=True, text=True,
                              timeout=PATIENCE, check=True)  # fmt: skip
        return done.stdout.strip()

    def focus(self, title: str) -> None:
        """Wait for the window, and have it hear the keys."""
        self.window = self.xdotool("search", "--sync", "--onlyvisible", "--name", title).splitlines()[-1]
        self.xdotool("windowfocus", "--sync", self.window)

    def press(self, key: str, said: str) -> str:
        """Press a key: the line that the console says of it."""
        self.xdotool("key", key)
        return self.line(f"{said:9}step ")

    def screenshot(self) -> Image.Image:
        """What the window shows now."""
        where = dict(re.findall(r"(\w+)=(\d+)", self.xdotool("getwindowgeometry", "--shell", self.window)))
        left, top, width, height = (int(where[name]) for name in ("X", "Y", "WIDTH", "HEIGHT"))
        return ImageGrab.grab((left, top, left + width, top + height), xdisplay=self._display)

    def shows(self, wanted: Callable[[Image.Image], bool]) -> Image.Image:
        """Wait for a picture that is `wanted`, twice the same."""
        end, before = time.monotonic() + PATIENCE, None
        while time.monotonic() < end:
            picture = self.screenshot()
            if picture == before and wanted(picture):
                return picture
            before = picture
        raise AssertionError("the window does not show what is wanted")

    def ends(self) -> tuple[int, str]:
        """Its exit code, and what it wrote on standard error."""
        return self.process.wait(PATIENCE), self.process.stderr.read()


@pytest.fixture
def start(display, tmp_path):
    """Starts a game; at the end of the test none goes on."""
    players = []

    def start(model: str, *flags: str) -> Player:
        players.append(player := Player(display, tmp_path, f"--model={model}", *flags))
        player.line("no run is read or written")
        player.focus(f"^gan_lowlevel: {model}$")
        return player

    yield start
    for player in players:
        player.process.kill()
        player.ends()


def shows_a_game(picture: Image.Image) -> bool:
    """Whether it has much white, points as red as real ones and as blue as fakes, and text: no blank window."""
    pixels = np.asarray(picture.convert("RGB"))
    colours = (255, 255, 255), (255, 0, 0), (0, 0, 255), (0, 0, 0)
    white, red, blue, black = (near(pixels, colour).mean() for colour in colours)
    return 0.3 < white < 0.97 and red > 0.0005 and blue > 0.0005 and black > 0.005


def test_every_key_does_what_the_window_says(start, tmp_path):
    player = start("parabola")
    assert "step 0 · 1 updates of D, 0 of G · paused" in player.press("d", "d")
    assert "step 0 · 1 updates of D, 1 of G · paused" in player.press("g", "g")
    assert "D : G = 2 : 1" in player.press("plus", "+")
    assert "D : G = 1 : 1" in player.press("minus", "-")
    assert "D : G = 1 : 2" in player.press("minus", "-")
    assert "D's learning rate 0.002 · G's learning rate 0.001" in player.press("Up", "up")
    assert "D's learning rate 0.001 · G's learning rate 0.001" in player.press("Down", "down")
    assert "D's learning rate 0.001 · G's learning rate 0.002" in player.press("Right", "right")
    assert "D's learning rate 0.001 · G's learning rate 0.001" in player.press("Left", "left")
    assert "playing" in player.press("space", "space")
    paused = player.press("space", "space")
    assert "paused" in paused
    step, d, g = (int(number.replace(",", "")) for number in re.search(
        r"step ([\d,]+) · ([\d,]+) updates of D, ([\d,]+) of G", paused).groups())  # fmt: skip
    assert step > 0
    assert (d, g) == (1 + step, 1 + 2 * step)  # the single updates, and 1 : 2
    assert "step 0 · 0 updates of D, 0 of G · paused · D : G = 1 : 2" in player.press("r", "r")
    assert "D : G = 1 : 1" in player.press("0", "0")
    player.xdotool("key", "q")
    assert player.ends() == (Exit.DONE, "")
    assert list(tmp_path.iterdir()) == []  # no run


@pytest.mark.parametrize("model", STEPS)
def test_the_window_shows_the_game(start, model):
    player = start(model, f"--max_steps={STEPS[model]}")
    first = player.shows(shows_a_game)
    player.press("space", "space")
    player.line(f"step {STEPS[model]:,} ")
    picture = player.shows(lambda picture: shows_a_game(picture) and picture != first)
    if SCREENSHOTS:
        full = picture.convert("RGB")
        few = full.quantize(palette=full.quantize(256, method=Image.Quantize.MEDIANCUT))  # dithered
        few.save(pathlib.Path(SCREENSHOTS) / f"live{'' if model == 'parabola' else f'_{model}'}.png", optimize=True)
    player.xdotool("key", "q")
    assert player.ends() == (Exit.DONE, "")


CLOSED_BY_ITS_CROSS = """
from gan_lowlevel import live, screen
from gan_lowlevel.commandline import read_config

opened = screen.window

def window(title):
    figure, is_open = opened(title)
    root = figure.canvas.manager.window
    # In the first wait, as a window manager does it.
    root.after(1, lambda: root.tk.call(root.protocol("WM_DELETE_WINDOW")))
    return figure, is_open

screen.window = window
print(live.main(read_config(["--model=parabola", "--live"])).name)
"""


def test_a_window_that_is_closed_ends_the_command(display, tmp_path):
    if importlib.util.find_spec("tkinter") is None:
        pytest.skip("this closes a window of tkinter: apt-get install python3-tk")
    environment = os.environ | {"DISPLAY": display, "PYTHONPATH": str(ROOT), "MPLBACKEND": "TkAgg"}
    done = subprocess.run([sys.executable, "-c", CLOSED_BY_ITS_CROSS], cwd=tmp_path, env=environment,
                          capture_output=True, text=True, timeout=PATIENCE)  # fmt: skip
    assert (done.returncode, done.stdout.splitlines()[-1], done.stderr) == (0, "DONE", "")
