"""A game played live, without a window: its updates, its knobs, what it says and shows."""

import dataclasses
import os
import pathlib
import subprocess
import sys
import types

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel import command, data, gan, live, screen, sessions
from gan_lowlevel.commandline import read_config
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.loop import ExplicitLoop
from tests.colours import near

v1 = tf.compat.v1
ROOT = pathlib.Path(__file__).parent.parent


def seated(*flags: str) -> live.Match:
    return live.Match(read_config(["--live", "--threads=1", *flags]))


def weights(match: live.Match) -> dict[str, np.ndarray]:
    """All that the session remembers, what the optimizers do too."""
    session = match.loop.session
    with session.graph.as_default():
        return session.run({variable.op.name: variable for variable in v1.global_variables()})


def assert_same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> None:
    for name, value in a.items():
        np.testing.assert_array_equal(value, b[name], err_msg=name)


def moved(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> set[str]:
    """Of whom weights are others than before."""
    return {name.partition("/")[0] for name in before
            if name.startswith(("generator/", "discriminator/")) and (before[name] != after[name]).any()}  # fmt: skip


@pytest.fixture(scope="module")
def parabola() -> live.Match:
    return seated("--model=parabola", "--max_steps=4")


@pytest.fixture
def match(parabola) -> live.Match:
    """At its beginning, with the recipe's knobs."""
    parabola.knobs.as_the_recipe()
    parabola.start_over()
    return parabola


@pytest.mark.parametrize(
    "flags",
    [
        ("--model=gaussian",),  # two updates of D to one of G
        ("--model=parabola", "--d_step=1", "--g_step=3", "--learning_rate_decay=1.5"),
        ("--model=gaussian", "--updates=simultaneous", "--d_step=1", "--optimizer=nesterov", "--momentum=0.5"),
    ],
)
def test_with_the_recipes_knobs_it_is_the_run_bit_for_bit(flags):
    match = seated(*flags)
    for _ in range(3):
        match.step()
    config, game = match.config, match.loop.game
    rows = data.rows(match.law, config, game.output_range, game.data_shape)
    with tf.Graph().as_default() as graph, v1.Session() as session:
        loop = ExplicitLoop(session, gan.build(config, game), game, config, rows)
        sessions.initialize(session, game, match.law)
        for step in range(3):
            loop.play(step)
        assert_same(session.run({variable.op.name: variable for variable in v1.global_variables()}), weights(match))
        fed = {op.name for op in graph.get_operations() if op.type.startswith("Placeholder")}
        assert fed <= {"x", "draw", "training", "z", "step"}  # no run has others for learning rates
    assert (match.steps, match.d_updates, match.g_updates) == (3, 3 * config.d_step, 3 * config.g_step)
    picture = live.picture(match)
    assert near(picture, (255, 0, 0)).sum() > 100  # real
    assert near(picture, (0, 0, 255)).sum() > 100  # fake


def test_a_key_updates_one_player_alone_and_pauses(match):
    first = weights(match)
    match.press(" ")
    assert match.playing
    match.press("d")
    after_d = weights(match)
    assert moved(first, after_d) == {"discriminator"}
    assert not match.playing
    match.press("g")
    assert moved(after_d, weights(match)) == {"generator"}
    assert (match.steps, match.d_updates, match.g_updates) == (0, 1, 1)
    assert match.says()[0] == "step 0 · 1 updates of D, 1 of G · paused"


def test_plus_and_minus_walk_through_the_ratios(match):
    def ratios(key: str) -> list[tuple[int, int]]:
        pressed = []
        for _ in range(3):
            match.press(key)
            pressed.append((match.knobs.d_step, match.knobs.g_step))
        return pressed

    assert ratios("+") == [(2, 1), (3, 1), (4, 1)]
    assert ratios("-") == [(3, 1), (2, 1), (1, 1)]
    assert ratios("_") == [(1, 2), (1, 3), (1, 4)]
    assert ratios("=") == [(1, 3), (1, 2), (1, 1)]
    match.knobs.d_step, match.knobs.g_step = 0, 2  # as flags may say it
    assert ratios("+") == [(0, 1), (1, 1), (2, 1)]
    match.step()
    assert (match.d_updates, match.g_updates) == (2, 1)


def test_arrows_double_and_halve_the_rate_with_which_each_player_then_learns(match):
    def stride(*keys: str) -> np.ndarray:
        """By how much G's first update moves it. Adam's first is the rate times g/(|g| + epsilon)."""
        match.start_over()
        before = weights(match)
        for key in (*keys, "g"):
            match.press(key)
        return weights(match)["generator/dense_2/weights"] - before["generator/dense_2/weights"]

    plain = stride()
    assert np.abs(plain).max() == pytest.approx(1e-3, rel=1e-3)
    np.testing.assert_allclose(stride("right"), 2 * plain, rtol=1e-3)
    np.testing.assert_allclose(stride("left", "left"), plain / 2, rtol=1e-3)
    np.testing.assert_array_equal(stride("up", "up", "up", "down"), stride())  # D's own
    rates = {"d": 4 * match.config.d_learning_rate, "g": match.config.g_learning_rate / 2}
    assert match.knobs.said()[1:] == [f"D's learning rate {rates['d']:g}", f"G's learning rate {rates['g']:g}"]
    match.press("0")
    assert (match.knobs.d_learning_rate, match.knobs.g_learning_rate) == (1e-3, 1e-3)


def test_r_starts_the_same_game_over_and_leaves_the_knobs(match):
    first, look = weights(match), match.look()
    match.press("+")
    played = []
    for _ in range(2):
        match.step()
        match.step()
        played.append(weights(match))
        match.press("r")
        assert_same(first, weights(match))
    assert_same(*played)
    assert moved(first, played[0]) == {"discriminator", "generator"}
    assert (match.steps, match.d_updates, match.curves, match.knobs.d_step) == (0, 0, [], 2)
    for before, after in zip(look, match.look(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_play_ends_at_the_last_step_from_where_only_r_goes_on(match):
    match.press(" ")
    match.play_for(60)
    assert (match.steps, match.playing) == (4, False)  # --max_steps
    assert match.says()[0].endswith("the last step: r starts over")
    match.press(" ")
    match.play_for(60)
    assert (match.steps, match.playing) == (4, False)
    match.press("r")
    match.press(" ")
    assert match.playing


def test_v_and_the_losses_are_those_of_the_points_that_are_shown(match):
    match.look()
    updates, value, d_loss, g_loss = match.curves[-1]
    play = match.loop.gan.play
    feed = {match.loop.gan.x: match._x, match.loop.gan.z: match._z}
    d_real, d_fake = match.loop.session.run((play.d_real, play.d_fake), feed)
    assert value == pytest.approx(np.mean(np.log(d_real)) + np.mean(np.log(1 - d_fake)), rel=1e-5)  # eq. 1
    assert (updates, d_loss) == (0, -value)
    assert g_loss == pytest.approx(-np.mean(np.log(d_fake)), rel=1e-5)


def test_forces_point_to_where_g_loses_less(match):
    _, fake, force = match.look()
    play, session = match.loop.gan.play, match.loop.session
    there = session.run(play.fake_logits, {play.fake: fake + 1e-3 * force})
    assert (there >= session.run(play.fake_logits, {play.fake: fake})).all()  # -log D falls as D's logit rises
    assert np.linalg.norm(force, axis=1).max() > 0


def test_each_frame_has_its_points_and_arrows_and_none_of_the_one_before(match):
    def middle(where: np.ndarray) -> tuple[float, float]:
        """(x, y) of what is True, by the axes that the plane has in the picture."""
        row, column = (where[:, :620].nonzero()[axis].mean() for axis in (0, 1))  # left of the colour bar
        return (column / 1280 - 0.05) / 0.4275 * 2 - 1, ((1 - row / 720) - 0.12) / 0.76 * 2 - 1

    board, curves = match.board(screen.page()), [(0, -1.0, 1.0, 0.5)]

    def frame(at: tuple[float, float], force: tuple[float, float]) -> np.ndarray:
        real, fake = np.array([at]), -np.array([at])
        return board.show(real, fake, np.array([force]), curves, "said", "knob").copy()

    for at, force in (((0.5, 0.6), (3.0, 0.0)), ((-0.3, 0.4), (0.0, -2.0))):  # the second over the kept background
        picture = frame(at, force)
        red, blue = near(picture, (255, 0, 0)), near(picture, (0, 0, 255))
        red[:80] = blue[:80] = False  # the legend
        assert middle(red) == pytest.approx(at, abs=0.01)
        assert middle(blue) == pytest.approx((-at[0], -at[1]), abs=0.01)
        still = frame(at, (0.0, 0.0))
        x, y = middle((picture != still).any(axis=2))
        towards = np.array([x + at[0], y + at[1]])  # from the fake to its arrow's middle
        assert towards @ np.array(force) > 0.9 * np.linalg.norm(towards) * np.linalg.norm(force)
        assert 0.05 < np.linalg.norm(towards) < 0.2  # of a side of 2: an arrow of a tenth of it


def test_curves_are_thinned_and_keep_both_ends(match, monkeypatch):
    monkeypatch.setattr(live, "KEPT", 8)
    for match.d_updates in range(50):
        match.look()
    updates = [point[0] for point in match.curves]
    assert len(updates) <= 8
    assert (updates[0], updates[-1]) == (0, 49)
    assert updates == sorted(updates)


def test_what_is_not_finite_is_named_and_the_last_picture_stays(match):
    before = match.look()
    match.knobs.d_learning_rate = 1e39  # infinite in float32
    match.press("d")
    assert "discriminator/" in match.broken
    assert match.says()[0] == f"{match.broken} is not finite: r starts over"
    assert match.look() is before
    assert live.picture(match).std() > 10
    updates = match.d_updates
    for key in ("d", " ", "0"):
        match.press(key)
    assert (match.d_updates, match.playing) == (updates, False)
    match.press("r")
    assert match.broken == ""
    match.step()
    assert match.broken == ""


def test_a_notebook_sees_pictures_until_the_steps_are_played(match, monkeypatch):
    shown = []
    monkeypatch.setattr(screen, "cell", lambda: lambda picture: shown.append(picture.copy()))
    assert live.play(match, steps=3) is match
    assert (match.steps, match.playing) == (3, False)
    assert {picture.shape for picture in shown} == {(720, 1280, 3)}
    np.testing.assert_array_equal(shown[-1], live.picture(match))
    assert live.play(match, steps=3).steps == 4  # --max_steps
    shown.clear()
    assert live.play(match, steps=3).steps == 4
    assert shown == []


def test_in_a_cell_each_picture_takes_the_place_of_the_one_before(monkeypatch):
    calls = []
    handle = types.SimpleNamespace(display=lambda p: calls.append(("display", p)),
                                   update=lambda p: calls.append(("update", p)))  # fmt: skip
    display = types.SimpleNamespace(DisplayHandle=lambda: handle, Image=lambda content: content[:4])
    kernel = types.SimpleNamespace(kernel=None)
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(display=display, get_ipython=lambda: kernel))
    show = screen.cell()
    for _ in range(3):
        show(np.zeros((2, 2, 3), np.uint8))
    assert calls == [("display", b"\x89PNG"), ("update", b"\x89PNG"), ("update", b"\x89PNG")]
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(display=display, get_ipython=lambda: None))
    screen.cell()(np.zeros((2, 2, 3), np.uint8))
    monkeypatch.setitem(sys.modules, "IPython", None)  # not installed
    screen.cell()(np.zeros((2, 2, 3), np.uint8))
    assert len(calls) == 3


def test_without_a_window_one_sentence_comes_before_tensorflow(tmp_path):
    (tmp_path / "tensorflow.py").write_text("raise SystemExit(99)\n")  # whoever imports it ends so
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment = kept | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "MPLBACKEND": "agg"}
    done = subprocess.run([sys.executable, "-m", "gan_lowlevel.main", "--model=parabola", "--live"], cwd=tmp_path,
                          env=environment, capture_output=True, text=True, timeout=120)  # fmt: skip
    assert (done.returncode, done.stdout) == (Exit.FLAGS, "")
    assert done.stderr.startswith(
        "gan_lowlevel: --live wants a window, and matplotlib opens none here (MPLBACKEND=agg)"
    )
    assert done.stderr.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} <= {"tensorflow.py", "__pycache__"}


def test_several_workers_are_refused(monkeypatch):
    monkeypatch.setattr(command, "start_tensorflow", lambda: pytest.fail("TensorFlow is started"))
    monkeypatch.setattr(screen, "window", lambda title: pytest.fail("a window is opened"))
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}')
    with pytest.raises(Failure, match="TF_CONFIG"):
        live.main(dataclasses.replace(read_config(["--model=parabola"]), live=True))
