"""How long a visitor may take, and how many doors one may hold open.

uvicorn waits for ever for a request that has begun; a few hundred connections that send a letter a minute
("slow loris") would keep everybody else out. Here a request's head must be there within seconds of its
first byte (or of the connection), its body likewise, and no address holds more than its part of the places.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

log = logging.getLogger(__name__)

PATIENCE_S = 10.0
MOST_CONNECTIONS = 400
MOST_FROM_ONE = 200


class PatientProtocol(H11Protocol):
    """One connection, hung up on when its next request does not come."""

    patience_s = PATIENCE_S  # see `patient`
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody came."""
        super().connection_made(transport)
        if is_crowded(self.connections, self.client):
            transport.abort()
            return
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Bytes came; whether they are a whole request is seen afterwards."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Somebody went."""
        self._calm()
        super().connection_lost(exc)

    @property
    def _is_waiting(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def _watch(self) -> None:
        if not self._is_waiting:
            self._calm()
        elif self._timer is None:
            self._timer = self.loop.call_later(self.patience_s, self._too_slow)

    def _calm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if self._is_waiting and not self.transport.is_closing():
            self.transport.close()


def is_crowded(connections: Collection[Any], client: tuple[str, int] | None, more: int = 0) -> bool:
    """Whether that client's address, or all together, hold more than their part; `more` are to come."""
    own = client[0] if client else ""
    clients = [getattr(one, "client", None) for one in connections]
    theirs = sum(bool(other and other[0] == own) for other in clients) + more
    if theirs <= MOST_FROM_ONE and len(connections) + more <= MOST_CONNECTIONS:
        return False
    _complaint.tell("Too many connections (%d from %s): the newest was closed.", theirs, own)
    return True


class _Complaint:
    """A warning that a stranger could cause a thousand times a second; told once a minute at most."""

    def __init__(self) -> None:
        self._next_s = 0.0

    def tell(self, words: str, *values: object) -> None:
        """Into the log, or nowhere."""
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._next_s:
            self._next_s = now_s + 60.0
            log.warning(words, *values)


_complaint = _Complaint()


def patient(patience_s: float) -> type[PatientProtocol]:
    """The protocol with another patience."""
    return type("Patient", (PatientProtocol,), {"patience_s": patience_s})
