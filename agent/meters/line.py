"""One line of settings is one source of watts:  scheme://host:port/path?option=value&option=value

The scheme names the driver's file. Host, port and path say where; the options are the driver's own,
plus three that every line may have:

    every_s=10       how often to ask (each driver knows what is sensible)
    timeout_s=4      how long to wait for an answer, 5 at most
    cars=outside     on a house line: this meter does not see the chargers (else it is taken to)

Secrets never stand in a line. An option that takes one holds the NAME of a line in credentials.env:
`?token=HA_TOKEN`. So a line can be logged, shown on the page and pasted into a forum as it is.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Union
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from agent.model import Role

LONGEST_TIMEOUT_S = 5.0
HERE = Path()
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")


class BadLine(ValueError):
    """A settings line that can't be used; `problems` holds one sentence each."""

    def __init__(self, *problems: str) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret by its name in credentials.env. Only `value` is secret, and it never shows in a repr."""

    name: str = ""
    value: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self.value)


NO_SECRET = Secret()


@dataclass(frozen=True, slots=True)
class StateFile:
    """A file that another program keeps fresh: named in the state folder, or by its whole path."""

    path: Path | None = None

    def __bool__(self) -> bool:
        return self.path is not None


NO_FILE = StateFile()


def option(
    default: Any = dataclasses.MISSING,
    help: str = "",
    *,
    least: float | None = None,
    most: float | None = None,
) -> Any:
    """A field of a driver's Options; without a default it must be given. `help` is shown to people."""
    return field(default=default, metadata={"help": help, "least": least, "most": most})


@dataclass(frozen=True, slots=True)
class Outside:
    """What a line may point to: secrets by their names, files in the state folder."""

    credentials: Mapping[str, str] | None
    state_dir: Path

    def secret(self, name: str) -> Secret:
        """The secret of this name. Raises ValueError with the end of a sentence."""
        if not _NAME.fullmatch(name):
            raise ValueError(
                "takes the NAME of a line in credentials.env (capitals, digits, _), never the secret itself"
            )
        if self.credentials is None:
            return Secret(name)
        if name not in self.credentials:
            raise ValueError(
                f"names {name}, which credentials.env does not have: add the line {name}=... there"
            )
        return Secret(name, self.credentials[name])


@dataclass(frozen=True, slots=True)
class NoOptions:
    """For drivers without any."""


@dataclass(frozen=True, slots=True)
class Common:
    """What every line may say beside its driver's own options."""

    every_s: float = option(0.0, "how often to ask, in seconds", least=1, most=3600)
    timeout_s: float = option(4.0, "how long to wait for an answer", least=0.1, most=LONGEST_TIMEOUT_S)
    cars: Literal["inside", "outside"] = option("inside", "whether a house meter sees the chargers")


@dataclass(frozen=True, slots=True)
class Driver:
    """What one driver file says of itself; the file's own words are in agent/meters/_blueprint.py."""

    scheme: str
    title: str
    roles: tuple[Role, ...]
    example: str
    via: str | Callable[[Any], str]
    ask: Callable[[Any, Any], Any]
    decode: Callable[[Any, Any], Any]
    options: type[Any] = NoOptions
    place: Literal["host", "path", "either", "nothing"] = "host"
    port: int | None = None
    every_s: float = 5.0
    fastest_s: float = 1.0
    steady: bool = False  # its number may stay the same for hours, and that is no fault
    auth: Callable[[Any], Any] | None = None
    hint: str = ""  # the vendor's usual mistake, added when the device can't be reached


@dataclass(frozen=True, slots=True)
class Source:
    """One settings line, understood. `line` is its identity, and shows it to people: no secret is in it."""

    line: str
    driver: Driver = field(repr=False, compare=False)
    host: str = field(compare=False)
    port: int | None = field(compare=False)
    path: str = field(compare=False)
    options: Any = field(compare=False)
    every_s: float = field(compare=False)
    timeout_s: float = field(compare=False)
    cars_inside: bool = field(compare=False, default=True)

    @property
    def endpoint(self) -> str:
        """Whom we talk to: sources with the same endpoint share one connection and one thread."""
        if not self.host:
            return self.path or self.driver.scheme
        return f"{self.host}:{self.port}" if self.port else self.host

    @property
    def via(self) -> str:
        """The transport's file name in agent/meters/via."""
        via = self.driver.via
        return via if isinstance(via, str) else via(self)


def parse(
    line: str,
    driver: Driver,
    credentials: Mapping[str, str] | None = None,
    state_dir: Path = HERE,
) -> Source:
    """Understand one line with its driver. Without `credentials` names of secrets are not looked up.

    Raises BadLine with every problem at once.
    """
    problems: list[str] = []
    try:
        url = urlsplit("x:" + line.strip().partition(":")[2])
        port = url.port
    except ValueError as error:
        raise BadLine(f"{_hidden(line)} is not a URL: {str(error).lower()}.") from None
    if url.username is not None or url.password is not None:
        raise BadLine(
            f"{driver.scheme}: names and passwords never stand in a line. "
            "Use its options with names from credentials.env."
        )
    host, path = url.hostname or "", unquote(url.path)
    pairs = dict(_pairs(url, driver, problems))
    own, common = _fields(driver.options), _fields(Common)
    _check_place(driver, host, port, path, "path" in own, problems)
    if "path" in own:
        pairs["path"] = path or (own["path"].default if isinstance(own["path"].default, str) else "")
    for name in pairs:
        if name not in own and name not in common:
            problems.append(f"{driver.scheme}: {_unknown('option', name, [*own, *common])}")
    outside = Outside(credentials, state_dir)
    options = _fill(driver.options, pairs, driver.scheme, outside, problems)
    shared = _fill(Common, pairs, driver.scheme, outside, problems)
    if shared and 0 < shared.every_s < driver.fastest_s:
        problems.append(
            f"{driver.scheme}: every_s={shared.every_s:g} is too fast for this device; "
            f"{driver.fastest_s:g} s is its limit."
        )
    if problems:
        raise BadLine(*problems)
    return Source(
        line=line.strip(),
        driver=driver,
        host=host,
        port=(port or driver.port) if host else None,
        path=path,
        options=options,
        every_s=shared.every_s or driver.every_s,
        timeout_s=shared.timeout_s,
        cars_inside=shared.cars == "inside",
    )


def _pairs(url: SplitResult, driver: Driver, problems: list[str]) -> list[tuple[str, str]]:
    if url.fragment:
        problems.append(f"{driver.scheme}: write %23 for # in a line.")
    pairs = parse_qsl(url.query.replace("+", "%2B"), keep_blank_values=True)
    names = [name for name, _ in pairs]
    problems += [f"{driver.scheme}: {n} is given twice." for n in sorted(set(names)) if names.count(n) > 1]
    return pairs


def _check_place(
    driver: Driver, host: str, port: int | None, path: str, takes_path: bool, problems: list[str]
) -> None:
    example = f"Write it like {driver.example}"
    if driver.place == "nothing":
        if host or path.strip("/"):
            problems.append(f"{driver.scheme}: it has no address. {example}")
        return
    if driver.place == "host" and not host:
        problems.append(f"{driver.scheme}: the address of the device is missing. {example}")
    if driver.place == "path" and (host or not path):
        problems.append(f"{driver.scheme}: a path belongs behind the three slashes. {example}")
    if driver.place == "either" and not (host or path):
        problems.append(f"{driver.scheme}: an address or a device is missing. {example}")
    if host and port is None and driver.port is None:
        problems.append(f"{driver.scheme}: the port is missing. {example}")
    if path.strip("/") and not takes_path and driver.place == "host":
        problems.append(f"{driver.scheme}: {path!r} is too much. {example}")


def _fields(cls: type[Any]) -> dict[str, dataclasses.Field[Any]]:
    return {one.name: one for one in dataclasses.fields(cls)}


def _fill(
    cls: type[Any],
    pairs: Mapping[str, str],
    scheme: str,
    outside: Outside,
    problems: list[str],
) -> Any:
    hints = typing.get_type_hints(cls)
    found: dict[str, Any] = {}
    before = len(problems)
    for one in dataclasses.fields(cls):
        if one.name not in pairs:
            if one.default is dataclasses.MISSING:
                problems.append(f"{scheme}: {one.name} is missing ({one.metadata.get('help', '')}).")
            continue
        try:
            found[one.name] = _typed(hints[one.name], pairs[one.name], one, outside)
        except ValueError as error:
            problems.append(f"{scheme}: {one.name} {error}.")
    return cls(**found) if len(problems) == before else None


def _typed(kind: Any, text: str, one: dataclasses.Field[Any], outside: Outside) -> object:
    """`text` as the field's type. Raises ValueError with the end of a sentence."""
    if typing.get_origin(kind) in (Union, types.UnionType):
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
    if typing.get_origin(kind) is Literal:
        by_text = {str(choice): choice for choice in typing.get_args(kind)}
        if text not in by_text:
            raise ValueError(f"must be one of {', '.join(by_text)} (found {text!r})")
        return by_text[text]
    if kind in (Secret, StateFile):
        return outside.secret(text) if kind is Secret else StateFile(outside.state_dir / text)
    if kind is bool:
        if text.lower() not in ("yes", "no", "true", "false", "1", "0"):
            raise ValueError(f"must be yes or no (found {text!r})")
        return text.lower() in ("yes", "true", "1")
    if kind in (int, float):
        return _number(kind, text, one)
    if typing.get_origin(kind) is tuple:
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if not parts and one.default is dataclasses.MISSING:
            raise ValueError(f"is empty ({one.metadata.get('help', '')})")
        return tuple(_typed(typing.get_args(kind)[0], part, one, outside) for part in parts)
    from_text = getattr(kind, "from_text", None)  # a driver's own type: see agent/meters/modbus.py
    return from_text(text) if from_text else text


def _number(kind: type[int] | type[float], text: str, one: dataclasses.Field[Any]) -> float:
    try:
        value = int(text, 0) if kind is int else float(text)
    except ValueError:
        raise ValueError(f"must be a {'whole ' if kind is int else ''}number (found {text!r})") from None
    least, most = one.metadata.get("least"), one.metadata.get("most")
    fine = value - value == 0 and (least is None or value >= least) and (most is None or value <= most)
    if not fine:
        raise ValueError(f"must be {_range(least, most)} (found {text!r})")
    return value


def _range(least: float | None, most: float | None) -> str:
    if least is None and most is None:
        return "a finite number"
    if most is None:
        return f"{least:g} or more"
    return f"{most:g} at most" if least is None else f"{least:g} to {most:g}"


def _unknown(noun: str, name: str, known: list[str]) -> str:
    """A sentence about a name that nobody knows, the nearest guess first."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    guess = f"Did you mean {near[0]}? " if near else ""
    return f"there is no {noun} {name!r}. {guess}Known: {', '.join(sorted(known))}."


def _hidden(line: str) -> str:
    """A broken line's beginning: enough to find it, too little to hold a secret."""
    return repr(line.partition("?")[0].rpartition("@")[2][:60])
