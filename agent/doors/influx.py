"""Line protocol over HTTP, as InfluxDB 1 and 2, VictoriaMetrics, QuestDB and Telegraf take it.

    sunward_house grid_w=-95,solar_w=6400,budget_amps=25.1 1780482602
    sunward_charger,charger=3201 offered_amps=25,drawn_amps=25,power_w=5825,state="charging" 1780482602
    sunward_event,kind=charging_started,severity=info sentence="..." 1780482602

Lines wait in memory while the database is away: 30,000 of them, about a day with two chargers. What memory
has lost, by a restart, a power cut or a longer outage, comes from the history: a line for each minute of
the gap with its means, and what happened. The same line sent twice is one point.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Mapping
from datetime import datetime

import requests

from agent.boosts import Refused
from agent.doors.backlog import Mark, at_utc, events_between
from agent.doors.nouns import State
from agent.doors.outlet import Outlet, Surroundings, Trouble
from agent.doors.outlet_settings import InfluxSettings
from agent.doors.rooms import Row
from agent.doors.web.view import state_now
from agent.model import Event, Moment
from agent.parts import Outbox

log = logging.getLogger(__name__)

MOST_LINES = 30_000
BATCH_LINES = 2000
KEEP_MARK_EVERY_S = 300.0  # spares a memory card: so many seconds may be told twice after a power cut
LEAST_GAP_S = 180
LONGEST_GAP_S = 31 * 86400
CHUNK_S = 6 * 3600
BREATH_S = 0.1
TIMEOUTS_S = (5, 15)
UNREADABLE = (400, 413, 422)


class Unreadable(Trouble):
    """The database will never take these lines."""


class Influx(Outlet):
    """Adds the house's line every `every_s` and sends all that waits."""

    def __init__(self, settings: InfluxSettings, around: Surroundings) -> None:
        super().__init__("influx", around.tell)
        self._settings, self._rooms, self._secrets = settings, around.rooms, around.secrets
        self._events: Outbox[Event] = Outbox(500)
        self._lines: deque[str] = deque(maxlen=MOST_LINES)
        self._session: requests.Session | None = None
        self._mark = Mark(around.rooms.kept, f"influx {settings.url} {settings.bucket}{settings.database}")
        self._mark_mono_s = 0.0
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
        """Send a stretch of what memory lost, or everything that waits, oldest first."""
        if self._fill():
            return moment.mono_s + BREATH_S
        while self._lines:
            batch = [self._lines[place] for place in range(min(BATCH_LINES, len(self._lines)))]
            try:
                self._send(batch)
            except Unreadable:
                self._forget(len(batch))
                raise
            self._forget(len(batch))
            self._mark.reached(max(map(_time_of, batch)))
        if moment.mono_s >= self._mark_mono_s:
            self._mark_mono_s = moment.mono_s + KEEP_MARK_EVERY_S
            self._mark.keep()
        return moment.mono_s + self._settings.every_s

    def _fill(self) -> bool:
        """Send one stretch of the gap before the oldest line that waits; whether there was one."""
        first_s = _time_of(self._lines[0]) if self._lines else None
        if first_s is None or self._mark.at_s is None:
            return False
        if first_s - self._mark.at_s <= max(LEAST_GAP_S, 2 * self._settings.every_s):
            return False
        start_s = max(self._mark.at_s, first_s - LONGEST_GAP_S)
        end_s = min(start_s + CHUNK_S, first_s)
        history = self._rooms.history
        try:
            rows = history.history(at_utc(start_s), at_utc(end_s), 60)
            lines = [one for row in rows for one in minute_lines(row) if _time_of(one) >= start_s]
            lines += map(event_line, events_between(history, start_s, end_s))
        except Refused as refused:
            log.warning("What InfluxDB missed can't be looked up: %s", refused.sentence)
            lines = []
        try:
            for place in range(0, len(lines), BATCH_LINES):
                self._send(lines[place : place + BATCH_LINES])
        except Unreadable:
            self._mark.reached(end_s)  # it never will be: go on with the next stretch
            raise
        self._mark.reached(end_s)
        self._mark.keep()
        return True

    def rest(self) -> None:
        """Hang up."""
        self._mark.keep()
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
        if answer.status_code >= 300:
            words = " ".join(answer.text[:200].split())
            kind = Unreadable if answer.status_code in UNREADABLE else Trouble
            raise kind(f"InfluxDB at {self._settings.url} refuses ({answer.status_code}): {words}")

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


def minute_lines(row: Row) -> Iterator[str]:
    """The means of one minute out of the history, under the same names."""
    at_s = int(datetime.fromisoformat(str(row["at"])).timestamp())
    house = {name: row.get(name) for name in ("grid_w", "solar_w", "battery_w", "house_w", "chargers_w")}
    house["battery_soc_percent"] = row.get("soc_percent")
    if any(value is not None for value in house.values()):
        yield line("sunward_house", {}, house, at_s)
    chargers = row.get("chargers")
    for charger_id, one in (chargers if isinstance(chargers, dict) else {}).items():
        fields = {
            "offered_amps": one["offered_amps"],
            "drawn_amps": one["drawn_amps"],
            "power_w": one["watts"],
        }
        yield line("sunward_charger", {"charger": str(charger_id)}, fields, at_s)


def _time_of(text: str) -> int:
    return int(text.rpartition(" ")[2])


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
