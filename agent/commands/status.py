"""`agent status`: what a running agent does at this moment, in a few lines."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

PATIENCE_S = 3.0


def fetch_state(address: str) -> dict[str, Any] | None:
    """The running agent's /state, or None when nobody answers there."""
    try:
        with urllib.request.urlopen(f"http://{address}/api/v1/state", timeout=PATIENCE_S) as answer:
            state = json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        return None
    return state if isinstance(state, dict) else None


def status(address: str, as_json: bool) -> int:
    """Print it; 1 when no agent answers."""
    state = fetch_state(address)
    if state is None:
        print(f"No agent answers at http://{address}/. Is it running?", file=sys.stderr)
        return 1
    print(json.dumps(state, indent=2) if as_json else "\n".join(lines(state)))
    return 0


def lines(state: Mapping[str, Any]) -> list[str]:
    """The state in words."""
    power = state["power"]
    flows = [f"{name} {power[key] / 1000:.2f} kW" for name, key in _FLOWS if power.get(key) is not None]
    out = [f"mode {state['mode']}   " + "   ".join(flows)]
    for charger in state["chargers"]:
        out.append(
            f"{charger['name'] or charger['id']}: {charger['state']}, "
            f"{charger['offered_amps']:g} A offered, {charger['drawn_amps']:g} A drawn"
        )
        out.append(f"    {charger['reason']}")
    return out + [f"{m['role']}: {m['problem']}" for m in state["meters"] if m["problem"]]


_FLOWS = (
    ("grid", "grid_w"),
    ("sun", "solar_w"),
    ("battery", "battery_w"),
    ("house", "house_w"),
    ("cars", "chargers_w"),
)
