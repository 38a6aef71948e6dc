"""Honeywell's thermostat portal over real HTTP, as touchy as the real one.

A second sign-in within two minutes, or too many readings of one device, lock the account (`TooManyAttempts`).
Sessions end silently: then a page of HTML comes with status 200. `troubles` are answers that come instead of
the right ones for paths that contain the given word, `late` ones after it was done. Where `zone` is set, a
temporary hold ends by itself at its quarter hour, and the schedule follows whatever was before. Setpoints
are in degrees Fahrenheit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from typing import Any

from scheduler.wallclock import at, first_showing
from simulator.clouds.web import Answer, Request, WebPeer

LOGIN_PAGE = "<html><body><form action='/portal'>Log in</form></body></html>"
LOCKED = Answer("", 302, {"Location": "/portal/Error/TooManyAttempts"})
NAMES = {
    "CoolSetpoint": "cool",
    "CoolNextPeriod": "until_quarter",
    "HeatSetpoint": "heat",
    "HeatNextPeriod": "until_quarter",
    "StatusCool": "status",
}
BETWEEN_SIGN_INS_S = 120.0
BETWEEN_READS_S = 120.0


@dataclass
class Stat:
    """One thermostat."""

    name: str
    cool: float = 76.0
    heat: float = 66.0
    status: int = 0
    until_quarter: int = 64
    switch: int = 3
    scheduled: float = 76.0
    scheduled_heat: float = 66.0
    lower: float = 60.0
    upper: float = 90.0
    dead: bool = False
    deaf: bool = False  # answers success, and does nothing
    read_s: list[float] = field(default_factory=list)
    ends_s: float | None = None  # when a temporary hold ends


class HoneywellPortal:
    """One account with its thermostats. `now` tells seconds since 1970."""

    def __init__(self, now: Callable[[], float], **stats: Stat) -> None:
        self.now = now
        self.stats = {key.strip("_"): stat for key, stat in stats.items()}
        self.troubles: list[tuple[str, Answer]] = []
        self.late: list[tuple[str, Answer]] = []
        self.zone: tzinfo | None = None
        self.counts: Counter[str] = Counter()
        self.session = ""
        self.locked_until_s = 0.0
        self.password = "right"
        self._signed_in_s: float | None = None
        self.web = WebPeer(self._answer)

    def start(self) -> HoneywellPortal:
        """Listen."""
        self.web.start()
        return self

    def stop(self) -> None:
        """Close the port."""
        self.web.stop()

    def end_session(self) -> None:
        """The portal forgets who is signed in, and tells nobody."""
        self.session = ""

    def settle(self) -> None:
        """Holds that have run out give way to the schedule."""
        for stat in self.stats.values():
            if stat.status == 1 and stat.ends_s is not None and self.now() >= stat.ends_s:
                stat.status, stat.ends_s = 0, None
                stat.cool, stat.heat = stat.scheduled, stat.scheduled_heat

    def _answer(self, request: Request) -> Answer:
        self.settle()
        found = self._right(request)
        return next((answer for word, answer in self.late if word in request.path), found)

    def _right(self, request: Request) -> Answer:
        path = request.path.removeprefix("/portal")
        self.counts[f"{request.method} {path.rstrip('/0123456789')}"] += 1
        for word, answer in self.troubles:
            if word in request.path:
                return answer
        if path.startswith("/Error"):
            return Answer("<html>Too many attempts</html>")
        if self.now() < self.locked_until_s:
            return LOCKED
        inside = bool(self.session) and self.session in request.headers.get("Cookie", "")
        if path in ("", "/") and request.method == "POST":
            return self._sign_in(request)
        if not inside:
            return Answer(LOGIN_PAGE)
        if path.startswith("/Location"):
            return self._list(request)
        if path.startswith("/Device/CheckDataSession/"):
            return self._read(path.rpartition("/")[2])
        if path.startswith("/Device/Submit"):
            return self._write(request.form)
        return Answer("<html>Home</html>")

    def _sign_in(self, request: Request) -> Answer:
        self.counts["sign-in"] += 1
        last, self._signed_in_s = self._signed_in_s, self.now()
        if last is not None and self.now() - last < BETWEEN_SIGN_INS_S:
            self.locked_until_s = self.now() + 3600
            return LOCKED
        if request.form.get("Password") != self.password:
            return Answer(LOGIN_PAGE, 200, {"Set-Cookie": ".ASPXAUTH_TRUEHOME=; path=/"})
        self.session = f"s{self.now():.0f}"
        return Answer("<html>Home</html>", 200, {"Set-Cookie": f".ASPXAUTH_TRUEHOME={self.session}; path=/"})

    def _list(self, request: Request) -> Answer:
        if request.query.get("page") != "1":
            return Answer([])
        devices = [{"DeviceID": int(key), "Name": stat.name} for key, stat in self.stats.items()]
        return Answer([{"LocationID": 1100042, "Devices": devices}])

    def _read(self, device_id: str) -> Answer:
        stat = self.stats[device_id]
        stat.read_s = [at_s for at_s in stat.read_s if self.now() - at_s < BETWEEN_READS_S] + [self.now()]
        if len(stat.read_s) > 3:
            self.locked_until_s = self.now() + 3600
            return LOCKED
        ui: dict[str, Any] = {
            "DispTemperature": 78.0,
            "CoolSetpoint": stat.cool,
            "HeatSetpoint": stat.heat,
            "CoolLowerSetptLimit": stat.lower,
            "CoolUpperSetptLimit": stat.upper,
            "HeatLowerSetptLimit": 40.0,
            "HeatUpperSetptLimit": 85.0,
            "Deadband": 3.0,
            "StatusCool": stat.status,
            "StatusHeat": stat.status,
            "CoolNextPeriod": stat.until_quarter,
            "SystemSwitchPosition": stat.switch,
        }
        told = {"success": True, "deviceLive": not stat.dead, "communicationLost": stat.dead}
        return Answer(told | {"latestData": {"uiData": ui}})

    def _write(self, form: Any) -> Answer:
        stat = self.stats[str(form.get("DeviceID"))]
        if stat.dead:
            return Answer({"success": 0})
        if not stat.deaf:
            for key, name in NAMES.items():
                if form.get(key) is not None:
                    setattr(stat, name, form[key])
            stat.ends_s = self._end_of(stat.until_quarter) if stat.status == 1 else None
            if stat.status == 0:
                stat.cool, stat.heat = stat.scheduled, stat.scheduled_heat
        return Answer({"success": 1})

    def _end_of(self, quarter: int) -> float | None:
        """When the clock on the wall next shows this quarter hour after midnight."""
        if self.zone is None:
            return None
        today = at(self.now(), self.zone).date()
        ends = (first_showing(today + timedelta(days=step), 15 * quarter, self.zone) for step in (0, 1))
        return next(float(end_s) for end_s in ends if end_s > self.now())
