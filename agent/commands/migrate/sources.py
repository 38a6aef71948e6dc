"""TWCManager's sources as lines of [meters].

There, surplus was always generation less consumption; what "consumption" meant was up to the owner: with
the car in it (subtractChargerLoad), without, or what the grid delivers (treatGenerationAsGridDelivery).
Here every line has a role. Where consumption contains the car, consumption less generation is the grid.
The signs can't be proved from a file: look at the live values (`agent meter LINE --role grid`) first.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from agent.commands.migrate.config import keep, secret
from agent.commands.migrate.found import SECRET, Draft, Found

LOOK = "compare its live value with the device: grid is + when you buy"
Make = Callable[[Found, Draft, str], None]


def read_sources(old: Found, draft: Draft) -> None:
    """Every source that was switched on; those switched off are told as such."""
    for name, make in SOURCES.items():
        if old.has(f"sources.{name}") and old.truth(f"sources.{name}.enabled"):
            make(old, draft, f"sources.{name}")
    if not draft.tables.get("meters"):
        draft.tell("by hand", "sources", "no source could be taken: write [meters], see docs/meters.md")


def _line(draft: Draft, role: str, where: str, line: str) -> None:
    known = draft.get("meters", role, [])
    if line not in known:
        draft.put("meters", role, [*known, line])
        draft.tell("taken", where, f'meters.{role} = "{line}"; {LOOK}')


def _with_car(old: Found) -> bool:
    return old.truth("config.subtractChargerLoad") or old.truth("config.treatGenerationAsGridDelivery")


def _pair(old: Found, draft: Draft, where: str, consumed: str, made: str) -> None:
    """Two lines without a sign, one of consumption and one of generation, as the roles that they are."""
    delivery = old.truth("config.treatGenerationAsGridDelivery")

    def signed(line: str, positive: str) -> str:
        return f"{line}{'&' if '?' in line else '?'}positive={positive}"

    if consumed and made and _with_car(old):
        _line(draft, "grid", where, f"{signed(consumed, 'import')} + {signed(made, 'export')}")
    elif consumed:
        _line(draft, "house", where, consumed)
    if made and not delivery:
        _line(draft, "solar", where, made)


def _host(old: Found, where: str, usual_port: int | None = None) -> str:
    host = old.text(f"{where}.serverIP") or old.text(f"{where}.brokerIP")
    port = old.number(f"{where}.serverPort") or old.number(f"{where}.brokerPort") or usual_port
    return f"{host}:{int(port)}" if port else host


def _fronius(old: Found, draft: Draft, where: str) -> None:
    for role in ("grid", "solar"):
        _line(draft, role, where, f"fronius://{_host(old, where)}")


def _powerwall(old: Found, draft: Draft, where: str) -> None:
    secret(old, draft, f"{where}.password", "POWERWALL_PASSWORD")
    for role in ("grid", "solar", "battery"):
        _line(draft, role, where, f"powerwall://{_host(old, where)}?password=POWERWALL_PASSWORD")
    least = old.number(f"{where}.minBatteryLevel")
    if least:
        draft.put("solar", "battery", "house_first")
        draft.put("solar", "battery_full_percent", min(100.0, max(0.0, least)))
        draft.tell("changed", f"{where}.minBatteryLevel", f"solar.battery_full_percent = {least:g}")


def _home_assistant(old: Found, draft: Draft, where: str) -> None:
    secret(old, draft, f"{where}.apiKey", "HA_TOKEN")
    tls = "&tls=on" if old.truth(f"{where}.useHttps") else ""
    base = f"homeassistant://{_host(old, where, 8123)}"

    def line(key: str) -> str:
        entity = old.text(f"{where}.{key}")
        return f"{base}/{quote(entity)}?token=HA_TOKEN{tls}" if entity else ""

    _pair(old, draft, where, line("hassEntityConsumption"), line("hassEntityGeneration"))


def _openhab(old: Found, draft: Draft, where: str) -> None:
    base = f"openhab://{_host(old, where, 8080)}"
    items = [old.text(f"{where}.{key}") for key in ("consumptionItem", "generationItem")]
    consumed, made = (f"{base}/{quote(item)}" if item else "" for item in items)
    _pair(old, draft, where, consumed, made)


def _mqtt(old: Found, draft: Draft, where: str) -> None:
    user = ""
    if secret(old, draft, f"{where}.username", "METER_MQTT_USER"):
        secret(old, draft, f"{where}.password", "METER_MQTT_PASSWORD")
        user = "?user=METER_MQTT_USER&password=METER_MQTT_PASSWORD"
    base = f"mqtt://{_host(old, where, 1883)}"
    topics = [old.text(f"{where}.{key}") for key in ("topicConsumption", "topicGeneration")]
    consumed, made = (f"{base}/{topic}{user}" if topic else "" for topic in topics)
    _pair(old, draft, where, consumed, made)


def _iotawatt(old: Found, draft: Draft, where: str) -> None:
    outputs = [old.text(f"{where}.{key}") for key in ("outputConsumption", "outputGeneration")]
    lines = [f"iotawatt://{_host(old, where)}?series={quote(one)}" if one else "" for one in outputs]
    _pair(old, draft, where, *lines)


def _url(old: Found, draft: Draft, where: str) -> None:
    """Its address may hold a user, a password and a key, and these don't belong into settings."""
    path = f"{where}.url"
    try:
        place = urlsplit(old.text(path))
        host, port = place.hostname or "", f":{place.port}" if place.port else ""
    except ValueError as error:
        draft.tell("by hand", path, f"it is no address ({error}): write that line of [meters] anew")
        return
    options = {"tls": "on"} if place.scheme == "https" else {}
    if place.username:
        options |= {"user": unquote(place.username), "password": "URL_PASSWORD"}
        keep(draft, path, "URL_PASSWORD", unquote(place.password or ""))
    pairs = parse_qsl(place.query, keep_blank_values=True)
    key = next((pair for pair in pairs if SECRET.search(pair[0])), None)
    if key:
        options |= {"key": "URL_KEY", "key_query": key[0]}
        keep(draft, path, "URL_KEY", key[1])
    if rest := urlencode([pair for pair in pairs if pair != key]):
        options["query"] = rest
    base = f"http-json://{f'[{host}]' if ':' in host else host}{port}{place.path}"
    items = [old.text(f"{where}.{name}") for name in ("consumptionItem", "generationItem")]
    ask = (
        f"{base}?{urlencode({'watts': item, **options}, quote_via=quote)}" if item else "" for item in items
    )
    _pair(old, draft, where, *ask)


def _volkszaehler(old: Found, draft: Draft, where: str) -> None:
    base = f"volkszaehler://{_host(old, where)}"
    for role, key in (("grid", "uuidTotalGridW"), ("solar", "uuidPhotovoltaikW")):
        if uuid := old.text(f"{where}.{key}"):
            _line(draft, role, f"{where}.{key}", f"{base}?uuid={uuid}")


def _dsmr(old: Found, draft: Draft, where: str) -> None:
    topic = old.text(f"{where}.topic") or "dsmr/json"
    user = ""
    if secret(old, draft, f"{where}.username", "METER_MQTT_USER"):
        secret(old, draft, f"{where}.password", "METER_MQTT_PASSWORD")
        user = "?user=METER_MQTT_USER&password=METER_MQTT_PASSWORD"
    _line(draft, "grid", where, f"dsmr-reader://{_host(old, where, 1883)}/{topic}{user}")


def _p1(old: Found, draft: Draft, where: str) -> None:
    _line(draft, "grid", where, f"p1monitor://{_host(old, where)}")


def _smartpi(old: Found, draft: Draft, where: str) -> None:
    _line(draft, "grid", where, f"smartpi://{_host(old, where, 1080)}")


def _smart_me(old: Found, draft: Draft, where: str) -> None:
    secret(old, draft, f"{where}.username", "SMARTME_USER")
    secret(old, draft, f"{where}.password", "SMARTME_PASSWORD")
    serial = old.text(f"{where}.serialNumber")
    line = f"smart-me://smart-me.com?serial={quote(serial)}&user=SMARTME_USER&password=SMARTME_PASSWORD"
    _line(draft, "grid", where, line)


def _solarlog(old: Found, draft: Draft, where: str) -> None:
    host = _host(old, where)
    _line(draft, "solar", where, f"solarlog://{host}")
    if _with_car(old):
        _line(draft, "grid", where, f"solarlog://{host}?grid=yes")
    else:
        _line(draft, "house", where, f"solarlog://{host}")


def _ted(old: Found, draft: Draft, where: str) -> None:
    line = f"ted://{_host(old, where, 80)}?model=5000&mtu=1&measures=net"
    _line(draft, "grid", where, line)
    draft.tell("by hand", where, "say in the line which TED it is, which unit (mtu), and what that measures")


def _solaredge(old: Found, draft: Draft, where: str) -> None:
    secret(old, draft, f"{where}.apiKey", "SOLAREDGE_KEY")
    site = old.text(f"{where}.siteID")
    draft.put("clouds.solaredge", "site", site)
    says = (
        f'[clouds.solaredge] site = "{site}", read by the scheduler; far better is the inverter itself, by '
    )
    draft.tell("changed", where, says + 'Modbus: grid = "solaredge://ITS-ADDRESS:1502?meter=1"')


def _efergy(old: Found, draft: Draft, where: str) -> None:
    secret(old, draft, f"{where}.token", "EFERGY_TOKEN")
    draft.put("clouds.efergy", "roles", ["house"])
    draft.tell("changed", where, "[clouds.efergy], read by the scheduler; say there which role it has")


def _growatt(old: Found, draft: Draft, where: str) -> None:
    secret(old, draft, f"{where}.username", "GROWATT_USER")
    secret(old, draft, f"{where}.password", "GROWATT_PASSWORD")
    draft.put("clouds.growatt", "plant", "")
    draft.tell("changed", where, "[clouds.growatt], read by the scheduler; Modbus at home is far quicker")


def _enphase(old: Found, draft: Draft, where: str) -> None:
    says = (
        'their cloud changed its log-in; ask the gateway at home: solar = "enphase://ITS-ADDRESS?token=..."'
    )
    draft.tell("by hand", where, says)
    old.get(where)


SOURCES: dict[str, Make] = {
    "DSMRreader": _dsmr,
    "Efergy": _efergy,
    "Enphase": _enphase,
    "Fronius": _fronius,
    "Growatt": _growatt,
    "HASS": _home_assistant,
    "IotaWatt": _iotawatt,
    "MQTT": _mqtt,
    "P1Monitor": _p1,
    "Powerwall2": _powerwall,
    "SmartMe": _smart_me,
    "SmartPi": _smartpi,
    "SolarEdge": _solaredge,
    "SolarLog": _solarlog,
    "TED": _ted,
    "openHAB": _openhab,
    "Volkszahler": _volkszaehler,
    "URL": _url,
}
