"""A charger in the words of OCPP 1.6: its status, its values, and the keys of its configuration. Pure.

Source: Open Charge Point Protocol 1.6 edition 2, sections 4.9 (status), 7.28 to 7.45 (values) and 9 (keys).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from agent.doors.nouns import ChargerState
from agent.doors.ocpp_profiles import MOST_PERIODS, MOST_PROFILES, MOST_STACKED
from agent.doors.steering import is_allowed, is_plugged

CONNECTOR = 1
MEASURANDS = (
    "Power.Active.Import",
    "Energy.Active.Import.Register",
    "Current.Import",
    "Voltage",
    "Current.Offered",
    "SoC",
)


def status_of(charger: ChargerState, is_operative: bool, is_finishing: bool) -> tuple[str, str, str]:
    """Status, error code and a word about it, of the connector."""
    if not charger.linked:
        return "Faulted", "OtherError", (charger.problem or "The charger does not answer.")[:50]
    if not is_operative:
        return "Unavailable", "NoError", ""
    if not is_plugged(charger):
        return "Available", "NoError", ""
    if is_finishing:
        return "Finishing", "NoError", ""
    if charger.charging:
        return "Charging", "NoError", ""
    paused = not is_allowed(charger) or not charger.offered_amps
    return "SuspendedEVSE" if paused else "SuspendedEV", "NoError", charger.reason[:50]


def sampled(
    charger: ChargerState, phases: tuple[list[float], list[float]], wanted: Iterable[str]
) -> list[dict[str, str]]:
    """What is measured, as far as it is wanted and known."""
    amps, volts = phases
    wires = [number for number in range(3) if volts[number] > 0]
    soc = charger.car.soc_percent if charger.car else None
    values: dict[str, list[tuple[str, str, str]]] = {
        "Power.Active.Import": [(f"{charger.drawn_w:.0f}", "W", "")],
        "Energy.Active.Import.Register": _known(charger.energy_wh, "Wh"),
        "Current.Import": [(f"{amps[one]:.1f}", "A", f"L{one + 1}") for one in wires],
        "Voltage": [(f"{volts[one]:.1f}", "V", f"L{one + 1}-N") for one in wires],
        "Current.Offered": [(f"{charger.offered_amps:.1f}", "A", "")],
        "SoC": _known(soc, "Percent"),
    }
    return [
        {"measurand": name, "value": value, "unit": unit, **({"phase": phase} if phase else {})}
        for name in wanted
        for value, unit, phase in values[name]
    ]


def _known(value: float | None, unit: str) -> list[tuple[str, str, str]]:
    return [] if value is None else [(f"{value:.0f}", unit, "")]


@dataclass
class Configuration:
    """The keys that a central system may read, and the few that it may set."""

    measurands: tuple[str, ...] = MEASURANDS
    sample_every_s: int = 10
    heartbeat_every_s: int = 60
    ping_every_s: int = 30

    def rows(self, wanted: Sequence[str]) -> tuple[list[dict[str, Any]], list[str]]:
        """Known keys with values, and those that nobody here knows; all where none is named."""
        known = {
            "AuthorizeRemoteTxRequests": ("false", True),
            "ChargeProfileMaxStackLevel": (str(MOST_STACKED), True),
            "ChargingScheduleAllowedChargingRateUnit": ("Current", True),
            "ChargingScheduleMaxPeriods": (str(MOST_PERIODS), True),
            "ConnectorSwitch3to1PhaseSupported": ("false", True),
            "HeartbeatInterval": (str(self.heartbeat_every_s), False),
            "MaxChargingProfilesInstalled": (str(MOST_PROFILES), True),
            "MeterValueSampleInterval": (str(self.sample_every_s), False),
            "MeterValuesSampledData": (",".join(self.measurands), False),
            "MeterValuesSampledDataMaxLength": (str(len(MEASURANDS)), True),
            "NumberOfConnectors": ("1", True),
            "SupportedFeatureProfiles": ("Core,SmartCharging,RemoteTrigger", True),
            "WebSocketPingInterval": (str(self.ping_every_s), False),
        }
        names = wanted or list(known)
        rows = [
            {"key": name, "value": known[name][0], "readonly": known[name][1]}
            for name in names
            if name in known
        ]
        return rows, [name for name in names if name not in known]

    def change(self, key: str, value: str) -> str:
        """Accepted, Rejected, RebootRequired or NotSupported."""
        if key == "MeterValuesSampledData":
            names = tuple(name.strip() for name in value.split(",") if name.strip())
            if not names or any(name not in MEASURANDS for name in names):
                return "Rejected"
            self.measurands = names
            return "Accepted"
        field_by_key = {
            "MeterValueSampleInterval": "sample_every_s",
            "HeartbeatInterval": "heartbeat_every_s",
            "WebSocketPingInterval": "ping_every_s",
        }
        if key in field_by_key:
            if not value.isdecimal() or not 0 <= int(value) <= 86_400:
                return "Rejected"
            setattr(self, field_by_key[key], int(value))
            return "Accepted"
        return "Rejected" if self.rows([key])[0] else "NotSupported"
