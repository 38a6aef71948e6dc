"""The part that remembers: it adds up every second, and writes once a minute.

Events are written within a second or two; minutes, sessions and the journal of offers together, once a
minute, in one transaction, so that an SD card lives long. When the disk refuses, everything waits in
bounded memory and is written when it can be; the house hears of it once, and once more when it is over.
No error of SQLite or of the disk leaves this file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from uuid import uuid4

from agent.history.files import FileTrouble, TroubleKind, move_aside
from agent.history.flows import Wire, flows_of, wires_of
from agent.history.gathering import Gathering
from agent.history.journal import Journal, OfferChange
from agent.history.rollup import Minute
from agent.history.sessions import Session, SessionTracker
from agent.history.store import Batch, Happened, Store
from agent.model import Event, Moment, Price, Published, Rules
from agent.parts import Outbox, Slot
from notify.events import Severity

STEP_S = 1.0
LONGEST_HOLD_S = 10.0  # after a longer silence only one second counts: the rest was not watched
RETRY_S = 30.0
TIDY_EVERY_S = 6 * 3600.0
MINUTES_WAITING = 1440  # a day in memory while the disk refuses
OTHERS_WAITING = 2000
SESSIONS_WAITING = 200
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

KINDS: dict[TroubleKind, tuple[str, Severity]] = {
    "full": ("history_disk_full", "error"),
    "unwritable": ("history_unwritable", "error"),
    "corrupt": ("history_corrupt", "warning"),
    "newer": ("history_newer", "error"),
}


class HistoryPart:
    """Step it once a second. `tell` hears its own troubles (by default its own `events`, so they are kept).

    `boot` names this run of the computer, to which monotonic times belong; by default Linux is asked.
    `price_at` is asked each second what a kWh costs.
    """

    name = "history"

    def __init__(
        self,
        published: Slot[Published],
        events: Outbox[Event],
        path: Path,
        *,
        rules: Rules | None = None,
        tell: Callable[[Event], None] | None = None,
        boot: str | None = None,
        price_at: Callable[[datetime | None], Price | None] = lambda wall: None,
    ) -> None:
        rules = rules or Rules()
        self._published, self._events, self._path = published, events, path
        self._tell = tell or events.put
        self._boot = boot or _boot_id()
        self._price_at = price_at
        self._wires = wires_of(rules)
        self._unlisted = Wire(rules.volts, rules.site_phases)
        self._store: Store | None = None
        self._tracker: SessionTracker | None = None
        self._journal = Journal()
        self._gathering = Gathering()
        self._last: Moment | None = None  # of the last Published taken
        self._minute = 0  # which minute is being gathered; negative without wall time
        self._minute_began = Moment(0.0)
        self._waiting = _Waiting()
        self._adrift = True  # something in the database may lack its wall time
        self._trouble: TroubleKind | None = None
        self._retry_mono_s = self._tidy_mono_s = 0.0

    def step(self, moment: Moment) -> float:
        """Take this second in; write if a minute is over or something happened."""
        if self._tracker is None:
            self._start(moment)
        for event in self._events.drain():
            self._waiting.events.append(Happened(event, moment))
        published = self._published.get()
        if self._last is None or published.moment.mono_s > self._last.mono_s:
            self._take(published)
        if _minute_of(moment) != self._minute:
            self._close_minute(moment)
        if self._waiting.pressing and (self._trouble is None or moment.mono_s >= self._retry_mono_s):
            self._write(moment)
        return moment.mono_s + STEP_S

    def finish(self, moment: Moment) -> None:
        """Write what has been gathered and close; call it once the part's thread has ended."""
        self.step(moment)
        self._close_minute(moment)
        self._write(moment)
        self._drop_store()

    # --- one second -----------------------------------------------------------------------------------

    def _take(self, published: Published) -> None:
        moment, last = published.moment, self._last
        self._last = moment
        if last is None:
            self._begin_minute(moment)
            seconds = 0.0
        else:
            seconds = moment.mono_s - last.mono_s
            seconds = seconds if seconds <= LONGEST_HOLD_S else STEP_S
        flows = flows_of(published, self._wires, self._unlisted)
        price = self._price_at(moment.wall)
        self._gathering.add(flows, seconds, price)
        if self._tracker is not None:
            for status, flow in zip(published.bus.chargers, flows.chargers, strict=True):
                self._follow(self._tracker.step(status, flow, seconds, moment, price))
        self._waiting.changes.extend(self._journal.step(published.decision, moment))

    def _follow(self, ended: list[Session]) -> None:
        for session in ended:
            self._waiting.put_session(session)
            self._waiting.pressing = True

    def _begin_minute(self, moment: Moment) -> None:
        self._minute, self._minute_began = _minute_of(moment), moment

    def _close_minute(self, moment: Moment) -> None:
        if self._gathering.seconds > 0.0:
            at = self._minute * 60 if self._minute >= 0 else None
            self._waiting.put_minute(self._gathering.take(at, self._minute_began.mono_s))
        if self._tracker is not None:
            self._follow(self._tracker.abandoned(moment))
            for session in self._tracker.changed(moment):
                self._waiting.put_session(session)
        self._waiting.pressing = self._waiting.pressing or bool(self._waiting.batch())
        self._begin_minute(moment)

    # --- the disk -------------------------------------------------------------------------------------

    def _start(self, moment: Moment) -> None:
        unfinished: list[Session] = []
        try:
            unfinished = self._opened(moment).unfinished(_zone(moment))
        except FileTrouble as trouble:
            self._troubled(trouble, moment)
        self._tracker = SessionTracker(self._boot, unfinished)

    def _opened(self, moment: Moment) -> Store:
        if self._store is None:
            try:
                self._store = Store(self._path, self._boot)
            except FileTrouble as trouble:
                if trouble.kind != "corrupt":
                    raise
                self._put_aside(trouble, moment)
                self._store = Store(self._path, self._boot)
        return self._store

    def _write(self, moment: Moment) -> None:
        for chance in (1, 2):  # the second one is for a new file, after a damaged one was put aside
            try:
                self._write_all(self._opened(moment), moment)
            except FileTrouble as trouble:
                if trouble.kind == "corrupt" and chance == 1 and self._put_aside_or_say(trouble, moment):
                    continue
                self._troubled(trouble, moment)
                return
            self._recovered()
            return

    def _write_all(self, store: Store, moment: Moment) -> None:
        batch = self._waiting.batch()
        zone = _zone(moment)
        if batch:
            store.write(batch, zone)
            self._adrift = self._adrift or _lacks_wall(batch)
            self._waiting.written()
        if moment.wall is None:
            return
        if self._adrift:
            self._say_lost(store.place(moment))
            self._adrift = False
        store.fold(int(moment.wall.timestamp()), zone)
        if moment.mono_s >= self._tidy_mono_s:
            store.tidy(int(moment.wall.timestamp()))
            self._tidy_mono_s = moment.mono_s + TIDY_EVERY_S

    def _put_aside_or_say(self, trouble: FileTrouble, moment: Moment) -> bool:
        try:
            self._put_aside(trouble, moment)
        except FileTrouble as refused:
            self._troubled(refused, moment)
            return False
        return True

    def _put_aside(self, trouble: FileTrouble, moment: Moment) -> None:
        self._drop_store()
        try:
            aside = move_aside(self._path, moment.wall)
        except OSError as error:
            sentence = f"{trouble} It can't be renamed either ({error}). Move it away by hand."
            raise FileTrouble("unwritable", sentence) from error
        self._adrift = True
        sentence = f"{trouble} It was put aside as {aside.name}, and a new history was begun."
        self._say("history_corrupt", sentence, "warning")

    def _drop_store(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None

    # --- telling --------------------------------------------------------------------------------------

    def _troubled(self, trouble: FileTrouble, moment: Moment) -> None:
        self._retry_mono_s = moment.mono_s + RETRY_S
        if trouble.kind != "full":
            self._drop_store()
        if trouble.kind != self._trouble:
            self._trouble = trouble.kind
            kind, severity = KINDS[trouble.kind]
            self._say(kind, f"{trouble} Until then the last day waits in memory. Charging goes on.", severity)

    def _recovered(self) -> None:
        if self._trouble is None:
            return
        kind, _ = KINDS[self._trouble]
        self._trouble = None
        lost = self._waiting.take_lost()
        more = f" {lost} rows had waited too long and were lost." if lost else " Nothing was lost."
        self._say("history_written_again", f"The history is written again.{more}", recovers=kind)

    def _say_lost(self, minutes: int) -> None:
        if minutes:
            self._say(
                "history_minutes_unplaced",
                f"{minutes} minutes before the last power cut were measured without knowing the time, "
                "and are missing from the charts. A clock chip for this computer would prevent it.",
            )

    def _say(self, kind: str, sentence: str, severity: Severity = "info", recovers: str = "") -> None:
        self._tell(Event(kind, sentence, severity, subject="history", recovers=recovers))


class _Waiting:
    """What is not on disk yet, bounded; the oldest is lost first, and counted."""

    def __init__(self) -> None:
        self._minutes: deque[Minute] = deque()
        self.events: deque[Happened] = deque(maxlen=OTHERS_WAITING)
        self.changes: deque[OfferChange] = deque(maxlen=OTHERS_WAITING)
        self._sessions: dict[str, Session] = {}
        self._lost = 0
        self._pressing = False

    @property
    def pressing(self) -> bool:
        """Whether something should be written now."""
        return self._pressing or bool(self.events)

    @pressing.setter
    def pressing(self, value: bool) -> None:
        self._pressing = value

    def put_minute(self, minute: Minute) -> None:
        self._minutes.append(minute)
        if len(self._minutes) > MINUTES_WAITING:
            self._minutes.popleft()
            self._lost += 1

    def put_session(self, session: Session) -> None:
        self._sessions[session.key] = session
        if len(self._sessions) > SESSIONS_WAITING:
            del self._sessions[next(iter(self._sessions))]
            self._lost += 1

    def batch(self) -> Batch:
        return Batch(
            tuple(self._minutes), tuple(self.events), tuple(self.changes), tuple(self._sessions.values())
        )

    def written(self) -> None:
        self._minutes.clear()
        self.events.clear()
        self.changes.clear()
        self._sessions.clear()
        self._pressing = False

    def take_lost(self) -> int:
        lost, self._lost = self._lost, 0
        return lost


def _minute_of(moment: Moment) -> int:
    """Minutes since 1970; without wall time, minutes since the boot as negative numbers."""
    if moment.wall is not None:
        return int(moment.wall.timestamp()) // 60
    return -(int(moment.mono_s) // 60) - 1


def _zone(moment: Moment) -> tzinfo:
    return (moment.wall.tzinfo if moment.wall else None) or UTC


def _lacks_wall(batch: Batch) -> bool:
    return any(one.at is None for one in batch.minutes) or any(
        moment.wall is None
        for moment in (
            *(one.moment for one in batch.events),
            *(one.moment for one in batch.changes),
            *(one.start for one in batch.sessions),
        )
    )


def _boot_id() -> str:
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return uuid4().hex
