"""For sources where the owner decides what means what: a clamp's direction, a sensor's name, a path.

The law of the house is that power into the house is positive: import, production, discharge. Where a
device counts the other way round, the line says `positive=export`, one word, and nothing else is turned.

What a line picks beside its watts (amps, volts, counters, percent) is left out while it can't be read;
watts that can't be read are no reading.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from agent.meters.line import NO_SECRET, Secret, option
from agent.meters.values import Phases, Poor, Values
from agent.meters.via.pages import Basic, Bearer, Get, Header, Password, Query

Facing = Literal["import", "export"]
Read = Callable[[str, str, str], float]  # (name, "W" | "A" | ..., unit of a bare number); raises Poor
POSITIVE_HELP = "what a positive number means: power into the house (import), or out of it (export)"


@dataclass(frozen=True)  # no slots: Options may inherit from both
class Picks:
    """What a line may pick; a driver's Options inherit it, and name their watts themselves."""

    plus: tuple[str, ...] = option((), "more watts that are added")
    minus: tuple[str, ...] = option((), "watts that are taken off: import minus export")
    amps: tuple[str, ...] = option((), "amps of each phase")
    volts: tuple[str, ...] = option((), "volts of each phase")
    energy: str = option("", "counter of what came in")
    exported: str = option("", "counter of what went out")
    soc: str = option("", "how full a battery is")
    unit: str = option("", "unit of watts that come without one")
    energy_unit: Literal["Wh", "kWh", "MWh"] = option("Wh", "unit of counters that come without one")
    scale: float = option(1.0, "what the watts are multiplied with")
    positive: Facing = option("import", POSITIVE_HELP)

    def names(self) -> Iterator[str]:
        """All that is picked beside the watts themselves."""
        yield from (*self.plus, *self.minus, *self.amps, *self.volts)
        yield from filter(None, (self.energy, self.exported, self.soc))


def values(picks: Picks, name: str, read: Read) -> Values:
    """The watts of `name` and what else is picked, in our signs. Raises Poor without watts."""
    watts = read(name, "W", picks.unit) + sum(read(one, "W", picks.unit) for one in picks.plus)
    watts = (watts - sum(read(one, "W", picks.unit) for one in picks.minus)) * picks.scale
    sign = -1.0 if picks.positive == "export" else 1.0
    amps = _phases(read, picks.amps, "A")
    return Values(
        sign * watts,
        _signed(amps, sign * watts, sign),
        _phases(read, picks.volts, "V"),
        _one(read, picks.energy, "Wh", picks.energy_unit),
        _one(read, picks.exported, "Wh", picks.energy_unit),
        _one(read, picks.soc, "%", "%"),
    )


def faced(found: Values, positive: Facing) -> Values:
    """A meter's values as the house sees them; one that looks the other way has its counters swapped."""
    return found.flipped() if positive == "export" else found


def _signed(amps: Phases | None, watts: float, sign: float) -> Phases | None:
    """One phase flows as its watts do; several may be magnitudes, and import is then the careful guess."""
    if amps is None or (len(amps) > 1 and min(amps) >= 0):
        return amps
    return (math.copysign(amps[0], watts),) if len(amps) == 1 else tuple(sign * one for one in amps)


def _phases(read: Read, names: tuple[str, ...], into: str) -> Phases | None:
    found = [_one(read, name, into, into) for name in names]
    return tuple(one for one in found if one is not None) if found and None not in found else None


def _one(read: Read, name: str, into: str, unit: str) -> float | None:
    try:
        return read(name, into, unit) if name else None
    except Poor:
        return None


@dataclass(frozen=True)
class Access:
    """How a line gets at a page of any device; secrets by their names in credentials.env."""

    query: str = option("", "what stands behind the ? of the address, with %26 for &")
    headers: tuple[str, ...] = option((), "headers to send: Accept: text/plain, X-Version: 2")
    token: Secret = option(NO_SECRET, "name of a Bearer token in credentials.env")
    user: str = option("", "user, for a device with a password")
    password: Secret = option(NO_SECRET, "name of its password; sent as digest or plainly, as it asks")
    key: Secret = option(NO_SECRET, "name of a key that goes into key_header or key_query")
    key_header: str = option("X-Api-Key", "the header that takes the key")
    key_query: str = option("", "the part of the address that takes the key, instead of a header")
    body: str = option("", "sent by POST; without it the page is asked for by GET")
    tls: Literal["off", "on", "unverified"] = option("off", "https; unverified for certificates of its own")

    def auth(self) -> Bearer | Basic | Password | Header | Query:
        """Who we are, there."""
        if self.password:
            return Password(self.user, self.password)
        if self.key_query:
            return Query(((self.key_query, self.key),))
        return Header(self.key_header, self.key) if self.key else Bearer(self.token)

    def get(self, path: str) -> Get:
        """The request for the page. Raises Poor for a header that is none."""
        pairs = [tuple(part.strip() for part in one.partition(":")[::2]) for one in self.headers]
        if not all(name and value for name, value in pairs):
            raise Poor("write headers like headers=Accept: text/plain, with a colon in each")
        where = (path or "/") + (f"?{self.query}" if self.query else "")
        return Get(where, self.body, tuple((name, value) for name, value in pairs))
