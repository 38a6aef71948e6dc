"""Names and origins: what a request says of where it goes, where it comes from, and in which browser."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers


def own_names(extra: Iterable[str] = ()) -> frozenset[str]:
    """Names under which this computer may be asked for, beside plain addresses."""
    name = socket.gethostname().lower()
    return frozenset({"localhost", name, f"{name}.local", f"{name}.lan", *(word.lower() for word in extra)})


def is_loopback(host: str) -> bool:
    """Whether only this computer can reach an address to listen on."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def host_name(host: str) -> str | None:
    """The name in a `Host` header, without its port; None for what is no host."""
    try:
        parts = urlsplit(f"//{host}")
        parts.port  # noqa: B018  (raises ValueError when it is none)
    except ValueError:
        return None
    return parts.hostname if host and parts.netloc == host and "@" not in host else None


def same_origin(headers: Headers, host: str) -> bool:
    """Whether our own page asks, or no page at all."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc.lower() == host.lower() and bool(host)
    except ValueError:
        return False


def device_of(agent: str) -> str:
    """A browser in two words, from its own long description."""
    browsers = {"Edg": "Edge", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
    systems = ("Android", "iPhone", "iPad", "Windows", "Macintosh", "Linux")
    browser = next((word for key, word in browsers.items() if key in agent), "A program")
    system = next((word for word in systems if word in agent), "")
    return f"{browser} on {system}" if system else browser
