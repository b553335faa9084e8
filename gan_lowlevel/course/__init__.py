"""What the lessons import: runs to look at, a game to play with, pictures, and exercises that check themselves.

`start` imports TensorFlow, the rest of this package does not before it is needed.
"""

from gan_lowlevel.course.checking import check
from gan_lowlevel.course.exercise import Exercise, Hole
from gan_lowlevel.course.figures import show
from gan_lowlevel.course.listings import source
from gan_lowlevel.course.playing import Table, table
from gan_lowlevel.course.starting import start
from gan_lowlevel.course.training import Seen, seen, trained

__all__ = ["Exercise", "Hole", "Seen", "Table", "check", "seen", "show", "source", "start", "table", "trained"]
