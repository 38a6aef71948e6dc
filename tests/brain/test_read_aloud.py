"""A day's journal, read aloud: nothing changes without a sentence, and nobody tires of listening."""

import re
from dataclasses import replace
from random import Random

import pytest

from agent.history.journal import Journal
from agent.model import Control, Mode, Rules
from tests.brain.plant import Plant, one

HOURS = 6
JARGON = re.compile(r"None|nan|inf\b|_|\{|\}|Mode\.|-\d")  # what slips out of a program
RULES = Rules(
    (one("0001"), one("0002", priority=2)),
    circuit_amps=32.0,
    main_fuse_amps=35.0,
    peak_watts=9000.0,
    peak_over="now",
)


def clouds(seed):
    """A sky for every second: spells of sun and cloud, and a kettle now and then."""
    chance, sun, left, kettle = Random(seed), 0.0, 0, 0
    for _ in range(HOURS * 3600):
        if left == 0:
            sun, left = chance.choice((800.0, 2500.0, 6500.0, 7000.0)), chance.randint(40, 900)
        if chance.random() < 1 / 1200:
            kettle = chance.randint(60, 240)
        left, kettle = left - 1, max(0, kettle - 1)
        yield sun, 2500.0 if kettle else 400.0


@pytest.fixture(scope="module", params=[1.0, 0.45], ids=["strict", "value"])
def day(request):
    """Six hours with clouds, a boost-like hour of fast charging, and an hour without a meter."""
    house, journal = Plant(replace(RULES, min_solar_share=request.param)), Journal()
    lines, unexplained, changes, flips = [], [], 0, 0
    reasons, before = {}, {}
    for second, (house.sun_w, house.house_w) in enumerate(clouds(7)):
        hour = second / 3600
        house.meter_works = not 3.0 < hour < 3.2
        if second % 60 == 0:
            house.control = Control(Mode.FAST if 4 < hour < 4.5 else Mode.SOLAR)
        house.run(1)
        lines += journal.step(house.decision, house.moment)
        for offer in house.decision.offers:
            key = offer.charger_id
            if before.get(key, 0.0) != offer.amps:
                changes += 1
                steps = [s for s in house.decision.steps if s.charger_id == key]
                if not steps or steps[-1].after_amps != offer.amps or steps[-1].why not in offer.reason:
                    unexplained.append((second, offer, steps))
            before[key] = offer.amps
            shape = re.sub(r"[\d.]+", "#", offer.reason)
            past = reasons.setdefault(key, [])
            if not past or past[-1][1] != shape:
                flips += len(past) > 1 and past[-2][1] == shape and second - past[-1][0] < 10
                past.append((second, shape))
    return lines, unexplained, changes, flips


def test_no_offer_changes_without_the_step_that_says_why(day):
    _, unexplained, changes, _ = day
    assert changes > 50
    assert unexplained == []


def test_every_sentence_is_one_for_people(day):
    for line in day[0]:
        assert re.fullmatch(r"(Offering \d+ A|Not charging)(: .+)?\.", line.reason), line.reason
        assert not JARGON.search(line.reason), line.reason
        assert len(line.reason) < 160


def test_the_journal_is_short_enough_to_be_read_aloud(day):
    lines, _, _, flips = day
    assert len(lines) < 40 * HOURS, "a line in three minutes for each charger, under a wild sky"
    assert flips < 12 * HOURS, "reasons that come and go within ten seconds"
