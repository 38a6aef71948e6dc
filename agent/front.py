"""The front door of an installed sunward: `sunward agent|scheduler|notify|demo|simulate ...`.

The same words as the script ./sunward of a checkout. It runs the programs, it does not know them.
"""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Sequence

PROGRAMS = ("agent", "scheduler", "notify")
COMMANDS = {
    "demo": "simulator",
    "simulate": "simulator",
    "setup": "agent",
    "login": "scheduler",
    "install": "agent",
    "uninstall": "agent",
    "migrate": "agent",
}
HELP = """sunward: charges electric cars from a home's own sun

  sunward demo                       a whole simulated house, in one command
  sunward agent|scheduler|notify ... the three programs; add --help
  sunward simulate ...               the real brain over a recorded day
  sunward setup | login | migrate    first steps
  sunward install | uninstall        let systemd run it (as root)
  sunward python -m pip install ...  a package more, for a door that asks for one"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Hand over to the program that is meant; the exit status of a wrong word is 2."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help", "help"):
        print(HELP)
        return 0
    if words[0] == "python":
        os.execv(sys.executable, [sys.executable, *words[1:]])
    if words[0] in PROGRAMS:
        module, rest = words[0], words[1:]
    elif words[0] in COMMANDS:
        module, rest = COMMANDS[words[0]], words
    else:
        print(f"sunward: there is no command '{words[0]}'. Type: sunward --help", file=sys.stderr)
        return 2
    sys.argv = [f"sunward {module}", *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
