"""Generated days and the bench's pages: the same seed gives the same day, and figures add up."""

import json
from array import array
from xml.etree import ElementTree

import pytest

from benchmarks.solar import charts, report
from benchmarks.solar.car import VOLTS, Track
from benchmarks.solar.contenders import references
from benchmarks.solar.generator import WEATHERS, Recipe, fixed_days, generate, recipe
from benchmarks.solar.metrics import Score, score, total
from benchmarks.solar.traces import Day

KWH = 3_600_000


@pytest.fixture(scope="session")
def days() -> list[Day]:
    return fixed_days()


def test_there_are_ten_days_of_each_weather(days):
    assert [day.group for day in days] == [weather for weather in WEATHERS for _ in range(10)]
    assert len({day.name for day in days}) == 30


def test_the_same_seed_gives_the_same_day():
    one, other = generate(recipe(5)), generate(recipe(5))
    assert one.solar_w == other.solar_w
    assert one.house_w == other.house_w


def test_the_fixed_days_stay_what_they_are(days):
    """Change the generator, and every figure in the README is of other days: then write them anew."""
    by_weather = {
        weather: sum(sum(d.solar_w) for d in days if d.group == weather) / KWH for weather in WEATHERS
    }
    assert {weather: round(kwh, 1) for weather, kwh in by_weather.items()} == PINNED


PINNED = {"clear": 449.0, "mixed": 304.4, "broken": 299.8}


def test_a_summer_noon_under_clear_sky_gives_most_of_the_nameplate():
    day = generate(Recipe(900, "clear", 45.0, 172, 8.0, 8.0))
    assert 6500 < max(day.solar_w) <= 8000
    assert 14.5 < len(day) / 3600 < 16
    assert day.first_s + len(day) / 2 == 43_200


def test_an_inverter_limits_its_array():
    day = generate(Recipe(900, "clear", 45.0, 172, 8.0, 3.0))
    assert max(day.solar_w) == 3000


def test_cloud_edges_pass_within_seconds(days):
    broken = next(day for day in days if day.name == "broken_05")
    falls = [(a - b) for a, b in zip(broken.solar_w, broken.solar_w[1:], strict=False)]
    assert max(falls) > 1000
    assert sum(fall > 500 for fall in falls) > 50


def test_a_kettle_is_in_the_house(days):
    rises = [b - a for a, b in zip(days[0].house_w, days[0].house_w[1:], strict=False)]
    assert any(rise > 1900 for rise in rises)


def test_sums_keep_the_worst_case_and_add_the_rest():
    merged = total([Score(solar_kwh=1, starts=2, worst_w=5, days=1), Score(solar_kwh=2, worst_w=9, days=1)])
    assert (merged.solar_kwh, merged.starts, merged.worst_w, merged.days) == (3, 2, 9, 2)


def test_import_is_what_the_sun_did_not_cover():
    day = Day("tiny", "test", array("d", [2000.0] * 120), array("d", [560.0] * 120))
    got = score(day, Track(array("d", [10.0] * 120), array("d", [10.0] * 120)))
    assert got.solar_kwh == pytest.approx(1440 * 120 / KWH)
    assert got.import_kwh == pytest.approx((10 * VOLTS - 1440) * 120 / KWH)
    assert (got.starts, got.steps, got.worst_60_s_w) == (1, 0, pytest.approx(960))


@pytest.fixture(scope="session")
def results():
    day = generate(Recipe(3, "mixed", 40.0, 80, 7.0, 6.0))
    rows, charted = report.play_day(day, references())
    return report.gather([day], references(), [rows]), (day, charted)


def test_a_chart_is_well_formed_and_names_whom_it_shows(results):
    _, (day, amps) = results
    tree = ElementTree.fromstring(charts.day_svg(day, amps))
    words = {text.text for text in tree.iter("{http://www.w3.org/2000/svg}text")}
    assert {"evcc 30 s", "SmartEVSE solar", "best value, 1 A", "12:00"} <= words


def test_tables_hold_every_contender_and_json_the_same_figures(results, tmp_path):
    done, _ = results
    text = report.totals_text(done)
    assert all(f"| {each.name} " in text for each in done.contenders)
    report.write_json(done, tmp_path / "results.json")
    kept = json.loads((tmp_path / "results.json").read_text())
    assert kept["totals"]["mixed"]["evcc 30 s"]["value"] == done.total_of("mixed", "evcc 30 s").value()
    assert kept["kinds"]["zero import, 1 A"] == "oracle"
    assert kept["responses"]["evcc 30 s"]["down_s"] > 2
