"""However the bytes are cut on their way, the same messages come out, and the same junk is counted."""

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.bus.slip import Decoder, encode

special = st.sampled_from([0xC0, 0xDB, 0xDC, 0xDD, 0x00])
body = st.lists(special | st.integers(0, 255), min_size=13, max_size=20).map(bytes)
tail = st.sampled_from([b"", b"\xfc", b"\xfe", b"\xc0", b"\xf8\xfa"])
frame = st.builds(lambda raw, after: encode(raw) + after, body, tail)
piece = frame | st.lists(special | st.integers(0, 255), min_size=1, max_size=30).map(bytes)


@settings(deadline=None, max_examples=300)
@given(st.lists(piece, min_size=1, max_size=6))
def test_piece_by_piece_or_byte_by_byte(pieces):
    whole, single = Decoder(), Decoder()
    heard = [message for piece in pieces for message in whole.feed(piece, 0.0)]
    bytewise = [message for byte in b"".join(pieces) for message in single.feed(bytes([byte]), 0.0)]
    assert heard == bytewise
    assert whole.junk == single.junk


@settings(deadline=None)
@given(body, tail)
def test_a_frame_with_its_tail_is_one_message(raw, after):
    assert Decoder().feed(encode(raw) + after, 0.0) == [raw]
