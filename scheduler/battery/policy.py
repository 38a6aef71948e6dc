"""Which mode and reserve the battery should have now, and whether to touch it. Pure.

Periods are asked by level: "what should be at this instant" has an answer after a power cut or a missed run
in the middle of a peak as well. A period belongs to the day on which it begins, it is taken up
`lead_minutes` early and given up `lag_minutes` late, and on a holiday it doesn't hold unless it says so. Of
two that hold, the first in the list counts, but one that has begun goes before one that is being prepared.

The owner wins. What we set and read back counts as done until the next border; if it is something else after
that, somebody changed it in the app: it is told once, and left alone until the next border. During a storm
watch, a grid service or an outage nothing is touched at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache

from scheduler.battery.settings import Action, BatterySettings, PeriodSettings
from scheduler.tariffs.fixed import read_months
from scheduler.tariffs.holidays import read_holidays
from scheduler.wallclock import at, first_showing, last_showing, read_days, read_minute

OFF_PEAK = "off-peak"
RESERVE_SLACK = 0.6  # gateways and apps round differently

Values = Mapping[str, object]

_days, _months, _holidays = lru_cache(read_days), lru_cache(read_months), lru_cache(read_holidays)


@dataclass(frozen=True, slots=True)
class Site:
    """The battery as it is. Power into the house is positive; None: not known."""

    mode: str | None = None
    reserve_percent: float | None = None
    grid_charging: bool | None = None
    export: str | None = None
    charge_percent: float | None = None
    battery_watts: float | None = None
    grid_watts: float | None = None
    house_watts: float | None = None
    solar_watts: float | None = None
    storm: bool = False
    grid_service: bool = False
    off_grid: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """One period on one day; seconds since 1970. `begin` and `end` as written, `early` and `late` as done."""

    period: PeriodSettings
    early: float
    begin: float
    end: float
    late: float

    @property
    def id(self) -> str:
        """The same for the whole turn, and for no other one."""
        return f"{self.period.name} {self.begin:.0f}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What should be. `turn` None: off-peak.

    `border` tells this stretch of time, and what should be in it, from every other one: settings that were
    changed meanwhile are a new border, and no change by hand.
    """

    values: Values
    name: str
    border: str
    turn: Turn | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do about it: set `values`, or nothing, and why; `news` names what is worth telling."""

    values: Values = field(default_factory=dict)
    reason: str = ""
    news: str = ""


def turns(settings: BatterySettings, wall: datetime) -> list[Turn]:
    """Every turn from a week ago to tomorrow. The zone is that of `wall`."""
    zone = wall.tzinfo
    if zone is None:
        raise ValueError("periods need a wall time with its time zone")
    holidays = _holidays(settings.holidays)
    found = []
    for step in range(-8, 2):
        day = wall.date() + timedelta(days=step)
        for period in settings.periods:
            if _begins_on(period, day) and (period.holidays or day not in holidays):
                turn = _turn(period, day, zone)
                if turn.begin < turn.end:
                    found.append(turn)
    return found


@lru_cache(maxsize=256)
def _turn(period: PeriodSettings, day: date, zone: tzinfo) -> Turn:
    first, last = read_minute(period.from_), read_minute(period.to, as_end=True)
    begin = first_showing(day, first, zone)
    end = last_showing(day if last > first else day + timedelta(days=1), last, zone)
    return Turn(period, begin - 60.0 * period.lead_minutes, begin, end, end + 60.0 * period.lag_minutes)


def wanted(settings: BatterySettings, wall: datetime) -> Wanted:
    """What should be at `wall`."""
    now = wall.timestamp()
    known = turns(settings, wall)
    held = [turn for turn in known if turn.early <= now < turn.late]
    held.sort(key=lambda turn: not turn.begin <= now < turn.end)
    if held:
        turn = held[0]
        values = values_of(settings.off_peak) | values_of(turn.period)
        return Wanted(values, turn.period.name, f"{turn.id}: {in_words(values)}", turn)
    last = max((turn.late for turn in known if turn.late <= now), default=0.0)
    values = values_of(settings.off_peak)
    return Wanted(values, OFF_PEAK, f"{OFF_PEAK} {last:.0f}: {in_words(values)}")


def decide(want: Wanted, site: Site, done_for: str, left_to_owner: str) -> Verdict:
    """Whether to touch it. `done_for`, `left_to_owner`: the borders for which that was so before."""
    for busy, says in ((site.storm, "storm watch"), (site.grid_service, "a grid service")):
        if busy:
            return Verdict(reason=f"It is left alone during {says}.", news=says)
    if site.off_grid:
        return Verdict(reason="It is left alone during the outage.", news="outage")
    different = differences(want.values, site)
    if not different:
        return Verdict(reason=f"It is as it should be ({want.name}).")
    if want.border == left_to_owner:
        return Verdict(reason="It was changed in the app, and is left so until the next change of period.")
    if want.border == done_for:
        return Verdict(reason="It was changed in the app.", news="owner")
    return Verdict(different, f"{want.name} begins.")


def differences(values: Values, site: Site) -> dict[str, object]:
    """The values that the battery has not."""
    return {key: value for key, value in values.items() if not _same(key, value, site)}


def turn_to_report(settings: BatterySettings, wall: datetime, most_late_s: float = 3 * 3600.0) -> Turn | None:
    """The turn that is over and should be reported, for some hours after its end."""
    now = wall.timestamp()
    over = [turn for turn in turns(settings, wall) if turn.period.report and turn.late + 120 <= now]
    over = [turn for turn in over if now - turn.late < most_late_s]
    return max(over, key=lambda turn: turn.end, default=None)


# As Tesla's app calls them; the settings, the log's data and the cloud keep the word on the left.
MODES = {"self_consumption": "Self-Powered", "autonomous": "Time-Based Control", "backup": "Backup"}
EXPORTS = {
    "pv_only": "only the sun is sold",
    "battery_ok": "sun and battery are sold",
    "never": "nothing is sold",
}


def in_words(values: Values) -> str:
    """ "mode Self-Powered, reserve 100 %", as a person reads it."""
    words = {
        "mode": lambda value: f"mode {mode_word(value)}",
        "reserve": lambda value: f"reserve {value} %",
        "grid_charging": lambda value: f"charging from the grid {'on' if value else 'off'}",
        "export": lambda value: EXPORTS.get(value, f"export {_plain(value)}"),
    }
    return ", ".join(words[key](value) for key, value in values.items()) or "nothing"


def mode_word(mode: object) -> str:
    """ "Self-Powered" for `self_consumption`; a mode that nobody here knows without its underscores."""
    return MODES.get(str(mode), _plain(mode))


def _plain(word: object) -> str:
    return str(word).replace("_", " ")


def values_of(action: Action) -> dict[str, object]:
    """Only what the action says."""
    keys = ("mode", "reserve", "grid_charging", "export")
    return {key: value for key in keys if (value := getattr(action, key)) is not None}


def actual(site: Site) -> dict[str, object]:
    """What the battery has, in the same words."""
    reserve = None if site.reserve_percent is None else round(site.reserve_percent)
    found = {"mode": site.mode, "reserve": reserve}
    found |= {"grid_charging": site.grid_charging, "export": site.export}
    return {key: value for key, value in found.items() if value is not None}


def local_time(seconds: float, wall: datetime) -> str:
    """ "20:00" in the house's zone."""
    assert wall.tzinfo is not None
    return f"{at(seconds, wall.tzinfo):%H:%M}"


def _same(key: str, value: object, site: Site) -> bool:
    if key == "reserve":
        have = site.reserve_percent
        return have is not None and isinstance(value, int) and abs(have - value) <= RESERVE_SLACK
    return bool({"mode": site.mode, "grid_charging": site.grid_charging, "export": site.export}[key] == value)


def _begins_on(period: PeriodSettings, day: date) -> bool:
    return day.weekday() in _days(period.days) and day.month in _months(period.months)
