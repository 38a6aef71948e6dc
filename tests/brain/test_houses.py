"""No main fuse is overloaded for longer than is written, whatever its meter does: random houses.

`SUNWARD_HOUSES=5000 ./sunward test tests/brain/test_houses.py` tries more of them.
"""

import os

from tests.brain.town import ERRS, Town, overloads

HOUSES = int(os.environ.get("SUNWARD_HOUSES", "150"))


def test_no_fuse_is_overloaded_for_longer_than_is_written():
    said = [sentence for seed in range(HOUSES) for sentence in overloads(seed)[:1]]
    assert said == []


def test_the_houses_are_of_every_kind_and_their_cars_charge():
    houses = [Town(seed, 200) for seed in range(40)]
    assert {house.errs for house in houses} == set(ERRS)
    charging = 0
    for house in houses:
        house.live()
        charging += any(house.drawn.values())
    assert charging > 15
