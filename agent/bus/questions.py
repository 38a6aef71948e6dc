"""What one charger is asked in the gaps between heartbeats, and what its answers mean.

Energy and volts now and then, firmware and serial once, whether a car is plugged in where the state alone
can't tell, and the car's VIN. Old firmware answers none or few of these: a question that stays unanswered
a few times is given up until the charger links again.

*The VIN* comes in thirds. It is believed when two readings of 17 proper characters agree (a check digit is
not asked for: cars outside North America need none). All zeros mean "no VIN given", nothing more: CAN talk
is off, the car sleeps, or it is no Tesla. Five readings per plug-in, then it is left alone.

*The energy counter* is documented as kWh, yet several units count Wh. Above 200 000 it must be Wh; a
smaller one is kWh until it rises faster than kWh could on this rating. One falling value is noise, a
second one is believed. The counter is for showing and checking, never for control.

Sources: as in frames.py. Volts are 16-bit, L1 L2 L3, plausible at 0 or between 80 and 290.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from math import inf

from agent.bus.frames import EnergyReport, PlugReport, QueryCode, TextReport, VersionReport
from agent.bus.rules import HIGHEST_AMPS

ENERGY_EVERY_S = 30.0
PLUG_EVERY_S = 60.0
ONCE_MORE_S = 5.0
GIVE_UP_AFTER = 3
FIRST_QUESTION_S = 1.0

VIN_READINGS = 5
VIN_SECOND_S = 5.0
VIN_RETRY_S = 45.0
VIN_CODES = (QueryCode.VIN_1, QueryCode.VIN_2, QueryCode.VIN_3)
VIN_PATTERN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
UNPLUGGED_AFTER_S = 10.0

MUST_BE_WH = 200_000
LOWEST_VOLTS, HIGHEST_VOLTS = 80, 290
# The most that three phases can deliver, in Wh per second, with room for a late answer.
FASTEST_WH_PER_S = 1.5 * 3 * HIGHEST_VOLTS * HIGHEST_AMPS / 3600


@dataclass(slots=True)
class Topic:
    """One question: `every_s` 0 is asked until answered. `instead` is tried where it stays unanswered."""

    code: QueryCode
    due: float = inf
    every_s: float = 0.0
    unanswered: int = 0
    instead: QueryCode | None = None


def _topics() -> dict[QueryCode, Topic]:
    topics = (
        Topic(QueryCode.ENERGY, every_s=ENERGY_EVERY_S),
        Topic(QueryCode.PLUG, every_s=PLUG_EVERY_S),
        Topic(QueryCode.FIRMWARE, instead=QueryCode.VERSION),
        Topic(QueryCode.SERIAL, instead=QueryCode.SERIAL_OLD),
        Topic(QueryCode.VERSION),
        Topic(QueryCode.SERIAL_OLD),
    )
    return {topic.code: topic for topic in topics}


@dataclass(slots=True)
class Questions:
    """The questions to one charger. `next_due` (mono_s) is when the next one wants to be asked."""

    next_due: float = inf
    volts_by_phase: tuple[float, ...] | None = None
    energy_wh: float | None = None
    counter: int | None = None  # as sent
    vin: str = ""
    serial: str = ""
    firmware: str = ""
    plugged: bool | None = None  # as the plug question says; None while it can't be told
    vin_readings: int = 0

    _topics: dict[QueryCode, Topic] = field(default_factory=_topics)
    _counts_wh: bool = False
    _counted_at: float = 0.0
    _has_fallen: bool = False
    _vin_due: float = inf
    _vin_parts: list[str] = field(default_factory=list)
    _vin_once: str = ""
    _car_gone_at: float = inf

    def linked(self, now: float) -> None:
        """A charger has just linked: ask everything anew, soon."""
        for offset, code in enumerate((QueryCode.ENERGY, QueryCode.FIRMWARE, QueryCode.SERIAL)):
            topic = self._topics[code]
            topic.unanswered, topic.due = 0, now + FIRST_QUESTION_S + offset
        self._plan()

    def state_changed(self, car_shows: bool, now: float) -> None:
        """Its heartbeat's state changed; `car_shows` when only a plugged-in car explains the state."""
        plug = self._topics[QueryCode.PLUG]
        if not car_shows:
            self._vin_due, self._car_gone_at = inf, now + UNPLUGGED_AFTER_S
            self.plugged = None
            plug.due = now if plug.unanswered < GIVE_UP_AFTER else inf
        elif self._vin_due == inf and (self._car_gone_at < inf or not self.vin_readings):
            self._car_gone_at = plug.due = inf
            self._start_vin(now)
        self._plan()

    def _start_vin(self, now: float) -> None:
        self.vin, self.vin_readings = "", 0
        self._vin_due = now + FIRST_QUESTION_S
        self._vin_parts.clear()
        self._vin_once = ""

    def ask(self, now: float) -> QueryCode | None:
        """The question that is due, or None. The caller says `answered` or `unanswered` afterwards."""
        if now >= self._car_gone_at:
            self._car_gone_at = inf if self.plugged else now + UNPLUGGED_AFTER_S
            if not self.plugged:
                self.vin, self.vin_readings = "", 0
        if now >= self._vin_due:
            if not self._vin_parts:
                self.vin_readings += 1
            return VIN_CODES[len(self._vin_parts)]
        due = min(self._topics.values(), key=lambda topic: topic.due)
        if now < due.due:
            self._plan()
            return None
        return due.code

    def answered(self, code: QueryCode, now: float) -> None:
        """The last question was answered."""
        topic = self._topics.get(code)
        if topic is not None:
            topic.unanswered = 0
            topic.due = now + topic.every_s if topic.every_s else inf
        self._plan()

    def unanswered(self, code: QueryCode, now: float) -> None:
        """The last question was not answered in time."""
        topic = self._topics.get(code)
        if topic is None:
            self._end_vin_reading(now)
        else:
            topic.unanswered += 1
            topic.due = now + ONCE_MORE_S
            if topic.unanswered >= GIVE_UP_AFTER:
                topic.due = inf
                if topic.instead is not None and self._topics[topic.instead].unanswered < GIVE_UP_AFTER:
                    self._topics[topic.instead].due = now + ONCE_MORE_S
        self._plan()

    def _plan(self) -> None:
        topics = min(topic.due for topic in self._topics.values())
        self.next_due = min(topics, self._vin_due, self._car_gone_at)

    # --- what the answers mean; they may also come unasked ---

    def hear(self, said: EnergyReport | TextReport | VersionReport | PlugReport, now: float) -> None:
        """Take in an answer, asked or not."""
        if isinstance(said, EnergyReport):
            self._hear_energy(said, now)
        elif isinstance(said, PlugReport):
            self.plugged = said.plug_code != 0
        elif isinstance(said, VersionReport):
            self.firmware = ".".join(str(number) for number in said.numbers)
        elif said.code in VIN_CODES:
            self._hear_vin(said, now)
        elif said.code in (QueryCode.SERIAL, QueryCode.SERIAL_OLD) and said.text.isalnum():
            self.serial = said.text

    def _hear_vin(self, said: TextReport, now: float) -> None:
        if now < self._vin_due or said.code != VIN_CODES[len(self._vin_parts)]:
            return
        self._vin_parts.append(said.text)
        if not said.text:
            self._end_vin_reading(now)
        elif len(self._vin_parts) == len(VIN_CODES):
            self._judge_vin("".join(self._vin_parts), now)
        self._plan()

    def _judge_vin(self, vin: str, now: float) -> None:
        if not VIN_PATTERN.fullmatch(vin):
            self._end_vin_reading(now)
        elif vin == self._vin_once:
            self.vin = vin
            self._vin_due = inf
        else:
            self._vin_once = vin
            self._end_vin_reading(now, VIN_SECOND_S)

    def _end_vin_reading(self, now: float, pause_s: float = VIN_RETRY_S) -> None:
        self._vin_parts.clear()
        self._vin_due = now + pause_s if self.vin_readings < VIN_READINGS else inf

    def _hear_energy(self, said: EnergyReport, now: float) -> None:
        if not all(v == 0 or LOWEST_VOLTS <= v <= HIGHEST_VOLTS for v in said.volts):
            return
        before = self.counter
        if before is not None and said.counter < before and not self._has_fallen:
            self._has_fallen = True
            return
        self._has_fallen = False
        self._judge_unit(said.counter, now)
        self.counter, self._counted_at = said.counter, now
        self.energy_wh = float(said.counter if self._counts_wh else 1000 * said.counter)
        first, second, third = said.volts
        if second or third:
            self.volts_by_phase = (float(first), float(second), float(third))
        else:
            self.volts_by_phase = (float(first),) if first else None

    def _judge_unit(self, counter: int, now: float) -> None:
        if counter >= MUST_BE_WH:
            self._counts_wh = True
        elif self.counter is not None and counter > self.counter + 1:
            risen_kwh = counter - self.counter - 1  # the counter may have stood just before its next step
            self._counts_wh |= 1000 * risen_kwh > FASTEST_WH_PER_S * (now - self._counted_at)
