"""From a command line to the settings: bounds, aliases, who overrides whom, every way to be refused, the help."""

import dataclasses
import math
import time

import pytest

from gan_lowlevel import commandline, config
from gan_lowlevel.commandline import help_text, read_config, read_record, recipe_defaults
from gan_lowlevel.config import Config, setting, settings_of
from gan_lowlevel.errors import Exit, Failure

SETTINGS = settings_of(Config)
NUMBERS = {name: facts for name, facts in SETTINGS.items() if facts.kind in (int, float) and not facts.choices}
CHOICES = {name: facts for name, facts in SETTINGS.items() if facts.choices}
SWITCHES = [name for name, facts in SETTINGS.items() if facts.kind is bool]
TEXTS = [name for name, facts in SETTINGS.items() if facts.kind is str and not facts.choices]


@pytest.fixture
def no_contradictions(monkeypatch):
    """A setting alone is under test: its least value may contradict the recipe."""
    monkeypatch.setattr(Config, "check", lambda self: None)
    monkeypatch.setattr("gan_lowlevel.commandline.data_sets", lambda model, own: config.DATA_SETS)


def refusal(*argv: str) -> str:
    """The sentence of the Failure(FLAGS) that these arguments must end with."""
    with pytest.raises(Failure) as caught:
        read_config(argv)
    assert caught.value.code == Exit.FLAGS
    return str(caught.value)


def recipe(folder, *lines: str, without: str = "") -> None:
    """Write mlp.flags: the least values, then `lines`; not the setting `without`."""
    flags = {name: f"--{name}={next(iter(facts.choices), facts.low)}" for name, facts in SETTINGS.items()}
    fields = Config.__dataclass_fields__
    given = [flag for name, flag in flags.items() if fields[name].default is config.RECIPE and name != without]
    (folder / "mlp.flags").write_text("\n".join([*given, *lines]))


def numbers_beyond(facts) -> list[str]:
    """Texts just outside the bounds, and some that are no numbers of this kind at all."""
    if facts.kind is int:
        return [str(facts.low - 1), str(facts.high + 1), "1.5", "1e2", "nan", "inf", "", "x", "0x10", "9" * 400]
    above = facts.high if facts.below_high else math.nextafter(facts.high, math.inf)
    return [repr(math.nextafter(facts.low, -math.inf)), repr(above), "nan", "inf", "-inf", "1e400", "", "x", "1,5"]


# Bounds


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_has_both_bounds(name):
    facts = NUMBERS[name]
    assert facts.low is not None
    assert facts.high is not None
    assert facts.low < facts.high


@pytest.mark.usefixtures("no_contradictions")
@pytest.mark.parametrize("name", NUMBERS)
def test_bounds_themselves_are_accepted(name):
    facts = NUMBERS[name]
    highest = math.nextafter(facts.high, 0) if facts.below_high else facts.high
    for number in (facts.low, highest):
        value = getattr(read_config([f"--{name}={number!r}"]), name)
        assert value == number
        assert type(value) is facts.kind


@pytest.mark.usefixtures("no_contradictions")
@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, facts in NUMBERS.items() for text in numbers_beyond(facts)]
)
def test_beyond_the_bounds_is_refused_with_the_bounds(name, text):
    sentence = refusal(f"--{name}={text}")
    assert f"--{name}=" in sentence
    assert repr(text) in sentence
    assert f"from {NUMBERS[name].low:,} to " in sentence
    assert f"{NUMBERS[name].high:,}" in sentence
    assert "--help" in sentence


@pytest.mark.usefixtures("no_contradictions")
@pytest.mark.parametrize("name", CHOICES)
def test_each_choice_is_accepted_and_nothing_else(name):
    choices = CHOICES[name].choices
    for choice in choices:
        value = getattr(read_config([f"--{name}={choice}"]), name)
        assert value == choice
        assert type(value) is CHOICES[name].kind
    for text in ("", "nonsense", f"{choices[0]}x", f"{choices[0]},{choices[-1]}", "97"):
        sentence = refusal(f"--{name}={text}")
        assert f"--{name}=" in sentence
        assert repr(text) in sentence
        assert all(str(choice) in sentence for choice in choices)


@pytest.mark.usefixtures("no_contradictions")
@pytest.mark.parametrize("name", SWITCHES)
def test_switches(name):
    for text, value in ((f"--{name}", True), (f"--no{name}", False), (f"--{name}=true", True), (f"--{name}=0", False)):
        assert getattr(read_config([text]), name) is value
    for text in ("", "yes", "2", "maybe"):
        sentence = refusal(f"--{name}={text}")
        assert f"--{name}=" in sentence
        assert repr(text) in sentence
        assert "true or false" in sentence
    assert f"--no{name}=1" in refusal(f"--no{name}=1")


@pytest.mark.usefixtures("no_contradictions")
@pytest.mark.parametrize("name", TEXTS)
def test_texts_are_one_line(name):
    for text in ("", "a", "a b", "a=b", "--x", "#", "日本", "a'b\"c", "~"):
        assert getattr(read_config([f"--{name}={text}"]), name) == text
    for text in ("a\nb", "a\rb", "a\tb", "a\x00b", "\u2028", "\udcff"):
        assert "text in one line" in refusal(f"--{name}={text}")


# Names


@pytest.mark.parametrize(
    ("name", "alias"), [(name, alias) for name, facts in SETTINGS.items() for alias in facts.aliases]
)
def test_an_alias_is_its_setting_and_the_last_one_wins(name, alias):
    first, second = ("a", "b") if SETTINGS[name].kind is str else (3, 4)
    assert getattr(read_config([f"--{alias}={first}"]), name) == first
    assert getattr(read_config([f"--{alias}={first}", f"--{name}={second}"]), name) == second
    assert getattr(read_config([f"--{name}={first}", f"--{alias}={second}"]), name) == second


def test_the_aliases_that_the_articles_readers_type():
    typed = read_config(["--data_dir=somewhere", "--d_steps=3", "--g_steps=4"])
    assert (typed.input_data_dir, typed.d_step, typed.g_step) == ("somewhere", 3, 4)


def test_alias_out_of_bounds_is_refused():
    assert "1,000" in refusal("--d_steps=1001")


@pytest.mark.parametrize(
    "argv", [["--batch_size=7"], ["-batch_size=7"], ["--batch_size", "7"], ["--batch_size=9", "--batch_size=7"]]
)
def test_ways_to_type_a_flag(argv):
    assert read_config(argv).batch_size == 7


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [
        ("--max_step=3", "--max_steps?"),
        ("--batchsize=3", "--batch_size?"),
        ("--learning_rate=1", "_learning_rate or --"),
        ("--data-dir=x", "--data_dir?"),
        ("--nonsense", "--help"),
        ("--xyzzy=1", "--help"),
        ("--nomodel", "--model?"),
    ],
)
def test_unknown_flag_is_refused_with_what_was_meant(typed, suggested):
    sentence = refusal(typed)
    assert f"unknown flag {typed.partition('=')[0]}:" in sentence
    assert suggested in sentence


@pytest.mark.parametrize("letters", [900, 100_000])
def test_an_unknown_flag_of_any_length_is_refused_at_once(letters):
    began = time.process_time()
    assert "unknown flag" in refusal(f"--{'ab' * (letters // 2)}")
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "argv", [["--log_dir=x"], ["--log_dir", "x"], ["-log_dir=x"], ["--max_steps=3", "--log_dir=x"]]
)
def test_log_dir_is_told_of_logdir(argv):
    assert "you want --logdir" in refusal(*argv)


@pytest.mark.parametrize(
    "argv", [["foo"], ["--max_steps=3", "foo"], ["--", "foo"], ["--nodownload", "foo"], ["-", "foo"]]
)
def test_positional_argument_is_refused(argv):
    sentence = refusal(*argv)
    assert "--name=value" in sentence
    assert "'foo'" in sentence or "'-'" in sentence


@pytest.mark.parametrize("flag", ["--model=mlp", "--nodownload", "-seed=3", "--nonsense"])
def test_a_flag_after_a_bare_dash_dash_is_told_of_it(flag):
    for argv in (["--", flag], ["--max_steps=3", "--", flag]):
        assert refusal(*argv) == f"a bare -- ends the flags, and '{flag}' comes after it: leave the -- out."


def test_a_flag_without_its_value_is_refused():
    assert "--batch_size" in refusal("--batch_size")


# Who overrides whom


@pytest.mark.parametrize("model", config.MODELS)
def test_typed_goes_over_the_recipe_in_any_order(model):
    own = read_config([f"--model={model}"]).batch_size
    assert read_config([f"--model={model}", f"--batch_size={own + 1}"]).batch_size == own + 1
    assert read_config([f"--batch_size={own + 1}", f"--model={model}"]).batch_size == own + 1


def test_the_last_model_is_the_one_whose_recipe_is_read():
    for first in config.MODELS:
        for last in config.MODELS:
            assert read_config([f"--model={first}", f"--model={last}"]) == read_config([f"--model={last}"])


def test_flagfile_goes_over_the_recipe_and_order_decides_against_typed(tmp_path):
    (tmp_path / "mine").write_text("# a comment\n\n// another\n--batch_size=5\n")
    mine = f"--flagfile={tmp_path / 'mine'}"
    assert read_config([mine]).batch_size == 5
    assert read_config([mine, "--batch_size=6"]).batch_size == 6
    assert read_config(["--batch_size=6", mine]).batch_size == 5
    assert read_config(["--flagfile", str(tmp_path / "mine")]).batch_size == 5


def test_a_model_in_a_flagfile_is_the_model(tmp_path):
    for model in config.MODELS:
        (tmp_path / "mine").write_text(f"--model={model}\n")
        assert read_config([f"--flagfile={tmp_path / 'mine'}"]) == read_config([f"--model={model}"])


def test_flagfile_within_a_flagfile(tmp_path):
    (tmp_path / "outer").write_text(f"--batch_size=5\n--flagfile={tmp_path / 'inner'}\n--seed=6\n")
    (tmp_path / "inner").write_text("--batch_size=7\n--seed=8\n")
    both = read_config([f"--flagfile={tmp_path / 'outer'}"])
    assert (both.batch_size, both.seed) == (7, 6)


# Length


@pytest.mark.parametrize(
    ("in_recipe", "typed", "max_steps", "epochs"),
    [
        ((9, 0), [], 9, 0),
        ((0, 7), [], 0, 7),
        ((0, 7), ["--max_steps=5"], 5, 0),  # what is typed replaces the other of the recipe
        ((9, 0), ["--epochs=5"], 0, 5),
        ((9, 0), ["--max_steps=5"], 5, 0),
        ((0, 7), ["--epochs=5"], 0, 5),
        ((0, 7), ["--max_steps=0"], 0, 7),  # a typed 0 says only "as the other says"
        ((9, 0), ["--epochs=0"], 9, 0),
        ((9, 0), ["--max_steps=0", "--epochs=5"], 0, 5),
        ((0, 7), ["--max_steps=5", "--epochs=0"], 5, 0),
    ],
)
def test_length_is_max_steps_or_epochs(monkeypatch, tmp_path, in_recipe, typed, max_steps, epochs):
    recipe(tmp_path, f"--max_steps={in_recipe[0]}", f"--epochs={in_recipe[1]}", *RUNNABLE)
    monkeypatch.setattr(commandline, "FLAGS_DIR", tmp_path)
    read = read_config(typed)
    assert (read.max_steps, read.epochs) == (max_steps, epochs)


RUNNABLE = ["--d_step=1", "--g_step=1"]


@pytest.mark.parametrize(
    ("argv", "max_steps"),
    [
        ([], 33),  # the embedded digits, no length typed
        (["--input_data_dir="], 33),
        (["--seed=1"], 33),
        (["--embedded_max_steps=44"], 44),
        (["--embedded_max_steps=0"], 9),
        (["--input_data_dir=somewhere"], 9),
        (["--data_dir=somewhere"], 9),
        (["--max_steps=5"], 5),
        (["--epochs=2"], 0),
    ],
)
def test_embedded_digits_without_a_typed_length_have_a_length_of_their_own(monkeypatch, tmp_path, argv, max_steps):
    recipe(tmp_path, "--dataset=mnist", "--max_steps=9", "--epochs=0", "--embedded_max_steps=33", *RUNNABLE)
    monkeypatch.setattr(commandline, "FLAGS_DIR", tmp_path)
    assert read_config(argv).max_steps == max_steps


def test_embedded_length_replaces_epochs_too(monkeypatch, tmp_path):
    recipe(tmp_path, "--dataset=mnist", "--max_steps=0", "--epochs=3", "--embedded_max_steps=33", *RUNNABLE)
    monkeypatch.setattr(commandline, "FLAGS_DIR", tmp_path)
    assert (read_config([]).max_steps, read_config([]).epochs) == (33, 0)


def test_a_length_in_a_flagfile_counts_as_typed(monkeypatch, tmp_path):
    recipe(tmp_path, "--dataset=mnist", "--max_steps=9", "--epochs=0", "--embedded_max_steps=33", *RUNNABLE)
    monkeypatch.setattr(commandline, "FLAGS_DIR", tmp_path)
    (tmp_path / "mine").write_text("--max_steps=4\n")
    assert read_config([f"--flagfile={tmp_path / 'mine'}"]).max_steps == 4


@pytest.mark.parametrize("name", [n for n, f in Config.__dataclass_fields__.items() if f.default is config.RECIPE])
def test_a_recipe_without_one_of_its_settings_is_a_bug_that_names_it(monkeypatch, tmp_path, name):
    recipe(tmp_path, without=name)
    monkeypatch.setattr(commandline, "FLAGS_DIR", tmp_path)
    with pytest.raises(Failure, match=f"--{name}\\b") as caught:
        read_config([])
    assert caught.value.code == Exit.BUG


# Flagfiles that can't be read


def test_missing_flagfile(tmp_path):
    assert str(tmp_path / "none") in refusal(f"--flagfile={tmp_path / 'none'}")


def test_folder_as_flagfile(tmp_path):
    assert str(tmp_path) in refusal(f"--flagfile={tmp_path}")


def test_flagfile_without_a_name():
    assert "--flagfile" in refusal("--flagfile")


def test_flagfile_that_is_no_text(tmp_path):
    (tmp_path / "mine").write_bytes(b"\xff\xfe--seed=1")
    assert "--flagfile wants text" in refusal(f"--flagfile={tmp_path / 'mine'}")


def test_flagfile_with_a_nul_in_the_name_of_another(tmp_path):
    (tmp_path / "mine").write_bytes(b"--flagfile=a\0b\n")
    assert "null" in refusal(f"--flagfile={tmp_path / 'mine'}")


@pytest.mark.parametrize("other", ["mine", "other"])
def test_flagfile_that_includes_itself(tmp_path, capfd, other):
    (tmp_path / "mine").write_text(f"--seed=3\n--flagfile={tmp_path / other}\n")
    (tmp_path / "other").write_text(f"--flagfile={tmp_path / 'mine'}\n")
    assert "includes itself" in refusal(f"--flagfile={tmp_path / 'mine'}")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("line", ["--nonsense=1", "--log_dir=x", "--batch_size=0", "stray text"])
def test_flagfile_with_a_wrong_line(tmp_path, line):
    (tmp_path / "mine").write_text(f"{line}\n")
    assert line.partition("=")[0] in refusal(f"--flagfile={tmp_path / 'mine'}")


# Help


@pytest.mark.parametrize("model", config.MODELS)
def test_help_names_each_flag_with_help_bound_and_the_recipes_default(model):
    text = help_text("main", "A purpose.", Config, recipe_defaults([f"--model={model}"]))
    assert "python -m gan_lowlevel.main" in text
    assert "A purpose." in text
    assert max(map(len, text.splitlines())) <= 100
    words = " ".join(text.split())
    own = read_config([f"--model={model}", "--input_data_dir=x", "--embedded_max_steps=0"])
    for name, facts in SETTINGS.items():
        assert " ".join(facts.help.split()) in words
        for flag in (name, *facts.aliases):
            assert f"--[no]{flag}" in words if facts.kind is bool else f"--{flag}" in words
        for choice in facts.choices:
            assert str(choice) in words
        if name in NUMBERS:
            assert f"from {facts.low:,} to {'below ' * facts.below_high}{facts.high:,}" in words
        if name not in ("model", "dataset", "input_data_dir", "embedded_max_steps"):
            assert f"Default: {config.flag_text(name, getattr(own, name))}" in words


@pytest.mark.parametrize("model", config.MODELS)
def test_help_is_of_the_model_typed(model):
    for argv in ([f"--model={model}"], ["--model", model], [f"-model={model}", "--help"], ["--help", "--model", model]):
        assert recipe_defaults(argv) == recipe_defaults([f"--model={model}"])
    assert recipe_defaults([f"--model={model}"])["batch_size"] == read_config([f"--model={model}"]).batch_size


@pytest.mark.parametrize("argv", [[], ["--model=nonsense"], ["--model"], ["--help"], ["--nonsense"]])
def test_help_is_of_mlp_where_no_model_can_be_read(argv):
    assert recipe_defaults(argv) == recipe_defaults(["--model=mlp"])


@pytest.mark.parametrize(
    ("model", "accepted"),
    [
        ("mlp", {"mnist", "embedded", "array"}),
        ("mlp_deep", {"mnist", "embedded", "array"}),
        ("dcgan", {"mnist", "embedded", "array", "photos"}),
        ("dog", {"photos", "array"}),
        ("gaussian", {"gaussian"}),
        ("goodfellow", {"mnist", "embedded", "array"}),
        ("mixture", {"mixture"}),
        ("parabola", {"parabola"}),
    ],
)
def test_a_game_trains_on_its_own_kind_of_data(model, accepted):
    for dataset in config.DATA_SETS:
        argv = [f"--model={model}", f"--dataset={dataset}"]
        if dataset in accepted:
            assert read_config(argv).dataset == dataset
        else:
            assert all(name in refusal(*argv) for name in (model, dataset, *accepted))


@pytest.mark.parametrize("flag", ["--mirror", "--holdout=0.1", "--resize=crop"])
def test_flags_of_photographs_are_refused_for_other_data(flag):
    assert "photographs" in refusal(flag)
    read_config(["--model=dog", flag])


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], True),
        (["--dataset=embedded"], True),
        (["--dataset=embedded", "--input_data_dir=x"], True),
        (["--input_data_dir=x"], False),
        (["--max_steps=10000"], False),
        (["--model=parabola"], False),
    ],
)
def test_the_embedded_length_is_known_where_it_applies(argv, said):
    assert read_config(argv).embedded_length is said


# A value without a name


@dataclasses.dataclass(frozen=True, kw_only=True)
class Numbered:
    """Settings of a command of which one may be typed bare."""

    number: int = setting(0, int, "Which.", low=0, high=9)
    text: str = setting("", str, "What.")
    switch: bool = setting(False, bool, "Whether.")


@pytest.mark.parametrize(
    "argv",
    [["4", "--text=a", "--switch"], ["--text", "a", "4", "--switch"], ["--switch", "--text=a", "--number=4"]],
)
def test_a_bare_value_stands_anywhere(argv):
    assert read_record(Numbered, argv, bare="number") == Numbered(number=4, text="a", switch=True)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["x"], "flag --number=x: it wants a whole number from 0 to 9, got 'x'"),
        (["10"], "flag --number=10: it wants a whole number from 0 to 9, got '10'"),
        (["4", "5"], "only flags are wanted, got '4'"),
        (["4", "--txt=a"], "unknown flag --txt: did you mean --text?"),
        (["--", "-4"], "a bare -- ends the flags"),
    ],
)
def test_a_wrong_bare_value(argv, said):
    with pytest.raises(Failure) as caught:
        read_record(Numbered, argv, bare="number")
    assert caught.value.code == Exit.FLAGS
    assert said in str(caught.value)


def test_other_commands_take_none():
    with pytest.raises(Failure, match="only flags are wanted, got '4'"):
        read_record(Numbered, ["4"])
