"""Home Assistant's MQTT discovery: one retained message for each device, with all its entities.

Device-based discovery (Home Assistant since late 2024): `homeassistant/device/<id>/config` with `dev`
(who), `o` (origin), `cmps` (the entities) and what they share. An empty retained message takes a device
away. Source: Home Assistant's MQTT integration documentation.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from agent.doors.mqtt_topics import SITE
from agent.doors.nouns import ChargerState, State
from agent.doors.settings import HomeAssistantSettings

MODES = ["off", "solar", "solar_min", "fast"]
MAKER = "sunward"
POWER = {"unit_of_meas": "W", "dev_cla": "power", "stat_cla": "measurement"}
ENERGY = {"unit_of_meas": "kWh", "dev_cla": "energy", "stat_cla": "total_increasing"}
AMPS = {"unit_of_meas": "A", "dev_cla": "current", "stat_cla": "measurement"}
VOLTS = {"unit_of_meas": "V", "dev_cla": "voltage", "stat_cla": "measurement"}
PERCENT = {"unit_of_meas": "%", "dev_cla": "battery", "stat_cla": "measurement"}
TEXT = {"val_tpl": "{{ value[:255] }}"}  # a longer state is none to Home Assistant, and an error in its log
ABOUT = {"ent_cat": "diagnostic", **TEXT}

SITE_SENSORS: dict[str, tuple[str, Mapping[str, str]]] = {
    "grid_w": ("Grid", POWER),
    "solar_w": ("Solar", POWER),
    "battery_w": ("Battery power", POWER),
    "house_w": ("House", POWER),
    "chargers_w": ("Chargers", POWER),
    "battery_soc_percent": ("Battery", PERCENT),
    "budget_amps": ("Budget", AMPS),
    "window": ("Window", TEXT),
    "problem_text": ("Problem text", ABOUT),
}
CHARGER_SENSORS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "power_w": ("Power", POWER),
    "energy_kwh": ("Energy", ENERGY),
    "drawn_amps": ("Drawn", AMPS),
    "offered_amps": ("Offered", AMPS),
    "volts_l1": ("Volts L1", VOLTS),
    "volts_l2": ("Volts L2", VOLTS),
    "volts_l3": ("Volts L3", VOLTS),
    "state": ("State", TEXT),
    "reason": ("Reason", TEXT),
    "vin": ("VIN", ABOUT),
    "car_soc_percent": ("Car charge", PERCENT),
    "problem_text": ("Problem text", ABOUT),
}


def discovery_of(prefix: str, discovery_prefix: str, version: str) -> Callable[[State], dict[str, str]]:
    """A function from the house to its retained discovery messages, by topic."""
    origin = {"name": "sunward", "sw": version}

    def announce(state: State) -> dict[str, str]:
        devices = [site_device(state, prefix)] + [charger_device(one, prefix) for one in state.chargers]
        shared = {"o": origin, "avty_t": f"{prefix}/availability", "qos": 0}
        return {
            f"{discovery_prefix}/device/{device['dev']['ids'][0]}/config": json.dumps(
                device | shared, ensure_ascii=False
            )
            for device in devices
        }

    return announce


def announcing(
    prefix: str, settings: HomeAssistantSettings | None, version: str
) -> tuple[Callable[[State], dict[str, str]] | None, str]:
    """What an MQTT door announces, and the topic of Home Assistant's birth; nothing without the section."""
    if settings is None:
        return None, ""
    announce = discovery_of(prefix, settings.discovery_prefix, version)
    if not settings.discovery:
        return withdrawal_of(announce), ""
    return announce, f"{settings.discovery_prefix}/status"


def withdrawal_of(announce: Callable[[State], dict[str, str]]) -> Callable[[State], dict[str, str]]:
    """The same topics, empty: what an earlier setting announced is taken away."""
    return lambda state: dict.fromkeys(announce(state), "")


def site_device(state: State, prefix: str) -> dict[str, Any]:
    """The house as a device."""
    ids = _id(prefix, SITE)
    return {
        "dev": {"ids": [ids], "name": state.site, "mf": MAKER, "mdl": "Home"},
        "cmps": {
            **_sensors(SITE_SENSORS | _price_sensor(state), ids, f"{prefix}/{SITE}"),
            **_controls(ids, f"{prefix}/{SITE}", MODES, "mode"),
        },
    }


def charger_device(charger: ChargerState, prefix: str) -> dict[str, Any]:
    """One charger as a device."""
    ids, place = _id(prefix, charger.id), f"{prefix}/{charger.id}"
    about = {"sn": charger.serial or charger.id, "sw": charger.firmware or "unknown"}
    number = {
        "p": "number",
        "name": "Max amps",
        "min": charger.min_amps,
        "max": max(charger.max_amps, charger.min_amps + 1),
        "step": 1,
        "unit_of_meas": "A",
        "dev_cla": "current",
        "stat_t": f"{place}/max_amps",
        "cmd_t": f"{place}/set/max_amps",
        "uniq_id": f"{ids}_max_amps",
    }
    binaries = {
        key: {
            "p": "binary_sensor",
            "name": name,
            "dev_cla": kind,
            "stat_t": f"{place}/{key}",
            "uniq_id": f"{ids}_{key}",
        }
        for key, name, kind in (("plugged", "Plugged", "plug"), ("charging", "Charging", "battery_charging"))
    }
    return {
        "dev": {"ids": [ids], "name": charger.name, "mf": MAKER, "mdl": "Wall Connector Gen 2", **about},
        "cmps": {
            **_sensors(CHARGER_SENSORS, ids, place),
            **binaries,
            "max_amps": number,
            **_controls(ids, place, [*MODES, "settings"], "own_mode"),
        },
    }


def _price_sensor(state: State) -> dict[str, tuple[str, Mapping[str, str]]]:
    """Where prices are told at all: their currency is the unit, as Home Assistant's energy page wants it."""
    if not state.currency:
        return {}
    unit = {"unit_of_meas": f"{state.currency}/kWh", "stat_cla": "measurement", "ic": "mdi:cash"}
    return {"price_per_kwh": ("Price now", unit)}


def _sensors(rows: Mapping[str, tuple[str, Mapping[str, str]]], ids: str, place: str) -> dict[str, Any]:
    return {
        key: {"p": "sensor", "name": name, "stat_t": f"{place}/{key}", "uniq_id": f"{ids}_{key}", **more}
        for key, (name, more) in rows.items()
    }


def _controls(ids: str, place: str, modes: list[str], shown: str) -> dict[str, Any]:
    return {
        "mode": {
            "p": "select",
            "name": "Mode",
            "options": modes,
            "stat_t": f"{place}/{shown}",
            "cmd_t": f"{place}/set/mode",
            "uniq_id": f"{ids}_mode",
        },
        "boost": {
            "p": "switch",
            "name": "Boost",
            "stat_t": f"{place}/boost",
            "cmd_t": f"{place}/set/boost",
            "uniq_id": f"{ids}_boost",
        },
        "stop": {"p": "button", "name": "Stop", "cmd_t": f"{place}/set/stop", "uniq_id": f"{ids}_stop"},
        "problem": {
            "p": "binary_sensor",
            "name": "Problem",
            "dev_cla": "problem",
            "stat_t": f"{place}/problem",
            "uniq_id": f"{ids}_problem",
        },
    }


def _id(prefix: str, key: str) -> str:
    return f"{prefix.replace('/', '_')}_{key.lower()}"
