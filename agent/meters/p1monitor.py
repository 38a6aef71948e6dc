"""P1 Monitor (ztatz.nl): the Dutch smart meter as a Raspberry Pi at its P1 port has stored it.

    /api/v1/smartmeter?limit=1&json=object     a list of one
        CONSUMPTION_W   PRODUCTION_W           W, both >= 0            grid = consumption - production
        CONSUMPTION_KWH_LOW + _HIGH            kWh, import             PRODUCTION_KWH_...: export
        TIMESTAMP_UTC                          seconds since 1970      every 10 s
    /api/v1/phase?limit=1&json=object          only with P1 Monitor's phase page on
        CONSUMPTION_L1_W  PRODUCTION_L1_W      W, both >= 0            the sign of that phase
        L1_V  L1_A                             V, and A as a magnitude (L1_A unconfirmed)

Without `json=object` a row is a list; we ask for objects. The total of the meter counts, never the sum
of the phases. On the home network no key is needed. Source: P1 Monitor's API pages.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.meters import units
from agent.meters.line import NO_SECRET, Secret, option
from agent.meters.values import Meaning, Phases, Poor, Values, signed_amps
from agent.meters.via.pages import Get, Header, Pages, Tree

TITLE = "P1 Monitor (ztatz)"
ROLES = ("grid",)
EXAMPLE = "p1monitor://192.168.0.46"
VIA = "http"
PORT = 80
EVERY_S = 5.0

METER = Get("/api/v1/smartmeter?limit=1&json=object")
PHASES = Get("/api/v1/phase?limit=1&json=object", optional=True)


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    key: Secret = option(NO_SECRET, "name of the API key in credentials.env, if yours wants one")


def auth(options: Options) -> Header:
    """Only for installations that want a key."""
    return Header("X-APIkey", options.key)


def ask(options: Options, answers: Pages) -> list[Get]:
    """The meter, and its phases where they are stored."""
    return [METER, PHASES]


def decode(answers: Pages, options: Options) -> Meaning:
    """The grid."""
    rows = answers.json(METER).items()
    if not rows:
        raise Poor("it has stored no telegram yet: is its cable in the meter's P1 port?")
    row = rows[0]
    amps, volts = _phases(answers)
    return {
        "grid": Values(
            row.number("CONSUMPTION_W") - row.number("PRODUCTION_W"),
            amps,
            volts,
            _kwh(row, "CONSUMPTION"),
            _kwh(row, "PRODUCTION"),
            at_wall=units.stamp(row.number_or_none("TIMESTAMP_UTC")),
        )
    }


def _phases(answers: Pages) -> tuple[Phases | None, Phases | None]:
    """Amps with their signs, and volts; a phase that does not exist shows 0 V and is left out."""
    if answers.find(PHASES) is None:
        return None, None
    rows = answers.json(PHASES).items()
    if not rows:
        return None, None
    row = rows[0]
    there = [n for n in ("L1", "L2", "L3") if row.number_or_none(f"{n}_V") or n == "L1"]
    bought = row.phases(*(f"CONSUMPTION_{n}_W" for n in there)) or ()
    sold = row.phases(*(f"PRODUCTION_{n}_W" for n in there)) or ()
    watts = tuple(b - s for b, s in zip(bought, sold, strict=False))
    amps = signed_amps(row.phases(*(f"{n}_A" for n in there)), watts)
    return (amps if len(watts) == len(there) else None), row.phases(*(f"{n}_V" for n in there))


def _kwh(row: Tree, which: str) -> float | None:
    """Both tariffs together, in Wh."""
    low, high = row.number_or_none(f"{which}_KWH_LOW"), row.number_or_none(f"{which}_KWH_HIGH")
    return None if low is None or high is None else 1e3 * (low + high)
