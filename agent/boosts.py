"""Boosts: fast charging with an end, from what somebody asked to a value that survives a restart.

    for_s            so many seconds from now; holds on the monotonic clock, so no clock change moves it
    until            "07:15" (the next such time in the house's zone) or an ISO time
    to_soc_percent   until the car at that charger is so full
    to_energy_kwh    until that charger has given so much

A boost without any end gets DEFAULT_BOOST_S. One with a goal but no time ends after LONGEST_GOAL_S at
the latest, so that a car that never tells its charge can't keep a boost alive for ever. Goals belong to
one charger: asked for the whole house, they become one boost for each charger.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from agent.model import Boost, CarStatus, ChargerRules, ChargerStatus, Moment

DEFAULT_BOOST_S = 3 * 3600.0
LONGEST_GOAL_S = 24 * 3600.0
LONGEST_BOOST_S = 7 * 24 * 3600.0
CLOCK_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class Refused(Exception):
    """Somebody asked for what can't be: `status` is the HTTP status, `sentence` says what to do instead."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class BoostAsk:
    """A boost in a person's words; None is "not said". Without `charger_id` it is for each charger."""

    amps: float | None = None
    for_s: float | None = None
    until: str | None = None
    to_soc_percent: float | None = None
    to_energy_kwh: float | None = None
    charger_id: str | None = None


def boosts_from(
    ask: BoostAsk,
    moment: Moment,
    chargers: Sequence[ChargerRules],
    energy_wh: Mapping[str, float],
) -> tuple[Boost, ...]:
    """The boosts that an ask means. Raises Refused.

    `chargers` are those it is for; `energy_wh` are their counters as far as they have told them.
    """
    _check_amps(ask.amps, chargers)
    _check_goals(ask)
    lasts_s = _seconds(ask, moment)
    plain = Boost(
        amps=ask.amps,
        charger_id=ask.charger_id,
        ends_mono_s=moment.mono_s + lasts_s,
        ends_wall=_later(moment.wall, lasts_s),
        to_soc_percent=ask.to_soc_percent,
    )
    if ask.to_soc_percent is None and ask.to_energy_kwh is None:
        return (plain,)
    return tuple(
        replace(
            plain,
            charger_id=charger.charger_id,
            to_energy_wh=None if ask.to_energy_kwh is None else 1000 * ask.to_energy_kwh,
            energy_start_wh=None if ask.to_energy_kwh is None else energy_wh.get(charger.charger_id),
        )
        for charger in chargers
    )


def why_over(
    boost: Boost, moment: Moment, charger: ChargerStatus | None, cars: Mapping[str, CarStatus]
) -> str:
    """Why a boost has ended, in words; empty while it goes on."""
    if boost.ends_mono_s is not None and moment.mono_s >= boost.ends_mono_s:
        return "its time is over"
    if charger is None:
        return ""
    car = cars.get(charger.vin) if charger.vin else None
    goal = boost.to_soc_percent
    if goal is not None and car and car.soc_percent is not None and car.soc_percent >= goal:
        return f"the car has reached {goal:.0f} %"
    start, now = boost.energy_start_wh, charger.energy_wh
    if boost.to_energy_wh is not None and start is not None and now is not None:
        given = now - start
        if given >= boost.to_energy_wh:
            return f"{given / 1000:.1f} kWh are in the car"
    return ""


def to_json(boost: Boost, moment: Moment) -> dict[str, object]:
    """What is kept of a boost: its end both as a calendar time and as seconds left, whichever helps."""
    left_s = None if boost.ends_mono_s is None else boost.ends_mono_s - moment.mono_s
    return {
        "amps": boost.amps,
        "charger": boost.charger_id,
        "ends": boost.ends_wall.isoformat() if boost.ends_wall else None,
        "left_s": left_s,
        "to_soc_percent": boost.to_soc_percent,
        "to_energy_wh": boost.to_energy_wh,
        "energy_start_wh": boost.energy_start_wh,
    }


def from_json(kept: Mapping[str, object], moment: Moment) -> Boost:
    """A kept boost in a new process. Raises ValueError for what this version can't read.

    With no calendar yet, it lasts as long as was left when it was kept: perhaps longer than was asked
    for by the length of a power cut, never for ever.
    """
    ends = datetime.fromisoformat(str(kept["ends"])) if kept.get("ends") else None
    left_s = _number(kept.get("left_s")) or 0.0
    if ends is not None and moment.wall is not None:
        left_s = min(left_s, (ends - moment.wall).total_seconds())
    return Boost(
        amps=_number(kept.get("amps")),
        charger_id=None if kept.get("charger") is None else str(kept["charger"]),
        ends_mono_s=moment.mono_s + left_s,
        ends_wall=ends,
        to_soc_percent=_number(kept.get("to_soc_percent")),
        to_energy_wh=_number(kept.get("to_energy_wh")),
        energy_start_wh=_number(kept.get("energy_start_wh")),
    )


def next_clock_time(text: str, wall: datetime) -> datetime:
    """The next HH:MM after `wall` in its own zone; one that a DST night skips comes an hour later."""
    at = time.fromisoformat(text)
    for days in (0, 1, 2):
        local = datetime.combine(wall.date() + timedelta(days=days), at, wall.tzinfo)
        there = local.astimezone(UTC)  # two times of one zone would be compared without their offsets
        if there > wall.astimezone(UTC):
            return there.astimezone(wall.tzinfo)
    raise AssertionError("the day after tomorrow is later than now")


def _check_amps(amps: float | None, chargers: Sequence[ChargerRules]) -> None:
    if amps is None:
        return
    least = min(charger.min_amps for charger in chargers)
    most = max(charger.max_amps for charger in chargers)
    if not math.isfinite(amps) or amps < least or amps > most:
        names = " and ".join(charger.label for charger in chargers)
        raise Refused(409, f"{amps:g} A is not possible: {names} can be given {least:g} to {most:g} A.")


def _check_goals(ask: BoostAsk) -> None:
    if ask.to_soc_percent is not None and not 1 <= ask.to_soc_percent <= 100:
        raise Refused(422, "to_soc_percent must be between 1 and 100 percent.")
    if ask.to_energy_kwh is not None and not 0 < ask.to_energy_kwh <= 250:
        raise Refused(422, "to_energy_kwh must be above 0 and at most 250 kWh.")


def _seconds(ask: BoostAsk, moment: Moment) -> float:
    if ask.for_s is not None and ask.until is not None:
        raise Refused(409, "A boost ends either after for_s or at until: send one of them.")
    if ask.until is not None:
        return _seconds_until(ask.until, moment)
    if ask.for_s is not None:
        if not 1 <= ask.for_s <= LONGEST_BOOST_S:
            raise Refused(422, f"for_s must be between 1 and {LONGEST_BOOST_S:.0f} seconds (7 days).")
        return ask.for_s
    has_goal = ask.to_soc_percent is not None or ask.to_energy_kwh is not None
    return LONGEST_GOAL_S if has_goal else DEFAULT_BOOST_S


def _seconds_until(text: str, moment: Moment) -> float:
    wall = moment.wall
    if wall is None:
        raise Refused(409, "The computer does not know the time yet: send for_s instead of until.")
    if CLOCK_TIME.fullmatch(text):
        end = next_clock_time(text, wall)
    else:
        try:
            end = datetime.fromisoformat(text)
            end = (end if end.tzinfo else end.replace(tzinfo=wall.tzinfo)).astimezone(UTC)
        except (ValueError, OverflowError):
            raise Refused(422, 'until must look like "07:15" or "2026-05-01T07:15:00+02:00".') from None
    left_s = (end.astimezone(UTC) - wall.astimezone(UTC)).total_seconds()
    if left_s < 1:
        raise Refused(409, f"until is in the past: it is now {wall:%Y-%m-%d %H:%M} in the house.")
    if left_s > LONGEST_BOOST_S:
        raise Refused(409, "until is too far away: a boost lasts 7 days at most; use a window instead.")
    return left_s


def _later(wall: datetime | None, seconds: float) -> datetime | None:
    if wall is None:
        return None
    return (wall.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(wall.tzinfo)


def _number(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a number")
    return float(value)
