"""What a person has typed so far: proposed again after going back, Ctrl-C, or a connection that was lost.

It is kept by question and by what was proposed there: once an answer before has changed the proposal (a
smaller breaker, another mail server), the new proposal counts and not the old answer. It holds no secrets.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from scheduler.kept import KeepError, write_atomically

SUFFIX = ".unfinished"


class Given:
    """Answers by key and proposal. The file is there only while a person's set-up is unfinished."""

    def __init__(self, settings: Path, *, of_a_person: bool = True) -> None:
        self.path = settings.with_name(settings.name + SUFFIX)
        self._known: dict[str, dict[str, str]] = {}
        try:
            found = json.loads(self.path.read_text("utf-8")) if of_a_person else {}
        except (OSError, ValueError):
            found = {}
        for key, answers in found.items() if isinstance(found, dict) else ():
            if isinstance(answers, dict):
                self._known[str(key)] = {str(one): str(text) for one, text in answers.items()}

    def __bool__(self) -> bool:
        return bool(self._known)

    def instead_of(self, key: str, proposal: str | None) -> str | None:
        """What was answered to this proposal before, and to that answer when it was proposed, and so on."""
        known, seen = self._known.get(key, {}), set[str]()
        while (proposal or "") in known and (proposal or "") not in seen:
            seen.add(proposal or "")
            proposal = known[proposal or ""]
        return proposal

    def keep(self, key: str, proposal: str | None, text: str) -> None:
        """Remember an answer, also on disk; a disk that is full or not ours is no trouble here."""
        if not key or not text:
            return
        known = self._known.setdefault(key, {})
        known.pop(text, None)
        known[proposal or ""] = text
        with suppress(KeepError, OSError):
            write_atomically(self.path, json.dumps(self._known, ensure_ascii=False, indent=1) + "\n")

    def forget(self) -> None:
        """Both files are written: nothing is unfinished any more."""
        self._known.clear()
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
