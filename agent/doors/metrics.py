"""The house's figures in Prometheus's text format.

Base units in the names (watts, amperes, volts, joules, seconds, ratios from 0 to 1), few and bounded
labels, no VIN. All values are read fresh from one `State` at each scrape, so lifetime counters never
look like resets after a restart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from agent.doors.nouns import ChargerState, State

JOULES_PER_WH = 3600
STATES = ("ready", "charging", "plugged_in", "waiting", "error", "unheard")


def exposition(state: State, versions: Mapping[str, str]) -> bytes:
    """All metrics of one instant, as /metrics answers them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_House(state, versions))
    return generate_latest(registry)


class _House(Collector):
    def __init__(self, state: State, versions: Mapping[str, str]) -> None:
        self._state = state
        self._versions = versions

    def collect(self) -> Iterator[Metric]:
        yield from _power(self._state)
        yield from _chargers(self._state.chargers)
        yield from _bus(self._state)
        info = InfoMetricFamily("sunward_build", "Versions of this program.")
        info.add_metric([], {name.replace(" ", "_"): version for name, version in self._versions.items()})
        yield info


def _gauge(name: str, about: str, value: float | None) -> Iterator[Metric]:
    if value is not None:
        yield GaugeMetricFamily(name, about, value)


def _power(state: State) -> Iterator[Metric]:
    power = state.power
    yield from _gauge("sunward_grid_power_watts", "Power from the grid; negative is export.", power.grid_w)
    yield from _gauge("sunward_pv_power_watts", "Power from the sun.", power.solar_w)
    yield from _gauge("sunward_battery_power_watts", "Power out of the battery.", power.battery_w)
    yield from _gauge("sunward_house_power_watts", "Power of the house, without chargers.", power.house_w)
    yield from _gauge("sunward_chargers_power_watts", "Power of all chargers.", power.chargers_w)
    soc = state.battery_soc_percent
    yield from _gauge("sunward_battery_charge_ratio", "State of charge.", None if soc is None else soc / 100)
    yield from _gauge("sunward_budget_amperes", "What the house may spend on cars now.", state.budget_amps)
    yield from _gauge("sunward_decision_age_seconds", "Since the last decision.", state.age_s)
    mode = GaugeMetricFamily("sunward_site_mode", "1 for the mode that holds.", labels=["mode"])
    for word in ("off", "solar", "solar_min", "fast"):
        mode.add_metric([word], float(state.mode == word))
    yield mode
    age = GaugeMetricFamily(
        "sunward_reading_age_seconds", "Age of each meter's reading.", labels=["role", "source"]
    )
    good = GaugeMetricFamily("sunward_meter_ok", "1 while a meter answers.", labels=["role", "source"])
    for meter in state.meters:
        good.add_metric([meter.role, meter.source], float(meter.ok))
        if meter.age_s is not None:
            age.add_metric([meter.role, meter.source], meter.age_s)
    yield age
    yield good


def _chargers(chargers: tuple[ChargerState, ...]) -> Iterator[Metric]:
    offered = GaugeMetricFamily("sunward_charger_offered_amperes", "Offered to the car.", labels=["charger"])
    drawn = GaugeMetricFamily("sunward_charger_actual_amperes", "Drawn by the car.", labels=["charger"])
    power = GaugeMetricFamily("sunward_charger_power_watts", "Drawn by the car.", labels=["charger"])
    linked = GaugeMetricFamily("sunward_charger_linked", "1 while it answers.", labels=["charger"])
    volts = GaugeMetricFamily("sunward_charger_volts", "Measured volts.", labels=["charger", "phase"])
    states = GaugeMetricFamily("sunward_charger_state", "1 for its state.", labels=["charger", "state"])
    energy = CounterMetricFamily("sunward_charger_energy_joules", "Lifetime energy.", labels=["charger"])
    for charger in chargers:
        key = [charger.id]
        offered.add_metric(key, charger.offered_amps)
        drawn.add_metric(key, charger.drawn_amps)
        power.add_metric(key, charger.drawn_w)
        linked.add_metric(key, float(charger.linked))
        for phase, volt in enumerate(charger.volts_by_phase or (), 1):
            volts.add_metric([charger.id, str(phase)], volt)
        for state in sorted({*STATES, charger.state}):
            states.add_metric([charger.id, state], float(charger.state == state))
        if charger.energy_wh is not None:
            energy.add_metric(key, charger.energy_wh * JOULES_PER_WH)
    yield from (offered, drawn, power, linked, volts, states, energy)


def _bus(state: State) -> Iterator[Metric]:
    bus = state.bus
    yield from _gauge("sunward_bus_open", "1 while the port is open.", float(bus.open))
    yield from _gauge("sunward_bus_worst_gap_seconds", "Longest time without a heartbeat.", bus.worst_gap_s)
    frames = CounterMetricFamily("sunward_bus_frames", "Messages by what became of them.", labels=["result"])
    frames.add_metric(["good"], bus.frames)
    frames.add_metric(["bad_checksum"], bus.checksum_errors)
    frames.add_metric(["echo"], bus.echoes)
    frames.add_metric(["unanswered"], bus.unanswered)
    yield frames
    yield CounterMetricFamily("sunward_bus_junk_bytes", "Bytes outside any message.", bus.junk_bytes)
    yield CounterMetricFamily("sunward_bus_reopened", "How often the port was opened again.", bus.reopened)
