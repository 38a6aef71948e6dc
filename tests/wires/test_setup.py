"""The first-run wizard against real peers: a serial bus, an inverter on Modbus, a mail server, a terminal."""

import json
import os
import signal
import tomllib
from datetime import UTC, datetime
from random import Random

import pytest

from agent.__main__ import main
from agent.doors.web.keyfile import NAME, KeyFile
from notify.settings import read_credentials
from simulator.car import Car, CarProfile
from simulator.charger import ChargerProfile, VirtualCharger
from simulator.demo import FastClock
from simulator.inverter import InverterState, image
from simulator.mailbox import Mailbox
from simulator.wires.modbus import ModbusServer
from simulator.wires.pty import PtyBus
from simulator.wires.smtp import SmtpServer, Trouble
from tests.conftest import free_port
from tests.wires.newcomer import Person, answer

SPEED = 8.0
PASSWORD = "four plain little words"
BETWEEN_HOUSE_AND_PAGE_SKIPPED = tuple(
    (f"{step} ──", "s")
    for step in (
        "The chargers",
        "The meters",
        "What power costs",
        "What the sun will give",
        "the Tesla account",
        "The Powerwall",
        "Thermostats",
        "Letters",
    )
)


@pytest.fixture
def bus():
    clock = FastClock(datetime(2026, 6, 1, tzinfo=UTC), SPEED)  # it announces itself every 1.25 s
    now, rng = clock.now().mono_s, Random(3)
    profile = ChargerProfile("3201", first_announcement_s=0.3)
    line = PtyBus([VirtualCharger(profile, Car(CarProfile(), now, rng), now, rng)], clock, speed=SPEED)
    yield line
    line.close()


@pytest.fixture
def inverter():
    state = InverterState(solar_watts=4200.0, grid_watts=-1500.0, battery_watts=-300.0)
    with ModbusServer(lambda unit, function: image(state)) as server:
        yield server


@pytest.fixture
def mail():
    server = SmtpServer(Mailbox()).start()
    yield server
    server.stop()


@pytest.fixture
def house(tmp_path):
    """Where the settings will be: an empty folder."""
    return tmp_path / "sunward.toml"


def answers_of(bus, inverter, mail):
    return f"""
[house]
name = "Hill"
timezone = "Europe/Vienna"
phases = 3
main_fuse_amps = 35
[bus]
port = "{bus.path}"
breaker_amps = 20
[chargers.3201]
name = "Garage"
max_amps = 13
phases = ["L1", "L2", "L3"]
[meters]
address = "127.0.0.1:{inverter.port}"
[letters]
to = "me@example.org"
from = "home@example.org"
host = "127.0.0.1"
port = {mail.port}
security = "none"
[page]
network = true
port = {free_port()}
password = "{PASSWORD}"
"""


@pytest.mark.slow
def test_a_house_out_of_a_file_of_answers_works_from_the_first_run(house, bus, inverter, mail, capsys):
    letters = mail._mailbox
    assert answer(house, answers_of(bus, inverter, mail)) == 0
    told = capsys.readouterr()
    wrote = tomllib.loads(house.read_text("utf-8"))
    line = f"solaredge://127.0.0.1:{inverter.port}"
    assert wrote["site"]["timezone"] == "Europe/Vienna"
    assert wrote["bus"] == {"port": bus.path, "circuit_amps": 16}
    assert wrote["chargers"] == [
        {"id": "3201", "name": "Garage", "max_amps": 13, "phases": ["L1", "L2", "L3"]}
    ]
    assert wrote["meters"] == {"grid": line, "solar": line, "battery": line}
    assert wrote["web"]["listen"].startswith("0.0.0.0:")
    secrets = house.with_name("credentials.env")
    assert secrets.stat().st_mode & 0o777 == 0o600
    token = read_credentials(secrets)["WEB_TOKEN"]
    assert len(token) > 40
    assert token not in told.out + told.err
    assert PASSWORD not in told.out + told.err + house.read_text("utf-8") + secrets.read_text("utf-8")
    assert KeyFile(house.parent / "state" / NAME).keys().password.fits(PASSWORD)
    assert "letters from sunward arrive" in letters.letters()[0].text
    assert "is fine." in told.out
    assert "All is well." in told.out
    assert "3201 is there" in told.out
    assert "1.50 kW sold to the grid now" in told.out


def test_without_a_yes_an_old_file_is_never_replaced(house, bus, inverter, mail, capsys):
    text = '# mine\n[bus]\nport = "/dev/ttyUSB7"\ncircuit_amps = 12\nspike = true\n'
    house.write_text(text, "utf-8")
    new = answers_of(bus, inverter, mail) + "[finish]\ndoctor = false\n"
    assert answer(house, new) == 1
    assert house.read_text("utf-8") == text
    assert not house.with_name("credentials.env").exists()
    assert not (house.parent / "state").exists()
    assert answer(house, new + "overwrite = true\n") == 0
    after = house.read_text("utf-8")
    assert after.startswith("# mine\n[bus]\n")
    assert tomllib.loads(after)["bus"]["spike"] is True
    assert house.with_name("sunward.toml.bak").read_text("utf-8") == text
    capsys.readouterr()
    assert answer(house, new + "overwrite = true\n") == 0
    assert "Nothing has changed" not in capsys.readouterr().out  # the password is set anew
    assert house.read_text("utf-8") == after


def test_a_second_run_that_skips_everything_changes_nothing(house, bus, inverter, mail, capsys):
    assert answer(house, answers_of(bus, inverter, mail) + "[finish]\ndoctor = false\n") == 0
    before = {path.name: path.read_bytes() for path in house.parent.iterdir() if path.is_file()}
    before.pop("answers.toml")
    capsys.readouterr()
    assert answer(house, "[finish]\ndoctor = false\n") == 0
    assert "Nothing has changed." in capsys.readouterr().out
    assert {name: (house.parent / name).read_bytes() for name in before} == before


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[buss]\n", "buss: there is no such step. Did you mean bus?"),
        ("[bus]\nbreaker = 20\n", "bus.breaker: no question has this key. Did you mean breaker_amps?"),
        (
            "[chargers.3201]\namps = 20\n",
            "chargers.3201.amps: no question has this key. Did you mean max_amps?",
        ),
        ("house = 1\n", "house: is a table of answers: write [house]."),
        ('[house]\ntimezone = "Vienna"\n', "house.timezone: "),
        ('[bus]\nport = "ttyUSB0"\n', "bus.port: Write a device like /dev/serial/by-id/"),
        ('[bus]\nport = "/dev/ttyNOTHING"\n', "bus.breaker_amps: is missing among the answers."),
        (
            '[bus]\nport = "/dev/ttyNOTHING"\nbreaker_amps = 5\n',
            "bus.breaker_amps: Write a number from 7.5 to 300",
        ),
        (
            '[meters]\ngrid = "solaredg://1.2.3.4"\n',
            "meters.grid: there is no meter scheme 'solaredg'. Did you mean",
        ),
        ('[letters]\nto = "me"\n', "letters.to: 'me' is no mail address."),
        ('[page]\nnetwork = true\npassword = "short"\n', "page.password: That is too short"),
    ],
)
def test_an_answer_that_cannot_be_used_is_told_and_nothing_is_written(house, text, says, capsys):
    assert answer(house, text) == 1
    assert says in capsys.readouterr().err
    assert [path.name for path in house.parent.iterdir()] == ["answers.toml"]


def test_answers_with_secrets_must_be_the_owners_alone(house, capsys):
    path = house.with_name("answers.toml")
    path.write_text('[page]\npassword = "x"\n', "utf-8")
    path.chmod(0o644)
    assert main(["setup", "--config", str(house), "--answers", str(path)]) == 1
    assert f"chmod 600 {path}" in capsys.readouterr().err


def test_whoever_skips_everything_has_no_settings_yet(house, capsys):
    assert answer(house, "[finish]\n") == 1
    assert "Every step was skipped, so there are no settings yet." in capsys.readouterr().err
    assert not house.exists()


def test_a_house_without_its_bus_is_written_and_check_says_what_is_missing(house, capsys):
    assert answer(house, '[house]\nname = "Hill"\n') == 1
    told = capsys.readouterr()
    assert "bus: is missing and must be set." in told.err
    assert tomllib.loads(house.read_text("utf-8"))["site"]["name"] == "Hill"


def test_a_letter_that_does_not_go_out_says_why(house, mail, capsys):
    mail.trouble = Trouble.REFUSE
    text = f'[letters]\nto = "me@example.org"\nhost = "127.0.0.1"\nport = {mail.port}\n'
    assert answer(house, text) == 1
    assert "nobody of that name here" in capsys.readouterr().err


def test_a_meters_secret_is_kept_in_the_secrets_file_only(house, capsys):
    line = "homeassistant://127.0.0.1:9/sensor.grid?token=HA_TOKEN&positive=import"
    text = f'[meters]\ngrid = "{line}"\n[secrets]\nHA_TOKEN = "very-secret-indeed"\n'
    answer(house, text)
    told = capsys.readouterr()
    assert "no reading" in told.out
    assert "very-secret-indeed" not in told.out + told.err + house.read_text("utf-8")
    assert read_credentials(house.with_name("credentials.env")) == {"HA_TOKEN": "very-secret-indeed"}


# --- a person at a terminal --------------------------------------------------------------------------


def test_a_person_is_led_through_all_ten_steps(house, bus, inverter, mail):
    person = Person(house)
    person.answers(
        ("The house ──", ""),
        ("What do you call it [Home]: ", "Hill"),
        ("Time zone [", "Vienna"),
    )
    person.sees("Europe/Vienna")
    person.answers(
        ("Time zone [", "Europe/Vienna"),
        ("How many phases", ""),
        ("Volts at the charger", ""),
        ("Main fuse", ""),
        ("The chargers ──", ""),
        ("The adapter", "/dev/ttyNOTHING"),
        ("Choose and listen again (y/n) [n]: ", "y"),
    )
    person.answers(
        ("The adapter", bus.path),
        ("The breaker", "twenty"),
    )
    person.sees("Write a number")
    person.answers(("The breaker", "20 A"))
    person.sees("20 A x 0.8 = 16 A")
    person.answers(
        ("by their ids (an id is offered nothing until it is named) [3201]", ""),
        ("Name of 3201 [Garage]", ""),
        ("wires of 3201 bear, in amps [16]", ""),
        ("The meters ──", ""),
        ("Address of an inverter", f"127.0.0.1:{free_port()}"),
        ("like 192.168.0.27 (or nothing): ", f"127.0.0.1:{inverter.port}"),
        (f"(grid) [solaredge://127.0.0.1:{inverter.port}]", ""),
        ("(solar) [", "shelly"),
    )
    person.sees("shelly://")
    person.answers(
        ("(solar) [", ""),
        ("(battery) [", "-"),
        ("What power costs ──", ""),
        ("Which of these is yours [flat]", ""),
        ("Currency, like EUR or USD [EUR]", ""),
        ("A kWh costs (EUR): ", "thirty"),
        ("A kWh costs (EUR): ", "0,31"),
        ("A kWh that you sell brings (EUR) [0]", "0.08"),
        ("What the sun will give ──", "s"),
        ("the Tesla account ──", "s"),
        ("The Powerwall ──", "s"),
        ("Thermostats ──", "s"),
        ("Letters ──", ""),
        ("Who gets letters", "me@example.org"),
        ("your own addresses [me@example.org]", ""),
        ("The mail server that sends for it [smtp.example.org]", "127.0.0.1"),
        ("How it is spoken to", ""),
        ("On which port [25]", str(mail.port)),
        ("Sign in as", ""),
        ("Send a test letter now (y/n) [y]", ""),
        ("The page ──", ""),
        ("Open it to the home network", "y"),
        ("On which port [8080]", ""),
        ("Password for the page", "short"),
        ("Password for the page", PASSWORD),
        ("The same again", "something different"),
        ("Password for the page", PASSWORD),
        ("The same again", PASSWORD),
        ("Write it (y/n) [y]", "y"),
        ("is fine.", "n"),
    )
    person.sees("What now:")
    assert person.end() == 0
    assert PASSWORD not in person.all
    assert len(mail._mailbox.letters()) == 1
    wrote = tomllib.loads(house.read_text("utf-8"))
    assert wrote["chargers"] == [{"id": "3201", "name": "Garage", "max_amps": 16}]
    assert wrote["site"]["name"] == "Hill"
    assert "battery" not in wrote["meters"]
    assert wrote["web"] == {
        "listen": "0.0.0.0:8080",
        "currency": "€",
        "grid_price": 0.31,
        "sell_price": 0.08,
    }
    assert not house.with_name("sunward.toml.unfinished").exists()


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["ctrl-c", "end of input"])
def test_a_person_who_leaves_has_changed_nothing(house, key):
    person = Person(house)
    person.answers(("The house ──", ""))
    person.sees("What do you call it")
    os.write(person.near, key.encode())
    person.sees("Nothing was written.")
    assert person.end() == (130 if key == "\x03" else 1)
    assert list(house.parent.iterdir()) == []


@pytest.mark.parametrize("key", ["\x03", "\x04", ""], ids=["ctrl-c", "end of input", "line lost"])
def test_whoever_breaks_off_finds_the_answers_again(house, key):
    person = Person(house)
    person.answers(
        ("The house ──", ""),
        ("What do you call it [Home]", "Hill"),
        ("Time zone [", "Europe/Vienna"),
        ("How many phases", "3"),
        ("Volts at the charger", ""),
        ("Main fuse", "35"),
        *BETWEEN_HOUSE_AND_PAGE_SKIPPED,
        ("The page ──", ""),
        ("Open it to the home network", "y"),
        ("On which port [8080]", "8090"),
        ("Password for the page", PASSWORD),
    )
    person.sees("The same again")
    if key:
        os.write(person.near, key.encode())
        person.sees("is proposed next time")
    else:
        person.process.send_signal(signal.SIGHUP)  # the ssh connection is gone
    person.end()
    (left,) = house.parent.iterdir()
    assert left.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in left.read_text("utf-8")
    again = Person(house)
    again.sees("was not finished")
    again.answers(
        ("The house ──", ""),
        ("What do you call it [Hill]", ""),
        ("Time zone [Europe/Vienna]", ""),
        ("North America: 1) [3]", ""),
        ("Volts at the charger", ""),
        ("(0: not watched) [35]", ""),
        *BETWEEN_HOUSE_AND_PAGE_SKIPPED,
        ("The page ──", "s"),
        ("Write it (y/n) [y]", ""),
    )
    again.sees("Written:")
    again.sees("bus: is missing")
    assert again.end() == 1
    assert tomllib.loads(house.read_text("utf-8"))["site"]["main_fuse_amps"] == 35
    assert [path.name for path in house.parent.iterdir()] == ["sunward.toml"]


def test_going_back_proposes_what_was_said_and_never_more_amps_than_told(house, bus):
    person = Person(house)
    person.answers(
        ("The house ──", "<"),  # there is nothing before it
        ("The house ──", ""),
        ("What do you call it [Home]", "Hill"),
        ("Time zone [", "<"),  # to the step's begin
        ("The house ──", ""),
        ("What do you call it [Hill]", ""),
        ("Time zone [", ""),
        ("How many phases", "1"),
        ("Volts at the charger", ""),
        ("Main fuse", "63"),
        ("The chargers ──", ""),
        ("The adapter", bus.path),
        ("The breaker", "40"),
        ("[3201]", ""),
        ("Name of 3201 [Garage]", ""),
        ("wires of 3201 bear, in amps [32]", ""),
        ("The meters ──", "<"),  # to the step before
        ("The chargers ──", ""),
        ("The adapter", ""),
        ("(it is printed on it) [40]", "20"),
        ("[3201]", ""),
        ("Name of 3201 [Garage]", ""),
        ("wires of 3201 bear, in amps [16]", "13"),
        ("The meters ──", "<"),
        ("The chargers ──", "<"),
        ("The house ──", ""),
        ("What do you call it [Hill]", ""),
        ("Time zone [", ""),
        ("How many phases", ""),
        ("Volts at the charger", ""),
        ("(0: not watched) [63]", "35"),
        *BETWEEN_HOUSE_AND_PAGE_SKIPPED,  # a step that is skipped keeps what was said in it
        ("The page ──", "s"),
        ("Write it (y/n) [y]", "<"),
        ("The page ──", "s"),
        ("Write it (y/n) [y]", ""),
        ("Try everything", "n"),
    )
    person.sees("What now:")
    assert person.end() == 0
    wrote = tomllib.loads(house.read_text("utf-8"))
    assert wrote["site"]["main_fuse_amps"] == 35
    assert wrote["bus"]["circuit_amps"] == 16
    assert wrote["chargers"][0]["max_amps"] == 13


def test_whoever_can_not_answer_leaves_a_step_in_its_middle(house):
    person = Person(house)
    person.answers(
        ("The house ──", ""),
        ("What do you call it", "s"),  # a name like any other, where something is proposed
        *((question, "") for question in ("Time zone", "How many phases", "Volts", "Main fuse")),
        ("The chargers ──", ""),
        ("The adapter", "/dev/ttyNOTHING"),
        ("listen again", ""),
        ("The breaker", ""),
        ("This needs an answer. (s skips the whole step", "s"),
        ("The meters ──", "s"),
        ("What power costs ──", ""),
        ("Which of these", ""),
        ("Currency", ""),
        ("A kWh costs", "s"),
        *((f"{step} ──", "s") for step in ("What the sun will give", "the Tesla account")),
        *((f"{step} ──", "s") for step in ("The Powerwall", "Thermostats")),
        *((f"{step} ──", "s") for step in ("Letters", "The page")),
        ("Write it", ""),
    )
    person.sees("bus: is missing")
    assert person.end() == 1
    assert set(wrote := tomllib.loads(house.read_text("utf-8"))) == {"site"}
    assert wrote["site"]["name"] == "s"


@pytest.mark.parametrize("alphabet", ["latin-1", "ascii", "utf-8"])
def test_a_terminal_of_another_alphabet_ends_nothing(house, alphabet):
    person = Person(house, PYTHONIOENCODING=alphabet)
    person.answers(("The house", ""))
    person.sees("What do you call it [Home]: ")
    os.write(person.near, b"H\xfcgel\n")
    person.sees("Time zone")
    os.write(person.near, b"\x03")
    person.sees("Nothing was written.")
    assert person.end() == 130


def test_a_broken_off_set_up_with_a_damaged_memory_begins_anew(house):
    left = house.with_name("sunward.toml.unfinished")
    for text in ("{", "[]", json.dumps({"house.name": 3})):
        left.write_text(text, "utf-8")
        person = Person(house)
        person.answers(("The house ──", ""))
        person.sees("What do you call it [Home]")
        os.write(person.near, b"\x03")
        assert person.end() == 130
