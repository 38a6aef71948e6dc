"""Dutch and Belgian smart meters by their customer port (P1): serial cable, or an adapter on the network.

The port sends a telegram by itself, every second (DSMR 5) or every ten (DSMR 4 and older). The cable must
pull the request pin high and turn the signal round: buy one sold as a P1 cable. Versions 4 and 5 speak at
115200 8N1 and carry a checksum, versions 2 and 3 at 9600 7E1 and have none.

    OBIS 1-0:              unit     sign of the meter      ours
    1.7.0      2.7.0       kW       both >= 0              grid = import - export
    21 41 61   22 42 62    kW       both >= 0, by phase    sign of that phase's amps
    31 51 71               A        magnitude              amps; whole amps are refined by W / V
    32 52 72               V                               volts (version 5)
    1.8.0  or  1.8.1+2     kWh                             energy_wh, what came in
    2.8.0  or  2.8.1+2     kWh                             exported_wh

Units are read from the telegram: some Nordic meters write W. Without totals the phases are added. A meter
on one phase sends the first of each three. Belgian amps have two decimals (unconfirmed on hardware).
The telegram has a time, and isn't asked for it: over a wire the moment of arrival is the better one, and
the clocks of meters drift. Source: Netbeheer Nederland, "P1 Companion Standard" 2.2 to 5.0.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent.meters.line import option
from agent.meters.values import Meaning, Phases, Poor, Values, by_role, signed_amps
from agent.meters.via.telegram import Telegram, refined_amps

TITLE = "Dutch or Belgian smart meter (DSMR P1)"
ROLES = ("grid",)
EXAMPLE = "dsmr:///dev/ttyUSB0?version=5"
VIA = "p1"
PLACE = "either"
EVERY_S = 1.0
HINT = "Only one program may read a P1 port."

OLD = ("2", "3")


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    version: Literal["5", "4", "3", "2"] = option("5", "the meter's DSMR version: it sets the speed")
    path: str = option("", "the serial port")

    @property
    def baud(self) -> int:
        """The serial speed."""
        return 9600 if self.version in OLD else 115200

    @property
    def bits(self) -> int:
        """Data bits."""
        return 7 if self.version in OLD else 8

    @property
    def parity(self) -> str:
        """Even in old versions, none since."""
        return "E" if self.version in OLD else "N"


def ask(options: Options, answers: None) -> list[None]:
    """Nothing: it speaks by itself."""
    return []


def decode(answers: Telegram, options: Options) -> Meaning:
    """What one telegram means."""
    return by_role(grid=lambda: _grid(answers))


def _grid(telegram: Telegram) -> Values:
    by_phase = _phase_watts(telegram)
    imported = telegram.sum("1-0:1.7.0", into="W")
    exported = telegram.sum("1-0:2.7.0", into="W")
    if imported is None and by_phase is None:
        raise Poor("its telegram has no power (1-0:1.7.0): is this an electricity meter's port?")
    watts = sum(by_phase or ()) if imported is None else imported - (exported or 0.0)
    volts = _three(telegram, "32", "52", "72", into="V")
    return Values(
        watts,
        _amps(telegram, by_phase, volts),
        volts,
        _total(telegram, "1"),
        _total(telegram, "2"),
    )


def _phase_watts(telegram: Telegram) -> Phases | None:
    into = _three(telegram, "21", "41", "61", into="W")
    out = _three(telegram, "22", "42", "62", into="W") or (0.0,) * len(into or ())
    if into is None or len(into) != len(out):
        return None
    return tuple(i - o for i, o in zip(into, out, strict=True))


def _amps(telegram: Telegram, watts: Phases | None, volts: Phases | None) -> Phases | None:
    amps = _three(telegram, "31", "51", "71", into="A")
    exact = any("." in telegram.lines.get(f"1-0:{n}.7.0", "") for n in ("31", "51", "71"))
    return signed_amps(amps, watts) if exact else refined_amps(amps, watts, volts)


def _three(telegram: Telegram, *numbers: str, into: str) -> Phases | None:
    """L1 L2 L3 up to the first that is missing."""
    found: list[float] = []
    for number in numbers:
        value = telegram.find(f"1-0:{number}.7.0", into)
        if value is None:
            break
        found.append(value)
    return tuple(found) or None


def _total(telegram: Telegram, way: str) -> float | None:
    whole = telegram.find(f"1-0:{way}.8.0", "Wh")
    return telegram.sum(f"1-0:{way}.8.1", f"1-0:{way}.8.2", into="Wh") if whole is None else whole
