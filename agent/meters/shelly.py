"""Shelly energy meters and plugs, both generations, over HTTP on the local network.

    GET /shelly                     `gen` is missing on the first generation
    first   GET /status             emeters.n   power W, current A, voltage V, total and total_returned Wh,
                                                is_valid                        EM (2 clamps), 3EM (3)
                                    meters.n    power W, total in watt-minutes  plugs, 1PM
    later   GET /rpc/Shelly.GetStatus
                                    em:0        a_, b_, c_ + act_power, current, voltage; total_act_power
                                    emdata:0    total_act, total_act_ret Wh     Pro 3EM, 3EM Gen3
                                    em1:n       act_power, current, voltage     Pro EM, 3EM as three meters
                                    em1data:n   total_act_energy, total_act_ret_energy Wh
                                    pm1:n, switch:n   apower, current, voltage  plugs, PM Mini
                                                aenergy.total holds ret_aenergy.total

**The sign is the clamp's**: + is import while its arrow points into the house (unconfirmed on hardware);
the other way round the line says `positive=export`. Amps are magnitudes. A 3EM's clamps count as three
phases of one meter unless the line picks a `channel`. A phase that isn't wired is null. Counters add
phases without netting, so they are not the bill. Password: user admin, digest (later) or plain (first).
Limits: the first generation bears one request a second. Source: Shelly's API documentation.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.meters.line import NO_SECRET, Secret, option
from agent.meters.picked import POSITIVE_HELP, Facing, faced
from agent.meters.values import Meaning, Poor, Values, signed_amps
from agent.meters.via.pages import Get, Pages, Password, Tree

TITLE = "Shelly meter or plug"
ROLES = ("grid", "solar", "house", "battery")
EXAMPLE = "shelly://192.168.0.60?positive=import"
VIA = "http"
PORT = 80
EVERY_S = 2.0
HINT = "Give it a fixed address in your router; if its own page asks for a password, the line needs it."

ABOUT = Get("/shelly", once=True)
FIRST = Get("/status")
LATER = Get("/rpc/Shelly.GetStatus")
KINDS = ("em1", "pm1", "switch")
WATT_MINUTES = 60.0
PHASES = "abc"


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    channel: int | None = option(None, "which clamp or plug, counted from 0", least=0, most=63)
    positive: Facing = option("import", POSITIVE_HELP)
    password: Secret = option(NO_SECRET, "name of its password in credentials.env, if it has one")


def auth(options: Options) -> Password:
    """The user is always admin."""
    return Password("admin", options.password)


def ask(options: Options, answers: Pages) -> list[Get]:
    """Which generation it is, then everything it measures."""
    if ABOUT not in answers.asked:
        return [ABOUT]
    return [ABOUT, LATER if answers.json(ABOUT).find("gen") else FIRST]


def decode(answers: Pages, options: Options) -> Meaning:
    """One meter; only the line knows where it sits."""
    later = answers.find(LATER)
    found = _later(later.json(), options.channel) if later else _first(answers.json(FIRST), options.channel)
    return {"any": faced(found, options.positive)}


def _first(status: Tree, channel: int | None) -> Values:
    clamps = status.items("emeters")
    if not clamps:
        plug = _pick({str(n): one for n, one in enumerate(status.items("meters"))}, channel)
        minutes = plug.number_or_none("total")
        return Values(plug.number("power"), energy_wh=None if minutes is None else minutes / WATT_MINUTES)
    if channel is not None or len(clamps) != len(PHASES):
        clamps = [_pick({str(n): one for n, one in enumerate(clamps)}, channel)]
    if any(one.find("is_valid") and one.at("is_valid").value is False for one in clamps):
        raise Poor("it says that a clamp's value is not valid: is its voltage connected?")
    watts = tuple(one.number("power") for one in clamps)
    imported, exported = (_sum(clamps, name) for name in ("total", "total_returned"))
    amps, volts = (_column(clamps, name) for name in ("current", "voltage"))
    return Values(sum(watts), signed_amps(amps, watts), volts, imported, exported)


def _later(status: Tree, channel: int | None) -> Values:
    if channel is None and status.find("em:0"):
        return _three_phases(status.at("em:0"), status.find("emdata:0"))
    named = zip(status.keys(), status.items(), strict=False)  # a list has no keys
    found = {
        key: one
        for key, one in named
        if key.startswith(KINDS) and (one.find("act_power") or one.find("apower"))
    }
    meter = _pick(found, channel)
    number = meter.path.partition(":")[2]
    watts = meter.number("act_power" if meter.find("act_power") else "apower")
    data = status.find(f"em1data:{number}") if meter.path.startswith("em1") else None
    imported = data.number_or_none("total_act_energy") if data else meter.number_or_none("aenergy.total")
    exported = (
        data.number_or_none("total_act_ret_energy") if data else meter.number_or_none("ret_aenergy.total")
    )
    if not data and imported is not None and exported is not None:
        imported -= exported
    amps = meter.phases("current")
    return Values(
        watts, signed_amps(amps and (abs(amps[0]),), (watts,)), meter.phases("voltage"), imported, exported
    )


def _three_phases(meter: Tree, data: Tree | None) -> Values:
    if "power_meter_failure" in [one.value for one in meter.items("errors")]:
        raise Poor("its measuring chip reports a failure")
    watts, amps, volts = (
        meter.phases(*(f"{phase}_{what}" for phase in PHASES)) for what in ("act_power", "current", "voltage")
    )
    return Values(
        meter.number("total_act_power"),
        signed_amps(amps and tuple(abs(one) for one in amps), watts),
        volts,
        data.number_or_none("total_act") if data else None,
        data.number_or_none("total_act_ret") if data else None,
    )


def _pick(found: dict[str, Tree], channel: int | None) -> Tree:
    numbers = {key.rpartition(":")[2]: one for key, one in found.items()}
    if not numbers:
        raise Poor("this Shelly measures nothing")
    if channel is None and len(numbers) > 1:
        raise Poor(f"it has {len(numbers)} channels: add channel={' or channel='.join(numbers)} to the line")
    picked = next(iter(numbers.values())) if channel is None else numbers.get(str(channel))
    if picked is None:
        raise Poor(f"it has no channel {channel}: it has {', '.join(numbers)}")
    return picked


def _column(clamps: list[Tree], name: str) -> tuple[float, ...] | None:
    found = [one.number_or_none(name) for one in clamps]
    return None if None in found else tuple(one for one in found if one is not None)


def _sum(clamps: list[Tree], name: str) -> float | None:
    column = _column(clamps, name)
    return None if column is None else sum(column)
