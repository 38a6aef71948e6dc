"""SolarEdge's monitoring service: the flow of power now, or at least the sun.

    /site/ID/currentPowerFlow     siteCurrentPowerFlow
        unit                      W or kW, of every number
        GRID LOAD PV STORAGE      .currentPower, never negative     STORAGE.chargeLevel  percent
        connections               [{from, to}]: the direction; names in any case
                from GRID         we buy (+)       to GRID       we sell (-)
                from STORAGE      it gives (+)     to STORAGE    it is charged (-)
    /site/ID/overview             overview.currentPower.power  W,  .lifeTimeData.energy  Wh,
                                  .lastUpdateTime  local text without offset; up to 15 min late

A site without a meter answers the first with an empty object: then the second is asked, and the first
again a day later (not "never again": it is empty for some after a restart as well). The flow has no time
stamp; it is taken to be a minute old. The limit is 300 calls a day. The key stands in the address, so no
text of ours shows a query. Source: SolarEdge Monitoring Server API.
"""

from __future__ import annotations

from datetime import datetime

from scheduler.clouds.errand import Reading, Visit
from scheduler.clouds.settings import Role
from scheduler.clouds.web import CloudPoor, CloudRefused, Tree

FLOW_AGE_S = 60.0
ASK_FLOW_AGAIN_S = 86400.0
PIECES: tuple[tuple[str, Role], ...] = (
    ("PV", "solar"),
    ("GRID", "grid"),
    ("STORAGE", "battery"),
    ("LOAD", "house"),
)
UNITS = {"w": 1.0, "kw": 1e3, "mw": 1e6}


def read(visit: Visit) -> list[Reading]:
    """All roles of the site. Raises a Cloud... error."""
    if visit.now.timestamp() >= visit.time("no_flow_until"):
        flow = _get(visit, "currentPowerFlow").find("siteCurrentPowerFlow")
        if flow is not None and flow.find("connections"):
            visit.kept.pop("no_flow_until", None)
            return list(_from_flow(flow))
        visit.kept["no_flow_until"] = round(visit.now.timestamp() + ASK_FLOW_AGAIN_S)
    return [_from_overview(_get(visit, "overview"), visit.now)]


def _get(visit: Visit, what: str) -> Tree:
    url = f"{visit.settings.url}/site/{visit.settings.site}/{what}"
    try:
        return visit.web.get(url, query={"api_key": visit.secrets["SOLAREDGE_KEY"]}).json()
    except CloudRefused as refused:
        raise CloudRefused(f"{refused} Is SOLAREDGE_KEY right, and of this site?") from None


def _from_flow(flow: Tree) -> list[Reading]:
    unit = flow.text("unit").lower()
    if unit not in UNITS:
        raise CloudPoor(f"SolarEdge's cloud measures in {flow.text('unit')[:20]!r}, which is no watt.")
    signs = {"GRID": _direction(flow, "grid"), "STORAGE": _direction(flow, "storage"), "PV": 1, "LOAD": 1}
    found: list[Reading] = []
    for name, role in PIECES:
        piece = flow.find(name)
        if piece is None:
            continue
        watts = abs(piece.number("currentPower")) * UNITS[unit]
        if watts and not signs[name]:
            raise CloudPoor(f"SolarEdge's cloud does not say which way {watts:.0f} W of {name} flow.")
        soc_percent = piece.number_or_none("chargeLevel")
        found.append(Reading(role, signs[name] * watts + 0.0, FLOW_AGE_S, soc_percent=soc_percent))
    return found


def _direction(flow: Tree, name: str) -> int:
    """+ 1 out of it, -1 into it, 0 where no connection touches it."""
    for one in flow.items("connections"):
        if one.text("from").lower() == name:
            return 1
        if one.text("to").lower() == name:
            return -1
    return 0


def _from_overview(page: Tree, now: datetime) -> Reading:
    watts = page.number("overview", "currentPower", "power")
    energy_wh = page.number_or_none("overview", "lifeTimeData", "energy")
    return Reading("solar", max(0.0, watts), _age_s(page, watts, now), energy_wh)


def _age_s(page: Tree, watts: float, now: datetime) -> float:
    """A sleeping inverter reports nothing, so 0 W is as old as the answer; all else as old as its stamp."""
    if watts <= 0:
        return 0.0
    try:
        at = datetime.fromisoformat(page.text("overview", "lastUpdateTime"))
    except ValueError:
        raise CloudPoor("SolarEdge's cloud does not say when its power was measured.") from None
    return max(0.0, (now - at.replace(tzinfo=at.tzinfo or now.tzinfo)).total_seconds())
