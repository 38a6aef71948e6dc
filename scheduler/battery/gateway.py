"""A Powerwall 2's gateway on the local network: reading only, so that the cloud is asked less.

    POST /api/login/Basic        {"username": "customer", "password": ..., "email": ...}
    GET  /api/meters/aggregates  watts: site (import +), battery (discharge +), load, solar
    GET  /api/system_status/soe  raw per cent: the app's scale is (raw - 5) / 0.95
    GET  /api/system_status/grid_status
    GET  /api/operation          real_mode, backup_reserve_percent (raw, too)

Its certificate is its own, so it can't be checked; use it in your own network only. Writing needs an
installer's sign-in, so mode and reserve are changed through the cloud.
"""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any
from urllib.parse import urlsplit

from scheduler.battery.policy import Site
from scheduler.battery.site import BatteryError

TIMEOUT_S = 10.0
MOST_BYTES = 500_000
EMAIL = "sunward@localhost"


class Gateway:
    """Signs in once for each reading round. `url` like https://192.168.1.50."""

    def __init__(self, url: str, password: str) -> None:
        self._parts = urlsplit(url)
        self._password = password
        self._token = ""

    def read(self) -> Site:
        """Five calls. Raises BatteryError."""
        body = {
            "username": "customer",
            "password": self._password,
            "email": EMAIL,
            "force_sm_off": False,
        }
        self._token = str(self._ask("POST", "/api/login/Basic", body).get("token") or "")
        if not self._token:
            raise BatteryError("The Powerwall's gateway gives no token: see GATEWAY_PASSWORD.", 900.0)
        meters = self._ask("GET", "/api/meters/aggregates")
        charge = self._ask("GET", "/api/system_status/soe").get("percentage")
        grid = self._ask("GET", "/api/system_status/grid_status")
        operation = self._ask("GET", "/api/operation")
        return Site(
            mode=str(operation["real_mode"]) if operation.get("real_mode") else None,
            reserve_percent=app_percent(operation.get("backup_reserve_percent")),
            charge_percent=app_percent(charge),
            battery_watts=_watts(meters, "battery"),
            grid_watts=_watts(meters, "site"),
            house_watts=_watts(meters, "load"),
            solar_watts=_watts(meters, "solar"),
            grid_service=grid.get("grid_services_active") is True,
            off_grid=grid.get("grid_status") not in ("SystemGridConnected", None),
        )

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        host, port = self._parts.hostname or "", self._parts.port
        connection: http.client.HTTPConnection
        if self._parts.scheme == "https":
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Cookie"] = f"AuthCookie={self._token}"
        try:
            connection.request(method, path, json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            text = answer.read(MOST_BYTES).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException):
            raise BatteryError(f"The Powerwall's gateway at {host} can't be reached.") from None
        finally:
            connection.close()
        if answer.status in (401, 403):
            raise BatteryError("The Powerwall's gateway refuses the password: see GATEWAY_PASSWORD.", 900.0)
        try:
            found = json.loads(text) if answer.status == 200 else None
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise BatteryError(f"The Powerwall's gateway answers HTTP {answer.status} to {path}.", 60.0)
        return found


def app_percent(raw: Any) -> float | None:
    """Raw per cent as the app shows them; None where it is none."""
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not 0 <= raw <= 110:
        return None
    return min(100.0, max(0.0, round((raw - 5) / 0.95, 1)))


def _watts(meters: dict[str, Any], name: str) -> float | None:
    one = meters.get(name)
    found = one.get("instant_power") if isinstance(one, dict) else None
    return number(found)


def number(found: Any) -> float | None:
    """A plausible number, or None."""
    fine = isinstance(found, int | float) and not isinstance(found, bool) and -1e7 < found < 1e7
    return float(found) if fine else None
