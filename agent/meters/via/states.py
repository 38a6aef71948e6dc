"""Home Assistant's WebSocket, without the socket: what we say, what it says, and states put together of both.

    it   {"type": "auth_required"}                    we  {"type": "auth", "access_token": ...}
    it   {"type": "auth_ok"}  or  auth_invalid        we  {"id": 1, "type": "subscribe_entities",
                                                           "entity_ids": [...]}
    it   {"id": 1, "type": "event", "event": {"a": {ENTITY: {"s": state, "a": attributes, "lc": , "lu": }}}}
    it   {"id": 1, "type": "event", "event": {"c": {ENTITY: {"+": {what is new}, "-": {"a": [names]}}}}}
    it   {"id": 1, "type": "event", "event": {"r": [ENTITY]}}
    we   {"id": 2, "type": "render_template",         it  {"id": 2, "type": "event", "event":
          "template": REPORTED, "variables": ...}          {"result": seconds since 1970}}
    we   {"id": 3, "type": "unsubscribe_events", "subscription": 2}
    we   {"id": 4, "type": "ping"}                    it  {"id": 4, "type": "pong"}

Our ids rise by one. `lc` and `lu` are seconds since 1970: last changed, and last updated where that is
another. What is there at the start ("a") was said nobody knows when, and counts as nothing but the ground on
which changes are laid. A change is laid out as REST would show the entity: drivers need not know how it came.

**A number that stays the same is silent, here and by REST**: Home Assistant notes each report of it, but what
REST shows as last_reported is a copy made at the first look after the last change (core issue 181392, seen
with 2025.4). Only a template reads the true one, and every user may have one rendered on the WebSocket. So
who has told nothing for QUIET_S is asked for that one time stamp, and the subscription given back at once.

Source: Home Assistant's developers' documentation (WebSocket API) and its published code.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from agent.meters import units
from agent.meters.values import Down
from agent.meters.via.pages import Page, Tree

QUIET_S = 3.0
REPORTED = (
    "{% set one = states[entity] %}"
    "{{ one.last_reported.timestamp() if one and one.last_reported is defined else 0 }}"
)
REFUSED_PAUSE_S = 300.0  # Home Assistant may ban an address after a few wrong tokens


class States:
    """One conversation. `heard` takes its messages and gives ours; `changed` holds what it told."""

    def __init__(self, name: str, token: str) -> None:
        self.welcome = False
        self.changed: dict[str, tuple[Page, float]] = {}
        self.since_s: dict[str, float] = {}  # from when on changes are told
        self._name = name
        self._token = token
        self._last_id = 0
        self._subscribed: set[str] = set()
        self._known: dict[str, dict[str, Any]] = {}
        self._asked: dict[str, tuple[int, float]] = {}  # entity -> the id under which it was, and when

    def heard(self, text: str, now_s: float) -> list[str]:
        """Take one message; what to answer. Raises Down when it won't have us, Poor for junk."""
        message = Page(text).json()
        kind = message.text_or("type")
        if kind == "auth_required":
            return [json.dumps({"type": "auth", "access_token": self._token})]
        if kind == "auth_invalid":
            raise Down(
                f"{self._name} refuses our token: is it in credentials.env as it was shown, and not deleted?",
                REFUSED_PAUSE_S,
            )
        if kind == "auth_ok":
            self.welcome = True
        elif kind == "event":
            event, number = message.find("event") or Tree({}), (message.find("id") or Tree(None)).value
            for entity, (asked, at_s) in self._asked.items():
                if asked == number:
                    self._asked[entity] = (0, at_s)
                    self._reported(entity, event, now_s)
                    return [self._command("unsubscribe_events", subscription=number)]
            self._take(event, now_s)
        return []

    def ask(self, entities: Iterable[str]) -> list[str]:
        """Subscribe to what is not subscribed yet."""
        fresh = [one for one in entities if one not in self._subscribed] if self.welcome else []
        if not fresh:
            return []
        self._subscribed.update(fresh)
        return [self._command("subscribe_entities", entity_ids=fresh)]

    def doubt(self, now_s: float) -> list[str]:
        """Ask when those that have told nothing for a while were last reported."""
        out = []
        for entity in self._known:
            told_s = self.changed[entity][1] if entity in self.changed else self.since_s.get(entity, now_s)
            _, asked_s = self._asked.get(entity, (0, told_s))
            if now_s - max(told_s, asked_s) >= QUIET_S:
                out.append(self._command("render_template", template=REPORTED, variables={"entity": entity}))
                self._asked[entity] = (self._last_id, now_s)
        return out

    def ping(self) -> str:
        """A sign of life, to be answered."""
        return self._command("ping")

    def _command(self, kind: str, **more: object) -> str:
        self._last_id += 1
        return json.dumps({"id": self._last_id, "type": kind, **more})

    def _take(self, event: Tree, now_s: float) -> None:
        for entity, state in zip(event.keys("a"), event.items("a"), strict=False):
            self._known[entity] = {}
            self.since_s[entity] = now_s
            self._lay(entity, state)
        for entity, change in zip(event.keys("c"), event.items("c"), strict=False):
            for gone in change.items("-.a"):
                self._known.get(entity, {}).get("attributes", {}).pop(str(gone.value), None)
            self._lay(entity, change.find("+") or Tree({}))
            self.changed[entity] = Page(json.dumps(self._known[entity])), now_s
        for removed in event.items("r"):
            self._known.pop(str(removed.value), None)
            self.changed.pop(str(removed.value), None)

    def _reported(self, entity: str, event: Tree, now_s: float) -> None:
        stamp = units.stamp((event.find("result") or Tree(None)).value or None)
        known = self._known.get(entity)
        if stamp is not None and known is not None:
            known["last_reported"] = stamp.isoformat()
            self.changed[entity] = Page(json.dumps(known)), now_s

    def _lay(self, entity: str, new: Tree) -> None:
        known = self._known.setdefault(entity, {})
        known["entity_id"] = entity
        known["attributes"] = dict(known.get("attributes") or {})
        attributes = new.find("a")
        if attributes is not None and isinstance(attributes.value, dict):
            known["attributes"].update(attributes.value)
        if new.find("s") is not None:
            known["state"] = new.text_or("s")
        stamp = units.stamp((new.find("lu") or new.find("lc") or Tree(None)).value)
        if stamp is not None:
            known["last_updated"] = known["last_reported"] = stamp.isoformat()
