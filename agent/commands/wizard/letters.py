"""Letters. Asks for a mail account and sends a test letter before anything is written."""

from __future__ import annotations

from argparse import Namespace
from email.utils import parseaddr
from typing import Any

from agent.commands.wizard import read
from agent.commands.wizard.draft import Draft
from agent.commands.wizard.talk import Talk
from notify.__main__ import test as send_test_letter
from notify.settings import LOOPBACK, USUAL_PORTS, SettingsError
from notify.wishes import PASSWORD, wishes_from

SERVERS = {
    "gmail.com": "smtp.gmail.com",
    "googlemail.com": "smtp.gmail.com",
    "gmx.net": "mail.gmx.net",
    "gmx.de": "mail.gmx.net",
    "icloud.com": "smtp.mail.me.com",
    "me.com": "smtp.mail.me.com",
    "yahoo.com": "smtp.mail.yahoo.com",
}


def ask_letters(talk: Talk, draft: Draft) -> None:
    """[notify] and [notify.smtp], tried at once."""
    about = "sunward writes when something matters: over your mail account (docs/letters.md has other ways)."
    if not talk.wants("letters", "Letters", about):
        return
    while True:
        _ask_account(talk, draft)
        if not talk.yes("letters.test", "Send a test letter now", True) or _sent(talk, draft):
            return
        if not talk.patient or not talk.yes("", "Change the answers and try again", True):
            return


def _ask_account(talk: Talk, draft: Draft) -> None:
    notify, smtp = draft.table("notify"), draft.table("notify.smtp")
    before = notify.get("to", [])
    to = talk.ask(
        "letters.to",
        "Who gets letters (addresses, commas between them)",
        read.addresses,
        (before if isinstance(before, str) else ", ".join(before)) or None,
    )
    sender = talk.ask(
        "letters.from", "From which of your own addresses", read.sender, str(notify.get("from") or to[0])
    )
    domain = parseaddr(sender)[1].rpartition("@")[2].lower()
    host = talk.ask(
        "letters.host",
        "The mail server that sends for it",
        read.words,
        str(smtp.get("host") or SERVERS.get(domain, f"smtp.{domain}")),
    )
    security: Any = talk.ask(
        "letters.security",
        "How it is spoken to: starttls, tls, or none (only a server in the house)",
        read.one_of(tuple(USUAL_PORTS)),
        str(smtp.get("security") or ("none" if host in LOOPBACK else "starttls")),
    )
    port = talk.ask(
        "letters.port",
        "On which port",
        read.number(1, 65535, ""),
        str((smtp.get("security") == security and smtp.get("port")) or USUAL_PORTS[security]),
    )
    user = talk.ask(
        "letters.user",
        "Sign in as (- for no sign-in)",
        read.words,
        str(smtp.get("user") or ("-" if security == "none" else parseaddr(sender)[1])),
    )
    draft.put("notify", {"to": to, "from": sender})
    usual = port == USUAL_PORTS[security]
    server = {"host": host, "security": security, "port": None if usual else int(port)}
    draft.put("notify.smtp", server | {"user": None if user == "-" else user})
    if user != "-":
        _ask_password(talk, draft)


def _ask_password(talk: Talk, draft: Draft) -> None:
    known = PASSWORD in draft.secrets
    hint = "; Enter keeps the one there is" if known else "; Google and others want an app password"
    if value := talk.secret("letters.password", f"Its password{hint}"):
        draft.keep_secret(PASSWORD, value)


def _sent(talk: Talk, draft: Draft) -> bool:
    tables: dict[str, Any] = {name: draft.tables[name] for name in ("site", "notify") if name in draft.tables}
    try:
        wishes = wishes_from(tables, draft.secrets, draft.path.absolute().parent)
    except SettingsError as error:
        for problem in error.problems:
            talk.say(f"  {problem}")
        return False
    return send_test_letter(wishes, Namespace(debug=False)) == 0
