"""Fronius inverters and Datamanagers: the Solar API v1, plain JSON over HTTP, no password.

On GEN24, Verto and Tauro the owner switches the Solar API on in the inverter's own pages (Communication >
Solar API); off, its addresses answer 404. One request holds all that steers; a second one has the phases
of the Smart Meter, under two sets of names (early GEN24 firmware has its own).

    GetPowerFlowRealtimeData.fcgi   Site.P_Grid          W, + import            grid (null: no meter, NOT 0)
                                    Site.P_PV            W, null at night       solar (null is 0)
                                    Site.P_Load          W, - consuming         house = -P_Load
                                    Site.P_Akku          W, + discharging       battery (null: there is none)
                                    Site.E_Total         Wh                     solar counter
                                    Inverters.*.SOC      percent                battery
                                    Head.Status.Code     0 is fine              anything else: Reason
                                    Head.Timestamp       ISO with offset        age
    GetMeterRealtimeData.cgi        location 0 is the grid connection; 1 and above measure something else
    GetStorageRealtimeData.cgi      percent on the Symo Hybrid, which has none above
    GetInverterRealtimeData.cgi     volts where there is no meter

Limits: a Datamanager serves one client at a time and averages over seconds; 5 s is plenty. Old inverters
sleep at night and refuse connections. The location codes are unconfirmed on hardware.
Source: Fronius, "Solar API V1" operating instructions.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile

from agent.meters import units
from agent.meters.values import Meaning, Phases, Poor, Values, by_role, signed_amps
from agent.meters.via.pages import Get, Pages, Tree

TITLE = "Fronius inverter (Solar API)"
ROLES = ("grid", "solar", "battery", "house")
EXAMPLE = "fronius://192.168.0.30"
VIA = "http"
PORT = 80
HINT = "On GEN24 and later the Solar API must be switched on in the inverter's own pages (Communication)."

API = "/solar_api/v1/"
FLOW = Get(f"{API}GetPowerFlowRealtimeData.fcgi")
METERS = Get(f"{API}GetMeterRealtimeData.cgi?Scope=System", optional=True)
STORAGE = Get(f"{API}GetStorageRealtimeData.cgi?Scope=System", optional=True)
INVERTER = Get(
    f"{API}GetInverterRealtimeData.cgi?Scope=Device&DeviceID=1&DataCollection=CommonInverterData",
    optional=True,
)

AT_THE_GRID = 0
NAMES = {  # what the meter page calls its values: usually, and on early GEN24 firmware
    "location": ("Meter_Location_Current", "SMARTMETER_VALUE_LOCATION_U16"),
    "watts": ("PowerReal_P_Phase_{}", "SMARTMETER_POWERACTIVE_MEAN_0{}_F64"),
    "volts": ("Voltage_AC_Phase_{}", "SMARTMETER_VOLTAGE_0{}_F64"),
    "amps": ("Current_AC_Phase_{}", "SMARTMETER_CURRENT_0{}_F64"),
    "imported": ("EnergyReal_WAC_Sum_Consumed", "SMARTMETER_ENERGYACTIVE_CONSUMED_SUM_F64"),
    "exported": ("EnergyReal_WAC_Sum_Produced", "SMARTMETER_ENERGYACTIVE_PRODUCED_SUM_F64"),
}


def ask(options: object, answers: Pages) -> list[Get]:
    """The flow, the meter's phases, and what older devices keep elsewhere."""
    wanted = [FLOW, METERS]
    if FLOW not in answers.asked or METERS not in answers.asked:
        return wanted
    site = answers.json(FLOW).find("Body.Data.Site")
    if site and site.find("P_Akku") and _soc_percent(answers.json(FLOW)) is None:
        wanted.append(STORAGE)
    if _grid_meter(answers) is None:
        wanted.append(INVERTER)
    return wanted


def decode(answers: Pages, options: object) -> Meaning:
    """All roles from one answer, the phases from another."""
    flow = answers.json(FLOW)
    if flow.number_or_none("Head.Status.Code"):
        reason = flow.text_or("Head.Status.Reason") or flow.text_or("Head.Status.UserMessage")
        raise Poor(f"the inverter reports an error: {reason[:100] or 'it does not say which'}")
    site = flow.at("Body.Data.Site")
    at_wall = units.stamp(flow.text_or("Head.Timestamp"))
    meaning = by_role(
        grid=lambda: _grid(site, answers),
        solar=lambda: _solar(site, answers),
        battery=lambda: _battery(flow, site, answers),
        house=lambda: Values(-_metered(site, "P_Load")),
    )
    return {role: replace(v, at_wall=at_wall) if isinstance(v, Values) else v for role, v in meaning.items()}


def _metered(site: Tree, name: str) -> float:
    if site.find(name) is None:
        raise Poor(
            f"the inverter has no {name}: its Smart Meter is missing or silent "
            f"(it says it runs in mode {site.text_or('Mode', 'unknown')!r})"
        )
    return site.number(name)


def _grid(site: Tree, answers: Pages) -> Values:
    watts, meter = _metered(site, "P_Grid"), _grid_meter(answers)
    if meter is None:
        return Values(watts)
    amps, by_phase = _phases(meter, "amps"), _phases(meter, "watts")
    return Values(
        watts,
        signed_amps(amps and tuple(abs(one) for one in amps), by_phase),
        _phases(meter, "volts"),
        _value(meter, "imported"),
        _value(meter, "exported"),
    )


def _grid_meter(answers: Pages) -> Tree | None:
    page = answers.find(METERS)
    meters = page.json().items("Body.Data") if page else []
    return next((one for one in meters if _value(one, "location") == AT_THE_GRID), None)


def _value(meter: Tree, what: str, phase: int = 0) -> float | None:
    found = (meter.number_or_none(name.format(phase)) for name in NAMES[what])
    return next((one for one in found if one is not None), None)


def _phases(meter: Tree, what: str) -> Phases | None:
    found = takewhile(lambda one: one is not None, (_value(meter, what, n) for n in (1, 2, 3)))
    return tuple(one for one in found if one is not None) or None


def _solar(site: Tree, answers: Pages) -> Values:
    if "P_PV" not in site.keys():  # noqa: SIM118
        raise Poor("the answer has no P_PV")
    watts = site.number("P_PV") if site.find("P_PV") else 0.0
    page = answers.find(INVERTER)
    volts = page.json().phases("Body.Data.UAC.Value") if page else None
    return Values(watts, None, volts, energy_wh=site.number_or_none("E_Total"))


def _battery(flow: Tree, site: Tree, answers: Pages) -> Values | None:
    if site.find("P_Akku") is None:
        return None
    soc_percent, page = _soc_percent(flow), answers.find(STORAGE)
    if soc_percent is None and page:
        levels = [
            one.number_or_none("Controller.StateOfCharge_Relative") for one in page.json().items("Body.Data")
        ]
        soc_percent = next((one for one in levels if one is not None), None)
    return Values(site.number("P_Akku"), soc_percent=soc_percent)


def _soc_percent(flow: Tree) -> float | None:
    levels = [one.number_or_none("SOC") for one in flow.items("Body.Data.Inverters")]
    return next((one for one in levels if one is not None), None)
