"""The tariff's jobs on the fake clock: prices come at one o'clock, services fail, windows reach the agent."""

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from werkzeug import Response

from notify.settings import SettingsError
from scheduler.clock import FakeClock
from scheduler.rooms import jobs_of
from scheduler.settings import SchedulerSettings
from scheduler.tariffs.prices import known_prices
from scheduler.tariffs.slots import price_at
from scheduler.wallclock import at

BERLIN = ZoneInfo("Europe/Berlin")


class Exchange:
    """A price service over real HTTP that publishes tomorrow at 13:00 of the fake clock."""

    def __init__(self, server, clock):
        self.clock = clock
        self.calls = 0
        self.trouble = None
        self.late_h = 13
        self.url = server.url_for("").rstrip("/")
        server.expect_request("/price").respond_with_handler(self._answer)

    def _answer(self, request):
        self.calls += 1
        if self.trouble:
            return self.trouble
        wall = self.clock.wall
        day = datetime.fromisoformat(request.args["start"]).replace(tzinfo=BERLIN)
        days = 2 if wall.hour >= self.late_h else 1
        begin = day.timestamp()
        end = (day.replace(tzinfo=None) + timedelta(days=days)).replace(tzinfo=BERLIN).timestamp()
        starts = list(range(int(begin), int(end), 900))
        prices = [20.0 + 5 * abs(at(start, BERLIN).hour - 3) for start in starts]
        told = {"unix_seconds": starts, "price": prices, "unit": "EUR / MWh"}
        return Response(json.dumps(told), content_type="application/json")


@pytest.fixture
def clock():
    return FakeClock(datetime(2026, 6, 10, 0, 1, tzinfo=BERLIN))


@pytest.fixture
def exchange(httpserver, clock):
    return Exchange(httpserver, clock)


@pytest.fixture
def home(config, agent, house, clock, exchange):
    config.write_text(
        config.read_text()
        + f"""
[tariff]
kind = "energy_charts"
zone = "DE-LU"
address = "{exchange.url}"
formula = "(spot + 0.15) * 1.19"
feed_in = 0.08
[[tariff.windows]]
name = "cheap night"
hours = 3
before = "07:00"
amps = 16
"""
    )
    return house(*jobs_of(SchedulerSettings.load(config))[1:], clock=clock)


def pass_hours(home, hours, every_s=300):
    return [
        line
        for _ in range(int(hours * 3600 / every_s))
        for one in home.after(every_s)
        for line in one.sentences
    ]


def test_a_week_takes_two_or_three_questions_a_day(home, exchange):
    pass_hours(home, 7 * 24, 900)
    assert 7 <= exchange.calls <= 16
    assert home.told == []


def test_tomorrow_appears_when_it_is_published_and_the_window_follows(home, agent, exchange):
    said = pass_hours(home, 12.9)
    assert agent.windows == []  # 04:00 is over, tomorrow is unknown
    known = "The agent knows the prices until"
    first = ["96 new prices, known until Thu 00:00.", f"{known} Thu 00:00.", "cheap night: 02:00-05:00."]
    assert said[:3] == first
    said = pass_hours(home, 0.5)
    night = "cheap night: Thu 02:00-05:00."
    assert said == ["96 new prices, known until Fri 00:00.", night, f"{known} Fri 00:00."]
    (row,) = agent.windows
    assert (row["name"], row["from"], row["to"], row["until"]) == (
        "cheap night 06-11 0200",
        "02:00",
        "05:00",
        "2026-06-11",
    )
    pass_hours(home, 16)
    assert agent.windows == []  # over, and taken away


def test_another_persons_window_is_never_touched(home, agent):
    agent.windows = [{"name": "cheap night", "mode": "off"}, {"name": "x", "mode": "fast"}]
    pass_hours(home, 30, 900)
    assert [row["name"] for row in agent.windows if " 06-" not in row["name"]] == ["cheap night", "x"]


def test_the_owners_price_has_fees_and_taxes_and_the_sun_its_own(home, config, clock):
    pass_hours(home, 1)
    prices = known_prices(SchedulerSettings.load(config), clock.wall)
    assert price_at(prices.buy, clock.wall).price_per_kwh == pytest.approx((0.03 + 0.15) * 1.19)
    assert price_at(prices.sell, clock.wall).price_per_kwh == 0.08


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (Response("<html>sorry</html>"), "Energy-Charts answers something else than JSON."),
        (Response("", 503), "answers HTTP 503."),
        (Response("", 429, {"Retry-After": "3600"}), "asks for patience (HTTP 429)."),
    ],
)
def test_a_silent_day_is_told_once_nothing_is_free_and_the_return_is_told(
    home, exchange, agent, trouble, says
):
    pass_hours(home, 2)
    exchange.trouble = trouble
    pass_hours(home, 24, 900)
    assert [event.kind for event in home.told] == ["tariff_missing"]
    assert home.told[0].sentence.startswith("The prices of tomorrow are not known.")
    assert says in home.told[0].sentence
    assert exchange.calls < 60
    exchange.trouble = None
    pass_hours(home, 2)
    assert [event.kind for event in home.told] == ["tariff_missing", "tariff_back"]
    assert home.told[1].recovers == "tariff_missing"


def test_prices_outlive_a_restart_and_a_dead_service(home, exchange, config, house, clock):
    pass_hours(home, 14)
    calls = exchange.calls
    exchange.trouble = Response("", 500)
    again = house(*jobs_of(SchedulerSettings.load(config))[1:], clock=clock)
    pass_hours(again, 8)
    assert exchange.calls == calls
    assert again.told == []


def test_a_product_that_holds_for_good_is_known_every_day_and_asked_for_once_a_day(
    config, agent, house, clock, httpserver
):
    rate = {"value_inc_vat": 24.5, "valid_from": "2025-04-01T00:00:00Z", "valid_to": None}
    told = Response(json.dumps({"results": [rate]}), content_type="application/json")
    asked = []
    path = "/v1/products/P/electricity-tariffs/E-1R-P-A/standard-unit-rates/"
    httpserver.expect_request(path).respond_with_handler(lambda request: asked.append(request) or told)
    there = httpserver.url_for("")[:-1]
    product = f'[tariff]\nkind = "octopus"\nproduct = "P"\nregion = "A"\naddress = "{there}"\n'
    config.write_text(config.read_text() + product)
    home = house(*jobs_of(SchedulerSettings.load(config))[1:], clock=clock)
    pass_hours(home, 72, 900)
    assert home.told == []
    assert 3 <= len(asked) <= 4
    assert agent.prices["currency"] == "GBP"
    assert {row["buy_per_kwh"] for row in agent.prices["slots"]} == {0.245}


def test_a_damaged_cache_is_asked_for_anew(home, exchange):
    pass_hours(home, 2)
    (home.runner.folder / "prices.json").write_text('{"source": "energy')
    pass_hours(home, 1)
    assert exchange.calls == 2


def test_an_agent_that_restarts_gets_its_windows_back(home, agent):
    pass_hours(home, 15)
    agent.windows = []
    pass_hours(home, 0.2)
    assert [row["name"] for row in agent.windows] == ["cheap night 06-11 0200"]


def test_a_dry_run_writes_nothing(config, home, house, agent, exchange):
    exchange.clock.wall = exchange.clock.wall.replace(hour=14)
    pass_hours(home, 0.2)
    agent.windows = []
    dry = house(*jobs_of(SchedulerSettings.load(config))[1:], clock=exchange.clock, dry_run=True)
    said = dry.runner.run_now("price_windows").sentences
    assert any(
        "would ask the agent: PUT /windows/cheap%20night" in line or "PUT /windows/" in line for line in said
    )
    assert agent.windows == []


@pytest.mark.parametrize("day", ["2026-03-28", "2026-10-24"])
def test_dst_nights_are_served_like_any_other(home, clock, agent, exchange, day):
    clock.wall = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=BERLIN)
    pass_hours(home, 4)
    assert len(agent.windows) in (1, 2)
    pass_hours(home, 24, 900)
    assert home.told == []


# --- settings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('kind = "epex"', "tariff.kind: input should be 'fixed'"),
        ('kind = "fixed"', "tariff: a fixed tariff needs price"),
        ('kind = "entsoe"', "tariff: entsoe needs zone: see docs/tariffs.md."),
        ('kind = "tibber"', "tariff.kind: tibber needs a key. Write TIBBER_TOKEN=... into credentials.env."),
        ('kind = "awattar"\nprice = 0.3', 'price and periods belong to kind = "fixed"'),
        ('kind = "awattar"\nformula = "spot + fee"', "tariff.formula: holds 'fee'"),
        ('kind = "awattar"\nwindows = [{name = "a/b", hours = 3}]', "tariff.windows[1].name"),
        ('kind = "awattar"\nwindows = [{name = "a"}]', "give either below (a price) or hours"),
        (
            'kind = "awattar"\nwindows = [{name = "a", hours = 3}, {name = "A", below = 0.1}]',
            "two windows have the same name",
        ),
        ('kind = "awattar"\nwindows = [{name = "a", hours = 3, before = "7"}]', 'write a time like "21:30"'),
        ('kind = "fixed"\nprice = 0.3\nholidays = ["us"]', "'us' is no calendar and no date"),
    ],
)
def test_a_wrong_tariff_is_one_sentence(config, text, says):
    config.write_text(config.read_text() + f"[tariff]\n{text}\n")
    with pytest.raises(SettingsError) as refused:
        jobs_of(SchedulerSettings.load(config))
    assert len(refused.value.problems) == 1
    assert says in refused.value.problems[0]


def test_a_fixed_tariff_asks_nobody(config, house):
    config.write_text(
        config.read_text()
        + '[tariff]\nkind = "fixed"\nprice = 0.31\nholidays = ["us-utility"]\n'
        + '[[tariff.periods]]\nname = "peak"\ndays = "mon-fri"\nfrom = "16:00"\nto = "21:00"\nprice = 0.62\n'
        + '[[tariff.windows]]\nname = "off peak"\nbelow = 0.4\nmode = "solar_min"\n'
    )
    settings = SchedulerSettings.load(config)
    assert [job.name for job in jobs_of(settings)] == ["watch", "prices", "price_windows"]
    wall = datetime(2026, 6, 10, 17, tzinfo=BERLIN)
    slot = price_at(known_prices(settings, wall).buy, wall)
    assert (slot.name, slot.price_per_kwh) == ("peak", 0.62)
