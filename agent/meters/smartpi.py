"""SmartPi (nD-enerserve): a Raspberry Pi with four clamps, three of them on the phases of the grid.

    /api/all/all/now       datasets[0].phases[].values[].type power | voltage | current     (unconfirmed)
    /api/all/power/now     the same with power alone, for firmware that has no `all`

    phase 1 2 3    power W, + is import    current A, magnitude    voltage V
    phase 4        the neutral: never part of the sum

Each value names its unit in `unity`. `time` is local text without an offset: it tells whether the
device still measures, not how late it is. Source: the vendor's REST description, and others' captures.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.meters import units
from agent.meters.values import Meaning, Phases, Poor, Values, signed_amps
from agent.meters.via.pages import Get, Pages, Tree

TITLE = "SmartPi"
ROLES = ("grid",)
EXAMPLE = "smartpi://192.168.0.45:1080"
VIA = "http"
PORT = 1080

EVERYTHING = Get("/api/all/all/now", optional=True)
POWER = Get("/api/all/power/now")
LIVE_PHASES = ("1", "2", "3")


@dataclass(frozen=True, slots=True)
class Options:
    """Nothing to say."""


def ask(options: Options, answers: Pages) -> list[Get]:
    """Everything; power alone where there is no such page."""
    return [EVERYTHING] if answers.find(EVERYTHING) or not answers.asked else [EVERYTHING, POWER]


def decode(answers: Pages, options: Options) -> Meaning:
    """The grid, phase by phase."""
    page = answers.json(EVERYTHING if answers.find(EVERYTHING) else POWER)
    phases = [one for one in page.items("datasets.0.phases") if _number(one) in LIVE_PHASES]
    watts = _each(phases, "power", "W")
    if watts is None:
        raise Poor("it shows no power on phase 1: is the measurement running?")
    amps, volts = _each(phases, "current", "A"), _each(phases, "voltage", "V")
    at = units.stamp(page.text_or("time"))
    return {"grid": Values(sum(watts), signed_amps(amps, watts), volts, at_wall=at)}


def _number(phase: Tree) -> str:
    number = phase.number_or_none("phase")
    return "" if number is None else f"{number:.0f}"


def _each(phases: list[Tree], kind: str, unit: str) -> Phases | None:
    """This kind of value in L1 L2 L3, up to the first phase that lacks it."""
    found: list[float] = []
    for phase in phases:
        value = next((one for one in phase.items("values") if one.text_or("type") == kind), None)
        if value is None:
            break
        found.append(units.convert(value.number("data"), value.text_or("unity"), unit, kind))
    return tuple(found) or None
