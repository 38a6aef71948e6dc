"""A fixed number, for trials: `fixed://?watts=-3000` is a grid that takes 3 kW, for ever.

It serves whatever role its settings line stands under. Watts are in our signs: + is import, production,
discharge or consumption.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.meters.line import option
from agent.meters.values import Meaning, Values

TITLE = "A fixed number, for trials"
ROLES = ("grid", "solar", "battery", "house")
EXAMPLE = "fixed://?watts=-3000"
VIA = "nothing"
PLACE = "nothing"
STEADY = True


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    watts: float = option(help="the number, in our signs")
    volts: float | None = option(None, "volts of each phase", least=80, most=300)
    phases: int = option(1, "how many phases the volts hold for", least=1, most=3)
    soc_percent: float | None = option(None, "how full the battery is", least=0, most=100)


def ask(options: Options, answers: None) -> list[None]:
    """Nothing."""
    return []


def decode(answers: None, options: Options) -> Meaning:
    """What the line says."""
    volts = None if options.volts is None else (options.volts,) * options.phases
    return {"any": Values(options.watts, volts_by_phase=volts, soc_percent=options.soc_percent)}
