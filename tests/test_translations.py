"""What is there in two languages says the same: its commands, its code, and every figure."""

import collections
import pathlib
import re

import jupytext
import pytest

from docs import translations
from tests import pages
from tests.pages import PAGES, ROOT

LOCALE = translations.LOCALE / translations.LANGUAGE / "LC_MESSAGES"
CATALOGUES = sorted(LOCALE.rglob("*.po"))
BADGE = "Open in Colab"  # which is put in when the notebook is made

TRANSLATED = {"README.md": "README.zh-CN.md"} | {
    page: page.replace("articles/", "articles/zh/") for page in PAGES if re.fullmatch(r"docs/articles/\w+\.md", page)
}
CROSSED = ("README.md", "README.zh-CN.md")  # each links to the other


@pytest.fixture(params=TRANSLATED.items(), ids=TRANSLATED.keys())
def pair(request) -> tuple[str, str]:
    """A page in English, and in Chinese."""
    english, chinese = request.param
    return PAGES[english], PAGES[chinese]


def test_every_article_is_there_in_chinese():
    assert {page for page in PAGES if page.startswith("docs/articles/zh/")} < set(TRANSLATED.values())
    assert set(TRANSLATED.values()) <= PAGES.keys()


def differences(english: pages.Facts, chinese: pages.Facts) -> dict[str, list[str]]:
    """What one of them has and the other has not, or less often."""
    both = [collections.Counter({(kind, one): n for kind, found in facts._asdict().items() for one, n in found.items()
                                 if one not in CROSSED}) for facts in (english, chinese)]  # fmt: skip
    return {
        f"only in {language}": sorted(" ".join(one) for one in more - less)
        for language, more, less in (("English", *both), ("Chinese", *reversed(both)))
        if more - less
    }


def test_code_is_the_same(pair):
    english, chinese = map(pages.blocks, pair)
    assert chinese == english


def test_tables_have_the_same_figures_and_names(pair):
    english, chinese = map(pages.rows, pair)
    assert len(chinese) == len(english)
    for one, other in zip(english, chinese, strict=True):
        assert differences(pages.facts(one), pages.facts(other)) == {}, one


def test_sections_have_the_same_figures_names_and_links(pair):
    english, chinese = map(pages.sections, pair)
    assert [re.match("#*", one)[0] for one in chinese] == [re.match("#*", one)[0] for one in english]
    for one, other in zip(english, chinese, strict=True):
        assert differences(pages.facts(one), pages.facts(other)) == {}, one.partition("\n")[0]


def source(po: pathlib.Path) -> str:
    """The English text that a .po file translates, markup and all; of a lesson what is no code."""
    path = (ROOT / "docs" / po.relative_to(LOCALE)).with_suffix(".md")
    if path.is_file():
        return path.read_text(encoding="utf-8")
    cells = jupytext.reads(path.with_suffix(".py").read_text(encoding="utf-8"), fmt="py:percent").cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def lined_up(text: str) -> str:
    """Without line breaks, as messages have it."""
    return re.sub(r"\s+", " ", text)


def words(text: str) -> list[str]:
    """What is left to translate: words outside of code, formulas, and the addresses of links."""
    outside = re.sub(r"`[^`\n]*`|\$\$[^$]*\$\$|\$[^$]+\$|\]\([^)]*\)|<!--.*?-->|\\\w+", " ", "".join(pages.prose(text)))
    return re.findall(r"[A-Za-z]{2,}", outside)


def test_the_pages_that_are_to_be_there_in_chinese_are():
    assert {po.relative_to(LOCALE).with_suffix("").as_posix() for po in CATALOGUES} == set(translations.PAGES)


@pytest.mark.parametrize("po", CATALOGUES, ids=lambda po: po.stem)
def test_a_catalogue_is_of_the_page_as_it_is_now_and_of_all_of_it(po):
    catalogue = po.read_text(encoding="utf-8")
    assert "#, fuzzy" not in catalogue  # a translation of an earlier text
    text, known = lined_up(source(po)), pages.messages(catalogue)
    left = lined_up("".join(pages.prose(source(po))))
    for original in sorted(known, key=len, reverse=True):
        if BADGE not in original:
            assert lined_up(original) in text
            left = left.replace(lined_up(original), "\n")
    assert words(left) == []


@pytest.mark.parametrize("po", CATALOGUES, ids=lambda po: po.stem)
def test_a_catalogue_has_the_figures_names_links_and_formulas_of_its_page(po):
    for original, translation in pages.messages(po.read_text(encoding="utf-8")).items():
        assert differences(pages.facts(original), pages.facts(translation)) == {}, original
        formulas = [sorted(re.findall(r"\$[^$]+\$", text)) for text in (original, translation)]
        assert formulas[0] == formulas[1], original
        assert re.search(r"[\u4e00-\u9fff]", translation) or not words(original) or translation == original, original


PAGE = """# A page of 3 lines

It takes 5 s; [a link](docs/data.md), `a name`.

```sh
python -m gan_lowlevel.main --d_step=1
```

| game | 2.11 |
"""


@pytest.mark.parametrize(
    ("old", "new"), [("3", "4"), ("5 s", "6 s"), ("data.md", "gpu.md"), ("a name", "another"), ("2.11", "−2.11")]
)
def test_a_changed_figure_name_or_link_shows(old, new):
    found = differences(pages.facts(PAGE), pages.facts(PAGE.replace(old, new)))
    assert len(found["only in English"]) == len(found["only in Chinese"]) == 1


def test_a_changed_command_shows():
    assert pages.blocks(PAGE) != pages.blocks(PAGE.replace("--d_step=1", "--d_step=2"))
    assert pages.facts(PAGE) == pages.facts(PAGE.replace("--d_step=1", "--d_step=2"))  # blocks are compared as they are
