"""What routes and stream have in common: the state as of now, and who asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import Request

from agent.doors.nouns import State, WindowState
from agent.doors.rooms import Rooms
from agent.doors.state import state_of
from agent.doors.web.keyring import Visitor
from agent.model import Event
from scheduler.windows import Window, coming

MOST_SOURCES = 200


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
        price=rooms.price_at(moment.wall),
        currency=rooms.currency,
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


def first_told(rooms: Rooms) -> Callable[[str, Request], None]:
    """A note for the journal when somebody tells something for the first time; the thousandth is no news."""
    heard: set[tuple[str, str]] = set()

    def note(what: str, request: Request) -> None:
        who = asked_by(request)
        if (what, who) in heard:
            return
        if len(heard) >= MOST_SOURCES:
            heard.clear()  # rather told twice than never
        heard.add((what, who))
        rooms.tell(Event("access", f"{what} is told by {who} from now on.", data={"by": who}))

    return note
