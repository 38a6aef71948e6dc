"""Efergy Engage: what a clamp without a direction sees.

    /mobile_proxy/getCurrentValuesSummary?token=...
        [{cid, sid, units, age, data: [{"<ms since 1970>": value}]}]     cid PWER: power of one sensor

`units` is kWm, and yet the values are watts (one source only); `age` is in seconds. A bad token is an
`error` with status 200. A clamp can't tell import from export: it is the house, or the sun where it sits
on the inverter's cable. With several sensors the settings must name one. Source: users' captures.
"""

from __future__ import annotations

from scheduler.clouds.errand import Reading, Visit
from scheduler.clouds.web import CloudPoor, CloudRefused, Tree

WATTS = ("kwm", "w")


def read(visit: Visit) -> list[Reading]:
    """The sensor's power, for the first role of the section. Raises a Cloud... error."""
    url = f"{visit.settings.url}/mobile_proxy/getCurrentValuesSummary"
    page = visit.web.get(url, query={"token": visit.secrets["EFERGY_TOKEN"]}).json()
    if page.find("error") or page.find("status"):
        raise CloudRefused("Efergy does not know our token: is EFERGY_TOKEN the one of its *Settings* page?")
    sensor = _sensor(page, visit.settings.sensor)
    if sensor.text("units").lower() not in WATTS:
        raise CloudPoor(f"Efergy measures in {sensor.text('units')[:20]!r}, which is not known to be watts.")
    at_s, watts = _newest(sensor)
    age_s = sensor.number_or_none("age")
    if age_s is None:
        age_s = visit.now.timestamp() - at_s
    return [Reading(visit.settings.roles[0], max(0.0, watts), max(0.0, age_s))]


def _sensor(page: Tree, wanted: str) -> Tree:
    power = [one for one in page.items() if one.text("cid") == "PWER"]
    chosen = [one for one in power if wanted in ("", one.text("sid"))]
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(one.text("sid") for one in power) or "none"
    raise CloudPoor(f"Efergy has the power sensors {names}: name one of them with clouds.efergy.sensor.")


def _newest(sensor: Tree) -> tuple[float, float]:
    """When (seconds since 1970) and how many watts."""
    found: list[tuple[float, float]] = []
    for one in sensor.items("data"):
        for stamp in one.value if isinstance(one.value, dict) else ():
            if str(stamp).isascii() and str(stamp).isdigit():
                found.append((int(stamp) / 1e3, one.number(stamp)))
    if not found:
        raise CloudPoor("Efergy has no value of this sensor: is its hub on?")
    return max(found)
