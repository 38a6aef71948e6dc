"""The page as its owner meets it: a small phone, a keyboard, a screen reader, a house in trouble."""

from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from agent.model import CarStatus, Event, PriceAhead, PricesAhead
from agent.prices import PriceTeller
from tests.web.house import CARPORT, GARAGE, VIN, MiniHouse

SMALL, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
SCREENS = ("Now", "Plan", "History", "Journal", "House")
FINGER_PX = 44
SMALLER_THAN = """(least) => [...document.querySelectorAll(
  "main :is(button, input:not([type=checkbox]), select, summary, a), nav a")]
  .filter((one) => one.checkVisibility() && !one.closest(".event"))
  .filter((one) => one.getBoundingClientRect().height < least)
  .map((one) => one.ariaLabel ?? one.textContent)"""
OUTSIDE = """() => [...document.querySelectorAll("main *, nav *")]
  .filter((one) => !one.closest(".scroll, .chips") && one.getBoundingClientRect().right > innerWidth + 1)
  .map((one) => one.outerHTML.slice(0, 80))"""
LISTEN = """() => {
  window.said = [];
  window.ears?.disconnect();
  window.ears = new MutationObserver((found) => found.forEach(({ target }) => {
    const element = target.nodeType === 1 ? target : target.parentElement;
    const live = element?.closest("[aria-live], [role=status], [role=alert]");
    if (live && live.ariaLive !== "off") window.said.push(live.textContent);
  }));
  window.ears.observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
OVERLAPPING = """() => {
  const parts = [...document.querySelectorAll(".flow :is(.name, circle)")];
  const boxes = parts.map((one) => [one, one.getBoundingClientRect()]);
  const beside = (a, b) => a.left > b.right - 1 || b.left > a.right - 1;
  const touch = (a, b) => !beside(a, b) && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  return boxes.filter(([one]) => one.matches(".name"))
    .filter(([one, a]) => boxes.some(([two, b]) => one !== two && touch(a, b)))
    .map(([one]) => one.textContent);
}"""
LONG_NAME = "Familienkutsche von Maximilian und Annegret"


def card(page, name):
    return page.locator("article", has=page.get_by_role("heading", name=name))


def go(page, name):
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.locator("main .card").first).to_be_visible()


def focused(page):
    """The name of what has the focus; "" where a keyboard would have to begin anew."""
    return page.evaluate(
        "document.activeElement === document.body ? '' :"
        " document.activeElement.ariaLabel ?? document.activeElement.textContent"
    )


# --- a small phone, and big letters -----------------------------------------------------------------


def test_every_control_is_as_big_as_a_finger(server, open_page):
    page = open_page(server, SMALL, has_touch=True, is_mobile=True)
    for name in SCREENS:
        go(page, name)
        page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
        small = page.evaluate(SMALLER_THAN, FINGER_PX)
        assert small == [], name


def test_long_names_are_written_out_on_a_small_phone(server, open_page, house):
    house.desk.put_car(CarStatus(VIN, LONG_NAME, 61, 80, "Charging", plugged=True, asleep=False))
    house.second()
    page = open_page(server, SMALL)
    name = card(page, "Garage").locator(".car-name")
    expect(name).to_have_text(LONG_NAME)
    assert name.evaluate(
        "(one) => one.scrollWidth <= one.clientWidth && one.scrollHeight <= one.clientHeight"
    )


@pytest.mark.parametrize(
    ("size", "letters"), [(SMALL, "100%"), (SMALL, "200%"), ({"width": 640, "height": 450}, "100%")]
)
def test_nothing_runs_out_of_the_picture(server, open_page, size, letters):
    page = open_page(server, size)
    page.evaluate("(letters) => { document.documentElement.style.fontSize = letters; }", letters)
    for name in SCREENS:
        go(page, name)
        expect(page.locator("main h2").first).to_be_visible()
        out = page.evaluate(OUTSIDE)
        assert out == [], name


def test_a_figure_and_its_unit_share_a_line(server, open_page, house):
    house.history.tell(Event("charging_started", "Garage started charging at 6 A: 5.8 kW for 40 min."))
    page = open_page(server, SMALL)
    line = page.locator(".event span", has_text="started charging")
    assert line.inner_text() == "Garage started charging at 6\u00a0A: 5.8\u00a0kW for 40\u00a0min."


def test_a_longer_sentence_moves_nothing_under_the_finger(server, open_page, house):
    page = open_page(server)
    carport = card(page, "Carport").get_by_role("button", name="Fast")
    before = carport.bounding_box()["y"]
    house.sun_w = 900
    house.second()
    expect(card(page, "Garage").get_by_text("Waiting for the sun: 0.9 kW left over")).to_be_visible()
    assert carport.bounding_box()["y"] == before


# --- words --------------------------------------------------------------------------------------------


def test_the_page_speaks_english_in_a_german_browser(server, open_page):
    page = open_page(server, DESKTOP, locale="de-DE")
    expect(page.get_by_text("5.8 kW are going into the car")).to_be_visible()
    go(page, "Plan")
    expect(page.get_by_role("heading", name="Friday 5 June")).to_be_visible()
    go(page, "History")
    page.get_by_role("button", name="Week").click()
    expect(page.get_by_role("heading", name="1 Jun – 7 Jun")).to_be_visible()


def test_a_boost_into_tomorrow_says_so(server, open_page, house):
    page = open_page(server)
    garage = card(page, "Garage")
    garage.get_by_text("Other end").click()
    garage.get_by_label("until", exact=True).fill("07:00")
    garage.locator("form", has=page.get_by_label("until", exact=True)).get_by_role("button").click()
    expect(garage.get_by_text("Boost until tomorrow 07:00 (17 h 55 min left)")).to_be_visible()


@pytest.mark.parametrize(("touch", "verb"), [(False, "Point at"), (True, "Touch")])
def test_a_chart_invites_a_mouse_or_a_finger(server, open_page, touch, verb):
    page = open_page(server, has_touch=touch, is_mobile=touch)
    go(page, "History")
    expect(page.get_by_text(f"{verb} the chart to read it.")).to_be_visible()


def test_what_a_kilowatt_hour_costs_now_stands_beside_what_flows(house, open_page):
    begin = house.clock.now().wall
    slot = PriceAhead(begin, begin + timedelta(hours=1), -0.0125, 0.08, None, "")
    house.desk.put_prices(PricesAhead("EUR", (slot,)))
    house.rooms = replace(house.rooms, price_at=PriceTeller(house.desk.prices))
    with house.open_web() as server:
        page = open_page(server)
        expect(page.get_by_text("A kWh costs −0.013 € now and brings 0.08 € when sold.")).to_be_visible()
        house.clock.advance(3600)
        house.second()
        expect(page.get_by_text("A kWh costs")).to_be_hidden()


def test_what_the_battery_does_is_a_word_and_not_a_motion_alone(server, open_page, house):
    page = open_page(server, reduced_motion="reduce")
    expect(page.locator(".flow .battery .name")).to_have_text("Battery · 82 %")
    house.drawn[GARAGE], house.parked, house.sun_w = 0.0, False, 3000.0
    house.second()
    expect(page.locator(".flow .battery .name")).to_have_text("Battery charges · 82 %")
    assert page.evaluate(OVERLAPPING) == []


# --- keyboard -----------------------------------------------------------------------------------------


def test_the_focus_goes_with_what_was_done(server, open_page, house):
    page = open_page(server, DESKTOP)
    garage = card(page, "Garage")
    garage.get_by_role("button", name="Boost 1 h").press("Enter")
    expect(garage.get_by_role("button", name="Back to normal")).to_be_focused()
    page.keyboard.press("Enter")
    expect(garage.get_by_role("button", name="Boost 1 h")).to_be_focused()
    go(page, "Plan")
    night = page.get_by_role("button", name="night, Monday 21:30 to 24:00")
    night.press("Enter")
    page.keyboard.press("Escape")
    expect(night).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_label("At most").fill("10")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="night, Monday 21:30 to 24:00, fast, 10 A")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Delete").press("Enter")
    expect(page.get_by_role("button", name="Add a window")).to_be_focused()


def test_the_focus_survives_lists_that_are_drawn_anew(server, open_page, house):
    page = open_page(server, DESKTOP)
    go(page, "Journal")
    stopped = page.locator("summary", has_text="Stopped: the sun leaves only")
    stopped.press("Enter")
    house.history.tell(Event("port", "The port is gone.", "error"))
    expect(page.get_by_text("The port is gone.")).to_be_visible()
    assert "Stopped: the sun leaves only" in focused(page)
    go(page, "House")
    for name in ("evcc", "openwb"):
        page.get_by_label("Name").fill(name)
        page.get_by_label("Name").press("Enter")
        expect(page.get_by_role("button", name=f"Revoke {name}")).to_be_visible()
    page.get_by_role("button", name="Revoke evcc").press("Enter")
    expect(page.get_by_role("button", name="Revoke evcc")).to_have_count(0)
    assert focused(page) not in ("", "Revoke openwb")


# --- a screen reader, and wishes of the system --------------------------------------------------------


def test_live_regions_keep_quiet_while_figures_change(server, open_page, house):
    house.meter_problem = "192.168.0.27 does not answer: is it on?"
    house.second()
    page = open_page(server)
    for name in SCREENS:
        go(page, name)
        page.wait_for_timeout(400)
        page.evaluate(LISTEN)
        for watts in (5200, 4100, 6900):
            house.sun_w = watts
            house.second()
            page.wait_for_timeout(350)
        assert page.evaluate("window.said") == [], name


def test_a_row_of_the_house_is_filled_and_not_built_anew(server, open_page, house):
    page = open_page(server)
    go(page, "House")
    row = page.locator(".device", has_text="Solar meter").element_handle()
    house.sun_w = 4321
    house.second()
    expect(page.locator(".device", has_text="4.3 kW")).to_be_visible()
    assert row.evaluate("(one) => one.isConnected")


def test_wishes_of_the_system_are_heard(server, open_page):
    page = open_page(server, reduced_motion="reduce", forced_colors="active")
    expect(page.get_by_text("5.8 kW are going into the car")).to_be_visible()
    assert page.evaluate("document.getAnimations().length") == 0
    chosen, other = (
        card(page, "Garage")
        .get_by_role("button", name=name, exact=True)
        .evaluate("(one) => getComputedStyle(one).backgroundColor")
        for name in ("Sun", "Fast")
    )
    assert chosen != other
    assert card(page, "Garage").locator(".drawn").evaluate(
        "(one) => getComputedStyle(one).backgroundColor"
    ) != card(page, "Garage").locator(".track").evaluate("(one) => getComputedStyle(one).backgroundColor")


# --- a house in trouble -------------------------------------------------------------------------------


def test_a_house_without_chargers_says_what_to_look_at(open_page):
    house = MiniHouse()
    house.rules = replace(house.rules, chargers=())
    house.rooms = replace(house.rooms, site=replace(house.rooms.site, rules=house.rules))
    last = house.published.get()
    house.published.put(replace(last, bus=replace(last.bus, chargers=())))
    with house.open_web() as server:
        page = open_page(server)
        expect(page.get_by_role("region", name="No charger yet")).to_be_visible()
        expect(page.get_by_role("region", name="All chargers")).to_be_hidden()
        page.get_by_role("link", name="House: the doctor looks at everything").click()
        expect(page.get_by_role("button", name="Examine the house")).to_be_visible()


def test_a_screen_that_could_not_be_fetched_says_so_and_comes(server, open_page):
    page = open_page(server)
    page.route("**/static/plan.js", lambda route: route.abort())
    page.get_by_role("link", name="Plan").click()
    expect(page.get_by_text("This screen could not be fetched")).to_be_visible()
    page.route(
        "**/api/v1/windows", lambda route: route.fulfill(status=500, json={"detail": "The disk is full."})
    )
    page.unroute("**/static/plan.js")
    page.reload()
    expect(page.get_by_role("status").filter(has_text="The disk is full.")).to_be_visible()
    expect(page.get_by_text("This could not be fetched. Trying again.")).to_be_visible()
    expect(page.get_by_text("No window yet")).to_be_hidden()


def test_history_is_tried_again_after_a_failure(server, open_page):
    page = open_page(server, DESKTOP)
    failed = []
    page.route(
        "**/api/v1/history?*",
        lambda route: failed.append(1) or route.fulfill(status=500, json={"detail": "The disk is full."}),
    )
    go(page, "History")
    expect(page.get_by_text("The disk is full.")).to_be_visible()
    page.unroute("**/api/v1/history?*")
    expect(page.get_by_role("img", name="Power over the day")).to_be_visible(timeout=20_000)
    assert failed == [1]


def test_a_day_without_records_and_a_search_without_a_hit_say_so(server, open_page, house):
    house.history.history = lambda start, end, step_s: []
    page = open_page(server)
    go(page, "History")
    expect(page.get_by_text("Nothing was recorded.")).to_be_visible()
    go(page, "Journal")
    page.get_by_label("Search the journal").fill("no such word")
    expect(page.get_by_text("Nothing fits: try “Everything”, another day or another word.")).to_be_visible()


def test_a_day_long_ago_has_its_events_too(server, open_page, house):
    spring = house.clock.now().wall - timedelta(days=90)
    house.history.tell(Event("port", "The port is gone.", "error", at_wall=spring))
    for number in range(210):
        house.history.tell(Event("session_ended", f"Session {number} ended."))
    page = open_page(server)
    go(page, "Journal")
    page.get_by_label("Only this day").fill(f"{spring:%Y-%m-%d}")
    expect(page.get_by_text("The port is gone.")).to_be_visible()
    expect(page.get_by_text("1 entry", exact=True)).to_be_visible()


def test_three_chargers_leave_every_name_readable(open_page):
    house = MiniHouse()
    last = house.published.get()
    third = replace(last.bus.chargers[0], charger_id="AB12")
    house.published.put(replace(last, bus=replace(last.bus, chargers=(*last.bus.chargers, third))))
    with house.open_web() as server:
        page = open_page(server, SMALL)
        expect(page.locator(".flow .name", has_text="AB12")).to_be_visible()
        assert {GARAGE, CARPORT} <= {one.charger_id for one in house.published.get().bus.chargers}
        over = page.evaluate(OVERLAPPING)
        assert over == []
