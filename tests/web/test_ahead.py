"""Prices and the sun to come, from scheduler to page: in a real Chromium, on days of 23 and 25 h too."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import expect
from werkzeug import Response

from scheduler.agent_api import Agent
from scheduler.clock import FakeClock
from scheduler.jobs import JobRunner
from scheduler.rooms import jobs_of
from scheduler.settings import SchedulerSettings
from scheduler.tariffs import tell
from tests.web.house import NOON, ZONE, MiniHouse, forecast_of, prices_of

CAPTURES = Path(__file__).parents[1] / "captures" / "tariffs"
MIDNIGHT = NOON.replace(hour=0, minute=0)
DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture
def told(server):
    """told(prices, forecast): what a scheduler would tell."""

    def tell(prices=None, forecast=None, to=server):
        api = f"{to.url}/api/v1"
        for name, body in (("prices", prices), ("forecast", forecast)):
            if body is not None:
                assert httpx.put(f"{api}/{name}", json=body).status_code == 200

    return tell


def plan(page):
    page.get_by_role("link", name="Plan", exact=True).click()
    return page.locator(".price-chart"), page.locator(".card", has=page.get_by_text("What power costs"))


def test_today_and_tomorrow_as_bars_with_the_cheapest_the_windows_and_the_plan(server, told, open_page):
    told(prices_of(MIDNIGHT, 48))
    page = open_page(server)
    charts, card = plan(page)
    expect(page.get_by_role("img", name="Prices of today: from 0.123 € at 13:45")).to_be_visible()
    expect(page.get_by_role("img", name="Prices of tomorrow: from")).to_be_visible()
    expect(card.get_by_text("0.142 € now · cheapest today 13:45: 0.123 €")).to_be_visible()
    assert [charts.nth(n).locator(".price").count() for n in (0, 1)] == [96, 96]
    assert [charts.nth(n).locator(".now-mark").count() for n in (0, 1)] == [1, 0]
    assert [charts.nth(n).locator(".cheapest").count() for n in (0, 1)] == [1, 0]
    assert [charts.nth(n).locator(".turn.fast").count() for n in (0, 1)] == [1, 2]
    assert charts.nth(1).locator(".chosen").count() == 12  # the plan's three hours
    assert charts.locator(".unknown").count() == 0


def test_a_chart_is_read_by_arrow_keys_and_as_a_table(server, told, open_page):
    told(prices_of(MIDNIGHT, 48))
    page = open_page(server)
    charts, card = plan(page)
    charts.nth(1).focus()
    for key in ("Home", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    words = "01:00 – 01:15: 0.295 € · 181 g CO₂ · planned for a car · “night”: fast"
    expect(card.get_by_text(words)).to_be_visible()
    card.get_by_text("As a table").press("Enter")
    rows = card.get_by_role("row")
    expect(rows.nth(1)).to_contain_text("today 13:00 – 13:15")
    expect(rows.nth(1)).to_contain_text("0.142 €")
    expect(rows.nth(1)).to_contain_text("0.08 €")
    assert rows.count() == 1 + 44 + 96


def test_what_is_not_known_is_drawn_as_not_known(server, told, open_page):
    page = open_page(server)
    charts, card = plan(page)
    expect(card.get_by_text("What power costs is not known.")).to_be_visible()
    assert charts.count() == 0
    told(prices_of(MIDNIGHT, 24, lambda at: not 13 <= at.hour < 15))
    page.reload()
    expect(card.get_by_text("Not known now · cheapest today 15:00")).to_be_visible()
    expect(page.get_by_role("img", name="Prices of tomorrow: not known yet.")).to_be_visible()
    expect(card.get_by_role("listitem").get_by_text("not known")).to_be_visible()
    assert [charts.nth(n).locator(".unknown").count() for n in (0, 1)] == [1, 1]


def test_the_expected_sun_is_a_curve_with_its_days_and_todays_truth(server, told, open_page):
    told(forecast=forecast_of(MIDNIGHT, 3))
    page = open_page(server, DESKTOP)
    plan(page)
    expect(page.get_by_role("img", name="Expected sun: today 57.2 kWh, tomorrow 30.6 kWh")).to_be_visible()
    expect(page.get_by_text("Sun expected: today 32.4 kWh more · tomorrow 30.6 kWh")).to_be_visible()
    expect(page.get_by_text("The roof has given 22.2 kWh today")).to_be_visible()
    chart = page.locator(".sun-chart")
    assert chart.locator(".measured").count() == 1
    chart.focus()
    page.keyboard.press("Home")
    for _ in range(9):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_text("today 09:00: 3.8 kW expected, 2.4 kW measured")).to_be_visible()


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_days_of_23_and_25_hours_are_whole(day, hours, open_page, told):
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZONE)
    house = MiniHouse(clock=FakeClock(midnight + timedelta(hours=13, minutes=5), 1000.0))
    house.second()
    with house.open_web() as server:
        told(prices_of(midnight, hours), forecast_of(midnight, 2), server)
        page = open_page(server)
        charts, _ = plan(page)
        expect(page.get_by_role("img", name="Prices of today: from")).to_be_visible()
        bars = charts.nth(0).locator("rect.price")
        assert bars.count() == hours * 4
        assert charts.nth(0).locator(".unknown").count() == 0
        assert charts.nth(1).locator(".unknown").count() == 1
        wide = [float(bars.nth(n).get_attribute("x")) for n in (0, hours * 4 - 1)]
        view = float(charts.nth(0).get_attribute("viewBox").split()[2])
        assert wide[0] == pytest.approx(44, abs=1)
        assert wide[1] == pytest.approx(view - 4 - (view - 48) / (hours * 4), abs=1)
        with page.expect_request(re.compile("/api/v1/history")) as asked:
            page.get_by_role("link", name="History", exact=True).click()
        span = parse_qs(urlsplit(asked.value.url).query)
        begin, end = (datetime.fromisoformat(span[name][0]) for name in ("from", "to"))
        assert (begin, end - begin) == (midnight, timedelta(hours=hours))
        expect(page.locator(".chart-place .chart").first.get_by_text("12:00")).to_be_visible()


def test_the_history_draws_the_price_and_counts_what_it_cost_then(server, open_page):
    page = open_page(server)
    page.get_by_role("link", name="History", exact=True).click()
    expect(page.locator(".chart-place .curve.price")).to_be_visible()
    expect(page.get_by_role("listitem").get_by_text("price of a kWh")).to_be_visible()
    expect(page.locator(".sums div", has_text="charging cost")).to_contain_text("1.97 €")
    expect(page.locator(".sums div", has_text="saved by the sun")).to_contain_text("5.92 €")
    page.locator(".chart-place .chart").first.focus()
    page.keyboard.press("End")
    expect(page.get_by_text("23:55: sun 0 W, house 350 W, cars 0 W, a kWh 0.314 €")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("21.4 kWh"))).to_contain_text("2.02 €")
    table = httpx.get(f"{server.url}/api/v1/sessions.csv").text.splitlines()
    assert table[0].split(",")[6:9] == ["cost", "saved", "currency"]


def test_a_recorded_answer_of_a_service_goes_all_the_way_to_the_page(httpserver, tmp_path, open_page):
    answer = (CAPTURES / "energy_charts" / "today.json").read_text()
    httpserver.expect_request("/price").respond_with_handler(lambda _: Response(answer))
    clock = FakeClock(datetime(2026, 6, 10, 12, 20, tzinfo=ZONE), 1000.0)
    house = MiniHouse(clock=clock)
    house.second()
    with house.open_web() as server:
        config = tmp_path / "sunward.toml"
        config.write_text(
            f'[site]\ntimezone = "Europe/Berlin"\n[web]\nlisten = "{server.url.removeprefix("http://")}"\n'
            f'[tariff]\nkind = "energy_charts"\nzone = "DE-LU"\naddress = "{httpserver.url_for("")[:-1]}"\n'
            'formula = "(spot + 0.1637) * 1.19"\nfeed_in = 0.08\n'
        )
        settings = SchedulerSettings.load(config)
        runner = JobRunner(jobs_of(settings), settings, clock, Agent(server.url), print, clock.advance)
        assert [outcome.did for outcome in runner.tick()] == ["ran", "ran", "ran"]
        page = open_page(server)
        charts, card = plan(page)
        expect(card.get_by_text("0.199 € now")).to_be_visible()
        assert charts.nth(0).locator("rect.price").count() == 95
        assert charts.nth(0).locator(".unknown").count() == 1  # 02:30, which the service does not know
        expect(page.get_by_role("img", name="Prices of tomorrow: not known yet.")).to_be_visible()
        again = MiniHouse(clock=clock)  # an agent out of a backup, which knows nothing
        assert again.desk.prices.get().slots == ()
        house.desk.prices.put(again.desk.prices.get())
        clock.advance(tell.EVERY_S)
        runner.tick()
        assert len(house.desk.prices.get().slots) == 95
