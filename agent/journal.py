"""Log lines for people, and as systemd's journal likes them: it knows the time itself and wants the level.

    <4>The MQTT broker 192.168.0.10:1883 can't be reached; trying again until it can.

With that, `journalctl -p warning` shows what matters. systemd tells by JOURNAL_STREAM (device:inode) which
stream leads to the journal; one that was turned elsewhere gets lines for people.

A message is one line, whatever names and words of strangers stand in it: a new line becomes \\n, so that
nobody can write a line of their own, nor move a terminal's cursor. Only a traceback has several, and what
looks like a secret in it is blacked out: a library's error may quote a whole address, key included.
Source: sd-daemon(3), systemd.exec(5).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from types import TracebackType
from typing import TextIO, TypeAlias

from notify.redact import Redactor

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

PLAIN = "%(asctime)s %(levelname)-7s %(message)s"
PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
DEBUG = 7


CONTROLS = (*range(0x20), *range(0x7F, 0xA0), *range(0x2028, 0x202F), *range(0x2066, 0x206A))
TAMED = {code: chr(code).encode("unicode_escape").decode() for code in CONTROLS}


class Lines(logging.Formatter):
    """One line for each message; without a format of its own, for people."""

    def __init__(self, form: str = PLAIN) -> None:
        super().__init__(form)

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line, with control characters written out."""
        record.message = record.message.translate(TAMED)
        return super().formatMessage(record)

    def formatException(self, ei: ExcInfo) -> str:
        """The traceback, without secrets."""
        return Redactor().text(super().formatException(ei))


class JournalLines(Lines):
    """Each line of a record with its priority, 2 (critical) to 7 (debug)."""

    def __init__(self) -> None:
        super().__init__("%(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The record; a traceback's lines stay together under one priority."""
        priority = next((number for level, number in PRIORITIES if record.levelno >= level), DEBUG)
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).splitlines() or [""])


def leads_to_journal(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether systemd reads this stream."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environment.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def log_to(stream: TextIO, level: int) -> None:
    """Send all log lines there, in the form that its reader likes."""
    handler = logging.StreamHandler(stream)
    journal = leads_to_journal(stream, os.environ)
    handler.setFormatter(JournalLines() if journal else Lines())
    logging.basicConfig(level=level, handlers=[handler])
