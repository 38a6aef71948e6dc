"""MQTT as drivers see it: which topics to hear, and what was last said on them. No socket here.

A broker keeps the last *retained* message of a topic and hands it to whoever comes, be it a second old or a
year. So a retained message has no age, and counts as nothing, except

  - on a topic that is a `standing` description (which meters there are), true until it is changed;
  - where the message says when it was true (`time_at`), and our own clock is known: then it is that old.

All other messages are as old as their arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from agent.meters import units
from agent.meters.line import Secret
from agent.meters.values import Poor, Values
from agent.meters.via.pages import Page, Tree


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic to hear. `standing`: a description, true until changed. `optional`: it may never come.

    `time_at` is the path of the time stamp in its JSON.
    """

    name: str
    standing: bool = False
    optional: bool = False
    time_at: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """Who we are to a broker."""

    user: Secret
    password: Secret


@dataclass(frozen=True, slots=True)
class Message:
    """What came, when by our own two clocks, and whether the broker had kept it."""

    text: str
    at_mono_s: float
    at_wall: datetime | None = None
    retained: bool = False


class Messages:
    """The last message of each topic, at one instant."""

    def __init__(self, found: Mapping[str, Message], now_s: float) -> None:
        self.asked: set[Topic] = set()
        self._found = found
        self._now_s = now_s

    def has(self, topic: Topic) -> bool:
        """Whether something came that counts."""
        message = self._found.get(topic.name)
        if message is None or not message.retained or topic.standing:
            return message is not None
        return message.at_wall is not None and self._stamp(topic) is not None

    def was_kept(self, topic: Topic) -> bool:
        """Whether all that came is a message without an age."""
        return topic.name in self._found and not self.has(topic)

    def json(self, topic: Topic) -> Tree:
        """What was said, as JSON; a bare number or word is a tree of one piece. Raises Poor."""
        if not self.has(topic):
            raise Poor(f"nothing has come on {topic.name}")
        return Page(self._found[topic.name].text).json_or_bare()

    def find(self, topic: Topic) -> Tree | None:
        """What was said, or None where nothing came."""
        return self.json(topic) if self.has(topic) else None

    def number_or_none(self, topic: Topic) -> float | None:
        """A number, or None: for what a publisher may leave out."""
        found = self.find(topic)
        return None if found is None else found.number_or_none()

    def phases(self, topics: Iterable[Topic]) -> tuple[float, ...] | None:
        """L1 L2 L3 of as many topics, up to the first that is missing; None without L1."""
        found: list[float] = []
        for topic in topics:
            value = self.number_or_none(topic)
            if value is None:
                break
            found.append(value)
        return tuple(found) or None

    def age_s(self, topic: Topic) -> float:
        """How long ago it came, or for a retained message with a time how old it says it is."""
        message = self._found.get(topic.name)
        if message is None:
            return 0.0
        since_s = max(0.0, self._now_s - message.at_mono_s)
        stamp = self._stamp(topic) if message.retained else None
        if stamp is not None and message.at_wall is not None:
            since_s += max(0.0, (message.at_wall - stamp).total_seconds())
        return since_s

    def dated(self, topic: Topic, values: Values) -> Values:
        """The values with the age of the topic's message, and its time stamp where it is a live one."""
        message = self._found.get(topic.name)
        live = message is not None and not message.retained
        return replace(
            values, age_s=self.age_s(topic), at_wall=self._stamp(topic) if live and topic.time_at else None
        )

    def _stamp(self, topic: Topic) -> datetime | None:
        if not topic.time_at:
            return None
        try:
            found = Page(self._found[topic.name].text).json().find(topic.time_at)
        except Poor:
            return None
        return None if found is None else units.stamp(found.value)
