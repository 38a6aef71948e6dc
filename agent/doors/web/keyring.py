"""Who holds a key: the password, its sessions, and tokens with a scope.

| scope | may |
|---|---|
| read | look at everything that the page shows |
| control | and change mode, boost and windows, and tell of cars and meters |
| admin | and see settings and backups, restore, and make and revoke keys |

A session that the password opened has every right. `WEB_PASSWORD` in credentials.env counts before one
that was set by command; a password that changed ends every session. `WEB_TOKEN` is the scheduler's
(control). Times of day may be unknown after a start; a session's age counts only when both are known.
"""

from __future__ import annotations

import hmac
import logging
import secrets
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from threading import Lock

from agent.doors.web.keyfile import (
    SCOPES,
    KeyFile,
    KeyFileError,
    Keys,
    PasswordHash,
    Scope,
    Session,
    Token,
    digest_of,
)
from scheduler.clock import Clock

SESSION_S = 90 * 86400.0
MOST_SESSIONS = 100
MOST_TOKENS = 100
WRONG_PER_MINUTE = 5  # from one address
WRONG_FROM_ALL = 60
MOST_ADDRESSES = 1000
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 1000
PREFIX = "sunward_"
FIXED = "WEB_TOKEN"  # the one that stands in credentials.env
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: `who` in words (empty: whoever uses this computer), from where, and what they may.

    `near`: from this computer itself, and nobody says that it was passed on.
    """

    who: str
    scope: Scope
    address: str = ""
    session: str = ""
    near: bool = False
    secure: bool = False

    def may(self, scope: Scope) -> bool:
        """Whether the visitor's scope reaches that far."""
        return SCOPES.index(self.scope) >= SCOPES.index(scope)

    def words(self) -> str:
        """For the journal: who, from which address, by which door."""
        where = f"{self.address}, web" if self.address else "web"
        return f"{self.who or 'this computer'} ({where})"


class KeyRing:
    """Asks and changes the keys. `password` and `tokens` are those of credentials.env."""

    def __init__(self, clock: Clock, file: KeyFile, password: str = "", tokens: Iterable[str] = ()) -> None:
        self._clock = clock
        self._file = file
        self._fixed = tuple(Token(FIXED, "control", digest_of(text), None) for text in tokens)
        self.patience = Patience(clock)
        self._take_over(password)

    def _take_over(self, password: str) -> None:
        known = self._file.keys().password
        if password and not (known and known.set_by == "credentials" and known.fits(password)):
            fresh = PasswordHash.of(password, "credentials")
            self._file.change(lambda keys: replace(keys, password=fresh, sessions=()))
        elif not password and known and known.set_by == "credentials":
            self._file.change(lambda keys: replace(keys, password=None, sessions=()))

    def keys(self) -> Keys:
        """All keys of this instant. Raises KeyFileError."""
        return self._file.keys()

    def has_password(self) -> bool:
        """Whether a password is set; a file that can't be read counts as one that nobody knows."""
        try:
            return self._file.keys().password is not None
        except KeyFileError as error:
            log.error("%s", error)
            return True

    # --- the password and its sessions -------------------------------------------------------------

    def open(self, text: str, address: str, device: str) -> str | None:
        """A new session's secret, or None for a wrong password. Takes about 50 ms. Raises KeyFileError."""
        if not self.fits(text):
            return None
        secret, opened = self._new_session(address, device)
        self._file.change(
            lambda keys: replace(keys, sessions=(*self._young(keys)[1 - MOST_SESSIONS :], opened))
        )
        return secret

    def fits(self, text: str) -> bool:
        """Whether this is the password; takes about 50 ms. Raises KeyFileError."""
        password = self._file.keys().password
        return password is not None and password.fits(text)

    def is_password_fixed(self) -> bool:
        """Whether the password stands in credentials.env, where only its owner can change it."""
        password = self._file.keys().password
        return password is not None and password.set_by == "credentials"

    def set_password(self, text: str, address: str, device: str) -> tuple[str, Session]:
        """Set or replace the password. Every session ends; a new one's secret, and the session.

        Raises ValueError with a sentence for a text that is no good password, and KeyFileError.
        """
        check_password(text)
        fresh = PasswordHash.of(text, "page")
        secret, opened = self._new_session(address, device)
        self._file.change(lambda keys: replace(keys, password=fresh, sessions=(opened,)))
        return secret, opened

    def _new_session(self, address: str, device: str) -> tuple[str, Session]:
        secret, wall = secrets.token_urlsafe(32), self._clock.now().wall
        since_s = wall.timestamp() if wall else None
        return secret, Session(secrets.token_hex(4), digest_of(secret), since_s, address, device[:80])

    def session(self, secret: str) -> Session | None:
        """The open session with that secret. Raises KeyFileError."""
        digest = digest_of(secret)
        keys = self._file.keys()
        return next((one for one in self._young(keys) if hmac.compare_digest(one.digest, digest)), None)

    def sessions(self) -> tuple[Session, ...]:
        """Every open session. Raises KeyFileError."""
        return self._young(self._file.keys())

    def end_sessions(self, id_: str | None = None, but: str = "") -> int:
        """End one session, or all but one; how many were ended. Raises KeyFileError."""
        going = {one.id for one in self.sessions() if one.id != but and id_ in (None, one.id)}
        if going:
            self._file.change(
                lambda keys: replace(
                    keys, sessions=tuple(one for one in keys.sessions if one.id not in going)
                )
            )
        return len(going)

    def _young(self, keys: Keys) -> tuple[Session, ...]:
        wall = self._clock.now().wall
        if wall is None or keys.password is None:
            return keys.sessions if keys.password else ()
        oldest_s = wall.timestamp() - SESSION_S
        return tuple(one for one in keys.sessions if one.opened_s is None or one.opened_s > oldest_s)

    # --- tokens ------------------------------------------------------------------------------------

    def token(self, secret: str) -> Token | None:
        """The token with that secret. Raises KeyFileError."""
        digest = digest_of(secret)
        known = (*self._fixed, *self._file.keys().tokens)
        return next((one for one in known if hmac.compare_digest(one.digest, digest)), None)

    def tokens(self) -> tuple[Token, ...]:
        """Every token, that of credentials.env first. Raises KeyFileError."""
        return (*self._fixed, *self._file.keys().tokens)

    def new_token(self, name: str, scope: Scope) -> str:
        """Make a token; its secret is told this once. Raises ValueError or KeyFileError with a sentence."""
        wall = self._clock.now().wall
        secret = PREFIX + secrets.token_urlsafe(32)
        made = Token(name, scope, digest_of(secret), wall.timestamp() if wall else None)

        def add(keys: Keys) -> Keys:
            if name.casefold() == FIXED.casefold():
                raise ValueError(f"“{FIXED}” is the token of credentials.env: choose another name.")
            if any(one.name.casefold() == name.casefold() for one in keys.tokens):
                raise ValueError(f"There is a token “{name}” already: revoke it first, or choose another.")
            if len(keys.tokens) >= MOST_TOKENS:
                raise ValueError(f"There are {MOST_TOKENS} tokens already: revoke those not in use.")
            return replace(keys, tokens=(*keys.tokens, made))

        self._file.change(add)
        return secret

    def revoke_token(self, name: str) -> bool:
        """Take a token back, at once; whether there was one. Raises KeyFileError."""
        before = self._file.keys().tokens
        left = tuple(one for one in before if one.name != name)
        if len(left) < len(before):
            self._file.change(
                lambda keys: replace(keys, tokens=tuple(one for one in keys.tokens if one.name != name))
            )
        return len(left) < len(before)


def check_password(text: str) -> None:
    """Raises ValueError with a sentence for a text that is no good password."""
    if len(text) < SHORTEST_PASSWORD:
        raise ValueError(
            f"That is too short: {SHORTEST_PASSWORD} characters at least. Four words are easy to keep."
        )
    if len(text) > LONGEST_PASSWORD:
        raise ValueError(f"That is too long: {LONGEST_PASSWORD} characters at most.")


class Patience:
    """How many wrong passwords came lately, from each address and from all. Any thread may ask."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tries: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = Lock()

    def may_try(self, address: str) -> bool:
        """Note a try before its password is looked at, so that many at once don't slip through."""
        now, address = self._clock.now().mono_s, _household(address)
        with self._lock:
            lately = {key: [at for at in times if now - at < 60] for key, times in self._tries.items()}
            self._tries = OrderedDict((key, times) for key, times in lately.items() if times)
            own = self._tries.get(address, [])
            if len(own) >= WRONG_PER_MINUTE or sum(map(len, self._tries.values())) >= WRONG_FROM_ALL:
                return False
            self._tries[address] = [*own, now]
            self._tries.move_to_end(address)
            while len(self._tries) > MOST_ADDRESSES:
                self._tries.popitem(last=False)
            return True

    def forgive(self, address: str) -> None:
        """The password was right."""
        with self._lock:
            self._tries.pop(_household(address), None)

    def is_worn(self, address: str) -> bool:
        """Whether that address has just used up its tries."""
        return len(self._tries.get(_household(address), [])) >= WRONG_PER_MINUTE


def _household(address: str) -> str:
    """Whose tries are counted together: an IPv6 guest has a whole /64 of addresses to try from."""
    try:
        return str(ip_network((ip_address(address), 64), strict=False)) if ":" in address else address
    except ValueError:
        return address
