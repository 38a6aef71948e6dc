"""A copy of the history in MySQL or MariaDB, by PyMySQL (the extra `mysql`)."""

from __future__ import annotations

import ssl
from collections.abc import Sequence

from agent.doors.outlet import Surroundings, Trouble
from agent.doors.outlet_settings import MysqlSettings
from agent.doors.sql import PREFIX, Connection, Dialect, Problem, SqlOutlet
from agent.history.copies import Copies, Row, Table

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
    copies = Copies(around.state_dir / "history.db")
    password = around.secrets.get("MYSQL_PASSWORD", "")
    return SqlOutlet(
        "mysql", MYSQL, lambda: _connect(settings, password), copies, around.tell, settings.every_s
    )


def _connect(settings: MysqlSettings, password: str) -> Connection:
    try:
        import pymysql
    except ImportError:
        raise Trouble(
            "MySQL needs the package PyMySQL. Type: ./sunward python -m pip install 'PyMySQL~=1.2'"
        ) from None
    errors = (pymysql.Error, OSError, RuntimeError)  # RuntimeError: a caching_sha2 login without TLS
    try:
        raw = pymysql.connect(
            host=settings.host,
            port=settings.port,
            user=settings.user,
            password=password,
            database=settings.database,
            charset="utf8mb4",
            connect_timeout=CONNECT_S,
            read_timeout=ANSWER_S,
            write_timeout=ANSWER_S,
            ssl=ssl.create_default_context(cafile=settings.ca_file) if settings.ca_file else None,
        )
    except errors as error:
        where = f"{settings.user} at {settings.host}:{settings.port}/{settings.database}"
        raise Problem(f"{error.args[-1] if error.args else error} ({where})") from error
    return Connection(raw, errors)
