"""What happened, as a value: the one noun that every room shares when something is worth telling.

An event is made where it is noticed and says everything itself. Who hears about it (a letter, the
journal, nobody) is decided later, by kind and severity. A trouble and its end share a `subject`, and
the end names in `recovers` the kind that it ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Severity = Literal["info", "warning", "error", "critical"]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `sentence` is plain words; `data` holds JSON values, units in names."""

    kind: str
    sentence: str
    severity: Severity = "info"
    subject: str = ""
    recovers: str = ""
    at_wall: datetime | None = None
    data: Mapping[str, object] = field(default_factory=dict)
