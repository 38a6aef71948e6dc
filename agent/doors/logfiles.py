"""The program's own log in files that turn over, for houses without a journal.

Only the newest file grows; at `max_mb` it becomes NAME.1, and so on up to `keep`. So it needs no logrotate
and never takes more than `max_mb` x (`keep` + 1).
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from agent.doors.outlet import Outlet, Surroundings, Trouble
from agent.doors.outlet_settings import FilesSettings
from agent.doors.records import RecordBox
from agent.journal import Lines
from agent.model import Moment

LOOK_EVERY_S = 2.0
NAME = "sunward.log"
TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


class LogFiles(Outlet):
    """Writes what was logged since the last look."""

    def __init__(self, settings: FilesSettings, around: Surroundings) -> None:
        super().__init__("log files", around.tell)
        self._settings = settings
        self.path = around.state_dir / settings.folder / NAME
        self._records = RecordBox(getattr(logging, settings.level.upper()))
        self._records.attach()
        self._waiting: list[logging.LogRecord] = []
        self._file: _File | None = None

    def work(self, moment: Moment) -> float:
        """Write all that waits."""
        self._waiting += self._records.box.drain()
        try:
            while self._waiting:
                self._opened().emit(self._waiting[0])
                del self._waiting[0]
        except OSError as error:
            del self._waiting[:-1000]
            raise Trouble(f"{self.path} can't be written: {error.strerror}. Is the disk full?") from error
        return moment.mono_s + LOOK_EVERY_S

    def rest(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def close(self) -> None:
        """Write the last words."""
        self._records.detach()
        self.step(Moment(0.0))
        self.rest()

    def _opened(self) -> _File:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            settings = self._settings
            self._file = _File(self.path, int(settings.max_mb * 1e6), settings.keep)
            self._file.setFormatter(_Json() if settings.form == "json" else Lines(TEXT))
        return self._file


class _File(RotatingFileHandler):
    def __init__(self, path: Path, most_bytes: int, keep: int) -> None:
        super().__init__(path, maxBytes=most_bytes, backupCount=keep, encoding="utf-8", delay=True)

    def handleError(self, record: logging.LogRecord) -> None:
        """A full disk is for our caller to know."""
        raise


class _Json(Lines):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told = {"at": at, "level": record.levelname.lower(), "name": record.name, "says": record.getMessage()}
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


def open_outlet(settings: FilesSettings, around: Surroundings) -> LogFiles:
    """The outlet as settings describe it."""
    return LogFiles(settings, around)
