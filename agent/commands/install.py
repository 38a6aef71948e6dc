"""`./sunward install` and `uninstall`: shows what will be done, asks, does it.

What it does is a list of small steps made beforehand (`plan_install`, `plan_uninstall`), so that what is
shown is what is done. Nothing that is there already is overwritten, but for sunward's own systemd units.
With `--root DIR` files go below DIR and no command is run: for images of SD cards, and for a look.
"""

from __future__ import annotations

import argparse
import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from notify.settings import SettingsError, read_toml

USER = "sunward"
DIALOUT = "dialout"
UNITS = (
    "sunward-agent.service",
    "sunward-scheduler.service",
    "sunward-notify.service",
    "sunward-notify.timer",
)
ENABLED = ("sunward-agent.service", "sunward-scheduler.service", "sunward-notify.timer")
STAMP = Path("var/lib/systemd/timers/stamp-sunward-notify.timer")  # when systemd last ran it; Persistent=true
UNITS_HOME, UNITS_PYTHON = "/opt/sunward", "/opt/sunward/.venv/bin/python"  # as written in deploy/systemd
SETTINGS, CREDENTIALS, STATE = (
    Path("etc/sunward/sunward.toml"),
    Path("etc/sunward/credentials.env"),
    Path("var/lib/sunward"),
)
SYSTEMD = Path("etc/systemd/system")
ADD_USER = (
    *("useradd", "--system", "--user-group", "--groups", DIALOUT, "--no-create-home"),
    *("--home-dir", f"/{STATE}", "--shell", "/usr/sbin/nologin", USER),
)


class CantInstall(Exception):
    """Installing can't begin; str() is a sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: write a file, run a command, or remove something. `says` is shown beforehand."""

    says: str
    path: Path | None = None
    content: str | None = None
    mode: int = 0o644
    owner: str = ""
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything is. `home` is the folder of this program, `python` what runs it."""

    home: Path
    python: Path
    root: Path = Path("/")
    users: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_live(self) -> bool:
        """Whether this computer itself is meant, not a folder with the image of one."""
        return self.root == Path("/")

    def at(self, path: Path) -> Path:
        """A path below the root."""
        return self.root / path


def this_place(root: Path) -> Place:
    """This program, on this computer."""
    users = frozenset(entry.pw_name for entry in pwd.getpwall())
    return Place(_home(), Path(sys.executable), root.resolve(), users)


def plan_install(place: Place) -> list[Step]:
    """All steps that are still to do. Raises CantInstall."""
    if place.is_live:
        _must_be_readable(place)
    steps: list[Step] = []
    if USER not in place.users:
        steps.append(
            Step(
                f"make the user {USER}, who may use serial ports and nothing else",
                command=ADD_USER,
            )
        )
    settings = place.at(SETTINGS)
    answers = place.home / SETTINGS.name  # what `setup` wrote beside the program
    new = not settings.exists()
    if new and answers.exists():
        steps += _carry(place, answers, settings)
        new = False
    elif new:
        steps.append(Step(f"write {settings}, for you to change", settings, _example_settings(place.home)))
    else:
        _must_keep_its_state_in_place(settings)
    secrets = place.home / CREDENTIALS.name
    if not place.at(CREDENTIALS).exists() and secrets.exists() and answers.exists():
        says = f"carry {secrets} to {place.at(CREDENTIALS)}, which only {USER} can read"
        text = secrets.read_text("utf-8")
        steps.append(Step(says, place.at(CREDENTIALS), text, 0o600, USER))
    elif not place.at(CREDENTIALS).exists():
        text = (_shipped(place.home, "credentials.example.env")).read_text("utf-8")
        says = f"write {place.at(CREDENTIALS)}, which only {USER} can read"
        steps.append(Step(says, place.at(CREDENTIALS), text, 0o600, USER))
    for name in UNITS:
        path, text = place.at(SYSTEMD / name), unit(name, place)
        if not path.exists() or path.read_text("utf-8") != text:
            steps.append(Step(f"write {path}", path, text))
    return steps + list(_starting(place, new))


def _carry(place: Place, answers: Path, settings: Path) -> Iterator[Step]:
    """The house that `setup` was told of, with all that it keeps: the password, sign-ins, history."""
    text = answers.read_text("utf-8")
    try:
        site = read_toml(answers).get("site", {})
    except SettingsError as error:
        raise CantInstall(str(error)) from None
    state = str(site.get("state_dir", "state")) if isinstance(site, dict) else "state"
    line = f'state_dir = "/{STATE}"'
    text, found = re.subn(r"(?m)^state_dir\s*=\s*(\"[^\"\n]*\"|'[^'\n]*')", line, text, count=1)
    if not found:
        text = re.sub(r"(?m)^\[site\].*$", lambda head: f"{head[0]}\n{line}", text, count=1)
    if line not in text:
        text = f"[site]\n{line}\n\n{text}"
    kept = answers.parent / Path(state).expanduser()
    if kept.is_dir() and kept != Path("/", STATE):
        folder = ("install", "-d", "-m", "700", "-o", USER, "-g", USER, f"/{STATE}")
        yield Step(f"make /{STATE}, which only {USER} can read", command=folder)
        yield Step(f"carry what is kept in {kept} there", command=("cp", "-r", f"{kept}/.", f"/{STATE}"))
        yield Step(f"give it to {USER}", command=("chown", "-R", f"{USER}:{USER}", f"/{STATE}"))
    yield Step(f"carry {answers} to {settings}", settings, text)


def _starting(place: Place, new: bool) -> Iterator[Step]:
    yield Step("let systemd read its units anew", command=("systemctl", "daemon-reload"))
    yield Step("start sunward whenever this computer starts", command=("systemctl", "enable", *ENABLED))
    if not new:
        check = (str(place.python), "-m", "agent", "check", "--config", f"/{SETTINGS}")
        yield Step("check the settings", command=("runuser", "-u", USER, "--", *check))
        yield Step("start sunward, or start it anew", command=("systemctl", "restart", *ENABLED))


def plan_uninstall(place: Place, purge: bool) -> list[Step]:
    """The way back. Settings and what was remembered stay, unless `purge`."""
    found = [name for name in UNITS if place.at(SYSTEMD / name).exists()]
    steps = []
    if found:
        steps.append(Step("stop sunward for good", command=("systemctl", "disable", "--now", *ENABLED)))
        steps += [Step(f"remove {place.at(SYSTEMD / name)}", place.at(SYSTEMD / name)) for name in found]
        steps.append(Step("let systemd read its units anew", command=("systemctl", "daemon-reload")))
    if purge:
        for path in (place.at(SETTINGS.parent), place.at(STATE), place.at(STAMP)):
            if path.exists():
                with_all = " with everything in it" if path.is_dir() else ""
                steps.append(Step(f"remove {path}{with_all}", path))
        if USER in place.users:
            steps.append(Step(f"remove the user {USER}", command=("userdel", USER)))
    return steps


def unit(name: str, place: Place) -> str:
    """A unit file with this computer's folders."""
    text = _shipped(place.home, f"deploy/systemd/{name}").read_text("utf-8")
    text = text.replace(UNITS_PYTHON, str(place.python)).replace(UNITS_HOME, str(place.home))
    if place.home.is_relative_to("/home") or place.home.is_relative_to("/root"):
        text = text.replace("ProtectHome=true", "ProtectHome=read-only")
    return text


def do(steps: Iterable[Step], place: Place) -> None:
    """Do the steps. Raises CantInstall at the first that fails; run the same again after the cure."""
    for step in steps:
        if step.command:
            _run(step, place)
        elif step.path is not None and step.content is not None:
            _write(step.path, step.content, step.mode, step.owner if place.is_live else "")
            print(f"done: {step.says}")
        elif step.path is not None:
            shutil.rmtree(step.path) if step.path.is_dir() else step.path.unlink(missing_ok=True)
            print(f"done: {step.says}")


def _run(step: Step, place: Place) -> None:
    if not place.is_live:
        print(f"left out, for this is not the running system: {' '.join(step.command)}")
        return
    try:
        status = subprocess.run(step.command, cwd=place.home, check=False).returncode
    except OSError as error:
        raise CantInstall(f"{step.command[0]} can't be run: {error.strerror}.") from None
    if status:
        raise CantInstall(
            f"To {step.says} did not work (status {status}): {' '.join(step.command)}\n"
            "What was done until here stays. Cure the cause and run the same command again."
        )
    print(f"done: {step.says}")


def _write(path: Path, content: str, mode: int, owner: str) -> None:
    """Write whole or not at all, with its mode from the first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.new")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(content)
    aside.chmod(mode)
    if owner:
        shutil.chown(aside, owner, owner)
    aside.replace(path)


# --- what must be true beforehand -------------------------------------------------------------------


def _home() -> Path:
    """The folder with the four programs: a checkout, or where pip put the wheel."""
    return Path(__file__).resolve().parents[2]


def _shipped(home: Path, name: str) -> Path:
    """A file that comes with sunward, from a checkout or a wheel."""
    checkout = home / name
    return checkout if checkout.exists() else home / "agent" / "shipped" / name


def _example_settings(home: Path) -> str:
    text = _shipped(home, "sunward.example.toml").read_text("utf-8")
    line = 'state_dir = "state" '
    assert line in text
    return text.replace(line, f'state_dir = "/{STATE}"', 1)


def _must_be_readable(place: Place) -> None:
    """The service's user must get at the program; under /tmp it would not see it at all."""
    for path in (place.home, place.python):
        if path.is_relative_to("/tmp"):
            raise CantInstall(f"{path} is in /tmp, which a service does not see. Move it to {UNITS_HOME}.")
    for path in (place.home, place.python.resolve()):
        folder = closed_folder(path)
        if folder is not None:
            raise CantInstall(
                f"The user {USER} could not read {path}, because {folder} is closed to others. "
                f"Type: sudo mv {place.home} {UNITS_HOME}, and install from there."
            )


def closed_folder(path: Path) -> Path | None:
    """The first of `path` and its parents through which others may not go."""
    chain = (path, *path.parents)
    return next((one for one in chain if not stat.S_IMODE(one.stat().st_mode) & stat.S_IXOTH), None)


def _must_keep_its_state_in_place(settings: Path) -> None:
    try:
        site = read_toml(settings).get("site", {})
    except SettingsError as error:
        raise CantInstall(str(error)) from None
    state = site.get("state_dir", "state") if isinstance(site, dict) else "state"
    if Path(str(state)) != Path("/", STATE):
        raise CantInstall(
            f'{settings}: under systemd site.state_dir must be "/{STATE}", which alone it can write. '
            f"Change that line, and move what is in {state!r} there: it must belong to {USER}."
        )


# --- the commands -----------------------------------------------------------------------------------


def main(asked: argparse.Namespace, answer: Callable[[str], str] = input) -> int:
    """Run `install` or `uninstall`; the exit status."""
    place = this_place(asked.root)
    try:
        _must_be_possible(asked, place)
        installing = asked.command == "install"
        steps = plan_install(place) if installing else plan_uninstall(place, asked.purge)
        if not steps:
            print("There is nothing to do.")
            return 0
        print("These steps:", *(_shown(step) for step in steps), sep="\n")
        if asked.dry_run:
            print("Nothing was done (--dry-run).")
            return 0
        if not asked.yes and answer("Do them? [y/N] ").strip().lower() not in ("y", "yes"):
            print("Nothing was done.")
            return 1
        do(steps, place)
    except CantInstall as problem:
        print(problem, file=sys.stderr)
        return 1
    except EOFError:
        print("Nobody is there to ask. Add --yes if you have seen the steps.", file=sys.stderr)
        return 1
    if installing:
        print(_next(steps, place))
    return 0


def _must_be_possible(asked: argparse.Namespace, place: Place) -> None:
    if asked.dry_run or not place.is_live:
        return
    if os.geteuid() != 0:
        raise CantInstall(f"Installing needs root. Type: sudo ./sunward {asked.command}")
    if not Path("/run/systemd/system").is_dir():
        raise CantInstall(
            "systemd does not run this computer. docs/install.md shows the way with a container."
        )


def _shown(step: Step) -> str:
    return f"  - {step.says}" + (f"\n      {' '.join(step.command)}" if step.command else "")


def _next(steps: Iterable[Step], place: Place) -> str:
    settings = place.at(SETTINGS)
    if not any("check" in step.command for step in steps):
        return (
            f"\nNow change {settings} to fit your house, then type:\n"
            f"  sudo -u {USER} {place.python} -m agent check --config /{SETTINGS}   (in {place.home})\n"
            f"  sudo systemctl start {' '.join(name.removesuffix('.service') for name in ENABLED)}"
        )
    return "\nsunward runs. To look at it: systemctl status sunward-agent, journalctl -u sunward-agent -f"
