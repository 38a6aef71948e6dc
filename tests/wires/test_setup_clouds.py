"""The wizard at the clouds' doors: cars by every way, a Powerwall, thermostats and prices, over real HTTP."""

import tomllib

import pytest
import requests

from agent.commands.wizard.talk import STEPS
from notify.settings import read_credentials
from scheduler.__main__ import main as scheduler
from simulator.clouds.tesla_car import CloudCar
from tests.wires.broker import Broker
from tests.wires.newcomer import Person, answer
from tests.wires.street import Street

VIN, OTHER = "5YJ3E1EA7KF000042", "5YJSA1E2XJF000099"
BUS = '[bus]\nport = "/dev/ttyUSB7"\ncircuit_amps = 12\n'
END = "[finish]\noverwrite = true\ndoctor = false\n"
CALLBACK = "https://home.example.org/callback"
APP = f'region = "eu"\nclient_id = "app"\nredirect_url = "{CALLBACK}"\nclient_secret = "shh-app"\n'
PEAK = """
[tariff]
kind = "hours"
price = 0.31
feed_in = 0.05
holidays = "us-utility"
cheap_hours = 2
[[tariff.periods]]
name = "summer peak"
months = "6-9"
from = "4 pm"
to = "21"
price = 0.62
"""
HEAT = '[thermostats]\nuser = "me@example.org"\npassword = "right"\n'


@pytest.fixture
def street():
    found = Street(CloudCar(), CloudCar(vin=OTHER, name="Nova", number=7))
    yield found
    found.stop()


@pytest.fixture
def house(tmp_path, street):
    """Settings that lead to the street, of somebody whose chargers are set up already."""
    path = tmp_path / "sunward.toml"
    path.write_text(BUS + street.settings, "utf-8")
    return path


def only(house, street, *sections):
    """Settings that lead only to these clouds: a section without its answers would be a mistake."""
    parts = street.settings.split("[")
    house.write_text(BUS + "".join(f"[{part}" for part in parts if part.split("]")[0] in sections), "utf-8")


def wrote(house):
    return tomllib.loads(house.read_text("utf-8"))


def paste_of(street):
    return street.clouds.sign_in()["refresh_token"]


# --- cars --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("back_end", ["fleet", "owner"])
def test_an_account_is_signed_in_and_its_cars_are_taken_over(house, street, capsys, back_end):
    only(house, street, "tesla")
    paste = paste_of(street)
    assert answer(house, f'[tesla]\nback_end = "{back_end}"\n{APP}paste = "{paste}"\n{END}') == 0
    told = capsys.readouterr()
    assert "car          5YJ3E1EA7KF000042  Comet" in told.out
    assert "energy site  1234567  Elm Street" in told.out
    assert "2252000000888" not in told.out
    assert f"Nova: {back_end}:// answers; the car is asleep." in told.out
    assert paste not in told.out + told.err
    assert "shh-app" not in told.out + told.err
    line = f"{back_end}://"
    assert wrote(house)["cars"] == [
        {"vin": VIN, "name": "Comet", "reads": line, "commands": line},
        {"vin": OTHER, "name": "Nova", "reads": line, "commands": line},
    ]
    kept = house.parent / "state" / "tesla" / f"{back_end}.json"
    assert kept.stat().st_mode & 0o077 == 0
    before = house.read_text("utf-8")
    assert answer(house, f'[tesla]\nback_end = "{back_end}"\n{APP}paste = "{paste}"\n{END}') == 0
    assert "Signed in already" in capsys.readouterr().out  # a refresh token works once
    assert house.read_text("utf-8") == before


def test_several_ways_to_a_car_stand_in_order_of_trust(house, street, tmp_path, capsys):
    only(house, street, "tesla")
    (tmp_path / "mqtt").mkdir()
    broker = Broker(tmp_path / "mqtt", secured=True)
    shine = ("-r", "-u", "sun", "-P", "shine")
    broker.say("teslamate/cars/1/display_name", "Nova", *shine)
    broker.say("teslamate/cars/2/display_name", "Comet", *shine)
    broker.say("teslamate/cars/2/state", "asleep", *shine)
    proxy, ble = street.clouds.proxy.port, street.clouds.ble.port
    text = f"""
[tesla]
back_end = ["fleet-proxy", "ble", "teslamate"]
{APP}paste = "{paste_of(street)}"
proxy = "127.0.0.1:{proxy}"
cert = "-"
ble = "http://127.0.0.1:{ble}/"
teslamate = "127.0.0.1:{broker.port}"
teslamate_user = "sun"
teslamate_password = "shine"
vins = ["{VIN}"]
"""
    assert answer(house, text + END) == 0
    broker.stop()
    told = capsys.readouterr()
    assert "TeslaMate's car 2  Comet" in told.out
    assert "shine" not in told.out + told.err + house.read_text("utf-8")
    mate = f"teslamate://127.0.0.1:{broker.port}?user=sun&password=TESLAMATE_PASSWORD&car=2"
    near = f"ble://127.0.0.1:{ble}"
    signed = f"fleet-proxy://127.0.0.1:{proxy}?tls=no"
    assert wrote(house)["cars"] == [
        {"vin": VIN, "name": "Comet", "reads": [mate, near, "fleet://"], "commands": [near, signed]}
    ]
    for line in (mate, near, signed):
        assert f"Comet: {line} answers; the car is asleep." in told.out
    assert read_credentials(house.with_name("credentials.env"))["TESLAMATE_PASSWORD"] == "shine"
    assert street.clouds.counts["wake"] == street.clouds.counts["data"] == 0


def test_what_a_person_wrote_about_a_car_stays(house, street, capsys):
    only(house, street, "tesla")
    mine = f'[[cars]]\nvin = "{VIN}"\nname = "Mine"\nreads = "owner://"\nbattery_kwh = 60 # small\n'
    plan = '[[cars.plans]]\nsoc_percent = 80\nby = "07:00"\n'
    house.write_text(house.read_text("utf-8") + mine + plan, "utf-8")
    ble = f"127.0.0.1:{street.clouds.ble.port}"
    assert answer(house, f'[tesla]\nback_end = "ble"\nble = "{ble}"\n{END}') == 0
    assert "battery_kwh = 60 # small" in house.read_text("utf-8")
    (car,) = wrote(house)["cars"]
    assert car.pop("plans") == [{"soc_percent": 80, "by": "07:00"}]
    assert car == {
        "vin": VIN,
        "name": "Mine",
        "battery_kwh": 60,
        "reads": f"ble://{ble}",
        "commands": f"ble://{ble}",
    }


def test_a_broken_line_and_a_secret_of_another_name_are_no_trouble(house, street, tmp_path, capsys):
    only(house, street, "tesla")
    (tmp_path / "mqtt").mkdir()
    broker = Broker(tmp_path / "mqtt", secured=True)
    mate = f"teslamate://127.0.0.1:{broker.port}?user=sun&password=MINE&car=1"
    car = f'[[cars]]\nvin = "{VIN}"\nreads = ["teslamate://nowhere", "{mate}"]\n'
    house.write_text(house.read_text("utf-8") + car, "utf-8")
    assert answer(house, f'[tesla]\nback_end = "teslamate"\nteslamate_password = "shine"\n{END}') == 0
    assert "knows nothing under teslamate/cars/" in capsys.readouterr().out
    broker.stop()
    assert read_credentials(house.with_name("credentials.env")) == {"MINE": "shine"}
    assert wrote(house)["cars"] == [{"vin": VIN, "reads": mate}]


def test_a_sign_in_that_does_not_work_is_told_and_the_rest_goes_on(house, street, capsys):
    only(house, street, "tesla")
    street.clouds.fail(403, "<html>captcha</html>", times=9, on="/token")
    assert answer(house, f'[tesla]\nback_end = "fleet"\n{APP}paste = "{paste_of(street)}"\n{END}') == 0
    told = capsys.readouterr().out
    assert "answered with a page instead of tokens" in told
    assert "Later, at any time: ./sunward login fleet" in told
    assert "No car is named." in told
    assert wrote(house)["tesla"]["client_id"] == "app"


# --- prices ------------------------------------------------------------------------------------------


def test_prices_by_the_hour_are_asked_once_and_a_wrong_key_is_told(house, street, capsys):
    only(house, street, "tariff")
    text = (
        '[tariff]\nkind = "tibber"\ncurrency = "nok"\ntoken = "{}"\ncheap_hours = 3\nready_by = "6"\n' + END
    )
    answer(house, text.format("wrong"))
    assert "refuses the key (HTTP 401)" in capsys.readouterr().out
    assert answer(house, text.format("right")) == 0
    assert "A kWh costs 0.200 NOK now; prices are known until" in capsys.readouterr().out
    assert wrote(house)["tariff"]["windows"] == [
        {"name": "cheap hours", "mode": "fast", "hours": 3, "before": "06:00"}
    ]
    assert read_credentials(house.with_name("credentials.env")) == {"TIBBER_TOKEN": "right"}
    assert answer(house, '[tariff]\nkind = "flat"\nprice = 0.3\ncurrency = "EUR"\n' + END) == 0
    tariff = wrote(house)["tariff"]
    assert (tariff["kind"], tariff["price"], tariff["feed_in"]) == ("fixed", 0.3, 0)
    assert wrote(house)["web"] == {"currency": "€", "grid_price": 0.3, "sell_price": 0}


def test_a_plan_by_the_hours_of_the_day(house, street, capsys):
    only(house, street, "tariff")
    assert answer(house, PEAK + END) == 0
    tariff = wrote(house)["tariff"]
    assert tariff["periods"] == [
        {
            "name": "summer peak",
            "months": "6-9",
            "days": "mon-fri",
            "from": "16:00",
            "to": "21:00",
            "price": 0.62,
        }
    ]
    assert tariff["holidays"] == ["us-utility"]
    assert wrote(house)["web"]["grid_price"] == 0.31
    scheduler(["jobs", "--config", str(house)])
    assert "price_windows" in capsys.readouterr().out


# --- the Powerwall -----------------------------------------------------------------------------------


def test_the_powerwall_takes_the_tariffs_peak_and_its_gateway_is_the_meter(house, street, capsys):
    only(house, street, "tesla", "tariff", "battery")
    text = f"""{PEAK}
[tesla]
back_end = "fleet"
{APP}paste = "{paste_of(street)}"
vins = []
[battery]
gateway = "{street.powerwall.gateway.url}"
password = "12345"
reserve = 90
"""
    assert answer(house, text + END) == 0
    told = capsys.readouterr()
    assert told.out.count("The Powerwall is at 80 %, mode Self-Powered, reserve 20 %") == 2  # both doors
    assert "12345" not in (told.out + told.err).replace("1234567", "")
    found = wrote(house)
    assert found["battery"] == {
        "address": street.api.url,
        "service": "fleet",
        "region": "eu",
        "site": "1234567",
        "gateway": street.powerwall.gateway.url,
        "off_peak": {"reserve": 90},
        "holidays": ["us-utility"],
        "periods": [
            {
                "name": "summer peak",
                "months": "6-9",
                "days": "mon-fri",
                "from": "16:00",
                "to": "21:00",
                "reserve": 20,
            }
        ],
    }
    line = f"powerwall://{street.powerwall.gateway.url.removeprefix('http://')}?password=GATEWAY_PASSWORD&tls=off"
    assert found["meters"] == {"grid": line, "solar": line, "battery": line}
    assert "cars" not in found
    assert scheduler(["powerwall", "--dry-run", "--config", str(house)]) == 0
    assert "reserve 90 %" in capsys.readouterr().out
    before = house.read_text("utf-8")
    assert answer(house, "[battery]\n" + END) == 0
    assert house.read_text("utf-8") == before  # what stands there is proposed, and the account looked up


def test_a_gateway_alone_is_a_meter(house, street, capsys):
    only(house, street)
    text = f'[battery]\nsite = "-"\ngateway = "{street.powerwall.gateway.url}"\npassword = "{{}}"\n{END}'
    answer(house, text.format("wrong"))
    assert "refuses the password." in capsys.readouterr().out
    assert answer(house, text.format("12345")) == 0
    assert "battery" not in wrote(house)
    line = wrote(house)["meters"]["grid"]
    assert line.startswith("powerwall://127.0.0.1:")
    street.powerwall.counts.clear()
    answer(house, "[meters]\n[finish]\ndoctor = true\n")
    told = capsys.readouterr().out
    assert all(f"ok   {role} meter" in told for role in ("grid", "solar", "battery"))
    assert street.powerwall.counts["gateway /api/login/Basic"] == 2  # the step once, the doctor once


# --- thermostats -------------------------------------------------------------------------------------


@pytest.fixture
def warm(house, street):
    """Answers for a house with a Powerwall."""
    only(house, street, "tesla", "battery", "thermostats")
    return f'[tesla]\nback_end = "owner"\npaste = "{paste_of(street)}"\nvins = []\n[battery]\n'


def test_thermostats_are_listed_by_id_and_the_scheduler_gets_the_session(house, street, warm, capsys):
    assert answer(house, warm + HEAT + 'devices = ["Upstairs"]\nsteps = ["50:2", "20:4"]\n' + END) == 0
    told = capsys.readouterr()
    assert "2200042  Downstairs: cool, cools to 76, heats to 66" in told.out
    assert wrote(house)["thermostats"] == {
        "address": street.portal.web.url,
        "devices": ["Upstairs"],
        "months": "1-12",
        "days": "mon-fri",
        "from": "16:00",
        "to": "21:00",
        "steps": [{"battery_percent": 50, "degrees": 2}, {"battery_percent": 20, "degrees": 4}],
        "precool": {"from": "14:00", "setpoint": 67, "battery_below": 90},
        "lowest": 60,
        "highest": 84,
    }
    secrets = read_credentials(house.with_name("credentials.env"))
    assert (secrets["HONEYWELL_USER"], secrets["HONEYWELL_PASSWORD"]) == ("me@example.org", "right")
    assert scheduler(["thermostats", "--config", str(house)]) == 0
    before = house.read_text("utf-8")
    assert answer(house, "[thermostats]\n" + END) == 0
    assert house.read_text("utf-8") == before
    assert street.portal.counts["sign-in"] == 1


def test_degrees_are_those_that_the_thermostats_show(house, street, warm, capsys):
    for stat in street.portal.stats.values():
        stat.cool, stat.heat, stat.lower, stat.upper = 24.5, 20.0, 16.0, 32.0
    street.portal.stats["2200043"].dead = True
    assert answer(house, warm + HEAT + END) == 0
    assert "2200043  Upstairs is out of the portal's reach." in capsys.readouterr().out
    found = wrote(house)["thermostats"]
    assert (found["lowest"], found["highest"], found["precool"]["setpoint"]) == (16, 29, 20)
    assert found["steps"][0] == {"battery_percent": 50, "degrees": 1}
    before = house.read_text("utf-8")
    assert answer(house, HEAT + END) == 0  # the same password is no reason to sign in again
    assert street.portal.counts["sign-in"] == 1
    assert house.read_text("utf-8") == before


def test_a_wrong_password_is_told_kept_and_not_tried_again(house, street, warm, capsys):
    assert answer(house, warm + HEAT.replace("right", "wrong") + END) == 0
    told = capsys.readouterr().out
    assert "Honeywell refuses the sign-in." in told
    assert "It is not tried again now" in told
    assert answer(house, HEAT + END) == 0  # corrected at once: kept, and not tried within ten minutes
    assert "wants a sign-in again so soon" in capsys.readouterr().out
    assert street.portal.counts["sign-in"] == 1
    assert read_credentials(house.with_name("credentials.env"))["HONEYWELL_PASSWORD"] == "right"


def test_a_lock_out_is_told(house, street, warm, capsys):
    street.portal.locked_until_s = street.now_s() + 3600
    assert answer(house, warm + HEAT + END) == 0
    assert "Honeywell has locked the account: too many attempts." in capsys.readouterr().out
    assert wrote(house)["thermostats"]["steps"]


def test_thermostats_without_a_powerwall_say_what_comes_first(house, street, capsys):
    only(house, street)
    assert answer(house, HEAT + END) == 0
    assert "Set up its site first" in capsys.readouterr().out
    assert street.portal.counts["sign-in"] == 0
    assert "thermostats" not in wrote(house)


# --- again ------------------------------------------------------------------------------------------


def test_a_second_run_that_takes_every_proposal_changes_nothing(house, street, warm, capsys):
    whole = f"""{PEAK}{warm}gateway = "{street.powerwall.gateway.url}"
password = "12345"
{HEAT}precool = false
[house]
timezone = "Europe/Vienna"
main_fuse_amps = 35
[bus]
breaker_amps = 16.4
chargers = "3201"
[letters]
to = "me@example.org"
password = "app-words"
test = false
[page]
network = true
password = "four plain little words"
[meters]
grid = "fixed://?watts=1500"
[[forecast.planes]]
kwp = 6.2
"""
    house.write_text(BUS + street.settings, "utf-8")
    assert answer(house, whole + END) == 0
    assert wrote(house)["bus"]["circuit_amps"] == 13.1  # never rounded up
    assert wrote(house)["meters"]["grid"] == "fixed://?watts=1500"
    before = {name: house.with_name(name).read_bytes() for name in ("sunward.toml", "credentials.env")}
    capsys.readouterr()
    again = "".join(f"[{step}]\n" for step in STEPS) + "[letters]\ntest = false\n"
    again = again.replace("[letters]\n", "", 1)
    assert answer(house, again + END) == 0
    assert "Nothing has changed." in capsys.readouterr().out
    assert {name: house.with_name(name).read_bytes() for name in before} == before
    assert street.portal.counts["sign-in"] == 1


# --- answers that can't be used ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[tariff]\nprize = 1\n", "tariff.prize: no question has this key. Did you mean price?"),
        ("[tariff]\nperiods = 3\n", "tariff.periods: are tables of answers: write [[tariff.periods]]."),
        (
            '[[battery.periods]]\nform = "16:00"\n',
            "battery.periods[1].form: no question has this key. Did you mean from?",
        ),
        (f'[cars.{VIN}]\ntelsamate = "1"\n', f"cars.{VIN}.telsamate: no question has this key."),
        ("[cars]\nname = 1\n", "cars.name: is a table of answers: write [cars.name]."),
        ("[thermostats]\nbrand = 1\n", "thermostats.brand: no question has this key. Known: user,"),
        ('[tariff]\nkind = "cheap"\n', "tariff.kind: Write one of: flat, hours,"),
        ('[tariff]\nkind = "flat"\n', "tariff.price: is missing among the answers."),
        ('[tariff]\nkind = "entsoe"\nformula = "spot *"\nzone = "AT"\n', "tariff.formula: "),
        ('[tesla]\nback_end = "flet"\n', "tesla.back_end: There is no way 'flet'"),
        ('[tesla]\nback_end = "ble"\nble = "a b"\n', "tesla.ble: Write an address like"),
        ('[tesla]\nback_end = "ble"\nble = "h"\nvins = "X"\n', "tesla.vins: 'X' is no VIN"),
        ('[battery]\nsite = "home"\n', "battery.site: The id is a number"),
        ('[battery]\nsite = "1"\ngateway = "?"\n', "battery.gateway: Write an address like"),
        (
            '[battery]\nsite = "1"\n[[battery.periods]]\nfrom = "16:00"\nto = "16:00"\n',
            "battery: battery.periods",
        ),
    ],
)
def test_an_answer_that_cannot_be_used_is_refused_by_name(tmp_path, text, says, capsys):
    house = tmp_path / "sunward.toml"
    assert answer(house, text + END) == 1
    assert says in capsys.readouterr().err
    assert not house.exists()


@pytest.mark.parametrize("secret", ["token", "client_secret", "teslamate_password"])
def test_answers_with_any_secret_must_be_the_owners_alone(tmp_path, secret, capsys):
    from agent.__main__ import main

    path = tmp_path / "answers.toml"
    path.write_text(f'[{"tariff" if secret == "token" else "tesla"}]\n{secret} = "x"\n', "utf-8")
    path.chmod(0o644)
    assert main(["setup", "--config", str(tmp_path / "s.toml"), "--answers", str(path)]) == 1
    assert f"chmod 600 {path}" in capsys.readouterr().err


# --- a person at a terminal --------------------------------------------------------------------------


def browser(person):
    """Open the last address that was printed, say yes, and tell where it ends."""
    address = [word for word in person.all.split() if "/authorize?" in word][-1]
    return requests.get(address, allow_redirects=False, timeout=5).headers["Location"]


def test_a_newcomer_is_led_through_the_clouds(house, street):
    gateway = street.powerwall.gateway.url
    person = Person(house)
    person.answers(
        ("The house ──", "s"),
        ("The chargers ──", "s"),
        ("The meters ──", "s"),
        ("What power costs ──", ""),
        ("Which of these is yours [flat]", "tibber"),
        ("Currency", "EUR"),
        ("The key of your account there (not shown)", "wrong"),
        ("A kWh that you sell", ""),
        ("cheapest hours", ""),
        ("try again (y/n) [y]", ""),
        ("Which of these is yours [tibber]", "hours"),
        ("Currency, like EUR or USD [EUR]", ""),
        ("A kWh costs at the usual times (EUR): ", "0.31"),
        ("How many dearer", ""),
        ("Its name [peak]", ""),
        ("In which months", "summer"),
    )
    person.sees("Write months by their numbers")
    person.answers(
        ("In which months", "6-9"),
        ("On which days", "weekdays"),
        ("From [16:00]", "2 pm"),
        ("To [21:00]", "8 pm"),
        ("A kWh costs then", "0.62"),
        ("Holidays", "-"),
        ("A kWh that you sell", "0.05"),
        ("cheapest hours", ""),
        ("What the sun will give ──", ""),
        ("latitude", "48.2"),
        ("longitude", "16.4"),
        ("How many roof planes", ""),
        ("peak power", "6"),
        ("tilt", ""),
        ("[south]", "s"),
        ("Who forecasts", ""),
        ("Temperatures", ""),
        ("the Tesla account ──", ""),
        ("Which ways are there (several with commas) [none]", "fleet"),
        ("region", ""),
        ("client id", "app"),
        ("redirect address", "https://home.example.org/callback"),
        ("client secret (not shown)", "shh-app"),
    )
    person.sees("Paste it here")
    person.types("https://home.example.org/callback?state=x")
    person.sees("holds no code")
    person.sees("Paste it here")
    person.types(browser(person))
    person.answers(
        ("Cars to know about", VIN),
        ("Name of 5YJ3E1EA7KF000042 [Comet]", ""),
        ("The Powerwall ──", ""),
        ("The energy site's id (- for none: no change of mode or reserve) [1234567]", ""),
        ("Address of its gateway", gateway),
        ("The customer's password there", "wrong"),
        ("Change it and try again (y/n) [y]", ""),
        (f"in its Wi-Fi) [{gateway}]", ""),
        ("The customer's password there", "12345"),
        ("the meter for grid, solar, battery as well (y/n) [y]", ""),
        ("(a summer and a winter peak are two; 0: never) [1]", ""),
        ("Its name [peak]", ""),
        ("In which months, by their numbers (1-12: all year) [6-9]", ""),
        ("On which days", ""),
        ("From [14:00]", ""),
        ("To [20:00]", ""),
        ("what it keeps for an outage [20]", "101"),
        ("what it keeps for an outage [20]", "10"),
        ("kept for the dear ones) [100]", ""),
        ("Holidays", ""),
        ("Thermostats ──", ""),
        ("(mail address)", "me@example.org"),
        ("Its password (not shown)", "wrong"),
        ("Type name and password once more, to be kept untried (y/n) [n]", "y"),
        ("(mail address) [me@example.org]", ""),
        ("Its password", "right"),
        ("every one of the account) [all]", ""),
        ("In which months, by their numbers (1-12: all year) [6-9]", ""),
        ("On which days", ""),
        ("From [14:00]", ""),
        ("To [20:00]", ""),
        ("As the battery falls", "20:4, 50:2"),
        ("Cool down before the peak", "n"),
        ("Never set below so many degrees [60]", ""),
        ("Never set above so many degrees [84]", ""),
        ("Holidays", ""),
    )
    person.answers(
        ("Letters ──", "s"),
        ("The page ──", "s"),
        ("Write it? The old files stay beside it as .bak (y/n) [y]", ""),
        ("Try everything", "n"),
    )
    person.sees("What now:")
    assert person.end() == 0
    for secret in ("shh-app", "12345", "right\r"):
        assert secret not in person.all.replace("1234567", "")
    assert street.portal.counts["sign-in"] == 1
    found = wrote(house)
    assert found["battery"]["periods"][0]["reserve"] == 10
    assert found["thermostats"]["steps"][0] == {"battery_percent": 50, "degrees": 2}
    assert found["cars"] == [{"vin": VIN, "name": "Comet", "reads": "fleet://", "commands": "fleet://"}]
    assert "TIBBER_TOKEN" in read_credentials(house.with_name("credentials.env"))


def test_whoever_has_nothing_to_paste_now_goes_on(house, street):
    only(house, street, "tesla")
    person = Person(house)
    person.answers(
        *((f"{step} ──", "s") for step in ("The house", "The chargers", "The meters")),
        *((f"{step} ──", "s") for step in ("What power costs", "What the sun will give")),
        ("the Tesla account ──", ""),
        ("Which ways", "owner"),
        ("region", ""),
        ("Paste it here (Enter: not now)", ""),
        ("Try the sign-in again (y/n) [n]", ""),
    )
    person.sees("Later, at any time: ./sunward login owner")
    person.answers(("Cars to know about", "<"), ("the Tesla account ──", "s"), ("The Powerwall ──", ""))
    person.answers(("The energy site's id (- for none: no change of mode or reserve) [-]", ""))
    person.answers(("Address of its gateway", ""))
    person.sees("nothing is set up for it")
    person.sees("Thermostats ──")
    person.types("\x03")
    assert person.end() == 130
