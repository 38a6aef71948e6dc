"""Bad days of the whole job: clouds, budgets, disks, processes. Nothing lost, nothing doubled."""

import json
import os
import threading
from datetime import timedelta

import pytest

from agent.boosts import BoostAsk, boosts_from
from agent.doors.web.asks import CarBody
from agent.model import ChargerRules
from scheduler.cars.calls import Calls, Caps
from scheduler.cars.settings import TeslaSettings

YEAR = timedelta(days=365)


def charging(street, **more):
    street.settings(**more)
    street.offer = 16
    street.car.soc_percent = 10
    street.plug()
    return street


# --- calls and money ---------------------------------------------------------------------------------


def test_the_daily_cap_is_never_passed_and_told(street):
    charging(street, tesla="reads_per_day = 10")
    street.live(3 * 3600, step_s=60)
    assert street.counts["data"] == 10
    assert street.kinds.count("api_budget_low") == 1
    assert street.kinds.count("api_budget_spent") == 1
    assert street.shown["calls"]["today"]["data"] == 10
    assert street.car.drawn_amps == 16  # the bus goes on without


def test_the_budget_is_told_in_words_that_a_driver_knows(street):
    calls = Calls({}, Caps.of(TeslaSettings()), street.clock.wall)
    calls.ledger |= {"today": {"data": 120}, "money": 10.0}
    assert [sentence for _, _, sentence in calls.news()] == [
        "80 % of today's looks at the car are used.",
        "This month's money for calls is used up; charging goes on by the bus alone.",
    ]


def test_a_new_day_has_a_new_budget_and_the_month_its_money(street):
    charging(street, tesla="reads_per_day = 5\nmoney_per_month = 0.016")
    street.live(86400, step_s=300)
    assert street.counts["data"] == 8
    assert street.shown["calls"]["month_money"] == pytest.approx(0.016)


def test_a_month_is_the_houses_own(street):
    calls = Calls(ledger := {}, Caps.of(TeslaSettings()), street.clock.wall)
    calls.count("data", "VIN")
    assert calls.money == pytest.approx(0.002)
    later = Calls(ledger, Caps.of(TeslaSettings()), street.clock.wall.replace(month=7))
    assert (later.money, later.today("data")) == (0, 0)


def test_calls_keep_their_distance(street):
    calls = Calls({}, Caps.of(TeslaSettings()), street.clock.wall)
    calls.count("data", "A")
    assert calls.why_not("data", "A") == "it was asked a moment ago"
    assert calls.why_not("data", "B") == ""


def test_a_way_that_was_refused_by_a_clock_a_year_ahead_is_tried_again(street):
    street.settings(commands="fleet://")
    street.clock.wall += YEAR
    street.sign_in()
    street.plug()
    street.car.stopped = True
    street.live(60)
    street.offer, street.wants_it = 16, "start"
    street.live(1200)
    assert street.counts["command"] == 1
    street.clock.wall -= YEAR
    street.live(3600)
    assert street.counts["command"] == 2


def test_a_clock_that_was_set_back_does_not_silence_a_car(street):
    charging(street)
    street.live(600)
    street.clock.wall = street.clock.wall.replace(month=5)
    seen = street.counts["data"]
    street.live(600)
    assert street.counts["data"] > seen


# --- clouds ------------------------------------------------------------------------------------------


def test_too_many_calls_make_the_whole_account_rest(street):
    charging(street)
    street.live(300)
    street.clouds.fail(429, {"error": "Too Many Requests"}, on="/vehicle_data", Retry_After="1800")
    seen = street.counts["data"]
    street.live(1800)
    assert street.counts["data"] <= seen + 2
    street.live(1200)
    assert street.counts["data"] > seen + 2


def test_an_account_over_its_limit_rests_longer_each_time(street):
    charging(street)
    street.clouds.fail(403, {"error": "account disabled: EXCEEDED_LIMIT"}, times=999, on="/api/1/")
    street.live(86400, step_s=300)
    assert sum(street.counts.values()) <= 25


def test_a_day_of_silence_is_one_letter_and_its_end_another(street):
    charging(street)
    street.clouds.fail(0, times=9999, on="/api/1/")
    street.live(8 * 3600, step_s=120)
    assert street.kinds.count("cloud_lost") == 1
    assert sum(street.counts.values()) < 30
    street.clouds.troubles.clear()
    street.live(4000, step_s=120)
    assert street.kinds.count("cloud_back") == 1


def test_commands_that_must_be_signed_are_told_once_with_what_to_do(street):
    street.settings(commands="fleet://")
    street.plug()
    street.car.stopped = True
    street.live(60)
    street.offer, street.wants_it = 16, "start"
    street.live(4 * 3600, step_s=60)
    letters = [event.sentence for event in street.home.told if event.kind == "command_refused"]
    assert len(letters) == 1
    assert "fleet-proxy://" in letters[0]
    assert street.counts["command"] == 1


@pytest.mark.parametrize("first", ["fleet://", "ble://127.0.0.1:9"], ids=["refused", "silent"])
def test_the_second_way_is_taken_where_the_first_is_refused_or_does_not_answer(street, first):
    street.settings(commands=[first, f"fleet-proxy://127.0.0.1:{street.clouds.proxy.port}?tls=no"])
    street.plug()
    street.car.stopped = True
    street.live(60)
    street.offer, street.wants_it = 16, "start"
    street.live(300)
    assert street.car.drawn_amps == 16


def test_a_cloud_that_stands_in_for_a_source_at_home_is_asked_by_the_rules_of_clouds(street):
    street.settings(reads=["teslamate://127.0.0.1:9?car=1", "fleet://"])
    street.live(86400, step_s=300)
    assert street.counts == {}  # away: nobody is asked, whoever is down
    street.plug()
    street.live(300)
    assert street.shown["soc_percent"] == 54
    seen = street.counts["data"]
    street.live(86400, step_s=300)
    assert street.counts["data"] <= seen + 1
    assert not street.car.awake(street.now_s)


def test_a_command_whose_answer_was_lost_is_not_sent_again_when_it_has_worked(street):
    street.settings()
    street.plug()
    street.car.stopped = True
    street.live(60)
    street.offer, street.wants_it = 16, "start"
    street.clouds.fail(503, on="/command/", after=True)
    street.live(3600)
    assert [name for name, _ in street.car.told] == ["charge_start"]


# --- the house -----------------------------------------------------------------------------------------


def test_an_agent_that_restarts_loses_no_car(street):
    charging(street)
    street.live(300)
    here = street.memory()["here_since_s"]
    chargers, street.agent.charger = street.agent.charger, {"id": "3201", "name": "Garage", "linked": False}
    show, street._show = street._show, lambda: None
    street.live(120)
    street._show, street.agent.charger = show, chargers
    street.live(120)
    assert street.memory()["here_since_s"] == here


def test_a_full_disk_is_a_sentence_and_no_call_is_doubled(street):
    street.settings()
    street.plug()
    folder = street.home.runner.folder
    street.live(30)
    if os.geteuid() == 0:
        (folder / "cars.json").unlink()
        (folder / "cars.json").mkdir()
    else:
        folder.chmod(0o500)
    said = street.live(60)
    assert any("can't be" in line for line in said)


def test_two_ticks_at_once_look_once(street):
    street.settings()
    street.plug()
    street._show()
    other = street._make_house(*street.home.runner.jobs.values(), clock=street.clock)
    threads = [threading.Thread(target=home.runner.tick) for home in (street.home, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert street.counts == {"free": 1, "data": 1}


def test_a_damaged_memory_is_set_aside_and_the_car_looked_at_anew(street):
    street.settings()
    street.plug()
    street.live(120)
    path = street.home.runner.folder / "cars.json"
    path.write_text("{ half")
    street.live(120)
    assert path.with_name("cars.json.broken").exists()
    assert street.memory()["here_since_s"] is not None


def test_a_memory_of_another_version_is_read_as_far_as_it_goes(street):
    street.settings()
    street.plug()
    street.live(120)
    path = street.home.runner.folder / "cars.json"
    kept = json.loads(path.read_text())
    kept["cars"][next(iter(kept["cars"]))]["memory"] |= {"reading": 7, "new_thing": 1, "limit": "x"}
    path.write_text(json.dumps(kept))
    said = street.live(120)
    assert not any("crashed" in line for line in said)


def test_the_owners_road_costs_no_money(street):
    charging(street, reads="owner://")
    street.live(900)
    assert street.shown["calls"]["today"]["data"] >= 2
    assert street.shown["calls"]["month_money"] == 0


def test_what_the_agent_is_told_is_what_it_takes(street):
    charging(street, car='[[cars.plans]]\nsoc_percent = 80\nby = "14:00"')
    street.live(900)
    car = CarBody.model_validate(street.shown).car("5YJ3E1EA7KF000042")
    assert (car.name, car.plugged, car.charging_state) == ("Comet", True, "Charging")
    ask = street.agent.boost
    rules = (ChargerRules("3201", max_amps=16),)
    asked = BoostAsk(until=ask["until"], to_soc_percent=ask["to_soc_percent"], charger_id=ask["charger"])
    (boost,) = boosts_from(asked, street.clock.now(), rules, {})
    assert boost.ends_wall.isoformat()[:16] == ask["until"][:16]
