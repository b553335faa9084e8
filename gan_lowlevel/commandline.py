"""From a command line, or a flagfile, to a settings record; the help text. Imports no TensorFlow."""

import contextlib
import dataclasses
import difflib
import io
import itertools
import re
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Any, TypeVar

from absl import flags

from gan_lowlevel.config import ANY_PICTURE, FLAGS_DIR, LOOKED_AT, MODELS, Config, Setting, flag_text, settings_of
from gan_lowlevel.errors import Exit, Failure

Record = TypeVar("Record")

SEEDS = 2**31  # seeds are below it


class _Parser(flags.ArgumentParser):
    """Text of a flag to its value, within the setting's bounds."""

    def __init__(self, facts: Setting):
        self.facts = facts
        self.syntactic_help = wants(facts)

    def parse(self, argument: Any) -> Any:
        facts = self.facts
        try:
            value = facts.kind(argument)
        except ValueError:
            value = None
        good = value is not None
        if facts.low is not None:  # written so that NaN is outside
            good = good and facts.low <= value <= facts.high and not (facts.below_high and value == facts.high)
        if facts.choices:
            good = value in facts.choices
        if facts.kind is str and good:
            # A line break would make two lines of one flag in flags.txt, which takes no bytes that are no Unicode.
            good = not any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in value)
        if not good:
            raise ValueError(f"it wants {wants(facts)}, got {argument!r}")
        return value


class _Switch(flags.BooleanParser):
    """absl's own, with a sentence where it has none."""

    def parse(self, argument: Any) -> bool:
        try:
            return super().parse(argument)
        except ValueError:
            raise ValueError(f"it wants nothing, true or false, got {argument!r}") from None


def wants(facts: Setting) -> str:
    """What a setting accepts, in words."""
    if facts.choices:
        return "one of " + ", ".join(map(str, facts.choices))
    if facts.kind is str:
        return "text in one line"
    noun = "a whole number" if facts.kind is int else "a number"
    return f"{noun} from {facts.low:,} to {'below ' * facts.below_high}{facts.high:,}"


def _define(record: type) -> flags.FlagValues:
    values = flags.FlagValues()  # of its own: the global one carries absl's flags, and its --log_dir
    for field in dataclasses.fields(record):
        if not field.metadata:  # a field that is no flag
            continue
        facts = field.metadata["setting"]
        common = {"name": field.name, "default": field.default, "help": facts.help, "flag_values": values}
        if facts.kind is bool:
            flags.DEFINE_boolean(**common)
            values[field.name].parser = _Switch()
        else:
            flags.DEFINE(_Parser(facts), serializer=flags.ArgumentSerializer(), **common)
        for alias in facts.aliases:
            flags.DEFINE_alias(alias, field.name, flag_values=values)
    return values


def _read(record: type, argv: Sequence[str], bare: str = "") -> tuple[dict[str, Any], set[str]]:
    """Values by name, and the names that `argv` gives. Raises Failure(FLAGS) with absl's sentence or ours.

    bare: the setting that is meant by a value without a name.
    """
    values = _define(record)
    _parse(values, argv, bare)
    given = {
        name
        for name, facts in settings_of(record).items()
        if any(values[flag].present for flag in (name, *facts.aliases))
    }
    return {name: getattr(values, name) for name in settings_of(record)}, given


def _parse(values: flags.FlagValues, argv: Sequence[str], bare: str = "") -> None:
    values.set_gnu_getopt(bool(bare))  # or it would read no flag behind such a value
    warning = io.StringIO()  # absl only warns of a flagfile that includes itself, and goes on without it
    try:
        with contextlib.redirect_stderr(warning):
            # What absl itself says of an unknown flag takes it minutes where a damaged file makes a long one.
            rest = values(["", *argv], known_only=True)[1:]
    except UnicodeDecodeError as error:
        raise Failure(Exit.FLAGS, f"a --flagfile wants text, a flag a line; this one is none: {error}.") from None
    except (flags.Error, ValueError, OSError) as error:
        sentence = str(error).removeprefix("ERROR:: ").strip()
        raise Failure(Exit.FLAGS, sentence.removesuffix(".") + "; --help lists all flags.") from None
    if warning.getvalue():
        raise Failure(Exit.FLAGS, "a --flagfile includes itself: take its own --flagfile line out of it.")
    if rest[:1] == ["--"] and any(argument.startswith("-") for argument in rest[1:2]):
        raise Failure(Exit.FLAGS, f"a bare -- ends the flags, and {rest[1]!r} comes after it: leave the -- out.")
    rest = [argument for argument in rest if argument != "--"]
    if bare and len(alone := [argument for argument in rest if not argument.startswith("-")]) == 1:
        rest.remove(alone[0])
        _parse(values, [f"--{bare}={alone[0]}"])
    if rest and (unknown := rest[0].lstrip("-").partition("=")[0]) and rest[0].startswith("-"):
        if unknown == "log_dir":
            raise Failure(Exit.FLAGS, "unknown flag --log_dir: you want --logdir.")
        hint = " or ".join(f"--{name}" for name in difflib.get_close_matches(unknown, list(values), cutoff=0.75))
        hint = f"did you mean {hint}?" if hint else "--help lists all flags."
        raise Failure(Exit.FLAGS, f"unknown flag --{unknown}: {hint}")
    if rest:
        raise Failure(Exit.FLAGS, f"only flags are wanted, got {rest[0]!r}: write settings as --name=value.")


def read_record(record: type[Record], argv: Sequence[str], bare: str = "") -> Record:
    """A command's settings record from its arguments; a value without a name is that of the setting `bare`."""
    values, _ = _read(record, argv, bare)
    return record(**values)


def read_lists(record: type[Record], argv: Sequence[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """A command's own settings by name, and beside them the text of each training flag that `argv` gives.

    What a training flag accepts is not asked here, since its text may be a list.
    """
    values = _define(record)
    training = {name: facts for name, facts in settings_of(Config).items() if name not in values}
    for name, facts in training.items():
        text = {"parser": flags.ArgumentParser(), "serializer": flags.ArgumentSerializer(), "default": None}
        flags.DEFINE(name=name, help=facts.help, flag_values=values, boolean=facts.kind is bool, **text)
        for alias in facts.aliases:
            flags.DEFINE_alias(alias, name, flag_values=values)
    _parse(values, argv)
    texts = {name: getattr(values, name) for name in training}
    own = {name: getattr(values, name) for name in settings_of(record)}
    return own, {name: text for name, text in texts.items() if text is not None}


def read_config(argv: Sequence[str], look: bool = True) -> Config:
    """The training settings: the model's flagfile first, then `argv` over it.

    The data set is what looking at input_data_dir finds, where none is typed; without `look`, as for a run's own
    settings, which are maybe a stranger's, nothing is looked at. max_steps or epochs, whichever is typed, replaces the
    other of the recipe. On the embedded digits, where neither is typed, embedded_max_steps is the length.
    Raises Failure(FLAGS), and Failure(DATA) for data that are none.
    """
    values, typed = _read(Config, argv)
    model, recipe = values["model"], FLAGS_DIR / f"{values['model']}.flags"
    own, _ = _read(Config, [f"--flagfile={recipe}"])
    values, _ = _read(Config, [f"--flagfile={recipe}", *argv])
    missing = [name for name, value in values.items() if value is None]
    if missing:
        raise Failure(Exit.BUG, f"{recipe} must give a value for --{', --'.join(missing)}.")
    if values["dataset"] not in (accepted := data_sets(model, own["dataset"])):
        raise Failure(
            Exit.FLAGS,
            f"--model={model} trains on {' or '.join(accepted)}, this command says --dataset={values['dataset']}: "
            "leave it out.",
        )
    if look and values["input_data_dir"] and values["dataset"] in LOOKED_AT:
        from gan_lowlevel.data import looking  # here, since most commands have nothing to look at

        named = values["dataset"] if "dataset" in typed else ""
        kind = looking.data_set(values["input_data_dir"], model, accepted, named, default=own["dataset"])
        values["dataset"] = kind
        if kind == "array" and model in ANY_PICTURE and not (values["image_size"] and values["channels"]):
            size, channels = looking.picture(values["input_data_dir"])
            values |= {"image_size": values["image_size"] or size, "channels": values["channels"] or channels}
    if not typed & {"max_steps", "epochs"}:
        embedded = values["dataset"] == "embedded" or (values["dataset"] == "mnist" and not values["input_data_dir"])
        if values["embedded_max_steps"] and embedded:
            values |= {"max_steps": values["embedded_max_steps"], "epochs": 0, "embedded_length": True}
    elif "max_steps" not in typed:
        values["max_steps"] = 0 if values["epochs"] else values["max_steps"]
    elif "epochs" not in typed:
        values["epochs"] = 0 if values["max_steps"] else values["epochs"]
    config = Config(**values)
    config.check()
    return config


def data_sets(model: str, own: str) -> tuple[str, ...]:
    """What a game can train on: its recipe's data, all kinds of digits being one, and any pictures where it may."""
    digits = ("mnist", "embedded", "array")
    if model in ANY_PICTURE:
        return (*digits, "photos")
    if own == "photos":
        return own, "array"
    return digits if own in digits else (own,)


def recipe_defaults(argv: Sequence[str]) -> dict[str, Any]:
    """The values that training has where nothing is typed, for the model that `argv` names."""
    model = "mlp"
    for argument, after in itertools.pairwise([*argv, ""]):
        name, equals, value = argument.lstrip("-").partition("=")
        value = value if equals else after  # --model=NAME, or --model NAME
        if name == "model" and value in MODELS:
            model = value
    return _read(Config, [f"--flagfile={FLAGS_DIR / f'{model}.flags'}"])[0]


def parse_seeds(text: str, most: int = 1_000_000) -> list[int]:
    """The seeds in their order, each from 0 to 2^31 - 1, at most `most`. Raises Failure(FLAGS)."""
    seeds: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,10})(?:-(\d{1,10}))?\s*", part, re.ASCII)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last or last >= SEEDS:
            raise Failure(
                Exit.FLAGS,
                f"--seeds wants numbers and ranges from 0 to {SEEDS - 1:,}, such as 0-63 or 3,7,10-19; "
                f"{part!r} is neither.",
            )
        if len(seeds) + last - first + 1 > most:
            raise Failure(Exit.FLAGS, f"--seeds={text} asks for more than {most:,}: ask in parts.")
        seeds += range(first, last + 1)
    return seeds


def help_text(command: str, purpose: str, record: type, defaults: dict[str, Any]) -> str:
    """This command's own flags, each with help, bound and default."""
    lines = [f"python -m gan_lowlevel.{command} [--flag=value ...] [--flagfile=FILE]", "", purpose, ""]
    for name, facts in settings_of(record).items():
        lines.append("  " + ", ".join(f"--{'[no]' * (facts.kind is bool)}{flag}" for flag in (name, *facts.aliases)))
        accepts = "" if facts.kind is bool else f" Accepts {wants(facts)}."
        text = f"{facts.help}{accepts} Default: {flag_text(name, defaults[name])}"
        lines += textwrap.wrap(text, 92, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return "\n".join(lines)
