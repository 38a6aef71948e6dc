"""A copy of the history in PostgreSQL, by pg8000 (the extra `postgres`)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from agent.doors.outlet import Surroundings
from agent.doors.outlet_settings import PostgresSettings
from agent.doors.sql import PREFIX, Connection, Dialect, Place, Problem, SqlOutlet, missing, open_copy
from agent.history.copies import Kind, Row, Table

ANSWER_S = 30


TYPES: dict[Kind, str] = {
    "key": "VARCHAR(120)",
    "word": "VARCHAR(190)",
    "text": "TEXT",
    "whole": "BIGINT",
    "real": "DOUBLE PRECISION",
}


def upsert(table: Table, rows: Sequence[Row]) -> tuple[str, Sequence[object]]:
    """All rows in one value of JSON: pg8000 reads statements letter by letter, so that long ones are slow."""
    names = ", ".join(table.names)
    typed = ", ".join(f"{column.name} {TYPES[column.kind]}" for column in table.columns)
    changes = ", ".join(f"{name} = EXCLUDED.{name}" for name in table.names if name not in table.keys)
    statement = (
        f"INSERT INTO {PREFIX}{table.name} ({names}) "
        f"SELECT {names} FROM json_to_recordset(CAST(%s AS json)) AS given({typed}) "
        f"ON CONFLICT ({', '.join(table.keys)}) DO UPDATE SET {changes}"
    )
    return statement, [json.dumps([dict(zip(table.names, row, strict=True)) for row in rows])]


POSTGRES = Dialect(
    "PostgreSQL",
    TYPES,
    day="at_s / 86400",
    upsert=upsert,
    view_time=lambda name: f"to_timestamp({name}) AT TIME ZONE 'UTC'",
    schema="current_schema()",
)


def open_outlet(settings: PostgresSettings, around: Surroundings) -> SqlOutlet:
    """The outlet as settings describe it."""
    return open_copy(POSTGRES, settings, around, "postgres", _connect)


def _connect(place: Place) -> Connection:
    try:
        from pg8000 import dbapi
    except ImportError:
        raise missing("PostgreSQL", "pg8000", "1.31") from None
    errors = (dbapi.Error, OSError)
    try:
        raw = dbapi.connect(
            user=place.user,
            password=place.password,
            host=place.host,
            port=place.port,
            database=place.database,
            timeout=ANSWER_S,
            ssl_context=place.tls,
            application_name="sunward",
        )
    except errors as error:
        raise Problem(f"{_said(error)} ({place})") from error
    return Connection(raw, errors)


def _said(error: Exception) -> str:
    """PostgreSQL's own sentence out of a dictionary of fields."""
    told = error.args[0] if error.args else error
    return str(told.get("M", told)) if isinstance(told, dict) else str(told)
