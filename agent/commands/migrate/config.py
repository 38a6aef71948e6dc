"""TWCManager's config.json in our words. Defaults and meanings: ngardiner/TWCManager at a7c84f4."""

from __future__ import annotations

from agent.commands.migrate.found import Draft, Found, shown

LEAST_AMPS = 6.0
NO_EQUAL = {
    "config.settingsPath": "our state lies in site.state_dir",
    "config.minChargeLevel": "there is no level below which a car is never stopped",
    "config.respectVehicleSchedule": "a schedule in the car is the car's own",
    "config.atHomeRadius": "a car is at home when our charger has read its VIN",
    "config.realPowerFactor": "power is measured with each charger's own volts",
    "config.cloudUpdateInterval": "a car's cloud is asked only when it matters",
    "config.wakeDelayMins": "a sleeping car is not woken in rounds",
    "config.tesla": "log in anew: ./sunward login tesla",
    "config.logLevel": "logs go to the system's journal",
    "config.debugLevel": "logs go to the system's journal",
    "config.displayMilliseconds": "logs go to the system's journal",
    "config.webhookMethod": "there are no webhooks of policies",
    "config.onlyChargeMultiCarsAtHome": "only the car on the wire is charged",
    "config.maxAmpsAllowedFromGrid": "it could not be read",
    "interface": "the bus is one RS-485 port",
    "control.IPC": "off, unless [legacy] ipc_path asks for it",
    "policy.engine": "the brain decides every second",
    "policy.alwaysPollEMS": "meters are always read",
    "logging": "history is kept by itself",
    "vehicle": "log in anew: ./sunward login; what a car says is then known by itself",
    "status": "this way out does not exist here",
    "sources": "this source is switched off",
}


def read_config(old: Found, draft: Draft) -> None:
    """Limits, bus, doors and policies; the sources are read apart."""
    _limits(old, draft)
    _sun(old, draft)
    _bus(old, draft)
    _mqtt(old, draft)
    _homeassistant(old, draft)
    _old_doors(old, draft)
    _policies(old, draft)


def _limits(old: Found, draft: Draft) -> None:
    phases = 3 if (old.number("config.numberOfPhases") or 1) >= 3 else 1
    draft.put("site", "phases", phases)
    _became(old, draft, "numberOfPhases", "site.phases", phases)
    volts = min(300.0, max(100.0, old.number("config.defaultVoltage") or 240.0))
    draft.put("site", "volts", volts)
    _became(old, draft, "defaultVoltage", "site.volts", volts)
    for key, name, most in (
        ("wiringMaxAmpsAllTWCs", "bus.circuit_amps", 240.0),
        ("wiringMaxAmpsPerTWC", "chargers.max_amps", 80.0),
    ):
        amps = min(max(old.number(f"config.{key}") or LEAST_AMPS, LEAST_AMPS), most)
        draft.put("limits", key, amps)
        _became(old, draft, key, name, amps, "; compare it with the breaker x 0.8 before you start")
    wanted = old.number("config.minAmpsPerTWC") or 12.0
    least = min(max(wanted, LEAST_AMPS), draft.get("limits", "wiringMaxAmpsPerTWC", LEAST_AMPS), 32.0)
    draft.put("limits", "minAmpsPerTWC", least)
    why = "" if least == wanted else "; between 6 and the charger's most"
    _became(old, draft, "minAmpsPerTWC", "chargers.min_amps", least, why)
    cap = old.number("config.maxAmpsAllowedFromGrid")
    if cap is not None and 0 < cap <= 1000:
        draft.put("site", "main_fuse_amps", cap)
        says = f"site.main_fuse_amps = {cap:g}, kept on each phase and in every mode; needs a grid meter"
        draft.tell("changed", "config.maxAmpsAllowedFromGrid", says)


def _became(old: Found, draft: Draft, key: str, name: str, value: float, also: str = "") -> None:
    """One line: taken as it stood there, or what it was."""
    where = f"config.{key}"
    found, number = old.get(where), old.number(where)
    before = f"{number:g}" if number is not None else shown(where, found)
    was = "" if number == value else " (it was not there)" if found is None else f" (was {before})"
    draft.tell("taken" if number == value else "changed", where, f"{name} = {value:g}{was}{also}")


def _sun(old: Found, draft: Draft) -> None:
    delay = old.number("config.startStopDelay")
    if delay is not None:
        delay = min(max(delay, 0.0), 86400.0)
        draft.put("solar", "min_on_s", delay)
        draft.put("solar", "min_off_s", delay)
        draft.tell("taken", "config.startStopDelay", f"solar.min_on_s and solar.min_off_s = {delay:g}")
    latch = old.number("config.greenEnergyLatch")
    if latch:
        seconds = min(60 * latch, 86400.0)
        draft.put("solar", "min_on_s", seconds)
        draft.tell(
            "changed", "config.greenEnergyLatch", f"minutes became solar.min_on_s = {seconds:g} seconds"
        )
    flex = old.number("config.greenEnergyFlexAmps")
    if flex:
        least = draft.get("limits", "minAmpsPerTWC", LEAST_AMPS)
        share = round(min(1.0, max(0.1, 1 - flex / least)), 2)
        draft.put("solar", "min_solar_share", share)
        says = f"{flex:g} A from the grid became solar.min_solar_share = {share:g} (of {least:g} A)"
        draft.tell("changed", "config.greenEnergyFlexAmps", says)
        old.get("config.useFlexAmpsToStartCharge")
    offset = old.number("config.greenEnergyAmpsOffset")
    if offset:
        reserve(draft, "config.greenEnergyAmpsOffset", offset, "A")


def reserve(draft: Draft, where: str, value: float, unit: str) -> None:
    """A constant consumption (or generation, negative) as sun that is left for the house."""
    site = draft.tables.get("site", {})
    watts = value * site.get("volts", 230.0) * site.get("phases", 1) if unit == "A" else value
    total = min(20000.0, max(-5000.0, draft.get("solar", "reserve_watts", 0.0) + watts))
    draft.put("solar", "reserve_watts", round(total))
    draft.tell("changed", where, f"{value:g} {unit} went into solar.reserve_watts = {total:.0f}")


def _bus(old: Found, draft: Draft) -> None:
    port = old.text("interface.RS485.port") or "/dev/ttyUSB0"
    if old.has("interface.RS485") and not old.truth("interface.RS485.enabled", True):
        draft.tell("by hand", "interface.RS485.enabled", "the bus was switched off there; set bus.port")
    if not port.startswith(("/", "socket://", "rfc2217://")):
        draft.tell("by hand", "interface.RS485.port", f"{port!r} can't be used; set bus.port")
        port = "/dev/ttyUSB0"
    draft.put("bus", "port", port)
    by_id = "; a name under /dev/serial/by-id/ stays the same at each start" if "ttyUSB" in port else ""
    draft.tell("taken", "interface.RS485.port", f'bus.port = "{port}"{by_id}')
    baud = old.number("interface.RS485.baud")
    if baud is not None and baud != 9600:
        draft.tell("no equal", "interface.RS485.baud", f"{baud:g}: Wall Connectors always speak at 9600")
    role = old.number("config.fakeMaster")
    if role is not None and role != 1:
        draft.tell("no equal", "config.fakeMaster", "sunward is always the one that shares out the power")


def _mqtt(old: Found, draft: Draft) -> None:
    for part in ("status", "control"):
        at = f"{part}.MQTT"
        if not old.truth(f"{at}.enabled") or not (host := old.text(f"{at}.brokerIP")):
            continue
        tls = old.truth(f"{at}.brokerTLS")
        port = int(old.number(f"{at}.brokerPort") or (8883 if tls else 1883))
        draft.put("mqtt", "broker", f"{host}:{port}")
        draft.tell("taken", f"{at}.brokerIP", f'mqtt.broker = "{host}:{port}"')
        if tls:
            draft.put("mqtt", "tls", True)
            draft.tell("taken", f"{at}.brokerTLS", "mqtt.tls = true: the certificate is now really checked")
        for key, name in (("username", "MQTT_USER"), ("password", "MQTT_PASSWORD")):
            secret(old, draft, f"{at}.{key}", name)
        prefix = old.text(f"{at}.topicPrefix")
        if prefix:
            draft.put("legacy", "mqtt_prefix", prefix)
            obeyed = "its orders are obeyed with legacy.mqtt_control = true"
            what = "the old status topics go on" if part == "status" else obeyed
            draft.tell("changed", f"{at}.topicPrefix", f'legacy.mqtt_prefix = "{prefix}": {what}')
    _entities(old, draft)


def _entities(old: Found, draft: Draft) -> None:
    """What Home Assistant knows goes on under the same ids, so that nothing is there twice."""
    at = "status.MQTT"
    if not old.truth(f"{at}.homeassistantDiscovery") or "mqtt_prefix" not in draft.tables.get("legacy", {}):
        return
    draft.put("legacy", "mqtt_discovery", True)
    says = "legacy.mqtt_discovery = true: the same entities with their history"
    draft.tell("taken", f"{at}.homeassistantDiscovery", says)
    draft.put("homeassistant", "discovery", False)
    says = (
        "homeassistant.discovery = false; with true sunward's own devices, which also obey, come beside them"
    )
    draft.tell("changed", f"{at}.homeassistantDiscovery", says)
    if name := old.text(f"{at}.deviceNamePrefix"):
        draft.put("legacy", "mqtt_device_name", name)
        draft.tell("taken", f"{at}.deviceNamePrefix", f'legacy.mqtt_device_name = "{name}"')
    if prefix := old.text(f"{at}.discoveryPrefix"):
        draft.put("homeassistant", "discovery_prefix", prefix)
        draft.tell("taken", f"{at}.discoveryPrefix", f'homeassistant.discovery_prefix = "{prefix}"')


def _homeassistant(old: Found, draft: Draft) -> None:
    at = "status.HASS"
    if not old.truth(f"{at}.enabled") or not (host := old.text(f"{at}.serverIP")):
        return
    scheme = "https" if old.truth(f"{at}.useHttps") else "http"
    url = f"{scheme}://{host}:{int(old.number(f'{at}.serverPort') or 8123)}"
    draft.put("homeassistant", "url", url)
    draft.put("homeassistant", "sensors", "twcmanager")
    if "mqtt" not in draft.tables:
        draft.put("homeassistant", "discovery", False)
    draft.tell("taken", f"{at}.serverIP", f'homeassistant.url = "{url}", under the old sensor names')
    secret(old, draft, f"{at}.apiKey", "HA_TOKEN")


def secret(old: Found, draft: Draft, path: str, name: str) -> bool:
    """A secret goes into credentials.env; whether there was one."""
    value = old.text(path)
    if value:
        keep(draft, path, name, value)
    return bool(value)


def keep(draft: Draft, path: str, name: str, value: str) -> None:
    """Put a secret that stood at `path` into credentials.env."""
    draft.secrets[name] = value
    draft.tell("taken", path, f"{name} in credentials.env")


def _old_doors(old: Found, draft: Draft) -> None:
    if old.truth("control.HTTP.enabled"):
        port = int(old.number("control.HTTP.listenPort") or 8080)
        says = (
            f'off, since its clients have no password. To keep it: [legacy] http = "0.0.0.0:{port}", '
            "http_control = true, allow = the addresses that use it, and another port for [web]"
        )
        draft.tell("by hand", "control.HTTP", says)
        old.get("control.HTTP")


def _policies(old: Found, draft: Draft) -> None:
    for part in ("emergency", "before", "after", "restrictions", "webhooks"):
        rules = old.get(f"policy.extend.{part}")
        for rule in rules if isinstance(rules, list) else []:
            name = rule.get("name", "?") if isinstance(rule, dict) else rule
            draft.tell("by hand", f"policy.extend.{part}", f"the rule {name!r}: {_proposal(rule)}")
    override = old.get("policy.override")
    for name in override if isinstance(override, dict) else {}:
        draft.tell("by hand", f"policy.override.{name}", "your own version of a built-in rule: see [solar]")


def _proposal(rule: object) -> str:
    text = str(rule)
    if "tm_hour" in text or "tm_wday" in text or "now" in text:
        return "it looks at the time: write a charging window"
    if "battery" in text.casefold() or "soc" in text.casefold():
        return "it looks at a charge: see solar.battery and boosts to a percentage"
    if "consumption" in text.casefold() or "generation" in text.casefold():
        return "it looks at power: see [solar], or change the mode from a script by our API"
    return "change the mode or a boost from a script by our API"
