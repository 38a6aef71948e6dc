"""TWCManager's Home Assistant entities, announced under the ids that they have always had.

Home Assistant knows an entity by its `unique_id`: with the same one it keeps its name, its place on every
dashboard and its history. One retained message for each value, on

    homeassistant/sensor/TWC_3201/3201_amps_in_use/config

Source: what ngardiner/TWCManager at a7c84f4 was seen to announce. New here: an availability topic.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from agent.doors.legacy_topics import OldValue

ABOUT: Mapping[str, Mapping[str, str]] = {
    "W": {"device_class": "power", "state_class": "measurement"},
    "kWh": {"device_class": "energy", "state_class": "total_increasing"},
    "A": {"device_class": "current", "state_class": "measurement"},
    "V": {"device_class": "voltage", "state_class": "measurement"},
}


def old_discovery(
    values: Iterable[OldValue], prefix: str, discovery_prefix: str, device_name: str
) -> dict[str, str]:
    """The retained messages by topic. `device_name` is TWCManager's deviceNamePrefix."""
    place, name = prefix.replace("/", "_"), device_name.replace(" ", "_")
    out = {}
    for one in values:
        device = f"twcmanager_{name}_{one.owner}"
        topic = f"{discovery_prefix}/sensor/{place}_{one.owner}/{one.owner}_{one.snake}/config"
        entity = {
            "name": one.snake.replace("_", " ").capitalize(),
            "unique_id": f"{device}_{one.snake}",
            "state_topic": f"{prefix}/{one.owner}/{one.key}",
            "availability_topic": f"{prefix}/availability",
            "device": {
                "identifiers": [device],
                "manufacturer": "Open Source",
                "model": "TWCManager",
                "name": f"{device_name} {one.owner}",
            },
            **({"unit_of_measurement": one.unit} if one.unit else {}),
            **ABOUT.get(one.unit, {}),
        }
        out[topic] = json.dumps(entity)
    return out
