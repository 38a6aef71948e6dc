"""What a kilowatt-hour costs, and when: tariffs, and the windows that follow them."""

from __future__ import annotations

from notify.settings import SettingsError
from scheduler.jobs import Job
from scheduler.settings import SchedulerSettings


def jobs(settings: SchedulerSettings) -> list[Job]:
    """The jobs of [tariff]. Raises SettingsError."""
    from scheduler.tariffs import job
    from scheduler.tariffs.settings import TariffSettings

    tariff = settings.section("tariff", TariffSettings)
    if tariff is None:
        return []
    if problem := tariff.secret_problem(settings.credentials):
        raise SettingsError([problem])
    return job.jobs(tariff)
