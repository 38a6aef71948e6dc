"""The keys to an account's cloud: kept in a file, renewed early, by one at a time, and never lost.

A sign-in gives two tokens: `access` opens the API for some hours, `refresh` gets the next pair and, with
Tesla, can be used once only. So a pair that is lost means that a person must sign in again, and:

* the file is replaced whole or not at all, mode 0600, and read again under a lock before each renewal: of
  two processes that find the token old, the second finds the first one's new pair;
* only a complete, good answer replaces a pair; an error page never does;
* nothing is renewed while the disk could not take the answer;
* the former pair is kept beside the new one until a call with the new one has worked;
* a pair is renewed long before it ends, so a cloud that is down for an hour is no trouble;
* a failed renewal is tried again with patience, and one that needs a person (`dead`) not at all.

Times are seconds since 1970 (`now_s`), told by the caller.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from scheduler.cars.model import Json, NotNow, SignInNeeded
from scheduler.kept import KeepError, write_atomically

EARLY_S = 2 * 3600.0  # renewed so long before its end, or at half of a shorter life
USUAL_LIFE_S = 8 * 3600.0
ROOM_BYTES = 20_000  # two pairs of long tokens, and the table around them
REFRESH_LIFE_S = 90 * 86400.0  # after so long without any renewal, the refresh token is worth nothing
FIRST_PATIENCE_S, LONGEST_PATIENCE_S = 60.0, 3600.0

Renew = Callable[[str], Json]


@dataclass(frozen=True, slots=True)
class Pair:
    """An access and a refresh token; `ends_s` is when the access token ends."""

    access: str
    refresh: str
    ends_s: float
    made_s: float

    @property
    def early_s(self) -> float:
        """From when on it should be renewed."""
        return max(self.ends_s - EARLY_S, (self.made_s + self.ends_s) / 2)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the file holds. `former` is the pair before, until the new one has `worked`."""

    pair: Pair | None = None
    former: Pair | None = None
    failures: int = 0
    failed_s: float = 0.0
    trouble: str = ""
    dead: bool = False  # only a new sign-in helps


class Tokens:
    """One account's tokens. `renew(refresh_token)` asks the service; it may raise NotNow, SignInNeeded."""

    def __init__(self, path: Path, renew: Renew, how: str, *, dry_run: bool = False) -> None:
        self.path = path
        self.how = how  # what a person types to sign in again
        self._renew = renew
        self._dry_run = dry_run

    def access(self, now_s: float) -> str:
        """A token that opens the API now. Raises SignInNeeded or NotNow."""
        kept = self.kept()
        if kept.pair is None:
            raise SignInNeeded(f"Nobody is signed in yet. Type: {self.how}")
        if now_s < kept.pair.early_s or self._dry_run:
            return kept.pair.access
        return self._renewed(kept.pair.access, now_s)

    def refused(self, access: str, now_s: float) -> str:
        """Another token than this one, which the API did not take. Raises SignInNeeded or NotNow."""
        return self._renewed(access, now_s, refused=True)

    def former(self, access: str, now_s: float) -> str | None:
        """The token before this one, while it has not worked yet and the former is still good."""
        kept = self.kept()
        if kept.pair is None or kept.pair.access != access or kept.former is None:
            return None
        return kept.former.access if now_s < kept.former.ends_s else None

    def worked(self, access: str) -> None:
        """The API took this token: the former pair isn't needed any more."""
        kept = self.kept()
        if kept.former is not None and kept.pair is not None and kept.pair.access == access:
            with self._alone():
                kept = self.kept()
                if kept.pair is not None and kept.pair.access == access:
                    self._write(replace(kept, former=None))

    def put(self, reply: Json, now_s: float) -> Pair:
        """Keep the pair of a fresh sign-in. Raises NotNow for a reply that holds none."""
        pair = read_reply(reply, now_s)
        with self._alone():
            self._write(Kept(pair=pair, former=self.kept().pair))
        return pair

    def kept(self) -> Kept:
        """What the file holds now; a damaged one is as none, but stays where it is. Raises KeepError."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return Kept()
        except OSError as error:
            raise KeepError(f"{self.path} can't be read: {error.strerror}.") from None
        return _kept_from(found)

    def _renewed(self, seen: str, now_s: float, *, refused: bool = False) -> str:
        """Renew under the lock, unless somebody else has done it meanwhile."""
        with self._alone():
            kept = self.kept()
            pair = kept.pair
            if pair is None:
                raise SignInNeeded(f"Nobody is signed in yet. Type: {self.how}")
            if pair.access != seen:
                return pair.access
            good = now_s < pair.ends_s and not refused
            waits = kept.failures and 0 <= now_s - kept.failed_s < patience_s(kept.failures)
            if kept.dead or waits or self._dry_run:
                return self._stopgap(kept, pair, good)
            try:
                self._make_room()
            except KeepError as error:
                return self._stopgap(replace(kept, trouble=f"The sign-in waits: {error}"), pair, good)
            try:
                reply = self._ask(kept, pair)
                new = read_reply(reply, now_s, refresh=pair.refresh)
            except (NotNow, SignInNeeded) as error:
                dead = isinstance(error, SignInNeeded)
                kept = replace(
                    kept, failures=kept.failures + 1, failed_s=now_s, trouble=str(error), dead=dead
                )
                self._write(kept)
                return self._stopgap(kept, pair, good)
            self._write(Kept(pair=new, former=pair))
            return new.access

    def _ask(self, kept: Kept, pair: Pair) -> Json:
        """A renewal; a pair that never worked and can't be renewed gives the former one a try."""
        try:
            return self._renew(pair.refresh)
        except SignInNeeded:
            if kept.former is None or kept.former.refresh == pair.refresh:
                raise
            return self._renew(kept.former.refresh)

    def _stopgap(self, kept: Kept, pair: Pair, good: bool) -> str:
        """The old token as long as it is good; otherwise the trouble, as it was."""
        if good:
            return pair.access
        if kept.dead:
            raise SignInNeeded(f"{kept.trouble} Type: {self.how}")
        raise NotNow(kept.trouble or "The token is old, and is not renewed now.", everything=True)

    def _make_room(self) -> None:
        """A refresh token works once: none is spent while the answer could not be kept. Raises KeepError."""
        trial = self.path.with_suffix(".room")
        write_atomically(trial, "x" * ROOM_BYTES)
        trial.unlink(missing_ok=True)

    def _write(self, kept: Kept) -> None:
        write_atomically(self.path, json.dumps(asdict(kept), indent=1) + "\n", sure=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait until no other thread or process holds this account's lock; the system frees a dead one's."""
        lock = self.path.with_suffix(".lock")
        try:
            lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise KeepError(f"{lock} can't be opened: {error.strerror}. Who owns the state folder?") from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)


def patience_s(failures: int) -> float:
    """How long a renewal rests after so many failures in a row."""
    return min(FIRST_PATIENCE_S * 2.0 ** min(failures - 1, 20), LONGEST_PATIENCE_S)


def read_reply(reply: Json, now_s: float, refresh: str = "") -> Pair:
    """The pair of a sign-in service's answer; without a new refresh token the old one goes on.

    Raises NotNow for anything that isn't complete: it must never replace a good pair.
    """
    access, new = reply.get("access_token"), reply.get("refresh_token") or refresh
    life = reply.get("expires_in", USUAL_LIFE_S)
    fine = isinstance(access, str) and isinstance(new, str) and isinstance(life, int | float)
    if not fine or not access or not new or isinstance(life, bool) or not math.isfinite(life) or life <= 0:
        raise NotNow("The sign-in service's answer holds no tokens; the old ones are kept.")
    return Pair(access, new, now_s + float(life), now_s)


def _kept_from(found: Any) -> Kept:
    if not isinstance(found, dict):
        return Kept()
    failures, failed_s = found.get("failures"), found.get("failed_s")
    return Kept(
        pair=_pair_from(found.get("pair")),
        former=_pair_from(found.get("former")),
        failures=failures if isinstance(failures, int) else 0,
        failed_s=float(failed_s) if isinstance(failed_s, int | float) else 0.0,
        trouble=str(found.get("trouble") or ""),
        dead=found.get("dead") is True,
    )


def _pair_from(found: Any) -> Pair | None:
    try:
        return Pair(
            str(found["access"]), str(found["refresh"]), float(found["ends_s"]), float(found["made_s"])
        )
    except (KeyError, TypeError, ValueError):
        return None
