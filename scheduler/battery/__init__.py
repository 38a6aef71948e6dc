"""The house battery: mode and reserve by peak and off-peak, read back, told; and a report after each peak."""

from __future__ import annotations

from notify.settings import SettingsError
from scheduler.jobs import Context, Job
from scheduler.settings import SchedulerSettings

TOKEN = "TESLA_ACCESS_TOKEN"
PASSWORD = "GATEWAY_PASSWORD"


def jobs(settings: SchedulerSettings) -> list[Job]:
    """The jobs of [battery]. Raises SettingsError."""
    from scheduler.battery import cloud, gateway
    from scheduler.battery.keeper import Keeper
    from scheduler.battery.settings import BatterySettings
    from scheduler.battery.site import EnergySite, FixedKey

    battery = settings.section("battery", BatterySettings)
    if battery is None:
        return []
    password = settings.credentials.get(PASSWORD, "")
    if battery.gateway and not password:
        raise SettingsError(
            [f"battery.gateway: needs a password. Write {PASSWORD}=... into credentials.env."]
        )
    key = FixedKey(settings.credentials.get(TOKEN, ""))
    base = battery.address or (cloud.OWNER if battery.service == "owner" else cloud.FLEET[battery.region])

    def site_at(context: Context) -> EnergySite:
        wall = context.moment.wall
        return cloud.Cloud(base, battery.site, key, wall.timestamp() if wall else 0.0)

    local = gateway.Gateway(battery.gateway, password).read if battery.gateway else None
    return Keeper(battery, site_at, local).jobs()
