"""The peak manager's cron scripts (config.py, and credentials.py beside it) as our settings.

The scripts had two generations: one switched the Powerwall's mode, the later one its reserve; which it was
shows in the addresses that the file names.
"""

from __future__ import annotations

from agent.commands.migrate.config import secret
from agent.commands.migrate.found import Draft, Found
from agent.commands.migrate.peak_parts import (
    BY_MODE,
    BY_RESERVE,
    clock_text,
    joined,
    months_text,
    put_account,
    put_letters,
    put_site,
)

RAISES = (2, 2, 4)  # degrees at the first, second and third threshold
THRESHOLDS = ("FIRST_THRESHOLD", "SECOND_THRESHOLD", "THIRD_THRESHOLD")
WINTER_PEAKS = (
    ("winter morning", "WINTER_MORNING_PEAK_START", "WINTER_MORNING_PEAK_END"),
    ("winter evening", "WINTER_EVENING_PEAK_START", "WINTER_EVENING_PEAK_END"),
)
HOLIDAYS = ("NEW_YEARS", "MEMORIAL_DAY", "INDEPENDENCE_DAY", "LABOR_DAY", "THANKSGIVING", "CHRISTMAS")


def read_scripts(old: Found, secrets: Found, draft: Draft) -> None:
    put_site(old.text("TESLA_ENERGY_SITE_ID"), "TESLA_ENERGY_SITE_ID", draft)
    off_peak, peak = BY_RESERVE if old.has("TESLA_RESERVE_URL") else BY_MODE
    draft.put("battery", "holidays", ["us-utility"])
    if (dates := old.get("HOLIDAYS")) is not None:
        draft.tell("changed", "HOLIDAYS", f"{joined(dates)}: the calendar us-utility, right in every year")
        for name in HOLIDAYS:
            old.get(name)
    first, last = (old.number(f"SUMMER_{which}_MONTH") for which in ("FIRST", "LAST"))
    summer = months_text(range(int(first or 5), int(last or 10) + 1))
    winter = months_text([month for month in range(1, 13) if not int(first or 5) <= month <= int(last or 10)])
    rows = [("summer", summer, "SUMMER_PEAK_START", "SUMMER_PEAK_END")]
    rows += [(name, winter, begins, ends) for name, begins, ends in WINTER_PEAKS]
    periods = []
    for name, months, begins, ends in rows:
        hours = old.number(begins), old.number(ends)
        if months and hours[0] is not None and hours[1] is not None:
            span = {"from": clock_text(hours[0]), "to": clock_text(hours[1])}
            periods.append({"name": f"{name} peak", "months": months, "days": "mon-fri", **span, **peak})
            draft.tell("taken", begins, f"{name} peak {span['from']} to {span['to']}, months {months}")
    draft.put("battery", "off_peak", off_peak)
    draft.put("battery", "periods", periods)
    _thermostats_of_scripts(old, secrets, summer, draft)
    _letters_of_scripts(old, secrets, draft)


def _thermostats_of_scripts(old: Found, secrets: Found, summer: str, draft: Draft) -> None:
    devices = old.get("THERMOSTAT_IDS")
    if not devices:
        return
    put_account(secrets, ("honeywell_user", "honeywell_pwrd"), draft)
    levels = [(old.number(name), raised) for name, raised in zip(THRESHOLDS, RAISES, strict=True)]
    steps = [{"battery_percent": level, "degrees": raised} for level, raised in levels if level]
    begin, end = old.number("SUMMER_PEAK_START") or 14, old.number("SUMMER_PEAK_END") or 20
    draft.put("thermostats", "devices", [str(one) for one in devices])
    draft.put("thermostats", "months", summer or "5-10")
    draft.put("thermostats", "holidays", ["us-utility"])
    draft.put("thermostats", "from", clock_text(begin))
    draft.put("thermostats", "to", clock_text(end + 0.25))
    draft.put("thermostats", "steps", steps)
    says = ", ".join(f"+{one['degrees']} at {one['battery_percent']:g} %" for one in steps)
    draft.tell("taken", "FIRST_THRESHOLD", f"thermostats.steps: {says}")
    _precool(old, ("PRECOOL_TEMP", "PRECOOL_THRESHOLD", "FORECAST_THRESHOLD"), draft)
    if old.has("LAT"):
        where = f"latitude = {old.text('LAT')}, longitude = {old.text('LON')}"
        draft.tell("by hand", "LAT", f"write [forecast] with {where} and your roof: docs/tariffs.md")


def _precool(old: Found, names: tuple[str, str, str], draft: Draft) -> None:
    setpoint, below, hot = (old.number(name) for name in names)
    if setpoint is None:
        return
    draft.put("thermostats", "precool", {"from": "12:00", "setpoint": setpoint, "battery_below": below or 0})
    draft.tell("taken", names[0], f"thermostats.precool: {setpoint:g} at 12:00 when below {below or 0:g} %")
    if hot is not None:
        draft.tell(
            "by hand",
            names[2],
            f'add hotter_than = {hot:g} to precool once there is a [forecast] with degrees = "F"',
        )


def _letters_of_scripts(old: Found, secrets: Found, draft: Draft) -> None:
    user, port = secrets.text("gmail_user"), int(old.number("EMAIL_PORT") or 465)
    to = [str(one) for one in old.get("NOTIFICATION_EMAILS") or []]
    if not to:
        return
    password = secret(secrets, draft, "gmail_pwrd", "SMTP_PASSWORD")
    put_letters(draft, to, user or to[0], {"host": "smtp.gmail.com", "port": port, "user": user}, password)
    draft.tell("taken", "NOTIFICATION_EMAILS", f"notify.to: {len(to)} of them, through smtp.gmail.com:{port}")
