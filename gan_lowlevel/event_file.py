"""A file of TensorBoard's events, written by the caller: what the disk refuses is raised where it happens.

TensorFlow's FileWriter writes from a thread of its own. On a full disk that thread dies with a traceback, and what is
added from then on is lost without a word. TensorBoard's own RecordWriter takes 0.1 s for the checksum of a megabyte.
"""

import contextlib
import errno
import os
import pathlib
import time
from collections.abc import Iterator

import tensorflow as tf

from gan_lowlevel import system

v1 = tf.compat.v1

_NUMBERS = {
    tf.errors.ResourceExhaustedError: errno.ENOSPC,
    tf.errors.PermissionDeniedError: errno.EACCES,
    tf.errors.NotFoundError: errno.ENOENT,
}


class EventFile:
    """A new file of that name, a file version first and then a session that starts at `start`.

    TensorBoard drops points of that step and later that it has read in older files. Every method raises OSError,
    naming the file.
    """

    def __init__(self, path: pathlib.Path, start: int):
        self._path = path
        with self._refusals():
            self._file = tf.io.TFRecordWriter(str(path))
        self.add(v1.Event(file_version="brain.Event:2"))
        self.add(v1.Event(session_log=v1.SessionLog(status=v1.SessionLog.START), step=start))

    def add(self, event: v1.Event) -> None:
        """Append one event, which happened now."""
        event.wall_time = time.time()
        with self._refusals():
            self._file.write(event.SerializeToString())

    def flush(self) -> None:
        """Hand everything so far to the system. What goes into a file that has lost its name is lost: ENOENT."""
        with self._refusals():
            self._file.flush()
        os.stat(self._path)

    def close(self) -> None:
        """Write what is left and end the file."""
        with self._refusals():
            self._file.flush()  # closing alone says nothing of what it could not write
            self._file.close()

    @contextlib.contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except tf.errors.OpError as error:
            number = _NUMBERS.get(type(error), errno.EIO)
            with system.naming(self._path):
                raise OSError(number, error.message.rpartition("; ")[2]) from None
