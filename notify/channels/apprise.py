"""Letters by any of apprise's services (ntfy, Telegram, Pushover, Slack, ...): one address, one channel.

The addresses hold secrets, so they live in credentials.env; a channel is named by its service and a
fingerprint of the address. apprise is an extra and imported only when the first letter goes out.
"""

from __future__ import annotations

import hashlib
import re
from types import ModuleType

from notify.channels import SendError
from notify.events import Severity
from notify.letters import Letter
from notify.redact import Redactor

KINDS: dict[Severity, str] = {"info": "info", "warning": "warning", "error": "failure", "critical": "failure"}


class Service:
    """One apprise address as a channel."""

    def __init__(self, url: str) -> None:
        scheme = url.partition("://")[0].lower()
        self.least: Severity = "info"
        self.name = f"{scheme}:{hashlib.sha256(url.encode()).hexdigest()[:8]}"
        self._url = url
        self._redact = Redactor([url, *re.split(r"[/:@?&=]+", url.partition("://")[2])])
        self._scheme = scheme

    def send(self, letter: Letter) -> None:
        """Hand the letter's text to the service. apprise bounds each wait to some seconds."""
        apprise = _import()
        post = apprise.Apprise()
        if not post.add(self._url):
            raise SendError(
                f"apprise can't read the {self._scheme}:// address in NOTIFY_URLS. See apprise's list.",
                "settings",
            )
        with apprise.LogCapture(level=apprise.logging.WARNING, fmt="%(message)s") as said:
            taken = post.notify(title=letter.subject, body=letter.text, notify_type=KINDS[letter.severity])
            why = self._redact.text(" ".join(said.getvalue().split()))[-200:]
        if not taken:
            raise SendError(f"The {self._scheme} service did not take the letter. {why}".rstrip(), "later")


def _import() -> ModuleType:
    try:
        import apprise
    except ImportError:
        raise SendError(
            "NOTIFY_URLS needs the apprise package. Type: ./sunward python -m pip install apprise", "settings"
        ) from None
    return apprise  # type: ignore[no-any-return]
