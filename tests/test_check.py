"""`agent check` reads the whole file, also what the other two programs need of it."""

import re
import tomllib
from pathlib import Path

import pytest

from agent.commands.check import check
from agent.commands.keys import keep_password

ROOT = Path(__file__).parents[1]
FINE = '[bus]\nport = "/dev/ttyUSB0"\ncircuit_amps = 16\n'


@pytest.fixture
def checked(tmp_path, capsys):
    def run(text):
        path = tmp_path / "sunward.toml"
        path.write_text(FINE + text)
        return check(path, None), capsys.readouterr().err

    return run


def test_letters_are_part_of_the_file(checked):
    letters = '[notify]\nto = "me@example.org"\nfrom = "home@example.org"\n[notify.smtp]\nhost = "mail"\n'
    assert checked(letters) == (0, "")


def test_what_the_scheduler_will_do_is_named(tmp_path, capsys):
    path = tmp_path / "sunward.toml"
    path.write_text(f'{FINE}[tariff]\nkind = "fixed"\nprice = 0.3\n[battery]\nsite = "1"\n')
    assert check(path, None) == 0
    assert "scheduler tariff, battery: understood" in capsys.readouterr().out


def test_the_problems_of_all_programs_come_at_once(checked):
    code, told = checked(
        'colour = "red"\n[notify]\nto = "me@example.org"\n[site]\ntimezone = "Europe/Vienne"\n'
    )
    assert code == 1
    assert "bus.colour: there is no such setting" in told
    assert told.count("site.timezone") == 1
    assert "2 problems. Nothing was started." in told


def test_a_page_that_is_open_to_the_network_needs_its_password_before_the_agent_runs(checked, tmp_path):
    wide = '[web]\nlisten = "0.0.0.0:8080"\n'
    code, told = checked(wide)
    assert code == 1
    assert "web.listen: 0.0.0.0:8080 opens the page to the network, and there is no password" in told
    (tmp_path / "credentials.env").write_text("WEB_PASSWORD=correct horse\n")
    (tmp_path / "credentials.env").chmod(0o600)
    assert checked(wide) == (0, "")
    (tmp_path / "credentials.env").unlink()
    keep_password(tmp_path / "state", "correct horse battery")
    assert checked(wide) == (0, "")


def test_the_examples_are_accepted_when_their_comment_signs_are_taken_away(tmp_path, capsys):
    """Everything that the scheduler and the letters read; secrets by the names of credentials.example.env."""
    whole = (ROOT / "sunward.example.toml").read_text("utf-8")
    begin = whole.index("# What the timed jobs of the scheduler need")
    settled, timed = whole[:begin], whole[begin:]
    path = tmp_path / "sunward.toml"
    path.write_text(settled + re.sub(r'^# (?=\[|"?[a-z_@.]+"? = )', "", timed, flags=re.MULTILINE))
    secrets = re.findall(
        r"^# ([A-Z_]+)=", (ROOT / "credentials.example.env").read_text("utf-8"), re.MULTILINE
    )
    credentials = tmp_path / "credentials.env"
    credentials.write_text("".join(f"{name}=x\n" for name in secrets if name != "WEB_PASSWORD"))
    credentials.chmod(0o600)
    assert check(path, None) == 0, capsys.readouterr().err
    said = capsys.readouterr().out
    assert "cars, tariff, forecast, battery, thermostats, notify: understood" in said
    tables = tomllib.loads(path.read_text())
    assert {"tesla", "cars", "tariff", "forecast", "battery", "thermostats", "notify"} <= tables.keys()
    assert (len(tables["cars"][0]["plans"]), len(tables["thermostats"]["heating"])) == (1, 1)
