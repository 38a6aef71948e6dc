"""Sun and clouds over a roof that isn't there, and the appliances under it. Seeded: same seed, same day.

The clear sky is geometry (declination, hour angle, a plane tilted 30 degrees towards the equator) and
one rule of thumb for what the air lets through (Meinel: 0.7 to the power of air mass to 0.678). Clouds
are a chain of three skies, each lasting minutes, through which single clouds pass in seconds: that is
what makes charging from the sun hard, so the edges are as steep as real ones. Appliances are a base
load, a fridge that cycles, kettles, and an oven whose thermostat switches 2.4 kW every minute or two.

Times are seconds of solar time from midnight, powers are watts.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, radians, sin
from random import Random

from simulator.trace import Trace

DAY_S = 86_400
SUN_WATTS_PER_M2 = 1353.0
TILT_DEGREES = 30.0
SYSTEM_EFFICIENCY = 0.88
BUILD_STEP_S = 5  # how finely clouds and appliances are made, before rows are averaged

# sky: (share of the sun that passes, seconds it lasts, how often single clouds pass per minute)
SKIES = {"clear": (1.0, 2400.0, 0.05), "broken": (0.9, 1500.0, 0.7), "overcast": (0.25, 2700.0, 0.1)}
# cloudiness: how probable each sky is when the next one is drawn
CLOUDINESS = {
    "sunny": {"clear": 0.95, "broken": 0.05, "overcast": 0.0},
    "mixed": {"clear": 0.35, "broken": 0.5, "overcast": 0.15},
    "grey": {"clear": 0.02, "broken": 0.18, "overcast": 0.8},
}


def clear_sky_watts(latitude: float, day_of_year: int, kwp: float, time_s: float) -> float:
    """What `kwp` of panels would give under a clear sky, at a solar time of day."""
    declination = radians(23.45) * sin(2 * pi * (284 + day_of_year) / 365)
    hour = (time_s % DAY_S / DAY_S - 0.5) * 2 * pi
    where = radians(latitude)
    height = sin(where) * sin(declination) + cos(where) * cos(declination) * cos(hour)
    if height <= 0.02:
        return 0.0
    tilted = where - radians(TILT_DEGREES) * (1 if latitude >= 0 else -1)
    facing = max(0.0, sin(tilted) * sin(declination) + cos(tilted) * cos(declination) * cos(hour))
    beam = SUN_WATTS_PER_M2 * 0.7 ** ((1 / height) ** 0.678)
    on_panel = beam * facing + 0.1 * beam * height + 40 * height
    return float(kwp * on_panel * SYSTEM_EFFICIENCY)


def clear_sky(latitude: float, day_of_year: int, kwp: float) -> Callable[[float], float]:
    """`clear_sky_watts` for one roof and day, as a function of the time of day."""
    return lambda time_s: clear_sky_watts(latitude, day_of_year, kwp, time_s)


def clouds(cloudiness: str, rng: Random, step_s: float = BUILD_STEP_S) -> list[float]:
    """One day's share of the clear sky that passes, from 0 to 1, every `step_s`."""
    if cloudiness not in CLOUDINESS:
        raise ValueError(f"{cloudiness!r} is no cloudiness; choose {', '.join(CLOUDINESS)}")
    odds = CLOUDINESS[cloudiness]
    shares: list[float] = []
    passing = now_share = 1.0
    sky_ends = cloud_ends = 0.0
    base, rate = 1.0, 0.0
    for step in range(int(DAY_S / step_s)):
        time_s = step * step_s
        if time_s >= sky_ends:
            sky = rng.choices(list(odds), list(odds.values()))[0]
            base, lasts_s, rate = SKIES[sky]
            base *= rng.uniform(0.85, 1.0)
            sky_ends = time_s + rng.expovariate(1 / lasts_s)
        if time_s >= cloud_ends:
            passing = 1.0
            if rng.random() < rate * step_s / 60:
                passing = rng.uniform(0.15, 0.6)
                cloud_ends = time_s + rng.uniform(20, 240)
        aim = base * passing
        now_share += (aim - now_share) * min(
            1.0, step_s / 10
        )  # an edge takes ten-odd seconds to cross a roof
        shares.append(now_share)
    return shares


def appliances(rng: Random, base_watts: float = 180.0, step_s: float = BUILD_STEP_S) -> list[float]:
    """One day's load of a house without its chargers, every `step_s`."""
    steps = int(DAY_S / step_s)
    load = [base_watts] * steps

    def on(start_s: float, for_s: float, watts: float) -> None:
        for step in range(int(start_s / step_s), min(steps, int((start_s + for_s) / step_s))):
            load[step] += watts

    fridge_s = rng.uniform(0, 2700)
    while fridge_s < DAY_S:
        on(fridge_s, rng.uniform(700, 1000), 110)
        fridge_s += rng.uniform(2300, 3000)
    for around_h in (6.8, 10.2, 12.5, 15.5, 19.0, 21.2):
        on(rng.gauss(around_h * 3600, 1500), rng.uniform(100, 220), rng.uniform(1900, 2400))
    for around_h, minutes in ((12.0, 25), (18.2, 50)):
        starts_s = rng.gauss(around_h * 3600, 1200)
        on(starts_s, 420, 2400)
        for cycle in range(minutes):
            on(starts_s + 420 + 150 * cycle, rng.uniform(45, 75), 2400)
    washes_s = rng.uniform(9, 14) * 3600
    on(washes_s + 300, 900, 2000)
    on(washes_s, 5400, 150)
    on(17.5 * 3600, 5.5 * 3600, rng.uniform(200, 400))
    return load


def made_day(
    seed: int,
    *,
    latitude: float = 48.0,
    day_of_year: int = 172,
    kwp: float = 8.0,
    cloudiness: str = "mixed",
    base_watts: float = 180.0,
    row_s: int = 60,
) -> Trace:
    """A whole day as a trace; each row is the mean over its `row_s` (a multiple of 5)."""
    rng = Random(seed)
    passing = clouds(cloudiness, rng)
    load = appliances(rng, base_watts)
    chunk = row_s // BUILD_STEP_S
    if chunk < 1 or row_s % BUILD_STEP_S:
        raise ValueError(f"rows must last a multiple of {BUILD_STEP_S} s, not {row_s} s")
    rows = []
    for row in range(DAY_S // row_s):
        sky = clear_sky_watts(latitude, day_of_year, kwp, row * row_s + row_s / 2)
        part = slice(row * chunk, (row + 1) * chunk)
        solar = sky * sum(passing[part]) / chunk
        rows.append((float(row * row_s), round(solar, 1), round(sum(load[part]) / chunk, 1)))
    return Trace(tuple(rows), f"made with seed {seed}")


DAYS: dict[str, dict[str, object]] = {
    "sunny": {"seed": 11, "kwp": 9.0, "cloudiness": "sunny", "day_of_year": 172},
    "cloudy": {"seed": 12, "kwp": 9.0, "cloudiness": "mixed", "day_of_year": 120},
    "winter": {"seed": 13, "kwp": 9.0, "cloudiness": "mixed", "day_of_year": 350},
    "small-array": {"seed": 14, "kwp": 3.6, "cloudiness": "mixed", "day_of_year": 200},
    "grey": {"seed": 15, "kwp": 9.0, "cloudiness": "grey", "day_of_year": 90},
}


def day_named(name: str) -> Trace:
    """One of the days in simulator/days, made anew."""
    if name not in DAYS:
        raise ValueError(f"{name!r} is no known day; choose {', '.join(DAYS)}")
    settings = dict(DAYS[name])
    return made_day(settings.pop("seed"), **settings)  # type: ignore[arg-type]
