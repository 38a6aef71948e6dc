"""A day of a house as a table: what the sun gave and what the house used, from a CSV file.

    time_s,solar_w,house_w
    0,0,312.5
    60,0,298.0

`time_s` counts from local midnight, in rows of any spacing; watts are never negative, but for the few that
an inverter takes at night and a log counts as sun: those are 0. Between two rows the sun is a straight line,
while the load holds its last value: the sun fades, a kettle switches. Before the first row and after the
last, the nearest row counts.

Spreadsheets write semicolons or tabs, quotes, and a decimal comma beside the semicolon: all of these are
read. Further columns may stand in any order; lines that begin with # are remarks.
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

COLUMNS = ("time_s", "solar_w", "house_w")
MOST_WATTS = 1_000_000.0
STANDBY_WATTS = 100.0  # an inverter's own need at night, at the most
Row = tuple[float, float, float]


class TraceError(ValueError):
    """The table cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Rows of (time_s, solar_w, house_w), rising in time; at least two."""

    rows: tuple[Row, ...]
    name: str = ""
    _times: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.rows) < 2:
            raise TraceError(f"{self.name or 'a trace'} needs at least two rows, not {len(self.rows)}")
        object.__setattr__(self, "_times", tuple(row[0] for row in self.rows))

    @property
    def first_s(self) -> float:
        """The first row's time of day."""
        return self.rows[0][0]

    @property
    def last_s(self) -> float:
        """The last row's time of day."""
        return self.rows[-1][0]

    def at(self, time_s: float) -> tuple[float, float]:
        """(solar_w, house_w) at a time of day."""
        after = bisect_right(self._times, time_s)
        if after == 0:
            return self.rows[0][1], self.rows[0][2]
        before_s, solar, house = self.rows[after - 1]
        if after == len(self.rows):
            return solar, house
        after_s, next_solar, _ = self.rows[after]
        return solar + (next_solar - solar) * (time_s - before_s) / (after_s - before_s), house

    def scaled(self, solar: float = 1.0, house: float = 1.0) -> Trace:
        """The same day with a larger or smaller array, or a busier house."""
        return Trace(tuple((t, s * solar, h * house) for t, s, h in self.rows), self.name)


def read_trace(path: Path) -> Trace:
    """Read a CSV file. Raises TraceError with one sentence that names the line to look at."""
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise TraceError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TraceError(f"{path} is not a text file (byte {error.start} is not UTF-8)") from error
    lines = [line if not line.lstrip().startswith("#") else "" for line in text.splitlines()]
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    head = lines[first] if lines else ""
    mark = next((one for one in ";\t" if one in head), ",")
    header = [cell.strip().lower() for cell in next(csv.reader([head], delimiter=mark), [])]
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        wants = ",".join(COLUMNS)
        where = f"{path}, line {first + 1}"
        raise TraceError(f"{where}: no column {', '.join(missing)}; the first line must be {wants}")
    places = {column: header.index(column) for column in COLUMNS}
    table = csv.reader(lines[first + 1 :], delimiter=mark)
    return Trace(tuple(_rows(path, enumerate(table, start=first + 2), places, mark)), path.name)


def _rows(
    path: Path, table: Iterable[tuple[int, list[str]]], places: Mapping[str, int], mark: str
) -> Iterable[Row]:
    before_s = -1.0
    for number, cells in table:
        if not any(cell.strip() for cell in cells):
            continue
        where = f"{path}, line {number}"
        if mark == ";":
            cells = [cell.replace(",", ".") for cell in cells]
        time_s, solar, house = (_number(cells, column, places[column], where) for column in COLUMNS)
        if time_s <= before_s:
            raise TraceError(
                f"{where}: time_s is {time_s:g}, but the row before was at {before_s:g}; it must rise"
            )
        before_s = time_s
        yield time_s, solar, house


def _number(cells: Sequence[str], column: str, place: int, where: str) -> float:
    if place >= len(cells):
        raise TraceError(f"{where}: only {len(cells)} cells, so {column} is missing")
    try:
        value = float(cells[place])
    except ValueError:
        raise TraceError(f"{where}: {column} is {cells[place]!r}, which is no number") from None
    if column == "solar_w" and -STANDBY_WATTS <= value < 0:
        return 0.0
    if not isfinite(value) or not 0 <= value <= MOST_WATTS:
        raise TraceError(f"{where}: {column} is {value:g}, but must lie between 0 and {MOST_WATTS:.0f}")
    return value


def write_trace(trace: Trace, path: Path) -> None:
    """Write a trace as a CSV file, whole seconds and tenths of watts."""
    lines = [",".join(COLUMNS), *(f"{t:.0f},{s:.1f},{h:.1f}" for t, s, h in trace.rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
