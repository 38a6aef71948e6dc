"""The agent hears what power costs: once, again when it has forgotten, never of a price that isn't known."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from scheduler.clock import FakeClock
from scheduler.rooms import jobs_of
from scheduler.settings import SchedulerSettings
from scheduler.tariffs.cache import Cache
from scheduler.tariffs.prices import Prices, cache_of
from scheduler.tariffs.settings import TariffSettings
from scheduler.tariffs.slots import PriceSlot
from scheduler.tariffs.tell import rows_of
from scheduler.wallclock import at

BERLIN = ZoneInfo("Europe/Berlin")
PEAK = """
[tariff]
kind = "fixed"
price = 0.31
[[tariff.periods]]
name = "peak"
days = "mon-fri"
from = "16:00"
to = "21:00"
price = 0.62
"""


@pytest.fixture
def home(config, house):
    def make(tariff=PEAK, begin="2026-06-10T12:00"):
        config.write_text(config.read_text() + tariff)
        clock = FakeClock(datetime.fromisoformat(begin).replace(tzinfo=BERLIN))
        return house(*jobs_of(SchedulerSettings.load(config))[1:], clock=clock)

    return make


def puts(agent):
    return agent.calls.count(("PUT", "/api/v1/prices"))


def test_today_and_tomorrow_are_told_once_and_again_after_midnight_or_a_restart(home, agent):
    home = home()
    home.after(300)
    told = agent.prices
    assert told["currency"] == "EUR"
    assert [(row["start"][:16], row["buy_per_kwh"], row["name"]) for row in told["slots"]] == [
        ("2026-06-10T00:00", 0.31, "off-peak"),
        ("2026-06-10T16:00", 0.62, "peak"),
        ("2026-06-10T21:00", 0.31, "off-peak"),
        ("2026-06-11T00:00", 0.31, "off-peak"),
        ("2026-06-11T16:00", 0.62, "peak"),
        ("2026-06-11T21:00", 0.31, "off-peak"),
    ]
    assert told["slots"][0]["sell_per_kwh"] is None  # nobody said what selling brings
    [home.after(300) for _ in range(20)]
    assert puts(agent) == 1
    agent.prices = {"currency": "", "slots": []}  # the agent began anew, and has forgotten
    home.after(900)
    assert agent.prices == told
    [home.after(600) for _ in range(6 * 12)]
    assert puts(agent) == 3
    assert agent.prices["slots"][0]["start"] == "2026-06-11T00:00:00+02:00"


def test_an_agent_that_is_down_is_told_later(home, agent):
    home = home()
    agent.prices = "<html>"  # somebody else answers at its address
    (outcome,) = home.after(300)
    assert outcome.did == "failed"
    agent.prices = {"currency": "", "slots": []}
    [home.after(300) for _ in range(2)]
    assert len(agent.prices["slots"]) == 6


def test_a_dry_run_tells_nothing(home, agent, house):
    home = home()
    dry = house(*home.runner.jobs.values(), dry_run=True)
    (said,) = dry.runner.run_now("prices").sentences
    assert puts(agent) == 0
    assert said.startswith("would ask the agent: PUT /prices")


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-10", 24)])
def test_a_day_has_as_many_hours_as_it_has(day, hours):
    midnight = datetime.fromisoformat(day).replace(tzinfo=BERLIN)
    begin_s = midnight.timestamp()
    starts = [begin_s + 3600 * hour for hour in range(-2, hours)]
    slots = tuple(PriceSlot(at(s, BERLIN), at(s + 3600, BERLIN), 0.2) for s in starts)
    rows = rows_of(Prices("EUR", slots, ()), midnight)
    assert len(rows) == hours
    spans = {
        datetime.fromisoformat(row["end"]).timestamp() - datetime.fromisoformat(row["start"]).timestamp()
        for row in rows
    }
    assert spans == {3600.0}
    assert {row["start"][-6:] for row in rows} == ({"+01:00", "+02:00"} if hours != 24 else {"+02:00"})


def test_a_gap_stays_a_gap_and_the_suns_price_goes_along(home, agent, config):
    home = home('[tariff]\nkind = "awattar"\naddress = "http://127.0.0.1:9"\nfeed_in = 0.08\nco2 = "gb"\n')
    tariff = home.settings.section("tariff", TariffSettings)
    noon = home.clock.wall
    hours = [at(noon.timestamp() + 3600 * hour, BERLIN) for hour in (0, 1, 3, 4)]
    known = [PriceSlot(hours[0], hours[1], 0.2, "", 190.0), PriceSlot(hours[2], hours[3], -0.01)]
    cache: Cache = cache_of(home.settings, tariff)
    cache.path.parent.mkdir(parents=True, exist_ok=True)
    cache.add(known, noon)
    home.runner.run_now("prices")
    rows = agent.prices["slots"]
    assert [(row["start"][11:16], row["buy_per_kwh"]) for row in rows] == [("12:00", 0.2), ("15:00", -0.01)]
    assert [(row["sell_per_kwh"], row["co2_g_per_kwh"]) for row in rows] == [(0.08, 190.0), (0.08, None)]


def test_an_agent_with_as_many_other_prices_is_told_again(home, agent):
    home = home()
    home.after(300)
    told = agent.prices
    agent.prices = {**told, "slots": [{**row, "buy_per_kwh": 0.99} for row in told["slots"]]}  # of a backup
    home.after(900)
    assert agent.prices == told
