"""What a visitor reads on the page: words for what programs do, whole labels, figures that stand in line."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from agent.doors.web.server import WebSettings
from agent.model import CarStatus, Event
from tests.web.house import GARAGE, NIGHT, NOON, VIN, departure_plan

PHONE = {"width": 390, "height": 844}
LEFT = {
    "days": "wed",
    "from": "16:10",
    "to": "18:00",
    "mode": "fast",
    "charger": GARAGE,
    "until": "2026-06-03",
}
LEFT_NAME = f"plan {GARAGE} 06-03 1610"
TOKEN = "token “WEB_TOKEN” (127.0.0.1, web)"


def go(page, name):
    page.get_by_role("link", name=name, exact=True).click()


@pytest.fixture
def quarter_hours(house):
    """A plan of four quarter hours with a price each, then one later."""
    begin = NOON.replace(minute=0) + timedelta(hours=12)
    rows = []
    for at, price in ((0, 0.202), (1, 0.198), (2, 0.196), (3, 0.198), (8, 0.21)):
        start = begin + timedelta(minutes=15 * at)
        why = f"{price:.3f} EUR per kWh: among the best before 07:00"
        rows.append({"start": start.isoformat(), "end": (start + timedelta(minutes=15)).isoformat()})
        rows[-1] |= {"price": price, "amps": 16, "why": why}
    plan = departure_plan() | {"slots": rows, "unit": "EUR per kWh"}
    house.desk.put_car(CarStatus(VIN, "Blue Model 3", 46, 80, plugged=True, asleep=False, plan=plan))
    house.second()


def test_what_the_scheduler_left_for_a_plan_reads_as_the_cars_plan(server, house, open_page):
    house.desk.put_window(LEFT_NAME, LEFT, TOKEN)
    house.second()
    page = open_page(server)
    expect(page.get_by_text("Blue Model 3 has a plan. 80 % by tomorrow 07:00")).to_be_visible()
    go(page, "Plan")
    expect(page.get_by_text("A car's plan is not drawn here")).to_be_visible()
    expect(page.get_by_text("16:10 – 18:00 the car's plan, kept ready here: fast")).to_be_visible()
    expect(page.locator(".week .block")).to_have_count(10)  # five nights in two parts each
    assert "plan " + GARAGE not in page.locator("main").inner_text()


def test_without_the_cars_own_words_the_windows_times_are_told(server, house, open_page):
    house.desk.put_car(CarStatus(VIN, "Blue Model 3", 46, 80, plugged=True, asleep=False))
    house.desk.put_window(LEFT_NAME, LEFT, TOKEN)
    house.second()
    page = open_page(server)
    expect(
        page.get_by_text("The car's plan begins today at 16:10 and lasts until 18:00: fast.")
    ).to_be_visible()
    assert LEFT_NAME not in page.locator("main").inner_text()


def test_quarter_hours_of_a_plan_are_told_as_one_stretch(server, quarter_hours, open_page):
    page = open_page(server)
    go(page, "Plan")
    lines = page.locator(".slots li")
    expect(lines).to_have_text(
        [
            "tomorrow 01:00 – 02:00, 16 A at 0.196 to 0.202 € per kWh: among the best before 07:00",
            "tomorrow 03:00 – 03:15, 16 A at 0.21 € per kWh: among the best before 07:00",
        ]
    )


def test_a_week_on_a_phone_has_whole_words_or_none(server, house, open_page):
    house.desk.put_windows([{**NIGHT, "name": "A cheap and very long night", "from": "01:00", "to": "05:00"}])
    page = open_page(server, PHONE)
    go(page, "Plan")
    block = page.get_by_role("button", name="A cheap and very long night, Monday 01:00 to 05:00")
    expect(block).to_have_text("16 A")
    assert block.evaluate("one => one.scrollWidth <= one.clientWidth")


def test_what_programs_do_is_one_quiet_line_in_the_journal_and_no_news(server, house, open_page):
    for what in ("The price of power", "The solar forecast", "The car Blue Model 3"):
        house.history.tell(Event("access", f"{what} is told by {TOKEN} from now on.", data={"by": TOKEN}))
    house.desk.put_window(LEFT_NAME, LEFT, TOKEN)
    house.history.tell(Event("charging_stopped", "Garage stopped charging: a cloud."))
    page = open_page(server)
    lately = page.get_by_role("region", name="Last events")
    expect(lately.get_by_text("a cloud")).to_be_visible()
    expect(lately.locator("li")).to_have_count(1)
    go(page, "Journal")
    expect(page.get_by_text("The solar forecast is told")).to_be_hidden()
    page.get_by_text("4 notes of a program: “WEB_TOKEN”").click()
    expect(page.get_by_text("The solar forecast is told")).to_be_visible()
    house.history.tell(Event("charging_started", "Garage started charging at 8 A."))
    expect(page.get_by_text("Garage started charging at 8 A.")).to_be_visible()
    expect(page.get_by_text("The solar forecast is told")).to_be_visible()  # who reads is not interrupted
    page.get_by_role("button", name="Asked by people").click()
    expect(page.locator(".journal .event")).to_have_count(0)
    page.get_by_role("button", name="Everything").click()
    page.get_by_label("Search the journal").fill("forecast")
    expect(page.get_by_text("The solar forecast is told")).to_be_visible()


def test_a_window_that_somebody_set_is_news(server, house, open_page):
    house.desk.put_window("noon", LEFT, "a browser (192.168.0.9, web)")
    page = open_page(server)
    expect(page.get_by_text("The charging window “noon” was set, asked by a browser")).to_be_visible()


def test_calls_to_the_cloud_are_told_in_words_and_money_with_cents(server, open_page):
    page = open_page(server)
    go(page, "House")
    expect(page.get_by_text("looks at the car")).to_be_visible()
    expect(page.get_by_text("This month 1.84 of 10.00 $.")).to_be_visible()


def test_figures_of_a_table_stand_in_line(server, open_page):
    page = open_page(server, {"width": 1280, "height": 900})
    go(page, "History")
    for place in ("th.number", "td.number.energy", "td.number.cost"):
        assert page.locator(place).first.evaluate("one => getComputedStyle(one).textAlign") == "right"


def test_the_page_leads_to_what_belongs_to_the_house(server, open_page):
    page = open_page(server)
    link = page.get_by_role("contentinfo").get_by_role("link", name="The demo's letters")
    expect(link).to_have_attribute("href", "http://127.0.0.1:8081/")


def test_a_password_form_tells_a_password_manager_whose_it_is(house, open_page):
    with house.open_web(WebSettings("127.0.0.1:0", password="let me in, please")) as server:
        page = open_page(server)
        expect(page.locator(".login input[autocomplete=username]")).to_have_value("sunward")
        page.get_by_label("Password", exact=True).fill("let me in, please")
        page.get_by_role("button", name="Come in").click()
        expect(page.get_by_role("link", name="The demo's letters")).to_be_visible()  # and not before


def test_what_has_the_focus_is_never_behind_the_tabs(server, open_page):
    page = open_page(server, PHONE)
    go(page, "House")
    expect(page.get_by_text("[site]")).to_be_visible()
    page.evaluate("scrollTo(0, 0)")
    page.get_by_role("button", name="Examine the house").focus()
    for _ in range(12):
        page.keyboard.press("Tab")
        here, tabs = page.evaluate(
            """[document.activeElement, document.querySelector("#tabs")]
            .map((one) => one.getBoundingClientRect())"""
        )
        assert here["top"] >= 0
        assert here["bottom"] <= tabs["top"]


def test_a_trouble_that_lasts_is_read_out_once(server, house, open_page):
    page = open_page(server)
    banners = page.locator("#banners")
    for problem, voice in (
        ("192.168.0.27 has been silent for 58 s.", "assertive"),
        ("192.168.0.27 has been silent for 59 s.", "off"),
        ("192.168.0.27 has been silent for 1 min.", "off"),
        ("192.168.0.27 refuses: is Modbus on?", "assertive"),
    ):
        house.meter_problem = problem
        house.second()
        expect(banners).to_contain_text(problem)
        expect(banners).to_have_attribute("aria-live", voice)


def test_a_decision_says_its_amps_once(server, open_page):
    page = open_page(server)
    go(page, "Journal")
    expect(page.get_by_text("Garage 0 A → 12 A. The sun has 2.8 kW to spare.")).to_be_visible()


@pytest.mark.parametrize(
    ("sun", "battery", "words"),
    [
        (6000, 0, "2.8 kW are going into the car, all from the sun."),
        (3000, 200, "2.8 kW are going into the car, all from the sun."),
        (3000, 2000, "2.8 kW are going into the car, from the sun and the battery."),
        (0, 4000, "2.8 kW are going into the car, all from the battery."),
    ],
)
def test_the_headline_names_the_battery_where_it_gives(server, open_page, sun, battery, words):
    power = {"solar_w": sun, "battery_w": battery, "grid_w": 0, "house_w": 2200, "chargers_w": 2800}
    page = open_page(server)
    said = page.evaluate(
        "async (state) => (await import('/static/words.js')).headline(state)",
        {"power": power, "chargers": [{"charging": True}]},
    )
    assert said == words
