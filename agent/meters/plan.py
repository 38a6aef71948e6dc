"""The [meters] section, understood: which sources may speak for which role, and in what order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agent.meters import BadLine, Source, terms
from agent.meters.line import HERE
from agent.model import Role

PUSHED = "pushed"


@dataclass(frozen=True, slots=True)
class Plan:
    """For each role its choices in order; each choice is one source, or the terms of a sum."""

    choices: Mapping[Role, tuple[tuple[Source, ...], ...]] = field(default_factory=dict)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every source once, in the order of the settings."""
        flat = (one for options in self.choices.values() for sum_ in options for one in sum_)
        return tuple(dict.fromkeys(flat))


def plan(
    lines: Mapping[Role, list[str]],
    credentials: Mapping[str, str] | None = None,
    state_dir: Path = HERE,
) -> Plan:
    """Understand all settings lines of all roles. Raises BadLine with all their problems.

    Without `credentials` the names of secrets are not looked up. Files that a line names without their
    whole path are in `state_dir`.
    """
    problems: list[str] = []
    choices: dict[Role, tuple[tuple[Source, ...], ...]] = {}
    for role, texts in lines.items():
        found: list[tuple[Source, ...]] = []
        for text in texts:
            try:
                found.append(terms(text, credentials, state_dir))
            except BadLine as error:
                problems += [f"meters.{role}: {one}" for one in error.problems]
        problems += [f"meters.{role}: {one}" for sum_ in found for one in _misfits(role, sum_)]
        if found:
            choices[role] = tuple(found)
    if problems:
        raise BadLine(*problems)
    return Plan(choices)


def _misfits(role: Role, sum_: tuple[Source, ...]) -> Iterator[str]:
    for one in sum_:
        if role not in one.driver.roles:
            # a house is computed from the others: name the device under grid and solar instead
            instead = " (leave it out: the house is computed)" if role == "house" else ""
            yield f"{one.driver.scheme} has no {role}: it offers {' or '.join(one.driver.roles)}{instead}."
        if one.driver.scheme == PUSHED and len(sum_) > 1:
            yield "a pushed reading can't be part of a sum."
