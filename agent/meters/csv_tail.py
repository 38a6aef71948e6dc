"""The last line of a CSV file that another program writes to: a logger, an export, a script.

    csv-tail:///var/log/meter.csv?watts=power_w      a column by its name in the first line
                                 ?watts=3            or by its number, counted from 1
                                 &minus=export_w     import minus export; amps, volts and counters likewise
                                 &time=stamp         when it was true: ISO text, or seconds since 1970
                                 &separator=semicolon

A number may bring its unit ("2.1 kW"), and a comma for its decimals where the separator is another. Without a
time a line is as old as its arrival in the file.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from typing import Literal

from agent.meters import units
from agent.meters.line import option
from agent.meters.picked import Picks, values
from agent.meters.values import Meaning, Poor
from agent.meters.via.tail import Tail

TITLE = "The last line of a growing CSV file"
ROLES = ("grid", "solar", "battery", "house")
EXAMPLE = "csv-tail:///var/log/meter.csv?watts=power_w&time=stamp"
VIA = "tail"
PLACE = "path"

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}


@dataclass(frozen=True)
class Options(Picks):
    """What a line may say."""

    path: str = option("", "the file")
    watts: str = option("watts", "the column of the watts, by name or number")
    time: str = option("", "the column of when it was true")
    separator: Literal["comma", "semicolon", "tab"] = option("comma", "what stands between two columns")


def ask(options: Options, answers: None) -> list[None]:
    """Nothing: the line names the file."""
    return []


def decode(answers: Tail, options: Options) -> Meaning:
    """The numbers that the line picked; only it knows their role."""
    names, cells = (_cells(line, options) for line in (answers.first, answers.last))

    def cell(column: str) -> str:
        if column.isdecimal() and column not in names:
            at = int(column) - 1 if len(column) < 6 else -1
        elif column not in names:
            raise Poor(f"the file's first line names no column {column!r}, only {', '.join(names)[:80]}")
        elif answers.first == answers.last:
            raise Poor("the file has its first line and no other yet")
        else:
            at = names.index(column)
        if not 0 <= at < len(cells):
            raise Poor(f"the file's last line has no column {column!r}")
        return cells[at]

    def read(column: str, into: str, unit: str) -> float:
        return units.measured(cell(column), into, unit, f"column {column}")

    found = values(replace(options, unit=options.unit or "W"), options.watts, read)
    return {"any": replace(found, at_wall=units.stamp(_time(cell(options.time))) if options.time else None)}


def _cells(line: str, options: Options) -> list[str]:
    try:
        row = next(csv.reader([line], delimiter=SEPARATORS[options.separator]), [])
    except csv.Error:
        raise Poor("the file is no CSV, or damaged") from None
    return [one.strip() for one in row]


def _time(text: str) -> object:
    """Seconds since 1970 as the number that they are; all else as text."""
    seconds = units.number_or_none(text)
    return text if seconds is None else seconds
