"""What evcc's custom charger asks of a charger, and what it orders: the same by HTTP and by MQTT.

evcc reads `status` (A nothing plugged in, B plugged in, C current flows; anything else is an error and the
cycle is skipped), `enabled` (the permission as last given), `power`, `energy`, `currents`, `voltages`,
`identify` (the VIN) and `soc`. It orders `maxcurrent` (or `maxcurrentmillis`, not truncated) before
`enable`, and each only when it changes. What an order does, and for how long, stands in steering.py; `wakeup`
does nothing, since power is on offer already whenever evcc asks for it. By HTTP any look is a sign of life.

Source: evcc's custom charger and its loop, as of b29b49e.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from agent.boosts import Refused
from agent.doors.mqtt_topics import amps_of
from agent.doors.nouns import ChargerState, State
from agent.doors.rooms import Rooms
from agent.doors.steering import Steering, is_allowed, is_plugged

BY = "evcc"
ORDERS = ("enable", "maxcurrent", "maxcurrentmillis", "wakeup")
YES, NO = ("true", "1", "on"), ("false", "0", "off")


def status_of(charger: ChargerState) -> str:
    """A, B, C, or F while it does not answer."""
    if not charger.linked:
        return "F"
    if charger.charging:
        return "C"
    return "B" if is_plugged(charger) else "A"


class Evcc:
    """The hands and eyes of evcc in this house; any thread may use it."""

    def __init__(self, rooms: Rooms, hold_s: float) -> None:
        self._steering = Steering(rooms, hold_s, BY)

    def read(self, charger_id: str) -> dict[str, Any]:
        """Everything that evcc may read of one charger. Raises Refused for one that isn't there."""
        return self._words(self._steering.charger(charger_id))

    def alive(self, charger_id: str) -> None:
        """evcc looked: what it ordered holds on."""
        self._steering.alive(charger_id)

    def topics(self, prefix: str) -> Callable[[State], dict[str, str]]:
        """The MQTT branch: PREFIX/ID/evcc/status and so on."""

        def values(state: State) -> dict[str, str]:
            return {
                f"{prefix}/{charger.id}/evcc/{key}": value if isinstance(value, str) else json.dumps(value)
                for charger in state.chargers
                for key, value in self._words(charger).items()
            }

        return values

    def obey(self, charger_id: str, what: str, text: str, by: str = "") -> str:
        """One order; a sentence that says what was done. `by`: who brought it. Raises Refused."""
        self._steering.rules(charger_id)
        who = f"{BY} through {by}" if by else BY
        match what:
            case "enable":
                return self._steering.allow(charger_id, truth_of(text), who)
            case "maxcurrent" | "maxcurrentmillis":
                return self._steering.limit(charger_id, amps_of(text), who)
            case "wakeup":
                return "Power is on offer whenever it is enabled; a car that sleeps is woken by it."
        raise Refused(404, f"There is no order {what[:20]!r}; there is {', '.join(ORDERS)}.")

    def _words(self, charger: ChargerState) -> dict[str, Any]:
        amps, volts = self._steering.phases(charger)
        out: dict[str, Any] = {
            "status": status_of(charger),
            "enabled": is_allowed(charger),
            "power": charger.drawn_w,
            "currents": amps,
            "voltages": volts,
            "identify": charger.vin,
        }
        if charger.energy_wh is not None:
            out["energy"] = round(charger.energy_wh / 1000, 3)
        if charger.car and charger.car.soc_percent is not None:
            out["soc"] = charger.car.soc_percent
        return out


def truth_of(text: str) -> bool:
    """true or false, as evcc's templates write them. Raises Refused."""
    word = text.strip().casefold()
    if word not in (*YES, *NO):
        raise Refused(422, f"Send true or false, not {text[:20]!r}.")
    return word in YES
