"""Signed commands through Tesla's own tesla-http-proxy, which holds the key that the car knows.

    fleet-proxy://localhost:4443?cert=proxy-cert.pem

It speaks the Fleet API over TLS only, signs `/api/1/vehicles/{17-letter VIN}/command/...` and forwards the
rest; it has its own certificate, which is checked against the file named here (beside sunward.toml). It
waits at most 10 s for a car and handles one command for a car at a time. `tls=no` is for a proxy on this
computer that sits behind something else.
"""

from __future__ import annotations

from pathlib import Path

from scheduler.cars.links.fleet import FleetLink, command_body, command_path
from scheduler.cars.links.tools import Tools
from scheduler.cars.model import Command, Refused
from scheduler.cars.settings import LOOPBACK, Line

USUAL_PORT = 4443


class ProxyLink(FleetLink):
    """Commands through the proxy; reads and waking go to the Fleet API itself."""

    scheme = "fleet-proxy"

    def __init__(self, line: Line, tools: Tools) -> None:
        super().__init__(tools)
        plain = line.options.get("tls") == "no"
        if plain and line.host not in LOOPBACK:
            raise Refused(f"{line.text}: without TLS only on this computer.", "proxy")
        self._proxy = f"{'http' if plain else 'https'}://{line.host}:{line.port or USUAL_PORT}"
        cert = line.options.get("cert", "")
        self._verify: str | bool = str(Path(tools.beside, cert)) if cert else True

    def send(self, vin: str, command: Command) -> None:
        """Tell it something, signed."""
        path, body = command_path(vin, command), command_body(command)
        if isinstance(self._verify, str) and not Path(self._verify).exists():
            raise Refused(f"The proxy's certificate {self._verify} does not exist.", "proxy")
        self.call("POST", path, body=body, base=self._proxy, verify=self._verify)


def open_link(line: Line, tools: Tools) -> ProxyLink:
    """`fleet-proxy://HOST:PORT?cert=FILE`"""
    return ProxyLink(line, tools)
