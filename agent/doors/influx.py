"""Line protocol over HTTP, as InfluxDB 1 and 2, VictoriaMetrics, QuestDB and Telegraf take it.

    sunward_house grid_w=-95,solar_w=6400,budget_amps=25.1 1780482602
    sunward_charger,charger=3201 offered_amps=25,drawn_amps=25,power_w=5825,state="charging" 1780482602
    sunward_event,kind=charging_started,severity=info sentence="..." 1780482602

Lines wait in memory while the database is away: 30,000 of them, about a day with two chargers. The same
line sent twice is one point.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping

import requests

from agent.doors.nouns import State
from agent.doors.outlet import Outlet, Surroundings, Trouble
from agent.doors.outlet_settings import InfluxSettings
from agent.doors.web.view import state_now
from agent.model import Event, Moment
from agent.parts import Outbox

MOST_LINES = 30_000
BATCH_LINES = 2000
TIMEOUTS_S = (5, 15)
UNREADABLE = (400, 413, 422)


class Influx(Outlet):
    """Adds the house's line every `every_s` and sends all that waits."""

    def __init__(self, settings: InfluxSettings, around: Surroundings) -> None:
        super().__init__("influx", around.tell)
        self._settings, self._rooms, self._secrets = settings, around.rooms, around.secrets
        self._events: Outbox[Event] = Outbox(500)
        self._lines: deque[str] = deque(maxlen=MOST_LINES)
        self._session: requests.Session | None = None
        self._next_line_mono_s = self._try_mono_s = 0.0
        around.listen(self._events.put)

    def step(self, moment: Moment) -> float:
        """Gather on time even while the database is away."""
        if moment.wall is not None and moment.mono_s >= self._next_line_mono_s:
            self._next_line_mono_s = moment.mono_s + self._settings.every_s
            self._lines += lines_of(state_now(self._rooms), int(moment.wall.timestamp()))
        self._lines += filter(None, map(event_line, self._events.drain()))
        if self.in_trouble and moment.mono_s < self._try_mono_s:
            return self._next_line_mono_s
        self._try_mono_s = super().step(moment)
        return max(min(self._try_mono_s, self._next_line_mono_s), moment.mono_s)

    def work(self, moment: Moment) -> float:
        """Send everything, oldest first."""
        while self._lines:
            batch = [self._lines[place] for place in range(min(BATCH_LINES, len(self._lines)))]
            self._send(batch)
            self._forget(len(batch))
        return moment.mono_s + self._settings.every_s

    def rest(self) -> None:
        """Hang up."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _forget(self, count: int) -> None:
        for _ in range(count):
            self._lines.popleft()

    def _send(self, batch: list[str]) -> None:
        url, asked, headers, login = self._request()
        try:
            answer = self._opened().post(
                url,
                params=asked,
                data="\n".join(batch).encode(),
                headers=headers,
                auth=login,
                timeout=TIMEOUTS_S,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            words = type(error).__name__
            raise Trouble(
                f"InfluxDB at {self._settings.url} does not answer ({words}). Lines wait."
            ) from None
        if answer.status_code in UNREADABLE:
            self._forget(len(batch))
        if answer.status_code >= 300:
            words = " ".join(answer.text[:200].split())
            raise Trouble(f"InfluxDB at {self._settings.url} refuses ({answer.status_code}): {words}")

    def _request(
        self,
    ) -> tuple[str, Mapping[str, str], Mapping[str, str], tuple[str, str] | None]:
        settings = self._settings
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        if settings.bucket:
            headers["Authorization"] = f"Token {self._secrets.get('INFLUX_TOKEN', '')}"
            asked = {"org": settings.org, "bucket": settings.bucket, "precision": "s"}
            return f"{settings.url}/api/v2/write", asked, headers, None
        login = (settings.user, self._secrets.get("INFLUX_PASSWORD", "")) if settings.user else None
        return f"{settings.url}/write", {"db": settings.database, "precision": "s"}, headers, login

    def _opened(self) -> requests.Session:
        if self._session is None:
            self._session = requests.Session()
            self._session.trust_env = False
        return self._session


def open_outlet(settings: InfluxSettings, around: Surroundings) -> Influx:
    """The outlet as settings describe it."""
    return Influx(settings, around)


def lines_of(state: State, at_s: int) -> Iterator[str]:
    """The house and each charger at one instant."""
    power = state.power
    house = {
        "grid_w": power.grid_w,
        "solar_w": power.solar_w,
        "battery_w": power.battery_w,
        "house_w": power.house_w,
        "chargers_w": power.chargers_w,
        "battery_soc_percent": state.battery_soc_percent,
        "budget_amps": state.budget_amps,
        "mode": state.mode,
    }
    yield line("sunward_house", {}, house, at_s)
    for one in state.chargers:
        fields = {
            "offered_amps": one.offered_amps,
            "drawn_amps": one.drawn_amps,
            "power_w": one.drawn_w,
            "energy_wh": one.energy_wh,
            "linked": one.linked,
            "state": one.state,
            "reason": one.reason,
        }
        fields |= {f"volts_l{phase}": volts for phase, volts in enumerate(one.volts_by_phase or (), 1)}
        yield line("sunward_charger", {"charger": one.id}, fields, at_s)


def event_line(event: Event) -> str:
    """What happened; empty while nobody knows when."""
    if event.at_wall is None:
        return ""
    tags = {"kind": event.kind, "severity": event.severity, "subject": event.subject}
    return line("sunward_event", tags, {"sentence": event.sentence}, int(event.at_wall.timestamp()))


def line(name: str, tags: Mapping[str, str], fields: Mapping[str, object], at_s: int) -> str:
    """One line. Fields that are None and tags that are empty are left out."""
    labels = "".join(f",{key}={_tag(value)}" for key, value in sorted(tags.items()) if value)
    values = ",".join(f"{key}={_field(value)}" for key, value in fields.items() if value is not None)
    return f"{name}{labels} {values} {at_s}"


def _tag(value: str) -> str:
    out = value.replace("\\", "/").replace("\n", " ")
    for sign in (",", "=", " "):
        out = out.replace(sign, f"\\{sign}")
    return out


def _field(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(float(value))
    words = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{words}"'
