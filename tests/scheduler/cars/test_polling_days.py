"""Days of a car, told by the calls that its maker's cloud saw."""


def test_a_car_that_is_away_gets_no_call_in_a_day(street):
    street.settings().live(86400, step_s=300)
    assert street.counts == {}


def test_an_unplugged_car_at_home_gets_no_call_either(street):
    street.settings()
    street.plug()
    street.live(600)
    street.unplug()
    street.live(30)
    seen = dict(street.counts)
    street.live(86400, step_s=300)
    assert street.counts == seen
    assert street.shown["plugged"] is False


def test_a_plugged_car_is_read_once_and_then_let_asleep(street):
    street.settings()
    street.plug()
    street.live(86400, step_s=240)
    assert street.counts == {"free": 1, "data": 1}
    assert not street.car.awake(street.now_s)
    assert street.shown["soc_percent"] == 54
    assert street.shown["limit_percent"] == 80


def test_a_sleeping_car_found_at_the_start_is_left_alone(street):
    street.settings()
    street.plug()
    street.car.busy_s -= 3600
    street.live(86400, step_s=240)
    assert street.counts == {"free": 1}
    assert street.shown["asleep"] is True


def test_a_charging_car_is_asked_every_five_minutes_and_counted_between_them(street):
    street.settings()
    street.offer = 16
    street.plug()
    street.live(3600)
    assert 11 <= street.counts["data"] <= 15
    assert street.shown["charging_state"] == "Charging"
    assert abs(street.shown["soc_percent"] - street.car.soc_percent) <= 1


def test_a_full_car_is_asked_why_once_and_then_sleeps_under_the_sun(street):
    street.settings()
    street.car.soc_percent = 79.5
    street.offer = 16
    street.plug()
    street.live(3600)
    assert street.car.charging_state == "Complete"
    seen = dict(street.counts)
    street.wants_it = "start"  # the sun goes on offering
    street.live(6 * 3600, step_s=240)
    assert street.counts == seen
    assert street.kinds.count("limit_reached") == 1
    assert not street.car.awake(street.now_s)


def test_two_ticks_of_cron_see_the_same_day(street):
    street.settings()
    street.plug()
    street.live(86400, step_s=300)
    assert street.counts == {"free": 1, "data": 1}
