"""`./sunward setup`: asks for the house in plain words, shows both files, writes them, and tries them.

    ./sunward setup                      a person answers; Enter takes what is proposed, s skips a step
    ./sunward setup --answers FILE       answers from a TOML file (docs/setup.md lists the keys)

It can be run again at any time: what stands in the files is proposed, and what the wizard does not ask
for (windows, brokers, comments) stays as it is. Nothing is written before it was shown; an old file is kept
as .bak. Exit code 0: written and everything works. 1: it does not, or nothing was written; words say why.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from agent.commands.check import check
from agent.commands.doctor import LISTEN_S, doctor
from agent.commands.keys import keep_password
from agent.commands.wizard import files
from agent.commands.wizard.bus import Ears, ask_bus
from agent.commands.wizard.draft import Draft
from agent.commands.wizard.house import ask_house
from agent.commands.wizard.letters import ask_letters
from agent.commands.wizard.meters import ask_meters
from agent.commands.wizard.page import ask_page
from agent.commands.wizard.sheet import Odd
from agent.commands.wizard.talk import Ended, Talk, Terminal, read_answers
from agent.commands.wizard.tesla import ask_tesla
from agent.config import CREDENTIALS, load
from agent.doors.web.keyfile import KeyFileError
from notify.settings import read_credentials, read_toml

NOTHING = "Nothing was written."
WELCOME = """\
Welcome. In six steps this writes sunward's two files: settings, and secrets.
Enter takes what stands in [brackets], s skips a step, Ctrl-C ends.
Nothing is written before you have seen it."""
NEXT = """
What now:
  ./sunward agent run --config {path}
        runs the house; then open {url}/
  sudo ./sunward install    lets it run by itself from every start on (docs/install.md)
  ./sunward setup           again, whenever something changes"""


def setup(path: Path, credentials: Path | None, answers: Path | None, listen_s: float = LISTEN_S) -> int:
    """Ask, show, write, try. Raises SettingsError for files that can't be read."""
    talk: Talk = read_answers(answers) if answers else Terminal()
    draft = _begin(path, credentials or path.parent / CREDENTIALS)
    try:
        talk.say(WELCOME if talk.patient else "Setting up from answers.")
        if draft.text:
            talk.say(f"{path} is there already: what it says is proposed.")
        ask_house(talk, draft)
        ask_bus(talk, draft, Ears(listen_s))
        ask_meters(talk, draft)
        ask_letters(talk, draft)
        ask_tesla(talk, draft)
        ask_page(talk, draft)
        return _finish(talk, draft)
    except Ended as ended:
        return _no(f"{ended} {NOTHING}")
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return _no(NOTHING, code=130)


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


def _finish(talk: Talk, draft: Draft) -> int:
    try:
        text, secrets_text = draft.new_text(), draft.new_secrets_text()
    except Odd as odd:
        return _no(f"{draft.path} can't be changed safely here: {odd} Change it by hand. {NOTHING}")
    changes = [
        (path, before, after, mode)
        for path, before, after, mode in (
            (draft.path, draft.text, text, 0o644),
            (draft.secrets_path, draft.secrets_text, secrets_text, 0o600),
        )
        if after != before
    ]
    if changes or draft.page_password:
        for path, before, after, _ in changes:
            files.show(talk, path, before, after, secret=path == draft.secrets_path)
        talk.say()
        if not _may_write(talk, replaces=any(before for _, before, _, _ in changes)):
            return _no(NOTHING)
        try:
            for path, _, after, mode in changes:
                files.write(path, after, mode)
                talk.say(f"Written: {path}")
        except OSError as error:
            return _no(f"{error.filename} can't be written: {error.strerror}.")
    else:
        talk.say("\nNothing has changed.")
    return _try_it(talk, draft)


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
    if talk.yes("finish.doctor", "\nTry everything that is set up", True):
        talk.say("\n── Doctor ──")
        code = doctor(draft.path, secrets)
    url = load(draft.path, secrets).settings.web.url.replace("//0.0.0.0:", f"//{socket.gethostname()}:")
    talk.say(NEXT.format(path=draft.path, url=url))
    return code


def _no(sentence: str, code: int = 1) -> int:
    print(sentence, file=sys.stderr)
    return code
