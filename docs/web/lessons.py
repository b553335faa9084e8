"""A lesson's page: the words where it hides something, and the paths that it printed.

The reader predicts first, and looks then. Paths are shown as they are from the repository's root, wherever the site was
built.
"""

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


class Paths(SphinxPostTransform):
    """What a cell printed, without the folder of the checkout."""

    default_priority = 195
    formats = ("html",)

    def run(self, **_: Any) -> None:
        """In the outputs of each cell."""
        checkout = f"{moved.ROOT}/"
        outputs = [one for one in self.document.findall(nodes.container) if one.get("nb_element") == "cell_code_output"]
        for block in [block for output in outputs for block in output.findall(nodes.literal_block)]:
            text = block.astext().replace(checkout, "")
            block.replace_self(nodes.literal_block(text, text, **block.attributes))


def setup(app: Any) -> dict[str, bool]:
    """Connect."""
    app.add_post_transform(Prompts)
    app.add_post_transform(Paths)
    return {"parallel_read_safe": True}
