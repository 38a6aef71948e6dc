"""The product's own bus and brain in houses drawn from seeds: no rule is ever broken, whatever goes wrong.

SEEDS=5000 tries more of them; `python -m simulator seeds` does the same without pytest.
"""

import os

import pytest

from simulator.chance import draw_world
from simulator.faults import NO_TROUBLES

COUNT = int(os.environ.get("SEEDS", "200"))
AT_ONCE = 20
LENGTH_S = 600


@pytest.mark.parametrize("first", range(0, COUNT, AT_ONCE))
def test_no_drawn_house_breaks_a_rule(first):
    broken = {}
    for seed in range(first, min(first + AT_ONCE, COUNT)):
        world = draw_world(seed, LENGTH_S)
        world.run_until(LENGTH_S)
        if world.violations:
            broken[seed] = world.violations[:3]
    assert broken == {}


def test_the_same_seed_lives_the_same_day():
    hashes = []
    for _ in range(2):
        world = draw_world(4, 300)
        world.run_until(300)
        hashes.append(world.trace_hash)
    assert hashes[0] == hashes[1]
    other = draw_world(5, 300)
    other.run_until(300)
    assert other.trace_hash != hashes[0]


@pytest.mark.parametrize("seed", range(8))
def test_without_troubles_heartbeats_are_even_and_only_unasked_words_collide(seed):
    world = draw_world(seed, LENGTH_S, NO_TROUBLES)
    world.run_until(LENGTH_S)
    assert world.violations == []
    if not world.bus.collisions:
        assert max(charger.longest_gap_s for charger in world.chargers) <= 1.2
    pushed = any(charger.profile.pushes_energy for charger in world.chargers)
    assert world.bus.collisions <= (100 if pushed else 3)
