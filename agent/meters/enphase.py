"""Enphase gateways (Envoy, IQ Gateway) on the local network: firmware 5 over HTTP, 7 and later over HTTPS.

Firmware 7 wants a token: the owner's lasts a year. The scheduler renews it into a file of the state folder
(`token_file=`), which is read again whenever it changes; one fetched by hand stands in credentials.env
(`token=`). Firmware 5 is open, or wants a password (`tls=off`, `password=`). The certificate signs itself.

What there is depends on the current clamps that the installer fitted, so the better source is tried first:

    /ivp/meters, once, then     by eid: activePower W    production         + producing     solar
    /ivp/meters/readings                                 net-consumption    + import        grid
                                                         total-consumption  + consuming     house
                                actEnergyDlvd Wh, actEnergyRcvd Wh          in, out (for us)
                                channels.n.activePower, voltage, current    phases; the sums above them are
                                                                            sums of volts, too
    /production.json?details=1  production, consumption: by measurementType, activeCount 1: wNow, lines
    /api/v1/production          wattsNow: from the microinverters, minutes old
    /ivp/livedata/status        meters.storage.agg_p_mw  mW, + discharging  battery
                                meters.soc               percent

Entries are found by name, never by position. Live data sleep until they are woken by a POST; asleep, they
repeat old values (the switch is unconfirmed on hardware). Limits: a slow processor, so one request at a
time, every 5 s. Source: Enphase's technical brief on local APIs, and what gateways were seen to answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent.meters import units
from agent.meters.line import NO_FILE, NO_SECRET, Secret, StateFile, option
from agent.meters.values import Meaning, Poor, Values, by_role, signed_amps
from agent.meters.via.pages import Bearer, Digest, Get, Pages, Tree

TITLE = "Enphase gateway (local)"
ROLES = ("solar", "grid", "house", "battery")
EXAMPLE = "enphase://192.168.0.50?token=ENVOY_TOKEN"
VIA = "http"
PORT = 0
HINT = "Firmware 7 and later wants a token and HTTPS; firmware 5 wants tls=off in the line."

METERS = Get("/ivp/meters", once=True, optional=True)
READINGS = Get("/ivp/meters/readings", optional=True)
DETAILS = Get("/production.json?details=1", optional=True)
PLAIN = Get("/api/v1/production")
INVENTORY = Get("/ivp/ensemble/inventory", once=True, optional=True)
LIVE = Get("/ivp/livedata/status", optional=True)
WAKE = Get("/ivp/livedata/stream", body='{"enable": 1}', optional=True)
METERED = ("channels", "activePower", "current", "voltage", "actEnergyDlvd", "actEnergyRcvd", "timestamp")
DETAILED = ("lines", "wNow", "rmsCurrent", "rmsVoltage", "whLifetime", "", "readingTime")
KINDS = {"solar": "production", "grid": "net-consumption", "house": "total-consumption"}


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    token: Secret = option(NO_SECRET, "name of the access token in credentials.env")
    token_file: StateFile = option(NO_FILE, "file in the state folder where the scheduler renews the token")
    user: str = option("envoy", "firmware 5: the user, envoy or installer")
    password: Secret = option(NO_SECRET, "firmware 5: name of its password in credentials.env")
    battery: bool = option(True, "no: don't look for batteries")
    tls: Literal["unverified", "on", "off"] = option("unverified", "off for firmware 5")


def auth(options: Options) -> Bearer | Digest:
    """A token, or the password of old firmware."""
    if options.password:
        return Digest(options.user, options.password)
    return Bearer(options.token, options.token_file)


def ask(options: Options, answers: Pages) -> list[Get]:
    """The meters if there are any, else what is said in their stead; then the batteries."""
    wanted = [METERS]
    if METERS in answers.asked:
        wanted.append(READINGS if _meters(answers) else DETAILS)
    if READINGS in answers.asked and answers.find(READINGS) is None:
        wanted.append(DETAILS)
    if (answers.find(READINGS) or DETAILS in answers.asked) and _has_no_solar(answers):
        wanted.append(PLAIN)
    if options.battery:
        wanted.append(INVENTORY)
        if _has_battery(answers):
            wanted.append(LIVE)
        if _is_asleep(answers):
            wanted.append(WAKE)
    return wanted


def decode(answers: Pages, options: Options) -> Meaning:
    """What each clamp sees, and the batteries."""
    return by_role(
        solar=lambda: _clamp(answers, "solar") or _uncounted(answers),
        grid=lambda: _clamp(answers, "grid"),
        house=lambda: _clamp(answers, "house"),
        battery=lambda: _battery(answers),
    )


def _meters(answers: Pages) -> dict[str, Tree]:
    """The meters that are switched on, by what they measure."""
    page = answers.find(METERS)
    found = page.json().items() if page else []
    return {one.text_or("measurementType"): one for one in found if one.text_or("state") == "enabled"}


def _clamp(answers: Pages, role: str) -> Values | None:
    meter = _meters(answers).get(KINDS[role])
    if meter is None or answers.find(READINGS) is None:
        entry = _entry(answers, KINDS[role])
        return _values(entry, DETAILED) if entry else None
    status = meter.text_or("meteringStatus", "normal")
    if status != "normal":
        raise Poor(f"the {KINDS[role]} meter reports {status[:40]!r}: are its clamps connected?")
    for reading in answers.json(READINGS).items():
        if reading.number_or_none("eid") == meter.number("eid"):
            return _values(reading, METERED, meter.number_or_none("phaseCount") or 3)
    raise Poor(f"the {KINDS[role]} meter is listed and gives no reading")


def _entry(answers: Pages, kind: str) -> Tree | None:
    """The metered entry of this kind; or for production that of the microinverters."""
    page = answers.find(DETAILS)
    entries = [*page.json().items("production"), *page.json().items("consumption")] if page else []
    fitted = [one for one in entries if (one.number_or_none("activeCount") or 0) >= 1]
    others = [one for one in fitted if kind == KINDS["solar"] and one.text_or("type") == "inverters"]
    return next(iter([one for one in fitted if one.text_or("measurementType") == kind] + others), None)


def _values(found: Tree, names: tuple[str, ...], phase_count: float = 3) -> Values:
    lines, watts, amps, volts, energy, exported, time = names
    count = range(int(min(phase_count, 3, len(found.items(lines)))))
    by_phase = {what: found.phases(*(f"{lines}.{n}.{what}" for n in count)) for what in (watts, amps, volts)}
    magnitudes = by_phase[amps] and tuple(abs(one) for one in by_phase[amps] or ())
    net = names is DETAILED and found.text_or("measurementType") == KINDS["grid"]
    return Values(
        found.number(watts),
        signed_amps(magnitudes, by_phase[watts]),
        by_phase[volts],
        None if net else found.number_or_none(energy),  # there it is a difference
        found.number_or_none(exported) if exported else None,
        at_wall=units.stamp(found.number_or_none(time)),
    )


def _has_no_solar(answers: Pages) -> bool:
    metered = answers.find(READINGS) and KINDS["solar"] in _meters(answers)
    return not metered and _entry(answers, KINDS["solar"]) is None


def _uncounted(answers: Pages) -> Values:
    page = answers.json(PLAIN)
    return Values(page.number("wattsNow"), energy_wh=page.number_or_none("wattHoursLifetime"))


def _has_battery(answers: Pages) -> bool:
    page = answers.find(INVENTORY)
    return bool(page and any(one.items("devices") for one in page.json().items()))


def _is_asleep(answers: Pages) -> bool:
    page = answers.find(LIVE)
    return bool(page and page.json().text_or("connection.sc_stream", "enabled") != "enabled")


def _battery(answers: Pages) -> Values | None:
    if not _has_battery(answers):
        return None
    live = answers.json(LIVE).at("meters")
    if _is_asleep(answers):
        raise Poor("its live data were asleep; they have been woken, the next reading counts")
    soc = live.number_or_none("soc")
    return Values(
        live.number("storage.agg_p_mw") / 1000.0,
        soc_percent=live.number_or_none("enc_agg_soc") if soc is None else soc,
        at_wall=units.stamp(live.number_or_none("last_update")),
    )
