"""IoTaWatt: up to fourteen clamps on the breaker panel, and numbers that are computed from them.

A settings line names the series of one role as the device's status page does: one, or one for each
phase. They are asked for in a single query, as the mean of the last 10 s (so they are about 5 s old):

    /query?select=[A.watts,B.watts,A.amps,B.amps,V.volts]&begin=s-10s&end=s&group=all
        [[-1204.3, 350.8, 5.2, 1.6, 231.0]]        one row, columns in the order asked, null: no data yet

Signs are those of the clamps: a series is + for import only if they sit that way round. Amps are
magnitudes. Energy is left out: a series counts import and export into one number. While it answers, the
device does not sample: do not ask it more often than every few seconds. Source: IoTaWatt, "Query API".
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from agent.meters.line import NO_SECRET, Secret, option
from agent.meters.values import Meaning, Poor, Positive, Values, signed_amps, turned
from agent.meters.via.pages import Get, Pages, Password

TITLE = "IoTaWatt energy monitor"
ROLES = ("grid", "solar", "battery", "house")
EXAMPLE = "iotawatt://192.168.0.30?series=GridNet"
VIA = "http"
PORT = 80
WINDOW_S = 10.0


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    series: tuple[str, ...] = option(help="the names of one role's series, one for each phase")
    volts: tuple[str, ...] = option((), "the names of the voltage inputs, in the same order")
    amps: bool = option(False, "yes: ask for amps too (inputs have them, computed outputs may not)")
    positive: Positive = option("import", "what a positive number means")
    password: Secret = option(NO_SECRET, "name of its admin password in credentials.env, if one is set")


def auth(options: Options) -> Password:
    """Only where the owner has set a password."""
    return Password("admin", options.password)


def ask(options: Options, answers: Pages) -> list[Get]:
    """Everything in one query."""
    return [_query(options)]


def decode(answers: Pages, options: Options) -> Meaning:
    """The sum of the phases; the line knows its role."""
    page = answers.json(_query(options))
    if not page.items("0"):
        raise Poor(f"it knows no series {', '.join(options.series)}: look at its status page for the names")
    row, phases = page.at("0"), len(options.series)
    if len(row.items()) < phases or any(row.find(str(i)) is None for i in range(phases)):
        raise Poor("it has no data for the last seconds: has it just started, or lost its clock?")
    watts = tuple(row.number(str(i)) for i in range(phases))
    amps = row.phases(*(str(phases + i) for i in range(phases))) if options.amps else None
    first_volt = phases * (2 if options.amps else 1)
    volts = row.phases(*(str(first_volt + i) for i in range(len(options.volts))))
    values = Values(sum(watts), signed_amps(amps, watts), volts, age_s=WINDOW_S / 2)
    return {"any": turned(values, options.positive)}


def _query(options: Options) -> Get:
    columns = [f"{name}.watts" for name in options.series]
    columns += [f"{name}.amps" for name in options.series if options.amps]
    columns += [f"{name}.volts" for name in options.volts]
    select = quote(f"[{','.join(columns)}]", safe=",.")
    return Get(f"/query?select={select}&begin=s-{WINDOW_S:.0f}s&end=s&group=all")
