"""Showing both files without their secrets, and writing them whole, the old ones kept as .bak."""

from __future__ import annotations

import difflib
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

from agent.commands.wizard.talk import Talk

SECRET_LINE = re.compile(r"^([ +-]?\s*(?:export\s+)?[A-Za-z_]\w*\s*=).+$", re.MULTILINE)
BESIDE, BACKUP = ".new", ".bak"


def show(talk: Talk, path: Path, before: str, after: str, *, secret: bool) -> None:
    """A new file whole, a changed one by its changes. Secrets are dots."""
    if before:
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
        text = "\n".join([line for line in lines if not line.startswith(("---", "+++", "@@"))])
    else:
        text = after.rstrip("\n")
    talk.say(f"\n{path}{' will change like this:' if before else ' will be:'}\n")
    for line in (SECRET_LINE.sub(r"\1••••••", text) if secret else text).splitlines():
        talk.say(f"    {line}")


def write(path: Path, text: str, mode: int) -> None:
    """Replace a file whole, the old one kept beside it as .bak. Raises OSError, which names the file."""
    try:
        _write(path, text, mode)
    except OSError as error:
        with suppress(OSError):
            path.with_name(path.name + BESIDE).unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from None


def _write(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        backup = path.with_name(path.name + BACKUP)
        backup.unlink(missing_ok=True)
        shutil.copy2(path, backup)
        _belongs(backup)
        mode = path.stat().st_mode & mode
    beside = path.with_name(path.name + BESIDE)
    beside.unlink(missing_ok=True)
    number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(number, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.chmod(mode)
    _belongs(beside)
    beside.replace(path)


def _belongs(path: Path) -> None:
    """What root makes belongs to the folder's owner: the agent must read it."""
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.chown(path, folder.st_uid, folder.st_gid)
