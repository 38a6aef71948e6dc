"""What a day is worth, and where its sun went.

The house is first in line for the sun; the car gets what is left, up to 32 A. **Surplus** is that
remainder over the day. **Solar** is what of it reached the car, **import** what the car drew beyond
it, **lost** what the car could have had and did not take. **Value** is in money: 0.12 a solar kWh,
-0.10 an imported one, -0.02 a start (a contactor wears out and a car dislikes being interrupted).

Each lost kWh has one cause:

| cause | meaning |
| --- | --- |
| below minimum | off, with less sun than 6 A |
| off | off, with sun for 6 A or more: the controller's choice, or its waiting |
| start | enabled, and the car still waits its 20 s or climbs to its limit |
| rounding | the part below one amp, with the car at its limit |
| held back | the rest: a limit that stays an amp or more under the sun |
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, fields

from benchmarks.solar.car import MAX_AMPS, MIN_AMPS, START_LAG_S, VOLTS, Track
from benchmarks.solar.traces import Day

SOLAR_WORTH = 0.12
IMPORT_COST = 0.10
START_COST = 0.02
WS_PER_KWH = 3_600_000.0
CAUSES = ("below_minimum", "off", "start", "rounding", "held_back")


@dataclass(frozen=True)
class Score:
    """One controller on one day or on several; energies in kWh, `worst_60_s_w` a mean over 60 s."""

    sun_kwh: float = 0.0
    house_solar_kwh: float = 0.0
    surplus_kwh: float = 0.0
    solar_kwh: float = 0.0
    import_kwh: float = 0.0
    starts: int = 0
    steps: int = 0
    days: int = 0
    worst_60_s_w: float = 0.0
    worst_w: float = 0.0
    below_minimum_kwh: float = 0.0
    off_kwh: float = 0.0
    start_kwh: float = 0.0
    rounding_kwh: float = 0.0
    held_back_kwh: float = 0.0

    @property
    def capture_percent(self) -> float:
        """Solar into the car, of the surplus."""
        return 100 * self.solar_kwh / self.surplus_kwh if self.surplus_kwh else 100.0

    @property
    def share_percent(self) -> float:
        """Solar, of what the car drew."""
        drawn = self.solar_kwh + self.import_kwh
        return 100 * self.solar_kwh / drawn if drawn else 100.0

    @property
    def self_consumption_percent(self) -> float:
        """Sun used by house and car, of all sun."""
        return 100 * (self.house_solar_kwh + self.solar_kwh) / self.sun_kwh if self.sun_kwh else 100.0

    @property
    def lost_kwh(self) -> float:
        """Sun exported while the car wanted it."""
        return self.surplus_kwh - self.solar_kwh

    def value(self, start_cost: float = START_COST) -> float:
        """Worth in money, with the given cost of a start."""
        return SOLAR_WORTH * self.solar_kwh - IMPORT_COST * self.import_kwh - start_cost * self.starts

    def __add__(self, other: Score) -> Score:
        """Sum energies and counts; worst cases stay worst cases."""
        merged = {}
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            merged[each.name] = max(mine, theirs) if each.name.startswith("worst") else mine + theirs
        return Score(**merged)


def total(scores: Iterable[Score]) -> Score:
    """Sum several days; ratios are formed from the sums."""
    whole = Score()
    for score in scores:
        whole = whole + score
    return whole


def score(day: Day, track: Track) -> Score:
    """Account for one day."""
    cap = MAX_AMPS * VOLTS
    surplus = solar = bought = 0.0
    lost = dict.fromkeys(CAUSES, 0.0)
    imports = array("d")
    enabled_at, before = 0, 0.0
    for t, (net, amps, allowed) in enumerate(zip(day.net_w, track.amps, track.allowed, strict=True)):
        drawn = amps * VOLTS
        available = 0.0 if net < 0 else min(net, cap)
        used = min(drawn, available)
        surplus += available
        solar += used
        bought += drawn - used
        imports.append(drawn - used)
        if available > used:
            _blame(lost, available, used, before, amps, waiting=t - enabled_at < START_LAG_S)
        if allowed > 0 and before == 0:
            enabled_at = t
        before = allowed
    starts, steps = _count(track.allowed)
    return Score(
        sun_kwh=sum(day.solar_w) / WS_PER_KWH,
        house_solar_kwh=sum(map(min, day.solar_w, day.house_w)) / WS_PER_KWH,
        surplus_kwh=surplus / WS_PER_KWH,
        solar_kwh=solar / WS_PER_KWH,
        import_kwh=bought / WS_PER_KWH,
        starts=starts,
        steps=steps,
        days=1,
        worst_60_s_w=_worst_mean(imports, 60),
        worst_w=max(imports, default=0.0),
        **{f"{cause}_kwh": amount / WS_PER_KWH for cause, amount in lost.items()},
    )


def _blame(
    lost: dict[str, float], available: float, used: float, limit: float, amps: float, waiting: bool
) -> None:
    """Book one second's lost watts under their causes; `limit` is the one in force in this second."""
    missed = available - used
    if limit == 0:
        lost["below_minimum" if available < MIN_AMPS * VOLTS else "off"] += missed
    elif waiting or amps < limit - 1e-9:
        reachable = max(0.0, min(available, limit * VOLTS) - used)
        lost["start"] += reachable
        _blame_limit(lost, missed - reachable)
    else:
        _blame_limit(lost, missed)


def _blame_limit(lost: dict[str, float], missed: float) -> None:
    """Less than an amp is rounding; an amp or more was held back."""
    rounding = missed % VOLTS
    lost["rounding"] += rounding
    lost["held_back"] += missed - rounding


def _count(allowed: array[float]) -> tuple[int, int]:
    """Count starts (0 to positive) and steps (one positive limit to another)."""
    starts = steps = 0
    before = 0.0
    for now in allowed:
        if now != before:
            if before == 0:
                starts += 1
            elif now > 0:
                steps += 1
            before = now
    return starts, steps


def _worst_mean(watts: array[float], seconds: int) -> float:
    """The highest mean over so many seconds in a row."""
    window = sum(watts[:seconds])
    worst = window
    for old, new in zip(watts, watts[seconds:], strict=False):
        window += new - old
        if window > worst:
            worst = window
    return worst / seconds


@dataclass(frozen=True)
class Response:
    """Seconds until nine tenths of the answer to a 2 kW step (None: none), and the Wh bought in the drop."""

    down_s: int | None
    up_s: int | None
    bought_wh: float


STEP_W = 2000.0
SETTLED_W = 5000.0
DROP_AT_S = 1207  # long after any start, and on nobody's period
RISE_AT_S = DROP_AT_S + 900
FOLLOWED_AMPS = 6.0  # of the 8.3 A: who moves less does not follow


def step_day() -> Day:
    """An hour of a quiet 5 kW surplus that loses 2 kW (a heater) and has them back 15 minutes later."""
    sun = array("d", [SETTLED_W] * 3600)
    house = array("d", [STEP_W if DROP_AT_S <= t < RISE_AT_S else 0.0 for t in range(3600)])
    return Day("2 kW step", "step", sun, house)


def response_of(day: Day, track: Track) -> Response:
    """Read the answer to the steps from a track of that hour: nine tenths of its own way, once settled."""
    high, low, back = track.amps[DROP_AT_S - 1], track.amps[RISE_AT_S - 1], track.amps[-1]
    enough_low, enough_high = high - 0.9 * (high - low), low + 0.9 * (back - low)
    down = next((t - DROP_AT_S for t in range(DROP_AT_S, RISE_AT_S) if track.amps[t] <= enough_low), None)
    up = next((t - RISE_AT_S for t in range(RISE_AT_S, len(day)) if track.amps[t] >= enough_high), None)
    bought = sum(max(0.0, track.amps[t] * VOLTS - day.net_w[t]) for t in range(DROP_AT_S, RISE_AT_S)) / 3600
    follows = high - low > FOLLOWED_AMPS and back - low > FOLLOWED_AMPS
    return Response(down, up, bought) if follows else Response(None, None, bought)
