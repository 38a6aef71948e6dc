"""The keys to the web door as they are kept: the password's hash, open sessions, API tokens.

`access.json` in the state folder, readable by its owner alone. The running agent and the commands change
it both, so each change is read, made and written under one lock, and the file is replaced whole. No secret
is in it: the password went through scrypt, sessions and tokens (256 random bits) through SHA-256.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Literal

Scope = Literal["read", "control", "admin"]
SCOPES: tuple[Scope, ...] = ("read", "control", "admin")
Origin = Literal["command", "credentials", "page"]
NAME = "access.json"
SCRYPT = {"n": 2**14, "r": 8, "p": 1}


class KeyFileError(Exception):
    """The keys can't be read or kept; the text is a sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A password that nobody can read back; `set_by` is where it was set."""

    salt: str
    digest: str
    set_by: Origin = "command"

    @classmethod
    def of(cls, text: str, set_by: Origin = "command") -> PasswordHash:
        """Hash a password; takes about 50 ms, as each try does."""
        salt = secrets.token_bytes(16)
        return cls(salt.hex(), _scrypt(text, salt).hex(), set_by)

    def fits(self, text: str) -> bool:
        """Whether this is the password."""
        return hmac.compare_digest(_scrypt(text, bytes.fromhex(self.salt)).hex(), self.digest)


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that logged in. `opened_s` counts from 1970; None: the time was not known then."""

    id: str
    digest: str
    opened_s: float | None
    address: str
    device: str


@dataclass(frozen=True, slots=True)
class Token:
    """One program's key; `made_s` as above."""

    name: str
    scope: Scope
    digest: str
    made_s: float | None


@dataclass(frozen=True, slots=True)
class Keys:
    """Everything that opens the door."""

    password: PasswordHash | None = None
    sessions: tuple[Session, ...] = ()
    tokens: tuple[Token, ...] = ()


class KeyFile:
    """The keys at `path`; without a path they live in memory only (tests, a house that forgets)."""

    def __init__(self, path: Path | None, told: Callable[[str], None] | None = None) -> None:
        """`told` hears a sentence for each change that another process made, once it is noticed."""
        self.path = path
        self._told = told
        self._known = Keys()
        self._stamp: tuple[int, ...] | None = None
        self._lock = Lock()

    def keys(self) -> Keys:
        """The keys of this instant; looks at the file only when it has changed. Raises KeyFileError."""
        if self.path is None:
            return self._known
        try:
            with self._lock:
                for sentence in self._read(self.path):
                    if self._told:
                        self._told(sentence)
        except OSError as error:
            raise KeyFileError(f"{self.path} can't be read ({error.strerror}): who owns it?") from None
        except (ValueError, KeyError, TypeError):
            raise KeyFileError(
                f"{self.path} is damaged, so nobody is let in. Take it away, and set the password anew with: "
                "./sunward agent password"
            ) from None
        return self._known

    def _read(self, path: Path) -> tuple[str, ...]:
        """Take in what has changed; a sentence for each thing that another process did."""
        try:
            found = path.stat()
            stamp: tuple[int, ...] = (found.st_mtime_ns, found.st_ino, found.st_size)
            if stamp == self._stamp:
                return ()
            known = _from_json(json.loads(path.read_text("utf-8")))
        except FileNotFoundError:
            known, stamp = Keys(), ()
        before, self._known = self._known, known
        is_first, self._stamp = self._stamp is None, stamp
        return () if is_first else tuple(_differences(before, known))

    def change(self, make: Callable[[Keys], Keys]) -> Keys:
        """Replace the keys by what `make` makes of them; they are on the disk then. Raises KeyFileError."""
        if self.path is None:
            self._known = make(self._known)
            return self._known
        try:
            with _alone(self.path):
                after = make(self.keys())
                with self._lock:
                    _write(self.path, json.dumps(asdict(after), indent=1))
                    self._stamp = None  # our own doing is told by whoever asked for it
                    self._read(self.path)
        except OSError as error:
            raise KeyFileError(f"{self.path} can't be written ({error.strerror}). Nothing changed.") from None
        return self.keys()


def _differences(before: Keys, after: Keys) -> Iterator[str]:
    by = "by a command on this computer"
    if after.password != before.password:
        what = "taken away" if after.password is None else "changed" if before.password else "set"
        yield f"The page's password was {what} {by}."
    names = {one.name for one in before.tokens}, {one.name for one in after.tokens}
    for token in (one for one in after.tokens if one.name not in names[0]):
        yield f"The token “{token.name}” was made {by}, scope {token.scope}."
    for name in sorted(names[0] - names[1]):
        yield f"The token “{name}” was revoked {by}."


def digest_of(secret: str) -> str:
    """How a session's or token's secret is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _scrypt(text: str, salt: bytes) -> bytes:
    return hashlib.scrypt(text.encode(), salt=salt, maxmem=64 * 1024 * 1024, **SCRYPT)


def _from_json(kept: Any) -> Keys:
    password = kept["password"]
    tokens = tuple(Token(**one) for one in kept["tokens"])
    if any(token.scope not in SCOPES for token in tokens):
        raise ValueError("unknown scope")
    return Keys(
        PasswordHash(**password) if password else None,
        tuple(Session(**one) for one in kept["sessions"]),
        tokens,
    )


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_suffix(".lock"), "w", opener=_private) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(path: Path, text: str) -> None:
    beside = path.with_suffix(".new")
    with open(beside, "w", encoding="utf-8", opener=_private) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _private(name: str, flags: int) -> int:
    """For the owner alone. What root makes belongs to the folder's owner: the agent must read it."""
    number = os.open(name, flags, 0o600)
    if os.geteuid() == 0:
        folder = os.stat(os.path.dirname(name) or ".")
        os.fchown(number, folder.st_uid, folder.st_gid)
    return number
