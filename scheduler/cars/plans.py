"""A car's plan in the house: made anew at each look, and made true by boosts that end by themselves.

In a slot the car's charger is boosted until the slot's end and the goal's charge; the slots after it are left
with the agent as windows that open late (see ahead.py). So a scheduler that dies leaves the slot that has
begun and the rest of the plan, and nothing more. A boost that we did not set is somebody's wish and is never
touched; one of ours that somebody ended is not set again before the next slot. A charger that is switched off
stays off.

"Always at least 30 %" comes before everything: at any price, until it is reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from scheduler.agent_api import AgentRefused
from scheduler.cars import ahead
from scheduler.cars.goals import Goal, Power, need_s, next_goal, next_target
from scheduler.cars.model import Json
from scheduler.cars.outlook import Market, Sun, blocked, power_of, rates
from scheduler.cars.planner import Blocked, Plan, PlanSlot, make_plan
from scheduler.cars.running import Running, running
from scheduler.cars.settings import Preference
from scheduler.cars.sharing import Circuit
from scheduler.cars.visit import Visit
from scheduler.jobs import Context
from scheduler.wallclock import at

MINIMUM_HOLD_S = 7200.0
SAME_S = 5.0
EXTEND_BELOW_S = 600.0  # longer than from one tick of cron to the next
SHORTEN_FROM_S = 900.0
UNKNOWN_SOC_PERCENT = 30.0
MOST_SLOTS_SHOWN = 48
MOST_PRICES_SHOWN = 200
ASK_BEFORE_S = 12 * 3600.0
LONGEST_BOOST_S = 2 * 86400.0  # what ends later was written by a clock that was wrong


@dataclass(frozen=True, slots=True)
class Wanted:
    """A boost that should hold: until then, up to that charge, and why. `amps` None: all that there is."""

    until_s: float
    soc_percent: float
    why: str
    amps: float | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A plan, how long it charges, and at which power. `amps`: where it leaves the rest to others."""

    plan: Plan
    need_s: float
    power: Power
    amps: float | None = None


class CarPlan:
    """One car's plan at one look. `kept` is a table of JSON values that it finds again next time."""

    def __init__(
        self, visit: Visit, context: Context, wall: datetime, kept: Json, sun: Sun, circuit: Circuit
    ) -> None:
        self._visit = visit
        self._context = context
        self._now = wall
        self._kept = kept
        self._sun = sun
        self._circuit = circuit
        self.note = ""

    def run(self) -> Json | None:
        """Plan and act; answers what is published, None without a plan."""
        visit, car = self._visit, self._visit.car
        if not car.plans and not car.min_soc_percent:
            self._leave(None)
            return None
        if not visit.sight.here:
            if visit.sight.certain:
                self._leave(None)
                self._kept.clear()
            return None
        soc = self._soc()
        reading = visit.memory.reading
        power = power_of(
            self._context.settings, car, visit.sight, reading.request_max_amps if reading else None
        )
        shown, wanted, made = self._planned(soc, power)
        if soc < car.min_soc_percent and not _is_unknown(visit):
            why = f"it always has at least {car.min_soc_percent:.0f} %"
            wanted = Wanted(visit.now_s + MINIMUM_HOLD_S, car.min_soc_percent, why)
        if made is not None:
            self._circuit.promise(car.label, made.plan, made.power)
        if visit.sight.certain:
            self._apply(wanted)
            self._leave(None if visit.sight.mode == "off" or _is_unknown(visit) else made)
        if shown is not None:
            shown["on"] = wanted is not None
        return shown

    def _soc(self) -> float:
        """Its charge; where it isn't known in this stay, a cautious guess: once it draws, it is asked."""
        soc = self._visit.soc_percent
        if soc is not None and not _is_unknown(self._visit):
            return soc
        self.note = f"Its charge is not known: it is planned as if it were {UNKNOWN_SOC_PERCENT:.0f} %."
        return UNKNOWN_SOC_PERCENT

    # --- making it -----------------------------------------------------------------------------------

    def _planned(self, soc: float, power: Power) -> tuple[Json | None, Wanted | None, Made | None]:
        car, kept = self._visit.car, self._kept
        active = _goal_from(kept.get("active"), self._now)
        reading = self._visit.memory.reading
        limit = reading.limit_percent if reading else None
        goal = next_goal(car, soc, power, self._now, active, limit)
        was = Running(bool(kept.get("on")), float(kept.get("until_s") or 0.0))
        if kept.get("guessed") and not _is_unknown(self._visit):
            was = Running(False)  # what began on a guess is decided anew
        kept["guessed"] = _is_unknown(self._visit)
        if goal is None and active is not None and active.soc_percent >= 100:
            goal = active  # a charge to 100 % stays on until it is unplugged
        if goal is None:
            kept |= {"active": None, "on": False, "latest_s": None}
            return None, None, None
        market = rates(self._context.settings, self._now, goal.prefer)
        made = self._shared(goal, soc, power, market)
        plan, need = made.plan, made.need_s
        to_full = goal.soc_percent >= 100
        state = running(plan, self._now, was, need_s=need, target=goal.target, to_full=to_full)
        self._tell(goal, plan)
        kept |= {
            "active": _goal_to_json(goal) if state.on and not kept["guessed"] else None,
            "on": state.on,
            "until_s": state.until_s,
            "latest_s": goal.target.timestamp() - need,
        }
        if limit is not None and any(one.soc_percent > limit for one in car.plans):
            self.note = f"The limit of {limit:.0f} % in its app is below its plan, and counts."
        shown = _shown(goal, plan, need * made.power.watts / 3.6e6, made.power, market, self._now)
        boost = Wanted(state.until_s, goal.soc_percent, state.why, made.amps) if state.on else None
        return shown, boost, made

    def _shared(self, goal: Goal, soc: float, power: Power, market: Market) -> Made:
        """Around what other cars were promised; where that is late, with what is left beside them."""
        circuit, windows = self._circuit, self._context.agent.windows()
        alone = circuit.alone(power)
        off = list(blocked(windows, self._now, self._visit.sight))
        busy = list(circuit.busy(alone, self._now.tzinfo or self._context.settings.site.zone))
        full = self._made(goal, soc, alone, market, [*off, *busy])
        others = circuit.others(self._now, goal.target) if busy else ""
        if not others:
            return full
        beside = circuit.beside(power, self._now, goal.target) if full.plan.late else None
        chosen = full
        if beside is not None:
            slow = self._made(goal, soc, beside, market, off)
            if not slow.plan.late or _ends_s(slow.plan) < _ends_s(full.plan):
                chosen = replace(slow, amps=beside.amps)
        way = f"with {chosen.amps:.0f} A beside" if chosen.amps else "around"
        return replace(chosen, plan=replace(chosen.plan, says=f"{chosen.plan.says} It plans {way} {others}."))

    def _made(self, goal: Goal, soc: float, power: Power, market: Market, off: Blocked) -> Made:
        need = need_s(self._visit.car, soc, goal.soc_percent, power)
        return Made(self._make(goal, need, power, market, off), need, power)

    def _make(self, goal: Goal, need: float, power: Power, market: Market, off: Blocked) -> Plan:
        values, unit = market
        return make_plan(
            values,
            need,
            self._now,
            goal.target,
            precondition_s=goal.precondition_s,
            one_piece=goal.one_piece,
            blocked=off,
            sun=self._sun(self._context, power),
            unit=unit or "per kWh",
        )

    def _tell(self, goal: Goal, plan: Plan) -> None:
        """A plan that can't be met is told once: as impossible from the start, or as late."""
        vin, label = self._visit.car.vin, self._visit.car.label
        known = self._kept.get("goal") == goal.key
        self._kept["goal"] = goal.key
        if not plan.late or _is_unknown(self._visit) or self._kept.get("told") == goal.key:
            return
        self._kept["told"] = goal.key
        kind = "plan_late" if known else "plan_impossible"
        says = f"{label} will not have {goal.soc_percent:.0f} % by {goal.target:%a %H:%M}. {plan.says}"
        self._visit.teller.now(kind, vin, says)

    # --- making it true --------------------------------------------------------------------------------

    def _apply(self, wanted: Wanted | None) -> None:
        visit, kept = self._visit, self._kept
        if visit.sight.mode == "off" and wanted:
            self.note = "The charger is switched off, so its plan rests."
            wanted = None
        boost = visit.sight.boost
        ours = boost is not None and self._is_ours(boost)
        if wanted is None:
            if ours:
                self._end_ours()
            kept.pop("boost", None)
            return
        if boost is not None and not ours:
            self.note = "Somebody boosted the charger: its plan stands back."
            return
        mine = kept.get("boost") or {}
        if boost is None and self._was_ended_by_hand(mine, wanted):
            self.note = "Its boost was ended by hand: the plan rests until the next slot."
            return
        as_asked = mine.get("amps") == wanted.amps
        if ours and as_asked and self._is_long_enough(float(mine.get("ends_s", 0.0)), wanted.until_s):
            return
        self._boost(wanted, again=ours)

    def _leave(self, made: Made | None) -> None:
        """What is still to come, for an agent that may be alone in the night."""
        agent, charger_id = self._context.agent, self._visit.sight.charger_id
        zone = self._context.settings.site.zone
        wanted = ahead.windows_of(made.plan, charger_id, self._now, zone, made.amps) if made else []
        try:
            ahead.leave(agent, self._kept, charger_id, wanted, self._now)
        except AgentRefused as error:
            self.note = f"Its plan could not be left with the agent: {error}"

    def _boost(self, wanted: Wanted, *, again: bool) -> None:
        visit, kept = self._visit, self._kept
        ends = at(round(wanted.until_s), self._now.tzinfo or self._context.settings.site.zone)
        try:
            self._context.agent.boost(
                until=ends.isoformat(),
                to_soc_percent=wanted.soc_percent,
                charger=visit.sight.charger_id,
                amps=wanted.amps,
            )
        except AgentRefused as error:
            self.note = f"Its plan can't be followed: {error}"
            return
        kept["boost"] = {"ends_s": ends.timestamp(), "charger": visit.sight.charger_id, "amps": wanted.amps}
        kept.pop("hands_off_s", None)
        if not again:
            visit.said.append(
                f"{visit.car.label} charges until {ends:%H:%M}, to {wanted.soc_percent:.0f} %: {wanted.why}."
            )

    def _end_ours(self) -> None:
        self._context.agent.end_boost(self._visit.sight.charger_id)
        self._visit.said.append(f"{self._visit.car.label}: its slot is over.")

    def _is_ours(self, boost: Mapping[str, Any]) -> bool:
        ends_s = float((self._kept.get("boost") or {}).get("ends_s", 0.0))
        return abs(_seconds(boost.get("ends")) - ends_s) < SAME_S

    def _is_long_enough(self, ends_s: float, wanted_s: float) -> bool:
        """Whether our boost may stay as it is: an end that moves a little is no reason to set it anew."""
        if wanted_s > ends_s + SAME_S:
            return ends_s - self._visit.now_s >= EXTEND_BELOW_S
        return ends_s - wanted_s < SHORTEN_FROM_S

    def _was_ended_by_hand(self, mine: Mapping[str, Any], wanted: Wanted) -> bool:
        """Ours should still hold and doesn't: somebody wants it so, until the slot's end."""
        now_s, soc = self._visit.now_s, self._visit.soc_percent or 0.0
        left_s = float(mine.get("ends_s", 0.0)) - now_s
        if SAME_S < left_s < LONGEST_BOOST_S and round(soc) < wanted.soc_percent:
            self._kept["hands_off_s"] = max(wanted.until_s, float(mine["ends_s"]))
            self._kept.pop("boost", None)
        return 0 < float(self._kept.get("hands_off_s", 0.0)) - now_s < LONGEST_BOOST_S


def decides(visit: Visit, wall: datetime) -> str:
    """What hangs on asking a sleeping car's charge now, or nothing: a plan that is due soon."""
    soon_s = wall.timestamp() + ASK_BEFORE_S
    due = any(next_target(plan, wall).timestamp() < soon_s for plan in visit.car.plans)
    return "a plan needs its charge" if due and _is_unknown(visit) else ""


def _is_unknown(visit: Visit) -> bool:
    """Whether its charge was not read since it came."""
    here = visit.memory.here_since_s
    return here is None or visit.memory.read_s < here


def _shown(goal: Goal, plan: Plan, need_kwh: float, power: Power, market: Market, now: datetime) -> Json:
    """What the page draws: the goal, the slots and why, and the prices that they were chosen from."""
    values, unit = market
    ahead = [one for one in values if now.timestamp() < one.end.timestamp()]
    return {
        "goal_percent": goal.soc_percent,
        "ready_at": goal.target.isoformat(),
        "prefer": goal.prefer,
        "sentence": plan.says,
        "late": plan.late,
        "finish": plan.finish.isoformat() if plan.finish else None,
        "need_kwh": round(need_kwh, 1),
        "unit": unit,
        "slots": [_slot(slot, power) for slot in plan.slots[:MOST_SLOTS_SHOWN]],
        "prices": [
            {"start": one.start.isoformat(), "end": one.end.isoformat(), "price": one.price_per_kwh}
            for one in ahead[:MOST_PRICES_SHOWN]
            if one.start.timestamp() < goal.target.timestamp()
        ],
    }


def _slot(slot: PlanSlot, power: Power) -> Json:
    start, end = (when.replace(microsecond=0).isoformat() for when in (slot.start, slot.end))
    price = {} if slot.price is None else {"price": slot.price}
    return {"start": start, "end": end, **price, "amps": power.amps, "why": slot.why}


def _goal_to_json(goal: Goal) -> Json:
    return {
        "soc_percent": goal.soc_percent,
        "target_s": goal.target.timestamp(),
        "prefer": goal.prefer,
        "one_piece": goal.one_piece,
        "precondition_s": goal.precondition_s,
    }


def _goal_from(kept: Any, now: datetime) -> Goal | None:
    try:
        target = datetime.fromtimestamp(float(kept["target_s"]), now.tzinfo)
        prefer: Preference = "greenest" if kept.get("prefer") == "greenest" else "cheapest"
        warm_s = float(kept.get("precondition_s", 0.0))
        return Goal(float(kept["soc_percent"]), target, prefer, bool(kept.get("one_piece")), warm_s)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _ends_s(plan: Plan) -> float:
    return plan.finish.timestamp() if plan.finish else 0.0


def _seconds(text: object) -> float:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return -1.0
