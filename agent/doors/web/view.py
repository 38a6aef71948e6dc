"""What routes and stream have in common: the state as of now, and who asked."""

from __future__ import annotations

from datetime import datetime

from fastapi import Request

from agent.doors.nouns import State, WindowState
from agent.doors.rooms import Rooms
from agent.doors.state import state_of
from agent.doors.web.keyring import Visitor
from scheduler.windows import Window, coming


def state_now(rooms: Rooms) -> State:
    """The last published second with the wishes of this instant."""
    moment = rooms.clock.now()
    return state_of(
        rooms.published.get(),
        rooms.desk.control.get(),
        rooms.site.rules,
        moment,
        site=rooms.site.name,
        next_window=next_window(rooms.desk.windows.get(), moment.wall, rooms),
    )


def next_window(windows: tuple[Window, ...], wall: datetime | None, rooms: Rooms) -> WindowState | None:
    """The window that begins next, for any charger; None while the time is unknown."""
    if wall is None or not windows:
        return None
    names = {charger.charger_id: charger.name for charger in rooms.site.rules.chargers}
    turn = coming(windows, wall, names)
    if turn is None:
        return None
    window = turn.window
    return WindowState(
        window.name, str(window.mode), window.amps, turn.charger_id or None, turn.start, turn.end
    )


def visitor_of(request: Request) -> Visitor:
    """Who asks; the locks have noted it."""
    found = request.scope.get("state", {}).get("visitor")
    return found if isinstance(found, Visitor) else Visitor("", "read")


def asked_by(request: Request) -> str:
    """Who changed something, from where and by which door, for the journal."""
    return visitor_of(request).words()
