"""notify test|deliver|outbox|send-event|kinds: letters from the command line and from cron."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from notify.channels import SendError
from notify.events import SEVERITIES, Event, event_of, table
from notify.file import OutboxError
from notify.items import Item
from notify.letters import write
from notify.outbox import Outbox
from notify.post import deliver
from notify.said import to_the_end
from notify.settings import SettingsError
from notify.wishes import Wishes, read_wishes

DONE, FAILED, WRONG_USE = 0, 1, 2


def now() -> datetime:
    """The system's time: the one place where notify asks for it."""
    return datetime.now(UTC)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 something failed, 2 wrong use or settings."""
    given = _parser().parse_args(arguments)
    if given.command == "kinds":
        print(table(), end="")
        return DONE
    try:
        wishes = read_wishes(given.config, given.credentials)
        return int(given.run(wishes, given))
    except SettingsError as error:
        if given.debug:
            raise
        for problem in error.problems:
            print(f"notify: {problem}", file=sys.stderr)
        return WRONG_USE
    except OutboxError as error:
        if given.debug:
            raise
        print(f"notify: {error}", file=sys.stderr)
        return FAILED


def test(wishes: Wishes, given: argparse.Namespace) -> int:
    """Send a test letter on every way at once, past the outbox, and say how each went."""
    if not _has_ways(wishes):
        return WRONG_USE
    moment = now()
    sentence = "If you can read this, letters from sunward arrive."
    item = Item("test_letter", "", "info", "notice", sentence, moment, moment)
    name = f"test.{moment.timestamp():.6f}"
    code = DONE
    for channel in wishes.channels:
        try:
            channel.send(write([item], "test", name, moment, wishes.style))
        except SendError as error:
            print(f"{channel.name}: failed. {wishes.style.redact.text(str(error))}", file=sys.stderr)
            if given.debug:
                raise
            code = FAILED
        else:
            print(f"{channel.name}: sent.")
    return code


def send_due(wishes: Wishes, given: argparse.Namespace) -> int:
    """Deliver what is due."""
    if not _has_ways(wishes):
        return WRONG_USE
    report = deliver(wishes.outbox, wishes.channels, wishes.policy, wishes.style, now(), hurry=given.now)
    for problem in report.problems:
        print(f"notify: {problem}", file=sys.stderr)
    if report.busy:
        print("notify: another program is delivering at this moment.", file=sys.stderr)
    elif not given.quiet:
        print(f"{report.sent} sent, {report.waiting} waiting, {report.given_up} given up.")
    return FAILED if report.problems else DONE


def show(wishes: Wishes, given: argparse.Namespace) -> int:
    """List what waits and what became of the letters of the last month."""
    return _show_json(wishes.outbox) if given.json else _show_text(wishes)


def _show_text(wishes: Wishes) -> int:
    moment, figures = now(), wishes.style.figures
    news, letters = wishes.outbox.waiting(moment), wishes.outbox.letters()
    for row in news:
        times = f" ({figures.number(row.count)} times)" if row.count > 1 else ""
        print(f"{figures.time(row.last, moment):>14}  not told yet  {row.event.sentence}{times}")
    for job in letters:
        problem = f" [{job.attempts} attempts: {job.problem}]" if job.problem else ""
        said = job.items[0].sentence if job.items else ""
        print(f"{figures.time(job.made, moment):>14}  {job.state:<12}  {job.channel}: {said}{problem}")
    if not news and not letters:
        print("The outbox is empty.")
    return DONE


def _show_json(outbox: Outbox) -> int:
    listing = {
        "events": [
            {
                "kind": row.event.kind,
                "subject": row.event.subject,
                "sentence": row.event.sentence,
                "count": row.count,
                "first_wall": row.first.isoformat(),
                "last_wall": row.last.isoformat(),
            }
            for row in outbox.waiting(now())
        ],
        "letters": [
            {
                "message_id": job.message_id,
                "channel": job.channel,
                "form": job.form,
                "state": job.state,
                "attempts": job.attempts,
                "made_wall": job.made.isoformat(),
                "problem": job.problem,
                "items": [item.to_json() for item in job.items],
            }
            for job in outbox.letters()
        ],
    }
    print(json.dumps(listing, indent=2))
    return DONE


def send_event(wishes: Wishes, given: argparse.Namespace) -> int:
    """Put one event into the outbox: for scripts of the house."""
    moment = now()
    event = event_of(given.kind, given.sentence, given.subject, moment, dict(given.data))
    recovers = given.recovers or event.recovers
    severity = given.severity or event.severity
    event = Event(event.kind, event.sentence, severity, event.subject, recovers, moment, event.data)
    if wishes.outbox.append([event], moment):
        return DONE
    print(f"notify: {wishes.outbox.problem}", file=sys.stderr)
    return FAILED


def _has_ways(wishes: Wishes) -> bool:
    if not wishes.channels:
        print(
            "notify: nobody to write to. Set to under [notify], or NOTIFY_URLS in credentials.env.",
            file=sys.stderr,
        )
    return bool(wishes.channels)


def _pair(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is no NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--config", type=Path, required=True, metavar="FILE", help="sunward.toml")
    common.add_argument("--credentials", type=Path, metavar="FILE", help="default: credentials.env beside it")
    common.add_argument("--debug", action="store_true", help="show tracebacks")
    parser = argparse.ArgumentParser(prog="notify", description="Letters about the house: send, list, try.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    one = commands.add_parser("test", parents=[common], help="send a test letter on every way")
    one.set_defaults(run=test)
    one = commands.add_parser("deliver", parents=[common], help="send the letters that are due (for cron)")
    one.add_argument("--now", action="store_true", help="don't wait for the time of the next try")
    one.add_argument("--quiet", action="store_true", help="say nothing unless something fails")
    one.set_defaults(run=send_due)
    one = commands.add_parser("outbox", parents=[common], help="list what waits and what was sent")
    one.add_argument("--json", action="store_true")
    one.set_defaults(run=show)
    one = commands.add_parser("send-event", parents=[common], help="put an event of your own into the outbox")
    one.add_argument("kind", help="a kind of the list, or one of your own")
    one.add_argument("sentence")
    one.add_argument("--severity", choices=SEVERITIES)
    one.add_argument("--subject", default="", help="what it is about: the same for a trouble and its end")
    one.add_argument("--recovers", default="", metavar="KIND", help="the kind of trouble that this ends")
    one.add_argument("--data", type=_pair, action="append", default=[], metavar="NAME=VALUE")
    one.set_defaults(run=send_event)
    commands.add_parser("kinds", help="list all kinds of events and how they are told").set_defaults(
        debug=False
    )
    return parser


if __name__ == "__main__":
    sys.exit(to_the_end(main))
