"""Real database servers on private ports in private folders, ended by their own process ids."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pg8000.dbapi
import pymysql
import pytest

from tests.conftest import SCRATCH, free_port, need

PATIENCE_S = 30


@dataclass
class Server:
    """A database server that can be ended and started again."""

    command: list[str]
    port: int
    user: str = ""  # under whose name it runs; empty: our own
    ends_on: int = signal.SIGTERM
    process: subprocess.Popen | None = None

    def start(self) -> None:
        how = {"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **how
        )

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(self.ends_on)
            self.process.wait(PATIENCE_S)
            self.process = None


def wait_until(answers) -> None:
    """Try until the server answers."""
    for _ in range(PATIENCE_S * 20):
        with contextlib.suppress(pymysql.Error, pg8000.dbapi.Error, OSError):
            return answers()
        time.sleep(0.05)
    pytest.fail("the database server did not start")
    return None


@contextmanager
def _private_folder(owner: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="sunward-db-", dir=SCRATCH))
    try:
        if owner:
            shutil.chown(folder, owner)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged(name: str) -> str:
    """PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return ""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(name).pw_name
    return "nobody"


@contextmanager
def mariadb() -> Iterator[tuple[Server, dict]]:
    """A MariaDB with the user and the database `sunward`."""
    daemon, install = need("mariadbd"), need("mariadb-install-db")
    user = pwd.getpwuid(os.geteuid()).pw_name
    with _private_folder("") as folder:
        data = folder / "data"
        subprocess.run(
            [
                install,
                "--no-defaults",
                f"--datadir={data}",
                f"--user={user}",
                "--skip-test-db",
                "--auth-root-authentication-method=normal",
            ],
            check=True,
            capture_output=True,
            timeout=60,
        )
        port, door = free_port(), folder / "sock"
        server = Server(
            [
                daemon,
                "--no-defaults",
                f"--user={user}",
                f"--datadir={data}",
                f"--socket={door}",
                f"--port={port}",
                "--bind-address=127.0.0.1",
                "--innodb-flush-log-at-trx-commit=0",
            ],
            port,
        )
        server.start()

        def prepare() -> None:
            root = pymysql.connect(unix_socket=str(door), user="root")
            with root, root.cursor() as cursor:
                cursor.execute("CREATE DATABASE sunward")
                cursor.execute("CREATE USER sunward@'127.0.0.1' IDENTIFIED BY 'secret'")
                cursor.execute("GRANT ALL ON sunward.* TO sunward@'127.0.0.1'")

        try:
            wait_until(prepare)
            login = {"host": "127.0.0.1", "port": port, "user": "sunward", "password": "secret"}
            yield server, login | {"database": "sunward"}
        finally:
            server.stop()


def _postgres_program(name: str) -> str:
    """Debian keeps PostgreSQL's programs out of the way."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else need(name)


@contextmanager
def postgres() -> Iterator[tuple[Server, dict]]:
    """A PostgreSQL with the user and the database `sunward`."""
    init, daemon = _postgres_program("initdb"), _postgres_program("postgres")
    user = _unprivileged("postgres")
    with _private_folder(user) as folder:
        secret = folder / "secret"
        secret.write_text("secret\n", "utf-8")
        if user:
            shutil.chown(secret, user)
        data = folder / "data"
        how = {"user": user, "group": user, "extra_groups": []} if user else {}
        subprocess.run(
            [init, "-D", str(data), "-U", "sunward", "-A", "scram-sha-256", f"--pwfile={secret}", "-N"],
            check=True,
            capture_output=True,
            timeout=60,
            cwd="/",
            **how,
        )
        port = free_port()
        server = Server(
            [daemon, "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", str(folder), "-F"],
            port,
            user,
            signal.SIGINT,  # without waiting for clients to leave
        )
        server.start()
        login = {"host": "127.0.0.1", "port": port, "user": "sunward", "password": "secret"}

        def prepare() -> None:
            link = pg8000.dbapi.connect(**login, database="postgres")
            link.autocommit = True
            link.cursor().execute("CREATE DATABASE sunward")
            link.close()

        try:
            wait_until(prepare)
            yield server, login | {"database": "sunward"}
        finally:
            server.stop()
