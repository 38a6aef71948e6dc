"""Installing: what is shown is what is done, nothing of the owner's is overwritten, and systemd agrees."""

import re
import shutil
import stat
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from agent.__main__ import main, parser
from agent.commands import install
from agent.commands.install import CantInstall, Place, plan_install, plan_uninstall, unit
from agent.config import load
from tests.conftest import need

ROOT = Path(__file__).parents[1]
SERVICES = [name for name in install.UNITS if name.endswith(".service")]


@pytest.fixture
def place(tmp_path):
    """An empty disk."""
    return Place(ROOT, Path("/opt/sunward/.venv/bin/python"), tmp_path)


def run(*words, root, answer=None):
    asked = parser().parse_args([*words, "--root", str(root)])
    return install.main(asked, lambda question: answer)


def test_a_dry_run_shows_every_step_and_does_none(tmp_path, capsys):
    assert main(["install", "--dry-run", "--root", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    for words in ("useradd --system", "sunward-agent.service", "daemon-reload", "systemctl enable"):
        assert words in shown
    assert list(tmp_path.iterdir()) == []


def test_no_is_an_answer(tmp_path, capsys):
    assert run("install", root=tmp_path, answer="n") == 1
    assert "Nothing was done." in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_yes_writes_units_settings_and_secrets_that_only_the_service_can_read(tmp_path, capsys):
    assert run("install", root=tmp_path, answer="y") == 0
    assert "left out, for this is not the running system: useradd" in capsys.readouterr().out
    secrets = tmp_path / "etc/sunward/credentials.env"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    house = load(tmp_path / "etc/sunward/sunward.toml")
    assert house.state_dir == Path("/var/lib/sunward")
    names = sorted(path.name for path in (tmp_path / "etc/systemd/system").iterdir())
    assert names == sorted(install.UNITS)


def test_doing_it_twice_keeps_what_the_owner_changed(tmp_path, capsys):
    run("install", root=tmp_path, answer="y")
    settings = tmp_path / "etc/sunward/sunward.toml"
    settings.write_text(settings.read_text("utf-8").replace('name = "Home"', 'name = "Sonnenhof"'), "utf-8")
    (tmp_path / "etc/systemd/system/sunward-agent.service").write_text("old", "utf-8")
    capsys.readouterr()
    assert run("install", "--yes", root=tmp_path) == 0
    shown = capsys.readouterr().out
    assert "Sonnenhof" in settings.read_text("utf-8")
    assert "done: write" in shown
    assert "sunward-scheduler.service\n" not in shown
    assert "WatchdogSec" in (tmp_path / "etc/systemd/system/sunward-agent.service").read_text("utf-8")
    assert "agent check --config /etc/sunward/sunward.toml" in shown
    assert "systemctl restart" in shown


@pytest.fixture
def told(tmp_path):
    """A checkout in which `setup` has been answered, and an empty disk."""
    home, disk = tmp_path / "home", tmp_path / "disk"
    (home / "state").mkdir(parents=True)
    (home / "state" / "access.json").write_text("{}", "utf-8")
    (home / "deploy").symlink_to(ROOT / "deploy")
    example = (ROOT / "sunward.example.toml").read_text("utf-8")
    (home / "sunward.toml").write_text(example.replace('name = "Home"', 'name = "Sonnenhof"'), "utf-8")
    (home / "credentials.env").write_text("WEB_TOKEN=four words or more\n", "utf-8")
    return Place(home, Path("/opt/sunward/.venv/bin/python"), disk)


def test_what_setup_was_told_is_carried_and_begins_at_once(told, capsys):
    install.do(plan_install(told), told)
    house = load(told.at(install.SETTINGS))
    assert (house.settings.site.name, house.state_dir) == ("Sonnenhof", Path("/var/lib/sunward"))
    secrets = told.at(install.CREDENTIALS)
    assert secrets.read_text("utf-8") == "WEB_TOKEN=four words or more\n"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    shown = capsys.readouterr().out
    assert f"cp -r {told.home}/state/. /var/lib/sunward" in shown
    assert shown.index("chown -R sunward:sunward /var/lib/sunward") < shown.index("systemctl restart")


@pytest.mark.parametrize(
    "head", ["", "[site]\n", '[site]\nstate_dir = "kept"\n', "[site] # ours\nstate_dir='kept'\n"]
)
def test_the_state_is_where_systemd_lets_it_be(told, head):
    text = f'{head}[[chargers]]\nid = "3201"\n'
    (told.home / "sunward.toml").write_text(text, "utf-8")
    (told.home / "kept").mkdir()
    steps = plan_install(told)
    settings = next(step.content for step in steps if step.path == told.at(install.SETTINGS))
    assert tomllib.loads(settings)["site"] == {"state_dir": "/var/lib/sunward"}
    kept = "kept" if "kept" in head else "state"
    assert any(step.command[:3] == ("cp", "-r", f"{told.home}/{kept}/.") for step in steps)


def test_the_way_back_keeps_settings_unless_told_otherwise(tmp_path, capsys):
    run("install", "--yes", root=tmp_path)
    assert run("uninstall", "--yes", root=tmp_path) == 0
    assert list((tmp_path / "etc/systemd/system").iterdir()) == []
    assert (tmp_path / "etc/sunward/sunward.toml").exists()
    assert run("uninstall", "--yes", "--purge", root=tmp_path) == 0
    assert not (tmp_path / "etc/sunward").exists()
    capsys.readouterr()
    assert run("uninstall", "--yes", root=tmp_path) == 0
    assert "nothing to do" in capsys.readouterr().out


def test_a_state_folder_that_the_service_could_not_write_is_refused(place):
    path = place.at(install.SETTINGS)
    path.parent.mkdir(parents=True)
    path.write_text('[site]\nstate_dir = "state"\n', "utf-8")
    with pytest.raises(CantInstall, match='must be "/var/lib/sunward"'):
        plan_install(place)


def test_a_program_that_the_service_could_not_see_is_refused(tmp_path):
    with pytest.raises(CantInstall, match="in /tmp"):
        plan_install(Place(Path("/tmp/sunward"), Path("/usr/bin/python3")))
    closed = tmp_path / "closed"
    (closed / "sunward").mkdir(parents=True)
    closed.chmod(0o700)
    assert install.closed_folder(closed / "sunward") == closed
    assert install.closed_folder(Path("/usr/bin/env")) is None


def test_a_failed_command_stops_there_and_says_so(tmp_path):
    live = Place(tmp_path, Path("/usr/bin/python3"))
    steps = [install.Step("try", command=("false",)), install.Step("write", tmp_path / "x", "x")]
    with pytest.raises(CantInstall, match="Cure the cause"):
        install.do(steps, live)
    assert not (tmp_path / "x").exists()


NOBODY = """
import os, sys
from agent.__main__ import main
import agent.commands.install
if os.geteuid() == 0:
    os.setuid(65534)
sys.exit(main(["install", "--yes"]))
"""


def test_without_root_one_sentence_says_what_to_type():
    done = subprocess.run(
        [sys.executable, "-c", NOBODY], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert done.stderr == "Installing needs root. Type: sudo ./sunward install\n"


def test_units_know_where_this_program_is(place):
    text = unit("sunward-agent.service", replace(place, home=ROOT, python=Path("/usr/bin/python3")))
    assert "/opt/sunward" not in text.replace(str(ROOT), "")
    assert "ExecStart=/usr/bin/python3 -m agent run --config /etc/sunward/sunward.toml" in text


def test_everything_uninstalled_is_what_was_installed(place):
    written = {step.path for step in plan_install(place) if step.path}
    install.do([step for step in plan_install(place) if step.path], place)
    removed = {step.path for step in plan_uninstall(place, purge=True) if step.path}
    assert all(any(path == one or path.is_relative_to(one) for one in removed) for path in written)


# --- systemd's own opinion --------------------------------------------------------------------------


@pytest.fixture
def units(tmp_path):
    """The units as this machine's systemd can check them: with programs that exist here."""
    shutil.copytree(ROOT / "deploy" / "systemd", tmp_path, dirs_exist_ok=True)
    for path in tmp_path.glob("sunward-*"):
        text = path.read_text("utf-8").replace(install.UNITS_PYTHON, "/bin/true")
        path.write_text(text.replace(install.UNITS_HOME, "/"), "utf-8")
    return tmp_path


@pytest.mark.parametrize("name", install.UNITS)
def test_systemd_understands_every_line_of_our_units(units, name):
    line = [need("systemd-analyze"), "verify", "--man=no", units / name]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("name", SERVICES)
def test_systemd_finds_our_services_well_locked(units, name, capsys):
    line = [need("systemd-analyze"), "security", "--offline=true", "--no-pager", units / name]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60)
    found = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    with capsys.disabled():
        print(f"\n{name}: exposure {found[1]} of 10", end=" ")
    assert float(found[1]) <= 2.0


def test_the_letters_come_every_ten_minutes(units):
    line = [need("systemd-analyze"), "calendar", "*:0/10"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0
    assert "OnCalendar=*:0/10" in (units / "sunward-notify.timer").read_text("utf-8")


def test_the_container_copies_only_what_exists_and_runs_a_program_that_answers():
    text = (ROOT / "deploy/container/Containerfile").read_text("utf-8")
    copied = [word for line in re.findall(r"^COPY (.+)$", text, re.M) for word in line.split()[:-1]]
    assert all((ROOT / name).exists() for name in copied)
    assert {"agent", "scheduler", "notify", "simulator"} <= set(copied)
    assert 'ENTRYPOINT ["python", "-m", "agent.front"]' in text
    for words, answer in ((["agent"], "usage: sunward agent"), (["setup"], "--answers FILE")):
        line = [sys.executable, "-m", "agent.front", *words, "--help"]
        done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert answer in done.stdout


def test_the_written_way_back_is_no_dead_end(tmp_path):
    page = (ROOT / "docs/install.md").read_text("utf-8")
    pull, back = re.findall(r"^    sudo (git -C /opt/sunward .*)$", page, re.MULTILINE)
    origin, opt = tmp_path / "origin", tmp_path / "opt"

    def git(words):
        names = ["-c", "user.name=x", "-c", "user.email=x@y"]
        words = words.replace("/opt/sunward", str(opt)).split()[1:]
        return subprocess.run(["git", *names, *words], check=True, capture_output=True, text=True).stdout

    git(f"git init -q {origin}")
    git(f"git -C {origin} commit -q --allow-empty -m first")
    git(f"git -C {origin} tag v0.1.0")
    git(f"git clone -q {origin} {opt}")
    for version in ("second", "third"):
        git(f"git -C {origin} commit -q --allow-empty -m {version}")
        git(pull)
        assert git(f"git -C {opt} log -1 --format=%s").strip() == version
        git(back)
        assert git(f"git -C {opt} log -1 --format=%s").strip() == "first"
