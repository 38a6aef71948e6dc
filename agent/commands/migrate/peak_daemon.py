"""The peak manager's later daemon (config.yaml) as our settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agent.commands.migrate.config import secret
from agent.commands.migrate.found import Draft, Found
from agent.commands.migrate.peak_parts import (
    BY_RESERVE,
    clock_text,
    joined,
    months_text,
    put_account,
    put_letters,
    put_site,
)

SEVERITIES = ("info", "warning", "critical")


def read_daemon(old: Found, draft: Draft) -> None:
    put_site(old.text("tesla.energy_site_id"), "tesla.energy_site_id", draft)
    if zone := old.text("settings.location"):
        draft.put("site", "timezone", zone)
        draft.tell("taken", "settings.location", f'site.timezone = "{zone}"')
    holidays = [str(one) for one in old.get("settings.holidays") or []]
    draft.put("battery", "holidays", holidays)
    draft.tell("taken", "settings.holidays", joined(holidays) or "none")
    periods = list(_periods(old.get("settings.seasons") or {}, draft))
    draft.put("battery", "off_peak", BY_RESERVE[0])
    draft.put("battery", "periods", periods)
    _thermostats_of_daemon(old, holidays, periods, draft)
    _letters_of_daemon(old, draft)


def _periods(seasons: object, draft: Draft) -> Iterator[dict[str, Any]]:
    for season, rule in seasons.items() if isinstance(seasons, Mapping) else ():
        months = months_text([int(month) for month in rule.get("months") or ()])
        spans = rule.get("peak_periods") or ()
        for number, span in enumerate(spans, 1):
            name = f"{season} peak{f' {number}' if len(spans) > 1 else ''}"
            times = {"from": _time(span.get("start")), "to": _time(span.get("end"))}
            draft.tell("taken", f"settings.seasons.{season}", f"{name} {times['from']} to {times['to']}")
            yield {"name": name, "months": months, "days": "mon-fri", **times, **BY_RESERVE[1]}


def _thermostats_of_daemon(
    old: Found, holidays: list[str], periods: Sequence[Mapping[str, Any]], draft: Draft
) -> None:
    devices = old.get("settings.thermostat_ids")
    if not devices or not periods:
        return
    put_account(old, ("honeywell.username", "honeywell.password"), draft)
    raised = old.number("settings.thermostat_increment_f") or 2
    levels = [row for row in old.get("settings.battery_thresholds") or [] if isinstance(row, Mapping)]
    steps = []
    for row in levels:
        left = row.get("time_remaining_minutes")
        step = {"battery_percent": float(row["level_percent"]), "peak_minutes_left": left, "degrees": raised}
        steps.append({key: value for key, value in step.items() if value})
    lowest, highest = (old.number(f"settings.{which}_thermostat_temp_f") for which in ("min", "max"))
    every = max(5, int((old.number("settings.check_interval_seconds") or 900) // 60))
    first = periods[0]
    draft.put("thermostats", "devices", [str(one) for one in devices])
    draft.put("thermostats", "months", first["months"])
    draft.put("thermostats", "holidays", holidays)
    draft.put("thermostats", "from", first["from"])
    draft.put("thermostats", "to", first["to"])
    draft.put("thermostats", "steps", steps)
    draft.put("thermostats", "lowest", lowest or 60)
    draft.put("thermostats", "highest", highest or 84)
    draft.put("thermostats", "check_every_min", every)
    draft.tell(
        "taken", "settings.thermostat_ids", f"in {first['name']}, {len(steps)} steps of {raised:g} degrees"
    )
    lower = old.number("settings.precool_adjustment_f")
    hot = old.number("settings.precool_threshold_f")
    if lower is not None:
        says = f"it cooled by {lower:g} when hotter than {hot or 95:g}: write precool with a setpoint"
        draft.tell("by hand", "settings.precool_adjustment_f", says)


def _letters_of_daemon(old: Found, draft: Draft) -> None:
    heard: dict[str, str] = {}
    for severity in SEVERITIES:
        for address in old.get(f"notifications.recipients.{severity}") or []:
            heard.setdefault(str(address), severity)
    if not heard:
        return
    user = old.text("notifications.smtp.username")
    password = secret(old, draft, "notifications.smtp.password", "SMTP_PASSWORD")
    port = int(old.number("notifications.smtp.port") or 587)
    smtp = {"host": old.text("notifications.smtp.server") or "smtp.gmail.com", "port": port, "user": user}
    put_letters(draft, list(heard), user or next(iter(heard)), smtp, password)
    least = {address: severity for address, severity in heard.items() if severity != "info"}
    if least:
        draft.put("notify", "least", least)
    draft.tell(
        "taken", "notifications.recipients", f"{len(heard)} addresses; {len(least)} hear only of worse things"
    )


def _time(value: object) -> str:
    """A clock time; YAML reads an unquoted 16:00 as minutes."""
    return clock_text(value / 60) if isinstance(value, int) else str(value)
