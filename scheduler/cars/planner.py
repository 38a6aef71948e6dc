"""When a car should charge, so that it is ready in time and cheap (or green). Pure, and it says why.

What is planned is time at full power. In this order:

1. Nothing to charge: no plan. No time to spare, or too late already: from now on without a break.
2. The sun first: what a cautious forecast promises before the target is not bought, as long as all of it
   could still be bought if the sun stays away. From that last moment on the sun is not believed any more.
3. No prices, or too few of them between now and the target: the last moment that is early enough.
4. Prices end before the target: if the whole charge fits behind their end, wait for the next ones;
   otherwise only what does not fit there is planned now.
5. The last stretch before departure (`precondition_s`) belongs to the plan at any price.
6. The rest goes into the cheapest slots; of equal ones into the later. Of the last one only a part is
   needed: its end if it is the first in time (of several), otherwise its beginning.
7. In one piece: the cheapest stretch without a break, of equal ones the latest.

Blocked times are never used, whatever they cost. Times are aware; lengths are seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from notify.figures import Figures
from scheduler.tariffs.slots import PriceSlot, cheapest_in_one_piece, in_order

Blocked = Sequence[tuple[datetime, datetime]]
LEAST_S = 1.0


@dataclass(frozen=True, slots=True)
class SunSlot:
    """A stretch in which the sun alone is expected to charge, with this share of full power (0 to 1)."""

    start: datetime
    end: datetime
    share: float


@dataclass(frozen=True, slots=True)
class PlanSlot:
    """One stretch of charging, and why. `price` per kWh (or grams of CO2), None where it is unknown."""

    start: datetime
    end: datetime
    price: float | None
    why: str

    @property
    def seconds(self) -> float:
        """How long it really lasts, DST nights included."""
        return self.end.timestamp() - self.start.timestamp()


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, in order of time. `says`: the whole plan in a sentence. `late`: the target can't be met."""

    slots: tuple[PlanSlot, ...] = ()
    says: str = ""
    late: bool = False

    @property
    def finish(self) -> datetime | None:
        """When it is done; None without slots."""
        return self.slots[-1].end if self.slots else None

    @property
    def cost_per_kw(self) -> float:
        """What one kilowatt through all slots with a known price costs."""
        return sum(slot.seconds / 3600 * slot.price for slot in self.slots if slot.price is not None)


def make_plan(
    rates: Iterable[PriceSlot],
    need_s: float,
    now: datetime,
    target: datetime,
    *,
    precondition_s: float = 0.0,
    one_piece: bool = False,
    blocked: Blocked = (),
    sun: Sequence[SunSlot] = (),
    unit: str = "per kWh",
) -> Plan:
    """The plan as of `now`. `rates` may hold any measure to be kept low; `unit` names it in the reasons."""
    if need_s < LEAST_S:
        return Plan(says="There is nothing to charge.")
    free = _free(now, target, blocked)
    spare_s = sum(_s(end) - _s(start) for start, end in free) - need_s
    known = tuple(slot for slot in in_order(rates) if _s(slot.end) > _s(now))
    if spare_s <= 0:
        return _at_once(known, need_s, now, target, blocked, late=spare_s < -LEAST_S)
    from_sun_s = _sunny_s(sun, now, target)
    if from_sun_s >= need_s:
        return Plan(says=f"The sun is expected to bring all of it before {target:%H:%M}.")
    bought = _Buyer(known, now, target, free, precondition_s, one_piece, unit).plan(need_s - from_sun_s)
    if from_sun_s < LEAST_S:
        return bought
    more = Figures().duration(from_sun_s)
    return replace(bought, says=f"{bought.says} The sun is expected to bring {more} more.")


# --- without a choice --------------------------------------------------------------------------------


def _at_once(
    known: Sequence[PriceSlot],
    need_s: float,
    now: datetime,
    target: datetime,
    blocked: Blocked,
    *,
    late: bool,
) -> Plan:
    """From now on until it is done, around what is blocked."""
    why = f"every minute until {target:%H:%M} is needed" if not late else f"it is late for {target:%H:%M}"
    spans, left_s = [], need_s
    for start, end in _free(now, _later(now, need_s + sum(_s(e) - _s(b) for b, e in blocked) + 1), blocked):
        if left_s <= 0:
            break
        part_s = min(left_s, _s(end) - _s(start))
        spans.append((start, _later(start, part_s)))
        left_s -= part_s
    slots = [part for start, end in spans for part in _cut(known, start, end, why)]
    says = f"It charges from now on: {why}."
    if late and slots:
        says = f"It can't be ready by {target:%H:%M}: it charges from now on, until {slots[-1].end:%H:%M}."
    return Plan(tuple(slots), says, late)


def _cut(known: Sequence[PriceSlot], start: datetime, end: datetime, why: str) -> list[PlanSlot]:
    """A stretch, cut where the price changes; without a price where none is known."""
    inside = [slot for slot in known if _s(slot.start) < _s(end) and _s(slot.end) > _s(start)]
    out, at = [], start
    for slot in inside:
        if _s(slot.start) > _s(at):
            out.append(PlanSlot(at, slot.start, None, why))
            at = slot.start
        stop = min(slot.end, end, key=_s)
        out.append(PlanSlot(at, stop, slot.price_per_kwh, why))
        at = stop
    if _s(at) < _s(end):
        out.append(PlanSlot(at, end, None, why))
    return out


# --- with a choice -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Buyer:
    """Chooses among known prices between now and the target."""

    known: tuple[PriceSlot, ...]
    now: datetime
    target: datetime
    free: Sequence[tuple[datetime, datetime]]
    precondition_s: float
    one_piece: bool
    unit: str

    def plan(self, need_s: float) -> Plan:
        """Rules 3 to 7."""
        horizon = self.known[-1].end if self.known else self.now
        if self.known and _s(horizon) < _s(self.target):
            return self._beyond(need_s, horizon)
        offered = self._offered(self.target)
        if sum(slot.seconds for slot in offered) < need_s - LEAST_S:
            return self._just_in_time(need_s)
        late_s = min(self.precondition_s, need_s)
        early, late = _split(offered, _later(self.target, -late_s))
        late_why = f"the last {late_s / 60:.0f} min before departure, at any price"
        fixed = [replace(slot, why=late_why) for slot in late]
        rest_s = need_s - sum(slot.seconds for slot in fixed)
        chosen = self._chosen(early, rest_s)
        if chosen is None:
            return self._just_in_time(need_s)
        slots = tuple(sorted((*chosen, *fixed), key=lambda slot: _s(slot.start)))
        return Plan(slots, self._says(slots))

    def _beyond(self, need_s: float, horizon: datetime) -> Plan:
        """Prices end before the target."""
        behind = _free(horizon, self.target, _gaps(self.free, horizon, self.target))
        behind_s = sum(_s(end) - _s(start) for start, end in behind)
        if behind_s >= need_s:
            return Plan(
                says=f"Prices are known until {horizon:%H:%M} only, and there is time enough after: it waits."
            )
        offered = self._offered(horizon)
        inside_s = need_s - behind_s
        chosen = self._chosen(offered, inside_s)
        if chosen is None or sum(slot.seconds for slot in offered) < inside_s - LEAST_S:
            return self._just_in_time(need_s)
        why = "no prices are known yet, but the time will be needed"
        slots = (*chosen, *(PlanSlot(start, end, None, why) for start, end in behind))
        return Plan(slots, self._says(slots))

    def _chosen(self, offered: Sequence[PlanSlot], need_s: float) -> list[PlanSlot] | None:
        """The best of what is offered, in order; None: it can't be had."""
        if need_s < LEAST_S:
            return []
        if self.one_piece:
            return self._one_piece(offered, need_s)
        taken: list[PlanSlot] = []
        for slot in sorted(offered, key=lambda slot: (slot.price or 0.0, -_s(slot.start))):
            spare_s = slot.seconds - need_s
            if spare_s > 0:
                first = bool(taken) and all(_s(slot.start) < _s(other.start) for other in taken)
                slot = (
                    replace(slot, start=_later(slot.start, spare_s))
                    if first
                    else replace(slot, end=_later(slot.end, -spare_s))
                )
            taken.append(slot)
            need_s -= slot.seconds
            if need_s < LEAST_S:
                break
        return sorted(taken, key=lambda slot: _s(slot.start))

    def _one_piece(self, offered: Sequence[PlanSlot], need_s: float) -> list[PlanSlot] | None:
        priced = [PriceSlot(slot.start, slot.end, slot.price or 0.0) for slot in offered]
        if not priced:
            return None
        found = cheapest_in_one_piece(priced, need_s, self.now, self.target)
        if found.short_s > LEAST_S:
            return None
        why = f"the cheapest stretch in one piece before {self.target:%H:%M}"
        return [PlanSlot(span.start, span.end, span.price_per_kwh, why) for span in found.spans]

    def _offered(self, until: datetime) -> list[PlanSlot]:
        """Known prices in free time up to an instant."""
        out = []
        for slot in self.known:
            for start, end in self.free:
                first = max(slot.start, start, key=_s)
                last = min(slot.end, end, until, key=_s)
                if _s(last) - _s(first) > 0:
                    price = f"{round(slot.price_per_kwh, 3):g} {self.unit}"
                    why = f"{price}: among the best before {self.target:%H:%M}"
                    out.append(PlanSlot(first, last, slot.price_per_kwh, why))
        return out

    def _just_in_time(self, need_s: float) -> Plan:
        """The last moment that is early enough, without looking at prices."""
        why = f"the prices until {self.target:%H:%M} are not known: as late as possible"
        spans, left_s = [], need_s
        for start, end in reversed(self.free):
            if left_s <= 0:
                break
            part_s = min(left_s, _s(end) - _s(start))
            spans.append((_later(end, -part_s), end))
            left_s -= part_s
        slots = [part for start, end in reversed(spans) for part in _cut(self.known, start, end, why)]
        return Plan(
            tuple(slots), f"It charges as late as possible: prices are not known until {self.target:%H:%M}."
        )

    def _says(self, slots: Sequence[PlanSlot]) -> str:
        if not slots:
            return "There is nothing to buy."
        lasts = Figures().duration(sum(slot.seconds for slot in slots))
        pieces = len(_joined(slots))
        where = "in one piece" if pieces == 1 else f"in {pieces} pieces"
        return (
            f"It charges {lasts} {where}, from {_clock(slots[0].start, self.now)} to {slots[-1].end:%H:%M}."
        )


# --- time --------------------------------------------------------------------------------------------


def _clock(when: datetime, now: datetime) -> str:
    """ "13:45", "tomorrow 01:00", "Sunday 01:00"."""
    days = (when.date() - now.astimezone(when.tzinfo).date()).days
    return f"{when:{'' if days == 0 else 'tomorrow ' if days == 1 else '%A '}%H:%M}"


def joined(plan: Plan) -> list[tuple[datetime, datetime]]:
    """The plan's stretches, touching slots as one."""
    return _joined(plan.slots)


def _joined(slots: Sequence[PlanSlot]) -> list[tuple[datetime, datetime]]:
    out: list[tuple[datetime, datetime]] = []
    for slot in slots:
        if out and _s(slot.start) - _s(out[-1][1]) < LEAST_S:
            out[-1] = (out[-1][0], slot.end)
        else:
            out.append((slot.start, slot.end))
    return out


def _split(slots: Sequence[PlanSlot], border: datetime) -> tuple[list[PlanSlot], list[PlanSlot]]:
    """Slots before and after an instant; one that spans it is cut."""
    early = [
        replace(slot, end=min(slot.end, border, key=_s)) for slot in slots if _s(slot.start) < _s(border)
    ]
    late = [
        replace(slot, start=max(slot.start, border, key=_s)) for slot in slots if _s(slot.end) > _s(border)
    ]
    return early, late


def _free(start: datetime, end: datetime, blocked: Blocked) -> list[tuple[datetime, datetime]]:
    """What is left of a stretch without what is blocked."""
    out, at = [], start
    for first, last in sorted(blocked, key=lambda span: _s(span[0])):
        if _s(first) >= _s(end):
            break
        if _s(first) > _s(at):
            out.append((at, first))
        at = max(at, last, key=_s)
    if _s(at) < _s(end):
        out.append((at, end))
    return out


def _gaps(free: Sequence[tuple[datetime, datetime]], start: datetime, end: datetime) -> Blocked:
    """What is not free between two instants."""
    return _free(start, end, free)


def _sunny_s(sun: Sequence[SunSlot], now: datetime, target: datetime) -> float:
    """Seconds at full power that the sun is expected to be worth between two instants."""
    total_s = 0.0
    for slot in sun:
        seconds = min(_s(slot.end), _s(target)) - max(_s(slot.start), _s(now))
        total_s += max(0.0, seconds) * min(max(slot.share, 0.0), 1.0)
    return total_s


def _later(moment: datetime, seconds: float) -> datetime:
    return datetime.fromtimestamp(_s(moment) + seconds, moment.tzinfo)


def _s(wall: datetime) -> float:
    return wall.timestamp()
