"""The settings and the commands, as a person meets them."""

import contextlib
import io
import json
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from notify.__main__ import main
from notify.events import Event
from notify.settings import NotifySettings, SettingsError
from notify.wishes import read_wishes, wishes_from
from scheduler.settings import SchedulerSettings
from simulator.mailbox import Mailbox
from simulator.wires.smtp import SmtpServer, Trouble

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path, certificate):
    """A settings file, its credentials, and the mail server that it names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    mailbox = Mailbox()
    server = SmtpServer(mailbox, tls=context).start()
    config = tmp_path / "sunward.toml"
    config.write_text(
        f"""
        [site]
        name = "Home"
        timezone = "Europe/Vienna"
        [notify]
        to = ["me@example.org", "you@example.org"]
        from = "sunward <home@example.org>"
        [notify.smtp]
        host = "localhost"
        port = {server.port}
        user = "home@example.org"
        ca_file = "{certificate[0]}"
        timeout_s = 2
        """
    )
    credentials = tmp_path / "credentials.env"
    credentials.write_text("SMTP_PASSWORD=korrekt-pferd\n")
    credentials.chmod(0o600)
    yield config, server, mailbox
    server.stop()


def run(*arguments):
    """Exit code, what it said, what it complained about."""
    said, complained = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = end.code
    return code, said.getvalue(), complained.getvalue()


def test_a_test_letter_goes_to_everybody_at_once(home):
    config, _, mailbox = home
    code, said, complained = run("test", "--config", config)
    assert (code, complained) == (0, "")
    assert said == "mail:me@example.org: sent.\nmail:you@example.org: sent.\n"
    assert [letter.subject for letter in mailbox.letters()] == [
        "Home: If you can read this, letters from sunward arrive."
    ] * 2


def test_a_test_that_fails_says_why_and_hides_the_password(home):
    config, server, _ = home
    server.trouble = Trouble.BAD_SIGN_IN
    code, said, complained = run("test", "--config", config)
    assert (code, said) == (1, "")
    assert "mail:me@example.org: failed." in complained
    assert "check user and SMTP_PASSWORD" in complained
    assert "pferd" not in complained
    assert "Traceback" not in complained


def test_an_event_of_a_script_is_listed_and_delivered(home):
    config, server, mailbox = home
    assert run("outbox", "--config", config)[1] == "The outbox is empty.\n"
    arguments = ["--severity", "critical", "--subject", "cellar", "--data", "level_percent=80"]
    assert run("send-event", "water", "Water in the cellar.", *arguments, "--config", config) == (0, "", "")
    assert "not told yet  Water in the cellar." in run("outbox", "--config", config)[1]
    server.trouble = Trouble.TEMPORARY
    code, _, complained = run("deliver", "--config", config)
    assert code == 1
    assert "mail:me@example.org: localhost" in complained
    assert "451" in complained
    server.trouble = Trouble.NONE
    assert run("deliver", "--config", config)[:2] == (0, "0 sent, 2 waiting, 0 given up.\n")
    assert run("deliver", "--now", "--config", config)[:2] == (0, "2 sent, 0 waiting, 0 given up.\n")
    assert run("deliver", "--quiet", "--config", config) == (0, "", "")
    assert len(mailbox.letters()) == 2
    assert "Level: 80 %" in mailbox.letters()[0].text
    listing = json.loads(run("outbox", "--json", "--config", config)[1])
    assert [letter["state"] for letter in listing["letters"]] == ["sent", "sent"]
    assert (config.parent / "state" / "outbox.db").exists()


def test_two_deliverers_at_once_send_each_letter_once(home):
    config, _, mailbox = home
    for number in range(5):
        run("send-event", "water", f"Cellar {number}.", "--severity", "critical", "--config", config)
    line = [sys.executable, "-m", "notify", "deliver", "--config", str(config)]
    children = [
        subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)
    ]
    for child in children:
        child.communicate(timeout=60)
        assert child.returncode == 0
    assert sorted(letter.to for letter in mailbox.letters()) == ["me@example.org", "you@example.org"]
    assert mailbox.arrived == 2


def test_every_problem_of_the_settings_is_told_at_once(tmp_path):
    config = tmp_path / "sunward.toml"
    config.write_text(
        """
        [site]
        timezone = "Europe/Vienne"
        [notify]
        to = ["nobody"]
        from = "x"
        quiet_hours = "22-25"
        cap_per_hour = 0
        colour = "red"
        [notify.kinds]
        charger_lst = "now"
        bus_port_lost = "always"
        [notify.severities]
        bad = "now"
        [notify.smtp]
        security = "ssl"
        """
    )
    code, said, complained = run("deliver", "--config", config)
    assert (code, said) == (2, "")
    for part in (
        "site.timezone: 'Europe/Vienne' is no time zone",
        "notify.to: 'nobody' is no mail address",
        "notify.from: 'x' is no mail address",
        "notify.quiet_hours: '25' is no time of day",
        "notify.cap_per_hour",
        "notify.colour: there is no such setting",
        "notify.kinds.bus_port_lost",
        "notify.severities",
        "notify.smtp.host: is missing",
        "notify.smtp.security",
    ):
        assert part in complained, part
    assert all(line.startswith("notify: ") for line in complained.splitlines())


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        ({"to": "me@x.y"}, "needs a mail server"),
        ({"to": "me@x.y", "smtp": {"host": "h"}}, "needs a sender"),
        ({"to": ["me@x.y", "Me <ME@x.y>"]}, "twice"),
        ({"smtp": {"host": "h", "user": "u", "security": "none"}}, "in the clear"),
        ({"smtp": {"host": "h", "user": "u"}}, "Write SMTP_PASSWORD=... into credentials.env"),
        ({"kinds": {"charger_lst": "now"}}, "did you mean charger_lost"),
        ({"kinds": {"qqqq": "now"}}, "notify kinds"),
        ({"quiet_hours": "22:00"}, 'write quiet hours as "22:00-07:00"'),
        ({"quiet_hours": "22:00-22:00"}, "two different"),
        ({"digest_at": "7 pm"}, "no time of day"),
        ({"least": {"me@x.y": "error"}}, "who gets no letters"),
        ({"numbers": "1_234"}, "1,234.5"),
        (["me"], "notify"),
    ],
)
def test_each_mistake_has_a_sentence(tables, sentence, tmp_path):
    with pytest.raises(SettingsError) as failure:
        wishes_from({"notify": tables}, {}, tmp_path)
    assert sentence in str(failure.value)


def test_nothing_set_is_fine_and_has_nobody_to_write_to(tmp_path):
    config = tmp_path / "sunward.toml"
    config.write_text("")
    assert read_wishes(config).channels == ()
    for command in ("test", "deliver"):
        code, _, complained = run(command, "--config", config)
        assert (code, complained.count("\n")) == (2, 1)
        assert "nobody to write to" in complained


def test_missing_files_and_wrong_use_are_one_line(tmp_path):
    code, _, complained = run("deliver", "--config", tmp_path / "none.toml")
    assert (code, complained.count("\n")) == (2, 1)
    (tmp_path / "sunward.toml").write_text("")
    code, _, complained = run(
        "test", "--config", tmp_path / "sunward.toml", "--credentials", tmp_path / "none"
    )
    assert (code, complained.count("\n")) == (2, 1)
    (tmp_path / "open.env").write_text("X=1")
    (tmp_path / "open.env").chmod(0o644)
    code, _, complained = run(
        "test", "--config", tmp_path / "sunward.toml", "--credentials", tmp_path / "open.env"
    )
    assert "chmod 600" in complained
    assert run("send-event", "x", "y", "--data", "nothing", "--config", "x")[0] == 2
    assert run()[0] == 2


def test_an_outbox_that_can_t_be_used_is_one_line(home):
    config, _, _ = home
    (config.parent / "state").write_text("in the way")
    for command in (["outbox"], ["deliver"], ["send-event", "x", "y"]):
        code, _, complained = run(*command, "--config", config)
        assert (code, complained.count("\n")) == (1, 1), command
        assert "outbox.db can't be used" in complained


def test_debug_shows_the_traceback(tmp_path):
    with pytest.raises(SettingsError):
        main(["deliver", "--debug", "--config", str(tmp_path / "none.toml")])


def test_every_setting_is_in_the_manual():
    manual = (ROOT / "docs" / "letters.md").read_text(encoding="utf-8")
    for name, field in NotifySettings.model_fields.items():
        assert (field.alias or name) in manual
    for name in NotifySettings.model_fields["smtp"].annotation.__args__[0].model_fields:
        assert f"{name} = " in manual


def test_the_outbox_lies_in_the_state_folder_whichever_way_that_is_written(tmp_path, monkeypatch):
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    config = tmp_path / "sunward.toml"
    for written, folder in (
        ("~/sun", home / "sun"),
        ("state", tmp_path / "state"),
        (f"{home}/x", home / "x"),
    ):
        config.write_text(f'[site]\nstate_dir = "{written}"\n')
        read_wishes(config).outbox.append([Event("test", "Something.")], None)
        assert (folder / "outbox.db").exists()
        assert SchedulerSettings.load(config).state_dir == folder
    assert not (tmp_path / "~").exists()


def test_an_address_may_want_to_hear_less_than_the_others(tmp_path):
    to = {"to": ["me@x.y", "Ann <Ann@x.y>"], "from": "s@x.y", "smtp": {"host": "h"}}
    wishes = wishes_from({"notify": to | {"least": {"ann@x.y": "error"}}}, {}, tmp_path)
    assert [channel.least for channel in wishes.channels] == ["info", "error"]


def test_services_of_apprise_are_channels_of_their_own(tmp_path):
    wishes = wishes_from({}, {"NOTIFY_URLS": "ntfy://topic-1 tgram://token/chat"}, tmp_path)
    names = [channel.name for channel in wishes.channels]
    assert [name.partition(":")[0] for name in names] == ["ntfy", "tgram"]
    assert "token" not in "".join(names)
