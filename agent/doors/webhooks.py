"""A POST for each event, to anybody's program.

The body is JSON: id, at (ISO or null), site, kind, severity, subject, recovers, sentence, data. It is signed:

    X-Sunward-Timestamp: 1780482602
    X-Sunward-Signature: sha256=HEX         HMAC-SHA256 of "TIMESTAMP.BODY" with the shared secret
    X-Sunward-Delivery:  the event's id     the same again when a delivery is repeated, also after a restart

A receiver compares the signature in constant time, refuses old timestamps, and forgets ids it knows. Answer
2xx within 10 s. Anything else is tried again, more and more seldom, for a day; only 400, 413, 415 and
422 ("this I will never take") are given up at once. Events go out in order; a thousand may wait. What waited
when the power went is taken from the history at the next start.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import deque
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from agent.boosts import Refused
from agent.doors.backlog import Mark, events_between
from agent.doors.outlet import Outlet, Surroundings, Trouble
from agent.doors.outlet_settings import WebhookSettings
from agent.model import Event, Moment
from agent.parts import Outbox
from notify.events import severity_of

LOOK_EVERY_S = 1.0
MOST_WAITING = 1000
GIVE_UP_AFTER_S = 86400.0
TIMEOUTS_S = (5, 10)
NEVER_TAKEN = (400, 413, 415, 422)


@dataclass(frozen=True, slots=True)
class _Letter:
    id: str
    body: bytes
    since_mono_s: float
    at_s: int


class Webhook(Outlet):
    """One receiver."""

    def __init__(self, settings: WebhookSettings, around: Surroundings) -> None:
        super().__init__(f"webhook {urlsplit(settings.url).netloc}", around.tell)
        self._settings = settings
        self._secret = around.secrets.get(settings.secret, "").encode()
        self._rooms, self._site = around.rooms, around.rooms.site.name
        self._begun_mono_s = around.rooms.clock.now().mono_s
        self._has_looked_back = False
        self._mark = Mark(around.rooms.kept, f"webhook {short(settings.url)}")
        self._left_s = self._mark.at_s  # where an earlier run ended
        self._box: Outbox[Event] = Outbox(MOST_WAITING)
        self._waiting: deque[_Letter] = deque(maxlen=MOST_WAITING)
        self._session: requests.Session | None = None
        around.listen(self.hear)

    def hear(self, event: Event) -> None:
        """Take an event if it belongs here; our own troubles don't."""
        if self._is_wanted(event):
            self._box.put(event)

    def _is_wanted(self, event: Event) -> bool:
        return event.subject != self.name and self._settings.wants(event.kind, severity_of(event))

    def work(self, moment: Moment) -> float:
        """Deliver what waits, oldest first."""
        for event in self._box.drain():
            self._waiting.append(_letter(event, self._site, moment))
        self._look_back(moment)
        while self._waiting:
            if moment.mono_s - self._waiting[0].since_mono_s <= GIVE_UP_AFTER_S:
                self._deliver(self._waiting[0], moment)
            self._is_done()
        self._mark.keep()
        return moment.mono_s + LOOK_EVERY_S

    def _is_done(self) -> None:
        letter = self._waiting.popleft()
        self._mark.reached(letter.at_s, letter.id)

    def _look_back(self, moment: Moment) -> None:
        """Once, when the time is known: what happened before this start and never arrived."""
        if self._has_looked_back or moment.wall is None:
            return
        now_s = moment.wall.timestamp()
        begun_s = now_s - (moment.mono_s - self._begun_mono_s)
        since_s = max(float(begun_s if self._left_s is None else self._left_s), now_s - GIVE_UP_AFTER_S)
        known = {*self._mark.names, *(letter.id for letter in self._waiting)}
        try:
            events = list(events_between(self._rooms.history, since_s, begun_s))
        except Refused:
            return  # the history can't answer now: it is asked again
        self._has_looked_back = True
        self._mark.reached(int(since_s))
        letters = [_letter(event, self._site, moment) for event in events if self._is_wanted(event)]
        missed = [letter for letter in letters if letter.id not in known]
        room = MOST_WAITING - len(self._waiting)
        self._waiting.extendleft(reversed(missed[-room:] if room else []))

    def rest(self) -> None:
        """Hang up."""
        self._mark.keep()
        if self._session is not None:
            self._session.close()
            self._session = None

    def _deliver(self, letter: _Letter, moment: Moment) -> None:
        stamp = str(int(moment.wall.timestamp())) if moment.wall else "0"
        headers = {
            "Content-Type": "application/json",
            "X-Sunward-Delivery": letter.id,
            "X-Sunward-Timestamp": stamp,
            "X-Sunward-Signature": f"sha256={signature(self._secret, stamp, letter.body)}",
        }
        if self._session is None:
            self._session = requests.Session()
            self._session.trust_env = False
        try:
            answer = self._session.post(
                self._settings.url,
                data=letter.body,
                headers=headers,
                timeout=TIMEOUTS_S,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise Trouble(f"The {self.name} does not answer ({type(error).__name__}). Events wait.") from None
        if answer.status_code in NEVER_TAKEN:
            self._is_done()
            raise Trouble(f"The {self.name} will not take an event ({answer.status_code}): it was dropped.")
        if answer.status_code >= 300:
            raise Trouble(f"The {self.name} answers {answer.status_code}. Events wait, for a day at most.")


def open_outlet(settings: WebhookSettings, around: Surroundings) -> Webhook:
    """The outlet as settings describe it."""
    return Webhook(settings, around)


def signature(secret: bytes, stamp: str, body: bytes) -> str:
    """HMAC-SHA256 in hexadecimal over TIMESTAMP.BODY."""
    return hmac.new(secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _letter(event: Event, site: str, moment: Moment) -> _Letter:
    told = {
        "at": event.at_wall.isoformat() if event.at_wall else None,
        "site": site,
        "kind": event.kind,
        "severity": severity_of(event),
        "subject": event.subject,
        "recovers": event.recovers,
        "sentence": event.sentence,
        "data": dict(event.data),
    }
    now_s = moment.wall.timestamp() if moment.wall else 0.0
    at_s = int(event.at_wall.timestamp()) if event.at_wall else int(now_s)
    when = str(at_s) if event.at_wall else f"{moment.mono_s} after some start"
    key = short("\n".join((site, when, event.kind, event.subject, event.sentence)))
    body = json.dumps({"id": key, **told}, ensure_ascii=False, default=str).encode()
    age_s = max(0.0, now_s - at_s) if moment.wall and event.at_wall else 0.0
    return _Letter(key, body, moment.mono_s - age_s, at_s)


def short(text: str) -> str:
    """A name of 24 letters for something long."""
    return hashlib.sha256(text.encode()).hexdigest()[:24]
