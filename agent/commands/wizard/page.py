"""The page. On this computer only, or in the home network behind a password."""

from __future__ import annotations

import secrets

from agent.commands.wizard import read
from agent.commands.wizard.draft import Draft
from agent.commands.wizard.talk import Ended, Talk
from agent.doors.web.keyfile import NAME, KeyFile, KeyFileError
from agent.doors.web.keyring import SHORTEST_PASSWORD, check_password
from scheduler.settings import DEFAULT_LISTEN, TOKEN

HERE, EVERYWHERE = "127.0.0.1", "0.0.0.0"
LOOPBACK = (HERE, "localhost", "[::1]")


def ask_page(talk: Talk, draft: Draft) -> None:
    """[web] listen, the page's password, and the scheduler's own token."""
    about = "Where the page can be opened: on this computer only, or by every phone in your network."
    if not talk.wants("page", "The page", about):
        return
    host, _, before = str(draft.table("web").get("listen", DEFAULT_LISTEN)).rpartition(":")
    wide = talk.yes("page.network", "Open it to the home network (needs a password)", host not in LOOPBACK)
    port = int(talk.ask("page.port", "On which port", read.number(1, 65535, ""), before))
    if wide:
        wide = _ask_password(talk, draft)
    ours = EVERYWHERE if wide else HERE
    same = (host in LOOPBACK) != wide
    draft.put("web", {"listen": f"{host if same else ours}:{port}"})


def _ask_password(talk: Talk, draft: Draft) -> bool:
    """Whether there is a password now."""
    has_one = has_password(draft)
    while True:
        keeps = "; Enter keeps the one there is" if has_one else ""
        text = talk.secret(
            "page.password", f"Password for the page, {SHORTEST_PASSWORD} characters at least{keeps}"
        )
        problem = _problem(talk, text)
        if not text and (has_one or talk.patient):
            if not has_one:
                talk.say("  Without a password the page stays on this computer.")
            break
        if not problem:
            draft.page_password = text
            break
        if not talk.patient:
            raise Ended(f"page.password: {problem}")
        talk.say(f"  {problem}")
    if (draft.page_password or has_one) and not draft.secrets.get(TOKEN):
        draft.keep_secret(TOKEN, secrets.token_urlsafe(32))
        talk.say("  The scheduler gets a token of its own for the agent.")
    return bool(draft.page_password or has_one)


def _problem(talk: Talk, text: str) -> str:
    try:
        check_password(text)
    except ValueError as error:
        return str(error)
    if talk.patient and talk.secret("page.password", "The same again") != text:
        return "These were two different ones."
    return ""


def has_password(draft: Draft) -> bool:
    """Whether the page has one already. A damaged file is told by the doctor."""
    if draft.secrets.get("WEB_PASSWORD"):
        return True
    try:
        return KeyFile(draft.state_dir / NAME).keys().password is not None
    except KeyFileError:
        return False
