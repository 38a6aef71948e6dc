"""The catalogue, against frames captured from real units and published with their checksums."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.bus import frames, slip
from agent.bus.frames import (
    ChargerHeartbeat,
    ChargerReady,
    Command,
    Contactor,
    EnergyReport,
    PrimaryHeartbeat,
    PrimaryReady,
    Query,
    QueryCode,
    TextReport,
)

CAPTURES = [
    ("C0 FC E1 77 77 77 00 00 00 00 00 00 00 00 46 C0", PrimaryReady("7777", 0x77)),
    ("C0 FB E2 03 5D 5F 00 00 00 00 00 00 00 00 A1 C0", PrimaryReady("035D", 0x5F, second=True)),
    ("C0 FD E2 18 39 52 0C 80 00 00 00 00 00 00 00 00 11 C0", ChargerReady("1839", 0x52, 32.0)),
    ("C0 FD E2 32 01 77 1F 40 00 00 00 00 00 00 EB C0", ChargerReady("3201", 0x77, 80.0, protocol=1)),
    (
        "C0 FB E0 77 77 02 2C 05 08 98 00 00 00 00 00 00 A1 C0",
        PrimaryHeartbeat("7777", "022C", Command.LIMIT_BEFORE_CHARGE, 22.0),
    ),
    (
        "C0 FB E0 77 77 DB DC DB DD 09 0C 80 00 00 00 00 00 00 FE C0",
        PrimaryHeartbeat("7777", "C0DB", Command.LIMIT, 32.0),
    ),
    (
        "C0 FB E0 77 77 32 01 00 00 00 00 00 00 00 01 C0",
        PrimaryHeartbeat("7777", "3201", Command.NO_CHANGE, protocol=1),
    ),
    (
        "C0 FD E0 20 19 77 77 08 02 58 02 10 00 00 00 00 7B C0",
        ChargerHeartbeat("2019", "7777", 0x08, 6.0, 5.28),
    ),
    (
        "C0 FD E0 02 2C 77 77 02 00 00 06 96 00 00 9A C0",
        ChargerHeartbeat("022C", "7777", 0x02, 0.0, 16.86, protocol=1),
    ),
    (
        "C0 FD EB 25 87 00 00 03 9C 00 F6 00 F0 00 F6 00 00 00 00 00 12 C0",
        EnergyReport("2587", 924, (246, 240, 246)),
    ),
    (
        "C0 FD EE 32 01 35 59 4A 33 45 31 45 00 00 00 00 00 00 00 00 E7 C0",
        TextReport(QueryCode.VIN_1, "3201", "5YJ3E1E"),
    ),
    ("C0 FB EB 77 77 32 01 00 00 00 00 00 00 00 00 00 0C C0", Query("7777", "3201", QueryCode.ENERGY)),
    ("C0 FC B2 77 77 32 01 00 00 00 00 00 00 00 00 00 D3 C0", Contactor("7777", "3201", close=False)),
]


def on_the_wire(text):
    return slip.Decoder().feed(bytes.fromhex(text), now=0.0)


@pytest.mark.parametrize(("text", "message"), CAPTURES, ids=[text[3:8] for text, _ in CAPTURES])
def test_a_captured_frame_reads_and_writes_the_same(text, message):
    (raw,) = on_the_wire(text)
    assert frames.decode(raw) == message
    assert slip.encode(message.encode()) == bytes.fromhex(text)


def test_queries_of_every_length_seen_in_the_field_are_understood():
    for zeros in (6, 7, 8, 9):
        body = bytes.fromhex("FBEB77773201") + bytes(zeros)
        raw = body + bytes([frames.checksum(body)])
        assert frames.decode(raw) == Query("7777", "3201", QueryCode.ENERGY)


@pytest.mark.parametrize("order", [0x06_40, 0x0C_80])
def test_amps_are_big_endian(order):
    raw = ChargerReady("3201", 1, order / 100).encode()
    assert raw[5] << 8 | raw[6] == order


@pytest.mark.parametrize("kind", frames.NEVER_SEND, ids=lambda kind: kind.hex())
def test_a_forbidden_message_cannot_be_sealed(kind):
    with pytest.raises(frames.LocalError, match="must never be sent"):
        frames._seal(kind, b"", 16)


def test_the_error_command_cannot_be_built():
    with pytest.raises((frames.LocalError, ValueError)):
        PrimaryHeartbeat("7777", "3201", 0x02).encode()  # type: ignore[arg-type]


@pytest.mark.parametrize("amps", [-1, 80.01, 163.9, 655.35])
def test_absurd_amps_cannot_be_built(amps):
    with pytest.raises(frames.LocalError, match="not a current"):
        PrimaryHeartbeat("7777", "3201", Command.LIMIT, amps).encode()


@pytest.mark.parametrize(
    "damaged",
    [
        "FD E2 47 04 93 0C 26 88 00 00 00 00 00 00 6E",  # 15 long: rating read as 31.10 A
        "FD E2 18 39 52 0C 80 00 00 00 00 00 00 00 00 11 FF",  # 17 long: a tail byte glued on
    ],
)
def test_damage_seen_on_real_lines_is_refused(damaged):
    with pytest.raises(frames.RemoteError):
        frames.decode(bytes.fromhex(damaged))


@given(st.binary(max_size=40))
def test_noise_is_a_message_or_a_remote_error_and_nothing_else(raw):
    with contextlib.suppress(frames.RemoteError):
        frames.decode(raw)


@given(
    st.binary(min_size=13, max_size=20).map(lambda b: b"\xfb\xe0" + b[2:]),
    st.sampled_from([b"", b"\xfe", b"\xfc", b"\xf8", b"\xff"]),
)
def test_framing_returns_what_was_framed_byte_by_byte_and_at_once(body, tail):
    wire = slip.encode(body) + tail
    assert slip.Decoder().feed(wire, 0.0) == [body]
    slow = slip.Decoder()
    assert [m for i, byte in enumerate(wire) for m in slow.feed(bytes([byte]), i * 0.001)] == [body]


@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_one_tail_byte_is_no_junk_and_a_second_is(chunk):
    frame = slip.encode(ChargerReady("3201", 1, 32.0).encode())
    decoder = slip.Decoder()
    stream = frame + b"\xfc" + frame + b"\xfe\xf8" + frame
    heard = []
    for i in range(0, len(stream), chunk):
        heard += decoder.feed(stream[i : i + chunk], 0.0)
    assert len(heard) == 3
    assert decoder.junk.stray_bytes == 1


def test_a_stray_c0_does_not_swallow_the_next_frame():
    decoder = slip.Decoder()
    good = slip.encode(ChargerReady("3201", 1, 32.0).encode())
    assert decoder.feed(b"\xc0", 0.0) == []
    assert len(decoder.feed(good, 0.001)) == 1
    assert decoder.feed(good[:9], 0.1) == []
    assert len(decoder.feed(good, 0.2)) == 1, "silence ends half a frame"
    assert decoder.junk.cut_frames == 1


@given(st.binary(max_size=300))
def test_any_noise_leaves_the_decoder_able_to_hear(noise):
    decoder = slip.Decoder()
    decoder.feed(noise, 0.0)
    good = ChargerReady("3201", 1, 32.0).encode()
    assert good in decoder.feed(slip.encode(good), 1.0)
