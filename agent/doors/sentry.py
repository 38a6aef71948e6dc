"""Errors to a Sentry server of your own or of the makers': only with the extra `sentry` and a SENTRY_DSN.

What goes out is what the log says at the level of errors: a sentence, and for a crash the trace of our own
code. No values of variables, no request data, no user, no folder nor name of this computer; and what is a
secret of credentials.env, or looks like one, is blacked out. Everything else stays home.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from agent.doors.outlet import Outlet, Surroundings, Trouble
from agent.doors.outlet_settings import SentrySettings
from agent.doors.records import RecordBox
from agent.model import Moment
from notify.redact import Redactor

LOOK_EVERY_S = 5.0
FLUSH_S = 2.0


class Sentry(Outlet):
    """Sends what was logged as an error. The library is imported at the first step, in this thread."""

    def __init__(self, settings: SentrySettings, around: Surroundings) -> None:
        super().__init__("sentry", around.tell)
        self._settings = settings
        self._dsn = around.secrets.get("SENTRY_DSN", "")
        self._redactor = Redactor(around.secrets.values())
        self._version = around.rooms.site.versions.get("sunward", "")
        self._records = RecordBox(logging.ERROR)
        self._records.attach()
        self._sdk: Any = None

    def work(self, moment: Moment) -> float:
        """Send all that waits."""
        sdk = self._begun()
        for record in self._records.box.drain():
            if record.name.startswith("sentry_sdk"):
                continue
            if record.exc_info and record.exc_info[1] is not None:
                sdk.capture_exception(record.exc_info[1])
            else:
                sdk.capture_message(record.getMessage(), level=record.levelname.lower())
        return moment.mono_s + LOOK_EVERY_S

    def rest(self) -> None:
        """Send the last words."""
        if self._sdk is not None:
            self._sdk.flush(timeout=FLUSH_S)

    def close(self) -> None:
        """Hear no more."""
        self._records.detach()
        self.rest()

    def _begun(self) -> Any:
        if self._sdk is None:
            self._sdk = _begin(self._dsn, self._settings.environment, self._version, self._private)
        return self._sdk

    def _private(self, event: Any, hint: Any) -> Any:
        """The event without secrets and without our folders' full names."""
        kept = self._redactor.data(_without_folders(event))
        return {**kept, **{name: event[name] for name in ("event_id", "timestamp") if name in event}}


def _without_folders(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _without_folders(one) for name, one in value.items() if name != "abs_path"}
        if str(kept.get("filename", "")).startswith("/"):
            kept["filename"] = "/".join(str(kept["filename"]).split("/")[-2:])
        return kept
    return [_without_folders(one) for one in value] if isinstance(value, list) else value


def _begin(dsn: str, environment: str, version: str, private: Callable[[Any, Any], Any]) -> Any:
    try:
        import sentry_sdk
    except ImportError:
        raise Trouble(
            "Sentry needs the package sentry-sdk. Type: ./sunward python -m pip install sentry-sdk"
        ) from None
    try:
        sentry_sdk.init(
            dsn=dsn,
            environment=environment,
            release=f"sunward@{version}",
            default_integrations=False,
            auto_enabling_integrations=False,
            include_local_variables=False,
            include_source_context=False,
            max_breadcrumbs=0,
            server_name="sunward",
            before_send=private,
        )
    except ValueError:
        raise Trouble("SENTRY_DSN in credentials.env is no address of a Sentry project.") from None
    return sentry_sdk


def open_outlet(settings: SentrySettings, around: Surroundings) -> Sentry:
    """The outlet as settings describe it."""
    return Sentry(settings, around)
