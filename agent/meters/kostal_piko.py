"""Kostal Piko inverters over HTTP: those with a web API, the old ones with a web page, and the MP Plus.

Three generations share the name; the line says which one it is. (Piko IQ and Plenticore speak Modbus.)

    api    /api/dxs.json?dxsEntries=...   67109120   W            AC output, battery included
                                          33556736   W            solar, DC: counts where a battery is fitted
                                          83886336 83886592 83886848   W   house, from sun, battery, grid
                                          33556225 A + charging, 33556226 V, 33556229 percent    battery
                                          67109378 67109634 67109890   V   L1 L2 L3
                                          251658753  kWh          yield, for ever
                                          16780032   0 off, 1 idle: then no value is 0 W of sun
    page   /                              after "aktuell" W, "Gesamtenergie" kWh; "x x x" while it sleeps
    mp     /measurements.xml              Measurement Type="AC_Power" W >= 0, no Value while idle
                                          Type="GridPower" W, + export

Grid = house - AC output. What the page calls house by phase is the house, not the grid. The codes of
16780032 and the MP Plus are unconfirmed on hardware. Limits: old boards answer slowly; 5 s.
Source: the inverters' own web pages, as documented by their users.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent.meters import units
from agent.meters.line import NO_SECRET, Secret, option
from agent.meters.values import Meaning, Poor, Values, by_role
from agent.meters.via.pages import Basic, Get, Page, Pages

TITLE = "Kostal Piko inverter (HTTP)"
ROLES = ("solar", "grid", "house", "battery")
EXAMPLE = "kostal-piko://192.168.0.45"
VIA = "http"
PORT = 80

OUTPUT, SUN, STATE, YIELD_KWH = 67109120, 33556736, 16780032, 251658753
HOUSE = (83886336, 83886592, 83886848)
BATTERY_AMPS, BATTERY_VOLTS, BATTERY_PERCENT = 33556225, 33556226, 33556229
VOLTS = (67109378, 67109634, 67109890)
ENTRIES = (OUTPUT, SUN, STATE, YIELD_KWH, *HOUSE, BATTERY_AMPS, BATTERY_VOLTS, BATTERY_PERCENT, *VOLTS)
RESTING = (0, 1)

API = Get("/api/dxs.json?" + "&".join(f"dxsEntries={entry}" for entry in ENTRIES))
PAGE = Get("/")
MEASUREMENTS = Get("/measurements.xml")


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    model: Literal["api", "page", "mp"] = option("api", "api, page (first generation) or mp (Piko MP Plus)")
    user: str = option("pvserver", "user of the page")
    password: Secret = option(NO_SECRET, "name of the page's password in credentials.env")


def auth(options: Options) -> Basic:
    """Only the old page asks."""
    return Basic(options.user, options.password)


def ask(options: Options, answers: Pages) -> list[Get]:
    """One page."""
    return [{"api": API, "page": PAGE, "mp": MEASUREMENTS}[options.model]]


def decode(answers: Pages, options: Options) -> Meaning:
    """What this generation knows."""
    if options.model == "page":
        return by_role(solar=lambda: _old(answers.page(PAGE)))
    return _measurements(answers) if options.model == "mp" else _api(answers)


def _api(answers: Pages) -> Meaning:
    tree = answers.json(API)
    if tree.number_or_none("status.code"):
        raise Poor(f"the inverter reports code {tree.text('status.code')[:20]}")
    found = {
        one.number_or_none("dxsId"): value
        for one in tree.items("dxsEntries")
        if (value := one.number_or_none("value")) is not None
    }

    def need(entry: int, what: str) -> float:
        if entry not in found:
            raise Poor(f"the inverter gives no {what}")
        return found[entry]

    def output() -> float:
        return 0.0 if found.get(STATE) in RESTING and OUTPUT not in found else need(OUTPUT, "AC output")

    def solar() -> Values:
        volts = tuple(found[one] for one in VOLTS if one in found) or None
        watts = need(SUN, "DC power") if BATTERY_PERCENT in found else output()
        kwh = found.get(YIELD_KWH)
        return Values(watts, None, volts, None if kwh is None else kwh * 1e3)

    def house() -> float:
        return sum(need(entry, "consumption: has it a current sensor?") for entry in HOUSE)

    def battery() -> Values | None:
        if BATTERY_PERCENT not in found:
            return None
        watts = -need(BATTERY_AMPS, "battery current") * need(BATTERY_VOLTS, "battery voltage")
        return Values(watts, soc_percent=found[BATTERY_PERCENT])

    return by_role(
        solar=solar,
        house=lambda: Values(house()),
        grid=lambda: Values(house() - output()),
        battery=battery,
    )


def _old(page: Page) -> Values:
    energy_wh = units.quantity(page.after("Gesamtenergie"), "Wh", "kWh", "its yield")
    power = page.words().partition("aktuell")[2].partition("Gesamtenergie")[0]
    if "x x x" in power:
        return Values(0.0, energy_wh=energy_wh)  # asleep: that is how the page says it
    return Values(units.quantity(page.after("aktuell"), "W", "W", "its power"), energy_wh=energy_wh)


def _measurements(answers: Pages) -> Meaning:
    found = answers.xml(MEASUREMENTS).find("Device.Measurements.Measurement")
    each = [found] if found and found.keys() else found.items() if found else []
    by_type = {one.text_or("@Type"): one for one in each}
    if "AC_Power" not in by_type:
        raise Poor("the page lists no AC_Power: is this a Piko MP Plus?")
    return by_role(
        solar=lambda: Values(by_type["AC_Power"].number_or_none("@Value") or 0.0),
        grid=lambda: Values(-by_type["GridPower"].number("@Value")) if "GridPower" in by_type else None,
    )
