"""The account's calls in one ledger on disk, for every job and process that makes one.

Cars and the house battery sign in to the same account, and its maker bills them together. So each call is
counted here before it is made, whichever job makes it: the file is read, changed and written under a lock
that is held for that moment only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from scheduler.agent_api import AgentError
from scheduler.cars.calls import Calls, Caps
from scheduler.cars.model import CallClass, Json
from scheduler.cars.settings import TeslaSettings
from scheduler.jobs import Context, JobFailed
from scheduler.kept import Memory, only_one

FILE = "tesla-calls.json"
TELL_AGAIN_S = 900.0


class Account:
    """See Calls, whose methods these are. Every method may raise KeepError."""

    def __init__(self, path: Path, caps: Caps, wall: datetime, *, dry_run: bool = False) -> None:
        self._path = path
        self._caps = caps
        self._wall = wall
        self._dry_run = dry_run

    def why_not(self, kind: CallClass, subject: str, *, priced: bool = True) -> str:
        """Why such a call must not be made now; "" when it may."""
        with self._calls() as calls:
            return calls.why_not(kind, subject, priced=priced)

    def count(self, kind: CallClass, subject: str, *, priced: bool = True) -> None:
        """One such call is being made now."""
        with self._calls() as calls:
            calls.count(kind, subject, priced=priced)

    def take(self, kind: CallClass, subject: str, *, priced: bool = True) -> str:
        """Count such a call, if it may be made; otherwise why it may not."""
        with self._calls() as calls:
            why = calls.why_not(kind, subject, priced=priced)
            if not why:
                calls.count(kind, subject, priced=priced)
            return why

    def pause(self, seconds: float) -> None:
        """Be quiet towards the maker."""
        with self._calls() as calls:
            calls.pause(seconds)

    def fine(self) -> None:
        """A call worked."""
        with self._calls() as calls:
            calls.fine()

    def shown(self) -> Json:
        """Counts, caps and money, for the page."""
        with self._calls() as calls:
            return calls.shown()

    def news(self) -> list[tuple[str, str, str]]:
        """What the owner should hear: (event kind, subject, sentence), each once."""
        with self._calls() as calls:
            return list(calls.news())

    @contextmanager
    def _calls(self) -> Iterator[Calls]:
        with only_one(self._path.with_suffix(".lock"), wait=True):
            memory = Memory(self._path, dry_run=self._dry_run)
            yield Calls(memory.data, self._caps, self._wall)
            memory.save(hasty=True)  # a count that a power cut takes back costs nobody anything


def tell_calls(context: Context, account: Account) -> None:
    """Show the account's calls on the agent's page four times an hour: it forgets them at a restart."""
    kept, wall = context.memory.data, context.moment.wall
    now_s = wall.timestamp() if wall else 0.0
    if context.dry_run or 0 <= now_s - float(kept.get("calls_told_s", 0.0)) < TELL_AGAIN_S - 60:
        return
    try:
        context.agent.put_calls(account.shown())
    except AgentError:
        return  # it is told the next time; a page must not keep a battery from its work
    kept["calls_told_s"] = now_s


def account_of(context: Context) -> Account:
    """The account of this house, with the caps of [tesla]."""
    settings, wall = context.settings, context.moment.wall
    if wall is None:
        raise JobFailed("The time of day is not known.")
    caps = Caps.of(settings.section("tesla", TeslaSettings) or TeslaSettings())
    path = settings.state_dir / "scheduler" / FILE
    return Account(path, caps, wall.astimezone(settings.site.zone), dry_run=context.dry_run)
