"""A run's folder: where it is, what its settings say, its figures."""

import dataclasses
import datetime
import math
import os
import re
import shutil
import tracemalloc

import numpy as np
import pytest

from gan_lowlevel import runs
from gan_lowlevel.commandline import read_config
from gan_lowlevel.errors import Exit, Failure


@pytest.fixture
def config(tmp_path):
    """The settings of a run named `first` under tmp_path."""
    return read_config([f"--logdir={tmp_path}", "--run_name=first"])


@pytest.fixture
def run(tmp_path):
    """A folder for figures and pictures."""
    made = runs.Run(tmp_path / "a_run")
    made.sample(0).parent.mkdir(parents=True)
    return made


def begin(config) -> runs.Run:
    """A run's folder as training leaves it: its settings and a place for checkpoints."""
    made = runs.locate(config)
    made.checkpoints.mkdir(parents=True)
    made.flags.write_text(config.flagfile())
    return made


def refusal(call, *args) -> str:
    """The sentence of the Failure(FLAGS) that the call must end with."""
    with pytest.raises(Failure) as caught:
        call(*args)
    assert caught.value.code == Exit.FLAGS
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Where a run is


def test_files_of_a_run(tmp_path):
    made = runs.Run(tmp_path / "a")
    assert made.flags == tmp_path / "a" / "flags.txt"
    assert made.checkpoints == tmp_path / "a" / "checkpoints"
    assert made.metrics == tmp_path / "a" / "metrics.csv"
    assert made.sample(1000) == tmp_path / "a" / "samples" / "step_00001000.png"


def test_new_run_is_located_and_nothing_is_written(config, tmp_path):
    assert runs.locate(config).directory == tmp_path / "first"
    assert list(tmp_path.iterdir()) == []


def test_existing_run_goes_on(config):
    made = begin(config)
    assert runs.locate(config) == made
    assert runs.read_settings(made) == dataclasses.replace(
        config, logdir=read_config([]).logdir, run_name="", resume="auto"
    )


def test_folder_that_holds_no_run_may_become_one(config, tmp_path):
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "notes.txt").touch()
    assert runs.locate(dataclasses.replace(config, resume="never")).directory == tmp_path / "first"


@pytest.mark.parametrize("left", ["flags.txt", "checkpoints/ckpt-000000001"])
def test_resume_never_refuses_a_folder_that_holds_a_run(config, left):
    made = begin(config)
    made.flags.unlink()
    assert runs.locate(dataclasses.replace(config, resume="never")) == made  # the disk was full at the first flags.txt
    (made.directory / left).touch()
    sentence = refusal(runs.locate, dataclasses.replace(config, resume="never"))
    for text in (str(made.directory), "--resume=never", "--run_name"):
        assert text in sentence


def test_other_settings_are_refused_each_with_both_values(config):
    made = begin(config)
    other = dataclasses.replace(
        config, seed=config.seed + 7, batch_size=config.batch_size + 1, log_form="literal", save_every=1, max_steps=3
    )
    sentence = refusal(runs.locate, other)
    for text in (
        str(made.directory),
        f"seed was {config.seed}, this command says {config.seed + 7}",
        f"batch_size was {config.batch_size}, this command says {config.batch_size + 1}",
        "log_form was stable, this command says literal",
        "--run_name",
    ):
        assert text in sentence
    assert sentence.count("this command says") == 3  # and not the two that may change
    assert "save_every" not in sentence
    assert "max_steps" not in sentence


def test_settings_that_may_change_do_not_keep_a_run_from_going_on(config):
    made = begin(config)
    other = dataclasses.replace(
        config, max_steps=config.max_steps + 1, save_every=1, max_to_keep=9, threads=3, input_data_dir="elsewhere"
    )
    assert runs.locate(other) == made


def test_checkpoints_without_settings_go_on(config):
    made = begin(config)
    made.flags.unlink()
    assert runs.locate(dataclasses.replace(config, seed=8)) == made


def test_damaged_settings_keep_a_run_from_going_on(config):
    made = begin(config)
    made.flags.write_text("--seed=nonsense\n")
    assert str(made.flags) in refusal(runs.locate, config)


def test_default_name_is_model_and_utc_time_and_valid(tmp_path):
    unnamed = read_config([f"--logdir={tmp_path}"])
    before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    name = runs.locate(unnamed).directory.name
    after = datetime.datetime.now(datetime.UTC)
    stamp = re.fullmatch(rf"{unnamed.model}-(\d{{8}}-\d{{6}})", name)
    made = datetime.datetime.strptime(stamp[1], "%Y%m%d-%H%M%S").replace(tzinfo=datetime.UTC)
    assert before <= made <= after
    assert read_config([f"--run_name={name}"]).run_name == name


def test_default_names_are_unique(tmp_path, monkeypatch):
    class Stopped(datetime.datetime):
        @classmethod
        def now(cls, zone=None):
            return datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=zone)

    monkeypatch.setattr(runs.datetime, "datetime", Stopped)  # all within one second
    unnamed = read_config([f"--logdir={tmp_path}"])
    names = []
    for _ in range(3):
        made = runs.locate(unnamed)
        made.directory.mkdir()
        names.append(made.directory.name)
    assert names == ["mlp-20300102-030405", "mlp-20300102-030405-2", "mlp-20300102-030405-3"]
    for name in names:
        assert read_config([f"--run_name={name}"]).run_name == name


# Its settings


def test_settings_of_no_run(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    for name in ("nowhere", "folder", "file"):
        sentence = refusal(runs.read_settings, runs.Run(tmp_path / name))
        assert str(tmp_path / name) in sentence
        assert "logs/NAME" in sentence


@pytest.mark.parametrize(
    "content", [b"--nonsense=1\n", b"--batch_size=0\n", b"stray\n", b"\xff\xfe\x00", b"--d_step=0\n--g_step=0\n"]
)
def test_settings_that_can_not_be_read(run, content):
    run.flags.write_bytes(content)
    sentence = refusal(runs.read_settings, run)
    assert f"{run.flags} can't be read as settings" in sentence


@pytest.mark.parametrize("line", ["--flagfile={}", "-flagfile={}", "--flagfile\n{}", "  --flagfile={}"])
def test_settings_never_lead_to_another_file(run, tmp_path, line):
    secret = tmp_path / "secret"
    secret.write_text("word of a secret\n")
    run.flags.write_text(line.format(secret))
    sentence = refusal(runs.read_settings, run)
    assert "it leads to another file by --flagfile" in sentence
    assert "word" not in sentence


def test_settings_of_any_size_are_not_read_whole(run):
    run.flags.write_text("#" * (runs.MOST_SETTINGS + 1))
    assert f"{runs.MOST_SETTINGS:,} bytes at most" in refusal(runs.read_settings, run)


@pytest.mark.parametrize(
    "name", [" two  words ", "\u3000", "👨\u200d👩", "o'\"neil", "#", "-", "ключ", "a=b", "日" * 85]
)
def test_settings_hold_folders_of_any_name(run, config, name):
    named = dataclasses.replace(config, input_data_dir=f"/data/{name}")
    run.flags.write_bytes(named.flagfile().encode())
    assert runs.read_settings(run).input_data_dir == f"/data/{name}"


@pytest.mark.parametrize("sign", [*"*?[", *("\\" if os.name == "posix" else "")])
def test_a_path_that_tensorflow_takes_for_a_pattern_is_refused(config, tmp_path, sign):
    logdir = tmp_path / f"a{sign}b"
    for refused in (dataclasses.replace(config, logdir=str(logdir)), read_config([f"--logdir={logdir}"])):
        assert f"has a {sign}, which TensorFlow takes for a pattern" in refusal(runs.locate, refused)
    logdir.mkdir()
    (logdir / "flags.txt").write_text(config.flagfile())
    assert "takes for a pattern" in refusal(runs.read_settings, runs.Run(logdir))


# Links


def pipe(_, path):
    os.mkfifo(path)


@pytest.mark.skipif(os.name == "nt", reason="Windows lets few users make links")
@pytest.mark.parametrize("make", [os.symlink, pipe], ids=["link", "pipe"])
@pytest.mark.parametrize(
    "name", ["samples", "checkpoints", "checkpoints/ckpt-000000002", "checkpoints/ckpt-000000002.unfinished",
             "checkpoints/ckpt-000000001/manifest.json", "metrics.csv", "evaluation", "flags.txt", ".lock"]
)  # fmt: skip
def test_what_leads_out_of_a_run_is_refused_before_it_is_read_or_written(config, tmp_path, name, make):
    run = begin(config)
    (run.checkpoints / "ckpt-000000001").mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if (run.directory / name).is_dir():
        shutil.rmtree(run.directory / name)
    (run.directory / name).unlink(missing_ok=True)
    make(elsewhere, run.directory / name)
    what = "is a link" if make is os.symlink else "is a pipe"
    assert f"{run.directory / name} {what}" in refusal(runs.locate, config)
    if name != "flags.txt":  # else there is no run
        assert f"{run.directory / name} {what}" in refusal(runs.read_settings, run)
    assert list(elsewhere.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows lets few users make links")
def test_a_link_without_settings_beside_it_is_refused_too(config, tmp_path):
    run = begin(config)
    run.flags.unlink()
    run.checkpoints.rmdir()
    for elsewhere in (tmp_path, tmp_path / "none"):
        run.checkpoints.symlink_to(elsewhere)
        assert f"{run.checkpoints} is a link" in refusal(runs.locate, config)
        run.checkpoints.unlink()


@pytest.mark.skipif(os.name == "nt", reason="Windows lets few users make links")
def test_the_runs_own_folder_may_be_a_link(config, tmp_path):
    run = begin(config)
    run.directory.rename(tmp_path / "large_disk")
    run.directory.symlink_to(tmp_path / "large_disk")
    assert runs.read_settings(run) == runs.read_settings(runs.Run(tmp_path / "large_disk"))


def test_what_a_training_removes_meanwhile_leads_nowhere(config, monkeypatch):
    run = begin(config)
    unfinished = run.checkpoints / "ckpt-000000002.unfinished"
    unfinished.mkdir()
    listed = []

    def scandir(folder):
        listed.append(str(folder))
        if folder == str(unfinished):
            unfinished.rename(run.checkpoints / "ckpt-000000002")
        return scan(folder)

    scan = os.scandir
    monkeypatch.setattr(os, "scandir", scandir)
    runs.refuse_links(run)
    assert str(unfinished) in listed


# The claim


@pytest.mark.parametrize(
    ("text", "also", "expected"),
    [("newest", (), None), ("0", (), 0), ("000002000", (), 2000), ("all", ("all",), "all")],
)
def test_checkpoint_flag(text, also, expected):
    assert runs.parse_checkpoint(text, also) == expected


@pytest.mark.parametrize("text", ["", "all", "-1", "1.5", "1e3", " 1", "ckpt-000000001", "1" * 13, "٣"])
def test_checkpoint_flag_that_names_none(text):
    with pytest.raises(Failure, match="--checkpoint wants newest or the step of a checkpoint, got") as caught:
        runs.parse_checkpoint(text)
    assert caught.value.code == Exit.FLAGS


def test_claimed_makes_the_folders_and_lets_go(config):
    made = runs.locate(config)
    for _ in range(2):
        with runs.claimed(made):
            assert made.checkpoints.is_dir()
            assert made.sample(0).parent.is_dir()


def test_claimed_asks_again_what_another_process_may_have_begun_meanwhile(config):
    made = runs.locate(config)  # a free name
    begin(dataclasses.replace(config, seed=config.seed + 1))
    before = sorted(made.directory.rglob("*"))
    for mine in (config, dataclasses.replace(config, resume="never")):
        with pytest.raises(Failure) as caught, runs.claimed(made, mine):
            pytest.fail("let in")
        assert caught.value.code == Exit.FLAGS
    assert sorted(made.directory.rglob("*")) == before
    with runs.claimed(made, dataclasses.replace(config, seed=config.seed + 1)):
        pass


# Its figures


def test_claimed_removes_what_a_killed_process_had_not_ended_writing(config):
    made = runs.locate(config)
    with runs.claimed(made):
        pass
    left = [made.directory / ".losses.png.abcd_f09.tmp", made.sample(0).with_name(".step_00000010.png.abcdefgh.tmp"),
            made.checkpoints / ".checkpoint.abcdefgh.tmp"]  # fmt: skip
    others = [made.directory / ".evaluation.json.abcdefgh.tmp", made.directory / "mine.tmp"]
    for path in (*left, *others):
        path.write_bytes(b"half")
    with runs.claimed(made):
        assert not any(path.exists() for path in left)
        assert all(path.exists() for path in others)


def test_claimed_removes_what_an_evaluation_left_once_it_is_old(config):
    made = begin(config)
    (made.directory / "evaluation").mkdir()
    for folder, name in ((made.directory, "evaluation.json"), (made.directory / "evaluation", "evaluation")):
        for age in ("old", "new"):
            path = folder / f".{name}.{age}_____.tmp"
            path.touch()
            if age == "old":
                os.utime(path, (0, 0))
    with runs.claimed(made):
        left = sorted(path.name for path in made.directory.rglob("*.tmp"))
    assert left == [".evaluation.json.new_____.tmp", ".evaluation.new_____.tmp"]


def test_metrics_are_a_header_and_a_row_a_step(run):
    metrics = runs.Metrics(run, start=0)
    assert not run.metrics.exists()  # until there is something to write
    metrics.add(100, {"D_loss": 1.5, "value/V": -1.5})
    metrics.add(200, {"D_loss": 0.25, "value/V": -0.25})
    assert run.metrics.read_bytes() == b"step,D_loss,value/V\n100,1.5,-1.5\n200,0.25,-0.25\n"
    columns = metrics.columns()
    assert list(columns) == ["step", "D_loss", "value/V"]
    assert columns["step"].tolist() == [100, 200]
    assert columns["value/V"].tolist() == [-1.5, -0.25]


def test_columns_before_any_row(run):
    assert runs.Metrics(run, start=0).columns()["step"].tolist() == []


def test_metrics_hold_every_float32_exactly(run):
    draws = np.random.default_rng(0).integers(0, 2**32, 2000, np.uint64).astype(np.uint32).view(np.float32)
    edges = np.array([0.1, 1 / 3, -np.log(4), 1e-45, 3.4028235e38, -0.0, 16777217.0, np.inf, -np.inf], np.float32)
    values = np.concatenate([draws[~np.isnan(draws)], edges])
    metrics = runs.Metrics(run, start=0)
    metrics.add(0, {f"tag_{i}": value for i, value in enumerate(values)})
    columns = metrics.columns()
    back = np.array([columns[f"tag_{i}"][0] for i in range(len(values))]).astype(np.float32)
    assert back.tobytes() == values.tobytes()


def test_metrics_hold_nan_and_large_steps(run):
    metrics = runs.Metrics(run, start=0)
    metrics.add(10**12, {"a": float("nan")})
    columns = runs.Metrics(run, start=10**12).columns()
    assert columns["step"].tolist() == [10**12]
    assert np.isnan(columns["a"]).all()


def test_going_on_drops_later_rows_and_each_step_stands_once(run):
    metrics = runs.Metrics(run, start=0)
    for step in (1, 2, 3, 4):
        metrics.add(step, {"a": step / 4})
    metrics = runs.Metrics(run, start=2)  # the checkpoint is of step 2: steps 3 and 4 are played again
    assert metrics.columns()["step"].tolist() == [1, 2]
    for step in (3, 4):
        metrics.add(step, {"a": -step / 4})
    assert run.metrics.read_bytes() == b"step,a\n1,0.25\n2,0.5\n3,-0.75\n4,-1\n"


def test_going_on_from_nothing_keeps_the_header(run):
    runs.Metrics(run, start=0).add(1, {"a": 0.5})
    metrics = runs.Metrics(run, start=0)
    metrics.add(1, {"a": 0.25})
    assert run.metrics.read_bytes() == b"step,a\n1,0.25\n"


@pytest.mark.parametrize("torn", [b"3,0.7", b"3", b"3,", b"3,0.75", b"\0\0\0\0", b'3,"0.75'])
def test_going_on_drops_a_torn_last_line(run, torn):
    run.metrics.write_bytes(b"step,a\n1,0.25\n2,0.5\n" + torn)  # without its line break: a crash in the midst
    metrics = runs.Metrics(run, start=9)
    assert run.metrics.read_bytes() == b"step,a\n1,0.25\n2,0.5\n"
    metrics.add(3, {"a": 0.75})
    assert metrics.columns()["step"].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "damaged",
    [
        b"\0\0\0\0\0\0\n",
        b"3,0.7,0.8\n",
        b"3\n",
        b"\n",
        b"x,0.75\n",
        b"-inf,0.75\n",
        b"1.5,0.75\n",
        b"3,x\n",
        b"\xff\xfe,0.75\n",
        b'"3,0.75\n',
        b"3," + b"9" * 200_000 + b"\n",  # longer than Python's csv reader allows a field to be
        b"9" * 400 + b",0.75\n",  # no step, and no float64
        b"1000000000001,0.75\n",  # beyond the longest run
        b"1,0.75\n",  # a step stands once
        b"0,0.75\n",
        b"-3,0.75\n",
    ],
)
def test_a_damaged_row_ends_the_table(run, damaged):
    run.metrics.write_bytes(b"step,a\n1,0.25\n" + damaged + b"4,0.5\n")
    metrics = runs.Metrics(run, start=9)
    assert run.metrics.read_bytes() == b"step,a\n1,0.25\n"
    metrics.add(10, {"a": 0.75})
    assert metrics.columns()["step"].tolist() == [1, 10]


@pytest.mark.parametrize(
    "content",
    [
        b"",  # made, and killed before the first byte
        b"step,a",
        b"\n",
        b"\0" * 100,
        b"\0" * 100 + b"\n",
        b"step\n1\n2\n",
        b"a,step\n0.5,1\n",
        b"step,a,a\n1,0.5,0.5\n",
        b"step,step\n1,1\n",
        bytes(range(256)) * 50 + b"\n",
        b"step," + b"a" * 200_000 + b"\n1,0.5\n",
    ],
)
def test_going_on_after_a_file_that_is_no_table_begins_a_good_one(run, content):
    run.metrics.write_bytes(content)
    metrics = runs.Metrics(run, start=0)
    metrics.add(5, {"a": 0.5, "b": 1.5})
    metrics.add(6, {"a": 0.75, "b": 2.5})
    for columns in (metrics.columns(), runs.Metrics(run, start=6).columns()):
        assert list(columns) == ["step", "a", "b"]
        assert columns["step"].tolist() == [5, 6]
        assert columns["b"].tolist() == [1.5, 2.5]


@pytest.mark.parametrize(
    ("content", "start", "said"),
    [
        (b"stdp,a\n1,0.25\n2,0.5\n", 2, "from its first line on"),  # a bit of the header
        (b"stdp,a\n1,0.25\n2,0.5\n", 0, "from its first line on"),
        (b"step,a\n1,0.25\n2,0;5\n3,0.75\n", 3, "after step 1:"),
        (b"step,a\n1,0.25\n2,0;5\n3,0.75\n", 2, "after step 1:"),
        (b"step,a\n1,0.25\n" + b"9" * runs.MOST_LINE + b"\n3,0.75\n", 3, "after step 1:"),
        (b"step,a\n1,0.25\n2,0.5\n3,0;75\n", 2, ""),  # beyond start: played again
        (b"step,a\nx,0.25\n", 0, ""),
        (b"step,a\n1,0.25\n2,0.", 2, ""),  # torn
        (b"step,a\r\n1,0.25\r\n2,0.5\r\n", 2, ""),
        (b"", 2, ""),
    ],
)
def test_figures_that_damage_takes_are_told_of_and_kept_aside(run, content, start, said):
    run.metrics.write_bytes(content)
    metrics = runs.Metrics(run, start)
    aside = run.directory / "metrics.csv.damaged"
    assert aside.exists() == bool(said) == bool(metrics.lost)
    if said:
        assert aside.read_bytes() == content
        for text in (str(run.metrics), said, aside.name):
            assert text in metrics.lost
        assert "\n" not in metrics.lost
    metrics.add(start + 1, {"a": 0.5})
    again = runs.Metrics(run, start + 1)
    assert again.columns()["step"][-1] == start + 1
    assert again.lost == ""


@pytest.mark.parametrize("begins", [b"", b"step,a\n1,0.25\n"])
def test_garbage_of_any_size_takes_no_memory(run, begins):
    with open(run.metrics, "wb") as file:
        file.write(begins)
        file.truncate(2**26)
    tracemalloc.start()
    try:
        assert runs.read_columns(run.metrics)["step"].tolist() == [1] * bool(begins)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


def test_other_tags_than_before_keep_the_older_rows(run):
    run.metrics.write_bytes(b"step,a,gone\n1,0.25,9\n2,0.5,9\n")
    metrics = runs.Metrics(run, start=2)
    metrics.add(3, {"new": 4.0, "a": 0.75})
    metrics.add(4, {"new": 5.0, "a": 1.0})
    assert run.metrics.read_bytes() == b"step,a,gone,new\n1,0.25,9,nan\n2,0.5,9,nan\n3,0.75,nan,4\n4,1,nan,5\n"


def test_last_figures_are_means_of_the_last_tenth_of_what_is_known():
    columns = {
        "step": np.arange(20.0),
        "a": np.arange(20.0),  # a tenth of 20 rows are 2
        "gaps": np.array([5.0, math.nan] * 10),  # 10 figures, of which one
        "burst": np.array([1.0, math.inf, -math.inf]),
        "never": np.full(20, math.nan),
    }
    assert runs.recent(columns) == {"a": (18.5, 0.5), "gaps": (5.0, 0.0), "burst": (1.0, 0.0)}
    assert runs.recent({"step": np.zeros(0)}) == {}


@pytest.mark.parametrize("scalars", [{"a": 2.0}, {"a": 2.0, "new": 1.0}])
def test_figures_that_were_removed_are_not_begun_anew(run, scalars):
    metrics = runs.Metrics(run, 0)
    metrics.add(1, {"a": 1.0})
    run.metrics.unlink()
    with pytest.raises(FileNotFoundError) as raised:
        metrics.add(2, scalars)
    assert raised.value.filename == str(run.metrics)
    assert not run.metrics.exists()


def test_figures_that_are_no_file_are_none(run):
    os.mkfifo(run.metrics)  # whoever opens it to read waits for ever
    assert runs.read_columns(run.metrics)["step"].size == 0
