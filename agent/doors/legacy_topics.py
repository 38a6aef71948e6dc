"""TWCManager's status values one by one, as its MQTT topics and its Home Assistant sensors have them."""

from __future__ import annotations

from dataclasses import dataclass

from agent.doors.legacy_words import Look, OldHouse, least_amps, state_code
from agent.doors.nouns import ChargerState

ALL, CONFIG = "all", "config"


@dataclass(frozen=True, slots=True)
class OldValue:
    """One value: `unit` is A, V, W, kWh or empty; `snake` is its name in Home Assistant."""

    owner: str
    key: str
    snake: str
    unit: str
    value: object

    @property
    def text(self) -> str:
        """As a plain text."""
        return str(self.value)


def old_values(old: OldHouse) -> list[OldValue]:
    """Every value of every unit, then those of all, then the limits."""
    look = old.look()
    out = [value for one in look.state.chargers for value in _unit(one, look, old)]
    in_use = round(sum(one.drawn_amps for one in look.state.chargers), 2)
    return [
        *out,
        OldValue(ALL, "totalAmpsInUse", "total_amps_in_use", "A", in_use),
        OldValue(ALL, "maxAmpsForSlaves", "max_amps_for_slaves", "A", look.state.budget_amps),
        OldValue(ALL, "currentPolicy", "current_policy", "", look.policy),
        OldValue(CONFIG, "minAmpsPerTWC", "min_amps_per_twc", "A", least_amps(look.rules)),
    ]


def _unit(one: ChargerState, look: Look, old: OldHouse) -> list[OldValue]:
    volts = [round(volt) for volt in (*(one.volts_by_phase or ()), 0, 0, 0)[:3]]
    in_use = round(one.drawn_amps, 2) if one.charging else 0.0
    wanted = one.wanted_amps if one.wanted_amps is not None else 0.0
    rows: list[tuple[str, str, str, object]] = [
        ("ampsInUse", "amps_in_use", "A", in_use),
        ("ampsMax", "amps_max", "A", round(one.confirmed_amps, 2)),
        ("ampsOffered", "amps_offered", "A", round(one.offered_amps, 2)),
        ("ampsDesired", "amps_desired", "A", round(wanted, 2)),
        ("carsCharging", "cars_charging", "", int(one.charging)),
        ("chargerLoadInW", "charger_load_w", "W", round(one.drawn_w)),
        ("state", "state", "", state_code(one.state)),
        ("lifetimekWh", "lifetime_kwh", "kWh", round((one.energy_wh or 0) / 1000)),
        ("voltagePhaseA", "voltage_phase_a", "V", volts[0]),
        ("voltagePhaseB", "voltage_phase_b", "V", volts[1]),
        ("voltagePhaseC", "voltage_phase_c", "V", volts[2]),
        ("currentVehicleVIN", "current_vehicle_vin", "", one.vin),
        ("lastVehicleVIN", "last_vehicle_vin", "", old.last_vin(one.id)),
    ]
    return [OldValue(one.id, *row) for row in rows]
