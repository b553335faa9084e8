"""The lessons' notebooks, from their .py: python -m docs.lessons writes each NN_name.ipynb anew, without outputs."""

import pathlib
import tomllib

import jupytext
import nbformat

ROOT = pathlib.Path(__file__).parents[2]
LESSONS = ROOT / "docs" / "lessons"
REPOSITORY = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Repository"]
BRANCH = "main"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
INSTALL = """\
import importlib.util

if importlib.util.find_spec("gan_lowlevel") is None:  # as on Colab, where it takes a minute or two
    %pip install --quiet git+{repository}

"""


def badge(path: pathlib.Path) -> str:
    """What opens the notebook on Colab; the picture is the repository's own, so that a page needs no other host."""
    github = REPOSITORY.replace("https://github.com/", "https://colab.research.google.com/github/")
    return f"[![Open in Colab](colab.svg)]({github}/blob/{BRANCH}/docs/lessons/{path.stem}.ipynb)"


def notebook(path: pathlib.Path) -> str:
    """The text of a lesson's .ipynb: the same for the same .py."""
    page = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent")
    cells = []
    for i, cell in enumerate(page.cells):
        tags, source = list(cell.metadata.get("tags", ())), cell.source
        if cell.cell_type == "markdown":
            made = nbformat.v4.new_markdown_cell(source.replace("<!-- colab -->", badge(path)))
        else:
            if "install" in tags:
                source = INSTALL.format(repository=REPOSITORY) + source
            made = nbformat.v4.new_code_cell(source)
        if tags:
            made.metadata["tags"] = tags
        if "hide-input" in tags:
            made.metadata["jupyter"] = {"source_hidden": True}
        made.id = f"{path.stem[:2]}-{i:02}"
        cells.append(made)
    made = nbformat.v4.new_notebook(cells=cells, metadata=METADATA)
    made.nbformat_minor = 5  # the first whose cells have ids, whatever is the newest
    return nbformat.writes(made) + "\n"


def main() -> None:
    """Write what has changed, and say it."""
    for path in sorted(LESSONS.glob("[0-9][0-9]_*.py")):
        made, text = path.with_suffix(".ipynb"), notebook(path)
        changed = not made.exists() or made.read_text(encoding="utf-8") != text
        if changed:
            made.write_text(text, encoding="utf-8", newline="\n")
        print(f"{made.relative_to(ROOT)}{'' if changed else ' is as it was'}")


if __name__ == "__main__":
    main()
