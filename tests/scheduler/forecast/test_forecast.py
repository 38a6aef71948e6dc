"""The solar forecast: two services over real HTTP, kept, corrected by what the sun really gave."""

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify.settings import SettingsError
from scheduler.clock import FakeClock
from scheduler.fetch import BadAnswer
from scheduler.forecast import forecast_solar, open_meteo
from scheduler.forecast.job import EVERY_S
from scheduler.forecast.known import hottest_today, known_forecast, path_of
from scheduler.forecast.settings import PlaneSettings
from scheduler.forecast.slots import SolarSlot, energy_wh, joined, learned
from scheduler.rooms import jobs_of
from scheduler.settings import SchedulerSettings
from simulator.clouds.web import Answer, WebPeer

CAPTURES = Path(__file__).parents[2] / "captures" / "forecast"
BERLIN = ZoneInfo("Europe/Berlin")
PLANE = PlaneSettings(kwp=5.0)


def capture(name):
    return (CAPTURES / f"{name}.json").read_text()


def test_irradiance_becomes_watts_and_never_less_than_none():
    slots, heat = open_meteo.decode(capture("open_meteo"), PLANE)
    assert len(slots) == 95  # one value is null: unknown
    assert min(slot.watts for slot in slots) == 0
    assert 3300 < max(slot.watts for slot in slots) < 5 * 900 * 0.86
    assert max(value for _, value in heat) == 29.0


def test_watt_hours_between_times_become_watts_and_nights_are_no_slot():
    slots, _ = forecast_solar.decode(capture("forecast_solar"), PLANE)
    assert len(slots) == 30
    told = json.loads(capture("forecast_solar"))["result"]["watt_hours_period"].values()
    first_day = sum(list(told)[:16])
    assert energy_wh(slots, slots[0].start_s, slots[14].end_s) == pytest.approx(first_day)


@pytest.mark.parametrize("service", [open_meteo, forecast_solar])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        "[]",
        "{}",
        '{"hourly": {"time": [1], "global_tilted_irradiance": [], "temperature_2m": []}, "result": []}',
        '{"hourly": {"time": ["x"], "global_tilted_irradiance": [1], "temperature_2m": [1]}}',
        '{"result": {"watt_hours_period": {"noon": 5}}}',
    ],
)
def test_junk_is_refused(service, text):
    with pytest.raises(BadAnswer):
        service.decode(text, PLANE)


def test_planes_are_added_and_the_inverter_is_the_limit():
    east, west = [SolarSlot(0, 3600, 3000)], [SolarSlot(0, 3600, 2500), SolarSlot(3600, 7200, 100)]
    assert joined([east, west], 5000) == [SolarSlot(0, 3600, 5000), SolarSlot(3600, 7200, 100)]


def test_a_shadow_is_learned_within_a_week():
    factor = 1.0
    for _ in range(7):
        factor = learned(factor, 20_000, 14_000)
    assert factor == pytest.approx(0.7, abs=0.03)


@given(st.floats(0.3, 2), st.floats(0, 1e6), st.none() | st.floats(0, 1e6))
def test_the_factor_stays_within_reason(factor, forecast_wh, measured_wh):
    assert 0.3 <= learned(factor, forecast_wh, measured_wh) <= 2


# --- the job ---------------------------------------------------------------------------------------


class Sun:
    """Open-Meteo as a peer, and the agent's history."""

    def __init__(self, agent):
        self.calls, self.trouble, self.measured_w, self.rows = 0, None, 1000.0, 96
        self.web = WebPeer(self._answer).start()
        self.url = self.web.url
        agent.history = self._history

    def _answer(self, request):
        assert request.path == "/v1/forecast"
        self.calls += 1
        assert (request.query["tilt"], request.query["azimuth"]) == ("30", "0")
        return self.trouble or Answer(json.loads(capture("open_meteo")))

    def _history(self, start, end, step_s):
        return [{"start": "x", "solar_w": self.measured_w}] * self.rows


@pytest.fixture
def sun(agent):
    found = Sun(agent)
    yield found
    found.web.stop()


@pytest.fixture
def home(config, agent, house, sun):
    config.write_text(
        config.read_text()
        + "[forecast]\nlatitude = 48.2\nlongitude = 16.36\nplanes = [{ kwp = 5 }]\n"
        + f'address = "{sun.url}"\n'
    )
    clock = FakeClock(datetime(2026, 6, 10, 6, tzinfo=BERLIN))
    return house(*jobs_of(SchedulerSettings.load(config))[1:], clock=clock)


def live(home, hours):
    """Every run of so many hours: all that was said."""
    runs = [home.after(EVERY_S) for _ in range(round(hours * 3600 / EVERY_S))]
    return [line for outcomes in runs for one in outcomes for line in one.sentences]


def test_a_day_takes_eight_questions_and_the_forecast_is_known(home, sun, config):
    said = live(home, 24)
    assert sun.calls == 8
    assert said[0].startswith("Today ")
    assert "kWh of sun are forecast, tomorrow" in said[0]
    known = known_forecast(home.settings)
    assert known.slots
    assert hottest_today(home.settings, home.clock.wall) == 29.0


def test_the_agent_is_told_what_is_to_come_and_again_when_it_may_have_forgotten(home, agent):
    home.after(EVERY_S)
    first = agent.forecast[0]
    assert (first["start"], first["end"]) == ("2026-06-10T00:00:00+02:00", "2026-06-10T01:00:00+02:00")
    assert max(one["watts"] for one in agent.forecast) > 3000
    live(home, 2)
    assert agent.calls.count(("PUT", "/api/v1/forecast")) == 2  # and once the day before was learned from
    told = list(agent.forecast)
    agent.forecast = []  # the agent began anew
    home.after(EVERY_S)
    assert agent.forecast == told


def test_yesterdays_truth_corrects_tomorrow(home):
    said = live(home, 20)
    told = [line for line in said if line.startswith("Yesterday gave 24.0 kWh")]
    factor = known_forecast(home.settings).factor
    assert 0.6 < factor < 1.0
    assert len(told) == 2  # today's and tomorrow's night
    assert f"counts times {factor:.2f} now" in told[-1]


def test_a_day_with_holes_teaches_nothing(home, sun):
    sun.rows = 50
    live(home, 20)
    assert known_forecast(home.settings).factor == 1.0


def test_a_dead_service_costs_nothing_that_is_known_and_is_told_after_half_a_day(home, sun):
    home.after(EVERY_S)
    before = known_forecast(home.settings)
    sun.trouble = Answer("<html>")
    live(home, 11)
    assert home.told == []
    live(home, 4)
    assert [event.kind for event in home.told] == ["forecast_missing"]
    assert known_forecast(home.settings).raw == before.raw


def test_a_damaged_file_is_as_none(home):
    path_of(home.settings).parent.mkdir(parents=True, exist_ok=True)
    path_of(home.settings).write_text('{"slots": [[1, 2]]')
    assert known_forecast(home.settings).slots == ()
    home.after(EVERY_S)
    assert known_forecast(home.settings).slots != ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("latitude = 91\nlongitude = 0\nplanes = [{ kwp = 5 }]", "forecast.latitude"),
        ("latitude = 1\nlongitude = 0\nplanes = []", "forecast.planes"),
        ("latitude = 1\nlongitude = 0\nplanes = [{ kwp = 5, tilt = 91 }]", "forecast.planes[1].tilt"),
        ('service = "x"\nlatitude = 1\nlongitude = 0\nplanes = [{ kwp = 5 }]', "forecast.service"),
    ],
)
def test_wrong_settings_are_told(config, text, says):
    config.write_text(f"[forecast]\n{text}\n")
    with pytest.raises(SettingsError) as refused:
        jobs_of(SchedulerSettings.load(config))
    assert refused.value.problems[0].startswith(says)
