"""What is remembered: the curve of a day, charging sessions, and everything that happened."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from fastapi.responses import Response

from agent.desk import Refused
from agent.doors.rooms import Rooms, Row
from agent.doors.table import cell
from agent.doors.web.asks import DecisionSpan, EventsAfter, HistorySpan, Span
from agent.doors.web.refusals import StrictRoute

CSV = "text/csv; charset=utf-8"
MOST_STEPS = 5000
LONGEST_SPAN = timedelta(days=20 * 366)


def router(rooms: Rooms) -> APIRouter:
    """History, sessions, events."""
    routes = APIRouter(route_class=StrictRoute, tags=["past"])

    @routes.get("/history")
    def history(asked: Annotated[HistorySpan, Query()]) -> list[dict[str, Any]]:
        """Mean watts in steps; `from` belongs to it, `to` does not. By default the last day."""
        start, end = _span(rooms, asked)
        if (end - start).total_seconds() / asked.step_s > MOST_STEPS:
            raise Refused(409, f"That would be more than {MOST_STEPS} steps: ask for a longer step_s.")
        return [dict(row) for row in rooms.history.history(start, end, asked.step_s)]

    @routes.get("/sessions")
    def sessions(asked: Annotated[Span, Query()]) -> list[dict[str, Any]]:
        """Charging sessions that touch the span, oldest first. By default the last 31 days."""
        return [dict(row) for row in rooms.history.sessions(*_span(rooms, asked, days=31))]

    @routes.get(
        "/sessions.csv",
        response_class=Response,
        responses={
            200: {
                "content": {"text/csv; charset=utf-8": {"schema": {"type": "string"}}},
                "description": "a table",
            }
        },
    )
    def sessions_csv(asked: Annotated[Span, Query()]) -> Response:
        """The same as a table for a spreadsheet."""
        table = csv_of(rooms.history.sessions(*_span(rooms, asked, days=31)))
        attached = {"Content-Disposition": 'attachment; filename="sessions.csv"'}
        return Response(table, media_type=CSV, headers=attached)

    @routes.get("/events")
    def events(asked: Annotated[EventsAfter, Query()]) -> list[dict[str, Any]]:
        """What happened after the event with that id, oldest first; -1 gives the newest; `from`, `to`."""
        span = _span(rooms, asked) if asked.start or asked.end else None
        return [dict(row) for row in rooms.history.events(asked.after, asked.limit, span)]

    @routes.get("/decisions")
    def decisions(asked: Annotated[DecisionSpan, Query()]) -> list[dict[str, Any]]:
        """Why offers changed, with the rules behind each, oldest first; the last `limit` of the span."""
        start, end = _span(rooms, asked)
        return [dict(row) for row in rooms.history.decisions(start, end, asked.charger, asked.limit)]

    return routes


def csv_of(rows: Sequence[Row]) -> str:
    """Rows as CSV with a header. Text that a spreadsheet would take for a formula gets a leading quote."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(names)
    for row in rows:
        table.writerow([cell(row.get(name)) for name in names])
    return out.getvalue()


def _span(rooms: Rooms, asked: Span, days: int = 1) -> tuple[datetime, datetime]:
    end = _in_the_house(rooms, asked.end) or rooms.clock.now().wall
    if end is None:
        raise Refused(409, "The computer does not know the time yet: send both from and to.")
    try:
        start = _in_the_house(rooms, asked.start) or end - timedelta(days=days)
        if start >= end:
            raise Refused(409, "from must be earlier than to.")
        if end - start > LONGEST_SPAN:
            raise Refused(409, "That is more than 20 years: ask for less.")
    except OverflowError:
        raise Refused(409, "Those times are outside any calendar that this house has seen.") from None
    return start, end


def _in_the_house(rooms: Rooms, time: datetime | None) -> datetime | None:
    """A time that was sent without an offset is read off the house's clock."""
    if time is None or time.tzinfo is not None:
        return time
    return time.replace(tzinfo=ZoneInfo(rooms.site.timezone))
