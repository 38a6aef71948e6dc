"""DSMR-reader: a Dutch smart meter as another computer reads it, by MQTT.

In DSMR-reader, switch on *MQTT > telegram as JSON* (topic `dsmr/json`). Its numbers are texts ("0.330").

    electricity_currently_delivered / _returned            kW, both >= 0    grid = delivered - returned
    phase_currently_delivered_l1 / _returned_l1 ... _l3    kW, both >= 0    sign of that phase's amps
    phase_power_current_l1 ... _l3                         A, magnitude     whole, refined by W / V
    phase_voltage_l1 ... _l3                               V
    electricity_delivered_1 + _2, _returned_1 + _2         kWh
    timestamp                                              ISO              when it was true

The broker keeps the last message (retained), so what comes first may be hours old: its age is counted from
`timestamp`. Keys that were renamed in DSMR-reader can't be read here; take the `mqtt` scheme for those.
Source: DSMR-reader's documentation (MQTT data sources) and its published defaults.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent.meters.line import NO_SECRET, Secret, option
from agent.meters.values import Meaning, Phases, Values, by_role
from agent.meters.via.pages import Tree
from agent.meters.via.telegram import refined_amps
from agent.meters.via.topics import Messages, Topic

TITLE = "DSMR-reader (MQTT)"
ROLES = ("grid",)
EXAMPLE = "dsmr-reader://192.168.0.10:1883/dsmr/json"
VIA = "mqtt"
PORT = 1883
EVERY_S = 1.0
HINT = "The telegram as JSON must be switched on in DSMR-reader's MQTT settings."

PHASES = ("l1", "l2", "l3")


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    path: str = option("/dsmr/json", "the topic")
    user: Secret = option(NO_SECRET, "name of the broker's user in credentials.env")
    password: Secret = option(NO_SECRET, "name of its password in credentials.env")
    tls: Literal["off", "on", "unverified"] = option("off", "TLS; unverified for certificates of its own")


def ask(options: Options, answers: Messages) -> list[Topic]:
    """The one topic."""
    return [_topic(options)]


def decode(answers: Messages, options: Options) -> Meaning:
    """The grid, as old as the telegram."""
    topic = _topic(options)
    telegram = answers.json(topic)
    return by_role(grid=lambda: answers.dated(topic, _grid(telegram)))


def _topic(options: Options) -> Topic:
    return Topic(options.path.removeprefix("/"), time_at="timestamp")


def _grid(telegram: Tree) -> Values:
    imported = telegram.number("electricity_currently_delivered")
    volts = telegram.phases(*(f"phase_voltage_{phase}" for phase in PHASES))
    amps = telegram.phases(*(f"phase_power_current_{phase}" for phase in PHASES))
    return Values(
        1e3 * (imported - telegram.number("electricity_currently_returned")),
        refined_amps(amps, _phase_watts(telegram), volts),
        volts,
        _wh(telegram, "electricity_delivered"),
        _wh(telegram, "electricity_returned"),
    )


def _phase_watts(telegram: Tree) -> Phases | None:
    into = telegram.phases(*(f"phase_currently_delivered_{phase}" for phase in PHASES))
    out = telegram.phases(*(f"phase_currently_returned_{phase}" for phase in PHASES))
    if into is None or out is None or len(into) != len(out):
        return None
    return tuple(1e3 * (i - o) for i, o in zip(into, out, strict=True))


def _wh(telegram: Tree, counter: str) -> float | None:
    low, high = telegram.number_or_none(f"{counter}_1"), telegram.number_or_none(f"{counter}_2")
    return None if low is None or high is None else 1e3 * (low + high)
