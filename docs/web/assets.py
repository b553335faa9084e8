"""What pages load comes from the site itself: MathJax with its fonts, and no pictures of other hosts."""

import importlib.metadata
import shutil
from typing import Any

from docutils import nodes
from sphinx.transforms import SphinxTransform

BUNDLE = "sphinx-mathjax-offline"  # whose hook copies 24 MB; what pages need of it is 1.5
SCRIPT, FONTS = "tex-chtml.js", "output/chtml/fonts/woff-v2"


class Badges(SphinxTransform):
    """A notebook's badge is a picture of another host; on the site its link is words."""

    default_priority = 790

    def apply(self, **_: Any) -> None:
        """Each picture of another host becomes its description."""
        for image in list(self.document.findall(nodes.image)):
            if "://" in image["uri"]:
                image.replace_self(nodes.inline("", image.get("alt", "") or image["uri"], classes=["badge"]))


def configure(app: Any, config: Any) -> None:
    """config-inited."""
    config.mathjax_path = f"mathjax/{SCRIPT}"
    config.mathjax3_config = {"options": {"enableMenu": False}, "chtml": {"scale": 0.92}}


def copy(app: Any, error: Exception | None) -> None:
    """build-finished: MathJax to _static."""
    if error is not None or app.builder.format != "html":
        return
    source = importlib.metadata.distribution(BUNDLE).locate_file(f"{BUNDLE}/static/mathjax")
    target = app.outdir / "_static" / "mathjax"
    shutil.copytree(source / FONTS, target / FONTS, dirs_exist_ok=True)
    shutil.copy(source / SCRIPT, target / SCRIPT)


def setup(app: Any) -> dict[str, bool]:
    """Connect."""
    app.add_transform(Badges)
    app.connect("config-inited", configure)
    app.connect("build-finished", copy)
    return {"parallel_read_safe": True}
