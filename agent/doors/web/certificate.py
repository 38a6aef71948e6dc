"""The door's certificate, taken anew when its files are renewed.

A TLS handshake costs milliseconds, two looks at a file's date cost microseconds: so each handshake looks
whether the files have changed, and takes them in before it goes on. Connections that are open keep what
they have. New files that can't be used change nothing: the old certificate goes on and the house is told
once, and once more when it is over.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from pathlib import Path

from notify.events import Event, event_of

Stamp = tuple[tuple[int, int, int], ...]
SUBJECT = "certificate"


class CertificateError(Exception):
    """The files can't be used; the text is the rest of a sentence that begins with their names."""


class Certificate:
    """Two PEM files. `context` is the server's: every handshake passes through it."""

    def __init__(self, cert: Path, key: Path, tell: Callable[[Event], None]) -> None:
        """Raises CertificateError."""
        self._files = (cert, key)
        self._tell = tell
        self._lock = threading.Lock()
        self._seen = self._stamp()
        self._current = self._loaded()
        self.context = self._loaded()
        self.context.sni_callback = self._shake_hands

    def _shake_hands(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        """OpenSSL calls it at the start of each handshake, whether the client names a host or not."""
        with self._lock:
            self._look()
        connection.context = self._current

    def _look(self) -> None:
        stamp = self._stamp()
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self._current = self._loaded()
            kind, says = "certificate_renewed", "The page uses its renewed certificate from now on."
        except CertificateError as error:
            kind, says = "certificate_broken", f"The page's new certificate {error} The old one goes on."
        self._tell(event_of(kind, says, SUBJECT))

    def _stamp(self) -> Stamp:
        """What tells two versions of the files apart; empty while one is missing."""
        try:
            found = [path.stat() for path in self._files]
        except OSError:
            return ()
        return tuple((one.st_mtime_ns, one.st_ino, one.st_size) for one in found)

    def _loaded(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(*self._files)
        except OSError as error:
            raise CertificateError(
                f"can't be used ({error.strerror or error}): do both files exist, fit each other, and may "
                "this user read them?"
            ) from None
        return context
