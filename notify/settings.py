"""Reading sunward.toml and credentials.env: the part that all three programs share.

Every program reads the same two files and looks at its own sections. Unknown keys are errors, all
problems are told at once, and each says where it is, what is wrong and what to write instead. Secrets
live only in `credentials.env`, which nobody else may read, and never reach the process's environment.
"""

from __future__ import annotations

import difflib
import stat
import tomllib
from collections.abc import Mapping
from datetime import time
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Literal

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from notify.events import CATALOGUE, Delivery, Severity
from notify.figures import Style as NumberStyle

Security = Literal["starttls", "tls", "none"]
USUAL_PORTS: Mapping[Security, int] = {"starttls": 587, "tls": 465, "none": 25}
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class SettingsError(Exception):
    """The settings can't be used. `problems` holds one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Section(BaseModel):
    """One table of sunward.toml: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def read_toml(path: Path) -> dict[str, Any]:
    """The settings file as plain tables. Raises SettingsError with a line that says what to do."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            [f"{path} does not exist. Copy sunward.example.toml there, or give --config FILE."]
        ) from None
    except OSError as error:
        raise SettingsError([f"{path} can't be read: {error.strerror}."]) from None
    except UnicodeDecodeError:
        raise SettingsError([f"{path} is not UTF-8 text. Save it as UTF-8."]) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"{path} is not valid TOML: {error}."]) from None


def read_credentials(path: Path, *, wanted: bool = False) -> dict[str, str]:
    """Secrets by name; an absent file is empty unless `wanted`. A file that others can read is refused."""
    if not path.exists():
        if wanted:
            raise SettingsError([f"{path} does not exist. Copy credentials.example.env there."])
        return {}
    try:
        if path.is_dir():
            raise SettingsError([f"{path} is a folder. Name the file in it, like {path / 'credentials.env'}"])
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise SettingsError([f"{path} can be read by others (mode {mode:04o}). Type: chmod 600 {path}"])
        values = dotenv_values(path, interpolate=False)
    except UnicodeDecodeError:
        raise SettingsError([f"{path} is not UTF-8 text. Save it as UTF-8."]) from None
    except OSError as error:
        raise SettingsError([f"{path} can't be read: {error.strerror}."]) from None
    return {name: value for name, value in values.items() if value}


def explain(error: ValidationError, within: str = "") -> list[str]:
    """Each problem of a failed validation as one sentence: where, what is wrong, what was found."""
    return [_sentence(item, within) for item in error.errors()]


def _sentence(item: Mapping[str, Any], within: str) -> str:
    where = _path([*([within] if within else []), *item["loc"]])
    if item["type"] == "extra_forbidden":
        return f"{where}: there is no such setting. Look at sunward.example.toml for the right name."
    if item["type"] == "missing":
        return f"{where}: is missing and must be set."
    what = str(item["msg"]).removeprefix("Value error, ").rstrip(".")
    plain = isinstance(item["input"], str | int | float)
    shown = f" (found {item['input']!r})" if plain and not _may_be_secret(where, item["input"]) else ""
    return f"{where}: {what[0].lower() + what[1:]}{shown}."


def _path(parts: list[Any]) -> str:
    out = ""
    for part in parts:
        out += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if out else str(part)
    return out


def _may_be_secret(where: str, value: object) -> bool:
    holds_a_login = "://" in str(value) and "@" in str(value)
    return holds_a_login or any(word in where for word in ("password", "token", "secret", "key"))


# --- [notify] --------------------------------------------------------------------------------------


class SmtpSettings(Section):
    """[notify.smtp]: the mail server."""

    host: str = Field(min_length=1)
    port: int | None = Field(None, ge=1, le=65535)
    security: Security = "starttls"
    user: str = ""
    ca_file: str = ""
    timeout_s: float = Field(20.0, ge=1, le=120)

    @model_validator(mode="after")
    def _keeps_its_password_to_itself(self) -> SmtpSettings:
        if self.security == "none" and self.user and self.host not in LOOPBACK:
            raise ValueError(
                'security = "none" would send the password in the clear: use "starttls" or "tls"'
            )
        return self


class NotifySettings(Section):
    """[notify]: who gets letters, when, and about what."""

    to: tuple[str, ...] = ()
    least: Mapping[str, Severity] = Field(default_factory=dict)
    sender: str = Field("", alias="from")
    quiet_hours: str = ""
    digest_at: time = time(19, 0)
    cap_per_hour: int = Field(10, ge=1, le=100)
    numbers: NumberStyle = "1,234.5"
    smtp: SmtpSettings | None = None
    kinds: Mapping[str, Delivery] = Field(default_factory=dict)
    severities: Mapping[Severity, Delivery] = Field(default_factory=dict)

    @field_validator("to", mode="before")
    @classmethod
    def _one_is_a_list_too(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("to")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            _check_address(address)
        if len({parseaddr(address)[1].lower() for address in value}) < len(value):
            raise ValueError("the same address stands there twice")
        return value

    @field_validator("sender")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value:
            _check_address(value)
        return value

    @field_validator("quiet_hours")
    @classmethod
    def _is_a_span(cls, value: str) -> str:
        _span(value)
        return value

    @field_validator("digest_at", mode="before")
    @classmethod
    def _is_a_time(cls, value: Any) -> Any:
        return _time(value) if isinstance(value, str) else value

    @field_validator("kinds")
    @classmethod
    def _are_known(cls, value: Mapping[str, Delivery]) -> Mapping[str, Delivery]:
        for name in value:
            if name not in CATALOGUE:
                near = difflib.get_close_matches(name, CATALOGUE, 3, 0.5)
                hint = (
                    f"did you mean {' or '.join(near)}"
                    if near
                    else "type ./sunward notify kinds for the list"
                )
                raise ValueError(f"there is no kind {name}: {hint}")
        return value

    @model_validator(mode="after")
    def _has_a_server(self) -> NotifySettings:
        if self.to and self.smtp is None:
            raise ValueError("to needs a mail server: add [notify.smtp] with at least host")
        if self.to and not self.sender:
            raise ValueError(
                'to needs a sender: set from = "home@example.org", an address of your mail account'
            )
        return self

    @model_validator(mode="after")
    def _knows_who_wants_less(self) -> NotifySettings:
        known = {parseaddr(address)[1].lower() for address in self.to}
        for address in self.least:
            if parseaddr(address)[1].lower() not in known:
                raise ValueError(f"least names {address}, who gets no letters: add it to notify.to")
        return self

    def least_for(self, address: str) -> Severity:
        """The least bad thing that this address wants to hear of."""
        wishes = {parseaddr(key)[1].lower(): severity for key, severity in self.least.items()}
        return wishes.get(parseaddr(address)[1].lower(), "info")

    @property
    def quiet(self) -> tuple[time, time] | None:
        """Quiet hours as two times of day, or None."""
        return _span(self.quiet_hours)


def _check_address(text: str) -> None:
    address = parseaddr(text)[1]
    user, at, domain = address.rpartition("@")
    if not (at and user and domain) or any(char.isspace() for char in address) or "\n" in text:
        raise ValueError(f"{text!r} is no mail address")


def _span(text: str) -> tuple[time, time] | None:
    if not text.strip():
        return None
    start, dash, end = text.partition("-")
    if not dash:
        raise ValueError('write quiet hours as "22:00-07:00"')
    if _time(start) == _time(end):
        raise ValueError("quiet hours begin and end at the same time: write two different ones")
    return _time(start), _time(end)


def _time(text: str) -> time:
    try:
        found = time.fromisoformat(text.strip())
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise ValueError(f"{text.strip()!r} is no time of day: write it as 07:00")
    return found
