"""`./sunward setup`: asks for the house in plain words, shows both files, writes them, and tries them.

    ./sunward setup                      a person answers; Enter takes what is proposed, s skips a step
    ./sunward setup --answers FILE       answers from a TOML file (docs/setup.md lists the keys)

It can be run again at any time: what stands in the files is proposed, and what the wizard does not ask
for (windows, brokers, comments) stays as it is. Nothing is written before it was shown; an old file is kept
as .bak. Whoever breaks off, or loses the connection, finds the answers again next time. Exit code 0: written
and everything works. 1: it does not, or nothing was written; words say why.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from agent.commands.check import check
from agent.commands.doctor import LISTEN_S, doctor
from agent.commands.keys import keep_password
from agent.commands.wizard import files
from agent.commands.wizard.answers import read_answers
from agent.commands.wizard.bus import Ears, ask_bus
from agent.commands.wizard.draft import Draft
from agent.commands.wizard.forecast import ask_forecast
from agent.commands.wizard.given import Given
from agent.commands.wizard.house import ask_house
from agent.commands.wizard.letters import ask_letters
from agent.commands.wizard.meters import ask_meters
from agent.commands.wizard.page import ask_page
from agent.commands.wizard.powerwall import ask_battery
from agent.commands.wizard.sheet import Odd
from agent.commands.wizard.talk import Back, Ended, Skipped, Talk
from agent.commands.wizard.tariff import ask_tariff
from agent.commands.wizard.terminal import Terminal
from agent.commands.wizard.tesla import ask_tesla
from agent.commands.wizard.thermostats import ask_thermostats
from agent.config import CREDENTIALS, load
from agent.doors.web.keyfile import KeyFileError
from notify.settings import read_credentials, read_toml

NOTHING = "Nothing was written."
WELCOME = """\
Welcome. In ten steps this writes sunward's two files: settings, and secrets. Only the first three are
needed to charge from the sun; skip what you don't have or know, and run it again at any time.
Enter takes what stands in [brackets], s skips a step, < goes back, Ctrl-C ends.
Nothing is written before you have seen it."""
NEXT = """
What now:
  ./sunward agent run --config {path}
        runs the house; then open {url}/
  ./sunward scheduler run --config {path}
        beside it: cars, prices, Powerwall, thermostats, letters about the day
  sudo ./sunward install    lets both run by themselves from every start on (docs/install.md)
  ./sunward setup           again, whenever something changes"""


def setup(path: Path, credentials: Path | None, answers: Path | None, listen_s: float = LISTEN_S) -> int:
    """Ask, show, write, try. Raises SettingsError for files that can't be read."""
    given = Given(path, of_a_person=answers is None)
    talk: Talk = read_answers(answers) if answers else Terminal(given)
    draft = _begin(path, credentials or path.parent / CREDENTIALS)
    try:
        talk.say(WELCOME if talk.patient else "Setting up from answers.")
        if draft.text:
            talk.say(f"{path} is there already: what it says is proposed.")
        if given:
            talk.say("The last set-up was not finished: what you answered then is proposed.")
        if not _talk_through(talk, draft, Ears(listen_s)):
            return _no(_unwritten(given))
    except Ended as ended:
        return _no(f"{ended} {_unwritten(given)}")
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return _no(_unwritten(given), code=130)
    given.forget()
    if not path.exists():
        return _no("Every step was skipped, so there are no settings yet. Run ./sunward setup again.")
    return _try_it(talk, draft)


def _unwritten(given: Given) -> str:
    kept = f" What you answered, secrets aside, is proposed next time ({given.path})." if given else ""
    return NOTHING + kept


def _talk_through(talk: Talk, draft: Draft, ears: Ears) -> bool:
    """Every step in its order, back and forth, and at the end the files. Whether they are written."""
    steps: list[Callable[[Talk, Draft], object]] = [
        ask_house, partial(ask_bus, ears=ears), ask_meters, ask_tariff, ask_forecast, ask_tesla,
        ask_battery, ask_thermostats, ask_letters, ask_page,
    ]  # fmt: skip
    number = 0
    while True:
        try:
            if number == len(steps):
                return _written(talk, draft)
            before = draft.copy()
            steps[number](talk, draft)
            number += 1
        except Skipped:
            draft.become(before)
            number += 1
        except Back as back:
            number = max(0, number - (back.far or number == len(steps)))


def _begin(path: Path, secrets_path: Path) -> Draft:
    """Both files as they are; none is fine. Raises SettingsError."""
    draft = Draft(path, secrets_path)
    if path.exists():
        draft.tables = read_toml(path)
        draft.text = path.read_text("utf-8")
    draft.secrets = read_credentials(secrets_path)
    if secrets_path.exists():
        draft.secrets_text = secrets_path.read_text("utf-8")
    return draft


def _written(talk: Talk, draft: Draft) -> bool:
    """Show both files and write them after a yes. Raises Ended where they can't be."""
    try:
        text, secrets_text = draft.new_text(), draft.new_secrets_text()
    except Odd as odd:
        raise Ended(f"{draft.path} can't be changed safely here: {odd} Change it by hand.") from None
    changes = [
        (path, before, after, mode)
        for path, before, after, mode in (
            (draft.path, draft.text, text, 0o644),
            (draft.secrets_path, draft.secrets_text, secrets_text, 0o600),
        )
        if after != before
    ]
    if not changes and not draft.page_password:
        talk.say("\nNothing has changed.")
        return True
    for path, before, after, _ in changes:
        files.show(talk, path, before, after, secret=path == draft.secrets_path)
    talk.say()
    if not _may_write(talk, replaces=any(before for _, before, _, _ in changes)):
        return False
    try:
        for path, _, after, mode in changes:
            files.write(path, after, mode)
            talk.say(f"Written: {path}")
    except OSError as error:
        raise Ended(f"{error.filename} can't be written: {error.strerror}.") from None
    return True


def _may_write(talk: Talk, *, replaces: bool) -> bool:
    if replaces:
        return talk.yes("finish.overwrite", "Write it? The old files stay beside it as .bak", talk.patient)
    return talk.yes("finish.write", "Write it", True)


def _try_it(talk: Talk, draft: Draft) -> int:
    """The page's password, `check`, `doctor`."""
    if draft.page_password:
        try:
            keep_password(draft.state_dir, draft.page_password)
        except KeyFileError as error:
            return _no(str(error))
        talk.say("The page's password holds.")
    secrets = draft.secrets_path if draft.secrets_path.exists() else None
    talk.say("\n── Check ──")
    if check(draft.path, secrets):
        return _no("Run ./sunward setup again, or change the file by hand.")
    code = 0
    if _wants_doctor(talk):
        talk.say("\n── Doctor ──")
        code = doctor(draft.path, secrets)
    url = load(draft.path, secrets).settings.web.url.replace("//0.0.0.0:", f"//{socket.gethostname()}:")
    talk.say(NEXT.format(path=draft.path, url=url))
    return code


def _wants_doctor(talk: Talk) -> bool:
    """Everything is written: whoever leaves here loses nothing."""
    try:
        return talk.yes("finish.doctor", "\nTry everything that is set up", True)
    except (Back, Ended):
        if not talk.patient:
            raise
        return False


def _no(sentence: str, code: int = 1) -> int:
    print(sentence, file=sys.stderr)
    return code
