"""What a battery's service can do, whichever it is; and how it fails."""

from __future__ import annotations

from typing import Protocol

from scheduler.battery.policy import Site


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


class Key(Protocol):
    """An account's access tokens (scheduler.cars has the one that renews them)."""

    def access(self, now_s: float) -> str:
        """A token that should work at this time (seconds since 1970)."""

    def refused(self, access: str, now_s: float) -> str:
        """Another token than this one, which was not taken."""


class FixedKey:
    """One token out of credentials.env, that nobody renews."""

    def __init__(self, token: str) -> None:
        self._token = token

    def access(self, now_s: float) -> str:
        """The token. Raises BatteryError where there is none."""
        if not self._token:
            raise BatteryError("Nobody is signed in to Tesla. Write TESLA_ACCESS_TOKEN into credentials.env.")
        return self._token

    def refused(self, access: str, now_s: float) -> str:
        """There is no other one. Raises BatteryError."""
        raise BatteryError("Tesla does not take TESLA_ACCESS_TOKEN any more: sign in again.", 3600.0)
