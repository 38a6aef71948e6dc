"""The letters of the day, the week and the month: once each, whatever happens to the clock or the power."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduler.clock import FakeClock
from scheduler.reports import jobs
from scheduler.reports.periods import over
from scheduler.reports.totals import Totals, from_json, summed
from scheduler.rooms import jobs_of
from scheduler.settings import SchedulerSettings

BERLIN = ZoneInfo("Europe/Berlin")
MONEY = 'currency = "€"\ngrid_price = 0.30\nsell_price = 0.10\n'


def wall(text):
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


class Driveway:
    """A charger that takes 1 kWh, three quarters of it sun, in each UTC hour of `hours`, on each day.

    The agent knows what a kWh costs in each of them; selling one brings 0.10.
    """

    def __init__(self, hours=(10, 11)):
        self.hours = hours
        self.buy = {10: 0.30, 11: 0.30}
        self.soc = None

    def history(self, start, end, step_s):
        rows, at = [], start.astimezone(UTC)
        while at < end:
            wh = 1000 * step_s / 3600 if at.hour in self.hours else 0
            one = {"energy_wh": wh, "solar_wh": 0.75 * wh, "battery_wh": 0, "grid_wh": 0.25 * wh}
            if (buy := self.buy.get(at.hour)) is not None:
                own = 0.75 * wh / 1000
                cost = 0.25 * wh / 1000 * buy + own * 0.10
                one |= {"priced_wh": wh, "cost": cost, "saved": own * (buy - 0.10)}
            row = {"at": at.isoformat(), "step_s": step_s, "chargers": {"3201": one}}
            rows.append(row | {"soc_percent": self.soc(at) if self.soc else None})
            at += timedelta(seconds=step_s)
        return rows

    def sessions(self, start, end):
        day, found = start.astimezone(UTC).replace(hour=10, minute=0, second=0), []
        while day < end:
            found += [{"started": day.isoformat()}] if day >= start.astimezone(UTC) and self.hours else []
            day += timedelta(days=1)
        return found


@pytest.fixture
def driveway(agent):
    found = Driveway()
    agent.history = lambda *asked: found.history(*asked)
    agent.sessions = lambda *asked: found.sessions(*asked)
    return found


@pytest.fixture
def home(house, config, driveway):
    def make(begin="2026-06-10T12:00", settings=MONEY, dry_run=False):
        config.write_text(config.read_text() + settings)
        found = house(clock=FakeClock(wall(begin)), dry_run=dry_run)
        found.runner.jobs = {job.name: job for job in jobs(found.settings)}
        return found

    return make


def live(home, until, step_s=600):
    end_s = wall(until).timestamp()
    while home.clock.wall.timestamp() < end_s:
        for outcome in home.after(step_s):
            assert outcome.did == "ran", outcome
    return [(event.kind, f"{event.at_wall:%d %H:%M}") for event in home.told]


def test_the_evening_tells_what_the_day_came_to(home):
    home = home()
    assert live(home, "2026-06-10T20:50") == []
    assert live(home, "2026-06-11T12:00") == [("end_of_day", "10 21:10")]
    (event,) = home.told
    assert event.sentence == (
        "2.0 kWh were charged in the day up to the evening of Wednesday, 10 June, 75 % of it from the sun. "
        "It cost 0.30 EUR, 0.30 EUR less than from the grid alone."
    )
    assert event.data == {
        "charged_wh": 2000,
        "solar_wh": 1500,
        "grid_wh": 500,
        "solar_share_percent": 75,
        "starts": 1,
        "cost_eur": 0.3,
        "saved_eur": 0.3,
    }


def test_a_day_without_charging_needs_no_letter_and_an_empty_week_says_so(home, driveway):
    driveway.hours = ()
    home = home("2026-06-10T12:00")
    assert live(home, "2026-06-15T12:00") == [("weekly_report", "15 07:00")]
    assert home.told[0].sentence == "Nothing was charged in the week from 8 June to 14 June."


def test_a_week_and_a_month_are_told_once_each(home):
    home = home("2026-05-30T12:00")
    told = live(home, "2026-07-02T12:00", 3600)
    kinds = [kind for kind, _ in told]
    assert kinds.count("end_of_day") == 33
    weeks = [at for kind, at in told if kind == "weekly_report"]
    assert weeks == ["01 07:00", "08 07:00", "15 07:00", "22 07:00", "29 07:00"]
    assert [at for kind, at in told if kind == "monthly_report"] == ["01 07:00", "01 07:00"]
    month = [event for event in home.told if event.kind == "monthly_report"][-1]
    assert month.sentence.startswith("60.0 kWh were charged in June 2026, 75 %")
    assert (month.data["starts"], month.data["cost_eur"]) == (30, 9.0)


def test_a_missed_evening_is_told_later_and_never_twice(home, house, config):
    first = home()
    live(first, "2026-06-10T20:00")
    again = house(*jobs(first.settings), clock=FakeClock(wall("2026-06-11T06:30")))
    live(again, "2026-06-11T08:00")
    third = house(*jobs(first.settings), clock=FakeClock(wall("2026-06-11T08:10")))
    live(third, "2026-06-11T12:00")
    assert [event.kind for event in again.told + third.told] == ["end_of_day"]
    assert "Wednesday, 10 June" in again.told[0].sentence


def test_a_clock_that_was_a_year_ahead_does_not_silence_the_reports(home):
    home = home("2026-06-10T12:00")
    home.clock.wall += timedelta(days=365)
    home.runner.tick()
    home.clock.wall -= timedelta(days=365)
    told = live(home, "2026-06-15T12:00", 1800)
    assert [kind for kind, _ in told] == ["end_of_day"] * 5 + ["weekly_report"]


def test_an_agent_that_cannot_answer_makes_it_late_not_lost(home, agent):
    home = home()
    live(home, "2026-06-10T20:50")
    agent.ok = False
    for _ in range(12):
        home.after(600)
    assert [event.kind for event in home.told] == ["job_failed"]
    agent.ok = True
    live(home, "2026-06-11T03:00")
    assert [event.kind for event in home.told] == ["job_failed", "end_of_day", "job_ok"]


def test_a_dry_run_says_what_it_would_tell_and_remembers_nothing(home, house):
    first = home()
    live(first, "2026-06-10T20:50")
    dry = house(*jobs(first.settings), clock=FakeClock(wall("2026-06-10T21:20")), dry_run=True)
    assert dry.runner.run_now("reports").sentences[0].startswith("would tell: 2.0 kWh")
    assert dry.runner.run_now("reports").sentences[0].startswith("would tell: 2.0 kWh")
    assert dry.told == []


def test_a_letter_says_what_the_history_says_each_hour_cost(home, driveway):
    driveway.buy = {10: 0.20, 11: 0.40}
    home = home(settings='[tariff]\nkind = "fixed"\nprice = 0.40\ncurrency = "EUR"\n')
    live(home, "2026-06-10T22:00")
    # 12 to 14 o'clock: 0.25 kWh of grid at each price, 1.5 kWh of sun at what selling would have brought
    assert home.told[0].data["cost_eur"] == pytest.approx(0.25 * 0.20 + 0.25 * 0.40 + 1.5 * 0.10)


def test_an_hour_without_a_price_is_said(home, driveway):
    driveway.buy = {10: 0.30}
    home = home()
    live(home, "2026-06-10T22:00")
    assert home.told[0].data["without_a_price_wh"] == 1000
    assert "The 1.0 kWh with a known price cost 0.15 EUR, 0.15 EUR less" in home.told[0].sentence


def test_without_prices_there_is_no_word_of_money(home):
    home = home(settings="")
    live(home, "2026-06-10T22:00")
    assert home.told[0].sentence.endswith("75 % of it from the sun.")
    assert not [name for name in home.told[0].data if name.startswith(("cost", "saved"))]


def test_a_stretch_without_a_price_is_not_free():
    row = {"at": "2026-06-10T12:00:00+02:00", "step_s": 900}
    row["chargers"] = {"a": {"energy_wh": 100, "solar_wh": 0, "battery_wh": 0, "grid_wh": 100}}
    total = summed([row, {"solar_w": 1}])
    assert total == Totals(100, 0, 0, 100, unpriced_wh=100)
    assert from_json(total.to_json()) == total
    assert from_json({"charged_wh": "x"}) is None
    assert from_json({"unknown": 1}) is None


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_the_nights_of_the_clock_change_are_in_one_day_each(day, hours):
    now_s = (wall(day) + timedelta(hours=22)).timestamp()
    evening = over(now_s, BERLIN)[0]
    assert (evening.key, evening.spans[0][1] - evening.spans[0][0]) == (day, hours * 3600)
    monday = (wall(day) + timedelta(days=1, hours=8)).timestamp()
    week = over(monday, BERLIN)[1]
    assert (week.key, week.spans[-1][1] - week.spans[-1][0]) == (day, hours * 3600)
    assert all(one[1] == two[0] for one, two in zip(week.spans, week.spans[1:], strict=False))


@pytest.mark.parametrize("begin", ["2026-03-28T12:00", "2026-10-24T12:00"])
def test_a_clock_change_brings_each_evening_once(home, begin):
    home = home(begin)
    told = live(home, begin.replace("28T", "30T").replace("24T", "26T"))
    assert [kind for kind, _ in told] == ["end_of_day", "end_of_day", "weekly_report"]


def test_the_year_turns():
    january = over(wall("2027-01-01T08:00").timestamp(), BERLIN)
    assert [one.key for one in january] == ["2026-12-31", "2026-12-27", "2026-12-31"]
    before = over(wall("2027-01-01T06:59").timestamp(), BERLIN)
    assert before[2].key == "2026-11-30"


def test_whoever_gets_letters_gets_reports(config):
    assert "reports" not in [job.name for job in jobs_of(SchedulerSettings.load(config))]
    config.write_text(config.read_text() + "[notify]\n")
    assert "reports" in [job.name for job in jobs_of(SchedulerSettings.load(config))]


def test_the_days_letter_says_how_full_the_house_battery_was(home, driveway):
    driveway.soc = lambda at: 20 if at.hour < 6 else 80
    house = home()
    live(house, "2026-06-11T21:30")
    letter = house.told[-1]
    assert "The house battery was at 20 to 80 %, 65 % on average." in letter.sentence
    shown = {name: letter.data[f"battery_{name}_percent"] for name in ("least", "mean", "most")}
    assert shown == {"least": 20, "mean": 65, "most": 80}


BATTERY = '[battery]\nsite = "1"\n'


@pytest.mark.parametrize(("settings", "told"), [("", []), (BATTERY, ["end_of_day"])])
def test_a_day_without_charging_has_its_letter_only_where_a_battery_is_steered(
    home, driveway, settings, told
):
    driveway.hours, driveway.soc = (), lambda at: 50
    house = home(settings=settings + MONEY)
    assert [kind for kind, _ in live(house, "2026-06-10T21:30")] == told
    if told:
        assert house.told[-1].sentence.endswith("The house battery was at 50 to 50 %, 50 % on average.")
