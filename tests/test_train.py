"""A run in this process: what a restart forgets, what a failed picture may not cost, games that remember more."""

import dataclasses
import pathlib
import re
import shutil

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from gan_lowlevel import data, networks, recorder, runs, system, train
from gan_lowlevel.checkpoints import Checkpoints
from gan_lowlevel.commandline import read_config
from gan_lowlevel.data.dataset import Dataset
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.gan import build
from gan_lowlevel.loop import ExplicitLoop
from gan_lowlevel.sampler import no_checkpoint
from tests.torture import training


@pytest.fixture
def play(tmp_path):
    """Trains a run under tmp_path as the main command does; returns its directory."""

    def play(*flags: str) -> pathlib.Path:
        config = read_config([f"--logdir={tmp_path}", "--threads=1", *flags])
        game = networks.GAMES[config.model](config)
        data_set = data.load(config)
        rows = data.rows(data_set, config, game.output_range, game.data_shape)
        run = runs.locate(config)
        with runs.claimed(run):
            assert train.train(train.resolve(config, rows), game, data_set, rows, run) == Exit.DONE
        return run.directory

    return play


FEW = ("--engine=explicit", "--sample_every=0", "--theory_every=0")

SMALL = {
    "mlp": ["--batch_size=8"],
    # Dropout masks and moving averages are drawn and kept too.
    "dcgan": ["--model=dcgan", "--batch_size=4", "--sample_every=0", "--line_every=0"],
    "parabola": ["--model=parabola"],
    "gaussian": ["--model=gaussian", "--density=mixture"],
    # Moving averages, and a table of points in an order of their own.
    "mixture": ["--model=mixture", "--batch_size=8", "--sample_every=0", "--line_every=0"],
    # Rates and momentum follow the step's number.
    "schedule": [
        "--batch_size=8",
        "--optimizer=sgd",
        "--learning_rate_decay=1.5",
        "--momentum_steps=4",
        "--final_momentum=0.9",
    ],
    # The first biases of G follow the data.
    "goodfellow": ["--model=goodfellow", "--batch_size=8", "--sample_every=0", "--line_every=0", "--theory_every=0"],
    "simultaneous": ["--batch_size=8", "--updates=simultaneous", "--g_step=1"],
    "article": ["--batch_size=8", "--sampling=article", "--d_step=2"],
}


def test_other_photographs_may_be_anothers_pillows(tmp_path):
    none = np.zeros((0, 8, 8, 3), np.uint8)
    data, run = Dataset(none, none, none, none, "5 photographs"), runs.Run(tmp_path)
    for dataset, said in (("photos", True), ("array", True), ("mnist", False)):
        config = dataclasses.replace(read_config([]), dataset=dataset)
        assert ("another Pillow" in str(train.other_data(config, data, run))) is said


@pytest.mark.parametrize(
    "game", [pytest.param(game, marks=pytest.mark.slow if game == "goodfellow" else ()) for game in SMALL]
)
def test_a_run_in_two_parts_ends_as_the_whole(play, game):
    whole = play("--run_name=whole", "--max_steps=4", *SMALL[game])
    for steps in (3, 4):
        parts = play("--run_name=parts", f"--max_steps={steps}", *SMALL[game])
    assert training.digest(parts, 4) == training.digest(whole, 4)


def test_a_restart_forgets_the_pictures_beyond_its_checkpoint(play):
    flags = ("--model=parabola", "--run_name=r", "--sample_every=1", "--views_every=1", "--save_every=2")
    run = play(*flags, "--max_steps=4")
    assert len(list((run / "samples").glob("*"))) == 5  # steps 0 to 4
    assert len(list((run / "surface").glob("*"))) == 4  # steps 1 to 4
    for kept in (run / "checkpoints").glob("ckpt-000000004"):
        kept.rename(run / "lost")
    play(*flags, "--max_steps=3")
    for folder, first in (("samples", 0), ("surface", 1)):
        assert sorted(path.name for path in (run / folder).iterdir()) == [f"step_{i:08d}.png" for i in range(first, 4)]


def test_each_event_stands_once_over_restarts(play):
    flags = ("--run_name=r", "--save_every=1", "--summary_every=1", *SMALL["parabola"], "--max_steps=2")
    run = play(*flags)
    for _ in range(2):  # as after a kill in the second step, and another
        shutil.rmtree(run / "checkpoints/ckpt-000000002")
        play(*flags)
    stands = {tag: [step for step, _ in points] for tag, points in training.events(run).items()}
    assert {tag: steps for tag, steps in stands.items() if len(set(steps)) < len(steps)} == {}
    assert stands["D_loss"] == [1, 2]
    assert stands["what_this_run_says"] == stands["losses"] == [2]
    assert stands["how_to_read_these_curves"] == [0, 2]


@pytest.fixture
def stop(monkeypatch):
    """The stop request of the run that is played."""
    made = []
    init = train.system.StopRequest.__init__
    monkeypatch.setattr(train.system.StopRequest, "__init__", lambda self: made.append(self) or init(self))
    return lambda code: setattr(made[-1], "exit_code", code)


def test_a_signal_is_answered_by_a_save_and_then_by_pictures(play, monkeypatch, stop, tmp_path):
    events = []
    record, finish, save = recorder.Recorder.record, recorder.Recorder.finish, train.Checkpoints.save
    monkeypatch.setattr(recorder.Recorder, "record", lambda *a: stop(Exit.TERMINATED) or record(*a))
    monkeypatch.setattr(recorder.Recorder, "finish", lambda *a: events.append("drawn") or finish(*a))
    monkeypatch.setattr(train.Checkpoints, "save", lambda *a: events.append("saved") or save(*a))
    with pytest.raises(AssertionError, match="TERMINATED"):  # not DONE
        play("--run_name=r", "--max_steps=9", "--save_every=0", *SMALL["mlp"])
    assert events[:2] == ["saved", "drawn"]
    assert (tmp_path / "r" / "checkpoints" / "ckpt-000000002").is_dir()  # it came while the first step was recorded


def test_a_signal_while_the_end_is_drawn_is_answered_too(play, monkeypatch, stop, capsys):
    gif = recorder.pictures.gif
    monkeypatch.setattr(recorder.pictures, "gif", lambda frames: stop(Exit.INTERRUPTED) or gif(frames))
    with pytest.raises(AssertionError, match="INTERRUPTED"):
        play("--run_name=r", "--max_steps=2", *SMALL["mlp"])
    assert "stopped by Ctrl-C and saved at step 2 of 2" in capsys.readouterr().out


def test_a_picture_that_can_not_be_drawn_costs_no_step(play, monkeypatch, tmp_path):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recorder.pictures, "gif", full)
    with pytest.raises(OSError, match="No space left"):
        play("--run_name=r", "--max_steps=3", "--save_every=0", *SMALL["mlp"])
    assert (tmp_path / "r" / "checkpoints" / "ckpt-000000003").is_dir()


def test_a_run_that_ends_before_its_first_scalars_draws_no_curves_and_is_well(play):
    flags = ("--run_name=r", "--summary_every=2", "--theory_every=0", "--save_every=0", *SMALL["mlp"])
    run = play(*flags, "--max_steps=2")
    (run / "checkpoints/ckpt-000000002").rename(run / "lost")  # as a run that was killed before its first checkpoint
    (run / ".saved").unlink()
    again = play(*flags, "--max_steps=2")
    assert (again / "losses.png").is_file()
    header = (run / "metrics.csv").read_text().splitlines()[0]
    (run / "metrics.csv").write_text(header + "\n")  # a header and no row, as a restart leaves it
    (run / "losses.png").unlink()
    config = read_config([f"--logdir={run.parent}", "--threads=1", *flags, "--max_steps=2"])
    game, data_set = networks.GAMES["mlp"](config), data.load(config)
    rows = data.rows(data_set, config, game.output_range, game.data_shape)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        loop = ExplicitLoop(session, build(config, game), game, config, rows)
        session.run(tf.compat.v1.global_variables_initializer())
        with recorder.Recorder(loop, recorder.Clock(loop.config, loop.rows), runs.Run(run), data_set, None, 0):
            pass  # stopped before anything was due
    assert not (run / "losses.png").exists()


def test_single_samples_on_request(play):
    run = play("--run_name=r", "--max_steps=1", "--save_single_samples", *SMALL["mlp"])
    assert sorted(path.name for path in (run / "samples/step_00000001").iterdir()) == [
        f"seed_{seed:08d}.png" for seed in range(64)
    ]


def test_a_run_without_checkpoint_and_good_figures_says_so(play, capsys):
    run = play("--run_name=r", "--max_steps=1", *SMALL["mlp"])
    assert "begins at step 0" in capsys.readouterr().out
    (run / "checkpoints/ckpt-000000001").rename(run / "lost")
    (run / ".saved").unlink()
    (run / "metrics.csv").write_text("stdp,D_loss\n")
    play("--run_name=r", "--max_steps=1", *SMALL["mlp"])
    said = capsys.readouterr().out
    assert "has no checkpoint yet and begins at step 0" in said
    assert f"warning  {run / 'metrics.csv'} is damaged from its first line on" in said


def test_lines_at_epochs_ends_name_the_epoch(play, capsys):
    # 4,500 rows in batches of 1,500: three steps an epoch.
    play("--model=mlp_deep", "--run_name=r", "--epochs=2", "--batch_size=1500", "--sample_every=0")
    lines = re.findall(r"^epoch (\d), step (\d):.*$", capsys.readouterr().out, re.MULTILINE)
    assert lines == [("1", "3"), ("2", "6")]


def broken(monkeypatch, at: dict[int, int]) -> None:
    """Steps of the explicit loop whose losses are NaN, by the number of rewinds before."""
    play = ExplicitLoop.play

    def played(self, step):
        report = play(self, step)
        if at.get(self.rewinds) == step:
            return report._replace(g=report.g._replace(g_loss=np.float32("nan")))
        return report

    monkeypatch.setattr(ExplicitLoop, "play", played)


REWIND = ("--batch_size=8", "--engine=explicit", "--on_nan=rewind", "--save_every=5", "--summary_every=1")


def test_a_rewind_goes_on_from_the_last_good_checkpoint_with_other_z(play, monkeypatch, capsys):
    smooth = play("--run_name=smooth", "--max_steps=12", *REWIND)
    broken(monkeypatch, {0: 7, 1: 11})  # after steps 5 and 10 were saved
    run = play("--run_name=r", "--max_steps=12", *REWIND)
    said = capsys.readouterr().out
    assert "G_loss is not finite at step 8 (D_loss" in said
    assert f"{run} goes on from its checkpoint at step 5, with the z of rewind 1" in said
    assert "G_loss is not finite at step 12 (D_loss" in said
    assert f"{run} goes on from its checkpoint at step 10, with the z of rewind 2" in said
    got, wanted = runs.read_columns(run / "metrics.csv"), runs.read_columns(smooth / "metrics.csv")
    assert got["step"].tolist() == list(range(1, 13))  # each step once
    same = got["D_loss"] == wanted["D_loss"]
    assert same[:5].all()
    assert not same[5:].any()  # other z, other losses
    assert training.digest(run, 5) == training.digest(smooth, 5)
    assert training.digest(run, 10) != training.digest(smooth, 10)


def test_a_run_that_goes_on_remembers_its_rewinds(play, monkeypatch):
    broken(monkeypatch, {0: 3})
    whole = play("--run_name=whole", "--max_steps=12", *REWIND)
    for steps in (7, 12):
        parts = play("--run_name=parts", f"--max_steps={steps}", *REWIND)
    assert training.digest(parts, 12) == training.digest(whole, 12)


def test_more_than_three_rewinds_are_none(play, monkeypatch, capsys):
    broken(monkeypatch, {0: 7, 1: 7, 2: 6, 3: 9})
    with pytest.raises(Failure, match=r"G_loss is not finite at step 10 .* for the last of 3 rewinds") as caught:
        play("--run_name=r", "--max_steps=12", *REWIND)
    assert caught.value.code == Exit.NAN
    assert capsys.readouterr().out.count("back to the last good checkpoint") == 3
    assert "--on_nan=rewind" not in str(caught.value)  # it was tried


def test_a_signal_that_comes_with_a_rewind_ends_the_run(play, monkeypatch, stop):
    broken(monkeypatch, {0: 7})
    finish = recorder.Recorder.finish
    monkeypatch.setattr(recorder.Recorder, "finish", lambda *a: stop(Exit.TERMINATED) or finish(*a))  # as it is left
    with pytest.raises(AssertionError, match="TERMINATED"):  # what train returned, in the place of DONE
        play("--run_name=r", "--max_steps=12", *REWIND)


def test_what_an_optimizer_remembers_rewinds_too(play, monkeypatch, capsys):
    check, save, checks, saves = Checkpoints.check_finite, Checkpoints.save, [], []

    def checked(self):
        checks.append(self)
        if len(checks) == 2:  # after step 10
            slot = next(v for v in tf.compat.v1.global_variables() if v.op.name.endswith("/Adam_1"))
            slot.load(np.full(slot.shape, np.inf, np.float32), self._session)
        check(self)

    def saved(self, step, notes, max_to_keep):
        saves.append(step)
        save(self, step, notes, max_to_keep)

    monkeypatch.setattr(Checkpoints, "check_finite", checked)
    monkeypatch.setattr(Checkpoints, "save", saved)
    run = play("--run_name=r", "--max_steps=12", *REWIND)
    said = capsys.readouterr().out
    assert re.search(r"Adam_1 is not finite after step 10: back to the last good checkpoint, rewind 1 of 3", said)
    assert f"{run} goes on from its checkpoint at step 5, with the z of rewind 1" in said
    assert (saves, len(checks)) == ([5, 10, 12], 4)


def test_without_a_rewind_the_sentence_says_what_to_try(play, monkeypatch):
    broken(monkeypatch, {0: 7})
    with pytest.raises(Failure, match=r"the last good checkpoint stays in .*smaller --d_learning_rate") as caught:
        play("--run_name=r", "--max_steps=12", *REWIND, "--on_nan=stop")
    assert "--on_nan=rewind" in str(caught.value)
    assert "--log_form=stable" not in str(caught.value)  # it is that already


def test_a_warning_is_said_once_for_as_long_as_it_holds(play, capsys):
    # D's sigmoid is 0 in float32 on every fake after a few such steps, and with it the minimax gradient of G.
    run = play("--run_name=r", "--max_steps=60", "--theory_every=20", "--d_learning_rate=10", "--g_loss=minimax")
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning")]
    assert len(said) == 1
    assert said[0].startswith("warning  step 20: G is flat, it learns nothing: the norm of its gradient is ")
    assert said[0].endswith(". Try --g_loss=non_saturating, or --g_step=3, or a smaller --d_learning_rate.")
    norms = runs.read_columns(run / "metrics.csv")["gradient/minimax"]
    assert (norms[np.isfinite(norms)] < 1e-6).all()


def test_nan_before_any_save_does_not_speak_of_a_checkpoint(play):
    with pytest.raises(Failure, match="nothing was saved yet") as caught:
        play("--run_name=r", "--max_steps=9", "--log_form=literal", "--d_learning_rate=100", *SMALL["mlp"])
    assert caught.value.code == Exit.NAN


@pytest.mark.parametrize(
    ("columns", "shown"),
    [(80, ("V -", "D(x)", "D(G(z))")), (160, ("V -", "D(x)", "D(G(z))", "D_loss", "accuracy", "G_loss"))],
)
def test_the_bar_shows_what_fits(monkeypatch, capsys, columns, shown):
    from gan_lowlevel import console
    from gan_lowlevel.gan import DReport, GReport
    from gan_lowlevel.loop import Report

    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    report = Report(DReport(0.578, -0.578, -0.31, -0.268, 0.8, 0.18, 0.95, 0.9), GReport(2.4), finite=np.ones(1, bool))
    with console.Progress(5999, 6000, line_every=0) as progress:
        progress.show(6000, "", report)
    bar = capsys.readouterr().err.rpartition("\r")[2]
    assert all(text in bar for text in shown)
    assert len(bar.strip()) <= columns


def test_no_figure_is_minus_zero(capsys):
    from gan_lowlevel import console
    from gan_lowlevel.gan import DReport, GReport
    from gan_lowlevel.loop import Report

    nearly = np.float32(-1e-9)
    report = Report(DReport(*[nearly] * 4, 0.0, 0.0, 0.0, 0.0), GReport(nearly), finite=np.ones(1, bool))
    with console.Progress(0, 1, line_every=0) as progress:
        progress.show(1, "", report)
    out = capsys.readouterr().out
    assert "V 0.000" in out
    assert "D_loss 0.000" in out
    assert "-0.0" not in out


def test_dog_trains_on_a_folder_of_photographs(play, tmp_path):
    noise = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for i in range(5):
        Image.fromarray(noise.integers(0, 256, (50, 70, 3), np.uint8)).save(tmp_path / "photos" / f"{i}.jpg")
    flags = ("--model=dog", f"--input_data_dir={tmp_path / 'photos'}", "--batch_size=2", "--epochs=1")
    run = play(*flags, "--run_name=r")  # two steps: the fifth photograph makes no batch
    assert (run / "checkpoints/ckpt-000000002").is_dir()
    with Image.open(run / "samples/step_00000002.png") as grid:
        assert grid.size == (8 * 64 + 7, 8 * 64 + 7)
        assert len(np.unique(np.asarray(grid))) > 100  # no constant picture
    with Image.open(run / "samples.gif") as gif:
        assert gif.n_frames == 2
    assert (run / "losses.png").exists()


def test_a_restart_leaves_what_the_run_did_not_draw(play):
    flags = ("--run_name=r", "--save_single_samples", "--sample_every=1", *SMALL["mlp"])
    run = play(*flags, "--max_steps=1")
    others = [run / "mine/step_00000009.png", run / "mine/step_by_step.txt", run / "samples/step_by_step.txt"]
    for other in others:
        other.parent.mkdir(exist_ok=True)
        other.write_text("mine")
    (run / "samples/step_00000007").mkdir()  # of a process that was killed
    play(*flags, "--max_steps=2")
    assert all(other.read_text() == "mine" for other in others)
    assert not (run / "samples/step_00000007").exists()


@pytest.mark.parametrize(
    ("flags", "of_run", "engine"),
    [
        (["--max_steps=499"], "auto", "explicit"),
        (["--max_steps=500"], "auto", "compiled"),
        (["--max_steps=500", "--d_step=14"], "auto", "compiled"),  # 16 updates a step, two of G
        (["--max_steps=500", "--d_step=15"], "auto", "explicit"),
        (["--epochs=1", "--batch_size=9"], "auto", "compiled"),  # 4,500 embedded digits: 500 steps
        (["--epochs=1", "--batch_size=10"], "auto", "explicit"),  # 450
        (["--max_steps=10000"], "explicit", "explicit"),  # what the run began with
        (["--max_steps=10"], "compiled", "compiled"),
        (["--max_steps=10", "--engine=compiled"], "explicit", "compiled"),  # typed
        (["--max_steps=10000", "--engine=explicit"], "compiled", "explicit"),
    ],
)
def test_the_engine_is_decided_by_length_unless_typed_or_begun(flags, of_run, engine):
    config = read_config(flags)
    game = networks.GAMES[config.model](config)
    rows = data.rows(data.load(config), config, game.output_range, game.data_shape)
    assert train.resolve(config, rows, of_run).engine == engine


@pytest.mark.parametrize("error", [tf.errors.UnimplementedError, tf.errors.InvalidArgumentError])
def test_where_xla_can_not_compile_the_run_stays_explicit_and_says_so(play, monkeypatch, capsys, error):
    def fail(self):
        raise error(None, None, "no XLA_CPU_JIT device\nmore of it")

    monkeypatch.setattr("gan_lowlevel.compiled.CompiledLoop.compile", fail)
    run = play("--run_name=r", "--engine=compiled", "--max_steps=3", *SMALL["mlp"])
    out = capsys.readouterr().out
    assert "engine   explicit, since the compiled one can't be made here: no XLA_CPU_JIT device\n" in out
    assert "--engine=explicit\n" in (run / "flags.txt").read_text()  # a restart goes on with what was used
    monkeypatch.undo()
    assert training.digest(run, 3) == training.digest(
        play("--run_name=s", "--engine=explicit", "--max_steps=3", *SMALL["mlp"]), 3
    )


def test_a_step_whose_figures_the_disk_refused_is_played_again(play, monkeypatch, tmp_path):
    def full(self, step, scalars):
        if step == 4:
            raise OSError(28, "No space left on device", "metrics.csv")
        add(self, step, scalars)

    flags = ("--run_name=r", "--max_steps=6", "--save_every=2", "--summary_every=1", *SMALL["mlp"])
    add = runs.Metrics.add
    monkeypatch.setattr(runs.Metrics, "add", full)
    with pytest.raises(OSError, match=r"metrics\.csv"):
        play(*flags)
    assert not (tmp_path / "r" / "checkpoints" / "ckpt-000000004").exists()
    monkeypatch.undo()
    assert runs.read_columns(play(*flags) / "metrics.csv")["step"].tolist() == [1, 2, 3, 4, 5, 6]


def test_what_the_disk_refused_at_the_end_is_drawn_by_the_same_command(play, monkeypatch, tmp_path):
    def full(*_):
        raise OSError(28, "No space left on device")

    flags = ("--run_name=r", "--max_steps=3", "--summary_every=1", *SMALL["mlp"])
    monkeypatch.setattr(recorder.pictures, "gif", full)
    with pytest.raises(OSError, match="No space left"):
        play(*flags)
    monkeypatch.undo()
    assert not (tmp_path / "r" / "samples.gif").exists()
    run = play(*flags)
    assert (run / "samples.gif").exists()
    assert (run / "losses.png").exists()
    drawn = sorted(path.name for path in run.iterdir())
    play(*flags)  # and once only
    assert sorted(path.name for path in run.iterdir()) == drawn
    assert ".undrawn" not in drawn


def test_the_first_refusal_is_the_one_that_is_told(play, monkeypatch):
    def full(name):
        def refuse(*_):
            raise OSError(28, "No space left on device", name)

        return refuse

    monkeypatch.setattr(runs.Metrics, "add", full("the first"))
    monkeypatch.setattr(recorder.pictures, "gif", full("another"))
    with pytest.raises(OSError, match="the first"):
        play("--run_name=r", "--max_steps=2", "--summary_every=1", *SMALL["mlp"])


def test_samples_that_were_removed_are_not_begun_anew(play, monkeypatch, tmp_path):
    def removed(self, step, report):
        shutil.rmtree(tmp_path / "r" / "samples", ignore_errors=True)
        record(self, step, report)

    record = recorder.Recorder.record
    monkeypatch.setattr(recorder.Recorder, "record", removed)
    with pytest.raises(FileNotFoundError, match=r"step_00000001\.png"):
        play("--run_name=r", "--max_steps=2", "--sample_every=1", *SMALL["mlp"])
    assert not (tmp_path / "r" / "samples").exists()


def test_a_last_step_stands_once_on_the_console(play, capsys):
    for line_every, lines in ((0, 1), (2, 1)):
        capsys.readouterr()
        play("--model=parabola", f"--line_every={line_every}", "--max_steps=3", f"--run_name=r{line_every}", *FEW)
        last = [line for line in capsys.readouterr().out.splitlines() if "step 3" in line and "loss" in line]
        assert len(last) == lines, last


def test_a_run_whose_checkpoints_are_gone_does_not_begin_anew_by_itself(play):
    flags = ("--model=parabola", "--run_name=r", "--summary_every=1", "--save_every=2", *FEW)
    run = play(*flags, "--max_steps=4")
    shutil.rmtree(run / "checkpoints")
    before = (run / "metrics.csv").read_bytes()
    with pytest.raises(Failure, match=r"had checkpoints, and .* has none any more") as caught:
        play(*flags, "--max_steps=6")
    assert caught.value.code == Exit.CHECKPOINTS
    assert (run / "metrics.csv").read_bytes() == before
    assert no_checkpoint(runs.Run(run)).code == Exit.CHECKPOINTS  # nor does one draw from it


def test_a_run_that_was_killed_before_its_first_save_begins_anew(play):
    flags = ("--model=parabola", "--run_name=r", "--summary_every=1", "--save_every=2", *FEW)
    run = play(*flags, "--max_steps=4")
    shutil.rmtree(run / "checkpoints")
    (run / ".saved").unlink()
    assert play(*flags, "--max_steps=6") == run


def test_what_no_memory_holds_is_refused_with_both_figures(play, monkeypatch):
    monkeypatch.setattr(system, "memory", lambda: 2**30)
    # parabola's G draws two z for each of 65,536 rows: 2 * 65536 * 5000 entries of 4 bytes are 2.4 GiB
    with pytest.raises(Failure, match=r"want 2 GiB, and this machine has 1: give a smaller --z_dim") as caught:
        play("--model=parabola", "--z_dim=5000", "--batch_size=65536", "--max_steps=1", "--run_name=r", *FEW)
    assert caught.value.code == Exit.FLAGS
