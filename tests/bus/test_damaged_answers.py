"""A charger's answer with a damaged first byte is no other primary; said twice, it might be one."""

from agent.bus.frames import Query, QueryCode, decode
from agent.bus.neighbours import SILENT_FOR_S, SUSPICION_S, Neighbours

SERIAL_WITH_FB = bytes.fromhex("FB 19 41 31 37 4B 30 30 30 33 32 30 31 63")  # "A17K0003201", FD became FB


def test_an_old_answer_that_looks_like_a_query_is_only_a_suspicion():
    neighbours = Neighbours("7777")
    said = decode(SERIAL_WITH_FB)
    assert said == Query("4131", "374B", QueryCode.SERIAL_OLD)
    assert neighbours.hear(said, SERIAL_WITH_FB, ["3201"], 100.0) is False
    assert neighbours.silent_until == 100.0 + SUSPICION_S
    assert neighbours.hear(said, SERIAL_WITH_FB, ["3201"], 101.0) is True
    assert neighbours.silent_until == 101.0 + SILENT_FOR_S
