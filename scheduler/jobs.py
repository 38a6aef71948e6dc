"""Timed jobs: what they are, and how they are run, whether by a resident process or by cron.

A job is level-triggered. It compares what should be with what is, closes the difference, and reads back.
So it may run twice, be missed, or be killed in its middle: the next run finds the rest. `tick` runs
whatever is due and is the same for both ways; nothing depends on a clock hitting a certain minute.

A job that raises is reported once, tried again with growing patience, and never stops the others. The
same job never runs twice at a time, whichever processes try.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from notify.events import Event
from scheduler.agent_api import Agent, AgentDown, AgentError
from scheduler.clock import Clock, Moment
from scheduler.kept import KeepError, Memory, only_one
from scheduler.settings import SchedulerSettings

log = logging.getLogger(__name__)

FIRST_PATIENCE_S = 60.0
LONGEST_PATIENCE_S = 3600.0
# Cron's ticks jitter by seconds: a job every 300 s must not slip from each tick to the next but one.
MOST_SLACK_S = 20.0
STATE_FOLDER = "state folder"


class JobFailed(Exception):
    """A job could not do its work for a known reason; the text is a sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a job gets: the settings, the time, the agent, its own memory, and whom to tell.

    `memory.data` holds what the job wants to find again (JSON values); it is saved after each good run,
    and by `memory.save()` where something must not be forgotten if the process dies next. With `dry_run`
    a job reads all it likes, changes nothing, and its sentences say "would". `pause` waits some seconds.
    """

    settings: SchedulerSettings
    moment: Moment
    agent: Agent
    memory: Memory
    tell: Callable[[Event], None]
    pause: Callable[[float], None]
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """One job: `run` answers a sentence for each thing done, none when all was as it should be.

    It may raise JobFailed or AgentError. `needs_wall`: it can't work while the time of day is unknown.
    """

    name: str
    every_s: float
    run: Callable[[Context], Sequence[str]]
    about: str = ""
    needs_wall: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one job fared. `sentences` say what it did, or why it did not."""

    job: str
    did: Literal["ran", "failed", "waits"]
    sentences: tuple[str, ...] = ()


def patience_s(failures: int) -> float:
    """How long a job rests after so many failures in a row: 1, 2, 4 ... 60 minutes."""
    return min(FIRST_PATIENCE_S * 2.0 ** min(failures - 1, 20), LONGEST_PATIENCE_S)


class JobRunner:
    """Runs the jobs of one house. `folder` holds their memories and locks."""

    def __init__(
        self,
        jobs: Iterable[Job],
        settings: SchedulerSettings,
        clock: Clock,
        agent: Agent,
        tell: Callable[[Event], None],
        pause: Callable[[float], None],
        *,
        dry_run: bool = False,
    ) -> None:
        self.jobs = {job.name: job for job in jobs}
        self.folder = settings.state_dir / "scheduler"
        self._settings = settings
        self._clock = clock
        self._agent = agent
        self._tell = tell
        self._pause = pause
        self._dry_run = dry_run
        self._ran_at_mono_s: dict[str, float] = {}
        self._unkept: dict[str, float] = {}  # jobs whose notes the disk does not take, since (mono_s)
        self._told_unkept = False

    def tick(self) -> list[Outcome]:
        """Run whatever is due."""
        return [outcome for job in self.jobs.values() if (outcome := self._one(job, forced=False))]

    def run_now(self, name: str) -> Outcome:
        """Run one job whether it is due or not."""
        outcome = self._one(self.jobs[name], forced=True)
        return outcome or Outcome(name, "waits")

    def _one(self, job: Job, *, forced: bool) -> Outcome | None:
        moment = self._clock.now()
        if moment.wall is None and job.needs_wall:
            return (
                Outcome(job.name, "waits", ("It waits until the time of day is known.",)) if forced else None
            )
        try:
            with only_one(self.folder / f"{job.name}.lock") as free:
                if not free:
                    return Outcome(job.name, "waits", ("It is being run by another process.",))
                memory = Memory(self.folder / f"{job.name}.json", dry_run=self._dry_run)
                if not forced and not self._is_due(job, memory, moment):
                    return None
                self._ran_at_mono_s[job.name] = moment.mono_s
                outcome = self._guarded(job, memory, moment)
                memory.save(moment.wall.timestamp() if moment.wall else memory.marked_s)
                self._kept(job, moment)
                return outcome
        except KeepError as error:
            log.error("%s: %s", job.name, error)
            self._not_kept(job, moment, str(error))
            return Outcome(job.name, "failed", (str(error),))

    def _not_kept(self, job: Job, moment: Moment, why: str) -> None:
        """A state folder that takes nothing is told by a process that stays: it knows that it has told it.

        Under cron each tick would tell it anew, so there it is printed only.
        """
        since = self._unkept.setdefault(job.name, moment.mono_s)
        if moment.mono_s - since >= FIRST_PATIENCE_S and not self._told_unkept and not self._dry_run:
            self._told_unkept = True
            says = f"Timed jobs can't note what they did, and may do or tell it twice: {why}"
            self._tell(Event("job_failed", says, "error", STATE_FOLDER, at_wall=moment.wall))

    def _kept(self, job: Job, moment: Moment) -> None:
        """Its notes were taken; when those of all are again, that is told too."""
        self._unkept.pop(job.name, None)
        if self._told_unkept and not self._unkept:
            self._told_unkept = False
            says = "The timed jobs' notes are kept again."
            self._tell(Event("job_ok", says, "info", STATE_FOLDER, "job_failed", at_wall=moment.wall))

    def _is_due(self, job: Job, memory: Memory, moment: Moment) -> bool:
        record = record_of(memory.data)
        wait_s = patience_s(record["failures"]) if record["failures"] else job.every_s
        wait_s -= min(MOST_SLACK_S, 0.1 * wait_s)
        last = self._ran_at_mono_s.get(job.name)
        if last is not None and moment.mono_s - last < wait_s:
            return False
        if moment.wall is None:
            return True
        since_s = moment.wall.timestamp() - memory.marked_s
        return not 0 <= since_s < wait_s  # a clock that was set back makes it due, too

    def _guarded(self, job: Job, memory: Memory, moment: Moment) -> Outcome:
        def tell(event: Event) -> None:
            if not self._dry_run:
                self._tell(event if event.at_wall else replace(event, at_wall=moment.wall))

        context = Context(self._settings, moment, self._agent, memory, tell, self._pause, self._dry_run)
        try:
            did = [*([memory.problem] if memory.problem else []), *job.run(context)]
        except KeepError:
            raise  # the disk's trouble is told once, not by each job
        except (AgentError, JobFailed) as error:
            log.warning("%s: %s", job.name, error)
            return self._failed(job, context, str(error), told_elsewhere=isinstance(error, AgentDown))
        except Exception as error:  # a job's crash must not end the others
            log.exception("the job %s crashed", job.name)
            return self._failed(job, context, f"It crashed ({type(error).__name__}: {error}).")
        did += self._taken_wishes()
        self._note(context, failures=0)
        return Outcome(job.name, "ran", tuple(did))

    def _failed(self, job: Job, context: Context, why: str, *, told_elsewhere: bool = False) -> Outcome:
        failures = record_of(context.memory.data)["failures"] + 1
        minutes = patience_s(failures) / 60
        if not told_elsewhere and not record_of(context.memory.data)["told"]:
            says = f"The job {job.name} failed: {why} It is tried again in {minutes:.0f} min."
            context.tell(Event("job_failed", says, "error", job.name))
        self._note(context, failures=failures, told=not told_elsewhere)
        return Outcome(job.name, "failed", (*self._taken_wishes(), why))

    def _note(self, context: Context, failures: int, told: bool = False) -> None:
        """Write down how it went; the end of a trouble that was told is told as well."""
        record = record_of(context.memory.data)
        if not failures and record["told"]:
            name = context.memory.path.stem
            context.tell(Event("job_ok", f"The job {name} works again.", "info", name, "job_failed"))
        context.memory.data["run"] = {
            "failures": failures,
            "told": bool(failures) and (told or record["told"]),
        }

    def _taken_wishes(self) -> list[str]:
        wishes, self._agent.would = self._agent.would, []
        return wishes


def record_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """How the last run went, `{failures, told}`, whatever the file says; when it was is the file's date."""
    found = data.get("run")
    found = found if isinstance(found, dict) else {}
    failures = found.get("failures")
    return {
        "failures": failures if isinstance(failures, int) and failures > 0 else 0,
        "told": found.get("told") is True,
    }
