"""What both generations of the peak manager have in common on their way into our settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.commands.migrate.config import secret
from agent.commands.migrate.found import Draft, Found

BY_RESERVE = ({"reserve": 100}, {"reserve": 0})  # off-peak, peak
BY_MODE = ({"mode": "backup"}, {"mode": "self_consumption"})


def put_site(site: str, where: str, draft: Draft) -> None:
    draft.put("battery", "service", "owner")
    draft.put("battery", "site", site if site.isdecimal() else "0")
    if site.isdecimal():
        draft.tell("taken", where, f'battery.site = "{site}"')
    else:
        draft.tell("by hand", where, "battery.site: ./sunward setup lists your energy sites")


def put_account(old: Found, names: tuple[str, str], draft: Draft) -> None:
    for name, ours in zip(names, ("HONEYWELL_USER", "HONEYWELL_PASSWORD"), strict=True):
        secret(old, draft, name, ours)


def put_letters(draft: Draft, to: list[str], sender: str, smtp: dict[str, Any], has_password: bool) -> None:
    draft.put("notify", "to", to)
    draft.put("notify", "from", sender)
    security = "tls" if smtp["port"] == 465 else "starttls"
    server = {**smtp, "security": security}
    if not has_password:
        server.pop("user")
        draft.tell(
            "by hand", "SMTP_PASSWORD", "no password was found: write user and it, see docs/letters.md"
        )
    draft.put("notify", "smtp", server)


def months_text(months: Sequence[int]) -> str:
    """Months as settings have them: "5-10", or "11-4" across the new year."""
    known = set(months)
    starts = [month for month in sorted(known) if (month - 2) % 12 + 1 not in known]
    runs = []
    for start in starts or sorted(known)[:1]:
        end = start
        while end % 12 + 1 in known and end % 12 + 1 != start:
            end = end % 12 + 1
        runs.append(f"{start}-{end}" if end != start else f"{start}")
    return ", ".join(runs)


def clock_text(hour: float) -> str:
    return f"{int(hour):02d}:{round(hour % 1 * 60):02d}"


def joined(values: object) -> str:
    return ", ".join(str(one) for one in values) if isinstance(values, list | tuple) else str(values)
