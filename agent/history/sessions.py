"""Charging sessions: when a car was there, what it took, and from where.

A session begins when the cable is plugged in, or, where the unit cannot tell (older firmware, a
sleeping car), when the car begins to draw. It ends when the cable is pulled; when another car's VIN
appears; or, where the unit cannot tell, when nothing was drawn for four hours, and then it ended at the
last draw. A pause by clouds, a window, or a full car stays inside its session as long as the cable
does. A plug-in that never draws is not a session worth keeping.

Energy is volts x amps x phases, summed each second. The charger's own counter is the check: its step
may be 1 kWh, so energy is compared between two ticks of the counter, and a difference of more than
10 % is written down with the session. The counter is never used to charge or to bill.

While the wall time is unknown a session keeps monotonic times, and gets its calendar times as soon as
the clock is known. A restart of the program in the middle continues the session that it finds in the
database if the car is still there and no more than half an hour has passed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from agent.history.flows import ChargerFlow, cost_and_saving
from agent.model import ChargerStatus, Moment, Price

QUIET_END_S = 4 * 3600.0  # without word of the cable, this long without drawing ends a session
RESUME_S = 1800.0  # a restart within this time continues an open session
WORTH_KEEPING_WH = 10.0
DISAGREE_SHARE = 0.10
COARSE_STEP_WH = 1000.0
FINE_STEP_WH = 20.0

PLUGGED_IN, BEGAN_DRAWING, ALREADY_THERE = "plugged_in", "began_drawing", "already_there"
UNPLUGGED, STOPPED_DRAWING, OTHER_CAR, NOT_WATCHED = (
    "unplugged",
    "stopped_drawing",
    "other_car",
    "not_watched",
)


@dataclass(frozen=True, slots=True)
class Session:
    """One car at one charger. Energy in Wh; `end_reason` is empty while it lasts.

    `cost` and `saved` are of the `priced_wh` alone, whose price was known at the time (flows.py says how).
    `start`, `seen`, `end` are moments whose wall may be None. `counter_start_wh` is the charger's own
    counter as first seen, `counter_base_wh` is what had been integrated by then, `counter_end_wh` and
    `counter_mark_wh` the same pair at the counter's last tick.
    """

    key: str
    charger_id: str
    boot: str
    start: Moment
    start_reason: str
    seen: Moment
    vin: str = ""
    end: Moment | None = None
    end_reason: str = ""
    charged_s: float = 0.0
    energy_wh: float = 0.0
    sun_wh: float = 0.0
    battery_wh: float = 0.0
    grid_wh: float = 0.0
    priced_wh: float = 0.0
    cost: float = 0.0
    saved: float = 0.0
    currency: str = ""
    peak_amps: float = 0.0
    counter_start_wh: float | None = None
    counter_base_wh: float | None = None
    counter_end_wh: float | None = None
    counter_mark_wh: float | None = None
    note: str = ""


def counter_note(session: Session) -> str:
    """A sentence when the charger's counter and the integrated energy differ by over 10 %, or empty."""
    start, end = session.counter_start_wh, session.counter_end_wh
    base, mark = session.counter_base_wh, session.counter_mark_wh
    if start is None or end is None or base is None or mark is None:
        return ""
    counted, summed = end - start, mark - base
    step = COARSE_STEP_WH if start % COARSE_STEP_WH == 0 and end % COARSE_STEP_WH == 0 else FINE_STEP_WH
    if abs(counted - summed) <= max(step, DISAGREE_SHARE * max(counted, summed)):
        return ""
    hint = ""
    if counted < 0.75 * summed:
        hint = " Perhaps the car charges on fewer phases than the settings say."
    return (
        f"The charger's own counter says {counted / 1000:.1f} kWh, volts times amps say "
        f"{summed / 1000:.1f} kWh.{hint}"
    )


class _Open:
    """A session that lasts: the same fields, changing each second."""

    def __init__(self, session: Session, quiet_since: Moment) -> None:
        self.session = session
        self.quiet_since = quiet_since
        self.energy_wh = session.energy_wh
        self.sun_wh, self.battery_wh, self.grid_wh = session.sun_wh, session.battery_wh, session.grid_wh
        self.priced_wh, self.cost, self.saved = session.priced_wh, session.cost, session.saved
        self.charged_s, self.peak_amps = session.charged_s, session.peak_amps
        self.counter_start_wh, self.counter_base_wh = session.counter_start_wh, session.counter_base_wh
        self.counter_wh, self.counter_mark_wh = session.counter_end_wh, session.counter_mark_wh
        self.changed = True

    def add(
        self, flow: ChargerFlow, status: ChargerStatus, seconds: float, moment: Moment, price: Price | None
    ) -> None:
        """One more second of what flows, at a price; None: nobody knows it."""
        if flow.watts > 0.0:
            hours = seconds / 3600.0
            self.energy_wh += flow.watts * hours
            self.sun_wh += flow.sun_w * hours
            self.battery_wh += flow.battery_w * hours
            self.grid_wh += flow.grid_w * hours
            self.charged_s += seconds
            self._pay(flow, seconds, price)
            self.peak_amps = max(self.peak_amps, flow.drawn_amps)
            self.quiet_since = moment
            self.changed = True
        if status.energy_wh is not None and status.energy_wh != self.counter_wh:
            self._tick(status.energy_wh)
        if status.vin and not self.session.vin:
            self.session = replace(self.session, vin=status.vin)
            self.changed = True

    def _pay(self, flow: ChargerFlow, seconds: float, price: Price | None) -> None:
        if price is None or self.session.currency not in ("", price.currency):
            return  # another currency can't be added up
        if not self.session.currency:
            self.session = replace(self.session, currency=price.currency)
        cost, saved = cost_and_saving(flow, price)
        self.priced_wh += flow.watts * seconds / 3600.0
        self.cost += cost * seconds
        self.saved += saved * seconds

    def _tick(self, counter_wh: float) -> None:
        fell = self.counter_wh is not None and counter_wh < self.counter_wh
        if self.counter_start_wh is None or fell:  # first seen, or the unit began anew
            self.counter_start_wh, self.counter_base_wh = counter_wh, self.energy_wh
        self.counter_wh, self.counter_mark_wh = counter_wh, self.energy_wh
        self.changed = True

    def value(self, seen: Moment) -> Session:
        """The session as it stands."""
        session = replace(
            self.session,
            seen=seen,
            start=placed(self.session.start, seen),
            energy_wh=self.energy_wh,
            sun_wh=self.sun_wh,
            battery_wh=self.battery_wh,
            grid_wh=self.grid_wh,
            priced_wh=self.priced_wh,
            cost=self.cost,
            saved=self.saved,
            charged_s=self.charged_s,
            peak_amps=self.peak_amps,
            counter_start_wh=self.counter_start_wh,
            counter_base_wh=self.counter_base_wh,
            counter_end_wh=self.counter_wh,
            counter_mark_wh=self.counter_mark_wh,
        )
        self.session = replace(session, note=counter_note(session))
        return self.session


class SessionTracker:
    """Follows each charger's car. `boot` names this run of the computer, to which mono times belong."""

    def __init__(self, boot: str, unfinished: Iterable[Session] = ()) -> None:
        self._boot = boot
        self._unfinished = {session.charger_id: session for session in unfinished}
        self._open: dict[str, _Open] = {}
        self._known: set[str] = set()

    def step(
        self,
        status: ChargerStatus,
        flow: ChargerFlow,
        seconds: float,
        moment: Moment,
        price: Price | None = None,
    ) -> list[Session]:
        """Take one charger's last second and its price; returns the sessions that ended."""
        charger_id = status.charger_id
        ended: list[Session] = []
        if charger_id in self._unfinished and status.heard_at_mono_s is not None:
            ended += self._resume(self._unfinished.pop(charger_id), status, flow, moment)
        current = self._open.get(charger_id)
        if current is not None:
            reason = _why_over(current, status, flow, moment)
            if reason:
                ended += self._finish(charger_id, reason, earlier(moment, seconds))
                current = None
        if current is None and (status.plugged or flow.watts > 0.0):
            current = self._begin(status, moment, seconds)
        if current is not None:
            current.add(flow, status, seconds, moment, price)
        if status.heard_at_mono_s is not None:
            self._known.add(charger_id)
        return ended

    def changed(self, moment: Moment) -> list[Session]:
        """Sessions worth writing that changed since they were last asked for."""
        changed = [one for one in self._open.values() if one.changed and one.energy_wh >= WORTH_KEEPING_WH]
        for one in changed:
            one.changed = False
        return [one.value(moment) for one in changed]

    def abandoned(self, moment: Moment) -> list[Session]:
        """Open sessions of a former run whose charger was not heard again in time; they end now."""
        late = [one for one in self._unfinished.values() if not _recent(one, self._boot, moment)]
        for one in late:
            del self._unfinished[one.charger_id]
        return [replace(one, end=one.seen, end_reason=NOT_WATCHED) for one in late]

    def _begin(self, status: ChargerStatus, moment: Moment, seconds: float) -> _Open:
        reason = PLUGGED_IN if status.plugged else BEGAN_DRAWING
        if status.charger_id not in self._known:
            reason = ALREADY_THERE
        start = earlier(moment, seconds)
        key = f"{self._boot}/{status.charger_id}/{start.mono_s:.0f}"
        session = Session(key, status.charger_id, self._boot, start, reason, moment, vin=status.vin)
        self._open[status.charger_id] = _Open(session, moment)
        return self._open[status.charger_id]

    def _resume(
        self, session: Session, status: ChargerStatus, flow: ChargerFlow, moment: Moment
    ) -> list[Session]:
        there = status.plugged is not False or flow.watts > 0.0
        same = not (session.vin and status.vin and session.vin != status.vin)
        if there and same and _recent(session, self._boot, moment):
            if session.boot != self._boot and moment.wall and session.start.wall:
                gone_s = seconds_between(session.start.wall, moment.wall)
                start = Moment(moment.mono_s - gone_s, session.start.wall)
                session = replace(session, boot=self._boot, start=start)
            self._open[session.charger_id] = _Open(session, moment)
            return []
        return [replace(session, end=session.seen, end_reason=NOT_WATCHED)]

    def _finish(self, charger_id: str, reason: str, moment: Moment) -> list[Session]:
        gone = self._open.pop(charger_id)
        if gone.energy_wh < WORTH_KEEPING_WH:
            return []
        value = gone.value(moment)
        end = placed(gone.quiet_since, moment) if reason == STOPPED_DRAWING else moment
        return [replace(value, seen=end, end=end, end_reason=reason)]


def _why_over(current: _Open, status: ChargerStatus, flow: ChargerFlow, moment: Moment) -> str:
    if status.plugged is False and flow.watts <= 0.0:
        return UNPLUGGED
    if status.vin and current.session.vin and status.vin != current.session.vin:
        return OTHER_CAR
    quiet_s = moment.mono_s - current.quiet_since.mono_s
    if not status.plugged and quiet_s >= QUIET_END_S:
        return STOPPED_DRAWING
    return ""


def _recent(session: Session, boot: str, moment: Moment) -> bool:
    """Whether little enough time has passed since `session` was last seen; unknown counts as no."""
    if session.boot == boot:
        return 0 <= moment.mono_s - session.seen.mono_s <= RESUME_S
    if session.seen.wall is None or moment.wall is None:
        return False
    return abs(seconds_between(session.seen.wall, moment.wall)) <= RESUME_S


def seconds_between(one: datetime, other: datetime) -> float:
    """Real seconds from one wall time to another; plain subtraction would be an hour off in DST nights."""
    return other.timestamp() - one.timestamp()


def earlier(moment: Moment, seconds: float) -> Moment:
    """The moment some seconds before."""
    wall = None if moment.wall is None else _back(moment.wall, seconds)
    return Moment(moment.mono_s - seconds, wall)


def placed(past: Moment, now: Moment) -> Moment:
    """A past moment with its wall time, if only now it can be told."""
    if past.wall is not None or now.wall is None:
        return past
    return Moment(past.mono_s, _back(now.wall, now.mono_s - past.mono_s))


def _back(wall: datetime, seconds: float) -> datetime:
    return (wall.astimezone(UTC) - timedelta(seconds=seconds)).astimezone(wall.tzinfo)
