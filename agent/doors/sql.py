"""A copy of the history in somebody else's database: what MySQL, MariaDB and PostgreSQL have in common.

Tables are made and migrated here, all with the prefix `sunward_`; the views beside them (plural names) give
watts and watt-hours. Every minute the fresh rows go over, in batches, each an upsert by key. At
the start, every six hours, and after each outage whole days are compared by count and sum, and those that
differ are sent again. So nothing is lost while the database is away, and nothing is there twice.

One database belongs to one house.
"""

from __future__ import annotations

import ssl
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.doors.outlet import Outlet, Surroundings, Trouble
from agent.doors.outlet_settings import DatabaseSettings
from agent.history.copies import TABLES, Column, Copies, Kind, Row, Table, Tally
from agent.history.reader import HistoryError
from agent.model import Event, Moment

COMPARE_EVERY_S = 6 * 3600.0
OVERLAP_S = 180  # fresh rows are looked for this far back: the last minute may have grown
BREATH_S = 0.1  # between two days that are sent: a first fill must not keep a small computer busy
PAGE_ROWS = 2000
BATCH_ROWS = 250
WORD_LENGTH, KEY_LENGTH, TEXT_LENGTH = 190, 120, 16_000
PREFIX = "sunward_"


@dataclass(frozen=True, slots=True)
class Dialect:
    """In what the databases differ.

    `upsert` makes a statement and its values from some rows; `view_time` writes a column of seconds as a
    time in UTC.
    """

    name: str
    types: dict[Kind, str]
    day: str  # whole days of at_s
    upsert: Callable[[Table, Sequence[Row]], tuple[str, Sequence[object]]]
    view_time: Callable[[str], str]
    schema: str  # where our tables stand in the information schema
    make_view: str = "CREATE OR REPLACE VIEW"
    table_end: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database is and how it is entered; str() names it without the password."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    tls: ssl.SSLContext | None

    def __str__(self) -> str:
        return f"{self.user} at {self.host}:{self.port}/{self.database}"


class Problem(Exception):
    """What a driver's errors are turned into; str() is the driver's own words."""


class Connection:
    """One open connection: statements with %s. Raises Problem."""

    def __init__(self, raw: Any, errors: tuple[type[Exception], ...]) -> None:
        self._raw, self._errors = raw, errors

    def ask(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run a statement and commit; its rows, if it has any."""
        try:
            cursor = self._raw.cursor()
            cursor.execute(statement, tuple(values)) if values else cursor.execute(statement)
            rows = list(cursor.fetchall()) if cursor.description else []
            cursor.close()
            self._raw.commit()
        except self._errors as error:
            raise Problem(_words(error)) from error
        return [tuple(row) for row in rows]

    def close(self) -> None:
        """Hang up, whatever state it is in."""
        try:
            self._raw.close()
        except self._errors:
            return


class SqlOutlet(Outlet):
    """Keeps the copy level. `connect` opens a connection; it raises Trouble, or Problem with raw words."""

    def __init__(
        self,
        name: str,
        dialect: Dialect,
        connect: Callable[[], Connection],
        copies: Copies,
        tell: Callable[[Event], None],
        every_s: float = 60.0,
    ) -> None:
        super().__init__(name, tell)
        self._dialect, self._connect, self._copies = dialect, connect, copies
        self._every_s = every_s
        self._link: Connection | None = None
        self._fresh: dict[str, int] = {}  # by table: the freshest row that is surely there
        self._differing: deque[tuple[Table, int]] = deque()
        self._compare_mono_s = 0.0

    def work(self, moment: Moment) -> float:
        """Send what is fresh, or one day that differs; due soon while days remain."""
        try:
            return self._work(moment)
        except Problem as problem:
            sentence = f"{self._dialect.name} at {self.name} refuses: {problem}. The history keeps everything"
            raise Trouble(f"{sentence} and is copied when it works again.") from problem
        except HistoryError as error:
            raise Trouble(f"The history can't be read for {self.name}: {error}") from error

    def rest(self) -> None:
        """Hang up; everything is compared anew the next time."""
        if self._link is not None:
            self._link.close()
        self._link = None

    def _work(self, moment: Moment) -> float:
        if self._link is None:
            self._link = self._connect()
            make_tables(self._link, self._dialect)
            self._fresh = {table.name: found for table in TABLES if (found := self._freshest(table))}
            self._differing.clear()
            self._compare_mono_s = moment.mono_s
        if self._differing:
            table, day = self._differing.popleft()
            self._send(table, self._copies.of_day(table, day))
        else:
            for table in TABLES:
                self._send_fresh(table)
            if moment.mono_s >= self._compare_mono_s:
                self._compare()
                self._compare_mono_s = moment.mono_s + COMPARE_EVERY_S
        return moment.mono_s + (BREATH_S if self._differing else self._every_s)

    def _send_fresh(self, table: Table) -> None:
        """Everything since the freshest row that is there; an empty copy is filled day by day instead."""
        known = self._fresh.get(table.name)
        if known is None:
            return
        since = known - OVERLAP_S
        while rows := self._copies.since(table, since, PAGE_ROWS):
            self._send(table, rows)
            if len(rows) < PAGE_ROWS:
                return
            since = max(self._fresh[table.name], since + 1)

    def _compare(self) -> None:
        for table in TABLES:
            theirs = self._their_days(table)
            ours = self._copies.days(table)
            self._differing += [
                (table, day) for day in sorted(ours) if _differs(ours[day], theirs.get(day, Tally(0, 0)))
            ]

    def _their_days(self, table: Table) -> dict[int, Tally]:
        total = " + ".join(f"coalesce(sum({name}), 0)" for name in table.summed)
        rows = self._open.ask(
            f"SELECT {self._dialect.day}, count(*), {total} FROM {PREFIX}{table.name} GROUP BY 1"
        )
        return {int(day): Tally(int(count), int(total)) for day, count, total in rows}

    def _freshest(self, table: Table) -> int | None:
        ((found,),) = self._open.ask(f"SELECT max({table.fresh}) FROM {PREFIX}{table.name}")
        return None if found is None else int(found)

    def _send(self, table: Table, rows: Sequence[Row]) -> None:
        fresh = table.names.index(table.fresh)
        for start in range(0, len(rows), BATCH_ROWS):
            batch = [_fitting(row, table.columns) for row in rows[start : start + BATCH_ROWS]]
            self._open.ask(*self._dialect.upsert(table, batch))
            newest = max(int(str(row[fresh])) for row in batch)
            self._fresh[table.name] = max(newest, self._fresh.get(table.name, 0))

    @property
    def _open(self) -> Connection:
        assert self._link is not None
        return self._link


def _differs(ours: Tally, theirs: Tally) -> bool:
    """A copy that holds more of a day is older than our pruning, and right."""
    return theirs.rows < ours.rows or (theirs.rows == ours.rows and theirs.total != ours.total)


def _fitting(row: Row, columns: Iterable[Column]) -> Row:
    lengths = {"key": KEY_LENGTH, "word": WORD_LENGTH, "text": TEXT_LENGTH}
    return tuple(
        value.replace("\0", "")[: lengths[column.kind]] if isinstance(value, str) else value
        for value, column in zip(row, columns, strict=True)
    )


def _words(error: Exception) -> str:
    return " ".join(str(part) for part in error.args if part) or type(error).__name__


def open_copy(
    dialect: Dialect,
    settings: DatabaseSettings,
    around: Surroundings,
    name: str,
    connect: Callable[[Place], Connection],
) -> SqlOutlet:
    """The outlet of one database: its password is NAME_PASSWORD of credentials.env."""

    def opened() -> Connection:
        password = around.secrets.get(f"{name.upper()}_PASSWORD", "")
        try:
            tls = ssl.create_default_context(cafile=settings.ca_file) if settings.ca_file else None
        except OSError as error:
            raise Problem(f"{settings.ca_file} is no certificate that can be read ({error})") from error
        return connect(Place(settings.host, settings.port, settings.database, settings.user, password, tls))

    copies = Copies(around.state_dir / "history.db")
    return SqlOutlet(name, dialect, opened, copies, around.tell, settings.every_s)


def missing(database: str, package: str, version: str) -> Trouble:
    """What to say when a database's package is not installed."""
    return Trouble(
        f"{database} needs the package {package}. Type: "
        f"./sunward python -m pip install '{package}~={version}'"
    )


# --- tables and views ------------------------------------------------------------------------------


VERSION = 2  # of our tables; 2 has prices and costs


def make_tables(link: Connection, dialect: Dialect) -> None:
    """Bring the tables to today's version. Raises Trouble when a newer sunward made them.

    It compares what is there with what should be: an update that was cut off in the middle goes on here.
    """
    link.ask(f"CREATE TABLE IF NOT EXISTS {PREFIX}schema (version INTEGER NOT NULL PRIMARY KEY)")
    ((found,),) = link.ask(f"SELECT max(version) FROM {PREFIX}schema")
    version = int(found or 0)
    if version > VERSION:
        raise Trouble(
            f"The tables in {dialect.name} were made by a newer sunward (version {version}, this one knows "
            f"{VERSION}). Update sunward, or give this one another database."
        )
    if version == VERSION:
        return
    for table in TABLES:
        link.ask(_create(table, dialect))
        for column in _missing(table, link, dialect):
            link.ask(f"ALTER TABLE {PREFIX}{table.name} ADD COLUMN {_column(column, dialect)}")
    for view in _views(dialect):
        link.ask(f"{dialect.make_view} {view}")
    link.ask(f"INSERT INTO {PREFIX}schema (version) VALUES ({VERSION})")


def _missing(table: Table, link: Connection, dialect: Dialect) -> list[Column]:
    """The columns that an older version did not make."""
    rows = link.ask(
        "SELECT column_name FROM information_schema.columns "
        f"WHERE table_schema = {dialect.schema} AND table_name = '{PREFIX}{table.name}'"
    )
    there = {str(name) for (name,) in rows}
    return [column for column in table.columns if column.name not in there]


def _create(table: Table, dialect: Dialect) -> str:
    columns = [_column(one, dialect) for one in table.columns]
    keys = f"PRIMARY KEY ({', '.join(table.keys)})"
    body = ", ".join([*columns, keys])
    return f"CREATE TABLE IF NOT EXISTS {PREFIX}{table.name} ({body}){dialect.table_end}"


def _column(one: Column, dialect: Dialect) -> str:
    return f"{one.name} {dialect.types[one.kind]}{' NOT NULL' if one.needed or one.kind == 'key' else ''}"


def _views(dialect: Dialect) -> list[str]:
    """Each view as NAME AS SELECT: mean watts and amps, watt-hours, times in UTC."""
    starts, ends = dialect.view_time("at_s"), dialect.view_time("end_s")
    happened = f"{starts} AS happened"
    selects = {
        "session": f"charger_id, vin, {starts} AS starts, {ends} AS ends, {SESSION_VIEW}",
        "event": f"{happened}, kind, severity, subject, sentence, data",
        "decision": f"{happened}, charger_id, before_amps, after_amps, reason, steps",
    }
    for span in ("minute", "hour"):
        selects[f"house_{span}"] = f"{starts} AS starts, at_s, seconds, {HOUSE_VIEW}"
        selects[f"charger_{span}"] = f"{starts} AS starts, at_s, charger_id, seconds, {CHARGER_VIEW}"
    return [f"{PREFIX}{name}s AS SELECT {select} FROM {PREFIX}{name}" for name, select in selects.items()]


HOUSE_VIEW = """
    1.0 * (grid_in_j - grid_out_j) / nullif(grid_s, 0) AS grid_w,
    1.0 * solar_j / nullif(solar_s, 0) AS solar_w,
    1.0 * (battery_in_j - battery_out_j) / nullif(battery_s, 0) AS battery_w,
    1.0 * house_j / nullif(house_s, 0) AS house_w,
    1.0 * chargers_j / nullif(seconds, 0) AS chargers_w,
    grid_in_j / 3600.0 AS import_wh, grid_out_j / 3600.0 AS export_wh, solar_j / 3600.0 AS solar_wh,
    battery_in_j / 3600.0 AS discharged_wh, battery_out_j / 3600.0 AS charged_wh,
    house_j / 3600.0 AS house_wh, chargers_j / 3600.0 AS chargers_wh,
    1.0 * soc_percent_s / nullif(soc_s, 0) AS soc_percent,
    buy_us / 1e6 / nullif(buy_s, 0) AS buy_per_kwh, sell_us / 1e6 / nullif(sell_s, 0) AS sell_per_kwh"""
CHARGER_VIEW = """
    1.0 * offered_as / nullif(seconds, 0) AS offered_amps, 1.0 * drawn_as / nullif(seconds, 0) AS drawn_amps,
    1.0 * energy_j / nullif(seconds, 0) AS watts, energy_j / 3600.0 AS energy_wh,
    sun_j / 3600.0 AS sun_wh, battery_j / 3600.0 AS battery_wh, grid_j / 3600.0 AS grid_wh,
    priced_j / 3600.0 AS priced_wh, cost_u / 1e6 AS cost, saved_u / 1e6 AS saved"""
SESSION_VIEW = """
    start_reason, end_reason, charged_s, energy_j / 3600.0 AS energy_wh, sun_j / 3600.0 AS sun_wh,
    battery_j / 3600.0 AS battery_wh, grid_j / 3600.0 AS grid_wh,
    1.0 * sun_j / nullif(energy_j, 0) AS sun_share, peak_amps, note, priced_j / 3600.0 AS priced_wh,
    CASE WHEN priced_j > 0 THEN cost END AS cost, CASE WHEN priced_j > 0 THEN saved END AS saved, currency"""
