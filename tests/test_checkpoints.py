"""Checkpoints: what is saved comes back bit for bit, what is damaged is passed over, what fails harms nothing."""

import contextlib
import errno
import hashlib
import json
import os
import pathlib
import shutil
import types

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel import checkpoints, system
from gan_lowlevel.checkpoints import Checkpoint, Checkpoints, NotFinite
from gan_lowlevel.errors import Exit, Failure

v1 = tf.compat.v1

INDEX, DATA = "model.index", "model.data-00000-of-00001"
WEIGHTS = "generator/weights"


class Game:
    """A graph of two variables, one of them float32 [2, 3], and its checkpoints under `root`."""

    def __init__(self, root: pathlib.Path, session, shape=(2, 3), dtype=tf.float32, more: bool = False):
        self.session = session
        with v1.variable_scope("generator"):
            self.weights = v1.get_variable("weights", shape, dtype, v1.zeros_initializer())
            self.count = v1.get_variable("count", [], tf.int64, v1.zeros_initializer())
            if more:
                v1.get_variable("more", [1], initializer=v1.zeros_initializer())
        self.states = Checkpoints(root, session)
        session.run(v1.global_variables_initializer())

    def save(self, step: int, weights=None, max_to_keep: int = 5, **notes) -> None:
        """Give all weights that value, or the step's number, and save."""
        value = np.broadcast_to(step if weights is None else weights, self.weights.shape.as_list())
        self.weights.load(value.astype(self.weights.dtype.as_numpy_dtype), self.session)
        self.count.load(step * 10, self.session)
        self.states.check_finite()  # as training does
        self.states.save(step, notes, max_to_keep)

    def read(self) -> np.ndarray:
        return self.session.run(self.weights)


@contextlib.contextmanager
def game(root: pathlib.Path, **options):
    """A Game in a graph and a session of its own."""
    with tf.Graph().as_default(), v1.Session() as session:
        yield Game(root, session, **options)


def newest(root: pathlib.Path) -> int | None:
    """The step of the newest good checkpoint under `root`."""
    found = (checkpoints._read(root / name) for name in checkpoints._names(root))
    return next((each.step for each in found if isinstance(each, Checkpoint)), None)


@pytest.fixture
def root(tmp_path) -> pathlib.Path:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    return folder


@pytest.fixture
def two(root) -> pathlib.Path:
    """Checkpoints of steps 1 and 2, the weights all 1 and all 2; the folder of the newer."""
    with game(root) as playing:
        playing.save(1)
        playing.save(2)
    return root / "ckpt-000000002"


def names(root: pathlib.Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def contents(folder: pathlib.Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def refusal(code: Exit, call, *args, **kwargs) -> str:
    """The sentence of the Failure of that code that the call must end with."""
    with pytest.raises(Failure) as caught:
        call(*args, **kwargs)
    assert caught.value.code == code
    return str(caught.value)


# There and back


def test_state_comes_back_bit_for_bit(root):
    # zero of either sign, the least and largest finite float32, a third, and 1 + 2^-23
    bits = np.array([[-0.0, 1e-45, 3.4028235e38], [1 / 3, 1 + 2**-23, 0.0]], np.float32)
    with game(root) as playing:
        playing.save(1234567, bits, data="abc", number=[1, 2])
    with game(root) as playing:
        found = playing.states.restore()
        assert found == Checkpoint(
            step=1234567, prefix=str(root / "ckpt-001234567" / "model"), notes={"data": "abc", "number": [1, 2]}
        )
        assert playing.read().tobytes() == bits.tobytes()
        assert playing.session.run(playing.count) == 12345670
        assert playing.session.run(v1.train.get_global_step()) == 1234567


def test_steps_beyond_nine_digits(root):
    with game(root) as playing:
        playing.save(999_999_999)
        playing.save(1_000_000_000)
    assert newest(root) == 10**9
    with game(root) as playing:
        assert playing.states.restore().step == 10**9


def test_variables_alone_are_inside(two):
    reader = tf.train.load_checkpoint(str(two / "model"))
    assert set(reader.get_variable_to_shape_map()) == {WEIGHTS, "generator/count", "global_step"}
    assert names(two) == ["manifest.json", DATA, INDEX]


def test_tensorflows_own_readers_find_the_newest(two):
    for where in (two / "model", two.parent):
        reader = tf.train.load_checkpoint(str(where))
        assert reader.get_tensor(WEIGHTS).tolist() == [[2.0] * 3] * 2
        assert reader.get_tensor("global_step") == 2
    state = tf.train.get_checkpoint_state(str(two.parent))
    kept = [str(two.parent / name / "model") for name in ("ckpt-000000001", "ckpt-000000002")]
    assert list(state.all_model_checkpoint_paths) == kept
    assert tf.train.latest_checkpoint(str(two.parent)) == kept[-1]


def test_tensorflows_own_readers_follow_a_relative_root_and_a_moved_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    relative = pathlib.Path("logs/a/checkpoints")
    relative.mkdir(parents=True)
    with game(relative) as playing:
        playing.save(1)
        playing.save(2)
    assert tf.train.load_checkpoint("logs/a/checkpoints").get_tensor("global_step") == 2
    shutil.move("logs", "elsewhere")
    assert tf.train.load_checkpoint("elsewhere/a/checkpoints").get_tensor("global_step") == 2
    with game(pathlib.Path("elsewhere/a/checkpoints")) as playing:
        assert playing.states.restore().step == 2


def test_equal_states_are_equal_bytes_whatever_the_place(tmp_path):
    saved = []
    for name in ("a", "another_and_longer_name"):
        (tmp_path / name).mkdir()
        with game(tmp_path / name) as playing:
            playing.save(7, np.arange(6, dtype=np.float32).reshape(2, 3))
        saved.append(contents(tmp_path / name / "ckpt-000000007"))
    assert saved[0] == saved[1]
    assert {INDEX, DATA} <= saved[0].keys()


def test_the_manifest_is_of_these_files(two):
    manifest = json.loads((two / "manifest.json").read_bytes())
    assert manifest["step"] == 2
    assert manifest["files"] == {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in contents(two).items()
        if name != "manifest.json"
    }
    # Of its own content without this field, canonical JSON: names sorted, ", " and ": " between.
    rest = {name: value for name, value in manifest.items() if name != "sha256"}
    assert manifest["sha256"] == hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


# Which are kept


def test_the_newest_are_kept(root):
    with game(root) as playing:
        for step in (1, 2, 3, 10, 20):
            playing.save(step, max_to_keep=2)
    assert names(root) == ["checkpoint", "ckpt-000000010", "ckpt-000000020"]
    with game(root) as playing:
        playing.save(30, max_to_keep=1)
    assert names(root) == ["checkpoint", "ckpt-000000030"]


def test_a_good_one_of_the_same_step_is_left_as_it_is(root):
    with game(root) as playing:
        playing.save(5, weights=1.0, note="first")
        before = contents(root / "ckpt-000000005")
        playing.save(5, weights=2.0, note="second")
    assert contents(root / "ckpt-000000005") == before


def test_a_broken_one_of_the_same_step_is_replaced(two, capsys):
    (two / DATA).write_bytes(b"broken")
    with game(two.parent) as playing:
        assert playing.states.restore().step == 1
        playing.save(2, weights=7.0)
    capsys.readouterr()
    with game(two.parent) as playing:
        assert playing.states.restore().step == 2
        assert playing.read().tolist() == [[7.0] * 3] * 2
    assert capsys.readouterr().out == ""
    assert names(two.parent) == ["checkpoint", "ckpt-000000001", "ckpt-000000002"]


def test_what_is_no_checkpoint_is_not_looked_at(two):
    for name in ("ckpt-1", "ckpt-x", "other", "ckpt-000000009.unfinished", "ckpt-0000000031x"):
        (two.parent / name).mkdir()
    with game(two.parent) as playing:
        assert playing.states.restore().step == 2


def test_none_where_there_is_none(root):
    for where in (root, root / "nowhere"):
        with game(where) as playing:
            assert playing.states.restore() is None
            assert playing.read().tolist() == [[0.0] * 3] * 2


# Damage: the next older one is taken, the damaged one named with what is wrong with it


def rewrite(folder: pathlib.Path, change) -> None:
    """Let `change` alter the manifest in place, which is then signed anew, as a bug or a forger would."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    change(manifest)
    manifest["sha256"] = checkpoints._own_sha256(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def prove(folder: pathlib.Path, name: str, content: bytes) -> None:
    """Write a file that the manifest is made to vouch for."""
    (folder / name).write_bytes(content)
    fact = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    rewrite(folder, lambda manifest: manifest["files"].update({name: fact}))


def flip(path: pathlib.Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def list_file(name: str, size: int = 1, sha256: str = "0"):
    return lambda manifest: manifest["files"].update({name: {"bytes": size, "sha256": sha256}})


def outside(folder: pathlib.Path) -> None:
    """A file that stands where the manifest's name would lead, and is what the manifest says of it."""
    (folder.parent.parent / "x").write_bytes(b"x")
    rewrite(folder, list_file("../../x", 1, hashlib.sha256(b"x").hexdigest()))


def elsewhere(folder: pathlib.Path) -> None:
    """The same with a name from the root."""
    (folder.parent / "y").write_bytes(b"y")
    rewrite(folder, list_file(str(folder.parent / "y"), 1, hashlib.sha256(b"y").hexdigest()))


def manifest_is(content: bytes):
    return lambda folder: (folder / "manifest.json").write_bytes(content)


DAMAGE = {
    "a bit of the data": (lambda folder: flip(folder / DATA), f"{DATA} is damaged"),
    "a bit of the index": (lambda folder: flip(folder / INDEX), f"{INDEX} is damaged"),
    "index cut off": (
        lambda folder: (folder / INDEX).write_bytes((folder / INDEX).read_bytes()[:-1]),
        f"{INDEX} has ",
    ),
    "data longer": (lambda folder: (folder / DATA).write_bytes((folder / DATA).read_bytes() + b"x"), f"{DATA} has "),
    "data empty": (lambda folder: (folder / DATA).write_bytes(b""), f"{DATA} has 0 bytes"),
    "no data": (lambda folder: (folder / DATA).unlink(), f"{DATA} can't be read (No such file"),
    "no index": (lambda folder: (folder / INDEX).unlink(), f"{INDEX} can't be read (No such file"),
    "a folder for the data": (
        lambda folder: ((folder / DATA).unlink(), (folder / DATA).mkdir()),
        f"{DATA} can't be read (no file)",
    ),
    "a step that is true": (lambda folder: rewrite(folder, lambda m: m.update(step=True)), "manifest.json is damaged"),
    "no notes": (lambda folder: rewrite(folder, lambda m: m.pop("notes")), "manifest.json is damaged"),
    "more than a manifest has": (lambda folder: rewrite(folder, lambda m: m.update(a=1)), "manifest.json is damaged"),
    "a folder for the manifest": (
        lambda folder: ((folder / "manifest.json").unlink(), (folder / "manifest.json").mkdir()),
        "manifest.json can't be read (no file)",
    ),
    "a pipe for the manifest": (
        lambda folder: ((folder / "manifest.json").unlink(), os.mkfifo(folder / "manifest.json")),
        "manifest.json can't be read (no file)",
    ),
    "a manifest without end": (
        lambda folder: (folder / "manifest.json").open("ab").truncate(2**24),
        "manifest.json is damaged",
    ),
    "a name that is a link to nothing": (
        lambda folder: (shutil.rmtree(folder), folder.symlink_to("nowhere")),
        "manifest.json can't be read",
    ),
    "no manifest": (lambda folder: (folder / "manifest.json").unlink(), "manifest.json can't be read"),
    "an empty folder": (lambda folder: (shutil.rmtree(folder), folder.mkdir()), "manifest.json can't be read"),
    "a file of its name": (lambda folder: (shutil.rmtree(folder), folder.touch()), "manifest.json can't be read"),
    "another step": (lambda folder: rewrite(folder, lambda m: m.update(step=1)), "is of another step (1)"),
    "a step in words": (lambda folder: rewrite(folder, lambda m: m.update(step="2")), "manifest.json is damaged"),
    "a broken step": (lambda folder: rewrite(folder, lambda m: m.update(step=2.0)), "manifest.json is damaged"),
    "a size in words": (lambda folder: rewrite(folder, list_file(DATA, "many")), "manifest.json is damaged"),
    "index not listed": (lambda folder: rewrite(folder, lambda m: m["files"].pop(INDEX)), "manifest.json is damaged"),
    "data not listed": (lambda folder: rewrite(folder, lambda m: m["files"].pop(DATA)), "manifest.json is damaged"),
    "notes are a list": (lambda folder: rewrite(folder, lambda m: m.update(notes=[])), "manifest.json is damaged"),
    "a name that leads out": (outside, "manifest.json is damaged"),
    "a name from the root": (elsewhere, "manifest.json is damaged"),
    "a name of the folder itself": (lambda folder: rewrite(folder, list_file("..")), "manifest.json is damaged"),
    "a name with a NUL": (lambda folder: rewrite(folder, list_file("a\0b")), "manifest.json is damaged"),
    "an empty name": (lambda folder: rewrite(folder, list_file("")), "manifest.json is damaged"),
    "an index that TensorFlow can't read": (
        lambda folder: prove(folder, INDEX, b"x" * 100),
        "TensorFlow can't read it",
    ),
} | {
    f"manifest {content[:12]!r}": (manifest_is(content), "manifest.json is damaged")
    for content in (
        b"", b"\x00\xff{", b"{", b"null", b"[]", b"3", b'"step"', b'{"a": 1}', b"[" * 100_000, b'{"a":' * 100_000,
        b'{"step": 2, "files": [], "notes": {}}', b'{"step": 2, "files": {"model.index": 3}, "notes": {}}',
        b'{"step": 2, "files": {}, "notes": {}}', b'{"step": ' + b"9" * 5000 + b', "files": {}, "notes": {}}',
    )
}  # fmt: skip


@pytest.mark.parametrize(("damage", "reason"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_one_is_passed_over_by_name_and_reason(two, capsys, damage, reason):
    damage(two)
    assert newest(two.parent) == (2 if reason.startswith("TensorFlow") else 1)  # that one asks the manifest alone
    with game(two.parent) as playing:
        assert playing.states.restore().step == 1
        assert playing.read().tolist() == [[1.0] * 3] * 2
    said = capsys.readouterr().out
    assert said.startswith(f"{two} is passed over: ")
    assert reason in said
    assert len(said.splitlines()) == 1


def every_field(value, path=()):
    """The path to each number, text and name in the manifest."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield (*path, key), "name"
            yield from every_field(each, (*path, key))
    else:
        yield path, "value"


def test_a_change_in_any_field_of_a_manifest_is_seen(root):
    with game(root) as playing:
        playing.save(1)
        playing.save(2, data_sha256="ab" * 32, number=3)
    path = root / "ckpt-000000002" / "manifest.json"
    original = path.read_bytes()
    fields = list(every_field(json.loads(original)))
    # Names: 4 of a manifest, 2 files, 2 facts of each, 2 notes; values: step and sha256, 4 facts, 2 notes.
    assert len(fields) == (4 + 2 + 2 * 2 + 2) + (2 + 4 + 2)
    for place, what in fields:
        manifest = json.loads(original)
        inside = manifest
        for key in place[:-1]:
            inside = inside[key]
        value = inside.pop(place[-1])
        if what == "name":
            inside[place[-1] + "x"] = value
        else:
            inside[place[-1]] = value + 1 if isinstance(value, int) else value[:-1] + chr(ord(value[-1]) ^ 1)
        path.write_text(json.dumps(manifest))
        assert newest(root) == 1, (place, what)
    path.write_bytes(original)
    assert newest(root) == 2


def test_a_manifest_of_an_earlier_version_is_good(two):
    manifest = json.loads((two / "manifest.json").read_bytes())
    del manifest["sha256"]
    (two / "manifest.json").write_text(json.dumps(manifest, indent=1))
    with game(two.parent) as playing:
        assert playing.states.restore().step == 2


def test_what_somebody_put_in_the_place_of_an_old_one_keeps_no_save_from_its_end(two):
    shutil.rmtree(two.parent / "ckpt-000000001")
    (two.parent / "ckpt-000000001").touch()
    (two.parent / "ckpt-000000003").symlink_to("nowhere")
    (two.parent / "ckpt-000000003.unfinished").touch()
    with game(two.parent) as playing:
        playing.save(3, max_to_keep=1)
        assert playing.states.restore().step == 3
    assert names(two.parent) == ["checkpoint", "ckpt-000000003"]


# While another process trains


def test_what_rotation_removes_meanwhile_is_no_longer_asked_for(two, monkeypatch, capsys):
    read = checkpoints._read

    def rotate(folder):
        if folder == two:
            monkeypatch.undo()
            with game(two.parent) as playing:
                playing.save(3, max_to_keep=1)
        return read(folder)

    with game(two.parent) as playing:
        monkeypatch.setattr(checkpoints, "_read", rotate)
        assert playing.states.restore().step == 3
        assert (playing.read() == 3).all()
    assert capsys.readouterr().out == ""


def test_one_that_goes_between_its_proof_and_its_reading_is_passed_over(two, monkeypatch):
    with game(two.parent) as playing:
        restore = playing.states._saver.restore

        def gone(session, prefix):
            if prefix == str(two / "model"):
                shutil.rmtree(two)
            restore(session, prefix)

        monkeypatch.setattr(playing.states._saver, "restore", gone)
        assert playing.states.restore().step == 1
        assert (playing.read() == 1).all()


OTHER_GRAPHS = {
    "shape": ({"shape": (3, 2)}, f"its {WEIGHTS} has shape [3, 2], the graph's [2, 3]"),
    "rank": ({"shape": (6,)}, f"its {WEIGHTS} has shape [6], the graph's [2, 3]"),
    "dtype": ({"dtype": tf.float64}, f"its {WEIGHTS} is float64, the graph's float32"),
}


@pytest.mark.parametrize(("options", "reason"), OTHER_GRAPHS.values(), ids=OTHER_GRAPHS)
def test_one_of_another_graph_is_passed_over(root, capsys, options, reason):
    with game(root) as playing:
        playing.save(1)
    with game(root, **options) as playing:
        playing.save(2)
    with game(root) as playing:
        assert playing.states.restore().step == 1
        assert playing.read().tolist() == [[1.0] * 3] * 2
    assert capsys.readouterr().out == f"{root / 'ckpt-000000002'} is passed over: {reason}.\n"


def test_one_that_lacks_a_variable_is_passed_over(root, capsys):
    with game(root, more=True) as playing:
        playing.save(1)
    with game(root) as playing:
        playing.save(2)
    with game(root, more=True) as playing:
        assert playing.states.restore().step == 1
    assert capsys.readouterr().out == f"{root / 'ckpt-000000002'} is passed over: it lacks generator/more.\n"


def test_one_that_has_more_than_the_graph_is_good(root):
    with game(root, more=True) as playing:
        playing.save(1)
    with game(root) as playing:  # as a generator alone is restored from the whole game
        assert playing.states.restore().step == 1


def test_none_good_is_refused_and_each_is_named(two, capsys):
    flip(two / DATA)
    (two.parent / "ckpt-000000001" / INDEX).unlink()
    with game(two.parent) as playing:
        sentence = refusal(Exit.CHECKPOINTS, playing.states.restore)
        assert playing.read().tolist() == [[0.0] * 3] * 2  # nothing was loaded
    assert "none of the 2 checkpoints" in sentence
    assert str(two.parent) in sentence
    assert "--run_name" in sentence
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(" is passed over")[0] for line in said] == [str(two), str(two.parent / "ckpt-000000001")]


# What fails harms nothing


# One of them, by its step


def test_the_one_that_is_asked_for(two):
    with game(two.parent) as playing:
        assert playing.states.restore(1).step == 1
        assert (playing.read() == 1).all()
        assert playing.states.restore(2).step == 2
        assert (playing.read() == 2).all()
    assert checkpoints.kept(two.parent) == [1, 2]


def test_one_that_is_not_there(two, tmp_path):
    with game(two.parent) as playing, pytest.raises(Failure, match="of step 3: give one of 1, 2") as caught:
        playing.states.restore(3)
    assert caught.value.code == Exit.FLAGS
    with game(tmp_path / "nothing") as playing:
        assert playing.states.restore(3) is None
    assert checkpoints.kept(tmp_path / "nothing") == []


def test_one_that_is_damaged_is_refused_and_no_other_is_taken(two):
    (two / INDEX).write_bytes(b"")
    with game(two.parent) as playing:
        with pytest.raises(Failure, match=r"model\.index has 0 bytes.*give the step of another") as caught:
            playing.states.restore(2)
        assert (playing.read() == 0).all()
    assert caught.value.code == Exit.CHECKPOINTS


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_variable_that_is_not_finite_is_named_before_a_save(two, bad):
    before = names(two.parent)
    weights = np.ones((2, 3))
    weights[1, 1] = bad
    with game(two.parent) as playing, pytest.raises(NotFinite, match=WEIGHTS):
        playing.save(3, weights=weights)
    assert names(two.parent) == before
    assert newest(two.parent) == 2


def test_leftovers_of_a_killed_save_are_removed(two):
    for name in ("ckpt-000000002.unfinished", "ckpt-000000009.unfinished"):
        (two.parent / name).mkdir()
        (two.parent / name / DATA).write_bytes(b"half")
    with game(two.parent) as playing:
        playing.save(3)
    assert names(two.parent) == ["checkpoint", "ckpt-000000001", "ckpt-000000002", "ckpt-000000003"]


def test_a_process_that_goes_on_settles_what_a_killed_save_left(two):
    (two.parent / "ckpt-000000001.unfinished").mkdir()
    pointer = two.parent / "checkpoint"
    wanted = pointer.read_text()
    pointer.write_text(wanted.replace("ckpt-000000002", "ckpt-000000001"))  # killed before it was written anew
    with game(two.parent) as playing:
        playing.states.settle(2)
        assert names(two.parent) == ["checkpoint", "ckpt-000000001", "ckpt-000000002"]
        assert pointer.read_text() == wanted
        written = pointer.stat().st_mtime_ns
        playing.states.settle(2)
    assert pointer.stat().st_mtime_ns == written  # what is settled is left as it is


def test_rotation_that_is_killed_leaves_no_half_checkpoint_and_no_pointer_to_it(two, monkeypatch):
    def killed(path):
        (path / INDEX).unlink()
        raise KeyboardInterrupt

    with game(two.parent) as playing:
        monkeypatch.setattr(checkpoints.shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            playing.save(3, max_to_keep=1)
        monkeypatch.undo()
        whole = [
            name
            for name in checkpoints._names(two.parent)
            if isinstance(checkpoints._read(two.parent / name), Checkpoint)
        ]
        assert whole == checkpoints._names(two.parent) == ["ckpt-000000003", "ckpt-000000002"]  # the oldest goes first
        assert tf.train.latest_checkpoint(str(two.parent)) == str(two.parent / "ckpt-000000003" / "model")
        playing.save(4, max_to_keep=1)
    assert names(two.parent) == ["checkpoint", "ckpt-000000004"]


def no_space(*args, **kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


def no_space_for_tensorflow(*args, **kwargs):
    raise tf.errors.ResourceExhaustedError(None, None, "model.data; No space left on device")


@pytest.mark.parametrize("where", ["the data", "the manifest", "the rename", "the fsync"])
def test_a_full_disk_leaves_the_older_ones_and_the_next_save_is_good(two, monkeypatch, where):
    with game(two.parent) as playing:
        if where == "the data":
            monkeypatch.setattr(playing.states._saver, "save", no_space_for_tensorflow)
        elif where == "the manifest":
            monkeypatch.setattr(system, "write_atomically", no_space)
        elif where == "the rename":
            monkeypatch.setattr(checkpoints.os, "rename", no_space)
        else:
            monkeypatch.setattr(system, "fsync", no_space)
        sentence = refusal(Exit.DISK, playing.save, 3, max_to_keep=1)
        assert "ckpt-000000003" in sentence
        assert "No space left on device" in sentence
        monkeypatch.undo()
        assert newest(two.parent) == 2
        assert {"ckpt-000000001", "ckpt-000000002"} <= set(names(two.parent))
        playing.save(4)
    assert newest(two.parent) == 4
    assert not list(two.parent.glob("*.unfinished"))


def test_a_save_that_is_killed_leaves_the_older_ones(two, monkeypatch):
    def killed(*args):
        raise KeyboardInterrupt

    with game(two.parent) as playing:
        monkeypatch.setattr(checkpoints.os, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            playing.save(3)
    monkeypatch.undo()
    with game(two.parent) as playing:
        assert playing.states.restore().step == 2


def test_a_file_where_the_folder_should_be_is_a_full_disk_too(tmp_path):
    (tmp_path / "checkpoints").touch()
    with game(tmp_path / "checkpoints") as playing:
        assert playing.states.restore() is None
        assert "can't be written" in refusal(Exit.DISK, playing.save, 1)
    assert (tmp_path / "checkpoints").read_bytes() == b""


def test_a_full_disk_says_what_a_checkpoint_takes_and_what_is_free(two, monkeypatch):
    monkeypatch.setattr(checkpoints.shutil, "disk_usage", lambda folder: types.SimpleNamespace(free=5000))
    with game(two.parent) as playing:
        monkeypatch.setattr(playing.states._saver, "save", no_space_for_tensorflow)
        size = sum(variable.shape.num_elements() * variable.dtype.size for variable in playing.states._variables)
        sentence = refusal(Exit.DISK, playing.save, 3)
    assert f"it takes about {size + 2**14:,} bytes and 5,000 are free" in sentence


def test_a_folder_that_is_gone_is_not_made_anew(two):
    with game(two.parent) as playing:
        two.parent.rename(two.parent.with_name("away"))
        assert "is gone, so step 3 can't be saved" in refusal(Exit.DISK, playing.save, 3)
    assert not two.parent.exists()
