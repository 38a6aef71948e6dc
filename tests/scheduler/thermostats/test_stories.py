"""The pre-cool and the thermostat controller as stories, on the fake clock and a touchy portal."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from notify.settings import SettingsError
from scheduler.clock import FakeClock
from scheduler.forecast.known import path_of
from scheduler.rooms import jobs_of
from scheduler.settings import SchedulerSettings
from simulator.clouds.honeywell import HoneywellPortal, Stat
from simulator.clouds.powerwall import PowerwallCloud
from simulator.clouds.web import Answer

PHOENIX = ZoneInfo("America/Phoenix")
LOS_ANGELES = ZoneInfo("America/Los_Angeles")
RULES = """
[thermostats]
address = "{portal}"
holidays = ["us-utility"]
from = "14:00"
to = "20:15"
steps = [
    {{ battery_percent = 50, degrees = 2 }},
    {{ battery_percent = 35, degrees = 2 }},
    {{ battery_percent = 20, degrees = 4 }},
]
precool = {{ from = "12:00", setpoint = 67, battery_below = 40, hotter_than = 105 }}
{more}
[battery]
site = "1234567"
address = "{cloud}"
[forecast]
latitude = 33.45
longitude = -112.07
planes = [{{ kwp = 5 }}]
degrees = "F"
address = "http://127.0.0.1:1"
"""


FORECAST = "[forecast]\nlatitude = 1\nlongitude = 1\nplanes = [{ kwp = 5 }]\n"


class House:
    def __init__(self, config, house, wall, more="", zone=PHOENIX):
        self.clock = FakeClock(datetime.fromisoformat(wall).replace(tzinfo=zone))

        def now():
            return self.clock.wall.timestamp()

        self.portal = HoneywellPortal(now, _2200042=Stat("Downstairs"), _2200043=Stat("Upstairs")).start()
        self.portal.zone = zone
        self.down, self.up = self.portal.stats.values()
        self.cloud = PowerwallCloud(now).start()
        self.pack = self.cloud.pack
        listen = SchedulerSettings.load(config).agent_url.removeprefix("http://")
        text = RULES.format(portal=self.portal.web.url, cloud=self.cloud.cloud.url, more=more)
        config.write_text(f'[site]\ntimezone = "{zone.key}"\n[web]\nlisten = "{listen}"\n{text}')
        secrets = config.with_name("credentials.env")
        secrets.write_text("TESLA_ACCESS_TOKEN=good\nHONEYWELL_USER=me\nHONEYWELL_PASSWORD=right\n")
        secrets.chmod(0o600)
        self.config, self._house = config, house
        self.home = self.again()

    def again(self, **more):
        jobs = [job for job in jobs_of(SchedulerSettings.load(self.config)) if job.name == "thermostats"]
        self.home = self._house(*jobs, clock=self.clock, **more)
        return self.home

    def until(self, clock, charge=None, every_s=300):
        """Ticks until the clock shows this; the battery falls evenly to `charge` (per cent) meanwhile."""
        hour, minute = clock.split(":")
        goal = self.clock.wall.replace(hour=int(hour), minute=int(minute)).timestamp()
        steps = max(1, int((goal - self.clock.wall.timestamp()) / every_s))
        fall = 0 if charge is None else (self.pack.charge_percent - charge) / steps
        said = []
        for _ in range(steps):
            self.pack.charge_percent -= fall
            said += [line for one in self.home.after(every_s) for line in one.sentences]
        return said

    def live(self, seconds, every_s=300):
        """Ticks for so long; a clock change or not."""
        for _ in range(round(seconds / every_s)):
            self.home.after(every_s)

    @property
    def heat(self):
        return self.down.heat, self.up.heat

    @property
    def told(self):
        return [event.kind for event in self.home.told]

    @property
    def cool(self):
        return self.down.cool, self.up.cool


@pytest.fixture
def home(config, house):
    started = []

    def start(wall="2026-06-10T11:50", more="", zone=PHOENIX):
        started.append(House(config, house, wall, more, zone))
        return started[-1]

    yield start
    for one in started:
        one.portal.stop()
        one.cloud.stop()


def test_a_summer_afternoon_in_three_steps_and_everything_is_given_back(home):
    house = home()
    house.until("14:30", charge=52)
    assert (house.cool, house.told) == ((76, 76), [])
    house.until("15:00", charge=45)
    assert house.cool == (78, 78)
    assert house.told == ["thermostat_done"] * 2
    says = "Downstairs goes from 76 to 78 degrees until 20:15: the battery is at "
    assert house.home.told[0].sentence.startswith(says)
    house.until("17:00", charge=30)
    assert house.cool == (80, 80)
    house.until("18:30", charge=15)
    assert house.cool == (84, 84)
    assert (house.down.status, house.down.until_quarter) == (1, 81)
    house.until("20:30")
    assert (house.cool, house.down.status) == ((76, 76), 0)
    assert house.portal.counts["sign-in"] == 1
    assert house.portal.counts["GET /Device/CheckDataSession"] < 60


def test_a_jump_past_all_steps_is_the_largest_and_not_the_sum(home):
    house = home()
    house.until("14:10")
    house.pack.charge_percent = 12.0
    house.until("17:00")
    assert house.cool == (80, 80)
    assert house.told == ["thermostat_done"] * 2


def test_one_dead_thermostat_never_raises_the_others_again_and_gets_its_own_when_it_is_back(home):
    house = home()
    house.down.dead = True
    house.until("16:00", charge=48)
    assert house.cool == (76, 78)
    assert sorted(house.told) == ["thermostat_done", "thermostat_failed"]
    house.until("18:00")
    assert house.cool == (76, 78)
    assert len(house.told) == 2
    house.down.dead = False
    house.until("18:30")
    assert house.cool == (78, 78)
    assert house.told.count("thermostat_done") == 2
    assert house.home.told[-1].recovers == "thermostat_failed"


def test_it_never_goes_above_the_owners_bound_nor_below(home):
    house = home(more="highest = 79")
    house.down.cool, house.up.cool = 78, 83
    house.until("17:00", charge=10)
    assert house.cool == (79, 83)


@pytest.mark.parametrize("switch", [0, 1, 2])
def test_a_thermostat_that_does_not_cool_is_left_alone(home, switch):
    house = home()
    house.down.switch = switch
    house.until("17:00", charge=10)
    assert house.cool[0] == 76


@pytest.mark.parametrize("day", ["2026-06-13T11:50", "2026-09-07T11:50", "2026-12-09T11:50"])
def test_weekends_holidays_and_winters_are_left_alone(home, day):
    house = home(day)
    house.until("19:00", charge=5)
    assert (house.cool, sum(house.portal.counts.values())) == ((76, 76), 0)


def test_a_low_battery_at_noon_cools_before_the_peak(home):
    house = home()
    house.pack.charge_percent = 38.25
    house.until("12:30")
    assert house.cool == (67, 67)
    assert (
        house.home.told[0].sentence == "Downstairs cools to 67 degrees until 14:00: the battery is at 38.2 %."
    )
    assert house.down.until_quarter == 56
    assert house.portal.counts["POST /Device/SubmitControlScreenChanges"] == 2


def test_a_hot_day_cools_before_the_peak_and_a_mild_one_does_not(home):
    house = home()
    noon = house.clock.wall.replace(hour=15).timestamp()
    file = path_of(house.home.settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'{{"factor": 1, "slots": [], "heat": [[{noon}, 35.0]]}}')
    house.until("12:20")
    assert house.cool == (76, 76)
    house.home.runner.folder.joinpath("thermostats.json").unlink()
    file.write_text(f'{{"factor": 1, "slots": [], "heat": [[{noon}, 41.5]]}}')
    house.until("12:40")
    assert house.cool == (67, 67)
    assert "107 degrees are forecast" in house.home.told[0].sentence


def test_a_pre_cool_never_warms_and_keeps_the_dead_band(home):
    house = home()
    house.pack.charge_percent = 30
    house.down.cool, house.up.switch = 65, 4
    house.until("13:00")
    assert house.cool == (65, 69)  # auto: heat 66 plus the dead band of 3


def test_a_person_who_changes_it_meanwhile_wins(home):
    house = home()
    house.until("15:00", charge=45)
    house.down.cool, house.down.ends_s = 72, None
    house.until("19:00", charge=40)
    assert house.cool == (72, 78)
    house.until("20:30")
    assert house.cool == (72, 76)


def test_a_change_that_did_not_stay_is_done_again_and_then_told(home):
    house = home()
    house.down.deaf = True
    house.until("18:00", charge=45)
    assert house.cool == (76, 78)
    assert house.told.count("thermostat_failed") == 1
    assert any("does not keep what it is set to" in event.sentence for event in house.home.told)


def test_a_permanent_hold_comes_back(home):
    house = home()
    house.down.cool, house.down.status = 77, 2
    house.until("15:00", charge=45)
    assert (house.down.cool, house.down.status) == (79, 1)
    house.until("20:30")
    assert (house.down.cool, house.down.status) == (77, 2)


def test_a_permanent_hold_comes_back_when_a_pre_cool_is_over(home):
    house = home()
    house.pack.charge_percent = 30
    house.down.cool, house.down.status = 79, 2
    house.until("13:00")
    assert (house.down.cool, house.down.status) == (67, 1)
    house.pack.charge_percent = 95
    house.until("14:10")
    assert (house.down.cool, house.down.status) == (79, 2)
    house.until("16:00", charge=45)
    assert (house.down.cool, house.down.status) == (81, 1)
    house.until("20:30")
    assert (house.down.cool, house.down.status) == (79, 2)


@pytest.mark.parametrize(("clock", "charge", "cool"), [("15:00", 45, 78), ("13:00", 30, 67)])
def test_a_change_whose_answer_was_lost_is_not_made_twice(home, clock, charge, cool):
    house = home()
    house.pack.charge_percent = charge
    house.portal.late = [("/Submit", Answer("", 0))]
    house.until(clock, charge=charge)
    assert house.cool == (cool, cool)
    house.portal.late = []
    house.again()  # whoever was killed in between has the same memory
    house.until(f"{clock[:2]}:55")
    assert house.cool == (cool, cool)
    assert set(house.told) <= {"thermostat_failed", "thermostat_done"}
    house.pack.charge_percent = 95
    house.until("20:30")
    assert house.cool == (76, 76)


def test_whoever_is_killed_when_a_thermostat_was_set_does_not_set_it_back_again(home):
    house = home()
    house.pack.charge_percent = 45
    house.until("13:55")

    def dies(event):
        raise KeyboardInterrupt

    house.again(tell=dies)  # the letter is the first thing after the portal's answer
    with pytest.raises(KeyboardInterrupt):
        house.until("14:20")
    assert house.cool == (78, 76)
    house.again()
    house.until("15:00")
    assert house.cool == (78, 78)


def test_a_restart_in_the_peak_raises_nothing_twice_and_signs_in_no_more(home):
    house = home()
    house.until("15:00", charge=45)
    house.again()
    house.until("16:30")
    assert house.cool == (78, 78)
    assert house.portal.counts["sign-in"] == 1


# --- in winter, and by the time that is left --------------------------------------------------------

WINTER = """
[[thermostats.heating]]
from = "06:00"
to = "09:00"
steps = [{ battery_percent = 60, degrees = 2 }, { battery_percent = 30, degrees = 4 }]
[[thermostats.heating]]
from = "17:00"
to = "21:00"
steps = [{ battery_percent = 50, degrees = 2 }, { battery_percent = 20, degrees = 4 }]
preheat = { from = "15:00", setpoint = 72, battery_below = 60, colder_than = 35 }
lowest = 62
"""


def test_a_winter_weekday_lowers_the_heat_in_both_peaks_and_gives_it_back(home):
    house = home("2026-12-09T05:50", more=WINTER)
    house.down.switch = house.up.switch = 1
    house.pack.charge_percent = 70
    house.until("07:30", charge=55)
    assert house.heat == (64, 64)
    says = "Downstairs goes from 66 to 64 degrees until 09:00: the battery is at "
    assert house.home.told[0].sentence.startswith(says)
    assert house.down.until_quarter == 36
    house.until("09:15")
    assert house.heat == (66, 66)
    house.pack.charge_percent = 95
    house.until("16:50")
    assert house.heat == (66, 66)  # full, and no word of the cold: nothing is done before
    house.until("18:00", charge=45)
    assert house.heat == (64, 64)
    house.until("20:00", charge=12)
    assert house.heat == (62, 62)  # four more degrees, but never below the owner's bound
    house.until("21:15")
    assert (house.heat, house.cool, house.down.status) == ((66, 66), (76, 76), 0)


def test_a_low_battery_heats_before_the_evening_and_never_against_the_dead_band(home):
    house = home("2026-12-09T14:50", more=WINTER)
    house.down.switch, house.up.switch, house.up.cool = 1, 4, 73
    house.pack.charge_percent = 40
    house.until("15:20")
    assert house.heat == (72, 70)  # upstairs is in auto: cool 73 less the dead band of 3
    assert (
        house.home.told[0].sentence == "Downstairs heats to 72 degrees until 17:00: the battery is at 40.0 %."
    )
    assert house.down.until_quarter == 68


@pytest.mark.parametrize(("lowest_c", "heat"), [(3.0, 66), (1.0, 72)])
def test_a_cold_day_heats_before_the_evening_and_a_mild_one_does_not(home, lowest_c, heat):
    house = home("2026-12-09T14:50", more=WINTER)
    house.down.switch = 1
    file, at_s = path_of(house.home.settings), house.clock.wall.timestamp()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'{{"factor": 1, "slots": [], "heat": [[{at_s}, {lowest_c}], [{at_s + 3600}, 9.0]]}}')
    house.until("15:20")
    assert house.down.heat == heat


def test_a_thermostat_that_cools_is_left_alone_in_winter(home):
    house = home("2026-12-09T16:50", more=WINTER)
    house.until("19:00", charge=10)
    assert (house.heat, house.cool) == ((66, 66), (76, 76))


@pytest.mark.parametrize("day", ["2026-12-25T05:50", "2026-12-12T05:50", "2026-06-10T05:50"])
def test_holidays_weekends_and_summers_leave_the_heat_alone(home, day):
    house = home(day, more=WINTER)
    house.down.switch = house.up.switch = 1
    house.until("20:00", charge=5)
    assert house.heat == (66, 66)


def test_a_dead_heater_gets_its_own_and_a_person_wins(home):
    house = home("2026-12-09T16:50", more=WINTER)
    house.down.switch = house.up.switch = 1
    house.down.dead = True
    house.until("18:00", charge=45)
    assert house.heat == (66, 64)
    house.up.heat, house.up.ends_s = 70, None
    house.down.dead = False
    house.until("19:00", charge=40)
    assert house.heat == (64, 70)
    house.until("21:15")
    assert house.heat == (66, 70)


TIME_LEFT = """
[[thermostats.heating]]
from = "17:00"
to = "21:00"
steps = [{ lasts_minutes = 120, degrees = 1 }, { lasts_minutes = 60, degrees = 2 }]
"""


def test_the_time_that_is_left_is_measured_by_the_fall_and_counts_only_within_the_peak(home):
    house = home("2026-12-09T16:50", more=TIME_LEFT)
    house.down.switch = house.up.switch = 1
    house.pack.reserve = 20
    house.until("17:20", charge=62)  # 0.6 % a minute: at 17:15 it would reach its 20 % in 75 minutes
    assert house.heat == (65, 65)
    assert " and lasts " in house.home.told[0].sentence
    house.until("18:55", charge=61)  # calm: it lasts far beyond the peak
    assert house.heat == (65, 65)
    house.until("19:35", charge=40)
    assert house.heat == (63, 63)


def test_a_step_may_ask_for_much_of_the_peak_to_come(home):
    steps = "steps = [{ battery_percent = 75, degrees = 2, peak_minutes_left = 120 }]"
    rules = f'[[thermostats.heating]]\nfrom = "17:00"\nto = "21:00"\n{steps}\n'
    house = home("2026-12-09T16:50", more=rules)
    house.down.switch = house.up.switch = 1
    house.until("19:05")
    house.pack.charge_percent = 70.0
    house.until("20:50")  # with less than two hours to come it is let fall
    assert house.heat == (66, 66)


@pytest.mark.parametrize(("day", "utc"), [("2026-03-08", 7), ("2026-11-01", 8)])
def test_both_dst_days_set_back_and_give_back_by_the_clock_on_the_wall(home, day, utc):
    rules = WINTER.replace('from = "06:00"', 'days = "sun"\nfrom = "00:30"').replace(
        'to = "09:00"', 'to = "05:00"'
    )
    house = home(f"{day}T00:20", more=rules, zone=LOS_ANGELES)
    house.down.switch = house.up.switch = 1
    house.pack.charge_percent = 50.0
    house.live(3600)
    assert house.heat == (64, 64)
    begins = house.clock.wall.timestamp()
    while house.heat == (64, 64):
        house.live(300)
    hours = (house.clock.wall.timestamp() - begins) / 3600
    assert hours == pytest.approx({7: 2.67, 8: 4.67}[utc], abs=0.2)
    assert f"{house.clock.wall:%H}" == "05"


# --- the portal's bad days -------------------------------------------------------------------------


def test_a_session_that_died_silently_is_signed_in_again_once(home):
    house = home()
    house.until("15:00", charge=45)
    house.portal.end_session()
    house.until("17:00", charge=30)
    assert house.cool == (80, 80)
    assert house.portal.counts["sign-in"] == 2


def test_sessions_that_die_at_once_never_lock_the_account(home):
    house = home()
    house.portal.troubles = [("/Location", Answer("<html>Log in</html>"))]
    house.until("18:00", charge=45)
    assert house.portal.locked_until_s == 0
    assert house.portal.counts["sign-in"] <= 25


def test_a_lock_out_is_told_once_and_waited_out(home):
    house = home()
    house.portal.locked_until_s = house.clock.wall.replace(hour=16).timestamp()
    house.until("15:55", charge=45)
    assert house.told == ["thermostat_locked_out"]
    assert "Honeywell has locked the account: too many attempts." in house.home.told[0].sentence
    assert sum(house.portal.counts.values()) < 20
    house.until("17:30")
    assert house.cool == (78, 78)


def test_a_wrong_password_is_told_and_rarely_tried(home):
    house = home()
    house.portal.password = "other"
    house.until("19:00", charge=45)
    assert house.told == ["thermostat_locked_out"]
    assert "see HONEYWELL_USER and HONEYWELL_PASSWORD" in house.home.told[0].sentence
    assert house.portal.counts["sign-in"] <= 8
    assert "right" not in house.home.told[0].sentence


def test_a_portal_that_is_down_is_told_in_words_and_so_is_its_return(home):
    house = home()
    house.portal.troubles = [("/portal", Answer("Service Unavailable", 503))]
    said = house.until("16:00", charge=45)
    assert house.told == ["thermostat_failed"]
    assert house.home.told[0].sentence == "Honeywell's portal answers HTTP 503."
    assert not any("crashed" in line for line in said)
    house.portal.troubles = []
    house.until("17:00")
    assert house.cool == (78, 78)
    assert "The thermostats' portal answers again." in [event.sentence for event in house.home.told]


def test_a_charge_that_is_not_known_at_noon_is_asked_again_until_the_peak(home):
    house = home()
    house.pack.charge_percent = 30
    house.cloud.troubles = [("", Answer({}, 503))]
    house.until("12:30")
    assert house.cool == (76, 76)
    house.cloud.troubles = []
    house.until("13:00")
    assert house.cool == (67, 67)


def test_an_unknown_charge_changes_nothing(home):
    house = home()
    house.cloud.troubles = [("", Answer({}, 503))]
    said = house.until("15:00")
    assert "The battery's charge is not known, so the thermostats stay as they are." in said
    assert house.cool == (76, 76)


def test_a_dry_run_changes_nothing(home):
    house = home()
    house.until("14:20")
    house.pack.charge_percent = 40
    house.again(dry_run=True)
    house.until("15:00")
    assert (house.cool, house.told) == ((76, 76), [])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            'devices = ["Attic"]',
            "There is no thermostat 'attic'; the account has Downstairs (2200042), Upstairs",
        ),
    ],
)
def test_an_unknown_name_lists_those_that_are(home, text, says):
    house = home(more=text)
    assert says in " ".join(house.until("15:00", charge=45))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "write HONEYWELL_USER=... and HONEYWELL_PASSWORD=... into credentials.env."),
        ('from = "21:00"', "from must be before to"),
        ("lowest = 90", "lowest must be below highest"),
        (
            "steps = [{ battery_percent = 20, degrees = 2 }, { battery_percent = 50, degrees = 2 }]",
            "steps go down",
        ),
        ("steps = [{ degrees = 2 }]", "a step needs battery_percent or lasts_minutes"),
        (
            '[[thermostats.heating]]\npreheat = { from = "18:00", setpoint = 70 }',
            "preheat begins before from",
        ),
        (
            '[[thermostats.heating]]\npreheat = { from = "15:00", setpoint = 70, colder_than = 30 }',
            "thermostats.preheat.colder_than: it needs the weather: add [forecast].",
        ),
        (
            f"precool = {{ setpoint = 67, hotter_than = 105 }}\n{FORECAST}",
            "thermostats.precool.hotter_than: 105 looks like Fahrenheit",
        ),
        (
            '[[thermostats.heating]]\npreheat = { from = "15:00", setpoint = 70, colder_than = 30 }\n'
            + FORECAST,
            "thermostats.preheat.colder_than: 30 looks like Fahrenheit",
        ),
    ],
)
def test_wrong_settings_are_one_sentence(config, text, says):
    config.write_text(f"[thermostats]\n{text}\n")
    with pytest.raises(SettingsError) as refused:
        jobs_of(SchedulerSettings.load(config))
    assert says in " ".join(refused.value.problems)
