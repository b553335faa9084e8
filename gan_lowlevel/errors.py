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


LONGEST = 2000  # characters of a sentence, of which a damaged file may be quoted at any length


def one_line(text: str) -> str:
    """The text as one line that a terminal shows as it is: line breaks are spaces, other signs that steer are escaped.

    What a sentence quotes, a path or a line of a damaged file, may hold anything.
    """
    line = " ".join(text.splitlines())
    line = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in line)
    return line if len(line) <= LONGEST else f"{line[: LONGEST // 2]} … {line[-LONGEST // 2 :]}"


class Failure(Exception):
    """Ends a command: `code` goes to the shell, the sentence to standard error.

    The sentence says what was wanted, what came, where, and what to do; it is kept as one line.
    """

    def __init__(self, code: Exit, sentence: str):
        super().__init__(one_line(sentence))
        self.code = code
