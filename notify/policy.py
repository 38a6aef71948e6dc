"""The owner's wishes about letters: what, when, how many. Pure; local times of day meet instants here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo

from notify.events import DELIVERY_BY_SEVERITY, Delivery, Event, Severity, kind_of, severity_of


@dataclass(frozen=True, slots=True)
class Policy:
    """The owner's wishes. `quiet` is (from, to) in local time of day, across midnight if to <= from."""

    zone: tzinfo = UTC
    quiet: tuple[time, time] | None = None
    digest_at: time = time(19, 0)
    cap_per_hour: int = 10
    by_kind: Mapping[str, Delivery] = field(default_factory=dict)
    by_severity: Mapping[Severity, Delivery] = field(default_factory=dict)

    def choice(self, event: Event) -> Delivery:
        """How this event is to be told, quiet hours and repetition aside."""
        severity = severity_of(event)
        if event.kind in self.by_kind:
            return self.by_kind[event.kind]
        if severity in self.by_severity:
            return self.by_severity[severity]
        known = kind_of(event.kind)
        return known.delivery if known.severity == severity else DELIVERY_BY_SEVERITY[severity]

    def quiet_until(self, now: datetime) -> datetime | None:
        """When the quiet hours end that `now` lies in, or None outside of them."""
        if self.quiet is None:
            return None
        start, end = self.quiet
        today = now.astimezone(self.zone).date()
        for day in (today - timedelta(days=1), today):
            begins = datetime.combine(day, start, self.zone)
            ends = datetime.combine(day + timedelta(days=end <= start), end.replace(fold=1), self.zone)
            if begins.astimezone(UTC) <= now.astimezone(UTC) < ends.astimezone(UTC):
                return ends
        return None

    def digest_times(self, now: datetime) -> tuple[datetime, datetime]:
        """The last digest time that has come, and the next one."""
        today = now.astimezone(self.zone).date()
        around = [
            datetime.combine(today + timedelta(days=days), self.digest_at, self.zone).astimezone(UTC)
            for days in (-1, 0, 1)
        ]
        return max(at for at in around if at <= now), min(at for at in around if at > now)
