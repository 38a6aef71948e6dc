"""What evcc's custom charger asks of a charger, and what it orders: the same by HTTP and by MQTT.

evcc reads `status` (A nothing plugged in, B plugged in, C current flows; anything else is an error and the
cycle is skipped), `enabled` (the permission as last given), `power`, `energy`, `currents`, `voltages`,
`identify` (the VIN) and `soc`. It orders `maxcurrent` (or `maxcurrentmillis`, not truncated) before
`enable`, and each only when it changes. So:

    enable true     a boost of the remembered amps; the house's own rules return when it ends
    enable false    no boost, mode off: the car stays B, and is not A
    maxcurrent      the amps of the boost, at once; remembered while not enabled
    wakeup          nothing: power is on offer already whenever evcc asks for it

An order holds for `hold_s` after the last sign of life (an order, or by HTTP any look at `enabled`):
evcc falls silent when it can't read its meters, and a charger must not stay at its last current for ever.
After that the house follows its own rules, and `enabled` says what is true.
Source: evcc's custom charger and its loop, as of b29b49e.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from agent.boosts import LONGEST_BOOST_S, BoostAsk, Refused
from agent.doors.mqtt_topics import amps_of
from agent.doors.nouns import ChargerState, State
from agent.doors.rooms import Rooms
from agent.doors.state import state_of
from agent.model import ChargerRules, Mode

BY = "evcc"
ORDERS = ("enable", "maxcurrent", "maxcurrentmillis", "wakeup")
YES, NO = ("true", "1", "on"), ("false", "0", "off")


def status_of(charger: ChargerState) -> str:
    """A, B, C, or F while it does not answer."""
    if not charger.linked:
        return "F"
    if charger.charging:
        return "C"
    return "B" if charger.plugged or charger.state in ("waiting", "starting", "plugged_in") else "A"


def enabled_of(charger: ChargerState) -> bool:
    """The permission as last given, by whomever."""
    return charger.boost is not None or charger.mode != Mode.OFF.value


def phases_of(
    charger: ChargerState, rules: ChargerRules | None, volts: float
) -> tuple[list[float], list[float]]:
    """Currents and voltages of exactly three phases; zero where no wire is."""
    wired = len(rules.phases) if rules else 1
    told = [round(volt, 1) for volt in (charger.volts_by_phase or ())][:3]
    measured = told if any(told) else [volts] * wired
    three = [*measured, 0.0, 0.0, 0.0][:3]
    return [charger.drawn_amps if volt > 0 else 0.0 for volt in three], three


class Evcc:
    """The hands and eyes of evcc in this house; any thread may use it."""

    def __init__(self, rooms: Rooms, hold_s: float) -> None:
        self._rooms = rooms
        self._hold_s = min(hold_s, LONGEST_BOOST_S)
        self._amps: dict[str, float] = {}
        self._held: set[str] = set()
        self._lock = threading.Lock()

    def read(self, charger_id: str) -> dict[str, Any]:
        """Everything that evcc may read of one charger. Raises Refused for one that isn't there."""
        charger = next((one for one in self._state().chargers if one.id == charger_id), None)
        if charger is None:
            raise Refused(404, f"There is no charger {charger_id[:20]!r}.")
        return self._words(charger)

    def alive(self, charger_id: str) -> None:
        """evcc looked: what it ordered holds on. Costs a write only once in half the holding time."""
        with self._lock:
            boost = next(
                (one for one in self._rooms.desk.control.get().boosts if one.charger_id == charger_id), None
            )
            if charger_id not in self._held or boost is None or boost.ends_mono_s is None:
                return
            left_s = boost.ends_mono_s - self._rooms.clock.now().mono_s
            if left_s < self._hold_s / 2:
                self._boost(charger_id, boost.amps)

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
        charger = self._rules(charger_id)
        if charger is None:
            raise Refused(404, f"There is no charger {charger_id[:20]!r}.")
        who = f"{BY} through {by}" if by else BY
        with self._lock:
            match what:
                case "enable":
                    return self._enable(charger, truth_of(text), who)
                case "maxcurrent" | "maxcurrentmillis":
                    return self._max_current(charger, amps_of(text), who)
                case "wakeup":
                    return "Power is on offer whenever it is enabled; a car that sleeps is woken by it."
        raise Refused(404, f"There is no order {what[:20]!r}; there is {', '.join(ORDERS)}.")

    def _enable(self, charger: ChargerRules, on: bool, who: str) -> str:
        desk, key = self._rooms.desk, charger.charger_id
        if not on:
            desk.end_boost(key, who)
            desk.set_mode(Mode.OFF, key, who)
            self._held.discard(key)
            return "Off."
        if desk.control.get().mode_by_charger.get(key) is Mode.OFF:
            desk.set_mode(None, key, who)
        self._boost(key, self._amps.get(key, charger.min_amps), who)
        return f"On, with {self._amps.get(key, charger.min_amps):g} A."

    def _max_current(self, charger: ChargerRules, amps: float, who: str) -> str:
        key = charger.charger_id
        if not charger.min_amps <= amps <= charger.max_amps:
            raise Refused(
                409,
                f"{amps:g} A is not possible: {charger.label} can be given "
                f"{charger.min_amps:g} to {charger.max_amps:g} A.",
            )
        self._amps[key] = amps
        if key in self._held:
            self._boost(key, amps, who)
        return f"{amps:g} A."

    def _boost(self, key: str, amps: float | None, who: str = BY) -> None:
        self._rooms.desk.start_boost(BoostAsk(amps=amps, for_s=self._hold_s, charger_id=key), who)
        self._held.add(key)

    def _rules(self, charger_id: str) -> ChargerRules | None:
        chargers = self._rooms.site.rules.chargers
        return next((one for one in chargers if one.charger_id == charger_id), None)

    def _state(self) -> State:
        rooms = self._rooms
        published, control = rooms.published.get(), rooms.desk.control.get()
        return state_of(published, control, rooms.site.rules, rooms.clock.now(), site=rooms.site.name)

    def _words(self, charger: ChargerState) -> dict[str, Any]:
        amps, volts = phases_of(charger, self._rules(charger.id), self._rooms.site.rules.volts)
        out: dict[str, Any] = {
            "status": status_of(charger),
            "enabled": enabled_of(charger),
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
