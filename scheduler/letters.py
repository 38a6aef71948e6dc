"""The scheduler's post: its news goes into the house's outbox, and a job takes the letters to the owner.

The agent never talks to the internet, so this is also what delivers the agent's news. Where nobody is to be
written to (no [notify] and no NOTIFY_URLS) news is only logged, and there is no such job.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from notify.events import Event
from notify.post import deliver
from notify.wishes import Wishes, wishes_from
from scheduler.jobs import Context, Job
from scheduler.settings import SchedulerSettings

log = logging.getLogger(__name__)
EVERY_S = 60.0


class Letters:
    """One process's way to the owner. Raises SettingsError where [notify] can't be used."""

    def __init__(self, settings: SchedulerSettings) -> None:
        self.wishes: Wishes = wishes_from(settings.tables, settings.credentials, settings.path.parent)

    @property
    def jobs(self) -> list[Job]:
        """The job that delivers; none where nobody is to be written to."""
        return [Job("letters", EVERY_S, self._deliver, "delivers letters")] if self.wishes.channels else []

    def tell(self, event: Event) -> None:
        """Log one event, and put it into the outbox if there is anybody to write to."""
        level = logging.INFO if event.severity == "info" else logging.WARNING
        log.log(level, "%s: %s", event.kind, event.sentence)
        if self.wishes.channels:
            self.wishes.outbox.append([event], event.at_wall)

    def _deliver(self, context: Context) -> Sequence[str]:
        """Send what is due. A mail server's trouble is said once; it must not become a letter itself."""
        wishes, wall = self.wishes, context.moment.wall
        if wall is None or context.dry_run:
            return ["would deliver the letters that are due"]
        report = deliver(wishes.outbox, wishes.channels, wishes.policy, wishes.style, wall)
        known = context.memory.data.get("problems")
        context.memory.data["problems"] = list(report.problems)
        if list(report.problems) == known:
            return []
        for problem in report.problems:
            log.warning("a letter waits: %s", problem)
        return [f"A letter waits: {problem}" for problem in report.problems]
