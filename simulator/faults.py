"""What goes wrong in real houses, on purpose and from a seed: wires, meters, ports, clocks, power.

A wire's faults are chances per frame, taken from damage that owners have published: noise around
frames, lost and doubled bytes, a stray C0, the unprotected type byte flipped (an FB becomes an FD and
still has a right checksum), a rating with its bytes swapped (80 0C: 327 A, right checksum too), a lost
closing C0 that glues a tail or the next frame on.

A meter's faults come in spells: it hangs, answers NaN or ten megawatts, repeats one value for ever, or
answers late. `draw_troubles` makes a whole day of trouble from a seed.

Times are `mono_s`, chances lie between 0 and 1.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import nan
from random import Random

from agent.bus.frames import RemoteError, checksum, decode
from agent.bus.slip import END, encode
from agent.model import Reading

LATE_S = 20.0
TEN_MEGAWATTS = 10_000_000.0
METER_FAULTS = ("hang", "nan", "ten_megawatts", "frozen", "late")


@dataclass(frozen=True, slots=True)
class WireFaults:
    """Chances per frame. All zero is a perfect wire."""

    noise: float = 0.0  # one to six junk bytes before or after it
    lost_frame: float = 0.0
    lost_byte: float = 0.0
    doubled_byte: float = 0.0
    flipped_bit: float = 0.0
    stray_c0: float = 0.0  # anywhere in it
    flipped_type: float = 0.0
    swapped_rating: float = 0.0
    glued: float = 0.0  # its closing C0 is lost

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a chance between 0 and 1, not {getattr(self, name)}")


NOISY = WireFaults(
    noise=0.05,
    lost_frame=0.01,
    lost_byte=0.02,
    doubled_byte=0.02,
    flipped_bit=0.02,
    stray_c0=0.02,
    flipped_type=0.01,
    swapped_rating=0.02,
    glued=0.01,
)


class FaultyWire:
    """Carries frames and damages some of them; `damaged` counts which way."""

    def __init__(self, faults: WireFaults, rng: Random) -> None:
        self.faults = faults
        self.damaged: dict[str, int] = {}
        self._rng = rng
        self._ways: list[tuple[str, float, Callable[[bytes], bytes]]] = [
            ("lost_frame", faults.lost_frame, lambda data: b""),
            ("flipped_type", faults.flipped_type, self._flip_type),
            ("swapped_rating", faults.swapped_rating, self._swap_rating),
            ("lost_byte", faults.lost_byte, self._lose),
            ("doubled_byte", faults.doubled_byte, self._double),
            ("flipped_bit", faults.flipped_bit, self._flip_bit),
            ("stray_c0", faults.stray_c0, self._stray),
            ("glued", faults.glued, self._glue),
            ("noise", faults.noise, self._noise),
        ]
        self.is_faulty = any(chance for _, chance, _ in self._ways)

    def carry(self, data: bytes) -> bytes:
        """What arrives of one frame; perhaps nothing."""
        if not self.is_faulty:
            return data
        for name, chance, damage in self._ways:
            if data and chance and self._rng.random() < chance:
                changed = damage(data)
                if changed != data:
                    self.damaged[name] = self.damaged.get(name, 0) + 1
                    data = changed
        return data

    def collide(self, data: bytes) -> bytes:
        """What is left of a frame when somebody else spoke at the same time: bits of both."""
        return bytes(byte & self._rng.randrange(0x100) for byte in data)

    def _place(self, data: bytes) -> int:
        return self._rng.randrange(len(data))

    def _flip_type(self, data: bytes) -> bytes:
        return data[:1] + bytes([data[1] ^ 0x06]) + data[2:] if data[1:2] in (b"\xfb", b"\xfd") else data

    def _swap_rating(self, data: bytes) -> bytes:
        """A charger's announcement with its rating's bytes exchanged, checksum still right."""
        end = data.find(END, 1)
        raw = data[1:end]
        if raw[:2] != b"\xfd\xe2" or not _is_sound(raw):
            return data
        body = raw[:5] + raw[6:7] + raw[5:6] + raw[7:-1]
        return encode(body + bytes([checksum(body)])) + data[end + 1 :]

    def _lose(self, data: bytes) -> bytes:
        at = self._place(data)
        return data[:at] + data[at + 1 :]

    def _double(self, data: bytes) -> bytes:
        at = self._place(data)
        return data[: at + 1] + data[at:]

    def _flip_bit(self, data: bytes) -> bytes:
        at = self._place(data)
        return data[:at] + bytes([data[at] ^ (1 << self._rng.randrange(8))]) + data[at + 1 :]

    def _stray(self, data: bytes) -> bytes:
        at = self._rng.randrange(len(data) + 1)
        return data[:at] + bytes([END]) + data[at:]

    def _glue(self, data: bytes) -> bytes:
        end = data.rfind(END)
        return data[:end] + data[end + 1 :] if end > 0 else data

    def _noise(self, data: bytes) -> bytes:
        junk = bytes(self._rng.choice((0xF0, 0xF8, 0xFE, 0x00, self._rng.randrange(256))) for _ in range(3))
        return junk + data if self._rng.random() < 0.5 else data + junk


def _is_sound(raw: bytes) -> bool:
    try:
        decode(raw)
    except RemoteError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Spell:
    """One trouble with a beginning and a length: `kind` is a METER_FAULTS, or whatever its list says."""

    kind: str
    starts_s: float
    lasts_s: float

    def holds(self, now: float) -> bool:
        """Whether it is in force."""
        return self.starts_s <= now < self.starts_s + self.lasts_s


class FaultyMeter:
    """One meter, asked once a second; None is an attempt that failed."""

    def __init__(self, spells: tuple[Spell, ...] = ()) -> None:
        unknown = {spell.kind for spell in spells} - set(METER_FAULTS)
        if unknown:
            raise ValueError(f"{', '.join(sorted(unknown))}: a meter's faults are {', '.join(METER_FAULTS)}")
        self.spells = spells
        self._last: Reading | None = None
        self._queue: deque[Reading] = deque(maxlen=600)
        self._ends_s = max((spell.starts_s + spell.lasts_s for spell in spells), default=0.0)

    def read(self, truth: Reading, now: float) -> Reading | None:
        """What the meter says, while `truth` flows."""
        if not self.spells or now >= self._ends_s:
            return truth
        self._queue.append(truth)
        kind = next((spell.kind for spell in self.spells if spell.holds(now)), "")
        if not kind:
            self._last = truth
        return self._said(kind, truth, now)

    def _said(self, kind: str, truth: Reading, now: float) -> Reading | None:
        match kind:
            case "hang":
                return None
            case "nan" | "ten_megawatts":
                return replace(truth, watts=nan if kind == "nan" else TEN_MEGAWATTS)
            case "frozen":
                return replace(self._last or truth, at_mono_s=now)
            case "late":
                return next((old for old in reversed(self._queue) if old.at_mono_s <= now - LATE_S), None)
        return truth


@dataclass(frozen=True, slots=True)
class Troubles:
    """A whole day of trouble. Spells of `port` are a pulled plug, of `power` the house in the dark."""

    wire: WireFaults = WireFaults()
    meter: tuple[Spell, ...] = ()
    port: tuple[Spell, ...] = ()
    power: tuple[Spell, ...] = ()
    clock: tuple[tuple[float, float], ...] = ()  # (at, by how many seconds the calendar jumps)
    hands: tuple[Spell, ...] = ()  # somebody unplugs a car and plugs it in again; kind is a charger id


NO_TROUBLES = Troubles()


def draw_troubles(rng: Random, length_s: float, charger_ids: tuple[str, ...] = ()) -> Troubles:
    """A seeded day of trouble: about half of the possible kinds, each a few times."""

    def spells(kinds: tuple[str, ...], most: int, shortest_s: float, longest_s: float) -> tuple[Spell, ...]:
        if not kinds or rng.random() < 0.5:
            return ()
        count = rng.randint(1, most)
        return tuple(
            Spell(rng.choice(kinds), rng.uniform(0, length_s), rng.uniform(shortest_s, longest_s))
            for _ in range(count)
        )

    share = rng.choice((0.0, 0.0, 0.3, 1.0))
    wire = WireFaults(**{name: getattr(NOISY, name) * share for name in NOISY.__slots__})
    meter = spells(METER_FAULTS, 3, 5, 400)
    port = spells(("pulled",), 2, 1, 90)
    power = spells(("dark",), 1, 5, 120)
    hands = spells(charger_ids, 3, 5, 300)
    clock = tuple(
        (rng.uniform(0, length_s), rng.choice((-3600.0, 3600.0, -40.0))) for _ in range(rng.randint(0, 2))
    )
    return Troubles(wire, meter, port, power, clock, hands)
