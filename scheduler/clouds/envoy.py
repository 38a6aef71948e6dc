"""Keeps the token of an Enphase gateway at home fresh, so that the agent's `enphase` driver never loses it.

    POST login_url/login/login.json    user[email], user[password]              -> session_id
    POST token_url/tokens              {session_id, serial_num, username}       -> the token, as plain text

The gateway (firmware 7 and later) lets nobody read it without. An owner's token lives a year, an
installer's 12 h; its end stands inside (`exp`), and it is renewed when less than 30 days, or a quarter of
its life, are left. It is written whole or not at all, mode 0600, into the state folder, where the driver
reads it again as soon as it has changed: `enphase://192.168.0.50?token_file=envoy.token`.

Log-ins are counted, six a day at most, and after a refusal one a day until the credentials change: accounts
lock themselves. Source: Enphase's technical brief "IQ Gateway local APIs or UI access using token".
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from scheduler.clouds.policy import Ledger, Pace
from scheduler.clouds.settings import EnvoySettings
from scheduler.clouds.web import CloudBusy, CloudPoor, CloudRefused, Web
from scheduler.jobs import Context, Job, JobFailed
from scheduler.kept import write_atomically

RENEW_AHEAD_S = 30 * 86400.0
REFUSED_REST_S = 86400.0
RENEW_SHARE = 0.25  # of a short life
LOGINS = Pace(3600.0, 3600.0, 6)
EVERY_S = 3600.0
_JWT = re.compile(r"[A-Za-z0-9_-]{1,4000}\.[A-Za-z0-9_-]{1,4000}\.[A-Za-z0-9_-]{1,4000}")


@dataclass(frozen=True, slots=True)
class Token:
    """A token and its life, in seconds since 1970."""

    text: str = field(repr=False)
    begins: float
    ends: float

    def wants_renewal(self, now: float) -> bool:
        """Whether it is time."""
        return self.ends - now < min(RENEW_AHEAD_S, RENEW_SHARE * (self.ends - self.begins))


def understand(text: str) -> Token | None:
    """A token with its own dates (its signature is the gateway's business); None for anything else."""
    text = text.strip()
    if not _JWT.fullmatch(text):
        return None
    middle = text.split(".")[1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        ends = float(claims["exp"])
        begins = float(claims.get("iat", ends - 365 * 86400.0))
    except (binascii.Error, ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None
    return Token(text, begins, ends) if ends - begins > 0 else None


def job(section: EnvoySettings, secrets: Mapping[str, str]) -> Job:
    """The job of this house's gateway."""
    about = f"keeps the gateway's token fresh ({section.file} in the state folder)"
    return Job("envoy", EVERY_S, lambda context: renew(context, section, secrets), about)


def renew(context: Context, section: EnvoySettings, secrets: Mapping[str, str]) -> list[str]:
    """Fetch a new token when the old one is missing, junk, or near its end."""
    now = context.moment.wall
    if now is None:
        raise JobFailed("It waits until the time of day is known.")
    path = context.settings.state_dir / section.file
    present = _on_disk(path)
    if present and not present.wants_renewal(now.timestamp()):
        return []
    if context.dry_run:
        return [f"would fetch a new token for gateway {section.serial} into {path}"]
    try:
        token = _fetch(context, section, secrets, now)
    except JobFailed as error:
        raise type(error)(f"{error} {_what_is_left(present, now)}") from None
    write_atomically(path, token.text + "\n")
    return [f"The gateway has a new token, good for {(token.ends - now.timestamp()) / 86400:.0f} days."]


def _on_disk(path: Path) -> Token | None:
    try:
        return understand(path.read_text(encoding="ascii", errors="replace"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise JobFailed(f"{path} can't be read: {error.strerror}.") from None


def _what_is_left(present: Token | None, now: datetime) -> str:
    days = (present.ends - now.timestamp()) / 86400 if present else 0.0
    if days <= 0:
        return "The gateway can't be read until this is mended."
    return f"The present token lasts {days:.0f} days more."


def _fetch(context: Context, section: EnvoySettings, secrets: Mapping[str, str], now: datetime) -> Token:
    """Log in and ask for a token. Raises a Cloud... error."""
    data = context.memory.data
    who = sha256("\n".join(secrets.values()).encode()).hexdigest()
    rest_until = data.get("rest_until")
    resting = isinstance(rest_until, int | float) and now.timestamp() < rest_until
    if data.get("refused") == who and resting:
        raise CloudRefused(
            "Enphase refused our log-in: correct ENPHASE_PASSWORD. Tried again in a day at most."
        )
    ledger = Ledger.read(data.get("ledger")).answered()  # each log-in keeps its distance, failed or not
    wait_s, _ = ledger.wait(LOGINS, now)
    if wait_s > 0:
        raise CloudBusy(f"No log-in for {wait_s / 60:.0f} min: too many could lock the account.")
    data["ledger"] = ledger.called(now).written()
    context.memory.save()
    web = Web(lambda: None, now)
    try:
        session = _session(web, section, secrets)
        asked = {"session_id": session, "serial_num": section.serial, "username": secrets["ENPHASE_USER"]}
        token = understand(web.send("POST", f"{section.token_url}/tokens", body=asked).text)
    except CloudRefused as refused:
        data |= {"refused": who, "rest_until": round(now.timestamp() + REFUSED_REST_S)}
        raise CloudRefused(f"{refused} Are ENPHASE_USER and ENPHASE_PASSWORD right?") from None
    finally:
        web.close()
    if token is None or token.wants_renewal(now.timestamp()):
        raise CloudPoor(
            "Enphase gave us no token that can be used: is the serial number that of the gateway?"
        )
    return token


def _session(web: Web, section: EnvoySettings, secrets: Mapping[str, str]) -> str:
    form = {"user[email]": secrets["ENPHASE_USER"], "user[password]": secrets["ENPHASE_PASSWORD"]}
    session = web.send("POST", f"{section.login_url}/login/login.json", form=form).json().text("session_id")
    if not session:
        raise CloudPoor(
            "Enphase let us in and opened no session: two-factor log-in must be off, or the token fetched by "
            "hand (docs/meters.md)."
        )
    return session
