"""The doctor's harmless half: what can be looked at while the house runs, for the page's button.

It asks no meter and opens no port: some inverters answer one caller only, and the bus has its owner.
What the running agent already knows is judged by the same rules as in `agent doctor`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from agent.commands.doctor import Finding, clock_findings, disk_findings, plausible, safety_findings
from agent.config import House
from agent.model import BusView, MeterHealth, Moment, Published

SILENT_AFTER_S = 15.0
MOST_DAMAGED = 0.01
LONG_GAP_S = 1.5


def checkup(house: House, published: Published, moment: Moment) -> list[Mapping[str, object]]:
    """Rows of `level, about, says`, in the order in which a person would repair things."""
    return [asdict(finding) for finding in _findings(house, published, moment)]


def _findings(house: House, published: Published, moment: Moment) -> Iterator[Finding]:
    yield Finding("good", "settings", f"{house.path.name} is understood and holds.")
    yield from safety_findings(house)
    silent_s = moment.mono_s - published.moment.mono_s
    if silent_s > SILENT_AFTER_S:
        yield Finding(
            "bad", "decisions", f"None was made for {silent_s:.0f} s; chargers are at their safe limit."
        )
    yield from _bus(published.bus)
    yield from _meters(house, published, moment)
    yield from clock_findings()
    yield from disk_findings(house.state_dir)


def _bus(view: BusView) -> Iterator[Finding]:
    health = view.health
    if health.problem or not health.open:
        yield Finding("bad", "bus port", health.problem or "The port is not open.")
    else:
        yield Finding("good", "bus port", f"{health.port} is open, {health.frames} messages so far.")
    if health.other_primary:
        says = f"{health.other_primary} speaks as a second primary: rotary switches on F, other programs off."
        yield Finding("bad", "bus", says)
    damaged = health.checksum_errors
    if damaged > max(5, MOST_DAMAGED * health.frames):
        says = f"{damaged} damaged of {health.frames} messages: look at cable, termination and bias."
        yield Finding("odd", "bus", says)
    if health.worst_gap_s > LONG_GAP_S:
        says = (
            f"The longest pause between two heartbeats was {health.worst_gap_s:.1f} s: is the computer busy?"
        )
        yield Finding("odd", "bus", says)
    for charger in view.chargers:
        if charger.problem or not charger.linked:
            says = charger.problem or "not heard. Is it powered, its switch on F, and its id right?"
            yield Finding("bad", "charger", f"{charger.charger_id}: {says}")
        else:
            yield Finding(
                "good", "charger", f"{charger.charger_id} answers, {charger.rating_amps:g} A at most."
            )


def _meters(house: House, published: Published, moment: Moment) -> Iterator[Finding]:
    for health in published.meters.health:
        yield _meter(health, moment)
    yield from plausible({str(role): one.watts for role, one in published.meters.readings.items()})
    if not house.settings.meters.lines():
        yield Finding("odd", "meters", "None is set up: the sun can't be followed, windows and fast work.")


def _meter(health: MeterHealth, moment: Moment) -> Finding:
    about = f"{health.role} meter"
    if health.at_mono_s is None or health.watts is None or not health.ok:
        return Finding("bad", about, f"{health.source}: {health.problem or 'it has not answered yet.'}")
    age_s = moment.mono_s - health.at_mono_s
    return Finding("good", about, f"{health.source}: {health.watts:.0f} W, {age_s:.0f} s ago.")
