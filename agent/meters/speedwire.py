"""SMA Energy Meter and Sunny Home Manager 2.0: they tell the whole network what flows, once a second.

Nothing is asked and nothing needs switching on: UDP multicast to 239.12.255.254, port 9522. It does not
pass routers, many Wi-Fi access points, nor the bridge of a container. Where the computer has several
networks, `interface` names its own address in the right one.

A datagram starts with `SMA\\0`; all numbers have their high byte first:

    12  u16  length of what follows from byte 16 on     18  u16  kind of device
    16  u16  0x6069, else it is not about power         20  u32  serial number     24  u32  ms of uptime
    28       records: u16 channel, u8 type, u8 tariff, then 4 bytes (type 4: now) or 8 (type 8: counter, Ws)

    channel          import  export     now            counter
    all phases           1       2      0.1 W          Ws
    L1, L2, L3     21 41 61  22 42 62   0.1 W          31 51 71  mA, magnitude      32 52 72  mV

Import and export are two magnitudes: grid = import - export. A meter that counts the sun is wired so that
production is export (`measures=solar`). Source: SMA, "EMETER-Protokoll" technical information.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from agent.meters.line import option
from agent.meters.values import Meaning, Poor, Values, by_role, signed_amps
from agent.meters.via.datagrams import Datagram, Datagrams, Hear, OwnAddress

TITLE = "SMA Energy Meter, Sunny Home Manager 2.0 (Speedwire)"
ROLES = ("grid", "solar", "house")
EXAMPLE = "speedwire://?serial=1901234567"
VIA = "udp"
PLACE = "nothing"
EVERY_S = 1.0
HINT = (
    "Multicast does not pass routers, many Wi-Fi access points and bridged containers; "
    "with several networks name ours with interface=."
)

GROUP = "239.12.255.254"
MARKS = ((0, b"SMA\0"), (16, b"\x60\x69"))
SERIAL = (20, 24)
RECORDS_AT, NOW, COUNTER = 28, 4, 8
IMPORT, EXPORT, AMPS, VOLTS = 1, 2, 11, 12  # and 20, 40, 60 more for each phase
PHASES = (20, 40, 60)
WS_IN_WH = 3600
Numbers = dict[tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    serial: int = option(0, "the meter's serial number; 0: the only one there is", least=0, most=2**32 - 1)
    measures: Literal["grid", "solar", "house"] = option("grid", "what it measures")
    interface: OwnAddress = option(OwnAddress(), "our own address in the meter's network")
    port: int = option(9522, "the port it speaks to", least=1, most=65535)


def ask(options: Options, answers: Datagrams) -> list[Hear]:
    """What to listen for."""
    return [Hear(GROUP, options.port, MARKS, SERIAL, options.interface)]


def decode(answers: Datagrams, options: Options) -> Meaning:
    """One reading, for the role that the meter was put in for."""
    return by_role(**{options.measures: lambda: _values(_chosen(answers, options), options)})


def _chosen(answers: Datagrams, options: Options) -> Datagram:
    heard = {int.from_bytes(who, "big"): said for who, said in answers.by_sender.items()}
    names = ", ".join(map(str, sorted(heard)))
    if options.serial:
        if options.serial not in heard:
            raise Poor(f"meter {options.serial} is silent; these speak: {names}")
        return heard[options.serial]
    if len(heard) != 1:
        raise Poor(f"several meters speak ({names}): choose one with serial=")
    return next(iter(heard.values()))


def _values(said: Datagram, options: Options) -> Values:
    numbers = dict(_records(said.body))
    phases = [_net(numbers, offset) for offset in PHASES]
    volts = [numbers.get((VOLTS + offset, NOW), 0) / 1000 for offset in PHASES]
    wired = max((number for number, one in enumerate(volts, 1) if one), default=0)
    amps = tuple(numbers.get((AMPS + offset, NOW), 0) / 1000 for offset in PHASES[:wired])
    values = Values(
        _net(numbers, 0),
        signed_amps(amps or None, tuple(phases[:wired])),
        tuple(volts[:wired]) or None,
        energy_wh=numbers.get((IMPORT, COUNTER), 0) / WS_IN_WH,
        exported_wh=numbers.get((EXPORT, COUNTER), 0) / WS_IN_WH,
        age_s=said.age_s,
    )
    return values.flipped() if options.measures == "solar" else values


def _net(numbers: Numbers, offset: int) -> float:
    try:
        return (numbers[IMPORT + offset, NOW] - numbers[EXPORT + offset, NOW]) / 10
    except KeyError:
        raise Poor("its datagram is cut short: import or export is missing") from None


def _records(body: bytes) -> Iterator[tuple[tuple[int, int], int]]:
    """(channel, type) and the number, up to the end that the datagram gives."""
    end = min(len(body), 16 + int.from_bytes(body[12:14], "big"))
    at = RECORDS_AT
    while at + 8 <= end:
        channel, kind = int.from_bytes(body[at : at + 2], "big"), body[at + 2]
        size = COUNTER if kind == COUNTER else NOW
        if at + 4 + size > end:
            return
        yield (channel, kind), int.from_bytes(body[at + 4 : at + 4 + size], "big")
        at += 4 + size
