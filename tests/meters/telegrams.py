"""Smart meters' telegrams for tests: an SML writer that shares nothing with the reader but the standard."""

ESCAPE = bytes.fromhex("1b1b1b1b")


def number(value, signed=True, size=None):
    """A whole number in as few bytes as hold it."""
    if size is None:
        size = max(1, (value.bit_length() + (8 if signed else 7)) // 8)
    return bytes([(0x50 if signed else 0x60) | size + 1]) + value.to_bytes(size, "big", signed=signed)


def text(raw):
    """An octet string; long ones need a second length byte."""
    length = len(raw) + 1
    if length < 16:
        return bytes([length]) + raw
    length += 1
    return bytes([0x80 | length >> 4, length & 15]) + raw


def many(*nodes):
    """A list of nodes that are already written."""
    count = len(nodes)
    head = bytes([0x70 | count]) if count < 16 else bytes([0xF0 | count >> 4, count & 15])
    return head + b"".join(nodes)


NOTHING = b"\x01"


def entry(name, value, unit, power=-1):
    """One measured value. `name` as twelve hexadecimal digits, `unit` DLMS's code."""
    return many(
        text(bytes.fromhex(name)),
        NOTHING,
        NOTHING,
        number(unit, signed=False),
        number(power),
        number(value),
        NOTHING,
    )


def sml(*entries, crc):
    """A whole file: open, one list of values, close. `crc(bytes) -> int` is the caller's."""
    server, list_name = text(bytes.fromhex("0a0145425a0100001234")), text(bytes.fromhex("0100620affff"))
    maker = many(text(bytes.fromhex("8181c78203ff")), *[NOTHING] * 4, text(b"EBZ"), NOTHING)
    opened = many(NOTHING, NOTHING, text(b"\x00\x01"), server, NOTHING, NOTHING)
    values = many(NOTHING, server, list_name, NOTHING, many(maker, *entries), NOTHING, NOTHING)
    inner = message(1, 0x0101, opened) + message(2, 0x0701, values) + message(3, 0x0201, many(NOTHING))
    return wrapped(inner, crc)


def message(transaction, kind, content):
    """One of the file's messages; its own sum is not looked at by anybody."""
    zero, body = number(0, False), many(number(kind, False, 2), content)
    return many(text(bytes([transaction])), zero, zero, body, number(0xBEEF, False), b"\x00")


def wrapped(inner, crc):
    """The transport around it: escapes doubled, padded, summed."""
    padding = -len(inner) % 4
    file = ESCAPE + b"\x01" * 4 + inner.replace(ESCAPE, ESCAPE * 2) + bytes(padding)
    file += ESCAPE + bytes([0x1A, padding])
    return file + crc(file).to_bytes(2, "little")
