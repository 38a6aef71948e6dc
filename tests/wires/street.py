"""The clouds of one account over real HTTP: cars, a Powerwall and its gateway, thermostats, prices, sky."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from scheduler.clock import now_utc
from simulator.clouds.honeywell import HoneywellPortal, Stat
from simulator.clouds.powerwall import PowerwallCloud
from simulator.clouds.sky import SkyCloud
from simulator.clouds.tesla import TeslaClouds
from simulator.clouds.tesla_car import CloudCar
from simulator.clouds.web import Answer, WebPeer
from simulator.weather import day_named

ENERGY = "/api/1/energy_sites/"
GHOST = {"energy_site_id": 2252000000888, "components": {"battery": False}}


class Street:
    """`settings` is what sunward.toml must say so that the clouds are found here instead of in the world."""

    def __init__(self, *cars):
        self.now_s = lambda: now_utc().timestamp()
        self.clouds = TeslaClouds(self.now_s, *(cars or (CloudCar(),))).start()
        self.powerwall = PowerwallCloud(self.now_s).start()
        self.portal = HoneywellPortal(
            self.now_s, _2200042=Stat("Downstairs"), _2200043=Stat("Upstairs")
        ).start()
        self.api = WebPeer(self._account)
        self.api.start()
        self.prices = WebPeer(self._prices)
        self.prices.start()
        self.key = "right"
        self.sky = SkyCloud(self.now_s, day_named("sunny"), ZoneInfo("Europe/Vienna"), 9.0, off=1.0).start()

    def stop(self):
        """Close every port."""
        for peer in (self.api, self.prices, self.sky, self.portal, self.powerwall, self.clouds):
            peer.stop()

    @property
    def settings(self):
        api, sso = self.api.url, self.clouds.sso.url
        return (
            f'[tesla]\nfleet_url = "{api}"\nowner_url = "{api}"\nsso_url = "{sso}"\n'
            f'fleet_auth_url = "{sso}/oauth2/v3"\n[battery]\naddress = "{api}"\n'
            f'[thermostats]\naddress = "{self.portal.web.url}"\n[tariff]\naddress = "{self.prices.url}"\n'
            f'[forecast]\naddress = "{self.sky.web.url}"\n'
        )

    def _account(self, request):
        """Cars and energy sites live at the same address, behind the same token."""
        if self.clouds.access.get(request.bearer, 0.0) > self.now_s():
            self.powerwall.token = request.bearer
        if request.path.startswith(ENERGY):
            return self.powerwall.cloud.answer(request)
        found = self.clouds.api.answer(request)
        if request.path == "/api/1/products" and found.status == 200:
            site = {"energy_site_id": 1234567, "site_name": "Elm Street", "resource_type": "battery"}
            return Answer({"response": [*found.body["response"], site, GHOST]})
        return found

    def _prices(self, request):
        """Tibber's answer: from this hour on."""
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            return Answer({"errors": [{"message": "invalid token"}]}, 401)
        hour = now_utc().replace(minute=0, second=0, microsecond=0)
        rows = [
            {
                "total": 0.2 + 0.01 * n,
                "energy": 0.1,
                "tax": 0.1,
                "startsAt": (hour + timedelta(hours=n)).isoformat(),
            }
            for n in range(8)
        ]
        price = {"currentSubscription": {"priceInfo": {"today": rows, "tomorrow": []}}}
        return Answer({"data": {"viewer": {"homes": [{"id": "home-1", **price}]}}})
