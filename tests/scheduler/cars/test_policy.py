"""The polling policy and the owner's wishes as pure functions."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from scheduler.cars import limits, owner
from scheduler.cars.limits import LimitRecord
from scheduler.cars.meaning import charge_reading
from scheduler.cars.memory import CarMemory, from_json
from scheduler.cars.model import ChargeReading
from scheduler.cars.policy import Ask, PollRules, next_ask
from scheduler.cars.sight import Sight

AT = datetime(2026, 11, 21, 10, 0, 5, 123000, tzinfo=UTC)
READ = ChargeReading(AT, "fleet", "Stopped", 54, 80)
HERE = CarMemory(here_since_s=1000.0, charger_id="3201", reading=READ, read_s=1010.0, looked_s=1010.0)
SIGHT = Sight(here=True, charger_id="3201")


def asked(memory=HERE, sight=SIGHT, now_s=5000.0, soc=54.0, deciding="", **rules):
    return next_ask(PollRules(**rules), memory, sight, now_s, soc_percent=soc, deciding=deciding).ask


def test_a_car_elsewhere_is_not_asked():
    assert asked(CarMemory(), Sight(), deciding="a plan") is Ask.NOTHING


def test_after_plug_in_it_settles_for_ten_seconds():
    fresh = CarMemory(here_since_s=1000.0)
    assert [asked(fresh, now_s=now) for now in (1005.0, 1011.0)] == [Ask.NOTHING, Ask.LOOK]


def test_a_drawing_car_is_read_at_intervals_and_more_often_near_its_limit():
    drawing = replace(SIGHT, drawn_amps=16.0)
    ages = (100.0, 140.0, 250.0, 340.0)
    assert [asked(HERE, drawing, 1010 + age) for age in ages] == [
        Ask.NOTHING,
        Ask.NOTHING,
        Ask.NOTHING,
        Ask.READ,
    ]
    assert [asked(HERE, drawing, 1010 + age, soc=78) for age in ages[:2]] == [Ask.NOTHING, Ask.READ]


def test_why_it_stopped_is_asked_once_after_two_minutes():
    stopped = replace(HERE, stopped_s=2000.0)
    assert [asked(stopped, now_s=now) for now in (2060.0, 2121.0)] == [Ask.NOTHING, Ask.LOOK]
    assert asked(replace(stopped, looked_s=2121.0), now_s=3000.0) is Ask.NOTHING


def test_an_idle_car_is_asked_only_for_a_decision_on_old_data():
    assert asked(now_s=50000.0) is Ask.NOTHING
    assert asked(now_s=5000.0, deciding="a start") is Ask.NOTHING
    assert asked(now_s=50000.0, deciding="a start") is Ask.LOOK


def test_a_failure_gives_it_rest():
    failed = replace(HERE, failures=3, failed_s=50000.0)
    assert asked(failed, now_s=50200.0, deciding="a start") is Ask.NOTHING
    assert asked(failed, now_s=50241.0, deciding="a start") is Ask.LOOK


def test_a_source_at_home_is_asked_wherever_the_car_is():
    assert asked(CarMemory(), Sight(), local=True) is Ask.READ


def test_a_memory_survives_its_file():
    memory = replace(HERE, limit=LimitRecord(80, 53), owner_stopped=True)
    assert from_json(memory.to_json()) == memory
    assert from_json({"reading": {"at": "soon"}, "limit": 5, "unknown": 1}) == CarMemory()


# --- the limit ---------------------------------------------------------------------------------------

LENT = LimitRecord(80.0, 53.0)


@pytest.mark.parametrize(
    ("record", "current", "after", "said"),
    [
        (LENT, 53, replace(LENT, confirmed=True), ""),
        (LENT, 80, LENT, ""),  # not arrived yet
        (replace(LENT, confirmed=True), 80, None, "by hand to 80 %"),
        (LENT, 70, None, "by hand to 70 %"),
        (replace(LENT, returning=True), 80, None, "80 % again"),
        (replace(LENT, returning=True), 53, replace(LENT, returning=True, confirmed=True), ""),
        (replace(LENT, returning=True), 90, None, "by hand to 90 %"),
        (LENT, None, LENT, ""),
        (None, 80, None, ""),
    ],
)
def test_a_lent_limit(record, current, after, said):
    found, sentence = limits.seen(record, current)
    assert found == after
    assert said in sentence


def test_a_second_loan_still_gives_back_the_owners_limit():
    assert limits.borrowed(LENT, 53.0, 50.0) == LimitRecord(80.0, 50.0)


# --- what JSON means ---------------------------------------------------------------------------------


def test_the_apps_newer_schedules_are_read_with_their_days():
    rows = [
        {"days_of_week": 62, "start_enabled": True, "start_time": 1380, "enabled": True},
        {"days_of_week": 127, "start_enabled": True, "start_time": 60, "enabled": False},
        "junk",
    ]
    reading = charge_reading(
        {"charge_state": {"charging_state": "Stopped"}, "charge_schedule_data": {"charge_schedules": rows}},
        "fleet",
        AT,
    )
    assert reading.schedule == "23:00 mon-fri"


def test_a_departure_of_the_app_is_honoured():
    charge = {
        "charging_state": "Stopped",
        "scheduled_charging_mode": "ScheduledChargingModeDepartBy",
        "scheduled_departure_time_minutes": 360,
    }
    reading = charge_reading({"charge_state": charge}, "ble", AT)
    assert reading.departure == "06:00"
    assert "06:00" in owner.against_start(replace(HERE, reading=reading))


def test_nonsense_is_not_said():
    charge = {
        "battery_level": 250,
        "charge_limit_soc": True,
        "charger_voltage": "x",
        "charging_state": "<invalid>",
    }
    reading = charge_reading({"charge_state": charge}, "ble", AT)
    assert (reading.soc_percent, reading.limit_percent, reading.volts, reading.plugged) == (
        None,
        None,
        None,
        False,
    )
    assert reading.at == AT


@pytest.mark.parametrize("timestamp", [1795253405, 1795253405000])
def test_seconds_and_milliseconds_are_the_same_instant(timestamp):
    reading = charge_reading({"charge_state": {"timestamp": timestamp}}, "ble", AT)
    assert reading.at.timestamp() == 1795253405
