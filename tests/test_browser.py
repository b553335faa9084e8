"""A finished run in TensorBoard as a reader sees it: in a real browser, with no error in its console."""

import contextlib
import csv
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.request

import pytest
from PIL import Image
from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.support.ui import WebDriverWait

from gan_lowlevel.summaries import LAYOUT
from gan_lowlevel.views.grids import Grids
from gan_lowlevel.views.plane import CURVE_CHARTS
from tests import chromium

pytestmark = pytest.mark.browser

ROOT = pathlib.Path(__file__).parent.parent
SCREENSHOTS = os.environ.get("GAN_LOWLEVEL_SCREENSHOTS")  # folder that gets the README's pictures, of longer runs
STEPS = {"mlp": 10_000, "parabola": 10_000} if SCREENSHOTS else {"mlp": 600, "parabola": 600}
EVERY = 100 if SCREENSHOTS else 20  # steps between two points of a curve
PATIENCE = 60  # seconds that anything may take to show

# What every expression may use. TensorBoard's elements nest their content in shadow roots, where no selector reaches:
# `deep` walks through them. What is drawn is wide enough to be seen.
TOOLS = """
const deep = (root, selector) => {
  const found = [];
  const walk = (tree) => {
    if (tree.shadowRoot) walk(tree.shadowRoot);
    for (const e of tree.querySelectorAll('*')) {
      if (e.matches(selector)) found.push(e);
      if (e.shadowRoot) walk(e.shadowRoot);
    }
  };
  walk(root);
  return found;
};
const texts = (root, selector) => deep(root, selector).map((e) => e.textContent.trim());
const title = (card) => texts(card, '.heading-label.name')[0];
const run = (card) => texts(card, '#heading-run')[0];
const drawn = (shape) => shape.getBoundingClientRect().width > 10;  // pixels
const peaked = (shape) => drawn(shape) && shape.getBoundingClientRect().height > 1;
const lines = (card) => deep(card, '.line-plot:not(.ghost) path.line').filter(drawn).length;
"""
GROUPS = "deep(document, 'tf-category-paginated-view')"
FOLDED = f"{GROUPS}.filter((g) => g.shadowRoot.querySelector('.iron-collapse-closed'))"


def tags(logs: pathlib.Path, run: str) -> set[str]:
    """The tags of a run's scalars: the columns of its metrics.csv."""
    with (logs / run / "metrics.csv").open(newline="") as file:
        return set(next(csv.reader(file))) - {"step"}


def groups(found: set[str]) -> list[str]:
    """The groups in which a tab sorts these tags."""
    return sorted({tag.split("/")[0] for tag in found})


def coloured(png: bytes) -> tuple[float, float]:
    """The shares of a picture's width and height that its pixels of any colour but grey span."""
    picture = Image.open(io.BytesIO(png)).convert("HSV")
    saturated = picture.getchannel("S").point(lambda s: 255 if s > 60 else 0)
    left, top, right, bottom = saturated.getbbox() or (0, 0, 0, 0)
    return (right - left) / picture.width, (bottom - top) / picture.height


class Page:
    """The browser at TensorBoard."""

    def __init__(self, driver: webdriver.Chrome, address: str):
        self.driver, self._address = driver, address

    def open(self, tab: str) -> None:
        """Load the page anew at a tab: another fragment alone would load nothing."""
        self.driver.get("about:blank")
        self.driver.get(f"{self._address}/#{tab}")

    def ask(self, expression: str):
        """The value of a JavaScript expression, which may use TOOLS."""
        return self.driver.execute_script(f"{TOOLS} return {expression};")

    def until(self, expression: str, wanted):
        """Wait until the expression's value is `wanted`; fail with what it is instead."""
        value = None

        def arrived(_) -> bool:
            nonlocal value
            value = self.ask(expression)
            return value == wanted

        with contextlib.suppress(TimeoutException):
            WebDriverWait(self.driver, PATIENCE).until(arrived)
        assert value == wanted, expression

    def unfold(self, groups: list[str]) -> None:
        """Wait for the groups of cards and open every one."""
        self.until("texts(document, '.category-name')", groups)
        self.ask(f"{FOLDED}.forEach((g) => g.shadowRoot.querySelector('button.heading').click())")
        self.until(f"{FOLDED}.length", 0)

    def screenshot(self, name: str) -> None:
        """Keep what the window shows now, where the variable names a folder."""
        if SCREENSHOTS:
            self.until("deep(document, 'paper-spinner-lite[active]').filter((e) => e.offsetParent).length", 0)
            picture = Image.open(io.BytesIO(self.driver.get_screenshot_as_png())).convert("RGB")
            few = picture.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)  # a third the size
            few.save(pathlib.Path(SCREENSHOTS) / name, optimize=True)


@pytest.fixture(scope="module")
def logs(tmp_path_factory) -> pathlib.Path:
    """Two finished runs, made by the public command."""
    logs = tmp_path_factory.mktemp("logs")
    for model, steps in STEPS.items():
        cadence = [f"--summary_every={EVERY}", f"--theory_every={5 * EVERY}", f"--max_steps={steps}"]
        command = [sys.executable, "-m", "gan_lowlevel.main", f"--model={model}", f"--run_name={model}", *cadence]
        done = subprocess.run([*command, f"--logdir={logs}"], cwd=ROOT, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
    return logs


@pytest.fixture(scope="module")
def address(logs):
    """Where TensorBoard serves the runs, once it has read them."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir=.", "--samples_per_plugin=images=1000", "--port=0"]
    board = subprocess.Popen(
        command, cwd=logs, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )  # where it stands, the page shows no path of this machine
    try:
        address = next(match[0] for line in board.stderr if (match := re.search(r"http://\S+", line))).rstrip("/")
        for _ in range(2000):  # it reads in the background; each request waits for its answer
            with urllib.request.urlopen(f"{address}/data/plugin/images/tags", timeout=30) as answer:
                served = json.load(answer)
            if all("network/stack" in served.get(run, ()) for run in STEPS):  # what a run writes last
                break
        yield address
    finally:
        board.kill()
        board.communicate()


@pytest.fixture(scope="module")
def driver():
    driver = chromium.started()
    yield driver
    driver.quit()


@pytest.fixture
def page(driver, address):
    """The page, and afterwards a look at its console: TensorBoard by itself logs warnings, but no error."""
    driver.get_log("browser")  # what an earlier test left
    yield Page(driver, address)
    assert [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_time_series_draws_both_losses(page, logs):
    page.open("timeseries")
    page.until("texts(document, 'scalar-card tb-truncated-path').slice(0, 2)", ["D_loss", "G_loss"])
    shown = set(page.ask("texts(document, 'metrics-card-groups .group-title')"))
    assert shown >= set(groups(tags(logs, "mlp") | tags(logs, "parabola"))) | {"samples", "views", "logits"}
    page.until("['mlp', 'parabola'].filter((r) => !deep(document, 'scalar-card')[0].innerText.includes(r))", [])

    def lines_are_drawn(_) -> bool:
        """WebGL draws them: no path to ask for. Points that are NaN would be a row of triangles at the foot."""
        width, height = coloured(page.ask("deep(document, 'scalar-card .series-view')[0]").screenshot_as_png)
        return width > 0.5 and height > 0.3

    WebDriverWait(page.driver, PATIENCE).until(lines_are_drawn, "no coloured lines over D_loss's chart")


def test_every_scalar_is_a_line(page, logs):
    of_runs = [tags(logs, run) for run in STEPS]
    page.open("scalars")
    page.unfold(groups(set.union(*of_runs)))
    wanted = {tag: sum(tag in of_run for of_run in of_runs) for tag in set.union(*of_runs)}
    page.until("Object.fromEntries(deep(document, 'tf-scalar-card').map((c) => [title(c), lines(c)]))", wanted)


def test_custom_scalars_lay_out_what_belongs_together(page, logs):
    curves = [*tags(logs, "mlp"), *tags(logs, "parabola")]
    page.open("custom_scalars")
    layout = LAYOUT | {"the samples": Grids.charts | CURVE_CHARTS}  # of both games
    page.unfold(list(layout))
    wanted = sorted(
        [name, sum(bool(re.fullmatch("|".join(patterns), tag)) for tag in curves)]
        for charts in layout.values()
        for name, patterns in charts.items()
    )
    cards = "deep(document, 'tf-custom-scalar-multi-line-chart-card')"
    page.until(f"{cards}.map((c) => [title(c), lines(c)]).sort()", wanted)
    page.screenshot("tensorboard_scalars.png")


def test_pictures_have_arrived(page, logs):
    common = {"losses", "network/generator", "network/discriminator", "network/stack", "samples/fake"}
    common |= {"views/logits", "views/saturation", "views/walk"}
    wanted = {("mlp", tag) for tag in common | {"samples/real", "views/nearest"}}
    wanted |= {("parabola", tag) for tag in common | {"samples/function", "views/surface"}}
    page.open("images")
    page.unfold(groups({tag for _, tag in wanted}))
    loaded = "deep(document, 'tf-image-loader').filter((c) => deep(c, 'img').some((i) => i.complete && i.naturalWidth))"
    page.until(f"{loaded}.map((c) => [run(c), title(c)]).sort()", sorted([list(pair) for pair in wanted]))
    [[width, height]] = page.ask(
        f"{loaded}.filter((c) => run(c) == 'mlp' && title(c) == 'samples/fake')"
        ".flatMap((c) => deep(c, 'img')).map((i) => [i.naturalWidth, i.naturalHeight])"
    )
    newest = logs / "mlp" / "samples" / f"step_{STEPS['mlp']:08d}.png"
    assert (width, height) == Image.open(newest).size
    page.open("images&tagFilter=samples&regexInput=mlp")
    page.until(f"{loaded}.map(title).slice(0, 2)", ["samples/fake", "samples/real"])
    page.screenshot("tensorboard_images.png")


def test_histograms_are_drawn(page):
    weights = {f"{player}/dense_{i}/{kind}" for player in ("generator", "discriminator") for i in (1, 2)
               for kind in ("weights", "biases")}  # fmt: skip
    wanted = sorted([run, tag] for run in STEPS for tag in weights | {"logits/real", "logits/fake"})
    page.open("histograms")
    page.unfold(["discriminator", "generator", "logits"])
    page.until(
        "deep(document, 'tf-histogram-loader').filter((c) => deep(c, '.histogram path').filter(peaked).length > 1)"
        ".map((c) => [run(c), title(c)]).sort()",
        wanted,
    )


def test_the_precision_recall_curve_has_a_line_a_run(page):
    page.open("pr_curves")
    page.until("deep(document, 'tf-pr-curve-card').map((c) => [title(c), lines(c)])", [["D_as_a_classifier", 2]])


def test_the_graph_shows_both_connections_of_d(page):
    page.open("graphs")
    page.until(
        "deep(document, 'g.node').filter(drawn).map((n) => n.dataset.name)"
        ".filter((name) => /^(generator|discriminator)/.test(name)).sort()",
        ["discriminator", "discriminator_1", "generator"],
    )
    wanted = {"x--discriminator", "generator--discriminator_1", "discriminator--discriminator_1"}  # the last: weights
    drawn = page.ask("deep(document, 'path.edgeline').filter((p) => p.getTotalLength() > 0).map((p) => p.id)")
    assert {f"path_{edge}" for edge in wanted} <= set(drawn)


def test_both_cards_are_typeset(page):
    page.open("text")
    page.unfold(["how_to_read_these_curves", "what_this_run_says"])
    wanted = [[card, run, tables] for card, tables in (("how_to_read_these_curves", 2), ("what_this_run_says", 1))
              for run in STEPS]  # fmt: skip
    page.until(
        "deep(document, 'tf-text-loader').map((c) => [title(c), run(c), deep(c, 'table').filter(drawn).length])", wanted
    )
    assert page.ask("texts(document, 'tf-markdown-view p').filter((p) => p.includes('|'))") == []  # else a lost table
    assert "−1.3863" in page.ask("texts(document, 'td')")[2]  # of V, 2 log 1/2


def test_hparams_compares_the_runs(page):
    column = """(heading) => {
        const cells = deep(document, 'vaadin-grid-cell-content').filter((c) => c.innerText.trim());
        const left = (cell) => cell?.getBoundingClientRect().left;
        const wanted = left(cells.find((c) => c.innerText.trim() == heading));
        return cells.filter((c) => left(c) == wanted).map((c) => c.innerText.trim());
    }"""
    page.open("hparams")
    page.until(f"({column})('Trial ID')", ["Trial ID", "mlp", "parabola"])
    page.until(f"({column})('batch_size')", ["batch_size", "256.00", "64.000"])  # of the recipes, in the tab's writing
    page.until(f"({column})('D_loss').length", 3)
