"""Which clouds this house has, and their jobs."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from notify.settings import SettingsError
from scheduler.clouds.settings import CloudSection, CloudsSettings, Role
from scheduler.jobs import Job
from scheduler.settings import SchedulerSettings

READERS = ("solaredge", "enphase", "efergy", "growatt")
PUSHED = "pushed"


def jobs(settings: SchedulerSettings) -> list[Job]:
    """A job for each cloud of this house. Raises SettingsError with every problem."""
    section = settings.section("clouds", CloudsSettings)
    used = {name: one for name in (*READERS, "envoy") if (one := getattr(section, name, None))}
    problems = [
        f"clouds.{name}: credentials.env has no {secret}. Add the line {secret}=... there."
        for name, one in used.items()
        for secret in one.SECRETS
        if secret not in settings.credentials
    ]
    for name, one in used.items():
        if isinstance(one, CloudSection) and not roles_of(one, settings.tables):
            problems.append(
                f"clouds.{name}: [meters] already reads all that it offers. Leave the section out, "
                'or name its roles: roles = ["solar"].'
            )
    if problems:
        raise SettingsError(problems)
    return [_job(name, one, settings) for name, one in used.items()]


def roles_of(section: CloudSection, tables: Mapping[str, Any]) -> tuple[Role, ...]:
    """What a cloud may speak for: what its section says, else whatever [meters] does not read itself.

    A cloud behind a meter would do harm: its old number would count as soon as the meter misses a beat.
    """
    if section.roles is not None:
        return section.roles
    meters = tables.get("meters")
    meters = meters if isinstance(meters, dict) else {}
    return tuple(role for role in section.OFFERS if _is_open(meters.get(role)))


def _is_open(lines: object) -> bool:
    found = [lines] if isinstance(lines, str) else lines if isinstance(lines, list) else []
    return not found or any(str(line).strip().startswith(f"{PUSHED}:") for line in found)


def _job(name: str, section: Any, settings: SchedulerSettings) -> Job:
    module = import_module(f"scheduler.clouds.{name}")
    secrets = {secret: settings.credentials[secret] for secret in section.SECRETS}
    if name == "envoy":
        job: Job = module.job(section, secrets)
        return job
    from scheduler.clouds.errand import TELL_EVERY_S, Cloud

    cloud = Cloud(name, module.read, section, secrets, roles_of(section, settings.tables))
    return Job(name, TELL_EVERY_S, cloud.run, f"tells the agent what the {name} cloud says")
