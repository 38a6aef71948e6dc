"""When a cloud may be called: pure, and the same whether it is asked every minute or after a week's sleep.

    day and night     each with an interval of its own: the sun is followed, the night is not
    budget            never more than so many calls in *any* 24 hours, whenever the vendor's day begins
    too many (429)    rest as long as the vendor says; if it does not say, 5, 10, 20 ... minutes
    a failed call     the next one needs no interval: the job's own patience paces it (jobs.py)

All of it is kept on disk as a Ledger, written *before* each call: a crash loop can't overspend.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

DAY_S = 86400.0
DAY_BEGINS_HOUR, DAY_ENDS_HOUR = 5, 22  # wide enough for every sun between Lisbon and Helsinki
FIRST_REST_S = 300.0
LONGEST_REST_S = 6 * 3600.0
HOLDS_INTERVALS = 2.5  # one answer may be missed before a reading is too old


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a cloud is asked, and how often at most in 24 hours."""

    day_every_s: float
    night_every_s: float
    calls_a_day: int

    def every_s(self, now: datetime) -> float:
        """The interval at this time of day; `now` in the house's zone."""
        is_day = DAY_BEGINS_HOUR <= now.hour < DAY_ENDS_HOUR
        return self.day_every_s if is_day else self.night_every_s


@dataclass(frozen=True, slots=True)
class Ledger:
    """What was asked of a cloud. Times are seconds since 1970; `calls` are those of the last 24 hours."""

    calls: tuple[float, ...] = ()
    rest_until: float = 0.0
    refusals: int = 0
    failed: bool = False

    def called(self, now: datetime) -> Ledger:
        """One call more, not yet answered (so it counts as failed until it is)."""
        at = now.timestamp()
        return replace(self, calls=(*self._recent(at), at), failed=True)

    def answered(self) -> Ledger:
        """The last call came back well."""
        return replace(self, failed=False, refusals=0, rest_until=0.0)

    def refused(self, now: datetime, wait_s: float | None) -> Ledger:
        """The vendor wants to be left alone, for `wait_s` where it says so."""
        rest_s = wait_s or min(FIRST_REST_S * 2.0 ** min(self.refusals, 20), LONGEST_REST_S)
        return replace(self, failed=True, refusals=self.refusals + 1, rest_until=now.timestamp() + rest_s)

    def wait(self, pace: Pace, now: datetime) -> tuple[float, str]:
        """Seconds until the next call, 0 for now; and why, where that is a trouble and not just the pace."""
        at = now.timestamp()
        if 0 < self.rest_until - at <= DAY_S:
            return self.rest_until - at, "says that we ask too often"
        recent = self._recent(at)
        if len(recent) >= pace.calls_a_day:
            wait_s = recent[-pace.calls_a_day] + DAY_S - at
            return wait_s, f"has had its {pace.calls_a_day} calls of 24 hours"
        if self.failed or not recent:
            return 0.0, ""
        # a job that comes some seconds early must not wait for its next turn
        return max(0.0, recent[-1] + 0.95 * pace.every_s(now) - at), ""

    def _recent(self, at: float) -> tuple[float, ...]:
        return tuple(one for one in self.calls if at - DAY_S < one <= at + 60.0)

    def written(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "calls": [round(one) for one in self.calls],
            "rest_until": round(self.rest_until),
            "refusals": self.refusals,
            "failed": self.failed,
        }

    @classmethod
    def read(cls, found: object) -> Ledger:
        """From JSON values; whatever makes no sense is left out."""
        table = found if isinstance(found, dict) else {}
        calls = table.get("calls")
        times = [float(one) for one in calls if _is_number(one)] if isinstance(calls, list) else []
        rest, refusals = table.get("rest_until"), table.get("refusals")
        return cls(
            tuple(sorted(times)[-10_000:]),
            _number(rest),
            refusals if isinstance(refusals, int) and refusals >= 0 else 0,
            table.get("failed") is True,
        )


def holds_s(pace: Pace, now: datetime) -> float:
    """How old a reading may grow before it says nothing any more."""
    return min(HOLDS_INTERVALS * pace.every_s(now), DAY_S)


def _number(value: Any) -> float:
    return float(value) if _is_number(value) else 0.0


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value - value == 0
