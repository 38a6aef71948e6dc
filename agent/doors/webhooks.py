"""A POST for each event, to anybody's program.

The body is JSON: id, at (ISO or null), site, kind, severity, subject, recovers, sentence, data. It is signed:

    X-Sunward-Timestamp: 1780482602
    X-Sunward-Signature: sha256=HEX         HMAC-SHA256 of "TIMESTAMP.BODY" with the shared secret
    X-Sunward-Delivery:  the event's id     the same again when a delivery is repeated

A receiver compares the signature in constant time, refuses old timestamps, and forgets ids it knows. Answer
2xx within 10 s. Anything else is tried again, more and more seldom, for a day; only 400, 413, 415 and
422 ("this I will never take") are given up at once. Events go out in order; a thousand may wait, in memory.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import deque
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

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


class Webhook(Outlet):
    """One receiver."""

    def __init__(self, settings: WebhookSettings, around: Surroundings) -> None:
        super().__init__(f"webhook {urlsplit(settings.url).netloc}", around.tell)
        self._settings = settings
        self._secret = around.secrets.get(settings.secret, "").encode()
        self._site = around.rooms.site.name
        self._box: Outbox[Event] = Outbox(MOST_WAITING)
        self._waiting: deque[_Letter] = deque(maxlen=MOST_WAITING)
        self._session: requests.Session | None = None
        around.listen(self.hear)

    def hear(self, event: Event) -> None:
        """Take an event if it belongs here; our own troubles don't."""
        if event.subject != self.name and self._settings.wants(event.kind, severity_of(event)):
            self._box.put(event)

    def work(self, moment: Moment) -> float:
        """Deliver what waits, oldest first."""
        for event in self._box.drain():
            self._waiting.append(_letter(event, self._site, moment))
        while self._waiting:
            if moment.mono_s - self._waiting[0].since_mono_s <= GIVE_UP_AFTER_S:
                self._deliver(self._waiting[0], moment)
            self._waiting.popleft()
        return moment.mono_s + LOOK_EVERY_S

    def rest(self) -> None:
        """Hang up."""
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
            self._waiting.popleft()
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
    words = json.dumps(told, ensure_ascii=False, default=str)
    key = hashlib.sha256(f"{moment.mono_s}{words}".encode()).hexdigest()[:24]
    return _Letter(
        key, json.dumps({"id": key, **told}, ensure_ascii=False, default=str).encode(), moment.mono_s
    )
