"""A Powerwall in Tesla's cloud, and its gateway on the local network, over real HTTP.

As with the real one: a write is answered at once and shows some seconds later (`shows_after_s`); the
gateway tells raw per cent; a token that isn't `token` gets 401. `troubles` are answers that come instead of
the right ones, for requests whose path contains the given word.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulator.clouds.web import Answer, Request, WebPeer

UPDATED = (
    {"response": {"code": 201, "message": "Updated"}},
    {"response": {"Code": 200, "Message": "Backup reserve updated"}},
)


@dataclass
class Pack:
    """The battery itself; watts as Tesla tells them (battery + discharging, grid + import)."""

    mode: str = "self_consumption"
    reserve: float = 20
    charge_percent: float = 80.0
    battery_watts: float = 0.0
    grid_watts: float = 0.0
    house_watts: float = 900.0
    solar_watts: float = 0.0
    storm: bool = False
    grid_service: bool = False
    off_grid: bool = False
    grid_charging: bool = True
    export: str = "pv_only"
    most_reserve: float = 100
    deaf: bool = False  # answers "updated", and does nothing
    wanted: list[tuple[float, str, Any]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def want(self, at_s: float, name: str, value: Any) -> None:
        """Somebody writes a value; it comes true at `at_s`."""
        with self._lock:
            self.wanted.append((at_s, name, value))

    def settle(self, now_s: float) -> None:
        """Let those writes come true whose time has come. Safe from any thread."""
        with self._lock:
            for write in [one for one in self.wanted if one[0] <= now_s]:
                self.wanted.remove(write)
                _, name, value = write
                setattr(self, name, min(value, self.most_reserve) if name == "reserve" else value)


class PowerwallCloud:
    """The energy site `site` behind `token`. `now` tells seconds since 1970."""

    def __init__(
        self,
        now: Callable[[], float],
        site: str = "1234567",
        token: str = "good",
        name: str = "Home",
    ) -> None:
        self.pack = Pack()
        self.site, self.token, self.name = site, token, name
        self.shows_after_s = 10.0
        self.troubles: list[tuple[str, Answer]] = []
        self.counts: Counter[str] = Counter()
        self._now = now
        self.cloud = WebPeer(self._cloud)
        self.gateway = WebPeer(self._gateway)

    def start(self) -> PowerwallCloud:
        """Listen on both ports."""
        self.cloud.start()
        self.gateway.start()
        return self

    def stop(self) -> None:
        """Close them."""
        self.cloud.stop()
        self.gateway.stop()

    def row(self) -> dict[str, Any]:
        """The site as the account's list of products shows it."""
        return {
            "energy_site_id": int(self.site),
            "resource_type": "battery",
            "site_name": self.name,
            "id": "STE20240101-00042",
            "gateway_id": "1232100-00-E--TG122300000ABC",
            "asset_site_id": "5d1c0c8e-0000-4a4a-9b9b-000000000042",
            "total_pack_energy": 13500,
            "percentage_charged": self.pack.charge_percent,
            "battery_type": "ac_powerwall",
            "backup_capable": True,
            "battery_power": self.pack.battery_watts,
            "components": {"battery": True, "solar": True, "grid": True, "load_meter": True},
            "features": {},
        }

    def _cloud(self, request: Request) -> Answer:
        return self.answer(request, is_known=request.bearer == self.token)

    def answer(self, request: Request, *, is_known: bool) -> Answer:
        """What the cloud says. `is_known`: the token is good, also as one of the cars' account."""
        self.pack.settle(self._now())
        path = request.path.removeprefix(f"/api/1/energy_sites/{self.site}/")
        self.counts[f"{request.method} {path}"] += 1
        for word, answer in self.troubles:
            if word in request.path:
                return answer
        if not is_known:
            return Answer({"error": "invalid bearer token"}, 401)
        if path == request.path:
            return Answer({"error": "not_found"}, 404)
        if request.method == "POST":
            return self._write(path, request)
        return {"live_status": self._live, "site_info": self._info}.get(path, _nothing)()

    def _write(self, path: str, request: Request) -> Answer:
        names = {
            "default_real_mode": "mode",
            "backup_reserve_percent": "reserve",
            "customer_preferred_export_rule": "export",
        }
        for key, value in request.form.items():
            if not self.pack.deaf and key in names:
                self.pack.want(self._now() + self.shows_after_s, names[key], value)
            elif not self.pack.deaf:
                self.pack.want(self._now() + self.shows_after_s, "grid_charging", not value)
        return Answer(UPDATED[path == "backup"], 201 if path == "operation" else 200)

    def _live(self) -> Answer:
        pack = self.pack
        told = {
            "percentage_charged": pack.charge_percent,
            "battery_power": pack.battery_watts,
            "grid_power": pack.grid_watts,
            "load_power": pack.house_watts,
            "solar_power": pack.solar_watts,
            "grid_status": "Inactive" if pack.off_grid else "Active",
            "island_status": "off_grid_unintentional" if pack.off_grid else "on_grid",
            "storm_mode_active": pack.storm,
            "grid_services_active": pack.grid_service,
        }
        return Answer({"response": told})

    def _info(self) -> Answer:
        parts: dict[str, Any] = {"battery": True, "customer_preferred_export_rule": self.pack.export}
        if not self.pack.grid_charging:
            parts["disallow_charge_from_grid_with_solar_installed"] = True
        told = {
            "default_real_mode": self.pack.mode,
            "backup_reserve_percent": self.pack.reserve,
            "components": parts,
        }
        return Answer({"response": told})

    def _gateway(self, request: Request) -> Answer:
        self.pack.settle(self._now())
        self.counts[f"gateway {request.path}"] += 1
        for word, answer in self.troubles:
            if word in request.path:
                return answer
        if request.path == "/api/login/Basic":
            right = request.form.get("password") == "12345"
            return Answer({"token": "t0k"}) if right else Answer({"error": "Login Error"}, 401)
        if "AuthCookie=t0k" not in request.headers.get("Cookie", "") and request.bearer != "t0k":
            return Answer({"code": 403, "error": "Unable to GET to resource"}, 403)
        pack = self.pack
        watts = {"site": pack.grid_watts, "battery": pack.battery_watts}
        watts |= {"load": pack.house_watts, "solar": pack.solar_watts}
        status = "SystemIslandedActive" if pack.off_grid else "SystemGridConnected"
        pages: dict[str, Any] = {
            "/api/meters/aggregates": {name: {"instant_power": value} for name, value in watts.items()},
            "/api/system_status/soe": {"percentage": pack.charge_percent * 0.95 + 5},
            "/api/system_status/grid_status": {
                "grid_status": status,
                "grid_services_active": pack.grid_service,
            },
            "/api/operation": {
                "real_mode": pack.mode,
                "backup_reserve_percent": pack.reserve * 0.95 + 5,
            },
        }
        page = pages.get(request.path)
        return Answer(page) if page is not None else Answer({"error": "not found"}, 404)


def _nothing() -> Answer:
    return Answer({"error": "not_found"}, 404)
