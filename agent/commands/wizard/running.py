"""What an agent that runs knows already: the cars at its chargers, by the VIN that they told the bus."""

from __future__ import annotations

from agent.commands.status import LockedOut, fetch_state
from agent.commands.wizard.draft import Draft
from agent.config import load
from notify.settings import SettingsError
from scheduler.cars.settings import VIN


def cars_at_chargers(draft: Draft) -> dict[str, str]:
    """Names of chargers by VIN; none where no agent answers, or it does not open to us.

    It is asked where the settings on disk say: with those it runs, whatever the draft says by now.
    """
    try:
        house = load(draft.path, draft.secrets_path if draft.secrets_path.exists() else None)
        state = fetch_state(house) or {}
    except (SettingsError, LockedOut):
        return {}
    rows = state.get("chargers")
    chargers = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    found = {str(row.get("vin", "")).upper(): str(row.get("name") or row.get("id")) for row in chargers}
    return {vin: name for vin, name in found.items() if VIN.fullmatch(vin)}
