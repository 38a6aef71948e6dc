"""Who is told what, and when: the calm of the letters, as a pure function.

`plan` looks at everything that waits to be told and at what was told before, and answers with the
letters to write now. It reads no clock and touches no file. Its rules:

* The owner's choice counts: `now`, `digest` (once a day, at `digest_at`) or `never`, by kind, else by
  severity, else as the catalogue says.
* One trouble (a kind and a subject) is one letter. While it goes on it is counted, and told again after
  1 h, 6 h, 24 h, then daily, with the count. After a day of silence it counts as new.
* Its end is told only if the trouble was, with how long it lasted. What came and went before anybody was
  told is one line of the digest, unless it was critical.
* News gather for half a minute, so that a burst is one letter; the more letters an hour has seen, the
  longer they gather. No hour sees more than `cap_per_hour`; its last places are kept for the critical.
* In quiet hours only a critical trouble is told, and its end. Quiet hours end at the same time of day on
  the nights when the clocks change.
* A clock that jumps back never holds a letter: a time in the future counts as long ago.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from notify.events import SEVERITIES, Delivery, Event, Severity, recovered_kind, severity_of
from notify.items import Item, Role, fold
from notify.policy import Policy

Key = tuple[str, str]  # kind and subject

REMIND_AFTER = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
RETURN_AFTER = (timedelta(minutes=10), *REMIND_AFTER)  # a trouble that ended and came back
NOTICE_AGAIN_AFTER = timedelta(minutes=10)
FORGET_AFTER = timedelta(hours=24)
GATHER = timedelta(seconds=30)
LONGEST_GATHER = timedelta(minutes=30)
HOUR = timedelta(hours=1)
URGENT_PLACES = 2


@dataclass(frozen=True, slots=True)
class Waiting:
    """Events that nobody was told of yet: `count` alike ones, from `first` to `last`. Later: higher id."""

    id: int
    event: Event
    first: datetime
    last: datetime
    count: int = 1


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of one kind and subject. `count` is over its whole life, since `since`."""

    how: Delivery
    severity: Severity
    since: datetime
    told: datetime
    last: datetime
    letters: int = 1
    count: int = 1
    open: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now: two letters (either may be empty), what they and silence use up, what is new."""

    letter: tuple[Item, ...] = ()
    digest: tuple[Item, ...] = ()
    used: tuple[int, ...] = ()
    told: Mapping[Key, Told] = field(default_factory=dict)
    next: datetime | None = None  # when planning again may give a letter, if nothing happens before


@dataclass(frozen=True, slots=True)
class _Verdict:
    """One key's fate: how it would be told, what that uses up, and what would be remembered."""

    how: Delivery
    key: Key
    used: tuple[int, ...]
    items: tuple[Item, ...] = ()
    told: Told | None = None
    urgent: bool = False
    hold_until: datetime | None = None
    since: datetime | None = None  # the earliest time at which it was noted


def plan(
    policy: Policy,
    waiting: Iterable[Waiting],
    told: Mapping[Key, Told],
    letters_made: Sequence[datetime],
    now: datetime,
) -> Plan:
    """The letters to write at `now`. `letters_made`: when this last hour's letters were made."""
    verdicts = [_judge(policy, key, rows, told.get(key), now) for key, rows in _by_trouble(waiting).items()]
    free = [verdict for verdict in verdicts if verdict.hold_until is None]
    soon = [verdict for verdict in free if verdict.how == "now"]
    late = [verdict for verdict in free if verdict.how == "digest"]
    done = [verdict for verdict in free if verdict.how == "never"]
    dates = [verdict.hold_until for verdict in verdicts if verdict.hold_until]

    letter_at = _letter_at(policy, soon, letters_made, now)
    digest_at = _digest_at(policy, late, now)
    letter = _due(soon, letter_at, now, dates)
    digest = _due(late, digest_at, now, dates)
    gone = [*done, *letter, *digest]
    return Plan(
        fold(item for verdict in letter for item in verdict.items),
        fold(item for verdict in digest for item in verdict.items),
        tuple(row_id for verdict in gone for row_id in verdict.used),
        {verdict.key: verdict.told for verdict in gone if verdict.told},
        min(dates, default=None),
    )


# --- one key's fate --------------------------------------------------------------------------------


def _by_trouble(waiting: Iterable[Waiting]) -> dict[Key, list[Waiting]]:
    """Rows by the trouble they belong to, in order of their last happening."""
    groups: dict[Key, list[Waiting]] = {}
    for row in sorted(waiting, key=lambda row: row.id):
        groups.setdefault((recovered_kind(row.event) or row.event.kind, row.event.subject), []).append(row)
    return groups


def _judge(policy: Policy, key: Key, rows: list[Waiting], told: Told | None, now: datetime) -> _Verdict:
    cause = [row for row in rows if row.event.kind == key[0]]
    ends = [row for row in rows if row.event.kind != key[0]]
    if not cause:
        return _only_ended(policy, key, ends, told)
    if not ends and severity_of(cause[-1].event) == "info":
        return _notice(policy, key, cause, told, now)
    if ends and ends[-1].id > cause[-1].id:
        return _came_and_went(policy, key, cause, ends, told, now)
    return _goes_on(policy, key, cause, ends, told, now)


def _only_ended(policy: Policy, key: Key, ends: list[Waiting], told: Told | None) -> _Verdict:
    """Good news alone: the end of a trouble that was told, or else a notice in its own right."""
    if told and told.open:
        return _over(policy, key, ends, told, more=0)
    how = policy.choice(ends[-1].event)
    return _Verdict(how, key, _ids(ends), tuple(_item(row, "notice") for row in ends), since=ends[0].first)


def _over(policy: Policy, key: Key, ends: list[Waiting], told: Told, more: int) -> _Verdict:
    end = ends[-1]
    how = policy.by_kind.get(end.event.kind, told.how)
    urgent = told.severity == "critical"
    count = told.count + more
    item = replace(_item(end, "over"), began=told.since, ended=told.severity, count=count)
    now_told = replace(told, open=False, last=end.last, count=count)
    return _Verdict(how, key, _ids(ends), (item,), now_told, urgent, since=end.first)


def _notice(policy: Policy, key: Key, rows: list[Waiting], told: Told | None, now: datetime) -> _Verdict:
    how = policy.choice(rows[-1].event)
    items = tuple(_item(row, "notice") for row in rows)
    if how != "now":
        return _Verdict(how, key, _ids(rows), items, since=rows[0].first)
    again = told.told + NOTICE_AGAIN_AFTER if told else None
    if told and again and told.told <= now < again:
        return _Verdict(how, key, (), hold_until=again)
    mine = Told(how, "info", rows[0].first, now, rows[-1].last, open=False)
    return _Verdict(how, key, _ids(rows), items, mine, since=rows[0].first)


def _came_and_went(
    policy: Policy, key: Key, cause: list[Waiting], ends: list[Waiting], told: Told | None, now: datetime
) -> _Verdict:
    count = sum(row.count for row in cause)
    if told and told.open:
        verdict = _over(policy, key, ends, told, more=count)
        return replace(verdict, used=_ids([*cause, *ends]))
    how = policy.choice(cause[-1].event)
    severity = severity_of(cause[-1].event)
    brief = replace(_item(cause[-1], "brief"), first=cause[0].first, last=ends[-1].last, count=count)
    urgent = severity == "critical" and how == "now"
    how = "digest" if how == "now" and not urgent else how
    mine = Told(how, severity, brief.first, now, brief.last, 1, count, open=False) if urgent else None
    return _Verdict(how, key, _ids([*cause, *ends]), (brief,), mine, urgent, since=brief.first)


def _goes_on(
    policy: Policy, key: Key, cause: list[Waiting], ends: list[Waiting], told: Told | None, now: datetime
) -> _Verdict:
    how = policy.choice(cause[-1].event)
    severity = severity_of(cause[-1].event)
    count, first, last = sum(row.count for row in cause), cause[0].first, cause[-1].last
    if told and (first - told.last > FORGET_AFTER or told.told > now):
        told = None if not told.open else replace(told, letters=0)
    if (
        told
        and told.letters
        and how == "now"
        and SEVERITIES.index(severity) <= SEVERITIES.index(told.severity)
    ):
        steps = REMIND_AFTER if told.open else RETURN_AFTER
        again = told.told + steps[min(told.letters, len(steps)) - 1]
        if now < again:
            return _Verdict(how, key, (), hold_until=again)
    whole = told.count if told and told.open else 0
    since = told.since if told and told.open else first
    letters = told.letters + 1 if told else 1
    item = replace(_item(cause[-1], "trouble"), first=since, count=whole + count)
    mine = Told(how, severity, since, now, last, letters, whole + count) if how != "never" else None
    used = _ids([*cause, *ends])
    return _Verdict(how, key, used, (item,), mine, severity == "critical" and how == "now", since=first)


def _item(row: Waiting, role: Role) -> Item:
    event = row.event
    own = event.at_wall if row.count == 1 else None
    return Item(
        event.kind,
        event.subject,
        severity_of(event),
        role,
        event.sentence,
        own or row.first,
        own or row.last,
        row.count,
        data=event.data,
    )


def _ids(rows: Sequence[Waiting]) -> tuple[int, ...]:
    return tuple(row.id for row in rows)


# --- the letters' times ----------------------------------------------------------------------------


def _letter_at(
    policy: Policy, verdicts: Sequence[_Verdict], made: Sequence[datetime], now: datetime
) -> datetime | None:
    """From when on these may be told in one letter; None if there is nothing to tell."""
    if not verdicts:
        return None
    urgent = any(verdict.urgent for verdict in verdicts)
    lately = sorted(at for at in made if now - HOUR < at <= now)
    places = policy.cap_per_hour if urgent else max(1, policy.cap_per_hour - URGENT_PLACES)
    at = lately[len(lately) - places] + HOUR if len(lately) >= places else now
    if urgent:
        return at
    noted = min((verdict.since for verdict in verdicts if verdict.since), default=now)
    gather = min(GATHER * 2 ** min(len(lately), 10), LONGEST_GATHER)
    gathered = noted + gather if noted <= now else now
    return max(at, gathered, policy.quiet_until(now) or now)


def _digest_at(policy: Policy, verdicts: Sequence[_Verdict], now: datetime) -> datetime | None:
    if not verdicts:
        return None
    last, following = policy.digest_times(now)
    noted = min((verdict.since for verdict in verdicts if verdict.since), default=now)
    if noted <= last or noted > now:
        return policy.quiet_until(now) or now
    return following


def _due(
    verdicts: list[_Verdict], at: datetime | None, now: datetime, dates: list[datetime]
) -> list[_Verdict]:
    if at is None or at <= now:
        return verdicts
    dates.append(at)
    return []
