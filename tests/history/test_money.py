"""What charging cost at the time: by the second, through clouds, older files and both DST nights."""

import json
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from agent.doors.past import Past
from agent.history import store
from agent.history.files import opened, version
from agent.history.part import HistoryPart
from agent.history.reader import Reader
from agent.history.rollup import CHARGER_SUMS, HOUSE_SUMS, Minute
from agent.history.store import Batch, Store
from agent.model import Moment, Price, PriceAhead, PricesAhead
from agent.parts import Slot
from agent.prices import PriceTeller
from tests.history.conftest import BERLIN, CHARGING, NOON, PLUGGED, RULES

FLAT = Price(0.30, 0.08, "EUR")


def ahead(*slots, currency="EUR", begin=NOON):
    """Slots of (hours from, hours to, buy, sell)."""
    rows = [
        PriceAhead(begin + timedelta(hours=a), begin + timedelta(hours=b), buy, sell)
        for a, b, buy, sell in slots
    ]
    return PricesAhead(currency, tuple(rows))


@pytest.fixture
def priced(house):
    """A house whose history asks this for prices."""

    def make(prices, flat=None):
        slot = Slot(prices)
        house.teller = PriceTeller(slot, flat)
        house.part = HistoryPart(
            house.published, house.events, house.path, rules=RULES, tell=house.hear, price_at=house.teller
        )
        house.lives(seconds=1)
        return house, slot

    return make


def past_of(house, flat=None):
    return Past(Reader(house.path, BERLIN), {"3201": "Garage"}, lambda: flat)


def test_sun_costs_what_selling_brings_and_the_rest_what_it_costs_at_that_second(priced):
    house, _ = priced(ahead((0, 0.5, 0.40, 0.08), (0.5, 2, 0.20, 0.06)))
    house.says(CHARGING, grid=0.0, solar=3000.0).lives(minutes=10)  # 2300 W, all of it sun
    house.says(CHARGING, grid=2300.0, solar=0.0).lives(minutes=10)  # all bought at 0.40
    house.says(PLUGGED, grid=0.0, solar=0.0).lives(minutes=15)
    house.says(CHARGING, grid=1150.0, solar=3000.0).lives(minutes=10).ends()  # half and half, at 0.20
    (session,) = house.sessions()
    kwh = 2.3 / 6
    cost = kwh * 0.08 + kwh * 0.40 + kwh / 2 * (0.20 + 0.06)
    assert session.cost == pytest.approx(cost, rel=0.01)
    assert session.saved == pytest.approx(kwh * 0.32 + kwh / 2 * 0.14, rel=0.01)
    assert (session.priced_wh, session.currency) == (pytest.approx(session.energy_wh), "EUR")
    for step_s in (60, 900, 3600, 86400):
        rows = house.rows(step_s)
        assert sum(row.chargers["3201"].cost for row in rows if row.chargers) == pytest.approx(
            session.cost, rel=1e-4
        )
    prices = [row.buy_per_kwh for row in house.rows(60)]
    assert prices[0] == pytest.approx(0.40)
    assert prices[-1] == pytest.approx(0.20)
    (row,) = past_of(house).sessions(NOON - timedelta(hours=1), NOON + timedelta(hours=1))
    assert (row["cost"], row["saved"], row["currency"]) == (round(cost, 2), round(session.saved, 2), "EUR")


def test_a_price_that_nobody_knows_is_not_free(priced):
    house, _ = priced(ahead((0, 0.25, 0.40, None)))
    house.says(CHARGING, grid=2300.0).lives(minutes=30).ends()
    (session,) = house.sessions()
    assert session.priced_wh == pytest.approx(session.energy_wh / 2, rel=0.02)
    assert session.cost == pytest.approx(session.priced_wh / 1000 * 0.40)
    assert [row.buy_per_kwh is None for row in house.rows(60)[:30]] == [False] * 15 + [True] * 15
    assert house.rows(60)[0].sell_per_kwh is None


def test_the_settings_prices_stand_in_for_the_tariff_in_the_same_currency_alone(priced):
    house, slot = priced(ahead((0, 0.25, 0.40, 0.05)), FLAT)
    house.says(CHARGING, grid=2300.0).lives(minutes=20)
    assert house.teller(house.clock.wall) == FLAT
    slot.put(ahead((0, 0.25, 0.40, 0.05), currency="USD"))
    assert house.teller(house.clock.wall) is None
    assert house.teller.flat() is None
    slot.put(PricesAhead())
    assert house.teller(None) == FLAT
    house.ends()
    assert [round(row.buy_per_kwh, 2) for row in house.rows(300)[:4]] == [0.4, 0.4, 0.4, 0.3]


def test_what_was_charged_before_any_price_was_known_costs_the_settings_price(house):
    house.says(CHARGING, grid=1150.0, solar=2000.0).lives(minutes=60).ends()
    span = (NOON - timedelta(hours=1), NOON + timedelta(hours=2))
    (unknown,) = past_of(house).sessions(*span)
    assert (unknown["cost"], unknown["saved"], unknown["currency"]) == (None, None, None)
    (row,) = past_of(house, FLAT).sessions(*span)
    assert row["cost"] == pytest.approx(1.15 * 0.30 + 1.15 * 0.08, abs=0.01)
    assert row["saved"] == pytest.approx(1.15 * 0.22, abs=0.01)
    rows = past_of(house, FLAT).history(*span, 3600)
    assert sum(one["chargers"]["3201"]["cost"] for one in rows) == pytest.approx(row["cost"], abs=0.01)


def test_another_currency_is_never_added_up(priced):
    house, slot = priced(ahead((0, 2, 0.40, 0.05)))
    house.says(CHARGING, grid=2300.0).lives(minutes=10)
    slot.put(ahead((0, 2, 0.50, 0.05), currency="CHF"))
    house.lives(minutes=10).ends()
    (session,) = house.sessions()
    assert (session.currency, session.cost) == ("EUR", pytest.approx(2.3 / 6 * 0.40, rel=0.02))


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_of_23_or_25_hours_has_as_many_prices(path, day, hours):
    midnight = datetime.fromisoformat(day).replace(tzinfo=BERLIN)
    begin = int(midnight.timestamp())
    keeper = Store(path, "boot")

    def minute(at):
        house = dict.fromkeys(HOUSE_SUMS, 0) | {"seconds": 60, "buy_s": 60}
        house["buy_us"] = 60 * 10_000 * ((at - begin) // 3600)
        return Minute(at, 0.0, tuple(house.values()), {"3201": (0,) * len(CHARGER_SUMS)})

    keeper.write(Batch(minutes=tuple(minute(begin + 60 * n) for n in range(hours * 60))), BERLIN)
    keeper.fold(begin + 86400 * 2, BERLIN)
    reader, end = Reader(path, BERLIN), midnight + timedelta(days=1)
    rows = reader.history(midnight, end, 3600)
    assert [round(100 * row.buy_per_kwh) for row in rows] == list(range(hours))
    (whole,) = reader.history(midnight, end, 86400)
    assert whole.buy_per_kwh == pytest.approx((hours - 1) / 200)
    keeper.close()


def test_a_file_of_the_first_version_goes_on_and_keeps_everything(path):
    with sqlite3.connect(":memory:"):
        old = opened(path, "WAL", store.MIGRATIONS[:1])
    old.execute("INSERT INTO house VALUES (3, 1777800000, 60, 60, 1000, 0, 60, 7, 0, 0, 0, 60, 5, 9, 0, 0)")
    old.execute("INSERT INTO charger_name VALUES (1, '3201')")
    old.execute("INSERT INTO charger VALUES (3, 1777800000, 1, 60, 960, 900, 36000, 18000, 0, 18000)")
    old.execute(
        "INSERT INTO session (key, charger_id, vin, boot, start_at, start_mono_s, start_reason, seen_at, "
        "seen_mono_s, end_reason, charged_s, energy_wh, sun_wh, battery_wh, grid_wh, peak_amps, note) VALUES "
        "('k', '3201', '', 'b', 1777800000, 5, 'plugged_in', 1777800060, 65, '', 60, 10, 5, 0, 5, 16, '')"
    )
    body = json.dumps([[60] + [0] * 13, {"3201": [60, 1, 1, 3600, 0, 0, 3600]}])
    old.execute("INSERT INTO adrift (boot, mono_s, body) VALUES ('b', 120.0, ?)", (body,))
    old.close()
    keeper = Store(path, "b")
    (session,) = keeper.unfinished(BERLIN)
    assert (session.energy_wh, session.cost, session.priced_wh, session.currency) == (10, 0, 0, "")
    assert keeper.place(Moment(0.0, datetime.fromtimestamp(1777800000, BERLIN))) == 0
    keeper.close()
    with sqlite3.connect(path) as found:
        assert version(found) == 2
        rows = found.execute(
            "SELECT start, solar_wh, buy_per_kwh FROM house_minutes ORDER BY start"
        ).fetchall()
        assert len(rows) == 2
        assert rows[0][2] is None
        assert found.execute("SELECT energy_wh, cost FROM charger_minutes ORDER BY at").fetchall() == [
            (10.0, 0.0),
            (1.0, 0.0),
        ]
        assert found.execute("SELECT energy_wh, cost, saved, currency FROM sessions").fetchall() == [
            (10.0, None, None, "")
        ]
    found.close()
    assert Path(path).exists()
