"""From a vendor's answer to the brain's view: the real job, the real agent's API, a server for the cloud."""

from scheduler.agent_api import Agent
from scheduler.jobs import JobRunner
from scheduler.rooms import jobs_of
from scheduler.settings import SchedulerSettings
from tests.scheduler.clouds.test_solaredge import DAY, FLOW
from tests.web.house import MiniHouse


def test_what_a_cloud_says_reaches_the_meters_with_its_true_age(tmp_path, httpserver):
    httpserver.expect_request(FLOW).respond_with_json(DAY)
    url = httpserver.url_for("").rstrip("/")
    config = tmp_path / "sunward.toml"
    config.write_text(f'[clouds.solaredge]\nsite = "123456"\nurl = "{url}"\n')
    secrets = tmp_path / "credentials.env"
    secrets.write_text("SOLAREDGE_KEY=abc\n")
    secrets.chmod(0o600)
    settings, house = SchedulerSettings.load(config), MiniHouse()
    with house.open_web() as server:
        runner = JobRunner(
            jobs_of(settings),
            settings,
            house.clock,
            Agent(server.url),
            lambda event: None,
            lambda seconds: None,
        )
        outcome = runner.run_now("solaredge")
    assert outcome.did == "ran", outcome
    house.clock.advance(600)
    view = house.meters.view(house.clock.now())
    ages = {role: house.clock.now().mono_s - reading.at_mono_s for role, reading in view.readings.items()}
    assert {role: round(age) for role, age in ages.items()} == dict.fromkeys(
        ("solar", "grid", "battery", "house"), 660
    )
    assert (view.readings["grid"].watts, view.readings["battery"].soc_percent) == (-1210, 57)
    assert {health.source for health in view.health} == {"solaredge cloud"}
    assert all(health.ok for health in view.health)
