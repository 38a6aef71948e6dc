"""The job of the reports: tells the newest day, week and month that is over, once each.

It looks at what was told last, not at the clock's minute: a night without power, a missed run or a restart
only makes a letter late. Each finished day's sums are kept, so that a month's report asks the agent for one
day only. A house that has never run this job begins with the period to come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from notify.events import event_of
from scheduler.jobs import Context, Job, JobFailed
from scheduler.reports.periods import SETTLE_S, Period, day_span, over
from scheduler.reports.totals import (
    HARDLY_WH,
    Json,
    Totals,
    charge_of,
    data_of,
    from_json,
    in_words,
    starts,
    summed,
)
from scheduler.settings import SchedulerSettings
from scheduler.tariffs.settings import TariffSettings
from scheduler.wallclock import at

EVERY_S = 600.0
STEP_S = 900
KEEP_DAYS = 40
SUBJECT = "charging"
CLOCK_SLACK_S = 2 * 86400.0


def jobs(settings: SchedulerSettings) -> list[Job]:
    """One job."""
    return [Job("reports", EVERY_S, run, "tells what a day, a week and a month of charging came to")]


def run(context: Context) -> Sequence[str]:
    """Keep yesterday's sums, and tell what is over and was not told."""
    wall = context.moment.wall
    if wall is None:
        raise JobFailed("The time of day is not known.")
    zone, now_s = context.settings.site.zone, wall.timestamp()
    sums = _Sums(context, context.memory.data.setdefault("days", {}))
    sums.keep_yesterday(now_s)
    told: dict[str, str] = context.memory.data.setdefault("told", {})
    said: list[str] = []
    ahead = {one.kind: one.key for one in over(now_s + CLOCK_SLACK_S, zone)}
    for period in over(now_s, zone):
        last = told.get(period.kind)
        if last is not None and last > ahead[period.kind]:  # told by a clock that ran ahead
            last = None
        if last is not None and last < period.key:
            said += _tell(context, period, sums)
        if last is None or last < period.key:
            told[period.kind] = period.key
            context.memory.save()
    return said


def _tell(context: Context, period: Period, sums: _Sums) -> list[str]:
    """One letter; a day on which nothing was charged needs none, but where a battery is steered."""
    is_day = period.kind == "end_of_day"
    rows = sums.rows(period.spans[0]) if is_day else ()
    total = summed(rows) if is_day else sum((sums.of(span) for span in period.spans), Totals())
    charge = charge_of(rows)
    is_worth_it = total.charged_wh >= HARDLY_WH or (
        charge is not None and "battery" in context.settings.tables
    )
    if is_day and not is_worth_it:
        return []
    begin_s, end_s = period.spans[0][0], period.spans[-1][1]
    started = 0
    if total.charged_wh >= HARDLY_WH:
        zone = context.settings.site.zone
        started = starts(context.agent.sessions(at(begin_s, zone), at(end_s, zone)), begin_s, end_s)
    currency = _currency(context.settings)
    says, data = in_words(period, total, currency), data_of(total, started, currency)
    if charge is not None:
        says, data = f"{says} {charge.words}", data | charge.to_json()
    context.tell(event_of(period.kind, says, SUBJECT, data=data))
    return [f"would tell: {says}" if context.dry_run else says]


def _currency(settings: SchedulerSettings) -> str:
    """That of [tariff], or of [web]; empty: nobody wants to hear of money."""
    tariff, web = settings.section("tariff", TariffSettings), settings.tables.get("web")
    if tariff is not None:
        return tariff.currency
    return str(web.get("currency") or "") if isinstance(web, Mapping) else ""


class _Sums:
    """Sums of spans: those of whole days out of `kept` where they are there, others from the agent."""

    def __init__(self, context: Context, kept: Json) -> None:
        self._context = context
        self._kept = kept
        self._zone = context.settings.site.zone

    def of(self, span: tuple[int, int]) -> Totals:
        """One span's sums. Raises AgentError."""
        name = at(span[0], self._zone).date().isoformat()
        whole = span == day_span(at(span[0], self._zone).date(), self._zone)
        found = from_json(self._kept.get(name)) if whole else None
        return found or self._asked(span)

    def keep_yesterday(self, now_s: float) -> None:
        """Once a day; what is too old for any report is forgotten. Raises AgentError."""
        day = at(now_s - SETTLE_S, self._zone).date() - timedelta(days=1)
        if day.isoformat() not in self._kept:
            self._kept[day.isoformat()] = self._asked(day_span(day, self._zone)).to_json()
        for name in sorted(self._kept)[:-KEEP_DAYS]:
            del self._kept[name]

    def rows(self, span: tuple[int, int]) -> Sequence[Json]:
        """The agent's history of a span. Raises AgentError."""
        return self._context.agent.history(at(span[0], self._zone), at(span[1], self._zone), STEP_S)

    def _asked(self, span: tuple[int, int]) -> Totals:
        return summed(self.rows(span))
