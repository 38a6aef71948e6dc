"""One look at one car: what the bus shows, what has to be asked, what is wished, what is published.

Level-triggered like every job: it may be missed, repeated, or killed in its middle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from scheduler.cars import lending, limits, owner, policy, starting, stopping
from scheduler.cars.memory import CarMemory
from scheduler.cars.model import Asleep, CarError, ChargeReading, Command, Json
from scheduler.cars.policy import Ask, PollRules
from scheduler.cars.roads import Roads, Waits
from scheduler.cars.settings import CarSettings
from scheduler.cars.sight import Sight
from scheduler.cars.teller import Teller

CHARGING_EFFICIENCY = 0.9
LONG_AGO_S = 60.0


class Visit:
    """One car's turn. `memory` is its memory after it; `said` what was done."""

    def __init__(
        self,
        car: CarSettings,
        sight: Sight,
        memory: CarMemory,
        now_s: float,
        roads: Roads,
        teller: Teller,
        save: Callable[[CarMemory], None],
        *,
        dry_run: bool = False,
    ) -> None:
        self.car = car
        self.sight = sight
        self.memory = memory
        self.now_s = now_s
        self.teller = teller
        self.dry_run = dry_run
        self.said: list[str] = []
        self._roads = roads
        self._save = save

    def run(self, wishes: Sequence[Mapping[str, Any]], deciding: str = "") -> None:
        """Everything in its order. `deciding`: what hangs on knowing its charge, for a plan."""
        self.notice()
        start = self._wish(wishes, "start")
        if start and not owner.against_start(self.memory):
            deciding = deciding or "it is offered power and takes none"
        self.poll(deciding if self.sight.here else "")
        self._follow(wishes)

    # --- what the bus shows --------------------------------------------------------------------------

    def notice(self) -> None:
        """Comings, goings, and whether it draws."""
        sight, memory = self.sight, self.memory
        if not sight.certain:
            return
        if sight.here and memory.here_since_s is None:
            settled = self.now_s - memory.seen_s > LONG_AGO_S  # it may be there for long already
            since_s = self.now_s - policy.SETTLE_S if settled else self.now_s
            memory = replace(memory.left(), here_since_s=since_s, charger_id=sight.charger_id)
            self.teller.now("car_plugged", sight.charger_id, f"{self.car.label} is at {sight.charger}.")
        elif not sight.here and memory.here_since_s is not None:
            self._leaves()
            memory = memory.left()
        elif sight.here:
            memory = replace(memory, charger_id=sight.charger_id)
        if sight.here and sight.drawing and memory.drawing_since_s is None:
            memory = replace(memory, drawing_since_s=self.now_s, stopped_s=None, asleep=False)
        elif sight.here and not sight.drawing and memory.drawing_since_s is not None:
            under_offer = sight.offered_amps >= sight.min_amps
            memory = replace(
                memory, drawing_since_s=None, stopped_s=self.now_s, stopped_under_offer=under_offer
            )
        self.memory = replace(memory, seen_s=self.now_s)

    def _leaves(self) -> None:
        vin = self.car.vin
        self.teller.now("car_unplugged", self.memory.charger_id, f"{self.car.label} was unplugged.")
        for kind in ("car_full", "limit_reached"):
            self.teller.forget(kind, vin)
        for what in ("start", "stop", "amps", "limit"):
            self.teller.forget("owner_override", f"{vin} {what}")
        self.teller.over("stop_failed", self.memory.charger_id, f"{self.car.label} was unplugged.")
        self.teller.over("car_not_charging", vin)

    @property
    def reads_at_home(self) -> bool:
        """Whether asking for its charge leaves the car itself alone."""
        return self._roads.reads_at_home

    @property
    def soc_percent(self) -> float | None:
        """Its charge now: the last reading, and what the charger's counter says went in since."""
        reading, memory = self.memory.reading, self.memory
        if reading is None or reading.soc_percent is None:
            return None
        start_wh, now_wh = memory.energy_at_read_wh, self.sight.energy_wh
        if start_wh is None or now_wh is None or now_wh < start_wh or memory.here_since_s is None:
            return reading.soc_percent
        gained = (now_wh - start_wh) / 1000 * CHARGING_EFFICIENCY / self.car.battery_kwh * 100
        most = max(reading.limit_percent or 100.0, reading.soc_percent)
        return min(reading.soc_percent + gained, most)

    # --- asking --------------------------------------------------------------------------------------

    def poll(self, deciding: str) -> None:
        """Ask its cloud, if there is reason to."""
        if not self.car.reads:
            return
        at_home = self._roads.reads_at_home
        if at_home and self._roads.stands_in:
            if self._asked_at_home():
                return
            at_home = False  # a cloud that stands in is asked by the rules of clouds
        rules = PollRules(60 * self.car.poll_charging_min, 3600 * self.car.max_age_h, at_home)
        asked = policy.next_ask(
            rules, self.memory, self.sight, self.now_s, soc_percent=self.soc_percent, deciding=deciding
        )
        if asked.ask is Ask.NOTHING:
            return
        try:
            if asked.ask is Ask.READ or self.look():
                self.read()
        except Asleep:
            self.memory = replace(self.memory, asleep=True, looked_s=self.now_s)
        except Waits as error:
            self.said.append(str(error))
        except CarError as error:
            self._fails(error)

    def _asked_at_home(self) -> bool:
        """Whether the source at home knows what is to be known now; it is asked where that is due."""
        if self._roads.home_rests:
            return False
        if 0 <= self.now_s - self.memory.read_s < 60 * self.car.poll_charging_min:
            return True
        try:
            self._take(self._roads.read_at_home())
        except CarError as error:
            self.said.append(f"{self.car.label} could not be asked at home: {error}")
            return False
        return True

    def _fails(self, error: CarError) -> None:
        failures = self.memory.failures + 1
        self.memory = replace(self.memory, failures=failures, failed_s=self.now_s)
        self._roads.is_deaf(failures, error)
        self.said.append(f"{self.car.label} could not be asked: {error}")

    def look(self) -> bool:
        """Whether it is awake; one that draws is."""
        if self.sight.drawing:
            return True
        awake = self._roads.awake()
        self.memory = replace(self.memory, asleep=not awake, looked_s=self.now_s)
        return awake

    def read(self) -> ChargeReading:
        """Ask it, and remember and consider what it says."""
        return self._take(self._roads.read())

    def _take(self, reading: ChargeReading) -> ChargeReading:
        self.memory = replace(
            self.memory,
            reading=reading,
            read_s=self.now_s,
            energy_at_read_wh=self.sight.energy_wh,
            asleep=reading.asleep,
            failures=0,
        )
        self._consider(reading)
        return reading

    def _consider(self, reading: ChargeReading) -> None:
        memory, vin, label = self.memory, self.car.vin, self.car.label
        record, says = limits.seen(memory.limit, reading.limit_percent)
        if says:
            self.teller.now("limit_changed", vin, f"{label}: {says}.")
            self.said.append(f"{label}: {says}.")
        if lending.is_by_hand(memory.amps_ours, reading.request_amps):  # or ours never arrived
            memory = replace(memory, amps_before=None, amps_ours=None)
        by_hand = memory.owner_stopped or owner.was_stopped_by_hand(memory, reading)
        self.memory = replace(
            memory,
            limit=record,
            owner_stopped=by_hand and not reading.charging,
            owner_starts=reading.override,
            we_stopped=memory.we_stopped and not reading.charging,
        )
        if reading.charging_state == "Complete" and self.sight.here:
            full = (reading.limit_percent or 0) >= 100
            kind = "car_full" if full else "limit_reached"
            until = "full" if full else f"at its limit of {reading.limit_percent or 0:.0f} %"
            self.teller.once(kind, vin, f"{label} is {until}.")

    # --- acting --------------------------------------------------------------------------------------

    def send(self, command: Command) -> None:
        """Tell it."""
        if self.dry_run:
            self.said.append(f"would tell {self.car.label} to {command}")
            return
        self._roads.send(command)

    def wake(self) -> None:
        """Begin to wake it."""
        if self.dry_run:
            self.said.append(f"would wake {self.car.label}")
            return
        self._roads.wake()

    def save(self) -> None:
        """Put the memory on disk now."""
        self._save(self.memory)

    def _follow(self, wishes: Sequence[Mapping[str, Any]]) -> None:
        if not self.sight.certain:
            return
        if not self.sight.here:
            stopping.stopped(self)
            if self.memory.limit:
                lending.give_back_limit(self)
            return
        stop, start = self._wish(wishes, "stop"), self._wish(wishes, "start")
        if stop and self.sight.drawing:
            stopping.stop(self, str(stop.get("why", "")))
            return
        stopping.stopped(self)
        if self.memory.limit and (start or self.sight.offered_amps >= self.sight.min_amps):
            lending.give_back_limit(self)
        offered = self.sight.offered_amps >= self.sight.min_amps
        if offered and not stop and not self._wish(wishes, "set_amps"):
            lending.give_back_amps(self)
        if self.sight.drawing:
            starting.started(self)
        elif start:
            starting.start(self, str(start.get("why", "")))
        else:
            self.memory = replace(self.memory, start_wished_s=None)
        self._set(wishes)

    def _set(self, wishes: Sequence[Mapping[str, Any]]) -> None:
        """Amps and limit, where the brain wishes them."""
        amps, limit = self._wish(wishes, "set_amps"), self._wish(wishes, "set_limit")
        if amps and isinstance(amps.get("value"), int | float):
            lending.set_amps(self, float(amps["value"]))
        current = self.memory.reading.limit_percent if self.memory.reading else None
        if limit and isinstance(limit.get("value"), int | float) and current != float(limit["value"]):
            lending.lower_limit(self, float(limit["value"]))

    def _wish(self, wishes: Sequence[Mapping[str, Any]], action: str) -> Mapping[str, Any] | None:
        mine = (self.car.vin, "") if self.sight.here else (self.car.vin,)
        for wish in wishes:
            at_mine = wish.get("vin") or wish.get("charger") == self.sight.charger_id
            if wish.get("action") == action and wish.get("vin") in mine and at_mine:
                return wish
        return None


def body_of(visit: Visit, plan: Json | None, calls: Json | None, extra: str = "") -> Json:
    """What the agent is told of the car."""
    memory, reading, soc = visit.memory, visit.memory.reading, visit.soc_percent
    respected = visit.car.owner_override == "respect"
    note = " ".join(filter(None, (owner.note(memory, respected), extra)))
    return {
        "name": visit.car.name,
        "soc_percent": None if soc is None else float(round(soc)),
        "limit_percent": reading.limit_percent if reading else None,
        "charging_state": _state(visit, reading),
        "plugged": _plugged(visit),
        "asleep": False if visit.sight.drawing else memory.asleep,
        "at_wall": reading.at.isoformat() if reading else None,
        "note": note[:1000],
        "plan": plan,
        "calls": calls,
    }


def _plugged(visit: Visit) -> bool | None:
    """Whether its plug is in: at ours as the bus shows, elsewhere as a source at home knows."""
    if visit.memory.here_since_s is not None:
        return True
    reading = visit.memory.reading
    return reading.plugged if reading and visit.reads_at_home else None if reading is None else False


def _state(visit: Visit, reading: ChargeReading | None) -> str:
    """Its own word, unless the bus knows better."""
    if visit.sight.drawing:
        return "Charging"
    word = reading.charging_state if reading else ""
    if visit.memory.here_since_s is None:
        return "Disconnected" if reading else ""
    return "Stopped" if word in ("Charging", "Starting") else word
