"""TWCManager's HTTP API as its clients know it: shapes, then orders, then all that is refused."""

import json
import socket
from contextlib import contextmanager

import httpx
import pytest

from agent.doors.legacy_http import Guests, LegacyHttpDoor
from agent.doors.legacy_orders import orders_for
from agent.doors.legacy_routes import ORDERS
from agent.doors.legacy_words import OLD_WINDOW
from agent.doors.settings import LegacySettings
from agent.history.kept import Kept
from agent.model import Mode
from scheduler.clock import FakeClock
from tests.web.house import CARPORT, GARAGE, NOON, VIN, MiniHouse

ALL = {"http": "127.0.0.1:0", "http_read": True, "http_control": True}


@contextmanager
def opened(house, **settings):
    legacy = LegacySettings(**{**ALL, **settings})
    door = LegacyHttpDoor(house.rooms, legacy, orders_for(house.rooms, legacy))
    door.start()
    try:
        with httpx.Client(base_url=door.url, timeout=10) as client:
            yield client
    finally:
        door.stop()


@pytest.fixture
def old(house):
    with opened(house) as client:
        yield client


def test_status_has_the_old_names_types_and_order(old):
    said = old.get("/api/getStatus?ignored=1").json()
    assert list(said)[:6] == [
        "carsCharging",
        "chargerLoadWatts",
        "chargerLoadAmps",
        "currentPolicy",
        "maxAmpsToDivideAmongSlaves",
        "consumptionAmps",
    ]
    assert said["carsCharging"] == 1
    assert said["chargerLoadWatts"] == "5825.00"
    assert said["chargerLoadAmps"] == ["25.33"]
    assert said["currentPolicy"] == "Track Green Energy"
    assert said["maxAmpsToDivideAmongSlaves"] == "25.10"
    assert said["generationAmps"] == ["27.83"]
    assert said["generationWatts"] == "6400.00"
    assert said["isGreenPolicy"] == "Yes"
    assert (said["scheduledChargingStartHour"], said["scheduledChargingEndHour"]) == (21, 7.25)
    plan = said["ScheduledCharging"]
    assert (plan["startingMinute"], plan["endingMinute"], plan["amps"]) == (21 * 60 + 30, 7 * 60 + 15, 32)
    assert plan["friday"] is True
    assert plan["saturday"] is False
    assert "chargeNowAmps" not in said


def test_nothing_is_a_plain_text_and_not_an_array(house, old):
    house.sun_w = 0
    house.second()
    assert old.get("/api/getStatus").json()["generationAmps"] == "0.00"


def test_units_come_in_a_steady_order_and_total_comes_last(old):
    said = old.get("/api/getSlaveTWCs").json()
    assert list(said) == [GARAGE, CARPORT, "total"]
    garage = said[GARAGE]
    assert garage["TWCID"] == GARAGE
    assert garage["reportedAmpsActual"] == 25.0
    assert garage["lastVIN"] == garage["currentVIN"] == VIN
    assert garage["lastBatterySOC"] == 61
    assert (garage["voltsPhaseA"], garage["voltsPhaseB"], garage["state"]) == (233, 0, 1)
    assert garage["chargeTime"] == "4:00:02"
    assert garage["lifetimekWh"] == 1235.57
    assert said[CARPORT]["chargeTime"] == "--:--:--"
    assert "lastBatterySOC" not in said[CARPORT]
    assert said["total"]["maxAmps"] == 16


def test_the_other_reads(old):
    assert old.get("/api/getConsumptionOffsets").json() == {}
    assert old.get("/api/getPolicy").json()[0]["name"] == "Charge Now"
    assert old.get("/api/getActivePolicyAction").json() == 3
    rows = old.get("/api/getHistory").json()
    assert len(rows) == 576
    assert rows[-1]["timestamp"] == "2026-06-03T13:00:00+02:00"
    assert rows[-1]["charger_power"] > 1000
    assert old.get("/api/getUUID").text.isdecimal()
    assert old.get("/api/getUUID").text == old.get("/api/getUUID").text
    assert old.get("/api/getLastTWCResponse").text == "None"
    config = old.get("/api/getConfig").json()
    assert config["config"]["wiringMaxAmpsAllTWCs"] == 40
    missing = old.get("/api/nothing")
    assert (missing.status_code, missing.content) == (404, b"")


def charge_now(client, rate, seconds=3600):
    body = json.dumps({"chargeNowRate": rate, "chargeNowDuration": seconds})
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return client.post("/api/chargeNow", content=body, headers=kind)


def test_openwb_sets_a_current_and_takes_it_back(house, old):
    said = charge_now(old, 16, 86400)
    assert said.json() == {"status": "success", "rate": 16, "duration": 86400}
    assert house.desk.control.get().boosts[0].amps == 16
    house.second()
    status = old.get("/api/getStatus").json()
    assert status["currentPolicy"] == "Charge Now"
    assert status["chargeNowAmps"] == 16
    assert status["chargeNowTimeEnd"] == pytest.approx(house.clock.wall.timestamp() + 86399)
    assert old.post("/api/cancelChargeNow").json() == {"status": "success"}
    assert house.desk.control.get().boosts == ()
    assert house.desk.control.get().mode == Mode.SOLAR


def test_too_much_is_clamped_and_the_truth_is_answered(old):
    assert charge_now(old, "500", "999999999").json() == {"status": "success", "rate": 32, "duration": 604800}


@pytest.mark.parametrize("rate", [0, -5, 3, "x", None, True, [], 1e400])
def test_an_impossible_rate_is_refused_with_a_sentence(house, old, rate):
    said = charge_now(old, rate)
    assert said.status_code == 400
    assert said.json()["error"]
    assert house.desk.control.get().boosts == ()


def test_where_openwb_is_in_charge_cancel_means_stop(house):
    with opened(house, cancel_means_stop=True) as old:
        charge_now(old, 10)
        old.post("/api/cancelChargeNow")
        assert house.desk.control.get().mode == Mode.OFF
        charge_now(old, 10)
        assert house.desk.control.get().boosts[0].amps == 10


def test_a_post_without_any_length_is_answered(house):
    with (
        opened(house) as client,
        socket.create_connection((client.base_url.host, client.base_url.port)) as raw,
    ):
        raw.sendall(b"POST /api/cancelChargeNow HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        answer = b"".join(iter(lambda: raw.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.0 200")
    assert answer.endswith(b'{"status": "success"}')


def test_a_schedule_keeps_its_minutes(house, old):
    plan = {"enabled": True, "startingMinute": 1290, "endingMinute": 435, "amps": 24, "monday": True}
    said = old.post("/api/setScheduledChargingSettings", json={**plan, "sunday": True})
    assert (said.status_code, said.content) == (202, b"")
    window = house.desk.windows.get()[-1]
    assert (window.from_minute, window.to_minute, window.days) == (1290, 435, {0, 6})
    assert (window.mode, window.amps) == (Mode.FAST, 12)  # two chargers share 24 A
    assert old.get("/api/getStatus").json()["ScheduledCharging"]["startingMinute"] == 1290
    old.post("/api/setScheduledChargingSettings", json={"enabled": False})
    assert [window.name for window in house.desk.windows.get()] == ["night"]


@pytest.mark.parametrize(
    "plan",
    [
        {"enabled": "false"},
        {"enabled": True, "startingMinute": 5000, "endingMinute": 3, "amps": 10, "monday": True},
        {"enabled": True, "startingMinute": 60, "endingMinute": 60, "amps": 10, "monday": True},
        {"enabled": True, "startingMinute": 60, "endingMinute": 90, "amps": 400, "monday": True},
    ],
)
def test_an_odd_schedule_is_refused(house, old, plan):
    assert old.post("/api/setScheduledChargingSettings", json=plan).status_code == 400
    assert [window.name for window in house.desk.windows.get()] == ["night"]


def test_offsets_are_a_poor_mans_meter(house, old):
    sun = {"offsetName": "roof", "offsetValue": -3000, "offsetUnit": "W"}
    said = old.post("/api/addConsumptionOffset", json=sun).json()
    assert said == {"status": "success", **sun}
    old.post("/api/addConsumptionOffset", json={"offsetName": "pump", "offsetValue": 2, "offsetUnit": "A"})
    view = house.meters.view(house.clock.now())
    assert view.readings["solar"].watts == 3000
    assert view.readings["house"].watts == 460
    assert old.get("/api/getConsumptionOffsets").json()["roof"] == {"value": -3000, "unit": "W"}
    assert old.post("/api/deleteConsumptionOffset", json={"offsetName": "roof"}).status_code == 200
    assert old.post("/api/deleteConsumptionOffset", json={"offsetName": "roof"}).status_code == 404
    house.clock.advance(3600)
    assert old.get("/api/getConsumptionOffsets").json() == {}


@pytest.mark.parametrize(
    "body",
    [
        '{"offsetName": "x", "offsetValue": NaN, "offsetUnit": "W"}',
        '{"offsetName": "a;b", "offsetValue": 1, "offsetUnit": "W"}',
        '{"offsetName": "x", "offsetValue": 1, "offsetUnit": "kW"}',
        '{"offsetName": "x", "offsetValue": -1e9, "offsetUnit": "W"}',
        "[]",
        "{",
        "",
    ],
)
def test_an_odd_offset_is_refused_and_not_kept(old, body):
    assert old.post("/api/addConsumptionOffset", content=body).status_code == 400
    assert old.get("/api/getConsumptionOffsets").json() == {}


def setting(client, name, value):
    return client.post("/api/setSetting", json={"setting": name, "value": value}).status_code


def test_settings_that_have_an_equal_are_taken(house, old):
    control = house.desk.control
    assert setting(old, "nonScheduledAction", "1") == 204
    assert setting(old, "nonScheduledAmpsMax", "20") == 204
    assert control.get().mode == Mode.FAST
    assert control.get().limit_by_charger == {GARAGE: 20.0}
    assert setting(old, "nonScheduledAction", 3) == 204
    assert (control.get().mode, control.get().limit_by_charger) == (Mode.SOLAR, {})
    assert setting(old, "nonScheduledAction", 2) == 204
    assert control.get().mode == Mode.OFF
    for name, value in (("StartHour", 22.5), ("EndHour", 6), ("DaysBitmap", 3), ("Max", 16)):
        assert setting(old, f"scheduledAmps{name}", value) == 204
    window = house.desk.windows.get()[-1]
    assert (window.from_minute, window.to_minute, window.days) == (1350, 360, {0, 1})
    for name, value in (("VehicleGroups", "{}"), ("nonScheduledAction", 9), ("nonScheduledAmpsMax", 99)):
        assert setting(old, name, value) == 400


def test_a_schedule_half_set_by_one_door_is_completed_by_another_after_a_restart(tmp_path):
    kept = Kept(tmp_path / "state.db", FakeClock(NOON), lambda event: None)
    house = MiniHouse(kept=kept)
    house.desk.put_windows([])
    orders = orders_for(house.rooms, LegacySettings())
    for name, value in (("Max", 16), ("StartHour", 22.5)):
        orders.setting(f"scheduledAmps{name}", value, "the old API")
    assert house.desk.windows.get() == ()
    kept.close()
    kept = Kept(tmp_path / "state.db", FakeClock(NOON), lambda event: None)
    house = MiniHouse(kept=kept)
    with opened(house) as old:
        assert setting(old, "scheduledAmpsEndHour", 6) == 204
        (window,) = house.desk.windows.get()
        assert (window.name, window.from_minute, window.to_minute) == (OLD_WINDOW, 1350, 360)
        house.desk.delete_window(OLD_WINDOW)  # on the page: what was half set must not bring it back
        assert setting(old, "scheduledAmpsDaysBitmap", 3) == 204
        assert house.desk.windows.get() == ()
    kept.close()


NIGHTLY = {"enabled": True, "startingMinute": 1290, "endingMinute": 360, "amps": 16, "monday": True}
CHANGES = {
    "chargeNow": {"chargeNowRate": 16, "chargeNowDuration": 600},
    "cancelChargeNow": {},
    "addConsumptionOffset": {"offsetName": "pool", "offsetValue": 5, "offsetUnit": "A"},
    "deleteConsumptionOffset": {"offsetName": "pool"},
    "setConsumptionOffset": {"offset": 2},
    "setScheduledChargingSettings": NIGHTLY,
    "setSetting": {"setting": "nonScheduledAction", "value": 1},
    "setPolicy": {"policy": "Track Green Energy"},
    "sendStopCommand": {},
    "sendStartCommand": {},
}
NOTHING_CHANGES = {"saveSettings", "setLatLon", "checkArrival", "checkDeparture"}
NOT_OFFERED = {"sendTeslaAPICommand", "sendDebugCommand"}


def test_every_old_order_leaves_a_line_that_says_who_and_from_where(house, old):
    assert {path.removeprefix("/api/") for path in ORDERS} == {*CHANGES, *NOTHING_CHANGES, *NOT_OFFERED}
    for name, body in CHANGES.items():
        mark = len(house.history.rows)
        assert old.post(f"/api/{name}", json=body).status_code in (200, 202, 204), name
        lines = [row["sentence"] for row in house.history.rows[mark:]]
        assert any("127.0.0.1 (old API)" in line for line in lines), (name, lines)


def test_the_original_pages_form_sets_the_schedule_and_the_rest(house, old):
    form = {"scheduledAmpsMax": "16", "scheduledAmpStartTime": "21:30", "scheduledAmpsEndTime": "06:00"}
    form |= {"nonScheduledAmpsMax": "-1", "resumeTrackGreenEnergyTime": "-1:00", "submit": "Save"}
    days = {f"scheduledAmpsDay[{day}]": "1" for day in (0, 4)}
    assert old.post("/index.php", data=form | days).status_code == 200
    window = house.desk.windows.get()[-1]
    assert (window.name, window.from_minute, window.to_minute) == (OLD_WINDOW, 1290, 360)
    assert (window.days, window.amps) == ({0, 4}, 8.0)
    assert house.desk.control.get().mode == Mode.SOLAR
    assert old.get("/index.php", params=form | days | {"scheduledAmpsMax": "999"}).status_code == 400
    assert old.get("/index.php", params=form | days | {"scheduledAmpStartTime": "25:00"}).status_code == 400
    assert house.desk.windows.get()[-1] == window
    assert old.get("/index.php", params=form | {"scheduledAmpsMax": "-1"}).status_code == 200
    assert [one.name for one in house.desk.windows.get()] == ["night"]


def test_strangers_take_no_guests_place_and_dawdlers_are_hung_up_on(house):
    with opened(house, allow=("127.0.0.2",)) as old:
        crowd = [socket.create_connection(("127.0.0.1", old.base_url.port)) for _ in range(40)]
        with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2")) as guest:
            assert guest.get(f"{old.base_url}/api/getStatus").status_code == 200
        for one in crowd:
            one.close()
    with opened(house) as old, socket.create_connection(("127.0.0.1", old.base_url.port)) as slow:
        slow.sendall(b"GET /api/getStatus HTTP/1.0\r\nX: ")
        slow.settimeout(0.3)
        with pytest.raises(TimeoutError):
            slow.recv(1)
        house.clock.advance(16)
        slow.settimeout(3)
        assert slow.recv(100) == b""


def test_policies_become_modes(house, old):
    for name, mode in (("Non Scheduled Charging", Mode.FAST), ("Track Green Energy", Mode.SOLAR)):
        assert old.post("/api/setPolicy", json={"policy": name}).json()["policy"] == name
        assert house.desk.control.get().mode == mode
    assert old.post("/api/setPolicy", json={"policy": "Mine"}).status_code == 400


def test_the_courtesies(house, old):
    assert old.post("/api/saveSettings").status_code == 204
    assert old.post("/api/setLatLon", json={"lat": 52.5, "lon": 13.4}).status_code == 204
    assert old.post("/api/setLatLon", json={"lat": 152.5, "lon": 13.4}).status_code == 400
    assert old.post("/api/checkArrival", content="x=1").status_code == 202
    house.desk.set_mode(Mode.SOLAR_MIN)
    assert old.post("/api/sendStopCommand").status_code == 200
    assert house.desk.control.get().mode == Mode.OFF
    old.post("/api/sendStartCommand")
    assert house.desk.control.get().mode == Mode.SOLAR_MIN
    assert old.post("/api/sendTeslaAPICommand", json={"commandName": "x"}).status_code == 403
    assert old.post("/api/sendDebugCommand", json={"commandName": "x"}).status_code == 403


def read_as_openwb(page):
    """openWB's shell: from the last `Charging at` to the last A of the line, characters 13 on."""
    line = next(line for line in page.splitlines() if "Charging" in line)
    tail = line[line.rindex("Charging at") : line.rindex("A") + 1]
    return tail[12:].replace("A", "")


def test_openwbs_web_mode_reads_the_page_and_sets_the_current(house, old):
    assert float(read_as_openwb(old.get("/index.php").text)) == 25.0
    assert old.get("/index.php?&nonScheduledAmpsMax=13&submit=Save").status_code == 200
    assert house.desk.control.get().limit_by_charger == {GARAGE: 13.0}
    old.get("/index.php?&nonScheduledAmpsMax=0&submit=Save")
    assert house.desk.control.get().mode == Mode.OFF
    old.get("/index.php?&nonScheduledAmpsMax=-1&submit=Save")
    assert house.desk.control.get().mode == Mode.SOLAR
    assert old.get("/index.php?&nonScheduledAmpsMax=400&submit=Save").status_code == 400


def test_lennys_page_finds_its_texts(house, old):
    said = old.get("/TWCapi.php?GetStatus=1").json()
    assert said["nonScheduledAmpsMax"] == "-1"
    assert said["scheduledAmpStartTime"] == "21:30"
    assert said["TWC"][0]["twcChargeSpeed"] == "25.00"
    old.get("/TWCapi.php?Boost=1")
    assert house.desk.control.get().boosts
    old.get("/TWCapi.php?CancelBoost=1")
    assert not house.desk.control.get().boosts


# --- who stays outside -----------------------------------------------------------------------------


def test_reading_and_orders_have_their_own_switches(house):
    with opened(house, http_read=False) as old:
        assert old.get("/api/getStatus").status_code == 403
        assert old.get("/index.php").status_code == 403
        assert old.post("/api/cancelChargeNow").status_code == 200
    with opened(house, http_control=False) as old:
        assert old.get("/api/getStatus").status_code == 200
        assert "legacy.http_control" in old.post("/api/cancelChargeNow").json()["error"]
        assert old.get("/index.php?&nonScheduledAmpsMax=0&submit=Save").status_code == 403
    assert house.desk.control.get().mode == Mode.SOLAR


def test_an_address_that_is_not_on_the_list_stays_outside(house):
    with opened(house, allow=("192.168.0.0/24",)) as old:
        assert "legacy.allow" in old.get("/api/getStatus").json()["error"]
    guests = Guests(("192.168.0.0/24", "::1"), frozenset())
    assert guests.knows("::ffff:192.168.0.9")
    assert guests.knows("::1")
    assert not guests.knows("10.0.0.1")


@pytest.mark.parametrize(
    ("headers", "what"),
    [
        ({"Host": "evil.example:8080"}, "get"),
        ({"Origin": "http://evil.example"}, "post"),
        ({"User-Agent": "Mozilla/5.0"}, "link"),
    ],
)
def test_web_pages_of_others_stay_outside(house, old, headers, what):
    if what == "post":
        said = old.post("/api/cancelChargeNow", headers=headers)
    else:
        said = old.get(
            f"/index.php?nonScheduledAmpsMax=0&submit={'Save' if what == 'link' else ''}", headers=headers
        )
    assert said.status_code == 403
    assert house.desk.control.get().mode == Mode.SOLAR


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/getUUID", {"Host": "[::1"}),
        ("/api/getUUID", {"Origin": "http://["}),
        ("/api/getUUID", {"Content-Length": "9" * 5000}),
        ("http://[::1/api/getUUID", {}),
    ],
    ids=["host", "origin", "length", "address"],
)
def test_what_can_not_be_read_is_answered(old, path, headers):
    with socket.create_connection((old.base_url.host, old.base_url.port), 5) as line:
        named = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        line.sendall(f"POST {path} HTTP/1.0\r\n{named}\r\n".encode())
        assert line.recv(1000).startswith(b"HTTP/1.0 400")


def test_nothing_changes_by_get_and_nothing_long_is_read(house, old):
    for path in ("chargeNow", "cancelChargeNow", "sendStopCommand"):
        assert old.get(f"/api/{path}").status_code == 404
    assert old.post("/api/chargeNow", content="x" * 70_000).status_code == 413
    assert old.get("/api/../../etc/passwd").status_code == 404


def test_a_taken_port_is_one_sentence(house):
    with opened(house) as old:
        legacy = LegacySettings(http=f"127.0.0.1:{old.base_url.port}")
        second = LegacyHttpDoor(house.rooms, legacy, orders_for(house.rooms, legacy))
        with pytest.raises(OSError, match="Choose another port"):
            second.start()
        second.stop()
