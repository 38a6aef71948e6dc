"""Letters by e-mail, through any SMTP server: STARTTLS (587), TLS from the start (465), or a local relay.

Each addressee gets a letter of their own, so that one full mailbox never holds up the others. The
certificate is always checked. What the server answers is sorted by what helps: 4yz and broken lines
are tried again soon (RFC 5321, 4.2.1), a refused sign-in waits for a person, a refused letter is given up.
The `Message-ID` is the same at each attempt, so that mail programs recognise a second copy.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any

from notify.channels import Cause, SendError
from notify.events import Severity
from notify.letters import Letter
from notify.settings import Security

# smtplib would look up this computer's own name, which may take long without a network
OWN_NAME = "[127.0.0.1]"
WHOLE = 6  # so many waits of `timeout_s` may a whole delivery last
APP_PASSWORD = re.compile(r"[a-z]{4}( [a-z]{4}){3}")  # as Google shows it: the spaces are no part of it


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server and how to reach it. `timeout_s` bounds every single wait, six times that a delivery."""

    host: str
    port: int
    security: Security = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    timeout_s: float = 20.0

    @property
    def label(self) -> str:
        """How sentences call it."""
        return f"{self.host}:{self.port}"


class Mail:
    """One mail address as a channel, which may want to hear of the worst things only."""

    def __init__(self, server: Server, sender: str, to: str, least: Severity = "info") -> None:
        self.name = f"mail:{parseaddr(to)[1].lower()}"
        self.least = least
        self.server = server
        self._sender = sender
        self._to = to

    def send(self, letter: Letter) -> None:
        """Hand the letter to the server; returns once the server has answered for it."""
        message = compose(letter, self._sender, self._to)
        with self._patience() as patience:
            line = _open(self.server, patience)
            try:
                if self.server.user:
                    line.login(self.server.user, _usable(self.server.password))
                line.send_message(message, parseaddr(self._sender)[1], [parseaddr(self._to)[1]])
                with contextlib.suppress(smtplib.SMTPException, OSError):
                    line.quit()  # the letter is theirs by now: a bad farewell changes nothing
            finally:
                line.close()

    def greet(self) -> None:
        """Connect as for a letter, and take leave: whether the server is there. Raises SendError."""
        with self._patience() as patience:
            line = _open(self.server, patience)
            with contextlib.suppress(smtplib.SMTPException, OSError):
                line.quit()
            line.close()

    @contextlib.contextmanager
    def _patience(self) -> Iterator[Patience]:
        """A server that talks for ever and says nothing is hung up on; failures become a SendError."""
        patience = Patience(WHOLE * self.server.timeout_s)
        try:
            with patience:
                yield patience
        except (smtplib.SMTPException, OSError, ValueError) as error:
            if patience.lost:
                says = f"{self.server.label} talks on and on without taking the letter."
                raise SendError(says, "later") from error
            raise explain(error, self.server, parseaddr(self._to)[1]) from error


class Patience:
    """Hangs up on the other side when the whole of a block lasts too long. `lost`: that was so."""

    def __init__(self, seconds: float) -> None:
        self.lost = False
        self._line: smtplib.SMTP | None = None
        self._timer = threading.Timer(seconds, self._hang_up)
        self._timer.daemon = True

    def __enter__(self) -> Patience:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def watch(self, line: smtplib.SMTP) -> None:
        """This is the connection to hang up."""
        self._line = line

    def _hang_up(self) -> None:
        self.lost = True
        found = getattr(self._line, "sock", None)
        if found is not None:
            with contextlib.suppress(OSError):
                found.shutdown(socket.SHUT_RDWR)


def compose(letter: Letter, sender: str, to: str) -> EmailMessage:
    """The letter as a mail: text first, HTML beside it, marked as written by a machine."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.made)
    message["Message-ID"] = f"<{letter.message_id}@{parseaddr(sender)[1].rpartition('@')[2] or 'sunward'}>"
    message["Auto-Submitted"] = "auto-generated"
    if letter.severity == "critical":
        message["Importance"] = "high"
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return message


def _usable(password: str) -> str:
    return password.replace(" ", "") if APP_PASSWORD.fullmatch(password) else password


def _open(server: Server, patience: Patience) -> smtplib.SMTP:
    class Plain(smtplib.SMTP):
        def connect(self, host: str = "", port: int = 0, source_address: Any = None) -> tuple[int, bytes]:
            patience.watch(self)
            return super().connect(host, port, source_address)

    class Safe(smtplib.SMTP_SSL):
        def connect(self, host: str = "", port: int = 0, source_address: Any = None) -> tuple[int, bytes]:
            patience.watch(self)
            return super().connect(host, port, source_address)

    if server.security == "none":
        return Plain(server.host, server.port, OWN_NAME, timeout=server.timeout_s)
    context = _context(server)
    if server.security == "tls":
        return Safe(server.host, server.port, OWN_NAME, timeout=server.timeout_s, context=context)
    line = Plain(server.host, server.port, OWN_NAME, timeout=server.timeout_s)
    try:
        line.starttls(context=context)
    except BaseException:
        line.close()
        raise
    return line


def _context(server: Server) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=server.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or "no certificate in it"
        raise SendError(f"ca_file = {server.ca_file!r} can't be used: {reason}.", "settings") from error


# --- what went wrong, and what helps ---------------------------------------------------------------


def explain(error: Exception, server: Server, to: str) -> SendError:
    """A failure as one sentence that says what to do, sorted by what will help."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
        return _answered(code, said, f"{server.label} does not take mail for {to}", "letter")
    if isinstance(error, smtplib.SMTPResponseException):
        what, permanent = _refusal(error, server)
        return _answered(error.smtp_code, error.smtp_error, what, permanent)
    if isinstance(error, ssl.SSLError):
        hung_up = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
        return SendError(_tls(error, server), "later" if hung_up else "settings")
    if isinstance(error, ValueError):
        return SendError(f"The letter can't be sent as it is: {error}.", "letter")
    if isinstance(error, smtplib.SMTPException) and not isinstance(error, smtplib.SMTPServerDisconnected):
        return SendError(_unsupported(error, server), "settings")
    return SendError(_line(error, server), "later")


def _refusal(error: smtplib.SMTPResponseException, server: Server) -> tuple[str, Cause]:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        hint = "check user and SMTP_PASSWORD"
        if "gmail" in server.host or "google" in server.host:
            hint += " (Google wants an app password: myaccount.google.com/apppasswords)"
        return f"{server.label} refuses the sign-in; {hint}", "settings"
    if isinstance(error, smtplib.SMTPSenderRefused):
        return f"{server.label} refuses the sender; set from to the account's own address", "settings"
    if isinstance(error, smtplib.SMTPDataError):
        return f"{server.label} refuses the letter", "letter"
    return f"{server.label} refuses the connection", "settings"


def _answered(code: int, said: bytes | str, what: str, permanent: Cause) -> SendError:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    text = " ".join(text.split())[:200]
    return SendError(f"{what}. It said: {code} {text}", permanent if code >= 500 else "later")


def _unsupported(error: smtplib.SMTPException, server: Server) -> str:
    said = str(error)
    if "STARTTLS" in said:
        return f'{server.label} offers no STARTTLS. Try security = "tls" with port = 465.'
    if "AUTH" in said or "authentication" in said:
        return f"{server.label} takes no sign-in on this port. Remove user, or use its submission port (587)."
    return f"{server.label} can't do what the letter needs: {said}."


def _tls(error: ssl.SSLError, server: Server) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message
        if "mismatch" in why:
            return (
                f"The certificate of {server.label} is for another name ({why}). Set host to the name in it."
            )
        if "expired" in why or "not yet valid" in why:
            return (
                f"The certificate of {server.label} is out of date ({why}). Is this computer's clock right?"
            )
        return (
            f"The certificate of {server.label} is not trusted ({why}). "
            "If the server is your own, set ca_file to its certificate."
        )
    if "WRONG_VERSION" in str(error.reason) or "RECORD_LAYER" in str(error.reason):
        return f'{server.label} does not speak TLS like this. Port 587 goes with "starttls", 465 with "tls".'
    return f"No safe connection to {server.label}: {error.reason or error}."


def _line(error: Exception, server: Server) -> str:
    if isinstance(error, socket.gaierror):
        return f"{server.host} can't be found: no internet, or host is misspelt."
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return f"{server.label} did not answer within {server.timeout_s:g} s."
    if isinstance(error, ConnectionRefusedError):
        return f"Nothing listens at {server.label}: the server is down, or host or port is wrong."
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return f"{server.label} hung up in the middle."
    return f"{server.label} can't be reached: {getattr(error, 'strerror', None) or error}."
