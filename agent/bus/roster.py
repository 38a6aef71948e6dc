"""Who is on the bus: named chargers, strangers that announce themselves, and how each of them fares.

There are `max_chargers` places. Named chargers have theirs from the start; a stranger gets one of the rest,
and one too many is reported and left alone: nobody working is ever pushed out. A stranger is linked (so that
it doesn't flash its error) and offered 0 A: only the owner knows what its wiring bears.
"""

from __future__ import annotations

from math import inf

from agent.bus import news
from agent.bus.amps import Circuit
from agent.bus.charger import ERROR, Charger
from agent.bus.frames import ChargerHeartbeat, ChargerReady
from agent.bus.rules import BusRules, ChargerLimits
from notify.events import Event

UNLINKED_AFTER_S = 10.0  # without a heartbeat from us
FORGET_AFTER_S = 600.0
MOST_STRANGERS = 8
ODD_RATINGS = 2
DISOBEYS_AFTER_S = 10.0
OVERDRAWS_AFTER_S = 30.0
OVERDRAWN_AMPS = 1.0
FAULT_AFTER_S = 60.0  # some say error for a moment after a silence, and others now and then while they charge
FAULT_GONE_AFTER_S = 10.0


class Roster:
    """All chargers of one bus, and the circuit that they share."""

    def __init__(self, rules: BusRules, now: float) -> None:
        self._rules = rules
        self._strangers: dict[str, Charger] = {}
        self._told_once: set[tuple[str, str]] = set()
        self.events: list[Event] = []
        self.circuit = Circuit(rules, now)
        self.chargers: dict[str, Charger] = {}
        for slot, limits in enumerate(rules.chargers):
            self.chargers[limits.charger_id] = Charger(limits, slot, configured=True)
        self.reckon(now)

    def reckon(self, now: float) -> None:
        """Sum up what all chargers hold of the circuit."""
        self.circuit.reckon(self.chargers.values(), now)

    def once(self, event: Event) -> None:
        """Tell this kind of news about this charger only once in this run."""
        if (event.kind, event.subject) not in self._told_once:
            self._told_once.add((event.kind, event.subject))
            self.events.append(event)

    # --- what is heard ---

    def hear(self, charger: Charger, said: ChargerHeartbeat, now: float) -> None:
        """Take in a charger's heartbeat."""
        was_linked = charger.linked
        changed = charger.hear(said, now)
        if charger.linked and not was_linked:
            self._note_linked(charger, now)
            changed = True
        if charger.conflict_until and not charger.in_conflict:
            self._note_conflict(charger)
            changed = True
        if changed:
            self.reckon(now)

    def announced(self, said: ChargerReady, now: float) -> Charger | None:
        """Take in an announcement; the charger, when it is believed and has a place."""
        charger = self.chargers.get(said.charger) or self._stranger(said.charger)
        if not charger.announce(said, now):
            if charger.odd_ratings >= ODD_RATINGS:
                self.once(news.odd_rating(said.charger, said.rating_amps))
            return None
        if said.charger not in self.chargers and not self._give_place(charger):
            return None
        if charger.unanswered:
            charger.linked = False
        if not charger.linked:
            charger.lost = False
            charger.unanswered = 0
        if charger.configured and charger.rating_amps < charger.limits.max_amps:
            self.once(news.below_setting(charger))
        self.reckon(now)
        return charger

    def _stranger(self, charger_id: str) -> Charger:
        """One that was heard but not believed yet; a few are remembered."""
        found = self._strangers.get(charger_id)
        if found is None:
            if len(self._strangers) >= MOST_STRANGERS:
                del self._strangers[next(iter(self._strangers))]
            found = self._strangers[charger_id] = Charger(ChargerLimits(charger_id), -1, configured=False)
        return found

    def _give_place(self, charger: Charger) -> bool:
        taken = {other.slot for other in self.chargers.values()}
        free = [slot for slot in range(self._rules.max_chargers) if slot not in taken]
        if not free:
            self.once(news.too_many(charger.charger_id, self._rules.max_chargers))
            return False
        charger.slot, charger.due = free[0], inf
        self.chargers[charger.charger_id] = charger
        self._strangers.pop(charger.charger_id, None)
        self.once(news.unknown(charger))
        return True

    def missed(self, charger: Charger) -> None:
        """A heartbeat was not answered."""
        if charger.missed() and not charger.missing:
            charger.missing = True
            self.events.append(news.lost(charger))

    def _note_linked(self, charger: Charger, now: float) -> None:
        charger.questions.linked(now)
        if charger.missing:
            charger.missing = False
            self.events.append(news.back(charger))
        else:
            self.once(news.linked(charger))

    def _note_conflict(self, charger: Charger) -> None:
        event = news.conflict(charger)
        charger.in_conflict, charger.problem = True, event.sentence
        charger.hold()
        self.events.append(event)

    # --- once a second ---

    def tidy(self, now: float) -> None:
        """What time alone changes: reservations end, conflicts are over, orders were not followed."""
        changed = self.circuit.presumes
        for charger in list(self.chargers.values()):
            if charger.linked and charger.sent_at is not None and now - charger.sent_at > UNLINKED_AFTER_S:
                charger.linked, charger.fresh = False, True
            if charger.in_conflict and now >= charger.conflict_until:
                charger.in_conflict, charger.conflict_until = False, 0.0
                changed |= charger.hold()
                self.events.append(news.conflict_gone(charger))
            changed |= charger.release(now, self._rules.reserve_s)
            self._judge(charger, now)
            self._note_fault(charger, now)
            heard_at = max(charger.heard_at or 0.0, charger.announced_at or 0.0)
            if charger.lost and not charger.configured and now - heard_at > FORGET_AFTER_S:
                del self.chargers[charger.charger_id]
        if changed:
            self.reckon(now)

    def _note_fault(self, charger: Charger, now: float) -> None:
        """Whether the charger itself says that something is wrong with it."""
        if not charger.linked:
            return
        says_error = charger.state_code == ERROR
        if says_error and not charger.faulty and now - charger.state_since >= FAULT_AFTER_S:
            charger.faulty = True
            self.events.append(news.fault(charger))
        elif charger.faulty and not says_error and now - charger.state_since >= FAULT_GONE_AFTER_S:
            charger.faulty = False
            self.events.append(news.fault_gone(charger))

    def _judge(self, charger: Charger, now: float) -> None:
        """Whether the charger, and the car behind it, do as they were told."""
        told = charger.told_amps
        if charger.offered_amps == told or not charger.linked:
            charger.echoed_at = now
        if told is None or charger.in_conflict:
            return
        problem, disobeys = "", False
        if charger.missing:
            problem = news.lost(charger).sentence
        elif now - charger.echoed_at > DISOBEYS_AFTER_S:
            problem = news.ignores(charger, told)
            disobeys = True
        elif charger.drawn_amps > told + OVERDRAWN_AMPS and now - charger.told_since > OVERDRAWS_AFTER_S:
            problem = news.overdraws(charger, told)
            disobeys = True
        elif not charger.configured:
            problem = news.unknown(charger).sentence
        charger.problem = problem
        if disobeys != charger.disobeys:
            charger.disobeys = disobeys
            self.events.append(news.not_followed(charger) if disobeys else news.followed(charger))
