"""Both languages: each page has a link to the same page in the other, and says where it is not translated."""

import re
from typing import Any

import sphinx.search
from sphinx.search.zh import SearchChinese

from docs.web import moved

CODE = ("api/", "api", "source/", "genindex", "py-modindex", "search")  # pages that have nothing to translate


class Search(SearchChinese):
    """The index of Chinese words without a dictionary: each stretch of signs, and all its pairs.

    What is looked for is a stretch too: of two signs it is one of the pairs, of more it is looked for in the stretches.
    """

    language_name = "English"  # whose stemmer Latin words have; by this name the page's script asks for it

    def split(self, input: str) -> list[str]:
        """The words of a text."""
        stretches = re.findall(r"[\u4e00-\u9fff]{2,}", input)
        pairs = [stretch[i : i + 2] for stretch in stretches for i in range(len(stretch) - 1)]
        return [*stretches, *pairs, *super().split(input)]


def other(page: str, language: str) -> str:
    """The address of the same page in the other language, from the page."""
    up = "../" * page.count("/")
    return f"{up}zh/{page}.html" if language == moved.ENGLISH else f"{up}../{page}.html"


def translated(page: str) -> bool:
    """Whether the Chinese site shows it in Chinese."""
    in_chinese = moved.text_of(page, moved.CHINESE) != moved.text_of(page, moved.ENGLISH)
    return in_chinese or (moved.DOCS / "locale" / moved.CHINESE / "LC_MESSAGES" / f"{page}.po").is_file()


def add(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """html-page-context: what templates ask for."""
    language = app.config.language
    context["other_language"] = None if page.startswith("source/") else other(page, language)
    context["other_name"] = "中文" if language == moved.ENGLISH else "English"
    context["untranslated"] = language == moved.CHINESE and not page.startswith(CODE) and not translated(page)


def setup(app: Any) -> dict[str, bool]:
    """Connect."""
    sphinx.search.languages["zh"] = Search
    app.connect("html-page-context", add)
    return {"parallel_read_safe": True}
