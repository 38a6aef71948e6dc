"""A house's outbox on disk, a fake clock, and a channel that keeps what it is given."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from notify.channels import SendError
from notify.events import event_of
from notify.figures import Figures
from notify.letters import Style
from notify.outbox import Outbox
from notify.policy import Policy
from notify.post import deliver

VIENNA = ZoneInfo("Europe/Vienna")


class Shelf:
    """A channel that puts letters on a shelf, or is down."""

    def __init__(self, name="shelf", least="info"):
        self.name = name
        self.least = least
        self.letters = []
        self.attempts = 0
        self.down = None  # a cause, while it is down

    def send(self, letter):
        self.attempts += 1
        if self.down:
            raise SendError("the shelf is down", self.down)
        self.letters.append(letter)

    @property
    def subjects(self):
        return [letter.subject for letter in self.letters]


class House:
    """One outbox, one shelf, one clock: `notes` what happens and `delivers` as time goes by."""

    def __init__(self, path, wall=datetime(2026, 6, 1, 10, 0, tzinfo=VIENNA), **wishes):
        self.wall = wall.astimezone(UTC)
        self.policy = Policy(zone=VIENNA, **wishes)
        self.style = Style("Home", Figures(zone=VIENNA))
        self.outbox = Outbox(path)
        self.shelf = Shelf()
        self.shelves = [self.shelf]
        self.reports = []

    def note(self, kind, subject="", sentence=None, **more):
        self.outbox.append(
            [event_of(kind, sentence or f"{kind} {subject}".strip(), subject, **more)], self.wall
        )

    def deliver(self, **more):
        report = deliver(self.outbox, self.shelves, self.policy, self.style, self.wall, **more)
        self.reports.append(report)
        return report

    def wait(self, every_s=60.0, **span):
        """Time goes by, with a look into the outbox every minute (as from cron)."""
        end = self.wall + timedelta(**span)
        while self.wall < end:
            self.wall = min(end, self.wall + timedelta(seconds=every_s))
            self.deliver()

    def until(self, hour, minute=0, every_s=60.0):
        """Time goes by to the next such time of day in the house's zone."""
        here = self.wall.astimezone(VIENNA)
        goal = datetime.combine(here.date(), datetime.min.time().replace(hour=hour, minute=minute), VIENNA)
        if goal.astimezone(UTC) <= self.wall:
            goal += timedelta(days=1)
        self.wait(every_s, seconds=(goal.astimezone(UTC) - self.wall).total_seconds())

    @property
    def told(self):
        return self.shelf.subjects
