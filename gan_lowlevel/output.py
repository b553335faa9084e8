"""A line on standard output, from any floor."""

import os
import sys


def say(text: str = "") -> None:
    """Print a line at once. Where its reader left, as in `... | head`, the run goes on unheard."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        error.filename = "standard output"
        raise
