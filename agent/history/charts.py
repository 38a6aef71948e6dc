"""Rows of a chart, out of sums.

A chart's rows come from the coarsest level that fits its step, and what that level does not hold yet
(the last hour) is added from the minutes, so that every answer is complete up to the last minute written.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from agent.history import rollup
from agent.history.rollup import CHARGER_SUMS, DAY, HOUR, HOUSE_SUMS, LENGTH_S, MINUTE, QUARTER

WH_J = 3600.0
MILLIONTHS = 1e6


@dataclass(frozen=True, slots=True)
class ChargerRow:
    """One charger in one stretch of a chart: mean amps per conductor and watts, energy and its sources.

    `cost` and `saved` are of the `priced_wh` alone, whose price was known at the time.
    """

    offered_amps: float
    drawn_amps: float
    watts: float
    energy_wh: float
    sun_wh: float
    battery_wh: float
    grid_wh: float
    priced_wh: float = 0.0
    cost: float = 0.0
    saved: float = 0.0


@dataclass(frozen=True, slots=True)
class HouseRow:
    """One stretch of a chart from `at_wall` on: mean watts in our signs (None: unknown), energy in Wh.

    `step_s` is its nominal length (a day may have 23 or 25 hours); `seconds` is how much was watched.
    """

    at_wall: datetime
    step_s: int
    seconds: int
    grid_w: float | None
    solar_w: float | None
    battery_w: float | None
    house_w: float | None
    chargers_w: float | None
    soc_percent: float | None
    import_wh: float
    export_wh: float
    solar_wh: float
    discharged_wh: float
    charged_wh: float
    house_wh: float
    chargers_wh: float
    buy_per_kwh: float | None = None
    sell_per_kwh: float | None = None
    chargers: Mapping[str, ChargerRow] = field(default_factory=dict)


def _level_for(connection: sqlite3.Connection, start: int, step_s: int) -> int:
    """The coarsest level that fits the step and the start; a coarser one where that is pruned already."""
    level = MINUTE
    for coarser in (QUARTER, HOUR):
        if step_s % LENGTH_S[coarser] == 0 and start % LENGTH_S[coarser] == 0:
            level = coarser
    while level > DAY + 1 and _is_pruned(connection, level, start):
        level -= 1
    return level


def _is_pruned(connection: sqlite3.Connection, level: int, start: int) -> bool:
    """Whether the next coarser level reaches further back, into the time that is asked for."""
    own, coarser = (
        connection.execute("SELECT min(at) FROM house WHERE level = ?", (one,)).fetchone()[0]
        for one in (level, level - 1)
    )
    if coarser is None or own is None:
        return coarser is not None
    return bool(start < own and coarser < own - LENGTH_S[level - 1])


def stretches(
    connection: sqlite3.Connection, start: int, end: int, step_s: int, zone: tzinfo
) -> tuple[HouseRow, ...]:
    """Stretches of `step_s` from `start` on; both grow to what is kept where that is coarser."""
    level = _level_for(connection, start, step_s)
    length = LENGTH_S[level]
    start = start // length * length
    step_s = -(-step_s // length) * length
    mark = _mark(connection, level, start, end)
    asked = {"level": level, "start": start, "end": end, "mark": mark, "step": step_s}
    house = {
        row[0]: row[1:]
        for row in connection.execute(_GROUPED.format(key="", sums=_added(HOUSE_SUMS), table="house"), asked)
    }
    chargers: dict[int, dict[str, tuple[int, ...]]] = {}
    names = dict(connection.execute("SELECT n, charger_id FROM charger_name").fetchall())
    grouped = _GROUPED.format(key=", n", sums=_added(CHARGER_SUMS), table="charger")
    for index, number, *sums in connection.execute(grouped, asked):
        chargers.setdefault(index, {})[names[number]] = tuple(sums)
    return tuple(
        _row(start + index * step_s, step_s, sums, chargers.get(index, {}), zone)
        for index, sums in house.items()
    )


_GROUPED = (
    "SELECT (at - :start) / :step AS stretch{key}, {sums} FROM ("
    "SELECT * FROM {table} WHERE level = :level AND at >= :start AND at < min(:end, :mark) UNION ALL "
    f"SELECT * FROM {{table}} WHERE level = {MINUTE} AND at >= max(:start, :mark) AND at < :end"
    ") GROUP BY stretch{key} ORDER BY stretch"
)


def _mark(connection: sqlite3.Connection, level: int, start: int, end: int) -> int:
    """Before it the level is complete; from it on the minutes tell."""
    return start if level == MINUTE else min(max(rollup.folded_to(connection), start), end)


def days(
    connection: sqlite3.Connection, start: int, end: int, step_s: int, zone: tzinfo
) -> tuple[HouseRow, ...]:
    """Local days, or groups of them, from the midnight before `start`."""
    edges = [rollup.midnight_before(start, zone)]
    while edges[-1] < end:
        edges.append(rollup.midnight_after(edges[-1], zone, step_s // LENGTH_S[DAY]))
    mark = _mark(connection, DAY, edges[0], edges[-1])
    asked = {"level": DAY, "start": edges[0], "end": edges[-1], "mark": mark, "step": LENGTH_S[QUARTER]}
    house: dict[int, tuple[int, ...]] = {}
    chargers: dict[int, dict[str, tuple[int, ...]]] = {}
    names = dict(connection.execute("SELECT n, charger_id FROM charger_name").fetchall())
    for table, key, columns in (("house", "", HOUSE_SUMS), ("charger", ", n", CHARGER_SUMS)):
        grouped = _GROUPED.format(key=key, sums=_added(columns), table=table)
        for quarter, *values in connection.execute(grouped, asked):
            at = bisect_right(edges, edges[0] + quarter * LENGTH_S[QUARTER]) - 1
            if not key:
                house[at] = _plus(house.get(at), tuple(values))
            else:
                own = chargers.setdefault(at, {})
                own[names[values[0]]] = _plus(own.get(names[values[0]]), tuple(values[1:]))
    return tuple(_row(edges[at], step_s, house[at], chargers.get(at, {}), zone) for at in sorted(house))


def _added(columns: tuple[str, ...]) -> str:
    return ", ".join(f"sum({name})" for name in columns)


def _plus(one: tuple[int, ...] | None, other: tuple[int, ...]) -> tuple[int, ...]:
    return other if one is None else rollup.added(one, other)


def _row(
    at: int, step_s: int, sums: Sequence[int], chargers: Mapping[str, tuple[int, ...]], zone: tzinfo
) -> HouseRow:
    value = dict(zip(HOUSE_SUMS, sums, strict=True))
    return HouseRow(
        at_wall=datetime.fromtimestamp(at, UTC).astimezone(zone),
        step_s=step_s,
        seconds=value["seconds"],
        grid_w=_mean(value["grid_in_j"] - value["grid_out_j"], value["grid_s"]),
        solar_w=_mean(value["solar_j"], value["solar_s"]),
        battery_w=_mean(value["battery_in_j"] - value["battery_out_j"], value["battery_s"]),
        house_w=_mean(value["house_j"], value["house_s"]),
        chargers_w=_mean(value["chargers_j"], value["seconds"]),
        soc_percent=_mean(value["soc_percent_s"], value["soc_s"]),
        import_wh=value["grid_in_j"] / WH_J,
        export_wh=value["grid_out_j"] / WH_J,
        solar_wh=value["solar_j"] / WH_J,
        discharged_wh=value["battery_in_j"] / WH_J,
        charged_wh=value["battery_out_j"] / WH_J,
        house_wh=value["house_j"] / WH_J,
        chargers_wh=value["chargers_j"] / WH_J,
        buy_per_kwh=_mean(value["buy_us"] / MILLIONTHS, value["buy_s"]),
        sell_per_kwh=_mean(value["sell_us"] / MILLIONTHS, value["sell_s"]),
        chargers={name: _charger_row(own) for name, own in chargers.items()},
    )


def _charger_row(sums: tuple[int, ...]) -> ChargerRow:
    seconds, offered_as, drawn_as, energy_j, sun_j, battery_j, grid_j, priced_j, cost_u, saved_u = sums
    length_s = max(seconds, 1)
    return ChargerRow(
        offered_as / length_s,
        drawn_as / length_s,
        energy_j / length_s,
        energy_j / WH_J,
        sun_j / WH_J,
        battery_j / WH_J,
        grid_j / WH_J,
        priced_j / WH_J,
        cost_u / MILLIONTHS,
        saved_u / MILLIONTHS,
    )


def _mean(total: float, seconds: int) -> float | None:
    return total / seconds if seconds else None
