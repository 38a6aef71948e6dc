"""smart-me meters and modules, by the vendor's service: JSON over HTTPS, with the account's password.

Unlike all others here this one leaves the house: the device reports to smart-me.com, and only there can it
be asked. Whoever wants the agent to stay off the internet lets the scheduler push instead.

    GET /api/Devices/{id}                    ActivePower            in ActivePowerUnit, + import   grid
    GET /api/DeviceBySerial?serial={n}       ActivePowerL1 .. L3    same unit; 0 on one phase
                                             CurrentL1 .. L3, VoltageL1 .. L3   A, V; or Current, Voltage
                                             CounterReadingImport, ...Export    in CounterReadingUnit
                                             ValueDate              ISO, UTC: the age

The unit is kW or W, and is read. A device that lost its connection keeps answering with its last value;
its ValueDate tells. Limits: devices report every few seconds to minutes; 15 s is plenty.
Source: smart-me's REST API documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from agent.meters import units
from agent.meters.line import NO_SECRET, Secret, option
from agent.meters.picked import POSITIVE_HELP, Facing, faced
from agent.meters.values import Meaning, Phases, Poor, Values, signed_amps
from agent.meters.via.pages import Basic, Get, Pages, Tree

TITLE = "Meter of smart-me (by the vendor's service)"
ROLES = ("grid", "solar", "battery", "house")
EXAMPLE = (
    "smart-me://smart-me.com/0a1b2c3d-0000-4e5f-8a9b-112233445566?user=SMARTME_USER&password=SMARTME_PASSWORD"
)
VIA = "http"
PORT = 0
EVERY_S = 15.0
FASTEST_S = 5.0


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    path: str = option("", "the device's id")
    serial: str = option("", "the device's serial number, instead of its id")
    user: Secret = option(NO_SECRET, "name of the account's user name in credentials.env")
    password: Secret = option(NO_SECRET, "name of the account's password in credentials.env")
    positive: Facing = option("import", POSITIVE_HELP)
    tls: Literal["on", "off", "unverified"] = option("on", "https, always")


def auth(options: Options) -> Basic:
    """The account."""
    return Basic(options.user.value, options.password)


def ask(options: Options, answers: Pages) -> list[Get]:
    """One device."""
    return [_device(options)]


def decode(answers: Pages, options: Options) -> Meaning:
    """One meter; only the line knows where it sits."""
    device = answers.json(_device(options))
    unit = device.text("ActivePowerUnit")
    watts = units.measured(device.at("ActivePower").value, "W", unit, "ActivePower")
    by_phase = device.phases("ActivePowerL1", "ActivePowerL2", "ActivePowerL3")
    amps, volts = _phases(device, "Current") or (), _phases(device, "Voltage") or ()
    if not any((by_phase or ())[1:]) and not any(amps[1:]):  # one phase, the others written as 0
        by_phase, amps, volts = (watts,), amps[:1], volts[:1]
    found = Values(
        watts,
        signed_amps(tuple(abs(one) for one in amps) or None, by_phase),
        volts or None,
        _counter(device, "CounterReadingImport"),
        _counter(device, "CounterReadingExport"),
        at_wall=units.stamp(device.text_or("ValueDate")),
    )
    return {"any": faced(found, options.positive)}


def _device(options: Options) -> Get:
    name = options.path.strip("/")
    if not (name or options.serial):
        raise Poor("name the device: smart-me://smart-me.com/ID or smart-me://smart-me.com?serial=NUMBER")
    if options.serial:
        return Get(f"/api/DeviceBySerial?serial={quote(options.serial, safe='')}")
    return Get(f"/api/Devices/{quote(name, safe='')}")


def _phases(device: Tree, what: str) -> Phases | None:
    return device.phases(f"{what}L1", f"{what}L2", f"{what}L3") or device.phases(what)


def _counter(device: Tree, name: str) -> float | None:
    value, unit = device.number_or_none(name), device.text_or("CounterReadingUnit")
    return units.convert(value, unit, "Wh", name) if value is not None and unit else None
