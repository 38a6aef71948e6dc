"""`agent meter` and `agent meters`: one reading on stdout, one clear line on stderr."""

import json

import pytest

from agent.__main__ import main
from agent.meters import cli, schemes


@pytest.fixture
def run(capsys):
    def call(*words):
        status = main(words)
        out = capsys.readouterr()
        return status, out.out.strip(), out.err.strip()

    return call


def test_plain_watts(run):
    assert run("meter", "fixed://?watts=-300", "--role", "grid") == (0, "-300", "")
    assert run("meter", "fixed://?watts=-300") == (0, "-300", "grid")


def test_json_keeps_the_contract(run):
    line = "fixed://?watts=500&volts=231&phases=3&soc_percent=40"
    status, out, err = run("meter", line, "--role", "battery", "--json")
    assert (status, err) == (0, "")
    assert json.loads(out) == {
        "role": "battery",
        "watts": 500.0,
        "source": line,
        "volts_by_phase": [231.0, 231.0, 231.0],
        "soc_percent": 40.0,
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing://"], "no meter scheme 'nothing'"),
        (["fixed://?wats=1"], "Did you mean watts?"),
        (["fixed://?watts=-300", "--role", "solar"], "can't be negative"),
        (["pushed://"], "put one to /api/v1/meters/ROLE"),
        (["fixed://?watts=1 + fixed://?watts=2"], "name one source at a time"),
        (["fixed://?watts=1", "--credentials", "/nonexistent/credentials.env"], "does not exist"),
    ],
)
def test_no_reading_is_one_line_and_exit_1(run, words, said):
    status, out, err = run("meter", *words)
    assert (status, out) == (1, "")
    assert said in err
    assert "\n" not in err


def test_a_reading_says_how_old_it_is_where_its_source_knows(run, tmp_path):
    file = tmp_path / "meter.csv"
    file.write_text("stamp,watts\n2020-01-01T00:00:00Z,-77\n")
    status, out, err = run("meter", f"csv-tail://{file}?watts=watts&time=stamp", "--role", "grid", "--json")
    assert (status, err, json.loads(out)["watts"]) == (0, "", -77)
    assert json.loads(out)["age_s"] > 1e8
    status, out, err = run("meter", f"csv-tail://{file}?watts=watts&time=stamp", "--role", "grid")
    assert (status, out) == (0, "-77")
    assert err.startswith("by the device's own time this reading is ")


def test_a_secret_without_a_file_is_told_where_the_file_is_named(run, tmp_path):
    line = "emoncms://192.168.0.40/emoncms?feed=12&key=EMONCMS_KEY"
    assert run("meter", line)[2].endswith(
        "add the line EMONCMS_KEY=... there. Name that file: --credentials FILE"
    )
    file = tmp_path / "credentials.env"
    file.write_bytes(b"\xff\xfe\x00")
    file.chmod(0o600)
    assert run("meter", line, "--credentials", str(file))[2] == f"{file} is not UTF-8 text. Save it as UTF-8."
    assert "is a folder. Name the file in it" in run("meter", line, "--credentials", str(tmp_path))[2]
    file.write_text("OTHER=1\n")
    assert run("meter", line, "--credentials", str(file))[2].endswith("add the line EMONCMS_KEY=... there.")


def test_a_device_that_is_not_there(run):
    status, out, err = run("meter", "solaredge://127.0.0.1:9?timeout_s=0.5", "--role", "grid")
    assert (status, out) == (1, "")
    assert "can't be reached" in err
    assert "\n" not in err


def test_the_list_of_meters(run):
    status, out, _ = run("meters")
    assert status == 0
    assert all(f"docs/meters.md#{scheme}" in out for scheme in schemes())
    assert [row["scheme"] for row in json.loads(run("meters", "--json")[1])] == schemes()


def test_a_house_that_nobody_measures_is_computed():
    from agent.meters import source
    from agent.meters.values import Poor, Values

    found = source("solaredge://10.0.0.5")
    meaning = {"grid": Values(-2000.0), "solar": Values(5000.0), "battery": Poor("no")}
    assert cli.pick(found, meaning, "house")[1].watts == 3000
    assert cli.pick(found, meaning, None)[0] == "grid"
    with pytest.raises(Poor, match="gives no house"):
        cli.pick(found, {"solar": Values(1.0)}, "house")


def test_listing_needs_no_heavy_library():
    import subprocess
    import sys

    code = (
        "import sys, agent.meters as m; [m.driver(s) for s in m.schemes()];"
        "bad = {'requests', 'pymodbus', 'paho', 'serial', 'pydantic'} & set(sys.modules);"
        "sys.exit(str(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
