"""What XLA has compiled is used again where it is what was written, and nowhere else."""

import os

import pytest

from gan_lowlevel import xla_cache


@pytest.fixture
def directory(monkeypatch, tmp_path):
    """The cache's folder of this processor, made, in a cache folder of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("TF_XLA_FLAGS", raising=False)
    xla_cache.prepare()
    (made,) = (tmp_path / "gan_lowlevel").iterdir()
    return made


def written(directory, name: str, content: bytes = b"machine code"):
    path = directory / f"{name}.pb"
    path.write_bytes(content)
    return path


def test_tensorflow_is_told_the_folder_and_a_users_own_flags_come_last(directory, monkeypatch):
    assert os.environ["TF_XLA_FLAGS"].split() == [f"--tf_xla_persistent_cache_directory={directory}"]
    monkeypatch.setenv("TF_XLA_FLAGS", "--tf_xla_persistent_cache_directory=/mine")
    xla_cache.prepare()
    assert os.environ["TF_XLA_FLAGS"].split()[-1] == "--tf_xla_persistent_cache_directory=/mine"


def test_a_sealed_file_stays_and_any_other_goes(directory):
    whole, damaged, emptied = (written(directory, name) for name in ("whole", "damaged", "emptied"))
    xla_cache.seal()
    damaged.write_bytes(b"machine c0de")
    emptied.write_bytes(b"")
    unsealed = written(directory, "unsealed")  # its process died before it could say what it wrote
    xla_cache.prepare()
    assert whole.read_bytes() == b"machine code"
    assert not any(path.exists() for path in (damaged, emptied, unsealed))
    assert sorted(path.name for path in directory.iterdir()) == ["whole.pb", "whole.sha256"]


def test_the_newest_are_kept(directory, monkeypatch):
    monkeypatch.setattr(xla_cache, "KEPT", 2)
    for age, name in enumerate("abcd"):
        os.utime(written(directory, name), (1000 - age, 1000 - age))
    xla_cache.seal()
    xla_cache.prepare()
    assert sorted(path.name for path in directory.glob("*.pb")) == ["a.pb", "b.pb"]


def test_a_folder_that_the_flag_cannot_name_is_not_used(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "with space"))
    monkeypatch.delenv("TF_XLA_FLAGS", raising=False)
    xla_cache.prepare()
    assert "TF_XLA_FLAGS" not in os.environ


def test_where_no_cache_can_be_made_none_is_used(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.delenv("TF_XLA_FLAGS", raising=False)
    xla_cache.prepare()
    xla_cache.seal()
    assert "TF_XLA_FLAGS" not in os.environ


def test_another_processor_has_another_folder(directory, monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "another")
    assert xla_cache._directory() != directory
