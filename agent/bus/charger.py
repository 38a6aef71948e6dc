"""One remote charger, as the master sees it: what it said, what it was told, and what to believe.

*Believe nothing at once.* The checksum is weak and the line lies beside mains cables, so a value that
can't be is held back until the next frame repeats it. A rating never counts upwards from one frame: one
of the known ratings may be used at once, capped by the owner's own `max_amps`; any other needs two equal
frames. Until a rating was heard at all (a charger that our last run had linked does not announce itself
again) the smallest one sold, 32 A, is presumed.

*An order counts when it is echoed.* A charger repeats whatever amps it was told. Until the echo of the
last order has come, the charger is `held` at the most that it may still be offering or drawing.

*Silence is not zero.* A charger that fell silent may go on drawing its last offer for 30 s after the last
heartbeat that reached it. From ten unanswered heartbeats on it is only ever ordered to 0 A, and what it
held stays reserved until 35 s after the last sign of it and the last order above 0 A.

Which command carries a limit (sources as in frames.py):

    protocol 1                                     05 + amps
    protocol 2, state 04 and amps > 0              05 + amps
    protocol 2, state 08, less offered so far      08 + amps; after 10 s without effect 09 + amps
    protocol 2, anything else                      09 + amps
    echoed and above 0 A                           00 (at 0 A a protocol 2 unit told 00 flips its relay)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.bus.frames import (
    CAR_PRESENT_CODES,
    CHARGING_CODES,
    ChargerHeartbeat,
    ChargerReady,
    Command,
    state_word,
)
from agent.bus.questions import Questions
from agent.bus.rules import HIGHEST_AMPS, ChargerLimits
from agent.model import ChargerStatus

KNOWN_RATINGS_AMPS = frozenset({32.0, 40.0, 48.0, 80.0})
LOWEST_RATING_AMPS = 6.0
PRESUMED_RATING_AMPS = 32.0

LOST_BEATS = 10  # unanswered in a row: a charger gives its primary up after 10 s as well
SLOW_BEATS = 26  # from here on it is tried every SLOW_S only
SLOW_S = 10.0
STUCK_STARTING_S = 10.0

STRIKES = 3  # double answers within a minute that make an id conflict
STRIKE_MEMORY_S = 60.0
CONFLICT_MEMORY_S = 300.0
RECENT_S = 3.0

HIGHEST_IDLE_AMPS = 0.6
CHARGING_ABOVE_IDLE_AMPS = 0.3
FIRST_IDLE_GUESS_AMPS = 0.25

ROUNDED_AMPS = 0.01  # what a charger says that it draws may be rounded down

READY, CHARGING, ERROR, PLUGGED, WAITING, STARTING = 0x00, 0x01, 0x02, 0x03, 0x04, 0x08
OPEN_CODES = frozenset({READY, PLUGGED, WAITING, STARTING})

NO_CHANGE = Command.NO_CHANGE
BEFORE_CHARGE = Command.LIMIT_BEFORE_CHARGE
ACKNOWLEDGE = Command.ACKNOWLEDGE_STOP
LIMIT = Command.LIMIT


@dataclass(slots=True)
class Charger:
    """What is known of one charger. Amps per conductor; times are `mono_s`; ids four hex digits."""

    limits: ChargerLimits
    slot: int
    configured: bool
    questions: Questions = field(default_factory=Questions)

    # the schedule
    due: float = 0.0
    in_step: bool = False  # `due` lies on its slot
    sent_at: float | None = None
    unanswered: int = 0  # heartbeats in a row
    missed_at: float = 0.0  # when the last unanswered one was given up
    slowest_answer_s: float = 0.0

    # what it said
    protocol: int = 0
    sign: int | None = None
    rating_amps: float = 0.0
    heard_at: float | None = None
    announced_at: float | None = None
    announcements: int = 0  # since it last answered a heartbeat
    state_code: int = -1
    state_since: float = 0.0
    offered_amps: float = 0.0
    drawn_amps: float = 0.0
    linked: bool = False
    lost: bool = False  # unanswered for long: ordered to 0 A only
    missing: bool = False  # and its owner was told so
    disobeys: bool = False
    faulty: bool = False  # says error for long: its owner was told so
    echoed_at: float = 0.0
    closings: int = 0
    charging: bool = False
    idle_amps: float = FIRST_IDLE_GUESS_AMPS
    odd_ratings: int = 0
    implausible: int = 0

    # what it was told
    told_amps: float | None = None
    told_since: float = 0.0
    powered_at: float | None = None  # when an order above 0 A was last sent
    most_told_amps: float = 0.0  # since the last echo
    confirmed_amps: float = 0.0
    fresh: bool = True  # the next heartbeat must carry a limit

    held_amps: float = 0.0
    conflict_until: float = 0.0
    in_conflict: bool = False  # and its owner was told so
    problem: str = ""

    _said: ChargerHeartbeat | None = None
    _is_strange: bool = False
    _once_rating_amps: float = 0.0
    _answers: int = 0
    _strikes: int = 0
    _struck_at: float = 0.0
    _closed: bool = False

    @property
    def charger_id(self) -> str:
        return self.limits.charger_id

    @property
    def label(self) -> str:
        return self.limits.label

    @property
    def cap_amps(self) -> float:
        """The most that it may ever be offered: rating and wiring; nothing unless the owner has named it."""
        if not self.configured:
            return 0.0
        return min(self.limits.max_amps, self.rating_amps or PRESUMED_RATING_AMPS)

    @property
    def presumed_amps(self) -> float:
        """What it may be drawing while it has said nothing about that yet."""
        return self.limits.max_amps if self.configured else self.rating_amps

    def is_announced(self, now: float) -> bool:
        """Whether it has announced itself just now, as a charger without a primary does."""
        return self.announced_at is not None and now - self.announced_at < RECENT_S

    # --- what it says ---

    def announce(self, said: ChargerReady, now: float) -> bool:
        """Take in an FD E2; whether it is believed, so that the charger may be heartbeated."""
        if not LOWEST_RATING_AMPS <= said.rating_amps <= HIGHEST_AMPS:
            self.odd_ratings += 1
            return False
        is_repeated = said.rating_amps == self._once_rating_amps
        self._once_rating_amps = said.rating_amps
        may_lower = said.rating_amps <= (self.rating_amps or HIGHEST_AMPS)
        if is_repeated or (said.rating_amps in KNOWN_RATINGS_AMPS and may_lower):
            self.rating_amps = said.rating_amps
        if not self.rating_amps:
            return False
        if self.sign not in (None, said.sign) and self.linked and self._was_heard_lately(now):
            self.strike(now)
        self.sign, self.protocol = said.sign, said.protocol
        self.announced_at = now
        self.announcements += 1
        self.fresh = True
        return True

    def _was_heard_lately(self, now: float) -> bool:
        return self.heard_at is not None and now - self.heard_at < RECENT_S

    def hear(self, said: ChargerHeartbeat, now: float) -> bool:
        """Take in an FD E0; whether what must be held for it has changed."""
        self.heard_at = now
        self.unanswered = self.announcements = 0
        self._answers += 1
        if self._answers > 1:
            self.strike(now)
        if said is self._said and not self._is_strange and not self.fresh:
            return False
        if self._is_implausible(said) and not self._is_strange:
            self._is_strange = True  # believed when the next frame says so again
            self.implausible += 1
            return False
        self._is_strange = False
        self._said = said
        self.protocol = self.protocol or said.protocol
        self.linked, self.lost = True, False
        self.offered_amps, self.drawn_amps = said.offered_amps, said.drawn_amps
        if self.told_amps is not None:
            self.fresh = False
        if said.offered_amps == self.told_amps:
            self.most_told_amps = self.confirmed_amps = said.offered_amps
        self._note_state(said.state_code, now)
        return self.hold()

    def _is_implausible(self, said: ChargerHeartbeat) -> bool:
        """Offering what it was never told, or drawing more than it can: one such frame is noise."""
        if not self.linked or self.told_amps is None:
            return False
        most = max(self.most_told_amps, self.offered_amps)
        return said.offered_amps > most or said.drawn_amps > (self.rating_amps or HIGHEST_AMPS) + 1

    def _note_state(self, code: int, now: float) -> None:
        if code != self.state_code:
            if code == CHARGING and self.state_code != -1 and not self._closed:
                self.closings += 1
            if code == CHARGING:
                self._closed = True
            elif code in OPEN_CODES:
                self._closed = False
            if code == READY or code in CAR_PRESENT_CODES:
                self.questions.state_changed(code != READY, now)
            self.state_code, self.state_since = code, now
        if code in OPEN_CODES and not self.offered_amps and self.drawn_amps <= HIGHEST_IDLE_AMPS:
            self.idle_amps = self.drawn_amps
        above_idle = self.drawn_amps > self.idle_amps + CHARGING_ABOVE_IDLE_AMPS
        self.charging = above_idle and code in CHARGING_CODES

    def strike(self, now: float) -> None:
        """Something that one charger alone can't do: two answers, or another sign while it answers."""
        self._strikes = self._strikes + 1 if now - self._struck_at < STRIKE_MEMORY_S else 1
        self._struck_at = now
        if self._strikes >= STRIKES:
            self.conflict_until = now + CONFLICT_MEMORY_S

    # --- what it holds of the circuit ---

    def hold(self) -> bool:
        """Recompute `held_amps`, the most that it may be offering or drawing; whether that changed."""
        held = max(self.offered_amps, self.most_told_amps)
        if self.drawn_amps > held:
            rounded_up = self.drawn_amps + ROUNDED_AMPS
            follows = self.drawn_amps <= self.held_amps and not self.in_conflict
            # a car on its way down can't draw more than it was let before: that hair would cut another off
            held = min(rounded_up, self.held_amps) if follows else rounded_up
        if self.in_conflict:
            held *= 2  # two units obey the same order
        changed = held != self.held_amps
        self.held_amps = held
        return changed

    def release(self, now: float, reserve_s: float) -> bool:
        """Give back what a lost charger held, once it can't be drawing any more; whether that changed."""
        last_sign = max(self.heard_at or 0.0, self.powered_at or 0.0)
        if not self.lost or not self.held_amps or now < last_sign + reserve_s:
            return False
        self.offered_amps = self.drawn_amps = self.most_told_amps = 0.0
        self.charging = False
        return self.hold()

    # --- what it is told ---

    def command(self, amps: float, now: float) -> Command:
        """The command that makes this charger offer `amps`, in the state that it is in."""
        if amps > 0 and not self.fresh and amps == self.told_amps == self.offered_amps:
            return NO_CHANGE
        if self.protocol == 1:
            return BEFORE_CHARGE
        if amps > 0 and not self.fresh:
            if self.state_code == WAITING:
                return BEFORE_CHARGE
            is_new = amps != self.told_amps or now - self.told_since <= STUCK_STARTING_S
            if self.state_code == STARTING and self.offered_amps < amps and is_new:
                return ACKNOWLEDGE
        return LIMIT

    def told(self, amps: float, now: float) -> bool:
        """Note an order that goes out now; whether what must be held for it has changed."""
        self._answers = 0
        self.sent_at = now
        if amps > 0:
            self.powered_at = now
        if amps == self.told_amps:
            return False
        self.told_amps, self.told_since = amps, now
        if amps <= self.most_told_amps:
            return False
        self.most_told_amps = amps
        return self.hold()

    def missed(self) -> bool:
        """Note an unanswered heartbeat; whether the charger has just become a lost one."""
        self.unanswered += 1
        if self.unanswered < LOST_BEATS or self.lost:
            return False
        was_linked, self.linked, self.lost, self.fresh = self.linked, False, True, True
        return was_linked

    # --- what others may know ---

    def status(self) -> ChargerStatus:
        """The charger for everyone else, frozen."""
        asked = self.questions
        return ChargerStatus(
            self.charger_id,
            state_word(self.state_code) if self._said else "unheard",
            self.rating_amps or (PRESUMED_RATING_AMPS if self.linked else 0.0),
            self.offered_amps,
            self.confirmed_amps,
            self.drawn_amps,
            asked.volts_by_phase,
            asked.energy_wh,
            asked.vin,
            self.heard_at,
            self.linked,
            self._is_plugged(),
            self.charging,
            self.linked and self.state_code in (WAITING, STARTING),
            self.protocol,
            asked.serial,
            asked.firmware,
            self.problem,
            self.closings,
        )

    def _is_plugged(self) -> bool | None:
        if not self.linked:
            return None
        return True if self.state_code in CAR_PRESENT_CODES else self.questions.plugged
