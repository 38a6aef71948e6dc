"""Messages of a broker: how old they are, and what damaged ones do."""

import contextlib
import json
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.meters.part import understand
from agent.meters.values import Poor, Values
from agent.meters.via import gather
from agent.meters.via.topics import Message, Messages, Topic
from tests.meters.captures import cases, spoken
from tests.meters.test_properties import damaged

AT = datetime(2026, 6, 14, 11, 45, 5, tzinfo=UTC)
STAMPED = Topic("a", time_at="t")


def said(text, retained=False, wall=AT, topic=STAMPED, now_s=130.0):
    return Messages({topic.name: Message(text, 100.0, wall, retained)}, now_s)


def test_a_live_message_is_as_old_as_its_arrival():
    values = said('{"t": "2026-06-14T11:44:05Z"}').dated(STAMPED, Values(1.0))
    assert (values.age_s, values.at_wall) == (30.0, AT - timedelta(minutes=1))


def test_a_kept_message_counts_only_with_a_time_and_a_clock():
    assert said('{"t": "2026-06-14T11:44:05Z"}', True).age_s(STAMPED) == 90.0
    assert not said('{"t": "2026-06-14T11:44:05Z"}', True, wall=None).has(STAMPED)
    assert not said('{"t": "soon"}', True).has(STAMPED)
    assert not said("5", True).has(Topic("a"))
    assert said("5", True).was_kept(Topic("a"))
    assert said("5", True).has(Topic("a", standing=True))


def test_a_time_in_the_future_makes_nothing_younger():
    assert said('{"t": "2026-06-14T12:44:05Z"}', True).age_s(STAMPED) == 30.0


@pytest.mark.parametrize("case", cases("mqtt"), ids=str)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_damaged_messages_raise_nothing_but_poor(case, seed):
    chance, found = random.Random(seed), {}
    for topic, (text, age_s, kept) in spoken(case).items():
        with contextlib.suppress(ValueError):
            text = json.dumps(damaged(chance, json.loads(text)))
        if chance.random() < 0.2:
            text = text[: chance.randrange(len(text) + 1)]
        if chance.random() > 0.1:
            found[topic] = Message(text, 1000.0 - age_s, AT, kept)
    answers = Messages(found, 1000.0)
    with contextlib.suppress(Poor):
        gather(
            lambda: case.source.driver.ask(case.source.options, answers), lambda topic: None, answers.asked
        )
        for values in understand(case.source, answers).values():
            assert isinstance(values, Values | Poor)
