"""TLS for guests with patience: whoever connects and never shakes hands is counted, and hung up on.

uvicorn would leave that to asyncio, which waits a minute for each and counts none: a thousand silent
connections from one computer took every file that the process may open, the bus and the history included.
So a connection begins as plain bytes, is counted like any other, and becomes TLS from within.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

from uvicorn.protocols.utils import get_remote_addr

from agent.doors.web.patience import PatientProtocol, is_crowded


class Handshake(asyncio.Protocol):
    """One connection until its handshake is done; then `inner` takes it over."""

    inner: type[PatientProtocol]  # both: see `shaking_hands`
    context: ssl.SSLContext

    def __init__(self, **made: Any) -> None:
        """uvicorn's own words for a protocol; they are handed on."""
        self._made = made
        self.connections: set[Any] = made["server_state"].connections
        self.client: tuple[str, int] | None = None
        self._early = b""  # what came in one piece with the handshake's last words
        self._is_lost = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody came."""
        self.client = get_remote_addr(transport)
        self._transport = transport
        if is_crowded(self.connections, self.client, 1):
            transport.abort()
            return
        transport.pause_reading()
        self.connections.add(self)
        self._task = asyncio.get_running_loop().create_task(self._shake_hands())

    def data_received(self, data: bytes) -> None:
        """The first request, before anybody is there to take it."""
        self._early += data

    def connection_lost(self, exc: Exception | None) -> None:
        """Somebody went."""
        self._is_lost = True
        self.connections.discard(self)

    def shutdown(self) -> None:
        """The server ends."""
        self._transport.abort()
        self.connections.discard(self)

    async def _shake_hands(self) -> None:
        try:
            secure = await asyncio.get_running_loop().start_tls(
                self._transport,
                self,
                self.context,
                server_side=True,
                ssl_handshake_timeout=self.inner.patience_s,
            )
        except OSError:  # no TLS, none that we take, or nothing at all
            secure = None
        self.connections.discard(self)
        if secure is None or self._is_lost:
            return
        inner = self.inner(**self._made)
        secure.set_protocol(inner)
        inner.connection_made(secure)
        if self._early:
            inner.data_received(self._early)


def shaking_hands(inner: type[PatientProtocol], context: ssl.SSLContext) -> type[Handshake]:
    """The protocol with a certificate in front of it."""
    return type("Shaking", (Handshake,), {"inner": inner, "context": context})
