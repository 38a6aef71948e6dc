"""Letters out of items: a subject, plain text and HTML that read well on a phone. Pure.

The words come from the events and the catalogue, the layout from `templates/`. The same items always
give the same letter, so a letter that is sent twice is the same twice. Nothing gets in without having
passed the redactor.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Literal

from notify import TEMPLATES
from notify.events import SEVERITIES, Severity, kind_of
from notify.figures import Figures
from notify.items import Item
from notify.redact import Redactor

if TYPE_CHECKING:
    from jinja2 import Environment

Form = Literal["letter", "digest", "test"]
LONGEST_SUBJECT = 90
SHORTEST_CLAUSE = 20  # of a subject that is cut where a statement ends
FOR_PROGRAMS = ("charger", "vin")  # the sentence has their names
COLOURS: Mapping[Severity | Literal["good"], str] = {
    "critical": "#c62828",
    "error": "#d9602b",
    "warning": "#d79a00",
    "info": "#3c78b4",
    "good": "#2e8b57",
}


@dataclass(frozen=True, slots=True)
class Letter:
    """What a channel is given to send. `message_id` stays the same for each attempt."""

    message_id: str
    made: datetime
    subject: str
    text: str
    html: str
    severity: Severity = "info"


@dataclass(frozen=True, slots=True)
class Style:
    """How this house writes: its name, its numbers and times, what it hides."""

    site: str = "sunward"
    figures: Figures = field(default_factory=Figures)
    redact: Redactor = field(default_factory=Redactor)


@dataclass(frozen=True, slots=True)
class Entry:
    """One item in words, as the templates see it."""

    title: str
    sentence: str
    when: str
    lines: tuple[tuple[str, str], ...]
    colour: str
    severity: Severity


def write(items: Sequence[Item], form: Form, message_id: str, made: datetime, style: Style) -> Letter:
    """The letter that tells `items` (at least one), the worst first."""
    entries = [_entry(item, made, style) for item in items]
    subject = _subject(entries, items, form, made, style)
    worst = max((item.severity for item in items), key=SEVERITIES.index)
    given = {
        "entries": entries,
        "subject": subject,
        "site": _line(style.redact.text(style.site)),
        "form": form,
    }
    return Letter(
        message_id,
        made,
        subject,
        _environment().get_template("letter.txt").render(given),
        _environment().get_template("letter.html").render(given),
        worst,
    )


@cache
def _environment() -> Environment:
    """Made for the first letter: a program that only notes events never imports jinja2."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _entry(item: Item, made: datetime, style: Style) -> Entry:
    good = item.role == "over"
    sentence = _line(style.redact.text(item.sentence))
    data = {name: value for name, value in item.data.items() if name not in FOR_PROGRAMS}
    lines = ((_line(a), _line(b)) for a, b in style.figures.lines(style.redact.data(data), made))
    return Entry(
        "And more" if item.kind == "more" else _line(style.redact.text(kind_of(item.kind).title)),
        sentence,
        _when(item, made, style.figures),
        tuple((label, value) for label, value in lines if not _says(sentence, value)),
        COLOURS["good" if good else item.severity],
        item.severity,
    )


def _says(sentence: str, value: str) -> bool:
    """Whether a sentence holds a value already, as words of its own."""
    return bool(re.search(rf"(?<![\w.,]){re.escape(value)}(?![\w]|[.,]\d)", sentence))


def _when(item: Item, made: datetime, figures: Figures) -> str:
    first, last = figures.time(item.first, made), figures.time(item.last, made)
    times = f"{figures.number(item.count)} times" if item.count > 1 else ""
    if item.role == "over" and item.began:
        began, lasted = figures.time(item.began, made), figures.duration(_span_s(item.began, item.last))
        return _joined(f"From {began} to {last}", lasted, times)
    if item.role == "brief":
        return _joined(f"Came and went: {first} to {last}", times)
    if item.role == "trouble":
        return _joined(f"Since {first}", f"{times}, last {last}" if times else "")
    return _joined(f"{first} to {last}" if first != last else first, times)


def _span_s(begin: datetime, end: datetime) -> float:
    return (end - begin).total_seconds()


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _subject(entries: list[Entry], items: Sequence[Item], form: Form, made: datetime, style: Style) -> str:
    site = _line(style.redact.text(style.site))
    local = made.astimezone(style.figures.zone)
    if form == "digest":
        count = f"{len(items)} notices" if len(items) > 1 else "one notice"
        return f"{site}: {local:%A} {local.day} {local:%B}, {count}"
    first = entries[0]
    words = first.sentence or first.title
    if items[0].count > 1 and items[0].role != "over":
        words += f" ({style.figures.number(items[0].count)} times)"
    mark = "⚠ " if first.severity == "critical" and items[0].role != "over" else ""
    room = LONGEST_SUBJECT - len(site)
    more = f" +{len(items) - 1} more" if len(items) > 1 else ""
    return f"{mark}{site}: {_shortened(words, max(30, room - len(more)))}{more}"


def _shortened(words: str, room: int) -> str:
    if len(words) <= room:
        return words
    whole = max(words.rfind(mark, SHORTEST_CLAUSE, room + 1) for mark in (": ", "; ", ". "))
    if whole > 0:  # a statement of its own is better than one that breaks off
        return words[:whole]
    return words[: room - 1].rsplit(" ", 1)[0].rstrip(",;:.") + "…"


def _line(text: str) -> str:
    """One line of printable text: no line ends, no control characters, no lone surrogates."""
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return " ".join("".join(char if char.isprintable() else " " for char in clean).split())
