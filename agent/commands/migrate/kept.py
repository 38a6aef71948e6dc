"""What TWCManager kept by itself, in our words: settings.json (NG), or key=value lines (CD, LB).

Both know one schedule of whole amps for all units together, and what to do outside of it. NG followed the
sun by day whatever that said (unless it was "do not charge") and fixed amps by night; CD and LB said -1
for the sun and had fixed amps all day.
"""

from __future__ import annotations

import re
from typing import Any

from agent.commands.migrate.config import reserve
from agent.commands.migrate.found import Draft, Found
from scheduler.wallclock import write_days, write_minute

ID = re.compile(r"[0-9A-Fa-f]{4}")
LEAST_AMPS = 6.0
NO_EQUAL = {
    "scheduledAmpsFlexStart": "windows begin when they say; see departure plans",
    "scheduledAmpsBatterySize": "windows begin when they say; see departure plans",
    "Schedule": "only its common part ever acted, and that one was taken",
    "hourResumeTrackGreenEnergy": 'write a window with mode = "off" for the hours without sun charging',
    "chargeStopMode": "a car is stopped by the gentle way first, always",
    "chargeRateControl": "amps are set by the charger",
    "chargeAuthorizationMode": "every car on the wire may charge",
    "commandPolicy": "log in anew: ./sunward login",
    "carApi": "tokens are not carried over: ./sunward login tesla; then delete that file",
    "chargeNow": "a boost of that moment is over",
    "VehicleGroups": "every car on the wire may charge",
    "Vehicles": "cars are learned anew from their VIN",
    "history": "charts begin today",
    "Graphs": "charts begin today",
    "kWhDelivered": "each charger's own counter is read from it",
    "spikeAmps": "off, unless bus.spike = true for a 2017 car that stays at 6 A",
    "SlaveTWCs": "it names no unit",
    "sunrise": "the sun is measured",
    "sunset": "the sun is measured",
}


def key_value_lines(text: str) -> dict[str, Any]:
    """The values of a CD or LB settings file."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {key.strip(): value.strip() for key, value in pairs}


def read_kept(old: Found, draft: Draft) -> None:
    """Chargers, mode, schedule and constants."""
    _chargers(old, draft)
    _mode(old, draft)
    _schedule(old, draft)
    offsets = old.get("consumptionOffset")
    for name, one in offsets.items() if isinstance(offsets, dict) else []:
        if isinstance(one, dict) and isinstance(one.get("value"), int | float):
            reserve(draft, f"consumptionOffset.{name}", float(one["value"]), str(one.get("unit", "W")))
    limits = old.get("chargeLimits")
    for car, pair in limits.items() if isinstance(limits, dict) else []:
        outside = pair[0] if isinstance(pair, list) and pair else "?"
        draft.tell("by hand", f"chargeLimits.{car}", f"set the car's own charge limit back to {outside} %")
    lat, lon = old.number("homeLat"), old.number("homeLon")
    if lat is not None and lon is not None and abs(lat) <= 90:
        draft.tell("no equal", "homeLat, homeLon", "a car is at home when our charger has read its VIN")


def _chargers(old: Found, draft: Draft) -> None:
    units = old.get("SlaveTWCs")
    for key in units if isinstance(units, dict) else []:
        if ID.fullmatch(key):
            draft.chargers.append({"id": key.upper()})
            draft.tell("taken", f"SlaveTWCs.{key}", f'a [[chargers]] block with id = "{key.upper()}"')


def _mode(old: Found, draft: Draft) -> None:
    action = old.number("nonScheduledAction")
    amps = old.number("nonScheduledAmpsMax")
    if action is None and amps is None:
        return
    where = "nonScheduledAction" if action is not None else "nonScheduledAmpsMax"
    if action == 2 or (action is None and amps == 0):
        draft.put("site", "mode", "off")
        draft.tell("taken", where, 'site.mode = "off": nothing outside of windows')
        return
    draft.put("site", "mode", "solar")
    if action == 3 or (action is None and amps is not None and amps < 0):
        draft.tell("taken", where, 'site.mode = "solar"')
        return
    if not amps or amps < LEAST_AMPS:
        draft.tell("changed", where, 'site.mode = "solar", which fixed amps of 0 meant by day')
        return
    row = _window("by night" if action is not None else "always", amps, draft)
    if action is None:
        row |= {"from": "00:00", "to": "24:00"}
        says = f"a window of {row['amps']:g} A all day"
    else:
        sunset, sunrise = (
            int(old.number(key) or usual) % 24 for key, usual in (("sunset", 20), ("sunrise", 6))
        )
        row |= {"from": f"{sunset:02d}:00", "to": f"{sunrise:02d}:00"}
        says = f"the sun by day, and a window of {row['amps']:g} A from {row['from']} to {row['to']}"
    draft.windows.append(row)
    draft.tell("changed", "nonScheduledAmpsMax", says)


def _schedule(old: Found, draft: Draft) -> None:
    amps = old.number("scheduledAmpsMax") or 0.0
    start, end = old.number("scheduledAmpsStartHour"), old.number("scheduledAmpsEndHour")
    bits = old.number("scheduledAmpsDaysBitmap")
    days = frozenset(day for day in range(7) if int(127 if bits is None else bits) >> day & 1)
    if amps <= 0 or start is None or end is None or start < 0 or end < 0 or not days:
        if amps > 0:
            draft.tell("no equal", "scheduledAmpsMax", "the schedule had no hours or days, so it never acted")
        return
    first, last = round(start * 60) % 1440, round(end * 60) % 1440
    row = _window("scheduled", amps, draft) | {"from": write_minute(first), "to": write_minute(last or 1440)}
    row["days"] = write_days(days)
    if first == last:
        row |= {"from": "00:00", "to": "24:00"}
        draft.tell("changed", "scheduledAmpsStartHour", "start = end meant nothing there; here it is all day")
    draft.windows.append(row)
    says = f"a window from {row['from']} to {row['to']} on {row['days']} with {row['amps']:g} A a charger"
    draft.tell("taken", "scheduledAmps...", says)


def _window(name: str, amps: float, draft: Draft) -> dict[str, Any]:
    units = max(1, len(draft.chargers))
    most = draft.get("limits", "wiringMaxAmpsPerTWC", 80.0)
    each = min(max(LEAST_AMPS, amps // units), most)
    return {"name": name, "days": "daily", "from": "", "to": "", "mode": "fast", "amps": each}
