"""A mini-house and a real mosquitto on a port of its own."""

import subprocess

import pytest

from tests import conftest
from tests.conftest import need
from tests.doors.witness import Broker
from tests.web.house import MiniHouse


@pytest.fixture
def house():
    """A sunny noon: a car charges in the garage, the carport is empty."""
    found = MiniHouse()
    found.park_the_car()
    found.second()
    return found


@pytest.fixture
def free_port():
    """A port that nobody listens on."""
    return conftest.free_port()


@pytest.fixture
def broker(tmp_path, free_port):
    """A mosquitto that can be ended and started again on the same port."""
    found = Broker(need("mosquitto"), tmp_path, free_port)
    found.start()
    yield found
    found.stop()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A self-signed certificate for 127.0.0.1: (certificate, key)."""
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "cert.pem", folder / "key.pem"
    command = [need("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-out", made, "-keyout", key], check=True, capture_output=True)
    return made, key
