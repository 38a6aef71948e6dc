"""`agent decode`: a bus in words."""

import io

from agent.commands.listen import decode_lines

LINES = """
# a comment, an empty line, and frames as people paste them

C0 FB E0 77 77 32 01 09 07 D0 00 00 00 00 00 00 E1 C0
c0fde2320177 1f40000000000000ebc0 fe
FD E0 20 19 77 77 08 02 58 02 10 00 00 00 00 7B
FB E0 77 77 32 01 09 07 D0 00 00 00 00 00 00 E2
C0 FB E0 77
hello
"""


def test_hex_lines_are_said_in_words_and_bad_ones_by_their_number():
    out = io.StringIO()
    assert decode_lines(LINES.splitlines(), out) == 1
    assert out.getvalue().splitlines() == [
        "primary 7777 to charger 3201: limit 20.00 A",
        "charger 3201 is looking for a primary: rated 80.00 A, protocol 1",
        "charger 2019: starting, offers 6.00 A, car draws 5.28 A",
        "line 7: damaged: message FBE0 with a wrong checksum",
        "line 8: no whole frame: a frame begins and ends with C0",
        "line 9: not hexadecimal: hello",
    ]
