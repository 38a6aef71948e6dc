"""The doctor's words for what it hears and reads."""

from agent.bus import frames, slip
from agent.bus.frames import ChargerReady, PrimaryReady
from agent.commands.doctor import Heard, _note, judge, plausible


def heard(*messages, damaged=0, stray=0):
    found = Heard(damaged=damaged, stray=stray)
    for message in messages:
        (body,) = slip.Decoder().feed(slip.encode(message.encode()), 0.0)
        assert frames.decode(body)
        _note(found, body)
    return found


def said(found, named=("3201",), own="7777"):
    return [(one.level, one.says) for one in judge(found, set(named), own)]


def test_a_charger_that_is_there_and_named_is_good_news():
    assert said(heard(ChargerReady("3201", 1, 32.0))) == [("good", "3201 is there, rated 32 A.")]


def test_one_that_is_there_and_not_named_can_be_added_by_copying_a_line():
    ((level, says),) = said(heard(ChargerReady("3202", 1, 32.0)), named=())
    assert level == "bad"
    assert 'id = "3202"' in says


def test_one_that_is_named_and_not_there_has_three_usual_causes():
    levels = said(heard(ChargerReady("3201", 1, 32.0)), named=("3201", "4711"))
    assert "4711 was not heard. Is it powered, its switch on F" in levels[-1][1]


def test_another_primary_means_a_wrong_rotary_switch():
    told = said(heard(PrimaryReady("035D", 0x39)))
    assert told[0][0] == "bad"
    assert "rotary switch to F" in told[0][1]
    assert "another sunward" in said(heard(PrimaryReady("7777", 0x77)))[0][1]


def test_silence_and_noise_are_told_apart():
    assert "Not a byte was heard" in said(Heard())[0][1]
    assert "Swap the two data wires" in said(Heard(damaged=3, stray=60))[0][1]


def test_damage_beside_good_messages_points_at_the_cable():
    assert any("termination" in says for _, says in said(heard(ChargerReady("3201", 1, 32.0), damaged=4)))


def test_signs_that_cannot_be_true_together_are_told():
    assert list(plausible({"grid": -2000.0, "solar": 2500.0})) == []
    (finding,) = plausible({"grid": -3000.0, "solar": 1000.0})
    assert "the sign of grid or battery is wrong" in finding.says
