"""A day's journal, read aloud: nothing changes without a sentence, and nobody tires of listening.

Whole days, from midnight to midnight: a clear, a mixed and a broken one, with one and with three chargers,
with an hour of fast charging in the evening and a meter that is silent for a while at noon.
"""

import re
from collections import Counter
from dataclasses import dataclass, field

import pytest

from agent.history.journal import Journal
from agent.model import Control, Mode, Rules
from benchmarks.solar.generator import generate, recipe
from tests.brain.plant import Plant, one

DAY_S = 86_400
NIGHT_W = 400.0
NIGHT_STEP_S = 30
SLIPPED = re.compile(r"None|nan|inf\b|_|\{|\}|Mode\.|-\d")  # what slips out of a program
JARGON = re.compile(  # what a driver does not say
    r"\b(setpoint|threshold|hysteresis|timeout|offset|clamp(ed)?|claim|raise|proposal|snapshot|modbus|poll|"
    r"state machine|null|register|frame|heartbeat|boolean|integer|buffer|debounce|linked|min_?on|SoC|EVSE|PV|"
    r"integral|deadband|dead band|budget|scene|purse|debt|gain|pull)\b",
    re.IGNORECASE,
)
CHARGERS = (one("0001", name="Garage"), one("0002", name="Yard"), one("0003", name="Street", priority=2))
WEATHERS = {"mixed": 31, "broken": 32, "clear": 33}
DAYS = [("clear", 1, 1.0), ("mixed", 1, 1.0), ("broken", 1, 0.45)]
DAYS += [("clear", 3, 1.0), ("mixed", 3, 0.7), ("broken", 3, 1.0)]


@dataclass
class Heard:
    """A day as a listener hears it."""

    lines: list = field(default_factory=list)
    events: list = field(default_factory=list)
    unexplained: list = field(default_factory=list)
    changes: int = 0
    flips: int = 0
    charged_kwh: float = 0.0
    by_hour: Counter = field(default_factory=Counter)  # (charger, hour): lines


def listen(weather, count, share):
    """Live a day and hear what is said."""
    made_of = generate(recipe(WEATHERS[weather]))
    rules = Rules(
        CHARGERS[:count],
        circuit_amps=48.0,
        main_fuse_amps=35.0,
        peak_watts=9000.0,
        peak_over="now",
        volts=230.0,
        min_solar_share=share,
    )
    house, journal, heard = Plant(rules), Journal(), Heard()
    reasons, before = {}, {}
    for second in range(DAY_S):
        if second % NIGHT_STEP_S and not house.sun_w and not any(o.amps for o in house.decision.offers):
            house.now += 1.0  # nothing stirs
            continue
        lit = second - int(made_of.first_s)
        is_day = 0 <= lit < len(made_of.solar_w)
        house.sun_w = made_of.solar_w[lit] if is_day else 0.0
        house.house_w = made_of.house_w[lit] if is_day else NIGHT_W
        house.meter_works = not 12.0 < second / 3600 < 12.1
        if second % 3600 == 0:
            house.control = Control(Mode.FAST if second == 20 * 3600 else Mode.SOLAR)
        decision = house.decision
        house.run(1)
        if house.decision.offers is not decision.offers:
            _hear(heard, house, second, journal, reasons, before)
    heard.events = house.events
    heard.charged_kwh = sum(house.delivered_wh.values()) / 1000
    return heard


def _hear(heard, house, second, journal, reasons, before):
    for line in journal.step(house.decision, house.moment):
        heard.lines.append(line)
        heard.by_hour[line.charger_id, second // 3600] += 1
    for offer in house.decision.offers:
        key, reason = offer.charger_id, offer.reason
        if before.get(key) == (offer.amps, reason):
            continue
        if before.get(key, (0.0,))[0] != offer.amps:
            heard.changes += 1
            steps = [step for step in house.decision.steps if step.charger_id == key]
            if not steps or steps[-1].after_amps != offer.amps or steps[-1].why not in reason:
                heard.unexplained.append((second, offer, steps))
        before[key] = (offer.amps, reason)
        shape = re.sub(r"[\d.]+", "#", reason)
        past = reasons.setdefault(key, [])
        if not past or past[-1][1] != shape:
            heard.flips += len(past) > 1 and past[-2][1] == shape and second - past[-1][0] < 10
            past.append((second, shape))


@pytest.fixture(scope="module", params=DAYS, ids=[f"{w}-{n}-{share:g}" for w, n, share in DAYS])
def day(request):
    """One of the days, and how many chargers it has."""
    weather, count, share = request.param
    return listen(weather, count, share), weather, count


def test_no_offer_changes_without_the_step_that_says_why(day):
    heard, _, _ = day
    assert heard.changes > 15
    assert heard.charged_kwh > 5
    assert heard.unexplained == []


def test_every_sentence_is_one_for_people(day):
    heard, _, _ = day
    for line in heard.lines:
        assert re.fullmatch(r"(Offering \d+ A|Not charging)(: .+)?\.", line.reason), line.reason
    said = [line.reason for line in heard.lines] + [event.sentence for event in heard.events]
    for sentence in said:
        assert not SLIPPED.search(sentence), sentence
        assert not JARGON.search(sentence), sentence
        assert len(sentence) < 160
    stops = [event.sentence for event in heard.events if event.kind == "charging_stopped"]
    assert not any("waiting for sun" in sentence for sentence in stops), (
        "why it stopped, not what it does now"
    )


def test_the_journal_is_short_enough_to_be_read_aloud(day):
    heard, weather, count = day
    worst = max(heard.by_hour.values())
    assert worst <= {"clear": 20, "mixed": 30, "broken": 40}[weather], "reasons of one charger in one hour"
    assert len(heard.lines) <= {"clear": 60, "mixed": 160, "broken": 260}[weather] * count
    assert heard.flips < {"clear": 12, "mixed": 40, "broken": 80}[weather] * count, "gone within ten seconds"


def test_a_day_brings_few_letters(day):
    heard, _, _ = day
    grave = Counter(event.kind for event in heard.events if event.severity != "info")
    assert all(number <= 5 for number in grave.values()), grave
