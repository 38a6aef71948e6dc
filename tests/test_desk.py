"""The front desk: what is asked holds at once, survives a restart, and bad wishes hear why not."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.desk import BoostAsk, Desk, KeepError, KeptNowhere, Refused
from agent.model import (
    BusView,
    CarStatus,
    ChargerRules,
    ChargerStatus,
    Mode,
    Published,
    Reading,
    Rules,
)
from agent.parts import Slot
from scheduler.clock import FakeClock
from scheduler.window_rows import read_windows

ZONE = ZoneInfo("Europe/Berlin")
EVENING = datetime(2026, 6, 3, 22, 0, tzinfo=ZONE)
RULES = Rules(
    chargers=(
        ChargerRules("3201", name="Garage", max_amps=32),
        ChargerRules("A7F4", name="Carport", max_amps=16),
    ),
    circuit_amps=40,
)
NIGHT = {"name": "night", "days": "daily", "from": "21:30", "to": "07:15", "mode": "fast"}


class House:
    """A desk, its clock, and what was told."""

    def __init__(self, kept=None, wall=EVENING, mono_s=500.0, **seams):
        self.clock = FakeClock(wall, mono_s)
        self.kept = kept if kept is not None else KeptNowhere()
        self.told = []
        self.woken = 0
        self.published = Slot(Published(self.clock.now()))
        seams |= {"published": self.published, "changed": self._wake, "tell": self.told.append}
        self.desk = Desk(self.clock, self.kept, RULES, **seams)

    def _wake(self):
        self.woken += 1

    def see(self, *statuses):
        self.published.put(Published(self.clock.now(), bus=BusView(statuses)))
        self.desk.tidy(self.published.get())

    @property
    def boosts(self):
        return self.desk.control.get().boosts


class FullDisk(KeptNowhere):
    def put(self, key, value):
        raise KeepError("no space left on the disk")


def test_a_mode_holds_at_once_wakes_the_brain_and_is_told():
    house = House()
    house.desk.set_mode(Mode.FAST, by="10.0.0.7")
    assert house.desk.control.get().mode is Mode.FAST
    assert house.woken == 1
    assert house.told[0].sentence == "The house was set to fast, asked by 10.0.0.7."


def test_an_order_that_is_repeated_every_second_is_told_once():
    house = House()
    for _ in range(3):
        house.desk.set_mode(Mode.FAST, by="10.0.0.7")
        house.desk.set_mode(Mode.OFF, "A7F4", by="10.0.0.7")
    assert len(house.told) == house.woken == 2


def test_a_charger_has_its_own_mode_until_it_is_given_back():
    house = House()
    house.desk.set_mode(Mode.OFF, "A7F4")
    assert house.desk.control.get().mode_by_charger == {"A7F4": Mode.OFF}
    house.desk.set_mode(None, "A7F4")
    assert house.desk.control.get().mode_by_charger == {}


def test_modes_windows_cars_and_boosts_survive_a_restart():
    house = House()
    house.desk.set_mode(Mode.SOLAR_MIN)
    house.desk.set_mode(Mode.FAST, "3201")
    house.desk.put_windows([NIGHT])
    house.desk.put_car(CarStatus("5YJ3E1EA7KF317000", soc_percent=55, plan={"leave": "07:15"}))
    house.desk.start_boost(BoostAsk(amps=16, for_s=3600))
    again = House(house.kept, wall=EVENING + timedelta(minutes=20), mono_s=3.0)
    control = again.desk.control.get()
    assert (control.mode, control.mode_by_charger) == (Mode.SOLAR_MIN, {"3201": Mode.FAST})
    assert [window.name for window in again.desk.windows.get()] == ["night"]
    assert again.desk.cars.get()["5YJ3E1EA7KF317000"] == house.desk.cars.get()["5YJ3E1EA7KF317000"]
    assert control.boosts[0].ends_mono_s == pytest.approx(3.0 + 40 * 60)
    assert control.boosts[0].amps == 16


def test_a_boost_that_wakes_up_without_a_calendar_lasts_what_was_left_and_no_longer():
    house = House()
    house.desk.start_boost(BoostAsk(for_s=3600))
    again = House(house.kept, wall=None, mono_s=8.0)
    assert again.boosts[0].ends_mono_s == pytest.approx(3608)


def test_kept_nonsense_is_left_aside():
    nonsense = KeptNowhere({"control": {"mode": "warp"}, "windows": [{"name": 1}], "cars": [{"wheels": 4}]})
    house = House(nonsense)
    assert house.desk.control.get().mode is Mode.SOLAR
    assert house.desk.windows.get() == ()
    assert house.desk.cars.get() == {}


def test_a_full_disk_keeps_the_change_in_force_and_says_so():
    house = House(FullDisk())
    with pytest.raises(Refused, match="in force now, but the disk did not take it") as refused:
        house.desk.set_mode(Mode.OFF)
    assert refused.value.status == 507
    assert house.desk.control.get().mode is Mode.OFF


@pytest.mark.parametrize(
    ("ask", "lasts_s"),
    [
        (BoostAsk(), 3 * 3600),
        (BoostAsk(for_s=90), 90),
        (BoostAsk(until="23:30"), 90 * 60),
        (BoostAsk(until="21:00"), 23 * 3600),
        (BoostAsk(until="2026-06-03T23:00:00"), 3600),
        (BoostAsk(until="2026-06-03T20:30:00+00:00"), 30 * 60),
        (BoostAsk(to_soc_percent=80), 24 * 3600),
        (BoostAsk(to_soc_percent=80, for_s=60), 60),
    ],
    ids=str,
)
def test_every_boost_has_an_end(ask, lasts_s):
    house = House()
    boost = house.desk.start_boost(ask)[0]
    assert boost.ends_mono_s == pytest.approx(500 + lasts_s)
    assert boost.ends_wall == EVENING + timedelta(seconds=lasts_s)


def test_until_is_right_in_the_night_when_an_hour_comes_twice():
    house = House(wall=datetime(2026, 10, 24, 23, 0, tzinfo=ZONE))
    boost = house.desk.start_boost(BoostAsk(until="07:00"))[0]
    assert boost.ends_mono_s == pytest.approx(500 + 9 * 3600)


@pytest.mark.parametrize(
    ("ask", "status", "words"),
    [
        (BoostAsk(charger_id="9999"), 404, "The chargers here: 3201, A7F4"),
        (BoostAsk(amps=48), 409, "6 to 32 A"),
        (BoostAsk(amps=20, charger_id="A7F4"), 409, "Carport can be given 6 to 16 A"),
        (BoostAsk(amps=5), 409, "6 to 32 A"),
        (BoostAsk(amps=float("nan")), 409, "not possible"),
        (BoostAsk(for_s=0), 422, "between 1 and 604800 seconds"),
        (BoostAsk(for_s=60, until="07:00"), 409, "one of them"),
        (BoostAsk(until="tomorrow"), 422, "must look like"),
        (BoostAsk(until="2020-01-01T00:00:00Z"), 409, "in the past"),
        (BoostAsk(until="2027-01-01T00:00:00Z"), 409, "too far away"),
        (BoostAsk(to_soc_percent=101), 422, "1 and 100"),
        (BoostAsk(to_energy_kwh=-1), 422, "above 0"),
    ],
    ids=str,
)
def test_a_bad_boost_is_refused_with_a_sentence_and_changes_nothing(ask, status, words):
    house = House()
    with pytest.raises(Refused, match=words) as refused:
        house.desk.start_boost(ask)
    assert refused.value.status == status
    assert house.boosts == ()
    assert house.woken == 0


def test_without_a_calendar_until_is_refused_and_for_s_works():
    house = House(wall=None)
    with pytest.raises(Refused, match="send for_s instead"):
        house.desk.start_boost(BoostAsk(until="07:15"))
    assert house.desk.start_boost(BoostAsk(for_s=60))[0].ends_wall is None


def test_ending_one_chargers_share_of_a_common_boost_leaves_the_others_theirs():
    house = House()
    house.desk.start_boost(BoostAsk(for_s=600))
    house.desk.end_boost("3201")
    assert [boost.charger_id for boost in house.boosts] == ["A7F4"]
    house.desk.end_boost("3201")
    assert [boost.charger_id for boost in house.boosts] == ["A7F4"]
    house.desk.end_boost()
    assert house.boosts == ()


def test_a_boost_ends_when_its_time_is_over_and_the_journal_hears_it():
    house = House()
    house.desk.start_boost(BoostAsk(for_s=600, charger_id="3201"))
    house.clock.advance(599)
    house.see()
    assert house.boosts
    house.clock.advance(1)
    house.see()
    assert not house.boosts
    assert house.told[-1].sentence == "The boost of Garage ended: its time is over."
    assert House(house.kept).boosts == ()


def test_a_boost_to_a_charge_ends_when_the_car_at_that_charger_has_it():
    house = House()
    vin = "5YJ3E1EA7KF317000"
    house.desk.start_boost(BoostAsk(to_soc_percent=80))
    house.desk.put_car(CarStatus(vin, soc_percent=79))
    house.see(ChargerStatus("3201", vin=vin))
    assert len(house.boosts) == 2
    house.desk.put_car(CarStatus(vin, soc_percent=80))
    house.see(ChargerStatus("3201", vin=vin))
    assert [boost.charger_id for boost in house.boosts] == ["A7F4"]


def test_a_boost_by_energy_counts_from_its_start_even_when_the_counter_was_unknown_then():
    house = House()
    house.desk.start_boost(BoostAsk(to_energy_kwh=5, charger_id="3201"))
    status = ChargerStatus("3201", energy_wh=1_000_000)
    house.see(status)
    house.see(replace(status, energy_wh=1_004_900))
    assert house.boosts
    house.see(replace(status, energy_wh=1_005_000))
    assert not house.boosts


def test_windows_are_added_replaced_in_place_and_taken_away():
    house = House()
    house.desk.put_windows([NIGHT, {**NIGHT, "name": "noon", "from": "12:00", "to": "13:00"}])
    house.desk.put_window("Night", {**NIGHT, "name": "Night", "to": "06:00"})
    assert [window.name for window in house.desk.windows.get()] == ["Night", "noon"]
    house.desk.delete_window("noon")
    with pytest.raises(Refused, match="no window 'noon'"):
        house.desk.delete_window("noon")
    with pytest.raises(Refused, match="there is no such charger"):
        house.desk.put_window("night", {**NIGHT, "charger": "Attic"})
    assert [window.name for window in house.desk.windows.get()] == ["Night"]


def test_a_window_of_one_day_leaves_the_settings_ones_to_the_settings():
    def names(house):
        return [window.name for window in house.desk.windows.get()]

    house = House(windows=read_windows([NIGHT]))
    tonight = {**NIGHT, "days": "wed", "until": "2026-06-03"}
    house.desk.put_window("plan", {**tonight, "name": "plan"})
    changed = read_windows([{**NIGHT, "name": "late night"}])  # somebody edits sunward.toml
    assert names(House(house.kept, windows=changed)) == ["late night", "plan"]
    house.desk.put_window("mine", {**NIGHT, "name": "mine"})  # a person's own, on the page
    assert names(House(house.kept, windows=changed)) == ["night", "plan", "mine"]
    house.desk.delete_window("mine")
    house.desk.delete_window("plan")
    assert names(House(house.kept, windows=changed)) == ["late night"]


def test_pushed_readings_go_straight_to_the_meters_or_are_refused():
    taken = []
    house = House(push=lambda role, reading, _: taken.append((role, reading.watts)))
    house.desk.push_reading("grid", Reading(-1200, 500.0, "pushed"))
    assert taken == [("grid", -1200)]
    assert house.woken == 1
    with pytest.raises(Refused, match="takes no pushed readings"):
        House().desk.push_reading("grid", Reading(-1200, 500.0, "pushed"))


def test_a_charger_can_be_held_at_fewer_amps_for_a_while():
    house = House()
    house.desk.limit(13, "3201", by="MQTT")
    assert house.desk.control.get().limit_by_charger == {"3201": 13.0}
    assert house.told[-1].sentence == "Garage may offer 13 A at the most, asked by MQTT."
    assert House(house.kept).desk.control.get().limit_by_charger == {"3201": 13.0}
    house.desk.limit(None, "3201")
    assert house.desk.control.get().limit_by_charger == {}


@pytest.mark.parametrize("amps", [5, 33, float("nan")])
def test_a_limit_that_the_wires_do_not_bear_is_refused(amps):
    house = House()
    with pytest.raises(Refused, match="6 to 32 A"):
        house.desk.limit(amps, "3201")


def test_an_order_to_leave_room_survives_a_restart_and_ends_by_itself():
    kept = KeptNowhere()
    house = House(kept)
    house.desk.dim(watts=4200.0, for_s=3600.0, by="the grid operator's box")
    assert house.told[-1].sentence == (
        "All chargers together may draw at most 4.2 kW until Wed 23:00, asked by the grid operator's box."
    )
    again = House(kept, wall=EVENING + timedelta(minutes=50), mono_s=20.0)
    assert again.desk.control.get().dimming.watts == 4200.0
    again.clock.advance(601)
    again.see()
    assert again.desk.control.get().dimming is None
    assert again.told[-1].sentence == "The limit for all chargers has ended: its time is over."
    house.desk.end_dim()
    assert house.desk.control.get().dimming is None


@pytest.mark.parametrize(
    "order",
    [{}, {"amps": -1.0}, {"watts": 1.0, "for_s": 0.0}, {"reserved_watts": (1.0,)}],
    ids=["nothing", "negative", "no time", "no fuse to keep free beside"],
)
def test_an_order_that_makes_no_sense_is_refused(order):
    house = House()
    with pytest.raises(Refused):
        house.desk.dim(**order)
    assert house.desk.control.get().dimming is None


class OneMore(KeptNowhere):
    """A disk that takes one change more, and then the power goes."""

    def put_all(self, values):
        if self.values:
            raise KeepError("the power went")
        super().put_all(values)


def test_a_backup_is_put_in_force_and_kept_in_one_piece():
    house = House(OneMore())
    house.desk.restore([NIGHT], Mode.OFF, {"A7F4": Mode.FAST}, by="10.0.0.7")
    assert [event.sentence for event in house.told] == [
        "A backup was restored: mode off, charging windows: 1, asked by 10.0.0.7."
    ]
    again = House(house.kept)
    assert [window.name for window in again.desk.windows.get()] == ["night"]
    control = again.desk.control.get()
    assert (control.mode, control.mode_by_charger) == (Mode.OFF, {"A7F4": Mode.FAST})


def test_a_backup_holds_as_a_whole_even_when_the_disk_is_full():
    house = House(FullDisk())
    with pytest.raises(Refused) as refused:
        house.desk.restore([NIGHT], Mode.OFF, {"A7F4": Mode.FAST})
    assert refused.value.status == 507
    control = house.desk.control.get()
    assert [window.name for window in house.desk.windows.get()] == ["night"]
    assert (control.mode, control.mode_by_charger) == (Mode.OFF, {"A7F4": Mode.FAST})
