"""Tesla's Fleet API: the official road, paid by call.

    GET  /api/1/vehicles/{vin}                                       free, tells online or asleep, never wakes
    GET  /api/1/vehicles/{vin}/vehicle_data?endpoints=charge_state;charge_schedule_data      a "data" call
    POST /api/1/vehicles/{vin}/wake_up                               a "wake"
    POST /api/1/vehicles/{vin}/command/charge_start ...              a "command"; signed for most cars, so it
                                                                     goes through fleet-proxy:// (see there)

Three regions, each with its own address. An account of another one is answered with 421 and the right
address: it is followed once, to an address of Tesla's only, and remembered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from scheduler.cars.answers import TokenRefused
from scheduler.cars.links.tools import Tools, ask, content, fleet_base
from scheduler.cars.meaning import charge_reading
from scheduler.cars.model import ChargeReading, Command, ElsewhereError, NotNow, Refused, Values
from scheduler.cars.settings import LOOPBACK, Line

ENDPOINTS = "charge_state;charge_schedule_data"
TESLAS = (".tesla.com", ".tesla.cn")
PATHS: Mapping[str, str] = {
    "start": "charge_start",
    "stop": "charge_stop",
    "set_amps": "set_charging_amps",
    "set_limit": "set_charge_limit",
}
VALUES: Mapping[str, str] = {"set_amps": "charging_amps", "set_limit": "percent"}


class FleetLink:
    """One car account at the Fleet API."""

    scheme = "fleet"
    billed = True
    priced = True
    can = frozenset({"read", "presence", "wake", *PATHS})

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._tokens = tools.tokens("fleet")

    def awake(self, vin: str) -> bool:
        """Whether it is online; "offline" is how some firmwares sleep."""
        found = self.call("GET", f"/api/1/vehicles/{vin}")
        return isinstance(found, dict) and found.get("state") not in ("asleep", "offline", None)

    def read(self, vin: str) -> ChargeReading:
        """Charge, limit, state and the app's schedules."""
        found = self.call("GET", f"/api/1/vehicles/{vin}/vehicle_data", query={"endpoints": ENDPOINTS})
        return charge_reading(table(found), self.scheme, self._tools.wall)

    def send(self, vin: str, command: Command) -> None:
        """Tell it something."""
        self.call("POST", command_path(vin, command), body=command_body(command))

    def wake(self, vin: str) -> None:
        """Begin to wake it."""
        self.call("POST", f"/api/1/vehicles/{vin}/wake_up")

    @property
    def base(self) -> str:
        """Where the account's calls go."""
        return str(self._tools.kept.get("fleet_base") or fleet_base(self._tools.settings))

    def call(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Any = None,
        base: str = "", verify: str | bool = True,
    ) -> Any:  # fmt: skip
        """One call with a good token; a token or a region that isn't right is put right once."""
        now_s = self._tools.now_s
        token = self._tokens.access(now_s)

        def once(token: str) -> Any:
            answer = ask(
                method, (base or self.base) + path, token=token, query=query, body=body, verify=verify
            )
            return content(answer, command=method == "POST")

        try:
            found = once(token)
        except TokenRefused:
            token = self._tokens.refused(token, now_s)
            found = self._again(once, token)
        except ElsewhereError as error:
            self._move(error.url)
            found = self._again(once, token)
        self._tokens.worked(token)
        return found

    def _again(self, once: Any, token: str) -> Any:
        try:
            return once(token)
        except (TokenRefused, ElsewhereError) as error:
            raise NotNow(f"{error} Asked again, Tesla said the same.", 3600.0, everything=True) from None

    def _move(self, url: str) -> None:
        host = urlsplit(url).hostname or ""
        if not (host.endswith(TESLAS) and url.startswith("https://")) and host not in LOOPBACK:
            raise Refused(f"Tesla points to {host}, which is not Tesla's: not followed.", "region")
        self._tools.kept["fleet_base"] = url


def table(found: Any) -> Values:
    """An answer that must be a table. Raises NotNow."""
    if not isinstance(found, dict):
        raise NotNow("The car's cloud answered without any content.")
    return found


def command_path(vin: str, command: Command) -> str:
    """Where a command goes."""
    return f"/api/1/vehicles/{vin}/command/{PATHS[command.action]}"


def command_body(command: Command) -> dict[str, int]:
    """What goes with it."""
    name = VALUES.get(command.action)
    return {name: command.value} if name and command.value is not None else {}


def open_link(line: Line, tools: Tools) -> FleetLink:
    """`fleet://`"""
    return FleetLink(tools)
