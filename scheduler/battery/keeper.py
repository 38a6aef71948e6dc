"""The battery's two jobs: keep mode and reserve as the period wants them, and report when a peak is over.

`keep` looks every minute at the calendar, which costs nothing, and asks the battery only at a border, while
something is unsettled, every five minutes in a peak, and now and then otherwise. After a change it reads back
after 5, 15 and 40 seconds. What doesn't show is tried three times, then told with both values, and tried
on at leisure: a human may set it by hand meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from notify.events import event_of
from scheduler.battery.policy import (
    Site,
    Turn,
    Wanted,
    actual,
    decide,
    differences,
    in_words,
    local_time,
    turn_to_report,
    wanted,
)
from scheduler.battery.seen import KEEPER, forget, note
from scheduler.battery.settings import BatterySettings
from scheduler.battery.site import BatteryError, EnergySite
from scheduler.cars.account import account_of, tell_calls
from scheduler.jobs import Context, Job, JobFailed

EVERY_S = 60.0
READ_BACK_S = (5.0, 10.0, 25.0)  # after 5, 15 and 40 seconds
TRIES = 3
AT_LEISURE_S = 1800.0
IN_PEAK_S = 300.0
FOLLOW_UP_S = 300.0
GIVE_UP_REPORT_S = 1800.0
SUBJECT = "powerwall"

SiteAt = Callable[[Context], EnergySite]


@dataclass(frozen=True, slots=True)
class Keeper:
    """The jobs of one battery. `cloud` reads and changes; `local` only reads, and may be absent."""

    battery: BatterySettings
    cloud: SiteAt
    local: Callable[[], Site] | None = None

    def jobs(self) -> list[Job]:
        """Both of them."""
        return [
            Job(KEEPER, EVERY_S, self.keep, "keeps the battery's mode and reserve by period"),
            Job("powerwall_report", EVERY_S, self.report, "reports the battery when a peak is over"),
        ]

    # --- keeping -----------------------------------------------------------------------------------

    def keep(self, context: Context) -> Sequence[str]:
        """Compare what should be with what is, and close the difference."""
        wall, kept = _wall(context), context.memory.data
        now, want = wall.timestamp(), wanted(self.battery, wall)
        if kept.get("border") != want.border:
            kept |= {"border": want.border, "tries": 0, "next": 0.0}
        is_watched = bool(want.values) or (want.turn is not None and want.turn.period.peak)
        if not is_watched or not self._is_time(want, kept, now):
            return []
        kept["asked"] = now
        said: list[str] = []
        try:
            site = self._look(context, want, said)
            note(kept, site, now)
            said += self._act(context, want, site, wall)
        except BatteryError as error:
            return self._failed(context, want, str(error), now, error.rest_s)
        finally:
            account = account_of(context)
            for kind, subject, sentence in account.news():
                context.tell(event_of(kind, sentence, subject))
            tell_calls(context, account)
        _tell_grid_in_peak(self.battery, context, want, site, wall)
        return said

    def _is_time(self, want: Wanted, kept: dict[str, Any], now: float) -> bool:
        if now < _float(kept, "next") < now + 86400:
            return False
        settled = want.border in (kept.get("done"), kept.get("owner"))
        in_peak = want.turn is not None and want.turn.period.peak
        wait_s = IN_PEAK_S if in_peak else 60.0 * self.battery.check_every_min
        return not settled or not 0 <= now - _float(kept, "asked") < wait_s - 15

    def _look(self, context: Context, want: Wanted, said: list[str]) -> Site:
        """The gateway's word is enough while all is well; before anything is touched the cloud is asked."""
        if self.local is not None and want.border == context.memory.data.get("done"):
            try:
                site = self.local()
            except BatteryError as error:
                said.append(f"{error} The cloud is asked instead.")
                return self.cloud(context).read()
            if not differences({k: v for k, v in want.values.items() if k in actual(site)}, site):
                return site
        return self.cloud(context).read()

    def _act(self, context: Context, want: Wanted, site: Site, wall: datetime) -> list[str]:
        kept = context.memory.data
        verdict = decide(want, site, str(kept.get("done")), str(kept.get("owner")))
        _tell_busy(context, verdict.news if verdict.news != "owner" else "")
        if verdict.news == "owner":
            kept["owner"] = want.border
            found, should = differences_now(want, site), differences(want.values, site)
            says = f"{in_words(found)} was set in the app instead of {in_words(should)}; "
            says += "it stays so until the next change of period."
            context.tell(event_of("owner_override", f"Powerwall: {says}", SUBJECT))
            return [says]
        if verdict.values:
            return self._set(context, want, site, verdict.values, wall)
        if not differences(want.values, site):
            self._settle(context, want, "is as it should be")
        return []

    def _set(self, context: Context, want: Wanted, site: Site, values: Any, wall: datetime) -> list[str]:
        """Write, and read back until it shows. Raises BatteryError."""
        before = {key: value for key, value in actual(site).items() if key in values}
        if context.dry_run:
            return [f"would set {in_words(values)} (now {in_words(before)})"]
        forget(context.memory.data)
        service = self.cloud(context)
        for key, value in values.items():
            service.change(key, value)
        left: dict[str, object] = {}
        for pause_s in READ_BACK_S:
            context.pause(pause_s)
            found = service.read()
            left = differences(values, found)
            if not left:
                says = f"was set to {in_words(values)} for {want.name} (before: {in_words(before)})"
                self._settle(context, want, says, changed=True)
                return [f"The Powerwall {says}."]
        shown = {key: value for key, value in actual(found).items() if key in left}
        why = f"{in_words(left)} was asked for, and it shows {in_words(shown)}."
        return self._failed(context, want, why, wall.timestamp())

    def _settle(self, context: Context, want: Wanted, says: str, *, changed: bool = False) -> None:
        kept = context.memory.data
        kept |= {"done": want.border, "tries": 0, "next": 0.0}
        if changed or kept.get("told_failed"):
            context.tell(event_of("powerwall_done", f"The Powerwall {says}.", SUBJECT))
        kept["told_failed"] = False

    def _failed(self, context: Context, want: Wanted, why: str, now: float, rest_s: float = 0.0) -> list[str]:
        """Count the try; the third one is told, with what a human should set."""
        kept = context.memory.data
        tries = int(_float(kept, "tries")) + 1
        kept["tries"] = tries
        kept["next"] = now + max(rest_s, 0.0 if tries < TRIES else AT_LEISURE_S)
        if (tries >= TRIES or rest_s >= 900) and not kept.get("told_failed"):
            kept["told_failed"] = True
            says = f"The Powerwall could not be set for {want.name}. It should have {in_words(want.values)}: "
            says += f"please set it in the Tesla app. It is tried on. {why}"  # it may end in what to type
            context.tell(event_of("powerwall_failed", says, SUBJECT))
        return [f"{why} (try {tries})"]

    # --- reporting ---------------------------------------------------------------------------------

    def report(self, context: Context) -> Sequence[str]:
        """The end-of-day letter after each period that asks for one, and a look again if it draws hard."""
        wall, kept = _wall(context), context.memory.data
        now = wall.timestamp()
        turn = turn_to_report(self.battery, wall)
        if turn is not None and kept.get("reported") != turn.id:
            return self._report(context, turn, wall)
        again = _float(kept, "again")
        if again > now + FOLLOW_UP_S:  # a clock that jumped back must not leave it for next year
            kept["again"] = 0.0
        elif again and now >= again:
            kept["again"] = 0.0
            return self._follow_up(context, now - again)
        return []

    def _report(self, context: Context, turn: Turn, wall: datetime) -> list[str]:
        kept, now = context.memory.data, wall.timestamp()
        title = f"{turn.period.name} ended at {local_time(turn.end, wall)}"
        try:
            site = self.cloud(context).read()
        except BatteryError as error:
            if now - turn.late < GIVE_UP_REPORT_S:
                return [str(error)]
            says = f"{title}, but the Powerwall could not be read: {error}"
            context.tell(event_of("end_of_day", says, SUBJECT))
            kept["reported"] = turn.id
            return [says]
        draws = site.battery_watts is not None and site.battery_watts > self.battery.drain_watts
        says = f"{title}. The Powerwall {state_in_words(site)}."
        if draws:
            says += " It draws hard; it is looked at again in 5 minutes."
        told = event_of("end_of_day", says, SUBJECT, data=_data(site))
        low = self.battery.low_percent
        if site.charge_percent is not None and site.charge_percent <= low:
            told = replace(told, sentence=f"{says} That is little: {low:g} % or less.", severity="warning")
        context.tell(told)
        kept |= {"reported": turn.id, "again": now + FOLLOW_UP_S if draws else 0.0}
        return [says]

    def _follow_up(self, context: Context, late_s: float) -> list[str]:
        if late_s > GIVE_UP_REPORT_S:
            return []
        try:
            site = self.cloud(context).read()
        except BatteryError as error:
            return [str(error)]
        if site.battery_watts is None or site.battery_watts <= self.battery.drain_watts:
            return [f"The Powerwall has calmed down: it {state_in_words(site)}."]
        says = f"Five minutes later the Powerwall still draws hard: it {state_in_words(site)}."
        context.tell(event_of("end_of_day", says, f"{SUBJECT} again", data=_data(site)))
        return [says]


def state_in_words(site: Site) -> str:
    """ "is at 42.5 %, mode Backup, reserve 20 %, and gives 1,250 W"."""
    charge = "an unknown charge" if site.charge_percent is None else f"{site.charge_percent:.1f} %"
    known = {key: value for key, value in actual(site).items() if key in ("mode", "reserve")}
    parts = [f"is at {charge}", *([in_words(known)] if known else [])]
    if site.battery_watts is not None:
        does = "gives" if site.battery_watts >= 0 else "takes"
        parts.append(f"and {does} {abs(site.battery_watts):.0f} W")
    if site.grid_watts is not None:
        does = "from" if site.grid_watts >= 0 else "to"
        parts.append(f"with {abs(site.grid_watts):.0f} W {does} the grid")
    return ", ".join(parts)


def differences_now(want: Wanted, site: Site) -> dict[str, object]:
    """What the battery has where it isn't what should be."""
    different = differences(want.values, site)
    return {key: value for key, value in actual(site).items() if key in different}


def _tell_busy(context: Context, news: str) -> None:
    """Storm watch, grid service, outage: told when each begins, and an outage when it ends."""
    kept = context.memory.data
    was, kept["busy"] = str(kept.get("busy") or ""), news
    if news == was:
        return
    if was == "outage":
        context.tell(event_of("grid_back", "The grid is back.", SUBJECT))
    if news == "outage":
        context.tell(event_of("grid_lost", "The house runs on its battery: the grid is gone.", SUBJECT))
    elif news:
        says = f"The Powerwall is busy with {news}: mode and reserve are left alone until it is over."
        context.tell(event_of("storm_watch", says, SUBJECT))


def _tell_grid_in_peak(
    battery: BatterySettings, context: Context, want: Wanted, site: Site, wall: datetime
) -> None:
    """Two readings in a row with grid power in the same peak are told, once for each peak."""
    turn, kept = want.turn, context.memory.data
    now = wall.timestamp()
    if turn is None or not turn.period.peak or not turn.begin <= now < turn.end:
        return
    if site.grid_watts is None or site.grid_watts <= battery.grid_used_watts:
        kept["grid_seen"] = ""
        return
    if kept.get("grid_seen") == turn.id and kept.get("grid_told") != turn.id:
        kept["grid_told"] = turn.id
        says = f"The house draws {site.grid_watts:.0f} W from the grid in the {turn.period.name}"
        says += f" (until {local_time(turn.end, wall)}). The Powerwall {state_in_words(site)}."
        context.tell(event_of("grid_used_in_peak", says, SUBJECT, data=_data(site)))
    kept["grid_seen"] = turn.id


def _data(site: Site) -> dict[str, object]:
    found = {
        "charge_percent": site.charge_percent,
        "reserve_percent": site.reserve_percent,
        "mode": site.mode,
        "battery_watts": site.battery_watts,
        "grid_watts": site.grid_watts,
        "house_watts": site.house_watts,
        "solar_watts": site.solar_watts,
    }
    return {key: value for key, value in found.items() if value is not None}


def _wall(context: Context) -> datetime:
    wall = context.moment.wall
    if wall is None:
        raise JobFailed("The time of day is not known.")
    return wall.astimezone(context.settings.site.zone)


def _float(kept: dict[str, Any], key: str) -> float:
    found = kept.get(key)
    return float(found) if isinstance(found, int | float) else 0.0
