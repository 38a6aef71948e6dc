"""The forecast's job: ask now and then, keep it on disk, and learn from each day that is over.

A service that fails changes nothing that is known; after half a day without any news it is told (and never by
mail unless its owner wants that: a forecast is a comfort).
"""

from __future__ import annotations

import json
import logging
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from types import ModuleType

from notify.events import event_of
from scheduler.agent_api import AgentError
from scheduler.fetch import FetchFailed, fetch
from scheduler.forecast import forecast_solar, known, open_meteo
from scheduler.forecast.settings import ForecastSettings
from scheduler.forecast.slots import Heat, SolarSlot, corrected, energy_wh, joined, learned
from scheduler.jobs import Context, Job, JobFailed
from scheduler.kept import write_atomically
from scheduler.tariffs.sources import midnights
from scheduler.tariffs.unchanged import Unchanged
from scheduler.wallclock import at

log = logging.getLogger(__name__)
EVERY_S = 900.0
ASK_AGAIN_S = 1800.0
SILENT_S = 12 * 3600.0
MOST_SHOWN = 500  # as many as the agent takes
STEP_S = 900
_STATES: Unchanged[str] = Unchanged()
SERVICES: dict[str, ModuleType] = {"open_meteo": open_meteo, "forecast_solar": forecast_solar}


def jobs(forecast: ForecastSettings) -> list[Job]:
    """One job."""
    return [Job("forecast", EVERY_S, lambda context: run(forecast, context), "knows what the sun will give")]


def run(forecast: ForecastSettings, context: Context) -> Sequence[str]:
    """Ask when it is time, and once a day learn from yesterday."""
    wall = context.moment.wall
    if wall is None:
        raise JobFailed("The time of day is not known.")
    wall = wall.astimezone(context.settings.site.zone)
    service = SERVICES[forecast.service]
    kept, now = context.memory.data, wall.timestamp()
    have = known.read(known.path_of(context.settings))
    said: list[str] = []
    factor = _learn(context, have, wall, said)
    fresh = 0 <= now - _number(kept.get("got")) < service.REFRESH_S - 60
    soon = 0 <= now - _number(kept.get("asked")) < ASK_AGAIN_S - 60
    resting = soon or now < _number(kept.get("rest_until")) < now + 86400
    raw, heat, slots = have.raw, have.heat, have.slots
    if not fresh and not resting:
        kept["asked"] = now
        try:
            raw, heat = ask_service(forecast, context.settings.credentials)
        except FetchFailed as error:
            kept["rest_until"] = now + error.rest_s
            said.append(str(error))
        else:
            raw = _with_past(have.raw, raw, now)
            kept["got"] = now
            said += [in_words(raw, factor, wall)] if not have.raw else []
    _tell_silence(context, now)
    if (raw, heat, factor) != (have.raw, have.heat, have.factor) and not context.dry_run:
        rows = [[slot.start_s, slot.end_s, round(slot.watts, 1)] for slot in raw]
        told = {"factor": round(factor, 4), "slots": rows, "heat": [list(one) for one in heat]}
        write_atomically(known.path_of(context.settings), json.dumps(told) + "\n")
        slots = tuple(corrected(raw, factor))
    _show(context, slots, wall)
    return said


def _show(context: Context, slots: tuple[SolarSlot, ...], wall: datetime) -> None:
    """Tell the agent today's sun and the coming one, for its page; one that can't be told is told later."""
    kept = context.memory.data
    state = _STATES.get((slots,), lambda: f"{zlib.crc32(repr(slots).encode()):08x}")
    try:
        if kept.get("shown") == state and context.agent.forecast():
            return  # an agent that began anew has forgotten it
        context.agent.put_forecast(_rows(slots, midnights(wall)[0].timestamp(), context.settings.site.zone))
    except AgentError as error:
        log.info("the forecast could not be shown: %s", error)
    else:
        kept["shown"] = state


def _rows(slots: Sequence[SolarSlot], since_s: float, zone: tzinfo) -> list[Mapping[str, object]]:
    """The slots that end later, as PUT /api/v1/forecast takes them."""
    coming = [one for one in slots if one.end_s > since_s][:MOST_SHOWN]
    return [
        {
            "start": at(one.start_s, zone).isoformat(),
            "end": at(one.end_s, zone).isoformat(),
            "watts": one.watts,
        }
        for one in coming
    ]


def ask_service(
    forecast: ForecastSettings, secrets: Mapping[str, str]
) -> tuple[tuple[SolarSlot, ...], tuple[Heat, ...]]:
    """What all planes together will give, and the temperatures; a call for each plane. Raises FetchFailed."""
    service = SERVICES[forecast.service]
    secret = secrets.get(service.SECRET, "")
    answers = [
        service.decode(fetch(service.ask(forecast, plane, secret)), plane) for plane in forecast.planes
    ]
    return tuple(joined((slots for slots, _ in answers), forecast.most_watts)), tuple(answers[0][1])


def _with_past(old: Sequence[SolarSlot], new: Sequence[SolarSlot], now: float) -> tuple[SolarSlot, ...]:
    """What was forecast for hours that are over stays as it was: only so can the day be judged."""
    past = [slot for slot in old if slot.end_s <= now and slot.end_s > now - 2 * 86400]
    last_s = max((slot.end_s for slot in past), default=0.0)
    return (*past, *(slot for slot in new if slot.start_s >= last_s))


def _learn(context: Context, have: known.Forecast, wall: datetime, said: list[str]) -> float:
    """Once a day, after one o'clock at night: hold yesterday's truth against its forecast."""
    kept = context.memory.data
    today, _, _ = midnights(wall)
    if kept.get("learned") == wall.date().isoformat() or wall < today + timedelta(hours=1) or not have.raw:
        return have.factor
    yesterday = midnights(today - timedelta(hours=12))[0]
    forecast_wh = energy_wh(have.raw, yesterday.timestamp(), today.timestamp())
    try:
        rows = context.agent.history(yesterday, today, STEP_S)
    except AgentError as error:
        said.append(str(error))
        return have.factor
    kept["learned"] = wall.date().isoformat()
    measured = [row["solar_w"] for row in rows if isinstance(row.get("solar_w"), int | float)]
    enough = len(measured) >= 0.9 * (today.timestamp() - yesterday.timestamp()) / STEP_S
    measured_wh = sum(measured) * STEP_S / 3600 if enough else None
    factor = learned(have.factor, forecast_wh, measured_wh)
    if measured_wh is not None:
        said.append(
            f"Yesterday gave {measured_wh / 1000:.1f} kWh, {forecast_wh / 1000:.1f} kWh were forecast; "
            f"the forecast counts times {factor:.2f} now."
        )
    return factor


def _tell_silence(context: Context, now: float) -> None:
    kept = context.memory.data
    got = max(_number(kept.get("got")), _number(kept.setdefault("since", now)))
    if now - got > SILENT_S and not kept.get("told"):
        kept["told"] = True
        context.tell(event_of("forecast_missing", "No solar forecast for half a day.", "forecast"))
    elif now - got <= SILENT_S:
        kept["told"] = False


def in_words(raw: Sequence[SolarSlot], factor: float, wall: datetime) -> str:
    """Today's and tomorrow's energy in one sentence; `wall` in the house's zone."""
    today, tomorrow, after = midnights(wall)
    first = energy_wh(raw, today.timestamp(), tomorrow.timestamp()) * factor / 1000
    second = energy_wh(raw, tomorrow.timestamp(), after.timestamp()) * factor / 1000
    return f"Today {first:.1f} kWh of sun are forecast, tomorrow {second:.1f} kWh."


def _number(found: object) -> float:
    return float(found) if isinstance(found, int | float) else 0.0
