"""The peak manager and the end-of-day letter as stories: summer, winter, holiday, DST, and every bad day."""

import json

import pytest

from notify.settings import SettingsError
from scheduler.battery import look
from scheduler.battery.keys import base_of
from scheduler.battery.seen import seen
from scheduler.battery.settings import BatterySettings
from scheduler.cars.tokens import Tokens
from scheduler.jobs import Job
from scheduler.rooms import jobs_of
from scheduler.settings import SchedulerSettings
from simulator.clouds.web import Answer

PERIOD = '[[battery.periods]]\nname = "p"\nfrom = "14:00"\nto = "20:00"\nreserve = 0'
PEAK, OFF = ("self_consumption", 0), ("backup", 100)


def test_a_summer_weekday(powerwall):
    house = powerwall("2026-06-10T13:50")
    house.until("2026-06-10T13:56:30")
    assert house.state == PEAK  # five minutes early
    assert house.kinds == ["powerwall_done"]
    assert (
        "was set to mode Self-Powered, reserve 0 % for summer peak (before: mode Backup, reserve 100 %)"
        in house.home.told[0].sentence
    )
    house.pack.charge_percent, house.pack.battery_watts, house.pack.grid_watts = 42.5, 800.0, 20.0
    house.until("2026-06-10T20:00:30")
    assert house.state == PEAK
    house.until("2026-06-10T20:10")
    assert house.state == OFF
    assert house.kinds == ["powerwall_done", "powerwall_done", "end_of_day"]
    letter = house.home.told[2]
    assert letter.sentence == (
        "summer peak ended at 20:00. The Powerwall is at 42.5 %, mode Backup, reserve 100 %, "
        "and gives 800 W, with 20 W from the grid."
    )
    assert (letter.data["charge_percent"], letter.data["battery_watts"]) == (42.5, 800.0)


def test_a_winter_weekday_has_two_peaks_and_one_letter(powerwall):
    house = powerwall("2026-12-09T04:00")
    seen = {}
    for hour in ("04:50", "05:10", "09:10", "16:50", "17:10", "21:10"):
        house.until(f"2026-12-09T{hour}")
        seen[hour] = house.state
    house.until("2026-12-09T22:00")
    assert list(seen.values()) == [OFF, PEAK, OFF, OFF, PEAK, OFF]
    assert house.kinds == ["powerwall_done"] * 4 + ["end_of_day"]


@pytest.mark.parametrize("day", ["2026-07-03T12:00", "2026-06-13T12:00", "2026-09-07T12:00"])
def test_weekends_and_holidays_stay_as_they_are(powerwall, day):
    house = powerwall(day)
    house.until(day.replace("T12:00", "T23:00"), every_s=300)
    if day.startswith("2026-07-03"):  # the Friday before a Fourth of July on Saturday is no utility's holiday
        assert house.kinds == ["powerwall_done", "powerwall_done", "end_of_day"]
    else:
        assert (house.state, house.kinds) == (OFF, [])


@pytest.mark.parametrize(("day", "hours"), [("2026-03-08", 23), ("2026-11-01", 25)])
def test_dst_days_begin_and_end_by_the_clock_on_the_wall(powerwall, day, hours):
    house = powerwall(
        f"{day}T00:30",
        more='[[battery.periods]]\nname = "sunday"\ndays = "sun"\nfrom = "01:30"\n'
        'to = "03:30"\nreserve = 0\nmode = "self_consumption"\nlead_minutes = 0\nlag_minutes = 0',
    )
    in_peak_s = 0
    end = house.clock.wall.replace(hour=6).timestamp()
    while house.clock.wall.timestamp() < end:
        house.home.after(60)
        in_peak_s += 60 * (house.state == PEAK)
    assert in_peak_s == pytest.approx({23: 3600, 25: 3 * 3600}[hours], abs=120)


def test_a_missed_run_and_a_reboot_in_the_peak_are_repaired_at_the_next_tick(powerwall):
    house = powerwall("2026-06-10T12:00")
    house.until("2026-06-10T12:05")
    house.jump(hours=4)  # a power cut over 13:55
    house.again()
    house.home.after(60)
    assert house.state == PEAK


def test_a_missed_friday_evening_is_repaired_on_saturday(powerwall):
    house = powerwall("2026-06-12T15:00")
    house.until("2026-06-12T15:03")
    assert house.state == PEAK
    house.jump(hours=20)
    house.home.after(60)
    assert house.state == OFF


def test_a_change_that_does_not_show_is_tried_three_times_and_told_with_both_values(powerwall):
    house = powerwall("2026-06-10T20:00:30")
    house.pack.mode, house.pack.reserve, house.pack.most_reserve = "self_consumption", 0, 80
    house.until("2026-06-10T20:20")
    assert house.kinds.count("powerwall_failed") == 1
    told = next(event for event in house.home.told if event.kind == "powerwall_failed")
    assert "reserve 100 % was asked for, and it shows reserve 80 %." in told.sentence
    assert "please set it in the Tesla app" in told.sentence
    assert house.cloud.counts["POST backup"] == 3
    house.pack.most_reserve = 100
    house.until("2026-06-10T21:00")
    assert house.state == OFF
    assert house.kinds[-1] == "powerwall_done"
    assert house.home.told[-1].recovers == "powerwall_failed"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer({"error": "token expired (401)"}, 401), "sign in again"),
        (Answer("<html>captcha</html>"), "Tesla answers something else than the battery's state."),
        (Answer({"response": "upstream"}), "Tesla answers something else than the battery's state."),
        (Answer({}, 503), "Tesla's cloud answers HTTP 503."),
        (Answer({}, 0), "Tesla's cloud can't be reached."),
        (Answer({}, 403), "lacks the energy scopes"),
        (Answer({}, 429, {"Retry-After": "1200"}), "asks for patience"),
        (Answer({"error": "not_found"}, 404), "see battery.site"),
    ],
)
def test_a_cloud_that_fails_is_one_letter_and_its_end_another(powerwall, answer, says):
    house = powerwall("2026-06-10T13:50")
    house.cloud.troubles = [("live_status", answer)]
    house.until("2026-06-10T16:00")
    assert house.kinds == ["powerwall_failed"]
    assert says in house.home.told[0].sentence
    assert sum(house.cloud.counts.values()) < 25
    house.cloud.troubles = []
    house.until("2026-06-10T18:00")
    assert house.state == PEAK
    assert house.kinds == ["powerwall_failed", "powerwall_done"]


def test_a_write_that_times_out_but_happened_is_not_repeated(powerwall):
    house = powerwall("2026-06-10T13:50")
    house.until("2026-06-10T13:54")
    house.cloud.troubles = [("operation", Answer({"error": "timeout"}, 504))]
    house.pack.mode, house.pack.reserve = PEAK
    house.until("2026-06-10T14:30")
    assert house.cloud.counts["POST operation"] == 0
    assert house.kinds == []


def test_the_owners_change_in_the_app_is_told_once_and_kept_until_the_next_border(powerwall):
    house = powerwall("2026-06-10T14:10")
    house.until("2026-06-10T14:20")
    house.pack.reserve = 40
    house.until("2026-06-10T19:50")
    assert house.state == ("self_consumption", 40)
    assert house.kinds.count("owner_override") == 1
    assert "reserve 40 % was set in the app instead of reserve 0 %" in house.home.told[1].sentence
    house.until("2026-06-10T20:10")
    assert house.state == OFF


@pytest.mark.parametrize(
    ("what", "kind"), [("storm", "storm_watch"), ("grid_service", "storm_watch"), ("off_grid", "grid_lost")]
)
def test_storms_grid_services_and_outages_are_left_alone_and_then_made_up(powerwall, what, kind):
    house = powerwall("2026-06-10T13:50")
    setattr(house.pack, what, True)
    house.until("2026-06-10T15:00")
    assert house.state == OFF
    assert house.kinds == [kind]
    setattr(house.pack, what, False)
    house.until("2026-06-10T15:10")
    assert house.state == PEAK
    assert house.kinds == [kind, *(["grid_back"] if what == "off_grid" else []), "powerwall_done"]


def test_grid_power_in_the_peak_is_told_on_its_own_and_once(powerwall):
    house = powerwall("2026-06-10T13:50")
    house.pack.grid_watts = 2400.0
    house.until("2026-06-10T19:00")
    assert house.kinds == ["powerwall_done", "grid_used_in_peak"]
    assert "draws 2400 W from the grid in the summer peak (until 20:00)" in house.home.told[1].sentence


def test_one_reading_with_grid_power_is_no_news(powerwall):
    house = powerwall("2026-06-10T14:00")
    house.until("2026-06-10T14:30")
    house.pack.grid_watts = 2400.0
    house.until("2026-06-10T14:33")
    house.pack.grid_watts = 0.0
    house.until("2026-06-10T15:30")
    assert house.kinds == ["powerwall_done"]


def test_a_battery_that_still_draws_hard_is_looked_at_again(powerwall):
    house = powerwall("2026-06-10T19:50")
    house.pack.battery_watts = 3200.0
    house.until("2026-06-10T20:30")
    letters = [event.sentence for event in house.home.told if event.kind == "end_of_day"]
    assert len(letters) == 2
    assert "It draws hard; it is looked at again in 5 minutes." in letters[0]
    assert "Five minutes later the Powerwall still draws hard" in letters[1]


def test_a_battery_that_calms_down_is_no_second_letter(powerwall):
    house = powerwall("2026-06-10T19:50")
    house.pack.battery_watts = 3200.0
    house.until("2026-06-10T20:04")
    house.pack.battery_watts = 300.0
    house.until("2026-06-10T20:30")
    assert house.kinds.count("end_of_day") == 1


@pytest.mark.parametrize(("charge", "severity"), [(20.0, "warning"), (21.0, "info")])
def test_a_peak_that_ends_with_little_charge_is_a_warning(powerwall, charge, severity):
    house = powerwall("2026-06-10T19:50")
    house.pack.charge_percent = charge
    house.until("2026-06-10T20:30")
    (letter,) = [event for event in house.home.told if event.kind == "end_of_day"]
    assert letter.severity == severity
    assert ("That is little: 20 % or less." in letter.sentence) is (severity == "warning")


def test_a_report_that_can_not_be_read_says_so(powerwall):
    house = powerwall("2026-06-10T19:50")
    house.until("2026-06-10T20:02")
    house.cloud.troubles = [("", Answer({}, 500))]
    house.until("2026-06-10T21:00")
    (letter,) = [event for event in house.home.told if event.kind == "end_of_day"]
    assert "could not be read: Tesla's cloud answers HTTP 500." in letter.sentence


def test_settings_that_change_in_a_period_count_at_once_and_are_no_change_by_hand(powerwall):
    house = powerwall("2026-06-10T14:10")
    house.until("2026-06-10T14:20")
    house.config.write_text(house.config.read_text().replace("reserve = 0", "reserve = 20"))
    house.again()
    house.until("2026-06-10T15:00")
    assert house.state == ("self_consumption", 20)
    assert "owner_override" not in house.kinds
    house.pack.reserve = 50
    house.until("2026-06-10T15:30")
    assert (house.state[1], house.kinds.count("owner_override")) == (50, 1)


def test_a_peak_that_sets_nothing_tells_of_grid_power_all_the_same(powerwall):
    house = powerwall("2026-06-10T13:50")
    text = house.config.read_text()
    text = "\n".join(
        line for line in text.splitlines() if not line.startswith(("off_peak", "reserve", "mode"))
    )
    house.config.write_text(text + "\n")
    house.again()
    house.pack.grid_watts = 2400.0
    house.until("2026-06-10T20:10")
    assert house.kinds == ["grid_used_in_peak", "end_of_day"]
    assert house.state == OFF
    assert house.cloud.counts["GET live_status"] < 6 * 12 + 10


def test_a_second_look_that_a_clock_moved_to_next_year_is_dropped(powerwall):
    house = powerwall("2026-06-10T19:50")
    house.pack.battery_watts = 3200.0
    house.until("2026-06-10T20:04")
    memory = house.home.runner.folder / "powerwall_report.json"
    kept = json.loads(memory.read_text())
    memory.write_text(json.dumps(kept | {"again": kept["again"] + 365 * 86400}))
    house.until("2026-06-10T20:30")
    assert json.loads(memory.read_text())["again"] == 0
    assert house.kinds.count("end_of_day") == 1


def own_account(house, now_s, life_s=28800):
    """The Powerwall's own sign-in instead of a token in credentials.env."""
    house.config.with_name("credentials.env").unlink()
    house.again()
    tokens = Tokens(house.home.settings.state_dir / "tesla" / "owner.json", dict, "")
    tokens.put({"access_token": "good", "refresh_token": "next", "expires_in": life_s}, now_s)
    return house


def test_a_sign_in_that_no_car_has_is_told_before_it_ends_and_when_it_has(powerwall):
    house = powerwall("2026-06-10T00:00", before='[tesla]\nsso_url = "http://127.0.0.1:9"\n')
    own_account(house, house.clock.wall.timestamp())
    house.until("2026-06-10T07:00", every_s=300)
    assert house.kinds == ["token_soon_dead"]
    assert "the sign-in could not be renewed" in house.home.told[0].sentence
    house.until("2026-06-10T09:00", every_s=300)
    assert house.kinds.count("token_dead") == 1
    assert "The Powerwall stays as it is until somebody types: ./sunward scheduler login owner" in (
        house.said("token_dead")
    )


def test_a_sign_in_that_a_car_has_too_is_watched_once(powerwall):
    car = '[[cars]]\nvin = "5YJ3E1EA7KF000042"\nreads = ["owner://"]\ncommands = []\n'
    house = powerwall("2026-06-10T00:00", before=car)
    own_account(house, house.clock.wall.timestamp())
    assert "battery_keys" not in {job.name for job in jobs_of(SchedulerSettings.load(house.config))}
    house.config.write_text(house.config.read_text().replace("owner://", "ble://127.0.0.1:1"))
    assert "battery_keys" in {job.name for job in jobs_of(SchedulerSettings.load(house.config))}


@pytest.mark.parametrize(
    ("tesla", "battery", "base"),
    [
        ("", 'service = "fleet"', "https://fleet-api.prd.na.vn.cloud.tesla.com"),
        ('region = "eu"', 'service = "fleet"', "https://fleet-api.prd.eu.vn.cloud.tesla.com"),
        ('region = "eu"', 'service = "fleet"\nregion = "cn"', "https://fleet-api.prd.cn.vn.cloud.tesla.cn"),
        ('region = "cn"', "", "https://owner-api.vn.cloud.tesla.cn"),
    ],
)
def test_the_account_of_a_region_is_asked_there(config, tesla, battery, base):
    config.write_text(f'[tesla]\nclient_id = "app"\n{tesla}\n[battery]\nsite = "1"\n{battery}\n')
    settings = SchedulerSettings.load(config)
    found = settings.section("battery", BatterySettings)
    assert base_of(found, settings) == base


def test_an_account_of_another_region_is_told_with_what_to_set(powerwall):
    house = powerwall("2026-06-10T14:10")
    house.cloud.troubles = [("", Answer({"error": "user out of region"}, 421))]
    house.until("2026-06-10T15:00")
    assert "set region in [battery] or [tesla]" in house.said("powerwall_failed")


def test_the_cars_sign_in_opens_the_battery_too(powerwall):
    house = powerwall("2026-06-10T14:10")
    house.config.with_name("credentials.env").unlink()
    house.again()
    house.until("2026-06-10T14:15")
    assert house.kinds == ["powerwall_failed", "token_dead"]
    assert "Nobody is signed in yet. Type: ./sunward scheduler login owner" in house.home.told[0].sentence
    tokens = Tokens(house.home.settings.state_dir / "tesla" / "owner.json", dict, "")
    reply = {"access_token": "good", "refresh_token": "next", "expires_in": 28800}
    tokens.put(reply, house.clock.wall.timestamp())
    house.until("2026-06-10T15:00")
    assert house.state == PEAK


def test_a_dry_run_reads_everything_and_writes_nothing(powerwall):
    house = powerwall("2026-06-10T14:10")
    house.again(dry_run=True)
    (said,) = house.home.runner.run_now("powerwall").sentences
    assert said == "would set mode Self-Powered, reserve 0 % (now mode Backup, reserve 100 %)"
    assert house.state == OFF


def test_two_readings_an_hour_off_peak_and_few_in_it(powerwall):
    house = powerwall("2026-06-10T00:00")
    house.until("2026-06-11T00:00")
    assert house.cloud.counts["GET live_status"] < 18 * 2 + 6 * 12 + 20


def test_two_jobs_of_one_tick_cost_one_question(powerwall):
    house, charges = powerwall("2026-06-10T14:10"), []

    def guest(context):
        charges.append(look(context).charge_percent)
        return ()

    def asked(seconds):
        before = house.cloud.counts["GET live_status"]
        house.home.after(seconds)
        return house.cloud.counts["GET live_status"] - before

    house.home = house._house(*house.home.runner.jobs.values(), Job("guest", 60, guest), clock=house.clock)
    assert asked(300) >= 3  # looked at, set, read back: what was seen before that is worth nothing
    house.pack.charge_percent = 42.0
    assert [asked(300), asked(300)] == [1, 1]  # the keeper's look serves them both
    assert asked(120) == 1  # too old by now: the guest asks for itself
    assert charges[1:] == [42.0, 42.0, 42.0]


@pytest.mark.parametrize("kept", ["3", "[1, null, 2]", '["x", 50, 0]', "[9e12, 50, 0]", "[0, 50, 0]", "{}"])
def test_a_strange_or_old_note_of_the_battery_is_as_none(powerwall, kept):
    house = powerwall("2026-06-10T14:10")
    house.home.runner.folder.mkdir(parents=True)
    (house.home.runner.folder / "powerwall.json").write_text(f'{{"seen": {kept}}}')
    assert seen(house.home.settings, house.clock.wall.timestamp()) is None


def spent(house):
    """The account's calls of today, as its ledger on disk has them."""
    return json.loads((house.home.runner.folder / "tesla-calls.json").read_text())


def test_every_call_is_counted_with_its_money_whichever_job_makes_it(powerwall, agent):
    prices = "[tesla]\nprice_per_energy_read = 0.01\nprice_per_energy_command = 0.1\nclient_id = 'app'\n"
    house = powerwall("2026-06-10T13:50", more='service = "fleet"', before=prices)
    house.until("2026-06-10T20:10")
    today = spent(house)["today"]
    assert today["energy"] == house.cloud.counts["GET live_status"] + house.cloud.counts["GET site_info"]
    assert today["energy_command"] == house.cloud.counts["POST operation"] + house.cloud.counts["POST backup"]
    assert spent(house)["money"] == pytest.approx(0.01 * today["energy"] + 0.1 * today["energy_command"])
    assert 0 < agent.account["today"]["energy"] <= today["energy"]  # for the page's House
    assert agent.account["caps"]["energy_command"] == 60


def test_calls_of_the_owner_road_cost_nothing(powerwall):
    house = powerwall("2026-06-10T13:50", before="[tesla]\nprice_per_energy_read = 0.01\n")
    house.until("2026-06-10T14:10")
    assert spent(house)["today"]["energy"] > 2
    assert spent(house).get("money", 0) == 0


def test_a_cap_is_never_passed_and_is_told_with_what_to_set_by_hand(powerwall):
    house = powerwall("2026-06-10T12:00", before="[tesla]\nenergy_reads_per_day = 10\n")
    house.until("2026-06-10T18:00")
    assert house.cloud.counts["GET live_status"] + house.cloud.counts["GET site_info"] == 10
    assert [kind for kind in house.kinds if kind.startswith("api")] == ["api_budget_low", "api_budget_spent"]
    assert "looks at the house battery are used up; the battery stays as it is." in house.said(
        "api_budget_spent"
    )
    house.until("2026-06-11T00:40")
    assert house.cloud.counts["GET live_status"] > 5  # a new day


def test_a_gateway_that_can_not_be_read_is_said_and_the_cloud_asked(powerwall):
    house = powerwall("2026-06-10T00:00", more='gateway = "GATEWAY"')
    house.until("2026-06-10T00:10")
    house.cloud.troubles = [("/api/login", Answer({}, 403))]
    before, said = house.cloud.counts["GET live_status"], house.until("2026-06-10T02:00")
    assert "refuses the password: see GATEWAY_PASSWORD. The cloud is asked instead." in said[0]
    assert (house.cloud.counts["GET live_status"] > before, house.kinds) == (True, [])


def test_the_gateway_is_asked_instead_of_the_cloud(powerwall):
    house = powerwall("2026-06-10T00:00", more='gateway = "GATEWAY"')
    house.until("2026-06-10T13:00")
    assert house.cloud.counts["GET live_status"] == 1
    assert house.cloud.counts["gateway /api/operation"] > 20
    house.until("2026-06-10T14:10")
    assert house.state == PEAK
    house.pack.reserve = 30
    house.until("2026-06-10T15:00")
    assert house.kinds == ["powerwall_done", "owner_override"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[battery]\nsite = "x"', "battery.site"),
        (
            '[battery]\nsite = "1"\ngateway = "https://10.0.0.5"',
            "Write GATEWAY_PASSWORD=... into credentials.env.",
        ),
        (
            f'[battery]\nsite = "1"\n{PERIOD}',
            "p sets reserve, but off_peak does not say what it is afterwards: add reserve to off_peak.",
        ),
        (
            '[battery]\nsite = "1"\ngateway_login = "wifi"',
            'gateway_login = "wifi" needs gateway = "https://192.168.91.1"',
        ),
        ('[battery]\nsite = "1"\nmode = "on"', "battery.mode: there is no such setting."),
        ('[battery]\nsite = "1"\naddress = "http://tesla.example"', "battery.address"),
        ('[battery]\nsite = "1"\nholidays = ["usa"]', "'usa' is no calendar and no date"),
    ],
)
def test_wrong_settings_are_one_sentence(config, text, says):
    config.write_text(text)
    with pytest.raises(SettingsError) as refused:
        jobs_of(SchedulerSettings.load(config))
    assert len(refused.value.problems) == 1
    assert says in refused.value.problems[0]
