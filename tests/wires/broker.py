"""A real mosquitto on a private port, started, stopped and spoken to as a house does it."""

import getpass
import re
import socket
import subprocess

from tests.conftest import free_port, need
from tests.wires.patience import until


class Broker:
    """Mosquitto with its files in `folder`. `secured`: user sun, password shine."""

    def __init__(self, folder, secured=False, certificate=None):
        self.folder = folder
        self.port = free_port()
        self._program = need("mosquitto")
        lines = [f"listener {self.port} 127.0.0.1", f"user {getpass.getuser()}", "persistence false"]
        lines += ["log_dest stderr", "log_type all"]
        lines.append(f"allow_anonymous {'false' if secured else 'true'}")
        if secured:
            passwords = folder / "passwords"
            subprocess.run([need("mosquitto_passwd"), "-b", "-c", passwords, "sun", "shine"], check=True)
            lines.append(f"password_file {passwords}")
        if certificate:
            lines += [f"certfile {certificate}.crt", f"keyfile {certificate}.key"]
        self.config = folder / "mosquitto.conf"
        self.config.write_text("\n".join(lines) + "\n")
        self._process = None
        self.start()

    def start(self):
        """Start it, and wait until it listens."""
        with (self.folder / "log").open("ab") as log:
            line = [self._program, "-c", self.config]
            self._process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=log)
        assert until(self._listens), "mosquitto does not start"

    def _listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def stop(self):
        """Stop it, with all that it had kept."""
        self._process.terminate()
        self._process.wait(5)

    def say(self, topic, text, *more):
        """Publish by an independent client; `-r` among `more` keeps the message."""
        payload = text if isinstance(text, bytes) else text.encode()
        line = [need("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(self.port), "-t", topic, *more]
        line.append("-s" if payload else "-n")
        subprocess.run(line, input=payload, check=True, timeout=10)

    def hears_us(self, topics):
        """Whether one of us has subscribed to all of these."""
        return all(
            re.search(rf"sunward-\w+ 0 {re.escape(topic)}$", self.log(), re.MULTILINE) for topic in topics
        )

    def log(self):
        """What mosquitto wrote down so far."""
        return (self.folder / "log").read_text()
