"""A message in words: for people who watch their bus."""

from __future__ import annotations

from agent.bus.frames import (
    ChargerHeartbeat,
    ChargerReady,
    Command,
    Contactor,
    ContactorDone,
    EnergyReport,
    Idle,
    Message,
    PlugReport,
    PrimaryHeartbeat,
    PrimaryReady,
    Query,
    TextReport,
    Unlisted,
    VersionReport,
    state_word,
)

ORDERS = {
    Command.NO_CHANGE: "go on as you are",
    Command.LIMIT_BEFORE_CHARGE: "limit {amps:.2f} A (before charging)",
    Command.RAISE_2A: "raise by 2 A",
    Command.LOWER_2A: "lower by 2 A",
    Command.ACKNOWLEDGE_STOP: "stop acknowledged, {amps:.2f} A allowed",
    Command.LIMIT: "limit {amps:.2f} A",
}
PLUGS = {0: "unplugged", 1: "charging", 3: "plugged in, not charging"}


def describe(message: Message) -> str:
    """One line of plain words."""
    match message:
        case PrimaryReady(primary, _, second, limit):
            allowed = "" if limit is None else f", {limit:.2f} A allowed"
            return f"primary {primary} is {'calling for chargers' if second else 'here'}{allowed}"
        case PrimaryHeartbeat(primary, charger, command, amps):
            return f"primary {primary} to charger {charger}: {ORDERS[command].format(amps=amps)}"
        case Query(primary, charger, code):
            return f"primary {primary} asks charger {charger} for {_words(code.name)}"
        case Contactor(primary, charger, close):
            return (
                f"primary {primary} orders charger {charger} to {'close' if close else 'open'} its contactor"
            )
        case Idle():
            return "a lonely primary is idle"
        case Unlisted(raw):
            return f"not in the catalogue: {raw.hex(' ').upper()}"
    return _from_charger(message)


def _from_charger(message: Message) -> str:
    match message:
        case ChargerReady(charger, _, rating, protocol):
            return f"charger {charger} is looking for a primary: rated {rating:.2f} A, protocol {protocol}"
        case ChargerHeartbeat(charger, _, code, offered, drawn):
            return f"charger {charger}: {state_word(code)}, offers {offered:.2f} A, car draws {drawn:.2f} A"
        case EnergyReport(charger, counter, volts, _):
            shown = "/".join(str(v) for v in volts)
            return f"charger {charger}: counter {counter}, supply {shown} V"
        case TextReport(code, charger, text):
            return f"charger {charger or '?'}: {_words(code.name)} {text or '(none given)'}"
        case VersionReport(charger, numbers):
            return f"charger {charger or '?'}: firmware {'.'.join(map(str, numbers))}"
        case PlugReport(charger, code):
            return f"charger {charger}: {PLUGS.get(code, f'plug state {code}')}"
        case ContactorDone(charger, close):
            return f"charger {charger} has heard: contactor {'close' if close else 'open'}"
    raise AssertionError(message)


def _words(name: str) -> str:
    return name.replace("VIN_", "VIN part ").replace("_", " ").lower().replace("vin", "VIN")
