"""The post: takes letters from the outbox to their channels, from cron or as a part of a program."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from notify.channels import Channel, SendError
from notify.file import OutboxError
from notify.letters import Style, write
from notify.outbox import Outbox
from notify.policy import Policy

log = logging.getLogger(__name__)

LOOK_EVERY_S = 20.0
LOOK_SOON_S = 2.0


@dataclass(frozen=True, slots=True)
class Report:
    """What one round of the post did. `problems`: a sentence for each letter that stayed."""

    sent: int = 0
    waiting: int = 0
    given_up: int = 0
    problems: tuple[str, ...] = ()
    busy: bool = False  # another program delivers at this moment
    next: datetime | None = None


def deliver(
    outbox: Outbox,
    channels: Sequence[Channel],
    policy: Policy,
    style: Style,
    now: datetime,
    *,
    hurry: bool = False,
) -> Report:
    """Make the letters that are due and send them. `hurry` tries again before the time is up."""
    whole = Report()
    for box in outbox.boxes(now):
        try:
            with box.alone() as mine:
                one = _round(box, channels, policy, style, now, hurry) if mine else Report(busy=True)
        except OutboxError as error:
            one = Report(problems=(str(error),))
        whole = _sum(whole, one)
    return whole


def _sum(one: Report, two: Report) -> Report:
    dates = [report.next for report in (one, two) if report.next]
    return Report(
        one.sent + two.sent,
        one.waiting + two.waiting,
        one.given_up + two.given_up,
        (*one.problems, *two.problems),
        one.busy or two.busy,
        min(dates, default=None),
    )


def _round(
    box: Outbox, channels: Sequence[Channel], policy: Policy, style: Style, now: datetime, hurry: bool
) -> Report:
    if box.is_idle():
        return Report()
    following = box.make_letters(policy, {channel.name: channel.least for channel in channels}, now)
    dates = [following] if following else []
    sent = given_up = 0
    problems: list[str] = []
    for channel in channels:
        while job := box.claim(channel.name, now, hurry=hurry):
            try:
                channel.send(write(job.items, job.form, job.message_id, job.made, style))
            except SendError as error:
                problems.append(f"{channel.name}: {style.redact.text(str(error))}")
                again = box.failed(job, SendError(style.redact.text(str(error)), error.cause), now)
                if again:
                    dates.append(again)
                    break
                given_up += 1
            else:
                box.sent(job, now)
                sent += 1
    waiting = box.pending()[1]
    return Report(sent, waiting, given_up, tuple(problems), False, min(dates, default=None))


class Post:
    """A part that delivers, for a thread of its own in a program that may talk to the internet."""

    name = "post"

    def __init__(self, outbox: Outbox, channels: Sequence[Channel], policy: Policy, style: Style) -> None:
        self.report = Report()
        self._outbox = outbox
        self._channels = channels
        self._policy = policy
        self._style = style

    def step(self, now: datetime | None) -> float:
        """Deliver what is due; returns in how many seconds to look again. Without a clock it waits."""
        if now is None:
            return LOOK_EVERY_S
        before = self.report.problems
        self.report = deliver(self._outbox, self._channels, self._policy, self._style, now)
        for problem in self.report.problems:
            if problem not in before:
                log.warning("a letter waits: %s", problem)
        if self.report.next is None:
            return LOOK_EVERY_S
        return min(LOOK_EVERY_S, max(LOOK_SOON_S, (self.report.next - now).total_seconds()))
