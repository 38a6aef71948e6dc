"""A car over Bluetooth, through TeslaBleHttpProxy on a small computer near it: no cloud, no bill.

    ble://192.168.0.40:8080

It speaks a dialect of the Fleet API and holds the key that the car knows. Commands wake the car by
themselves, and are waited for (`?wait=true`), or only a receipt would come back. A failure is HTTP 503.
`body_controller_state` tells whether the car sleeps without waking it; reading its charge keeps it awake.
"""

from __future__ import annotations

import json
import re
from typing import Any

from scheduler.cars.answers import AS_GOOD_AS_DONE
from scheduler.cars.links.fleet import command_body, command_path
from scheduler.cars.links.tools import Tools, ask
from scheduler.cars.meaning import charge_reading
from scheduler.cars.model import Asleep, CarSaysNo, ChargeReading, Command, NotNow, Unsure, Values
from scheduler.cars.settings import Line

USUAL_PORT = 8080
_CARS_WORD = re.compile(r"[a-z_]+")  # the car's own reasons are words like "disconnected"
ASLEEP = "VEHICLE_SLEEP_STATUS_ASLEEP"


class BleLink:
    """One Bluetooth proxy."""

    scheme = "ble"
    billed = False
    priced = False
    can = frozenset({"read", "presence", "wake", "start", "stop", "set_amps", "set_limit"})

    def __init__(self, line: Line, tools: Tools) -> None:
        self._tools = tools
        self._base = f"http://{line.host}:{line.port or USUAL_PORT}"

    def awake(self, vin: str) -> bool:
        """Whether it is awake and near."""
        found = self._get(vin, "body_controller_state", {})
        return found.get("vehicleSleepStatus") != ASLEEP

    def read(self, vin: str) -> ChargeReading:
        """Charge, limit and state. The app's newer schedules can't be read this way."""
        found = self._get(vin, "vehicle_data", {"endpoints": "charge_state"})
        return charge_reading(found, self.scheme, self._tools.wall)

    def send(self, vin: str, command: Command) -> None:
        """Tell it something; it wakes up for it."""
        self._post(command_path(vin, command), command_body(command))

    def wake(self, vin: str) -> None:
        """Wake it."""
        self._post(f"/api/1/vehicles/{vin}/command/wake_up", {})

    def _get(self, vin: str, what: str, query: dict[str, str]) -> Values:
        status, _, text = ask("GET", f"{self._base}/api/1/vehicles/{vin}/{what}", query=query)
        found = _json(text)
        says = _reason(found)
        if status in (408, 503) and ("asleep" in says or "sleep" in says):
            raise Asleep("The car sleeps.")
        if status != 200 or not isinstance(found, dict):
            raise NotNow(
                f"The Bluetooth proxy could not read the car (HTTP {status}{f': {says}' if says else ''})."
            )
        return _innermost(found)

    def _post(self, path: str, body: dict[str, int]) -> None:
        status, _, text = ask("POST", self._base + path, query={"wait": "true"}, body=body)
        found = _json(text)
        says = _reason(found)
        if status == 200 and isinstance(found, dict) and _outer(found).get("result") is True:
            return
        if any(word in says for word in AS_GOOD_AS_DONE):
            return
        if status == 503 and _CARS_WORD.fullmatch(says):
            raise CarSaysNo(f"The car refused it: {says}.", says)
        raise Unsure(
            f"The Bluetooth proxy could not tell the car (HTTP {status}{f': {says}' if says else ''})."
        )


def _outer(found: Values) -> Values:
    inner = found.get("response")
    return inner if isinstance(inner, dict) else {}


def _innermost(found: Values) -> Values:
    """The content, however deep it is wrapped in `response`."""
    while isinstance(found.get("response"), dict):
        found = found["response"]
    return found


def _reason(found: Any) -> str:
    if not isinstance(found, dict):
        return ""
    return str(_outer(found).get("reason") or found.get("error") or "").strip().rstrip(".")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def open_link(line: Line, tools: Tools) -> BleLink:
    """`ble://HOST:PORT`"""
    return BleLink(line, tools)
