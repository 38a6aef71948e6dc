"""Charging profiles of OCPP 1.6: what a central system allows, now and later. Pure.

Amps are per phase; a profile in watts is not taken, and `ChargingScheduleAllowedChargingRateUnit` says so.
Source: Open Charge Point Protocol 1.6 edition 2, sections 3.13 and 7.8 to 7.14.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

MOST_STACKED = 8
MOST_PERIODS = 24
MOST_PROFILES = 10
DAY, WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Profile:
    """A charging profile. `periods` are (seconds after its start, amps); `every` repeats it."""

    id: int
    stack: int
    purpose: str
    kind: str
    periods: tuple[tuple[float, float], ...]
    start: datetime | None = None
    duration_s: float | None = None
    every: timedelta | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None

    def amps_at(self, now: datetime, charging_since: datetime | None) -> float | None:
        """What it allows, or None while it has nothing to say."""
        if (self.valid_from and now < self.valid_from) or (self.valid_to and now >= self.valid_to):
            return None
        start = self.start if self.kind != "Relative" else None
        elapsed = now - (start or charging_since or now)
        if self.every and elapsed >= timedelta(0):
            elapsed %= self.every
        elapsed_s = elapsed.total_seconds()
        if elapsed_s < 0 or (self.duration_s is not None and elapsed_s >= self.duration_s):
            return None
        begun = [amps for after_s, amps in self.periods if after_s <= elapsed_s]
        return begun[-1] if begun else None


@dataclass
class Profiles:
    """All profiles of one charger. The highest of each purpose that speaks counts; the least of purposes."""

    known: dict[tuple[str, int], Profile] = field(default_factory=dict)

    def set(self, raw: Mapping[str, Any]) -> str:
        """Take a profile (names in snake case): Accepted, or Rejected for one that can't be kept."""
        profile = _read(raw)
        if profile is None or len(self.known) >= MOST_PROFILES:
            return "Rejected"
        self.known = {key: one for key, one in self.known.items() if one.id != profile.id}
        self.known[(profile.purpose, profile.stack)] = profile
        return "Accepted"

    def clear(self, id: int | None, purpose: str | None, stack: int | None) -> bool:
        """Forget those that fit all that is said; whether there were any."""
        before = len(self.known)
        self.known = {
            key: one
            for key, one in self.known.items()
            if not (
                (id is None or one.id == id)
                and (purpose is None or one.purpose == purpose)
                and (stack is None or one.stack == stack)
            )
        }
        return len(self.known) < before

    def end_of_transaction(self) -> None:
        """Profiles of a transaction end with it."""
        self.clear(None, "TxProfile", None)

    def amps_at(self, now: datetime, charging_since: datetime | None) -> float | None:
        """What all of them together allow; None where none has anything to say."""
        by_purpose: dict[str, float] = {}
        for (purpose, _), profile in sorted(self.known.items(), key=lambda item: item[0][1]):
            amps = profile.amps_at(now, charging_since)
            if amps is not None:
                by_purpose[purpose] = amps
        if "TxProfile" in by_purpose:
            by_purpose.pop("TxDefaultProfile", None)
        return min(by_purpose.values(), default=None)

    def composite(
        self, now: datetime, duration_s: int, charging_since: datetime | None
    ) -> Iterator[tuple[int, float]]:
        """What they will allow from now on, as (seconds from now, amps) where it changes."""
        before: float | None = None
        for after_s in sorted({0, *self._borders(now, duration_s, charging_since)}):
            amps = self.amps_at(now + timedelta(seconds=after_s), charging_since)
            if amps is not None and amps != before:
                yield after_s, amps
                before = amps

    def _borders(self, now: datetime, duration_s: int, since: datetime | None) -> Iterator[int]:
        for profile in self.known.values():
            start = (profile.start if profile.kind != "Relative" else None) or since or now
            times = [after_s for after_s, _ in profile.periods]
            rounds = [start]
            if profile.every:
                passed = max(0, (now - start) // profile.every)
                count = int(timedelta(seconds=duration_s) / profile.every) + 2
                rounds = [start + profile.every * (passed + number) for number in range(count)]
            dates = [begin + timedelta(seconds=after_s) for begin in rounds for after_s in times]
            dates += [one for one in (profile.valid_from, profile.valid_to) if one]
            for date in dates:
                after_s = int((date - now).total_seconds())
                if 0 < after_s < duration_s:
                    yield after_s


def _read(raw: Mapping[str, Any]) -> Profile | None:
    """A profile out of its message; None for one in watts, or that can't be understood."""
    schedule = raw["charging_schedule"]
    if schedule["charging_rate_unit"] != "A" or not 0 <= raw["stack_level"] <= MOST_STACKED:
        return None
    rows = schedule["charging_schedule_period"]
    periods = tuple((float(row["start_period"]), float(row["limit"])) for row in rows)
    starts = [after_s for after_s, _ in periods]
    if not 0 < len(periods) <= MOST_PERIODS or starts[0] != 0 or starts != sorted(set(starts)):
        return None
    every = {"Daily": DAY, "Weekly": WEEK}.get(str(raw.get("recurrency_kind")))
    try:
        return Profile(
            raw["charging_profile_id"],
            raw["stack_level"],
            raw["charging_profile_purpose"],
            raw["charging_profile_kind"],
            periods,
            _date(schedule.get("start_schedule")),
            schedule.get("duration"),
            every if raw["charging_profile_kind"] == "Recurring" else None,
            _date(raw.get("valid_from")),
            _date(raw.get("valid_to")),
        )
    except ValueError:
        return None


def _date(text: str | None) -> datetime | None:
    """A time of a message; one without a zone is UTC. Raises ValueError."""
    if text is None:
        return None
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
