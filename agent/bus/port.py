"""The only file that touches a serial port: 9600 baud, 8N1, on a device or through the network.

    /dev/serial/by-id/usb-...     an adapter on this computer, opened for us alone (a stable name: use it)
    socket://host:port            an adapter on the local network that passes raw bytes
    rfc2217://host:port           one that speaks RFC 2217 (ser2net and the like)

A port only knows bytes. Whatever goes wrong is a PortError with one sentence that says what to do.
"""

from __future__ import annotations

import errno
import select
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

import serial

BAUD = 9600
MOST_BYTES = 256  # in one read
WRITE_TIMEOUT_S = 1.0
POLL_S = 0.02  # how often a port without a file descriptor is looked at
RFC2217 = "rfc2217://"
NETWORK_SCHEMES = ("socket://", RFC2217)


class PortError(Exception):
    """The port can't be used (any more). The message is a sentence with the remedy."""


class Port(Protocol):
    """An open port. `is_network`: it may be dead without saying so."""

    is_network: bool

    def read(self, timeout_s: float) -> bytes:
        """Whatever has arrived, as soon as something has; b"" after `timeout_s`. Raises PortError."""
        ...

    def write(self, data: bytes) -> None:
        """Send all of `data`. Raises PortError."""
        ...

    def close(self) -> None:
        """Give the port back. Never raises."""
        ...


def open_port(url: str) -> Port:
    """Open a device path, socket:// or rfc2217:// address. Raises PortError."""
    if "://" in url and not _is_network_address(url):
        raise PortError(f"{url} is no port: write /dev/..., socket://host:port or rfc2217://host:port.")
    about: dict[str, Any] = {"timeout": 0, "write_timeout": WRITE_TIMEOUT_S, "exclusive": True}
    if "://" in url:
        del about["exclusive"]
    if url.startswith(RFC2217):
        about = {"timeout": POLL_S}
    try:
        link = serial.serial_for_url(url, BAUD, **about)
    except (serial.SerialException, OSError, ValueError, termios.error) as error:
        raise PortError(_why_not_opened(url, error)) from error
    return _SerialPort(url, link)


class _SerialPort:
    """A pyserial port, read as soon as bytes arrive."""

    def __init__(self, url: str, link: serial.SerialBase) -> None:
        self.is_network = url.startswith(NETWORK_SCHEMES)
        self._url = url
        self._link = link
        self._has_descriptor = not url.startswith(RFC2217)

    def read(self, timeout_s: float) -> bytes:
        with self._losses():
            if self._has_descriptor:
                ready, _, _ = select.select([self._link.fileno()], [], [], max(0.0, timeout_s))
                return bytes(self._link.read(MOST_BYTES)) if ready else b""
            for _ in range(1 + int(timeout_s / POLL_S)):
                if first := self._link.read(1):
                    return bytes(first + self._link.read(min(MOST_BYTES, self._link.in_waiting)))
            return b""

    def write(self, data: bytes) -> None:
        with self._losses():
            self._link.write(data)

    def close(self) -> None:
        try:
            self._link.close()
        except (serial.SerialException, OSError, termios.error):
            return  # it was gone already

    @contextmanager
    def _losses(self) -> Iterator[None]:
        """A port that goes away speaks in many tongues (a closed one even in TypeError and ValueError)."""
        try:
            yield
        except (serial.SerialException, OSError, termios.error, TypeError, ValueError) as error:
            where = "Look at the adapter's network." if self.is_network else "Look at the adapter's plug."
            raise PortError(f"The bus port {self._url} is gone. {where}") from error


def _is_network_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return url.startswith(NETWORK_SCHEMES) and bool(parts.hostname and parts.port)
    except ValueError:  # a port number that is none
        return False


def _why_not_opened(url: str, error: Exception) -> str:
    number = getattr(error, "errno", None) or getattr(error.__context__, "errno", None)
    if url.startswith(NETWORK_SCHEMES):
        why = "refused the connection" if number == errno.ECONNREFUSED else "does not answer"
        return f"The bus adapter {url} {why}. Look at its power, its network and the address."
    if number == errno.ENOENT:
        return f"There is no {url}. Plug the adapter in; `ls /dev/serial/by-id` shows the names of all."
    if number in (errno.EACCES, errno.EPERM):
        return f"{url} may not be used by you. Type: sudo usermod -aG dialout $USER, and log in again."
    if number in (errno.EAGAIN, errno.EBUSY):
        return f"{url} is in use by another program. Stop that one: two can't share a bus."
    return f"{url} can't be opened as a serial port ({error})."
