"""The forecast as plans see it: what the house leaves of the sun, and only where a car can live on it."""

import json
from datetime import date, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from scheduler.cars.goals import Power
from scheduler.cars.sunny import Hunger, by_hour, hunger_of, sunny
from scheduler.forecast.known import path_of
from scheduler.forecast.slots import SolarSlot
from tests.scheduler.cars.test_plans import NIGHT, PLAN, until

BERLIN = ZoneInfo("Europe/Berlin")
FORECAST = "[forecast]\nlatitude = 48.2\nlongitude = 16.36\nplanes = [{ kwp = 5 }]\n"
FULL = Power(16, 230, 1)  # 3680 W
NOON_S = 1781085600  # 2026-06-10 12:00 in Berlin


@pytest.mark.parametrize(
    ("forecast_w", "share"),
    [(0, None), (2200, None), (2225, 1380 / 3680), (3600, 2480 / 3680), (9000, 1.0)],
)
def test_what_the_house_leaves_counts_from_6_amps_on(forecast_w, share):
    found = sunny([SolarSlot(NOON_S, NOON_S + 3600, forecast_w)], [400.0] * 24, FULL, BERLIN)
    assert [one.share for one in found] == ([pytest.approx(share)] if share else [])
    assert all(one.end - one.start == timedelta(hours=1) and one.start.hour == 12 for one in found)


def test_a_hungry_house_battery_eats_first_each_day_anew():
    day = [SolarSlot(NOON_S + 3600 * hour, NOON_S + 3600 * (hour + 1), 5000.0) for hour in (-2, -1, 0, 1)]
    later = [SolarSlot(slot.start_s + 86400, slot.end_s + 86400, slot.watts) for slot in day]
    hunger = Hunger(date(2026, 6, 10), today_wh=5400.0, later_wh=10_000.0)
    found = sunny([*day, *later], [400.0] * 24, FULL, BERLIN, hunger)  # 3600 W are left of each hour
    shares = [(one.start.day, one.start.hour, round(one.share, 2)) for one in found]
    assert shares == [(10, 11, 0.49), (10, 12, 0.98), (10, 13, 0.98), (11, 13, 0.98)]


@pytest.mark.parametrize(
    ("solar", "charge", "today_kwh", "later_kwh"),
    [
        ("battery_kwh = 13.5", 42, 13.5 * 0.48 / 0.95, 13.5 * 0.7 / 0.95),
        ("battery_kwh = 13.5\nbattery_full_percent = 80", 10, 13.5 * 0.7 / 0.95, 13.5 * 0.7 / 0.95),
        ("battery_kwh = 13.5", None, 13.5 * 0.7 / 0.95, 13.5 * 0.7 / 0.95),
        ("battery_kwh = 10", 97, 0.0, 7.0 / 0.95),
        ("battery_kwh = 13.5\nbattery = 'car_first'", 42, None, None),
        ("", 42, None, None),
    ],
)
def test_its_appetite_is_what_it_lacks_by_the_houses_own_rule(
    config, house, solar, charge, today_kwh, later_kwh
):
    config.write_text(config.read_text() + f"[solar]\n{solar}\n")
    home = house()
    agent = SimpleNamespace(state=lambda: {"power": {"battery_soc_percent": charge}})
    found = hunger_of(SimpleNamespace(settings=home.settings, agent=agent), home.clock.wall)
    if today_kwh is None:
        assert found is None
    else:
        assert (found.today_wh, found.later_wh) == pytest.approx((1000 * today_kwh, 1000 * later_kwh))


def test_the_house_is_learned_by_the_hour_of_its_own_clock():
    rows = [{"at": f"2026-06-{day:02d}T10:00:00+00:00", "house_w": 100 * day} for day in range(1, 8)]
    rows += [{"at": "2026-06-01T11:00:00+00:00", "house_w": 9000}, {"at": "x", "house_w": None}]
    watts = by_hour(rows, BERLIN)
    assert (watts[12], watts[13], watts[3]) == (400.0, 400.0, 400.0)
    assert by_hour([row | {"house_w": 250} for row in rows[:7]], BERLIN)[12] == 250


def sun(street, watts, hours=(9, 18)):
    """A forecast of so many watts in these hours of tomorrow."""
    path = path_of(street.home.settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    midnight_s = NOON_S + 12 * 3600
    slots = [[midnight_s + 3600 * hour, midnight_s + 3600 * (hour + 1), watts] for hour in range(*hours)]
    path.write_text(json.dumps({"factor": 1.0, "slots": slots, "heat": []}))


EVENING = PLAN.replace("07:00", "20:00")


def test_what_tomorrows_sun_will_bring_is_not_bought_tonight(street):
    street.settings(car=EVENING, tesla=NIGHT + FORECAST)
    sun(street, 6000)
    street.agent.history = lambda start, end, step_s: []
    until(street, "20:30", 600)
    street.plug()
    until(street, "23:00", 600)
    assert street.shown["plan"]["slots"] == []
    assert street.shown["plan"]["sentence"] == "The sun is expected to bring all of it before 20:00."
    asked = [path for _, path in street.agent.calls if path.endswith("/history")]
    assert len(asked) == 1  # the house's load is learned once a day


def test_a_house_that_takes_all_of_it_leaves_the_plan_as_it_was(street):
    def hungry(start, end, step_s):
        hours = int((end - start).total_seconds() // 3600)
        return [{"at": (start + timedelta(hours=hour)).isoformat(), "house_w": 5000} for hour in range(hours)]

    street.settings(car=EVENING, tesla=NIGHT + FORECAST)
    street.agent.history = hungry
    sun(street, 6000)
    until(street, "20:30", 600)
    street.plug()
    until(street, "23:00", 600)
    assert street.shown["plan"]["slots"]
