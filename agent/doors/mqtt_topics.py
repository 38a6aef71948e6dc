"""The house as MQTT topics, and orders that come on topics. Pure: no broker, no thread.

    sunward/availability            online, or offline (the will)
    sunward/site/grid_w             plain text, retained; `None` where nothing is known
    sunward/3201/drawn_amps         one level for each charger, by its id
    sunward/site/windows            JSON, as in the HTTP API
    sunward/site/set/mode           orders: off, solar, solar_min, fast
    sunward/3201/set/mode           the same, or `settings` to follow the settings again
    sunward/3201/set/boost          ON, OFF, or JSON like {"for_s": 3600, "amps": 16}
    sunward/3201/set/stop           anything: boost ended, mode off
    sunward/3201/set/max_amps       a number, or `None` for all that its wires bear
    sunward/site/set/windows        JSON: the list of all windows
    sunward/result                  what became of each order; not retained

`site` in place of an id means the whole house. Retained orders are told in `result` and not obeyed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from agent.boosts import Refused
from agent.desk import BoostAsk, Desk
from agent.doors.jsontext import JsonError, read_json
from agent.doors.nouns import SILENT_AFTER_S, BoostState, ChargerState, State
from agent.doors.orders import stop
from agent.doors.rooms import Rooms
from agent.model import Mode
from scheduler.window_rows import write_window
from scheduler.windows import Window

SITE = "site"
UNKNOWN = "None"
LONGEST_TEXT = 255  # Home Assistant takes no longer state
SILENT = "No decision is made any more: these numbers are old. Look at the log of sunward."
BOOST_KEYS = {"amps", "for_s", "until", "to_soc_percent", "to_energy_kwh"}
SITE_ORDERS = ("mode", "boost", "stop", "windows")
CHARGER_ORDERS = ("mode", "boost", "stop", "max_amps")


def text_of(value: object) -> str:
    """A value as a plain text: ON and OFF, numbers without needless zeros, None where not known."""
    if value is None or value == "":
        return UNKNOWN  # an empty retained message would take the topic away
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    if isinstance(value, float):
        return f"{round(value, 3) + 0.0:.3f}".rstrip("0").rstrip(".")
    text = str(value)
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


def values_of(state: State, windows: Iterable[Window], prefix: str) -> dict[str, str]:
    """Every status topic with its text."""
    out = {f"{prefix}/{SITE}/{key}": text_of(value) for key, value in _site(state).items()}
    out[f"{prefix}/{SITE}/windows"] = json.dumps([write_window(window) for window in windows])
    for charger in state.chargers:
        for key, value in charger_values(charger).items():
            out[f"{prefix}/{charger.id}/{key}"] = text_of(value)
    return out


def _site(state: State) -> dict[str, object]:
    power = state.power
    problems = [SILENT] if state.age_s > SILENT_AFTER_S else []
    problems += [meter.problem for meter in state.meters if meter.problem]
    problems += [state.bus.problem] if state.bus.problem else []
    return {
        "mode": state.mode,
        "grid_w": power.grid_w,
        "solar_w": power.solar_w,
        "battery_w": power.battery_w,
        "house_w": power.house_w,
        "chargers_w": power.chargers_w,
        "battery_soc_percent": state.battery_soc_percent,
        "budget_amps": state.budget_amps,
        "boost": state.boost is not None,
        "boost_ends": _ends(state.boost),
        "window": state.window.name if state.window else "",
        "price_per_kwh": state.price and f"{state.price.buy_per_kwh:.4f}",
        "currency": state.currency,
        "problem": bool(problems),
        "problem_text": " ".join(problems),
    }


def charger_values(charger: ChargerState) -> dict[str, object]:
    """One charger's status topics, by their last level."""
    volts = (charger.volts_by_phase or ())[:3]
    car = charger.car
    return {
        "name": charger.name,
        "state": charger.state,
        "mode": charger.mode,
        "own_mode": charger.own_mode or "settings",
        "max_amps": charger.limit_amps or charger.max_amps,
        "offered_amps": charger.offered_amps,
        "drawn_amps": charger.drawn_amps,
        "wanted_amps": charger.wanted_amps,
        "power_w": charger.drawn_w,
        "energy_kwh": None if charger.energy_wh is None else round(charger.energy_wh / 1000, 3),
        **{f"volts_l{i}": volt for i, volt in enumerate((*volts, None, None, None)[:3], 1)},
        "linked": charger.linked,
        "plugged": charger.plugged,
        "charging": charger.charging,
        "reason": charger.reason,
        "boost": charger.boost is not None,
        "boost_ends": _ends(charger.boost),
        "problem": bool(charger.problem) or not charger.linked,
        "problem_text": charger.problem or ("" if charger.linked else "It does not answer on the bus."),
        "vin": charger.vin,
        "car_name": car.name if car else "",
        "car_soc_percent": car.soc_percent if car else None,
        "car_limit_percent": car.limit_percent if car else None,
    }


def _ends(boost: BoostState | None) -> str:
    return boost.ends.isoformat() if boost and boost.ends else ""


# --- orders ----------------------------------------------------------------------------------------


def obey(rooms: Rooms, whose: str, what: str, text: str, by: str) -> str:
    """Carry out one order; a sentence that says what was done. Raises Refused."""
    desk = rooms.desk
    charger_id = None if whose == SITE else whose
    known = SITE_ORDERS if charger_id is None else CHARGER_ORDERS
    if what not in known:
        raise Refused(404, f"There is no order {what!r} for {whose}; there is {', '.join(known)}.")
    match what:
        case "mode":
            desk.set_mode(mode_of(text, charger_id), charger_id, by)
            return f"The mode is {text.strip()}."
        case "boost":
            return _boost(desk, charger_id, text.strip(), by)
        case "stop":
            stop(rooms, charger_id, by)
            return "Stopped: the boost is ended, and the mode is off."
        case "max_amps":
            amps = None if text.strip() == UNKNOWN else amps_of(text)
            desk.limit(amps, whose, by)
            return f"At most {text_of(amps)} A." if amps is not None else "No limit but that of the wires."
    count = len(desk.put_windows(_json(text), by))
    return f"{count} windows are in force."


def mode_of(text: str, charger_id: str | None) -> Mode | None:
    """The mode that a text names; None gives a charger back to its settings. Raises Refused."""
    word = text.strip()
    if word == "settings" and charger_id is not None:
        return None
    if word not in set(Mode):
        also = ", settings" if charger_id is not None else ""
        raise Refused(422, f"The mode must be one of {', '.join(Mode)}{also}, not {word[:40]!r}.")
    return Mode(word)


def amps_of(text: str) -> float:
    """A finite number. Raises Refused."""
    try:
        amps = float(text)
    except ValueError:
        amps = math.nan
    if not math.isfinite(amps):
        raise Refused(422, f"Send a number of amps, like 16, not {text[:40]!r}.")
    return amps


def _boost(desk: Desk, charger_id: str | None, text: str, by: str) -> str:
    if text.upper() == "OFF":
        desk.end_boost(charger_id, by)
        return "No boost."
    asked: Any = {} if text.upper() in ("", "ON", "PRESS") else _json(text)
    if not isinstance(asked, dict) or set(asked) - BOOST_KEYS:
        keys = ", ".join(sorted(BOOST_KEYS))
        raise Refused(422, f"A boost is ON, OFF, or a JSON object with some of {keys}.")
    started = desk.start_boost(_boost_ask(asked, charger_id), by)
    return f"Boosted until {started[0].ends_wall:%Y-%m-%d %H:%M}." if started[0].ends_wall else "Boosted."


def _boost_ask(asked: Mapping[str, Any], charger_id: str | None) -> BoostAsk:
    for key, value in asked.items():
        fits = isinstance(value, str) if key == "until" else isinstance(value, int | float)
        if value is not None and (not fits or isinstance(value, bool)):
            raise Refused(422, f"{key} must be a {'text' if key == 'until' else 'number'}, not {value!r}.")
    return BoostAsk(**asked, charger_id=charger_id)


def _json(text: str) -> Any:
    try:
        return read_json(text, "This")
    except JsonError as error:
        raise Refused(400, str(error)) from None
