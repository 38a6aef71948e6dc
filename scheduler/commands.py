"""One-shot commands for people and for cron: change a window, the mode or a boost, and see what is.

Each one is safe to repeat: it looks first, changes only what differs, and reads back what it changed.
All of them answer with sentences; what can't be done is an `AgentError` or a `Wrong`, also a sentence.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from scheduler.agent_api import Agent, AgentRefused, Json
from scheduler.window_rows import KEYS, WindowError, read_window, write_window

_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+)m(?:in)?)?(?:(\d+)s)?")
ALL = "all"


class Wrong(Exception):
    """The command can't be understood; the text is a sentence that says what to write."""


# --- windows ---------------------------------------------------------------------------------------


def window(agent: Agent, name: str, action: str, words: Sequence[str]) -> str:
    """`on`, `off`, `remove`, or `set` with words like `from=21:30 amps=16`. Answers what was done."""
    if words and action != "set":
        raise Wrong(f"{action} takes nothing more; to change values write: window {name} set from=21:30 ...")
    rows = agent.windows()
    row = next((row for row in rows if str(row.get("name", "")).casefold() == name.casefold()), None)
    if action == "set":
        return _set_window(agent, name, row, words)
    if row is None:
        have = ", ".join(str(row.get("name")) for row in rows) or "none yet"
        raise Wrong(f"There is no window {name!r}; there is: {have}.")
    name = str(row["name"])
    if action == "remove":
        agent.delete_window(name)
        return f"The window {name} is removed."
    wanted = action == "on"
    if row.get("enabled", True) is wanted:
        return f"The window {name} is {action} already."
    return _put(agent, row | {"enabled": wanted}, f"The window {name} is {action}.")


def _set_window(agent: Agent, name: str, row: Json | None, words: Sequence[str]) -> str:
    changes = read_words(words)
    if not changes:
        raise Wrong(f"Say what to set, like: window {name} set days=mon-fri from=21:30 to=07:15 mode=fast")
    wanted = (row or {"name": name}) | changes
    try:
        checked = write_window(read_window(wanted, where="window"))
    except WindowError as error:
        raise Wrong(str(error)) from None
    if row is not None and all(row.get(key) == value for key, value in checked.items()):
        return f"The window {name} is so already."
    return _put(agent, checked, f"The window {checked['name']} is set: {describe(checked)}.")


def _put(agent: Agent, row: Json, done: str) -> str:
    name = str(row["name"])
    agent.put_window(name, row)
    if not agent.dry_run:
        found = next((found for found in agent.windows() if found.get("name") == name), {})
        if any(found.get(key) != value for key, value in row.items()):
            raise AgentRefused(
                409, f"The agent took the window {name}, but does not show it so. Look at its page."
            )
    return done


def read_words(words: Sequence[str]) -> Json:
    """`from=21:30 amps=16 charger=all` as values of a window's row. Raises Wrong."""
    row = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or key not in KEYS[1:]:
            raise Wrong(f"{word!r} is no setting of a window: write key=value with {', '.join(KEYS[1:])}.")
        row[key] = _value(key, value)
    return row


def _value(key: str, text: str) -> object:
    if key == "amps":
        return None if text in ("", "none", ALL) else _number(text, "amps")
    if key == "enabled":
        return {"true": True, "false": False, "on": True, "off": False}.get(text, text)
    if key == "until" and text in ("", "none"):
        return None
    return "" if key == "charger" and text == ALL else text


def describe(row: Mapping[str, Any]) -> str:
    """A window's row in words: "mon-fri 21:30-07:15, fast with 16 A, on every charger"."""
    amps = f" with {row['amps']:g} A" if row.get("amps") is not None else ""
    whom = f"on {row['charger']}" if row.get("charger") else "on every charger"
    until = f", until {row['until']}" if row.get("until") else ""
    state = "" if row.get("enabled", True) else ", switched off"
    return f"{row['days']} {row['from']}-{row['to']}, {row['mode']}{amps}, {whom}{until}{state}"


# --- mode and boost --------------------------------------------------------------------------------


def mode(agent: Agent, word: str, charger: str | None = None) -> str:
    """Set the house's mode or one charger's own; `default` gives a charger back to its settings."""
    state = agent.state()
    wanted = None if word == "default" else word
    if charger is None:
        if wanted is None:
            raise Wrong("The house always has a mode; default is for one charger: --charger ID.")
        if state.get("mode") == wanted:
            return f"The house is in mode {wanted} already."
        agent.set_mode(wanted)
        return f"The house is in mode {wanted}."
    one = _charger(state, charger)
    says = f"is in mode {wanted}" if wanted else "follows the settings"
    if one.get("own_mode") == wanted:
        return f"{_label(one)} {says} already."
    agent.set_mode(wanted, str(one["id"]))
    return f"{_label(one)} {says}."


def boost(
    agent: Agent,
    *,
    amps: str | None = None,
    duration: str | None = None,
    until: str | None = None,
    to_soc: str | None = None,
    charger: str | None = None,
) -> str:
    """Fast charging with an end. Texts as a person types them."""
    one = _charger(agent.state(), charger) if charger else None
    agent.boost(
        amps=None if amps is None else _number(amps, "amps"),
        for_s=None if duration is None else read_duration(duration),
        until=until,
        to_soc_percent=None if to_soc is None else _number(to_soc.removesuffix("%"), "to-soc"),
        charger=str(one["id"]) if one else None,
    )
    return f"{_label(one) if one else 'Every charger'} is boosted."


def end_boost(agent: Agent, charger: str | None = None) -> str:
    """End every boost, or one charger's; nothing to end is no error."""
    one = _charger(agent.state(), charger) if charger else None
    agent.end_boost(str(one["id"]) if one else None)
    return f"{_label(one) if one else 'Every charger'} is not boosted any more."


def read_duration(text: str) -> float:
    """Seconds of "2h", "90m", "1h30m" or "1.5h". Raises Wrong."""
    found = _DURATION.fullmatch(text.strip().lower())
    hours, minutes, seconds = (float(part or 0) for part in found.groups()) if found else (0.0, 0.0, 0.0)
    total_s = hours * 3600 + minutes * 60 + seconds
    if total_s and math.isfinite(total_s):
        return total_s
    raise Wrong(f"{text!r} is no length of time: write 2h, 90m or 1h30m.")


def _number(text: str, name: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise Wrong(f"{name} must be a number, not {text!r}.")
    return found


def _charger(state: Json, word: str) -> Json:
    chargers = [one for one in state.get("chargers", []) if isinstance(one, dict)]
    for one in chargers:
        if word.casefold() in (str(one.get("id", "")).casefold(), str(one.get("name", "")).casefold()):
            return one
    have = ", ".join(f"{one.get('id')} ({one.get('name')})" for one in chargers) or "none yet"
    raise Wrong(f"There is no charger {word!r}; there is: {have}.")


def _label(one: Json) -> str:
    return str(one.get("name") or f"charger {one.get('id')}")


# --- looking ---------------------------------------------------------------------------------------


def status(agent: Agent) -> list[str]:
    """The house in a few lines."""
    state = agent.state()
    power = state.get("power") or {}
    flows = [
        f"{name} {power[key] / 1000:.1f} kW"
        for name, key in (
            ("sun", "solar_w"),
            ("house", "house_w"),
            ("grid", "grid_w"),
            ("chargers", "chargers_w"),
        )
        if isinstance(power.get(key), int | float)
    ]
    lines = [f"mode {state.get('mode')}; {', '.join(flows) or 'no meter answers'}"]
    for one in state.get("chargers", []):
        amps = f"offers {one.get('offered_amps', 0):g} A, draws {one.get('drawn_amps', 0):g} A"
        lines.append(f"{_label(one)}: {amps}. {one.get('reason', '')}".rstrip())
    for key, says in (("window", "now"), ("next_window", "next")):
        if found := state.get(key):
            when = f"until {found.get('until')}" if key == "window" else f"from {found.get('begins')}"
            lines.append(f"window {says}: {found.get('name')} ({found.get('mode')}), {when}")
    return lines
