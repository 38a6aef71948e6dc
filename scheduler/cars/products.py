"""What a signed-in account holds: its cars by VIN, and its energy sites that have a battery.

    GET /api/1/products      the same on the Owner and on the Fleet API; it wakes nobody

An account may list ghosts of sites that were never finished: those have no battery and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scheduler.cars.links.fleet import FleetLink
from scheduler.cars.links.tools import Tools, ask, content, owner_base

PATH = "/api/1/products"


@dataclass(frozen=True, slots=True)
class Products:
    """Names by VIN and by site id; a name may be empty."""

    cars: Mapping[str, str] = field(default_factory=dict)
    sites: Mapping[str, str] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """One line for each, as people compare them with their app."""
        for vin, name in self.cars.items():
            yield f"car          {vin}  {name}".rstrip()
        for site, name in self.sites.items():
            yield f"energy site  {site}  {name}".rstrip()


def held(tools: Tools, account: str) -> Products:
    """What the account `owner` or `fleet` holds. Raises CarError, SignInNeeded."""
    if account == "fleet":
        return read_products(FleetLink(tools).call("GET", PATH))
    token = tools.tokens(account).access(tools.now_s)
    return read_products(content(ask("GET", owner_base(tools.settings) + PATH, token=token)))


def read_products(found: Any) -> Products:
    """The meaning of an answer's rows; what is neither car nor battery is left out."""
    rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
    cars = {str(row["vin"]).upper(): str(row.get("display_name") or "") for row in rows if row.get("vin")}
    sites = {
        str(row["energy_site_id"]): str(row.get("site_name") or "")
        for row in rows
        if row.get("energy_site_id") and _has_battery(row)
    }
    return Products(cars, sites)


def _has_battery(row: Mapping[str, Any]) -> bool:
    parts = row.get("components")
    built = bool(parts["battery"]) if isinstance(parts, dict) and "battery" in parts else True
    return built and row.get("resource_type", "battery") == "battery"
