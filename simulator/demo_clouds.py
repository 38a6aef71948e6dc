"""The demo's clouds, its mail server, and the two files with which the real programs find all of it."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from zoneinfo import ZoneInfo

from scheduler.cars.model import NotNow
from scheduler.cars.tokens import Tokens
from scheduler.kept import write_atomically
from simulator.clouds.honeywell import HoneywellPortal, Stat
from simulator.clouds.market import MarketCloud
from simulator.clouds.powerwall import PowerwallCloud
from simulator.clouds.sky import SkyCloud
from simulator.clouds.tesla import TeslaClouds
from simulator.demo_house import NAMES, DemoHouse
from simulator.fast_clock import FastClock
from simulator.mailbox import Mailbox
from simulator.wires.smtp import SmtpServer

KWP = 9.0
EARLY = time(10)  # tomorrow's prices are out when the demo begins: so its plan has something to choose from
SHOWS_AFTER_S = 4.0
SITE, PASSWORD, THERMOSTATS = "2252000000777", "12345", "demo-thermostats"
WARM: dict[str, Any] = {"cool": 24.5, "heat": 18.0, "scheduled": 24.5, "lower": 10.0, "upper": 32.0}
OWNER = "you@demo.example"

SETTINGS = """
[site]
name = "Demo house"
timezone = "{zone}"
volts = 230
[bus]
port = "{port}"
circuit_amps = 32
[[chargers]]
id = "3201"
name = "Garage"
max_amps = 32
[[chargers]]
id = "C0DB"
name = "Carport"
max_amps = 16
[meters]
grid = "solaredge://127.0.0.1:{modbus}?meter=1&every_s=2"
solar = "solaredge://127.0.0.1:{modbus}?every_s=2"
battery = "solaredge://127.0.0.1:{modbus}?every_s=2"
[solar]
start_delay_s = 20
min_off_s = 120
battery_full_percent = 80
[[windows]]
name = "Cheap night"
days = "daily"
from = "00:30"
to = "05:00"
mode = "fast"
amps = 16
[web]
listen = "{listen}"
currency = "€"
grid_price = 0.32
sell_price = 0.08

[tesla]
client_id = "demo"
region = "eu"
currency = "EUR"
fleet_url = "{api}"
sso_url = "{sso}"
fleet_auth_url = "{sso}/oauth2/v3"
[[cars]]
vin = "{vins[0]}"
name = "{names[0]}"
reads = ["fleet://"]
commands = ["fleet-proxy://127.0.0.1:{proxy}?tls=no"]
battery_kwh = 75
[[cars.plans]]
soc_percent = 80
by = "07:00"
[[cars]]
vin = "{vins[1]}"
name = "{names[1]}"
reads = ["fleet://"]
commands = ["fleet-proxy://127.0.0.1:{proxy}?tls=no"]
battery_kwh = 60
max_amps = 16
[tariff]
kind = "energy_charts"
zone = "DE-LU"
address = "{market}"
formula = "(spot + 0.1568) * 1.19"
feed_in = 0.08
tomorrow_at = "10:00"
[forecast]
latitude = 48.2
longitude = 16.36
planes = [{{ kwp = {kwp}, tilt = 30, azimuth = 180 }}]
address = "{sky}"
[battery]
service = "fleet"
site = "{site}"
address = "{api}"
gateway = "{gateway}"
off_peak = {{ mode = "self_consumption", reserve = 20 }}
[[battery.periods]]
name = "cheap night"
days = "daily"
from = "00:30"
to = "05:00"
mode = "backup"
reserve = 80
peak = false
report = false
[[battery.periods]]
name = "evening peak"
days = "daily"
from = "17:00"
to = "21:00"
mode = "self_consumption"
reserve = 5
[thermostats]
address = "{honeywell}"
months = "1-12"
days = "daily"
from = "17:00"
to = "21:00"
lowest = 19
highest = 27
steps = [{{ battery_percent = 60, degrees = 1 }}, {{ battery_percent = 30, degrees = 2 }}]
precool = {{ from = "10:00", setpoint = 22, hotter_than = 28 }}
[notify]
to = ["{owner}"]
from = "sunward <home@demo.example>"
[notify.smtp]
host = "127.0.0.1"
port = {smtp}
security = "none"
[notify.kinds]
charging_started = "now"
limit_reached = "now"
powerwall_done = "now"
thermostat_done = "now"
"""


class DemoClouds:
    """Everything that lives outside of the demo's house, from `start` to `close`."""

    def __init__(self, house: DemoHouse, clock: FastClock, zone: ZoneInfo) -> None:
        now_s = clock.now_s
        self.mailbox = Mailbox()
        self._web_token = token_urlsafe(24)
        self._clock, self._house, self._zone = clock, house, zone
        self._energy = PowerwallCloud(now_s, SITE, token_urlsafe(), "Demo house")
        self._energy.pack, self._energy.shows_after_s = house.pack, SHOWS_AFTER_S
        self._tesla = TeslaClouds(now_s, *house.twins, energy=self._energy)
        self._market = MarketCloud(now_s, zone, EARLY)
        self._sky = SkyCloud(now_s, house.trace, zone, KWP)
        self._honeywell = HoneywellPortal(now_s, _1=Stat("Downstairs", **WARM), _2=Stat("Upstairs", **WARM))
        self._honeywell.password, self._honeywell.zone = THERMOSTATS, zone
        self._smtp = SmtpServer(self.mailbox)
        self._all = (self._energy, self._tesla, self._market, self._sky, self._honeywell, self._smtp)

    def start(self) -> None:
        """Open every port."""
        for one in self._all:
            one.start()

    def close(self) -> None:
        """Close them."""
        for one in self._all:
            one.stop()

    def write(self, folder: Path, listen: str) -> Path:
        """Both settings files and the sign-in at Tesla into `folder`; the path of sunward.toml."""
        path = folder / "sunward.toml"
        path.write_text(
            SETTINGS.format(
                zone=self._zone.key,
                port=self._house.bus.path,
                modbus=self._house.inverter.port,
                listen=listen,
                api=self._tesla.api.url,
                sso=self._tesla.sso.url,
                proxy=self._tesla.proxy.port,
                vins=[car.profile.vin for car in self._house.cars],
                names=NAMES,
                market=self._market.web.url,
                sky=self._sky.web.url,
                kwp=KWP,
                site=SITE,
                gateway=self._energy.gateway.url,
                honeywell=self._honeywell.web.url,
                owner=OWNER,
                smtp=self._smtp.port,
            ),
            "utf-8",
        )
        secrets = {
            "GATEWAY_PASSWORD": PASSWORD,
            "HONEYWELL_USER": OWNER,
            "HONEYWELL_PASSWORD": THERMOSTATS,
            "WEB_TOKEN": self._web_token,
        }
        lines = "".join(f"{name}={value}\n" for name, value in secrets.items())
        write_atomically(folder / "credentials.env", lines)
        self._sign_in(folder / "state" / "tesla" / "fleet.json")
        return path

    def _sign_in(self, file: Path) -> None:
        """As `scheduler login` leaves it."""

        def renew(refresh: str) -> dict[str, Any]:
            raise NotNow("Nothing is renewed while signing in.")

        Tokens(file, renew, "").put(self._tesla.sign_in(), self._clock.now_s())
