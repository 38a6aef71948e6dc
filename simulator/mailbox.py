"""The owner's mailbox in the simulated house: letters that came over real SMTP, to be read on a page."""

from __future__ import annotations

import email
import email.policy
import threading
from collections import deque
from dataclasses import dataclass, replace
from email.message import EmailMessage

MOST_LETTERS = 200


@dataclass(frozen=True, slots=True)
class Mail:
    """One letter as it arrived. `copies`: how often the same Message-ID came; `number`: its place in all."""

    message_id: str
    sender: str
    to: str
    subject: str
    date: str
    text: str
    html: str
    raw: bytes
    copies: int = 1
    number: int = 0


def read_mail(raw: bytes, sender: str, to: str) -> Mail:
    """A letter out of the bytes of its DATA."""
    message = email.message_from_bytes(raw, _class=EmailMessage, policy=email.policy.default)
    return Mail(
        str(message["Message-ID"] or ""),
        sender,
        to,
        str(message["Subject"] or "").strip(),  # a long one is folded, and its first line is empty
        str(message["Date"] or ""),
        _body(message, "plain"),
        _body(message, "html"),
        raw,
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else ""


class Mailbox:
    """Letters, newest last, bounded; a second copy is counted, not listed. Safe from any thread."""

    def __init__(self) -> None:
        self._letters: deque[Mail] = deque(maxlen=MOST_LETTERS)
        self._lock = threading.Lock()
        self.arrived = 0

    def put(self, raw: bytes, sender: str, to: str) -> None:
        """Take one delivery."""
        mail = read_mail(raw, sender, to)
        with self._lock:
            self.arrived += 1
            for place, known in enumerate(self._letters):
                if mail.message_id and (known.message_id, known.to) == (mail.message_id, to):
                    self._letters[place] = replace(known, copies=known.copies + 1)
                    return
            self._letters.append(replace(mail, number=self.arrived))

    def letters(self) -> list[Mail]:
        """All letters, oldest first."""
        with self._lock:
            return list(self._letters)
