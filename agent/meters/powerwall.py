"""Tesla Powerwall 2 and Powerwall+: the gateway on the local network (Gateway 1 and 2), JSON over HTTPS.

The password is the customer's: from the factory the last five characters of the one on the gateway's
label. **The gateway locks its log-in** after several of them, so we log in once, keep cookie and token,
and after a refusal wait an hour. Its certificate signs itself. Powerwall 3 has no such door: use the cloud.

    POST /api/login/Basic        token, cookies AuthCookie and UserRecord
    GET /api/meters/aggregates   site.instant_power       W, + import          grid
                                 solar.instant_power      W, + producing       solar (below 0 at night)
                                 battery.instant_power    W, + discharging     battery
                                 load.instant_power       W, + consuming       house
                                 *.energy_imported, *.energy_exported          Wh
                                 *.last_communication_time                     when that meter spoke
    GET /api/meters/site         0.Cached_readings.v_l1n, i_a_current, real_power_a ...  (some firmware)
    GET /api/system_status/soe   percentage, on a scale whose 5 % are the app's 0 %
    GET /api/system_status/grid_status  "SystemGridConnected", or the house is an island

On an island the grid meter shows about 0 W while the battery carries everything, cars included: then there
is no grid reading, and charging becomes careful. Limits: every 10 s, one client; 429 means five minutes
of quiet. Firmware of 2025 may have closed the door on new installations (unconfirmed on hardware).
Source: the gateway's web page, as documented by its users.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from agent.meters import units
from agent.meters.line import NO_SECRET, Secret, option
from agent.meters.values import Meaning, Phases, Poor, Values, by_role, signed_amps
from agent.meters.via.pages import Get, Login, Pages, Tree

TITLE = "Tesla Powerwall 2 and + (local gateway)"
ROLES = ("grid", "solar", "battery", "house")
EXAMPLE = "powerwall://192.168.0.40?password=POWERWALL_PASSWORD"
VIA = "http"
PORT = 443
EVERY_S = 10.0
FASTEST_S = 5.0
HINT = (
    "The gateway needs its own Ethernet or Wi-Fi address in your network; a Powerwall 3 has no such access."
)

METERS = Get("/api/meters/aggregates")
CHARGE = Get("/api/system_status/soe", optional=True)
GRID = Get("/api/system_status/grid_status", optional=True)
PHASES = Get("/api/meters/site", optional=True)
CONNECTED = "SystemGridConnected"
LEAST_RAW_PERCENT = 5.0  # what the app calls empty


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    password: Secret = option(NO_SECRET, "name of the customer's password in credentials.env")
    email: str = option("owner@example.com", "the gateway asks for one and does not check it")
    tls: Literal["unverified", "on", "off"] = option("unverified", "its certificate signs itself")


def auth(options: Options) -> Login | None:
    """Log in once; very old firmware needs no password."""
    if not options.password:
        return None
    body = {
        "username": "customer",
        "password": options.password.value,
        "email": options.email,
        "force_sm_off": False,
    }
    return Login("/api/login/Basic", json.dumps(body), token_at="token", pause_s=3600.0)


def ask(options: Options, answers: Pages) -> list[Get]:
    """The four reads."""
    return [METERS, CHARGE, GRID, PHASES]


def decode(answers: Pages, options: Options) -> Meaning:
    """All roles; signs are ours already."""
    meters = answers.json(METERS)
    return by_role(
        grid=lambda: _grid(meters, answers),
        solar=lambda: _one(meters, "solar") if meters.find("solar") else None,
        battery=lambda: _battery(meters, answers),
        house=lambda: _one(meters, "load"),
    )


def _one(
    meters: Tree, name: str, amps: Phases | None = None, volts: Phases | None = None, soc: float | None = None
) -> Values:
    meter = meters.at(name)
    imported, exported = (meter.number_or_none(f"energy_{way}") for way in ("imported", "exported"))
    if name in ("solar", "battery"):  # their exports come into the house
        imported, exported = exported, imported
    at_wall = units.stamp(meter.text_or("last_communication_time"))
    return Values(meter.number("instant_power"), amps, volts, imported, exported, soc, at_wall=at_wall)


def _grid(meters: Tree, answers: Pages) -> Values:
    page = answers.find(GRID)
    status = page.json().text_or("grid_status", CONNECTED) if page else CONNECTED
    if status != CONNECTED:
        raise Poor(f"the house is cut off from the grid ({status[:40]}): the Powerwall carries it alone")
    amps, volts = _phases(answers)
    return _one(meters, "site", amps, volts)


def _phases(answers: Pages) -> tuple[Phases | None, Phases | None]:
    page = answers.find(PHASES)
    found = page.json().find("0.Cached_readings") if page else None
    if found is None:
        return None, None
    volts = found.phases("v_l1n", "v_l2n", "v_l3n") or ()
    while volts and volts[-1] == 0:  # phases that this house does not have
        volts = volts[:-1]
    names = "abc"[: len(volts)]
    amps = found.phases(*(f"i_{name}_current" for name in names)) or ()
    watts = found.phases(*(f"real_power_{name}" for name in names))
    known = any(amps)  # most firmware writes 0 whatever flows
    return signed_amps(tuple(abs(one) for one in amps), watts) if known else None, volts or None


def _battery(meters: Tree, answers: Pages) -> Values | None:
    if meters.find("battery") is None:
        return None
    page = answers.find(CHARGE)
    raw = page.json().number_or_none("percentage") if page else None
    soc = None if raw is None else max(0.0, (raw - LEAST_RAW_PERCENT) / (100.0 - LEAST_RAW_PERCENT) * 100.0)
    return _one(meters, "battery", soc=soc)
