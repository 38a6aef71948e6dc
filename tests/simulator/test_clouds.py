"""Each simulated cloud against the scheduler's own client of it: good days, and each way to refuse."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduler.battery.cloud import Cloud
from scheduler.battery.gateway import Gateway
from scheduler.battery.keys import AccountKey
from scheduler.battery.site import BatteryError
from scheduler.cars.account import Account
from scheduler.cars.calls import Caps
from scheduler.cars.links import open_link
from scheduler.cars.links.tools import Tools
from scheduler.cars.model import Asleep, Command, NotNow, Refused
from scheduler.cars.settings import TeslaSettings
from scheduler.clock import FakeClock
from scheduler.fetch import BadAnswer, FetchFailed, fetch
from scheduler.forecast import forecast_solar, open_meteo
from scheduler.forecast.settings import ForecastSettings, PlaneSettings
from scheduler.tariffs.settings import TariffSettings
from scheduler.tariffs.sources import source_of
from scheduler.thermostats.honeywell import Honeywell
from scheduler.thermostats.policy import LockedOut, ThermostatError
from simulator.clouds.honeywell import HoneywellPortal, Stat
from simulator.clouds.market import MarketCloud, price_of
from simulator.clouds.powerwall import PowerwallCloud
from simulator.clouds.sky import SkyCloud
from simulator.clouds.tesla import TeslaClouds
from simulator.clouds.tesla_car import CloudCar
from simulator.clouds.web import Answer
from simulator.weather import day_named

BERLIN = ZoneInfo("Europe/Berlin")
VIN = "5YJ3E1EA7KF000042"
HTML = Answer("<!DOCTYPE html><html>Just a moment...</html>", 200)


@pytest.fixture
def clock():
    return FakeClock(datetime(2026, 6, 10, 12, tzinfo=BERLIN))


@pytest.fixture
def now_s(clock):
    return lambda: clock.wall.timestamp()


# --- one account at Tesla: cars and an energy site ------------------------------------------------------


@pytest.fixture
def tesla(now_s):
    energy = PowerwallCloud(now_s)
    found = TeslaClouds(now_s, CloudCar(VIN), energy=energy).start()
    energy.start()
    found.cars[VIN].plug(now_s(), 16)
    yield found
    found.stop()
    energy.stop()


@pytest.fixture
def tools(tesla, clock, tmp_path):
    settings = TeslaSettings(
        client_id="app",
        fleet_url=tesla.api.url,
        sso_url=tesla.sso.url,
        fleet_auth_url=f"{tesla.sso.url}/oauth2/v3",
    )
    found = Tools(settings, {}, tmp_path / "tesla", tmp_path, clock.wall)
    found.tokens("fleet").put(tesla.sign_in(), clock.wall.timestamp())
    return found


@pytest.fixture
def site_now(tesla, tools, clock, now_s, tmp_path):
    """The energy site as a job that begins now has it."""

    def site():
        account = Account(tmp_path / "calls.json", Caps.of(tools.settings), clock.wall)
        key = AccountKey(tools.tokens("fleet"))
        return Cloud(tesla.api.url, tesla.energy.site, key, account, now_s(), billed=True)

    return site


@pytest.fixture
def site(site_now):
    return site_now()


def test_the_account_holds_the_powerwall_beside_the_car(tools, site):
    rows = open_link("fleet://", tools).call("GET", "/api/1/products")
    assert [row.get("vin") or row["energy_site_id"] for row in rows] == [VIN, 1234567]
    assert site.read().mode == "self_consumption"


def test_the_powerwall_shows_a_change_some_seconds_later(tesla, site, clock):
    site.change("reserve", 35)
    assert site.read().reserve_percent == 20
    clock.advance(tesla.energy.shows_after_s)
    assert site.read().reserve_percent == 35


def test_an_app_that_is_not_registered_gets_412(tesla, tools, site):
    tesla.registered = False
    with pytest.raises(Refused, match="isn't registered in this region"):
        open_link("fleet://", tools).read(VIN)
    with pytest.raises(BatteryError, match="HTTP 412"):
        site.read()


def test_an_account_of_another_region_is_shown_the_way(tesla, tools, clock):
    elsewhere = TeslaClouds(tesla.now, CloudCar(VIN, soc_percent=33)).start()
    try:
        elsewhere.access |= tesla.access
        elsewhere.cars[VIN].plug(clock.wall.timestamp(), 16)
        tesla.home_region = elsewhere.api.url
        assert open_link("fleet://", tools).read(VIN).soc_percent == 33
    finally:
        elsewhere.stop()


def test_a_sign_in_without_a_scope_gets_403_for_that_alone(tesla, tools, site):
    tesla.scopes -= {"energy"}
    assert open_link("fleet://", tools).read(VIN).plugged
    with pytest.raises(BatteryError, match="lacks the energy scopes"):
        site.read()
    tesla.scopes -= {"data"}
    with pytest.raises(Refused, match="Tick every box"):
        open_link("fleet://", tools).read(VIN)


def test_an_account_over_its_money_gets_403_and_is_left_alone_for_long(tesla, tools):
    tesla.over_limit = True
    with pytest.raises(NotNow, match="spending limit") as caught:
        open_link("fleet://", tools).read(VIN)
    assert caught.value.pause_s == 3600


def test_a_fourth_wake_in_a_minute_gets_429_with_how_long_to_wait(tesla, tools, clock):
    link = open_link("fleet://", tools)
    for _ in range(3):
        link.wake(VIN)
    clock.advance(1)
    with pytest.raises(NotNow, match="too many calls") as caught:
        link.wake(VIN)
    assert caught.value.pause_s == 60
    clock.advance(60)
    link.wake(VIN)
    assert tesla.counts["wake"] == 5


def test_an_unsigned_command_is_refused_and_a_signed_one_followed(tesla, tools):
    with pytest.raises(Refused, match="only signed commands"):
        open_link("fleet://", tools).send(VIN, Command("stop"))
    open_link(f"fleet-proxy://127.0.0.1:{tesla.proxy.port}?tls=no", tools).send(VIN, Command("stop"))
    assert tesla.cars[VIN].charging_state == "Stopped"


def test_a_sleeping_car_gives_408_until_it_is_woken(tesla, tools, clock):
    link, car = open_link("fleet://", tools), tesla.cars[VIN]
    car.offered_amps = 0.0
    clock.advance(1000)
    with pytest.raises(Asleep):
        link.read(VIN)
    link.wake(VIN)
    clock.advance(car.wake_s)
    assert link.read(VIN).soc_percent == 54


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (401, {"error": "invalid bearer token"}, "Type: ./sunward scheduler login"),
        (404, {"error": "not_found"}, "no such energy site"),
        (408, {"error": "timeout"}, "HTTP 408"),
        (429, {"error": "Too Many Requests"}, "asks for patience"),
        (503, "<html>oh no</html>", "HTTP 503"),
        (200, "<html>Are you a robot?</html>", "something else than the battery's state"),
        (0, None, "can't be reached"),
    ],
)
def test_each_bad_answer_about_the_powerwall_is_a_sentence(tesla, site_now, clock, status, body, says):
    tesla.fail(status, body, times=2, on="/live_status")
    with pytest.raises(BatteryError, match=says):
        site_now().read()
    tesla.troubles.clear()
    clock.advance(600)
    assert site_now().read().charge_percent == 80


def test_the_gateway_wants_its_password_and_may_talk_nonsense(tesla):
    gateway = tesla.energy.gateway.url
    assert Gateway(gateway, "12345").read().charge_percent == pytest.approx(80)
    with pytest.raises(BatteryError, match="GATEWAY_PASSWORD"):
        Gateway(gateway, "wrong").read()
    tesla.energy.troubles = [("/meters", HTML)]
    with pytest.raises(BatteryError):
        Gateway(gateway, "12345").read()


# --- thermostats -------------------------------------------------------------------------------------


@pytest.fixture
def portal(now_s):
    found = HoneywellPortal(now_s, _7=Stat("Hall")).start()
    yield found
    found.stop()


def client(portal, now_s, kept=None):
    return Honeywell(portal.web.url, "me", "right", now_s(), {} if kept is None else kept)


def test_two_who_sign_in_within_two_minutes_lock_the_account(portal, now_s, clock):
    assert client(portal, now_s).names() == {"7": "Hall"}
    clock.advance(60)
    with pytest.raises(LockedOut, match="too many attempts"):
        client(portal, now_s).names()
    clock.advance(3601)
    assert client(portal, now_s).names() == {"7": "Hall"}


def test_a_thermostat_that_is_read_too_often_locks_the_account(portal, now_s, clock):
    one = client(portal, now_s)
    for _ in range(3):
        one.read("7", "Hall")
    with pytest.raises(LockedOut, match="too many attempts"):
        one.read("7", "Hall")
    with pytest.raises(LockedOut):
        client(portal, now_s, {"cookies": {}}).names()


def test_a_session_that_died_shows_as_a_page_and_is_signed_in_again(portal, now_s, clock):
    kept = {}
    client(portal, now_s, kept).names()
    portal.end_session()
    clock.advance(3600)
    assert client(portal, now_s, kept).names() == {"7": "Hall"}
    assert portal.counts["sign-in"] == 2


@pytest.mark.parametrize(
    "answer", [*(Answer("", status) for status in (401, 403, 429, 503, 0)), Answer("<html>?", 500), HTML]
)
def test_a_portal_on_a_bad_day_is_a_sentence(portal, now_s, answer):
    one = client(portal, now_s)
    one.names()
    portal.troubles = [("CheckDataSession", answer)]
    with pytest.raises((ThermostatError, LockedOut)):
        one.read("7", "Hall")
    assert portal.counts["sign-in"] == 1


# --- prices and the sky ------------------------------------------------------------------------------


@pytest.fixture
def market(now_s):
    found = MarketCloud(now_s).start()
    yield found
    found.stop()


@pytest.fixture
def sky(now_s):
    found = SkyCloud(now_s, day_named("sunny"), BERLIN, 9.0, off=1.0).start()
    yield found
    found.stop()


def prices(kind, market, wall):
    place = TariffSettings(kind=kind, zone="DE-LU", address=market.web.url)
    source = source_of(kind)
    return [slot for ask in source.asks(place, "", wall) for slot in source.decode(fetch(ask), place)]


@pytest.mark.parametrize(("kind", "slots"), [("energy_charts", 96), ("awattar", 24)])
def test_tomorrows_prices_come_in_the_early_afternoon(market, clock, kind, slots):
    today = prices(kind, market, clock.wall)
    assert len(today) == slots
    assert today[0].start == datetime(2026, 6, 10, tzinfo=BERLIN)
    clock.advance(3600)
    both = prices(kind, market, clock.wall)
    assert (both[: len(today)], len(both)) == (today, 2 * slots)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
@pytest.mark.parametrize("kind", ["energy_charts", "awattar"])
def test_the_days_on_which_clocks_change_have_23_and_25_hours(market, clock, kind, day, hours):
    clock.wall = datetime.fromisoformat(day).replace(hour=9, tzinfo=BERLIN)
    today = prices(kind, market, clock.wall)
    assert sum((slot.end - slot.start for slot in today), timedelta()) == timedelta(hours=hours)


def test_noon_is_cheap_and_the_evening_dear(market, clock):
    by_hour = {
        slot.start.astimezone(BERLIN).hour: slot.price_per_kwh
        for slot in prices("awattar", market, clock.wall)
    }
    assert by_hour[13] < by_hour[3] < by_hour[8] < by_hour[19]
    assert by_hour[19] == pytest.approx(
        price_of(datetime(2026, 6, 10, 19, 30, tzinfo=BERLIN)) / 1000, abs=0.02
    )


def test_open_meteo_tells_the_sun_of_the_simulated_day(sky, clock):
    plane = PlaneSettings(kwp=9.0, tilt=30, azimuth=180)
    where = ForecastSettings(latitude=48.2, longitude=16.36, planes=(plane,), address=sky.web.url)
    slots, heat = open_meteo.decode(fetch(open_meteo.ask(where, plane, "")), plane)
    today = [one for one in slots if datetime.fromtimestamp(one.start_s, BERLIN).date() == clock.wall.date()]
    day = day_named("sunny")
    real = sum(day.at(at_s)[0] for at_s in range(0, 86400, 300)) / 12
    assert sum(one.watts for one in today) == pytest.approx(real, rel=0.15)  # heat takes some of it
    assert max(celsius for _, celsius in heat) == 31.0


def test_forecast_solar_tells_it_too(sky, clock):
    plane = PlaneSettings(kwp=9.0, tilt=30, azimuth=180)
    where = ForecastSettings(
        service="forecast_solar", latitude=48.2, longitude=16.36, planes=(plane,), address=sky.web.url
    )
    slots, _ = forecast_solar.decode(fetch(forecast_solar.ask(where, plane, "")), plane)
    noon = max(slots, key=lambda one: one.watts)
    assert 11 <= datetime.fromtimestamp(noon.start_s, BERLIN).hour <= 14
    assert {round(one.end_s - one.start_s) for one in slots} == {3600}


def test_open_meteo_refuses_what_it_does_not_know(sky):
    plane = PlaneSettings(kwp=9.0)
    where = ForecastSettings(latitude=48.2, longitude=16.36, planes=(plane,), address=sky.web.url)
    asked = open_meteo.ask(where, plane, "")
    wrong = {**asked.query, "hourly": "moonlight"}
    with pytest.raises(FetchFailed, match="HTTP 400"):
        fetch(type(asked)(asked.url, wrong))


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer({}, 401), "refuses the key"),
        (Answer({}, 403), "refuses the key"),
        (Answer({}, 429, {"Retry-After": "1800"}), "asks for patience"),
        (Answer("<html>", 502), "HTTP 502"),
        (Answer({}, 0), "can't be reached"),
        (HTML, "something else than JSON"),
    ],
)
def test_services_on_a_bad_day_are_a_sentence(market, sky, clock, answer, says):
    market.troubles, sky.troubles = [("/price", answer)], [("/forecast", answer)]
    plane = PlaneSettings(kwp=9.0)
    where = ForecastSettings(latitude=48.2, longitude=16.36, planes=(plane,), address=sky.web.url)
    with pytest.raises((FetchFailed, BadAnswer), match=says):
        prices("energy_charts", market, clock.wall)
    with pytest.raises((FetchFailed, BadAnswer), match=says):
        open_meteo.decode(fetch(open_meteo.ask(where, plane, "")), plane)
