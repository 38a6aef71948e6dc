"""`./sunward agent ...`: one sentence for every error; a traceback only with --debug."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from agent.journal import log_to
from notify.said import to_the_end


def parser() -> argparse.ArgumentParser:
    """The command line, described."""
    top = argparse.ArgumentParser(prog="sunward agent", description="Charges cars from the home's own sun.")
    top.add_argument("--debug", action="store_true", help="log everything, and show tracebacks")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    with_settings = argparse.ArgumentParser(add_help=False)
    with_settings.add_argument("--config", type=Path, default=Path("sunward.toml"), help="the settings file")
    with_settings.add_argument("--credentials", type=Path, help="the secrets (default: beside the settings)")
    for name, says in (
        ("run", "run the house"),
        ("check", "read the settings and tell every problem"),
        ("doctor", "try everything that is set up, and say what to do"),
    ):
        commands.add_parser(name, parents=[with_settings], help=says)
    wizard = commands.add_parser(
        "setup", parents=[with_settings], help="ask for everything, and write the settings"
    )
    wizard.add_argument("--answers", type=Path, metavar="FILE", help="answers in TOML instead of a person")
    wizard.add_argument(
        "--listen", type=float, default=12.0, metavar="SECONDS", help="to the bus, for chargers"
    )
    status = commands.add_parser("status", parents=[with_settings], help="what a running agent does now")
    how = status.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true")
    how.add_argument("--health", action="store_true", help="only whether it is well; needs no key")
    why = commands.add_parser("explain", parents=[with_settings], help="why it charges, or does not")
    why.add_argument("--at", metavar="TIME", help='some time before: "14:05" or "2026-05-03T14:05"')
    why.add_argument("--charger", metavar="ID", help="one charger's id or name")
    commands.add_parser("password", parents=[with_settings], help="set the page's password")
    token = commands.add_parser("token", help="keys for programs that use the API")
    deeds = token.add_subparsers(dest="deed", required=True, metavar="new|list|revoke")
    new = deeds.add_parser("new", parents=[with_settings], help="make a token and print it once")
    new.add_argument("name", help="what it is for, like home-assistant")
    new.add_argument("--scope", choices=("read", "control", "admin"), default="read")
    deeds.add_parser("list", parents=[with_settings], help="names and scopes")
    revoke = deeds.add_parser("revoke", parents=[with_settings], help="take a token back, at once")
    revoke.add_argument("name")
    sniff = commands.add_parser("sniff", help="decode a bus live, without sending a byte")
    sniff.add_argument("port", help="/dev/..., socket://HOST:PORT or rfc2217://HOST:PORT")
    sniff.add_argument("--seconds", type=float, help="stop after so many seconds")
    _migrate_parser(commands)
    commands.add_parser("decode", help="decode hex lines from standard input")
    _meter_parsers(commands)
    _install_parsers(commands)
    return top


def _migrate_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    one = commands.add_parser("migrate", help="make our settings from TWCManager's or powermgr's")
    one.add_argument(
        "--from",
        dest="source",
        type=Path,
        required=True,
        help="its config.json, or powermgr's config.py or config.yaml",
    )
    one.add_argument("--settings", type=Path, help="its settings.json, or an older TWCManagerSettings.txt")
    one.add_argument("--to", dest="target", type=Path, default=Path("sunward.toml"), help="what to write")
    one.add_argument("--charger", action="append", default=[], metavar="ID", help="a unit's id, like 3201")
    one.add_argument("--show", action="store_true", help="write nothing, show the settings")


def _meter_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    meter = commands.add_parser("meter", help="read one source of watts")
    meter.add_argument("url", help="a settings line, like solaredge://192.168.0.27:1502")
    meter.add_argument("--role", choices=("grid", "solar", "battery", "house"))
    meter.add_argument("--json", action="store_true", help="everything it says, as JSON")
    meter.add_argument("--watch", action="store_true", help="go on until interrupted")
    meter.add_argument("--credentials", type=Path, help="a file with the secrets that the line names")
    probe = commands.add_parser("probe", help="find what speaks Modbus at an address")
    probe.add_argument("address", metavar="HOST[:PORT]")
    meters = commands.add_parser("meters", help="list every kind of source")
    meters.add_argument("--json", action="store_true")


def _install_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--dry-run", action="store_true", help="show every step, and do none")
    common.add_argument("--yes", action="store_true", help="don't ask")
    common.add_argument("--root", type=Path, default=Path("/"), help="into the image of a disk; runs nothing")
    commands.add_parser("install", parents=[common], help="let systemd run sunward, always (as root)")
    removing = commands.add_parser("uninstall", parents=[common], help="the way back")
    removing.add_argument("--purge", action="store_true", help="settings, secrets and history go as well")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    asked = parser().parse_args(arguments)
    log_to(sys.stderr, logging.DEBUG if asked.debug else logging.INFO)
    try:
        return DEEDS[asked.command](asked)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        raise
    except Exception as error:
        from notify.settings import SettingsError  # not before `run` has opened its port

        if isinstance(error, SettingsError):
            print(*error.problems, sep="\n", file=sys.stderr)
            return 1
        if asked.debug:
            raise
        print(f"Something unforeseen went wrong: {error!r}. Try again with --debug.", file=sys.stderr)
        return 70


def _do(module: str, function: str, *arguments: object) -> int:
    """Import only what this command needs: `run` must reach the bus within a blink."""
    status: int = getattr(import_module(module), function)(*arguments)
    return status


DEEDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": lambda asked: _run(asked),
    "check": lambda asked: _do("agent.commands.check", "check", asked.config, asked.credentials),
    "doctor": lambda asked: _do("agent.commands.doctor", "doctor", asked.config, asked.credentials),
    "setup": lambda asked: _do(
        "agent.commands.setup", "setup", asked.config, asked.credentials, asked.answers, asked.listen
    ),
    "status": lambda asked: _status(asked),
    "explain": lambda asked: _explain(asked),
    "password": lambda asked: _keys(asked),
    "token": lambda asked: _keys(asked),
    "sniff": lambda asked: _do("agent.commands.listen", "sniff", asked.port, asked.seconds),
    "decode": lambda asked: _do("agent.commands.listen", "decode_lines", sys.stdin, sys.stdout),
    "probe": lambda asked: _do("agent.commands.probe", "probe", asked.address),
    "meter": lambda asked: _do("agent.meters.cli", "run_meter", asked),
    "meters": lambda asked: _do("agent.meters.cli", "run_meters", asked),
    "migrate": lambda asked: _do(
        "agent.commands.migrate.command",
        "migrate",
        asked.source,
        asked.settings,
        asked.target,
        asked.charger,
        asked.show,
    ),
    "install": lambda asked: _do("agent.commands.install", "main", asked),
    "uninstall": lambda asked: _do("agent.commands.install", "main", asked),
}


def _run(asked: argparse.Namespace) -> int:
    from agent.bus.early import listen_early

    return _do("agent.app", "run", asked.config, asked.credentials, listen_early(asked.config))


def _status(asked: argparse.Namespace) -> int:
    from agent.commands.status import health, status
    from agent.config import load

    house = load(asked.config, asked.credentials)
    return health(house) if asked.health else status(house, asked.json)


def _explain(asked: argparse.Namespace) -> int:
    from agent.commands.explain import explain
    from agent.config import load
    from scheduler.clock import SystemClock

    house = load(asked.config, asked.credentials)
    wall = SystemClock(house.settings.site.zone).now().wall
    if wall is None:
        print("This computer does not know the time yet.", file=sys.stderr)
        return 1
    return explain(house, asked.at, asked.charger, wall)


def _keys(asked: argparse.Namespace) -> int:
    from agent.commands import keys
    from agent.config import load

    house = load(asked.config, asked.credentials)
    if asked.command == "password":
        return keys.set_password(house)
    if asked.deed == "new":
        return keys.new_token(house, asked.name, asked.scope)
    return keys.list_tokens(house) if asked.deed == "list" else keys.revoke_token(house, asked.name)


if __name__ == "__main__":
    sys.exit(to_the_end(main))
