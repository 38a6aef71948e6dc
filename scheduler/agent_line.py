"""The line to the agent: one kept connection on this computer, a JSON question, a status and a text.

The standard library's HTTP, because the agent is asked at every tick: it takes a third of the time that
`requests` takes for its proxies, redirects, cookies and encodings, none of which has any business here.
"""

from __future__ import annotations

import http.client
import select
from urllib.parse import urlsplit

CONNECT_S, ANSWER_S = 2.0, 5.0  # it is on this computer


class AgentLine:
    """One program's line, for one thread. `url` is http://HOST:PORT."""

    def __init__(self, url: str, token: str = "", *, answer_s: float = ANSWER_S) -> None:
        parts = urlsplit(url)
        self._answer_s = answer_s
        self._link = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=CONNECT_S)
        self._headers = {"Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """One question: HTTP's status and what came. Never repeated: it may have been done.

        Raises OSError (TimeoutError where it does not answer in time) and http.client.HTTPException.
        """
        headers = self._headers if body is None else self._headers | {"Content-Type": "application/json"}
        try:
            self._open()
            self._link.request(method, path, body, headers)
            answer = self._link.getresponse()
            return answer.status, answer.read()
        except BaseException:
            self._link.close()
            raise

    def _open(self) -> None:
        """Connect anew where the agent has hung up meanwhile: it does so after some seconds of quiet."""
        kept = self._link.sock
        if kept is not None and not _hung_up(kept.fileno()):
            return
        self._link.close()
        self._link.connect()
        self._link.sock.settimeout(self._answer_s)


def _hung_up(file: int) -> bool:
    """Whether something is to be read before anything was asked: an end, or what belongs to nobody."""
    look = select.poll()
    look.register(file, select.POLLIN)
    return bool(look.poll(0))
