"""A copy of the history in MySQL or MariaDB, by PyMySQL (the extra `mysql`)."""

from __future__ import annotations

from collections.abc import Sequence

from agent.doors.outlet import Surroundings
from agent.doors.outlet_settings import MysqlSettings
from agent.doors.sql import PREFIX, Connection, Dialect, Place, Problem, SqlOutlet, missing, open_copy
from agent.history.copies import Row, Table

CONNECT_S, ANSWER_S = 5, 30


def _upsert(table: Table, rows: Sequence[Row]) -> tuple[str, Sequence[object]]:
    marks = ", ".join([f"({', '.join(['%s'] * len(table.columns))})"] * len(rows))
    changes = ", ".join(f"{name} = VALUES({name})" for name in table.names if name not in table.keys)
    statement = (
        f"INSERT INTO {PREFIX}{table.name} ({', '.join(table.names)}) VALUES {marks} "
        f"ON DUPLICATE KEY UPDATE {changes}"
    )
    return statement, [value for row in rows for value in row]


MYSQL = Dialect(
    "MySQL",
    {
        "key": "VARCHAR(120) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        "word": "VARCHAR(190)",
        "text": "TEXT",
        "whole": "BIGINT",
        "real": "DOUBLE",
    },
    day="at_s DIV 86400",
    upsert=_upsert,
    view_time=lambda name: f"TIMESTAMP('1970-01-01 00:00:00') + INTERVAL {name} SECOND",
    schema="DATABASE()",
    table_end=" CHARACTER SET utf8mb4",
)


def open_outlet(settings: MysqlSettings, around: Surroundings) -> SqlOutlet:
    """The outlet as settings describe it."""
    return open_copy(MYSQL, settings, around, "mysql", _connect)


def _connect(place: Place) -> Connection:
    try:
        import pymysql
    except ImportError:
        raise missing("MySQL", "PyMySQL", "1.2") from None
    errors = (pymysql.Error, OSError, RuntimeError)  # RuntimeError: a caching_sha2 login without TLS
    try:
        raw = pymysql.connect(
            host=place.host,
            port=place.port,
            user=place.user,
            password=place.password,
            database=place.database,
            charset="utf8mb4",
            connect_timeout=CONNECT_S,
            read_timeout=ANSWER_S,
            write_timeout=ANSWER_S,
            ssl=place.tls,
        )
    except errors as error:
        raise Problem(f"{error.args[-1] if error.args else error} ({place})") from error
    return Connection(raw, errors)
