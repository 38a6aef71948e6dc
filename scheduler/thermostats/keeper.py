"""The thermostats' job: pre-cool (or pre-heat) before a peak, set back in it as the battery falls, and give
back.

What is done is remembered for each device and peak: what is to be set is written down before it is sent, so
an answer that is lost, or a process that dies, never makes the same change twice. A change is believed when
the portal took it, and checked at the next look, a quarter of an hour later: one that did not stay is done
again, one that a person changed is left alone. Nothing here can stop another job.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from notify.events import event_of
from scheduler.jobs import Context, Job, JobFailed
from scheduler.thermostats.policy import (
    DOES,
    LEARNS_FROM_S,
    Battery,
    Day,
    Device,
    LockedOut,
    ThermostatError,
    Thermostats,
    crossed,
    day_of,
    fall,
    is_open,
    prepared,
    reasons_before,
    set_back,
)
from scheduler.thermostats.settings import Aim, ThermostatSettings

EVERY_S = 300.0
GIVE_BACK_S = 3 * 3600.0
ACCOUNT = "thermostats"
CLOSE = 0.3

ServiceAt = Callable[[Context], Thermostats]
BatteryAt = Callable[[Context], Battery | None]
ExtremeAt = Callable[[Context, Aim], float | None]
Kept = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Keeper:
    """The job of one account. `extreme` is today's highest forecast temperature, for heating the lowest."""

    settings: ThermostatSettings
    service: ServiceAt
    battery: BatteryAt
    extreme: ExtremeAt

    def jobs(self) -> list[Job]:
        """One job."""
        says = "pre-cools, sets thermostats back as the battery falls, and gives them back"
        return [Job("thermostats", EVERY_S, self.run, says)]

    def run(self, context: Context) -> Sequence[str]:
        """Do what this time of day asks for."""
        wall, kept = _wall(context), context.memory.data
        today, now = day_of(self.settings, wall), wall.timestamp()
        if today is None or now > today.end.timestamp() + GIVE_BACK_S:
            return []
        if kept.get("day") != today.id:
            kept |= {"day": today.id, "devices": {}, "precool": None, "looked": 0.0, "seen": []}
        if now < _float(kept, "rest_until") < now + 86400:
            return []
        if 0 <= now - _float(kept, "looked") < self.settings.check_every_min * 60 - 20:
            return []
        try:
            said = self._phase(context, today, wall)
        except LockedOut as error:
            kept["rest_until"] = now + error.rest_s
            return [_tell_trouble(context, "thermostat_locked_out", str(error), ACCOUNT)]
        except ThermostatError as error:
            return [_tell_trouble(context, "thermostat_failed", str(error), ACCOUNT)]
        return said

    def _phase(self, context: Context, today: Day, wall: datetime) -> list[str]:
        kept = context.memory.data
        if wall >= today.end:
            return self._give_back(context, today, "back")
        kept["looked"] = wall.timestamp()
        if wall < today.peak:
            return self._before(context, today)
        said = self._give_back(context, today, "held")
        return said + self._in_peak(context, today, wall)

    def _in_peak(self, context: Context, today: Day, wall: datetime) -> list[str]:
        battery = self._falling(context, wall.timestamp())
        if battery is None:
            return ["The battery's charge is not known, so the thermostats stay as they are."]
        left_s = today.end.timestamp() - wall.timestamp()
        steps = crossed(today.season.steps, battery, left_s)
        if not steps:
            return []

        def one(device: Device, mine: Kept) -> str:
            return self._set_back(context, device, mine, steps, battery, today)

        return self._each(context, today, one)

    def _falling(self, context: Context, now: float) -> Battery | None:
        """The battery now, and how long it lasts at the fall of the last looks."""
        kept, battery = context.memory.data, self.battery(context)
        if battery is None:
            return None
        seen = [(float(at_s), float(charge)) for at_s, charge in kept.get("seen", [])]
        seen = [one for one in seen if 0 <= now - one[0] <= LEARNS_FROM_S] + [(now, battery.charge_percent)]
        kept["seen"] = [list(one) for one in seen]
        return replace(battery, lasts_s=fall(seen, battery.reserve_percent))

    # --- what is done ------------------------------------------------------------------------------

    def _before(self, context: Context, today: Day) -> list[str]:
        """Decided once a peak, by the first run in time; then done for each device until it is done."""
        kept, season = context.memory.data, today.season
        if kept.get("precool") is None:
            battery = self.battery(context)
            charge = battery.charge_percent if battery else None
            extreme = self.extreme(context, season.aim)
            reasons = reasons_before(season, charge, extreme)
            if not reasons and is_open(season, charge, extreme):
                return ["Whether to begin before the peak is not known yet: it is asked again."]
            kept["precool"] = reasons
        reasons = kept["precool"]
        if not reasons:
            return []
        why = " and ".join(str(one) for one in reasons)

        def one(device: Device, mine: Kept) -> str:
            wanted = prepared(season, device)
            if mine.get("precool") or wanted is None:
                mine["precool"] = True
                return ""
            self._hold(context, device, mine, wanted, today, {"precool": True})
            return f"{device.name} {season.aim}s to {wanted:g} degrees until {today.peak:%H:%M}: {why}."

        return self._each(context, today, one, lambda mine: bool(mine.get("precool")))

    def _set_back(
        self, context: Context, device: Device, mine: Kept, now: list[int], battery: Battery, today: Day
    ) -> str:
        season = today.season
        done = [number for number in mine.get("steps", []) if isinstance(number, int)]
        if done and _is_as_before(device, mine, season.aim):  # what was taken did not stay
            tries = int(_float(mine, "again")) + 1
            mine["again"] = tries
            if tries > 2:
                raise ThermostatError(f"{device.name} does not keep what it is set to.")
            done = []
        change = set_back(season, device, now, done)
        if change is None:
            return ""
        wanted, steps = change
        if wanted == device.setpoint(season.aim):
            mine["steps"] = sorted({*done, *steps})
            return ""
        self._hold(context, device, mine, wanted, today, {"steps": sorted({*done, *steps})})
        return (
            f"{device.name} goes from {device.setpoint(season.aim):g} to {wanted:g} degrees until "
            f"{today.end:%H:%M}: {battery.words}."
        )

    def _give_back(self, context: Context, today: Day, latch: str) -> list[str]:
        """Release what is still as we set it; a hold that a person made stays.

        `latch` "back" when the peak is over. "held" when it begins: only a permanent hold that gave way to
        what was done before the peak comes back.
        """
        aim = today.season.aim

        def one(device: Device, mine: Kept) -> str:
            mine[latch] = True
            was_for_good = mine.get("hold") == "permanent"
            is_ours = device.hold == "temporary" and abs(device.setpoint(aim) - _float(mine, "set")) <= CLOSE
            if not is_ours and not (was_for_good and device.hold == "schedule"):  # ours has run out
                return ""
            service = self.service(context)
            if context.dry_run:
                return f"would give {device.name} back"
            if was_for_good:
                service.keep(device.id, aim, _float(mine, "before"))
                return f"{device.name} is held at {_float(mine, 'before'):g} degrees again."
            service.release(device.id)
            return f"{device.name} follows its own schedule again."

        def is_done(mine: Kept) -> bool:
            early = latch == "held" and (mine.get("hold") != "permanent" or bool(mine.get("steps")))
            return early or bool(mine.get(latch)) or not {"set", "trying"} & set(mine)

        return self._each(context, today, one, is_done)

    def _hold(
        self, context: Context, device: Device, mine: Kept, wanted: float, today: Day, done: Kept
    ) -> None:
        """Set it, and remember it as `done`; what is tried is on the disk before it is sent."""
        aim = today.season.aim
        until = today.peak if "precool" in done else today.end
        before = {"before": device.setpoint(aim), "hold": device.hold} if "before" not in mine else {}
        mine["trying"] = {**before, **done, "from": device.setpoint(aim), "set": wanted}
        if not context.dry_run:
            context.memory.save(sure=True)
            self.service(context).hold(device.id, aim, wanted, until)
        mine |= mine.pop("trying")

    def _each(
        self,
        context: Context,
        today: Day,
        act: Callable[[Device, Kept], str],
        is_done: Callable[[Kept], bool] = lambda mine: False,
    ) -> list[str]:
        """Every chosen device on its own: one's failure is told and tried again, the others go on."""
        kept = context.memory.data
        said = []
        for device_id, name in self._chosen(context).items():
            mine = kept["devices"].setdefault(device_id, {})
            if is_done(mine):
                continue
            before = dict(mine)
            try:
                device = self.service(context).read(device_id, name)
                _learn(device, mine, today.season.aim)
                before = dict(mine)
                told = act(device, mine)
            except ThermostatError as error:
                before |= {"trying": mine["trying"]} if "trying" in mine else {}
                before |= {"again": mine["again"]} if "again" in mine else {}
                mine.clear()
                mine |= before
                if isinstance(error, LockedOut):
                    raise
                said.append(_tell_trouble(context, "thermostat_failed", str(error), name))
                continue
            aim = today.season.aim
            if device.mode not in DOES[aim] and not mine.get("told_mode"):
                mine["told_mode"] = True
                said.append(f"{name} does not {aim} now ({device.mode}), and is left alone.")
            _tell_done(context, name, told)
            context.memory.save()
            said += [told] if told else []
        return said

    def _chosen(self, context: Context) -> dict[str, str]:
        """The thermostats of the settings by id, asked for once a day."""
        kept = context.memory.data
        if not kept.get("names") or kept.get("names_day") != kept["day"]:
            kept |= {"names": self.service(context).names(), "names_day": kept["day"]}
        names = {str(key): str(value) for key, value in kept["names"].items()}
        if not self.settings.devices:
            return names
        wanted = {one.casefold() for one in self.settings.devices}
        found = {key: name for key, name in names.items() if key in wanted or name.casefold() in wanted}
        known = {*found, *(name.casefold() for name in found.values())}
        if missing := sorted(one for one in wanted if one not in known):
            have = ", ".join(f"{name} ({key})" for key, name in names.items()) or "none"
            raise JobFailed(f"There is no thermostat {missing[0]!r}; the account has {have}.")
        return found


def _learn(device: Device, mine: Kept, aim: Aim) -> None:
    """What was tried last, and nobody answered for: it counts if the device shows it."""
    tried = mine.pop("trying", None)
    if not isinstance(tried, dict) or device.hold != "temporary":
        return
    if abs(device.setpoint(aim) - _float(tried, "set")) <= CLOSE:
        mine |= tried


def _is_as_before(device: Device, mine: Kept, aim: Aim) -> bool:
    """Whether it shows the setpoint from before our last change, as if that had never been."""
    was, put = mine.get("from"), mine.get("set")
    if not isinstance(was, int | float) or not isinstance(put, int | float):
        return False
    now = device.setpoint(aim)
    return device.hold != "permanent" and abs(now - was) < CLOSE < abs(now - put)


def _tell_trouble(context: Context, kind: str, sentence: str, subject: str) -> str:
    """Tell it once for each device, until it works again."""
    troubles = context.memory.data.setdefault("troubles", {})
    if subject not in troubles:
        troubles[subject] = kind
        context.tell(event_of(kind, sentence, subject))
    return sentence


def _tell_done(context: Context, name: str, sentence: str) -> None:
    troubles = context.memory.data.setdefault("troubles", {})
    if troubles.pop(ACCOUNT, None) == "thermostat_failed" and not context.dry_run:
        context.tell(event_of("thermostat_done", "The thermostats' portal answers again.", ACCOUNT))
    was = troubles.pop(name, None)
    if (sentence or was) and not context.dry_run:
        context.tell(event_of("thermostat_done", sentence or f"{name} answers again.", name))


def _wall(context: Context) -> datetime:
    wall = context.moment.wall
    if wall is None:
        raise JobFailed("The time of day is not known.")
    return wall.astimezone(context.settings.site.zone)


def _float(kept: Kept, key: str) -> float:
    found = kept.get(key)
    return float(found) if isinstance(found, int | float) else 0.0
