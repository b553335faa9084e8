"""What a lesson's page says where it hides something: the reader predicts first, and looks then."""

from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from docs.web import moved

# To open and to close, by what is hidden.
PROMPTS = {
    moved.ENGLISH: {"output": ("Now look", "Hide it again"), "input": ("Show the code", "Hide the code")},
    moved.CHINESE: {"output": ("现在看结果", "收起"), "input": ("看代码", "收起代码")},
}


class Prompts(SphinxPostTransform):
    """The words of a hidden output or input."""

    default_priority = 190  # before MyST-NB hides them
    formats = ("html",)

    def run(self, **_: Any) -> None:
        """Set both words of each cell."""
        for cell in self.document.findall(nodes.container):
            words = PROMPTS[self.config.language].get(cell.get("hide_mode"))
            if words:
                cell["prompt_show"], cell["prompt_hide"] = words


def setup(app: Any) -> dict[str, bool]:
    """Connect."""
    app.add_post_transform(Prompts)
    return {"parallel_read_safe": True}
