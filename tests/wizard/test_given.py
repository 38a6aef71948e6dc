"""What was answered is proposed again, but never against an answer that has changed since."""

from agent.commands.wizard.given import Given


def given(tmp_path):
    return Given(tmp_path / "sunward.toml")


def test_an_answer_is_proposed_again_also_by_the_next_run(tmp_path):
    one = given(tmp_path)
    assert not one
    one.keep("house.name", "Home", "Hill")
    for again in (one, given(tmp_path)):
        assert again
        assert again.instead_of("house.name", "Home") == "Hill"
        assert again.instead_of("house.name", "Other") == "Other"
        assert again.instead_of("house.timezone", "Home") == "Home"
        assert again.instead_of("bus.port", None) is None
    assert one.path.stat().st_mode & 0o777 == 0o600


def test_the_last_answer_counts_however_often_it_was_changed(tmp_path):
    one = given(tmp_path)
    one.keep("bus.breaker_amps", None, "40")
    one.keep("bus.breaker_amps", "40", "20")  # its own proposal after going back
    one.keep("bus.breaker_amps", "20", "32")
    assert given(tmp_path).instead_of("bus.breaker_amps", None) == "32"
    one.keep("bus.breaker_amps", "32", "40")  # and back to the first
    assert given(tmp_path).instead_of("bus.breaker_amps", None) == "40"
    one.keep("bus.breaker_amps", "40", "40")
    assert given(tmp_path).instead_of("bus.breaker_amps", None) == "40"


def test_a_smaller_proposal_is_not_outvoted_by_an_old_answer(tmp_path):
    one = given(tmp_path)
    one.keep("chargers.3201.max_amps", "32", "32")
    assert one.instead_of("chargers.3201.max_amps", "16") == "16"


def test_what_has_no_key_or_no_answer_is_not_kept(tmp_path):
    one = given(tmp_path)
    one.keep("", "n", "y")
    one.keep("meters.address", "", "")
    assert not one
    assert not one.path.exists()


def test_when_all_is_written_it_is_forgotten(tmp_path):
    one = given(tmp_path)
    one.keep("house.name", "Home", "Hill")
    one.forget()
    assert not one.path.exists()
    assert one.instead_of("house.name", "Home") == "Home"
    one.forget()


def test_a_folder_that_cannot_be_written_is_no_trouble(tmp_path):
    one = Given(tmp_path / "file" / "sunward.toml")
    (tmp_path / "file").write_text("not a folder")
    one.keep("house.name", "Home", "Hill")
    assert one.instead_of("house.name", "Home") == "Hill"
