"""What XLA has compiled is used again where it is what was written, and nowhere else."""

import os

import pytest

from gan_lowlevel import xla_cache


@pytest.fixture
def directory(monkeypatch, tmp_path):
    """The cache's folder of this processor, made, in a cache folder of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("TF_XLA_FLAGS", "")
    xla_cache.prepare(2)
    (made,) = (tmp_path / "gan_lowlevel").iterdir()
    return made


def written(directory, name: str, content: bytes = b"machine code"):
    path = directory / f"{name}.pb"
    path.write_bytes(content)
    return path


def test_tensorflow_is_told_the_folder_unless_the_user_has_named_one(directory, monkeypatch):
    told = f"--tf_xla_persistent_cache_directory={directory} --tf_xla_persistent_cache_device_types=CPU"
    assert os.environ["TF_XLA_FLAGS"] == told
    monkeypatch.setenv("TF_XLA_FLAGS", "--tf_xla_persistent_cache_directory=/mine")
    xla_cache.prepare(2)
    assert os.environ["TF_XLA_FLAGS"] == "--tf_xla_persistent_cache_directory=/mine"


def test_a_full_disk_leaves_the_flag_out(directory, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setenv("TF_XLA_FLAGS", "")
    monkeypatch.setattr(xla_cache.system, "write_atomically", full)
    xla_cache.prepare(2)
    assert os.environ["TF_XLA_FLAGS"] == ""


def test_other_threads_and_other_flags_of_xla_have_another_folder(directory, monkeypatch):
    monkeypatch.setenv("TF_XLA_FLAGS", "")
    assert xla_cache._directory(2) == directory
    assert xla_cache._directory(1) != directory
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=true")
    assert xla_cache._directory(2) != directory


def test_where_tensorflow_has_another_name_nothing_is_kept(monkeypatch, tmp_path):
    def missing(name):
        raise xla_cache.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setenv("TF_XLA_FLAGS", "")
    monkeypatch.setattr(xla_cache.importlib.metadata, "version", missing)
    xla_cache.prepare(2)
    assert os.environ["TF_XLA_FLAGS"] == ""


def test_a_sealed_file_stays_and_any_other_goes(directory, monkeypatch):
    whole, damaged, emptied = (written(directory, name) for name in ("whole", "damaged", "emptied"))
    xla_cache.seal()
    damaged.write_bytes(b"machine c0de")
    emptied.write_bytes(b"")
    unsealed = written(directory, "unsealed")  # its process died before it could say what it wrote
    monkeypatch.setenv("TF_XLA_FLAGS", "")  # another start
    xla_cache.prepare(2)
    assert whole.read_bytes() == b"machine code"
    assert not any(path.exists() for path in (damaged, emptied, unsealed))
    assert sorted(path.name for path in directory.iterdir()) == ["probe", "whole.pb", "whole.sha256"]


def test_the_newest_are_kept(directory, monkeypatch):
    monkeypatch.setattr(xla_cache, "KEPT", 2)
    for age, name in enumerate("abcd"):
        os.utime(written(directory, name), (1000 - age, 1000 - age))
    xla_cache.seal()
    monkeypatch.setenv("TF_XLA_FLAGS", "")
    xla_cache.prepare(2)
    assert sorted(path.name for path in directory.glob("*.pb")) == ["a.pb", "b.pb"]


def test_a_folder_that_the_flag_cannot_name_is_not_used(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "with space"))
    monkeypatch.setenv("TF_XLA_FLAGS", "")
    xla_cache.prepare(2)
    assert os.environ["TF_XLA_FLAGS"] == ""


def test_where_no_cache_can_be_made_none_is_used(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setenv("TF_XLA_FLAGS", "")
    xla_cache.prepare(2)
    xla_cache.seal()
    assert os.environ["TF_XLA_FLAGS"] == ""


def test_another_processor_has_another_folder(directory, monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "another")
    assert xla_cache._directory(2) != directory


def test_a_quota_that_no_figure_shows_leaves_the_flag_out(directory, monkeypatch):
    def full(path, content, durable=True):
        if len(content) > 4096:
            raise OSError(122, "Disk quota exceeded")

    monkeypatch.setenv("TF_XLA_FLAGS", "")
    monkeypatch.setattr(xla_cache.system, "write_atomically", full)
    xla_cache.prepare(2)
    assert os.environ["TF_XLA_FLAGS"] == ""
