"""The first line of each lesson."""

import sys

from gan_lowlevel import command
from gan_lowlevel.course import figures
from gan_lowlevel.errors import Failure
from gan_lowlevel.screen import in_notebook


def start() -> None:
    """Import TensorFlow, quietly and turned to graphs, and have figures shown where the lesson is read."""
    command.start_tensorflow()
    figures.prepare()
    if in_notebook():
        sys.modules["IPython"].get_ipython().set_custom_exc((Failure,), _say)


def _say(shell, kind: type, failure: Failure, trace, tb_offset=None) -> None:
    """In a notebook too a failure is its sentence, without a traceback."""
    print(f"gan_lowlevel: {failure}", file=sys.stderr)
