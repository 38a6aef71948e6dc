"""Charging windows: a list of rows, as they are written in sunward.toml."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema

from agent.doors.rooms import Rooms
from agent.doors.web.asks import Ask, ModeWord, Truth
from agent.doors.web.refusals import StrictRoute
from agent.doors.web.view import asked_by
from scheduler.wallclock import read_days, read_minute
from scheduler.window_rows import LEAST_AMPS, LONGEST_NAME, MOST_AMPS, NAMES, read_until, write_window
from scheduler.windows import Window, preview

DAY = "(mon|tue|wed|thu|fri|sat|sun)"
DAYS = f"^(daily|{DAY}(-{DAY})?(,{DAY}(-{DAY})?)*)$"


def _days(text: str) -> str:
    read_days(text)
    return text


def _from(text: str) -> str:
    read_minute(text)
    return text


def _to(text: str) -> str:
    read_minute(text, as_end=True)
    return text


def _until(text: str) -> str:
    read_until(text)
    return text


Days = Annotated[
    str,
    AfterValidator(_days),
    WithJsonSchema({"type": "string", "pattern": DAYS, "examples": ["mon-fri", "sat,sun", "daily"]}),
]
From = Annotated[
    str,
    AfterValidator(_from),
    WithJsonSchema({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}),
]
To = Annotated[
    str,
    AfterValidator(_to),
    WithJsonSchema({"type": "string", "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"}),
]
Until = Annotated[
    str,
    Field(max_length=10),
    AfterValidator(_until),
    WithJsonSchema({"type": "string", "format": "date"}),
]
Amps = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=LEAST_AMPS, le=MOST_AMPS)]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


class WindowBody(Ask):
    """One window under the name of its address."""

    days: Days
    from_: From = Field(alias="from")
    to: To
    mode: ModeWord
    amps: Amps | None = None
    charger: Annotated[str, Field(max_length=40)] | None = None
    enabled: Truth = True
    until: Until | None = Field(default=None, description="the last day on which it opens; null: for good")
    name: Name | None = Field(default=None, description="may be left out; else the same as in the address")


class WindowRow(WindowBody):
    """One window of the list."""

    name: Name


class WindowAnswer(BaseModel):
    """One window; `days` and times as in sunward.toml, `charger` empty for all."""

    name: str
    days: str
    from_: str = Field(alias="from")
    to: str
    mode: str
    amps: float | None
    charger: str
    enabled: bool
    until: str | None


class TurnAnswer(BaseModel):
    """One stretch of time in which one window applies; `charger` empty for all."""

    start: datetime
    end: datetime
    name: str
    mode: str
    amps: float | None
    charger: str


def router(rooms: Rooms) -> APIRouter:
    """Windows, one by one or as a list, and how they fall in the coming week."""
    routes = APIRouter(route_class=StrictRoute, tags=["windows"])

    @routes.get("/windows", response_model=list[WindowAnswer])
    def windows() -> list[dict[str, object]]:
        """Every window, in the order in which they count."""
        return _rows(rooms.desk.windows.get())

    @routes.put("/windows", response_model=list[WindowAnswer])
    def put_windows(rows: Annotated[list[WindowRow], Field(max_length=100)], request: Request) -> object:
        """Replace every window."""
        plain = [row.model_dump(by_alias=True) for row in rows]
        return _rows(rooms.desk.put_windows(plain, by=asked_by(request)))

    @routes.put("/windows/{name}", response_model=list[WindowAnswer])
    def put_window(name: Annotated[str, Path(pattern=NAMES)], row: WindowBody, request: Request) -> object:
        """Add a window, or replace the one of that name. Answers every window."""
        plain = {"name": name} | row.model_dump(by_alias=True, exclude_none=True)
        return _rows(rooms.desk.put_window(name, plain, by=asked_by(request)))

    @routes.delete("/windows/{name}", response_model=list[WindowAnswer])
    def delete_window(name: Annotated[str, Path(max_length=LONGEST_NAME)], request: Request) -> object:
        """Take a window away. Answers the others."""
        return _rows(rooms.desk.delete_window(name, by=asked_by(request)))

    @routes.get("/upcoming")
    def upcoming() -> list[TurnAnswer]:
        """How the windows fall in the coming seven days; empty while the time of day is unknown."""
        return upcoming_turns(rooms)

    return routes


def upcoming_turns(rooms: Rooms) -> list[TurnAnswer]:
    """The turns of the coming week, first begun first."""
    wall = rooms.clock.now().wall
    if wall is None:
        return []
    names = {charger.charger_id: charger.name for charger in rooms.site.rules.chargers}
    return [
        TurnAnswer(
            start=turn.start,
            end=turn.end,
            name=turn.window.name,
            mode=str(turn.window.mode),
            amps=turn.window.amps,
            charger=turn.charger_id,
        )
        for turn in preview(rooms.desk.windows.get(), wall, 7, names)
    ]


def _rows(windows: Sequence[Window]) -> list[dict[str, object]]:
    return [write_window(window) for window in windows]
