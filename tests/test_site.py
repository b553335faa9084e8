"""The site: what it is made of is complete, and what is made of it holds in a real browser, without any other host."""

import contextlib
import functools
import html.parser
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import urllib.parse
import xml.etree.ElementTree
from collections.abc import Iterator

import pytest
from packaging.requirements import Requirement
from selenium.webdriver.support.ui import WebDriverWait

from docs.web import docstrings, moved
from gan_lowlevel import config, errors, gan
from tests import chromium

ROOT = pathlib.Path(__file__).parent.parent
DOCS = ROOT / "docs"
BUILT = os.environ.get("GAN_LOWLEVEL_SITE")  # a folder that docs.site has filled; else it is built
WIDE, NARROW = 1400, 400  # pixels: a window's width, and a telephone's
PATIENCE = 30  # seconds that a page may take


# What it is made of.


def in_toctrees(page: str) -> list[str]:
    """The pages that a page's toctrees name, patterns among them."""
    blocks = re.findall(r"^```\{toctree\}\n(.*?)^```", (DOCS / f"{page}.md").read_text(encoding="utf-8"), re.S | re.M)
    lines = [line for block in blocks for line in block.splitlines() if line and not line.startswith(":")]
    return [re.sub(r".*<(.*)>", r"\1", line) for line in lines]


def test_every_page_is_in_the_front_pages_toctrees():
    texts = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")}
    shown_elsewhere = {name.removesuffix(".md") for name in moved.sources()}
    wanted = {page for page in texts - shown_elsewhere - {"index"} if not page.startswith("api/")}
    named = [page for page in in_toctrees("index") if "*" not in page]
    assert sorted(named) == sorted(wanted)
    assert "lessons/[0-9]*" in in_toctrees("index")


def test_the_api_has_every_module_once():
    modules = [path.relative_to(ROOT).with_suffix("").parts for path in (ROOT / "gan_lowlevel").rglob("*.py")]
    wanted = [".".join(parts).removesuffix(".__init__") for parts in modules]
    listed = re.findall(r"^   (gan_lowlevel[\w.]*)$", (DOCS / "api.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(wanted)


def requirements(path: pathlib.Path) -> dict[str, Requirement]:
    lines = [line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    return {one.name: one for one in map(Requirement, filter(None, lines))}


def test_what_the_site_needs_is_bounded_and_not_said_twice():
    own = requirements(DOCS / "requirements.txt")
    assert not own.keys() & requirements(ROOT / "requirements.txt").keys()
    for one in own.values():
        assert {"<", "=="} & {bound.operator for bound in one.specifier}, one


@pytest.mark.parametrize("name", ["game.svg", "game.zh_CN.svg"])
def test_the_game_s_picture_stands_alone_and_follows_the_readers_colours(name):
    picture = (DOCS / "pictures" / name).read_text(encoding="utf-8")
    root = xml.etree.ElementTree.fromstring(picture)
    assert "prefers-color-scheme: dark" in picture
    hrefs = [value for element in root.iter() for key, value in element.attrib.items() if key.endswith("href")]
    assert len(hrefs) == 2
    assert all(href.startswith("data:image/png;base64,") for href in hrefs)
    said = ["".join(element.itertext()) for element in root.iter() if element.tag.endswith("}text")]
    assert "−log 4 = −1.386" in said  # 2 log 1/2
    d_real, d_fake, value = (float(line.rpartition("= ")[2].replace("−", "-")) for line in said
                             if "= " in line and "log 4" not in line)  # fmt: skip
    assert -1.386 < value < 0
    assert d_fake < 0.5 < d_real


def test_what_is_markup_to_sphinx_is_text():
    assert docstrings.escaped("E|x| of [B, *shape] in x_train_") == r"E\|x\| of [B, \*shape] in x\_train\_"
    assert docstrings.escaped("`a_b`: what a|b is") == r"``a_b``: what a\|b is"


def test_commands_and_arguments_stand_by_themselves():
    assert docstrings.as_rst(["Sums.", "x, y: *both*", "more: of it", "", "python -m a"]) == [
        "Sums.", "", r"``x``, ``y``: \*both\*", "more: of it", "", "", "::", "", "    python -m a",
    ]  # fmt: skip


def test_a_record_s_fields_have_their_comments_and_settings_their_help():
    fields = {field.name: field for field in docstrings.fields(gan.Play)}
    assert list(fields) == list(gan.Play._fields)
    assert fields["fake"] == ("fake", "tf.Tensor", "G(z) [B, *data_shape]")
    settings = {field.name: field for field in docstrings.fields(config.Config)}
    assert settings.keys() >= config.settings_of(config.Config).keys()
    assert settings["d_step"].text == config.settings_of(config.Config)["d_step"].help
    codes = {field.name: field.kind for field in docstrings.fields(errors.Exit)}
    assert codes == {code.name: f"= {code.value}" for code in errors.Exit}


def test_links_of_a_text_that_is_shown_elsewhere_lead_to_the_same_files():
    text = "[a](docs/reading.md#v) [b](https://x.y/z) [c](SECURITY.md) `d](e)`"
    assert moved.relinked(text, ROOT, DOCS / "lessons") == (
        "[a](../reading.md#v) [b](https://x.y/z) [c](../../SECURITY.md) `d](e)`"
    )
    assert moved.text_of("readme", "en") == ROOT / "README.md"
    assert moved.text_of("articles/mlp", "en") is None
    assert moved.text_of("articles/mlp", "zh_CN") == DOCS / "articles" / "zh" / "mlp.md"
    assert moved.page_of(DOCS / "articles" / "zh" / "mlp.md") == ("articles/mlp", "zh_CN")


# What is made of it.


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> pathlib.Path:
    """The site's folder, built by the public command, in which every warning is an error."""
    if BUILT:
        return pathlib.Path(BUILT).absolute()
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run([sys.executable, "-m", "docs.site", folder], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-8000:]
    return folder


class Silent(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, and says nothing of it."""

    def log_message(self, *_) -> None:
        pass


@contextlib.contextmanager
def served(folder: pathlib.Path) -> Iterator[str]:
    """The address of a folder's files, from this machine."""
    handler = functools.partial(Silent, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def address(site):
    """Where the site is served from."""
    with served(site) as address:
        yield address


@pytest.fixture(scope="module")
def driver():
    """A browser to which no other host exists."""
    driver = chromium.started(
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", logs=("browser", "performance")
    )
    driver.set_script_timeout(PATIENCE)
    yield driver
    driver.quit()


class Page(html.parser.HTMLParser):
    """What a page links to, and what in it can be linked to."""

    def __init__(self, text: str):
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = set()
        self.language = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name in ("href", "src") and value and tag != "use":
                self.links.add(value)
            elif name in ("id", "name") and value:
                self.anchors.add(value)
            elif (tag, name) == ("html", "lang"):
                self.language = value or ""


def pages(site: pathlib.Path) -> dict[str, Page]:
    """Every page by its address from the site's root."""
    return {path.relative_to(site).as_posix(): Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


@pytest.mark.site
def test_every_link_leads_somewhere(site):
    known, broken = pages(site), []
    for name, page in known.items():
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = os.path.normpath(os.path.join(os.path.dirname(name), urllib.parse.unquote(parts.path)))
            target = name if not parts.path else target
            anchor = urllib.parse.unquote(parts.fragment)
            if not (site / target).is_file() or (target in known and anchor and anchor not in known[target].anchors):
                broken.append(f"{name}: {link}")
    assert broken == []


@pytest.mark.site
def test_every_page_is_there_in_both_languages(site):
    known = pages(site)
    own = {name for name in known if not name.startswith(("zh/", "source/"))}
    assert {f"zh/{name}" for name in own} == {name for name in known if name.startswith("zh/")}
    assert {page.language for name, page in known.items() if not name.startswith("zh/")} == {"en"}
    assert {page.language for name, page in known.items() if name.startswith("zh/")} == {"zh-CN"}
    for path in [*DOCS.glob("articles/zh/*.md"), *DOCS.glob("locale/zh_CN/LC_MESSAGES/**/*.po")]:
        name = path.name.partition(".")[0]
        [shown] = [page for page in own if pathlib.PurePath(page).stem == name and not page.startswith("api/")]
        heading = re.search(r"<h1>(.*?)</h1>", (site / "zh" / shown).read_text(encoding="utf-8"), re.DOTALL)[1]
        assert re.search(r"[\u4e00-\u9fff]", heading), shown


@pytest.mark.site
def test_every_lesson_has_what_it_printed_and_drew(site):
    lessons = list((site / "lessons").glob("[0-9][0-9]_*.html"))
    assert len(lessons) == len(list((DOCS / "lessons").glob("[0-9][0-9]_*.ipynb")))
    for path in lessons:
        text = path.read_text(encoding="utf-8")
        assert "still open: " in text, path.name  # what an exercise with a hole prints
        assert re.search(r'class="cell_output.*?<img [^>]*src="\.\./_images/\w+\.png"', text, re.DOTALL), path.name
        assert "Traceback (most recent call last)" not in text, path.name


# Of the page that is open: pictures without pixels, formulas that MathJax has not drawn or not understood (those within
# what is folded have no size), and by how much it is wider than the window.
LOOK = """
const done = arguments[arguments.length - 1];
const shown = (e) => e.checkVisibility();
const ready = window.MathJax ? MathJax.startup.promise : Promise.resolve();
Promise.all([ready, document.fonts.ready]).then(() => done({
  pictures: [...document.images].filter((i) => !i.complete || !i.naturalWidth).map((i) => i.src),
  formulas: [...document.querySelectorAll('.math')].filter((m) => {
    const drawn = m.querySelector('mjx-container');
    const box = drawn && drawn.getBoundingClientRect();
    return !drawn || m.querySelector('mjx-merror') || (shown(m) && !(box.width > 2 && box.height > 4));
  }).map((m) => m.textContent),
  too_wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
}));
"""
SOUND = {"pictures": [], "formulas": [], "too_wide": 0, "console": [], "elsewhere": []}


def sized(driver, width: int) -> None:
    """Have the browser's window as wide as that."""
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def faults(driver, address: str, name: str) -> dict:
    """What is wrong with a page: as LOOK says, errors on the console, requests to other hosts."""
    for log in ("browser", "performance"):
        driver.get_log(log)  # what an earlier page left
    driver.get(f"{address}/{name}")
    found = driver.execute_async_script(LOOK)
    found["too_wide"] = max(found["too_wide"], 0)
    found["console"] = [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    found["elsewhere"] = [url for url in asked if not url.startswith((f"{address}/", "data:", "blob:"))]
    return found


@pytest.mark.site
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_pages_are_sound_in_a_browser(site, address, driver, width):
    """Every page that is written; of the API and of the source files, which are all alike, some."""
    alike = ("gan_lowlevel.gan.html", "gan_lowlevel.config.html", "losses.py.html", "genindex.html", "search.html")
    names = [path.relative_to(site).as_posix() for path in sorted(site.rglob("*.html"))]
    written = [name for name in names if "api/" not in name and not name.startswith("source/")]
    chosen = written + [name for name in names if name not in written and name.endswith(alike)]
    sized(driver, width)
    found = {name: faults(driver, address, name) for name in chosen}
    assert {name: one for name, one in found.items() if one != SOUND} == {}


@pytest.mark.site
def test_a_lesson_s_formulas_are_drawn(site, address, driver):
    """Lesson 1 has equation 1 of the paper on a line of its own, in MathJax's own letters."""
    sized(driver, WIDE)
    driver.get(f"{address}/lessons/01_value.html")
    driver.execute_async_script(LOOK)
    sizes = driver.execute_script(
        "return [...document.querySelectorAll('div.math mjx-container')].map((m) => {"
        " const box = m.querySelector('mjx-math').getBoundingClientRect(); return [box.width, box.height]; })"
    )
    assert max(width for width, _ in sizes) > 200
    assert min(height for _, height in sizes) > 8
    fonts = driver.execute_script("return [...document.fonts].map((font) => [font.family, font.status])")
    assert any("MJX" in family and status == "loaded" for family, status in fonts)


@pytest.mark.site
@pytest.mark.parametrize(
    ("page", "words", "found"),
    [
        ("search.html", "saturating", "losses"),
        ("zh/search.html", "损失", "lessons"),
        ("zh/search.html", "判别器", "lessons"),
    ],
)
def test_search_finds(address, driver, page, words, found):
    driver.get(f"{address}/{page}?q={words}")
    WebDriverWait(driver, PATIENCE).until(
        lambda _: found in driver.execute_script("return [...document.querySelectorAll('#search-results a')].join()")
    )


@pytest.mark.site
def test_what_is_broken_is_seen(tmp_path, driver):
    """The faults that the test above looks for, in a page that has every one."""
    (tmp_path / "page.html").write_text(
        "<html><body style='width: 3000px'><img src='missing.png'><span class='math'>x</span>"
        "<script src='https://cdn.example/x.js'></script></body></html>"
    )
    with served(tmp_path) as address:
        found = faults(driver, address, "page.html")
    assert [path.rpartition("/")[2] for path in found["pictures"]] == ["missing.png"]
    assert found["formulas"] == ["x"]
    assert found["too_wide"] > 1000
    assert found["elsewhere"] == ["https://cdn.example/x.js"]
    assert len(found["console"]) >= 2  # the picture, and the script
