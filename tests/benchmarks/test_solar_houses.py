"""Other wirings: a kettle is answered on the wire within seconds, and a car's phases are learned there."""

import pytest

from agent.model import ChargerRules
from benchmarks.solar.houses import STEP_JOBS, THREE, play_step, world_for


@pytest.mark.parametrize("job", STEP_JOBS, ids=[job[0] for job in STEP_JOBS])
def test_two_kilowatts_are_answered_within_three_seconds_and_used_again_within_twenty(job):
    _, confirmed_s, calm_s, used_s = play_step(job)
    assert confirmed_s <= 3
    assert calm_s <= 15
    assert used_s <= 20


@pytest.mark.parametrize("loads", [1, 2, 3])
def test_the_phases_of_a_car_are_learned_through_the_real_bus(loads):
    sun = ((0.0, 7300.0, 300.0), (9000.0, 7300.0, 300.0))
    world = world_for(sun, (ChargerRules("3201", max_amps=32.0, phases=THREE),), loads)
    world.run_until(1200)
    assert world._memory.chargers["3201"].learned.phases == loads
    assert abs(world.flow.grid_w) < 230 * loads + 50
    assert not world.violations
