"""The HTTP API by its contract: what is asked shows at once, bad input hears one sentence."""

import json
from datetime import datetime, timedelta

import pytest

from tests.web.house import CARPORT, GARAGE, NIGHT, VIN

JSON = {"Content-Type": "application/json"}


def one_sentence(answer):
    body = answer.json()
    assert set(body) == {"detail"}
    assert isinstance(body["detail"], str)
    assert len(body["detail"]) > 10
    return body["detail"]


def test_state_tells_the_whole_house(web):
    state = web.get("/api/v1/state").json()
    assert state["power"] == {
        "grid_w": -95,
        "solar_w": 6400,
        "battery_w": 0,
        "house_w": 480,
        "chargers_w": 5825,
    }
    garage = state["chargers"][0]
    assert (garage["id"], garage["name"], garage["state"]) == (GARAGE, "Garage", "charging")
    assert (garage["offered_amps"], garage["drawn_amps"], garage["drawn_w"]) == (25, 25, 5825)
    assert garage["car"]["soc_percent"] == 61
    assert garage["reason"] == "25 A of sun: 6.4 kW from the roof."
    assert state["battery_soc_percent"] == 82
    assert state["next_window"]["name"] == "night"
    assert state["next_window"]["begins"] == "2026-06-03T21:30:00+02:00"
    assert state["meters"][0] == {
        "role": "grid",
        "source": "solaredge meter 1",
        "watts": -95,
        "age_s": 0,
        "ok": True,
        "problem": "",
    }
    assert {"now", "mode", "boost", "budget_amps", "steps", "window", "wishes", "bus"} <= set(state)


def test_a_mode_shows_at_once_even_before_the_brain_has_thought(web, house):
    assert web.put("/api/v1/mode", json={"mode": "fast"}).json()["mode"] == "fast"
    assert web.get("/api/v1/state").json()["mode"] == "fast"
    web.put("/api/v1/mode", json={"mode": "off", "charger": CARPORT})
    modes = [charger["mode"] for charger in web.get("/api/v1/state").json()["chargers"]]
    assert modes == ["fast", "off"]
    assert house.woken >= 2


def test_a_boost_shows_with_its_end_and_goes_again(web, house):
    started = web.put("/api/v1/boost", json={"amps": 16, "for_s": 1800, "charger": GARAGE}).json()
    assert started[0]["ends"] == "2026-06-03T13:35:02+02:00"
    state = web.get("/api/v1/state").json()
    assert state["boost"]["left_s"] == 1800
    assert state["chargers"][0]["boost"]["amps"] == 16
    assert state["chargers"][1]["boost"] is None
    house.second()
    assert web.get("/api/v1/state").json()["chargers"][0]["offered_amps"] == 16
    assert web.delete("/api/v1/boost").json()["boost"] is None


def test_a_boost_without_an_end_gets_three_hours(web):
    assert web.put("/api/v1/boost", json={}).json()[0]["left_s"] == 3 * 3600


def test_a_grid_operators_limit_shows_and_goes_again(web):
    assert web.put("/api/v1/limit", json={"amps": 8, "for_s": 600}).json()["limit"]["left_s"] == 600
    assert web.get("/api/v1/state").json()["limit"]["amps"] == 8
    assert web.delete("/api/v1/limit").json()["limit"] is None
    assert web.put("/api/v1/limit", json={}).status_code == 409
    for body in ({"amps": -1}, {"watts": 1, "for_s": 0}, {"reserved_watts": [1000, 0, 0, 0]}):
        assert web.put("/api/v1/limit", json=body).status_code == 422


def test_windows_round_trip(web):
    assert web.get("/api/v1/windows").json() == [{**NIGHT, "charger": "", "enabled": True, "until": None}]
    noon = {"days": "sat,sun", "from": "12:00", "to": "14:00", "mode": "solar_min"}
    names = [row["name"] for row in web.put("/api/v1/windows/noon", json=noon).json()]
    assert names == ["night", "noon"]
    assert web.put("/api/v1/windows/noon", json=noon | {"until": "2026-02-30"}).status_code == 422
    assert (
        web.put("/api/v1/windows/noon", json=noon | {"until": "2026-12-24"}).json()[1]["until"]
        == "2026-12-24"
    )
    assert web.delete("/api/v1/windows/night").json()[0]["amps"] is None
    assert web.put("/api/v1/windows", json=web.get("/api/v1/windows").json()).status_code == 200
    assert web.get("/api/v1/upcoming").json()[0]["name"] == "noon"
    assert web.get("/api/v1/state").json()["next_window"]["begins"] == "2026-06-06T12:00:00+02:00"


def test_what_the_scheduler_knows_of_a_car_reaches_its_charger(web, house):
    body = {"name": "Zoé", "soc_percent": 42, "limit_percent": 90, "plan": {"leave": "07:15"}}
    assert web.put(f"/api/v1/cars/{VIN}", json=body).json()["at_wall"] == "2026-06-03T13:05:02+02:00"
    house.second()
    car = web.get("/api/v1/state").json()["chargers"][0]["car"]
    assert (car["name"], car["soc_percent"], car["plan"]) == ("Zoé", 42, {"leave": "07:15"})
    assert [car["vin"] for car in web.get("/api/v1/cars").json()] == [VIN]


def test_a_car_may_be_told_with_the_number_that_its_address_has(web):
    answer = web.put(f"/api/v1/cars/{VIN}", json={"vin": VIN, "soc_percent": 50})
    assert (answer.status_code, answer.json()["vin"], answer.json()["soc_percent"]) == (200, VIN, 50)


@pytest.mark.parametrize(
    "day",
    [
        "from=2026-06-03T00:00:00%2B02:00&to=2026-06-04T00:00:00%2B02:00",
        "from=2026-06-03T00:00:00+02:00&to=2026-06-04T00:00:00+02:00",  # a "+" that nobody has encoded
        "from=2026-06-02T22:00:00Z&to=2026-06-03T22:00:00Z",
        "from=2026-06-03T00:00:00&to=2026-06-04T00:00",
        "from=2026-06-03&to=2026-06-04",
        "from=1780437600&to=1780524000",
    ],
)
def test_a_span_is_asked_for_as_people_and_programs_write_times(quiet_web, day):
    rows = quiet_web[1].get(f"/api/v1/history?{day}&step_s=3600")
    assert rows.status_code == 200, rows.text
    assert len(rows.json()) == 24
    assert datetime.fromisoformat(rows.json()[0]["at"]).timestamp() == 1780437600
    assert quiet_web[1].get(f"/api/v1/sessions?{day}").status_code == 200


def test_the_accounts_calls_are_shown(web):
    assert web.get("/api/v1/calls").json() is None
    told = {"today": {"energy": 24}, "caps": {"energy": 1000}, "month_money": 0.5, "currency": "USD"}
    assert web.put("/api/v1/calls", json=told).json() == told | {"month_money_cap": 0.0}
    for bad in (
        {},
        {"today": {"energy": -1}},
        {"today": {"data": "1"}},
        told | {"x": 1},
        told | {"today": [1]},
    ):
        assert web.put("/api/v1/calls", json=bad).status_code == 422
    assert web.get("/api/v1/calls").json()["today"] == {"energy": 24}


def test_a_forecast_is_shown_in_order(web):
    late = {"start": "2026-06-03T15:00:00+02:00", "end": "2026-06-03T16:00:00+02:00", "watts": 900.5}
    early = {"start": "2026-06-03T14:00:00+02:00", "end": "2026-06-03T15:00:00+02:00", "watts": 0}
    assert web.get("/api/v1/forecast").json() == []
    told = web.put("/api/v1/forecast", json=[late, early]).json()
    assert [one["start"] for one in told] == ["2026-06-03T14:00:00+02:00", "2026-06-03T15:00:00+02:00"]
    assert web.get("/api/v1/forecast").json() == told
    backwards = early | {"end": early["start"]}
    assert web.put("/api/v1/forecast", json=[backwards]).status_code == 409
    for bad in ([early | {"watts": -1}], [early | {"watts": 1, "x": 1}], {}, [early] * 501):
        assert web.put("/api/v1/forecast", json=bad).status_code == 422
    assert web.get("/api/v1/forecast").json() == told


QUARTER = {"start": "2026-06-03T14:00:00+02:00", "end": "2026-06-03T14:15:00+02:00", "buy_per_kwh": 0.31}
LATER = {"start": "2026-06-03T15:00:00+02:00", "end": "2026-06-03T15:15:00+02:00", "buy_per_kwh": -0.02}


def test_prices_are_shown_in_order_and_what_is_not_told_is_unknown(web):
    assert web.get("/api/v1/prices").json() == {"currency": "", "slots": []}
    first = QUARTER | {"sell_per_kwh": 0.08, "co2_g_per_kwh": 212, "name": "peak"}
    told = web.put("/api/v1/prices", json={"currency": "EUR", "slots": [LATER, first]}).json()
    assert told["slots"] == [first, LATER | {"sell_per_kwh": None, "co2_g_per_kwh": None, "name": ""}]
    assert web.get("/api/v1/prices").json() == told


@pytest.mark.parametrize(
    ("slots", "words"),
    [
        ([QUARTER | {"end": QUARTER["start"]}], "Each price must end after its start."),
        ([QUARTER, QUARTER | {"start": "2026-06-03T14:10:00+02:00"}], "Two prices hold at the same time"),
    ],
)
def test_prices_that_contradict_each_other_are_refused(web, slots, words):
    answer = web.put("/api/v1/prices", json={"currency": "EUR", "slots": slots})
    assert answer.status_code == 409
    assert words in one_sentence(answer)


@pytest.mark.parametrize(
    "body",
    [
        {"slots": []},
        {"currency": "euro", "slots": []},
        {"currency": "EUR", "slots": [QUARTER | {"buy_per_kwh": None}]},
        {"currency": "EUR", "slots": [QUARTER | {"start": "2026-06-03T14:00:00"}]},
        {"currency": "EUR", "slots": [QUARTER | {"free": True}]},
        {"currency": "EUR", "slots": [QUARTER] * 401},
    ],
)
def test_prices_that_cannot_be_read_are_refused(quiet_web, body):
    assert quiet_web[1].put("/api/v1/prices", json=body).status_code == 422


def test_a_pushed_reading_reaches_the_meters(web, house):
    body = {"watts": -1500.5, "amps_by_phase": [1, 2, 3]}
    assert web.put("/api/v1/meters/grid", json=body).json()["age_s"] == 0
    reading = house.meters.view(house.clock.now()).readings["grid"]
    assert (reading.watts, reading.amps_by_phase, reading.source) == (-1500.5, (1, 2, 3), "pushed")


def pushed(web, role, **body):
    return web.put(f"/api/v1/meters/{role}", json=body).json()


def test_a_reading_from_a_cloud_keeps_its_true_age_and_holds_as_long_as_it_says(web, house):
    answer = pushed(web, "solar", watts=3550, age_s=240, max_age_s=900, source="solaredge cloud")
    assert (answer["source"], answer["age_s"], answer["ok"]) == ("solaredge cloud", 240, True)
    house.clock.advance(600)
    view = house.meters.view(house.clock.now())
    assert house.clock.now().mono_s - view.readings["solar"].at_mono_s == 840
    assert [health.problem for health in view.health] == [""]
    house.clock.advance(61)
    assert "901 s old" in house.meters.view(house.clock.now()).health[0].problem


def test_a_reading_may_say_when_it_was_measured(web, house):
    now = house.clock.now().wall
    assert pushed(web, "grid", watts=-500, at=(now - timedelta(seconds=4)).isoformat())["age_s"] == 4
    assert pushed(web, "grid", watts=-500, at=(now + timedelta(seconds=4)).isoformat())["age_s"] == 0
    late = pushed(web, "grid", watts=-500, at=(now - timedelta(hours=2)).isoformat())
    assert (late["ok"], late["problem"]) == (False, "it was 7200 s old when it came")


def test_before_the_time_is_known_a_reading_says_its_age(web, house):
    at, house.clock.wall = house.clock.wall.isoformat(), None
    assert "send `age_s`" in pushed(web, "grid", watts=-500, at=at)["detail"]
    assert pushed(web, "grid", watts=-500, age_s=4)["age_s"] == 4


def test_the_past(web):
    web.put("/api/v1/mode", json={"mode": "fast"})
    events = web.get("/api/v1/events").json()
    assert events[-1]["sentence"] == "The house was set to fast, asked by this computer (127.0.0.1, web)."
    assert web.get("/api/v1/events", params={"after": events[-1]["id"]}).json() == []
    span = {"from": "2026-06-03T00:00:00+02:00", "to": "2026-06-04T00:00:00+02:00", "step_s": 3600}
    assert len(web.get("/api/v1/history", params=span).json()) == 24
    assert web.get("/api/v1/sessions").json()[0]["energy_wh"] == 21400
    table = web.get("/api/v1/sessions.csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert table.text.splitlines()[2].endswith("'=HYPERLINK(),")


def test_why_an_offer_changed_is_told_with_its_rules(web):
    changes = web.get("/api/v1/decisions").json()
    assert [change["after_amps"] for change in changes] == [12, 0, 25]
    assert changes[1]["steps"][1]["why"] == "below the minimum for too long"
    assert len(web.get("/api/v1/decisions", params={"limit": 1, "charger": GARAGE}).json()) == 1
    assert web.get("/api/v1/decisions", params={"charger": CARPORT}).json() == []


def test_what_people_set_can_be_carried_away_and_put_back(web, house):
    web.put("/api/v1/mode", json={"mode": "fast", "charger": GARAGE})
    saved = web.get("/api/v1/admin/backup")
    assert "attachment" in saved.headers["content-disposition"]
    assert saved.json()["chargers"] == {GARAGE: "fast"}
    web.put("/api/v1/windows", json=[])
    web.put("/api/v1/mode", json={"mode": "off"})
    web.put("/api/v1/mode", json={"mode": "off", "charger": CARPORT})
    assert web.put("/api/v1/admin/restore", json=saved.json()).json() == saved.json()
    control = house.desk.control.get()
    assert (control.mode, control.mode_by_charger) == ("solar", {GARAGE: "fast"})
    assert house.desk.windows.get()[0].name == "night"


@pytest.mark.parametrize(
    "change",
    [{"chargers": {"9999": "off"}}, {"windows": [NIGHT, NIGHT]}, {"windows": [{**NIGHT, "charger": "9"}]}],
    ids=["charger", "twins", "window"],
)
def test_a_backup_of_another_house_changes_nothing(web, house, change):
    saved = web.get("/api/v1/admin/backup").json()
    before = house.desk.control.get(), house.desk.windows.get()
    answer = web.put("/api/v1/admin/restore", json={**saved, "mode": "off", **change})
    assert answer.status_code == 409
    one_sentence(answer)
    assert before == (house.desk.control.get(), house.desk.windows.get())


def test_the_doctor_looks_at_the_running_house(web):
    assert [row["level"] for row in web.post("/api/v1/admin/doctor").json()] == ["good", "good", "odd"]


def test_the_house_says_what_it_is(web):
    about = web.get("/api/v1/about").json()
    assert (about["site"], about["scope"], about["locked"]) == ("Sonnenhof", "admin", False)
    assert about["money"] == {"currency": "€", "grid_price": 0.32, "sell_price": 0.08}


def test_health_and_metrics_stand_at_the_root(web, house):
    assert web.get("/healthz").json() == {"ok": True, "age_s": 0, "problems": []}
    house.clock.advance(20)
    silent = web.get("/healthz")
    assert (silent.status_code, silent.json()["problems"]) == (503, ["No decision was made for 20 s."])
    text = web.get("/metrics").text
    assert "sunward_grid_power_watts -95.0" in text
    assert 'sunward_charger_actual_amperes{charger="3201"} 25.0' in text
    assert VIN not in text


BAD = [
    ("PUT", "/mode", {"mode": "turbo"}, 422, "off"),
    ("PUT", "/mode", {}, 422, "mode is missing"),
    ("PUT", "/mode", {"mode": "fast", "modus": 1}, 422, "modus is not known here"),
    ("PUT", "/mode", {"mode": None}, 409, "always has a mode"),
    ("PUT", "/mode", {"mode": "fast", "charger": "9"}, 404, "no charger"),
    ("PUT", "/mode", ["fast"], 422, "the body must be a JSON object."),
    ("PUT", "/boost", {"amps": "16"}, 422, "amps"),
    ("PUT", "/boost", {"amps": True}, 422, "amps"),
    ("PUT", "/boost", {"amps": -1}, 422, "amps"),
    ("PUT", "/boost", {"amps": 60}, 409, "6 to 32 A"),
    ("PUT", "/boost", {"for_s": 60, "until": "07:15"}, 409, "one of them"),
    ("PUT", "/boost", {"until": "25:00"}, 422, "must look like"),
    ("DELETE", "/boost?charger=nobody", None, 404, "no charger"),
    ("PUT", "/windows", {}, 422, "the body must be a list."),
    ("PUT", "/windows", [{"name": "x"}], 422, "1.days is missing"),
    ("PUT", "/windows", [{**NIGHT, "days": "funday"}], 422, "1.days: 'funday' is no day: write days like"),
    ("PUT", "/windows", [{**NIGHT, "days": ["mon"]}], 422, "1.days must be text."),
    ("PUT", "/windows", [{**NIGHT, "from": "7"}], 422, '1.from: write a time like "21:30"'),
    ("PUT", "/windows", [{**NIGHT, "name": ""}], 422, "1.name must have at least 1 character, not ''."),
    ("PUT", "/windows", [NIGHT, NIGHT], 409, "used twice"),
    ("PUT", "/windows/night", {**NIGHT, "until": "2026-02-30"}, 422, "until: until is the last day"),
    ("PUT", "/windows/a%0Ab", NIGHT, 422, "name must match pattern"),
    ("PUT", "/mode", {"mode": "fast", "charger": ""}, 422, "charger must have at least 1 character"),
    ("PUT", "/windows/night", {**NIGHT, "name": "day"}, 409, "send the same name"),
    ("DELETE", "/windows/nobody", None, 404, "no window"),
    ("PUT", "/cars/123", {}, 422, "vin must match pattern"),
    ("PUT", f"/cars/{VIN}", {"vin": VIN[::-1]}, 409, "send the same vin"),
    ("PUT", f"/cars/{VIN}", {"soc_percent": 101}, 422, "soc_percent"),
    ("PUT", f"/cars/{VIN}", {"plugged": "yes"}, 422, "plugged"),
    ("PUT", f"/cars/{VIN}", {"at_wall": 12}, 422, "at_wall"),
    ("PUT", f"/cars/{VIN}", {"name": "Comet\nThe house burns."}, 422, "name must be one line"),
    ("PUT", f"/cars/{VIN}", {"charging_state": "\x1b[2J"}, 422, "charging_state must be one line"),
    ("PUT", "/meters/moon", {"watts": 1}, 422, "role"),
    ("PUT", "/meters/grid", {"watts": 10_000_000}, 422, "watts"),
    ("PUT", "/meters/grid", {"watts": "1"}, 422, "watts"),
    ("PUT", "/meters/solar", {"watts": -400}, 409, "be negative"),
    ("PUT", "/meters/grid", {"watts": 1, "age_s": -1}, 422, "age_s"),
    ("PUT", "/meters/grid", {"watts": 1, "max_age_s": 0}, 422, "max_age_s"),
    ("PUT", "/meters/grid", {"watts": 1, "source": "https://x?key=1"}, 422, "source"),
    ("PUT", "/meters/grid", {"watts": 1, "at": "13:05"}, 422, "must be a time like"),
    ("PUT", "/meters/grid", {"watts": 1, "at": "2026-06-03T13:05:00"}, 422, "at must end with its offset"),
    ("PUT", "/meters/grid", {"watts": 1, "at": "2026-06-03T13:05:00+02:00", "age_s": 1}, 409, "one of them"),
    ("PUT", "/meters/grid", {"watts": 1, "at": "2026-06-03T14:05:00+02:00"}, 409, "in the future"),
    ("PUT", "/meters/grid", {"watts": 1, "at": "2026-05-03T13:05:00+02:00"}, 409, "says nothing"),
    ("GET", "/history?step_s=1", None, 422, "step_s"),
    ("GET", "/history?from=yesterday", None, 422, "from must be a time like"),
    ("GET", "/history?from=20260603", None, 422, "from must be a time like"),
    ("GET", "/sessions?to=2026-06-31", None, 422, "to must be a time like"),
    ("GET", "/history?from=2026-06-03T00:00:00Z&to=2026-06-02T00:00:00Z", None, 409, "earlier than"),
    ("GET", "/history?from=2010-06-03T00:00:00Z&step_s=60", None, 409, "longer step_s"),
    ("GET", "/events?after=x", None, 422, "after"),
    ("GET", "/events?after=1&after=2", None, 422, "came twice"),
    ("GET", "/state?verbose=1", None, 422, "no parameter 'verbose'"),
    ("GET", "/stream?after=1", None, 422, "no parameter 'after'"),
    ("GET", "/nothing", None, 404, "nothing at this address"),
    ("POST", "/state", {}, 405, "does not know that method"),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"), BAD, ids=lambda value: str(value)[:40]
)
def test_bad_input_hears_one_sentence(quiet_web, method, path, body, status, words):
    house, web = quiet_web
    before = house.desk.control.get(), house.desk.windows.get(), house.desk.cars.get()
    answer = web.request(method, f"/api/v1{path}", json=body)
    assert answer.status_code == status, answer.text
    assert words in one_sentence(answer)
    assert before == (house.desk.control.get(), house.desk.windows.get(), house.desk.cars.get())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"watts": NaN}', "NaN is not a number"),
        (b'{"watts": 1e999}', "1e999 is not a number"),
        (b'{"watts": 1, "watts": 2}', "twice"),
        (b'{"watts": 1', "not valid JSON"),
        (b'{"watts": "\xff"}', "not UTF-8"),
        (b"[" * 20000, "nested too deep"),
        (b"[" * 30 + b"]" * 30, "nested deeper than 20"),
        (b'{"source": "\\ud800"}', "half a character"),
        (b'{"\\udfff": 1}', "half a character"),
        (b'{"watts": ' + b"1" * 400 + b"}", "is not a number"),
        (b"", "missing"),
    ],
    ids=["nan", "infinite", "twice", "cut", "latin", "deep", "deeper", "half", "half-key", "long", "empty"],
)
def test_json_that_could_mean_two_things_is_refused(quiet_web, body, words):
    answer = quiet_web[1].put("/api/v1/meters/grid", content=body, headers=JSON)
    assert answer.status_code in (400, 422)
    assert words in one_sentence(answer)


def test_a_cars_plan_that_nobody_could_be_told_is_refused_and_the_page_lives_on(web):
    for plan in (b'{"why": "\\ud800"}', b'{"deep": ' * 15 + b"[[[[[[[1]]]]]]]" + b"}" * 15):
        poison = b'{"name": "x", "plan": ' + plan + b"}"
        assert web.put(f"/api/v1/cars/{VIN}", content=poison, headers=JSON).status_code == 400
    assert web.get("/api/v1/cars").status_code == 200
    assert web.get("/api/v1/state").status_code == 200


def test_a_whole_number_of_any_length_that_a_double_can_hold_is_taken_where_anything_may_stand(web):
    long = -(7**80)
    assert web.put(f"/api/v1/cars/{VIN}", json={"calls": {"odd": long}}).status_code == 200
    (car,) = [car for car in web.get("/api/v1/cars").json() if car["vin"] == VIN]
    assert car["calls"] == {"odd": long}


def test_the_description_names_every_call_and_how_it_may_fail(web):
    paths = web.get("/api/openapi.json").json()["paths"]
    calls = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert calls == {
        "GET /healthz",
        "GET /metrics",
        "GET /api/v1/state",
        "PUT /api/v1/mode",
        "PUT /api/v1/boost",
        "PUT /api/v1/limit",
        "PUT /api/v1/admin/password",
        "DELETE /api/v1/limit",
        "DELETE /api/v1/boost",
        "GET /api/v1/windows",
        "PUT /api/v1/windows",
        "PUT /api/v1/windows/{name}",
        "DELETE /api/v1/windows/{name}",
        "GET /api/v1/upcoming",
        "GET /api/v1/cars",
        "PUT /api/v1/cars/{vin}",
        "GET /api/v1/calls",
        "PUT /api/v1/calls",
        "GET /api/v1/forecast",
        "PUT /api/v1/forecast",
        "GET /api/v1/prices",
        "PUT /api/v1/prices",
        "PUT /api/v1/meters/{role}",
        "GET /api/v1/history",
        "GET /api/v1/sessions",
        "GET /api/v1/sessions.csv",
        "GET /api/v1/events",
        "GET /api/v1/decisions",
        "GET /api/v1/about",
        "GET /api/v1/admin/settings",
        "POST /api/v1/admin/doctor",
        "GET /api/v1/admin/backup",
        "PUT /api/v1/admin/restore",
        "GET /api/v1/admin/sessions",
        "DELETE /api/v1/admin/sessions",
        "DELETE /api/v1/admin/sessions/{id}",
        "GET /api/v1/admin/tokens",
        "POST /api/v1/admin/tokens",
        "DELETE /api/v1/admin/tokens/{name}",
    }
    assert all("422" in call["responses"] for methods in paths.values() for call in methods.values())


def test_a_refusal_never_repeats_a_long_or_odd_value(web):
    answer = web.put("/api/v1/mode", content=json.dumps({"mode": "x" * 5000}), headers=JSON)
    assert len(one_sentence(answer)) < 200
