"""Write the page, its pictures and the READMEs' tables anew.

python -m docs.results

Prints nothing that is not in results/*.json; `python -m benchmarks.tables TABLE` makes them.
"""

from docs.drawing import png
from docs.results import page, readme
from docs.results.files import PAGE, PICTURES, READMES, load_all


def main() -> None:
    """Write all."""
    tables = load_all()
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, drawn in page.draw(tables).items():
        (PICTURES / f"{name}.png").write_bytes(png(drawn))
    PAGE.write_text(page.page(tables), encoding="utf-8")
    for language, path in READMES.items():
        path.write_text(readme.with_tables(path.read_text(encoding="utf-8"), tables, language), encoding="utf-8")


if __name__ == "__main__":
    main()
