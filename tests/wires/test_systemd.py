"""The life of an installed sunward under a real systemd: the lines of docs/install.md, one after the other.

One story, in order: each test goes on where the one before it ended.
"""

import json
import subprocess
from pathlib import Path

import pytest

from tests.wires.nspawn import HOME, Computer, need_debian
from tests.wires.patience import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
UNITS = ("sunward-agent", "sunward-scheduler", "sunward-notify.timer")
SERVICES = ("sunward-agent", "sunward-scheduler", "sunward-notify")
INSTALL = f"{HOME}/sunward install"
SETTINGS = """
[site]
state_dir = "/var/lib/sunward"
[bus]
port = "/dev/pts/bus"
circuit_amps = 32
[[chargers]]
id = "3201"
max_amps = 16
[meters]
grid = "fixed://?watts=-3000"
[web]
listen = "127.0.0.1:28080"
"""
LIVING = "/opt/living.py"
CHARGER = '''
"""A virtual charger on a pseudo-terminal that the service may open; tells what it heard, each second."""
import os, shutil, sys, time
from random import Random
from zoneinfo import ZoneInfo
from scheduler.clock import SystemClock
from simulator.car import Car, CarProfile
from simulator.charger import ChargerProfile, VirtualCharger
from simulator.wires.pty import PtyBus

clock = SystemClock(ZoneInfo("UTC"))
now, rng = clock.now().mono_s, Random(3)
bus = PtyBus([VirtualCharger(ChargerProfile("3201"), Car(CarProfile(), now, rng), now, rng)], clock)
device = os.path.realpath(bus.path)
shutil.chown(device, group="dialout")
os.chmod(device, 0o660)
settings = open("/etc/sunward/sunward.toml").read().replace("/dev/pts/bus", device)
open("/etc/sunward/sunward.toml", "w").write(settings)
gap_s, last, since = 0.0, 0, clock.now().mono_s
while True:
    beats, now = bus.do(lambda chargers, now: (chargers[0].heartbeats, now))
    if beats != last:
        gap_s, last, since = max(gap_s, now - since if last else 0.0), beats, now
    with open("/run/charger.new", "w") as file:
        file.write(f"{gap_s:.1f} {beats}")
    os.replace("/run/charger.new", "/run/charger")
    time.sleep(0.2)
'''


@pytest.fixture(scope="module")
def computer(tmp_path_factory):
    found = Computer(need_debian(), tmp_path_factory.mktemp("computer"))
    try:
        for line in (
            ["git", "clone", "-q", "--bare", ROOT, found.root / "srv/sunward.git"],
            ["git", "-C", found.root / "srv/sunward.git", "tag", "-f", "before"],
        ):
            subprocess.run(line, check=True)
        found.start()
        found.does("chown -R root:root /srv")
        yield found
    finally:
        found.close()


def healthy(computer):
    """The page's answer, once there is one."""
    status, said = computer.tries("curl -s -m 2 http://127.0.0.1:28080/healthz")
    return json.loads(said) if status == 0 and said else None


def steps(gap_and_beats):
    return float(gap_and_beats.split()[0]), int(gap_and_beats.split()[1])


def test_installing_asks_shows_and_does(computer):
    computer.does(f"git clone -q /srv/sunward.git {HOME}")
    shown = computer.does(f"{INSTALL} --dry-run", 600)
    assert "make the user sunward" in shown
    assert "Nothing was done" in shown
    status, said = computer.tries(f"echo n | {INSTALL}")
    assert (status, "Do them? [y/N] Nothing was done." in said) == (1, True)
    assert not (computer.root / "etc/sunward").exists()
    said = computer.does(f"echo y | {INSTALL}")
    assert "sudo systemctl start sunward-agent sunward-scheduler sunward-notify.timer" in said
    assert "20(dialout)" in computer.does("id sunward")
    assert computer.does("stat -c '%a %U' /etc/sunward/credentials.env") == "600 sunward"
    assert computer.does(f"systemctl is-enabled {' '.join(UNITS)}").split() == ["enabled"] * 3


def test_systemd_finds_nothing_wrong_with_the_units(computer):
    assert computer.does("systemd-analyze verify /etc/systemd/system/sunward-*") == ""
    for name in SERVICES:
        printed = computer.does(f"systemd-analyze security --no-pager {name}").splitlines()[-1]
        exposure = float(printed.split(": ")[1].split()[0])
        assert exposure <= 1.7, printed


def test_it_starts_by_the_words_that_install_prints(computer):
    computer.write("/etc/sunward/sunward.toml", SETTINGS)
    computer.write(LIVING, CHARGER)
    python = f"{HOME}/.venv/bin/python"
    computer.does(
        f"systemd-run -q --unit charger --working-directory {HOME} -E PYTHONPATH={HOME} {python} {LIVING}"
    )
    assert until(lambda: computer.tries("cat /run/charger")[0] == 0, 20), computer.does(
        "journalctl -u charger"
    )
    check = f"{python} -m agent check --config /etc/sunward/sunward.toml"
    assert "is fine" in computer.does(f"cd {HOME} && runuser -u sunward -- {check}")
    computer.does(f"systemctl start {' '.join(UNITS)}")
    assert until(lambda: healthy(computer), 20)
    assert until(lambda: steps(computer.does("cat /run/charger"))[1] > 5, 20)
    assert computer.unit("sunward-agent", "SubState") == "running"
    assert "3201" in computer.unit("sunward-agent", "StatusText") or computer.unit(
        "sunward-agent", "StatusText"
    )
    assert computer.does("stat -c '%a %U' /var/lib/sunward") == "700 sunward"
    computer.does("systemctl start sunward-notify")
    assert computer.does("systemctl --failed --no-legend") == ""
    assert "sunward is running" in computer.does("journalctl -u sunward-agent --no-pager")


def test_an_agent_that_hangs_is_started_anew_before_a_charger_gives_up(computer):
    before = computer.unit("sunward-agent", "MainPID")
    computer.does(f"kill -STOP {before}")
    assert until(lambda: computer.unit("sunward-agent", "NRestarts") == "1", 30)
    assert until(lambda: healthy(computer), 20)
    assert "Watchdog timeout" in computer.does("journalctl -u sunward-agent --no-pager")
    beats = steps(computer.does("cat /run/charger"))[1]
    assert until(lambda: steps(computer.does("cat /run/charger"))[1] > beats + 2, 20)
    gap_s, _ = steps(computer.does("cat /run/charger"))
    print(f"the charger heard nothing for {gap_s} s")
    assert gap_s < 20, "it would wait for 30"


def test_it_stops_in_time_and_in_order(computer):
    computer.does("systemctl stop sunward-agent sunward-scheduler", 15)
    for name in SERVICES[:2]:
        assert (computer.unit(name, "Result"), computer.unit(name, "ExecMainStatus")) == ("success", "0")
    assert "Traceback" not in computer.does("journalctl --no-pager -u sunward-agent -u sunward-scheduler")
    computer.does("systemctl start sunward-agent sunward-scheduler")


def test_an_update_and_the_way_back_are_two_commands_each(computer):
    computer.does(
        "git config --global user.name x; git config --global user.email x@y;"
        "git clone -q /srv/sunward.git /srv/next && cd /srv/next && echo after > after.txt &&"
        "sed -i s/WatchdogSec=10/WatchdogSec=9/ deploy/systemd/sunward-agent.service &&"
        "git add . && git commit -qm after && git push -q origin HEAD"
    )
    first = computer.unit("sunward-agent", "MainPID")
    computer.does(f"git -C {HOME} pull -q --ff-only && {INSTALL} --yes")
    assert computer.unit("sunward-agent", "WatchdogUSec") == "9s"
    second = computer.unit("sunward-agent", "MainPID")
    assert first != second
    computer.does(f"git -C {HOME} reset -q --keep before && {INSTALL} --yes")
    assert computer.unit("sunward-agent", "WatchdogUSec") == "10s"
    assert computer.unit("sunward-agent", "MainPID") != second
    assert until(lambda: healthy(computer), 20)


def test_settings_that_are_wrong_restart_nothing(computer):
    running = computer.unit("sunward-agent", "MainPID")
    settings = computer.does("cat /etc/sunward/sunward.toml")
    computer.write("/etc/sunward/sunward.toml", settings + "\n[nonsense]\n")
    status, said = computer.tries(f"{INSTALL} --yes")
    assert status == 1
    assert "nonsense" in said, said
    assert computer.unit("sunward-agent", "MainPID") == running
    assert healthy(computer)
    computer.write("/etc/sunward/sunward.toml", settings)


def test_after_a_reboot_all_is_there_again(computer):
    computer.stop()
    computer.start()
    assert until(lambda: healthy(computer), 30)
    assert [computer.unit(name, "ActiveState") for name in UNITS] == ["active"] * 3
    assert "/dev/pts/" in computer.unit("sunward-agent", "StatusText"), (
        "the charger's line is gone, and it says so"
    )
    assert computer.does("systemctl --failed --no-legend") == ""
    grave = computer.does("journalctl -b -p err -o cat --no-pager -u sunward-agent")
    assert grave.startswith("There is no /dev/pts/"), grave


def test_uninstalling_leaves_the_settings_and_purging_nothing(computer):
    computer.does(f"{HOME}/sunward uninstall --yes")
    assert computer.tries("systemctl cat sunward-agent")[0] != 0
    assert computer.does("ls /etc/sunward /var/lib/sunward/history.db")
    computer.does(f"{HOME}/sunward uninstall --purge --yes")
    assert computer.tries("id sunward")[0] != 0
    assert computer.does("find /etc /usr /var /run -xdev -name '*sunward*' -not -path '/run/systemd/*'") == ""
    assert computer.does("systemctl list-units --all --no-legend 'sunward*'") == ""
