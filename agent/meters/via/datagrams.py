"""Datagrams as drivers see them: what to listen for, and what was heard last. No socket here."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass


class OwnAddress(str):
    """An address of this computer, as an option of a line; empty: the system chooses."""

    @classmethod
    def from_text(cls, text: str) -> OwnAddress:
        """Understand it. Raises ValueError with a sentence's end."""
        try:
            return cls(ipaddress.IPv4Address(text))
        except ValueError:
            raise ValueError(f"must be our own address, like 192.168.0.10 (found {text!r})") from None


@dataclass(frozen=True, slots=True)
class Hear:
    """What to listen for. Devices speak to a multicast group (or to us alone) without being asked.

    `marks` are bytes that stand at known places in every datagram we want; others are ignored.
    `sender` says where the bytes stand that tell the speakers apart. `interface` is our own address in the
    network where they speak; empty, the system chooses.
    """

    group: str
    port: int
    marks: tuple[tuple[int, bytes], ...] = ()
    sender: tuple[int, int] = (0, 0)
    interface: str = ""

    def who(self, body: bytes) -> bytes | None:
        """Who speaks, or None when this is nothing for us."""
        if any(body[at : at + len(mark)] != mark for at, mark in self.marks) or len(body) < self.sender[1]:
            return None
        return body[slice(*self.sender)]


@dataclass(frozen=True, slots=True)
class Datagram:
    """What a speaker said last, and how long ago."""

    body: bytes
    age_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Datagrams:
    """The last datagram of each speaker that was heard lately."""

    by_sender: Mapping[bytes, Datagram]
