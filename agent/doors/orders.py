"""Orders that several doors share, made of what the desk can do."""

from __future__ import annotations

from agent.doors.rooms import Rooms
from agent.model import Mode


def stop(rooms: Rooms, charger_id: str | None, by: str) -> None:
    """No boost, and mode off: for one charger, or for the house and each of its chargers."""
    desk = rooms.desk
    desk.end_boost(charger_id, by)
    desk.set_mode(Mode.OFF, charger_id, by)
    if charger_id is None:
        own = desk.control.get().mode_by_charger
        for charger in rooms.site.rules.chargers:
            if own.get(charger.charger_id, charger.mode) not in (None, Mode.OFF):
                desk.set_mode(Mode.OFF, charger.charger_id, by)


def set_for_all(rooms: Rooms, mode: Mode, by: str) -> None:
    """One mode for the house and for each of its chargers, whatever they had of their own."""
    desk = rooms.desk
    desk.set_mode(mode, None, by)
    own = desk.control.get().mode_by_charger
    for charger in rooms.site.rules.chargers:
        key = charger.charger_id
        if own.get(key, charger.mode) not in (None, mode):
            desk.set_mode(None if charger.mode in (None, mode) else mode, key, by)


def lift_limits(rooms: Rooms, by: str) -> None:
    """Every charger may offer again what its wires bear."""
    for key in rooms.desk.control.get().limit_by_charger:
        rooms.desk.limit(None, key, by)
