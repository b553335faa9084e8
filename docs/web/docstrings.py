"""The package's docstrings, plain English, as API pages: nothing in them is markup but `names`.

Sphinx reads docstrings as reStructuredText, to which [B, *data_shape] and |x| are markup. What follows a field of a
record in its comment, or the help of a command's setting, becomes a list beneath the record.
"""

import ast
import dataclasses
import enum
import functools
import inspect
import re
import textwrap
import tokenize
from typing import Any, NamedTuple

NAMED = re.compile(r"([a-z_]+(?:, [a-z_]+)*): ")  # of arguments, at the beginning of a line
COMMANDS = ("python -m ", "pip ")


class Field(NamedTuple):
    """One field of a record."""

    name: str
    kind: str  # its type, and its default where it has one
    text: str


def escaped(text: str) -> str:
    """One line, of which `names` alone are markup."""
    parts = re.split(r"`([^`]+)`", text)
    plain = [re.sub(r"([\\*|_`])", r"\\\1", part) for part in parts[::2]]
    code = [f"``{part}``" for part in parts[1::2]]
    return "".join(a + b for a, b in zip(plain, [*code, ""], strict=True))


def as_rst(lines: list[str]) -> list[str]:
    """A docstring's lines: paragraphs, blocks that are indented, commands, and what begins with arguments' names."""
    made: list[str] = []
    ended = True  # the sentence before
    for line in lines:
        shown = line[:1].isspace() or line.startswith(COMMANDS)
        if shown and line.strip():
            if not (made and made[-1].startswith("    ")):
                made += ["", "::", ""]
            made.append(f"    {line.strip() if line.startswith(COMMANDS) else line}")
            continue
        if made and made[-1].startswith("    ") and line.strip():
            made.append("")
        named = NAMED.match(line) if ended else None
        if named:
            names = ", ".join(f"``{name}``" for name in named[1].split(", "))
            made += ["", f"{names}: {escaped(line[named.end() :])}"]
        else:
            made.append(escaped(line))
        ended = not line.strip() or line.rstrip().endswith(".")
    return made


@functools.cache
def _comments(path: str) -> dict[int, str]:
    """The comments of a file by line."""
    with tokenize.open(path) as file:
        tokens = tokenize.generate_tokens(file.readline)
        return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}


def is_record(thing: Any) -> bool:
    """A named tuple, a dataclass or an enumeration, whose fields its class writes out."""
    return inspect.isclass(thing) and (
        issubclass(thing, enum.Enum) or hasattr(thing, "_fields") or dataclasses.is_dataclass(thing)
    )


def fields(record: type) -> list[Field]:
    """A record's fields, each with the comment that stands in its lines or above them, or with a setting's help."""
    try:
        lines, first = inspect.getsourcelines(record)
    except (OSError, TypeError):
        return []
    [node] = ast.parse(textwrap.dedent("".join(lines))).body
    said = _comments(inspect.getsourcefile(record))
    declared = dataclasses.fields(record) if dataclasses.is_dataclass(record) else ()
    settings = {field.name: field for field in declared if "setting" in field.metadata}
    found = []
    for one in node.body:
        if isinstance(one, ast.Assign) and issubclass(record, enum.Enum):
            name, kind = one.targets[0].id, ""
        elif isinstance(one, ast.AnnAssign):
            name, kind = one.target.id, ast.unparse(one.annotation)
        else:
            continue
        if name.startswith("_"):
            continue
        begin, end = one.lineno - 1, one.end_lineno
        while lines[begin - 1].lstrip().startswith("#"):  # above it; the first line is the class's own
            begin -= 1
        if name in settings:
            default, text = repr(settings[name].default), settings[name].metadata["setting"].help
            default = "the recipe's" if default == "None" else default
        else:
            default = one.value and ast.unparse(one.value)
            text = " ".join(said[first + i] for i in range(begin, end) if first + i in said)
        kind = f"{kind} = {default}".strip() if default else kind
        found.append(Field(name, kind, text))
    return found


def _listed(found: list[Field]) -> list[str]:
    made = [""]
    for field in found:
        kind = f" : ``{field.kind}``" if field.kind else ""
        made += [f"``{field.name}``{kind}", f"    {escaped(field.text) or '..'}"]
    return made


def process(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """autodoc-process-docstring."""
    text = "\n".join(lines)
    generated = what == "class" and is_record(thing) and text.startswith(f"{thing.__name__}(")
    made = [] if generated else as_rst(lines)
    if what == "class" and is_record(thing):
        made += _listed(fields(thing))
    lines[:] = [*made, ""]


def signature(app: Any, what: str, name: str, thing: Any, *_: Any) -> tuple[str, None] | None:
    """autodoc-process-signature: a record's is the list of its fields."""
    return ("", None) if what == "class" and is_record(thing) else None


def skip(app: Any, what: str, name: str, thing: Any, skipped: bool, options: Any) -> bool | None:
    """autodoc-skip-member: a named tuple's fields are in that list."""
    return True if type(thing).__name__ == "_tuplegetter" else None


def setup(app: Any) -> dict[str, bool]:
    """Connect."""
    app.connect("autodoc-process-docstring", process)
    app.connect("autodoc-process-signature", signature)
    app.connect("autodoc-skip-member", skip)
    return {"parallel_read_safe": True}
