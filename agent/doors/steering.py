"""A charger in the hands of a program outside (evcc, OCPP): permission and amps, for a while.

    allow(id, True)     a boost of the remembered amps; the house's own rules return when it ends
    allow(id, False)    no boost, mode off
    limit(id, amps)     the amps of the boost, at once; remembered while not allowed

A person at the page has the last word: what was ended there is begun again only by a new permission.
An order holds for `hold_s` after the last sign of life: such programs fall silent when they can't read their
own meters, and a charger must not stay at its last current for ever. After that the house follows its own
rules, and `allowed` says what is true. The limits of wires and fuses hold as for everybody.

Such programs order only what changes, so who holds which charger is kept: after a restart of the agent the
next order counts as if nothing had been.
"""

from __future__ import annotations

import logging
import threading

from agent.boosts import LONGEST_BOOST_S, BoostAsk, Refused
from agent.doors.nouns import ChargerState, State
from agent.doors.rooms import Rooms
from agent.doors.state import state_of
from agent.keeping import KeepError
from agent.model import Boost, ChargerRules, Mode

log = logging.getLogger(__name__)


def is_plugged(charger: ChargerState) -> bool:
    """Whether a car is there, as far as the charger can tell."""
    return bool(charger.plugged) or charger.state in ("waiting", "starting", "plugged_in")


def is_allowed(charger: ChargerState) -> bool:
    """The permission as last given, by whomever."""
    return charger.boost is not None or charger.mode != Mode.OFF.value


class Steering:
    """One such program's hands and eyes; any thread may use it. `by` names it, or who brought its order."""

    def __init__(self, rooms: Rooms, hold_s: float, by: str) -> None:
        self._rooms = rooms
        self._by = by
        self._hold_s = min(hold_s, LONGEST_BOOST_S)
        self._amps: dict[str, float] = {}
        self._held: set[str] = set()  # allowed by us
        self._stopped: set[str] = set()  # and not allowed by us
        self._lock = threading.RLock()
        self._key = f"steering {by}"
        self._on_disk: object = None
        self._recall()

    def _recall(self) -> None:
        """What an earlier run kept; nothing where it can't be read."""
        kept, control = self._rooms.kept.get(self._key), self._rooms.desk.control.get()
        here = {charger.charger_id for charger in self._rooms.site.rules.chargers}
        try:
            held, stopped, amps = kept["held"], kept["stopped"], kept["amps"]
            self._amps = {str(key): float(most) for key, most in amps.items() if key in here}
            self._held, self._stopped = here.intersection(held), here.intersection(stopped)
        except (KeyError, TypeError, ValueError, AttributeError):
            return
        for boost in control.boosts:
            if boost.charger_id in self._held and boost.amps is not None:
                self._amps[boost.charger_id] = boost.amps
        self._on_disk = kept

    def _remember(self) -> None:
        """Keep who is held. The amps of a boost are kept with it: writing them twice would wear the disk."""
        idle = {key: amps for key, amps in self._amps.items() if key not in self._held}
        value = {"held": sorted(self._held), "stopped": sorted(self._stopped), "amps": idle}
        if value == self._on_disk:
            return
        try:
            self._rooms.kept.put(self._key, value)
            self._on_disk = value
        except KeepError as error:
            log.warning("Whom %s holds is lost at the next restart: %s", self._by, error)

    def state(self) -> State:
        """The house now."""
        rooms = self._rooms
        published, control = rooms.published.get(), rooms.desk.control.get()
        return state_of(published, control, rooms.site.rules, rooms.clock.now(), site=rooms.site.name)

    def charger(self, charger_id: str) -> ChargerState:
        """One charger now. Raises Refused for one that isn't there."""
        found = next((one for one in self.state().chargers if one.id == charger_id), None)
        if found is None:
            raise Refused(404, f"There is no charger {charger_id[:20]!r}.")
        return found

    def rules(self, charger_id: str) -> ChargerRules:
        """What is settled about one charger. Raises Refused for one that isn't there."""
        chargers = self._rooms.site.rules.chargers
        found = next((one for one in chargers if one.charger_id == charger_id), None)
        if found is None:
            raise Refused(404, f"There is no charger {charger_id[:20]!r}.")
        return found

    def phases(self, charger: ChargerState) -> tuple[list[float], list[float]]:
        """Amps and volts of exactly three phases; zero where no wire is."""
        told = [round(volt, 1) for volt in (charger.volts_by_phase or ())][:3]
        nominal = [self._rooms.site.rules.volts] * len(self.rules(charger.id).phases)
        three = [*(told if any(told) else nominal), 0.0, 0.0, 0.0][:3]
        return [charger.drawn_amps if volt > 0 else 0.0 for volt in three], three

    def alive(self, charger_id: str) -> None:
        """A sign of life: what was ordered holds on. Costs a write only once in half the holding time."""
        with self._lock:
            boost = self._own_boost(charger_id)
            if boost is None or boost.ends_mono_s is None:
                return
            left_s = boost.ends_mono_s - self._rooms.clock.now().mono_s
            if left_s < self._hold_s / 2:
                self._boost(charger_id, boost.amps, self._by)

    def allow(self, charger_id: str, on: bool, by: str = "") -> str:
        """Give or take the permission; a sentence that says what was done. Raises Refused."""
        charger, desk, by = self.rules(charger_id), self._rooms.desk, by or self._by
        with self._lock:
            if not on:
                desk.end_boost(charger_id, by)
                desk.set_mode(Mode.OFF, charger_id, by)
                self._held.discard(charger_id)
                self._stopped.add(charger_id)
                self._remember()
                return "Off."
            self._lift(charger_id, by)
            amps = self._amps.get(charger_id, charger.min_amps)
            self._boost(charger_id, amps, by)
            self._remember()
            return f"On, with {amps:g} A."

    def limit(self, charger_id: str, amps: float, by: str = "") -> str:
        """Set the amps; a sentence that says what was done. Raises Refused for what the wires don't bear."""
        charger = self.rules(charger_id)
        if not charger.min_amps <= amps <= charger.max_amps:
            raise Refused(
                409,
                f"{amps:g} A is not possible: {charger.label} can be given "
                f"{charger.min_amps:g} to {charger.max_amps:g} A.",
            )
        with self._lock:
            self._amps[charger_id] = amps
            if self._own_boost(charger_id) is not None:
                self._boost(charger_id, amps, by or self._by)
            else:
                self._held.discard(charger_id)  # it ended, or a person ended it
            self._remember()
        return f"{amps:g} A."

    def release(self, charger_id: str) -> None:
        """Let go: the house's own rules return at once."""
        with self._lock:
            if self._own_boost(charger_id) is not None:
                self._rooms.desk.end_boost(charger_id, self._by)
            self._held.discard(charger_id)
            if charger_id in self._stopped:
                self._lift(charger_id, self._by)
            self._remember()

    def _own_boost(self, charger_id: str) -> Boost | None:
        """The boost that we began and nobody has ended."""
        boosts = self._rooms.desk.control.get().boosts if charger_id in self._held else ()
        return next((one for one in boosts if one.charger_id == charger_id), None)

    def _lift(self, charger_id: str, by: str) -> None:
        desk = self._rooms.desk
        self._stopped.discard(charger_id)
        if desk.control.get().mode_by_charger.get(charger_id) is Mode.OFF:
            desk.set_mode(None, charger_id, by)

    def _boost(self, charger_id: str, amps: float | None, by: str) -> None:
        self._rooms.desk.start_boost(BoostAsk(amps=amps, for_s=self._hold_s, charger_id=charger_id), by)
        self._held.add(charger_id)
