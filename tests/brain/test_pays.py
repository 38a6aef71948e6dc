"""The one knob, turned by prices: what it is worth to go on through a cloud, calmly."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.brain.part import BrainPart
from agent.brain.pays import LEAST, MOST, Pays, cheap_ahead, share_that_pays
from agent.config import SolarSettings
from agent.doors.state import state_of
from agent.model import (
    BusView,
    ChargerRules,
    ChargerStatus,
    Control,
    MeterView,
    Mode,
    PriceAhead,
    PricesAhead,
    Published,
    Reading,
    Rules,
)
from agent.parts import Slot
from scheduler.clock import FakeClock

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 6, 10, 12, tzinfo=BERLIN)
PRICE = st.floats(-0.5, 2.0)


def hourly(*prices, sell: float | None = 0.08, begin=NOON, step=timedelta(hours=1)):
    rows = [PriceAhead(begin + step * n, begin + step * (n + 1), buy, sell) for n, buy in enumerate(prices)]
    return PricesAhead("EUR", tuple(rows))


@pytest.mark.parametrize(
    ("buy", "otherwise", "sell", "share"),
    [
        (0.30, 0.20, 0.08, 0.4545),  # the bench's own prices
        (0.40, 0.20, 0.08, 0.625),
        (0.62, 0.31, 0.05, 0.544),
        (0.30, 0.10, 0.10, 1.0),  # what the sun brings buys as much at night
        (0.30, 0.05, 0.10, 1.0),
        (0.30, 0.30, 0.08, LEAST),  # it is never cheaper: a cloud costs nothing more than the night
        (0.05, 0.05, 0.08, LEAST),  # buying costs less than selling brings
        (-0.10, -0.20, 0.0, LEAST),
    ],
)
def test_the_share_at_which_the_minimum_neither_earns_nor_costs(buy, otherwise, sell, share):
    assert share_that_pays(buy, otherwise, sell) == pytest.approx(share, abs=0.001)


@given(PRICE, PRICE, PRICE, PRICE)
def test_it_stays_in_its_range_and_dearer_power_asks_for_more_sun(buy, otherwise, sell, more):
    share = share_that_pays(buy, otherwise, sell)
    assert LEAST <= share <= MOST
    if sell <= otherwise < buy and more > 0:
        assert share_that_pays(buy + more, otherwise, sell) >= share - 1e-9


def test_the_cheapest_hours_of_the_next_day_count_and_gaps_do_not():
    prices = hourly(0.30, 0.25, 0.20, 0.10, 0.12, 0.50)
    assert cheap_ahead(prices, NOON.timestamp()) == pytest.approx((0.10 + 0.12 + 0.20 + 0.25) / 4)
    gap = replace(prices, slots=prices.slots[:1] + prices.slots[5:])
    assert cheap_ahead(gap, NOON.timestamp()) == pytest.approx(0.40)
    assert cheap_ahead(prices, NOON.timestamp() + 7 * 3600) is None


def test_unknown_prices_buy_nothing():
    slot = Slot(PricesAhead())
    pays = Pays(slot)
    assert pays(NOON).share == 1.0
    assert pays(NOON).why == "Nothing is bought for the sun's sake: the price of power is not known now."
    slot.put(hourly(0.30, 0.20, 0.20, 0.20, 0.20, sell=None))
    assert "tariff.feed_in" in pays(NOON).why
    slot.put(hourly(0.30, 0.20, 0.20, 0.20, 0.20))
    assert pays(None).share == 1.0  # nobody knows what time it is
    assert pays(NOON).share == 0.45
    assert pays(NOON).why == (
        "Charging goes on through a cloud while 45 % of it is sun: power costs 0.30 EUR now, "
        "0.20 in the cheapest hours ahead, and selling brings 0.08."
    )
    assert pays(NOON + timedelta(hours=6)).share == 1.0  # after the last known price


def test_it_does_not_flap_with_a_price_of_every_quarter():
    prices = [0.30 + 0.02 * (n % 3) for n in range(32)] + [0.15] * 20
    pays = Pays(Slot(hourly(*prices, step=timedelta(minutes=15))))
    said = [pays(NOON + timedelta(minutes=n)).share for n in range(8 * 60)]
    assert sum(one != two for one, two in pairwise(said)) <= 1
    assert 0.45 < said[0] < 1


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_the_nights_of_the_clock_change_are_slots_like_others(day):
    midnight = datetime.fromisoformat(day).replace(tzinfo=BERLIN)
    begin = midnight.timestamp()
    hours = [datetime.fromtimestamp(begin + 3600 * n, BERLIN) for n in range(26)]
    rows = [PriceAhead(a, b, 0.40 if n % 2 else 0.20, 0.08) for n, (a, b) in enumerate(pairwise(hours))]
    pays = Pays(Slot(PricesAhead("EUR", tuple(rows))))
    assert [pays(hour).share for hour in hours[:6]] == [0.45, 0.62] * 3


def test_the_brain_goes_by_it_and_says_so_in_steps_and_state():
    clock = FakeClock(NOON)
    rules = Rules((ChargerRules("3201", "Garage", 16.0),), circuit_amps=16)
    prices = Slot(hourly(0.30, 0.20, 0.20, 0.20, 0.20))
    published = Slot(Published(clock.now()))
    control = Slot(Control(mode=Mode.SOLAR))
    status = ChargerStatus(
        "3201", state="plugged_in", rating_amps=16, linked=True, plugged=True, heard_at_mono_s=clock.mono_s
    )

    def meters(moment, drawn):
        return MeterView({"grid": Reading(-2000.0, moment.mono_s, "test")})

    part = BrainPart(
        rules,
        bus=Slot(BusView((status,))),
        meters=meters,
        control=control,
        windows=Slot(()),
        cars=Slot({}),
        offers=Slot(()),
        published=published,
        tell=lambda event: None,
        sun_share=Pays(prices),
    )
    part.step(clock.advance(1))
    found = published.get()
    assert found.decision.steps[0].rule == "prices"
    assert found.decision.steps[0].why.startswith("Charging goes on through a cloud while 45 % of it is sun")
    state = state_of(found, control.get(), rules, clock.now())
    assert (state.min_solar_share, state.min_solar_share_why) == (0.45, found.decision.steps[0].why)
    prices.put(PricesAhead())
    part.step(clock.advance(1))
    found = published.get()
    assert "prices" not in [step.rule for step in found.decision.steps]
    assert state_of(found, control.get(), rules, clock.now()).min_solar_share == 1.0


@pytest.mark.parametrize("bad", [0, 1.2, "often", True, None])
def test_a_share_that_cannot_be_is_refused_in_words(bad):
    with pytest.raises(ValueError, match="write a number"):
        SolarSettings(min_solar_share=bad)


def test_a_number_of_ones_own_counts_whatever_power_costs():
    assert SolarSettings(min_solar_share=0.7).min_solar_share == 0.7
    assert SolarSettings().min_solar_share == "auto"
