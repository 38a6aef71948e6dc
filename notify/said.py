"""What a command prints goes down a pipe: whoever listens may leave before the end, as `| head -1` does."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

LEFT_EARLY = 128 + signal.SIGPIPE


def to_the_end(main: Callable[[], int]) -> int:
    """Run a program's main; its exit status, or 141 without a word when the reader has left."""
    try:
        status = main()
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return LEFT_EARLY
