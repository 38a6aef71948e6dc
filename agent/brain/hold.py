"""No flapping: when to start, when to stop, how to follow the sun. All of it is one question of money.

A charger below its minimum (6 A) can only buy or stop. Both cost: a bought kilowatt-hour more than a
sunny one is worth, a stop the sun that follows until the next start, a contactor cycle, and a bit of
the car's patience (some refuse after a dozen interruptions). `min_solar_share` is the one knob: it sets
what a bought kilowatt-hour costs. 1.0 hardly ever buys for the sun's sake, 0.45 goes on through clouds
as long as nearly half of the minimum is sun.

* **Gain.** While off, what charging would earn adds up; dim spells take it away again. A car starts once the
  gain is worth a start, the sun of the last ten minutes was enough, and the last start was long ago.
* **Debt.** While on, what standing by at the minimum costs adds up and sun repays it. A car stops when the
  debt is worth a stop: a deep dip stops soon, a shallow one late. (This is the ski-rental rule: rent until
  the rent has cost as much as buying.) Standing by itself has a value, for most gaps end.
* **Patience** is how likely a gap is to end in something worth waiting for, as the day itself tells: the mean
  of the last ten minutes, the *open sky* (the best of late, slowly forgotten), and that beside the best of
  the whole day. Through a cloud the open sky stays what it was; in the evening it sinks, and no gap ends.
* **Purse.** Whoever hardly wants to buy is bounded by what the sun has given: what was bought for its sake
  may not run ahead of it. It counts at the strict end of the knob, patience at the other.
* **Level.** Whole amps (fractions make some Teslas misbehave), or half ones where the owner says so. A new
  level must earn its change: losing a lot means down at once, gaining a little means up after a moment.

The figures were found on generated days and are tried on others: see benchmarks/solar.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, floor, inf, log
from typing import NamedTuple

from agent.brain.memory import ChargerMemory, Following
from agent.brain.share import Claim
from agent.model import Rules

WORTH = 0.12  # of a sunny kWh in a car: what selling it would bring is less than what buying it costs
BRIGHT_OVER_S = 600.0
OPEN_OVER_S = 2700.0  # how fast the open sky is forgotten
BEST_OVER_S = 30_000.0  # and the day's best: a night takes most of it
LIGHT = 0.2  # of the minimum, over ten minutes: patience grows up to here
OPEN_LOW, OPEN_HIGH = 0.45, 1.4  # open sky in minimums: below the first no gap is worth waiting for
EVENING, MIDDAY = 0.2, 0.5  # open sky beside the day's best: below the first the day is over
PURSE_KWH = 0.1
START_APART_S = 600.0  # between two starts of one charger: contactors and cars remember each
CAR_WAKES_S = 40.0  # before this, a car that draws nothing yet owes nothing
LEVEL_EARNS = 1e-5  # money by which a new level must be better
FORGOTTEN_S = 60.0  # a follower that was not asked for so long begins anew
STARTING_MEAN = 0.7  # of the minimum, over ten minutes, with min_solar_share 1.0
J_PER_KWH = 3.6e6
WAITING = "waiting for sun"
ONE_PHASE_KWH = 240.0 / J_PER_KWH  # of an amp-second; on more phases a change must earn as much more


class Law(NamedTuple):
    """What `min_solar_share` means in money: per kWh, per second, or per start and stop."""

    bought: float  # a kWh from the grid
    stop: float
    start: float
    standing_by_s: float
    dawdling_s: float
    mean_minimums: float
    margin_amps: float
    income: float  # kWh that may be bought for each sunny one
    strict: float  # 1: the purse bounds what is bought; 0: patience does

    @property
    def break_even(self) -> float:
        """The share of sun at which the minimum neither earns nor costs."""
        return self.bought / (self.bought + WORTH)


@lru_cache(maxsize=64)
def law_of(share: float) -> Law:
    """The law for a `min_solar_share` from 0.1 to 1.0; continuous, 0.45 and below alike but for the price."""
    strict = max(0.0, (share - 0.45) / 0.55)
    bought = 1.5 if share >= 1 else min(1.5, WORTH * share / (1 - share))
    return Law(
        bought,
        0.15 * (0.01 / 0.15) ** strict,
        0.005 * (0.001 / 0.005) ** strict,
        1.4e-4 * strict,
        2e-5 * strict,
        STARTING_MEAN * strict,
        0.08 * strict,
        1.005 - share,
        strict,
    )


class Held(NamedTuple):
    """The sun's answer for one charger: amps (0 or at least the minimum) and why, in words."""

    amps: float
    why: str
    memory: ChargerMemory


class Light(NamedTuple):
    """The sun at this second, for one charger: amps, kWh per amp-second, money earned per second."""

    amps: float
    kwh: float
    earns_s: float


def hold(
    past: ChargerMemory, available: float, drawn: float, claim: Claim, rules: Rules, now: float, dt_s: float
) -> Held:
    """Amps for a charger that follows the sun, from the amps of sun `available` to it."""
    law = law_of(rules.min_solar_share)
    light = _light(available, claim, law)
    following = _brightened(past.following, light, now, dt_s)
    if past.on:
        return _go_on_or_stop(past, following, light, drawn, claim, law, rules, now, dt_s)
    return _wait_or_start(past, following, light, claim, law, rules, now, dt_s)


def follow(
    past: ChargerMemory, available: float, claim: Claim, rules: Rules, now: float, dt_s: float
) -> tuple[float, Following]:
    """The level for a charger that never stops: sun above its minimum."""
    law = law_of(rules.min_solar_share)
    light = _light(available, claim, law)
    return _level(past, _brightened(past.following, light, now, dt_s), light, claim, law, dt_s)


def _light(available: float, claim: Claim, law: Law) -> Light:
    kwh = claim.watts_per_amp / J_PER_KWH
    amps = min(available, claim.cap_amps)
    if amps >= claim.min_amps:
        return Light(amps, kwh, WORTH * amps * kwh)
    sunny = max(0.0, amps)
    return Light(amps, kwh, (WORTH * sunny - law.bought * (claim.min_amps - sunny)) * kwh)


def _brightened(following: Following, light: Light, now: float, dt_s: float) -> Following:
    """The light of late, carried on; after a pause begun anew, but for the open sky and the day's best."""
    sunny = max(0.0, light.amps)
    at, bright, gain, debt, purse, pull, since, open_amps, best = following
    elapsed_s = now - at
    open_amps = max(sunny, open_amps * exp(-elapsed_s / OPEN_OVER_S))
    best = max(sunny, best * exp(-elapsed_s / BEST_OVER_S))
    if elapsed_s > FORGOTTEN_S:
        return Following(now, sunny, open_amps=open_amps, best_amps=best)
    bright += (sunny - bright) * dt_s / BRIGHT_OVER_S
    return Following(now, bright, gain, debt, purse, pull, since, open_amps, best)


# --- off ---------------------------------------------------------------------------------------------


def _wait_or_start(
    past: ChargerMemory,
    following: Following,
    light: Light,
    claim: Claim,
    law: Law,
    rules: Rules,
    now: float,
    dt_s: float,
) -> Held:
    gain, since = following.gain, following.above_since_mono_s
    if light.earns_s < 0 or light.earns_s > law.dawdling_s:
        gain = max(0.0, gain + light.earns_s * dt_s)
    enough = light.earns_s > 0
    since = (now if since is None else since) if enough or gain > 0 else None
    if gain != following.gain or since != following.above_since_mono_s:
        following = following._replace(gain=gain, above_since_mono_s=since)
    kw = max(0.0, light.amps) * claim.watts_per_amp / 1000
    if not enough:
        need_kw = claim.min_amps * law.break_even * claim.watts_per_amp / 1000
        why = f"{WAITING}: {kw:.1f} kW to spare, {need_kw:.1f} kW are needed"
        return Held(0.0, why, past._replace(following=following))
    wait_s = _still_to_wait(past, following, light, claim, law, rules, now)
    if wait_s > 0:
        why = f"starting in {duration(wait_s)} if the sun stays ({kw:.1f} kW to spare)"
        if now < past.cut_until_mono_s:
            why = f"{past.cut_why}; it tries again in {duration(wait_s)}"
        return Held(0.0, why, past._replace(following=following))
    steps = floor(light.amps / claim.step_amps)
    level = min(max(steps * claim.step_amps, claim.min_amps), claim.cap_amps)
    fresh = following._replace(gain=0.0, debt=0.0, pull=0.0, above_since_mono_s=None)
    started = past._replace(on=True, since_mono_s=now, started_mono_s=now, level_amps=level, following=fresh)
    return Held(level, f"the sun has {kw:.1f} kW to spare", started)


def _still_to_wait(
    past: ChargerMemory, following: Following, light: Light, claim: Claim, law: Law, rules: Rules, now: float
) -> float:
    """Seconds until a start, if the sun stays as it is."""
    gained_s = (law.start - following.gain) / light.earns_s
    since = now if following.above_since_mono_s is None else following.above_since_mono_s
    asked_s = max(
        since + rules.start_delay_s,
        past.since_mono_s + rules.min_off_s,
        past.started_mono_s + START_APART_S,
    )
    mean = law.mean_minimums * claim.min_amps
    lit_s = 0.0
    if following.bright_amps < mean:
        above = light.amps - mean
        lit_s = BRIGHT_OVER_S * log((light.amps - following.bright_amps) / above) if above > 0 else inf
    return max(gained_s, asked_s - now, lit_s)


# --- on ----------------------------------------------------------------------------------------------


def _go_on_or_stop(
    past: ChargerMemory,
    following: Following,
    light: Light,
    drawn: float,
    claim: Claim,
    law: Law,
    rules: Rules,
    now: float,
    dt_s: float,
) -> Held:
    sunny = max(0.0, light.amps)
    kwh = light.kwh * dt_s
    used, bought = min(drawn, sunny) * kwh, max(0.0, drawn - sunny) * kwh
    purse = min(4 * PURSE_KWH, max(-4 * PURSE_KWH, following.purse_kwh + law.income * used - bought))
    debt = following.debt
    if drawn > 0.5 or now - past.since_mono_s > CAR_WAKES_S:
        costs_s = -light.earns_s - (law.standing_by_s if light.earns_s < 0 else 0.0)
        debt = max(0.0, debt + costs_s * dt_s)
    following = following._replace(debt=debt, purse_kwh=purse, above_since_mono_s=None)
    kw = sunny * claim.watts_per_amp / 1000
    if (
        light.earns_s < 0
        and debt > law.stop * _bears(following, claim, law)
        and now - past.since_mono_s >= rules.min_on_s
    ):
        quiet = following._replace(gain=0.0, debt=0.0, pull=0.0, above_since_mono_s=None)
        stopped = past._replace(on=False, since_mono_s=now, level_amps=0.0, following=quiet)
        return Held(0.0, f"the sun leaves only {kw:.1f} kW", stopped)
    level, following = _level(past, following, light, claim, law, dt_s)
    kept = past._replace(level_amps=level, following=following)
    return Held(level, _running_words(light, kw, claim), kept)


def _bears(following: Following, claim: Claim, law: Law) -> float:
    """How much of the debt that a stop is worth may be run up, from 0 to 1."""
    filled = _part(following.purse_kwh, 0.0, PURSE_KWH) if law.strict > 0 else 0.0
    patience = _patience(following, claim) if law.strict < 1 else 0.0
    return law.strict * filled + (1 - law.strict) * patience


def _patience(following: Following, claim: Claim) -> float:
    """How much there is to wait for, from 0 to 1."""
    least, open_amps = claim.min_amps, following.open_amps
    lit = _part(following.bright_amps, 0.0, LIGHT * least)
    worth = _part(open_amps, OPEN_LOW * least, OPEN_HIGH * least)
    return lit * worth * _part(open_amps, EVENING * following.best_amps, MIDDAY * following.best_amps)


def _part(value: float, low: float, high: float) -> float:
    """How far the value is from low to high, from 0 to 1."""
    if value >= high:
        return 1.0
    return (value - low) / (high - low) if value > low else 0.0


def _level(
    past: ChargerMemory, following: Following, light: Light, claim: Claim, law: Law, dt_s: float
) -> tuple[float, Following]:
    """The level in whole steps (of an amp), changed only when the change has earned its keep."""
    level, step = past.level_amps, claim.step_amps
    target = min(max(light.amps - law.margin_amps, claim.min_amps), claim.cap_amps)
    error = target - level
    if abs(error) <= step / 2:
        return level, following if following.pull == 0.0 else following._replace(pull=0.0)
    money = (WORTH * error if error > 0 else law.bought * error) * light.kwh * dt_s
    pull = following.pull + money if following.pull * error >= 0 else money
    if abs(pull) <= LEVEL_EARNS * max(1.0, light.kwh / ONE_PHASE_KWH):
        return level, following._replace(pull=pull)
    up = 1 - law.break_even
    stepped = claim.min_amps + step * floor((target - claim.min_amps) / step + up + 1e-9)
    return min(stepped, claim.cap_amps), following._replace(pull=0.0)


def _running_words(light: Light, kw: float, claim: Claim) -> str:
    if light.amps >= claim.cap_amps:
        return "more sun than this charger may use"
    if light.amps < claim.min_amps:
        return f"holding the minimum for a while, though the sun leaves only {kw:.1f} kW"
    return f"the sun has {kw:.1f} kW to spare"


def duration(seconds: float) -> str:
    """How long that is, in words."""
    if seconds > 3600:
        return "a while"
    return f"{max(1.0, seconds):.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
