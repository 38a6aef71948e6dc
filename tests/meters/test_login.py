"""Getting in: log-ins are counted, and a renewed token is taken from its file."""

import os

import pytest

from agent.meters.line import StateFile
from agent.meters.values import Down
from agent.meters.via.login import Patience, TokenFile


def test_a_session_that_ends_is_opened_anew_twice_within_the_pause():
    patience = Patience(900)
    assert patience.wait_s(0.0) == 0
    patience.entered(0.0)
    assert patience.wait_s(100.0) == 0
    patience.entered(100.0)
    assert patience.wait_s(200.0) == 700
    assert patience.wait_s(900.0) == 0


def test_a_refusal_waits_the_whole_pause_and_silence_half_a_minute():
    patience = Patience(3600)
    patience.unanswered(10.0)
    assert patience.wait_s(20.0) == 20
    patience.refused(50.0)
    assert patience.wait_s(60.0) == 3590
    patience.refused(60.0, at_least_s=7200)
    assert patience.wait_s(60.0) == 7200


def write(path, text, mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_renewed_token_is_read_without_a_restart(tmp_path):
    file = write(tmp_path / "envoy.jwt", "first\n")
    tokens = TokenFile(StateFile(file))
    assert tokens.token("") == "first"
    fresh = write(tmp_path / "new", "second\n")
    os.replace(fresh, file)
    assert tokens.token("") == "second"
    file.unlink()
    assert tokens.token("from credentials") == "from credentials"
    with pytest.raises(Down, match="not there yet"):
        tokens.token("")


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [("secret", 0o644, "chmod 600"), ("", 0o600, "no token"), ("two words", 0o600, "no token")],
)
def test_what_is_no_token_is_told_and_never_shown(tmp_path, text, mode, words):
    tokens = TokenFile(StateFile(write(tmp_path / "token", text, mode)))
    with pytest.raises(Down, match=words) as caught:
        tokens.token("")
    assert "secret" not in str(caught.value)


def test_a_folder_is_no_token(tmp_path):
    tmp_path.chmod(0o700)
    with pytest.raises(Down, match="can't be read"):
        TokenFile(StateFile(tmp_path)).token("")
