"""The Powerwall through Tesla's cloud: the same paths on the Owner and on the Fleet API.

    GET  /api/1/energy_sites/SITE/site_info      default_real_mode, backup_reserve_percent, components
    GET  /api/1/energy_sites/SITE/live_status    percentage_charged, grid_power, storm_mode_active ...
    POST /api/1/energy_sites/SITE/operation      {"default_real_mode": "backup"}
    POST /api/1/energy_sites/SITE/backup         {"backup_reserve_percent": 100}
    POST /api/1/energy_sites/SITE/grid_import_export

A write is answered at once and shows in site_info about ten seconds later. A write that times out may have
happened all the same: it is never repeated blindly, only after reading back. The battery's power is positive
when it discharges, the grid's when it is drawn from. Each call is counted with those of the cars: they
are one account's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from scheduler.battery.policy import Site
from scheduler.battery.site import BatteryError, Gate, Key
from scheduler.cars.model import CallClass

TIMEOUTS_S = (5.0, 20.0)
ON_GRID = ("on_grid", "island_status_unknown", None)
FINE = (200, 201, 202, 204)
NOT_NOW_S = 120.0


class Cloud:
    """One energy site. `now_s` is seconds since 1970; `billed`: its calls cost money."""

    def __init__(self, base: str, site: str, key: Key, gate: Gate, now_s: float, *, billed: bool) -> None:
        self._base = f"{base}/api/1/energy_sites/{site}"
        self._site = site
        self._key = key
        self._gate = gate
        self._billed = billed
        self._now_s = now_s
        self._session = requests.Session()
        self._session.trust_env = False

    def read(self) -> Site:
        """Two calls. Raises BatteryError."""
        live, info = self._ask("GET", "live_status"), self._ask("GET", "site_info")
        self._gate.fine()
        parts = _table(info.get("components"))
        no_grid_charging = parts.get("disallow_charge_from_grid_with_solar_installed")
        return Site(
            mode=_text(info.get("default_real_mode")),
            reserve_percent=_number(info.get("backup_reserve_percent")),
            grid_charging=not no_grid_charging,
            export=_text(parts.get("customer_preferred_export_rule")),
            charge_percent=_number(live.get("percentage_charged")),
            battery_watts=_number(live.get("battery_power")),
            grid_watts=_number(live.get("grid_power")),
            house_watts=_number(live.get("load_power")),
            solar_watts=_number(live.get("solar_power")),
            storm=live.get("storm_mode_active") is True,
            grid_service=live.get("grid_services_active") is True,
            off_grid=live.get("island_status") not in ON_GRID or live.get("grid_status") == "Inactive",
        )

    def change(self, key: str, value: object) -> None:
        """One call. Raises BatteryError."""
        if key == "mode":
            self._ask("POST", "operation", {"default_real_mode": value})
        elif key == "reserve":
            self._ask("POST", "backup", {"backup_reserve_percent": value})
        elif key == "grid_charging":
            body = {"disallow_charge_from_grid_with_solar_installed": not value}
            self._ask("POST", "grid_import_export", body)
        else:
            self._ask("POST", "grid_import_export", {"customer_preferred_export_rule": value})

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        token = self._key.access(self._now_s)
        answer = self._send(method, path, body, token)
        if answer.status_code == 401:
            answer = self._send(method, path, body, self._key.refused(token, self._now_s))
        if answer.status_code not in FINE:
            failure = _failure(answer)
            if answer.status_code == 429 or "EXCEEDED_LIMIT" in answer.text[:2000]:
                self._gate.pause(failure.rest_s)
            raise failure
        if method == "POST":
            return {}
        try:
            found = answer.json()
        except requests.JSONDecodeError:
            found = None
        response = found.get("response") if isinstance(found, dict) else None
        if not isinstance(response, dict):
            raise BatteryError("Tesla answers something else than the battery's state.")
        return response

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None, token: str) -> requests.Response:
        kind: CallClass = "energy" if method == "GET" else "energy_command"
        if why := self._gate.take(kind, self._site, priced=self._billed):
            raise BatteryError(f"The Powerwall is not asked: {why}.", NOT_NOW_S)
        try:
            return self._session.request(
                method,
                f"{self._base}/{path}",
                json=body,
                headers={"Authorization": f"Bearer {token}"},
                timeout=TIMEOUTS_S,
                allow_redirects=False,
            )
        except requests.Timeout:
            raise BatteryError("Tesla's cloud does not answer in time.") from None
        except (requests.RequestException, ValueError):
            raise BatteryError("Tesla's cloud can't be reached.") from None


def _failure(answer: requests.Response) -> BatteryError:
    status, text = answer.status_code, answer.text[:2000]
    if status == 401:
        return BatteryError("Tesla refuses the sign-in. Type: ./sunward scheduler login", 3600.0)
    if status == 403 and "EXCEEDED_LIMIT" in text:
        return BatteryError("Tesla's limit of calls is used up.", 3600.0)
    if status == 403:
        return BatteryError("Tesla forbids it (HTTP 403): the sign-in lacks the energy scopes.", 3600.0)
    if status == 421:
        return BatteryError("The account is of another region: set region in [battery] or [tesla].", 3600.0)
    if status == 404:
        return BatteryError("Tesla knows no such energy site: see battery.site.", 3600.0)
    if status == 429:
        rest = answer.headers.get("Retry-After", "")
        return BatteryError("Tesla asks for patience (HTTP 429).", max(60.0, _seconds(rest)))
    return BatteryError(f"Tesla's cloud answers HTTP {status}.")


def _seconds(text: str) -> float:
    return min(float(text), 6 * 3600.0) if text.isdecimal() else 60.0


def _table(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}


def _text(found: Any) -> str | None:
    return found if isinstance(found, str) and found else None


def _number(found: Any) -> float | None:
    fine = isinstance(found, int | float) and not isinstance(found, bool) and -1e7 < found < 1e7
    return float(found) if fine else None
