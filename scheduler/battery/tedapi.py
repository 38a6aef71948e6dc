"""A Powerwall 3 in the house, or any gateway over its own Wi-Fi, by pypowerwall (the extra `powerwall`).

A Powerwall 3 has no customer's login like the older gateways. What it has is TEDAPI, the road of Tesla's own
commissioning app: protobuf messages over HTTPS at 192.168.91.1, with the whole gateway password of its label,
and only within the Wi-Fi that the unit itself spans (firmware of 2025 shut it elsewhere). pypowerwall
follows that format from one firmware to the next, which we won't do; it is imported here and nowhere else.
It only reads: writing needs a key registered with Tesla, so mode and reserve are changed through the cloud.

pypowerwall answers None where something failed, and logs why. It switches urllib3's warnings about unchecked
certificates off for the whole process. Percentages are raw, as those of older gateways.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from scheduler.battery.gateway import app_percent, number
from scheduler.battery.policy import Site
from scheduler.battery.site import BatteryError

TIMEOUT_S = 10
CACHE_S = 5
REST_S = 900.0
CONNECTED = "ISLAND_GridConnected_Connected"
MISSING = (
    "A Powerwall's own Wi-Fi needs the package pypowerwall. Type: ./sunward python -m pip install pypowerwall"
)


class WifiGateway:
    """Stays connected between readings. `url` like https://192.168.91.1; `password` is the whole one."""

    def __init__(self, url: str, password: str) -> None:
        parts = urlsplit(url)
        self._host = parts.netloc
        self._password = password
        self._client: Any = None

    def read(self) -> Site:
        """Two messages, and the handshake the first time. Raises BatteryError."""
        client = self._client or _open(self._host, self._password)
        try:
            status, config = client.get_status(), client.get_config()
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            status = config = None
        if not status or not config:
            self._client = None
            raise BatteryError(f"The Powerwall's gateway at {self._host} tells nothing over its Wi-Fi.", 60.0)
        self._client = client
        return site_of(status, config)


def site_of(status: Mapping[str, Any], config: Mapping[str, Any]) -> Site:
    """What its two tables say."""
    control, info = _table(status, "control"), _table(config, "site_info")
    pack = _table(control, "systemStatus")
    left_wh, full_wh = (number(pack.get(f"nominal{one}Wh")) for one in ("EnergyRemaining", "FullPackEnergy"))
    watts = {
        str(one.get("location")).upper(): number(one.get("realPowerW"))
        for one in control.get("meterAggregates") or []
        if isinstance(one, dict)
    }
    mode = config.get("default_real_mode")
    return Site(
        mode=mode if isinstance(mode, str) and mode else None,
        reserve_percent=app_percent(info.get("backup_reserve_percent")),
        charge_percent=app_percent(100 * left_wh / full_wh) if full_wh and left_wh is not None else None,
        battery_watts=watts.get("BATTERY"),
        grid_watts=watts.get("SITE"),
        house_watts=watts.get("LOAD"),
        solar_watts=watts.get("SOLAR"),
        off_grid=_is_off_grid(status),
    )


def _is_off_grid(status: Mapping[str, Any]) -> bool:
    """Only what it says counts: a table without a word about the grid is no outage."""
    active = _table(_table(status, "control"), "alerts").get("active")
    if isinstance(active, list) and "SystemConnectedToGrid" in active:
        return False
    bus = _table(_table(status, "esCan"), "bus")
    said = _table(_table(bus, "ISLANDER"), "ISLAND_GridConnection").get("ISLAND_GridConnected")
    return bool(said) and said != CONNECTED


def _open(host: str, password: str) -> Any:
    try:
        from pypowerwall.tedapi import TEDAPI
    except ImportError:
        raise BatteryError(MISSING, 3600.0) from None
    try:
        client = TEDAPI(
            password,
            host=host,
            timeout=TIMEOUT_S,
            pwcacheexpire=CACHE_S,
            pwconfigexpire=CACHE_S,
            poolmaxsize=0,  # else it tries five times in half a minute; the next look is our next try
        )
    except (OSError, ValueError):
        client = None
    if client is None or not client.din:
        raise BatteryError(
            f"The Powerwall's gateway at {host} can't be reached, or refuses GATEWAY_PASSWORD: "
            "it must be the whole one on its label, and this computer in its Wi-Fi.",
            REST_S,
        )
    return client


def _table(found: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    inner = found.get(key)
    return inner if isinstance(inner, dict) else {}
