"""How Sphinx builds the site of these pages; `python -m docs.site OUT` does, in both languages."""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import gan_lowlevel  # noqa: E402  the checkout's, whatever is installed
from docs.web import moved, sources  # noqa: E402
from gan_lowlevel import system  # noqa: E402

system.import_quietly("tensorflow")  # which API pages want
del os.environ["TF_CPP_MIN_LOG_LEVEL"]  # or a lesson's kernel would not be quiet

project = "gan_lowlevel"
html_title = "gan_lowlevel"
release = gan_lowlevel.__version__
language = "en"  # docs.site says -D language=zh_CN for the other

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.linkcode",
    "sphinx.ext.mathjax",
    "docs.web.moved",
    "docs.web.docstrings",
    "docs.web.sources",
    "docs.web.languages",
    "docs.web.lessons",
    "docs.web.assets",
]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb", ".ipynb": "myst-nb"}  # the first is that of API pages
exclude_patterns = ["web", "locale", "lessons/data", "lessons/answers", "**/.ipynb_checkpoints", *moved.sources()]
templates_path = ["web/templates"]

# Every warning is an error. Of names, those of this package have to be found; no other project is asked.
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(?!gan_lowlevel\.).*"),
    ("py:class", r"gan_lowlevel\.\w+\.(Record|Scalars)"),  # type variables
]
suppress_warnings = ["ref.python"]  # of two classes of one name, where a module imports one for its hints alone

# The lessons are executed, once for both languages; GAN_LOWLEVEL_LESSONS=off builds the pages without.
nb_execution_mode = os.environ.get("GAN_LOWLEVEL_LESSONS", "cache")
nb_execution_cache_path = str(ROOT / "build" / "lessons")
nb_execution_timeout = 600  # seconds a cell, on a busy machine
nb_execution_show_tb = True  # of a lesson that fails, which is a warning
nb_execution_in_temp = True  # what a lesson trains is not left among the pages
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))  # for its kernel
os.environ["JUPYTER_PATH"] = str(ROOT / "docs" / "web" / "jupyter")  # a kernel that says less
nb_merge_streams = True
nb_output_stderr = "remove"  # what libraries chatter; a lesson prints what it has to say
nb_ipywidgets_js = {}  # no lesson has widgets, and theirs would come from elsewhere

myst_enable_extensions = ["dollarmath", "attrs_block", "attrs_inline"]
myst_heading_anchors = 4  # as GitHub makes them
myst_links_external_new_tab = False

gettext_compact = False  # a file a page
gettext_uuid = False
gettext_location = False
locale_dirs = ["locale"]

autosummary_generate = True
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
add_module_names = False
toc_object_entries_show_parents = "hide"
default_role = "code"  # docstrings say `name`
linkcode_resolve = sources.linkcode

html_theme = "furo"
html_static_path = ["web/static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = html_show_copyright = False
html_permalinks_icon = "#"
html_favicon = "web/static/favicon.svg"
_LIGHT = {"color-brand-primary": "#1f4fa8", "color-brand-content": "#1f4fa8", "color-link": "#1f4fa8",
          "color-api-name": "#1a1a1a", "color-api-pre-name": "#1a1a1a"}  # fmt: skip
_DARK = {"color-brand-primary": "#8ab4ff", "color-brand-content": "#8ab4ff", "color-link": "#8ab4ff",
         "color-api-name": "#eeeeee", "color-api-pre-name": "#eeeeee"}  # fmt: skip
html_theme_options = {"top_of_page_buttons": [], "light_css_variables": _LIGHT, "dark_css_variables": _DARK}
pygments_style, pygments_dark_style = "friendly", "github-dark"
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "language.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
