"""Where a request really came from, when a reverse proxy (nginx, Caddy, ...) stands in front of the door.

What a proxy says (`X-Forwarded-For`, `-Proto`, `-Host`) counts only when it comes from an address in
`trusted_proxies`; from anybody else it is a claim, and is only used to notice that a proxy is there.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from starlette.datastructures import Headers
from starlette.types import Scope

Network = IPv4Network | IPv6Network
CLAIMS = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded", "x-real-ip")


@dataclass(frozen=True, slots=True)
class Caller:
    """The other end: its address, the host name it asked for, and whether it came by https.

    `claimed`: somebody we don't trust says that the request was passed on.
    """

    address: str
    host: str
    secure: bool
    claimed: bool = False


def networks(lines: Iterable[str]) -> tuple[Network, ...]:
    """Addresses and networks from the settings. Raises ValueError."""
    return tuple(ipaddress.ip_network(line) for line in lines)


def caller_of(scope: Scope, headers: Headers, trusted: Sequence[Network]) -> Caller:
    """Who calls, with what a trusted proxy adds."""
    peer = plain_address(str(scope["client"][0])) if scope.get("client") else ""
    host, secure = headers.get("host", ""), scope.get("scheme") == "https"
    if not _within(peer, trusted):
        return Caller(peer, host, secure, any(name in headers for name in CLAIMS))
    said = headers.getlist("x-forwarded-for")
    hops = [plain_address(hop.strip()) for line in said for hop in line.split(",")]
    address = _first_stranger(reversed(hops), trusted, peer)
    said_host = headers.get("x-forwarded-host", "").split(",")[-1].strip()
    said_proto = headers.get("x-forwarded-proto", "").split(",")[-1].strip().lower()
    return Caller(address, said_host or host, said_proto == "https" if said_proto else secure)


def _first_stranger(hops: Iterable[str], trusted: Sequence[Network], peer: str) -> str:
    """The nearest hop that is no proxy of ours. Beyond an unreadable one all is the visitor's word."""
    for hop in hops:
        if not _is_address(hop):
            break
        if not _within(hop, trusted):
            return hop
    return peer


def plain_address(text: str) -> str:
    """An address as people write it: an IPv4 address that came in by an IPv6 socket is an IPv4 address."""
    try:
        found = ipaddress.IPv6Address(text.partition("%")[0])
    except ValueError:
        return text
    return str(found.ipv4_mapped or found)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _within(text: str, trusted: Sequence[Network]) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in trusted)
