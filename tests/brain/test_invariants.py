"""Whatever the brain is told, its offers are safe: properties over random houses."""

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.brain.decide import decide
from agent.brain.memory import Memory
from agent.brain.share import Claim, share
from agent.model import (
    Boost,
    ChargerRules,
    ChargerStatus,
    Control,
    Mode,
    Moment,
    Reading,
    Rules,
    Snapshot,
)

IDS = ("0001", "0002", "0003")
watts = st.floats(-50_000, 50_000)
amps = st.floats(0, 80)


@st.composite
def houses(draw):
    chargers = tuple(
        ChargerRules(
            i,
            max_amps=float(draw(st.integers(6, 80))),
            priority=draw(st.integers(1, 3)),
            phases=draw(st.sampled_from([("L1",), ("L2",), ("L1", "L2", "L3")])),
            mode=draw(st.none() | st.sampled_from(Mode)),
        )
        for i in IDS[: draw(st.integers(1, 3))]
    )
    return Rules(
        chargers,
        circuit_amps=float(draw(st.integers(0, 100))),
        main_fuse_amps=float(draw(st.sampled_from([0, 25, 63]))),
        site_phases=draw(st.sampled_from([1, 3])),
        min_solar_share=draw(st.floats(0.4, 1.0)),
    )


@st.composite
def seconds(draw, rules, now):
    statuses = tuple(
        ChargerStatus(
            c.charger_id,
            rating_amps=draw(st.sampled_from([0.0, 32.0, 80.0])),
            offered_amps=draw(amps),
            drawn_amps=draw(amps),
            heard_at_mono_s=now - draw(st.floats(0, 50)),
            linked=draw(st.booleans()),
            plugged=draw(st.none() | st.booleans()),
            charging=draw(st.booleans()),
        )
        for c in rules.chargers
    )
    readings = {}
    for role in draw(st.sets(st.sampled_from(["grid", "solar", "house", "battery"]))):
        readings[role] = Reading(draw(watts), now - draw(st.floats(0, 200)), "x", soc_percent=50.0)
    boosts = (Boost(amps=draw(st.none() | amps), ends_mono_s=now + 5),) if draw(st.booleans()) else ()
    return Snapshot(statuses, readings, {}, Control(draw(st.sampled_from(Mode)), {}, boosts), None)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_offer_is_ever_unsafe_or_without_a_reason(data):
    rules = data.draw(houses())
    memory = Memory()
    for second in range(4):
        now = 100.0 + second
        snapshot = data.draw(seconds(rules, now))
        again, _ = decide(rules, snapshot, memory, Moment(now))
        decision, memory = decide(rules, snapshot, memory, Moment(now))
        assert again == decision, "the same second gives the same decision"
        assert sum(o.amps for o in decision.offers) <= rules.circuit_amps + 1e-6
        for offer, charger, status in zip(decision.offers, rules.chargers, snapshot.chargers, strict=True):
            assert offer.amps == 0 or offer.amps >= charger.min_amps
            assert offer.amps <= charger.max_amps
            assert not status.rating_amps or offer.amps <= status.rating_amps
            assert len(offer.reason) > 10
            assert offer.good_until_mono_s > now


@given(
    st.floats(0, 40_000),
    st.lists(
        st.tuples(st.booleans(), st.integers(1, 3), st.sampled_from([230.0, 690.0])), min_size=1, max_size=5
    ),
)
def test_the_shares_of_running_cars_never_exceed_the_sun(pool, rows):
    claims = [Claim(f"{i:04d}", on, wpa, 6.0, 32.0, priority) for i, (on, priority, wpa) in enumerate(rows)]
    given_amps = share(pool, claims)
    assert set(given_amps) == {c.charger_id for c in claims}
    used = sum(given_amps[c.charger_id] * c.watts_per_amp for c in claims if c.on)
    assert used <= pool + 1e-6
    assert all(given_amps[c.charger_id] <= c.cap_amps + 1e-9 for c in claims)
