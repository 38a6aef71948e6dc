"""TED, The Energy Detective: TED 5000, TED Pro, and the CSV export of either, over HTTP.

Each measuring unit (MTU) sits where the owner put its clamps, and **negative is generation**. The line says
which MTU, and what it measures: `net` (the mains, grid), `load` (the house) or `generation` (the sun, whose
sign is turned). "Adjusted load" on the device already contains the sun: it is a load.

    5000   /api/LiveData.xml            LiveData.Power.MTU1.PowerNow         W
                                        LiveData.Voltage.MTU1.VoltageNow     0.1 V    (MTU 0: Total)
    pro    /api/SystemOverview.xml?T=0  DialDataDetail.MTUVal.MTU1.Value     W        one unit
                                        ... .Voltage                         0.1 V
                                        ... .PhaseCurrent.A B C, PhaseVoltage.A B C   0.1 A, 0.1 V
           /api/DashData.xml?T=0&D=0&M=0   Now                               W        MTU 0: the net of all
    csv    /history/export.csv?T=1&D=0&M=1&C=1    name, time, kW, cost, volts         M: the unit

The phases' scale is unconfirmed on hardware. There is no lifetime counter: days and months begin at 0.
Source: TED's API documents, and what its users saw it answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from agent.meters import units
from agent.meters.line import NO_SECRET, Secret, option
from agent.meters.values import Meaning, Poor, Values, signed_amps
from agent.meters.via.pages import Basic, Get, Pages, Tree

TITLE = "TED, The Energy Detective"
ROLES = ("grid", "solar", "house")
EXAMPLE = "ted://192.168.0.70?model=5000&mtu=2&measures=generation"
VIA = "http"
PORT = 80

LIVE = Get("/api/LiveData.xml")
OVERVIEW = Get("/api/SystemOverview.xml?T=0")
DASH = Get("/api/DashData.xml?T=0&D=0&M=0")


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    model: Literal["5000", "pro", "csv"] = option("5000", "TED 5000, TED Pro, or the CSV export of either")
    mtu: int = option(1, "which measuring unit; 0: all of them together", least=0, most=32)
    measures: Literal["net", "load", "generation"] = option("net", "where its clamps are")
    user: str = option("admin", "user, where the device wants a password")
    password: Secret = option(NO_SECRET, "name of its password in credentials.env")


def auth(options: Options) -> Basic:
    """Who we are, where that matters."""
    return Basic(options.user, options.password)


def ask(options: Options, answers: Pages) -> list[Get]:
    """The page that holds the measuring unit."""
    return [_page(options)]


def decode(answers: Pages, options: Options) -> Meaning:
    """One measuring unit, in the role that the line gives it."""
    read = {"5000": _ted_5000, "pro": _pro, "csv": _csv}[options.model]
    values = read(answers, options)
    if options.measures == "generation":
        return {"solar": values.flipped()}
    return {"grid" if options.measures == "net" else "house": values}


def _page(options: Options) -> Get:
    if options.model == "csv":
        return Get(f"/history/export.csv?T=1&D=0&M={options.mtu}&C=1")
    return LIVE if options.model == "5000" else OVERVIEW if options.mtu else DASH


def _ted_5000(answers: Pages, options: Options) -> Values:
    live = answers.xml(LIVE)
    unit = f"MTU{options.mtu}" if options.mtu else "Total"
    volts = live.number_or_none(f"Voltage.{unit}.VoltageNow")
    return Values(live.number(f"Power.{unit}.PowerNow"), volts_by_phase=_tenths(volts))


def _pro(answers: Pages, options: Options) -> Values:
    if not options.mtu:
        dash = answers.xml(DASH)
        return Values(dash.number("Now"), volts_by_phase=_tenths(dash.number_or_none("Voltage")))
    unit = answers.xml(OVERVIEW).at(f"MTUVal.MTU{options.mtu}")
    watts, volts = unit.number("Value"), unit.number_or_none("Voltage")
    amps, phase_volts = _wired(unit, "PhaseCurrent"), _wired(unit, "PhaseVoltage")
    found = Values(watts, volts_by_phase=phase_volts or _tenths(volts))
    return replace(found, amps_by_phase=signed_amps(amps, (watts,) * len(amps or ())))


def _wired(unit: Tree, what: str) -> tuple[float, ...] | None:
    phases = unit.phases(*(f"{what}.{phase}" for phase in "ABC")) or ()
    while phases and phases[-1] == 0:  # phases that this house does not have
        phases = phases[:-1]
    return tuple(one / 10.0 for one in phases) or None


def _csv(answers: Pages, options: Options) -> Values:
    for line in answers.page(_page(options)).text.splitlines()[:10]:
        cells = [cell.strip().strip('"') for cell in line.split(",")]
        kilowatts = units.number_or_none(cells[2]) if len(cells) > 2 else None
        if kilowatts is not None:
            volts = units.number_or_none(cells[4]) if len(cells) > 4 else None
            return Values(kilowatts * 1e3, volts_by_phase=None if volts is None else (volts,))
    raise Poor(f"its export has no line for MTU {options.mtu}: is this a TED, and the MTU's number right?")


def _tenths(volts: float | None) -> tuple[float] | None:
    return None if volts is None else (volts / 10.0,)
