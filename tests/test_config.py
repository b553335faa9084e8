"""The settings: contradictions, flags.txt, what may change on resume, the recipes, the tables."""

import dataclasses

import pytest
import tensorflow as tf

from gan_lowlevel import config, data, gan, losses, networks
from gan_lowlevel.commandline import data_sets, read_config
from gan_lowlevel.config import Config, settings_of
from gan_lowlevel.errors import Exit, Failure

v1 = tf.compat.v1
SETTINGS = settings_of(Config)
DEFAULTS = {field.name: field.default for field in dataclasses.fields(Config)}
RECIPE_SETTINGS = [name for name, default in DEFAULTS.items() if default is config.RECIPE]


def refusal(*argv: str) -> str:
    """The sentence of the Failure(FLAGS) that these arguments must end with."""
    with pytest.raises(Failure) as caught:
        read_config(argv)
    assert caught.value.code == Exit.FLAGS
    assert "\n" not in str(caught.value)
    return str(caught.value)


def another(name: str, value):
    """A value of the setting `name` that is not `value` and that its flag accepts."""
    facts = SETTINGS[name]
    if facts.choices:
        return next(choice for choice in facts.choices if choice != value)
    if facts.kind is bool:
        return not value
    if facts.kind is str:
        return f"{value}other"
    if facts.kind is int:
        return value + 1 if value < facts.high else value - 1
    return (value + facts.high) / 2 if value < facts.high else facts.low  # a float strictly between, or the other end


# Contradictions


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["--d_step=0", "--g_step=0"], ["--d_step", "--g_step", "1 or more"]),
        (["--max_steps=5", "--epochs=5"], ["--max_steps=5", "--epochs=5", "0 for the other"]),
        (["--max_steps=0", "--epochs=0"], ["--max_steps", "--epochs", "1 or more"]),
        (["--updates=simultaneous", "--d_step=1", "--g_step=2"], ["--updates=simultaneous", "--g_step=2"]),
        (["--updates=simultaneous", "--d_step=0", "--g_step=1"], ["--updates=simultaneous", "--d_step=0"]),
        (["--model=dog", "--updates=simultaneous"], ["--updates=simultaneous", "--model=dog"]),
        (["--model=parabola", "--updates=simultaneous"], ["--updates=simultaneous", "--model=parabola"]),
        (["--model=parabola", "--sample_every=-1"], ["no epochs"]),
        (["--model=gaussian", "--line_every=-1"], ["no epochs"]),
        (["--model=gaussian", "--z_dim=2"], ["--z_dim=1", "--z_dim=2"]),
        (["--model=mlp", "--density=mixture"], ["--model=mlp", "--density=mixture", "--model=gaussian"]),
        (["--model=mixture", "--density=mixture"], ["--model=mixture", "--density=mixture"]),
        (["--model=gaussian", "--mixture=grid"], ["--model=gaussian", "--mixture=grid", "--model=mixture"]),
        (["--model=mlp", "--image_size=32"], ["--image_size", "--model=mlp"]),
        (["--model=mlp", "--d_dropout=0.5"], ["--d_dropout", "--model=mlp"]),
        (["--model=dcgan", "--d_input_dropout=0.2"], ["--d_input_dropout", "--model=dcgan"]),
        (["--model=parabola", "--train_rows=10"], ["--train_rows", "--dataset=parabola"]),
        (["--model=mlp", "--final_momentum=0.7"], ["--final_momentum=0.7", "--momentum_steps"]),
        (["--model=parabola", "--fakes=uniform"], ["--fakes=uniform", "--g_step=1"]),
        (["--model=mlp", "--fakes=uniform", "--g_step=0"], ["--fakes=uniform", "--model=mlp"]),
        (["--model=gaussian", "--fakes=uniform", "--g_step=0"], ["--fakes=uniform", "--model=gaussian"]),
        (["--live"], ["--model=mlp --live", "--model=gaussian", "--model=mixture", "--model=parabola"]),
        (["--model=parabola", "--live", "--fakes=uniform", "--g_step=0"], ["--fakes=uniform --live"]),
    ],
)
def test_contradictions_are_refused_by_the_names_of_both_flags(argv, named):
    sentence = refusal(*argv)
    for text in named:
        assert text in sentence


@pytest.mark.parametrize(
    "argv",
    [
        ["--d_step=0", "--g_step=1"],
        ["--d_step=1", "--g_step=0"],
        ["--updates=simultaneous", "--d_step=1", "--g_step=1"],
        ["--sampling=article"],
        ["--model=gaussian", "--density=mixture"],
        ["--model=mixture", "--mixture=grid", "--sample_every=-1"],
        ["--model=mlp", "--optimizer=sgd", "--final_momentum=0.7", "--momentum_steps=10"],
        ["--model=dcgan", "--train_rows=10"],
        ["--model=gaussian", "--live"],
    ],
)
def test_their_neighbours_are_accepted(argv):
    read_config(argv)


@pytest.mark.parametrize("model", sorted(set(config.MODELS) - set(config.ARTICLE_SAMPLING)))
def test_article_sampling_is_refused_for_a_game_whose_article_has_none(model):
    sentence = refusal(f"--model={model}", "--sampling=article")
    assert f"--model={model}" in sentence
    assert "--sampling=fresh" in sentence
    assert config.ARTICLE_SAMPLING[0] in sentence


def test_article_sampling_asks_the_table(monkeypatch):
    monkeypatch.setattr(config, "ARTICLE_SAMPLING", ("another",))
    assert "--model=mlp" in refusal("--model=mlp", "--sampling=article")


@pytest.mark.parametrize("name", ["a", "_x", "a.b-c_D9", "a..b", "x" * 100])
def test_good_run_names(name):
    assert read_config([f"--run_name={name}"]).run_name == name


@pytest.mark.parametrize(
    "name", ["..", ".", "a/b", "a\\b", "../x", "/x", ".x", "-x", "x" * 101, "ä", "日本", "a b", "a:b", "٣", "a*"]
)
def test_bad_run_names_are_refused(name):
    sentence = refusal(f"--run_name={name}")
    assert "--run_name" in sentence
    assert repr(name) in sentence
    assert "A-Z a-z 0-9" in sentence


# flags.txt


def not_the_default(monkeypatch) -> Config:
    """A config in which every setting, each within its bounds, differs from the recipe of its model."""
    monkeypatch.setattr(Config, "check", lambda self: None)  # all at once contradict each other
    model = another("model", "mlp")
    plain = read_config([f"--model={model}"])
    changed = {name: another(name, getattr(plain, name)) for name in SETTINGS if name != "model"}
    return Config(model=model, **changed)


def test_flagfile_read_back_is_the_config(monkeypatch, tmp_path):
    before = not_the_default(monkeypatch)
    (tmp_path / "flags.txt").write_text(before.flagfile())
    after = read_config([f"--flagfile={tmp_path / 'flags.txt'}"])
    for name, facts in SETTINGS.items():
        if facts.recorded:
            assert getattr(after, name) == getattr(before, name), name
            assert type(getattr(after, name)) is facts.kind, name
        else:
            assert getattr(after, name) == DEFAULTS[name], name


@pytest.mark.parametrize("model", config.MODELS)
def test_flagfile_of_a_recipe_read_back_is_the_config(model, tmp_path):
    before = read_config([f"--model={model}"])
    (tmp_path / "flags.txt").write_text(before.flagfile())
    assert read_config([f"--flagfile={tmp_path / 'flags.txt'}"]) == before


@pytest.mark.parametrize("rate", [0.1 + 0.2, 1e-8, 5e-324, 1 / 3])
def test_flagfile_keeps_every_bit_of_a_float(rate, tmp_path):
    before = read_config([f"--d_learning_rate={rate!r}"])
    assert before.d_learning_rate == rate
    (tmp_path / "flags.txt").write_text(before.flagfile())
    assert read_config([f"--flagfile={tmp_path / 'flags.txt'}"]).d_learning_rate == rate


def test_flagfile_holds_each_recorded_setting_once_and_no_other(monkeypatch):
    lines = not_the_default(monkeypatch).flagfile().splitlines()
    switches = {f"no{name}": name for name, facts in SETTINGS.items() if facts.kind is bool}
    written = [line.removeprefix("--").partition("=")[0] for line in lines]
    written = [switches.get(name, name) for name in written]
    assert written == [name for name, facts in SETTINGS.items() if facts.recorded]
    assert {name for name, facts in SETTINGS.items() if not facts.recorded} == {"logdir", "run_name", "resume", "live"}


# Resume

MAY_CHANGE = {"max_steps", "epochs", "max_to_keep", "logdir", "threads", "input_data_dir"}
MUST_NOT = {"model", "batch_size", "d_step", "g_step", "z_dim", "g_loss", "log_form", "sampling", "updates", "seed"} | {
    "optimizer", "d_learning_rate", "g_learning_rate", "beta1", "epsilon", "momentum", "train_rows",
    "learning_rate_decay", "learning_rate_floor", "final_momentum", "momentum_steps", "d_dropout", "d_input_dropout",
}  # fmt: skip


def test_what_may_change_on_resume():
    allowed = {name for name, facts in SETTINGS.items() if facts.may_change}
    assert allowed >= MAY_CHANGE | {name for name in SETTINGS if name.endswith("_every")}
    assert not allowed & MUST_NOT


@pytest.mark.parametrize("name", SETTINGS)
def test_differences_name_the_setting_and_both_values(name):
    recorded = read_config([])
    value = another(name, getattr(recorded, name))
    differences = dataclasses.replace(recorded, **{name: value}).differences(recorded)
    if SETTINGS[name].may_change:
        assert differences == []
    else:
        assert len(differences) == 1
        assert differences[0].startswith(f"{name} was {getattr(recorded, name)}, ")
        assert differences[0].endswith(f" {value}")


def test_no_differences_from_itself():
    assert read_config([]).differences(read_config([])) == []


# Recipes


def test_the_models_are_the_flagfiles():
    assert set(config.MODELS) == {path.name.removesuffix(".flags") for path in config.FLAGS_DIR.iterdir()}


@pytest.mark.parametrize("model", config.MODELS)
def test_recipe_parses_to_its_own_model(model):
    assert read_config([f"--model={model}"]).model == model


@pytest.mark.parametrize("model", config.MODELS)
def test_recipe_gives_every_recipe_setting_once_and_only_settings(model):
    lines = (config.FLAGS_DIR / f"{model}.flags").read_text().splitlines()
    given = [line.removeprefix("--").partition("=")[0] for line in lines if line.startswith("--")]
    assert sorted(given) == sorted(set(given))
    assert set(given) >= set(RECIPE_SETTINGS)
    assert set(given) <= set(SETTINGS)
    # As --flagfile it is the game, too, and not a few settings of another.
    assert next(line for line in lines if line.startswith("--")) == f"--model={model}"
    assert read_config([f"--flagfile={config.FLAGS_DIR / f'{model}.flags'}", "--embedded_max_steps=0"]) == read_config(
        [f"--model={model}", "--embedded_max_steps=0"]
    )


@pytest.mark.parametrize("model", config.MODELS)
def test_recipe_has_a_reason_above_each_group_of_flags(model):
    groups = [group.splitlines() for group in (config.FLAGS_DIR / f"{model}.flags").read_text().split("\n\n")]
    with_flags = [group for group in groups if any(line.startswith("--") for line in group)]
    assert with_flags
    for group in with_flags:
        assert group[0].startswith("# "), group
        assert len(group[0]) > 10, group
        assert all(line.startswith(("# ", "--")) for line in group), group


# Tables: what is known before TensorFlow is what the modules have


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        (config.MODELS, networks.GAMES),
        (config.DATA_SETS, data.DATA_SETS),
        (config.G_LOSSES, losses.G_LOSSES),
        (config.G_LOSSES, losses.IDEAL_G_LOSS),
        (config.LOG_FORMS, losses.LOG_D),
        (config.LOG_FORMS, losses.LOG_NOT_D),
    ],
    ids=["models", "data sets", "G losses", "ideal G losses", "log D", "log(1 - D)"],
)
def test_table_is_the_modules(table, keys):
    assert sorted(table) == sorted(keys)


@pytest.mark.parametrize("model", sorted(set(config.MODELS) - set(config.POINTS)))
@pytest.mark.parametrize("dataset", ["array", "mnist", "photos"])
def test_pictures_are_those_of_the_game(model, dataset):
    settings = read_config([f"--model={model}"])
    if dataset in data_sets(model, settings.dataset):
        settings = dataclasses.replace(settings, dataset=dataset)
        assert networks.GAMES[model](settings).picture_shape == settings.picture()


def test_games_with_article_sampling_are_games():
    assert set(config.ARTICLE_SAMPLING) <= set(config.MODELS)


# One step downhill on w^2 / 2 from w = 1, where the gradient is w = 1, with momentum 0.5, in learning rates.
FIRST_STEP = {
    "adam": 1 / (1 + 1e-8),  # both averages of the first gradient, corrected, are 1; epsilon is 1e-8
    "sgd": 1,  # the accumulator is the gradient itself
    "nesterov": 1 + 0.5 * 1,  # the gradient, and momentum times the accumulator
}


@pytest.mark.parametrize("player", ["d", "g"])
@pytest.mark.parametrize("name", config.OPTIMIZERS)
def test_every_optimizer_of_the_table_steps_as_its_name_and_its_players_rate_say(name, player):
    settings = dataclasses.replace(
        read_config([]), optimizer=name, momentum=0.5, epsilon=1e-8, d_learning_rate=0.1, g_learning_rate=0.3
    )
    rate = {"d": 0.1, "g": 0.3}[player]
    with tf.Graph().as_default(), v1.Session() as session:
        w = v1.get_variable("w", initializer=1.0)
        train = getattr(gan.optimizers(settings), player).minimize(w**2 / 2)
        session.run(v1.global_variables_initializer())
        session.run(train)
        assert session.run(w) == pytest.approx(1 - rate * FIRST_STEP[name], rel=1e-6)
