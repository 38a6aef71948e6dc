"""Any publisher on an MQTT broker: the line names the topic, and where in its message the numbers stand.

A message is a number ("-2385", "2.1 kW"), or JSON and then paths lead to the numbers, as in http-json:

    mqtt://BROKER/TOPIC                     -> the message is the watts
                  ?watts=PATH&minus=PATH    -> out of its JSON: import minus export
                  &amps=PATH,PATH,PATH      -> per phase; volts likewise
                  &time=PATH                -> when it was true: ISO text, or seconds since 1970

A message is as old as its arrival. One that the broker had kept (retained) counts for nothing without a
`time`: nobody knows how old it is. A publisher that speaks only when its number changes is vouched for by
`on_change=yes`: then the last message holds while the broker is there and, where it has one, the publisher's
`available` topic doesn't say offline; but never longer than `max_age_s`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from agent.meters import units
from agent.meters.line import NO_SECRET, Secret, option
from agent.meters.picked import Picks, values
from agent.meters.values import Meaning, Poor
from agent.meters.via.pages import Tree
from agent.meters.via.topics import Messages, Topic

TITLE = "Any publisher on an MQTT broker"
ROLES = ("grid", "solar", "battery", "house")
EXAMPLE = "mqtt://192.168.0.10:1883/home/meter?watts=power.total&positive=import"
VIA = "mqtt"
PORT = 1883
EVERY_S = 1.0
STEADY = True  # a publisher that lives is known by its messages

OFFLINE = ("offline", "false", "0", "no", "lost", "disconnected")


@dataclass(frozen=True)
class Options(Picks):
    """What a line may say."""

    path: str = option("", "the topic")
    watts: str = option("", "path to the watts; without one the whole message is the number")
    time: str = option("", "path to when it was true")
    available: str = option("", "topic that says offline when the publisher is gone")
    on_change: bool = option(False, "yes: it speaks only when its number changes")
    max_age_s: float = option(3600.0, "the oldest message that counts", least=1, most=86400)
    user: Secret = option(NO_SECRET, "name of the broker's user in credentials.env")
    password: Secret = option(NO_SECRET, "name of its password in credentials.env")
    tls: Literal["off", "on", "unverified"] = option("off", "TLS; unverified for certificates of its own")


def ask(options: Options, answers: Messages) -> list[Topic]:
    """The topic, and the one that tells whether the publisher lives."""
    found = [_topic(options)] + ([_available(options)] if options.available else [])
    for topic in found:
        if not topic.name or "+" in topic.name or "#" in topic.name:
            raise Poor(f"one whole topic belongs into the line, like {EXAMPLE.partition('?')[0]}")
    return found


def decode(answers: Messages, options: Options) -> Meaning:
    """The numbers that the line picked; only it knows their role."""
    topic = _topic(options)
    body, age_s = answers.json(topic), answers.age_s(topic)
    state = answers.find(_available(options)) if options.available else None
    if state is not None and _word(state) in OFFLINE:
        raise Poor(f"its publisher is gone: {options.available} says {_word(state)}")
    if age_s > options.max_age_s:
        raise Poor(f"nothing new has come on {topic.name} for {age_s:.0f} s")

    def read(path: str, into: str, unit: str) -> float:
        return units.measured(body.at(path).value, into, unit, path or "the message")

    picked = values(replace(options, unit=options.unit or "W"), options.watts, read)
    found = answers.dated(topic, picked)
    return {"any": replace(found, age_s=0.0) if options.on_change else found}


def _topic(options: Options) -> Topic:
    return Topic(options.path.removeprefix("/"), time_at=options.time)


def _available(options: Options) -> Topic:
    return Topic(options.available, standing=True, optional=True)


def _word(state: Tree) -> str:
    """ "offline", or {"state": "offline"} as zigbee2mqtt writes it."""
    value = (state.find("state") or state).value
    return str(value).strip().lower()
