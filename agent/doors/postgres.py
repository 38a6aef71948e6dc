"""A copy of the history in PostgreSQL, by pg8000 (the extra `postgres`)."""

from __future__ import annotations

import json
import ssl
from collections.abc import Sequence

from agent.doors.outlet import Surroundings, Trouble
from agent.doors.outlet_settings import PostgresSettings
from agent.doors.sql import PREFIX, Connection, Dialect, Problem, SqlOutlet
from agent.history.copies import Copies, Kind, Row, Table

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
    copies = Copies(around.state_dir / "history.db")
    password = around.secrets.get("POSTGRES_PASSWORD", "")
    return SqlOutlet(
        "postgres", POSTGRES, lambda: _connect(settings, password), copies, around.tell, settings.every_s
    )


def _connect(settings: PostgresSettings, password: str) -> Connection:
    try:
        from pg8000 import dbapi
    except ImportError:
        raise Trouble(
            "PostgreSQL needs the package pg8000. Type: ./sunward python -m pip install 'pg8000~=1.31'"
        ) from None
    errors = (dbapi.Error, OSError)
    try:
        raw = dbapi.connect(
            user=settings.user,
            password=password,
            host=settings.host,
            port=settings.port,
            database=settings.database,
            timeout=ANSWER_S,
            ssl_context=ssl.create_default_context(cafile=settings.ca_file) if settings.ca_file else None,
            application_name="sunward",
        )
    except errors as error:
        where = f"{settings.user} at {settings.host}:{settings.port}/{settings.database}"
        raise Problem(f"{_said(error)} ({where})") from error
    return Connection(raw, errors)


def _said(error: Exception) -> str:
    """PostgreSQL's own sentence out of a dictionary of fields."""
    told = error.args[0] if error.args else error
    return str(told.get("M", told)) if isinstance(told, dict) else str(told)
