"""What a door is, and what it is given to open itself.

A file of a door has `open_door(way)`, which makes the door, or answers None where the settings don't want
it; `app.py` has one line for it and starts it. Nobody else knows the file, so that a door is taken out of
the house by deleting its file and that line. A branch is a language without a port of its own: it is
spoken at the page's port and on the broker, by the same rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from agent.doors.nouns import State
from agent.doors.rooms import Rooms
from agent.doors.settings import (
    EvccSettings,
    HomeAssistantSettings,
    LegacySettings,
    MqttSettings,
    OcppSettings,
)

if TYPE_CHECKING:
    from fastapi import APIRouter

    from agent.doors.legacy_orders import LegacyOrders

More = Callable[[State], Mapping[str, str]]
Obey = Callable[[str, str, str, str], str]


class Door(Protocol):
    """Anything by which the house is reached from outside. `start` raises OSError with a sentence."""

    name: str

    def start(self) -> None:
        """Open."""
        ...

    def stop(self) -> None:
        """Shut."""
        ...


class Wanted(Protocol):
    """The doors' sections of sunward.toml; None is a section that isn't there."""

    mqtt: MqttSettings | None
    homeassistant: HomeAssistantSettings | None
    evcc: EvccSettings | None
    ocpp: OcppSettings | None
    legacy: LegacySettings | None


@dataclass(frozen=True)
class Branch:
    """What hangs on other doors: routes of the page's port, and topics under PREFIX/ID/`name` on the broker.

    `topics(prefix)` makes the function that gives the topics' values; `obey` takes charger, what, text and
    who asked at PREFIX/ID/`name`/set/WHAT, answers a sentence, and raises Refused.
    """

    name: str
    routes: APIRouter
    topics: Callable[[str], More]
    obey: Obey


@dataclass(frozen=True)
class Doorway:
    """What a door is given. `version` is this program's, for those who ask."""

    rooms: Rooms
    settings: Wanted
    secrets: Mapping[str, str]
    version: str
    branches: tuple[Branch, ...] = ()

    @cached_property
    def old_orders(self) -> LegacyOrders:
        """TWCManager's orders: one for all doors that take them."""
        from agent.doors.legacy_orders import orders_for

        return orders_for(self.rooms, self.settings.legacy or LegacySettings())
