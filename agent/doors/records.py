"""Log records on their way to an outlet: whoever logs never waits for a disk or a network."""

from __future__ import annotations

import logging

from agent.parts import Outbox


class RecordBox(logging.Handler):
    """Puts records of `level` and above into a bounded box. Open it with `attach`, close it with `detach`."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.box: Outbox[logging.LogRecord] = Outbox(2000)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it for later."""
        self.box.put(record)

    def attach(self) -> None:
        """Hear everything from now on."""
        logging.getLogger().addHandler(self)

    def detach(self) -> None:
        """Hear nothing more."""
        logging.getLogger().removeHandler(self)
