"""The page in a real Chromium: it shows the house, obeys a tap, and says when something is wrong."""

import os
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import expect

from agent.doors.web.server import STATIC, WebSettings
from agent.model import Event, Mode
from tests.web.house import CARPORT, GARAGE, NIGHT

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
FIRST_LOAD_BYTES = 150_000
ALL_BYTES = 200_000  # every screen opened


def card(page, name):
    return page.locator("article", has=page.get_by_role("heading", name=name))


def test_one_glance_says_what_flows_and_why(server, open_page):
    page = open_page(server)
    expect(page.get_by_text("5.8 kW are going into the car, all from the sun.")).to_be_visible()
    expect(page.get_by_role("img", name="The sun gives 6.4 kW, 95 W go to the grid")).to_be_visible()
    garage = card(page, "Garage")
    expect(garage.get_by_text("25 A of sun: 6.4 kW from the roof.")).to_be_visible()
    expect(garage.get_by_role("img", name="25 A drawn of 25 A offered, at most 32 A")).to_be_visible()
    expect(garage.get_by_text("Blue Model 3")).to_be_visible()
    expect(
        page.get_by_text("“night” begins today at 21:30 and lasts until 07:15: fast with 16 A.")
    ).to_be_visible()


def test_amps_rise_with_the_sun(server, open_page, house):
    page = open_page(server)
    expect(card(page, "Garage").get_by_text("25 A drawn")).to_be_visible()
    house.sun_w = 7600
    house.second()
    expect(card(page, "Garage").get_by_text("30 A drawn of 30 A offered")).to_be_visible()


def test_boost_is_one_tap_and_so_is_the_way_back(server, open_page, house):
    page = open_page(server)
    house.sun_w = 3000
    house.second()
    garage = card(page, "Garage")
    expect(garage.get_by_text("10 A drawn")).to_be_visible()
    garage.get_by_role("button", name="Boost 1 h").click()
    expect(garage.get_by_text("Boost until 14:05 (1 h left)")).to_be_visible()
    house.second()
    expect(garage.get_by_text("32 A drawn")).to_be_visible()
    garage.get_by_role("button", name="Back to normal").click()
    expect(garage.get_by_role("button", name="Boost 1 h")).to_be_visible()
    house.second()
    expect(garage.get_by_text("10 A drawn")).to_be_visible()
    assert house.desk.control.get().boosts == ()


def test_a_boost_may_have_another_end(server, open_page, house):
    page = open_page(server)
    garage = card(page, "Garage")
    garage.get_by_text("Other end").click()
    garage.get_by_label("with at most").fill("16")
    garage.get_by_label("until the car has").fill("75")
    garage.locator("form", has=page.get_by_label("until the car has")).get_by_role("button").click()
    expect(garage.get_by_text("Boost with 16 A until 75 %")).to_be_visible()
    boost = house.desk.control.get().boosts[0]
    assert (boost.amps, boost.to_soc_percent, boost.charger_id) == (16, 75, GARAGE)


def test_a_refused_wish_shows_the_houses_own_sentence(server, open_page):
    page = open_page(server)
    garage = card(page, "Garage")
    garage.get_by_text("Other end").click()
    garage.get_by_label("with at most").fill("40")
    garage.get_by_role("button", name="30 min").click()
    expect(page.get_by_text("40 A is not possible: Garage can be given 6 to 32 A.")).to_be_visible()


def test_modes_are_set_by_keyboard_for_one_charger_and_for_all(server, open_page, house):
    page = open_page(server)
    fast = card(page, "Garage").get_by_role("button", name="Fast")
    fast.focus()
    page.keyboard.press("Enter")
    expect(fast).to_have_attribute("aria-pressed", "true")
    assert house.desk.control.get().mode_by_charger == {GARAGE: Mode.FAST}
    page.get_by_role("region", name="All chargers").get_by_role("button", name="Off").click()
    expect(card(page, "Carport").get_by_role("button", name="Off")).to_have_attribute("aria-pressed", "true")
    expect(card(page, "Garage").get_by_role("button", name="Off")).to_have_attribute("aria-pressed", "true")
    control = house.desk.control.get()
    assert (control.mode, control.mode_by_charger) == (Mode.OFF, {})
    assert CARPORT not in control.mode_by_charger


def test_trouble_is_said_on_top(server, open_page, house):
    page = open_page(server)
    house.bus_problem = "The serial port /dev/ttyUSB0 is gone: is the adapter plugged in?"
    house.meter_problem = "192.168.0.27 does not answer: is it on?"
    house.second()
    expect(page.get_by_text("The serial port /dev/ttyUSB0 is gone")).to_be_visible()
    expect(page.get_by_text("Grid meter: 192.168.0.27 does not answer")).to_be_visible()


def test_a_lost_connection_is_said_and_found_again(house, open_page):
    with house.open_web() as first:
        page = open_page(first)
        expect(page.locator("[data-quality=live]")).to_be_visible()
        listen = first.url.removeprefix("http://")
    expect(page.get_by_text("No connection to sunward")).to_be_visible(timeout=15_000)
    with house.open_web(WebSettings(listen)):
        expect(page.locator("[data-quality=live]")).to_be_visible(timeout=15_000)


def test_the_journal_is_searched_and_grows_by_itself(server, open_page, house):
    house.history.tell(Event("charging_stopped", "Garage stopped charging: a cloud."))
    house.history.tell(Event("port", "The port is gone.", "error"))
    page = open_page(server)
    page.get_by_role("link", name="Journal", exact=True).click()
    expect(page.get_by_text("The port is gone.")).to_be_visible()
    page.get_by_role("button", name="Charging").click()
    expect(page.get_by_text("The port is gone.")).to_be_hidden()
    expect(page.get_by_text("a cloud")).to_be_visible()
    page.get_by_role("button", name="Everything").click()
    house.desk.set_mode(Mode.FAST)
    expect(page.get_by_text("The house was set to fast.")).to_be_visible()
    page.get_by_label("Search the journal").fill("cloud")
    expect(page.get_by_text("1 entry")).to_be_visible()


def test_history_shows_a_day_and_the_day_before(server, open_page):
    page = open_page(server)
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("img", name="Power over the day")).to_be_visible()
    expect(page.get_by_text("47.0 kWh")).to_be_visible()
    expect(page.get_by_role("button", name="The day after")).to_be_disabled()
    page.get_by_role("button", name="The day before").click()
    expect(page.get_by_role("heading", name="yesterday")).to_be_visible()
    expect(page.get_by_text("21.4 kWh")).to_be_visible()


def test_a_house_with_a_password_asks_for_it(house, open_page):
    with house.open_web(WebSettings("127.0.0.1:0", password="let me in, please")) as server:
        page = open_page(server)
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Come in").click()
        expect(page.get_by_text("That is not the password.")).to_be_visible()
        page.get_by_label("Password").fill("let me in, please")
        page.get_by_role("button", name="Come in").click()
        expect(page.get_by_text("5.8 kW are going into the car")).to_be_visible()
        page.get_by_role("link", name="House").click()
        expect(page.get_by_text("Chrome on Linux (this one)")).to_be_visible()
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_label("Password", exact=True)).to_be_visible()


def test_the_password_is_set_and_changed_on_the_page(house, open_page, tmp_path):
    first, second = "let me in, please", "and now let me in"
    with house.open_web(WebSettings("127.0.0.1:0", keys=tmp_path)) as server:
        page = open_page(server)
        page.get_by_role("link", name="House").click()
        page.get_by_label("The new password").fill(first)
        page.get_by_label("The new one again").fill("something else")
        page.get_by_role("button", name="Set a password").click()
        expect(page.get_by_text("These were two different ones.")).to_be_visible()
        page.get_by_label("The new one again").fill(first)
        page.get_by_role("button", name="Set a password").click()
        expect(page.get_by_text("the scheduler's is WEB_TOKEN in credentials.env")).to_be_visible()
        expect(page.get_by_text("Chrome on Linux (this one)")).to_be_visible()
        for old, says in (("a wrong guess", "is not the password that holds"), (first, "The password holds")):
            page.get_by_label("The password now").fill(old)
            page.get_by_label("The new password").fill(second)
            page.get_by_label("The new one again").fill(second)
            page.get_by_role("button", name="Change the password").click()
            expect(page.get_by_text(says).first).to_be_visible()
        page.get_by_role("button", name="Log out", exact=True).click()
        page.get_by_label("Password", exact=True).fill(second)
        page.get_by_role("button", name="Come in").click()
        expect(page.get_by_text("Chrome on Linux (this one)")).to_be_visible()


def drag(page, element, start, end):
    """From one share of an element's width to another, as a finger does."""
    element.scroll_into_view_if_needed()
    box = element.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + (start + end) / 2 * box["width"], y)
    page.mouse.move(box["x"] + end * box["width"], y)
    page.mouse.up()


def test_a_window_is_drawn_named_moved_and_taken_away(server, open_page, house):
    page = open_page(server, DESKTOP)
    page.get_by_role("link", name="Plan").click()
    expect(page.get_by_role("button", name="night, Monday 21:30 to 24:00")).to_be_visible()
    drag(page, page.locator(".lane").nth(6), 0.5, 0.625)
    page.get_by_label("Name").fill("sunday noon")
    page.get_by_role("group", name="Mode in this window").get_by_role("button", name="Min + sun").click()
    page.get_by_label("At most").fill("10")
    page.get_by_role("button", name="Save").click()
    block = page.get_by_role("button", name="sunday noon, Sunday 12:00 to 15:00, min + sun, 10 A")
    expect(block).to_be_visible()
    drag(page, page.locator(".lane").nth(6), 0.56, 0.56 + 1 / 24)
    expect(page.get_by_role("button", name="sunday noon, Sunday 13:00 to 16:00")).to_be_visible()
    expect(page.get_by_text("13:00 – 16:00 sunday noon: min + sun 10 A")).to_be_visible()
    page.get_by_role("button", name="sunday noon").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name="sunday noon")).to_have_count(0)
    assert [window.name for window in house.desk.windows.get()] == ["night"]


def test_a_windows_last_day_outlives_every_way_of_editing_it(server, open_page, house):
    house.desk.put_windows([{**NIGHT, "days": "sun", "from": "12:00", "to": "15:00", "until": "2026-12-24"}])
    page = open_page(server, DESKTOP)
    page.get_by_role("link", name="Plan").click()
    drag(page, page.locator(".lane").nth(6), 0.56, 0.56 + 1 / 24)
    moved = page.get_by_role("button", name="night, Sunday 13:00 to 16:00")
    moved.focus()
    page.keyboard.press("Enter")
    page.get_by_label("Name").fill("noon")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="noon, Sunday 13:00 to 16:00")).to_be_visible()
    (window,) = house.desk.windows.get()
    assert (window.name, window.until) == ("noon", date(2026, 12, 24))


def test_a_plan_shows_its_prices_and_why(server, open_page):
    page = open_page(server)
    expect(card(page, "Garage").get_by_text("Plan: 80 % by tomorrow 07:00")).to_be_visible()
    page.get_by_role("link", name="Plan").click()
    expect(page.get_by_role("img", name="Chosen: tomorrow 01:00 to 04:00")).to_be_visible()
    expect(page.get_by_text("the cheapest hours before seven")).to_be_visible()


def test_a_start_is_counted_down(server, open_page, house):
    page = open_page(server)
    house.sun_w = 1500
    house.waiting = "starting in 1 min 20 s if the sun stays"
    house.second()
    expect(page.get_by_text("starting in 1 min 20 s if the sun stays")).to_be_visible()
    expect(card(page, "Garage").locator(".drain")).to_have_attribute("data-left", "80")


def test_why_did_it_stop_is_answered_by_the_journal(server, open_page):
    page = open_page(server)
    page.get_by_role("link", name="Journal", exact=True).click()
    page.get_by_role("button", name="Decisions").click()
    page.get_by_label("Search the journal").fill("12:25")
    page.get_by_text("Stopped: the sun leaves only 0.9 kW.").click()
    expect(page.get_by_text("below the minimum for too long")).to_be_visible()


def test_a_year_and_its_money(server, open_page):
    page = open_page(server)
    page.get_by_role("link", name="History").click()
    page.get_by_role("button", name="Year").click()
    expect(page.get_by_role("img", name="May 2026:")).to_be_visible()
    page.get_by_role("button", name="Cars alone").click()
    expect(page.get_by_text("saved by the sun")).to_be_visible()
    page.get_by_role("button", name="The year before").click()
    expect(page.get_by_role("heading", name="2025")).to_be_visible()


def test_the_house_is_examined_and_gives_keys(server, open_page):
    page = open_page(server)
    page.get_by_role("link", name="House").click()
    expect(page.get_by_text("The line is clean.")).to_be_visible()
    expect(page.get_by_text("38 of 150")).to_be_visible()
    page.get_by_role("button", name="Examine the house").click()
    expect(page.get_by_text("12 damaged of 800 messages")).to_be_visible()
    page.get_by_label("Name").fill("evcc")
    page.get_by_role("button", name="Make a token").click()
    expect(page.locator("code", has_text="sunward_")).to_be_visible()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("None yet.")).to_be_visible()


def test_a_backup_goes_out_and_comes_back(server, open_page, house, tmp_path):
    page = open_page(server)
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("link", name="House").click()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download the backup").click()
    saved.value.save_as(tmp_path / "backup.json")
    house.desk.put_windows([])
    page.get_by_label("Put one back").set_input_files(tmp_path / "backup.json")
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("Modes and windows are what the backup says.")).to_be_visible()
    assert house.desk.windows.get()[0].name == "night"


def test_every_control_has_a_name_and_every_screen_a_heading(server, open_page):
    page = open_page(server)
    for name in ("Now", "Plan", "History", "Journal", "House"):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.locator("main .card").first).to_be_visible()
        nameless = page.evaluate(
            """[...document.querySelectorAll("main :is(button, input, select):not([hidden])")].filter((one) =>
            !one.textContent.trim() && !one.ariaLabel && !one.labels?.length).map((one) => one.outerHTML)"""
        )
        assert nameless == []
        assert page.locator("main h2").count() > 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_every_screen_fits_its_width(server, open_page, tmp_path, size, theme):
    page = open_page(server, size, theme)
    pictures = Path(os.environ.get("SUNWARD_PICTURES", tmp_path))
    for name in ("Now", "Plan", "History", "Journal", "House"):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.locator("main .card").first).to_be_visible()
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size["width"], f"{name} is {wide} pixels wide"
        page.screenshot(path=pictures / f"{name}-{size['width']}-{theme}.png".lower(), full_page=True)


def test_the_first_load_is_light_and_asks_nobody_else(server, open_page):
    page = open_page(server)
    page.wait_for_selector("[data-quality=live]")
    loaded = page.evaluate("performance.getEntriesByType('resource').map(r => [r.name, r.decodedBodySize])")
    assert all(name.startswith(server.url) for name, _ in loaded)
    assert sum(size for _, size in loaded) < FIRST_LOAD_BYTES
    assert sum(file.stat().st_size for file in STATIC.iterdir()) < ALL_BYTES
