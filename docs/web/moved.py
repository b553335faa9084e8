"""Pages whose text stands in another file: the README, and the Chinese pages in the place of the English ones.

On GitHub docs/readme.md is a link to the README; on the site it is the README. The Chinese site shows
docs/articles/zh/mlp.md as articles/mlp, so that both languages have the same pages.
"""

import os
import pathlib
import re
from typing import Any

ROOT = pathlib.Path(__file__).parents[2]
DOCS = ROOT / "docs"
ENGLISH, CHINESE = "en", "zh_CN"
OUTSIDE = {"readme": "README.md", "security": "SECURITY.md", "changes": "CHANGELOG.md"}
CHINESE_OUTSIDE = {"readme": "README.zh-CN.md"}
CHINESE_FOLDER = "zh"  # beside the English pages
LINK = re.compile(r"(\]\()([^()\s#]+)")


def sources() -> list[str]:
    """The files in docs/ that are shown as other pages, as Sphinx excludes them."""
    return sorted(path.relative_to(DOCS).as_posix() for path in DOCS.glob(f"*/{CHINESE_FOLDER}/*.md"))


def text_of(page: str, language: str) -> pathlib.Path | None:
    """The file whose text a page shows in that language; None where it is the page's own."""
    if language == CHINESE:
        folder, _, name = page.rpartition("/")
        beside = DOCS / folder / CHINESE_FOLDER / f"{name}.md"
        chinese = ROOT / CHINESE_OUTSIDE[page] if page in CHINESE_OUTSIDE else beside
        if chinese.is_file():
            return chinese
    return ROOT / OUTSIDE[page] if page in OUTSIDE else None


def page_of(path: pathlib.Path) -> tuple[str, str] | None:
    """The page that shows a file, and its language, where that file is not the page's own."""
    for table, language in ((OUTSIDE, ENGLISH), (CHINESE_OUTSIDE, CHINESE)):
        for page, file in table.items():
            if path == ROOT / file:
                return page, language
    if path.parent.name == CHINESE_FOLDER and path.suffix == ".md" and path.is_relative_to(DOCS):
        return (path.parent.parent / path.stem).relative_to(DOCS).as_posix(), CHINESE
    return None


def relinked(text: str, old: pathlib.Path, new: pathlib.Path) -> str:
    """The text with its relative links as they are from another folder."""

    def link(match: re.Match) -> str:
        path = old / match[2]
        return f"{match[1]}{pathlib.Path(os.path.relpath(path, new)).as_posix()}" if path.exists() else match[0]

    return LINK.sub(link, text)


def read(app: Any, page: str, content: list[str]) -> None:
    """source-read: the text of the file that the page shows."""
    path = text_of(page, app.config.language)
    if path is not None:
        content[0] = relinked(path.read_text(encoding="utf-8"), path.parent, (DOCS / page).parent)


def setup(app: Any) -> dict[str, bool]:
    """Connect."""
    app.connect("source-read", read)
    return {"parallel_read_safe": True}
