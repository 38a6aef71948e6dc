"""What each charger should be doing: boost over window over the charger's mode over the site's mode.

The guard stands above them all (guard.py); here is only what people asked for.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from agent.boosts import why_over
from agent.model import ActiveWindow, Boost, ChargerRules, ChargerStatus, Mode, Moment, Snapshot

A_DAY_S = 24 * 3600.0


class Wanted(NamedTuple):
    """One charger's marching orders: how to treat the sun, at most how many amps, and on whose word."""

    mode: Mode
    cap_amps: float | None
    who: str  # "boost", "window", "charger" or "site"
    says: str  # for people: "you boosted it until 18:30"


def wanted(rules: ChargerRules, status: ChargerStatus, snapshot: Snapshot, moment: Moment) -> Wanted:
    """The strongest wish that concerns this charger."""
    boost = boost_for(rules.charger_id, snapshot.control.boosts)
    if boost and not why_over(boost, moment, status, snapshot.cars):
        return Wanted(Mode.FAST, boost.amps, "boost", _boost_words(boost, moment))
    window = (snapshot.windows or {}).get(rules.charger_id)
    if window:
        return _from_window(window, moment)
    own = snapshot.control.mode_by_charger.get(rules.charger_id, rules.mode)
    if own is not None:
        return Wanted(own, None, "charger", "")
    return Wanted(snapshot.control.mode, None, "site", "")


def boost_for(charger_id: str, boosts: tuple[Boost, ...]) -> Boost | None:
    """A charger's own boost, else the one for all."""
    general = None
    for boost in boosts:
        if boost.charger_id == charger_id:
            return boost
        if boost.charger_id is None:
            general = boost
    return general


def _boost_words(boost: Boost, moment: Moment) -> str:
    ends = []
    if boost.ends_wall:
        ends.append(f"until {_clock_time(boost.ends_wall, moment)}")
    if boost.to_soc_percent is not None:
        ends.append(f"to {boost.to_soc_percent:.0f} %")
    if boost.to_energy_wh is not None:
        ends.append(f"for {boost.to_energy_wh / 1000:.1f} kWh")
    return "boosted " + " or ".join(ends) if ends else "boosted"


def _clock_time(end: datetime, moment: Moment) -> str:
    """18:30, or Tue 18:30 where that is not the next 18:30."""
    far = moment.wall is not None and (end - moment.wall).total_seconds() > A_DAY_S
    return f"{end:%a %H:%M}" if far else f"{end:%H:%M}"


def _from_window(window: ActiveWindow, moment: Moment) -> Wanted:
    return Wanted(
        Mode(window.mode),
        window.amps,
        "window",
        f"the window “{window.name}” holds until {_clock_time(window.until, moment)}",
    )
