"""Links to the repository's files: on GitHub to the file, on the site to a page that shows it.

Every module has such a page, and whatever else a page links to. API pages link each function to its line.
"""

import inspect
import os
import pathlib
import sys
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import TextLexer, get_lexer_for_filename
from pygments.util import ClassNotFound
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

from docs.web import moved

ROOT = moved.ROOT
FOLDERS = {moved.ENGLISH: "source", moved.CHINESE: "../source"}  # of these pages, from the site's root: made once
PACKAGE = "gan_lowlevel"


_folder = FOLDERS[moved.ENGLISH]


def configure(app: Any, config: Any) -> None:
    """config-inited."""
    global _folder
    _folder = FOLDERS[config.language]


def linkcode(domain: str, info: dict[str, str]) -> str | None:
    """The line where an object stands, seen from an API page, for sphinx.ext.linkcode."""
    thing: Any = sys.modules.get(info["module"])
    for name in info["fullname"].split("."):
        thing = getattr(thing, name, None)
    try:
        path, line = inspect.getsourcefile(inspect.unwrap(thing)), inspect.getsourcelines(thing)[1]
    except (OSError, TypeError, ValueError):
        return None
    if path is None or not pathlib.Path(path).is_relative_to(ROOT / PACKAGE):
        return None
    return f"../{_folder}/{pathlib.Path(path).relative_to(ROOT).as_posix()}.html#L-{line}"


class Links(SphinxTransform):
    """A page's links to files."""

    default_priority = 800  # after translations are in their places

    def apply(self, **_: Any) -> None:
        """Turn each link to a file of the repository into one to a page of the site."""
        for node in list(self.document.findall(addnodes.pending_xref)):
            if node.get("reftype") == "myst" and node.get("refdomain") == "doc":
                self._to_page(node)
            elif node.get("reftype") == "myst" and node.get("refdomain") is None:
                self._to_folder(node)
        for node in list(self.document.findall(addnodes.download_reference)):
            path = self._path(node["reftarget"])
            lesson = path.with_suffix(".ipynb")
            if path.suffix == ".py" and lesson.is_file() and self.env.path2doc(str(lesson)) in self.env.found_docs:
                self._replace(node, f"{self.env.path2doc(str(lesson))}.html")
            elif path.is_relative_to(ROOT):
                self._replace(node, self._shown(path))

    def _path(self, target: str) -> pathlib.Path:
        return pathlib.Path(os.path.normpath(self.env.relfn2path(target, self.env.docname)[1]))

    def _to_page(self, node: nodes.Element) -> None:
        """A link to a text: to the page that shows it, which may be on the other language's site."""
        target = node["reftarget"]
        path = pathlib.Path(os.path.normpath(moved.DOCS / f"{target}.md"))
        found, language = moved.page_of(path), self.config.language
        own = moved.text_of(self.env.docname, language) != moved.text_of(self.env.docname, moved.ENGLISH)
        if found is None and own and target == self.env.docname:
            found = target, moved.ENGLISH  # a Chinese page links to the English one, whose name it has here
        if found is None:
            if target not in self.env.found_docs and path.is_file():
                self._replace(node, self._shown(path))
            return
        page, wanted = found
        if wanted == language or moved.text_of(page, wanted) == moved.text_of(page, language):
            node["reftarget"] = page
        else:
            away = f"zh/{page}.html" if wanted == moved.CHINESE else f"../{page}.html"
            self._replace(node, away)

    def _to_folder(self, node: nodes.Element) -> None:
        path = self._path(node["reftarget"].partition("#")[0])
        if path.is_dir() and path.is_relative_to(ROOT):
            self._replace(node, self._shown(path))

    def _shown(self, path: pathlib.Path) -> str:
        """Have the file, or the files of the folder, shown; the address of that page from the site's root."""
        name = path.relative_to(ROOT).as_posix()
        shown(self.env).setdefault(self.env.docname, set()).add(name)
        return f"{_folder}/{name}.html"

    def _replace(self, node: nodes.Element, address: str) -> None:
        """By a link to an address from the site's root."""
        relative = os.path.relpath(address, os.path.dirname(self.env.docname) or ".")
        anchor = node.get("reftargetid")
        made = nodes.reference("", "", internal=True, refuri=relative + (f"#{anchor}" if anchor else ""))
        made += node.children
        node.replace_self(made)


def shown(env: Any) -> dict[str, set[str]]:
    """What each page links to: files and folders, as paths from the repository's root."""
    if not hasattr(env, "shown_sources"):
        env.shown_sources = {}
    return env.shown_sources


def purge(app: Any, env: Any, page: str) -> None:
    """env-purge-doc."""
    shown(env).pop(page, None)


def merge(app: Any, env: Any, pages: set[str], other: Any) -> None:
    """env-merge-info."""
    shown(env).update({page: names for page, names in shown(other).items() if page in pages})


def _listed(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def page(path: pathlib.Path) -> str:
    """The HTML of a file, each line with its number and the anchor L-NUMBER."""
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        lexer = get_lexer_for_filename(path.name)
    except ClassNotFound:
        lexer = TextLexer()
    code = highlight(text, lexer, HtmlFormatter(linenos="inline", anchorlinenos=True, lineanchors="L"))
    return f"<h1>{path.relative_to(ROOT).as_posix()}</h1>\n<div class='source'>{code}</div>"


def collect(app: Any) -> Iterator[tuple[str, dict[str, str], str]]:
    """html-collect-pages: the modules, and what pages link to; the Chinese site has the English one's."""
    if app.config.language != moved.ENGLISH:
        return
    wanted = set((ROOT / PACKAGE).rglob("*.py"))
    linked = {ROOT / name for names in shown(app.env).values() for name in names}
    folders = {path for path in linked if path.is_dir()}
    wanted |= linked - folders | {path for folder in folders for path in _listed(folder)}
    for path in sorted(wanted):
        name = path.relative_to(ROOT).as_posix()
        yield f"{_folder}/{name}", {"title": name, "body": page(path)}, "page.html"
    for folder in sorted(folders):
        name = folder.relative_to(ROOT).as_posix()
        items = "".join(f'<li><a href="{folder.name}/{one.name}.html">{one.name}</a></li>' for one in _listed(folder))
        yield f"{_folder}/{name}", {"title": name, "body": f"<h1>{name}</h1><ul>{items}</ul>"}, "page.html"


def setup(app: Any) -> dict[str, bool]:
    """Connect."""
    app.add_transform(Links)
    app.connect("config-inited", configure)
    app.connect("env-purge-doc", purge)
    app.connect("env-merge-info", merge)
    app.connect("html-collect-pages", collect)
    return {"parallel_read_safe": True}
