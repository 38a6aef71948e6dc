"""The Wall Connector's messages, as values: one frozen dataclass each, checked when built.

A Tesla Wall Connector Gen 2 with its rotary switch on F is a *secondary*: it waits on a two-wire
half-duplex RS-485 bus (9600 8N1) for a *primary* to tell it how many amps it may offer. We are the
primary. The first two bytes name a message: FB asks (an FD answers), FC commands or announces, FD
speaks from a charger. Ids are two opaque bytes, written as four hex digits. Currents are hundredths
of an ampere, 16 bits, big-endian, per conductor. The last byte is a checksum.

    FC E1  P sign limit            primary ready, 1: "I am here"              P = primary's id
    FB E2  P sign limit            primary ready, 2: "announce yourselves"
    FD E2  C sign rating           charger ready, every 10 s while unlinked   C = charger's id
    FB E0  P C command amps        primary's heartbeat, once a second
    FD E0  C P state offered drawn charger's heartbeat, only ever as an answer
    FB xx / FD xx                  queries: energy, versions, serial, VIN, plug
    FC B1, FC B2                   close, open the contactor: an emergency's last rung, never control
    FC 1D                          idle, from a lonely real primary: received only

Two generations exist: protocol 1 (heartbeats of 14 bytes) and 2 (16 bytes); a charger's FD E2 tells.

The checksum is the sum, modulo 256, of all bytes between the first and itself. The first byte is *not*
covered, swapped bytes pass, and zeros do not count: so each length is checked on its own, and a value
is believed only where it is plausible (see master.py).

What may be sent is a closed list: only the classes below that have `encode`, with only the commands and
queries named here, can become bytes. FC 19 and FC 1A write flash (one unit was locked for good), FB E8
crashes a unit, heartbeat command 02 makes it refuse to talk until reset, FC E5 / FC A1 / FB A4 have no
known use: none of them can be built, and `_seal` refuses them once more on the way out.

Sources: reverse engineering published by C. Dragon, N. Gardiner, Wired-Square, C. Peacock, J. Nicolson
and E. Rwin; forum captures. Layouts marked there by several independent captures, unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache


class LocalError(ValueError):
    """We tried to build a message that must not exist: our bug."""


class RemoteError(ValueError):
    """Bytes arrived that are no message: noise, or a unit that speaks otherwise."""


class Command(IntEnum):
    """What a primary's heartbeat orders. 02 (error) exists and must never be sent."""

    NO_CHANGE = 0x00
    LIMIT_BEFORE_CHARGE = 0x05  # protocol 1: at any time; protocol 2: ignored while charging
    RAISE_2A = 0x06
    LOWER_2A = 0x07
    ACKNOWLEDGE_STOP = 0x08  # the answer to state 08 with nothing offered
    LIMIT = 0x09  # protocol 2: takes the place of 05 while charging


class QueryCode(IntEnum):
    """The questions that real units are known to answer."""

    SERIAL_OLD = 0x19
    MODEL = 0x1A
    VERSION = 0x1B
    PLUG = 0xB4
    ENERGY = 0xEB
    FIRMWARE = 0xEC
    SERIAL = 0xED
    VIN_1 = 0xEE
    VIN_2 = 0xEF
    VIN_3 = 0xF1


NEVER_SEND = (b"\xfc\x19", b"\xfc\x1a", b"\xfb\xe8", b"\xfc\xe5", b"\xfc\xa1", b"\xfb\xa4")
FORBIDDEN_COMMAND = 0x02

STATE_WORDS = {
    0x00: "ready",  # no car, or plugged in and asleep: cannot be told apart
    0x01: "charging",
    0x02: "error",
    0x03: "plugged_in",  # just plugged, stopped by the car, finished, or told 0 A
    0x04: "waiting",  # plugged in and ready: with 0 A offered it asks for power
    0x05: "busy",
    0x06: "raising",
    0x07: "lowering",
    0x08: "starting",  # with 0 A offered it asks for power
    0x09: "limiting",  # for about 10 s after a new limit, until the car follows
    0x0A: "adjusted",
}
CHARGING_CODES = frozenset({0x01, 0x06, 0x07, 0x09, 0x0A})
CAR_PRESENT_CODES = CHARGING_CODES | {0x03, 0x04, 0x05, 0x08}


def state_word(code: int) -> str:
    """A state's name; unknown numbers are kept and shown, never dropped."""
    return STATE_WORDS.get(code, f"unknown_{code:02x}")


def checksum(message: bytes) -> int:
    """Sum modulo 256 of all bytes but the first, of a message without its checksum byte."""
    return (sum(message) - message[0]) & 0xFF


def _seal(kind: bytes, payload: bytes, length: int) -> bytes:
    """Pad to `length` (checksum included) and add the checksum; the never-send list ends here."""
    if kind in NEVER_SEND:
        raise LocalError(f"message {kind.hex(' ')} must never be sent")
    message = (kind + payload).ljust(length - 1, b"\0")
    return message + bytes([checksum(message)])


def _word(value: int) -> bytes:
    return value.to_bytes(2, "big")


def _centiamps(amps: float) -> bytes:
    if not 0 <= amps <= 80:
        raise LocalError(f"{amps} A is not a current that a Wall Connector can offer (0 to 80 A)")
    return _word(round(amps * 100))


def _id(text: str) -> bytes:
    raw = bytes.fromhex(text)
    if len(raw) != 2:
        raise LocalError(f"a charger id is four hex digits, not {text!r}")
    return raw


# --- what the primary says -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PrimaryReady:
    """FC E1 (`second` False) or FB E2 (True): presence of a primary. `limit_amps` None sends zeros."""

    primary: str
    sign: int
    second: bool = False
    limit_amps: float | None = None

    def encode(self) -> bytes:
        limit = b"" if self.limit_amps is None else _centiamps(self.limit_amps)
        kind = b"\xfb\xe2" if self.second else b"\xfc\xe1"
        return _seal(kind, _id(self.primary) + bytes([self.sign]) + limit, 14)


@dataclass(frozen=True, slots=True)
class PrimaryHeartbeat:
    """FB E0: one order to one charger. `amps` is the limit per conductor that `command` carries."""

    primary: str
    charger: str
    command: Command
    amps: float = 0.0
    protocol: int = 2

    def encode(self) -> bytes:
        return _encode_heartbeat(self)


@lru_cache(maxsize=4096)
def _encode_heartbeat(beat: PrimaryHeartbeat) -> bytes:
    if beat.command == FORBIDDEN_COMMAND:
        raise LocalError("heartbeat command 02 must never be sent")
    command = bytes([Command(beat.command)])
    payload = _id(beat.primary) + _id(beat.charger) + command + _centiamps(beat.amps)
    return _seal(b"\xfb\xe0", payload, 14 if beat.protocol == 1 else 16)


@dataclass(frozen=True, slots=True)
class Query:
    """FB xx: one question to one charger, 16 bytes long (all known units answer that length)."""

    primary: str
    charger: str
    code: QueryCode

    def encode(self) -> bytes:
        return _seal(bytes([0xFB, QueryCode(self.code)]), _id(self.primary) + _id(self.charger), 16)


@dataclass(frozen=True, slots=True)
class Contactor:
    """FC B1 (`close` True) or FC B2: only on an owner's explicit order, or as a stop ladder's last rung."""

    primary: str
    charger: str
    close: bool

    def encode(self) -> bytes:
        kind = b"\xfc\xb1" if self.close else b"\xfc\xb2"
        return _seal(kind, _id(self.primary) + _id(self.charger), 16)


# --- what a charger says ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChargerReady:
    """FD E2: a charger announces itself, its rating and (by its length) its protocol."""

    charger: str
    sign: int
    rating_amps: float
    protocol: int = 2

    def encode(self) -> bytes:
        payload = _id(self.charger) + bytes([self.sign]) + _word(round(self.rating_amps * 100))
        return _seal(b"\xfd\xe2", payload, 14 if self.protocol == 1 else 16)


@dataclass(frozen=True, slots=True)
class ChargerHeartbeat:
    """FD E0: a charger's answer: state, what it offers its car, what the car draws (per conductor)."""

    charger: str
    primary: str
    state_code: int
    offered_amps: float
    drawn_amps: float
    protocol: int = 2

    def encode(self) -> bytes:
        return _encode_answer(self)


@lru_cache(maxsize=4096)
def _encode_answer(beat: ChargerHeartbeat) -> bytes:
    currents = _word(round(beat.offered_amps * 100)) + _word(round(beat.drawn_amps * 100))
    payload = _id(beat.charger) + _id(beat.primary) + bytes([beat.state_code]) + currents
    return _seal(b"\xfd\xe0", payload, 14 if beat.protocol == 1 else 16)


@dataclass(frozen=True, slots=True)
class EnergyReport:
    """FD EB (newer firmware): lifetime counter as sent (kWh or Wh: see master.py) and supply volts.

    `amps` come in 0.5 A steps and are unproven on hardware: for display and for guessing phases only.
    """

    charger: str
    counter: int
    volts: tuple[int, int, int]
    amps: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def encode(self) -> bytes:
        volts = b"".join(_word(v) for v in self.volts)
        amps = bytes(round(a * 2) for a in self.amps)
        return _seal(b"\xfd\xeb", _id(self.charger) + self.counter.to_bytes(4, "big") + volts + amps, 20)


@dataclass(frozen=True, slots=True)
class TextReport:
    """FD 19, 1A (no id), ED, EE, EF, F1: a piece of text: serial, model, a third of the VIN."""

    code: QueryCode
    charger: str
    text: str

    def encode(self) -> bytes:
        sender = _id(self.charger) if self.charger else b""
        length = 20 if self.charger else 14
        return _seal(bytes([0xFD, self.code]), sender + self.text.encode("ascii"), length)


@dataclass(frozen=True, slots=True)
class VersionReport:
    """FD EC (with id and four numbers) or FD 1B (without, three): the firmware's version."""

    charger: str
    numbers: tuple[int, ...]

    def encode(self) -> bytes:
        if self.charger:
            return _seal(b"\xfd\xec", _id(self.charger) + bytes(self.numbers), 16)
        return _seal(b"\xfd\x1b", bytes(self.numbers), 14)


@dataclass(frozen=True, slots=True)
class PlugReport:
    """FD B4: 0 unplugged, 1 charging, 2 unknown, 3 plugged in and not charging (one source)."""

    charger: str
    plug_code: int

    def encode(self) -> bytes:
        return _seal(b"\xfd\xb4", _id(self.charger) + bytes([self.plug_code]), 16)


@dataclass(frozen=True, slots=True)
class ContactorDone:
    """FD B1 / FD B2: the charger has heard the contactor order."""

    charger: str
    close: bool

    def encode(self) -> bytes:
        return _seal(b"\xfd\xb1" if self.close else b"\xfd\xb2", _id(self.charger), 16)


@dataclass(frozen=True, slots=True)
class Idle:
    """FC 1D: three in a row every two hours from a lonely real primary."""


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A sound frame with a name that is not in the catalogue: kept for the diagnosis page."""

    raw: bytes


Message = (
    PrimaryReady
    | PrimaryHeartbeat
    | Query
    | Contactor
    | ChargerReady
    | ChargerHeartbeat
    | EnergyReport
    | TextReport
    | VersionReport
    | PlugReport
    | ContactorDone
    | Idle
    | Unlisted
)

# --- reading ---------------------------------------------------------------------------------------

# Lengths with the checksum, as real units and known primaries send them. Any other length is damage.
LENGTHS = {
    0xFCE1: (14, 16),
    0xFBE2: (14, 16),
    0xFDE2: (14, 16),
    0xFBE0: (14, 16),
    0xFDE0: (14, 16),
    0xFC1D: (14, 16),
    0xFCB1: (14, 16),
    0xFCB2: (14, 16),
    0xFDB1: (14, 16, 20),
    0xFDB2: (14, 16, 20),
    0xFDB4: (14, 16, 20),
    0xFDEB: (20,),
    0xFDEC: (16, 20),
    0xFDED: (20,),
    0xFDEE: (20,),
    0xFDEF: (20,),
    0xFDF1: (20,),
    0xFD19: (14, 16, 20),
    0xFD1A: (14, 16, 20),
    0xFD1B: (14, 16, 20),
}
QUERY_LENGTHS = (13, 14, 15, 16)


def _either(lengths: Sequence[int]) -> str:
    return " or ".join(str(length) for length in lengths)


@lru_cache(maxsize=4096)
def decode(raw: bytes) -> Message:
    """Read one unescaped message with its checksum. Raises RemoteError when it is damaged."""
    if len(raw) < 13:
        raise RemoteError(f"only {len(raw)} bytes: too short for any message")
    kind = raw[0] << 8 | raw[1]
    is_query = raw[0] == 0xFB and raw[1] in QueryCode.__members__.values()
    lengths = QUERY_LENGTHS if is_query else LENGTHS.get(kind)
    if lengths and len(raw) not in lengths:
        raise RemoteError(f"message {kind:04X} with {len(raw)} bytes instead of {_either(lengths)}")
    body = raw[:-1]
    if checksum(body) != raw[-1]:
        raise RemoteError(f"message {kind:04X} with a wrong checksum")
    if is_query:
        return Query(_hex(raw, 2), _hex(raw, 4), QueryCode(raw[1]))
    reader = _READERS.get(kind)
    return reader(body) if reader else Unlisted(raw)


def _hex(raw: bytes, at: int) -> str:
    return raw[at : at + 2].hex().upper()


def _amps(raw: bytes, at: int) -> float:
    return (raw[at] << 8 | raw[at + 1]) / 100


def _protocol(body: bytes) -> int:
    return 1 if len(body) == 13 else 2


def _primary_ready(body: bytes) -> PrimaryReady:
    limit = _amps(body, 5)
    return PrimaryReady(_hex(body, 2), body[4], body[0] == 0xFB, limit or None)


def _primary_heartbeat(body: bytes) -> Message:
    if body[6] not in Command.__members__.values():
        return Unlisted(body)
    return PrimaryHeartbeat(_hex(body, 2), _hex(body, 4), Command(body[6]), _amps(body, 7), _protocol(body))


def _charger_ready(body: bytes) -> ChargerReady:
    return ChargerReady(_hex(body, 2), body[4], _amps(body, 5), _protocol(body))


def _charger_heartbeat(body: bytes) -> ChargerHeartbeat:
    return ChargerHeartbeat(
        _hex(body, 2), _hex(body, 4), body[6], _amps(body, 7), _amps(body, 9), _protocol(body)
    )


def _energy(body: bytes) -> EnergyReport:
    volts = (body[8] << 8 | body[9], body[10] << 8 | body[11], body[12] << 8 | body[13])
    amps = (body[14] / 2, body[15] / 2, body[16] / 2)
    return EnergyReport(_hex(body, 2), int.from_bytes(body[4:8], "big"), volts, amps)


def _text(body: bytes) -> TextReport:
    has_id = body[1] >= 0xED
    text = body[4 if has_id else 2 :].rstrip(b"\0").decode("ascii", "replace")
    return TextReport(QueryCode(body[1]), _hex(body, 2) if has_id else "", text)


def _version(body: bytes) -> VersionReport:
    if body[1] == 0xEC:
        return VersionReport(_hex(body, 2), tuple(body[4:8]))
    return VersionReport("", tuple(body[2:5]))


_READERS: Mapping[int, Callable[[bytes], Message]] = {
    0xFCE1: _primary_ready,
    0xFBE2: _primary_ready,
    0xFBE0: _primary_heartbeat,
    0xFDE2: _charger_ready,
    0xFDE0: _charger_heartbeat,
    0xFDEB: _energy,
    0xFDEC: _version,
    0xFD1B: _version,
    0xFDED: _text,
    0xFDEE: _text,
    0xFDEF: _text,
    0xFDF1: _text,
    0xFD19: _text,
    0xFD1A: _text,
    0xFDB4: lambda body: PlugReport(_hex(body, 2), body[4]),
    0xFCB1: lambda body: Contactor(_hex(body, 2), _hex(body, 4), True),
    0xFCB2: lambda body: Contactor(_hex(body, 2), _hex(body, 4), False),
    0xFDB1: lambda body: ContactorDone(_hex(body, 2), True),
    0xFDB2: lambda body: ContactorDone(_hex(body, 2), False),
    0xFC1D: lambda body: Idle(),
}
