"""The battery's key to Tesla's cloud: the car's sign-in (`scheduler login`), renewed by whoever needs it.

A token in credentials.env (TESLA_ACCESS_TOKEN) goes before it, for those who get theirs elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from notify.settings import SettingsError
from scheduler.battery.settings import BatterySettings
from scheduler.battery.site import BatteryError, Key
from scheduler.cars.keys import OWN_TOKEN as TOKEN
from scheduler.cars.keys import accounts_of, battery_account, watch_keys
from scheduler.cars.links.tools import Tools, fleet_base, owner_base
from scheduler.cars.model import NotNow, SignInNeeded
from scheduler.cars.room import tools_of
from scheduler.cars.settings import GarageSettings, TeslaSettings, read_settings
from scheduler.cars.teller import Teller
from scheduler.cars.tokens import Tokens
from scheduler.jobs import Context
from scheduler.settings import SchedulerSettings

REST_S = 900.0


def key_of(service: str, context: Context) -> Key:
    """The key of the account `owner` or `fleet`."""
    if token := context.settings.credentials.get(TOKEN):
        return FixedKey(token)
    return AccountKey(_tools(context).tokens(service))


def base_of(battery: BatterySettings, settings: SchedulerSettings) -> str:
    """Where the API of this battery's account is."""
    tesla = settings.section("tesla", TeslaSettings) or TeslaSettings()
    tesla = tesla.model_copy(update={"region": battery.region or tesla.region})
    return owner_base(tesla) if battery.service == "owner" else fleet_base(tesla)


def account_of_its_own(settings: SchedulerSettings) -> str:
    """The account that nobody watches for the cars' sake; empty where there is none."""
    account = battery_account(settings)
    if not account or "cars" not in settings.tables:
        return account
    try:
        return "" if account in accounts_of(read_settings(settings)) else account
    except SettingsError:
        return ""  # it is told where the cars are read


def watch(account: str, context: Context) -> list[str]:
    """Keep that sign-in fresh, and tell what is wrong with it."""
    teller = Teller(context.tell, context.memory.data.setdefault("told", {}))
    return watch_keys([account], _tools(context), teller, "The Powerwall stays as it is")


def _tools(context: Context) -> Tools:
    garage = GarageSettings((), context.settings.section("tesla", TeslaSettings) or TeslaSettings())
    return tools_of(garage, context, {})


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
        how = "sign in again, by a new one in credentials.env, or without it by: ./sunward scheduler login"
        raise BatteryError(f"Tesla does not take {TOKEN} any more: {how}", REST_S)


def _asked(ask: Callable[..., str], *arguments: Any) -> str:
    try:
        return ask(*arguments)
    except SignInNeeded as error:
        raise BatteryError(str(error), REST_S) from None
    except NotNow as error:
        raise BatteryError(str(error), error.pause_s) from None
