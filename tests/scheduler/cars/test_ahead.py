"""A scheduler that dies in the night, over the agent's real API: the rest of its plan is done."""

import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.model import Mode
from scheduler.agent_api import Agent, AgentDown
from scheduler.cars.ahead import leave, windows_of
from scheduler.cars.planner import Plan, PlanSlot
from scheduler.cars.room import jobs
from scheduler.clock import FakeClock
from scheduler.jobs import JobRunner
from scheduler.settings import SchedulerSettings
from simulator.clouds.tesla import TeslaClouds
from simulator.clouds.tesla_car import CloudCar
from tests.web.house import GARAGE, VIN, MiniHouse

BERLIN = ZoneInfo("Europe/Berlin")
EVENING = datetime(2026, 6, 3, 22, tzinfo=BERLIN)
SETTINGS = f"""
[site]
timezone = "Europe/Berlin"
[[chargers]]
id = "{GARAGE}"
max_amps = 16
[tariff]
kind = "fixed"
price = 0.30
[[tariff.periods]]
name = "night"
from = "00:00"
to = "02:00"
price = 0.10
[[tariff.periods]]
name = "morning"
from = "04:00"
to = "06:00"
price = 0.12
[[cars]]
vin = "{VIN}"
name = "Comet"
reads = ["owner://"]
battery_kwh = 60
max_amps = 16
[[cars.plans]]
soc_percent = 80
by = "07:00"
"""


class Counting(MiniHouse):
    """Its counter counts what the car takes, and its car takes what it wants."""

    taken_wh = 0.0
    taking_amps = 0.0

    def _bus(self, offers, now):
        bus = super()._bus(offers, now)
        amps, garage = self.taking_amps, bus.chargers[0]
        garage = replace(garage, energy_wh=self.taken_wh, drawn_amps=amps, charging=amps > 0)
        return replace(bus, chargers=(garage, *bus.chargers[1:]))


class Night:
    """A real agent's desk and API, a scheduler beside it, and a car that wants 3.4 h of 16 A."""

    def __init__(self, house, agent, clouds, config):
        self.house, self.agent, self.clouds = house, agent, clouds
        self.car = clouds.cars[VIN]
        self.told = []
        self.settings = SchedulerSettings.load(config)
        self.runner = JobRunner(
            jobs(self.settings), self.settings, house.clock, agent, self.told.append, house.clock.advance
        )
        self.charged = []

    def until(self, text, alive=True):
        """Time passes by half minutes; the car follows the offer; `alive`: the scheduler ticks."""
        hour, minute = map(int, text.split(":"))
        goal = self.house.clock.wall.replace(hour=hour, minute=minute)
        goal += timedelta(days=goal <= self.house.clock.wall)
        while self.house.clock.wall < goal:
            offered = self.house.second(30).decision.offers[0].amps
            self.car.offered_amps = min(16.0, offered)
            self.house.taking_amps = self.car.drawn_amps
            self.house.taken_wh += self.car.drawn_amps * 230 * 30 / 3600
            self.car.soc_percent += self.car.drawn_amps * 230 * 30 / 3600 * 0.9 / 60000 * 100
            if self.car.drawn_amps:
                self.charged.append(f"{self.house.clock.wall - timedelta(seconds=30):%H}")
            if alive:
                self.runner.tick()

    @property
    def names(self):
        return [window.name for window in self.house.desk.windows.get()]


@contextmanager
def night_of(tmp_path, soc_percent=62.0):
    house = Counting(clock=FakeClock(EVENING, 1000.0))
    house.desk.put_windows(())
    house.sun_w = 0.0
    clouds = TeslaClouds(
        lambda: house.clock.wall.timestamp(), CloudCar(VIN, soc_percent=soc_percent, plugged=True)
    )
    clouds.start()
    with house.open_web() as server:
        config = tmp_path / "sunward.toml"
        urls = f'[tesla]\nowner_url = "{clouds.api.url}"\nsso_url = "{clouds.sso.url}"\n'
        config.write_text(f'{SETTINGS}{urls}[web]\nlisten = "{server.url.removeprefix("http://")}"\n')
        night = Night(house, Agent(server.url), clouds, config)
        folder = night.settings.state_dir / "tesla"
        folder.mkdir(parents=True)
        reply, now_s = clouds.sign_in(), house.clock.wall.timestamp()
        pair = {"access": reply["access_token"], "refresh": reply["refresh_token"], "made_s": now_s}
        (folder / "owner.json").write_text(
            json.dumps({"pair": pair | {"ends_s": now_s + reply["expires_in"]}})
        )
        try:
            yield night
        finally:
            clouds.stop()


@pytest.fixture
def night(tmp_path):
    with night_of(tmp_path) as found:
        found.until("22:05")
        found.charged.clear()  # until it is asked, it is planned as if it were empty
        yield found


def test_while_it_lives_boosts_do_it_and_no_window_ever_opens(night):
    night.until("23:50")
    assert night.names == ["plan 3201 06-04 0010", "plan 3201 06-04 0410"]
    night.until("00:05")
    assert night.house.desk.control.get().boosts
    assert night.names == ["plan 3201 06-04 0410"]
    night.until("07:00")
    assert night.car.soc_percent == pytest.approx(80, abs=1)
    assert night.names == []
    assert set(night.charged) == {"00", "01", "04", "05"}


def test_one_that_dies_at_one_leaves_a_car_that_is_ready_at_seven(night):
    night.until("01:00")
    night.until("09:00", alive=False)
    assert night.car.soc_percent == pytest.approx(79, abs=1.5)
    assert set(night.charged) == {"00", "01", "04", "05"}
    night.until("09:00", alive=False)  # the night after
    assert set(night.charged) == {"00", "01", "04", "05"}


def test_one_that_dies_before_midnight_leaves_the_whole_plan(night):
    night.until("23:30")
    night.until("09:00", alive=False)
    assert night.car.soc_percent == pytest.approx(78.5, abs=2)
    assert min(night.charged) == "00"
    assert max(night.charged) == "05"


def test_one_that_comes_back_takes_over_again(night):
    night.until("23:30")
    night.until("04:30", alive=False)
    night.until("04:32")
    assert night.house.desk.control.get().boosts
    assert night.names == []
    night.until("07:00")
    assert night.car.soc_percent == pytest.approx(80, abs=1)


def test_a_charger_that_is_switched_off_has_no_windows_and_a_deleted_one_stays_away(night):
    night.until("22:30")
    assert night.names
    night.agent.delete_window("plan 3201 06-04 0410")
    night.until("22:40")
    assert night.names == ["plan 3201 06-04 0010"]
    night.house.desk.set_mode(Mode.OFF, GARAGE)
    night.until("22:45")
    assert night.names == []


# --- what is left, as a pure question --------------------------------------------------------------


def plan(*hours, day=EVENING):
    slots = [PlanSlot(day.replace(hour=a), day.replace(hour=b), 0.1, "cheap") for a, b in hours]
    return Plan(tuple(slots))


def test_what_has_begun_what_is_short_and_what_is_far_away_is_not_left():
    at = EVENING.replace(hour=5)
    found = windows_of(plan((4, 6), (6, 7), (9, 12)), "3201", at, BERLIN)
    assert [(row["from"], row["to"], row["until"]) for row in found] == [("09:10", "12:00", "2026-06-03")]
    short = PlanSlot(at + timedelta(hours=1), at + timedelta(minutes=80), 0.1, "")
    far = PlanSlot(at + timedelta(hours=25), at + timedelta(hours=28), 0.1, "")
    assert windows_of(Plan((short, far)), "3201", at, BERLIN) == []


def test_a_night_whose_hour_comes_twice_has_windows_too():
    day = datetime(2026, 10, 24, 20, tzinfo=BERLIN)
    sunday = day + timedelta(days=1)
    slot = PlanSlot(sunday.replace(hour=1), sunday.replace(hour=4), 0.1, "")
    (row,) = windows_of(Plan((slot,)), "3201", day, BERLIN)
    assert (row["days"], row["from"], row["to"]) == ("sun", "01:10", "04:00")


def test_nothing_to_change_is_no_call():
    leave(Agent("http://127.0.0.1:1"), {}, "3201", [], EVENING)


def test_a_plan_that_moves_a_little_is_not_written_anew_until_one_is_about_to_open():
    def left(hour, minute):
        start = EVENING.replace(hour=hour, minute=minute) + timedelta(days=hour < 12)
        return windows_of(
            Plan((PlanSlot(start, start + timedelta(hours=3), 0.1, ""),)), "3201", EVENING, BERLIN
        )

    nobody = Agent("http://127.0.0.1:1")
    kept = {"ahead": {"charger": "3201", "rows": left(1, 0)}}
    leave(nobody, kept, "3201", left(1, 25), EVENING + timedelta(hours=2))
    for hour, minute, now in ((1, 35, EVENING), (1, 5, EVENING + timedelta(hours=3))):
        with pytest.raises(AgentDown):
            leave(nobody, kept, "3201", left(hour, minute), now)
