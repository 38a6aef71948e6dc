"""Days that nobody recorded: second by second from a few numbers and a seed.

Three recordings are too few to tune by, and their minutes hide what a cloud's edge does. These days are
made of three layers:

1. **The clear sky.** The sun's height from latitude, day and hour; sunlight on the ground by Haurwitz'
   formula (1098 * cos z * exp(-0.059 / cos z) W/m2); an array of so many kWp, in fixed proportion to it,
   up to its inverter's limit.
2. **Clouds.** A Markov chain at one-minute steps between open sky, thin cloud and thick cloud. Each new
   cloud lets its own fraction through, and its edge passes within 1 to 5 s, somewhere in the minute.
   Beside a cloud the open sky is a little brighter than clear. Three weathers: `clear` (rare, thin
   clouds), `broken` (clouds of minutes all day), `mixed` (spells of half an hour or more of clear,
   broken or overcast sky).
3. **The house.** A base load, a fridge's cycle, kettles (2 kW and more for 1.5 to 4 minutes), on some
   days an oven (heating up, then clicking on and off), and a heat pump whose share of time grows with
   the cold.

The same seed gives the same day, on every machine. The thirty days of the bench are seeds 1 to 30, ten of
each weather, latitudes 28 to 58 degrees, all seasons in which that sky can fill a car.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from math import asin, cos, exp, pi, radians, sin
from random import Random

from benchmarks.solar.traces import Day

WEATHERS = ("clear", "mixed", "broken")
OPEN, THIN, THICK = "open", "thin", "thick"
# Chance per minute to leave a sky for each of the others.
CLEAR_SKY = {OPEN: {THIN: 0.004}, THIN: {OPEN: 0.3}, THICK: {OPEN: 0.5}}
BROKEN_SKY = {
    OPEN: {THIN: 0.08, THICK: 0.20},
    THIN: {OPEN: 0.15, THICK: 0.20},
    THICK: {OPEN: 0.20, THIN: 0.08},
}
OVERCAST_SKY = {OPEN: {THICK: 0.5}, THIN: {THICK: 0.10}, THICK: {THIN: 0.04, OPEN: 0.005}}
SKIES = {"clear": CLEAR_SKY, "broken": BROKEN_SKY, "overcast": OVERCAST_SKY}
LETS_THROUGH = {OPEN: (0.97, 1.03), THIN: (0.55, 0.90), THICK: (0.12, 0.45)}
BESIDE_A_CLOUD = 1.06
PERFORMANCE = 0.85  # of the nameplate, after heat, dust and inverter
TILT_GAIN = 1.12  # a tilted roof against flat ground, over a day
HALF_DAY_S = 43_200


@dataclass(frozen=True)
class Recipe:
    """All that makes a day. Degrees north, day 1 to 365, kW of array and of inverter."""

    seed: int
    weather: str
    latitude: float
    day_of_year: int
    array_kwp: float
    inverter_kw: float

    @property
    def name(self) -> str:
        """Short, and unique by its seed."""
        return f"{self.weather}_{self.seed:02d}"


def recipe(seed: int) -> Recipe:
    """The recipe of one of the fixed days: the weather goes round, the rest comes from the seed."""
    chance = Random(seed)
    latitude = 28 + 30 * chance.random()
    # The further north, the less a winter's day can give: keep away from it by up to 60 days each side.
    quiet = 120 * (latitude - 28) / 30
    day = 1 + int(quiet / 2 + (364 - quiet) * chance.random())
    kwp = 5 + 6 * chance.random()
    return Recipe(seed, WEATHERS[seed % 3], latitude, day, kwp, kwp * 0.85)


def fixed_days() -> list[Day]:
    """The thirty generated days of the bench, grouped by weather."""
    days = [generate(recipe(seed)) for seed in range(1, 31)]
    return sorted(days, key=lambda day: WEATHERS.index(day.group))


def generate(made_of: Recipe) -> Day:
    """Make one day, from sunrise to sunset."""
    chance = Random(f"sky {made_of.seed}")
    noon_half = _half_day_s(made_of)
    first = HALF_DAY_S - noon_half
    seconds = 2 * noon_half
    clouds = _clouds(chance, made_of.weather, seconds)
    limit = made_of.inverter_kw * 1000
    clear = _clear_sky_w(made_of, first, seconds)
    sun = array("d", [min(limit, watts * through) for watts, through in zip(clear, clouds, strict=True)])
    house = _house_w(Random(f"house {made_of.seed}"), made_of, first, seconds)
    return Day(made_of.name, made_of.weather, sun, house, first)


def _declination(day_of_year: int) -> float:
    return radians(-23.44) * cos(2 * pi * (day_of_year + 10) / 365)


def _half_day_s(made_of: Recipe) -> int:
    """Seconds from sunrise to noon, in whole minutes."""
    lean = sin(radians(made_of.latitude)) * sin(_declination(made_of.day_of_year))
    reach = cos(radians(made_of.latitude)) * cos(_declination(made_of.day_of_year))
    quarter = asin(max(-1.0, min(1.0, lean / reach)))
    return int((pi / 2 + quarter) / pi * HALF_DAY_S / 60) * 60


def _clear_sky_w(made_of: Recipe, first: int, seconds: int) -> array[float]:
    """Array watts under an open sky, computed by the minute and drawn straight between."""
    lean = sin(radians(made_of.latitude)) * sin(_declination(made_of.day_of_year))
    reach = cos(radians(made_of.latitude)) * cos(_declination(made_of.day_of_year))
    per_sunlight = made_of.array_kwp * PERFORMANCE * TILT_GAIN

    def at(second: int) -> float:
        height = lean + reach * cos((second - HALF_DAY_S) / HALF_DAY_S * pi)
        return per_sunlight * 1098 * height * exp(-0.059 / height) if height > 0.001 else 0.0

    watts = array("d")
    for minute in range(first, first + seconds, 60):
        now, after = at(minute), at(minute + 60)
        watts.extend([now + (after - now) * second / 60 for second in range(60)])
    return watts


def _clouds(chance: Random, weather: str, seconds: int) -> array[float]:
    """The fraction of the clear sky's light that comes through, second by second."""
    sky, spell_ends = SKIES.get(weather, CLEAR_SKY), 0
    state, level = OPEN, 1.0
    through = array("d")
    for minute in range(seconds // 60):
        if weather == "mixed" and minute >= spell_ends:
            sky = SKIES[("clear", "broken", "overcast")[int(3 * chance.random())]]
            spell_ends = minute + 30 + int(60 * chance.random())
        before, after = level, level
        new = _next_state(chance.random(), sky[state])
        if new is not None:
            state = new
            low, high = LETS_THROUGH[state]
            after = low + (high - low) * chance.random()
            if state == OPEN and sky is BROKEN_SKY:
                after *= BESIDE_A_CLOUD
        edge_at, edge_s = int(55 * chance.random()), 1 + int(5 * chance.random())
        for second in range(60):
            part = min(1.0, max(0.0, (second - edge_at) / edge_s))
            through.append(before + (after - before) * part)
        level = after
    return through


def _next_state(roll: float, ways: dict[str, float]) -> str | None:
    """Where this minute's roll leads: a new state, or None to stay."""
    for state, probability in ways.items():
        if roll < probability:
            return state
        roll -= probability
    return None


def _house_w(chance: Random, made_of: Recipe, first: int, seconds: int) -> array[float]:
    """Household watts: everything that runs without asking the sun."""
    base = 120 + 230 * chance.random()
    house = array("d", [base] * seconds)
    fridge_on, fridge_off = 600 + int(600 * chance.random()), 1200 + int(1200 * chance.random())
    for start in range(int(fridge_off * chance.random()), seconds, fridge_on + fridge_off):
        _add(house, start, fridge_on, 90)
    for _ in range(3 + int(4 * chance.random())):
        _add(
            house,
            int(seconds * chance.random()),
            90 + int(150 * chance.random()),
            2000 + 400 * chance.random(),
        )
    if chance.random() < 0.5:
        _oven(chance, house, int(seconds * (0.4 + 0.4 * chance.random())))
    _heat_pump(chance, house, made_of)
    return house


def _oven(chance: Random, house: array[float], start: int) -> None:
    """Ten minutes of heating up, then half an hour of clicking on and off."""
    watts = 2200 + 800 * chance.random()
    _add(house, start, 600, watts)
    for click in range(start + 660, start + 2400, 150):
        _add(house, click, 60, watts)


def _heat_pump(chance: Random, house: array[float], made_of: Recipe) -> None:
    """Runs of a quarter to three quarters of an hour; the colder, the closer together."""
    coldness = 0.5 + 0.5 * cos(2 * pi * (made_of.day_of_year - 20) / 365)
    share = 0.08 + 0.45 * coldness
    watts = 900 + 900 * chance.random()
    start = int(3600 * chance.random())
    while start < len(house):
        run = 900 + int(1800 * chance.random())
        _add(house, start, run, watts)
        start += int(run / share)


def _add(house: array[float], start: int, seconds: int, watts: float) -> None:
    """Add an appliance's run."""
    for second in range(start, min(start + seconds, len(house))):
        house[second] += watts
