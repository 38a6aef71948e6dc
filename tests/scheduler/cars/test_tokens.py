"""The sign-in: renewed early, by one at a time, never lost, and told before it is too late."""

import json
import os
import threading

import pytest

from scheduler.cars.model import NotNow, SignInNeeded
from scheduler.cars.tokens import Tokens, read_reply

LIFE_S = 28800.0


class Service:
    """A sign-in service whose refresh tokens work once; `wrong` is raised or answered instead."""

    def __init__(self):
        self.number = 0
        self.good = {"refresh0"}
        self.renewals = 0
        self.wrong = None
        self.waits = None

    def __call__(self, refresh):
        self.renewals += 1
        if self.waits:
            self.waits.wait(5)
        if isinstance(self.wrong, Exception):
            raise self.wrong
        if self.wrong is not None:
            return self.wrong
        if refresh not in self.good:
            raise SignInNeeded("Tesla does not accept the sign-in any more.")
        self.good.remove(refresh)
        self.number += 1
        self.good.add(f"refresh{self.number}")
        return {
            "access_token": f"access{self.number}",
            "refresh_token": f"refresh{self.number}",
            "expires_in": LIFE_S,
        }


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def tokens(tmp_path, service):
    found = Tokens(tmp_path / "tesla" / "fleet.json", service, "./sunward scheduler login fleet")
    found.put({"access_token": "access0", "refresh_token": "refresh0", "expires_in": LIFE_S}, 0.0)
    return found


def test_a_token_is_renewed_two_hours_before_its_end(tokens, service):
    assert tokens.access(LIFE_S - 7300) == "access0"
    assert tokens.access(LIFE_S - 7100) == "access1"
    assert service.renewals == 1


def test_the_file_is_its_owners_only(tokens):
    assert tokens.path.stat().st_mode & 0o777 == 0o600


def test_five_threads_with_an_old_token_renew_it_once(tokens, service):
    service.waits = threading.Event()
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(tokens.access(LIFE_S + 1))) for _ in range(5)]
    for thread in threads:
        thread.start()
    service.waits.set()
    for thread in threads:
        thread.join(10)
    assert (service.renewals, set(seen)) == (1, {"access1"})


def test_another_process_that_has_renewed_it_is_believed(tokens, service):
    other = Tokens(tokens.path, service, "")
    other.refused("access0", 100.0)
    assert tokens.refused("access0", 100.0) == "access1"
    assert service.renewals == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"error": "server_error"},
        {"access_token": "", "refresh_token": "x", "expires_in": 100},
        {"access_token": "x", "expires_in": -5},
        {"access_token": "x", "expires_in": float("nan")},
        {"access_token": 7, "refresh_token": "x"},
        NotNow("a page instead of tokens"),
    ],
)
def test_an_odd_answer_never_replaces_a_good_token(tokens, service, wrong):
    before = tokens.kept().pair
    service.wrong = wrong
    assert tokens.access(LIFE_S - 100) == "access0"
    assert tokens.kept().pair == before
    with pytest.raises(NotNow):
        tokens.access(LIFE_S + 3600)
    service.wrong = None
    assert tokens.access(LIFE_S + 36000) == "access1"


def test_a_full_disk_spends_no_refresh_token(tokens, service):
    blocked = tokens.path.with_name(f".fleet.room.{os.getpid()}.new")
    blocked.mkdir()  # where the disk would be tried
    assert tokens.access(LIFE_S - 100) == "access0"
    with pytest.raises(NotNow, match=r"The sign-in waits: .*Is the disk full or read-only\?"):
        tokens.access(LIFE_S + 100)
    assert service.renewals == 0
    blocked.rmdir()
    assert tokens.access(LIFE_S + 200) == "access1"
    assert sorted(path.name for path in tokens.path.parent.iterdir()) == ["fleet.json", "fleet.lock"]


def test_a_failing_renewal_is_tried_with_patience(tokens, service):
    service.wrong = NotNow("down")
    for minute in range(60):
        tokens.access(LIFE_S - 7000 + 60 * minute)
    assert service.renewals <= 7


def test_a_revoked_sign_in_is_tried_once_and_serves_to_its_end(tokens, service):
    service.good.clear()
    assert tokens.access(LIFE_S - 100) == "access0"
    for hour in range(1, 5):
        with pytest.raises(SignInNeeded, match="login fleet"):
            tokens.access(LIFE_S + 3600 * hour)
    assert service.renewals == 1


def test_the_former_pair_is_kept_until_the_new_one_has_worked(tokens):
    new = tokens.access(LIFE_S - 100)
    assert tokens.kept().former.access == "access0"
    assert tokens.former(new, LIFE_S - 50) == "access0"
    tokens.worked(new)
    assert tokens.kept().former is None


def test_a_new_pair_that_was_stillborn_is_replaced_through_the_former(tokens, service):
    new = tokens.access(LIFE_S - 100)
    service.good = {"refresh0"}  # the service forgot what it gave
    assert tokens.refused(new, LIFE_S - 90) == "access2"


def test_a_service_that_does_not_rotate_is_fine():
    assert read_reply({"access_token": "a", "expires_in": 60}, 0.0, refresh="same").refresh == "same"


def test_without_any_sign_in_it_says_what_to_type(tmp_path, service):
    with pytest.raises(SignInNeeded, match="Type: login"):
        Tokens(tmp_path / "x.json", service, "login").access(0.0)


def test_a_damaged_file_is_no_sign_in_and_is_not_overwritten_by_reading(tokens, service):
    tokens.path.write_text("{ half")
    with pytest.raises(SignInNeeded):
        tokens.access(0.0)
    assert tokens.path.read_text() == "{ half"


# --- letters -----------------------------------------------------------------------------------------


def test_the_first_failed_renewal_is_a_letter_and_its_end_none(street):
    street.settings()
    street.clouds.fail(503, on="/token", times=3)
    street.live(7 * 3600, step_s=300)
    assert street.kinds.count("token_soon_dead") == 1
    assert "token_dead" not in street.kinds
    assert street.clouds.counts["token"] >= 2


def test_a_captcha_page_for_tokens_is_told_in_words(street):
    street.settings()
    street.clouds.fail(200, "<html>Are you a robot?</html>", on="/token", times=100)
    street.live(7 * 3600, step_s=300)
    letter = next(event for event in street.home.told if event.kind == "token_soon_dead")
    assert "page instead of tokens" in letter.sentence


def test_a_revoked_sign_in_is_told_once_and_the_new_one_too(street):
    street.settings()
    street.clouds.revoke()
    street.live(10 * 3600, step_s=300)
    assert street.kinds.count("token_dead") == 1
    street.sign_in()
    street.live(1800, step_s=300)
    assert street.kinds.count("token_ok") == 1


def test_nobody_signed_in_is_a_letter_and_no_call(street):
    street.settings(signed_in=False)
    street.plug()
    street.live(3600, step_s=60)
    assert street.kinds.count("token_dead") == 1
    assert street.counts == {}


def test_no_token_ever_shows(street):
    street.settings()
    street.clouds.revoke()
    street.plug()
    street.live(10 * 3600, step_s=300)
    kept = json.loads((street.home.settings.state_dir / "tesla" / "fleet.json").read_text())
    told = " ".join(event.sentence for event in street.home.told) + " ".join(street.said)
    assert kept["pair"]["access"] not in told
    assert kept["pair"]["refresh"] not in told
