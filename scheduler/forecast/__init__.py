"""What the sun will give: forecasts of two services, corrected by what it really gave."""

from __future__ import annotations

from scheduler.jobs import Job
from scheduler.settings import SchedulerSettings


def jobs(settings: SchedulerSettings) -> list[Job]:
    """The job of [forecast]. Raises SettingsError."""
    from scheduler.forecast import job
    from scheduler.forecast.settings import ForecastSettings

    forecast = settings.section("forecast", ForecastSettings)
    return job.jobs(forecast) if forecast else []
