"""An RS-485 to Ethernet adapter that isn't there: one TCP connection with virtual chargers behind it.

`path` is what goes behind `port =`, such as socket://127.0.0.1:40123. Cheap adapters serve one client
and hang up on it when they please; pulled, the port refuses connections.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from random import Random

from scheduler.clock import Clock
from simulator.charger import VirtualCharger
from simulator.faults import FaultyWire
from simulator.wires.live import LiveLine

HOST = "127.0.0.1"


class TcpEnd:
    """A listening port and at most one client; a new client takes the old one's place."""

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._listener: socket.socket | None = None
        self._client: socket.socket | None = None
        self.path = ""

    def open(self) -> None:
        """Listen, on the same port as before if there was one."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, self._port))
        listener.listen()
        listener.setblocking(False)
        self._port = listener.getsockname()[1]
        self._listener = listener
        self.path = f"socket://{HOST}:{self._port}"

    def close(self) -> None:
        """Hang up and stop listening."""
        self.hang_up()
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def hang_up(self) -> None:
        """End the client's connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def waits_on(self) -> list[int]:
        """What to select on."""
        return [each.fileno() for each in (self._listener, self._client) if each is not None]

    def read(self) -> bytes:
        """What the client has sent; also lets a new client in."""
        self._let_in()
        if self._client is None:
            return b""
        try:
            data = self._client.recv(4096)
        except BlockingIOError:
            return b""
        except ConnectionError:
            data = b""
        if not data:
            self.hang_up()
        return data

    def write(self, data: bytes) -> None:
        """Give it to the client, if there is one."""
        if self._client is None:
            return
        try:
            self._client.send(data)
        except BlockingIOError:
            return
        except ConnectionError:
            self.hang_up()

    def _let_in(self) -> None:
        if self._listener is None:
            return
        try:
            client, _ = self._listener.accept()
        except BlockingIOError:
            return
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.hang_up()
        self._client = client


class TcpBus(LiveLine):
    """Virtual chargers behind a TCP port. `path` is its address."""

    def __init__(
        self,
        chargers: Sequence[VirtualCharger],
        clock: Clock,
        *,
        port: int = 0,
        speed: float = 1.0,
        wire: FaultyWire | None = None,
        echo: bool = False,
        rng: Random | None = None,
    ) -> None:
        self._tcp = TcpEnd(port)
        super().__init__(self._tcp, chargers, clock, speed=speed, wire=wire, echo=echo, rng=rng)

    def hang_up(self) -> None:
        """End the connection but go on listening."""
        self.do(lambda chargers, now: self._tcp.hang_up())
