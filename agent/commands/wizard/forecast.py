"""Tomorrow's sun: where the panels are, and who says what they will give.

Without it plans and reserves go by what is, not by what comes. A key is not needed; one that stands in
credentials.env already is used.
"""

from __future__ import annotations

from agent.commands.wizard import places, read
from agent.commands.wizard.draft import Draft, settings_of
from agent.commands.wizard.peaks import Row
from agent.commands.wizard.talk import Talk
from agent.commands.wizard.trouble import together
from notify.settings import SettingsError
from scheduler.clock import SystemClock
from scheduler.fetch import FetchFailed
from scheduler.forecast.job import SERVICES, ask_service, in_words
from scheduler.forecast.settings import ForecastSettings

USUAL: Row = {"tilt": 30, "azimuth": 180}
MOST_PLANES = 8


def ask_forecast(talk: Talk, draft: Draft) -> None:
    """[forecast], tried once."""
    about = "What the roof will give today and tomorrow, so that plans can wait for it. No panels: s."
    if not talk.wants("forecast", "What the sun will give", about):
        return
    while True:
        _ask_roof(talk, draft)
        if _works(talk, draft) or not talk.yes("", "Change the answers and try again", True):
            return


def _ask_roof(talk: Talk, draft: Draft) -> None:
    before, zone = draft.table("forecast"), str(draft.table("site").get("timezone", ""))
    now: Row = {}
    near = places.coordinates(zone)
    if near and talk.patient and "latitude" not in before:
        talk.say(f"Proposed is the city of {zone}; a degree is about 110 km, a tenth is near enough.")
    for name, most, at_city in zip(("latitude", "longitude"), (90, 180), near or (None, None), strict=True):
        known = before.get(name, at_city)
        side = "north of the equator, - south" if name == "latitude" else "east of Greenwich, - west"
        asks = f"The house's {name} in degrees ({side})"
        proposal = None if known is None else f"{known:g}"
        now[name] = talk.ask(f"forecast.{name}", asks, read.number(-most, most, "°"), proposal)
    now["planes"] = _ask_planes(talk, draft)
    asks = "Who forecasts: open_meteo (weather, too), or forecast_solar (the sun only); neither wants a key"
    known = str(before.get("service", "open_meteo"))
    now["service"] = talk.ask("forecast.service", asks, _service, known)
    known = str(before.get("degrees") or ("F" if zone in places.AMERICAN else "C"))
    degrees = talk.ask("forecast.degrees", "Temperatures in C or F", read.one_of(("c", "f")), known)
    now["degrees"] = degrees.upper()
    plain = {"service": "open_meteo", "degrees": "C"}  # what holds anyhow need not be written
    draft.put("forecast", {key: one for key, one in now.items() if key in before or plain.get(key) != one})


def _ask_planes(talk: Talk, draft: Draft) -> list[Row]:
    before = draft.rows("forecast.planes")
    asks = "How many roof planes have panels (east and west are two)"
    count = talk.count("forecast.planes", asks, len(before) or 1)
    rows = []
    for number in range(1, min(max(1, count), MOST_PLANES) + 1):
        known = before[number - 1] if number <= len(before) else {}
        rows.append(_ask_plane(talk, f"forecast.planes.{number}", known, f"  Plane {number}: "))
    return rows


def _ask_plane(talk: Talk, key: str, known: Row, begin: str) -> Row:
    usual, row = USUAL | known, dict(known)
    row["kwp"] = talk.ask(
        f"{key}.kwp",
        f"{begin}peak power of its panels, in kW",
        read.number(0.1, 1000, "kWp"),
        f"{known['kwp']:g}" if "kwp" in known else None,
    )
    asks = f"{begin}its tilt in degrees (0 flat, 90 a wall)"
    row["tilt"] = talk.ask(f"{key}.tilt", asks, read.number(0, 90, "°"), f"{usual['tilt']:g}")
    asks = f"{begin}where it looks: south, south-west ... or degrees (90 east, 180 south, 270 west)"
    row["azimuth"] = talk.ask(f"{key}.azimuth", asks, read.azimuth, read.compass(usual["azimuth"]))
    return {name: one for name, one in row.items() if not known or name in known or USUAL.get(name) != one}


def _service(text: str) -> str:
    found = text.strip().lower()
    for sign in "-. ":
        found = found.replace(sign, "_")
    return read.one_of(tuple(SERVICES))(found)


# --- trying it ---------------------------------------------------------------------------------------


def _works(talk: Talk, draft: Draft) -> bool:
    """Whether the answers can be used; the service is asked once."""
    settings = settings_of(draft)
    try:
        forecast = settings.section("forecast", ForecastSettings)
    except SettingsError as error:
        together(talk, error.problems, "forecast")
        return False
    wall = SystemClock(settings.site.zone).now().wall
    if forecast is None or wall is None:
        return True
    talk.say("  asking for the sun ...")
    try:
        slots, _ = ask_service(forecast, draft.secrets)
    except FetchFailed as error:
        talk.say(f"  {error}")
        return not talk.patient
    talk.say(f"  {in_words(slots, 1.0, wall)}")
    return True
