"""Tasmota: a reading head on the smart meter (SML or IEC), or a plug that measures.

    /cm?cmnd=Status%208      {"StatusSNS": {"Time": ..., "<meter>": {"<tag>": number, ...}}}

Meter and tags are names from the script that the owner has put on the head. The usual ones, whatever
their capitals; others go into the line:

    power     Power_curr  Watt_summe  Power  16_7_0     W, + import
    imported  Total_in    E_in        1_8_0   Total     kWh
    exported  Total_out   E_out       2_8_0             kWh
    phases    power_l1    voltage_l1  current_l1 ...    W, V, A (magnitude)

A plug's `ENERGY` has `Power`, a list on those with several sockets: they are added. **`Time` is Tasmota's
own clock:** when the head falls off the meter, the numbers freeze and the time runs on, so it is not
believed; the grid's frozen number is found by its sameness. Source: Tasmota, "Smart Meter Interface".
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.meters import units
from agent.meters.line import NO_SECRET, Secret, option
from agent.meters.values import Meaning, Poor, Positive, Values, signed_amps, turned
from agent.meters.via.pages import Get, Pages, Query, Tree

TITLE = "Tasmota reading head or plug"
ROLES = ("grid", "solar", "battery", "house")
EXAMPLE = "tasmota://192.168.0.48"
VIA = "http"
PORT = 80
HINT = "If it has a web password, the line needs password=NAME."

STATUS = Get("/cm?cmnd=Status%208")
POWER = ("power_curr", "watt_summe", "16_7_0", "power")
IMPORTED = ("total_in", "e_in", "1_8_0", "total")
EXPORTED = ("total_out", "e_out", "2_8_0")
USER = "admin"


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    meter: str = option("", "the meter's name in the script; without it the first that has power")
    power: str = option("", "the tag of its power")
    imported: str = option("", "the tag of its import counter (kWh)")
    exported: str = option("", "the tag of its export counter (kWh)")
    positive: Positive = option("import", "what a positive number means")
    password: Secret = option(NO_SECRET, "name of its web password in credentials.env")


def auth(options: Options) -> Query:
    """Tasmota takes its password in the address."""
    user = Secret("", USER) if options.password else NO_SECRET
    return Query((("user", user), ("password", options.password)))


def ask(options: Options, answers: Pages) -> list[Get]:
    """Its sensors."""
    return [STATUS]


def decode(answers: Pages, options: Options) -> Meaning:
    """One meter; the line knows its role."""
    page = answers.json(STATUS)
    if page.find("WARNING"):
        raise Poor("it wants its web password: give the line password=NAME")
    tags = _meter(page.at("StatusSNS"), options)
    power = _tag(tags, options.power, POWER)
    if power is None:
        raise Poor(
            f"its meter sends no power, only {', '.join(tags)}: enter the meter's PIN so that it sends all, "
            "or name the tag with power=..."
        )
    watts = _three(tags, "power")
    values = Values(
        _sum(power),
        signed_amps(_three(tags, "current"), watts),
        _three(tags, "voltage"),
        _wh(_tag(tags, options.imported, IMPORTED)),
        _wh(_tag(tags, options.exported, EXPORTED)),
    )
    return {"any": turned(values, options.positive)}


def _meter(sensors: Tree, options: Options) -> dict[str, Tree]:
    """The tags of the meter, their names in small letters."""
    found = {name: tags for name, sensor in _named(sensors).items() if (tags := _named(sensor))}
    if options.meter:
        if options.meter.lower() not in found:
            raise Poor(f"it has no meter {options.meter!r}: it names {', '.join(found) or 'none'}")
        return found[options.meter.lower()]
    with_power = (one for one in found.values() if _tag(one, options.power, POWER))
    chosen = next(with_power, None) or next(iter(found.values()), None)
    if chosen is None:
        raise Poor("it shows no meter: is its script running and the head on the meter?")
    return chosen


def _named(tree: Tree) -> dict[str, Tree]:
    """An object's pieces by their names in small letters."""
    return {key.lower(): one for key, one in zip(tree.keys(), tree.items(), strict=False)}


def _tag(tags: dict[str, Tree], named: str, usual: tuple[str, ...]) -> Tree | None:
    names = (named.lower(),) if named else usual
    return next((tags[name] for name in names if name in tags and tags[name].value is not None), None)


def _sum(power: Tree) -> float:
    return sum(one.number() for one in power) if power.items() else power.number()


def _wh(counter: Tree | None) -> float | None:
    kwh = None if counter is None else units.number_or_none(counter.value)
    return None if kwh is None else 1e3 * kwh


def _three(tags: dict[str, Tree], what: str) -> tuple[float, ...] | None:
    """L1 L2 L3 up to the first that is missing."""
    found: list[float] = []
    for phase in ("l1", "l2", "l3"):
        tag = tags.get(f"{what}_{phase}")
        value = None if tag is None else units.number_or_none(tag.value)
        if value is None:
            break
        found.append(value)
    return tuple(found) or None
