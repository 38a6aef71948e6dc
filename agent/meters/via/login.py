"""How we get in, apart from the socket: when a log-in may be tried again, and a token that lies in a file.

Devices lock themselves after a few log-ins, so we count them. A session that ended by itself (the device
restarted) is opened anew at once, but only twice within the pause. A refused one waits the whole pause.
A log-in that nobody answered was not judged, and is tried again soon.
"""

from __future__ import annotations

import re
import stat
from collections import deque
from pathlib import Path

from agent.meters.line import StateFile
from agent.meters.values import Down

MOST_IN_A_PAUSE = 2
UNANSWERED_S = 30.0
LARGEST_FILE_BYTES = 10_000
NO_FILE_YET_S = 10.0
_TOKEN = re.compile(r"[!-~]{1,8192}")


class Patience:
    """When a device may be logged in to. All times are seconds of the monotonic clock."""

    def __init__(self, pause_s: float) -> None:
        self._pause_s = pause_s
        self._entered: deque[float] = deque(maxlen=MOST_IN_A_PAUSE)
        self._not_before_s: float | None = None

    def wait_s(self, now_s: float) -> float:
        """How long to wait before the next log-in; 0 now."""
        waits = [0.0]
        if self._not_before_s is not None:
            waits.append(self._not_before_s - now_s)
        if len(self._entered) == MOST_IN_A_PAUSE:
            waits.append(self._entered[0] + self._pause_s - now_s)
        return max(waits)

    def entered(self, now_s: float) -> None:
        """It let us in."""
        self._entered.append(now_s)
        self._not_before_s = None

    def refused(self, now_s: float, at_least_s: float = 0.0) -> None:
        """It said no, or it let us in and answers nothing."""
        self._not_before_s = now_s + max(self._pause_s, at_least_s)

    def unanswered(self, now_s: float) -> None:
        """It did not answer, or had an error of its own."""
        self._not_before_s = now_s + min(UNANSWERED_S, self._pause_s)


class TokenFile:
    """A token that another program renews: read again whenever the file has changed."""

    def __init__(self, file: StateFile) -> None:
        self._file = file
        self._seen: tuple[int, int, int] | None = None
        self._token = ""

    def token(self, otherwise: str) -> str:
        """The token in the file; `otherwise` as long as there is no file. Raises Down with a sentence."""
        path = self._file.path
        if path is None:
            return otherwise
        try:
            self._look(path)
        except FileNotFoundError:
            if otherwise:
                return otherwise
            sentence = f"{path} is not there yet: the scheduler writes the token there."
            raise Down(sentence, NO_FILE_YET_S) from None
        except OSError as error:
            raise Down(f"{path} can't be read: {error.strerror}.", NO_FILE_YET_S) from None
        if not _TOKEN.fullmatch(self._token):
            raise Down(f"{path} holds no token.", NO_FILE_YET_S)
        return self._token

    def _look(self, path: Path) -> None:
        state = path.stat()
        if stat.S_IMODE(state.st_mode) & 0o077:
            raise Down(f"{path} can be read by others. Type: chmod 600 {path}", NO_FILE_YET_S)
        seen = (state.st_mtime_ns, state.st_size, state.st_ino)
        if seen != self._seen:
            with path.open("rb") as file:
                self._token = file.read(LARGEST_FILE_BYTES).decode("ascii", "replace").strip()
            self._seen = seen
