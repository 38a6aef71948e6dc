"""What a day, a week and a month of charging came to: one letter each, told to whoever gets letters."""

from __future__ import annotations

from scheduler.jobs import Job
from scheduler.settings import SchedulerSettings


def jobs(settings: SchedulerSettings) -> list[Job]:
    """The job that tells them. Raises SettingsError."""
    from scheduler.reports import job

    return job.jobs(settings)
