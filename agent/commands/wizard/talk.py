"""Asking: a person at a terminal (also over ssh: plain lines, nothing drawn), or a file of answers.

Every question has a key, such as `bus.port`. The file of answers is TOML with the same keys:

    [bus]
    port = "/dev/serial/by-id/usb-..."
    breaker_amps = 20

A step whose table is not in the file is skipped; a question without an answer takes what the wizard proposes.
"""

from __future__ import annotations

import difflib
import getpass
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from notify.settings import SettingsError, read_toml

T = TypeVar("T")
Read = Callable[[str], T]

ANSWERS: Mapping[str, tuple[str, ...]] = {
    "house": ("name", "timezone", "phases", "volts", "main_fuse_amps"),
    "bus": ("port", "breaker_amps", "chargers"),
    "chargers": (),  # [chargers.3201]: see CHARGER
    "meters": ("address", "positive", "grid", "solar", "battery", "house"),
    "letters": ("to", "from", "host", "security", "port", "user", "password", "test"),
    "tesla": ("back_end", "region", "client_id", "redirect_url", "client_secret", "paste", "vins"),
    "page": ("network", "port", "password"),
    "finish": ("write", "overwrite", "doctor"),
    "secrets": (),  # any NAME of credentials.env that a meter's line names
}
CHARGER = ("name", "max_amps", "phases")
STEPS = ("house", "bus", "meters", "letters", "tesla", "page")
NAMES = ("chargers", "secrets")  # their keys are ids and names, not ours
SECRET_KEYS = ("password", "client_secret", "paste")
YES, NO = ("y", "yes", "true"), ("n", "no", "false")


class Ended(Exception):
    """The person is gone, or an answer can't be used: the text is a sentence, and nothing was written."""


class Talk(Protocol):
    """Who answers. `patient`: may be asked the same thing again."""

    patient: bool

    def say(self, text: str = "") -> None:
        """Tell something."""
        ...

    def wants(self, step: str, title: str, about: str) -> bool:
        """Announce a step; False skips it. Raises Ended."""
        ...

    def ask(self, key: str, question: str, read: Read[T], proposal: str | None = None) -> T:
        """An answer that `read` understands (it raises ValueError with a sentence). Raises Ended."""
        ...

    def yes(self, key: str, question: str, proposal: bool) -> bool:
        """Yes or no. Raises Ended."""
        ...

    def secret(self, key: str, question: str) -> str:
        """Something that is not shown; empty when none is given. Raises Ended."""
        ...


def yes_or_no(text: str) -> bool:
    """Read y or n. Raises ValueError."""
    if text.strip().lower() not in (*YES, *NO):
        raise ValueError("Write y or n.")
    return text.strip().lower() in YES


class Terminal:
    """A person who reads and types lines."""

    patient = True

    def say(self, text: str = "") -> None:
        """Print a line."""
        print(text, flush=True)

    def wants(self, step: str, title: str, about: str) -> bool:
        """The step's title; Enter goes on, s skips."""
        self.say(f"\n── {STEPS.index(step) + 1} of {len(STEPS)} · {title} ──\n{about}")
        return self.ask(step, "Enter to go on, s to skip", _goes_on, "")

    def ask(self, key: str, question: str, read: Read[T], proposal: str | None = None) -> T:
        """Ask until the answer can be read; Enter takes what stands in brackets."""
        shown = f" [{proposal}]" if proposal else ""
        while True:
            text = self._line(f"{question}{shown}: ").strip()
            if not text and proposal is None:
                self.say("  This needs an answer. (Ctrl-C ends; nothing is written.)")
                continue
            try:
                return read(text or proposal or "")
            except ValueError as error:
                self.say(f"  {error}")

    def yes(self, key: str, question: str, proposal: bool) -> bool:
        """y or n."""
        return self.ask(key, f"{question} (y/n)", yes_or_no, "y" if proposal else "n")

    def secret(self, key: str, question: str) -> str:
        """Typed unseen at a terminal; a plain line from a pipe."""
        if not sys.stdin.isatty():
            return self._line(f"{question}: ").strip()
        try:
            return getpass.getpass(f"{question} (not shown): ").strip()
        except EOFError:
            raise Ended("The input ended.") from None

    def _line(self, prompt: str) -> str:
        print(prompt, end="", flush=True)
        line = sys.stdin.readline()
        if not line:
            raise Ended("The input ended.")
        return line


def _goes_on(text: str) -> bool:
    if text.strip().lower() not in ("", "s", "skip"):
        raise ValueError("Press Enter to go on, or type s to skip this step.")
    return not text.strip()


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

    def secret(self, key: str, question: str) -> str:
        """The answer, or nothing."""
        return self._text(key) or ""

    def _text(self, key: str) -> str | None:
        found: Any = self._tables
        for part in key.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        if found is None:
            return None
        if isinstance(found, bool):
            return "y" if found else "n"
        return ", ".join(map(str, found)) if isinstance(found, list) else str(found)


def read_answers(path: Path) -> Answers:
    """A file of answers. Raises SettingsError with every key that nobody will ask for."""
    tables = read_toml(path)
    problems = list(_unknown(tables))
    holds_secrets = "secrets" in tables or any(
        key in SECRET_KEYS for table in tables.values() if isinstance(table, dict) for key in table
    )
    mode = stat.S_IMODE(path.stat().st_mode)
    if holds_secrets and mode & 0o077:
        problems.append(f"{path} holds secrets and can be read by others. Type: chmod 600 {path}")
    if problems:
        raise SettingsError(problems)
    return Answers(tables)


def _unknown(tables: Mapping[str, Any]) -> Iterator[str]:
    for step, table in tables.items():
        if step not in ANSWERS:
            yield f"{step}: there is no such step.{_near(step, ANSWERS)}"
        elif not isinstance(table, dict):
            yield f"{step}: is a table of answers: write [{step}]."
        elif step == "chargers":
            for charger, answers in table.items():
                known = answers if isinstance(answers, dict) else {"": ""}
                yield from (
                    f"chargers.{charger}.{key}: no question has this key.{_near(key, CHARGER)}"
                    for key in known
                    if key not in CHARGER
                )
        elif step not in NAMES:
            yield from (
                f"{step}.{key}: no question has this key.{_near(key, ANSWERS[step])}"
                for key in table
                if key not in ANSWERS[step]
            )


def _near(word: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, list(known), 1, 0.5)
    return f" Did you mean {near[0]}?" if near else f" Known: {', '.join(known)}."
