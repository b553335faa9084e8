"""The shape that all lessons have, and their notebooks."""

import importlib
import json
import pathlib
import re
import tomllib

import jupytext
import pytest

from gan_lowlevel import lesson
from gan_lowlevel.config import settings_of
from gan_lowlevel.course import folder, pages

ROOT = pathlib.Path(__file__).parents[2]
generator = importlib.import_module("docs.lessons.__main__")
NUMBERS = list(folder.pages())
INSTALL = "from gan_lowlevel import course\n\ncourse.start()"
SHOWS = re.compile(r"plt\.show\(|course\.show\(")


@pytest.fixture(params=NUMBERS, ids=lambda number: folder.page(number).stem)
def page(request) -> pages.Page:
    return pages.read(request.param)


def markdown(page: pages.Page) -> str:
    return "\n\n".join(cell.source for cell in page.cells if cell.kind == "markdown")


def test_it_begins_with_title_badge_time_and_the_installing_cell(page):
    first, second = page.cells[:2]
    assert first.kind == "markdown"
    assert first.source.startswith(f"# {page.number}. {page.title}\n\n<!-- colab -->\n\n")
    assert 5 <= page.minutes <= 120
    assert (second.kind, second.tags, second.source) == ("code", ("install",), INSTALL)
    assert page.path.read_text(encoding="utf-8").startswith("# ---\n# jupyter:\n#   jupytext:\n")


def test_the_lines_of_its_cells(page):
    lines = page.path.read_text(encoding="utf-8").splitlines()
    for cell in page.cells:
        assert cell.source
        first = lines[cell.line - 1]
        assert (first.removeprefix("# ") if cell.kind == "markdown" else first) == cell.source.split("\n")[0]


def test_predict_before_the_first_picture(page):
    shows = [i for i, cell in enumerate(page.cells) if cell.kind == "code" and SHOWS.search(cell.source)]
    asks = [i for i, cell in enumerate(page.cells) if cell.source.startswith(pages.PREDICT)]
    assert shows
    assert asks
    assert min(asks) < min(shows)
    for i in asks:
        assert "?" in page.cells[i].source
        assert page.cells[i + 1].kind == "code"
        assert "hide-output" in page.cells[i + 1].tags
        assert page.cells[i + 2].source.startswith("**What you saw.**")
    hidden = [i for i, cell in enumerate(page.cells) if "hide-output" in cell.tags]
    assert hidden == [i + 1 for i in asks]


def test_two_to_four_exercises_each_with_its_hole(page):
    assert 2 <= len(page.exercises) <= 4
    headings = re.findall(r"^### Exercise (\d+)\.(\d+): ", markdown(page), re.MULTILINE)
    assert headings == [(str(page.number), str(i + 1)) for i in range(len(page.exercises))]
    for i, cell in enumerate(page.cells):
        if "exercise" in cell.tags:
            name = re.match(r"def (\w+)\(", cell.source)[1]
            assert re.fullmatch(
                rf'def {name}\([^)]*\):\n    """.+?"""\n    \.\.\.\n\n\ncourse\.check\({page.number}, {name}\)',
                cell.source,
                re.DOTALL,
            ), cell.source
            assert "### Exercise" in page.cells[i - 1].source


def test_it_ends_with_tensorboard_and_what_comes_next(page):
    headings = re.findall(r"^## (.+)$", markdown(page), re.MULTILINE)
    assert headings[-2:] == ["What to look at in TensorBoard", "What comes next"]
    section = markdown(page).split("## What to look at in TensorBoard")[1]
    assert re.search(r"```sh\ntensorboard --logdir=\S+.*\n```", section)
    assert re.search(r"`[a-z]+/\w+`", section)  # a tag


def test_its_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#:]+)(?:#[\w-]*)?\)", markdown(page)):
        assert (page.path.parent / link).resolve().exists(), link


def test_its_formulas_are_such_as_every_reader_shows(page):
    assert r"\begin" not in markdown(page)
    assert r"\[" not in markdown(page)


def test_runs_have_names_of_their_own():
    names = [name for path in folder.pages().values()
             for name in set(re.findall(r"--run_name=(\w+)", path.read_text(encoding="utf-8")))]  # fmt: skip
    assert sorted(names) == sorted(set(names))


# Notebooks


def test_its_notebook_is_made_of_it(page):
    made = generator.notebook(page.path)
    assert page.path.with_suffix(".ipynb").read_bytes().decode() == made, "python -m docs.lessons writes it anew"
    assert pages.unedited(page)


def test_no_notebook_without_its_page():
    assert {path.stem for path in folder.LESSONS.glob("*.ipynb")} == {path.stem for path in folder.pages().values()}


def test_a_notebook_has_badge_install_cell_ids_and_no_outputs():
    path = folder.page(NUMBERS[0])
    notebook = json.loads(generator.notebook(path))
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]
    owner = urls["Repository"].removeprefix("https://github.com/")
    opens = f"https://colab.research.google.com/github/{owner}/blob/main/docs/lessons/{path.stem}.ipynb"
    first, install = ("".join(cell["source"]) for cell in notebook["cells"][:2])
    assert f"[![Open in Colab](colab.svg)]({opens})" in first
    assert (folder.LESSONS / "colab.svg").is_file()
    assert f"    %pip install --quiet git+{urls['Repository']}\n" in install
    assert install.endswith(INSTALL)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert code[0]["metadata"]["tags"] == ["install"]


def test_a_notebook_can_be_read_back():
    path = folder.page(NUMBERS[0])
    back = jupytext.reads(generator.notebook(path), fmt="ipynb")
    page = pages.read(NUMBERS[0])
    assert [cell.source for cell in back.cells][2:] == [cell.source for cell in page.cells][2:]


def test_an_edited_page_is_told_from_its_notebook(tmp_path):
    page = pages.read(NUMBERS[0])
    for suffix in (".py", ".ipynb"):
        (tmp_path / page.path.with_suffix(suffix).name).write_text(page.path.with_suffix(suffix).read_text())
    copy = page._replace(path=tmp_path / page.path.name)
    assert pages.unedited(copy)
    assert not pages.unedited(copy._replace(cells=[*copy.cells, copy.cells[1]._replace(tags=(), source="1 / 0")]))
    copy.path.with_suffix(".ipynb").unlink()
    assert not pages.unedited(copy)


def test_what_an_installed_package_carries():
    facts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert facts["package-dir"]["gan_lowlevel.lessons"] == "docs/lessons"
    patterns = facts["package-data"]["gan_lowlevel.lessons"]
    carried = {path for pattern in patterns for path in folder.LESSONS.glob(pattern) if path.is_file()}
    carried |= {path for place in ("", "answers") for path in (folder.LESSONS / place).glob("*.py")}
    files = {path for path in folder.LESSONS.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert files - carried == {folder.LESSONS / "README.md"}


def test_the_number_has_room_for_every_lesson():
    assert settings_of(lesson.LessonConfig)["number"].high == folder.MOST >= max(NUMBERS)
