"""One line every so often on standard output: for people, or as JSON for `jq` and log collectors.

As JSON each line is {"state": ...}, the same as `GET /api/v1/state`, or {"event": ...} when something
happened. As text, events are not repeated: they stand in the log already.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TextIO

from pydantic_core import to_json

from agent.doors.nouns import ChargerState, State
from agent.doors.outlet import Outlet, Surroundings, Trouble
from agent.doors.outlet_settings import ConsoleSettings
from agent.doors.web.view import state_now
from agent.model import Event, Moment
from agent.parts import Outbox


class Console(Outlet):
    """Writes to `out`."""

    def __init__(self, settings: ConsoleSettings, around: Surroundings, out: TextIO) -> None:
        super().__init__("console", around.tell)
        self._settings, self._rooms, self._out = settings, around.rooms, out
        self._events: Outbox[Event] = Outbox(200)
        if settings.form == "json":
            around.listen(self._events.put)

    def work(self, moment: Moment) -> float:
        """Write what happened, and the house as it is."""
        state = state_now(self._rooms)
        lines = [line_of(state)]
        if self._settings.form == "json":
            lines = [_json("event", event) for event in self._events.drain()] + [_json("state", state)]
        try:
            self._out.write("".join(f"{line}\n" for line in lines))
            self._out.flush()
        except (OSError, ValueError) as error:
            raise Trouble(f"Standard output can't be written ({error}). Who reads it has gone?") from error
        return moment.mono_s + self._settings.every_s


def open_outlet(settings: ConsoleSettings, around: Surroundings) -> Console:
    """The outlet as settings describe it."""
    return Console(settings, around, sys.stdout)


def line_of(state: State) -> str:
    """The house on one line."""
    power = state.power
    flows = (("sun", power.solar_w), ("grid", power.grid_w), ("battery", power.battery_w))
    known = [f"{name} {watts / 1000:.1f} kW" for name, watts in flows if watts is not None]
    if power.house_w is not None:
        known.append(f"house {power.house_w / 1000:.1f} kW")
    time = f"{state.now:%H:%M:%S}" if state.now else "--:--:--"
    return " | ".join([f"{time}  {', '.join(known) or 'no meter'}", *map(_charger, state.chargers)])


def _charger(charger: ChargerState) -> str:
    told = charger.problem or charger.reason
    words = charger.state.replace("_", " ")
    return (
        f"{charger.name}: {words}, {charger.drawn_amps:.1f} of {charger.offered_amps:.0f} A. {told}".rstrip()
    )


def _json(name: str, value: State | Event) -> str:
    return to_json({name: asdict(value)}).decode()
