"""`agent status`: what a running agent does at this moment, in a few lines."""

from __future__ import annotations

import json
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from agent.config import House
from scheduler.own_certificate import trusting

PATIENCE_S = 3.0


class LockedOut(Exception):
    """An agent answers, and wants a key; the text says what to do."""


def fetch_state(house: House) -> dict[str, Any] | None:
    """The running agent's /state, or None when nobody answers there. Raises LockedOut."""
    state = fetch(house, "/api/v1/state")
    return state if isinstance(state, dict) else None


def fetch(house: House, path: str, asked: Mapping[str, str] | None = None) -> Any:
    """What the running agent answers there, or None when nobody does. Raises LockedOut."""
    web = house.settings.web
    query = f"?{urllib.parse.urlencode(asked)}" if asked else ""
    request = urllib.request.Request(f"{web.url}{path}{query}")
    token = house.credentials.get("WEB_TOKEN")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S, context=_trust(house)) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code not in (401, 403):
            return None
        raise LockedOut(
            f"The agent at {web.url}/ has a password: put a token as WEB_TOKEN=... into credentials.env, "
            "any long random text will do, and restart the agent."
        ) from None
    except (urllib.error.URLError, OSError, ValueError):
        return None


def health(house: House) -> int:
    """Whether the running agent says that it is well, without a key: 0, or 1. For keepers of containers."""
    url = f"{house.settings.web.url}/healthz"
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_S, context=_trust(house)) as answer:
            print("\n".join(json.load(answer)["problems"]) or "All is well.")
    except urllib.error.HTTPError as error:
        print(f"The agent at {url} is not well: it answers {error.code}.", file=sys.stderr)
        return 1
    except (urllib.error.URLError, OSError, ValueError):
        print(f"No agent answers at {url}. Is it running?", file=sys.stderr)
        return 1
    return 0


def _trust(house: House) -> ssl.SSLContext | None:
    """For https: the house's own certificate, whatever name it is made out to. Raises OSError."""
    cert = house.settings.web.tls_cert
    return trusting(house.path.parent / cert) if cert else None


def status(house: House, as_json: bool) -> int:
    """Print it; 1 when no agent answers."""
    try:
        state = fetch_state(house)
    except LockedOut as locked:
        print(locked, file=sys.stderr)
        return 1
    if state is None:
        print(f"No agent answers at {house.settings.web.url}/. Is it running?", file=sys.stderr)
        return 1
    print(json.dumps(state, indent=2) if as_json else "\n".join(lines(state)))
    return 0


def lines(state: Mapping[str, Any]) -> list[str]:
    """The state in words."""
    power = state["power"]
    flows = [f"{name} {power[key] / 1000:.2f} kW" for name, key in _FLOWS if power.get(key) is not None]
    out = [f"mode {state['mode']}   " + "   ".join(flows)]
    if why := state.get("min_solar_share_why"):
        out.append(f"sun: {why}")
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
