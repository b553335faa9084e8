"""Every lesson from its first cell to its last, as a user runs it in a terminal: python -m pytest -m lessons."""

import re
import time

import pytest

from gan_lowlevel.course import folder, pages
from tests.torture import commands

pytestmark = pytest.mark.lessons
LONGEST = 600  # seconds of one lesson on a busy machine; all of them together take at most 12 minutes on 2 cores


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the logs and the cache of all lessons."""
    return tmp_path_factory.mktemp("lessons")


@pytest.mark.parametrize("number", folder.pages(), ids=lambda number: folder.page(number).stem)
def test_a_lesson_runs_to_its_end(number, place, capsys):
    began = time.monotonic()
    process = commands.start("lesson", number, cwd=place, cache=place / "cache", stdin=commands.subprocess.DEVNULL)
    code, out, err = commands.finish(process, LONGEST)
    with capsys.disabled():
        print(f"\nlesson {number}: {time.monotonic() - began:.0f} s")
    assert (code, err) == (0, "")
    page = pages.read(number)
    for name in page.exercises:
        assert f"still open: {name}" in out
    saved = re.findall(r"^\[.+: (\S+\.png)\]$", out, re.MULTILINE)
    assert saved
    assert all((place / path).stat().st_size for path in saved)
    assert {path.name for path in (place / folder.LOGS / f"{number:02}").iterdir()} == {
        path.rpartition("/")[2] for path in saved
    }
