"""Reading sunward.toml and credentials.env: the part that all three programs share.

Every program reads the same two files and looks at its own sections. Unknown keys are errors, all
problems are told at once, and each says where it is, what is wrong and what to write instead. Secrets
live only in `credentials.env`, which nobody else may read, and never reach the process's environment.
"""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, ValidationError


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
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise SettingsError([f"{path} can be read by others (mode {mode:04o}). Type: chmod 600 {path}"])
        values = dotenv_values(path, interpolate=False)
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
    shown = "" if _may_be_secret(where) else f" (found {item['input']!r})"
    return f"{where}: {what[0].lower() + what[1:]}{shown}."


def _path(parts: list[Any]) -> str:
    out = ""
    for part in parts:
        out += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if out else str(part)
    return out


def _may_be_secret(where: str) -> bool:
    return any(word in where for word in ("password", "token", "secret", "key"))
