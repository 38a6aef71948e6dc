"""openWB, as a source: what its meters measure, by its own MQTT broker.

All topics begin with openWB/. **Version 2** publishes every control round (10 s); the counter at the grid
connection is the first one in its hierarchy, [{"id": 0, "type": "counter", "children": [...]}, ...].
**Version 1.9** publishes what has changed, and keeps it: a value holds while system/Timestamp ticks, and is
as old as its last tick.

                version 2                              version 1.9                   sign there
    grid        counter/ID/get/power                   evu/W                         W, + import
    by phase    counter/ID/get/powers currents         evu/WPhase1..3 APhase1..3     lists of three in 2
                voltages                               VPhase1..3
    counters    counter/ID/get/imported exported       evu/WhImported WhExported     Wh
    solar       pv/get/power, exported                 pv/W, WhCounter               W, **- production**
    battery     bat/get/power, soc                     housebattery/W, %Soc          W, **+ charging**
                bat/get/imported exported              housebattery/WhImported ...   Wh, into it and out
    house       counter/set/home_consumption           global/WHouseConsumption      W, without its own cars
    fault       .../get/fault_state                    evu/faultState                0 is well

If openWB also commands the chargers that are ours, two controllers fight: let one of them do it.
Source: openWB's published code of both versions; the topics of 1.9 unconfirmed on hardware.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent.meters.line import NO_SECRET, Secret, option
from agent.meters.values import Meaning, Phases, Poor, Values, by_role, signed_amps
from agent.meters.via.pages import Tree
from agent.meters.via.topics import Messages, Topic

TITLE = "An openWB wallbox (MQTT)"
ROLES = ("grid", "solar", "battery", "house")
EXAMPLE = "openwb://192.168.0.60"
VIA = "mqtt"
PORT = 1883
EVERY_S = 1.0

HIERARCHY = Topic("openWB/counter/get/hierarchy", standing=True)
TICK = Topic("openWB/system/Timestamp")


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    version: Literal["2", "1.9"] = option("2", "openWB's version")
    counter: int | None = option(None, "number of the counter at the grid connection", least=0)
    user: Secret = option(NO_SECRET, "name of the broker's user in credentials.env")
    password: Secret = option(NO_SECRET, "name of its password in credentials.env")
    tls: Literal["off", "on", "unverified"] = option("off", "TLS; unverified for certificates of its own")


@dataclass(frozen=True, slots=True)
class Device:
    """The topics of one role. Those by phase are one list, or with {} one topic for each phase."""

    power: str
    came: str = ""
    went: str = ""
    soc: str = ""
    watts: str = ""
    amps: str = ""
    volts: str = ""
    fault: str = ""
    there: str = ""


BATTERY_OLD = ("housebattery/W", "housebattery/WhExported", "housebattery/WhImported", "housebattery/%Soc")
BATTERY_NEW = ("bat/get/power", "bat/get/exported", "bat/get/imported", "bat/get/soc")
PHASES_OLD = ("evu/WPhase{}", "evu/APhase{}", "evu/VPhase{}")
OLD = {
    "grid": Device("evu/W", "evu/WhImported", "evu/WhExported", "", *PHASES_OLD, "evu/faultState"),
    "solar": Device("pv/W", "pv/WhCounter", there="pv/boolPVConfigured"),
    "battery": Device(*BATTERY_OLD, there="housebattery/boolHouseBatteryConfigured"),
    "house": Device("global/WHouseConsumption"),
}


def _new(counter: int) -> dict[str, Device]:
    at = f"counter/{counter}/get"
    power = (f"{at}/power", f"{at}/imported", f"{at}/exported")
    return {
        "grid": Device(*power, "", f"{at}/powers", f"{at}/currents", f"{at}/voltages", f"{at}/fault_state"),
        "solar": Device(
            "pv/get/power", "pv/get/exported", fault="pv/get/fault_state", there="pv/config/configured"
        ),
        "battery": Device(*BATTERY_NEW, fault="bat/get/fault_state", there="bat/config/configured"),
        "house": Device("counter/set/home_consumption"),
    }


def ask(options: Options, answers: Messages) -> list[Topic]:
    """In version 2 first the hierarchy, for the counter's number; then all that the roles need."""
    if options.version == "2" and options.counter is None and not answers.has(HIERARCHY):
        return [HIERARCHY]
    wanted = [] if options.version == "2" else [TICK]
    for role, device in _devices(options, answers).items():
        power, *rest = (_topic(name, options) for name in _names(device))
        needed = role == "grid" and options.version == "2"
        wanted += [Topic(power.name, power.standing, optional=not needed), *rest]
    return wanted


def decode(answers: Messages, options: Options) -> Meaning:
    """All roles at once, each as old as its own message."""
    devices = _devices(options, answers)
    read = Reader(answers, options)
    return by_role(
        grid=lambda: read.values(devices["grid"], 1.0),
        solar=lambda: read.values(devices["solar"], -1.0),
        battery=lambda: read.values(devices["battery"], -1.0),
        house=lambda: read.values(devices["house"], 1.0),
    )


class Reader:
    """One set of messages, read by topic."""

    def __init__(self, answers: Messages, options: Options) -> None:
        self._answers = answers
        self._options = options

    def values(self, device: Device, sign: float) -> Values | None:
        """What one device measures; None where openWB has none. Raises Poor."""
        power = _topic(device.power, self._options)
        if not self._answers.has(power) or (device.there and self._is_no(device.there)):
            return None
        if device.fault and self._number(device.fault):
            raise Poor("openWB says that this meter is at fault: look at openWB's status page")
        watts, by_phase = self._answers.json(power).number(), self._phases(device.watts)
        values = Values(
            sign * watts,
            signed_amps(self._phases(device.amps), by_phase),
            self._phases(device.volts),
            self._number(device.came),
            self._number(device.went),
            self._number(device.soc),
        )
        return self._answers.dated(TICK if self._options.version == "1.9" else power, values)

    def _number(self, name: str) -> float | None:
        return self._answers.number_or_none(_topic(name, self._options)) if name else None

    def _is_no(self, name: str) -> bool:
        found = self._answers.find(_topic(name, self._options))
        return found is not None and str(found.value).lower() in ("0", "false")

    def _phases(self, names: str) -> Phases | None:
        found: list[float | None] = []
        for name in _each(names):
            tree = self._answers.find(_topic(name, self._options))
            pieces = (tree.items() or [tree]) if tree else []
            found += [piece.number_or_none() for piece in pieces]
        return tuple(one for one in found if one is not None) if found and None not in found else None


def _devices(options: Options, answers: Messages) -> dict[str, Device]:
    return OLD if options.version == "1.9" else _new(_counter(options, answers))


def _each(names: str) -> list[str]:
    return list(dict.fromkeys(names.format(phase) for phase in (1, 2, 3) if names))


def _names(device: Device) -> list[str]:
    """All topics of a device, its power first."""
    more = (device.came, device.went, device.soc, device.fault, device.there)
    by_phase = (device.watts, device.amps, device.volts)
    return [device.power, *filter(None, more), *(one for names in by_phase for one in _each(names))]


def _topic(name: str, options: Options) -> Topic:
    """What is measured must be fresh, in 1.9 the tick alone; faults and settings stand until they change."""
    measured = options.version == "2" and not name.endswith(("fault_state", "configured"))
    return Topic(f"openWB/{name}", standing=not measured, optional=True)


def _counter(options: Options, answers: Messages) -> int:
    if options.counter is not None:
        return options.counter
    found = _first_counter(answers.json(HIERARCHY).items(), 0)
    if found is None:
        raise Poor(
            "openWB has no counter in its hierarchy: is the meter at the grid connection set up there?"
        )
    return found


def _first_counter(nodes: list[Tree], depth: int) -> int | None:
    for node in nodes if depth < 20 else []:
        number = node.number_or_none("id")
        if node.text_or("type") == "counter" and number is not None:
            return int(number)
        below = _first_counter(node.items("children"), depth + 1)
        if below is not None:
            return below
    return None
