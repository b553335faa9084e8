"""How a command ends: the exit codes, and the one exception that carries a code and its sentence."""

import enum


class Exit(enum.IntEnum):
    """Exit codes of every command; the README's table is held to this one by a test."""

    DONE = 0
    FLAGS = 1  # a wrong flag, no such run, or settings that differ from the run's own
    BUG = 2
    DATA = 3
    NAN = 4
    CHECKPOINTS = 5  # checkpoints exist and none is good
    DISK = 6
    IN_USE = 7
    INTERRUPTED = 130
    PEER_LOST = 138
    TERMINATED = 143


class Failure(Exception):
    """Ends a command: `code` goes to the shell, the sentence to standard error.

    The sentence says what was wanted, what came, where, and what to do.
    """

    def __init__(self, code: Exit, sentence: str):
        super().__init__(sentence)
        self.code = code
