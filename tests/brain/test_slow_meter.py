"""A meter that is asked every few minutes: the sun is weighed with what the cars drew when it was read."""

import pytest

from agent.config import MISSED_BEATS
from agent.model import Rules
from tests.brain.plant import Plant, one


class SeldomRead(Plant):
    """A house whose meter is read every so many seconds."""

    every_s = 300

    def _read_grid(self):
        due = self.grid is None or self.now - self.grid.at_mono_s >= self.every_s
        return super()._read_grid() if due else self.grid


@pytest.mark.parametrize("every_s", [30, 120, 300])
def test_a_car_follows_the_sun_and_not_its_own_shadow(every_s):
    rules = Rules(
        (one(),),
        circuit_amps=32.0,
        stale_no_raise_s=MISSED_BEATS * every_s,
        stale_minimum_s=2 * MISSED_BEATS * every_s,
        stale_safe_s=4 * MISSED_BEATS * every_s,
    )
    house = SeldomRead(rules, sun_w=3200, house_w=500)
    house.every_s = every_s
    offered = set()
    house.run(3600, lambda h: offered.add(h.amps()))
    assert offered == {0.0, 11.0}
    assert house.import_wh < 1
