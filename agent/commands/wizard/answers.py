"""A file of answers instead of a person: TOML whose keys are those of the questions (docs/setup.md).

    [bus]
    port = "/dev/serial/by-id/usb-..."
    breaker_amps = 20

A step whose table is not in the file is skipped; a question without an answer takes what the wizard proposes.
A key that no question has is refused before anything is asked.
"""

from __future__ import annotations

import difflib
import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from agent.commands.wizard.talk import SECRET_KEYS, Ended, Read, T, yes_or_no
from notify.settings import SettingsError, read_toml

TABLES = """
house            name timezone phases volts main_fuse_amps
bus              port breaker_amps chargers
chargers         name max_amps phases
meters           address positive grid solar battery house
tariff           kind currency price feed_in periods holidays zone product region home token formula
tariff           cheap_hours ready_by
tariff.periods   name months days from to price
forecast         latitude longitude planes service degrees
forecast.planes  kwp tilt azimuth
tesla            back_end region client_id redirect_url client_secret paste proxy cert ble teslamate
tesla            teslamate_user teslamate_password vins
cars             name teslamate
battery          site service gateway wifi password meter periods reserve holidays
battery.periods  name months days from to reserve
thermostats      user password devices months days from to steps precool precool_from setpoint battery_below
thermostats      hotter_than lowest highest holidays
letters          to from host security port user password test
page             network port password
finish           write overwrite doctor
secrets
"""
NAMED = ("chargers", "cars")  # tables of tables: [chargers.ID], [cars.VIN]
FREE = ("secrets",)  # any NAME of credentials.env that a meter's line names


def _keys() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, *keys in (line.split() for line in TABLES.strip().splitlines()):
        found.setdefault(name, []).extend(keys)
    return found


KEYS = _keys()
STEP_KEYS = {name: keys for name, keys in KEYS.items() if "." not in name}


class Answers:
    """Answers out of a file; whatever is asked and answered is printed, secrets not."""

    patient = False

    def __init__(self, tables: Mapping[str, Any]) -> None:
        self._tables = tables

    def say(self, text: str = "") -> None:
        """Print a line."""
        print(text, flush=True)

    def wants(self, step: str, title: str, about: str) -> bool:
        """A step is wanted when its table is there."""
        there = step in self._tables
        self.say(f"\n── {title} ──" if there else f"\n── {title}: skipped, no [{step}] among the answers ──")
        return there

    def ask(self, key: str, question: str, read: Read[T], proposal: str | None = None) -> T:
        """The answer, or the proposal. Raises Ended where there is neither, or it can't be used."""
        text = self._text(key)
        if text is None:
            text = proposal
        if text is None:
            raise Ended(f"{key}: is missing among the answers. The question is: {question}")
        try:
            value = read(text)
        except ValueError as error:
            raise Ended(f"{key}: {error}") from None
        self.say(f"{question}: {'...' if key.endswith(SECRET_KEYS) else text or '(nothing)'}")
        return value

    def yes(self, key: str, question: str, proposal: bool) -> bool:
        """The answer, or the proposal."""
        return self.ask(key, question, yes_or_no, "y" if proposal else "n")

    def count(self, key: str, question: str, proposal: int) -> int:
        """How many tables there are, or the proposal."""
        found = self._value(key)
        return len(found) if isinstance(found, list) else proposal

    def secret(self, key: str, question: str) -> str:
        """The answer, or nothing."""
        return self._text(key) or ""

    def _text(self, key: str) -> str | None:
        found = self._value(key)
        if found is None:
            return None
        if isinstance(found, bool):
            return "y" if found else "n"
        return ", ".join(map(str, found)) if isinstance(found, list) else str(found)

    def _value(self, key: str) -> Any:
        """What the file holds; `battery.periods.2.from` is of the second of its tables."""
        found: Any = self._tables
        for part in key.split("."):
            if isinstance(found, list):
                found = found[int(part) - 1] if part.isdecimal() and 0 < int(part) <= len(found) else None
            else:
                found = found.get(part) if isinstance(found, Mapping) else None
        return found


def read_answers(path: Path) -> Answers:
    """A file of answers. Raises SettingsError with every key that nobody will ask for."""
    tables = read_toml(path)
    problems = list(unknown(tables))
    holds_secrets = "secrets" in tables or any(
        key.endswith(SECRET_KEYS) for table in tables.values() if isinstance(table, dict) for key in table
    )
    mode = stat.S_IMODE(path.stat().st_mode)
    if holds_secrets and mode & 0o077:
        problems.append(f"{path} holds secrets and can be read by others. Type: chmod 600 {path}")
    if problems:
        raise SettingsError(problems)
    return Answers(tables)


def unknown(tables: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for everything in a file of answers that no question asks for."""
    for step, table in tables.items():
        if step not in STEP_KEYS:
            yield f"{step}: there is no such step.{_near(step, STEP_KEYS)}"
        elif not isinstance(table, dict):
            yield f"{step}: is a table of answers: write [{step}]."
        elif step in NAMED:
            for name, answers in table.items():
                if isinstance(answers, dict):
                    yield from _strange(f"{step}.{name}", answers, KEYS[step])
                else:
                    yield f"{step}.{name}: is a table of answers: write [{step}.{name}]."
        elif step not in FREE:
            yield from _strange(step, table, KEYS[step])
            for key in table:
                yield from _rows(f"{step}.{key}", table[key])


def _rows(key: str, found: Any) -> Iterator[str]:
    if key not in KEYS:
        return
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        yield f"{key}: are tables of answers: write [[{key}]]."
        return
    for number, row in enumerate(found, 1):
        yield from _strange(f"{key}[{number}]", row, KEYS[key])


def _strange(where: str, found: Mapping[str, Any], known: Collection[str]) -> Iterator[str]:
    yield from (
        f"{where}.{key}: no question has this key.{_near(key, known)}" for key in found if key not in known
    )


def _near(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, list(known), 1, 0.5)
    return f" Did you mean {near[0]}?" if near else f" Known: {', '.join(known)}."
