"""The house battery: mode and reserve by peak and off-peak, read back, told; and a report after each peak."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from notify.settings import SettingsError
from scheduler.jobs import Context, Job, JobFailed
from scheduler.settings import SchedulerSettings

if TYPE_CHECKING:
    from scheduler.battery.policy import Site
    from scheduler.battery.settings import BatterySettings
    from scheduler.battery.site import EnergySite

PASSWORD = "GATEWAY_PASSWORD"
KEYS_EVERY_S = 900.0


def jobs(settings: SchedulerSettings) -> list[Job]:
    """The jobs of [battery]. Raises SettingsError."""
    from scheduler.battery.keeper import Keeper
    from scheduler.battery.keys import account_of_its_own

    battery = _settings(settings)
    if battery is None:
        return []
    found = Keeper(battery, site_at, _gateway(battery, settings)).jobs()
    if account_of_its_own(settings):
        says = "keeps the Powerwall's sign-in at Tesla fresh, and tells when it ends"
        found.append(Job("battery_keys", KEYS_EVERY_S, _keys, says))
    return found


def _keys(context: Context) -> Sequence[str]:
    """The sign-in that no car has."""
    from scheduler.battery.keys import watch

    battery = _settings(context.settings)
    return watch(battery.service, context) if battery else ()


def site_at(context: Context) -> EnergySite:
    """The battery in its cloud, to be read and changed."""
    from scheduler.battery import cloud
    from scheduler.battery.keys import base_of, key_of
    from scheduler.cars.account import account_of

    battery = _settings(context.settings)
    if battery is None:
        raise JobFailed("There is no [battery] in sunward.toml.")
    key = key_of(battery.service, context)
    base = battery.address or base_of(battery, context.settings)
    gate, wall = account_of(context), context.moment.wall
    now_s, billed = wall.timestamp() if wall else 0.0, battery.service == "fleet"
    return cloud.Cloud(base, battery.site, key, gate, now_s, billed=billed)


def look(context: Context) -> Site:
    """Its charge and reserve, and what else is known: from a moment ago, its gateway, or its cloud.

    Raises BatteryError.
    """
    from scheduler.battery.seen import seen
    from scheduler.battery.site import BatteryError

    wall = context.moment.wall
    if wall and (just_read := seen(context.settings, wall.timestamp())):
        return just_read
    battery = _settings(context.settings)
    local = _gateway(battery, context.settings) if battery else None
    if local is not None:
        try:
            return local()
        except BatteryError:
            pass  # the cloud knows it, too
    return site_at(context).read()


def _settings(settings: SchedulerSettings) -> BatterySettings | None:
    from scheduler.battery.settings import BatterySettings
    from scheduler.cars.keys import battery_account

    battery = settings.section("battery", BatterySettings)
    if battery and battery.gateway and not settings.credentials.get(PASSWORD):
        raise SettingsError(
            [f"battery.gateway: needs a password. Write {PASSWORD}=... into credentials.env."]
        )
    if battery and battery_account(settings) == "fleet" and not _app(settings):
        raise SettingsError(
            ["battery.service: fleet needs your app's id: set client_id in [tesla] (see docs/cars.md)."]
        )
    return battery


def _gateway(battery: BatterySettings, settings: SchedulerSettings) -> Callable[[], Site] | None:
    from scheduler.battery.gateway import Gateway
    from scheduler.battery.tedapi import WifiGateway

    if not battery.gateway:
        return None
    road = WifiGateway if battery.gateway_login == "wifi" else Gateway
    return road(battery.gateway, settings.credentials.get(PASSWORD, "")).read


def _app(settings: SchedulerSettings) -> object:
    tesla = settings.tables.get("tesla")
    return tesla.get("client_id") if isinstance(tesla, dict) else None
