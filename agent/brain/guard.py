"""The last word on every offer: it may only lower.

In this order: the charger's own rating and wiring; the age of the meter; the circuit that all chargers
share; the main fuse, phase by phase; even phases; the peak cap; an order to dim; and nothing between 0 and
the minimum (limits/ has one file for each kind). The bus clamps once more at the wire (agent/bus), so that no
bug here can command a dangerous current.

How long a main fuse can be overloaded by a charging car:

* the meter tells it: the offer falls in the same second, is on the wire within two, and the car follows at
  some 4 A a second: within ANSWERED_S of the reading at the latest, whichever phase it is;
* a car does not come down, or its charger has fallen silent: what it draws counts whatever it is offered (for
  a raise at once, else from 10 s on), and the others share the rest;
* the meter is silent: after 30 s (a setting) all chargers of a phase together have at most the minimum
  beside a fuse that nobody watches (`blind_fast_amps`), and solar modes nothing from 120 s on;
  no meter at all is a silent one;
* the amps of a phase are wrong and the watts are right: as if the meter told it (limits/fuse.py);
* the meter's phases are not those of the settings: a car has the minimum until two of its steps have shown
  where the meter feels it (one car at a time has 5 A more); then it counts there and where the settings say;
* the meter does not feel a charger at all, because it branches off before the meter or a clamp is dead: the
  charger counts beside what the meter says, and has at most the minimum, with a step of 5 A every five
  minutes to try again. (A dead clamp hides the house on that phase as well: that nobody sees.) On a
  three-phase charger a meter with one dead clamp cannot be told from a car that uses fewer phases: there
  only this holds, that the chargers alone never draw more than the fuse. Check the clamps;
* a meter on three phases that tells watts alone: sun on one phase hides a load on another, so there the
  fuse is kept as well as the sum of the phases tells. Use a meter that tells amps.

A meter that has gone silent is not 0 W. By default: no raise once the reading is 10 s old, down to the
minimum from 30 s, the safe offer from 120 s (`solar` nothing, `solar_min` its minimum, `fast` what the
circuit allows, or the minimum where a main fuse is set whose meter is blind).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from agent.brain.limits.fit import Proposal as Proposal
from agent.brain.limits.fit import each, fit, lower, on_phase, watts
from agent.brain.limits.fuse import PHASES, fuse_room
from agent.brain.limits.grid import imbalance, peak_room
from agent.brain.memory import Demand, Watched
from agent.brain.phases import judged
from agent.model import ChargerRules, ChargerStatus, Dimming, Mode, Reading, Rules, Step

MAIN_FUSE = "main fuse"
PEAK = "peak cap"
IMBALANCE = "even phases"
DIMMING = "dimming"
CALM = "calm"
FUSE_CALM_S = 60.0
ANSWERED_S = 10.0
PROBE_AMPS = 5.0
PROBE_AGAIN_S = 300.0
PROBED_WITHIN_S = 90.0  # so long the others wait for a car's first steps: steps of two at once teach nothing


class Scene(NamedTuple):
    """All that the guard looks at beside the proposals."""

    rules: Rules
    sun_age_s: float
    grid: Reading | None
    draws: Watched
    demand: Demand
    cut_mono_s: Mapping[str, float]  # by rule: when it last took amps away
    dimming: Dimming | None
    now: float

    @property
    def reserved_watts(self) -> tuple[float, ...]:
        """Watts kept free on each phase: by the settings, and on top of them by order."""
        asked = self.dimming.reserved_watts if self.dimming else ()
        own = self.rules.reserved_watts
        if not asked:
            return own
        return tuple(
            (own[i] if i < len(own) else 0.0) + (asked[i] if i < len(asked) else 0.0)
            for i in range(len(PHASES))
        )


def guard(proposals: Sequence[Proposal], scene: Scene) -> tuple[list[Proposal], list[Step]]:
    """The proposals, lowered where a limit says so, and the steps that tell which limit it was."""
    rules, grid = scene.rules, scene.grid
    steps: list[Step] = []
    out = [_own_limits(p, steps) for p in proposals]
    if rules.has_meter and scene.sun_age_s > rules.stale_no_raise_s:
        out = [_stale(p, rules, scene.sun_age_s, steps) for p in out]
    out = _amps(out, rules.circuit_amps, "circuit", steps)
    fresh = grid if grid is not None and scene.now - grid.at_mono_s <= rules.stale_safe_s else None
    if rules.main_fuse_amps > 0:
        out = _main_fuse(out, scene, fresh, steps)
    if rules.imbalance_amps > 0 and rules.site_phases > 1:
        out = _even(out, scene, fresh, steps)
    if rules.peak_watts > 0 and rules.has_meter:
        room, seen = rules.peak_watts, "the grid meter is silent, and "
        if fresh is not None:
            room = max(0.0, peak_room(out, rules, scene.demand, fresh, scene.draws, scene.now))
            seen = ""
        why = f"{seen}the cap on what is bought leaves {room / 1000:.1f} kW for all chargers together"
        out = _calm(fit(out, watts, room, PEAK, why, steps), scene, PEAK, "the cap on what is bought", steps)
    if scene.dimming is not None:
        out = _dim(out, scene.dimming, steps)
    return out, steps


def _amps(out: list[Proposal], room: float, what: str, steps: list[Step]) -> list[Proposal]:
    why = f"the {what} allows {max(0.0, room):.0f} A for all chargers together"
    return fit(out, each, room, what, why, steps)


def _main_fuse(out: list[Proposal], scene: Scene, fresh: Reading | None, steps: list[Step]) -> list[Proposal]:
    rules = scene.rules
    blind = scene.sun_age_s > rules.stale_minimum_s
    if fresh is not None:
        out = _proven(out, scene.now, steps)
    falling = any(p.status.drawn_amps > p.amps + 1.0 for p in out)
    for phase in PHASES[: rules.site_phases]:
        rule = f"{MAIN_FUSE} on {phase}"
        if blind:
            least = min((p.rules.min_amps for p in out), default=0.0)
            room = least if rules.blind_fast_amps is None else rules.blind_fast_amps
            lacks = "the meter is silent and nobody" if rules.has_meter else "no meter"
            why = f"{lacks} watches the main fuse: {room:.0f} A for all cars together"
            out = fit(out, on_phase(phase), room, f"unwatched {rule}", why, steps)
        if fresh is not None:
            room = max(0.0, fuse_room(phase, out, rules, scene.reserved_watts, fresh, scene.draws))
            why = f"the {rule} allows {room:.0f} A for all chargers together"
            out = fit(out, on_phase(phase), room, rule, why, steps)
            if falling:
                out = _none_into_used(out, phase, room, steps)
    return _calm(out, scene, MAIN_FUSE, "the main fuse", steps)


def _none_into_used(out: list[Proposal], phase: str, room: float, steps: list[Step]) -> list[Proposal]:
    """No raise into amps that another car still draws; the minimum passes: a car takes 20 s to wake."""
    on = [p for p in out if phase in p.phases]
    drawn = sum(p.status.drawn_amps if p.status.drawn_amps > p.amps + 1.0 else p.amps for p in on)
    if drawn <= room or drawn <= sum(p.amps for p in on):
        return out
    why = "no more before another car has come down: the main fuse bears no more"
    return [
        lower(p, max(p.before_amps, p.rules.min_amps), f"{MAIN_FUSE} in use", why, steps)
        if p.amps > p.before_amps and p in on
        else p
        for p in out
    ]


def _proven(out: list[Proposal], now: float, steps: list[Step]) -> list[Proposal]:
    """Beside a main fuse a car has the minimum until the meter has felt it, by two steps of one at a time."""
    unknown = [p for p in out if not (p.learned.sure or p.learned.unfelt) and p.learned.drawn_amps]
    turn = unknown[0] if unknown and all(judged(p.learned) for p in unknown) else None
    first = any(now - (p.learned.began_mono_s or now) < PROBED_WITHIN_S for p in unknown)
    for place, p in enumerate(out):
        if p.learned.unfelt:
            most = p.rules.min_amps + (PROBE_AMPS if now - p.learned.changed_mono_s > PROBE_AGAIN_S else 0.0)
            why = "the meter does not feel this car, so nobody watches the main fuse for it"
            out[place] = lower(p, most, "unfelt", why, steps)
        elif not p.learned.sure:
            why = "a careful start, until the meter has shown which phases this car uses"
            out[place] = lower(p, _most_unproven(p, p is turn), "first amps", why, steps)
        elif first and p.status.charging:
            why = "another car is just starting: no more before the meter has shown which phases it uses"
            out[place] = lower(p, p.before_amps, "first amps", why, steps)
    return out


def _most_unproven(p: Proposal, turn: bool) -> float:
    """The minimum, or 5 A more on its turn: up and down again, for each change of amps teaches."""
    least, drawn = p.rules.min_amps, p.learned.drawn_amps
    under_way = p.before_amps and not judged(p.learned) and p.before_amps <= least + PROBE_AMPS
    if under_way:
        return p.before_amps
    held_back = p.amps > least + PROBE_AMPS  # else the sun changes it soon enough
    return least + (PROBE_AMPS if turn and not (held_back and drawn > least + PROBE_AMPS - 1) else 0.0)


def _even(out: list[Proposal], scene: Scene, fresh: Reading | None, steps: list[Step]) -> list[Proposal]:
    for _ in PHASES:  # each pass evens the fullest phase
        tilted = imbalance(out, scene.rules, fresh, scene.draws)
        if tilted is None:
            break
        phase, tilts, room = tilted
        why = f"{phase} may carry at most {scene.rules.imbalance_amps:.0f} A more than the emptiest phase"
        out = fit(out, tilts, room, IMBALANCE, why, steps)
    return _calm(out, scene, IMBALANCE, "the limit for uneven phases", steps)


def _dim(out: list[Proposal], dimming: Dimming, steps: list[Step]) -> list[Proposal]:
    if dimming.amps is not None:
        why = f"dimmed by order to {dimming.amps:g} A for all chargers together"
        out = fit(out, each, dimming.amps, DIMMING, why, steps)
    if dimming.watts is not None:
        why = f"dimmed by order to {dimming.watts / 1000:.1f} kW for all chargers together"
        out = fit(out, watts, dimming.watts, DIMMING, why, steps)
    return out


def _calm(out: list[Proposal], scene: Scene, rule: str, what: str, steps: list[Step]) -> list[Proposal]:
    """No raise for a minute after a limit took amps away."""
    cut = scene.cut_mono_s.get(rule)
    if cut is None or scene.now - cut >= FUSE_CALM_S:
        return out
    why = f"{what} was full a moment ago: no more before it has had room for a minute"
    return [lower(p, p.before_amps, f"{rule} {CALM}", why, steps) for p in out]


def _own_limits(p: Proposal, steps: list[Step]) -> Proposal:
    limit = own_limit(p.rules, p.status)
    if p.amps <= limit:
        return p
    return lower(p, limit, "own limit", f"this charger may offer {limit:.0f} A at the most", steps)


def own_limit(rules: ChargerRules, status: ChargerStatus) -> float:
    """The most that one charger may ever offer: its wiring, and its rating once known."""
    return min(rules.max_amps, status.rating_amps) if status.rating_amps else rules.max_amps


def _stale(p: Proposal, rules: Rules, age_s: float, steps: list[Step]) -> Proposal:
    silent = (
        "the grid meter has never answered"
        if age_s == float("inf")
        else f"the grid meter is silent for {age_s:.0f} s"
    )
    if p.mode is Mode.FAST:
        if rules.main_fuse_amps <= 0:
            return p
        blind = p.rules.min_amps if rules.blind_fast_amps is None else rules.blind_fast_amps
        if age_s > rules.stale_minimum_s:
            return lower(
                p, blind, "stale meter", f"{silent}: only {blind:.0f} A beside an unwatched main fuse", steps
            )
    elif p.amps and age_s > rules.stale_safe_s:
        safe = p.rules.min_amps if p.mode is Mode.SOLAR_MIN else 0.0
        return lower(p, safe, "stale meter", f"{silent}: {_offer_words(safe)} until it is back", steps)
    elif p.amps and age_s > rules.stale_minimum_s:
        return lower(p, p.rules.min_amps, "stale meter", f"{silent}: down to the minimum", steps)
    if not p.amps and age_s > rules.stale_minimum_s and p.mode in (Mode.SOLAR, Mode.SOLAR_MIN):
        return _not_before(p, f"{silent}: no charging until it is back", steps)
    if p.amps > p.before_amps:
        return lower(p, p.before_amps, "stale meter", f"{silent}: no more before it is back", steps)
    return p


def _not_before(p: Proposal, why: str, steps: list[Step]) -> Proposal:
    """Nothing is offered as it is; what an old reading would promise is not said."""
    if not p.status.linked:
        return p
    steps.append(Step("stale meter", p.rules.charger_id, 0.0, 0.0, why))
    return p._replace(why=why)


def _offer_words(amps: float) -> str:
    return f"{amps:.0f} A" if amps else "no charging"
