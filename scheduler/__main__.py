"""The scheduler's commands: resident (`run`), from cron (`tick`, or one job by its name), and by hand.

    scheduler run                  stay, and run each job when it is due
    scheduler tick                 run what is due, and end: a line for cron every five minutes
    scheduler JOB                  run one job now (see: scheduler jobs)
    scheduler window NAME on|off|remove | set from=21:30 to=07:15 days=mon-fri mode=fast amps=16
    scheduler mode off|solar|solar_min|fast|default [--charger ID]
    scheduler boost [--amps N] [--for 2h] [--until 07:15] [--to-soc 80] [--charger ID] | boost off
    scheduler status | windows | jobs
    scheduler login [BACK END]     sign in to a car's cloud (fleet, owner), or try a way to it

Exit code 0: done. 1: it could not be done, and one sentence says why. 2: the command isn't understood.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from notify.settings import SettingsError
from scheduler import commands
from scheduler.agent_api import Agent, AgentError
from scheduler.clock import Clock, SystemClock
from scheduler.jobs import Job, JobRunner, Outcome
from scheduler.letters import Letters
from scheduler.rooms import jobs_of
from scheduler.settings import SchedulerSettings
from scheduler.window_rows import KEYS
from scheduler.windows import Mode

log = logging.getLogger("scheduler")
TICK_EVERY_S = 30
WORDS = ("run", "tick", "jobs", "window", "windows", "mode", "boost", "status", "login")


def main(arguments: Sequence[str] | None = None, *, clock: Clock | None = None, pace: float = 1.0) -> int:
    """Run one command. Returns the exit code.

    `clock` instead of the computer's; `pace`: how many of its seconds pass in one of this computer.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    asked = _parser(_job_word(words)).parse_args(words)
    asked.clock, asked.pace = clock, pace
    _log_to_stderr(asked.debug)
    try:
        settings = SchedulerSettings.load(asked.config, asked.credentials)
        return int(asked.do(settings, asked))
    except SettingsError as error:
        return _complain(*error.problems)
    except (AgentError, commands.Wrong) as error:
        return _complain(*str(error).splitlines())
    except KeyboardInterrupt:
        return 130


class _Short(logging.Formatter):
    """One line for each record: where a crash happened is shown with --debug."""

    def formatException(self, ei: Any) -> str:
        return f"  {ei[0].__name__}: {ei[1]} (--debug shows where)"


def _log_to_stderr(debug: bool) -> None:
    handler = logging.StreamHandler()
    form = "%(levelname)s %(name)s: %(message)s"
    handler.setFormatter(logging.Formatter(form) if debug else _Short(form))
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, handlers=[handler])


def _complain(*sentences: str) -> int:
    for sentence in sentences:
        print(f"scheduler: {sentence}", file=sys.stderr)
    return 1


def _job_word(words: Sequence[str]) -> str | None:
    """The first word, when it is no command of ours: then it should be a job."""
    first = words[0] if words else ""
    return None if not first or first.startswith("-") or first in WORDS else first


def _parser(job: str | None) -> argparse.ArgumentParser:
    files = argparse.ArgumentParser(add_help=False)
    files.add_argument("--config", type=Path, default=Path("sunward.toml"), metavar="FILE")
    files.add_argument("--credentials", type=Path, default=None, metavar="FILE")
    files.add_argument("--dry-run", action="store_true", help="say what would be done, and change nothing")
    files.add_argument("--debug", action="store_true", help="say everything, tracebacks too")
    parser = argparse.ArgumentParser(
        prog="scheduler", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    subs = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, do: Callable[[SchedulerSettings, argparse.Namespace], int], says: str) -> Any:
        sub = subs.add_parser(name, parents=[files], help=says)
        sub.set_defaults(do=do)
        return sub

    add("run", _run, "stay, and run each job when it is due")
    add("tick", _tick, "run what is due, and end (for cron)")
    add("jobs", _jobs, "list the jobs of this house")
    if job:
        add(job, _one_job, "run this job now").set_defaults(job=job)
    add("windows", _windows, "list the charging windows")
    add("status", _status, "the house in a few lines")
    signs_in = add("login", _login, "sign in to a car's cloud, also over ssh")
    signs_in.add_argument("back_end", nargs="?", default="", metavar="fleet|owner|fleet-proxy|ble|teslamate")
    window = add("window", _window, "switch, change or remove a window")
    window.add_argument("name")
    window.add_argument("action", choices=("on", "off", "set", "remove"))
    window.add_argument("words", nargs="*", metavar="key=value")
    for key in KEYS[1:]:
        window.add_argument(f"--{key}", dest=f"set_{key}", help=argparse.SUPPRESS)
    mode = add("mode", _mode, "set the mode of the house or of one charger")
    mode.add_argument("mode", choices=(*Mode, "default"), metavar="|".join((*Mode, "default")))
    mode.add_argument("--charger")
    boost = add("boost", _boost, "charge fast, with an end")
    boost.add_argument("off", nargs="?", choices=("off",))
    boost.add_argument("--amps")
    boost.add_argument("--for", dest="duration", metavar="2h")
    boost.add_argument("--until", metavar="07:15")
    boost.add_argument("--to-soc", metavar="PERCENT")
    boost.add_argument("--charger")
    return parser


# --- jobs ------------------------------------------------------------------------------------------


def _runner(
    settings: SchedulerSettings, asked: argparse.Namespace, pause: Callable[[float], Any]
) -> JobRunner:
    agent = Agent(settings.agent_url, settings.token, dry_run=asked.dry_run, certificate=settings.certificate)
    clock: Clock = asked.clock or SystemClock(settings.site.zone)
    letters = Letters(settings)
    jobs = [*jobs_of(settings), *letters.jobs]  # letters last: they carry what the others have to tell

    def rest(seconds: float) -> None:
        pause(seconds / asked.pace)

    return JobRunner(jobs, settings, clock, agent, letters.tell, rest, dry_run=asked.dry_run)


def _run(settings: SchedulerSettings, asked: argparse.Namespace) -> int:
    """Stay until told to end. `schedule` only ticks; what is due, the runner knows."""
    import schedule

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    runner = _runner(settings, asked, stop.wait)
    ticker = schedule.Scheduler()
    every_s = TICK_EVERY_S / asked.pace
    ticker.every(every_s).seconds.do(lambda: _tell_outcomes(runner.tick()))
    print(f"scheduler: {len(runner.jobs)} jobs, asking the agent at {settings.agent_url}", flush=True)
    ticker.run_all()
    while not stop.wait(max(0.5 / asked.pace, min(ticker.idle_seconds or 0.0, every_s))):
        ticker.run_pending()
    return 0


def _tick(settings: SchedulerSettings, asked: argparse.Namespace) -> int:
    return _tell_outcomes(_runner(settings, asked, threading.Event().wait).tick())


def _one_job(settings: SchedulerSettings, asked: argparse.Namespace) -> int:
    runner = _runner(settings, asked, threading.Event().wait)
    if asked.job not in runner.jobs:
        raise commands.Wrong(
            f"There is no command or job {asked.job!r}. Commands: {', '.join(WORDS)}. "
            f"Jobs of this house: {', '.join(runner.jobs)}."
        )
    outcome = runner.run_now(asked.job)
    if outcome.did == "ran" and not outcome.sentences:
        print(f"{asked.job}: all is as it should be")
    return _tell_outcomes([outcome])


def _tell_outcomes(outcomes: Sequence[Outcome]) -> int:
    for outcome in outcomes:
        where = sys.stderr if outcome.did == "failed" else sys.stdout
        for sentence in outcome.sentences:
            print(f"{outcome.job}: {sentence}", file=where, flush=True)
    return 1 if any(outcome.did == "failed" for outcome in outcomes) else 0


def _jobs(settings: SchedulerSettings, asked: argparse.Namespace) -> int:
    jobs: list[Job] = [*jobs_of(settings), *Letters(settings).jobs]
    for job in jobs:
        print(f"{job.name:<16} every {job.every_s / 60:g} min   {job.about}")
    return 0


# --- by hand ---------------------------------------------------------------------------------------


def _by_hand(
    settings: SchedulerSettings, asked: argparse.Namespace, act: Callable[[Agent], str | Sequence[str]]
) -> int:
    agent = Agent(settings.agent_url, settings.token, dry_run=asked.dry_run, certificate=settings.certificate)
    said = act(agent)
    for line in agent.would or ([said] if isinstance(said, str) else said):
        print(line)
    return 0


def _window(settings: SchedulerSettings, asked: argparse.Namespace) -> int:
    options = [f"{key}={value}" for key in KEYS[1:] if (value := getattr(asked, f"set_{key}")) is not None]
    words = [*asked.words, *options]
    return _by_hand(settings, asked, lambda agent: commands.window(agent, asked.name, asked.action, words))


def _windows(settings: SchedulerSettings, asked: argparse.Namespace) -> int:
    return _by_hand(
        settings,
        asked,
        lambda agent: [f"{row['name']}: {commands.describe(row)}" for row in agent.windows()] or "no windows",
    )


def _mode(settings: SchedulerSettings, asked: argparse.Namespace) -> int:
    return _by_hand(settings, asked, lambda agent: commands.mode(agent, str(asked.mode), asked.charger))


def _boost(settings: SchedulerSettings, asked: argparse.Namespace) -> int:
    if asked.off:
        return _by_hand(settings, asked, lambda agent: commands.end_boost(agent, asked.charger))
    return _by_hand(
        settings,
        asked,
        lambda agent: commands.boost(
            agent,
            amps=asked.amps,
            duration=asked.duration,
            until=asked.until,
            to_soc=asked.to_soc,
            charger=asked.charger,
        ),
    )


def _login(settings: SchedulerSettings, asked: argparse.Namespace) -> int:
    from scheduler.cars import login

    if asked.back_end and asked.back_end not in login.BACK_ENDS:
        raise commands.Wrong(f"There is no back end {asked.back_end!r}: {', '.join(login.BACK_ENDS)}.")
    wall = SystemClock(settings.site.zone).now().wall
    if wall is None:
        raise commands.Wrong("The computer does not know the time yet: wait until it does.")
    try:
        login.login(settings, asked.back_end, wall, login.ask_on_terminal, print)
    except login.LoginFailed as error:
        return _complain(str(error))
    return 0


def _status(settings: SchedulerSettings, asked: argparse.Namespace) -> int:
    return _by_hand(settings, asked, commands.status)


if __name__ == "__main__":
    sys.exit(main())
