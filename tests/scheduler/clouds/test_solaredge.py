"""SolarEdge's cloud, and with it the errand that all clouds share."""

import pytest

from notify.settings import SettingsError
from scheduler.clouds.policy import Ledger
from scheduler.kept import Memory

SECTION = '[clouds.solaredge]\nsite = "123456"\nurl = "URL"\n'
FLOW, OVERVIEW = "/site/123456/currentPowerFlow", "/site/123456/overview"
DAY = {
    "siteCurrentPowerFlow": {
        "updateRefreshRate": 3,
        "unit": "kW",
        "connections": [
            {"from": "PV", "to": "Load"},
            {"from": "LOAD", "to": "Grid"},
            {"from": "PV", "to": "Storage"},
        ],
        "GRID": {"status": "Active", "currentPower": 1.21},
        "LOAD": {"status": "Active", "currentPower": 0.84},
        "PV": {"status": "Active", "currentPower": 3.55},
        "STORAGE": {"status": "Charging", "currentPower": 1.5, "chargeLevel": 57, "critical": False},
    }
}
NIGHT = {
    "siteCurrentPowerFlow": {
        "unit": "W",
        "connections": [{"from": "GRID", "to": "Load"}, {"from": "STORAGE", "to": "Load"}],
        "GRID": {"status": "Active", "currentPower": 310},
        "LOAD": {"status": "Active", "currentPower": 710},
        "PV": {"status": "Idle", "currentPower": 0.0},
        "STORAGE": {"status": "Discharging", "currentPower": 400, "chargeLevel": 31},
    }
}


def overview(watts, at="2026-06-10 11:52:00"):
    energy = {"lifeTimeData": {"energy": 28110450.0}, "lastDayData": {"energy": 9120.0}}
    return {
        "overview": {
            "lastUpdateTime": at,
            "currentPower": {"power": watts},
            "measuredBy": "INVERTER",
            **energy,
        }
    }


def kept(house):
    return Memory(house.runner.folder / "solaredge.json").data


def test_all_roles_arrive_at_the_agent_with_their_age(home, cloud, agent):
    cloud.says(FLOW, DAY)
    (outcome,) = home(SECTION).runner.tick()
    assert outcome.sentences == (
        "The solaredge cloud says: solar 3550 W, grid -1210 W, battery -1500 W, house 840 W.",
    )
    assert {role: body["watts"] for role, body in agent.meters.items()} == {
        "solar": 3550,
        "house": 840,
        "grid": -1210,
        "battery": -1500,
    }
    body = agent.meters["battery"]
    assert body["soc_percent"] == 57
    assert (body["age_s"], body["max_age_s"], body["source"]) == (60, 810, "solaredge cloud")
    assert cloud.asked[0].args["api_key"] == "solaredge-s3cr3t"


def test_at_night_grid_and_battery_give(home, cloud, agent):
    cloud.says(FLOW, NIGHT)
    home(SECTION).runner.tick()
    assert {role: body["watts"] for role, body in agent.meters.items()} == {
        "solar": 0,
        "house": 710,
        "grid": 310,
        "battery": 400,
    }


def test_the_agent_is_told_again_and_again_but_the_cloud_is_asked_every_five_minutes(home, cloud, agent):
    cloud.says(FLOW, DAY)
    house = home(SECTION)
    house.runner.tick()
    agent.meters.clear()  # the agent has restarted
    house.after(60)
    assert agent.meters["solar"]["age_s"] == 120
    for _ in range(118):
        house.after(30)
    assert len(cloud.asked) == 13


def test_a_restart_of_the_scheduler_forgets_no_call(home, cloud):
    cloud.says(FLOW, DAY)
    house = home(SECTION)
    for _ in range(25):
        house = home(SECTION, clock=house.clock)
        house.after(30)
    assert len(cloud.asked) == 3
    assert len(kept(house)["ledger"]["calls"]) == 3


def test_a_call_is_counted_before_it_is_made(home, cloud):
    seen = []
    house = home(SECTION)
    cloud.says(FLOW, lambda _: (seen.append(kept(house)["ledger"]["calls"]), DAY)[1])
    house.runner.tick()
    assert len(seen[0]) == 1


def test_a_site_without_a_meter_gives_its_sun_with_the_stamp_of_the_site(home, cloud, agent):
    cloud.says(FLOW, {"siteCurrentPowerFlow": {}})
    cloud.says(OVERVIEW, overview(4020.5))
    house = home(SECTION)
    house.runner.tick()
    body = agent.meters["solar"]
    assert (body["watts"], body["age_s"], body["energy_wh"]) == (4020.5, 480, 28110450)
    assert list(agent.meters) == ["solar"]
    for _ in range(12):
        house.after(300)
    assert cloud.paths().count(FLOW) == 1
    cloud.says(FLOW, DAY)
    house.after(86400)
    assert cloud.paths().count(FLOW) == 2


def test_a_sleeping_inverter_is_no_old_reading(home, cloud, agent):
    cloud.says(FLOW, {"siteCurrentPowerFlow": {}})
    cloud.says(OVERVIEW, overview(0.0, "2026-06-09 21:40:00"))
    home(SECTION).runner.tick()
    assert (agent.meters["solar"]["watts"], agent.meters["solar"]["age_s"]) == (0, 0)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ("", 403, "SOLAREDGE_KEY"),
        ("", 500, "error of its own"),
        ("<html>maintenance</html>", 200, "web page"),
        ('{"siteCurrentPowerFlow": {"unit', 200, "half of it"),
        ("[]", 200, "gives no overview"),
        ({"siteCurrentPowerFlow": {**DAY["siteCurrentPowerFlow"], "unit": "horse"}}, 200, "no watt"),
        (
            {"siteCurrentPowerFlow": {**DAY["siteCurrentPowerFlow"], "GRID": {"currentPower": "NaN"}}},
            200,
            "GRID",
        ),
        (
            {
                "siteCurrentPowerFlow": {
                    **DAY["siteCurrentPowerFlow"],
                    "connections": [{"from": "PV", "to": "Load"}],
                }
            },
            200,
            "which way",
        ),
        ("", 302, "logged out"),
        ("", 404, "404"),
    ],
)
def test_what_goes_wrong_is_one_sentence_without_the_key(home, cloud, agent, body, status, words):
    cloud.says(FLOW, body, status, {"Location": "/login"} if status == 302 else None)
    cloud.says(OVERVIEW, {})
    house = home(SECTION)
    (outcome,) = house.runner.tick()
    assert outcome.did == "failed"
    assert words in outcome.sentences[-1]
    assert "s3cr3t" not in str(outcome) + str(house.told)
    assert agent.meters == {}


def test_a_cloud_that_fails_is_told_once_and_its_last_word_ages(home, cloud, agent):
    cloud.says(FLOW, DAY)
    house = home(SECTION)
    house.runner.tick()
    cloud.says(FLOW, "", 500)
    for _ in range(60):
        house.after(30)
    assert [event.kind for event in house.told] == ["job_failed"]
    assert 500 < agent.meters["solar"]["age_s"] <= 810  # told until it held no longer, and then no more
    cloud.says(FLOW, DAY)
    house.after(3600)
    assert [event.kind for event in house.told] == ["job_failed", "job_ok"]
    assert agent.meters["solar"]["age_s"] == 60


def test_too_many_calls_are_followed_by_the_rest_that_the_vendor_wants(home, cloud):
    cloud.says(FLOW, "", 429, {"Retry-After": "3600"})
    house = home(SECTION)
    for _ in range(110):
        house = home(SECTION, clock=house.clock)
        house.after(30)
    assert len(cloud.asked) == 1
    assert Ledger.read(kept(house)["ledger"]).refusals == 1
    cloud.says(FLOW, DAY)
    for _ in range(130):
        house.after(30)
    assert len(cloud.asked) > 1


def test_a_day_never_costs_more_than_its_budget_even_when_all_goes_wrong(home, cloud):
    cloud.says(FLOW, "", 500)
    house = home(SECTION + "calls_a_day = 20\nday_every_s = 3600\nnight_every_s = 3600\n")
    for _ in range(24 * 12):
        house.after(300)
    assert len(cloud.asked) == 20


def test_a_dry_run_spends_no_call(home, cloud, agent):
    (outcome,) = home(SECTION, dry_run=True).runner.tick()
    assert outcome.sentences == ("would read the solaredge cloud, and tell the agent",)
    assert (cloud.asked, agent.meters) == ([], {})


def test_one_refused_role_does_not_stop_the_others(home, cloud, agent):
    flow = DAY["siteCurrentPowerFlow"]
    cloud.says(FLOW, {"siteCurrentPowerFlow": {**flow, "PV": {"currentPower": 3550}}})
    (outcome,) = home(SECTION).runner.tick()
    assert (outcome.did, sorted(agent.meters)) == ("failed", ["battery", "grid", "house"])


def test_an_agent_that_is_away_costs_no_second_call(home, cloud, agent, config):
    cloud.says(FLOW, DAY)
    here, nowhere = f'"{agent.url.removeprefix("http://")}"', '"127.0.0.1:9"'
    config.write_text(config.read_text().replace(here, nowhere))
    away = home(SECTION)
    assert away.runner.tick()[0].did == "failed"
    config.write_text(config.read_text().replace(nowhere, here))
    home(SECTION, clock=away.clock).after(60)
    assert (len(cloud.asked), agent.meters["solar"]["age_s"]) == (1, 120)


# --- settings --------------------------------------------------------------------------------------


def test_what_a_meter_reads_is_not_asked_of_the_cloud(home, cloud, agent):
    cloud.says(FLOW, DAY)
    meters = '[meters]\ngrid = "solaredge://192.168.0.27"\nsolar = ["fronius://10.0.0.5", "pushed://"]\n'
    home(meters + SECTION).runner.tick()
    assert sorted(agent.meters) == ["battery", "house", "solar"]


def test_a_section_may_name_its_roles(home, cloud, agent):
    cloud.says(FLOW, DAY)
    home(SECTION + 'roles = ["solar"]\n').runner.tick()
    assert list(agent.meters) == ["solar"]


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[clouds.solaredge]\n", "clouds.solaredge.site: is missing"),
        ('[clouds.solaredge]\nsite = "12/34"\n', "clouds.solaredge.site"),
        (SECTION + "day_every_s = 90\n", "used up before the evening: day_every_s must be 219 or more"),
        (SECTION + "calls_a_day = 9000\n", "calls_a_day"),
        (SECTION + 'roles = ["heat"]\n', "roles"),
        (SECTION + "roles = []\n", "at least one"),
        (SECTION.replace("URL", "http://solaredge.example"), "begins with https://"),
        ("[clouds.solarege]\n", "there is no such setting"),
        ('[clouds.enphase]\nsystem = "1"\nroles = ["grid"]\n', "this cloud has no grid: it offers solar"),
        ('[meters]\nsolar = "fronius://10.0.0.5"\n[clouds.enphase]\nsystem = "1"\n', "already reads all"),
    ],
)
def test_bad_settings_are_told_in_words(home, toml, words):
    with pytest.raises(SettingsError) as refused:
        home(toml)
    assert any(words in problem for problem in refused.value.problems), refused.value.problems


def test_a_missing_secret_is_named(home):
    with pytest.raises(SettingsError, match="Add the line SOLAREDGE_KEY="):
        home(SECTION, secrets={"SOLAREDGE_KEY": ""})
