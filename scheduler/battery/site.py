"""What a battery's service can do, whichever it is; and how it fails."""

from __future__ import annotations

from typing import Protocol

from scheduler.battery.policy import Site
from scheduler.cars.model import CallClass


class BatteryError(Exception):
    """It could not be read or changed; the text is a sentence. `rest_s`: leave it alone for so long."""

    def __init__(self, sentence: str, rest_s: float = 0.0) -> None:
        super().__init__(sentence)
        self.rest_s = rest_s


class EnergySite(Protocol):
    """One battery. Every method raises BatteryError."""

    def read(self) -> Site:
        """How it is now."""

    def change(self, key: str, value: object) -> None:
        """Set `mode`, `reserve`, `grid_charging` or `export`. Taken does not mean done."""


class Gate(Protocol):
    """Who counts the account's calls, and says no when they are used up."""

    def take(self, kind: CallClass, subject: str, *, priced: bool = True) -> str:
        """Count such a call, if it may be made; otherwise why it may not."""

    def pause(self, seconds: float) -> None:
        """The maker asks for patience."""

    def fine(self) -> None:
        """A call worked."""


class Key(Protocol):
    """An account's access tokens. Both methods raise BatteryError."""

    def access(self, now_s: float) -> str:
        """A token that should work at this time (seconds since 1970)."""

    def refused(self, access: str, now_s: float) -> str:
        """Another token than this one, which was not taken."""
