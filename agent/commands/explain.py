"""`agent explain`: why each charger does what it does now, or did at some time, in plain words.

Both are asked of the running agent (`/api/v1/state`, `/api/v1/decisions`); where none answers, the past is
read from the history on the disk. It keeps a line for each beginning, end and new kind of reason
(agent/history/journal.py).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

from agent.commands.status import LockedOut, fetch, fetch_state
from agent.config import House
from agent.history.reader import HistoryError, KeptChange, Reader
from agent.model import ChargerRules

LOOKS_BACK = timedelta(days=7)
LOOKS_ON = timedelta(hours=24)
CLOCK_TIME = re.compile(r"([01]?\d|2[0-3]):[0-5]\d")
RULES = {
    "site": "the house's mode",
    "charger": "this charger's mode",
    "window": "the charging window",
    "boost": "the boost",
    "prices": "the prices",
}
MOST_CHANGES = 1000
Step = tuple[str, float, float, str]
Changes = Callable[[datetime, datetime, str, int], Sequence[KeptChange]]


class Unclear(Exception):
    """The question can't be answered; the text says why, and what to ask instead."""


def explain(house: House, at: str | None, charger: str | None, now: datetime) -> int:
    """Print it; 1 when there is no answer. `now` is aware, in the house's zone."""
    try:
        chargers = _asked(house.rules.chargers, charger)
        told = _now(house, chargers) if at is None else _then(house, chargers, read_time(at, now))
        print("\n".join(told))
    except (Unclear, LockedOut, HistoryError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def read_time(text: str, now: datetime) -> datetime:
    """The last "14:05" before now, or an ISO time; without an offset it is the house's. Raises Unclear."""
    if CLOCK_TIME.fullmatch(text):
        at = datetime.combine(now.date(), time.fromisoformat(text.zfill(5)), now.tzinfo)
        if at.astimezone(UTC) > now.astimezone(UTC):
            at = datetime.combine(now.date() - timedelta(days=1), at.time(), now.tzinfo)
    else:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise Unclear(f'{text!r} is no time: write "14:05" or "2026-05-03T14:05".') from None
        at = at if at.tzinfo else at.replace(tzinfo=now.tzinfo)
    if at.astimezone(UTC) > now.astimezone(UTC):
        raise Unclear(f"{at:%Y-%m-%d %H:%M} has not come yet. Without --at you hear about now.")
    return at


def lines_of(name: str, reason: str, steps: Iterable[Step]) -> Iterator[str]:
    """One charger's reason, and under it every rule that changed something."""
    yield f"{name}: {reason or 'nothing was decided for it.'}"
    for rule, before, after, why in steps:
        yield f"    {RULES.get(rule, rule)}: {_change(before, after)}, because {why}"


def _change(before: float, after: float) -> str:
    if before == after:
        return f"{after:g} A as before"
    return f"from {before:g} A to {after:g} A"


def _asked(known: Sequence[ChargerRules], wanted: str | None) -> Sequence[ChargerRules]:
    if wanted is None:
        return known
    found = [c for c in known if wanted.casefold() in (c.charger_id.casefold(), c.name.casefold())]
    if not found:
        names = ", ".join(f"{c.charger_id} ({c.label})" for c in known) or "none is set up"
        raise Unclear(f"There is no charger {wanted!r}. The chargers here: {names}.")
    return found


# --- now ---------------------------------------------------------------------------------------------


def _now(house: House, chargers: Sequence[ChargerRules]) -> list[str]:
    state = fetch_state(house)
    if state is None:
        raise Unclear(
            f"No agent answers at {house.settings.web.url}/. Is it running? What it did before is told "
            "by --at TIME."
        )
    told: list[str] = []
    rows = {row["id"]: row for row in state["chargers"]}
    for charger in chargers:
        row: Mapping[str, Any] = rows.get(charger.charger_id, {})
        steps = [
            (step["rule"], step["before_amps"], step["after_amps"], step["why"])
            for step in state["steps"]
            if step["charger"] in (charger.charger_id, "")
        ]
        told += lines_of(charger.label, row.get("reason", ""), steps)
    return told


# --- then --------------------------------------------------------------------------------------------


def _then(house: House, chargers: Sequence[ChargerRules], at: datetime) -> list[str]:
    told: list[str] = []
    changes = _answering(house, at)
    for charger in chargers:
        until = at + timedelta(seconds=1)
        before = changes(at - LOOKS_BACK, until, charger.charger_id, 1)
        after = changes(until, at + LOOKS_ON, charger.charger_id, MOST_CHANGES)
        told += _told(charger.label, at, before[-1] if before else None, after)
    return told


def _answering(house: House, at: datetime) -> Changes:
    """Who tells the past: the agent, where one answers and lets us in, else the history on the disk."""
    path = house.state_dir / "history.db"

    def asked(start: datetime, end: datetime, charger_id: str, most: int) -> Sequence[KeptChange]:
        span = {"from": start.isoformat(), "to": end.isoformat()}
        rows = fetch(house, "/api/v1/decisions", {**span, "charger": charger_id, "limit": str(most)})
        return [_change_of(row, house.settings.site.zone) for row in rows or ()]

    try:
        probe = {"from": at.isoformat(), "to": (at + timedelta(seconds=1)).isoformat(), "limit": "1"}
        if isinstance(fetch(house, "/api/v1/decisions", probe), list):
            return asked
    except LockedOut:
        if not path.exists():
            raise
    return Reader(path, house.settings.site.zone).decisions


def _change_of(row: Mapping[str, Any], zone: tzinfo | None) -> KeptChange:
    at = datetime.fromisoformat(row["at"]).astimezone(zone) if row["at"] else None
    steps = tuple(
        (step["rule"], step["before_amps"], step["after_amps"], step["why"]) for step in row["steps"]
    )
    return KeptChange(
        row["id"], at, row["charger"], row["before_amps"], row["after_amps"], row["reason"], steps
    )


def _told(name: str, at: datetime, before: KeptChange | None, after: Sequence[KeptChange]) -> Iterator[str]:
    if before is None:
        yield f"{name}, {at:%a %d %b %H:%M}: nothing is remembered of that time."
    else:
        since = f", since {before.at_wall:%a %H:%M:%S}" if before.at_wall else ""
        yield from lines_of(f"{name}, {at:%a %d %b %H:%M}{since}", before.reason, before.steps)
    if after and after[0].at_wall:
        yield f"    then, at {after[0].at_wall:%a %H:%M:%S}: {after[0].reason}"
