"""What holds for every stream of events, whatever the house goes through."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from notify.events import SEVERITIES, Event, recovered_kind, severity_of
from notify.items import MOST_ITEMS, Item, fold
from notify.policy import Policy
from notify.quiet import Waiting, plan
from tests.notify.street import VIENNA

START = datetime(2026, 3, 28, 18, 0, tzinfo=UTC)  # the night in which the clocks change
KINDS = [
    "charger_lost",
    "charger_back",
    "second_master",
    "second_master_gone",
    "car_full",
    "end_of_day",
    "sauna",
]
KINDS += ["powerwall_failed", "powerwall_done", "meter_stale", "meter_back"]

happenings = st.lists(
    st.tuples(st.integers(0, 3600), st.sampled_from(KINDS), st.sampled_from(["a", "b"]), st.integers(1, 50)),
    max_size=40,
)
policies = st.builds(
    Policy,
    zone=st.just(VIENNA),
    quiet=st.sampled_from([None, (time(22), time(7)), (time(1), time(2, 30))]),
    digest_at=st.sampled_from([time(19), time(2, 30), time(0)]),
    cap_per_hour=st.integers(1, 6),
    by_kind=st.dictionaries(st.sampled_from(KINDS), st.sampled_from(["now", "digest", "never"]), max_size=3),
)


def live(policy, story):
    """Play a story, planning every five minutes; returns [(when, form, items)] and what is left."""
    letters, told, made, waiting = [], {}, [], []
    now, number = START, 0
    events = []
    at = START
    for wait_s, kind, subject, count in story:
        at += timedelta(seconds=wait_s)
        events.append((at, kind, subject, count))
    while now < at + timedelta(days=2):
        while events and events[0][0] <= now:
            when, kind, subject, count = events.pop(0)
            number += 1
            waiting.append(Waiting(number, Event(kind, kind, subject=subject), when, when, count))
        what = plan(policy, waiting, told, made, now)
        for form, items in (("letter", what.letter), ("digest", what.digest)):
            if items:
                letters.append((now, form, items))
        if what.letter:
            made.append(now)
        told |= what.told
        waiting = [row for row in waiting if row.id not in what.used]
        assert what.next is None or what.next > now
        now += timedelta(minutes=5)
    return letters, waiting


@settings(max_examples=60, deadline=None)
@given(policies, happenings)
def test_whatever_happens_letters_stay_calm_and_nothing_is_forgotten(policy, story):
    letters, left = live(policy, story)
    assert left == [], "two days later everything was told or was never to be"
    told_before = set()
    for now, form, items in letters:
        urgent = any(item.severity == "critical" or item.kind == "second_master_gone" for item in items)
        if not urgent:
            assert policy.quiet_until(now) is None
        hour = [at for at, other, _ in letters if other == "letter" and now - timedelta(hours=1) < at <= now]
        assert len(hour) <= policy.cap_per_hour
        for item in items:
            assert policy.by_kind.get(item.kind) != "never"
            if item.role == "over":
                assert (recovered_kind(Event(item.kind, "")), item.subject) in told_before
                assert item.began <= item.last
        told_before |= {(item.kind, item.subject) for item in items if item.role != "over"}
        assert form == "digest" or not any(policy.by_kind.get(item.kind) == "digest" for item in items)


@settings(max_examples=60, deadline=None)
@given(happenings)
def test_every_trouble_is_counted_exactly_once(story):
    story = [one for one in story if one[1] in ("charger_lost", "powerwall_failed", "sauna", "car_full")]
    letters, _ = live(Policy(zone=VIENNA), story)
    for kind in {one[1] for one in story}:
        for subject in "ab":
            happened = sum(count for _, name, about, count in story if (name, about) == (kind, subject))
            told = [
                item
                for _, _, items in letters
                for item in items
                if (item.kind, item.subject) == (kind, subject)
            ]
            counted = sum(item.count for item in told) if kind in ("sauna", "car_full") else 0
            counted = counted or max((item.count for item in told), default=0)
            assert counted == happened


@given(policies, st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))  # noqa: DTZ001
def test_quiet_hours_and_digest_times_always_come(policy, wall):
    now = wall.replace(tzinfo=UTC)
    end = policy.quiet_until(now)
    assert end is None or now < end <= now + timedelta(hours=10)
    last, following = policy.digest_times(now)
    assert last <= now < following
    assert following - last <= timedelta(hours=25)


ITEM = Item("charger_lost", "a", "error", "trouble", "x", START, START)


def test_a_letter_has_at_most_sixty_items_and_counts_the_rest():
    many = [replace(ITEM, subject=str(number), count=3) for number in range(100)]
    folded = fold(many)
    assert len(folded) == MOST_ITEMS
    assert folded[-1].count == 3 * 41
    assert sum(item.count for item in fold([*folded, *many])) == 600


def test_the_worst_comes_first_and_few_notices_stay_apart():
    notices = [
        replace(ITEM, kind="car_full", severity="info", role="notice", sentence=str(n)) for n in range(5)
    ]
    folded = fold([*notices, ITEM])
    assert [SEVERITIES.index(item.severity) for item in folded] == [2, 0, 0, 0, 0, 0]
    (one,) = fold([*notices, notices[0]])
    assert one.count == 6


def test_an_item_survives_the_disk():
    item = replace(ITEM, began=START, data={"solar_wh": 1.5})
    assert Item.from_json(item.to_json()) == item
    assert severity_of(Event("x", "y")) == "info"
