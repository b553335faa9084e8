"""An event file says at once what the disk refuses, and names itself."""

import errno
import os
import pathlib
import threading

import pytest
import tensorflow as tf

from gan_lowlevel.event_file import EventFile

v1 = tf.compat.v1
FULL = pathlib.Path("/dev/full")


def test_a_version_first_then_a_start_then_what_is_added(tmp_path):
    file = EventFile(tmp_path / "events", 7)
    file.add(v1.Event(step=9))
    file.close()
    version, start, added = v1.train.summary_iterator(str(tmp_path / "events"))
    assert version.file_version == "brain.Event:2"
    assert (start.step, start.session_log.status) == (7, v1.SessionLog.START)
    assert added.step == 9
    assert 0 < version.wall_time <= start.wall_time <= added.wall_time


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("end", [EventFile.flush, EventFile.close])
def test_a_full_disk_is_raised_where_it_happens_and_by_no_thread(end):
    threads = threading.active_count()
    file = EventFile(FULL, 0)
    with pytest.raises(OSError, match="No space left on device") as raised:
        end(file)
    assert (raised.value.errno, raised.value.filename) == (errno.ENOSPC, "/dev/full")
    assert threading.active_count() == threads


def test_events_are_not_written_where_no_one_finds_them(tmp_path):
    path = tmp_path / "events"
    file = EventFile(path, 0)
    path.unlink()
    with pytest.raises(FileNotFoundError) as raised:
        file.flush()
    assert raised.value.filename == str(path)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError) as raised:
        EventFile(tmp_path / "none" / "events", 0)
    assert raised.value.filename == str(tmp_path / "none" / "events")
    assert os.listdir(tmp_path) == []
