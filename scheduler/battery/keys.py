"""The battery's key to Tesla's cloud: the car's sign-in (`scheduler login`), renewed by whoever needs it.

A token in credentials.env (TESLA_ACCESS_TOKEN) goes before it, for those who get theirs elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scheduler.battery.site import BatteryError, Key
from scheduler.cars.model import NotNow, SignInNeeded
from scheduler.cars.room import tools_of
from scheduler.cars.settings import GarageSettings, TeslaSettings
from scheduler.cars.tokens import Tokens
from scheduler.jobs import Context

TOKEN = "TESLA_ACCESS_TOKEN"
REST_S = 900.0


def key_of(service: str, context: Context) -> Key:
    """The key of the account `owner` or `fleet`."""
    if token := context.settings.credentials.get(TOKEN):
        return FixedKey(token)
    garage = GarageSettings((), context.settings.section("tesla", TeslaSettings) or TeslaSettings())
    return AccountKey(tools_of(garage, context, {}).tokens(service))


@dataclass(frozen=True, slots=True)
class AccountKey:
    """A signed-in account's tokens."""

    tokens: Tokens

    def access(self, now_s: float) -> str:
        """A token that is good at `now_s`. Raises BatteryError."""
        return _asked(self.tokens.access, now_s)

    def refused(self, access: str, now_s: float) -> str:
        """Another one than this. Raises BatteryError."""
        return _asked(self.tokens.refused, access, now_s)


@dataclass(frozen=True, slots=True)
class FixedKey:
    """One token that nobody renews."""

    token: str

    def access(self, now_s: float) -> str:
        """The token."""
        return self.token

    def refused(self, access: str, now_s: float) -> str:
        """There is no other one. Raises BatteryError."""
        raise BatteryError(f"Tesla does not take {TOKEN} any more: sign in again.", REST_S)


def _asked(ask: Callable[..., str], *arguments: Any) -> str:
    try:
        return ask(*arguments)
    except SignInNeeded as error:
        raise BatteryError(str(error), REST_S) from None
    except NotNow as error:
        raise BatteryError(str(error), error.pause_s) from None
