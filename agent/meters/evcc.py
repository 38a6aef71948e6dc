"""evcc as a source: what another charging manager has read from the home's meters.

    /api/state          now (at the top)                   before 2024 (under `result`)
    grid      W, + import           grid.power               gridPower, or grid.power
              A of each phase       grid.currents            gridCurrents
              kWh imported          grid.energy              gridEnergy
    solar     W, >= 0               pvPower                  pvPower
    battery   W, + discharging      battery.power            batteryPower
              percent full          battery.soc              batterySoc
    house     W, without evcc's own chargers: those are added again

Its numbers are as old as its interval (10 to 30 s), which it does not tell; set that interval low. The
vendor promises no stability, so all shapes are looked for. **If evcc drives the same chargers through
sunward, two controllers fight: let it read or let it drive, not both.** Source: docs.evcc.io, REST API.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.meters.line import option
from agent.meters.values import Meaning, Phases, Values, by_role, signed_amps
from agent.meters.via.pages import Get, Pages, Tree

TITLE = "Another charging manager, evcc (read only)"
ROLES = ("grid", "solar", "battery", "house")
EXAMPLE = "evcc://192.168.0.47:7070"
VIA = "http"
PORT = 7070
EVERY_S = 10.0

STATE = Get("/api/state")


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    interval_s: float = option(10.0, "evcc's own interval: half of it is taken as age", least=1, most=120)


def ask(options: Options, answers: Pages) -> list[Get]:
    """All of its state."""
    return [STATE]


def decode(answers: Pages, options: Options) -> Meaning:
    """All roles at once, each failing by itself."""
    page = answers.json(STATE)
    state, age_s = page.find("result") or page, options.interval_s / 2
    return by_role(
        grid=lambda: _grid(state, age_s),
        solar=lambda: Values(state.number("pvPower"), age_s=age_s) if state.find("pvPower") else None,
        battery=lambda: _battery(state, age_s),
        house=lambda: _house(state, age_s),
    )


def _grid(state: Tree, age_s: float) -> Values | None:
    if state.find("grid.power"):
        power, currents, powers, energy = "grid.power", "grid.currents", "grid.powers", "grid.energy"
    elif state.find("gridPower"):
        power, currents, powers, energy = "gridPower", "gridCurrents", "gridPowers", "gridEnergy"
    else:
        return None
    kwh = state.number_or_none(energy)
    amps = signed_amps(_three(state, currents), _three(state, powers))
    return Values(state.number(power), amps, energy_wh=1e3 * kwh if kwh else None, age_s=age_s)


def _battery(state: Tree, age_s: float) -> Values | None:
    if state.find("battery.power"):
        return Values(
            state.number("battery.power"), soc_percent=state.number_or_none("battery.soc"), age_s=age_s
        )
    if state.find("batteryPower") is None or not state.items("battery"):
        return None  # older releases write 0 W for a house that has none
    return Values(state.number("batteryPower"), soc_percent=state.number_or_none("batterySoc"), age_s=age_s)


def _house(state: Tree, age_s: float) -> Values | None:
    if state.find("homePower") is None:
        return None
    chargers = sum(one.number_or_none("chargePower") or 0.0 for one in state.items("loadpoints"))
    return Values(state.number("homePower") + chargers, age_s=age_s)


def _three(state: Tree, path: str) -> Phases | None:
    return state.phases(*(f"{path}.{i}" for i in range(3)))
