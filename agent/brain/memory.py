"""What the brain must remember from one second to the next: frozen values, handed in and out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class ChargerMemory:
    """One charger's past, as far as it matters. Times are mono_s, NEVER where nothing happened yet."""

    on: bool = False  # the sun (or its share of it) is being used
    since_mono_s: float = NEVER  # of the last change of `on`
    started_mono_s: float = NEVER
    level_amps: float = 0.0  # what the sun's rules last settled on
    offer_amps: float = 0.0  # what was last offered, after every rule
    above_since_mono_s: float | None = None  # off: enough sun since then
    up_since_mono_s: float | None = None  # on: more sun than used since then ...
    up_amps: float = 0.0  # ... and the least of it
    debt_wh: float = 0.0  # on: bought for the sun's sake
    plugged: bool | None = None
    charging: bool = False
    unheard_since_mono_s: float | None = None
    grace_until_mono_s: float = NEVER
    delivered_wh: float = 0.0  # since the brain first saw this charger
    cut_until_mono_s: float = NEVER  # a limit took the last amps: no new start before
    idle_since_mono_s: float | None = None  # offered amps, and the car takes none
    defiant_since_mono_s: float | None = None  # offered nothing, and the car still draws


@dataclass(frozen=True, slots=True)
class Memory:
    """The whole house's past. `draws` holds the chargers' watts of the last seconds, oldest first."""

    at_mono_s: float = NEVER
    chargers: Mapping[str, ChargerMemory] = field(default_factory=dict)
    draws: tuple[tuple[float, float], ...] = ()
    fuse_cut_mono_s: float | None = None  # when the main fuse last took amps away


FRESH = ChargerMemory()
