"""Stories of letters, told on the fake clock with a real outbox on disk."""

from datetime import UTC, datetime, time, timedelta

import pytest

from notify.events import Event
from notify.post import LOOK_EVERY_S, Post, deliver
from tests.notify.street import VIENNA, House, Shelf

NIGHT = (time(22), time(7))


@pytest.fixture
def quiet_house(tmp_path):
    return House(tmp_path / "outbox.db", quiet=NIGHT)


def test_a_lost_charger_is_one_letter_and_its_return_another(house):
    house.note("charger_lost", "Garage", "Garage no longer answers.")
    house.wait(minutes=5)
    assert house.told == ["Home: Garage no longer answers."]
    house.wait(minutes=55)
    house.note("charger_back", "Garage", "Garage answers again.")
    house.wait(minutes=5)
    assert house.told[1:] == ["Home: Garage answers again."]
    assert "From 10:00 to 11:00 · 1 h" in house.shelf.letters[1].text


def test_a_critical_trouble_is_told_at_once(house):
    house.note("second_master")
    house.deliver()
    assert house.told == ["⚠ Home: second_master"]


def test_a_storm_of_1000_errors_is_one_letter_and_a_count(house):
    for _ in range(1000):
        house.note("powerwall_failed", "Powerwall", "The Powerwall refused the change.")
    house.wait(minutes=30)
    assert house.told == ["Home: The Powerwall refused the change. (1,000 times)"]
    assert house.outbox.pending() == (0, 0)


def test_a_trouble_that_goes_on_is_told_again_after_1_6_and_24_hours_then_daily(house):
    hours = []
    for minute in range(0, 4 * 24 * 60, 10):
        house.note("powerwall_failed", "Powerwall")
        before = len(house.told)
        house.wait(minutes=10)
        if len(house.told) > before:
            hours.append(round(minute / 60))
    assert hours == [0, 1, 7, 31, 55, 79]
    assert "times)" in house.told[-1]


def test_1000_errors_of_different_things_are_few_letters_within_the_cap(house):
    for number in range(1000):
        house.note("job_failed", f"job {number}")
        if number % 10 == 9:
            house.wait(minutes=1)
    house.wait(hours=2)
    made = [letter.made for letter in house.shelf.letters]
    assert len(made) <= 12
    assert all(sum(at <= other < at + timedelta(hours=1) for other in made) <= 8 for at in made)
    assert house.outbox.pending() == (0, 0)
    assert any("+" in subject for subject in house.told)


def test_a_burst_within_half_a_minute_is_one_letter(house):
    house.note("charger_lost", "Garage")
    house.wall += timedelta(seconds=10)
    assert house.deliver().next == house.wall + timedelta(seconds=20)
    house.note("charger_lost", "Carport")
    house.wait(seconds=60)
    assert house.told == ["Home: charger_lost Garage +1 more"]


def test_what_comes_and_goes_before_anybody_is_told_is_one_line_of_the_digest(house):
    house.note("meter_stale", "grid", "The grid meter is silent.")
    house.wall += timedelta(seconds=5)
    house.note("meter_back", "grid")
    house.until(18, 59)
    assert house.told == []
    house.until(19, 1)
    assert house.told == ["Home: Monday 1 June, one notice"]
    assert "Came and went: 10:00" in house.shelf.letters[0].text


def test_an_end_without_a_told_trouble_is_not_told(house):
    house.note("charger_back", "Garage")
    house.wait(days=1, every_s=3600)
    assert house.told == []
    assert house.outbox.pending() == (0, 0)


def test_a_flapping_charger_does_not_write_a_letter_each_time(house):
    for _ in range(100):
        house.note("charger_lost", "Garage")
        house.wait(minutes=1)
        house.note("charger_back", "Garage")
        house.wait(minutes=1)
    house.wait(hours=24, every_s=600)
    assert len(house.told) <= 8


def test_a_trouble_that_returns_the_next_day_is_new(house):
    for _ in range(3):
        house.note("charger_lost", "Garage")
        house.wait(minutes=2)
        house.note("charger_back", "Garage")
        house.wait(days=2, every_s=3600)
    assert len(house.told) == 6


def test_the_day_is_told_in_one_digest(house):
    for car in ("Blue", "Red"):
        house.note("charging_started", car)
        house.note("charging_finished", car, f"{car} took 12 kWh.", data={"solar_wh": 9000, "grid_wh": 3000})
    house.until(19, 5)
    assert house.told == ["Home: Monday 1 June, 4 notices"]
    assert "Solar: 9.0 kWh" in house.shelf.letters[0].text
    house.until(19, 5, every_s=600)
    assert len(house.told) == 1


def test_a_digest_that_was_missed_while_the_computer_was_off_comes_later(house):
    house.note("car_full", "Blue")
    house.wall += timedelta(hours=30)
    house.deliver()
    assert len(house.told) == 1


def test_a_report_is_a_letter_of_its_own(house):
    house.note("weekly_report", "", "240 kWh, 81 % of it from the sun.", data={"saved_eur": 51.2})
    house.wait(minutes=1)
    assert house.told == ["Home: 240 kWh, 81 % of it from the sun."]
    assert "Saved: 51.20 EUR" in house.shelf.letters[0].text


def test_the_owner_chooses_by_kind_and_by_severity(tmp_path):
    choices = {"charging_started": "now", "bus_port_lost": "never"}
    house = House(tmp_path / "outbox.db", by_kind=choices, by_severity={"warning": "digest"})
    for kind in ("charging_started", "bus_port_lost", "fuse_cut"):
        house.note(kind)
    house.wait(minutes=5)
    assert house.told == ["Home: charging_started"]
    house.note("bus_port_back")
    house.until(19, 1)
    assert house.told[1:] == ["Home: Monday 1 June, one notice"]
    assert "fuse_cut" in house.shelf.letters[1].text


def test_a_kind_nobody_knows_is_told_by_its_severity(house):
    house.note("sauna_warm", "", "The sauna is warm.")
    house.wait(minutes=5)
    assert house.told == []
    house.until(19, 1)
    assert "The sauna is warm." in house.shelf.letters[0].text


# --- quiet hours -----------------------------------------------------------------------------------


def test_at_night_only_the_critical_is_told_and_its_end(quiet_house):
    house = quiet_house
    house.until(23, every_s=600)
    house.note("charger_lost", "Garage")
    house.wait(hours=1)
    assert house.told == []
    house.note("second_master", "bus")
    house.deliver()
    assert house.told == ["⚠ Home: second_master bus +1 more"]
    house.note("second_master_gone", "bus")
    house.deliver()
    assert house.told[1] == "Home: second_master_gone bus"
    house.note("charger_back", "Garage")
    house.until(6, 59)
    assert len(house.told) == 2
    house.until(7, 1)
    assert house.told[2:] == ["Home: charger_back Garage"]


@pytest.mark.parametrize(
    ("evening", "hours"),
    [((3, 28), 8), ((10, 24), 10), ((6, 1), 9)],
    ids=["spring forward", "fall back", "an ordinary night"],
)
def test_quiet_hours_end_at_the_same_time_of_day_when_clocks_change(tmp_path, evening, hours):
    evening = datetime(2026, *evening, 22, tzinfo=VIENNA)
    house = House(tmp_path / "outbox.db", evening, quiet=NIGHT)
    house.note("charger_lost", "Garage")
    house.wait(hours=hours - 0.02)
    assert house.told == []
    house.wait(hours=0.03)
    assert house.told == ["Home: charger_lost Garage"]


def test_quiet_hours_inside_the_doubled_hour_end_once(tmp_path):
    house = House(
        tmp_path / "outbox.db", datetime(2026, 10, 25, 1, 0, tzinfo=VIENNA), quiet=(time(0), time(2, 30))
    )
    house.note("charger_lost", "Garage")
    house.wait(minutes=149)  # 02:30 comes at 00:30 UTC and again at 01:30 UTC
    assert house.told == []
    house.wait(minutes=2)
    assert len(house.told) == 1


def test_a_digest_time_that_the_clock_change_skips_still_comes(tmp_path):
    house = House(tmp_path / "outbox.db", datetime(2026, 3, 29, 1, 0, tzinfo=VIENNA), digest_at=time(2, 30))
    house.note("car_full", "Blue")
    house.wait(hours=3)
    assert len(house.told) == 1


# --- bad days --------------------------------------------------------------------------------------


def test_three_days_without_a_mail_server_end_in_two_letters_and_nothing_lost(house):
    house.shelf.down = "later"
    for hour in range(72):
        house.note("powerwall_failed", f"battery {hour}", f"Battery {hour} failed.")
        house.wait(hours=1, every_s=300)
    assert house.told == []
    house.shelf.down = None
    attempts = house.shelf.attempts
    house.wait(hours=2)
    assert attempts <= 72 + 4
    assert len(house.told) == 2
    text = "".join(letter.text for letter in house.shelf.letters)
    lost = [hour for hour in range(72) if f"Battery {hour} failed." not in text]
    more = sum(1 for line in text.splitlines() if line == "And more")
    assert more == 1
    assert len(lost) == 12  # beyond sixty lines a letter counts: "12 times"
    assert "12 times" in text


def test_a_refused_letter_is_given_up_and_the_next_one_goes(house):
    house.shelf.down = "letter"
    house.note("charger_lost", "Garage")
    house.wait(hours=10)
    assert house.shelf.attempts == 3
    house.shelf.down = None
    house.note("bus_port_lost", "line")
    house.wait(minutes=5)
    assert house.told == ["Home: bus_port_lost line"]
    assert [job.state for job in house.outbox.letters()] == ["given up", "sent"]


def test_a_refused_sign_in_is_tried_seldom_and_never_given_up(house):
    house.shelf.down = "settings"
    house.note("charger_lost", "Garage")
    house.wait(days=7, every_s=600)
    assert house.shelf.attempts <= 7 * 24 + 2
    house.shelf.down = None
    house.deliver(hurry=True)
    assert len(house.told) == 1


def test_a_clock_that_jumps_back_a_year_holds_nothing_back(house):
    house.shelf.down = "later"
    house.note("charger_lost", "Garage")
    house.wait(minutes=10)
    house.shelf.down = None
    house.wall -= timedelta(days=365)
    house.note("bus_port_lost", "line")
    house.wait(minutes=5)
    assert len(house.told) == 2


def test_what_is_noted_before_the_clock_is_set_is_told_when_it_is(house):
    wall, house.wall = house.wall, None
    house.note("charger_lost", "Garage")
    house.wall = wall
    house.wait(minutes=2)
    assert len(house.told) == 1


def test_two_channels_fail_and_work_apart(house):
    good, bad = house.shelf, Shelf("other")
    bad.down = "later"
    house.note("charger_lost", "Garage")
    house.wall += timedelta(minutes=1)
    for _ in range(3):
        deliver(house.outbox, [bad, good], house.policy, house.style, house.wall)
        house.wall += timedelta(minutes=10)
    assert (len(good.letters), len(bad.letters)) == (1, 0)
    bad.down = None
    deliver(house.outbox, [bad, good], house.policy, house.style, house.wall + timedelta(hours=1))
    assert (len(good.letters), len(bad.letters)) == (1, 1)


def test_a_month_of_a_calm_house_is_few_letters(tmp_path):
    house = House(tmp_path / "outbox.db", datetime(2026, 6, 1, 0, 0, tzinfo=UTC), quiet=NIGHT)
    for _ in range(30):
        house.note("charging_started", "Blue")
        house.wait(hours=8, every_s=1200)
        house.note("charging_finished", "Blue")
        house.wait(hours=11, every_s=1200)
        house.note("end_of_day", "", "18 kWh from the sun.")
        house.wait(hours=5, every_s=1200)
    assert len(house.told) == 60


def test_the_post_as_a_part_delivers_and_says_when_to_look_again(house):
    post = Post(house.outbox, [house.shelf], house.policy, house.style)
    assert post.step(None) == LOOK_EVERY_S
    assert post.step(house.wall) == LOOK_EVERY_S
    house.note("charger_lost", "Garage")
    wait_s = post.step(house.wall + timedelta(seconds=15))
    assert wait_s == 15.0
    assert post.step(house.wall + timedelta(seconds=30)) == LOOK_EVERY_S
    assert post.report.sent == 1
    assert len(house.told) == 1


def test_one_piece_of_good_news_may_end_two_troubles(house):
    for trouble in ("history_unwritable", "history_corrupt"):
        house.note(trouble, "history")
    house.wait(minutes=2)
    for trouble in ("history_unwritable", "history_corrupt"):
        again = Event("history_written_again", f"No more {trouble}.", subject="history", recovers=trouble)
        house.outbox.append([again], house.wall)
    house.wait(minutes=5)
    assert house.told[1] == "Home: No more history_unwritable. +1 more"


def test_a_neighbour_hears_only_of_the_worst_and_of_its_end(house):
    neighbour = Shelf("neighbour", least="critical")
    house.shelves.append(neighbour)
    house.note("charger_lost", "3201")
    house.note("charging_finished", "3201")
    house.wait(minutes=2)
    assert len(house.told) == 1
    assert neighbour.letters == []

    house.note("second_master", "1234")
    house.wait(minutes=2)
    house.note("second_master_gone", "1234")
    house.wait(minutes=10)
    house.until(20)
    assert len(neighbour.letters) == 2
    assert "second_master 1234" in neighbour.letters[0].text
    assert all("3201" not in letter.text for letter in neighbour.letters)
    assert "3201" in house.shelf.letters[-1].text  # the digest of the other
