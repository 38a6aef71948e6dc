"""`agent password` and `agent token ...`: the keys to the page and the API, also while the agent runs."""

from __future__ import annotations

import getpass
import re
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from agent.config import House
from agent.doors.web.keyfile import NAME, KeyFile, KeyFileError, PasswordHash, Scope
from agent.doors.web.keyring import KeyRing, check_password
from scheduler.clock import SystemClock

TOKEN_NAME = re.compile(r"[A-Za-z0-9_.-]([A-Za-z0-9 _.-]{0,38}[A-Za-z0-9_.-])?")


def set_password(house: House) -> int:
    """Ask for a password (or read a line from a pipe) and keep its hash. 0 when it holds."""
    if house.credentials.get("WEB_PASSWORD"):
        return _no("WEB_PASSWORD in credentials.env counts: change it there, or take it away first.")
    first = getpass.getpass("New password for the page: ") if sys.stdin.isatty() else sys.stdin.readline()
    text = first.rstrip("\n")
    try:
        check_password(text)
    except ValueError as error:
        return _no(str(error))
    if sys.stdin.isatty() and getpass.getpass("The same again: ") != text:
        return _no("These were two different ones. Nothing changed.")
    try:
        keep_password(house.state_dir, text)
    except KeyFileError as error:
        return _no(str(error))
    print("The password holds from now on, and every browser has to log in with it.")
    return 0


def keep_password(state_dir: Path, text: str) -> None:
    """Keep the password's hash; every browser has to log in anew. Raises KeyFileError."""
    fresh = PasswordHash.of(text)
    KeyFile(state_dir / NAME).change(lambda keys: replace(keys, password=fresh, sessions=()))


def is_locked(house: House) -> bool:
    """Whether the page has a password. Raises KeyFileError when nobody can tell."""
    return _ring(house).has_password()


def new_token(house: House, name: str, scope: Scope) -> int:
    """Make a token and print its secret, alone on standard output."""
    if not TOKEN_NAME.fullmatch(name):
        return _no("A token's name has 1 to 40 letters, digits, spaces, dots or dashes: what is it for?")
    try:
        secret = _ring(house).new_token(name, scope)
    except (KeyFileError, ValueError) as error:
        return _no(str(error))
    print(f"The token “{name}” holds at once. Keep it now, nobody can show it again:", file=sys.stderr)
    print(secret)
    return 0


def list_tokens(house: House) -> int:
    """Print each token's name, scope and birthday."""
    try:
        tokens = _ring(house).tokens()
    except KeyFileError as error:
        return _no(str(error))
    for token in tokens:
        zone = house.settings.site.zone
        made = f"{datetime.fromtimestamp(token.made_s, zone):%Y-%m-%d %H:%M}" if token.made_s else "-"
        print(f"{token.name:<24} {token.scope:<8} {made}")
    if not tokens:
        print("There is no token. Make one with: ./sunward agent token new NAME --scope read")
    return 0


def revoke_token(house: House, name: str) -> int:
    """Take a token back; a running agent refuses it from its next request on."""
    try:
        if not _ring(house).revoke_token(name):
            return _no(f"There is no token “{name}” that can be revoked. See: ./sunward agent token list")
    except KeyFileError as error:
        return _no(str(error))
    print(f"The token “{name}” opens nothing any more.")
    return 0


def _file(house: House) -> KeyFile:
    return KeyFile(house.state_dir / NAME)


def _ring(house: House) -> KeyRing:
    secrets = house.credentials
    tokens = tuple(filter(None, [secrets.get("WEB_TOKEN", "")]))
    return KeyRing(
        SystemClock(house.settings.site.zone), _file(house), secrets.get("WEB_PASSWORD", ""), tokens
    )


def _no(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1
