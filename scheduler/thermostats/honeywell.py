"""Honeywell Total Connect Comfort (North America): the portal that its own web page uses.

    GET  /portal                                        cookies
    POST /portal      UserName, Password, RememberMe, timeOffset     cookie .ASPXAUTH_TRUEHOME
    GET  /portal                                        lands on /portal/<location>/... when signed in
    POST /portal/Location/GetLocationListData/?page=N&filter=        locations and their devices
    GET  /portal/Device/CheckDataSession/<id>           one thermostat
    POST /portal/Device/SubmitControlScreenChanges      a change; null leaves a value as it is

Every call has the header X-Requested-With: XMLHttpRequest. The portal is touchy: a sign-in every two
minutes or a thermostat read twice a minute lock the account for hours, for its owner's phone too. So the
session is kept on disk and used until it dies, nobody signs in twice within ten minutes, and "too many
attempts" rests the whole account. A dead session shows as 401, 403, or a page of HTML where JSON should be.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from datetime import datetime
from typing import Any

import requests

from scheduler.thermostats.policy import Device, Hold, LockedOut, SystemMode, ThermostatError, quarters
from scheduler.thermostats.settings import Aim

ADDRESS = "https://www.mytotalconnectcomfort.com"
COOKIE = ".ASPXAUTH_TRUEHOME"
TIMEOUTS_S = (5.0, 20.0)
BETWEEN_SIGN_INS_S = 600.0
LOCKED_S = 3600.0
MOST_PAGES = 4
MODES: dict[int, SystemMode] = {
    0: "emergency heat",
    1: "heat",
    2: "off",
    3: "cool",
    4: "auto",
    5: "auto",
}
KEYS: dict[Aim, str] = {"cool": "Cool", "heat": "Heat"}
HOLDS: dict[int, Hold] = {0: "schedule", 1: "temporary", 2: "permanent"}


class Honeywell:
    """One account. `kept` is a table that outlives the process: cookies and the time of the last sign-in."""

    def __init__(
        self,
        address: str,
        user: str,
        password: str,
        now_s: float,
        kept: MutableMapping[str, Any],
    ) -> None:
        self._base = f"{address or ADDRESS}/portal"
        self._user, self._password = user, password
        self._now_s = now_s
        self._kept = kept
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["X-Requested-With"] = "XMLHttpRequest"
        cookies = kept.get("cookies")
        for name, value in (cookies if isinstance(cookies, dict) else {}).items():
            self._session.cookies.set(name, str(value))

    def names(self) -> dict[str, str]:
        """Every thermostat of the account. Raises ThermostatError."""
        found: dict[str, str] = {}
        for page in range(1, MOST_PAGES + 1):
            query = {"page": str(page), "filter": ""}
            locations = self._ask("POST", "/Location/GetLocationListData/", query=query)
            if not isinstance(locations, list) or not locations:
                break
            for location in locations:
                devices = location.get("Devices") if isinstance(location, dict) else None
                for device in devices if isinstance(devices, list) else []:
                    if not isinstance(device, dict):
                        raise ThermostatError("Honeywell's portal lists something that is no thermostat.")
                    found[str(device.get("DeviceID"))] = str(device.get("Name", ""))
        return found

    def read(self, device_id: str, name: str) -> Device:
        """One thermostat. Raises ThermostatError, also when the portal has lost touch with it."""
        query = {"_": f"{self._now_s * 1000:.0f}"}
        found = self._ask("GET", f"/Device/CheckDataSession/{device_id}", query=query)
        if not isinstance(found, dict) or found.get("success") is not True:
            raise ThermostatError(f"{name} could not be read.")
        if found.get("deviceLive") is False or found.get("communicationLost") is True:
            raise ThermostatError(f"{name} is out of the portal's reach.")
        data = found.get("latestData")
        ui = data.get("uiData") if isinstance(data, dict) else None
        if not isinstance(ui, dict):
            raise ThermostatError(f"{name} tells nothing.")
        try:
            return Device(
                device_id,
                name,
                MODES[int(ui["SystemSwitchPosition"])],
                HOLDS[int(ui["StatusCool"])],
                float(ui["CoolSetpoint"]),
                float(ui["HeatSetpoint"]),
                float(ui["CoolLowerSetptLimit"]),
                float(ui["CoolUpperSetptLimit"]),
                float(ui["HeatLowerSetptLimit"]),
                float(ui["HeatUpperSetptLimit"]),
                float(ui.get("Deadband") or 0.0),
            )
        except (KeyError, TypeError, ValueError):
            raise ThermostatError(f"{name} tells something that is not understood.") from None

    def hold(self, device_id: str, aim: Aim, degrees: float, until: datetime) -> None:
        """A temporary hold; it ends at the quarter hour at or after `until`."""
        values: dict[str, object] = {
            f"{KEYS[aim]}Setpoint": degrees,
            f"{KEYS[aim]}NextPeriod": quarters(until),
        }
        self._change(device_id, **values, StatusCool=1, StatusHeat=1)

    def keep(self, device_id: str, aim: Aim, degrees: float) -> None:
        """A permanent hold."""
        values: dict[str, object] = {f"{KEYS[aim]}Setpoint": degrees}
        self._change(device_id, **values, StatusCool=2, StatusHeat=2)

    def release(self, device_id: str) -> None:
        """Back to the schedule."""
        self._change(device_id, StatusCool=0, StatusHeat=0)

    def _change(self, device_id: str, **values: object) -> None:
        body: dict[str, object] = dict.fromkeys(
            ("SystemSwitch", "HeatSetpoint", "CoolSetpoint", "HeatNextPeriod", "CoolNextPeriod", "FanMode")
        )
        body |= {"DeviceID": int(device_id), **values}
        found = self._ask("POST", "/Device/SubmitControlScreenChanges", body=body)
        if not isinstance(found, dict) or found.get("success") != 1:
            raise ThermostatError("The portal did not take the change.")

    # --- the session -------------------------------------------------------------------------------

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Any:
        """One call's JSON; a session that died is signed in again, once."""
        if not self._session.cookies.get(COOKIE):
            self._sign_in()
        found = self._try(method, path, query, body)
        if found is None:
            self._sign_in()
            found = self._try(method, path, query, body)
        if found is None:
            raise ThermostatError("Honeywell's portal ends the session at once.")
        return found

    def _try(
        self, method: str, path: str, query: Mapping[str, str] | None, body: Mapping[str, object] | None
    ) -> Any:
        """JSON, or None when the session is dead."""
        answer = self._send(method, path, params=query, json=body)
        if answer.status_code in (401, 403):
            return None
        if answer.status_code != 200:
            raise ThermostatError(f"Honeywell's portal answers HTTP {answer.status_code}.")
        try:
            return answer.json()
        except requests.JSONDecodeError:
            return None

    def _sign_in(self) -> None:
        """Raises LockedOut or ThermostatError. Not twice within ten minutes, whatever happens."""
        last = self._kept.get("signed_in")
        since_s = self._now_s - float(last) if isinstance(last, int | float) else BETWEEN_SIGN_INS_S
        if 0 <= since_s < BETWEEN_SIGN_INS_S:
            rest_s = BETWEEN_SIGN_INS_S - since_s
            raise LockedOut("Honeywell's portal wants a sign-in again so soon; that waits.", rest_s)
        self._session.cookies.clear()
        self._kept["cookies"] = {}
        self._send("GET", "", alive=True)
        self._kept["signed_in"] = self._now_s
        form = {"UserName": self._user, "Password": self._password}
        form |= {"RememberMe": "false", "timeOffset": "480"}
        self._send("POST", "", alive=True, data=form)
        landed = self._send("GET", "", alive=True)
        if "TooManyAttempts" in landed.url:
            raise LockedOut("Honeywell has locked the account: too many attempts.", LOCKED_S)
        if "/Error" in landed.url:
            raise ThermostatError("Honeywell's portal is out of order.")
        if landed.status_code == 401 or not self._session.cookies.get(COOKIE):
            raise LockedOut(
                "Honeywell refuses the sign-in: see HONEYWELL_USER and HONEYWELL_PASSWORD.",
                LOCKED_S,
            )
        self._kept["cookies"] = {cookie.name: cookie.value for cookie in self._session.cookies}

    def _send(self, method: str, path: str, *, alive: bool = False, **more: Any) -> requests.Response:
        """One request. `alive`: a portal that is out of order must not pass for one that refuses us."""
        try:
            answer = self._session.request(method, self._base + path, timeout=TIMEOUTS_S, **more)
        except requests.Timeout:
            raise ThermostatError("Honeywell's portal does not answer in time.") from None
        except (requests.RequestException, ValueError):
            raise ThermostatError("Honeywell's portal can't be reached.") from None
        if "TooManyAttempts" in answer.url:
            raise LockedOut("Honeywell has locked the account: too many attempts.", LOCKED_S)
        if alive and answer.status_code >= 500:
            raise ThermostatError(f"Honeywell's portal answers HTTP {answer.status_code}.")
        return answer
