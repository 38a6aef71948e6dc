"""HomeWizard: P1 meter, kWh meters, energy sockets and the plug-in battery, over their local API.

Switch it on in the HomeWizard app (the device's settings > Local API); off, it answers 403. Version 1 is
open and over HTTP. Version 2 is over HTTPS with a token, which the device hands out after a press of its
button; its certificate is signed by the vendor, so the line says `tls=unverified`.

    1: GET /api/v1/data          active_power_w                    W, + import        grid
                                 active_power_l1_w, active_current_l1_a, active_voltage_l1_v ...
                                 total_power_import_kwh, total_power_export_kwh       kWh
    2: GET /api/measurement      power_w, power_l1_w, current_l1_a, voltage_l1_v, energy_import_kwh, ...
       X-Api-Version: 2          timestamp                         local time
                                 state_of_charge_pct               the battery; its power_w is + charging

A kWh meter at an inverter counts production as export: `positive=export` on a solar line. P1 amps are whole
ones. Limits: a smart meter speaks once a second (SMR 5) or every ten (SMR 4). The battery's sign follows
from its counters and is unconfirmed on hardware. Source: HomeWizard's API documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent.meters import units
from agent.meters.line import NO_SECRET, Secret, option
from agent.meters.picked import POSITIVE_HELP, Facing, faced
from agent.meters.values import Meaning, Phases, Poor, Values, signed_amps
from agent.meters.via.pages import Bearer, Get, Pages, Tree

TITLE = "HomeWizard P1 meter, kWh meter, socket or battery"
ROLES = ("grid", "solar", "battery", "house")
EXAMPLE = "homewizard://192.168.0.61"
VIA = "http"
PORT = 0
EVERY_S = 2.0
HINT = "Its local API must be switched on in the HomeWizard app."

V1 = Get("/api/v1/data")
V2 = Get("/api/measurement", headers=(("X-Api-Version", "2"),))


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    token: Secret = option(NO_SECRET, "version 2: name of its token in credentials.env")
    tls: Literal["off", "on", "unverified"] = option("off", "version 2: unverified")
    positive: Facing = option("import", POSITIVE_HELP)


def auth(options: Options) -> Bearer:
    """The token of version 2."""
    return Bearer(options.token)


def ask(options: Options, answers: Pages) -> list[Get]:
    """One page."""
    return [V2 if options.token.name else V1]


def decode(answers: Pages, options: Options) -> Meaning:
    """One meter; only the line knows where it sits, but a battery knows what it is."""
    second = bool(options.token.name)
    data = answers.json(V2 if second else V1)
    if data.find("error"):
        raise Poor(f"it reports an error: {data.text_or('error.description', 'unknown')[:80]}")
    active, counter = ("", "energy") if second else ("active_", "total_power")
    watts, amps, volts = (_phases(data, f"{active}{what}", unit) for what, unit in UNITS)
    if amps and watts and len(amps) == len(watts):
        amps = signed_amps(tuple(abs(one) for one in amps), watts)
    found = Values(
        data.number(f"{active}power_w"),
        amps,
        volts,
        _wh(data, f"{counter}_import"),
        _wh(data, f"{counter}_export"),
        data.number_or_none("state_of_charge_pct"),
        at_wall=units.stamp(data.text_or("timestamp")),
    )
    if found.soc_percent is not None:
        return {"battery": found.flipped()}
    return {"any": faced(found, options.positive)}


UNITS = (("power", "w"), ("current", "a"), ("voltage", "v"))


def _phases(data: Tree, what: str, unit: str) -> Phases | None:
    return data.phases(*(f"{what}_l{n}_{unit}" for n in (1, 2, 3))) or data.phases(f"{what}_{unit}")


def _wh(data: Tree, name: str) -> float | None:
    whole = data.number_or_none(f"{name}_kwh")
    tariffs = data.phases(f"{name}_t1_kwh", f"{name}_t2_kwh")
    kwh = whole if whole is not None else sum(tariffs) if tariffs else None
    return None if kwh is None else kwh * 1e3
